use super::super::entry::test::{fields, seconds, stored};
use super::*;
use crate::config::{LastGood, Pattern, Share};
use Decision::{Leave as Stay, Remove, Write};
use http::{HeaderValue, StatusCode};
use proptest::prelude::*;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;
const TEXT: (&str, &str) = ("content-type", "text/plain; charset=utf-8");
const HTML: (&str, &str) = ("content-type", "text/html");

fn cc(text: &str) -> (&str, &str) {
    ("cache-control", text)
}

/// An answer that came at `seconds(0)`.
fn answer(status: u16, length: u64, headers: &[(&str, &str)]) -> Stored {
    Stored {
        status: StatusCode::from_u16(status).unwrap(),
        length: Some(length),
        ..stored(&[&[TEXT][..], headers].concat())
    }
}

/// A copy of 1,000 bytes.
fn kept(headers: &[(&str, &str)]) -> Stored {
    answer(200, 1000, headers)
}

/// What `new` means for `old` so many seconds after that was kept; bodies are equal if their lengths are.
fn after(age: u64, new: &Stored, old: &Stored) -> Decision {
    decide(new, new.length == old.length, Some(old), &LastGood::default(), seconds(age))
}

fn first(new: &Stored) -> Decision {
    decide(new, false, None, &LastGood::default(), seconds(0))
}

#[test]
fn only_paths_that_the_operator_named_are_kept_and_no_queries() {
    let paths = ["/robots.txt", "/feeds/*"].map(Pattern::new).to_vec();
    let settings = LastGood { paths, ..LastGood::default() };
    for (method, url, expected) in [
        ("GET", "https://example.com/robots.txt", Some("kept/1/https/example.com/robots.txt")),
        ("HEAD", "http://example.com:8080/robots.txt#a", Some("kept/1/http/example.com:8080/robots.txt")),
        ("GET", "https://example.com/feeds/a/b%20c", Some("kept/1/https/example.com/feeds/a/b%20c")),
        ("GET", "https://example.com/robots.txt?", None),
        ("GET", "https://example.com/feeds/a?page=1", None),
        ("GET", "https://example.com/", None),
        ("GET", "https://example.com/a/robots.txt", None),
        ("GET", "https://example.com/ROBOTS.TXT", None),
        ("POST", "https://example.com/robots.txt", None),
        ("get", "https://example.com/robots.txt", None),
    ] {
        let name = name(&Request::bare(method, url), &settings);
        assert_eq!(name.as_ref().map(Name::as_str), expected, "{method} {url}");
    }
    let nothing = LastGood { paths: Vec::new(), ..LastGood::default() };
    assert_eq!(name(&Request::bare("GET", "https://example.com/robots.txt"), &nothing), None);
}

#[test]
fn a_name_that_kv_would_not_take_is_none() {
    let settings = LastGood { paths: vec![Pattern::new("*")], ..LastGood::default() };
    let of = |length: usize| {
        let url = format!("https://example.com/{}", "a".repeat(length));
        name(&Request::bare("GET", &url), &settings).map(|name| name.as_str().len())
    };
    assert_eq!((of(487), of(488)), (Some(512), None));
}

