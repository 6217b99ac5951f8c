//! What happened to one request, in one record.
//!
//! A [`Report`] becomes one line of JSON. The names of its fields and the words in them are stable: within
//! one schema number they are added to and never change their meaning. Absent fields are left out. There
//! are no query strings, cookies, credentials or bodies in it, and what the client sent is cut to a
//! bounded length.

use std::time::Duration;

use http::StatusCode;

use crate::cache::admission::NotStored;
use crate::cache::{keep, stale};
use crate::origin::End;
use crate::origin::failure::Failure;
use crate::request::Request;
use crate::response::error_page::Cause;
use crate::time::{Timestamp, millis, push_digits};

/// The number of the schema below.
pub const SCHEMA: u32 = 1;

/// The record of one exchange. Each fact has its name in the line beside it.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// `at`: when this report is made; written as RFC 3339 in UTC with milliseconds.
    pub at: Timestamp,
    /// The request: `id`, as the client saw it on an error page; `method`; `host`, with the port where it is not the
    /// scheme's own; `path` without the query, still percent-encoded, at most 512 bytes.
    pub request: &'a Request,
    /// `route`: the number in the configuration of the one that applied, from 0. Absent for the defaults.
    pub route: Option<usize>,
    /// `outcome`: what it all came to.
    pub outcome: Outcome,
    /// `drill`: whether the failure was forced by an operator's order. Left out where it was not.
    pub drill: bool,
    /// `status`: what the client got; `None` for work behind an answer.
    pub status: Option<StatusCode>,
    /// What went wrong, even if the client did not notice: `error` is the error type of the failure (RFC 9209 §2.3),
    /// `failure` the same to its exact row, in a word of our own.
    pub cause: Option<Cause>,
    /// `received_status`: the error status that was received from the origin or on its behalf.
    pub received_status: Option<u16>,
    /// `attempts`: every one, in order.
    pub attempts: Vec<AttemptReport<'a>>,
    /// `stale_age_s`: seconds since the stale copy that was served was generated or last validated.
    pub stale_age: Option<Duration>,
    /// `stale_forbidden`: the directive that forbade a stored copy to stand in; `stale_advice`: what to write instead of
    /// it, for an operator.
    pub stale_forbidden: Option<stale::Forbidden>,
    /// `kept_refused`: what refused a kept copy.
    pub kept_refused: Option<keep::Refused>,
    /// `not_stored`: why the answer was not stored.
    pub not_stored: Option<NotStored>,
    /// `body`: the error type of a body that broke off after the head had left; what the client got breaks off too.
    pub body_failure: Option<Failure>,
    /// `stop`: why there was no further attempt, where the last one was not final.
    pub stop: Option<&'static str>,
    /// `opened_by`: what opened the breaker because of which nothing was tried.
    pub opened_by: Option<String>,
    /// `resumed`: how often the body broke off and was taken up again from there. Left out where it never was.
    pub resumed: u32,
    /// `total_ms`: from the arrival of the request to `at`.
    pub total: Duration,
    /// `config_errors`: what is wrong with the configuration.
    pub mistakes: &'a [String],
}

/// One attempt at an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptReport<'a> {
    /// `origin`: its host, with the port where it is not the scheme's own.
    pub origin: &'a str,
    /// `ms`: from sending it until its header, its held body, or its failure.
    pub took: Duration,
    /// `waited_ms`: how long was waited before it. Left out where there was no wait.
    pub waited: Duration,
    /// `status` that came, and `error`, the error type of its failure (RFC 9209 §2.3).
    pub end: End,
}

