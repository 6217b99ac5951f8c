//! Response bodies. Is a body buffered until it is whole, streamed, or absent (RFC 9110 §6.4, §8.6)?
//!
//! A small body is buffered, so that one that breaks off is a failed attempt and not a truncated 200. A large one is
//! streamed, and monitored for silence if it can be resumed. A body that is written live, piece by piece, is streamed
//! without a limit on silence: its pauses mean nothing. Bodies are opaque here; only the head decides.

pub mod resumption;

use std::ops::Range;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method, header};

use crate::cache::directives::ResponseDirectives;
use crate::config::Settings;

/// How an origin asks nginx for a body to be streamed.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What to do with the body behind a response head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// There is no body (RFC 9110 §6.4.1).
    None,
    /// Read it to its end before the client gets any of it.
    Hold {
        /// Its `Content-Length`, if any.
        length: Option<u64>,
    },
    /// Forward it as it arrives.
    Stream {
        /// Its `Content-Length`, if any.
        length: Option<u64>,
        /// The longest silence; `None` for a body that is written live.
        idle: Option<Duration>,
        /// Whether it is considered endless, and therefore not stored.
        is_endless: bool,
    },
}

/// Decides by a response head how its body is forwarded.
///
/// Streamed from the first byte:
///
/// - bodies longer than `body.buffer`
/// - events, gRPC calls and lines that are written live
/// - answers with `X-Accel-Buffering: no`, the field by which an origin asks nginx for the same
pub fn plan(method: &Method, status: u16, headers: &HeaderMap, settings: &Settings) -> Plan {
    if method == Method::HEAD || matches!(status, 204 | 205 | 304) {
        return Plan::None;
    }
    let length = content_length(headers);
    if length == Some(0) {
        return Plan::None;
    }
    let stream = |idle, is_endless| Plan::Stream { length, idle, is_endless };
    match pace(headers) {
        Pace::Endless => stream(None, true),
        // A file in such a form states how long it may be stored; a log or a live answer does not.
        Pace::Lines => stream(None, !says_to_be_stored(headers)),
        Pace::Any if declines_buffering(headers) => stream(None, false),
        Pace::Any if length.is_some_and(|length| length > settings.body.buffer) => {
            stream(Some(settings.timeouts.idle), false)
        }
        Pace::Any => Plan::Hold { length },
    }
}

/// Whether the body of an answer to such a request may be buffered before [`plan`] has seen its head. Most bodies are
/// buffered in the end; for other methods and upgrades, `plan` decides first.
pub fn may_be_held_first(method: &Method, is_upgrade: bool) -> bool {
    method == Method::GET && !is_upgrade
}

/// The bodies that are buffered before [`plan`] has seen their heads, in a form that JavaScript can apply.
#[derive(Debug)]
pub struct HeldFirst {
    /// The statuses whose bodies may be buffered first.
    pub statuses: Range<u16>,
    /// The statuses among them without a body.
    pub bodiless: [u16; 3],
    /// A regular expression, case-insensitive and with `^` for the beginning of each line. It matches at least the lines of
    /// heads whose bodies may have to be streamed.
    pub may_stream: &'static str,
}

/// Every body that it buffers, [`plan`] would buffer too; `plan` decides about all others.
pub const HELD_FIRST: HeldFirst = HeldFirst {
    statuses: 200..500,
    bodiless: [204, 205, 304],
    may_stream: r"^(?:x-accel-buffering:|content-type:.*(?:event-stream|x-mixed-replace|json-?(?:l|seq)|ndjson|stream\+json|grpc|connect\+))",
};

/// The largest integer that JavaScript can represent exactly, 2^53 - 1. A larger length counts as none.
const LARGEST: u64 = (1 << 53) - 1;

/// The `Content-Length` (RFC 9110 §8.6). `None` if it is absent, unreadable or contradictory, or if there is a
/// transfer coding (RFC 9112 §6.3).
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    let mut first = None;
    for line in headers.get_all(header::CONTENT_LENGTH) {
        for length in line.to_str().ok()?.split(',') {
            let length = natural(length.trim_ascii())?;
            if *first.get_or_insert(length) != length {
                return None;
            }
        }
    }
    first
}

/// A number of bytes: only digits, at most [`LARGEST`].
fn natural(text: &str) -> Option<u64> {
    // Else there may be a sign.
    let begins_with_digit = text.starts_with(|first: char| first.is_ascii_digit());
    text.parse().ok().filter(|number| begins_with_digit && *number <= LARGEST)
}

/// How a body of some media type is written.
enum Pace {
    /// Live and without end: events, replacing pictures, streamed calls.
    Endless,
    /// Line by line, as by a log, a query or a language model; possibly a file.
    Lines,
    /// Unknown by its type.
    Any,
}