#[test]
fn the_first_good_answer_is_kept() {
    for (new, expected) in [
        (answer(200, 10, &[]), Write),
        (answer(200, 0, &[]), Write),
        (answer(200, 10, &[cc("max-age=60, stale-if-error=5")]), Write),
        (answer(200, 10, &[("cdn-cache-control", "max-age=60"), cc("no-store, private")]), Write), // RFC 9213
        (answer(200, 10, &[cc("max-age=60, no-store, must-understand")]), Write), // RFC 9111 §5.2.2.3
        (answer(404, 10, &[]), Stay(NotReplaced::NothingToReplace)),
        (answer(410, 10, &[]), Stay(NotReplaced::NothingToReplace)),
        (answer(301, 0, &[]), Stay(NotReplaced::Redirected)),
        (answer(302, 0, &[]), Stay(NotReplaced::Redirected)),
        (answer(203, 10, &[]), Stay(NotReplaced::NotGood)),
        (answer(204, 0, &[]), Stay(NotReplaced::NotGood)),
        (answer(206, 10, &[]), Stay(NotReplaced::NotGood)),
        (answer(403, 10, &[]), Stay(NotReplaced::NotGood)),
        (answer(503, 10, &[]), Stay(NotReplaced::NotGood)),
        (answer(200, 10, &[cc("no-cache")]), Stay(NotReplaced::Forbids)),
        (answer(200, 10, &[cc("s-maxage=60")]), Stay(NotReplaced::Forbids)),
        (answer(200, 10, &[cc("max-age=60, stale-if-error=0")]), Stay(NotReplaced::Forbids)),
        (answer(200, 10, &[cc("private")]), Stay(NotReplaced::NotForAll)),
        (answer(200, 10, &[cc("no-store")]), Stay(NotReplaced::NotForAll)),
        (answer(200, 10, &[("set-cookie", "a=b")]), Stay(NotReplaced::NotForAll)),
        (answer(200, 10, &[("vary", "*")]), Stay(NotReplaced::NotForAll)),
        (Stored { length: None, ..kept(&[]) }, Stay(NotReplaced::LengthUnknown)),
    ] {
        assert_eq!(first(&new), expected, "{new:?}");
    }
}

#[test]
fn a_copy_is_written_anew_when_it_changes_and_seldom_otherwise() {
    let changed = answer(200, 999, &[]);
    for (age, new, expected) in [
        (0, &changed, Stay(NotReplaced::TooSoon)),
        (HOUR - 1, &changed, Stay(NotReplaced::TooSoon)),
        (HOUR, &changed, Write),
        (0, &kept(&[]), Stay(NotReplaced::Unchanged)),
        (15 * DAY, &kept(&[]), Stay(NotReplaced::Unchanged)),
        (15 * DAY + 1, &kept(&[]), Write),
        (31 * DAY, &kept(&[]), Write),
        (HOUR, &Stored { length: None, ..kept(&[]) }, Stay(NotReplaced::LengthUnknown)),
    ] {
        assert_eq!(after(age, new, &kept(&[])), expected, "{age} {new:?}");
    }
    // Past half of its time, a copy is still written at most once in the interval.
    let day = Duration::from_secs(DAY);
    let settings = LastGood { interval: day, max_age: day, ..LastGood::default() };
    let at = |age| decide(&kept(&[]), true, Some(&kept(&[])), &settings, seconds(age));
    assert_eq!((at(DAY - 1), at(DAY)), (Stay(NotReplaced::TooSoon), Write));
}

#[test]
fn what_decides_how_a_copy_is_used_is_part_of_it() {
    let old = kept(&[]);
    for (field, expected) in [
        (("content-encoding", "br"), Write),
        (("content-language", "de"), Write),
        (("cache-control", "max-age=60"), Write),
        (("cdn-cache-control", "max-age=60"), Write),
        (("cloudflare-cdn-cache-control", "max-age=60"), Write),
        (("vary", "accept"), Write),
        (("link", "</a.css>; rel=preload"), Write),
        (("etag", "\"a\""), Stay(NotReplaced::Unchanged)),
        (("date", "Sun, 06 Nov 1994 08:49:37 GMT"), Stay(NotReplaced::Unchanged)),
        (("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"), Stay(NotReplaced::Unchanged)),
        (("age", "5"), Stay(NotReplaced::Unchanged)),
    ] {
        assert_eq!(after(HOUR, &kept(&[field]), &old), expected, "{field:?}");
        assert_eq!(after(HOUR, &old, &kept(&[field])), expected, "without {field:?}");
    }
    let selected_by = vec![("accept".parse().unwrap(), "=a".to_owned())];
    assert_eq!(after(HOUR, &Stored { selected_by, ..kept(&[]) }, &old), Write);
    assert_eq!(decide(&old, false, Some(&old), &LastGood::default(), seconds(HOUR)), Write);
}

