//! Byte ranges. Which parts of a stored body does the client request (RFC 9110 §14)?
//!
//! An unreadable `Range` gets the whole body. So do ranges that are costly and useless: more than [`MOST_RANGES`], or
//! out of order. §14.2 leaves both to the server.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::entry::Stored;
use crate::time::Timestamp;

/// More ranges than this in one request get the whole body.
pub const MOST_RANGES: usize = 16;

/// The part of a stored body to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The whole body.
    Whole,
    /// One part.
    Part {
        /// The part.
        span: Span,
        /// The length of the whole body, in bytes.
        total: u64,
    },
    /// Several parts, in the order of the body; they neither touch nor overlap.
    Parts {
        /// The parts; at least two.
        spans: Vec<Span>,
        /// The length of the whole body, in bytes.
        total: u64,
    },
    /// Nothing: every range lies outside the body (416).
    Unsatisfiable {
        /// The length of the whole body, in bytes.
        total: u64,
    },
}

/// Consecutive bytes of a body; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte, counted from 0.
    pub start: u64,
    /// The number of bytes.
    pub length: u64,
}

impl Span {
    /// The value of `Content-Range` for this part of `total` bytes (RFC 9110 §14.4).
    pub fn content_range(self, total: u64) -> String {
        format!("bytes {}-{}/{total}", self.start, self.end().saturating_sub(1))
    }

    fn end(self) -> u64 {
        self.start.saturating_add(self.length)
    }
}

impl Selection {
    /// The value of `Content-Range` (RFC 9110 §14.4). `None` for the whole body, and for several parts: each of them
    /// has its own.
    pub fn content_range(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Whole | Self::Parts { .. } => return None,
            Self::Part { span, total } => span.content_range(*total),
            Self::Unsatisfiable { total } => format!("bytes */{total}"),
        };
        HeaderValue::try_from(text).ok()
    }
}

/// The text around the parts of a `multipart/byteranges` body (RFC 9110 §14.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multipart {
    /// The media type, which names the boundary.
    pub content_type: HeaderValue,
    /// The head before each part, then the end of the body.
    pub around: Vec<String>,
}

impl Multipart {
    /// Builds the text for `spans` of a body of `total` bytes with this media type. `boundary` is 1 to 70 letters and
    /// digits, best chosen at random: it must not occur in the body.
    pub fn new(
        spans: &[Span],
        total: u64,
        content_type: Option<&HeaderValue>,
        boundary: &str,
    ) -> Option<Self> {
        let of_part = content_type.and_then(|kind| kind.to_str().ok());
        let of_part = of_part.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
        let mut around = Vec::with_capacity(spans.len() + 1);
        for span in spans {
            let line_end = if around.is_empty() { "" } else { "\r\n" };
            let range = span.content_range(total);
            around.push(format!("{line_end}--{boundary}\r\n{of_part}Content-Range: {range}\r\n\r\n"));
        }
        around.push(format!("\r\n--{boundary}--\r\n"));
        let content_type = format!("multipart/byteranges; boundary={boundary}");
        Some(Self { content_type: HeaderValue::try_from(content_type).ok()?, around })
    }

    /// The length of the multipart body with these `spans`, in bytes.
    pub fn length(&self, spans: &[Span]) -> u64 {
        let around: usize = self.around.iter().map(String::len).sum();
        spans.iter().fold(around as u64, |length, span| length.saturating_add(span.length))
    }
}

/// Decides what part of `stored` a request gets. `Range` counts only for GET (§14.2), only for a stored 200 of known
/// length, and only if `If-Range` is absent or matches (§13.1.5).
pub fn select(method: &Method, headers: &HeaderMap, stored: &Stored) -> Selection {
    let mut lines = headers.get_all(header::RANGE).iter();
    let range = lines.next().filter(|_| lines.next().is_none()).and_then(|value| value.to_str().ok());
    let (Some(range), Some(total)) = (range, stored.length) else { return Selection::Whole };
    if *method != Method::GET || stored.status != StatusCode::OK || !is_named(headers, stored) {
        return Selection::Whole;
    }
    let Some(asked) = parse(range) else { return Selection::Whole };
    let several = asked.len() > 1;
    let spans: Vec<Span> = asked.into_iter().filter_map(|range| range.within(total)).collect();
    let Some(spans) = in_order(spans) else { return Selection::Whole };
    match spans.as_slice() {
        [] => Selection::Unsatisfiable { total },
        [span] if several && span.length == total => Selection::Whole,
        [span] => Selection::Part { span: *span, total },
        _ => Selection::Parts { spans, total },
    }
}

