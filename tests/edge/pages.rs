//! The page in place of an answer: in the form that was asked for, honest, and without a word too many.

use faulty_origin::{Script, scripts};
use holdfast::language::{Language, Message};
use serde_json::Value;

use crate::client::{Answer, Call, End};
use crate::harness::{LARGE, Page, quick, routed, sendable};

fn failing() -> Page {
    Page::new([scripts::reset()])
}

fn late() -> Page {
    Page::new([scripts::cloudflare(522)])
}

fn content_type(answer: &Answer) -> &str {
    answer.header("content-type").unwrap_or_default()
}

fn problem(answer: &Answer) -> Value {
    assert!(content_type(answer).starts_with("application/problem+json"), "{answer:?}");
    serde_json::from_slice(&answer.body).expect("a problem document is JSON")
}

#[test]
fn who_asks_decides_the_form() {
    type Asks = fn(Call) -> Call;
    let rows: [(&str, Asks, &str); 10] = [
        ("a browser", |call| call.browsing(), "text/html"),
        ("an API client", |call| call.with("Accept", "application/json"), "application/problem+json"),
        (
            "an API client of the RFC",
            |call| call.with("Accept", "application/problem+json"),
            "application/problem+json",
        ),
        (
            "a script in a page",
            |call| call.with("Accept", "application/json, */*").with("Sec-Fetch-Dest", "empty"),
            "application/problem+json",
        ),
        (
            "an agent",
            |call| call.with("Accept", "text/markdown, text/html;q=0.8"),
            "text/markdown; charset=utf-8",
        ),
        (
            "an event source",
            |call| call.with("Accept", "text/event-stream").with("Sec-Fetch-Dest", "empty"),
            "",
        ),
        ("curl", |call| call.with("Accept", "*/*"), "text/plain"),
        ("nobody in particular", |call| call, "text/plain"),
        (
            "an image",
            |call| call.with("Accept", "image/avif,image/*,*/*;q=0.8").with("Sec-Fetch-Dest", "image"),
            "",
        ),
        (
            "a style sheet",
            |call| call.with("Accept", "text/css,*/*;q=0.1").with("Sec-Fetch-Dest", "style"),
            "",
        ),
    ];
    for (who, asks, form) in rows {
        let page = failing();
        let answer = asks(quick().get(&page)).send();
        assert_eq!((answer.status(), &answer.end), (502, &End::Whole), "{who}");
        if form.is_empty() {
            assert!(answer.body.is_empty(), "{who} gets {:?}", answer.text());
        } else {
            assert!(content_type(&answer).starts_with(form), "{who} gets {}", content_type(&answer));
            assert!(!answer.body.is_empty(), "{who} gets nothing");
        }
    }
}

#[test]
fn every_form_carries_the_fields_of_an_error() {
    for accept in ["text/html", "application/json", "*/*"] {
        for (page, status) in
            [(failing(), 502), (late(), 504), (Page::new([scripts::cloudflare_530(1033)]), 503)]
        {
            let answer = quick().get(&page).with("Accept", accept).send();
            assert_eq!(answer.status(), status, "{accept}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{accept}");
            let retry_after = answer.header("retry-after").and_then(|value| value.parse::<u64>().ok());
            assert!(
                retry_after.is_some_and(|seconds| seconds > 0),
                "{accept}: {:?}",
                answer.header("retry-after")
            );
            assert!(answer.header("x-robots-tag").is_some_and(|value| value.contains("noindex")), "{accept}");
            assert_eq!(answer.header("set-cookie"), None, "{accept}");
            assert_eq!(
                answer.header("cache-status"),
                None,
                "a page made here has no cache to tell of (RFC 9211 §2)"
            );
            assert_eq!(
                answer.header("content-length"),
                Some(answer.body.len().to_string().as_str()),
                "{accept}"
            );
        }
    }
}

#[test]
fn a_head_request_gets_the_fields_and_no_page() {
    let answer = quick().call("HEAD", &failing().path).browsing().send();
    answer.is(502, "");
    assert_eq!(
        (answer.header("cache-control"), answer.error().as_str()),
        (Some("no-store"), "connection_terminated")
    );
}

