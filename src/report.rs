//! The report of one request. What happened, in one record?
//!
//! A [`Report`] is logged as one line of JSON. Field names and words are stable: within one schema number, new ones
//! may be added but none changes its meaning. Absent fields are left out. It contains no query strings, cookies,
//! credentials or bodies, and text from the client is cut to a bounded length.

use std::time::Duration;

use http::StatusCode;
use serde::{Serialize, Serializer};

use crate::cache::storable::NotStored;
use crate::cache::{last_good, stale};
use crate::origin::failure::Failure;
use crate::request::{Request, trace, without_userinfo};
use crate::response::error::Cause;
use crate::time::{Timestamp, millis, push_padded};

/// The schema number of the fields below.
pub const SCHEMA: u32 = 2;

/// The record of one exchange.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    v: u32,
    /// When the report was made, as RFC 3339 in UTC with milliseconds.
    #[serde(serialize_with = "rfc3339_millis")]
    pub at: Timestamp,
    /// The request's id, as shown on error pages.
    pub id: String,
    /// The id of the trace that the request belongs to (W3C Trace Context). Absent if it names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The method.
    pub method: String,
    /// The requested host, with the port unless it is the scheme's default.
    pub host: String,
    /// The path without the query, percent-encoded, at most 512 bytes.
    pub path: String,
    /// The index of the route that applied, from 0. Absent for the defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<usize>,
    /// The outcome.
    pub outcome: Outcome,
    /// Whether an operator's order forced the failure. Absent if not.
    #[serde(skip_serializing_if = "is_not")]
    pub drill: bool,
    /// The status that the client got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error type of the failure that decided the outcome (RFC 9209 §2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// The exact row of the same failure in the failure table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'static str>,
    /// The error status from the origin, or from the platform in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_status: Option<u16>,
    /// All attempts, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptReport>,
    /// Seconds since the served stale copy was generated or last validated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_age_s: Option<u64>,
    /// The directive or setting that forbade serving a stored copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_forbidden: Option<&'static str>,
    /// Advice for the operator about that directive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_advice: Option<&'static str>,
    /// Why the last good copy was not served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_good_refused: Option<&'static str>,
    /// Why the answer was not stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_stored: Option<&'static str>,
    /// The error type of a body that broke off after the head was sent; the client's body broke off too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'static str>,
    /// Why there was no further attempt, if the last one was not final.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<&'static str>,
    /// The failure that opened the circuit that prevented every attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<String>,
    /// How often the body broke off and was resumed. Absent if never.
    #[serde(skip_serializing_if = "is_never")]
    pub resumed: u32,
    /// Whether a resumed body did not match its digest. Absent if not.
    #[serde(skip_serializing_if = "is_not")]
    pub digest_mismatch: bool,
    /// Milliseconds from the request's arrival to `at`.
    pub total_ms: u64,
    /// The mistakes in the configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_errors: Vec<String>,
}

/// The outcome of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The origin's answer to the first attempt, including its own errors.
    #[default]
    Origin,
    /// The origin's answer to a later attempt.
    Retried,
    /// A fresh copy, or a stale one that the client accepts.
    Hit,
    /// A copy that another request fetched while this one waited.
    Collapsed,
    /// A stored copy that the origin just confirmed.
    Revalidated,
    /// A stale copy that is refreshed in the background.
    StaleWhileRevalidate,
    /// A stale copy in place of a failed origin.
    Stale,
    /// A stale copy, because the answer took longer than `timeouts.serve_stale_after`.
    StaleWhileSlow,
    /// The last good copy in place of a failed origin.
    LastGood,
    /// A background refresh failed; the stale copy had already been served.
    RefreshFailed,
    /// No answer: the client accepted only a stored response.
    OnlyIfCached,
    /// No answer: the client left in the middle of its request.
    ClientGone,
    /// No answer: the client stalled, broke off or sent an invalid request body.
    ClientError,
    /// A generated error page.
    ErrorPage,
    /// The maintenance page.
    Maintenance,
    /// An operator's order, executed or refused.
    Operator,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 16] = [
        Self::Origin,
        Self::Retried,
        Self::Hit,
        Self::Collapsed,
        Self::Revalidated,
        Self::StaleWhileRevalidate,
        Self::Stale,
        Self::StaleWhileSlow,
        Self::LastGood,
        Self::RefreshFailed,
        Self::OnlyIfCached,
        Self::ClientGone,
        Self::ClientError,
        Self::ErrorPage,
        Self::Operator,
        Self::Maintenance,
    ];

    /// Whether this outcome occurs in normal operation.
    pub const fn is_calm(self) -> bool {
        match self {
            Self::Origin
            | Self::Hit
            | Self::Collapsed
            | Self::Revalidated
            | Self::StaleWhileRevalidate
            | Self::OnlyIfCached => true,
            Self::Retried
            | Self::ClientGone
            | Self::ClientError
            | Self::Stale
            | Self::StaleWhileSlow
            | Self::LastGood
            | Self::RefreshFailed
            | Self::ErrorPage
            | Self::Maintenance
            | Self::Operator => false,
        }
    }

    /// The word in logs, counts and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Retried => "retried",
            Self::Hit => "hit",
            Self::Collapsed => "collapsed",
            Self::Revalidated => "revalidated",
            Self::StaleWhileRevalidate => "stale_while_revalidate",
            Self::Stale => "stale",
            Self::StaleWhileSlow => "stale_while_slow",
            Self::LastGood => "last_good",
            Self::RefreshFailed => "refresh_failed",
            Self::OnlyIfCached => "only_if_cached",
            Self::ClientGone => "client_gone",
            Self::ClientError => "client_error",
            Self::ErrorPage => "error_page",
            Self::Operator => "operator",
            Self::Maintenance => "maintenance",
        }
    }
}

