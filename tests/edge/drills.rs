//! Fire drills, the mask check behind various proxies, and a site that is closed.

use std::time::Duration;

use faulty_origin::{Origin, Script, scripts};
use http::StatusCode;
use serde_json::json;
use xtask::drill;
use xtask::mask_check::{Asker, Finding, Findings, Masker, NotFollowed, mask_check};

use crate::client::{Answer, HOST};
use crate::harness::{Edge, LARGE, Page, TOKEN, any_port, eventually, overlay, quick, settle, site};

/// An order to force the failure `word` at the tests' host.
fn order(word: &str) -> String {
    drill::order(TOKEN, word, HOST, Duration::from_secs(60)).unwrap()
}

#[test]
fn a_502_and_a_504_can_be_forced_and_the_origin_is_not_asked() {
    for (word, status, error, attempts, millis) in [
        ("connection_lost", 502, "connection_terminated", 3, 0),
        ("body_cut_short", 502, "http_response_incomplete", 3, 0),
        ("edge_name_not_found", 502, "dns_error", 2, 0),
        ("edge_tunnel_down", 503, "destination_unavailable", 2, 0),
        ("no_header_in_time", 504, "http_response_timeout", 3, 6000),
        ("loop", 502, "proxy_loop_detected", 0, 0),
    ] {
        let page = Page::new([scripts::ok("hello")]);
        let answer = quick().get(&page).with("Holdfast-Drill", &order(word)).browsing().send();
        assert_eq!((answer.status(), answer.error().as_str()), (status, error), "{word}");
        assert_eq!(answer.header("holdfast-drill"), Some(word));
        assert!(answer.header("content-security-policy").is_some() && answer.text().contains("<h1>"));
        assert!(answer.took >= Duration::from_millis(millis), "{word}: {:?}", answer.took);
        let line = quick().log_of(&page.path);
        assert_eq!((&line["drill"], &line["failure"]), (&json!(true), &json!(word)), "{line}");
        assert_eq!(line["attempts"].as_array().map_or(0, Vec::len), attempts, "{line}");
        assert_eq!(page.attempts(), 0, "{word}");
        quick().get(&page).send().is(200, "hello");
        assert_eq!(page.seen()[0].header("holdfast-drill"), None);
    }
}

#[test]
fn a_drill_leaves_the_copy_that_it_served() {
    let fields = [("Cache-Control", "max-age=60, stale-if-error=600"), ("ETag", "\"1\"")];
    let page = Page::new([scripts::with_headers(&fields, "v1"), scripts::ok("v2")]);
    quick().get(&page).send().is(200, "v1");
    let is_stored = || quick().get(&page).with("Cache-Control", "only-if-cached").send().status() == 200;
    eventually("a copy", is_stored);
    let answer = quick().get(&page).with("Holdfast-Drill", &order("edge_refused")).send();
    answer.is(200, "v1");
    assert_eq!(answer.error(), "connection_refused");
    let post = quick().call("POST", &page.path).with("Holdfast-Drill", &order("body_cut_short")).body("x");
    assert_eq!(post.send().status(), 502);
    settle();
    quick().get(&page).send().is(200, "v1");
    assert_eq!(page.attempts(), 1);
}

#[test]
fn a_large_upload_does_not_hold_up_a_drill() {
    let page = Page::new([scripts::ok("hello")]);
    let post = quick().call("POST", &page.path).with("Holdfast-Drill", &order("edge_refused"));
    let answer = post.body("x".repeat(LARGE)).send();
    assert_eq!((answer.status(), answer.error().as_str()), (502, "connection_refused"));
    assert_eq!(page.attempts(), 0);
}

#[test]
fn whoever_cannot_sign_forces_nothing() {
    let other = drill::order("another-token-of-theirs", "edge_refused", HOST, Duration::from_secs(60));
    let elsewhere = drill::order(TOKEN, "edge_refused", "other.example", Duration::from_secs(60));
    for order in [other.unwrap(), elsewhere.unwrap(), "edge_refused 9999999999 0".to_owned()] {
        let page = Page::new([scripts::ok("hello")]);
        let answer = quick().get(&page).with("Holdfast-Drill", &order).send();
        answer.is(200, "hello");
        assert_eq!(answer.header("holdfast-drill"), None);
        assert_eq!(page.seen()[0].header("holdfast-drill"), None);
    }
}

/// A proxy in front of the worker that does `mask` to its answers.
fn behind(worker: String, mask: impl Fn(&Answer) -> Script + Send + Sync + 'static) -> Origin {
    let worker = worker.trim_start_matches("http://").parse().unwrap();
    let front = Origin::start(any_port(), move |seen| {
        let mut call = crate::client::Call::new(worker, "GET", seen.path());
        for name in ["accept", "cache-control", "holdfast-drill"] {
            if let Some(value) = seen.header(name) {
                call = call.with(name, value);
            }
        }
        mask(&call.host("127.0.0.1").send())
    });
    front.unwrap()
}

/// The answer as it came, apart from these fields.
fn passed(answer: &Answer, status: &str, without: &[&str], body: &[u8]) -> Script {
    let dropped = |name: &str| {
        ["content-length", "transfer-encoding", "connection"]
            .iter()
            .chain(without)
            .any(|other| name.eq_ignore_ascii_case(other))
    };
    let fields: Vec<_> = answer.head.fields.iter().filter(|(name, _)| !dropped(name)).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    scripts::answer(status, &fields, body)
}