#[test]
fn the_html_page_fits_the_first_round_trip_and_asks_for_nothing() {
    let answer = quick().get(&failing()).browsing().send();
    let html = answer.text();
    assert!(html.len() < 14 * 1024, "{} bytes", html.len());
    for part in ["<!doctype html>", "<html lang=\"en\"", "<title>", "<h1", "<main", "viewport"] {
        assert!(html.to_ascii_lowercase().contains(part), "no {part}");
    }
    // An icon that is empty keeps a browser from asking for one.
    let html_without_icon = html.replace("<link rel=\"icon\" href=\"data:,\">", "").to_ascii_lowercase();
    for part in ["<link", "<script src", " src=", "url(", "@import", "<iframe", "http-equiv=\"refresh\""] {
        assert!(!html_without_icon.contains(part), "{part} in the page");
    }
    assert!(html.contains("Example &amp; Sons") || html.contains("Example &#38; Sons"), "the brand, escaped");
}

#[test]
fn a_page_is_in_every_language_in_that_languages_words() {
    for language in Language::all() {
        let words = language.words();
        for (page, heading) in [(failing(), Message::LostHeading), (late(), Message::TooLateHeading)] {
            let call = quick().get(&page).with("Accept", "text/html").with("Accept-Language", language.tag());
            let text = call.send().text().to_owned();
            let expected =
                format!(r#"<html lang="{}" dir="{}">"#, language.tag(), words.get(Message::Direction));
            assert!(text.contains(&expected), "{language:?}: {text}");
            let expected = format!("<h1>{}</h1>", words.get(heading).replace('\'', "&#39;"));
            assert!(text.contains(&expected), "{language:?}: no {expected} in {text}");
        }
    }
}

#[test]
fn a_bad_answer_and_a_late_one_read_differently() {
    let bad = quick().get(&failing()).browsing().send().text();
    let late = quick().get(&late()).browsing().send().text();
    let main = |html: &str| html[html.find("<h1").unwrap()..html.find("</main>").unwrap()].to_owned();
    assert_ne!(main(&bad), main(&late));
    assert!(late.to_lowercase().contains("too long") && !bad.to_lowercase().contains("too long"));
}

#[test]
fn a_problem_document_says_what_happened() {
    let problem = problem(&quick().get(&late()).with("Accept", "application/json").send());
    assert_eq!(
        (&problem["status"], &problem["error"]),
        (&504.into(), &"connection_timeout".into()),
        "{problem}"
    );
    assert_eq!(
        (&problem["cause"], &problem["side"], &problem["retryable"], &problem["retry_after"]),
        (&"edge_connect_timeout".into(), &"origin".into(), &true.into(), &10.into()),
        "{problem}"
    );
    for member in ["type", "title", "detail", "documentation", "request_id"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
    }
}

#[test]
fn a_hostile_request_cannot_write_into_the_page() {
    let page = failing();
    for (tail, host) in [
        ("?q=<script>alert(1)</script>", "www.example.test"),
        ("?q=\"><img src=x onerror=alert(1)>", "www.example.test"),
        ("?q='-alert(1)-'&x=%3Cscript%3E%0d%0aSet-Cookie:%20a=b", "www.example.test"),
        ("?q={{7*7}}\\u003cscript\\u003e", "www.example.test"),
    ] {
        for accept in ["text/html", "application/json", "*/*"] {
            let answer = quick()
                .call("GET", &sendable(&format!("{}{tail}", page.path)))
                .host(host)
                .with("Accept", accept)
                .send();
            let text = answer.text();
            assert_eq!(answer.header("set-cookie"), None, "{tail}");
            for bad in ["<script>alert", "<img src=x", "onerror=alert(1)>", "'-alert(1)-'"] {
                let is_there = text.contains(bad) && accept == "text/html";
                assert!(!is_there, "{bad} in\n{text}");
            }
            if accept == "application/json" {
                problem(&answer);
            }
        }
    }
}

#[test]
fn a_hostile_path_cannot_write_into_the_page() {
    for tail in
        ["%3Cscript%3Ealert(1)%3C/script%3E", "<b>'\"&", "%22onload=%22x", "%0d%0aX-Evil:%201", "%ff%00"]
    {
        for accept in ["text/html", "application/json", "*/*"] {
            let target = sendable(&format!("/nowhere-{}/{tail}", accept.len()));
            let answer = routed().call("GET", &target).with("Accept", accept);
            // The site answers 404 for what it does not know; a loop makes the worker answer itself.
            let answer = answer.with("Holdfast-Hop", "www.example.test").send();
            assert_eq!((answer.status(), answer.header("x-evil")), (502, None), "{tail}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "text stays text");
            let text = answer.text();
            match accept {
                "text/html" => {
                    assert!(!text.contains("<script>alert") && !text.contains("<b>'"), "{text}");
                    assert!(!text.contains("\"onload=\"x"), "{text}");
                }
                "application/json" => drop(problem(&answer)),
                _ => assert!(content_type(&answer).starts_with("text/plain"), "{answer:?}"),
            }
            assert!(!text.contains("X-Evil: 1\n") && !text.contains('\0'), "{accept}: {text:?}");
        }
    }
}

#[test]
fn after_a_failed_post_the_visitor_learns_whether_it_may_have_been_processed() {
    for (script, outcome) in [
        (scripts::reset(), "unknown"),
        (scripts::hang(), "unknown"),
        (scripts::cut_short("x", 1), "unknown"),
        (scripts::cloudflare(520), "unknown"),
        (scripts::cloudflare(524), "unknown"),
        (scripts::cloudflare(521), "not_processed"),
        (scripts::cloudflare(526), "not_processed"),
    ] {
        let ask = |accept: &str| {
            let page = Page::new([script.clone()]);
            quick().call("POST", &page.path).with("Accept", accept).body("pay 10").send()
        };
        assert_eq!(problem(&ask("application/json"))["outcome"], outcome, "{script:?}");
        let html = ask("text/html").text();
        assert!(html.contains("processed") || html.contains("gone through"), "{script:?}: {html}");
    }
    let problem = problem(&quick().get(&failing()).with("Accept", "application/json").send());
    assert_eq!(problem.get("outcome"), None, "a GET changes nothing");
}

fn own_error(status: &str, content_type: &str, body: &str) -> Script {
    scripts::answer(status, &[("Content-Type", content_type), ("X-Own", "1")], body)
}

#[test]
fn the_origins_own_500_keeps_its_status_and_is_not_tried_again() {
    let page = Page::new([own_error("500 Internal Server Error", "application/json", "{\"own\":1}")]);
    let answer = quick().get(&page).with("Accept", "application/json").send();
    answer.is(500, "{\"own\":1}");
    assert_eq!((answer.header("x-own"), page.attempts()), (Some("1"), 1));
}

#[test]
fn the_origins_own_gateway_errors_keep_their_status_and_what_is_not_html_keeps_its_body() {
    for status in ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"] {
        let code: u16 = status[..3].parse().unwrap();
        let page = Page::new([own_error(status, "application/json", "{\"own\":1}")]);
        let answer = quick().get(&page).with("Accept", "application/json").send();
        answer.is(code, "{\"own\":1}");
        assert_eq!((answer.header("x-own"), page.attempts()), (Some("1"), 3), "{status}");
        let page = Page::new([own_error(status, "text/html; charset=utf-8", &stock(status))]);
        let answer = quick().get(&page).browsing().send();
        assert_eq!((answer.status(), page.attempts()), (code, 3), "{status}");
        assert!(answer.text().contains("Example") && !answer.text().contains("nginx"), "{status}");
        assert_eq!((answer.header("cache-control"), answer.header("x-own")), (Some("no-store"), None));
        let page = Page::new([own_error(status, "text/html; charset=utf-8", WRITTEN)]);
        let answer = quick().get(&page).browsing().send();
        answer.is(code, WRITTEN);
        assert_eq!((answer.header("x-own"), page.attempts()), (Some("1"), 3), "{status}");
    }
}

/// The page that nginx sends with this status.
fn stock(status: &str) -> String {
    format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n<hr><center>nginx/1.18.0 \
         (Ubuntu)</center>\r\n</body>\r\n</html>\r\n"
    )
}

