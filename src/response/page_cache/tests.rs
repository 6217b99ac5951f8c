//! A page from the cache reads as if it had been rendered for the request.

use super::*;
use crate::config::OwnText;
use crate::language::{Language, Message};
use crate::origin::failure::{Failure, TABLE};
use crate::request::{Request, Target};
use crate::response::error::{Cause, ErrorPage, Occasion};
use crate::time::Timestamp;
use http::{HeaderValue, Method, StatusCode};
use proptest::prelude::*;
use std::time::Duration;

const FORMS: [Form; 7] =
    [Form::Html, Form::Problem, Form::GraphQl, Form::Markdown, Form::Text, Form::Grpc, Form::Empty];
const DOWN: Cause = Cause::Failure(Failure::CircuitOpen);

fn causes() -> impl Iterator<Item = Cause> {
    let own = [500, 502, 503, 504].map(|status| Cause::OriginStatus(StatusCode::from_u16(status).unwrap()));
    TABLE.iter().map(|row| Cause::Failure(row.failure)).chain(own).chain([Cause::Maintenance])
}

fn request(method: Method, url: &str, id: &str, language: &str) -> Request {
    let language = HeaderValue::from_bytes(language.as_bytes());
    let headers = HeaderMap::from_iter(language.map(|value| (http::header::ACCEPT_LANGUAGE, value)));
    Request { method, target: Target::parse(url).unwrap(), headers, has_body: false, id: id.to_owned() }
}

/// Requests that one cached page serves, of which no two have a byte in common where they can choose.
fn alike(method: Method, language: &str) -> [Request; 4] {
    let hostile = "<script>alert(1)</script>\"'>&amp;\\u0000\r\nA: b\u{1b}\u{202e}\0\u{fdd0}{site}";
    let long = "ü%".repeat(200);
    [
        request(method.clone(), "https://a.example/", "1/1", language),
        request(
            method.clone(),
            &format!("https://{hostile}/{hostile}"),
            hostile,
            &format!("{language}, <i>"),
        ),
        request(method.clone(), &format!("https://{long}/{long}"), &long, &format!("{language};q=0.9")),
        request(method, "https://me:secret@b.example:81/\u{fdd4}/'", "\u{fdd5}'\\", language),
    ]
}

fn error<'a>(cause: Cause, request: &'a Request, page: &'a Page, number: u64) -> ErrorPage<'a> {
    ErrorPage {
        cause,
        request,
        page,
        occasion: Occasion::At(Timestamp::from_millis(1_767_323_045_678 + number * 1_234_567_890)),
        retry_after: Some(Duration::from_secs(2 + number)),
        unknown_outcome: false,
        until: None,
    }
}

fn clear() {
    PAGES.with_borrow_mut(Vec::clear);
}

fn count() -> usize {
    PAGES.with_borrow(Vec::len)
}

/// `error` as it is rendered without the cache.
fn fresh(error: ErrorPage<'_>, form: Form) -> (HeaderMap, Option<String>) {
    clear();
    error.render(form)
}

fn pages() -> [Page; 3] {
    let own = OwnText {
        language: Language::ENGLISH,
        message: Message::TooLateLead,
        text: "<b>{site}</b> & \"co\" is slow.".to_owned(),
    };
    [
        Page::default(),
        Page {
            brand: Some("Ex & \"Sons\" <b>".to_owned()),
            support_url: Some("https://example.com/?a=1&b='2'".to_owned()),
            ..Page::default()
        },
        Page { logo: Some("data:image/svg+xml,%3Csvg/>".to_owned()), texts: vec![own], ..Page::default() },
    ]
}

/// Whether the second and all further errors come from the cache, and read as they would without it.
fn come_out_the_same(requests: &[Request], cause: Cause, page: &Page, form: Form) {
    let errors = || (0..).zip(requests).map(|(number, request)| error(cause, request, page, number));
    let without: Vec<_> = errors().map(|error| fresh(error, form)).collect();
    clear();
    let with: Vec<_> = errors().map(|error| error.render(form)).collect();
    assert_eq!(count(), usize::from(!matches!(form, Form::Grpc | Form::Empty)), "{cause:?} {form:?}");
    assert_eq!(with, without, "{cause:?} {form:?}");
}

#[test]
fn what_is_filled_in_comes_out_as_if_it_were_written_anew() {
    for page in pages() {
        for form in FORMS {
            for cause in causes() {
                for method in [Method::GET, Method::POST] {
                    come_out_the_same(&alike(method, "en"), cause, &page, form);
                }
            }
            for language in Language::all() {
                come_out_the_same(&alike(Method::GET, language.tag()), DOWN, &page, form);
            }
        }
    }
}

