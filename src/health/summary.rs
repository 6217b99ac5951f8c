//! What is known of the origins and of what visitors got, as plain data.
//!
//! The names of the fields are those of the JSON view, and stable: within one number of the schema they are added to
//! and never change their meaning. Points in time are written as RFC 3339.

use serde::{Serialize, Serializer};

use crate::time::Timestamp;

/// The number of the schema below.
pub const SCHEMA: u32 = 1;

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub v: u32,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// The last hour, day and week.
    pub spans: Vec<Span>,
    /// Each origin as it is now.
    pub origins: Vec<OriginState>,
    /// Newest first, at most 50.
    pub incidents: Vec<Incident>,
    /// Since counting began.
    pub totals: Vec<Total>,
}

/// What happened in a span of time until now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    /// `hour`, `day` or `week`.
    pub name: &'static str,
    /// The seconds in a bar: 60, 900 or 7200.
    pub step_s: u64,
    /// When the first bar begins.
    #[serde(serialize_with = "rfc3339")]
    pub began_at: Timestamp,
    /// 60, 96 or 84 of them, oldest first, empty ones included.
    pub bars: Vec<Bar>,
    /// Answers by outcome, in the words of [`report::Outcome`](crate::report::Outcome).
    pub answers: Vec<(String, u64)>,
    /// Attempts at origins, without probes.
    pub attempts: u64,
    /// Those that failed.
    pub failed_attempts: u64,
    /// Requests that a retry saved.
    pub retried: u64,
    /// Requests that a failure touched and that ended as a page or another error.
    pub not_saved_by_retry: u64,
    /// Answers that were stale copies.
    pub stale: u64,
}

/// What happened in one step of a [`Span`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// Answers to visitors.
    pub answers: u64,
    /// Stale copies among them.
    pub stale: u64,
    /// Those that a retry saved.
    pub retried: u64,
    /// Answers with the status 500.
    pub s500: u64,
    /// Answers with the status 502.
    pub s502: u64,
    /// Answers with the status 503.
    pub s503: u64,
    /// Answers with the status 504.
    pub s504: u64,
    /// Failed attempts whose status is 502, whether a visitor noticed or not.
    pub bad_gateway: u64,
    /// Failed attempts whose status is 504.
    pub gateway_timeout: u64,
    /// Failed attempts whose status is 503.
    pub unavailable: u64,
}

/// One origin now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OriginState {
    /// Its host, with the port where it is not the scheme's own; `zone` in route mode.
    pub name: String,
    /// Whether it is believed to be down.
    pub is_down: bool,
    /// How its last attempt failed, in the word of the table of failures; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Since when it is as it is.
    #[serde(serialize_with = "maybe_rfc3339", skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Its last good answer.
    #[serde(serialize_with = "maybe_rfc3339", skip_serializing_if = "Option::is_none")]
    pub last_ok: Option<Timestamp>,
    /// When it was probed last, and what came of it.
    #[serde(serialize_with = "maybe_probe", skip_serializing_if = "Option::is_none")]
    pub last_probe: Option<(Timestamp, String)>,
}

/// What failures of one [`Class`] at one origin are together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// Its name, which stays.
    pub id: String,
    /// The origin.
    pub origin: String,
    /// The class of its failures.
    pub class: Class,
    /// The most frequent of them, in the word of the table of failures.
    pub kind: String,
    /// The same in words.
    pub what: &'static str,
    /// The first failure.
    #[serde(serialize_with = "rfc3339")]
    pub began_at: Timestamp,
    /// The last failure so far.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: Timestamp,
    /// The last failure, once it is over.
    #[serde(serialize_with = "maybe_rfc3339", skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Failed attempts, probes included.
    pub attempts: u64,
    /// Requests that it touched.
    pub touched: u64,
    /// Those among them that got a stale copy.
    pub stale: u64,
}

/// What kind of trouble an incident is: one class, one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A bad answer or none at all (502).
    BadGateway,
    /// No answer in time (504).
    GatewayTimeout,
    /// The origin is out of service (503).
    Unavailable,
    /// The origin's own 500.
    Error,
    /// A fault of this worker's own (500).
    Internal,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::BadGateway, Self::GatewayTimeout, Self::Unavailable, Self::Error, Self::Internal];

    /// Its word in JSON, in metrics and in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadGateway => "bad_gateway",
            Self::GatewayTimeout => "gateway_timeout",
            Self::Unavailable => "unavailable",
            Self::Error => "error",
            Self::Internal => "internal",
        }
    }

    /// The status that it stands for.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadGateway => 502,
            Self::GatewayTimeout => 504,
            Self::Unavailable => 503,
            Self::Error | Self::Internal => 500,
        }
    }
}

/// A counter that only grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The origin; empty where the count is not of one.
    pub origin: String,
    /// The words of a tally's line, such as `try ok` or `answer hit 0`.
    pub what: String,
    /// How many.
    pub n: u64,
}

fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

fn maybe_rfc3339<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::to_rfc3339).serialize(serializer)
}

fn maybe_probe<S: Serializer>(probe: &Option<(Timestamp, String)>, serializer: S) -> Result<S::Ok, S::Error> {
    probe.as_ref().map(|(at, end)| (at.to_rfc3339(), end)).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_one_word_everywhere() {
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.word());
        }
    }
}