#[test]
fn a_200_that_is_suddenly_short_or_of_another_type_is_not_believed_for_half_the_time() {
    let page = |length, headers: &[(&str, &str)]| Stored { length: Some(length), ..stored(headers) };
    let old = kept(&[]);
    for (new, expected) in [
        (page(100, &[TEXT]), Write),
        (page(99, &[TEXT]), Stay(NotReplaced::Doubtful(Doubt::Shrunk))),
        (page(0, &[TEXT]), Stay(NotReplaced::Doubtful(Doubt::Shrunk))),
        (page(999, &[("content-type", "TEXT/Plain")]), Write),
        (page(999, &[HTML]), Stay(NotReplaced::Doubtful(Doubt::Retyped))),
        (page(999, &[]), Stay(NotReplaced::Doubtful(Doubt::Retyped))),
        (page(999, &[("content-type", "")]), Stay(NotReplaced::Doubtful(Doubt::Retyped))),
        (page(999, &[TEXT, HTML]), Stay(NotReplaced::Doubtful(Doubt::Retyped))),
        // The page for "we are working on it" must not take the copy along that it is there for.
        (page(99, &[TEXT, cc("no-cache")]), Stay(NotReplaced::Doubtful(Doubt::Shrunk))),
        (page(999, &[HTML, cc("no-store")]), Stay(NotReplaced::Doubtful(Doubt::Retyped))),
        (page(999, &[HTML, ("set-cookie", "a=b")]), Stay(NotReplaced::Doubtful(Doubt::Retyped))),
    ] {
        for age in [0, HOUR, 15 * DAY] {
            let expected = if expected == Write && age == 0 { Stay(NotReplaced::TooSoon) } else { expected };
            assert_eq!(after(age, &new, &old), expected, "{age} {new:?}");
        }
        let late = after(15 * DAY + 1, &new, &old);
        assert!(!matches!(late, Stay(NotReplaced::Doubtful(_))), "{new:?}");
    }
    assert_eq!(after(15 * DAY + 1, &page(0, &[HTML]), &old), Write);
    assert_eq!(after(HOUR, &page(999, &[HTML]), &page(1000, &[])), Write);
    assert_eq!(after(HOUR, &page(0, &[TEXT]), &page(0, &[TEXT, cc("max-age=1")])), Write);
    // Of five bytes a tenth is none, and none of five is none all the same.
    assert_eq!(after(HOUR, &page(0, &[TEXT]), &page(5, &[TEXT])), Stay(NotReplaced::Doubtful(Doubt::Shrunk)));
}

#[test]
fn the_check_for_short_bodies_can_be_switched_off() {
    let settings = LastGood { shrink: Share::ZERO, ..LastGood::default() };
    let decide = |new: &Stored| decide(new, false, Some(&kept(&[])), &settings, seconds(HOUR));
    assert_eq!(decide(&answer(200, 0, &[])), Write);
    assert_eq!(
        decide(&Stored { headers: fields(&[HTML]).into(), ..kept(&[]) }),
        Stay(NotReplaced::Doubtful(Doubt::Retyped))
    );
}

#[test]
fn a_page_that_is_gone_is_gone_from_what_is_kept() {
    for status in [404, 410] {
        let gone = |headers: &[(&str, &str)]| Stored {
            status: StatusCode::from_u16(status).unwrap(),
            length: Some(0),
            ..stored(headers)
        };
        for (new, soon, later) in [
            (gone(&[HTML]), Stay(NotReplaced::TooSoon), Write),
            (gone(&[HTML, ("set-cookie", "a=b")]), Stay(NotReplaced::TooSoon), Remove),
            (Stored { length: None, ..gone(&[]) }, Stay(NotReplaced::TooSoon), Remove),
            (gone(&[cc("no-cache")]), Write, Write),
            (gone(&[cc("no-cache, private")]), Remove, Remove),
            (gone(&[cc("no-store")]), Remove, Remove),
            (gone(&[("vary", "*")]), Remove, Remove),
        ] {
            assert_eq!(after(HOUR - 1, &new, &kept(&[])), soon, "{new:?}");
            assert_eq!(after(HOUR, &new, &kept(&[])), later, "{new:?}");
        }
        // It comes back without doubts, and stays gone without being written again and again.
        assert_eq!(after(HOUR, &answer(200, 1, &[]), &gone(&[HTML])), Write);
        assert_eq!(after(HOUR, &gone(&[HTML]), &gone(&[HTML])), Stay(NotReplaced::Unchanged));
    }
}