#[test]
fn a_cached_page_has_nothing_of_a_request() {
    for form in FORMS {
        clear();
        let url = "https://TRACE.example/TRACE";
        let request = request(Method::GET, url, "TRACE", "en, x-TRACE");
        let page = Page::default();
        for number in 0..2 {
            error(DOWN, &request, &page, number).render(form);
        }
        PAGES.with_borrow(|pages| {
            for cached in pages {
                let seen = format!("{}{:?}{:?}", cached.text, cached.headers, cached.kind);
                for trace in ["TRACE", "trace", "2026", "retry-after"] {
                    assert!(!seen.contains(trace), "{form:?} {trace}");
                }
            }
        });
    }
}

#[test]
fn what_differs_in_more_than_slots_is_cached_apart() {
    let page = Page::default();
    let requests = [
        request(Method::GET, "https://a/", "1", "en"),
        request(Method::HEAD, "https://a/", "1", "en"),
        request(Method::POST, "https://a/", "1", "en"),
        request(Method::OPTIONS, "https://a/", "", "de"),
        request(Method::GET, "https://a/graphql", "/", "de"),
    ];
    let mut all = Vec::new();
    for request in &requests {
        for cause in [DOWN, Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR)] {
            for unknown_outcome in [false, true] {
                for occasion in
                    [Occasion::At(Timestamp::from_millis(0)), Occasion::Later, Occasion::AnyStatusLater]
                {
                    for retry_after in [None, Some(Duration::ZERO), Some(Duration::from_secs(3600))] {
                        let (page, until) = (&page, retry_after.map(|_| Timestamp::from_millis(86_400_000)));
                        all.push(ErrorPage {
                            cause,
                            request,
                            page,
                            occasion,
                            retry_after,
                            unknown_outcome,
                            until,
                        });
                    }
                }
            }
        }
    }
    for form in FORMS {
        let without: Vec<_> = all.iter().map(|error| fresh(*error, form)).collect();
        // Twice: the cache stays within its bound, and in the second round some pages come from it.
        for round in 0..2 {
            for (error, without) in all.iter().zip(&without) {
                assert_eq!(&error.render(form), without, "{form:?} {round} {error:?}");
                assert!(count() <= MOST_PAGES);
            }
        }
    }
}

#[test]
fn a_setting_that_changes_the_page_changes_what_is_filled_in() {
    let request = request(Method::GET, "https://a/", "1", "en");
    for form in FORMS {
        let without = pages().map(|page| fresh(error(DOWN, &request, &page, 0), form));
        clear();
        for _ in 0..2 {
            assert_eq!(pages().map(|page| error(DOWN, &request, &page, 0).render(form)), without);
        }
    }
}

#[test]
fn a_text_with_marks_in_it_is_written_each_time() {
    let page = Page { brand: Some("\u{fdd4}".to_owned()), ..Page::default() };
    let request = request(Method::GET, "https://a/", "1", "en");
    for form in FORMS {
        clear();
        let (_, text) = error(DOWN, &request, &page, 0).render(form);
        assert_eq!(count(), 0, "{form:?}");
        assert_eq!(
            text.is_some_and(|text| text.contains('\u{fdd4}')),
            !matches!(form, Form::Grpc | Form::Empty)
        );
    }
}

#[test]
fn the_pages_used_last_stay_cached() {
    clear();
    let (page, [first, ..]) = (Page::default(), alike(Method::GET, "en"));
    let languages = Language::all().flat_map(|language| {
        [Form::Html, Form::Text].map(|form| (request(Method::GET, "https://a/", "1", language.tag()), form))
    });
    for (other, form) in languages {
        error(DOWN, &first, &page, 0).render(Form::Problem);
        error(DOWN, &other, &page, 0).render(form);
    }
    assert_eq!(count(), MOST_PAGES);
    assert!(PAGES.with_borrow(|pages| pages.iter().any(|cached| cached.kind.form == Form::Problem)));
}

proptest! {
    #[test]
    fn no_request_shows_that_there_was_one_before(
        hosts in ["[^/?#]{1,20}", "[^/?#]{1,20}"], path in ".{0,40}", ids in [".{0,20}", ".{0,20}"], form in 0..FORMS.len(),
    ) {
        let page = Page::default();
        let requests: Vec<_> = hosts
            .iter()
            .zip(&ids)
            .map(|(host, id)| request(Method::GET, &format!("https://{host}/{path}"), id, "en"))
            .collect();
        let errors = || (0..).zip(&requests).map(|(number, request)| error(DOWN, request, &page, number));
        let without: Vec<_> = errors().map(|error| fresh(error, FORMS[form])).collect();
        clear();
        let with: Vec<_> = errors().map(|error| error.render(FORMS[form])).collect();
        prop_assert_eq!(with, without);
    }
}
