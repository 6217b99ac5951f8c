//! The summary: what every view shows, as data.

use serde::{Serialize, Serializer};

use super::class::Class;
use super::evidence::State;
use crate::time::Timestamp;

/// The number of the form of a [`Summary`] as JSON.
pub const FORM: u32 = 3;

/// How the origins are and were.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// [`FORM`].
    pub v: u32,
    /// Now.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// The last hour, day and week.
    pub spans: Vec<Span>,
    /// The service that runs the origin, if the configuration names it.
    pub service: Option<String>,
    /// Each origin that is known, by name.
    pub origins: Vec<OriginState>,
    /// The newest first, at most 50.
    pub incidents: Vec<Incident>,
    /// What was ever counted, by origin.
    pub totals: Vec<Total>,
}

/// What was counted in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Span {
    /// `hour`, `day` or `week`.
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
    /// `answer <outcome> <status>`, `try <end>`, `probe <end>` or `touched <end> <outcome>`.
    pub what: String,
    /// How often.
    pub n: u64,
}

// The signatures are serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

fn rfc3339_or_none<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
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
