//! A panic in the worker: what visitors get, and that the next ones get what they came for.
//!
//! Rust is built to abort on one. The module under test is the one that is deployed; at the word of a request an abort
//! is called into it, in the middle of its work.

use std::time::{Duration, Instant};

use faulty_origin::scripts;
use serde_json::Value;

use crate::client::{Answer, Call, End};
use crate::harness::{Edge, Page, eventually, overlay, site};

/// The calls from JavaScript in which the instance dies, each with the method of the request and how often the origin has
/// been asked by then: the one that brings the request, and those that hand in what it waits for: that the store has
/// nothing, the origin's answer, and how long its body is, which comes with the answer to a GET.
const MOMENTS: [(&str, &str, usize); 4] = [
    ("fetch", "GET", 0),
    ("resolve", "GET", 0),
    ("resolve_response", "GET", 1),
    ("resolve_number", "POST", 1),
];

fn mortal() -> Edge {
    let edge = Edge::counting(&[site().url()], &overlay(&[("timeouts.first_byte", "5s")]), false);
    edge.call("GET", "/warm-up").send();
    edge
}

/// Not [`Edge::get`], by which no instance may have died.
fn get(edge: &Edge, page: &Page) -> Call {
    call(edge, "GET", page)
}

fn call(edge: &Edge, method: &str, page: &Page) -> Call {
    Call::new(edge.addr, method, &page.path)
}

fn deaths(edge: &Edge) -> usize {
    edge.raw_log().matches("replaces one that died").count()
}

#[track_caller]
fn is_internal_error(answer: &Answer, form: &str) {
    assert_eq!((answer.status(), &answer.end), (500, &End::Whole), "{answer:?}");
    assert_eq!(answer.error(), "proxy_internal_error", "{answer:?}");
    assert!(answer.header("content-type").is_some_and(|value| value.starts_with(form)), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = answer.text();
    match form {
        "text/html" => assert!(text.starts_with("<!doctype html>"), "{text}"),
        "application/problem+json" => {
            let problem: Value = serde_json::from_str(&text).expect("a problem document is JSON");
            assert_eq!(problem["status"], 500);
        }
        _ => assert!(!text.is_empty() && !text.contains('<'), "{text}"),
    }
    for secret in ["unreachable", "RuntimeError", "wasm"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn a_request_that_panics_gets_a_500_of_its_form_and_the_next_one_is_served() {
    let edge = mortal();
    let mut died = 0;
    for (moment, method, attempts) in MOMENTS {
        for (accept, form) in [
            ("text/html,*/*;q=0.8", "text/html"),
            ("application/json", "application/problem+json"),
            ("*/*", "text/plain"),
        ] {
            // A new one each time: the store is not asked for what is known not to be in it.
            let page = Page::new([scripts::with_headers(&[("Cache-Control", "private")], "well")]);
            let answer = call(&edge, method, &page).with("Accept", accept).with("Dies", moment).send();
            is_internal_error(&answer, form);
            assert_eq!(page.attempts(), attempts, "{moment}");
            get(&edge, &page).send().is(200, "well");
            died += 1;
            eventually("a line about it", || deaths(&edge) >= died);
            assert_eq!(deaths(&edge), died, "{moment}: {}", edge.raw_log());
        }
    }
}

#[test]
fn who_waits_while_another_request_panics_gets_an_answer() {
    let edge = mortal();
    for (moment, method, _) in MOMENTS {
        let slow = Page::new([scripts::hang()]);
        let page = Page::new([scripts::with_headers(&[("Cache-Control", "private")], "well")]);
        let waiting: Vec<_> = [("text/html", "text/html"), ("application/json", "application/problem+json")]
            .map(|(accept, form)| {
                (get(&edge, &slow).with("Authorization", "x").with("Accept", accept).open(), form)
            })
            .into();
        eventually("both at the origin", || slow.attempts() == 2);
        let began = Instant::now();
        is_internal_error(&call(&edge, method, &page).with("Dies", moment).send(), "text/plain");
        for (open, form) in waiting {
            is_internal_error(&open.answer(), form);
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{moment}: {:?}", began.elapsed());
        get(&edge, &page).send().is(200, "well");
    }
}
