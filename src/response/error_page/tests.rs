//! What each form of an error promises.

use std::time::Duration;

use super::*;
use crate::config;
use crate::language::Language;
use crate::origin::failure::{Failure, TABLE};
use crate::request::Request;
use crate::response::error::{Cause, Occasion};
use crate::response::view::joined;
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use sha2::{Digest, Sha256};

mod hostile;

const AT: Timestamp = Timestamp::from_millis(1_767_323_045_678);

fn request(method: Method, url: &str, id: &str) -> Request {
    Request { method, id: id.to_owned(), ..Request::bare("GET", url) }
}

fn brand() -> config::Page {
    config::Page {
        brand: Some("Example".to_owned()),
        support_url: Some("https://example.com/support".to_owned()),
        status_url: Some("https://status.example.com/".to_owned()),
        ..config::Page::default()
    }
}

fn page<'a>(cause: Cause, request: &'a Request, page: &'a config::Page) -> ErrorPage<'a> {
    ErrorPage {
        cause,
        request,
        page,
        occasion: Occasion::At(AT),
        retry_after: None,
        unknown_outcome: false,
        until: None,
    }
}

fn causes() -> impl Iterator<Item = Cause> {
    let own = [500, 502, 503, 504].map(|status| Cause::OriginStatus(StatusCode::from_u16(status).unwrap()));
    TABLE.iter().map(|row| Cause::Failure(row.failure)).chain(own).chain([Cause::Maintenance])
}

const FORMS: [Form; 7] =
    [Form::Html, Form::Problem, Form::GraphQl, Form::Markdown, Form::Text, Form::Grpc, Form::Empty];
const LATE: Cause = Cause::Failure(Failure::NoHeaderInTime);
const BAD: Cause = Cause::Failure(Failure::ConnectionLost);

fn body(error: ErrorPage<'_>, form: Form) -> String {
    error.render(form).1.unwrap()
}

#[test]
fn every_error_says_when_to_come_back_and_is_kept_by_nobody() {
    let (get, brand) = (request(Method::GET, "https://example.com/a?b=c", "8f2a-LHR"), brand());
    for cause in causes() {
        for form in FORMS {
            let error = page(cause, &get, &brand);
            let (headers, body) = error.render(form);
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["x-robots-tag"], "noindex");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["vary"], "Accept, Accept-Language, Sec-Fetch-Dest");
            assert!(!headers.contains_key("set-cookie"));
            let retry_after = headers.get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(retry_after, (error.cause.status() != 500).then_some("10"), "{cause:?}");
            let has_body = !matches!(form, Form::Grpc | Form::Empty);
            assert_eq!(body.is_some(), has_body);
            assert_eq!(headers.contains_key("content-type"), form != Form::Empty);
            assert_eq!(headers.contains_key("content-language"), has_body);
        }
    }
}

#[test]
fn the_figure_of_the_origin_is_passed_on_in_whole_seconds() {
    let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
    for (cause, millis, seconds, words) in [
        (LATE, 2_000, "2", "in a moment"),
        (LATE, 20_001, "21", "in about a minute"),
        (LATE, 0, "0", "in a moment"),
        (LATE, 600_000, "600", "in a few minutes"),
        (LATE, 7_200_000, "7200", "in a few hours"),
        (LATE, u64::MAX, "18446744073709552", "in a few days"),
        (Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR), 60_000, "60", "in about a minute"),
    ] {
        let error =
            ErrorPage { retry_after: Some(Duration::from_millis(millis)), ..page(cause, &get, &brand) };
        let (headers, body) = error.render(Form::Html);
        assert_eq!(headers["retry-after"], seconds);
        assert!(body.unwrap().contains(words), "{words}");
    }
}

#[test]
fn head_gets_the_fields_of_get_and_no_body() {
    // RFC 9110 §9.3.2
    let (get, head) =
        ["GET", "HEAD"].map(|method| request(method.parse().unwrap(), "https://a/", "1")).into();
    let brand = brand();
    for form in FORMS {
        let (fields, body) = page(LATE, &head, &brand).render(form);
        assert_eq!(fields, page(LATE, &get, &brand).render(form).0);
        assert_eq!(body, None);
    }
}