/// What an exchange came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The origin's answer to the first attempt, an error of its own included.
    Origin,
    /// The origin's answer to a later attempt.
    Retried,
    /// A fresh copy, or a stale one that the client takes.
    Hit,
    /// A copy that another request fetched while this one waited.
    Collapsed,
    /// A stored copy that the origin has just confirmed.
    Revalidated,
    /// A stale copy that is refreshed behind the answer.
    StaleWhileRevalidate,
    /// A stale copy in place of a failed origin.
    Stale,
    /// A stale copy in place of an answer that took longer than the soft deadline.
    StaleWhileSlow,
    /// The kept copy in place of a failed origin.
    Kept,
    /// A refresh behind a stale copy that had been served already came to nothing.
    RefreshFailed,
    /// Nothing: the client wanted a stored response or none.
    OnlyIfCached,
    /// Nothing: the client broke off in the middle of its request.
    ClientGone,
    /// An error made here.
    Page,
    /// The page of a site that is closed for maintenance.
    Maintenance,
    /// An order of the operator's, carried out or refused.
    Operator,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 15] = [
        Self::Origin,
        Self::Retried,
        Self::Hit,
        Self::Collapsed,
        Self::Revalidated,
        Self::StaleWhileRevalidate,
        Self::Stale,
        Self::StaleWhileSlow,
        Self::Kept,
        Self::RefreshFailed,
        Self::OnlyIfCached,
        Self::ClientGone,
        Self::Page,
        Self::Operator,
        Self::Maintenance,
    ];

    /// Whether it is what happens when all is well.
    pub const fn is_calm(self) -> bool {
        match self {
            Self::Origin
            | Self::Hit
            | Self::Collapsed
            | Self::Revalidated
            | Self::StaleWhileRevalidate
            | Self::OnlyIfCached
            | Self::ClientGone => true,
            Self::Retried
            | Self::Stale
            | Self::StaleWhileSlow
            | Self::Kept
            | Self::RefreshFailed
            | Self::Page
            | Self::Maintenance
            | Self::Operator => false,
        }
    }

    /// Its word in logs, counts and metrics.
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
            Self::Kept => "kept",
            Self::RefreshFailed => "refresh_failed",
            Self::OnlyIfCached => "only_if_cached",
            Self::ClientGone => "client_gone",
            Self::Page => "page",
            Self::Operator => "operator",
            Self::Maintenance => "maintenance",
        }
    }
}

impl Report<'_> {
    /// This report as one line of JSON, without a line break at its end.
    pub fn to_line(&self) -> String {
        const LONGEST_ID: usize = 128;
        const LONGEST_METHOD: usize = 32;
        const LONGEST_HOST: usize = 260;
        const LONGEST_PATH: usize = 512;
        const USUAL: usize = 512;
        let Request { method, target, id, .. } = self.request;
        let authority = target.authority().rsplit('@').next().unwrap_or_default();
        let failure = match self.cause {
            Some(Cause::Failure(failure)) => Some(failure),
            Some(Cause::OriginStatus(_) | Cause::Maintenance) | None => None,
        };
        let advice = self.stale_forbidden.map(stale::Forbidden::advice);
        let mut line = Json(String::with_capacity(USUAL));
        line.0.push('{');
        line.number("v", Some(SCHEMA.into()));
        line.text("at", Some(&self.at.to_rfc3339_millis()));
        line.text("id", Some(cut(id, LONGEST_ID)));
        line.text("method", Some(cut(method.as_str(), LONGEST_METHOD)));
        line.text("host", Some(cut(authority, LONGEST_HOST)));
        line.text("path", Some(cut(target.path(), LONGEST_PATH)));
        line.number("route", self.route.map(|route| route as u64));
        line.text("outcome", Some(self.outcome.word()));
        line.flag("drill", self.drill);
        line.number("status", self.status.map(|status| status.as_u16().into()));
        line.text("error", failure.map(|failure| failure.error().token()));
        line.text("failure", failure.map(|failure| failure.row().word));
        line.number("received_status", self.received_status.map(u64::from));
        line.list("attempts", &self.attempts, Json::attempt);
        line.number("stale_age_s", self.stale_age.map(|age| age.as_secs()));
        line.text("stale_forbidden", self.stale_forbidden.map(stale::Forbidden::directive));
        line.text("stale_advice", advice.or(self.kept_refused.map(keep::Refused::advice)));
        line.text("kept_refused", self.kept_refused.map(keep::Refused::word));
        line.text("not_stored", self.not_stored.map(NotStored::word));
        line.text("body", self.body_failure.map(|failure| failure.error().token()));
        line.text("stop", self.stop);
        line.text("opened_by", self.opened_by.as_deref());
        line.number("resumed", (self.resumed > 0).then_some(self.resumed.into()));
        line.number("total_ms", Some(millis(self.total)));
        line.list("config_errors", self.mistakes, |line, mistake| line.quoted(mistake));
        line.0.push('}');
        line.0
    }
}

/// JSON as it is being written: words of our own and numbers for the most part. A member without a value is left out.
struct Json(String);

impl Json {
    /// Begins a member or an item.
    fn next(&mut self) {
        if !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }

