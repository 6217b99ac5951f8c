//! The object's own state, and the age of its buckets. When are counts folded into totals, and when deleted?
//!
//! - for two hours: buckets of a minute
//! - until a week: buckets of a quarter of an hour, whose counts are also in the totals, which only grow
//! - after a week: deleted
//!
//! So a week is some thousands of rows, whatever is counted.

use std::time::Duration;

use super::count_lines::minute_of;
use super::schema::{FORM, FROM_1, INDEX, TABLES};
use super::sql::{self, Param, Sql, number};
use super::times;
use crate::time::Timestamp;

/// The shortest and the longest flush interval of isolates, in seconds.
pub const FLUSH_S: (u64, u64) = (10, 60);

/// The age until which buckets are of a minute, in minutes. The dashboard shows the last hour of them, and late lines
/// are at most [`MOST_MINUTES_LATE`](super::count_lines::MOST_MINUTES_LATE) old.
const FINE: u64 = 120;

/// The length of older buckets, in minutes.
const COARSE: u64 = 15;

/// The age at which buckets are deleted, in minutes.
pub(super) const KEPT: u64 = 7 * 24 * 60;

/// How long an origin is remembered after its last count.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The longest dashboard URL that is remembered, in bytes.
const LONGEST_DASHBOARD: usize = 512;

/// What the object remembers about itself.
pub(super) struct State {
    /// The minute of the last report.
    minute: u64,
    /// How many reports came in it.
    reports: u64,
    /// How long isolates gather counts before they flush them, in seconds.
    pub flush_s: u64,
    /// The first minute that is not in the totals yet.
    pub folded: u64,
}

impl State {
    /// Reads the state. In a new object, creates all tables first; in an old one, brings them into today's form.
    pub fn open(sql: &impl Sql, now: Timestamp) -> Self {
        const READ: &str = "SELECT minute, reports, flush_s, folded FROM state WHERE form = ?";
        const BEGIN: &str = "INSERT OR IGNORE INTO state (one, form, minute, reports, flush_s, folded, dashboard) \
             VALUES (1, ?, 0, 0, ?, ?, '')";
        let read = |mut row: sql::Row| Self {
            minute: row.number(),
            reports: row.number(),
            flush_s: row.number(),
            folded: row.number(),
        };
        if let Some(row) = sql::row(sql, READ, &[number(FORM)]) {
            return read(row);
        }
        let is_form_1 = sql::row(sql, "SELECT 1 FROM state WHERE form = 1", &[]).is_some();
        let steps: &[&str] = if is_form_1 { &FROM_1 } else { &[] };
        for statement in TABLES.iter().chain(steps).chain([&INDEX]) {
            sql.exec(statement, &[]);
        }
        sql.exec("UPDATE state SET form = ?", &[number(FORM)]);
        if let Some(row) = sql::row(sql, READ, &[number(FORM)]) {
            return read(row);
        }
        let new = Self { minute: 0, reports: 0, flush_s: FLUSH_S.0, folded: fold_at(now) };
        sql.exec(BEGIN, &[number(FORM), number(new.flush_s), number(new.folded)]);
        new
    }

    /// Counts `reports` of isolates. The first of each minute also fold, prune and set the flush interval.
    pub fn at(self, sql: &impl Sql, now: Timestamp, dashboard: Option<&str>, reports: u64) -> Self {
        const COUNT: &str = "UPDATE state SET reports = reports + ?";
        const TURN: &str = "UPDATE state SET minute = ?, reports = ?, flush_s = ?, folded = ?";
        let minute = minute_of(now);
        if minute <= self.minute {
            if reports > 0 {
                sql.exec(COUNT, &[number(reports)]);
            }
            return self;
        }
        let turned = Self {
            minute,
            reports,
            flush_s: flush_s(self.reports, self.flush_s),
            folded: self.folded.max(fold_at(now)),
        };
        if turned.folded > self.folded {
            fold(sql, self.folded, turned.folded);
        }
        prune(sql, now);
        remember(sql, dashboard);
        sql.exec(TURN, &[number(minute), number(reports), number(turned.flush_s), number(turned.folded)]);
        turned
    }
}

