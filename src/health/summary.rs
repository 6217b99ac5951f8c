//! The summary: what every view shows, as data.

use serde::{Serialize, Serializer};

use super::class::Class;
use super::evidence::State;
use super::latency::Latency;
use crate::time::Timestamp;

/// The number of the form of a [`Summary`] as JSON.
pub const FORM: u32 = 4;

/// How the origins are and were.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// [`FORM`].
    pub v: u32,
    /// Now.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// What visitors got just now.
    pub visitors: Visitors,
    /// The last quarter of an hour, hour, day and week.
    pub spans: Vec<Span>,
    /// The service that runs the origin, if the configuration names it.
    pub service: Option<String>,
    /// Each origin that is known, by name.
    pub origins: Vec<OriginState>,
    /// The newest first, at most 50.
    pub incidents: Vec<Incident>,
    /// Requests that a failure touched lately, the newest first: a sample that isolates draw.
    pub touched: Vec<Touched>,
    /// Circuits that were seen open in the last minute.
    pub circuits: Vec<Circuit>,
    /// The versions of the Worker that answered lately, the newest first; empty unless version metadata is bound.
    pub versions: Vec<Version>,
    /// What was ever counted, by origin.
    pub totals: Vec<Total>,
}

/// What was counted in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Span {
    /// `quarter` (of an hour), `hour`, `day` or `week`.
    pub name: &'static str,
    /// How long one bar is, in seconds.
    pub step_s: u64,
    /// When the first bar begins. Bars begin at whole multiples of `step_s`; the last one holds now.
    #[serde(serialize_with = "rfc3339")]
    pub began_at: Timestamp,
    /// The oldest first, empty ones included.
    pub bars: Vec<Bar>,
    /// What clients were answered, by outcome, the most frequent first; what never occurred is left out.
    pub answers: Vec<(String, u64)>,
    /// Attempts at origins, those of probes included.
    pub attempts: u64,
    /// Those of them that failed, in whatever class.
    pub failed_attempts: u64,
    /// Requests that a retry saved.
    pub retried: u64,
    /// Requests that a failure touched and that ended as an error all the same.
    pub not_saved_by_retry: u64,
    /// Requests that got a stale copy in place of an answer that failed or took too long.
    pub stale: u64,
    /// How long answers took, by the origin that gave them: from an attempt to its head. The first one, without a name, is
    /// how long visitors waited for a head, whoever gave it.
    pub latency: Vec<(String, Latency)>,
}

/// What was counted in one bar of a span.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bar {
    /// Answers to clients.
    pub answers: u64,
    /// Stale copies among them, in place of an answer that failed or took too long.
    pub stale: u64,
    /// Answers among them that a retry brought.
    pub retried: u64,
    /// Those of status 500.
    pub s500: u64,
    /// Those of status 502.
    pub s502: u64,
    /// Those of status 503.
    pub s503: u64,
    /// Those of status 504.
    pub s504: u64,
    /// Attempts that failed as a 502, whether a client noticed or not.
    pub bad_gateway: u64,
    /// Attempts that failed as a 504.
    pub gateway_timeout: u64,
    /// Attempts that failed as a 503.
    pub unavailable: u64,
    /// How long visitors waited for a head.
    pub latency: Latency,
}

/// What visitors got just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Visitors {
    /// How long that is, in seconds: 15, or 60 on a quieter site.
    pub span_s: u64,
    /// Answers.
    pub answers: u64,
    /// Stale copies among them, in place of an answer that failed or took too long.
    pub stale: u64,
    /// Errors among them: status 500 or more.
    pub errors: u64,
    /// Answers of the last quarter of a minute.
    pub answers_lately: u64,
    /// Errors among those.
    pub errors_lately: u64,
}

/// A request that a failure touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// When it was answered.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// For how many such requests it stands.
    pub weight: u64,
    /// Its id, as on the error page and in the log.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Its host.
    pub host: String,
    /// Its path, without the query.
    pub path: String,
    /// The country that it came from, as the platform says (ISO 3166-1 alpha-2); empty if it does not.
    pub country: String,
    /// The origin that failed.
    pub origin: String,
    /// How.
    pub kind: String,
    /// What the visitor got.
    pub outcome: String,
    /// With which status.
    pub status: u16,
}

