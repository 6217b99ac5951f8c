//! How are the origins, and since when?
//!
//! Each isolate counts what it sees and hands its count, every few seconds, to one Durable Object, which has a
//! SQLite database. The functions here are what that object does. [`ingest::report`] takes a count in: it adds
//! it to buckets of a minute, sees whether an [`incident`] begins or goes on, and answers with what the other
//! isolates have found out. [`ingest::wake`] gives the alerts that are due, [`ingest::delivered`] takes what
//! became of one, and [`summary::summary`] is what there is to see: for people ([`status`]), for programs and for
//! Prometheus ([`metrics`]). [`runbook`] says what to check for each kind of failure.
//!
//! A 502 (a bad or no answer) and a 504 (no answer in time) are different incidents with different causes,
//! also where one turns into the other.
//!
//! The object's SQL is synchronous, and so is everything here: it is written against [`Sql`], and the tests run
//! the same statements on a SQLite of their own. A statement that fails gives no rows. What is counted is then
//! wrong for a while; nothing else is.

pub mod alert;
pub mod assets;
pub mod attempt_result;
pub mod count_lines;
pub mod counters;
pub mod incident;
pub mod ingest;
mod message;
pub mod metrics;
pub mod origins;
pub mod points;
pub mod runbook;
pub mod sql;
pub mod status;
pub mod summary;

pub use attempt_result::{AttemptKind, Class};
pub use sql::{Cell, Param, Sql};

use serde::Serialize;

use crate::config;
use summary::Summary;

/// What of the configuration matters here.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// When failed attempts are an incident.
    pub incident: &'a config::Incident,
    /// Who is told.
    pub alert: &'a config::Alert,
    /// The dashboard's URL, for alerts. Where it is not known, as in an alarm, the last one that was is used.
    pub dashboard: Option<&'a str>,
}

/// Which bindings and secrets there are. Names and whether they are bound, never what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bindings {
    /// The KV namespace for kept copies and purge marks.
    #[serde(rename = "HOLDFAST_KEEP")]
    pub keep: bool,
    /// The Durable Object that keeps what is shown here.
    #[serde(rename = "HOLDFAST_HEALTH")]
    pub health: bool,
    /// The Analytics Engine data set.
    #[serde(rename = "HOLDFAST_ANALYTICS")]
    pub analytics: bool,
    /// The operators' secret.
    #[serde(rename = "HOLDFAST_TOKEN")]
    pub token: bool,
}

impl Bindings {
    /// Whether there is anything that takes counts.
    pub const fn count(self) -> bool {
        self.health || self.analytics
    }

    /// Each with its name and what goes without it.
    fn all(&self) -> [(&'static str, bool, &'static str); 4] {
        [
            ("HOLDFAST_KEEP", self.keep, "kept copies, purging"),
            ("HOLDFAST_HEALTH", self.health, "this page, metrics, alerts"),
            ("HOLDFAST_ANALYTICS", self.analytics, "data points for each request"),
            ("HOLDFAST_TOKEN", self.token, "operators' endpoints"),
        ]
    }
}

/// A form in which a [`Summary`] can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The dashboard, for people.
    Html,
    /// The same for programs.
    Json,
    /// Prometheus' text format.
    Metrics,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Html, Self::Json, Self::Metrics];

    /// Its word, by which the Worker asks for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Metrics => "metrics",
        }
    }

    /// The view of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.word() == word)
    }

    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Metrics => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// `summary` in this form.
    pub fn of(self, summary: &Summary, bound: &Bindings) -> String {
        match self {
            Self::Html => status::html(summary, bound),
            Self::Json => status::json(summary, bound),
            Self::Metrics => metrics::prometheus(summary),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_asked_for_by_its_word() {
        for view in View::ALL {
            assert_eq!(View::of_word(view.word()), Some(view));
        }
        assert_eq!(View::of_word("HTML"), None);
    }
}
