//! Origins. When did each last answer, and is it down now?

use std::time::Duration;

use super::class::Class;
use super::count_lines::{CountLine, What, minute_of};
use super::sql::{self, Param, Sql, number};
use crate::origin::HealthSignal;
use crate::time::Timestamp;

/// How many origins are remembered. Eight can be configured, and former ones stay for a week.
pub const MOST: usize = 16;

/// How long a failure counts as a sign that the origin is down.
const LATELY: Duration = Duration::from_secs(30);

/// How long replies say that an origin has recovered.
const RECOVERY_REPORTED_FOR: Duration = Duration::from_secs(3 * 60);

/// With so many attempts in this minute, those of the last minute are not needed.
const ENOUGH: u64 = 10;

/// One origin. Times are milliseconds since the Unix epoch, 0 for never.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub name: String,
    /// The last attempt that it answered.
    pub ok_ms: u64,
    /// The last attempt that says that the origin is down.
    pub failed_ms: u64,
    /// The first attempt that it answered after that.
    pub up_ms: u64,
    pub probe_ms: u64,
    pub probe_end: String,
    is_changed: bool,
}

/// An origin that is down.
#[derive(Debug)]
pub(super) struct Down {
    /// How most of its attempts end.
    pub end: String,
    pub since: Timestamp,
}

/// All remembered origins.
pub(super) struct Origins(pub Vec<Known>);

impl Origins {
    pub fn load(sql: &impl Sql) -> Self {
        const ALL: &str =
            "SELECT name, ok_ms, failed_ms, up_ms, probe_ms, probe_end FROM origins ORDER BY name";
        let known = sql::rows(sql, ALL, &[]).map(|mut row| Known {
            name: row.text(),
            ok_ms: row.number(),
            failed_ms: row.number(),
            up_ms: row.number(),
            probe_ms: row.number(),
            probe_end: row.text(),
            ..Known::default()
        });
        Self(known.collect())
    }

    /// Whether lines of this origin are counted. A new origin is added while there is room.
    pub fn admits(&mut self, name: &str) -> bool {
        if name.is_empty() || self.0.iter().any(|known| known.name == name) {
            return true;
        }
        if self.0.len() >= MOST {
            return false;
        }
        self.0.push(Known { name: name.to_owned(), is_changed: true, ..Known::default() });
        true
    }

    /// Updates the origins from `lines`. Failures come first: an answer at the same moment does not cancel one.
    pub fn note(&mut self, lines: &[CountLine<'_>], now: Timestamp) {
        for sign in [HealthSignal::Unhealthy, HealthSignal::Healthy] {
            for line in lines {
                let Some(end) = line.what.attempt() else { continue };
                let Some(known) = self.0.iter_mut().find(|known| known.name == line.origin) else { continue };
                let at = line.at(now).as_millis();
                if end.health_signal() == sign {
                    known.is_changed = true;
                    known.note(sign, at);
                }
                if matches!(line.what, What::Probe(_)) && at >= known.probe_ms {
                    known.is_changed = true;
                    known.probe_ms = at;
                    end.word().clone_into(&mut known.probe_end);
                }
            }
        }
    }

    /// Stores what has changed.
    pub fn save(&self, sql: &impl Sql, now: Timestamp) {
        const SAVE: &str = "INSERT INTO origins (name, seen_ms, ok_ms, failed_ms, up_ms, probe_ms, probe_end) \
             VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms, ok_ms = excluded.ok_ms, \
             failed_ms = excluded.failed_ms, up_ms = excluded.up_ms, probe_ms = excluded.probe_ms, \
             probe_end = excluded.probe_end";
        for known in self.0.iter().filter(|known| known.is_changed) {
            let Known { name, ok_ms, failed_ms, up_ms, probe_ms, probe_end, .. } = known;
            let [ok, failed, up, probe] = [ok_ms, failed_ms, up_ms, probe_ms].map(|ms| number(*ms));
            let seen = number(now.as_millis());
            sql.exec(SAVE, &[Param::Text(name), seen, ok, failed, up, probe, Param::Text(probe_end)]);
        }
    }
}

impl Known {
    fn note(&mut self, sign: HealthSignal, at: u64) {
        match sign {
            HealthSignal::Unhealthy => self.failed_ms = self.failed_ms.max(at),
            HealthSignal::Healthy => {
                self.ok_ms = self.ok_ms.max(at);
                if at > self.failed_ms && self.up_ms <= self.failed_ms {
                    self.up_ms = at;
                }
            }
            HealthSignal::Neutral => {}
        }
    }