/// Whether the response announces byte ranges in `Accept-Ranges` (RFC 9110 §14.3).
pub fn are_accepted(headers: &HeaderMap) -> bool {
    let mut units =
        headers.get_all(header::ACCEPT_RANGES).iter().flat_map(|line| line.as_bytes().split(|&b| b == b','));
    units.any(|unit| unit.trim_ascii().eq_ignore_ascii_case(b"bytes"))
}

/// Merges spans that touch or overlap, as §14.2 allows; `None` if the spans are out of order.
fn in_order(spans: Vec<Span>) -> Option<Vec<Span>> {
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.start => return None,
            Some(last) if span.start <= last.end() => {
                last.length = last.end().max(span.end()) - last.start;
            }
            Some(_) | None => merged.push(span),
        }
    }
    Some(merged)
}

/// One requested byte range.
enum Asked {
    From(u64, u64),
    Last(u64),
}

impl Asked {
    fn within(self, total: u64) -> Option<Span> {
        let (start, end) = match self {
            Self::From(start, last) => (start, last.saturating_add(1).min(total)),
            Self::Last(length) => (total.saturating_sub(length), total),
        };
        (start < end).then(|| Span { start, length: end - start })
    }
}

/// Parses `bytes=` and a list of `first-last`, `first-` and `-length` (§14.1.2).
fn parse(ranges: &str) -> Option<Vec<Asked>> {
    let (unit, set) = ranges.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut asked = Vec::new();
    for range in set.split(',').map(str::trim).filter(|range| !range.is_empty()) {
        if asked.len() == MOST_RANGES {
            return None;
        }
        asked.push(match range.split_once('-')? {
            ("", length) => Asked::Last(number(length)?),
            (first, "") => Asked::From(number(first)?, u64::MAX),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return None;
                }
                Asked::From(first, last)
            }
        });
    }
    (!asked.is_empty()).then_some(asked)
}