#[test]
fn a_bad_answer_and_a_late_one_read_differently() {
    let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
    for form in [Form::Html, Form::Text] {
        for cause in causes() {
            let error = page(cause, &get, &brand);
            let text = body(error, form);
            let is_other = cause == Cause::Failure(Failure::Loop) || matches!(cause, Cause::OriginStatus(_));
            let is_bad =
                ["connection to our server failed", "sent a bad answer", "can&#39;t reach", "can't reach"]
                    .into_iter()
                    .any(|words| text.contains(words));
            assert_eq!(is_bad, error.cause.status() == 502 && !is_other, "{cause:?}");
            assert_eq!(text.contains("taking too long"), error.cause.status() == 504, "{cause:?}");
            let is_closed = cause == Cause::Maintenance;
            assert_eq!(
                text.contains("is not available"),
                error.cause.status() == 503 && !is_closed,
                "{cause:?}"
            );
            assert_eq!(text.contains("Down for maintenance"), is_closed, "{cause:?}");
        }
    }
}

#[test]
fn the_page_shows_which_hop_failed() {
    let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
    for (cause, edge, origin) in [
        (BAD, ("ok", "Working"), ("bad", "Connection failed")),
        (LATE, ("ok", "Working"), ("late", "Took too long")),
        (Cause::Failure(Failure::EdgeRefused), ("ok", "Working"), ("bad", "Could not be reached")),
        (Cause::Maintenance, ("ok", "Working"), ("idle", "Under maintenance")),
        (Cause::Failure(Failure::Loop), ("bad", "Not set up correctly"), ("idle", "Not asked")),
        (Cause::Failure(Failure::Configuration), ("bad", "Not set up correctly"), ("idle", "Not asked")),
        (Cause::Failure(Failure::Internal), ("bad", "Ran into an error"), ("idle", "")),
    ] {
        let html = body(page(cause, &get, &brand), Form::Html);
        let hops: Vec<_> = html.split("<li class=\"").skip(1).collect();
        assert_eq!(hops.len(), 3);
        assert!(hops[0].starts_with("ok\"") && hops[0].contains("Working"));
        for (hop, (class, words)) in [(hops[1], edge), (hops[2], origin)] {
            assert!(hop.starts_with(&format!("{class}\"")) && hop.contains(words), "{cause:?}");
            assert_eq!(hop.contains("class=\"state\""), !words.is_empty(), "{cause:?}");
        }
    }
}

#[test]
fn each_kind_of_fault_has_a_picture_of_its_own() {
    let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
    let mut pictures = Vec::new();
    for cause in [
        BAD,
        LATE,
        Cause::Failure(Failure::EdgeUnknownAnswer),
        Cause::Failure(Failure::CircuitOpen),
        Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR),
        Cause::Maintenance,
    ] {
        let html = body(page(cause, &get, &brand), Form::Html);
        let picture =
            html.split("<li ").nth(3).unwrap().split_once("<svg").unwrap().1.split_once("</svg>").unwrap().0;
        assert!(!pictures.contains(&picture.to_owned()), "{cause:?}");
        pictures.push(picture.to_owned());
    }
}

#[test]
fn the_maintenance_page_names_its_end_if_that_is_known() {
    let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
    let until = Some(Timestamp::from_millis(1_767_330_000_000));
    let closed = ErrorPage { until, ..page(Cause::Maintenance, &get, &brand) };
    assert!(
        body(closed, Form::Html).contains(
            "Expected back: <time datetime=\"2026-01-02T05:00:00Z\">2026-01-02 05:00:00 UTC</time>"
        )
    );
    assert!(body(closed, Form::Text).contains("\nExpected back: 2026-01-02 05:00:00 UTC\n"));
    for form in [Form::Html, Form::Text] {
        assert!(!body(page(Cause::Maintenance, &get, &brand), form).contains("Expected back"));
    }
}