/// A circuit that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Circuit {
    /// For which origin.
    pub origin: String,
    /// For which page or section; empty for all of it.
    pub place: String,
    /// The failure that opened it.
    pub kind: String,
    /// When an isolate last saw it open.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
}

/// A version of the Worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// Its tag; empty if it has none.
    pub tag: String,
    /// When it was first seen to answer.
    #[serde(serialize_with = "rfc3339")]
    pub first_at: Timestamp,
    /// When it was last seen to answer.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: Timestamp,
}

impl Version {
    /// Its tag, or the beginning of its id.
    pub fn name(&self) -> &str {
        if self.tag.is_empty() { self.id.get(..8).unwrap_or(&self.id) } else { &self.tag }
    }
}

/// How one origin is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OriginState {
    /// Its host and port; `zone` in route mode.
    pub name: String,
    /// Its scheme, host and port as configured. `None` in route mode, and for an origin of a former configuration.
    pub url: Option<String>,
    /// Its state.
    pub state: State,
    /// Whether it is down now.
    pub is_down: bool,
    /// Whether answers come from it, if it is down: all of them errors.
    pub is_reached: bool,
    /// How the latest failure is called, if it is down or fails in part.
    pub end: Option<String>,
    /// Since when: the first failure after the last good answer, if it is down; the first good answer, if it recovers; the
    /// beginning of the incident, if it fails in part.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub since: Option<Timestamp>,
    /// When it was last asked.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub asked_at: Option<Timestamp>,
    /// When it last answered.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub last_ok: Option<Timestamp>,
    /// When a probe last asked, and how that ended.
    #[serde(serialize_with = "rfc3339_with_end")]
    pub last_probe: Option<(Timestamp, String)>,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// Its id, which alerts carry too.
    pub id: String,
    /// At which origin.
    pub origin: String,
    /// Where there: a page or a section. Empty for the whole origin.
    pub place: String,
    /// A 502 apart from a 504. It changes with the kind.
    pub class: Class,
    /// How the latest failure is called, in a word.
    pub kind: String,
    /// The same for people.
    pub what: &'static str,
    /// Its first failure.
    #[serde(serialize_with = "rfc3339")]
    pub began_at: Timestamp,
    /// Its last failure.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: Timestamp,
    /// The first good answer after its last failure, if there is one.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub answered_at: Option<Timestamp>,
    /// The same, if it is over: nothing has failed since then.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub ended_at: Option<Timestamp>,
    /// Attempts that failed.
    pub attempts: u64,
    /// Requests of clients that it touched.
    pub touched: u64,
    /// Those of them that got a stale copy.
    pub stale: u64,
    /// Those of them that got an error.
    pub errors: u64,
    /// Each kind that it had, by its first failure.
    pub kinds: Vec<KindSpan>,
}

/// A kind of failure within an incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KindSpan {
    /// The kind, in a word.
    pub kind: String,
    /// The same for people.
    pub what: &'static str,
    /// How many attempts failed so.
    pub n: u64,
    /// Its first failure.
    #[serde(serialize_with = "rfc3339")]
    pub first_at: Timestamp,
    /// Its last failure.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: Timestamp,
}

/// How often something was ever counted at an origin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Total {
    /// The origin; empty for answers to clients.
    pub origin: String,
    /// `answer <outcome> <status>`, `try <end>`, `probe <end>`, `touched <end> <outcome>`, `took <bucket of latency>` or
    /// `took_ms`.
    pub what: String,
    /// How often.
    pub n: u64,
}

// The signatures are serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
pub(super) fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

pub(super) fn rfc3339_or_none<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::to_rfc3339).serialize(serializer)
}

/// An object of `at` and `end`.
fn rfc3339_with_end<S: Serializer>(
    probe: &Option<(Timestamp, String)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Probe<'a> {
        at: String,
        end: &'a str,
    }
    probe.as_ref().map(|(at, end)| Probe { at: at.to_rfc3339(), end }).serialize(serializer)
}
