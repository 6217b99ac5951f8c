use super::super::entry::test::{fields, seconds};
use super::*;
use crate::config::{Cache, Pattern, Share};
use http::HeaderName;
use proptest::prelude::*;

const DAY: u64 = 24 * 60 * 60;

fn request(method: &str, headers: &[(&str, &str)]) -> Request {
    Request { headers: fields(headers), ..Request::bare(method, "https://example.com/") }
}

fn nothing() -> &'static Unkeyed {
    Box::leak(Box::default())
}

/// A request whose head says nothing against storing, for a URL of which nothing is stored.
fn asked(request: &Request) -> Asked<'_> {
    Asked { request, lookup: Ok(()), unkeyed: nothing(), identified: false, existing: Existing::None }
}

fn looked_up(request: &Request, settings: &Cache) -> Result<(), Bypass> {
    may_look_up(request, &RequestDirectives::of(&request.headers), settings)
}

/// The verdict on an answer that came at once, with the retention in seconds.
fn admitted(
    request: &Request,
    identified: bool,
    status: u16,
    headers: &[(&str, &str)],
) -> Result<u64, NotStored> {
    let asked = Asked {
        request,
        lookup: looked_up(request, &Cache::default()),
        unkeyed: nothing(),
        identified,
        existing: Existing::None,
    };
    let status = StatusCode::from_u16(status).unwrap();
    let (settings, now) = (Cache::default(), seconds(0));
    admit(&asked, status, &fields(headers), Some(10), &settings, now, now)
        .map(|admission| admission.retention.as_secs())
}

#[test]
fn only_plain_get_and_head_ask_the_store() {
    let settings = Cache::default();
    for (method, headers, expected) in [
        ("GET", &[][..], Ok(())),
        ("HEAD", &[], Ok(())),
        ("GET", &[("authorization", "x"), ("cookie", "a=b")], Ok(())),
        ("GET", &[("if-none-match", "*"), ("cache-control", "no-cache")], Ok(())),
        ("GET", &[("connection", "close, te"), ("te", "trailers")], Ok(())),
        ("POST", &[], Err(Bypass::Method)),
        ("OPTIONS", &[], Err(Bypass::Method)),
        ("get", &[], Err(Bypass::Method)), // methods are case-sensitive, RFC 9110 §9.1
        ("GET", &[("range", "bytes=0-1"), ("if-range", "\"a\"")], Ok(())),
        ("GET", &[("upgrade", "websocket")], Err(Bypass::Upgrade)),
        ("GET", &[("cache-control", "No-Store")], Err(Bypass::RequestNoStore)),
        ("GET", &[("if-match", "\"a\"")], Err(Bypass::Preconditions)),
        ("GET", &[("if-unmodified-since", "x")], Err(Bypass::Preconditions)),
        (
            "GET",
            &[("connection", "Accept-Language"), ("accept-language", "de")],
            Err(Bypass::ConnectionOptions),
        ),
    ] {
        assert_eq!(looked_up(&request(method, headers), &settings), expected, "{method} {headers:?}");
    }
    let with_body = Request { has_body: true, ..request("GET", &[]) };
    assert_eq!(looked_up(&with_body, &settings), Err(Bypass::Body));
    let disabled = Cache { enabled: false, ..settings };
    assert_eq!(looked_up(&request("GET", &[]), &disabled), Err(Bypass::Disabled));
}

