//! Which part of a stored body does a client ask for (RFC 9110 §14)?
//!
//! One range is answered from the store; of several, and of what cannot be read, the whole is sent, which
//! §14.2 leaves to the server.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::entry::Stored;
use crate::time::Timestamp;

/// What of a stored body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of it.
    Whole,
    /// `length` bytes from `start` on, of `total`; at least one.
    Part {
        /// The first byte, counted from 0.
        start: u64,
        /// How many bytes.
        length: u64,
        /// How long the whole body is.
        total: u64,
    },
    /// None of it: the range lies outside (416).
    Unsatisfiable {
        /// How long the whole body is.
        total: u64,
    },
}

impl Selection {
    /// The value of `Content-Range` (RFC 9110 §14.4); `None` for the whole.
    pub fn content_range(self) -> Option<HeaderValue> {
        let text = match self {
            Self::Whole => return None,
            Self::Part { start, length, total } => {
                format!("bytes {start}-{}/{total}", start.saturating_add(length).saturating_sub(1))
            }
            Self::Unsatisfiable { total } => format!("bytes */{total}"),
        };
        HeaderValue::try_from(text).ok()
    }
}

/// Decides by the fields of a request what of `stored` it gets. `Range` counts for GET alone (§14.2), and only
/// if `If-Range`, where there is one, names this very representation (§13.1.5).
pub fn select(method: &Method, headers: &HeaderMap, stored: &Stored) -> Selection {
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (Some(range), Some(total)) = (range, stored.length) else { return Selection::Whole };
    if *method != Method::GET || stored.status != StatusCode::OK || !is_named(headers, stored) {
        return Selection::Whole;
    }
    parse(range).map_or(Selection::Whole, |range| range.within(total))
}

/// One byte range as it was asked for.
enum Asked {
    From(u64, u64),
    Last(u64),
}

impl Asked {
    fn within(self, total: u64) -> Selection {
        let (start, end) = match self {
            Self::From(start, last) => (start, last.saturating_add(1).min(total)),
            Self::Last(length) => (total.saturating_sub(length), total),
        };
        if start < end {
            Selection::Part { start, length: end - start, total }
        } else {
            Selection::Unsatisfiable { total }
        }
    }
}

/// Reads `bytes=first-last`, `bytes=first-` or `bytes=-length` (§14.1.2).
fn parse(range: &str) -> Option<Asked> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", length) => Some(Asked::Last(number(length)?)),
        (first, "") => Some(Asked::From(number(first)?, u64::MAX)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::From(first, last))
        }
    }
}

/// Digits alone; more than fit count as the largest number.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Whether `If-Range` is absent or names `stored`: the same strong tag, or the date at which it was last
/// modified, provided that this was at least a second before it was sent (§8.8.2.2).
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
            headers: fields(headers),
            requested_at: Timestamp::from_millis(0),
            received_at: Timestamp::from_millis(0),
            length,
            selected_by: Vec::new(),
        }
    }

    fn part(start: u64, length: u64) -> Selection {
        Selection::Part { start, length, total: 10 }
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
            ("bytes=0-1,3-4", Selection::Whole),
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
    }

    proptest! {
        #[test]
        fn a_part_always_lies_inside(range in "bytes=[0-9]{0,21}-[0-9]{0,21}|[ -~]{0,20}", total in any::<u64>()) {
            let asked = fields(&[("range", &range)]);
            if let Selection::Part { start, length, total } = select(&Method::GET, &asked, &stored(Some(total), &[])) {
                prop_assert!(length > 0 && start.checked_add(length).is_some_and(|end| end <= total));
            }
        }
    }
}
