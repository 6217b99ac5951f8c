//! Points in time for people.
//!
//! They are markup already, made here once and not in each place of the template. Nothing in it comes from outside.

use crate::health::words::{ago, clock};
use crate::time::Timestamp;

/// A point in time.
pub(super) struct Moment {
    iso: String,
    /// To the second, with the day if it is not today.
    clock: String,
    pub ago: String,
}

impl Moment {
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        Self { clock: clock(at, now), ago: ago(at, now), iso: at.to_rfc3339() }
    }

    /// The time as markup.
    pub(super) fn time(&self) -> String {
        time(&self.iso, &[&self.clock, " UTC"].concat())
    }

    /// The same, and how long ago it was.
    pub(super) fn with_age(&self) -> String {
        [&self.time(), " <span class=\"soft\">(", &self.ago, ")</span>"].concat()
    }
}

/// The time `iso` in `words`, as markup.
pub(super) fn time(iso: &str, words: &str) -> String {
    ["<time datetime=\"", iso, "\">", words, "</time>"].concat()
}
