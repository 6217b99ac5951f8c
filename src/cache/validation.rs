//! Validation. How is a stored response validated, and when does a client get a 304 (RFC 9111 §4.3, RFC 9110 §13)?

use http::header::{
    AGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, TRAILER,
    TRANSFER_ENCODING,
};
use http::{Method, StatusCode};

use super::entry::Stored;
use super::key::Vary;
use crate::fields::{date, joined, without_hop_by_hop};
use crate::time::Timestamp;

/// Whether `stored` can be validated: it has an entity tag or a `Last-Modified` that is readable and unique.
pub fn has_validator(stored: &Stored) -> bool {
    names_a_version(&stored.headers)
}

pub(super) fn names_a_version(headers: &HeaderMap) -> bool {
    entity_tag(headers).is_some() || date(headers, &LAST_MODIFIED).is_some()
}

/// The conditions for validating `stored` at the origin (RFC 9111 §4.3.1); empty without a validator. They replace
/// the client's own conditions.
pub fn conditional_headers(stored: &Stored) -> Vec<(HeaderName, HeaderValue)> {
    let headers = &stored.headers;
    let tag = entity_tag(headers).and(headers.get(ETAG)).map(|tag| (IF_NONE_MATCH, tag.clone()));
    let changed = date(headers, &LAST_MODIFIED).and(headers.get(LAST_MODIFIED));
    tag.into_iter().chain(changed.map(|changed| (IF_MODIFIED_SINCE, changed.clone()))).collect()
}

/// Merges a 304 into `stored`, which is then as good as new (RFC 9111 §3.2, §4.3.4): its times are those of the 304.
///
/// `None` if the 304 has another validator or another `Vary`. The origin must then be asked again without conditions.
///
/// The merged fields may forbid storage, so the result must pass admission again.
pub fn freshen(
    stored: Stored,
    not_modified: &HeaderMap,
    requested_at: Timestamp,
    received_at: Timestamp,
) -> Option<Stored> {
    if !is_same_version(&stored.headers, not_modified) || !is_same_selection(&stored.headers, not_modified) {
        return None;
    }
    let mut news = without_hop_by_hop(not_modified);
    // They describe the body that the 304 does not have.
    for name in [CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_RANGE, TRAILER] {
        news.remove(name);
    }
    if !news.contains_key(DATE)
        && let Ok(now) = HeaderValue::from_str(&received_at.to_http_date())
    {
        news.insert(DATE, now);
    }
    // The old Age no longer applies; a 304 without one is new.
    let mut headers = HeaderMap::clone(&stored.headers);
    headers.remove(AGE);
    for name in news.keys() {
        headers.remove(name);
    }
    for (name, value) in &news {
        headers.append(name, value.clone());
    }
    Some(Stored {
        headers: headers.into(),
        requested_at,
        received_at,
        outdated: false,
        withdrawn_from: None,
        ..stored
    })
}

/// Whether a 200 to HEAD with these fields describes the stored representation (RFC 9111 §4.3.5): its validators,
/// length and `Vary` equal the stored ones where present. If so, it may [`freshen`] the stored response; if not, that
/// is out of date.
pub fn is_described_by(stored: &Stored, head: &HeaderMap) -> bool {
    let same =
        |name: HeaderName| !head.contains_key(&name) || joined(head, &name) == joined(&stored.headers, &name);
    let length = head.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    let same_length = length.is_none_or(|length| {
        stored.length.is_none_or(|stored| length.trim_ascii() == stored.to_string().as_bytes())
    });
    same(ETAG) && same(LAST_MODIFIED) && same_length && is_same_selection(&stored.headers, head)
}

/// Whether a client that has a copy gets a 304 in place of the selected response (RFC 9110 §13.2.2, RFC 9111 §4.3.2).
///
/// Only for GET and HEAD, and only in place of a 200. `If-None-Match` is compared weakly and overrides
/// `If-Modified-Since`, which is compared with `Last-Modified`, else with `Date`. An unreadable condition is not met.
pub fn not_modified(
    request: &Method,
    headers: &HeaderMap,
    stored_status: StatusCode,
    stored_headers: &HeaderMap,
) -> bool {
    if !(*request == Method::GET || *request == Method::HEAD) || stored_status != StatusCode::OK {
        return false;
    }
    if let Some(list) = joined(headers, &IF_NONE_MATCH) {
        return list == b"*"
            || entity_tag(stored_headers).is_some_and(|tag| {
                EntityTag::list(&list).is_some_and(|tags| tags.iter().any(|other| other.opaque == tag.opaque))
            });
    }
    let Some(since) = date(headers, &IF_MODIFIED_SINCE) else { return false };
    let changed_at = if stored_headers.contains_key(LAST_MODIFIED) { LAST_MODIFIED } else { DATE };
    date(stored_headers, &changed_at).is_some_and(|changed_at| changed_at <= since)
}

