use super::*;
use crate::cache::request_fields::FieldClass;
use proptest::prelude::*;

fn request(fields: &[(&str, &str)]) -> Rc<Request> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    Rc::new(Request { headers, ..Request::bare("GET", "https://www.example.com/a?b") })
}

fn origin() -> config::Origin {
    config::Origin { url: Target::parse("http://127.0.0.1:8080/").unwrap() }
}

#[test]
fn an_operators_session_never_reaches_the_origin() {
    for (sent, expected) in [
        ("__Host-holdfast=1.ab", None),
        ("a=b; __Host-holdfast=1.ab; c=d", Some("a=b; c=d")),
        ("a=__Host-holdfast", Some("a=__Host-holdfast")),
        ("__Host-holdfastish=1", Some("__Host-holdfastish=1")),
    ] {
        let headers = forward(&request(&[("cookie", sent)]), None, None).headers();
        assert_eq!(headers.get(header::COOKIE).map(|value| value.to_str().unwrap()), expected, "{sent}");
    }
}

#[test]
fn a_page_that_is_to_be_looked_into_is_asked_for_in_a_coding_that_can_be_undone() {
    let plain = Cache::default();
    let must_contain = Cache { must_contain: Some("</html>".to_owned()), ..Cache::default() };
    for (sent, expected) in [
        ("br, gzip", "gzip"),
        ("GZIP;q=0.5, zstd", "gzip"),
        ("gzip; Q=0, br", "identity"),
        ("br", "identity"),
        ("xgzip", "identity"),
    ] {
        let request = request(&[("accept-encoding", sent)]);
        let asked = |settings| forward(&request, None, settings).headers()["accept-encoding"].clone();
        assert_eq!(asked(Some(&must_contain)), expected, "{sent}");
        assert_ne!(asked(Some(&plain)), "identity", "{sent}");
        assert_eq!(asked(None), sent);
    }
    assert!(!forward(&request(&[]), None, Some(&must_contain)).headers().contains_key("accept-encoding"));
}