#[test]
fn the_page_fits_in_the_first_round_trip_and_asks_for_nothing() {
    // What escaping makes longest, as long as it is shown; a brand and an accent, and half a KiB of logo.
    let url = format!("https://example.com/{}", "&".repeat(5000));
    let settings = serde_json::json!({ "page": {
        "brand": "Example", "logo": format!("data:image/png;base64,{}", "A".repeat(490)), "accent": "#802060",
        "support_url": "https://example.com/support", "status_url": "https://status.example.com/",
    }});
    let own = config::Config::from_value(&settings).unwrap().defaults.page;
    let mut largest = (0, String::new());
    for (language, look) in
        Language::all().flat_map(|language| config::Theme::ALL.map(|look| (language, look)))
    {
        let dressed = config::Page { theme: look, ..own.clone() };
        // One of each story.
        let own = Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE);
        let stories = [Failure::ConnectionLost, Failure::EdgeRefused, Failure::Loop, Failure::NoHeaderInTime];
        for cause in stories.map(Cause::Failure).into_iter().chain([own]) {
            for method in [Method::GET, Method::POST] {
                let asked = in_language(request(method, &url, &"f".repeat(5000)), language.tag());
                let html =
                    body(ErrorPage { unknown_outcome: true, ..page(cause, &asked, &dressed) }, Form::Html);
                largest = largest.max((html.len(), format!("{} {look:?} {cause:?}", language.tag())));
                for loading in [" src=\"h", "@import", "url(", " style=", " onclick"] {
                    assert!(!html.contains(loading), "{loading}");
                }
                assert!(html.matches("<h1>").count() == 1 && html.contains("<main>"));
            }
        }
    }
    assert!(largest.0 <= PAGE_LIMIT, "{largest:?}");
}

fn in_language(mut request: Request, accept: &str) -> Request {
    request.headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_bytes(accept.as_bytes()).unwrap());
    request
}

#[test]
fn every_form_speaks_the_visitors_language() {
    let brand = brand();
    for (accept, tag, direction, late) in [
        ("de-AT, en;q=0.5", "de", "ltr", "zu lange"),
        ("ar", "ar", "rtl", "خادم"),
        ("zh-TW", "zh-Hant", "ltr", "伺服器"),
        ("tlh", "en", "ltr", "taking too long"),
    ] {
        let get = in_language(request(Method::GET, "https://example.com/", "1"), accept);
        for form in [Form::Html, Form::Problem, Form::GraphQl, Form::Markdown, Form::Text] {
            let (headers, text) = page(LATE, &get, &brand).render(form);
            assert_eq!(headers["content-language"], tag);
            let words = if form == Form::GraphQl { "Example" } else { late };
            assert!(text.unwrap().contains(words), "{tag} {form:?}");
        }
        let html = body(page(LATE, &get, &brand), Form::Html);
        assert!(html.contains(&format!("<html lang=\"{tag}\" dir=\"{direction}\">")), "{tag}");
    }
}

#[test]
fn the_lead_is_the_same_whether_the_sites_name_comes_first_or_not() {
    for language in Language::all() {
        let get = in_language(request(Method::GET, "https://example.com/", "1"), language.tag());
        let text = body(page(BAD, &get, &brand()), Form::Text);
        let words = language.words();
        let sentences = [words.get(Message::ConnectionFine), &words.fill(Message::LostLead, "Example")];
        assert!(text.contains(&joined(sentences)), "{language:?}: {text}");
    }
}

