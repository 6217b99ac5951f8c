//! The origin of the scenes, and the requests for it.

use std::cell::Cell;
use std::fmt::Write as _;
use std::hint::black_box;
use std::rc::Rc;

use holdfast::head;
use holdfast::health::Bindings;
use holdfast::origin::forward::Forward;
use holdfast::report::Report;
use testkit::body::Ending;
use testkit::front::{Head, Reply};
use testkit::upload::Upload;
use testkit::{FrontEnd, Platform};

/// What a browser sends with each request for a page, and the platform adds.
const BROWSER: &str = "host:www.example.test
user-agent:Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
accept:text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
accept-language:en-GB,en;q=0.5
accept-encoding:gzip, deflate, br
sec-fetch-dest:document
sec-fetch-mode:navigate
sec-fetch-site:none
";

const PAGE: &str = "date:Fri, 02 Jan 2026 03:04:00 GMT
server:bench
content-type:text/html; charset=utf-8
content-length:1000
";

/// The head of request number `number` of the scene `scene`.
pub fn request(scene: &str, number: u64) -> String {
    let mut text = String::with_capacity(600);
    let method = if scene.starts_with("upload") { "POST" } else { "GET" };
    let path = match scene {
        "pass-through, 40 header fields" => "/fields",
        "fresh hit" | "fresh hit, `cache.memory_ttl` off" | "304 to the visitor" => "/fresh",
        "miss and store" => "/store",
        "stale, breaker open" => "/stale",
        "error page, breaker open" => "/nothing",
        "failed once, then well" => "/second",
        _ => "/1k",
    };
    let _ = write!(text, "{method} https://www.example.test{path}");
    if matches!(scene, "pass-through, a new URL each" | "miss and store" | "failed once, then well") {
        let _ = write!(text, "?n={number}");
    }
    text.push('\n');
    text.push_str(BROWSER);
    let _ =
        writeln!(text, "cf-connecting-ip:10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
    let _ = writeln!(text, "cf-ray:8f2a1b3c4d5e{number:04x}-VIE");
    if scene == "304 to the visitor" {
        text.push_str("if-none-match:\"one\"\n");
    }
    if method == "POST" {
        text.push_str("content-type:application/x-www-form-urlencoded\ncontent-length:1000\n");
    }
    text
}

/// The origin as one request meets it.
#[derive(Clone)]
pub struct Front {
    platform: Rc<Platform>,
    /// Whether it refuses connections, as the platform says.
    pub is_down: Rc<Cell<bool>>,
    /// How often this request has come.
    comes: Rc<Cell<u32>>,
    text: Rc<str>,
}

impl Front {
    pub fn new(platform: Rc<Platform>) -> Self {
        let text = "<p>of a page.</p>\n".repeat(60).get(..1000).unwrap_or_default().into();
        Self { platform, is_down: Rc::default(), comes: Rc::default(), text }
    }

    /// The same for another request.
    pub fn again(&self) -> Self {
        Self { comes: Rc::default(), ..self.clone() }
    }

    fn answer(&self, path: &str) -> (u16, String) {
        if self.is_down.get() {
            return (521, PAGE.to_owned());
        }
        let mut text = String::with_capacity(400);
        text.push_str(PAGE);
        let mut status = 200;
        text.push_str(match path {
            "/fresh" | "/store" => "etag:\"one\"\ncache-control:max-age=86400, stale-if-error=86400\n",
            "/stale" => "age:60\ncache-control:max-age=10, stale-if-error=86400\n",
            "/second" if self.comes.get() == 1 => {
                status = 503;
                ""
            }
            _ => "cache-control:no-store\n",
        });
        if path == "/fields" {
            for number in 1..=35 {
                let _ = writeln!(text, "x-field-{number}:value number {number} of some length");
            }
        }
        (status, text)
    }
}

impl FrontEnd for Front {
    type Fetch = ();

    fn sends(&self, forward: &Forward, _: Option<&Upload>) {
        self.comes.set(self.comes.get() + 1);
        let mut order = [forward.method.as_str(), " ", &forward.url, "\n"].concat();
        head::write_edits(&mut order, &forward.edits);
        black_box(order);
    }

    fn arrives(&self, (): &mut (), _: &Forward) -> u64 {
        2
    }

    fn replies(&self, (): &mut (), forward: &Forward) -> Reply {
        let path = forward.url.get("http://127.0.0.1:8080".len()..).unwrap_or_default();
        let (status, text) = self.answer(path.split('?').next().unwrap_or_default());
        Reply::Answers(Head {
            status,
            headers: head::fields_from(text, 0),
            text: Rc::clone(&self.text),
            ending: Ending::Whole,
            body_takes: 0,
            serial: None,
            attempt: None,
        })
    }

    fn roll(&self) -> f64 {
        let now = self.platform.clock.now();
        (now.wrapping_mul(2_654_435_761) >> 7 & 1023) as f64 / 1024.0
    }

    fn bindings(&self) -> Bindings {
        Bindings { keep: false, health: true, ..Bindings::default() }
    }

    fn counts(&self, _: &str, _: &str) -> Option<String> {
        Some(String::new())
    }

    fn reports(&self, report: &Report) {
        black_box(report.to_line());
    }
}