/// The fields of the answer with another body.
fn passed_as_by_cloudflare(answer: &Answer, body: &[u8]) -> Script {
    let mut answer = answer.clone();
    answer.head.fields.push(("Server".to_owned(), "cloudflare".to_owned()));
    passed(&answer, &status_line(&answer), &["content-type"], body)
}

fn status_line(answer: &Answer) -> String {
    format!("{} X", answer.status())
}

fn found(front: &Origin, page: &Page) -> Findings {
    mask_check(&format!("{}{}", front.url(), page.path), TOKEN, &[]).unwrap()
}

#[test]
fn the_mask_check_says_what_becomes_of_our_pages() {
    type Mask = fn(&Answer) -> Script;
    let cases: [(&str, Mask, Finding, &str); 7] = [
        (
            "passes",
            |answer| passed(answer, &status_line(answer), &[], &answer.body),
            Finding::Ours,
            "our page arrives as it left",
        ),
        (
            "a custom error rule",
            |answer| match answer.status() {
                500.. => passed_as_by_cloudflare(answer, b"<h1>Sorry</h1>"),
                _ => passed(answer, &status_line(answer), &[], &answer.body),
            },
            Finding::Replaced(StatusCode::BAD_GATEWAY, Masker::Rule),
            "A custom error rule matches",
        ),
        (
            "cloudflare's own page",
            |answer| match answer.status() {
                500.. => scripts::answer(
                    &status_line(answer),
                    &[("Server", "cloudflare")],
                    "<div id=\"cf-wrapper\">Bad gateway</div>",
                ),
                _ => passed(answer, &status_line(answer), &[], &answer.body),
            },
            Finding::Replaced(StatusCode::BAD_GATEWAY, Masker::Cloudflare),
            "origin_error_page_pass_thru",
        ),
        (
            "another cdn",
            |answer| match answer.status() {
                500.. => scripts::answer("502 Bad Gateway", &[("Server", "nginx")], "<h1>502</h1>"),
                _ => passed(answer, &status_line(answer), &[], &answer.body),
            },
            Finding::Replaced(StatusCode::BAD_GATEWAY, Masker::Other("Server: nginx".to_owned())),
            "proxy_intercept_errors",
        ),
        (
            "another status",
            |answer| match answer.status() {
                500.. => passed(answer, "200 OK", &[], &answer.body),
                _ => passed(answer, &status_line(answer), &[], &answer.body),
            },
            Finding::StatusChanged(StatusCode::OK),
            "The status is changed on the way",
        ),
        (
            "no policy",
            |answer| {
                passed(
                    answer,
                    &status_line(answer),
                    &["content-security-policy", "retry-after"],
                    &answer.body,
                )
            },
            Finding::FieldsChanged(vec!["Retry-After", "Content-Security-Policy"]),
            "Header fields are changed on the way",
        ),
        (
            "no drill",
            |answer| match answer.status() {
                500.. => scripts::answer("404 Not Found", &[], "not here"),
                _ => passed(answer, &status_line(answer), &[], &answer.body),
            },
            Finding::Replaced(StatusCode::NOT_FOUND, Masker::Other(String::new())),
            "Something else between the Worker",
        ),
    ];
    let page = Page::new([scripts::ok("hello")]);
    for (name, mask, expected, advice) in cases {
        let front = behind(quick().url().to_owned(), mask);
        let findings = found(&front, &page);
        let first = &findings.0[0];
        assert_eq!((first.status, first.asker), (StatusCode::BAD_GATEWAY, Asker::Browser));
        assert_eq!(first.finding, expected, "{name}: {findings}");
        assert_eq!(findings.0.len(), 4);
        assert_eq!(findings.are_ours(), expected == Finding::Ours, "{findings}");
        assert!(findings.to_string().contains(advice), "{findings}");
    }
}

#[test]
fn the_mask_check_says_why_a_drill_is_not_followed() {
    let page = Page::new([scripts::ok("hello")]);
    let not_followed = |url: &str, token: &str| {
        let findings = mask_check(&format!("{url}{}", page.path), token, &[]).unwrap();
        let Finding::NotFollowed(why) = findings.0[0].finding else { panic!("{findings}") };
        why
    };
    assert_eq!(not_followed(quick().url(), "another-token-of-theirs"), NotFollowed::Token);
    assert_eq!(not_followed(&site().url(), TOKEN), NotFollowed::NoWorker);
    let failing = Origin::start(any_port(), |_| scripts::answer("500 Oops", &[], "oops")).unwrap();
    assert_eq!(not_followed(&failing.url(), TOKEN), NotFollowed::Failing(StatusCode::INTERNAL_SERVER_ERROR));
    assert!(mask_check(&crate::harness::nobody(), TOKEN, &[]).is_err());
}

#[test]
fn a_closed_site_shows_its_page_and_serves_robots() {
    let origin = Origin::start(any_port(), |seen| scripts::ok(seen.path())).unwrap();
    let closed = Edge::start(&[origin.url()], &overlay(&[("maintenance.enabled", "true")]));
    let answer = closed.call("GET", "/a").browsing().send();
    assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("600")));
    assert!(answer.text().contains("<h1>Down for maintenance</h1>"), "{}", answer.text());
    assert_eq!(answer.header("proxy-status"), None);
    assert_eq!(closed.log_of("/a")["outcome"], "maintenance");
    assert!(origin.seen().is_empty());
    closed.call("GET", "/a").with("Holdfast-Token", TOKEN).send().is(200, "/a");
    closed.call("GET", "/robots.txt").send().is(200, "/robots.txt");
    assert_eq!(closed.call("GET", "/.well-known/holdfast/purge").send().status(), 401);
}