#[test]
fn errors_and_redirects_leave_the_copy_alone() {
    for (status, why) in [
        (301, NotReplaced::Redirected),
        (302, NotReplaced::Redirected),
        (307, NotReplaced::Redirected),
        (401, NotReplaced::NotGood),
        (403, NotReplaced::NotGood),
        (429, NotReplaced::NotGood),
        (500, NotReplaced::NotGood),
        (503, NotReplaced::NotGood),
        (999, NotReplaced::NotGood),
    ] {
        for age in [0, HOUR, 16 * DAY, 31 * DAY] {
            let new = answer(status, 1000, &[cc("no-store")]);
            assert_eq!(after(age, &new, &kept(&[])), Stay(why), "{status} {age}");
        }
    }
}

#[test]
fn a_prohibition_takes_hold_at_once() {
    for (text, expected) in [
        ("no-cache", Write),
        ("max-age=60, must-revalidate", Write),
        ("max-age=60, proxy-revalidate", Write),
        ("s-maxage=60", Write),
        ("max-age=60, stale-if-error=0", Write),
        ("no-store", Remove),
        ("private", Remove),
    ] {
        let (allows, forbids) = (kept(&[]), kept(&[cc(text)]));
        assert_eq!(after(0, &forbids, &allows), expected, "{text}");
        assert!(serves(&forbids, "", 0) != Ok(()) || expected == Remove, "{text}");
    }
    // Once it has, the interval holds again: an origin of two minds does not write with every answer.
    let (allows, forbids) = (kept(&[]), kept(&[cc("no-cache")]));
    assert_eq!(after(HOUR - 1, &allows, &forbids), Stay(NotReplaced::TooSoon));
    assert_eq!(after(HOUR, &allows, &forbids), Write);
    for age in [0, HOUR, 16 * DAY] {
        assert_eq!(after(age, &forbids, &forbids), Stay(NotReplaced::Forbids));
        assert_eq!(after(age, &kept(&[cc("s-maxage=1")]), &forbids), Stay(NotReplaced::Forbids));
    }
    // What is not served needs no protection from doubtful answers.
    assert_eq!(after(HOUR, &answer(200, 1, &[]), &forbids), Write);
}

fn serves(kept: &Stored, request: &str, age: u64) -> Result<(), Refused> {
    let headers = fields(&[("cache-control", request), ("accept", "a")]);
    may_stand_in(kept, &headers, &RequestDirectives::of(&headers), &LastGood::default(), seconds(age))
}

#[test]
fn a_kept_copy_stands_in_until_it_is_too_old() {
    for (response, request, age, expected) in [
        ("", "", 30 * DAY, Ok(())),
        ("", "", 30 * DAY + 1, Err(Refused::TooOld)),
        ("max-age=60", "", 30 * DAY, Ok(())),
        // The operator's agreement holds in place of the response's window, longer or shorter.
        ("max-age=60, stale-if-error=5", "", 30 * DAY, Ok(())),
        ("max-age=60, stale-if-error=31536000", "", 30 * DAY + 1, Err(Refused::TooOld)),
        ("", "max-age=0", DAY, Ok(())),
        ("", "no-cache", DAY, Ok(())),
        // What forbids stale use allows it within the window beside it.
        ("s-maxage=60, stale-while-revalidate=30", "", 90, Ok(())),
        ("s-maxage=60, stale-while-revalidate=30", "", 91, Err(Refused::Forbidden(Forbidden::PastWindow))),
        ("no-cache, stale-if-error=30", "", 30, Ok(())),
        ("no-cache, stale-if-error=30", "", 31, Err(Refused::Forbidden(Forbidden::PastWindow))),
        ("max-age=60", "stale-if-error=40", 100, Ok(())),
        ("max-age=60", "stale-if-error=40", 101, Err(Refused::Forbidden(Forbidden::RequestStaleIfError))),
        ("max-age=60", "stale-if-error=0", 59, Ok(())),
        ("max-age=60", "stale-if-error=0", 60, Err(Refused::Forbidden(Forbidden::RequestStaleIfError))),
    ] {
        assert_eq!(serves(&kept(&[cc(response)]), request, age), expected, "{response} | {request} | {age}");
    }
    // The age that it came with is the origin's affair; how long it has been kept is ours.
    assert_eq!(serves(&kept(&[("age", "9999999")]), "", DAY), Ok(()));
    assert_eq!(serves(&answer(404, 0, &[]), "", DAY), Ok(()));
    assert_eq!(retention(&LastGood::default()), Duration::from_secs(30 * DAY));
}