#[test]
fn what_must_not_be_shown_to_others_is_not_stored() {
    use NotStored::{Authorization, Identified, NoStore, Partial, Private, SetCookie, Status, VaryAny};
    let anonymous = request("GET", &[]);
    let cc = |text| ("cache-control", text);
    for (status, headers, expected) in [
        (200, &[][..], Ok(DAY)),
        (200, &[cc("max-age=60")], Ok(60 + DAY)),
        (200, &[cc("max-age=60, No-Store")], Err(NoStore)), // §3
        (200, &[cc("max-age=60, no-store, must-understand")], Ok(60 + DAY)), // §5.2.2.3
        (200, &[cc("max-age=60, private")], Err(Private)),
        (200, &[cc("max-age=60, private=\"x-user\"")], Err(Private)),
        (200, &[cc("max-age=60"), ("set-cookie", "a=b")], Err(SetCookie)),
        (200, &[cc("public, max-age=60"), ("set-cookie", "a=b")], Ok(60 + DAY)),
        (200, &[cc("s-maxage=60"), ("set-cookie", "a=b")], Ok(60)),
        (200, &[("cdn-cache-control", "max-age=60"), ("set-cookie", "a=b")], Err(SetCookie)),
        (200, &[("cdn-cache-control", "max-age=60"), cc("no-store, private")], Ok(60 + DAY)), // RFC 9213
        (200, &[("cdn-cache-control", "no-store"), cc("max-age=60")], Err(NoStore)),
        (200, &[("vary", "*")], Err(VaryAny)),
        (206, &[cc("max-age=60")], Err(Partial)),
        (200, &[cc("max-age=60"), ("content-range", "bytes 0-0/4")], Ok(60 + DAY)),
        (299, &[cc("max-age=60")], Ok(60 + DAY)),
        (299, &[cc("max-age=60, must-understand")], Err(Status)),
        (201, &[cc("max-age=60, must-understand, no-store")], Ok(60 + DAY)),
        (204, &[], Err(Status)),
        (204, &[cc("max-age=60")], Ok(60 + DAY)),
        (301, &[], Ok(DAY)),
        (302, &[], Err(Status)),
        (302, &[cc("max-age=60")], Ok(60 + DAY)),
        (302, &[cc("max-age=0")], Err(Status)),
        (304, &[cc("max-age=60")], Err(Status)),
        (404, &[], Err(Status)),
        (404, &[cc("max-age=60")], Ok(60 + DAY)),
        (404, &[cc("public")], Err(Status)),
        (410, &[cc("s-maxage=60")], Ok(60)),
        (303, &[cc("max-age=60")], Ok(60 + DAY)),
        (405, &[cc("max-age=60")], Err(Status)),
        (400, &[cc("max-age=60")], Err(Status)),
        (403, &[cc("max-age=60")], Err(Status)),
        (414, &[cc("max-age=60")], Err(Status)),
        (500, &[cc("max-age=60, public")], Err(Status)),
        (503, &[cc("max-age=60, public")], Err(Status)),
        (101, &[cc("max-age=60")], Err(Status)),
    ] {
        assert_eq!(admitted(&anonymous, false, status, headers), expected, "{status} {headers:?}");
    }
    let authorized = request("GET", &[("authorization", "Bearer x")]);
    for (directives, by_authorization, by_cookie) in [
        ("", Err(Authorization), Err(Identified)),
        ("max-age=60", Err(Authorization), Ok(60 + DAY)), // §3.5
        ("max-age=0", Err(Authorization), Err(Identified)),
        ("max-age=x", Err(Authorization), Err(Identified)),
        ("public", Ok(DAY), Ok(DAY)),
        ("s-maxage=60", Ok(60), Ok(60)),
        ("s-maxage=x", Err(Authorization), Err(Identified)),
        ("must-revalidate, max-age=60", Ok(60), Ok(60)),
        ("stale-if-error=60", Err(Authorization), Err(Identified)),
    ] {
        let headers = [cc(directives)];
        assert_eq!(admitted(&authorized, false, 200, &headers), by_authorization, "{directives}");
        assert_eq!(admitted(&anonymous, true, 200, &headers), by_cookie, "{directives}");
    }
    let expires = ("expires", "Sun, 06 Nov 1994 08:50:37 GMT");
    assert_eq!(admitted(&anonymous, true, 200, &[expires]), Err(Identified));
}

