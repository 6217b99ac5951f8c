//! A hostile request breaks out of no form.

use super::*;
use crate::response::sanitise::shown;
use proptest::prelude::*;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{7*7}}\r\nSet-Cookie: a=b\u{1b}[31m\u{202e}\0";

/// A request that is hostile wherever it can be.
fn hostile() -> Request {
    let url = format!("https://{HOSTILE}/{HOSTILE}?{HOSTILE}");
    let mut hostile = request(Method::GET, &url, HOSTILE);
    let value = HeaderValue::from_bytes(b"\"><script>alert(1)</script>, de\xff\t;q=1, */*").unwrap();
    for name in
        ["accept-language", "accept", "user-agent", "referer", "x-forwarded-host", "content-type", "cookie"]
    {
        hostile.headers.insert(HeaderName::from_static(name), value.clone());
    }
    hostile
}

fn calm() -> Request {
    request(Method::GET, "https://example.com/", "1")
}

fn hostile_page() -> config::Page {
    config::Page { brand: Some(HOSTILE.to_owned()), ..config::Page::default() }
}

#[test]
fn nothing_that_came_breaks_out_of_html_or_an_attribute() {
    let html = body(page(LATE, &hostile(), &hostile_page()), Form::Html);
    let calm = body(page(LATE, &calm(), &config::Page::default()), Form::Html);
    for mark in ['<', '>', '"'] {
        assert_eq!(html.matches(mark).count(), calm.matches(mark).count(), "{mark}");
    }
    assert!(!html.contains("alert(1)</script>") && !html.contains("onerror=alert(1)>"));
    assert!(html.chars().all(|c| !c.is_control() || c == '\n') && !html.contains('\u{202e}'));
}

#[test]
fn nothing_that_came_gets_into_the_script_or_the_style() {
    let inside = |html: &str, kind: &str| {
        let (_, rest) = html.split_once(&format!("<{kind}>")).unwrap();
        rest.split_once(&format!("</{kind}>")).unwrap().0.to_owned()
    };
    let html = body(page(LATE, &hostile(), &hostile_page()), Form::Html);
    let calm = body(page(LATE, &calm(), &config::Page::default()), Form::Html);
    for kind in ["script", "style"] {
        assert_eq!(inside(&html, kind), inside(&calm, kind));
    }
}

#[test]
fn nothing_that_came_breaks_json() {
    for form in [Form::Problem, Form::GraphQl] {
        let json = body(page(LATE, &hostile(), &hostile_page()), form);
        assert!(json.chars().all(|c| !c.is_control()) && !json.contains('\u{202e}'), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        let problem = if form == Form::Problem { &read } else { &read["errors"][0]["extensions"] };
        assert_eq!((problem.get("instance"), &problem["status"]), (None, &504.into()));
    }
}

#[test]
fn nothing_that_came_breaks_a_terminal() {
    let text = body(page(LATE, &hostile(), &hostile_page()), Form::Text);
    assert!(text.chars().all(|c| !c.is_control() || c == '\n') && !text.contains('\u{202e}'));
    assert!(!text.contains("\nSet-Cookie") && text.lines().count() <= 8, "{text}");
}

#[test]
fn nothing_that_came_gets_into_a_header_field() {
    for form in FORMS {
        let (headers, _) = page(LATE, &hostile(), &config::Page::default()).render(form);
        let (calm, _) = page(LATE, &calm(), &config::Page::default()).render(form);
        let names = |headers: &HeaderMap| headers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&headers), names(&calm), "{form:?}");
        for (name, value) in &headers {
            let value = value.to_str().unwrap();
            // The message of gRPC names the host that was asked for, in printable ASCII.
            let is_message = name == "grpc-message";
            assert!(is_message || !value.contains("alert"), "{name}: {value}");
            assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {value}");
        }
    }
}

proptest! {
    #[test]
    fn no_request_breaks_a_form(host in "[^/?#]{1,20}", path in ".{0,40}", id in ".{0,20}", brand in ".{0,20}") {
        let get = request(Method::GET, &format!("https://{host}/{path}"), &id);
        let page_with = config::Page { brand: Some(brand), ..config::Page::default() };
        let error = page(BAD, &get, &page_with);
        let html = body(error, Form::Html);
        let calm = request(Method::GET, "https://a/", "1");
        let calm = body(page(BAD, &calm, &config::Page::default()), Form::Html);
        // Without an id its line is left out: two tags each for the line, its name and the id.
        let left_out = if shown(&id, 1).is_empty() { 6 } else { 0 };
        prop_assert_eq!(html.matches('<').count() + left_out, calm.matches('<').count());
        prop_assert!(serde_json::from_str::<serde_json::Value>(&body(error, Form::Problem)).is_ok());
        let text = body(error, Form::Text);
        prop_assert!(text.chars().all(|c| !c.is_control() || c == '\n'));
        prop_assert!(text.lines().count() <= 8);
    }
}
