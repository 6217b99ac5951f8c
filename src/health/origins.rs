//! Origins. Which are known, when was each probed, and what do isolates need to know of it?

use std::time::Duration;

use super::class::Fault;
use super::count_lines::{CountLine, What};
use super::evidence::Evidence;
use super::flush_reply;
use super::incident::{self, Open};
use super::parts::{Key, Parts};
use super::sql::{self, Param, Sql, number};
use crate::time::{Timestamp, millis};

/// How many origins are remembered. Eight can be configured, and former ones stay for a week.
pub const MOST: usize = 16;

/// How long a failure is a reason for other isolates to leave the origin alone.
const LATELY: Duration = Duration::from_secs(30);

/// How long an open circuit is.
const OPENED_LATELY: Duration = Duration::from_secs(2 * 60);

/// How long replies say that an origin has recovered.
const RECOVERY_REPORTED_FOR: Duration = Duration::from_secs(3 * 60);

/// One origin. Times are milliseconds since the Unix epoch, 0 for never.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub name: String,
    pub probe_ms: u64,
    pub probe_end: String,
    is_changed: bool,
}

/// All remembered origins.
pub(super) struct Origins(pub Vec<Known>);

impl Origins {
    pub fn load(sql: &impl Sql) -> Self {
        const ALL: &str = "SELECT name, probe_ms, probe_end FROM origins ORDER BY name";
        let known = sql::rows(sql, ALL, &[]).map(|mut row| Known {
            name: row.text(),
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

    /// Updates the origins from `lines`.
    pub fn note(&mut self, lines: &[CountLine<'_>], now: Timestamp) {
        for line in lines {
            let Some(end) = line.what.attempt() else { continue };
            let Some(known) = self.0.iter_mut().find(|known| known.name == line.origin) else { continue };
            known.is_changed = true;
            let at = line.at(now).as_millis();
            if matches!(line.what, What::Probe(_)) && at >= known.probe_ms {
                known.probe_ms = at;
                end.word().clone_into(&mut known.probe_end);
            }
        }
    }

    /// Stores what has changed.
    pub fn save(&self, sql: &impl Sql, now: Timestamp) {
        const SAVE: &str = "INSERT INTO origins (name, seen_ms, ok_ms, failed_ms, up_ms, probe_ms, probe_end) \
             VALUES (?, ?, 0, 0, 0, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms, probe_ms = excluded.probe_ms, \
             probe_end = excluded.probe_end";
        for known in self.0.iter().filter(|known| known.is_changed) {
            let values = [Param::Text(&known.name), number(now.as_millis()), number(known.probe_ms)];
            sql.exec(SAVE, &[&values[..], &[Param::Text(&known.probe_end)]].concat());
        }
    }
}

/// What isolates need to know: the origins that are down as a whole, those that have recovered, and the places to watch.
pub(super) fn findings(sql: &impl Sql, origins: &Origins, parts: &Parts, now: Timestamp) -> String {
    let open = incident::open(sql);
    let mut text = String::new();
    for Known { name, .. } in &origins.0 {
        let key = Key::of(name, Fault::Down, "");
        let Some(evidence) = parts.get(&key) else { continue };
        if is_down(evidence, open.iter().find(|open| open.key == key), now) {
            let since = Timestamp::from_millis(evidence.since_ms);
            text += &flush_reply::down(name, &evidence.kind, since);
        } else if let Some(since) = up(sql, name, evidence, now) {
            text += &flush_reply::up(name, since);
        }
    }
    for Open { key, .. } in open.iter().filter(|open| !open.key.place.is_empty()) {
        text += &flush_reply::watch(&key.origin, &key.place);
    }
    text
}

/// Whether isolates should leave the origin alone: it is down, at least half of the last minute failed, some of it lately,
/// and an isolate has opened its circuit for all of it. Failures of some pages do not prove that, however many there are.
fn is_down(evidence: &Evidence, incident: Option<&Open>, now: Timestamp) -> bool {
    let is_recent = |ms: u64, span: Duration| ms + millis(span) > now.as_millis();
    incident.is_some()
        && evidence.mostly_fails(now)
        && is_recent(evidence.failed_ms, LATELY)
        && is_recent(evidence.opened_ms, OPENED_LATELY)
}

/// Since when the origin is up again, if it was down and has recovered lately.
fn up(sql: &impl Sql, name: &str, evidence: &Evidence, now: Timestamp) -> Option<Timestamp> {
    const WAS_DOWN: &str =
        "SELECT seq FROM incidents WHERE origin = ? AND fault = 'down' AND place = '' AND ok_ms >= ? LIMIT 1";
    let up = Timestamp::from_millis(evidence.up_ms);
    let is_news = evidence.up_ms > 0 && !evidence.is_failing() && now.since(up) <= RECOVERY_REPORTED_FOR;
    let was_down = || sql::row(sql, WAS_DOWN, &[Param::Text(name), number(evidence.up_ms)]).is_some();
    (is_news && was_down()).then_some(up)
}