/// How long isolates gather counts, in seconds, after a minute with so many reports, in which they gathered for `flush_s`.
pub fn flush_s(reports: u64, flush_s: u64) -> u64 {
    // The number of isolates. With one second of interval for each, one report comes each second.
    let isolates = reports.saturating_mul(flush_s) / 60;
    isolates.clamp(FLUSH_S.0, FLUSH_S.1)
}

/// Counts `what` in the bucket of `minute`.
pub(super) fn count(sql: &impl Sql, minute: u64, origin: &str, what: &str, n: u64) {
    const COUNT: &str = "INSERT INTO counts (minute, origin, what, n) VALUES (?, ?, ?, ?) \
         ON CONFLICT (minute, origin, what) DO UPDATE SET n = n + excluded.n";
    sql.exec(COUNT, &[number(minute), Param::Text(origin), Param::Text(what), number(n)]);
}

/// The minute before which buckets are coarse at `now`.
fn fold_at(now: Timestamp) -> u64 {
    let minute = minute_of(now).saturating_sub(FINE);
    minute - minute % COARSE
}

/// Adds the buckets of the minutes `from..to` to the totals, and merges them into coarse buckets.
fn fold(sql: &impl Sql, from: u64, to: u64) {
    const TOTAL: &str = "INSERT INTO totals (origin, what, n) SELECT origin, what, sum(n) FROM counts \
         WHERE minute >= ? AND minute < ? GROUP BY origin, what \
         ON CONFLICT (origin, what) DO UPDATE SET n = n + excluded.n";
    // A row whose minute begins a coarse bucket stays where it is.
    const MOVE: &str = "INSERT INTO counts (minute, origin, what, n) \
         SELECT minute - minute % 15, origin, what, sum(n) FROM counts \
         WHERE minute >= ? AND minute < ? AND minute % 15 > 0 GROUP BY 1, 2, 3 \
         ON CONFLICT (minute, origin, what) DO UPDATE SET n = n + excluded.n";
    const CLEAR: &str = "DELETE FROM counts WHERE minute >= ? AND minute < ? AND minute % 15 > 0";
    for statement in [TOTAL, MOVE, CLEAR] {
        sql.exec(statement, &[number(from), number(to)]);
    }
    times::fold(sql, from, to, COARSE);
}

/// Deletes what is too old.
fn prune(sql: &impl Sql, now: Timestamp) {
    let oldest = number(minute_of(now).saturating_sub(KEPT));
    sql.exec("DELETE FROM counts WHERE minute < ?", &[oldest]);
    sql.exec("DELETE FROM latency WHERE minute < ?", &[oldest]);
    let forgotten = number(now.minus(FORGOTTEN).as_millis());
    sql.exec("DELETE FROM origins WHERE seen_ms < ?", &[forgotten]);
    sql.exec("DELETE FROM evidence WHERE origin <> '' AND origin NOT IN (SELECT name FROM origins)", &[]);
    sql.exec("DELETE FROM totals WHERE origin <> '' AND origin NOT IN (SELECT name FROM origins)", &[]);
    sql.exec("DELETE FROM alerts WHERE incident NOT IN (SELECT seq FROM incidents)", &[]);
}

fn remember(sql: &impl Sql, dashboard: Option<&str>) {
    const REMEMBER: &str = "UPDATE state SET dashboard = ?";
    if let Some(url) = dashboard.filter(|url| url.len() <= LONGEST_DASHBOARD) {
        sql.exec(REMEMBER, &[Param::Text(url)]);
    }
}

/// The last known URL of the dashboard. Empty if none is known.
pub(super) fn dashboard(sql: &impl Sql) -> String {
    sql::row(sql, "SELECT dashboard FROM state", &[]).map(|mut row| row.text()).unwrap_or_default()
}

/// The first minute that is not in the totals yet.
pub(super) fn folded(sql: &impl Sql) -> u64 {
    sql::row(sql, "SELECT folded FROM state", &[]).map_or(0, |mut row| row.number())
}