    /// Whether the origin is down. All of this has to hold:
    ///
    /// - An incident is open whose class means down.
    /// - Its last failure is at most half a minute old, and the origin has not answered since.
    /// - At least half of the last minute's attempts failed in such a class.
    pub fn down(&self, sql: &impl Sql, now: Timestamp) -> Option<Down> {
        const OPEN: &str = "SELECT class, kind, began_ms FROM incidents \
             WHERE origin = ? AND ended_ms IS NULL AND last_ms >= ? ORDER BY last_ms DESC, seq DESC";
        let lately = now.minus(LATELY).as_millis();
        if self.failed_ms <= lately || self.ok_ms > self.failed_ms {
            return None;
        }
        let mut open = sql::rows(sql, OPEN, &[Param::Text(&self.name), number(lately)]);
        let down = open.find_map(|mut row| {
            let is_down = Class::of_word(&row.text()).is_some_and(Class::is_down);
            is_down.then(|| Down { end: row.text(), since: Timestamp::from_millis(row.number()) })
        })?;
        self.mostly_fails(sql, now).then_some(down)
    }

    /// Whether an isolate has opened its circuit for the whole origin, in this minute or the last. Failures of some pages
    /// do not prove that, however many there are.
    pub fn was_opened(&self, sql: &impl Sql, now: Timestamp) -> bool {
        const OPENED: &str =
            "SELECT n FROM counts WHERE origin = ? AND minute >= ? AND what LIKE 'opened %' LIMIT 1";
        let last_minute = minute_of(now).saturating_sub(1);
        sql::row(sql, OPENED, &[Param::Text(&self.name), number(last_minute)]).is_some()
    }

    fn mostly_fails(&self, sql: &impl Sql, now: Timestamp) -> bool {
        const LAST: &str = "SELECT what, n FROM counts WHERE minute = ? AND origin = ?";
        let (mut all, mut failed) = (0, 0);
        let minute = minute_of(now);
        for minute in [minute, minute.saturating_sub(1)] {
            for mut row in sql::rows(sql, LAST, &[number(minute), Param::Text(&self.name)]) {
                let Some(end) = What::read(&row.text()).and_then(What::attempt) else { continue };
                let n = row.number();
                all += n;
                failed += if end.incident().is_some_and(Class::is_down) { n } else { 0 };
            }
            if all >= ENOUGH {
                break;
            }
        }
        failed > 0 && failed * 2 >= all
    }

    /// Since when the origin is up again, if it was down and has recovered lately.
    pub fn up(&self, sql: &impl Sql, now: Timestamp) -> Option<Timestamp> {
        const WAS_DOWN: &str = "SELECT seq FROM incidents WHERE origin = ? AND last_ms >= ? \
             AND class IN ('bad_gateway', 'gateway_timeout', 'unavailable') LIMIT 1";
        let up = Timestamp::from_millis(self.up_ms);
        let is_news = self.up_ms > self.failed_ms && now.since(up) <= RECOVERY_REPORTED_FOR;
        let was_down =
            || sql::row(sql, WAS_DOWN, &[Param::Text(&self.name), number(self.failed_ms)]).is_some();
        (is_news && was_down()).then_some(up)
    }
}
