//! Resumption of a body that broke off. May the rest be requested, and does a part continue the same bytes (RFC 9110
//! §15.3.7.3)?
//!
//! Only a strong entity tag guarantees equal bytes (RFC 9110 §8.8.1). The first answer must have one and no content
//! coding. The part must have the same tag, the right position and the same total length. Anything else is refused: a
//! client notices a body that breaks off, but not a wrong seam.

use std::cell::Cell;

use http::header::{CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{content_length, natural};
use crate::cache::{range, validation};
use crate::fields::joined;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// A body that can be resumed, from the head of its first answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The strong entity tag.
    pub tag: HeaderValue,
    /// The length in bytes; `None` until an answer states it.
    pub length: Cell<Option<u64>>,
    /// The digest, if stated.
    pub digest: Option<Digest>,
}

impl Whole {
    /// The resumption data of an answer with this status and these fields; `None` if its body cannot be resumed.
    pub fn of(status: u16, headers: &HeaderMap) -> Option<Self> {
        let is_resumable =
            status == 200 && range::are_accepted(headers) && !headers.contains_key(CONTENT_ENCODING);
        let tag = validation::strong_tag(headers).filter(|_| is_resumable)?.clone();
        Some(Self { tag, length: content_length(headers).into(), digest: Digest::of(headers) })
    }

