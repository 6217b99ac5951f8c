//! A panic in the worker: what visitors get, and that the next ones get what they came for.
//!
//! Rust is built to abort on one. The module under test is the one that is deployed; at the word of a request an abort
//! is called into it, in the middle of its work.

use std::time::{Duration, Instant};

use faulty_origin::scripts;
use serde_json::Value;

use crate::client::{Answer, Call, End};
use crate::harness::{Edge, KEEPING, Page, Settings, eventually, overlay, settle, site};

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
    mortal_with(&[("timeouts.first_byte", "5s")], false)
}

fn mortal_with(settings: Settings<'_>, is_bound: bool) -> Edge {
    let edge = Edge::counting(&[site().url()], &overlay(settings), is_bound);
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

#[test]
fn an_error_that_is_no_death_replaces_nobody_and_fails_no_request() {
    let edge = mortal();
    for (thrown, place) in ["microtask", "promise"].into_iter().enumerate() {
        let slow = Page::new([scripts::late(Duration::from_secs(1), scripts::ok("late"))]);
        let waiting = get(&edge, &slow).open();
        eventually("the request at the origin", || slow.attempts() == 1);
        get(&edge, &Page::new([scripts::ok("well")])).with("Throws", place).send().is(200, "well");
        waiting.answer().is(200, "late");
        let uncaught = || edge.raw_log().matches("uncaught: no instance died of this").count();
        eventually("the error", || uncaught() == thrown + 1);
    }
    assert_eq!(deaths(&edge), 0, "{}", edge.raw_log());
}

#[test]
fn an_instance_that_dies_on_what_a_promise_gives_it_is_replaced() {
    let edge = mortal_with(KEEPING, true);
    let kept = Page::under("/kept/", [scripts::reset()]);
    // KV's answer comes by a closure of Rust's, which no function of ours calls.
    let closure = "wasm_bindgen__convert__closures_____invoke";
    is_internal_error(&get(&edge, &kept).with("Dies", closure).send(), "text/plain");
    assert_eq!((kept.attempts(), deaths(&edge)), (3, 1), "{}", edge.raw_log());
    get(&edge, &Page::new([scripts::ok("well")])).send().is(200, "well");
}

#[test]
fn what_kv_gives_to_an_instance_that_has_died_meanwhile_does_no_harm() {
    let edge = mortal_with(KEEPING, true);
    let kept = Page::under("/kept/", [scripts::answer("503 Busy", &[], "busy")]);
    let waiting = get(&edge, &kept).with("Accept", "text/html").with("KV-Delay", "1000").open();
    eventually("all attempts at the origin", || kept.attempts() == 3);
    // Then it asks KV, which is slow.
    settle();
    is_internal_error(&get(&edge, &Page::new([scripts::ok("x")])).with("Dies", "fetch").send(), "text/plain");
    is_internal_error(&waiting.answer(), "text/html");
    let page = Page::new([scripts::ok("well")]);
    get(&edge, &page).with("KV-Delay", "0").send().is(200, "well");
    let comes_late = "uncaught: Cannot invoke closure from previous WASM instance";
    eventually("an answer for the dead instance", || edge.raw_log().contains(comes_late));
    get(&edge, &page).send().is(200, "well");
    assert_eq!(deaths(&edge), 1, "{}", edge.raw_log());
}
