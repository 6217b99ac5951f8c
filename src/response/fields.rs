//! The header fields that say what happened on the way: `Cache-Status` (RFC 9211), `Proxy-Status`
//! (RFC 9209) and `Server-Timing` (W3C).
//!
//! The first two are structured fields (RFC 9651), and the third is written like one. Members that others wrote are
//! kept: these functions write one more member, to be appended.

use http::{HeaderName, HeaderValue};

use crate::cache::storable::Bypass;
use crate::origin::failure::ErrorType;
use crate::origin::{Attempt, AttemptResult};
use crate::response::error::Cause;
use crate::time::millis;

/// What the cache did with a request (RFC 9211).
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// What failed behind this worker (RFC 9209).
pub const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
/// How long the attempts took (Server Timing, W3C).
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// How this worker calls itself in `Cache-Status`.
const CACHE_NAME: &str = "Holdfast";

/// What the cache did for one request (RFC 9211 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheStatus<'a> {
    /// Answered from the store, or why the request went forward.
    pub verdict: CacheVerdict,
    /// The status that the origin answered with, where it differs from what the client gets (§2.3). Left
    /// out of a hit.
    pub fwd_status: Option<u16>,
    /// Seconds of freshness left, negative for a stale answer (§2.4).
    pub ttl: Option<i64>,
    /// Whether the answer to the forwarded request was stored (§2.5). Left out of a hit.
    pub stored: bool,
    /// Whether the request waited for another one's answer (§2.6). Left out of a hit.
    pub collapsed: bool,
    /// Under which key the answer is stored, or would be (§2.7).
    pub key: Option<&'a str>,
    /// One word of our own (§2.8), such as why nothing was stored.
    pub detail: Option<&'static str>,
}

/// Whether the store answered (RFC 9211 §2.1, §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheVerdict {
    /// The stored answer was used without asking the origin.
    Hit,
    /// The request went forward to the origin.
    Forward(Forwarded),
}

/// Why a request went forward (RFC 9211 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// The cache is off for this request.
    Bypass,
    /// Its method must be forwarded.
    Method,
    /// Nothing is stored for the URL.
    UriMiss,
    /// Something is stored for the URL, but for other request fields.
    VaryMiss,
    /// Nothing stored can be used; which of the two misses it was is not known.
    Miss,
    /// A fresh answer is stored, but the request asks for more.
    Request,
    /// A stale answer is stored.
    Stale,
    /// Only a part is stored.
    Partial,
}

impl Forwarded {
    /// The registered token.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

impl From<Bypass> for Forwarded {
    fn from(bypass: Bypass) -> Self {
        match bypass {
            Bypass::Method => Self::Method,
            Bypass::RequestNoStore => Self::Request,
            Bypass::Disabled
            | Bypass::Body
            | Bypass::Upgrade
            | Bypass::Preconditions
            | Bypass::Unreadable
            | Bypass::ConnectionOptions => Self::Bypass,
        }
    }
}

impl CacheStatus<'_> {
    /// A status that says no more than `verdict`.
    pub const fn new(verdict: CacheVerdict) -> Self {
        Self {
            verdict,
            fwd_status: None,
            ttl: None,
            stored: false,
            collapsed: false,
            key: None,
            detail: None,
        }
    }

    /// The member to append to `Cache-Status`, such as `Holdfast;hit;ttl=30`.
    pub fn to_value(self) -> HeaderValue {
        let mut member = Member::new(CACHE_NAME);
        match self.verdict {
            CacheVerdict::Hit => member.flag("hit"),
            CacheVerdict::Forward(reason) => {
                member.word("fwd", reason.token());
                if let Some(status) = self.fwd_status {
                    member.integer("fwd-status", status.into());
                }
                for (key, value) in [("stored", self.stored), ("collapsed", self.collapsed)] {
                    if value {
                        member.flag(key);
                    }
                }
            }
        }
        if let Some(ttl) = self.ttl {
            member.integer("ttl", ttl);
        }
        if let Some(key) = self.key {
            member.text("key", key);
        }
        if let Some(detail) = self.detail {
            member.word("detail", detail);
        }
        member.into_value().unwrap_or(HeaderValue::from_static(CACHE_NAME))
    }
}

