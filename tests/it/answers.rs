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
        let story = html()
            .origin([failure(), failure(), failure()])
            .get("/")
            .status(502)
            .says("connection to our server failed");
        assert!(!story.body.text.contains("taking too long"));
    }
    let story = html().origin([hangs(), hangs(), hangs()]).get("/").status(504).says("taking too long");
    assert!(!story.body.text.contains("connection to our server failed"));
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

/// An error with a page of `kind`, sent as often as it is asked for.
fn own(status: u16, kind: &str, body: &str) -> [Behaviour; 3] {
    let answer = || answers(status, body).header("content-type", kind);
    [answer(), answer(), answer()]
}

const NGINX: &str = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 \
                     Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx/1.27.3</center>\r\n</body>\r\n</html>\r\n";
const WRITTEN: &str = "<h1>We are moving to a new home</h1><p>Back at 10:00.</p>";

#[test]
fn a_stock_page_is_replaced_and_a_written_one_is_kept() {
    let visitor = || world().with("accept", "text/html");
    for kind in ["text/html", "Text/HTML; charset=utf-8"] {
        for status in [500, 502, 503, 504] {
            let attempts = if status == 500 { 1 } else { 3 };
            let story = visitor().origin(own(status, kind, NGINX)).get("/").status(status).attempts(attempts);
            let story = story.says("www.example.com").header("cache-control", "no-store");
            assert!(!story.body.text.contains("nginx"), "{story:#?}");
            let kept = visitor().origin(own(status, kind, WRITTEN)).get("/").attempts(attempts);
            kept.answers(status, WRITTEN).header("content-type", kind);
        }
    }
}

#[test]
fn the_operator_decides_which_error_pages_are_replaced() {
    for (rule, body, is_replaced) in [
        ("stock", NGINX, true),
        ("stock", "", true),
        ("stock", "<h1>busy</h1>", true),
        ("stock", WRITTEN, false),
        ("keep", NGINX, false),
        ("keep", "", false),
        ("keep", WRITTEN, false),
        ("replace", NGINX, true),
        ("replace", WRITTEN, true),
    ] {
        let world = world().with("accept", "text/html").set("page.origin_errors", rule);
        let story = world.origin(own(503, "text/html", body)).get("/").status(503);
        assert_eq!(story.body.text != body, is_replaced, "{rule} {body:?}: {story:#?}");
    }
}

#[test]
fn an_error_that_is_no_page_and_an_error_to_a_program_are_passed_on() {
    for (accept, kind, body) in [
        ("text/html", "application/json", "{\"busy\":true}"),
        ("text/html", "application/problem+json", "{}"),
        ("text/html", "image/png", ""),
        ("text/html", "text/plain", "Back at 10:00"),
        ("text/html", "text/plain", "busy"),
        ("application/json", "text/html", NGINX),
        ("*/*", "text/html", NGINX),
        ("image/png", "text/html", NGINX),
    ] {
        for rule in ["stock", "replace"] {
            let world = world().with("accept", accept).set("page.origin_errors", rule);
            let story = world.origin(own(503, kind, body)).get("/").answers(503, body);
            story.header("content-type", kind).header_has("proxy-status", "received-status=503");
        }
    }
}

#[test]
fn what_a_proxy_says_in_plain_text_is_replaced() {
    for body in ["no healthy upstream", "Bad Gateway", "upstream request timeout"] {
        let story =
            world().with("accept", "text/html").origin(own(503, "text/plain; charset=utf-8", body)).get("/");
        story.status(503).header("content-type", "text/html; charset=utf-8").says("is not available");
        let kept = world().with("accept", "text/html").set("page.origin_errors", "keep");
        kept.origin(own(503, "text/plain", body)).get("/").answers(503, body);
    }
}

#[test]
fn a_page_without_a_type_is_looked_at_as_html() {
    for (body, is_replaced) in [(NGINX, true), ("", true), (WRITTEN, false), ("{\"busy\":true}", false)] {
        let answer = || answers(503, body);
        let story = world().with("accept", "text/html").origin([answer(), answer(), answer()]).get("/");
        assert_eq!(story.status(503).body.text != body, is_replaced, "{body:?}");
    }
}

#[test]
fn a_page_that_is_long_or_not_buffered_is_somebodys() {
    let long = NGINX.to_owned() + &" ".repeat(17 * 1024);
    world().with("accept", "text/html").origin(own(503, "text/html", &long)).get("/").answers(503, &long);
    let unbuffered = world().with("accept", "text/html").set("body.buffer", "0B");
    unbuffered.origin(own(503, "text/html", NGINX)).get("/").answers(503, NGINX);
}

#[test]
fn the_answer_to_head_is_the_origins_unless_every_page_is_replaced() {
    for (rule, is_ours) in [("stock", false), ("keep", false), ("replace", true)] {
        let world = world().with("accept", "text/html").set("page.origin_errors", rule);
        let story = world.origin(own(503, "text/html", "")).send("HEAD", "/", None).status(503);
        assert_eq!(story.value("x-robots-tag").is_some(), is_ours, "{rule}: {story:#?}");
    }
}

#[test]
fn a_range_of_an_error_is_the_page_under_its_status() {
    let world = world().with("accept", "text/html").with("range", "bytes=0-3");
    world.clone().origin(own(503, "text/html", NGINX)).get("/").status(503).no_header("content-range");
    world.origin(own(503, "text/html", WRITTEN)).get("/").answers(503, WRITTEN);
}