#[test]
fn sentences_are_joined_as_the_language_does() {
    let brand = brand();
    let detail = |tag| {
        let get = in_language(request(Method::GET, "https://example.com/", "1"), tag);
        let problem: serde_json::Value =
            serde_json::from_str(&body(page(LATE, &get, &brand), Form::Problem)).unwrap();
        problem["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail("en").starts_with("We asked"));
    assert!(!detail("ja").contains("。 ") && detail("ja").matches('。').count() > 1);
    assert!(!detail("zh").contains("。 ") && detail("zh").matches('。').count() > 1);
}

#[test]
fn the_operators_own_words_logo_and_languages_are_used() {
    let settings = serde_json::json!({ "page": {
        "brand": "Example", "logo": "data:image/png;base64,AAAA", "languages": ["de", "en"],
        "texts": {
            "de": { "support": "Rufen Sie uns an: 0800 1234", "too-late-lead": "{site} ist <heute> langsam." },
            "en": { "support": "Call us" },
        },
        "support_url": "https://example.com/support",
    }});
    let own = config::Config::from_value(&settings).unwrap().defaults.page;
    let get = in_language(request(Method::GET, "https://example.com/", "1"), "fr");
    let html = body(page(LATE, &get, &own), Form::Html);
    assert!(html.contains("<html lang=\"de\"") && html.contains("Rufen Sie uns an: 0800 1234"));
    assert!(html.contains("<bdi>Example</bdi> ist &#60;heute&#62; langsam.") && !html.contains("Call us"));
    assert!(html.contains("<img src=\"data:image/png;base64,AAAA\" alt=\"Example\">"));
    let get = in_language(get, "en-GB");
    assert!(body(page(LATE, &get, &own), Form::Html).contains("Call us"));
}

#[test]
fn a_site_name_does_not_turn_a_sentence_around() {
    let get = in_language(request(Method::GET, "https://example.com/", "1"), "ar");
    let html = body(page(LATE, &get, &brand()), Form::Html);
    let lead = html.split_once("<p class=\"lead\">").unwrap().1.split_once("</p>").unwrap().0;
    assert!(lead.contains("<bdi>Example</bdi>"), "{lead}");
}

#[test]
fn a_page_written_beforehand_shows_nothing_that_it_cannot_know() {
    let (get, brand) = (request(Method::GET, "https://www.other.example/", "::RAY_ID::"), brand());
    for (occasion, has_status) in [(Occasion::Later, true), (Occasion::AnyStatusLater, false)] {
        let error = ErrorPage { occasion, ..page(LATE, &get, &brand) };
        let (html, text) = (body(error, Form::Html), body(error, Form::Text));
        assert!(!html.contains("<time") && html.contains("::RAY_ID::"));
        for text in [&html, &text] {
            assert!(!text.contains("Time:") && !text.contains("other.example"), "{text}");
            assert_eq!(text.contains("504"), has_status, "{text}");
        }
        assert_eq!(html.contains("id=\"return\"") && html.contains("href=\"\""), has_status);
        assert!(!body(error, Form::Problem).contains("\"at\""));
    }
}

#[test]
fn what_the_page_has_inline_is_what_its_policy_allows() {
    let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
    let (headers, body) = page(LATE, &get, &brand).render(Form::Html);
    let (html, policy) = (body.unwrap(), headers["content-security-policy"].to_str().unwrap());
    for kind in ["style", "script"] {
        let (_, inside) = html.split_once(&format!("<{kind}>")).unwrap();
        let (inside, rest) = inside.split_once(&format!("</{kind}>")).unwrap();
        let hash = STANDARD.encode(Sha256::digest(inside));
        assert!(policy.contains(&format!("{kind}-src 'sha256-{hash}';")), "{policy}");
        assert!(!rest.contains(&format!("<{kind}")), "one is enough");
    }
}

#[test]
fn only_a_get_is_offered_again() {
    let brand = brand();
    for (method, offered) in [("GET", true), ("POST", false), ("OPTIONS", false), ("PUT", false)] {
        let request = request(method.parse().unwrap(), "https://example.com/", "1");
        let html = body(page(LATE, &request, &brand), Form::Html);
        assert_eq!(html.contains("<a class=\"button\" href=\"\">Try again</a>"), offered, "{method}");
        assert_eq!(html.contains("id=\"return\""), offered, "{method}");
    }
}

#[test]
fn after_an_unsafe_method_the_outcome_is_told() {
    let brand = brand();
    let own = Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE);
    let refused = Cause::Failure(Failure::EdgeRefused);
    for (method, cause, unknown_outcome, word, sentence) in [
        ("POST", LATE, true, Some("unknown"), "may have been processed"),
        ("POST", refused, false, Some("not_processed"), "was not processed"),
        ("POST", Cause::Maintenance, false, Some("not_processed"), "was not processed"),
        ("DELETE", refused, false, Some("not_processed"), "was not processed"),
        ("POST", own, false, Some("unknown"), "may have been processed"),
        ("POST", Cause::Failure(Failure::Internal), false, Some("unknown"), "may have been processed"),
        ("GET", Cause::Failure(Failure::Internal), false, None, "processed"),
        ("GET", LATE, true, None, "processed"),
        ("HACK", LATE, true, Some("unknown"), "may have been processed"),
    ] {
        let request = request(method.parse().unwrap(), "https://example.com/", "1");
        let error = ErrorPage { unknown_outcome, ..page(cause, &request, &brand) };
        let problem: serde_json::Value = serde_json::from_str(&body(error, Form::Problem)).unwrap();
        assert_eq!(problem["outcome"].as_str(), word, "{method} {cause:?}");
        for form in [Form::Html, Form::Problem, Form::Markdown, Form::Text] {
            assert_eq!(body(error, form).contains(sentence), word.is_some(), "{method} {cause:?}");
        }
        for form in FORMS {
            let field = error.render(form).0.get(OUTCOME).cloned();
            assert_eq!(field.as_ref().map(|word| word.to_str().unwrap()), word, "{method} {form:?}");
        }
    }
}

#[test]
fn a_program_gets_a_problem_document() {
    // RFC 9457 §3.1
    let (post, brand) = (request(Method::POST, "https://example.com/a?token=secret", "8f2a-LHR"), brand());
    let error = ErrorPage { unknown_outcome: true, ..page(LATE, &post, &brand) };
    let (headers, body) = error.render(Form::Problem);
    assert_eq!(headers["content-type"], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&body.unwrap()).unwrap();
    assert_eq!(problem["type"], "urn:holdfast:problem:http_response_timeout");
    assert_eq!(problem["title"], "Our server is taking too long");
    assert_eq!(problem["status"], 504);
    assert_eq!(problem["instance"], "urn:holdfast:request:8f2a-LHR");
    assert_eq!(problem["error"], "http_response_timeout");
    assert_eq!(problem["retry_after"], 10);
    assert_eq!(problem["request_id"], "8f2a-LHR");
    assert_eq!(problem["at"], "2026-01-02T03:04:05Z");
    assert_eq!((&problem["cause"], &problem["side"]), (&"no_header_in_time".into(), &"origin".into()));
    assert_eq!(problem["retryable"], false);
    assert_eq!(problem["documentation"], "https://www.rfc-editor.org/rfc/rfc9209#section-2.3.26");

    let own = page(Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE), &post, &brand);
    let problem: serde_json::Value = serde_json::from_str(&self::body(own, Form::Problem)).unwrap();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], "Service Unavailable");
    assert_eq!(problem.get("error"), None);

    let closed = page(Cause::Maintenance, &post, &brand);
    let problem: serde_json::Value = serde_json::from_str(&self::body(closed, Form::Problem)).unwrap();
    assert_eq!(problem["type"], "urn:holdfast:problem:maintenance");
    assert_eq!(problem["title"], "Down for maintenance");
    assert_eq!((&problem["status"], problem.get("error")), (&503.into(), None));
}