/// The fields of a generated 304, from those of the response that it replaces (RFC 9110 §15.4.5): all but those that
/// describe the body, and `Last-Modified` only without an entity tag.
pub fn not_modified_headers(stored: &HeaderMap) -> HeaderMap {
    let mut headers = stored.clone();
    for name in [
        CONTENT_LENGTH,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_RANGE,
        CONTENT_TYPE,
        TRANSFER_ENCODING,
        TRAILER,
        HeaderName::from_static("content-digest"),
        HeaderName::from_static("content-md5"),
        HeaderName::from_static("digest"),
        HeaderName::from_static("repr-digest"),
    ] {
        headers.remove(name);
    }
    if headers.contains_key(ETAG) {
        headers.remove(LAST_MODIFIED);
    }
    headers
}

/// Whether a 304 names the stored version (RFC 9111 §4.3.4).
///
/// Deviation: a 304 without a validator confirms a stored response with one, which §4.3.4 does not provide for. The
/// condition named no other version, and many origins omit validators.
fn is_same_version(stored: &HeaderMap, not_modified: &HeaderMap) -> bool {
    if not_modified.contains_key(ETAG) {
        return match (entity_tag(stored), entity_tag(not_modified)) {
            // A strong tag matches only a strong one.
            (Some(ours), Some(theirs)) => ours.opaque == theirs.opaque && (theirs.weak || !ours.weak),
            (Some(_) | None, _) => false,
        };
    }
    if not_modified.contains_key(LAST_MODIFIED) {
        let ours = date(stored, &LAST_MODIFIED);
        return ours.is_some() && ours == date(not_modified, &LAST_MODIFIED);
    }
    true
}

/// Whether the answers still vary by the same request fields. The values of `stored` are known only for those.
fn is_same_selection(stored: &HeaderMap, not_modified: &HeaderMap) -> bool {
    !not_modified.contains_key(http::header::VARY)
        || Vary::stated(not_modified).is_some_and(|vary| Some(vary) == Vary::stated(stored))
}

/// An entity tag (RFC 9110 §8.8.3); `opaque` is without the quotes.
#[derive(Debug, PartialEq, Eq)]
struct EntityTag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// Parses the tag at the start of `text` and returns it with the rest.
    fn first(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        let (opaque, rest) = inner.split_at_checked(end)?;
        let is_character = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
        opaque.iter().all(is_character).then_some((Self { weak, opaque }, rest.get(1..)?))
    }

    /// Parses a list of tags; `None` if it contains anything else.
    fn list(text: &'a [u8]) -> Option<Vec<Self>> {
        let mut tags = Vec::new();
        let mut rest = text.trim_ascii();
        while !rest.is_empty() {
            if !rest.starts_with(b",") {
                let (tag, after) = Self::first(rest)?;
                tags.push(tag);
                rest = after.trim_ascii_start();
                if !rest.is_empty() && !rest.starts_with(b",") {
                    return None;
                }
            }
            rest = rest.get(1..).unwrap_or_default().trim_ascii_start();
        }
        Some(tags)
    }
}

/// The response's entity tag if it is strong: equal tags then mean equal bytes (RFC 9110 §8.8.1).
pub fn strong_tag(headers: &HeaderMap) -> Option<&HeaderValue> {
    entity_tag(headers).filter(|tag| !tag.weak).and(headers.get(ETAG))
}