/// The member to append to `Proxy-Status` on an answer that a failure touched (RFC 9209 §2), such as
/// `example.com;error=connection_refused;received-status=521`.
///
/// `name` is the deployment's; `received_status` is what was received from the origin or on its behalf.
/// An origin's own error status is no error of this proxy: then there is no `error`, and the status is
/// the received one. There are never `details`. A name that cannot be written as it is has what cannot be
/// written replaced by `?`; for an empty one there is no member, nor where nothing has failed.
pub fn proxy_status(name: &str, cause: &Cause, received_status: Option<u16>) -> Option<HeaderValue> {
    match cause {
        Cause::Failure(failure) => member(name, Some(failure.error().token()), received_status),
        Cause::CircuitOpen(_) => member(name, Some(ErrorType::DestinationUnavailable.token()), None),
        Cause::OriginStatus(status) => member(name, None, received_status.or(Some(status.as_u16()))),
        Cause::Maintenance => None,
    }
}

/// The same for an answer to a request that was none (RFC 9209 §2.3).
pub fn request_error(name: &str) -> Option<HeaderValue> {
    member(name, Some("http_request_error"), None)
}

fn member(name: &str, error: Option<&str>, received: Option<u16>) -> Option<HeaderValue> {
    const LONGEST_HOST: usize = 253;
    let safe: String = name
        .chars()
        .take(LONGEST_HOST)
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .collect();
    if safe.trim().is_empty() {
        return None;
    }
    let mut member = Member::new(&safe);
    if let Some(error) = error {
        member.word("error", error);
    }
    if let Some(status) = received {
        member.integer("received-status", status.into());
    }
    member.into_value()
}

/// The value of `Server-Timing` for the attempts in order, such as
/// `origin;dur=120;desc="1: connection_terminated", origin;dur=34;desc="2: 200"`; `None` without any.
///
/// Where there are several origins, each attempt says at which one it was made, by its place in the configuration: its
/// name is not for everybody.
pub fn server_timing(attempts: &[Attempt], origins: usize) -> Option<HeaderValue> {
    let mut list = Member(String::with_capacity(attempts.len() * USUAL_MEMBER));
    for (number, attempt) in (1_usize..).zip(attempts) {
        if number > 1 {
            list.0.push_str(", ");
        }
        list.0.push_str("origin");
        list.integer("dur", i64::try_from(millis(attempt.took)).unwrap_or(i64::MAX));
        list.begin("desc");
        let status;
        let end = match attempt.end {
            AttemptResult::Answered(answered) => {
                status = answered.to_string();
                &status
            }
            AttemptResult::Failed(failure, _) => failure.error().token(),
        };
        for part in ["\"", &number.to_string(), ": ", end] {
            list.0.push_str(part);
        }
        if origins > 1 {
            list.0.push_str(" at origin ");
            list.0.push_str(&(attempt.origin + 1).to_string());
        }
        list.0.push('"');
    }
    if attempts.is_empty() { None } else { list.into_value() }
}

/// Whether `value` is a token (RFC 9651 §3.3.4).
fn is_token(value: &str) -> bool {
    let is_in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte);
    value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '*')
        && value.bytes().all(is_in_token)
}

/// The initial capacity of a member.
const USUAL_MEMBER: usize = 64;

/// A member of a structured field, written parameter by parameter (RFC 9651 §4.1). Keys are lower case and constant.
struct Member(String);

impl Member {
    /// The item `value`, a token if it can be one, else a string.
    fn new(value: &str) -> Self {
        let mut member = Self(String::with_capacity(USUAL_MEMBER));
        member.push_word(value);
        member
    }

    fn flag(&mut self, key: &str) {
        self.0.push(';');
        self.0.push_str(key);
    }

