//! The views of what the object knows. In which form does a client read it?

use super::bindings::Bindings;
use super::summary::Summary;
use super::verdict::Verdict;
use super::{metrics, public, status};

/// A form of a [`Summary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The dashboard, for people.
    Html,
    /// JSON, for programs.
    Json,
    /// A few lines, for a terminal.
    Text,
    /// Prometheus' text format.
    Metrics,
    /// What everybody may know: the content of a page, and JSON.
    Public,
    /// The same while the site is closed for maintenance.
    PublicClosed,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Html, Self::Json, Self::Text, Self::Metrics, Self::Public, Self::PublicClosed];

    /// Its name in calls from the Worker to the object.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Text => "text",
            Self::Metrics => "metrics",
            Self::Public => "public",
            Self::PublicClosed => "public_closed",
        }
    }

    /// The view with this name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.word() == word)
    }

    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Html | Self::Public | Self::PublicClosed => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Metrics => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// `summary` in this form.
    pub fn of(self, summary: &Summary, bound: &Bindings) -> String {
        match self {
            Self::Html => status::html(summary, bound),
            Self::Json => status::json(summary, bound),
            Self::Text => Verdict::of(summary).text(summary.at),
            Self::Metrics => metrics::prometheus(summary),
            Self::Public => public::both(summary, false),
            Self::PublicClosed => public::both(summary, true),
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
