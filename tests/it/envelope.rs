//! What the store has of the request that filled it: the fields that `Vary` names, and no more.

use holdfast::cache::entry::{Entry, Stored};
use holdfast::cache::key::Vary;
use holdfast::time::Timestamp;
use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, VARY};
use http::status::StatusCode;
use proptest::prelude::*;

/// An ordinary page's fields.
const TYPICAL: [(&str, &str); 15] = [
    ("date", "Tue, 06 Jan 2026 10:20:30 GMT"),
    ("content-type", "text/html; charset=utf-8"),
    ("content-length", "48213"),
    ("content-encoding", "br"),
    ("cache-control", "public, max-age=300, stale-while-revalidate=60, stale-if-error=86400"),
    ("etag", "W/\"5f3c9b2a1d0e4f6b8c7a\""),
    ("last-modified", "Tue, 06 Jan 2026 09:00:00 GMT"),
    ("vary", "Accept-Encoding"),
    ("server", "nginx"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("content-security-policy", "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("link", "</style.css>; rel=preload; as=style"),
];

fn fields<'a>(lines: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let pair = |(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    lines.into_iter().map(pair).collect()
}

/// The written form of an answer with `headers` to a request with `asked`.
fn written(headers: HeaderMap, asked: &HeaderMap) -> String {
    let selected_by = Vary::of(&headers).unwrap().values(asked);
    let at = Timestamp::from_millis(1_767_694_830_000);
    let stored = Stored {
        status: StatusCode::OK,
        headers: headers.into(),
        requested_at: at,
        received_at: at,
        length: Some(48_213),
        outdated: false,
        withdrawn_from: None,
        selected_by,
    };
    Entry::Response(stored).encode().unwrap()
}

#[test]
fn the_entry_of_an_ordinary_page_is_under_a_kibibyte() {
    let asked = fields([
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("cookie", "sid=secret"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ]);
    let text = written(fields(TYPICAL), &asked);
    println!("{} bytes for {} fields", text.len(), TYPICAL.len());
    assert!(text.len() < 1024, "{} bytes: {text}", text.len());
}

#[test]
fn credentials_that_vary_names_stand_as_digests() {
    let secret = "hunter2".repeat(3);
    let of = |cookie: &str| {
        let asked = fields([("cookie", cookie), ("authorization", cookie), ("x-theme", "dark")]);
        written(fields([("vary", "Cookie, Authorization, X-Theme")]), &asked)
    };
    let text = of(&secret);
    assert!(!text.contains("hunter2") && text.contains("<x-theme:=dark;"), "{text}");
    for name in ["<cookie:#", "<authorization:#"] {
        let digest = text.split(name).nth(1).and_then(|rest| rest.split(';').next()).unwrap();
        let is_hex = digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        assert!(digest.len() == 64 && is_hex, "{digest}");
    }
    assert_ne!(text, of("another"));
}

/// Values that no name and no other part of an entry can hold by chance.
fn secret() -> impl Strategy<Value = String> {
    "QZ[A-Za-z0-9;%:<= ~]{0,40}[A-Z]{4}ZQ"
}

proptest! {
    #[test]
    fn no_request_field_that_vary_does_not_name_is_written(
        lines in prop::collection::vec(("[a-z][a-z-]{0,11}", secret()), 0..12),
        (cookie, authorization) in (secret(), secret()),
        named in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        (names_cookie, names_authorization) in any::<(bool, bool)>(),
    ) {
        let mut asked = HeaderMap::new();
        for (name, value) in &lines {
            asked.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        asked.insert(COOKIE, HeaderValue::try_from(&cookie).unwrap());
        asked.insert(AUTHORIZATION, HeaderValue::try_from(&authorization).unwrap());
        let mut vary: Vec<&str> = Vec::new();
        if !lines.is_empty() {
            vary.extend(named.iter().map(|index| index.get(&lines).0.as_str()));
        }
        vary.extend(names_cookie.then_some("cookie"));
        vary.extend(names_authorization.then_some("authorization"));
        let mut headers = fields(TYPICAL);
        headers.insert(VARY, HeaderValue::try_from(vary.join(", ")).unwrap());
        let with_fields = written(headers.clone(), &asked);

        // Nothing of it is seen, written plainly or escaped as values are.
        let escaped = |value: &str| value.replace('%', "%25").replace(';', "%3b");
        for (name, value) in asked.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())) {
            let may_stand = vary.contains(&name) && name != "cookie" && name != "authorization";
            let stands = with_fields.contains(value) || with_fields.contains(&escaped(value));
            // Another field of the same value may be named.
            let is_shared = asked.iter().any(|(other, same)| {
                same.to_str().unwrap() == value && other.as_str() != name && vary.contains(&other.as_str())
            });
            prop_assert!(may_stand || is_shared || !stands, "{name} in {with_fields}");
        }
        // The same entry is written without the fields that are not named.
        let bare: HeaderMap = asked
            .iter()
            .filter(|(name, _)| vary.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        prop_assert_eq!(with_fields, written(headers, &bare));
    }
}