impl Outcome {
    /// The outcome with this `word`; `None` if unknown. Words of schema 1 are accepted: the health object has stored
    /// them, and isolates of the previous release send them.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "kept" => Some(Self::LastGood),
            "page" => Some(Self::ErrorPage),
            _ => Self::ALL.into_iter().find(|outcome| outcome.word() == word),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// One attempt at an origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttemptReport {
    /// The origin's host, with the port unless it is the scheme's default.
    pub origin: String,
    /// Milliseconds from sending the attempt to its header, its buffered body, or its failure.
    pub ms: u64,
    /// Milliseconds of waiting before it. Absent if zero.
    #[serde(skip_serializing_if = "is_zero")]
    pub waited_ms: u64,
    /// The received status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error type of the failure (RFC 9209 §2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
}

/// The facts from which a [`Report`] is built.
#[derive(Debug)]
pub struct Facts<'a> {
    /// When the report is made.
    pub at: Timestamp,
    /// The request.
    pub request: &'a Request,
    /// The index of the route that applied, from 0; `None` for the defaults.
    pub route: Option<usize>,
    /// The outcome.
    pub outcome: Outcome,
    /// Whether the failure was forced.
    pub drill: bool,
    /// The status that the client got; `None` for background work.
    pub status: Option<StatusCode>,
    /// The failure, even if the client did not notice it.
    pub cause: Option<Cause>,
    /// The status received with it.
    pub received_status: Option<u16>,
    /// All attempts, in order.
    pub attempts: Vec<AttemptReport>,
    /// The age of the served stale copy.
    pub stale_age: Option<Duration>,
    /// Why a stored copy was not served.
    pub stale_forbidden: Option<stale::Forbidden>,
    /// Why the last good copy was not served.
    pub last_good_refused: Option<last_good::Refused>,
    /// Why the answer was not stored.
    pub not_stored: Option<NotStored>,
    /// How the body broke off after the head was sent.
    pub body_failure: Option<Failure>,
    /// Why there was no further attempt.
    pub stop: Option<&'static str>,
    /// The failure that opened the circuit.
    pub opened_by: Option<String>,
    /// How often the body was resumed.
    pub resumed: u32,
    /// Whether the resumed body did not match its digest.
    pub digest_mismatch: bool,
    /// The time from the request's arrival to `at`.
    pub total: Duration,
    /// The mistakes in the configuration.
    pub mistakes: &'a [String],
}

impl Report {
    /// Builds the report.
    pub fn of(facts: Facts<'_>) -> Self {
        const LONGEST_ID: usize = 128;
        const LONGEST_METHOD: usize = 32;
        const LONGEST_HOST: usize = 260;
        const LONGEST_PATH: usize = 512;
        let Request { method, target, headers, id, .. } = facts.request;
        let failure = match facts.cause.map(Cause::shown) {
            Some(Cause::Failure(failure)) => Some(failure),
            Some(Cause::OriginStatus(_) | Cause::CircuitOpen(_) | Cause::Maintenance) | None => None,
        };
        let authority = without_userinfo(target.authority());
        Self {
            v: SCHEMA,
            at: facts.at,
            id: cut(id, LONGEST_ID).to_owned(),
            trace: trace::trace_id(headers).map(str::to_owned),
            method: cut(method.as_str(), LONGEST_METHOD).to_owned(),
            host: cut(authority, LONGEST_HOST).to_owned(),
            path: cut(target.path(), LONGEST_PATH).to_owned(),
            route: facts.route,
            outcome: facts.outcome,
            drill: facts.drill,
            status: facts.status.map(|status| status.as_u16()),
            error: failure.map(|failure| failure.error().token()),
            failure: failure.map(|failure| failure.row().word),
            received_status: facts.received_status,
            attempts: facts.attempts,
            stale_age_s: facts.stale_age.map(|age| age.as_secs()),
            stale_forbidden: facts.stale_forbidden.map(stale::Forbidden::directive),
            stale_advice: facts
                .stale_forbidden
                .map(stale::Forbidden::advice)
                .or(facts.last_good_refused.map(last_good::Refused::advice)),
            last_good_refused: facts.last_good_refused.map(last_good::Refused::word),
            not_stored: facts.not_stored.map(NotStored::word),
            body: facts.body_failure.map(|failure| failure.error().token()),
            stop: facts.stop,
            opened_by: facts.opened_by,
            resumed: facts.resumed,
            digest_mismatch: facts.digest_mismatch,
            total_ms: millis(facts.total),
            config_errors: facts.mistakes.to_vec(),
        }
    }

