//! What operators see: one line where something went wrong, none where nothing did.

use std::collections::BTreeSet;

use faulty_origin::scripts;

use crate::client::HOST;
use crate::harness::{Edge, Page, QUICK, overlay, quick, routed, settle, site};

#[test]
fn a_failure_is_one_line_of_json() {
    let page = Page::new([scripts::hang_in_body("x", 1), scripts::cloudflare(521), scripts::reset()]);
    let answer = quick().get(&page).send();
    assert_eq!(answer.status(), 502);
    let line = quick().log_of(&page.path);
    settle();
    assert_eq!(quick().logged(&page.path).len(), 1);
    for (field, value) in
        [("method", "GET"), ("host", HOST), ("error", "connection_terminated"), ("path", page.path.as_str())]
    {
        assert_eq!(line[field], value, "{line}");
    }
    assert_eq!(line["status"], 502, "{line}");
    let attempts = line["attempts"].as_array().unwrap();
    let errors: Vec<_> =
        attempts.iter().map(|attempt| attempt["error"].as_str().unwrap_or_default()).collect();
    assert_eq!(errors, ["connection_read_timeout", "connection_refused", "connection_terminated"], "{line}");
    assert!(attempts[0]["ms"].as_u64().is_some_and(|ms| ms >= 490), "{line}");
    assert_eq!(attempts[1]["status"], 521, "{line}");
}

#[test]
fn a_request_that_needed_a_second_attempt_is_a_line_too() {
    let page = Page::new([scripts::reset(), scripts::ok("hello")]);
    quick().get(&page).send().is(200, "hello");
    let line = quick().log_of(&page.path);
    assert_eq!((&line["outcome"], &line["status"]), (&"retried".into(), &200.into()), "{line}");
    assert_eq!(line["attempts"].as_array().unwrap().len(), 2, "{line}");
}

#[test]
fn plain_sailing_is_not_logged() {
    let calm = [
        Page::new([scripts::ok("hello")]),
        Page::new([scripts::answer("404 Not Found", &[], "no")]),
        Page::new([scripts::redirect("302 Found", "/x")]),
        Page::new([scripts::with_headers(&[("Cache-Control", "max-age=60")], "hello")]),
    ];
    for page in &calm {
        quick().get(page).send();
        quick().get(page).send();
    }
    let rough = Page::new([scripts::reset()]);
    quick().get(&rough).send();
    quick().log_of(&rough.path);
    for page in &calm {
        assert!(quick().logged(&page.path).is_empty(), "{:?}", quick().logged(&page.path));
    }
}

#[test]
fn nothing_that_belongs_to_a_visitor_is_logged() {
    let page = Page::new([scripts::reset()]);
    let target = format!("{}?token=in-the-query", page.path);
    quick()
        .call("GET", &target)
        .with("Cookie", "sid=in-the-cookie")
        .with("Authorization", "Bearer in-the-authorization")
        .with("Referer", "https://www.example.test/?token=in-the-referer")
        .send();
    assert_eq!(quick().log_of(&page.path)["path"], page.path);
    let log = quick().raw_log();
    for secret in ["in-the-query", "in-the-cookie", "in-the-authorization", "in-the-referer"] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}

#[test]
fn a_hostile_request_cannot_forge_a_log_line() {
    let path = format!("/forged%0A{}", "%7B%22path%22:%22/forged%22%7D");
    let answer = quick().call("GET", &path).with("Holdfast-Hop", HOST).send();
    assert_eq!(answer.error(), "proxy_loop_detected");
    quick().log_of(&path);
    assert!(quick().logged("/forged").is_empty());
}

#[test]
fn what_a_failure_touched_carries_proxy_status() {
    let retried = Page::new([scripts::hang(), scripts::ok("hello")]);
    let answer = quick().get(&retried).send();
    answer.is(200, "hello");
    assert_eq!(answer.error(), "http_response_timeout", "{:?}", answer.head);
    let page = Page::new([scripts::cloudflare(520)]);
    let answer = quick().get(&page).send();
    let status = answer.structured("proxy-status");
    assert!(status.starts_with(&format!("{HOST};error=")), "{status}");
    assert_eq!(answer.proxy_status("details"), None, "details are for holders of the token");
    let answer = routed().get(&page).send();
    let status = answer.structured("proxy-status");
    assert!(status.starts_with("edge.example;error="), "{status}");
}