#[test]
fn what_the_client_says_of_its_origin_is_set_and_not_trusted() {
    let request = request(&[
        ("host", "evil.example"),
        ("forwarded", "for=1.2.3.4"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("cf-connecting-ip", "192.0.2.7"),
        ("connection", "x-once, keep-alive"),
        ("x-once", "1"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
    ]);
    let sent = forward(&request, Some(&origin()), None);
    assert_eq!(sent.url, "http://127.0.0.1:8080/a?b");
    let headers = sent.headers();
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(value("x-forwarded-for"), Some("192.0.2.7"));
    assert_eq!(value("x-forwarded-host"), Some("www.example.com"));
    assert_eq!(value("x-forwarded-proto"), Some("https"));
    assert_eq!(value("via"), Some("1.1 holdfast"));
    for name in ["host", "forwarded", "connection", "x-once", "te", "upgrade"] {
        assert_eq!(value(name), None, "{name}");
    }
}

#[test]
fn a_fetch_that_fills_the_cache_carries_nothing_that_could_change_it() {
    let request = request(&[
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/admin"),
        ("cookie", "_ga=1; _ga_XYZ=2; _gid=3"),
        ("accept-language", "de"),
        ("x-theme", "dark"),
    ]);
    let sent = forward(&request, None, Some(&Cache::default()));
    for name in ["x-http-method-override", "x-original-url", "cookie"] {
        assert!(!sent.headers().contains_key(name), "{name}");
    }
    assert!(!sent.identified);
    assert_eq!(*sent.unkeyed, [("x-theme".parse().unwrap(), FieldClass::Unfamiliar)]);
    let passed = forward(&request, None, None);
    assert!(
        passed.headers().contains_key("cookie") && passed.headers().contains_key("x-http-method-override")
    );
}

#[test]
fn a_directive_that_is_not_registered_is_the_clients_own_choice() {
    for (line, harmless) in [
        ("no-cache, max-age=0", true),
        ("Max-Age=60", true),
        ("max-age=60, x", false),
        ("max-age=x", false),
        ("max-age=\u{e4}", false),
        ("\u{e4}", false),
    ] {
        let sent = forward(&request(&[("cache-control", line)]), None, Some(&Cache::default()));
        assert_eq!(sent.unkeyed.is_empty(), harmless, "{line}");
    }
}

#[test]
fn a_cookie_that_could_identify_somebody_is_sent_and_noticed() {
    let request = request(&[("cookie", "_ga=1; sid=abc; _gid=3"), ("cookie", "lang=de")]);
    let sent = forward(&request, None, Some(&Cache::default()));
    assert_eq!(sent.headers()["cookie"], "sid=abc; lang=de");
    assert!(sent.identified);
}

#[test]
fn a_request_that_was_here_before_is_known_by_either_mark() {
    let first = request(&[]);
    assert!(!has_been_here(&first));
    let sent = forward(&first, None, None);
    let back = |names: &[HeaderName]| {
        let mut headers = sent.headers();
        headers.retain_only(names);
        Request { headers, ..Request::clone(&first) }
    };
    assert!(has_been_here(&back(&[HOP])));
    assert!(has_been_here(&back(&[CDN_LOOP])));
    let elsewhere = Target::parse("https://origin.example.com/a").unwrap();
    assert!(!has_been_here(&Request { target: elsewhere, ..back(&[HOP, CDN_LOOP]) }));
    assert!(!has_been_here(&request(&[("cdn-loop", "cloudflare; loops=1, www.example.com")])));
}

trait RetainOnly {
    fn retain_only(&mut self, names: &[HeaderName]);
}

impl RetainOnly for HeaderMap {
    fn retain_only(&mut self, names: &[HeaderName]) {
        let others: Vec<_> = self.keys().filter(|name| !names.contains(name)).cloned().collect();
        for name in others {
            self.remove(name);
        }
    }
}

/// Two origins: one on a port of its own, one on its scheme's.
fn origins() -> [config::Origin; 2] {
    let other = config::Origin { url: Target::parse("https://Second.internal/").unwrap() };
    [origin(), other]
}

fn made_public(name: &str, value: &str) -> Option<String> {
    let name = HeaderName::try_from(name).unwrap();
    let mut headers = HeaderMap::from_iter([(name.clone(), HeaderValue::try_from(value).unwrap())]);
    let changed = make_public(&mut headers, &origins(), &request(&[]));
    let text = |value: &HeaderValue| str::from_utf8(value.as_bytes()).unwrap().to_owned();
    match changed.as_slice() {
        [] => assert_eq!(text(&headers[&name]), value),
        changed => assert_eq!(changed, [(name.clone(), headers[&name].clone())]),
    }
    changed.first().map(|(_, value)| text(value))
}

#[test]
fn a_location_at_any_origin_points_at_the_public_host() {
    for (location, public) in [
        ("http://127.0.0.1:8080/x?y#z", Some("https://www.example.com/x?y#z")),
        ("//127.0.0.1:8080/x", Some("https://www.example.com/x")),
        ("HTTP://127.0.0.1:8080/x", Some("https://www.example.com/x")),
        ("https://127.0.0.1:8080/x", Some("https://www.example.com/x")),
        (" http://127.0.0.1:8080/x ", Some("https://www.example.com/x")),
        ("http://127.0.0.1:8080", Some("https://www.example.com/")),
        ("http://127.0.0.1:8080?a", Some("https://www.example.com/?a")),
        ("http://127.0.0.1:8080#a", Some("https://www.example.com/#a")),
        ("http://me:secret@127.0.0.1:8080/x", Some("https://www.example.com/x")),
        (
            "http://127.0.0.1:8080/a/../%2e/\u{e4}?b=http://127.0.0.1:8080/",
            Some("https://www.example.com/a/../%2e/\u{e4}?b=http://127.0.0.1:8080/"),
        ),
        ("https://second.INTERNAL/x", Some("https://www.example.com/x")),
        ("https://second.internal:443/x", Some("https://www.example.com/x")),
        ("http://second.internal/x", Some("https://www.example.com/x")),
        ("http://second.internal:80/x", Some("https://www.example.com/x")),
        ("//second.internal/x", Some("https://www.example.com/x")),
        ("http://second.internal:443/x", None),
        ("https://second.internal:8443/x", None),
        ("/x", None),
        ("x?http://127.0.0.1:8080/", None),
        ("http://127.0.0.1/x", None),
        ("http://127.0.0.1:8080.example/x", None),
        ("http://127.0.0.1:8080@evil.example/x", None),
        ("https://other.example/x", None),
        ("https://www.example.com/x", None),
        ("ftp://127.0.0.1:8080/x", None),
        ("mailto:a@127.0.0.1:8080", None),
        ("", None),
    ] {
        for name in ["location", "content-location"] {
            assert_eq!(made_public(name, location).as_deref(), public, "{location}");
        }
    }
}

#[test]
fn refresh_points_at_the_public_host_in_each_of_its_forms() {
    // HTML, "shared declarative refresh steps"
    for (refresh, public) in [
        ("0; url=http://127.0.0.1:8080/x", Some("0; url=https://www.example.com/x")),
        ("5;URL=http://127.0.0.1:8080/x;y", Some("5;URL=https://www.example.com/x;y")),
        ("5,url = 'http://127.0.0.1:8080/x'", Some("5,url = 'https://www.example.com/x'")),
        (" 1.5 ; Url=\"//127.0.0.1:8080/x\" ", Some("1.5 ; Url=\"https://www.example.com/x\"")),
        ("0 http://127.0.0.1:8080/x", Some("0 https://www.example.com/x")),
        ("0; http://127.0.0.1:8080/x", Some("0; https://www.example.com/x")),
        ("0; url='/x' http://127.0.0.1:8080/x", None),
        ("0; url='http://127.0.0.1:8080/x", Some("0; url='https://www.example.com/x")),
        ("0; url=http://127.0.0.1:8080", Some("0; url=https://www.example.com/")),
        ("0; url=/x", None),
        ("0; url=", None),
        ("0; url", None),
        ("0;", None),
        ("30", None),
        ("", None),
        ("0; url=https://other.example/?http://127.0.0.1:8080/x", None),
    ] {
        assert_eq!(made_public("refresh", refresh).as_deref(), public, "{refresh}");
    }
}

#[test]
fn links_at_any_origin_point_at_the_public_host() {
    // RFC 8288 §3
    let two = "<http://127.0.0.1:8080/a,b>; rel=\"next\", <https://second.internal/c>;rel=preload;as=style";
    let both =
        "<https://www.example.com/a,b>; rel=\"next\", <https://www.example.com/c>;rel=preload;as=style";
    let quoted = "</x>; title=\"a \\\" <http://127.0.0.1:8080/y>\", <http://127.0.0.1:8080/z>";
    let one = "</x>; title=\"a \\\" <http://127.0.0.1:8080/y>\", <https://www.example.com/z>";
    for (link, public) in [
        (two, Some(both)),
        (quoted, Some(one)),
        ("</x>; rel=next", None),
        ("<https://other.example/x>", None),
        ("<http://127.0.0.1:8080/x", None),
        ("http://127.0.0.1:8080/x>", None),
        ("\"<http://127.0.0.1:8080/x>", None),
        ("", None),
    ] {
        assert_eq!(made_public("link", link).as_deref(), public, "{link}");
    }
}

#[test]
fn several_lines_of_links_become_one() {
    let mut headers = HeaderMap::new();
    for line in ["</x>; rel=next", "<http://127.0.0.1:8080/y>; rel=prev"] {
        headers.append(header::LINK, HeaderValue::from_static(line));
    }
    make_public(&mut headers, &origins(), &request(&[]));
    let lines: Vec<_> = headers.get_all(header::LINK).iter().collect();
    assert_eq!(lines, ["</x>; rel=next, <https://www.example.com/y>; rel=prev"]);
}

proptest! {
    #[test]
    fn no_harmless_cookie_is_ever_sent_to_fill_the_cache(
        names in prop::collection::vec("_ga|_ga_[A-Z]{3}|_gid|sid|lang", 0..6),
    ) {
        let line = names.iter().map(|name| format!("{name}=v")).collect::<Vec<_>>().join("; ");
        let sent = forward(&request(&[("cookie", &line)]), None, Some(&Cache::default()));
        let expected: Vec<_> = names.iter().filter(|name| !name.starts_with("_g")).collect();
        prop_assert_eq!(sent.identified, !expected.is_empty());
        let kept = sent.headers().get("cookie").map_or("", |value| value.to_str().unwrap()).to_owned();
        prop_assert!(!kept.contains("_g"));
        prop_assert_eq!(kept.matches("=v").count(), expected.len());
    }

    #[test]
    fn what_is_public_stays_as_it_is(value in "([ -~\u{e4}]|http://127[.]0[.]0[.]1:8080/|[<>\"';,=\\\\]|url){0,12}") {
        for name in ["location", "content-location", "refresh", "link"] {
            let mut headers = HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::try_from(&value).unwrap(),
            )]);
            make_public(&mut headers, &origins(), &request(&[]));
            prop_assert!(make_public(&mut headers, &origins(), &request(&[])).is_empty(), "{:?}", headers);
        }
    }
}