const WRITTEN: &str =
    "<!doctype html><title>Moving</title><h1>We are moving to a new home</h1><p>Back at 10:00.</p>";

/// `<h1>502 Bad Gateway</h1>` in gzip.
const STOCK_IN_GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\xc9\x30\xb4\x33\x35\x30\x52\x70\x4a\x4c\x51\x70\x4f\x2c\x49\x2d\x4f\xac\xb4\xd1\x07\x8a\x01\x00\xd4\xfa\x44\x29\x18\x00\x00\x00";
/// `<h1>Back at ten</h1>` in gzip.
const WRITTEN_IN_GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\xc9\x30\xb4\x73\x4a\x4c\xce\x56\x48\x2c\x51\x28\x49\xcd\xb3\xd1\x07\xf2\x01\x99\x94\x22\x01\x14\x00\x00\x00";

#[test]
fn stock_pages_are_recognised_as_they_come_over_the_wire() {
    let line = "502 Bad Gateway";
    let html: &[(&str, &str)] = &[("Content-Type", "text/html")];
    let gzip: &[(&str, &str)] = &[("Content-Type", "text/html"), ("Content-Encoding", "gzip")];
    for (what, script, is_replaced) in [
        ("stock", scripts::answer(line, html, stock(line)), true),
        ("stock, without a type", scripts::answer(line, &[], stock(line)), true),
        ("stock, gzipped", scripts::answer(line, gzip, STOCK_IN_GZIP), true),
        ("stock, not gzipped as it says", scripts::answer(line, gzip, stock(line)), false),
        ("empty", scripts::answer(line, html, ""), true),
        ("written", scripts::answer(line, html, WRITTEN), false),
        ("written, gzipped", scripts::answer(line, gzip, WRITTEN_IN_GZIP), false),
        (
            "written in windows-1251",
            scripts::answer(line, html, b"\xd1\xea\xee\xf0\xee \xe2\xe5\xf0\xed\xb8\xec\xf1\xff".as_slice()),
            false,
        ),
        (
            "longer than what is buffered",
            scripts::answer(line, html, stock(line) + &" ".repeat(LARGE)),
            false,
        ),
        (
            "proxy's text",
            scripts::answer(line, &[("Content-Type", "text/plain")], "no healthy upstream"),
            true,
        ),
        ("text", scripts::answer(line, &[("Content-Type", "text/plain")], "Back at 10:00"), false),
    ] {
        let page = Page::new([script]);
        let answer = quick().get(&page).browsing().with("Accept-Encoding", "gzip").send();
        assert_eq!(answer.status(), 502, "{what}");
        let is_ours = answer.header("x-robots-tag").is_some();
        assert_eq!(
            (is_ours, answer.text().contains("Example")),
            (is_replaced, is_replaced),
            "{what}: {answer:?}"
        );
    }
}

