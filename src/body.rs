//! How a body is handed on: held until whole, streamed and watched, or not there at all.
//!
//! A small body is held, so that one that tears is a failed attempt and not a torn 200. A large one
//! streams, watched for silence if that can be mended. Bodies themselves are opaque; this decides by the head alone.

use std::time::Duration;

use http::{HeaderMap, Method, header};

use crate::config::Settings;

/// What to do with the body behind a response head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// There is none (RFC 9110 §6.4.1).
    None,
    /// Read it to its end before the client sees any of it.
    Hold {
        /// Its `Content-Length`, where it has one.
        length: Option<u64>,
    },
    /// Hand it on as it comes.
    Stream {
        /// Its `Content-Length`, where it has one.
        length: Option<u64>,
        /// The longest silence where it is watched; `None` for event streams, whose silence is no fault.
        idle: Option<Duration>,
    },
}

/// Decides by a response head how its body is handed on.
///
/// Streamed from the first byte: what is longer than `body.hold`, event streams, and answers whose origin
/// asks for it with `X-Accel-Buffering: no`, as it would ask nginx.
pub fn plan(method: &Method, status: u16, headers: &HeaderMap, settings: &Settings) -> Plan {
    if method == Method::HEAD || matches!(status, 204 | 205 | 304) {
        return Plan::None;
    }
    let length = content_length(headers);
    if length == Some(0) {
        return Plan::None;
    }
    if is_event_stream(headers) {
        return Plan::Stream { length, idle: None };
    }
    if length.is_some_and(|length| length > settings.body.hold) || declines_buffering(headers) {
        return Plan::Stream { length, idle: Some(settings.timeouts.idle) };
    }
    Plan::Hold { length }
}

/// Whether the body of an answer to such a request may be held before its head is looked at here. Most are held in the
/// end, by [`plan`]; a head of which that is not clear is looked at first.
pub fn may_be_held_first(method: &Method, is_upgrade: bool) -> bool {
    method == Method::GET && !is_upgrade
}

/// The largest length that JavaScript can count, 2^53 - 1; a larger one is taken for none.
const LARGEST: u64 = (1 << 53) - 1;

/// The length that the head announces (RFC 9110 §8.6); `None` if it announces none, or several that differ,
/// or if a transfer coding decides instead (RFC 9112 §6.3).
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    let mut lengths = headers
        .get_all(header::CONTENT_LENGTH)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(|text| {
            let text = std::str::from_utf8(text.trim_ascii()).ok()?;
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|length| digits && *length <= LARGEST)
        });
    let first: u64 = lengths.next()??;
    lengths.all(|length| length == Some(first)).then_some(first)
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    })
}

fn declines_buffering(headers: &HeaderMap) -> bool {
    headers.get("x-accel-buffering").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"no"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;
    use proptest::prelude::*;

    fn headers(fields: &[(&str, &str)]) -> HeaderMap {
        let field =
            |(name, value): &(&str, &str)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in fields.iter().map(field) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn small_bodies_are_held_and_others_stream() {
        let settings = Settings::default();
        let idle = Some(settings.timeouts.idle);
        for (method, status, fields, expected) in [
            (Method::GET, 200, &[][..], Plan::Hold { length: None }),
            (Method::GET, 200, &[("content-length", "262144")], Plan::Hold { length: Some(262_144) }),
            (Method::GET, 200, &[("content-length", "262145")], Plan::Stream { length: Some(262_145), idle }),
            (Method::GET, 200, &[("content-length", "0")], Plan::None),
            (Method::GET, 304, &[("content-length", "5")], Plan::None),
            (Method::GET, 204, &[], Plan::None),
            (Method::HEAD, 200, &[("content-length", "5")], Plan::None),
            (
                Method::GET,
                200,
                &[("content-type", "Text/Event-Stream; charset=utf-8")],
                Plan::Stream { length: None, idle: None },
            ),
            (Method::GET, 200, &[("x-accel-buffering", "no")], Plan::Stream { length: None, idle }),
        ] {
            assert_eq!(plan(&method, status, &headers(fields), &settings), expected, "{method} {fields:?}");
        }
    }

    #[test]
    fn a_length_counts_only_if_it_is_one() {
        // RFC 9110 §8.6, RFC 9112 §6.3
        for (fields, length) in [
            (&[("content-length", "5")][..], Some(5)),
            (&[("content-length", "5, 5")], Some(5)),
            (&[("content-length", "5"), ("content-length", "5")], Some(5)),
            (&[("content-length", "5, 6")], None),
            (&[("content-length", "+5")], None),
            (&[("content-length", "")], None),
            (&[("content-length", "99999999999999999999")], None),
            (&[("content-length", "9007199254740991")], Some((1 << 53) - 1)),
            (&[("content-length", "9007199254740992")], None),
            (&[("content-length", "5"), ("transfer-encoding", "chunked")], None),
            (&[], None),
        ] {
            assert_eq!(content_length(&headers(fields)), length, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn any_length_can_be_read_or_left(value in "[ -~]{0,24}") {
            let _ = content_length(&headers(&[("content-length", &value)]));
        }
    }
}