    /// The report as one line of JSON, without a line break.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The beginning of `text`: at most `longest` bytes, whole characters.
pub fn cut(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or_default()
}

// Serde requires these signatures.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_never(count: &u32) -> bool {
    *count == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_not(flag: &bool) -> bool {
    !*flag
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn rfc3339_millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = at.to_rfc3339();
    text.pop();
    text.push('.');
    push_padded(&mut text, at.as_millis() % 1000, 3);
    text.push('Z');
    serializer.serialize_str(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(url: &str, id: &str) -> Request {
        Request { id: id.to_owned(), ..Request::bare("GET", url) }
    }

    fn facts(request: &Request) -> Facts<'_> {
        Facts {
            at: Timestamp::from_millis(1_767_323_045_078),
            request,
            route: None,
            outcome: Outcome::Origin,
            drill: false,
            status: Some(StatusCode::OK),
            cause: None,
            received_status: None,
            attempts: vec![AttemptReport {
                origin: "a".to_owned(),
                ms: 1,
                status: Some(200),
                ..Default::default()
            }],
            stale_age: None,
            stale_forbidden: None,
            last_good_refused: None,
            not_stored: None,
            body_failure: None,
            stop: None,
            opened_by: None,
            resumed: 0,
            digest_mismatch: false,
            total: Duration::from_millis(2),
            mistakes: &[],
        }
    }

    #[test]
    fn the_names_of_the_fields_are_stable() {
        let request = request("https://example.com:8443/a?b=c", "8f2a-LHR");
        assert_eq!(
            Report::of(facts(&request)).to_line(),
            r#"{"v":2,"at":"2026-01-02T03:04:05.078Z","id":"8f2a-LHR","method":"GET","host":"example.com:8443","#.to_owned()
                + r#""path":"/a","outcome":"origin","status":200,"attempts":[{"origin":"a","ms":1,"status":200}],"total_ms":2}"#
        );
        let attempt = |ms, waited_ms, status, error| AttemptReport {
            origin: "o.example:81".to_owned(),
            ms,
            waited_ms,
            status,
            error,
        };
        let mistakes = ["timeouts".to_owned()];
        let forbidden = stale::Forbidden::MustRevalidate;
        let full = Facts {
            route: Some(2),
            outcome: Outcome::ErrorPage,
            drill: true,
            status: Some(StatusCode::BAD_GATEWAY),
            cause: Some(Cause::Failure(Failure::EdgeRefused)),
            received_status: Some(521),
            attempts: vec![
                attempt(12, 0, Some(521), Some("connection_refused")),
                attempt(34, 87, Some(503), None),
            ],
            stale_age: Some(Duration::from_millis(90_900)),
            stale_forbidden: Some(forbidden),
            not_stored: Some(NotStored::Private),
            body_failure: Some(Failure::BodySilent),
            mistakes: &mistakes,
            ..facts(&request)
        };
        assert_eq!(
            Report::of(full).to_line(),
            r#"{"v":2,"at":"2026-01-02T03:04:05.078Z","id":"8f2a-LHR","method":"GET","host":"example.com:8443","#.to_owned()
                + r#""path":"/a","route":2,"outcome":"error_page","drill":true,"status":502,"error":"connection_refused","#
                + r#""failure":"edge_refused","received_status":521,"attempts":["#
                + r#"{"origin":"o.example:81","ms":12,"status":521,"error":"connection_refused"},"#
                + r#"{"origin":"o.example:81","ms":34,"waited_ms":87,"status":503}],"#
                + r#""stale_age_s":90,"stale_forbidden":"must-revalidate","stale_advice":"#
                + &serde_json::to_string(forbidden.advice()).unwrap()
                + &format!(r#","not_stored":"{}","#, NotStored::Private.word())
                + r#""body":"connection_read_timeout","total_ms":2,"config_errors":["timeouts"]}"#
        );
    }

    #[test]
    fn a_line_belongs_to_the_trace_of_its_request() {
        let mut request = request("https://example.com/", "1");
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        request.headers.insert("traceparent", http::HeaderValue::from_static(parent));
        let line = Report::of(facts(&request)).to_line();
        assert!(line.contains(r#""id":"1","trace":"4bf92f3577b34da6a3ce929d0e0e4736","method""#), "{line}");
    }

    #[test]
    fn queries_and_passwords_are_not_logged() {
        let request = request("https://me:secret@example.com/a?token=secret#secret", "1");
        let line = Report::of(facts(&request)).to_line();
        assert!(!line.contains("secret") && !line.contains("token"), "{line}");
    }

    proptest! {
        #[test]
        fn a_report_is_one_bounded_line(host in "[^/?#]{1,300}", path in ".{0,1000}", id in ".{0,300}") {
            let request = request(&format!("https://{host}/{path}"), &id);
            let line = Report::of(facts(&request)).to_line();
            prop_assert!(!line.chars().any(|c| c < ' '));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert!(value["path"].as_str().unwrap().len() <= 512);
            prop_assert!(value["id"].as_str().unwrap().len() <= 128);
        }
    }
}
