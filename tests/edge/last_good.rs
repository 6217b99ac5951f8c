//! Kept copies, in a real namespace: what answers when the edge cache has nothing.

use faulty_origin::{Script, scripts};
use serde_json::json;

use crate::harness::{LARGE, Page, eventually, keeping, quick, settle};

/// A page below `/kept/` that was asked for once.
fn visited(first: Script) -> Page {
    let page = Page::under("/kept/", [first]);
    keeping().get(&page).send();
    settle();
    page
}

fn text(fields: &[(&str, &str)], body: &str) -> Script {
    scripts::with_headers(&[&[("Content-Type", "text/plain")], fields].concat(), body)
}

#[test]
fn a_last_good_copy_answers_when_the_edge_cache_has_nothing() {
    let page = visited(text(&[("ETag", "\"v1\""), ("X-Own", "ü")], "User-agent: *\nAllow: /\n"));
    for failure in [scripts::reset(), scripts::hang(), scripts::answer("503 Busy", &[], "busy")] {
        page.now([failure]);
        let answer = keeping().get(&page).send();
        answer.is(200, "User-agent: *\nAllow: /\n");
        assert_eq!((answer.header("etag"), answer.header("content-length")), (Some("\"v1\""), Some("23")));
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        assert!(answer.header("age").is_some_and(|age| age.parse::<u64>().is_ok()));
        let cache_status = answer.structured("cache-status");
        assert!(cache_status.starts_with("Holdfast;fwd="), "{cache_status}");
        assert!(cache_status.ends_with("detail=last_good"), "{cache_status}");
    }
    keeping().call("HEAD", &page.path).send().is(200, "");
    keeping().get(&page).with("If-None-Match", "\"v1\"").send().is(304, "");
    let part = keeping().get(&page).with("Range", "bytes=0-3").send();
    part.is(206, "User");
    let line = keeping().log_of(&page.path);
    assert_eq!(
        (&line["outcome"], &line["failure"]),
        (&json!("last_good"), &json!("connection_lost")),
        "{line}"
    );
}

#[test]
fn paths_that_are_not_named_and_queries_have_no_last_good_copy() {
    let page = Page::new([text(&[], "v1")]);
    keeping().get(&page).send().is(200, "v1");
    let asked = Page { path: format!("{}?x", Page::under("/kept/", [text(&[], "v1")]).path) };
    keeping().get(&asked).send();
    settle();
    page.now([scripts::reset()]);
    assert_eq!(keeping().get(&page).send().status(), 502);
    assert_ne!(keeping().get(&asked).send().header("cache-status"), Some("kept"));
}

#[test]
fn an_answer_that_is_no_proof_does_not_replace_the_last_good_copy() {
    let good = "User-agent: *\nDisallow: /private/\nDisallow: /search\n";
    let page_like = [("Content-Type", "text/html")];
    for bad in [
        text(&[], "ok"),
        text(&[], ""),
        scripts::with_headers(&page_like, "<!doctype html><title>We are working on it</title> and more"),
        scripts::redirect("302 Found", "/maintenance"),
        scripts::answer("500 Internal Server Error", &[], "oops"),
        scripts::cut_short(good, 10),
    ] {
        let page = visited(text(&[], good));
        page.now([bad]);
        keeping().get(&page).send();
        settle();
        page.now([scripts::reset()]);
        keeping().get(&page).send().is(200, good);
    }
}

#[test]
fn a_prohibition_removes_the_last_good_copy_when_a_second_client_gets_it() {
    for directives in ["no-store", "private", "no-cache", "max-age=60, must-revalidate"] {
        let page = visited(text(&[], "v1"));
        page.now([text(&[("Cache-Control", directives)], "v1")]);
        for address in ["192.0.2.1", "192.0.2.2"] {
            let call = keeping().get(&page).with("Cache-Control", "no-cache");
            call.with("CF-Connecting-IP", address).send().is(200, "v1");
        }
        settle();
        page.now([scripts::reset()]);
        let answer = keeping().get(&page).with("Cache-Control", "max-age=0").send();
        assert!(answer.header("cache-status").is_none_or(|status| !status.contains("kept")), "{directives}");
    }
}

#[test]
fn what_belongs_to_one_visitor_is_no_last_good_copy() {
    for fields in [&[("Set-Cookie", "sid=1")][..], &[("Cache-Control", "private")], &[("Vary", "*")]] {
        let page = visited(text(fields, "mine"));
        page.now([scripts::reset()]);
        assert_eq!(keeping().get(&page).send().status(), 502, "{fields:?}");
    }
    let page = Page::under("/kept/", [text(&[], "mine")]);
    keeping().get(&page).with("Cookie", "sid=1").send().is(200, "mine");
    settle();
    page.now([scripts::reset()]);
    assert_eq!(keeping().get(&page).send().status(), 502);
}

#[test]
fn a_body_larger_than_the_buffer_is_no_last_good_copy() {
    let large = "x".repeat(LARGE);
    let page = visited(text(&[], &large));
    page.now([scripts::reset()]);
    assert_eq!(keeping().get(&page).send().status(), 502);
}

#[test]
fn robots_txt_has_a_last_good_copy_by_default() {
    let robots = Page { path: "/robots.txt".to_owned() };
    robots.now([text(&[], "User-agent: *\n")]);
    quick().get(&robots).send().is(200, "User-agent: *\n");
    settle();
    // What invalidates the stored copy, and would remove the kept one if it succeeded.
    robots.now([scripts::reset()]);
    eventually("a copy of /robots.txt", || quick().get(&robots).send().status() == 200);
}