/// Accepts only digits; a number that is too large counts as the largest one.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Whether `If-Range` is absent or names `stored`: by the same strong entity tag, or by its `Last-Modified`, provided
/// that this was at least a second before the response was sent (§8.8.2.2).
fn is_named(headers: &HeaderMap, stored: &Stored) -> bool {
    let Some(named) = headers.get(header::IF_RANGE) else { return true };
    if named.as_bytes().starts_with(b"\"") {
        return stored.headers.get(header::ETAG) == Some(named);
    }
    let date = |name| {
        let value: &HeaderValue = stored.headers.get(name)?;
        Timestamp::parse_http_date(value.to_str().ok()?)
    };
    let named = named.to_str().ok().and_then(Timestamp::parse_http_date);
    match (named, date(header::LAST_MODIFIED), date(header::DATE)) {
        (Some(named), Some(modified), Some(sent)) => named == modified && modified < sent,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;
    use proptest::prelude::*;

    fn fields(fields: &[(&str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn stored(length: Option<u64>, headers: &[(&str, &str)]) -> Stored {
        Stored {
            status: StatusCode::OK,
            headers: fields(headers).into(),
            requested_at: Timestamp::from_millis(0),
            received_at: Timestamp::from_millis(0),
            length,
            outdated: false,
            withdrawn_from: None,
            selected_by: Vec::new(),
        }
    }

    fn part(start: u64, length: u64) -> Selection {
        Selection::Part { span: Span { start, length }, total: 10 }
    }

    fn parts(spans: &[(u64, u64)]) -> Selection {
        let spans = spans.iter().map(|&(start, length)| Span { start, length }).collect();
        Selection::Parts { spans, total: 10 }
    }

    #[test]
    fn a_range_is_cut_to_the_body() {
        // RFC 9110 §14.1.2
        for (range, expected) in [
            ("bytes=0-3", part(0, 4)),
            ("bytes=4-", part(4, 6)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=8-99999999999999999999", part(8, 2)),
            ("Bytes = 0-0", part(0, 1)),
            ("bytes=10-", Selection::Unsatisfiable { total: 10 }),
            ("bytes=-0", Selection::Unsatisfiable { total: 10 }),
            ("bytes=3-2", Selection::Whole),
            ("bytes=0-1,3-4", parts(&[(0, 2), (3, 2)])),
            ("bytes=0-0 , ,-1,", parts(&[(0, 1), (9, 1)])),
            ("bytes=0-1,2-3", part(0, 4)), // §14.2: may be made one
            ("bytes=0-5,3-4,8-", parts(&[(0, 6), (8, 2)])),
            ("bytes=0-1,20-30", part(0, 2)),
            ("bytes=20-30,-0", Selection::Unsatisfiable { total: 10 }),
            ("bytes=0-,0-,0-", Selection::Whole),
            ("bytes=3-4,0-1", Selection::Whole),
            ("bytes=0-1,x", Selection::Whole),
            ("bytes=0-0,2-2,4-4,6-6,8-8,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", Selection::Whole),
            ("bytes=", Selection::Whole),
            ("bytes=-", Selection::Whole),
            ("bytes=a-b", Selection::Whole),
            ("pages=1-2", Selection::Whole),
        ] {
            let asked = fields(&[("range", range)]);
            assert_eq!(select(&Method::GET, &asked, &stored(Some(10), &[])), expected, "{range}");
        }
        let asked = fields(&[("range", "bytes=0-3")]);
        assert_eq!(select(&Method::HEAD, &asked, &stored(Some(10), &[])), Selection::Whole);
        assert_eq!(select(&Method::GET, &asked, &stored(None, &[])), Selection::Whole);
        let moved = Stored { status: StatusCode::MOVED_PERMANENTLY, ..stored(Some(10), &[]) };
        assert_eq!(select(&Method::GET, &asked, &moved), Selection::Whole);
    }

    #[test]
    fn if_range_wants_the_very_same_representation() {
        // RFC 9110 §13.1.5
        let (modified, sent) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT");
        let tagged = [("etag", "\"1\""), ("last-modified", modified), ("date", sent)];
        let weak = [("etag", "W/\"1\"")];
        let just_now = [("last-modified", modified), ("date", modified)];
        for (headers, named, expected) in [
            (&tagged[..], "\"1\"", true),
            (&tagged, "\"2\"", false),
            (&tagged, "W/\"1\"", false),
            (&tagged, modified, true),
            (&tagged, sent, false),
            (&tagged, "nonsense", false),
            (&weak, "W/\"1\"", false),
            (&weak, "\"1\"", false),
            (&just_now, modified, false),
            (&[], "\"1\"", false),
        ] {
            let asked = fields(&[("range", "bytes=0-3"), ("if-range", named)]);
            let is_part = select(&Method::GET, &asked, &stored(Some(10), headers)) == part(0, 4);
            assert_eq!(is_part, expected, "{named} of {headers:?}");
        }
    }

    #[test]
    fn content_range_is_written_as_registered() {
        // RFC 9110 §14.4
        assert_eq!(part(4, 6).content_range().unwrap(), "bytes 4-9/10");
        assert_eq!(Selection::Unsatisfiable { total: 10 }.content_range().unwrap(), "bytes */10");
        assert_eq!(Selection::Whole.content_range(), None);
        assert_eq!(parts(&[(0, 2), (3, 2)]).content_range(), None);
    }

    #[test]
    fn several_parts_are_told_apart_by_a_boundary() {
        // RFC 9110 §14.6
        let spans = [Span { start: 0, length: 2 }, Span { start: 7, length: 3 }];
        let kind = HeaderValue::from_static("text/plain");
        let multipart = Multipart::new(&spans, 10, Some(&kind), "B").unwrap();
        assert_eq!(multipart.content_type, "multipart/byteranges; boundary=B");
        let whole = format!("{}01{}789{}", multipart.around[0], multipart.around[1], multipart.around[2]);
        let expected = "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n\
                        --B\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-9/10\r\n\r\n789\r\n--B--\r\n";
        assert_eq!(whole, expected);
        assert_eq!(multipart.length(&spans), whole.len() as u64);
    }

    proptest! {
        #[test]
        fn every_part_lies_inside_and_after_the_one_before(
            range in "bytes=[0-9]{0,21}-[0-9]{0,21}|bytes=([0-9]{0,2}-[0-9]{0,2},){1,5}|[ -~]{0,20}",
            total in prop_oneof![any::<u64>(), 0..100_u64],
        ) {
            let asked = fields(&[("range", &range)]);
            let spans = match select(&Method::GET, &asked, &stored(Some(total), &[])) {
                Selection::Part { span, .. } => vec![span],
                Selection::Parts { spans, .. } => spans,
                Selection::Whole | Selection::Unsatisfiable { .. } => Vec::new(),
            };
            let mut at = 0;
            for span in spans {
                prop_assert!(span.length > 0 && span.start >= at);
                at = span.start.checked_add(span.length).unwrap();
                prop_assert!(at <= total);
            }
        }
    }
}