#[test]
fn a_visitor_who_sent_a_form_reads_what_became_of_it_in_place_of_a_stock_page() {
    let visitor = || world().with("accept", "text/html");
    let story = visitor().origin(own(504, "text/html", NGINX)).send("POST", "/", Some("a")).attempts(1);
    story.status(504).header("holdfast-outcome", "unknown").says("may have been processed");
    let kept = visitor().origin(own(504, "text/html", WRITTEN)).send("POST", "/", Some("a")).attempts(1);
    kept.answers(504, WRITTEN).no_header("holdfast-outcome");
}

#[test]
fn a_page_that_replaces_the_origins_keeps_its_cookies_and_what_it_asks_of_the_browser() {
    let answer = || {
        answers(503, NGINX)
            .header("content-type", "text/html")
            .header("retry-after", "120")
            .header("set-cookie", "a=1; Path=/")
            .header("set-cookie", "b=2")
            .header("strict-transport-security", "max-age=31536000")
            .header("server", "nginx/1.27.3")
            .header("etag", "\"a\"")
    };
    let story =
        world().with("accept", "text/html").origin([answer(), answer(), answer()]).get("/").status(503);
    story
        .header("retry-after", "120")
        .header("set-cookie", "a=1; Path=/, b=2")
        .header("strict-transport-security", "max-age=31536000")
        .header("cache-control", "no-store")
        .no_header("server")
        .no_header("etag");
}

/// A good answer that is not stored, and lets `allowed` read it.
fn grants(allowed: &str) -> Behaviour {
    page("v1").cache_control("no-store").header("access-control-allow-origin", allowed)
}

const APP: &str = "https://app.example";

#[test]
fn a_script_that_may_read_good_answers_reads_errors_too() {
    let script = || world().with("origin", APP).with("accept", "application/json");
    // Nothing is known yet.
    script().origin([]).get("/api/a").status(502).no_header("access-control-allow-origin");

    let with_credentials = grants(APP).header("access-control-allow-credentials", "true");
    let app = script().origin([with_credentials]);
    app.get("/api/a").answers(200, "v1");
    let story = app.get("/api/b").status(502).header("access-control-allow-origin", APP);
    let story = story.header("access-control-allow-credentials", "true").header_has("vary", "Origin");
    story.header_has("access-control-expose-headers", "Retry-After").header_has("vary", "Accept");
    app.get("/other").status(502).no_header("access-control-allow-origin");
    app.clone().at("other.example.com").get("/api/a").no_header("access-control-allow-origin");
    let evil = app.clone().without_fields().with("origin", "https://evil.example");
    evil.get("/api/a").status(502).no_header("access-control-allow-origin");
    app.clone().without_fields().get("/api/a").status(502).no_header("access-control-allow-origin");
    app.new_isolate().get("/api/a").status(502).no_header("access-control-allow-origin");

    let all = script().origin([grants("*")]);
    all.get("/api/a").answers(200, "v1");
    let other = all.clone().without_fields().with("origin", "https://other.example");
    other.get("/api/a").status(502).header("access-control-allow-origin", "*");

    let withdrawn = script().origin([grants(APP), page("v2").cache_control("no-store")]);
    withdrawn.get("/api/a").answers(200, "v1");
    withdrawn.get("/api/a").answers(200, "v2");
    withdrawn.get("/api/a").status(502).no_header("access-control-allow-origin");
}

#[test]
fn the_operator_names_who_reads_errors() {
    let ask = |rule: serde_json::Value, origin: &str| {
        let world = world().set("page.cors", rule).with("origin", origin).with("accept", "application/json");
        let world = world.origin([grants(origin)]);
        world.get("/a").answers(200, "v1");
        world.get("/a").status(502)
    };
    ask("off".into(), APP).no_header("access-control-allow-origin");
    let any = ask("*".into(), "https://evil.example").header("access-control-allow-origin", "*");
    any.no_header("access-control-allow-credentials");
    let list = || serde_json::json!([APP]);
    ask(list(), APP)
        .header("access-control-allow-origin", APP)
        .header("access-control-allow-credentials", "true");
    ask(list(), "https://evil.example").no_header("access-control-allow-origin");
    ask(list(), "null").no_header("access-control-allow-origin");
}

#[test]
fn an_error_of_the_origins_own_has_its_own_cors_fields() {
    let own = || answers(503, "{}").header("content-type", "application/json");
    let world = world().set("page.cors", "*").with("origin", APP).with("accept", "application/json");
    world.origin([own(), own(), own()]).get("/").answers(503, "{}").no_header("access-control-allow-origin");
}

#[test]
fn a_stale_copy_comes_before_the_origins_own_page() {
    let world = world().with("accept", "text/html");
    world
        .clone()
        .origin([page("v1").cache_control("max-age=1, stale-if-error=600")])
        .get("/")
        .answers(200, "v1");
    world.later(60).origin(own(503, "text/html", WRITTEN)).get("/").answers(200, "v1");
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
                until: None,
            };
            let (headers, text) = page.render(form);
            assert!(text.is_some_and(|text| !text.is_empty()), "{row:?}");
            let retry = [502, 503, 504].contains(&row.status.as_u16());
            assert_eq!(headers.contains_key("retry-after"), retry, "{row:?}");
        }
    }
}
