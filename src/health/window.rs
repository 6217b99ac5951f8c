//! The window that incidents begin from. What has failed lately?

use super::attempt_result::AttemptKind;
use super::class::Class;
use super::count_lines::{self, What, minute_of};
use super::sql::{self, Param, Sql, number};
use crate::config::Incident;
use crate::origin::failure::Failure;
use crate::time::Timestamp;

/// What failed in this minute and the last, at one origin and in one class.
#[derive(Default)]
pub(super) struct Window {
    pub attempts: u64,
    pub failed: u64,
    /// The first and the last minute with a failure.
    pub minutes: Option<(u64, u64)>,
    pub ends: Vec<(&'static str, u64)>,
    pub touched: u64,
    pub stale: u64,
}

impl Window {
    /// Reads the window of one origin and class. A minute in which an incident ended belongs to that incident.
    pub fn load(sql: &impl Sql, origin: &str, class: Class, now: Timestamp) -> Self {
        const ENDED: &str = "SELECT max(ended_ms) FROM incidents WHERE origin = ? AND class = ?";
        const COUNTS: &str =
            "SELECT minute, what, n FROM counts WHERE minute >= ? AND origin = ? ORDER BY minute";
        let ended = sql::row(sql, ENDED, &[Param::Text(origin), Param::Text(class.word())]);
        let ended = ended.and_then(|mut row| row.number_or_none()).map(Timestamp::from_millis);
        let from = minute_of(now).saturating_sub(1).max(ended.map_or(0, |ended| minute_of(ended) + 1));
        let mut window = Self::default();
        for mut row in sql::rows(sql, COUNTS, &[number(from), Param::Text(origin)]) {
            let (minute, what, n) = (row.number(), row.text(), row.number());
            if let Some(what) = What::read(&what) {
                window.add(minute, what, n, class);
            }
        }
        window
    }

    /// Whether this is enough for an incident.
    pub fn is_incident(&self, settings: &Incident) -> bool {
        self.failed >= u64::from(settings.minimum) && settings.share.is_reached_by(self.failed, self.attempts)
    }

    fn add(&mut self, minute: u64, what: What, n: u64, class: Class) {
        if let What::Touched(end, outcome) = what
            && (end.incident() == Some(class) || class.is_down() && is_circuit_open(end))
        {
            self.touched += n;
            self.stale += if is_stale(outcome) { n } else { 0 };
        }
        let Some(end) = what.attempt() else { return };
        self.attempts += n;
        if end.incident() == Some(class) {
            self.failed += n;
            self.minutes = Some((self.minutes.map_or(minute, |(first, _)| first), minute));
            self.ends.push((end.word(), n));
        }
    }
}

/// Whether nothing was tried because the circuit was open.
pub(super) fn is_circuit_open(end: AttemptKind) -> bool {
    end == AttemptKind::Failed(Failure::CircuitOpen)
}

/// Whether a request that a failure touched got a stale copy, including a copy that was being revalidated.
pub(super) fn is_stale(outcome: &str) -> bool {
    count_lines::is_stale(outcome) || outcome == "stale_while_revalidate"
}