#[test]
fn a_program_learns_whether_the_same_request_may_be_sent_again() {
    let brand = brand();
    let own = |status| Cause::OriginStatus(StatusCode::from_u16(status).unwrap());
    for (method, cause, unknown_outcome, is_retryable) in [
        ("GET", LATE, true, true),
        ("GET", BAD, false, true),
        ("GET", own(502), true, true),
        ("GET", Cause::Maintenance, false, true),
        // It fails in the same way again, as far as anybody knows.
        ("GET", own(500), true, false),
        ("GET", Cause::Failure(Failure::Loop), false, false),
        ("GET", Cause::Failure(Failure::Configuration), false, false),
        ("GET", Cause::Failure(Failure::Internal), false, false),
        ("GET", Cause::Failure(Failure::UpgradeRefused), false, false),
        // It may have had an effect, and twice is not once.
        ("POST", LATE, true, false),
        ("PATCH", own(503), true, false),
        ("POST", LATE, false, true),
        ("PUT", LATE, true, true),
        ("DELETE", own(503), true, true),
    ] {
        let request = request(method.parse().unwrap(), "https://example.com/", "1");
        let error = ErrorPage { unknown_outcome, ..page(cause, &request, &brand) };
        let problem: serde_json::Value = serde_json::from_str(&body(error, Form::Problem)).unwrap();
        assert_eq!(problem["retryable"], is_retryable, "{method} {cause:?}");
        let line = format!("\n- retryable: {is_retryable}\n");
        assert!(body(error, Form::Markdown).contains(&line), "{method} {cause:?}");
    }
}

#[test]
fn a_program_is_told_nothing_about_a_connection_of_its_own() {
    let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
    for cause in causes() {
        let error = page(cause, &get, &brand);
        for form in [Form::Problem, Form::GraphQl, Form::Markdown] {
            assert!(!body(error, form).contains("connection is fine"), "{cause:?} {form:?}");
        }
        let message = &error.render(Form::Grpc).0["grpc-message"];
        assert!(!message.to_str().unwrap().contains("connection is fine"), "{cause:?}");
    }
    assert!(body(page(BAD, &get, &brand), Form::Html).contains("connection is fine"));
}