/// The entity tag; `None` unless there is exactly one.
fn entity_tag(headers: &HeaderMap) -> Option<EntityTag<'_>> {
    let mut lines = headers.get_all(ETAG).iter();
    let only = lines.next().filter(|_| lines.next().is_none())?;
    let (tag, rest) = EntityTag::first(only.as_bytes().trim_ascii())?;
    rest.is_empty().then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::super::entry::test::{fields, seconds, stored};
    use super::super::freshness::age;
    use super::*;
    use proptest::prelude::*;

    const EARLY: &str = "Sun, 06 Nov 1994 08:48:37 GMT";
    const LATE: &str = "Sun, 06 Nov 1994 08:50:37 GMT";

    #[test]
    fn the_origin_is_asked_by_every_validator_that_it_gave() {
        // RFC 9111 §4.3.1
        let asked = |headers: &[(&str, &str)]| -> Vec<_> {
            conditional_headers(&stored(headers))
                .into_iter()
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect()
        };
        assert_eq!(
            asked(&[("etag", "W/\"a\""), ("last-modified", EARLY)]),
            [r#"if-none-match: "W/\"a\"""#.to_owned(), format!("if-modified-since: {EARLY:?}")]
        );
        for unusable in [
            &[][..],
            &[("etag", "a")],
            &[("etag", "\"a")],
            &[("etag", "\"a\" \"b\"")],
            &[("etag", "w/\"a\"")],
            &[("etag", "\"a b\"")],
            &[("etag", "\"a\""), ("etag", "\"b\"")],
            &[("last-modified", "yesterday")],
            &[("last-modified", EARLY), ("last-modified", LATE)],
        ] {
            assert!(asked(unusable).is_empty(), "{unusable:?}");
            assert!(!has_validator(&stored(unusable)), "{unusable:?}");
        }
        assert!(has_validator(&stored(&[("etag", "\"\"")])));
        assert!(has_validator(&stored(&[("last-modified", EARLY)])));
    }

    #[test]
    fn a_304_freshens_only_the_version_that_it_names() {
        // RFC 9111 §4.3.4
        for (ours, theirs, same) in [
            (&[("etag", "\"a\"")][..], &[("etag", "\"a\"")][..], true),
            (&[("etag", "\"a\"")], &[("etag", "W/\"a\"")], true),
            (&[("etag", "W/\"a\"")], &[("etag", "W/\"a\"")], true),
            (&[("etag", "W/\"a\"")], &[("etag", "\"a\"")], false),
            (&[("etag", "\"a\"")], &[("etag", "\"b\"")], false),
            (&[("etag", "\"a\"")], &[("etag", "broken")], false),
            (
                &[("etag", "\"a\""), ("last-modified", EARLY)],
                &[("etag", "\"a\""), ("last-modified", LATE)],
                true,
            ),
            (&[("last-modified", EARLY)], &[("last-modified", EARLY)], true),
            (&[("last-modified", EARLY)], &[("last-modified", LATE)], false),
            (&[("last-modified", EARLY)], &[("etag", "\"a\"")], false),
            (&[("etag", "\"a\"")], &[("last-modified", EARLY)], false),
            (&[("etag", "\"a\"")], &[], true),
            (&[("vary", "a, b")], &[("vary", "B"), ("vary", "A")], true),
            (&[("vary", "a")], &[("vary", "a, b")], false),
            (&[], &[("vary", "a")], false),
            (&[], &[("vary", "*")], false),
            (&[("vary", "a")], &[], true),
        ] {
            let freshened = freshen(stored(ours), &fields(theirs), seconds(5), seconds(6));
            assert_eq!(freshened.is_some(), same, "{ours:?} {theirs:?}");
        }
    }

    #[test]
    fn the_answer_to_head_describes_the_stored_one_unless_it_differs() {
        // RFC 9111 §4.3.5
        let ours = stored(&[("etag", "\"a\""), ("last-modified", EARLY)]);
        for (head, same) in [
            (&[][..], true),
            (&[("etag", "\"a\"")], true),
            (&[("etag", "\"a\""), ("last-modified", EARLY), ("content-length", "10")], true),
            (&[("etag", "W/\"a\"")], false),
            (&[("etag", "\"b\"")], false),
            (&[("last-modified", LATE)], false),
            (&[("content-length", "11")], false),
            (&[("content-length", "x")], false),
            (&[("vary", "accept")], false),
        ] {
            assert_eq!(is_described_by(&ours, &fields(head)), same, "{head:?}");
        }
        assert!(!is_described_by(&stored(&[]), &fields(&[("etag", "\"a\"")])));
    }

    #[test]
    fn a_304_brings_its_fields_but_none_about_the_body() {
        // RFC 9111 §3.2
        let old = stored(&[
            ("etag", "\"a\""),
            ("cache-control", "max-age=1"),
            ("cache-control", "public"),
            ("content-length", "10"),
            ("content-type", "text/html"),
            ("content-encoding", "gzip"),
            ("age", "500"),
            ("x-old", "kept"),
        ]);
        let news = fields(&[
            ("cache-control", "max-age=60"),
            ("content-length", "0"),
            ("content-type", "text/plain"),
            ("content-encoding", "br"),
            ("content-range", "bytes 0-1/2"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("link", "a"),
            ("link", "b"),
        ]);
        let fresh = freshen(old, &news, seconds(1000), seconds(1002)).unwrap();
        let expected = fields(&[
            ("etag", "\"a\""),
            ("cache-control", "max-age=60"),
            ("content-length", "10"),
            ("content-type", "text/plain"),
            ("content-encoding", "gzip"),
            ("x-old", "kept"),
            ("link", "a"),
            ("link", "b"),
            ("date", &seconds(1002).to_http_date()),
        ]);
        assert_eq!(*fresh.headers, expected);
        assert_eq!((fresh.length, age(&fresh, seconds(1002)).as_secs()), (Some(10), 2));
    }

    #[test]
    fn a_client_with_the_same_version_gets_a_304() {
        // RFC 9110 §13.1.2, §13.1.3, §13.2.2
        let response = &[("etag", "W/\"a,b\""), ("last-modified", EARLY)][..];
        let dated = &[("date", EARLY)][..];
        for (response, request, expected) in [
            (response, &[("if-none-match", "\"a,b\"")][..], true),
            (response, &[("if-none-match", "W/\"a,b\"")], true),
            (response, &[("if-none-match", "\"x\", , W/\"a,b\"  ,\"y\"")], true),
            (response, &[("if-none-match", "\"x\""), ("if-none-match", "\"a,b\"")], true),
            (response, &[("if-none-match", "*")], true),
            (response, &[("if-none-match", "\"A,B\"")], false),
            (response, &[("if-none-match", "a,b")], false),
            (response, &[("if-none-match", "\"a,b\" x")], false),
            (response, &[("if-none-match", "\"a,b\"\"c\"")], false),
            (response, &[("if-none-match", "")], false),
            (response, &[("if-none-match", "\"x\""), ("if-modified-since", LATE)], false),
            (response, &[("if-modified-since", EARLY)], true),
            (response, &[("if-modified-since", LATE)], true),
            (response, &[("if-modified-since", "Sun, 06 Nov 1994 08:48:36 GMT")], false),
            (response, &[("if-modified-since", "recently")], false),
            (response, &[], false),
            (dated, &[("if-modified-since", EARLY)], true),
            (dated, &[("if-none-match", "\"x\"")], false),
            (dated, &[("if-none-match", "*")], true),
            (&[], &[("if-modified-since", LATE)], false),
            (&[("last-modified", "x"), ("date", EARLY)], &[("if-modified-since", LATE)], false),
        ] {
            let (response, request) = (fields(response), fields(request));
            for method in [Method::GET, Method::HEAD] {
                let answer = not_modified(&method, &request, StatusCode::OK, &response);
                assert_eq!(answer, expected, "{request:?} {response:?}");
            }
            assert!(!not_modified(&Method::POST, &request, StatusCode::OK, &response));
            assert!(!not_modified(&Method::GET, &request, StatusCode::NOT_FOUND, &response));
        }
    }

    #[test]
    fn a_304_made_here_says_nothing_about_a_body() {
        // RFC 9110 §15.4.5
        let kept = [
            ("cache-control", "max-age=60"),
            ("content-location", "/a"),
            ("content-security-policy", "default-src 'self'"),
            ("date", EARLY),
            ("etag", "\"a\""),
            ("expires", LATE),
            ("vary", "accept"),
        ];
        let dropped = [("content-type", "text/html"), ("content-length", "1"), ("content-encoding", "br")];
        let whole = fields(&[&kept[..], &dropped, &[("last-modified", EARLY)]].concat());
        assert_eq!(not_modified_headers(&whole), fields(&kept));
        let dated = fields(&[("last-modified", EARLY)]);
        assert_eq!(not_modified_headers(&dated), dated);
    }

    proptest! {
        #[test]
        fn any_condition_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..40), tag in "[\"W/a, ]{0,12}") {
            let response = fields(&[("etag", "\"a\""), ("last-modified", EARLY)]);
            for value in [HeaderValue::from_bytes(&bytes), HeaderValue::from_bytes(tag.as_bytes())] {
                let Ok(value) = value else { continue };
                for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE] {
                    let mut request = HeaderMap::new();
                    request.insert(name, value.clone());
                    not_modified(&Method::GET, &request, StatusCode::OK, &response);
                }
                let mut response = HeaderMap::new();
                response.insert(ETAG, value);
                conditional_headers(&Stored { headers: response.into(), ..stored(&[]) });
            }
        }

        #[test]
        fn a_list_holds_the_tags_that_it_was_made_of(tags in prop::collection::vec("(W/)?\"[!#-~]{0,6}\"", 0..6), comma in "[ ,]{0,2},[ \t,]{0,2}") {
            let text = tags.join(&comma);
            let read = EntityTag::list(text.as_bytes()).unwrap();
            let written: Vec<_> = tags.iter().map(|tag| EntityTag::first(tag.as_bytes()).unwrap().0).collect();
            prop_assert_eq!(read, written);
        }
    }
}