#[test]
fn a_page_that_replaces_the_origins_keeps_its_cookies() {
    let fields =
        [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Server", "nginx")];
    let page = Page::new([scripts::answer(
        "500 Internal Server Error",
        &fields,
        stock("500 Internal Server Error"),
    )]);
    let answer = quick().get(&page).browsing().send();
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.head.lines("set-cookie"), ["a=1", "b=2"]);
    assert!(answer.text().contains("Example"));
}

#[test]
fn the_origins_retry_after_is_kept_on_the_page() {
    for (content_type, branded) in [("text/html", true), ("application/json", false)] {
        let fields = [("Retry-After", "41"), ("Content-Type", content_type)];
        let page = Page::new([scripts::answer("503 Service Unavailable", &fields, "")]);
        let answer = quick().get(&page).browsing().send();
        assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("41")));
        assert_eq!(answer.text().contains("Example"), branded, "{content_type}");
    }
}

#[test]
fn a_route_can_have_a_brand_and_limits_of_its_own() {
    let page = failing();
    let answer = routed().get(&page).host("other.example.test").browsing().send();
    assert!(answer.text().contains("Other") && !answer.text().contains("Sons"));
    assert_eq!(page.attempts(), 3);
    let page = Page::under("/once/", [scripts::reset()]);
    let answer = routed().get(&page).browsing().send();
    assert!(answer.text().contains("Sons"), "what a route does not set is as everywhere");
    assert_eq!(page.attempts(), 1);
    assert_eq!(routed().call("DELETE", &page.path).send().status(), 502);
    assert_eq!(page.attempts(), 1 + 3, "the route is for GET alone");
}