    fn name(&mut self, name: &str) {
        self.next();
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            self.quoted(value);
        }
    }

    fn number(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.name(name);
            push_digits(&mut self.0, value, 1);
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.name(name);
            self.0.push_str("true");
        }
    }

    fn list<T>(&mut self, name: &str, items: &[T], item: impl Fn(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        self.name(name);
        self.0.push('[');
        for each in items {
            self.next();
            item(self, each);
        }
        self.0.push(']');
    }

    fn attempt(&mut self, attempt: &AttemptReport<'_>) {
        self.0.push('{');
        self.text("origin", Some(attempt.origin));
        self.number("ms", Some(millis(attempt.took)));
        self.number("waited_ms", Some(millis(attempt.waited)).filter(|waited| *waited > 0));
        self.number("status", attempt.end.received_status().map(u64::from));
        self.text("error", attempt.end.failure().map(|failure| failure.error().token()));
        self.0.push('}');
    }

    fn quoted(&mut self, value: &str) {
        if value.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..b' ')) {
            self.0.push_str(&serde_json::to_string(value).unwrap_or_default());
            return;
        }
        self.0.push('"');
        self.0.push_str(value);
        self.0.push('"');
    }
}

/// The beginning of `text`, at most `longest` bytes, whole characters.
fn cut(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Target;
    use http::{HeaderMap, Method};
    use proptest::prelude::*;

    fn request(url: &str, id: &str) -> Request {
        Request {
            method: Method::GET,
            target: Target::parse(url).unwrap(),
            headers: HeaderMap::new(),
            has_body: false,
            id: id.to_owned(),
        }
    }

    fn attempt(origin: &str, took_ms: u64, waited_ms: u64, end: End) -> AttemptReport<'_> {
        let (took, waited) = (Duration::from_millis(took_ms), Duration::from_millis(waited_ms));
        AttemptReport { origin, took, waited, end }
    }

    fn report(request: &Request) -> Report<'_> {
        Report {
            at: Timestamp::from_millis(1_767_323_045_078),
            request,
            route: None,
            outcome: Outcome::Origin,
            drill: false,
            status: Some(StatusCode::OK),
            cause: None,
            received_status: None,
            attempts: vec![attempt("a", 1, 0, End::Answered(200))],
            stale_age: None,
            stale_forbidden: None,
            kept_refused: None,
            not_stored: None,
            body_failure: None,
            stop: None,
            opened_by: None,
            resumed: 0,
            total: Duration::from_millis(2),
            mistakes: &[],
        }
    }

    #[test]
    fn the_names_of_the_fields_are_stable() {
        let request = request("https://example.com:8443/a?b=c", "8f2a-LHR");
        assert_eq!(
            report(&request).to_line(),
            r#"{"v":1,"at":"2026-01-02T03:04:05.078Z","id":"8f2a-LHR","method":"GET","host":"example.com:8443","#.to_owned()
                + r#""path":"/a","outcome":"origin","status":200,"attempts":[{"origin":"a","ms":1,"status":200}],"total_ms":2}"#
        );
        let mistakes = ["timeouts".to_owned()];
        let forbidden = stale::Forbidden::MustRevalidate;
        let full = Report {
            route: Some(2),
            outcome: Outcome::Page,
            drill: true,
            status: Some(StatusCode::BAD_GATEWAY),
            cause: Some(Cause::Failure(Failure::EdgeRefused)),
            received_status: Some(521),
            attempts: vec![
                attempt("o.example:81", 12, 0, End::Failed(Failure::EdgeRefused, Some(521))),
                attempt("o.example:81", 34, 87, End::Answered(503)),
            ],
            stale_age: Some(Duration::from_millis(90_900)),
            stale_forbidden: Some(forbidden),
            not_stored: Some(NotStored::Private),
            body_failure: Some(Failure::BodySilent),
            mistakes: &mistakes,
            ..report(&request)
        };
        assert_eq!(
            full.to_line(),
            r#"{"v":1,"at":"2026-01-02T03:04:05.078Z","id":"8f2a-LHR","method":"GET","host":"example.com:8443","#.to_owned()
                + r#""path":"/a","route":2,"outcome":"page","drill":true,"status":502,"error":"connection_refused","#
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
    fn queries_and_passwords_are_not_logged() {
        let request = request("https://me:secret@example.com/a?token=secret#secret", "1");
        let line = report(&request).to_line();
        assert!(!line.contains("secret") && !line.contains("token"), "{line}");
    }

    proptest! {
        #[test]
        fn a_report_is_one_bounded_line(host in "[^/?#]{1,300}", path in ".{0,1000}", id in ".{0,300}") {
            let request = request(&format!("https://{host}/{path}"), &id);
            let line = report(&request).to_line();
            prop_assert!(!line.chars().any(|c| c < ' '));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert!(value["path"].as_str().unwrap().len() <= 512);
            prop_assert!(value["id"].as_str().unwrap().len() <= 128);
        }
    }
}