#[test]
fn members_of_other_proxies_are_kept_and_ours_comes_last() {
    let fields = [("Proxy-Status", "inner; error=connection_refused"), ("Content-Type", "application/json")];
    let page = Page::new([scripts::answer("503 Service Unavailable", &fields, "{}")]);
    let answer = quick().get(&page).send();
    answer.is(503, "{}");
    let all = answer.structured("proxy-status");
    assert!(all.starts_with("inner;error=connection_refused"), "{all}");
    let calm = Page::new([scripts::with_headers(&[("Proxy-Status", "inner")], "hello")]);
    assert_eq!(quick().get(&calm).send().head.lines("proxy-status"), ["inner"]);
}

#[test]
fn a_hostile_host_cannot_write_into_proxy_status() {
    for (host, name_of_it) in [
        ("a.example:8443", "a.example"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:1", "::1"),
        ("x--y.test", "x--y.test"),
    ] {
        let page = Page::new([scripts::reset()]);
        let answer = quick().get(&page).host(host).send();
        let status = answer.structured("proxy-status");
        let (name, rest) = status.rsplit_once(';').unwrap_or_default();
        assert_eq!(rest, "error=connection_terminated", "{host}: {status}");
        let is_token = name.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_string = name.starts_with('"') && name.ends_with('"');
        assert!((is_token || is_string) && name.contains(name_of_it), "{host}: {status}");
    }
}

#[test]
fn the_attempts_are_in_server_timing() {
    let page = Page::new([scripts::reset(), scripts::ok("hello")]);
    let answer = quick().get(&page).send();
    let timing = answer.head.lines("server-timing").join(", ");
    assert_eq!(timing.matches("dur=").count(), 2, "{timing}");
    assert!(timing.contains("connection_terminated"), "{timing}");
}

#[test]
fn a_bad_configuration_is_a_500_and_the_log_names_the_key() {
    let settings = overlay(&[("timeouts.first_byte", "10"), ("retry.attemps", "2")]);
    let edge = Edge::start(&[site().url()], &settings);
    for (accept, form) in [("text/html", "text/html"), ("application/json", "application/problem+json")] {
        let page = Page::new([scripts::ok("hello")]);
        let answer = edge.get(&page).with("Accept", accept).send();
        assert_eq!((answer.status(), answer.error().as_str()), (500, "proxy_configuration_error"));
        assert!(answer.header("content-type").is_some_and(|value| value.starts_with(form)));
        assert_eq!(page.attempts(), 0);
        assert!(!answer.text().contains("first_byte"), "the visitor is not shown the configuration");
        edge.log_of(&page.path);
    }
    let log = edge.raw_log();
    assert!(log.contains("timeouts.first_byte") && log.contains("retry.attemps"), "{log}");
}

#[test]
fn a_worker_that_ends_leaves_no_files() {
    let folders = || -> BTreeSet<_> {
        let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().filter_map(Result::ok);
        let ours = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("holdfast-");
        entries.filter(ours).map(|entry| entry.path()).collect()
    };
    let edge = Edge::start(&[site().url()], QUICK);
    let during = folders();
    drop(edge);
    // Other tests start workers meanwhile; none of them ends before all tests are over.
    assert_eq!(during.difference(&folders()).count(), 1);
}

#[test]
fn a_part_of_the_site_is_closed_in_every_spelling_of_its_path() {
    for path in ["/closed/a", "//closed/a", "/closed%2fa", "/%63losed/a", "/x/..%2fclosed/a", "/closed;x/a"] {
        let answer = routed().call("GET", path).browsing().send();
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.text().contains("Down for maintenance"), "{path}");
    }
    let page = Page::under("/closed-not/", [scripts::ok("open")]);
    routed().get(&page).send().is(200, "open");
}