    /// `value` within the range of integers, 15 digits (RFC 9651 §3.3.1).
    fn integer(&mut self, key: &str, value: i64) {
        const LARGEST: i64 = 999_999_999_999_999;
        self.begin(key);
        self.0.push_str(&value.clamp(-LARGEST, LARGEST).to_string());
    }

    /// `value` as a token if it can be one, else as a string.
    fn word(&mut self, key: &str, value: &str) {
        self.begin(key);
        self.push_word(value);
    }

    fn text(&mut self, key: &str, value: &str) {
        self.begin(key);
        self.push_text(value);
    }

    fn begin(&mut self, key: &str) {
        self.flag(key);
        self.0.push('=');
    }

    fn push_word(&mut self, value: &str) {
        if is_token(value) {
            self.0.push_str(value);
        } else {
            self.push_text(value);
        }
    }

    /// `value` as a string; empty if it has characters that a string cannot have.
    fn push_text(&mut self, value: &str) {
        self.0.push('"');
        if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            match value.contains(['"', '\\']) {
                true => self.0.push_str(&value.replace('\\', r"\\").replace('"', "\\\"")),
                false => self.0.push_str(value),
            }
        }
        self.0.push('"');
    }

    /// What was written as a field value; it is printable ASCII, so there is always one.
    fn into_value(self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::Failure;
    use http::StatusCode;
    use proptest::prelude::*;
    use std::time::Duration;

    use sfv::{Dictionary, Integer, Item, List, Parser, RefBareItem, StringRef, TokenRef};

    #[test]
    fn cache_status_is_written_as_registered() {
        // RFC 9211 §2
        let base = CacheStatus::new(CacheVerdict::Hit);
        let forward = |reason| CacheStatus::new(CacheVerdict::Forward(reason));
        for (status, expected) in [
            (base, "Holdfast;hit"),
            (CacheStatus { ttl: Some(30), ..base }, "Holdfast;hit;ttl=30"),
            (CacheStatus { ttl: Some(-412), ..base }, "Holdfast;hit;ttl=-412"),
            (CacheStatus { ttl: Some(i64::MIN), ..base }, "Holdfast;hit;ttl=-999999999999999"),
            (CacheStatus { stored: true, collapsed: true, fwd_status: Some(200), ..base }, "Holdfast;hit"),
            (CacheStatus { stored: true, ..forward(Forwarded::UriMiss) }, "Holdfast;fwd=uri-miss;stored"),
            (
                CacheStatus {
                    fwd_status: Some(304),
                    ttl: Some(60),
                    stored: true,
                    collapsed: true,
                    ..forward(Forwarded::Stale)
                },
                "Holdfast;fwd=stale;fwd-status=304;stored;collapsed;ttl=60",
            ),
            (
                CacheStatus { detail: Some("set-cookie"), ..forward(Forwarded::VaryMiss) },
                "Holdfast;fwd=vary-miss;detail=set-cookie",
            ),
            (
                CacheStatus { detail: Some("two words"), ..forward(Forwarded::Bypass) },
                "Holdfast;fwd=bypass;detail=\"two words\"",
            ),
            (
                CacheStatus { key: Some("https://example.com/a\"b"), ..base },
                "Holdfast;hit;key=\"https://example.com/a\\\"b\"",
            ),
            (forward(Forwarded::Method), "Holdfast;fwd=method"),
            (forward(Forwarded::Miss), "Holdfast;fwd=miss"),
            (forward(Forwarded::Request), "Holdfast;fwd=request"),
            (forward(Forwarded::Partial), "Holdfast;fwd=partial"),
        ] {
            assert_eq!(status.to_value(), expected);
        }
    }

    #[test]
    fn proxy_status_names_deployment_error_and_received_status() {
        // RFC 9209 §2
        let late = Cause::Failure(Failure::NoHeaderInTime);
        let own = Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE);
        for (name, cause, received, expected) in [
            ("example.com", late, None, Some("example.com;error=http_response_timeout")),
            (
                "example.com:8443",
                late,
                Some(524),
                Some("example.com:8443;error=http_response_timeout;received-status=524"),
            ),
            ("example.com", own, None, Some("example.com;received-status=503")),
            ("example.com", own, Some(503), Some("example.com;received-status=503")),
            ("1.example.com", own, None, Some("\"1.example.com\";received-status=503")),
            ("[::1]", late, None, Some("\"[::1]\";error=http_response_timeout")),
            ("a\r\nSet-Cookie: b=c", late, None, Some("\"a??Set-Cookie: b=c\";error=http_response_timeout")),
            ("a\";error=x", late, None, Some("\"a\\\";error=x\";error=http_response_timeout")),
            ("bücher.example", late, None, Some("\"b?cher.example\";error=http_response_timeout")),
            ("", late, None, None),
            (" ", late, None, None),
        ] {
            assert_eq!(
                proxy_status(name, &cause, received).as_ref().map(|value| value.to_str().unwrap()),
                expected,
                "{name:?}"
            );
        }
    }

    #[test]
    fn every_attempt_has_its_time() {
        assert_eq!(server_timing(&[], 1), None);
        let attempt =
            |took, end| Attempt { origin: 0, waited: Duration::ZERO, took, end, is_cut_short: false };
        let attempts = [
            attempt(Duration::from_millis(120), AttemptResult::Failed(Failure::ConnectionLost, None)),
            attempt(Duration::from_micros(34_900), AttemptResult::Answered(200)),
        ];
        let expected = "origin;dur=120;desc=\"1: connection_terminated\", origin;dur=34;desc=\"2: 200\"";
        assert_eq!(server_timing(&attempts, 1).unwrap(), expected);
        let second = [Attempt { origin: 1, ..attempts[1].clone() }];
        assert_eq!(server_timing(&second, 2).unwrap(), "origin;dur=34;desc=\"1: 200 at origin 2\"");
        let forever = attempt(Duration::MAX, AttemptResult::Answered(200));
        assert_eq!(server_timing(&[forever], 1).unwrap(), "origin;dur=999999999999999;desc=\"1: 200\"");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was_meant(value in "\\PC{0,20}|[\\x00-\\x7f]{0,20}|[a-z*]{1,2}[!-~]{0,9}", number: i64) {
            let mut member = Member::new(&value);
            member.word("word", &value);
            member.integer("integer", number);
            member.text("text", &value);
            member.flag("flag");
            let written = member.into_value().unwrap();
            let item: Item = Parser::new(written.as_bytes()).parse().unwrap();
            let text = StringRef::from_str(&value).unwrap_or(StringRef::constant(""));
            let word = TokenRef::from_str(&value).map_or(RefBareItem::String(text), RefBareItem::Token);
            let most = number.clamp(-999_999_999_999_999, 999_999_999_999_999);
            prop_assert_eq!(RefBareItem::from(&item.bare_item), word);
            let parameters: Vec<_> = item.params.iter().map(|(key, value)| (key.as_str(), RefBareItem::from(value))).collect();
            prop_assert_eq!(parameters, [
                ("word", word),
                ("integer", RefBareItem::Integer(Integer::try_from(most).unwrap())),
                ("text", RefBareItem::String(text)),
                ("flag", RefBareItem::Boolean(true)),
            ]);
        }

        #[test]
        fn a_hostile_name_stays_one_member_with_one_error(name in "\\PC{0,40}|[\\x00-\\x7f]{0,300}") {
            if let Some(value) = proxy_status(&name, &Cause::Failure(Failure::EdgeRefused), Some(521)) {
                let list: List = Parser::new(value.as_bytes()).parse().unwrap();
                prop_assert_eq!(list.len(), 1);
                let item: Item = Parser::new(value.as_bytes()).parse().unwrap();
                prop_assert_eq!(item.params.len(), 2);
                prop_assert!(Parser::new(value.as_bytes()).parse::<Dictionary>().is_err() || list.len() == 1);
            }
        }
    }
}