#[test]
fn what_the_origin_forbids_stays_forbidden() {
    // RFC 9111 §4.2.4; fresh or not, since nobody can validate it
    for (text, forbidden) in [
        ("max-age=60, no-cache", Forbidden::NoCache),
        ("max-age=60, must-revalidate", Forbidden::MustRevalidate),
        ("max-age=60, proxy-revalidate", Forbidden::ProxyRevalidate),
        ("s-maxage=60", Forbidden::SMaxage),
        ("no-cache, stale-while-revalidate=500", Forbidden::NoCache),
        ("max-age=60, stale-if-error=0", Forbidden::StaleIfErrorZero),
        ("max-age=60, stale-if-error=soon", Forbidden::StaleIfErrorZero),
    ] {
        for age in [0, 61] {
            assert_eq!(serves(&kept(&[cc(text)]), "", age), Err(Refused::Forbidden(forbidden)), "{text}");
        }
    }
    // RFC 9213 §2.2: the way out that the log advises.
    let both = [cc("no-cache"), ("cdn-cache-control", "max-age=0, stale-if-error=60")];
    assert_eq!(serves(&kept(&both), "", DAY), Ok(()));
}

#[test]
fn a_kept_copy_answers_only_requests_that_select_it() {
    // RFC 9111 §4.1
    let mut copy = kept(&[("vary", "accept")]);
    assert_eq!(serves(&copy, "", 0), Err(Refused::OtherVariant));
    copy.selected_by = vec![("accept".parse().unwrap(), "=a".to_owned())];
    assert_eq!(serves(&copy, "", 0), Ok(()));
    copy.selected_by = vec![("accept".parse().unwrap(), "=b".to_owned())];
    assert_eq!(serves(&copy, "", 0), Err(Refused::OtherVariant));
    assert_eq!(serves(&kept(&[("vary", "*")]), "", 0), Err(Refused::OtherVariant));
}

fn any_answer() -> impl Strategy<Value = Stored> {
    let names = prop::sample::select(vec![
        "cache-control",
        "cdn-cache-control",
        "content-type",
        "content-encoding",
        "vary",
        "set-cookie",
        "age",
        "expires",
        "date",
        "x",
    ]);
    let directives = "((no-cache|no-store|private|public|must-revalidate|proxy-revalidate|s-maxage|max-age|stale-if-error|stale-while-revalidate|accept|\\*|text/html)(=[0-9]{0,3}|=\"|;)?[, ]{0,2}){0,3}";
    let values =
        prop_oneof![directives.prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..20),];
    let statuses = prop_oneof![
        4 => Just(200_u16), 1 => Just(404), 1 => Just(410), 1 => 100..1000_u16
    ];
    let lines = prop::collection::vec((names, values), 0..5);
    let lengths = prop_oneof![4 => (0..1000_u64).prop_map(Some), 1 => any::<Option<u64>>()];
    (statuses, lines, lengths, any::<bool>(), any::<u64>()).prop_map(
        |(status, lines, length, keeps_time, received)| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.append(HeaderName::from_static(name), value);
                }
            }
            let received_at = if keeps_time { seconds(0) } else { Timestamp::from_millis(received) };
            Stored {
                status: StatusCode::from_u16(status).unwrap(),
                headers: headers.into(),
                length,
                received_at,
                ..stored(&[])
            }
        },
    )
}

