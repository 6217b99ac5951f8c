//! How are the origins, and since when?
//!
//! What was counted is told to people ([`status`]), to programs, and to Prometheus ([`metrics`]); [`runbook`] says
//! what to check for each kind of failure.

pub mod dress;
pub mod metrics;
pub mod runbook;
pub mod status;
pub mod summary;

use serde::Serialize;

use summary::Summary;

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