#[test]
fn an_agent_gets_markdown() {
    let (post, brand) = (request(Method::POST, "https://example.com/a_b?c", "8f2a-LHR"), brand());
    let error = ErrorPage { unknown_outcome: true, ..page(LATE, &post, &brand) };
    let (headers, body) = error.render(Form::Markdown);
    assert_eq!(headers["content-type"], "text/markdown; charset=utf-8");
    assert_eq!(
        body.unwrap(),
        "# 504 Gateway Timeout: Our server is taking too long\n\
         \n\
         We asked the server of Example and waited, but a whole answer did not come in time.\n\
         Your request may have been processed all the same. Please check before you send it again, or it could be done twice.\n\
         The site may be back in a moment.\n\
         \n\
         - error: http_response_timeout\n\
         - cause: no_header_in_time\n\
         - side: origin\n\
         - retryable: false\n\
         - retry_after: 10 seconds\n\
         - outcome: unknown\n\
         - request_id: 8f2a-LHR\n\
         - at: 2026-01-02T03:04:05Z\n\
         - address: `example.com/a_b`\n\
         - documentation: <https://www.rfc-editor.org/rfc/rfc9209#section-2.3.26>\n\
         - Get help: <https://example.com/support>\n\
         - Service status: <https://status.example.com/>\n"
    );
}

#[test]
fn a_request_cannot_write_markdown() {
    let hostile = config::Page { brand: Some("**Ex** [a](b)".to_owned()), ..config::Page::default() };
    for (url, page_settings) in [
        ("https://e*x*.example/`a`/[b](c)", &config::Page::default()),
        ("https://example.com/*a*_b_", &hostile),
        ("https://shop.example/(http://evil.example)", &config::Page::default()),
    ] {
        let get = request(Method::GET, url, "`1`[x](y)");
        let text = body(page(BAD, &get, page_settings), Form::Markdown);
        // The address is code: nothing in it is markup or becomes a link.
        let (before, rest) = text.split_once("\n- address: `").unwrap();
        let (address, after) = rest.split_once("`\n").unwrap();
        assert!(!address.contains('`') && address.contains("example"), "{address}");
        for markup in ["**Ex**", "[a](b)", "[b](c)", "[x](y)", " `1`", "e*x*", "://evil"] {
            assert!(!before.contains(markup) && !after.contains(markup), "{markup} in {text}");
        }
    }
}

#[test]
fn a_terminal_gets_a_few_lines() {
    let (get, brand) = (request(Method::GET, "https://example.com/a?b", "8f2a-LHR"), brand());
    let text = body(page(LATE, &get, &brand), Form::Text);
    assert_eq!(
        text,
        "504 Gateway Timeout: Our server is taking too long\n\
         \n\
         Sorry! This is not your fault, and your connection is fine. We asked the server of Example and waited, but a \
         whole answer did not come in time.\n\
         Please try again in a moment.\n\
         \n\
         Get help: https://example.com/support\n\
         Service status: https://status.example.com/\n\
         Request: 8f2a-LHR\n\
         Time: 2026-01-02 03:04:05 UTC\n\
         Address: example.com/a\n"
    );
    let plain = body(page(LATE, &get, &config::Page::default()), Form::Text);
    assert!(plain.contains("of example.com and") && !plain.contains("help:") && !plain.contains("status:"));
}

#[test]
fn queries_passwords_and_internals_stay_out() {
    let (get, brand) =
        (request(Method::GET, "https://me:secret@example.com/a?token=secret", "1"), config::Page::default());
    for cause in causes() {
        for form in [Form::Html, Form::Problem, Form::Markdown, Form::Text] {
            let text = body(page(cause, &get, &brand), form);
            // The name of a request field, the same in every deployment, is all that the script tells.
            let text = text.replace("\"Holdfast-Attempt\"", "");
            for internal in ["secret", "token", "Holdfast", "workerd", "origin.example"] {
                assert!(!text.contains(internal), "{internal} {form:?}");
            }
        }
    }
}

#[test]
fn a_link_is_never_a_script() {
    let get = request(Method::GET, "https://example.com/", "1");
    let hostile = config::Page {
        logo: Some("javascript:alert(1)".to_owned()),
        support_url: Some("javascript:alert(1)".to_owned()),
        status_url: Some("https://a/\"><script>alert(1)</script>".to_owned()),
        ..config::Page::default()
    };
    let html = body(page(LATE, &get, &hostile), Form::Html);
    assert!(!html.contains("javascript:") && !html.contains("<script>alert"));
    assert!(html.contains("href=\"https://a/&#34;&#62;&#60;script"));
}