fn any_now() -> impl Strategy<Value = Timestamp> {
    prop_oneof![4 => (0..40 * DAY).prop_map(seconds), 1 => any::<u64>().prop_map(Timestamp::from_millis)]
}

fn any_keep() -> impl Strategy<Value = LastGood> {
    (60..=365 * DAY, 60..=365 * DAY, 0..=10_000_u16).prop_map(|(one, other, shrink)| LastGood {
        interval: Duration::from_secs(one.min(other)),
        max_age: Duration::from_secs(one.max(other)),
        shrink: Share::in_10_000(shrink),
        ..LastGood::default()
    })
}

/// Whether the origin forbids that `response` is served stale, read off its fields in another way than
/// above.
fn has_prohibition(response: &Stored) -> bool {
    let said = response.headers.directives();
    let is_allowed = match (said.stale_if_error, said.stale_while_revalidate) {
        (Window::Forbidden, _) => return true,
        (Window::Length(_), _) => true,
        (Window::NotStated, Window::Length(_)) => !said.no_cache,
        (Window::NotStated, Window::Forbidden | Window::NotStated) => false,
    };
    let is_forbidden =
        said.no_cache || said.must_revalidate || said.proxy_revalidate || said.s_maxage.is_some();
    let is_error = response.status.as_u16() >= 400 && !matches!(response.status.as_u16(), 404 | 410);
    is_error || is_forbidden && !is_allowed
}

proptest! {
    #[test]
    fn nothing_with_a_prohibition_is_ever_served(
        kept in any_answer(), request in any_answer(), settings in any_keep(), now in any_now(),
    ) {
        let asked = RequestDirectives::of(&request.headers);
        if may_stand_in(&kept, &request.headers, &asked, &settings, now).is_ok() {
            prop_assert!(!has_prohibition(&kept));
            prop_assert!(now.since(kept.received_at) <= settings.max_age);
            prop_assert!(kept.matches(&request.headers));
        }
    }

    #[test]
    fn nothing_that_is_not_for_all_is_ever_written(
        new in any_answer(), same_body: bool, old in prop::option::of(any_answer()), settings in any_keep(), now in any_now(),
    ) {
        let decision = decide(&new, same_body, old.as_ref(), &settings, now);
        let said = new.headers.directives();
        if decision == Write {
            prop_assert!(!said.private && (!said.no_store || said.must_understand));
            prop_assert!(!new.headers.contains_key(SET_COOKIE) && new.length.is_some());
            prop_assert!(matches!(new.status.as_u16(), 200 | 404 | 410));
            prop_assert!(new.status == StatusCode::OK || old.is_some());
        }
        prop_assert!(decision != Remove || old.is_some());
    }

    #[test]
    fn a_copy_is_touched_within_the_interval_only_to_forbid_it(
        new in any_answer(), same_body: bool, old in any_answer(), settings in any_keep(), now in any_now(),
    ) {
        let is_touched = !matches!(decide(&new, same_body, Some(&old), &settings, now), Stay(_));
        if is_touched && now.since(old.received_at) < settings.interval {
            prop_assert!(!has_prohibition(&old));
            prop_assert!(has_prohibition(&new) || is_withdrawn(&new));
        }
    }

    #[test]
    fn a_good_answer_past_half_the_time_always_settles_the_matter(
        new in any_answer(), same_body: bool, old in any_answer(), settings in any_keep(),
    ) {
        let now = old.received_at.plus(settings.max_age);
        let is_good = matches!(new.status.as_u16(), 200 | 404 | 410) && unfit(&new).is_none();
        if is_good && !has_prohibition(&new) && now.since(old.received_at) == settings.max_age {
            prop_assert_eq!(decide(&new, same_body, Some(&old), &settings, now), Write);
        }
    }
}