#[test]
fn a_visitor_gets_the_page_in_their_own_language() {
    for (accept_language, tag, direction) in [
        ("de-CH, de;q=0.9, en;q=0.5", "de", "ltr"),
        ("fa", "fa", "rtl"),
        ("zh-HK", "zh-Hant", "ltr"),
        ("x-none", "en", "ltr"),
    ] {
        let answer = quick()
            .get(&failing())
            .with("Accept", "text/html")
            .with("Accept-Language", accept_language)
            .send();
        assert_eq!((answer.status(), answer.header("content-language")), (502, Some(tag)));
        let html = answer.text();
        assert!(
            html.contains(&format!("<html lang=\"{tag}\" dir=\"{direction}\">")),
            "{accept_language}: {html}"
        );
        assert!(answer.header("vary").is_some_and(|fields| fields.contains("Accept-Language")), "{answer:?}");
    }
}

#[test]
fn a_field_of_its_own_says_what_became_of_a_request() {
    for (method, script, outcome) in [
        ("POST", scripts::reset(), Some("unknown")),
        ("DELETE", scripts::cloudflare(521), Some("not_processed")),
        ("GET", scripts::reset(), None),
    ] {
        for accept in ["text/html", "application/json", "*/*", "image/png"] {
            let answer =
                quick().call(method, &Page::new([script.clone()]).path).with("Accept", accept).send();
            assert_eq!(answer.header("holdfast-outcome"), outcome, "{method} {accept}");
        }
    }
}

#[test]
fn clients_of_graphql_and_grpc_get_what_they_can_parse() {
    let answer = quick()
        .call("POST", &late().path)
        .with("Accept", "application/graphql-response+json, application/json;q=0.9")
        .with("Content-Type", "application/json")
        .body("{\"query\":\"{ a }\"}")
        .send();
    assert_eq!((answer.status(), content_type(&answer)), (504, "application/graphql-response+json"));
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "CONNECTION_TIMEOUT", "{body}");

    let answer = quick()
        .call("POST", &late().path)
        .with("Content-Type", "application/grpc-web+proto")
        .with("Accept", "application/grpc-web+proto")
        .body("\0\0\0\0\0")
        .send();
    assert_eq!((answer.status(), content_type(&answer), answer.body.len()), (504, "application/grpc-web", 0));
    assert_eq!(answer.header("grpc-status"), Some("4"));
    assert!(answer.header("grpc-message").is_some_and(|message| message.is_ascii() && !message.is_empty()));
}

#[test]
fn a_page_that_asks_whether_the_site_is_back_costs_the_origin_one_attempt() {
    let page = Page::new([scripts::reset()]);
    let ask = || {
        quick().call("HEAD", &page.path).with("Holdfast-Attempt", "2").with("Sec-Fetch-Dest", "empty").send()
    };
    assert_eq!((ask().status(), page.attempts()), (502, 1));
    assert_eq!((ask().status(), page.attempts()), (502, 2));
}

#[test]
fn a_script_of_another_site_reads_the_error_if_it_may_read_the_page() {
    let fields = [
        ("Access-Control-Allow-Origin", "https://app.example"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Cache-Control", "no-store"),
    ];
    let page = Page::new([scripts::with_headers(&fields, "{}"), scripts::reset()]);
    let ask =
        |origin: &str| quick().get(&page).with("Accept", "application/json").with("Origin", origin).send();
    assert_eq!(ask("https://app.example").status(), 200);
    let answer = ask("https://app.example");
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), None);
}
