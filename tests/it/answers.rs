//! What a client gets when nothing else is left, and what is said about it.

use holdfast::origin::failure::TABLE;
use http::Method;

use crate::world::{Behaviour, answers, hangs, page, refuses, talks_garbage, world};

#[test]
fn each_of_the_platform_s_statuses_is_the_failure_it_stands_for() {
    for (status, body, error, seen_as, attempts) in [
        (520, "", "http_protocol_error", 502, 3),
        (521, "", "connection_refused", 502, 3),
        (522, "", "connection_timeout", 504, 1),
        (523, "", "destination_ip_unroutable", 502, 2),
        (524, "", "http_response_timeout", 504, 1),
        (525, "", "tls_protocol_error", 502, 1),
        (526, "", "tls_certificate_error", 502, 1),
        (527, "", "connection_terminated", 502, 3),
        (530, "error code: 1016", "dns_error", 502, 2),
        (530, "error code: 1033", "destination_unavailable", 503, 2),
        (530, "", "http_protocol_error", 502, 2),
        (103, "", "http_protocol_error", 502, 1),
        (999, "", "http_protocol_error", 502, 1),
    ] {
        let story =
            world().origin([answers(status, body), answers(status, body), answers(status, body)]).get("/");
        let expected = format!("www.example.com;error={error};received-status={status}");
        story.status(seen_as).attempts(attempts).header("proxy-status", &expected).reports(error);
    }
}

#[test]
fn a_bad_answer_and_no_answer_are_told_apart() {
    let html = || world().with("accept", "text/html");
    let bad: [fn() -> Behaviour; 2] = [refuses, talks_garbage];
    for failure in bad {
        let story =
            html().origin([failure(), failure(), failure()]).get("/").status(502).says("gave a bad answer");
        assert!(!story.body.text.contains("took too long"));
    }
    let story = html().origin([hangs(), hangs(), hangs()]).get("/").status(504).says("took too long");
    assert!(!story.body.text.contains("gave a bad answer"));
}

#[test]
fn a_page_is_never_stored_nor_indexed_and_says_when_to_come_back() {
    let story = world().origin([]).get("/");
    story
        .status(502)
        .header("cache-control", "no-store")
        .header("x-robots-tag", "noindex")
        .header_has("retry-after", "")
        .no_header("set-cookie")
        .no_header("cache-status");
}

#[test]
fn a_visitor_who_posted_learns_what_is_known() {
    let unknown = world().with("accept", "application/json").origin([refuses()]).send("POST", "/", Some("a"));
    unknown.status(502).says("\"unknown\"");
    let refused =
        world().with("accept", "application/json").origin([answers(521, "")]).send("POST", "/", Some("a"));
    refused.status(502).says("\"not_processed\"");
}

#[test]
fn after_a_failure_of_the_worker_itself_nobody_knows_what_became_of_an_order() {
    let world = world().with("accept", "application/json");
    let post = world.fails_inside("POST", "/", Some("a")).status(500).reports("proxy_internal_error");
    post.says("\"outcome\":\"unknown\"").header("holdfast-outcome", "unknown");
    world.fails_inside("GET", "/", None).status(500).no_header("holdfast-outcome");
}

#[test]
fn the_origin_s_own_error_becomes_a_page_for_people_and_passes_to_programs() {
    let busy = || answers(503, "<h1>busy</h1>").header("content-type", "text/html");
    let html =
        world().with("accept", "text/html").origin([busy(), busy(), busy()]).get("/").status(503).attempts(3);
    assert!(!html.body.text.contains("<h1>busy</h1>"), "{html:#?}");
    let json = || answers(503, "{\"busy\":true}").header("content-type", "application/json");
    let passed = world().with("accept", "text/html").origin([json(), json(), json()]).get("/");
    passed.answers(503, "{\"busy\":true}").attempts(3).header_has("proxy-status", "received-status=503");
    world()
        .with("accept", "text/html")
        .origin([busy()])
        .send("POST", "/", Some("a"))
        .answers(503, "<h1>busy</h1>");
}

#[test]
fn an_error_of_the_application_is_its_own_business() {
    for status in [400, 401, 403, 404, 410, 418, 429] {
        let story = world().origin([answers(status, "mine")]).get("/").answers(status, "mine").attempts(1);
        story.no_header("proxy-status").reports_nothing();
    }
}

#[test]
fn a_request_that_was_here_before_is_refused() {
    // RFC 8586
    for name in ["cdn-loop", "holdfast-hop"] {
        let story = world().with(name, "www.example.com;by=holdfast").origin([page("v1")]).get("/");
        story.status(502).attempts(0).reports("proxy_loop_detected");
    }
}

#[test]
fn a_location_at_the_origin_s_host_leads_to_the_public_one() {
    let moved = answers(302, "").header("location", "http://origin.test/new?x");
    world().origin([moved]).get("/old").status(302).header("location", "https://www.example.com/new?x");
}

#[test]
fn fields_of_one_connection_go_no_further() {
    // RFC 9110 §7.6.1
    let answer =
        page("v1").header("connection", "x-once").header("x-once", "1").header("keep-alive", "timeout=5");
    let story = world().with("connection", "x-mine").with("x-mine", "1").origin([answer]).get("/");
    assert!(!story.seen[0].headers.contains_key("x-mine"), "{story:#?}");
    story.answers(200, "v1").no_header("connection").no_header("x-once").no_header("keep-alive");
}

#[test]
fn a_report_has_no_secrets() {
    let world = world().with("cookie", "sid=hush").with("authorization", "Bearer hush").origin([]);
    let story = world.get("/a?token=hush").status(502).reports("connection_terminated");
    assert!(!story.reports[0].to_string().contains("hush"), "{story:#?}");
    assert_eq!(story.reports[0]["path"], "/a");
}

#[test]
fn every_row_of_the_table_has_its_page() {
    use holdfast::config;
    use holdfast::request::{Request, Target};
    use holdfast::response::error::{Cause, ErrorPage, Occasion};
    use holdfast::response::form::Form;
    use holdfast::time::Timestamp;
    let request = Request {
        method: Method::GET,
        target: Target::parse("https://www.example.com/").unwrap(),
        headers: http::HeaderMap::new(),
        has_body: false,
        id: "1".to_owned(),
    };
    for row in &TABLE {
        for form in [Form::Html, Form::Problem, Form::Text] {
            let page = ErrorPage {
                cause: Cause::Failure(row.failure),
                request: &request,
                page: &config::Page::default(),
                occasion: Occasion::At(Timestamp::from_millis(0)),
                retry_after: None,
                unknown_outcome: false,
            };
            let (headers, text) = page.render(form);
            assert!(text.is_some_and(|text| !text.is_empty()), "{row:?}");
            let retry = [502, 503, 504].contains(&row.status.as_u16());
            assert_eq!(headers.contains_key("retry-after"), retry, "{row:?}");
        }
    }
}