    /// The length of the whole body if an answer with this status and these fields continues it at byte `at`; `None`
    /// otherwise.
    ///
    /// The answer must be a 206 with one part that begins at `at`, with the same entity tag and without a content
    /// coding. It must state the announced total length. It may end earlier if its `Content-Length` says so: the
    /// platform then enforces that.
    pub fn continues(&self, status: u16, headers: &HeaderMap, at: u64) -> Option<u64> {
        let is_multipart = only(headers, &CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"));
        let is_same = only(headers, &ETAG) == Some(&self.tag);
        if status != 206 || !is_same || is_multipart || headers.contains_key(CONTENT_ENCODING) {
            return None;
        }
        let part = Part::of(only(headers, &CONTENT_RANGE)?)?;
        let ends_where_it_says = match content_length(headers) {
            Some(length) => part.first.checked_add(length)? == part.end,
            None => part.end == part.whole,
        };
        let is_expected = part.first == at && self.length.get().is_none_or(|length| length == part.whole);
        (is_expected && ends_where_it_says).then_some(part.whole)
    }
}

/// A parsed `Content-Range` (RFC 9110 §14.4).
struct Part {
    first: u64,
    /// The position after the last byte.
    end: u64,
    whole: u64,
}

impl Part {
    /// `None` unless it is a byte range of at least one byte with a known total.
    fn of(range: &HeaderValue) -> Option<Self> {
        let (unit, range) = range.to_str().ok()?.split_once(' ')?;
        let (span, whole) = range.split_once('/')?;
        let (first, last) = span.split_once('-')?;
        let (first, last, whole) = (natural(first)?, natural(last)?, natural(whole)?);
        let is_part = unit.eq_ignore_ascii_case("bytes") && first <= last && last < whole;
        is_part.then_some(Self { first, end: last + 1, whole })
    }
}

/// The value of the only line with this name.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// The digest of a whole body, from `Repr-Digest` (RFC 9530 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Digest {
    /// The algorithm's name in `WebCrypto` and the digest in base64.
    Known(&'static str, String),
    /// Only unsupported algorithms: a resumed body cannot be verified.
    Unknown,
}

impl Digest {
    /// The strongest digest in these fields; `None` if there is none.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let members = joined(headers, &REPR_DIGEST)?;
        let members = str::from_utf8(&members).unwrap_or_default();
        // The lengths of 64 and 32 bytes in base64.
        for (name, algorithm, length) in [("sha-512=:", "SHA-512", 88), ("sha-256=:", "SHA-256", 44)] {
            let value = members.rsplit(',').find_map(|member| member.trim_ascii().strip_prefix(name));
            let digest = value.and_then(|value| value.split(':').next());
            if let Some(digest) = digest.filter(|digest| digest.len() == length) {
                return Some(Self::Known(algorithm, digest.to_owned()));
            }
        }
        Some(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::headers;
    use super::*;
    use proptest::prelude::*;

    const TAG: (&str, &str) = ("etag", "\"v1\"");
    const RANGES: (&str, &str) = ("accept-ranges", "bytes");

    fn whole(length: Option<u64>) -> Whole {
        Whole { tag: HeaderValue::from_static("\"v1\""), length: length.into(), digest: None }
    }

    #[test]
    fn a_body_is_resumed_only_if_its_first_answer_names_its_very_bytes() {
        // RFC 9110 §8.8.1, §14.3
        for (status, fields, expected) in [
            (200, &[TAG, RANGES][..], Some(whole(None))),
            (200, &[TAG, RANGES, ("content-length", "9")], Some(whole(Some(9)))),
            (200, &[TAG, ("accept-ranges", "none, Bytes")], Some(whole(None))),
            (206, &[TAG, RANGES], None),
            (200, &[TAG], None),
            (200, &[RANGES], None),
            (200, &[("etag", "W/\"v1\""), RANGES], None),
            (200, &[("etag", "v1"), RANGES], None),
            (200, &[TAG, TAG, RANGES], None),
            (200, &[TAG, RANGES, ("content-encoding", "gzip")], None),
            (200, &[TAG, RANGES, ("content-encoding", "identity")], None),
        ] {
            assert_eq!(Whole::of(status, &headers(fields)), expected, "{status} {fields:?}");
        }
    }

    #[test]
    fn only_the_rest_of_the_very_same_bytes_continues_a_body() {
        // RFC 9110 §14.4, §15.3.7.3
        let range = |range| ("content-range", range);
        let (rest, length) = (range("bytes 4-9/10"), ("content-length", "6"));
        for (fields, expected) in [
            (&[TAG, rest][..], Some(10)),
            (&[TAG, rest, length], Some(10)),
            (&[TAG, range("Bytes 4-9/10"), ("content-type", "video/mp4")], Some(10)),
            (&[TAG, range("bytes 4-6/10"), ("content-length", "3")], Some(10)),
            (&[TAG, range("bytes 4-6/10")], None),
            (&[TAG, rest, ("content-length", "5")], None),
            (&[TAG, rest, ("content-length", "7")], None),
            (&[rest], None),
            (&[("etag", "\"v2\""), rest], None),
            (&[("etag", "W/\"v1\""), rest], None),
            (&[TAG, ("etag", "\"v2\""), rest], None),
            (&[("etag", "\"v1\", \"v2\""), rest], None),
            (&[TAG, rest, ("content-encoding", "gzip")], None),
            (&[TAG, rest, ("content-encoding", "identity")], None),
            (&[TAG, rest, ("content-type", "Multipart/ByteRanges; boundary=x")], None),
            (&[TAG, rest, rest], None),
            (&[TAG, range("bytes 4-9/10, bytes 4-9/10")], None),
            (&[TAG], None),
            (&[TAG, range("bytes 4-10/11")], None),
            (&[TAG, range("bytes 4-8/9")], None),
            (&[TAG, range("bytes 4-9/*")], None),
            (&[TAG, range("bytes 4-9")], None),
            (&[TAG, range("bytes 3-9/10")], None),
            (&[TAG, range("bytes 5-9/10")], None),
            (&[TAG, range("bytes 4-10/10")], None),
            (&[TAG, range("bytes 4-3/10")], None),
            (&[TAG, range("bytes */10")], None),
            (&[TAG, range("pages 4-9/10")], None),
            (&[TAG, range("bytes 4-9/+10")], None),
            (&[TAG, range("bytes 4-18446744073709551615/18446744073709551616")], None),
            (&[TAG, range("bytes 4-18446744073709551615/18446744073709551615")], None),
        ] {
            assert_eq!(whole(Some(10)).continues(206, &headers(fields), 4), expected, "{fields:?}");
        }
        assert_eq!(whole(Some(10)).continues(200, &headers(&[TAG, rest]), 4), None);
    }

    #[test]
    fn a_length_that_was_not_announced_is_that_of_the_part() {
        for (fields, expected) in [
            (&[TAG, ("content-range", "bytes 4-9/10")][..], Some(10)),
            (&[TAG, ("content-range", "bytes 4-9/*")], None),
        ] {
            assert_eq!(whole(None).continues(206, &headers(fields), 4), expected, "{fields:?}");
        }
    }

    #[test]
    fn the_strongest_digest_counts() {
        // RFC 9530 §3, §5
        let (sha256, sha512) = ("a".repeat(43) + "=", "b".repeat(86) + "==");
        let one = format!("sha-256=:{sha256}:");
        let both = format!("sha-256=:{sha256}:, sha-512=:{sha512}: ;x=1");
        for (value, expected) in [
            (one.as_str(), Digest::Known("SHA-256", sha256.clone())),
            (both.as_str(), Digest::Known("SHA-512", sha512)),
            ("md5=:aaaa:", Digest::Unknown),
            ("sha-256=:aaaa:", Digest::Unknown),
            ("sha-256", Digest::Unknown),
            ("", Digest::Unknown),
        ] {
            assert_eq!(Digest::of(&headers(&[("repr-digest", value)])), Some(expected), "{value}");
        }
        assert_eq!(Digest::of(&headers(&[("content-digest", &one)])), None);
    }

    proptest! {
        #[test]
        fn a_part_of_anything_else_continues_nothing(value in "bytes [0-9]{1,21}-[0-9]{1,21}/[0-9*]{1,21}|[ -~]{0,24}") {
            if let Some(total) = whole(None).continues(206, &headers(&[TAG, ("content-range", &value)]), 4) {
                prop_assert_eq!(value, format!("bytes 4-{}/{total}", total - 1));
            }
        }
    }
}