#[test]
fn a_heuristic_is_for_the_statuses_that_may_have_one_and_are_stored() {
    // RFC 9111 §4.2.2
    let (request, now) = (request("GET", &[]), seconds(100_000));
    let asked = asked(&request);
    let headers = fields(&[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")]);
    for (status, is_set, expected) in [
        (404, true, true),
        (404, false, false),
        (204, true, true),
        (405, true, false),
        (302, true, false),
        (200, false, true),
    ] {
        let heuristic = if is_set { Share::in_10_000(1000) } else { Share::ZERO };
        let settings = Cache { heuristic, ..Cache::default() };
        let status = StatusCode::from_u16(status).unwrap();
        let verdict = admit(&asked, status, &headers, None, &settings, now, now);
        assert_eq!(verdict.is_ok(), expected, "{status} {is_set}");
    }
}

#[test]
fn a_field_outside_the_key_must_be_named_by_vary() {
    use FieldClass::{Suspect, Unfamiliar};
    use TrustVary::{Always, Never, Permitted};
    let (request, now) = (request("GET", &[]), seconds(0));
    let refused = Err(NotStored::UnkeyedHeader);
    for (class, cache_control, vary, trust_vary, expected) in [
        // Nothing says that it may be stored.
        (Unfamiliar, "", "x-theme", Permitted, refused),
        (Unfamiliar, "", "X-Theme, x-size", Permitted, Ok(())),
        (Unfamiliar, "stale-if-error=60", "accept", Permitted, refused),
        (Unfamiliar, "max-age=0", "accept", Permitted, refused),
        // It says so itself, and `Vary` is believed.
        (Unfamiliar, "max-age=60", "x-theme", Permitted, Ok(())),
        (Unfamiliar, "public", "accept", Permitted, Ok(())),
        (Unfamiliar, "max-age=60", "x-theme", Never, refused),
        (Unfamiliar, "max-age=60", "x-theme, x-size", Never, Ok(())),
        (Suspect, "public, max-age=60", "x-theme", Permitted, refused),
        (Suspect, "public, max-age=60", "x-size, x-theme", Permitted, Ok(())),
        (Unfamiliar, "", "", Always, Ok(())),
        (Suspect, "", "", Always, refused),
        (Unfamiliar, "no-cache, stale-if-error=9", "", Permitted, Ok(())),
    ] {
        let unkeyed =
            ["x-theme", "x-size"].map(|name| (HeaderName::from_static(name), class)).to_vec().into();
        let asked = Asked {
            request: &request,
            lookup: Ok(()),
            unkeyed: &unkeyed,
            identified: false,
            existing: Existing::None,
        };
        let settings = Cache { trust_vary, ..Cache::default() };
        let headers = fields(&[("vary", vary), ("cache-control", cache_control)]);
        let verdict = admit(&asked, StatusCode::OK, &headers, None, &settings, now, now);
        assert_eq!(verdict.map(|_| ()), expected, "{class:?} {cache_control} {vary} {trust_vary:?}");
    }
}

#[test]
fn what_a_script_of_another_site_asks_for_is_stored_if_it_says_who_may_read_it() {
    let (now, settings) = (seconds(0), Cache::default());
    for (origin, headers, expected) in [
        ("https://a.example", &[][..], Err(NotStored::UnkeyedHeader)),
        ("https://a.example", &[("access-control-allow-origin", "*")], Ok(vec![])),
        ("https://a.example", &[("access-control-allow-origin", "https://a.example")], Ok(vec!["origin"])),
        ("https://a.example", &[("vary", "Origin")], Ok(vec!["origin"])),
        ("https://example.com", &[], Ok(vec![])),
    ] {
        let request = request("GET", &[("origin", origin)]);
        let asked = asked(&request);
        let headers = fields(&[&[("cache-control", "max-age=60")], headers].concat());
        let verdict = admit(&asked, StatusCode::OK, &headers, None, &settings, now, now);
        let names = |admission: Admission| {
            admission.vary.names().iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            verdict.map(names),
            expected.map(|names| names.into_iter().map(str::to_owned).collect()),
            "{headers:?}"
        );
    }
}

#[test]
fn a_copy_is_kept_for_as_long_as_it_can_be_of_use() {
    let anonymous = request("GET", &[]);
    let tag = ("etag", "\"a\"");
    let cc = |text| ("cache-control", text);
    let nothing = Err(NotStored::NothingToGain);
    for (headers, expected) in [
        (&[cc("max-age=60, stale-if-error=30")][..], Ok(90)),
        (&[cc("max-age=60, stale-if-error=30, stale-while-revalidate=50")], Ok(110)),
        (&[cc("max-age=60, stale-if-error=0")], Ok(60)),
        (&[cc("max-age=60, stale-if-error=30"), ("age", "70")], Ok(20)),
        (&[cc("max-age=60, stale-if-error=30"), ("age", "90")], nothing),
        (&[cc("max-age=60, must-revalidate, stale-if-error=30")], Ok(90)),
        (&[cc("s-maxage=60, stale-while-revalidate=30")], Ok(90)),
        (&[cc("s-maxage=60, stale-while-revalidate=30, stale-if-error=0")], Ok(90)),
        (&[cc("s-maxage=60, stale-while-revalidate")], Ok(365 * DAY)),
        (&[cc("no-cache, stale-if-error=30")], Ok(30)),
        (&[cc("no-cache, stale-while-revalidate=30")], nothing),
        (&[cc("max-age=60, must-revalidate"), tag], Ok(60 + DAY)),
        (&[cc("max-age=60, must-revalidate"), ("age", "50")], Ok(10)),
        (&[cc("max-age=60, stale-if-error=30"), tag], Ok(60 + DAY)),
        (&[cc("max-age=60, stale-if-error=172800"), tag], Ok(60 + 2 * DAY)),
        (&[cc("max-age=60, no-cache")], nothing),
        (&[cc("max-age=60, no-cache"), tag], Ok(60 + DAY)),
        (&[cc("no-cache"), tag], Ok(DAY)),
        (&[cc("s-maxage=0")], nothing),
        (&[cc("max-age=2147483648")], Ok(365 * DAY)),
    ] {
        assert_eq!(admitted(&anonymous, false, 200, headers), expected, "{headers:?}");
    }
}

#[test]
fn large_bodies_and_answers_to_head_are_not_stored() {
    let (now, settings) = (seconds(0), Cache { max_body: 9, ..Cache::default() });
    let get = request("GET", &[]);
    let asked = asked(&get);
    let of_length =
        |length| admit(&asked, StatusCode::OK, &HeaderMap::new(), length, &settings, now, now).map(|_| ());
    assert_eq!(of_length(Some(10)), Err(NotStored::TooLarge));
    assert_eq!(of_length(Some(9)), Ok(()));
    assert_eq!(of_length(None), Ok(()));
    assert_eq!(admitted(&request("HEAD", &[]), false, 200, &[]), Err(NotStored::Head));
    let post = admitted(&request("POST", &[]), false, 200, &[("cache-control", "max-age=60")]);
    assert_eq!(post, Err(NotStored::Bypassed(Bypass::Method)));
}

#[test]
fn unsafe_methods_that_succeed_invalidate() {
    // RFC 9111 §4.4
    for (method, status, expected) in [
        ("POST", 200, true),
        ("PUT", 204, true),
        ("DELETE", 303, true),
        ("PURGE", 200, true),
        ("POST", 404, false),
        ("POST", 500, false),
        ("GET", 200, false),
        ("HEAD", 200, false),
        ("OPTIONS", 200, false),
    ] {
        let (method, status) = (method.parse().unwrap(), StatusCode::from_u16(status).unwrap());
        assert_eq!(invalidates(&method, status), expected, "{method} {status}");
    }
}

#[test]
fn harmless_cookies_are_named_by_the_settings() {
    let settings = Cache::default();
    for (name, harmless) in
        [("_ga", true), ("_ga_ABC", true), ("_gid", true), ("_gids", false), ("_GA", false), ("", false)]
    {
        assert_eq!(is_harmless_cookie(name, &settings), harmless, "{name}");
    }
    let none = Cache { harmless_cookies: Vec::new(), ..settings.clone() };
    assert!(!is_harmless_cookie("_ga", &none));
    let all = Cache { harmless_cookies: vec![Pattern::new("*")], ..settings };
    assert!(is_harmless_cookie("session", &all));
}

fn directive() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "max-age=60",
        "max-age=0",
        "s-maxage=60",
        "public",
        "no-cache",
        "must-revalidate",
        "stale-if-error=60",
        "stale-if-error=0",
        "stale-while-revalidate=30",
        "must-understand",
        "x=y",
        "max-age=x",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn nothing_is_stored_over_a_prohibition(
        directives in prop::collection::vec(directive(), 0..5),
        prohibition in 0..4_usize,
        status in 200..600_u16,
        (authorized, identified) in any::<(bool, bool)>(),
    ) {
        let text = directives.join(", ");
        let forbidding = [("cache-control", "private"), ("set-cookie", "a"), ("vary", "*"), ("cache-control", "no-store")];
        prop_assume!(prohibition != 3 || !text.contains("must-understand"));
        let is_for_all = text.contains("public") || text.contains("s-maxage");
        prop_assume!(prohibition != 1 || identified || !is_for_all);
        let request = request("GET", if authorized { &[("authorization", "x")] } else { &[] });
        let headers = [("cache-control", text.as_str()), forbidding[prohibition]];
        prop_assert!(admitted(&request, identified, status, &headers).is_err());
    }

    #[test]
    fn a_kept_copy_is_of_use_and_not_for_ever(
        directives in prop::collection::vec(directive(), 0..5),
        age in 0..1_000_000_u64,
        tag in any::<bool>(),
    ) {
        let (text, age) = (directives.join(", "), age.to_string());
        let mut headers = vec![("cache-control", text.as_str()), ("age", age.as_str())];
        headers.extend(tag.then_some(("etag", "\"a\"")));
        match admitted(&request("GET", &[]), false, 200, &headers) {
            Ok(retention) => prop_assert!((1..=365 * DAY).contains(&retention)),
            Err(reason) => prop_assert_eq!(reason, NotStored::NothingToGain),
        }
    }
}
