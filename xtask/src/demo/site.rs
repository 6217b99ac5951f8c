//! The shop that visitors see: pages, a stylesheet, an image, an API and a form.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use faulty_origin::Seen;
use serde_json::json;

const LAYOUT: &str = include_str!("site/layout.html");
const HOME: &str = include_str!("site/home.html");
const BREADS: &str = include_str!("site/breads.html");
const ORDER: &str = include_str!("site/order.html");
const STYLE: &str = include_str!("site/style.css");
const LOAF: &str = include_str!("site/loaf.svg");

/// A whole answer.
pub struct Answer {
    /// Status code and reason.
    pub status: &'static str,
    /// Header fields, without the length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The shop, with the number of orders received.
pub struct Shop {
    orders: Mutex<u32>,
}

impl Shop {
    /// A shop without orders.
    pub fn new() -> Self {
        Self { orders: Mutex::new(0) }
    }

    /// The answer of a healthy origin.
    pub fn answer(&self, seen: &Seen) -> Answer {
        match (seen.method.as_str(), seen.path()) {
            ("GET" | "HEAD", "/") => page("200 OK", "Bread, daily", HOME, "max-age=5"),
            ("GET" | "HEAD", "/breads") => page("200 OK", "Our breads", BREADS, ""),
            ("GET" | "HEAD", "/order") => page("200 OK", "Order", ORDER, "no-store"),
            ("POST", "/order") => self.receive(seen),
            ("GET" | "HEAD", "/style.css") => file("text/css; charset=utf-8", STYLE),
            ("GET" | "HEAD", "/loaf.svg") => file("image/svg+xml", LOAF),
            ("GET" | "HEAD", "/api/oven") => oven(),
            _ => page("404 Not Found", "Not here", "<h1>We do not bake that.</h1>", ""),
        }
    }

    /// The answer of an overloaded origin.
    pub fn busy(seen: &Seen) -> Answer {
        let mut answer = if seen.path().starts_with("/api/") {
            json_answer("503 Service Unavailable", &json!({ "error": "the oven is being cleaned" }))
        } else {
            page("503 Service Unavailable", "Busy", "<h1>Too many customers</h1>", "")
        };
        answer.headers.push(("Retry-After", "1".to_owned()));
        answer
    }

    fn receive(&self, seen: &Seen) -> Answer {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        *orders += 1;
        let loaves = field(&seen.body, "loaves").and_then(|text| text.parse().ok()).unwrap_or(1_u32);
        let words = format!(
            "<h1>Thank you.</h1><p class=lead>Order number {orders}, {loaves} to collect from seven o'clock.</p>\
             <p>The number counts every order that reached us: an order that is sent once counts once, whatever \
             happens on the way.</p>"
        );
        page("200 OK", "Thank you", &words, "no-store")
    }
}

/// A field of an `application/x-www-form-urlencoded` body, as sent.
fn field(body: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let mut fields = text.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

fn page(status: &'static str, title: &str, content: &str, cache_control: &str) -> Answer {
    let body =
        LAYOUT.replace("{{title}}", title).replace("{{content}}", content).replace("{{time}}", &time());
    let mut headers = vec![("Content-Type", "text/html; charset=utf-8".to_owned())];
    if !cache_control.is_empty() {
        headers.push(("Cache-Control", cache_control.to_owned()));
    }
    Answer { status, headers, body: body.into_bytes() }
}

fn file(media_type: &str, text: &str) -> Answer {
    let headers = vec![("Content-Type", media_type.to_owned()), ("Cache-Control", "max-age=60".to_owned())];
    Answer { status: "200 OK", headers, body: text.as_bytes().to_vec() }
}

fn oven() -> Answer {
    json_answer("200 OK", &json!({ "celsius": 180 + now() % 60, "baking": "rye", "at": time() }))
}

fn json_answer(status: &'static str, value: &serde_json::Value) -> Answer {
    let headers = vec![("Content-Type", "application/json".to_owned())];
    Answer { status, headers, body: value.to_string().into_bytes() }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time of day in UTC, so that an old copy is seen to be old.
fn time() -> String {
    let now = now();
    format!("{:02}:{:02}:{:02} UTC", now / 3600 % 24, now / 60 % 60, now % 60)
}