const ENDLESS: [&str; 2] = ["text/event-stream", "multipart/x-mixed-replace"];

const LINES: [&str; 11] = [
    "application/geo+json-seq",
    "application/json-lines",
    "application/json-seq",
    "application/jsonl",
    "application/jsonlines",
    "application/ndjson",
    "application/stream+json",
    "application/x-jsonlines",
    "application/x-ndjson",
    "text/ndjson",
    "text/x-ndjson",
];

fn pace(headers: &HeaderMap) -> Pace {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Pace::Any };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim_ascii();
    let lower_case;
    let essence = if essence.bytes().any(|byte| byte.is_ascii_uppercase()) {
        lower_case = essence.to_ascii_lowercase();
        &lower_case
    } else {
        essence
    };
    let is_grpc = essence.strip_prefix("application/grpc").is_some_and(|rest| {
        // `+` before the message format, `-` before `web`.
        rest.is_empty() || rest.starts_with('+') || rest.starts_with('-')
    });
    let is_connect = essence.starts_with("application/connect+");
    if is_grpc || is_connect || ENDLESS.contains(&essence) {
        Pace::Endless
    } else if LINES.contains(&essence) {
        Pace::Lines
    } else {
        Pace::Any
    }
}

/// Whether an answer explicitly permits storage.
fn says_to_be_stored(headers: &HeaderMap) -> bool {
    let directives = ResponseDirectives::of(headers);
    let lifetime = directives.s_maxage.or(directives.max_age);
    directives.public
        || lifetime.is_some_and(|lifetime| !lifetime.is_zero())
        || headers.contains_key(header::EXPIRES)
}

fn declines_buffering(headers: &HeaderMap) -> bool {
    headers.get(&X_ACCEL_BUFFERING).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"no"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn headers(fields: &[(&str, &str)]) -> HeaderMap {
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
            (
                Method::GET,
                200,
                &[("content-length", "262145")],
                Plan::Stream { length: Some(262_145), idle, is_endless: false },
            ),
            (Method::GET, 200, &[("content-length", "0")], Plan::None),
            (Method::GET, 304, &[("content-length", "5")], Plan::None),
            (Method::GET, 204, &[], Plan::None),
            (Method::HEAD, 200, &[("content-length", "5")], Plan::None),
        ] {
            assert_eq!(plan(&method, status, &headers(fields), &settings), expected, "{method} {fields:?}");
        }
    }

    #[test]
    fn what_is_written_as_it_comes_about_streams_and_its_pauses_are_no_fault() {
        let kind = |kind| ("content-type", kind);
        let (endless, finite) = (Some(true), Some(false));
        for (fields, expected) in [
            (&[kind("Text/Event-Stream; charset=utf-8")][..], endless),
            (&[kind("text/event-stream"), ("cache-control", "public, max-age=60")], endless),
            (&[kind("multipart/x-mixed-replace;boundary=frame")], endless),
            (&[kind("application/grpc")], endless),
            (&[kind("application/grpc+proto")], endless),
            (&[kind("application/grpc-web-text+proto")], endless),
            (&[kind("application/grpcish")], None),
            (&[kind("application/x-ndjson")], endless),
            (&[kind("text/x-ndjson")], endless),
            (&[kind("application/connect+json")], endless),
            (&[kind("application/NDJSON; charset=utf-8")], endless),
            (&[kind("application/jsonl")], endless),
            (&[kind("application/jsonlines")], endless),
            (&[kind("application/stream+json")], endless),
            (&[kind("application/json-seq")], endless),
            (&[kind("application/geo+json-seq")], endless),
            (&[kind("application/json")], None),
            (&[kind("application/x-ndjson"), ("cache-control", "max-age=60")], finite),
            (&[kind("application/x-ndjson"), ("cache-control", "public")], finite),
            (&[kind("application/x-ndjson"), ("expires", "Sun, 06 Nov 1994 08:49:37 GMT")], finite),
            (&[kind("application/x-ndjson"), ("cdn-cache-control", "max-age=60")], finite),
            (&[kind("application/x-ndjson"), ("cache-control", "max-age=0")], endless),
            (&[kind("application/x-ndjson"), ("cache-control", "no-cache")], endless),
            (&[("x-accel-buffering", "no")], finite),
            (&[("x-accel-buffering", "No"), kind("application/x-ndjson")], endless),
            (&[("x-accel-buffering", "yes")], None),
        ] {
            let expected = match expected {
                Some(is_endless) => Plan::Stream { length: None, idle: None, is_endless },
                None => Plan::Hold { length: None },
            };
            let plan = plan(&Method::GET, 200, &headers(fields), &Settings::default());
            assert_eq!(plan, expected, "{fields:?}");
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
