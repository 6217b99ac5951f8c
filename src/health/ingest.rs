//! What does the object do with a count, with its alarm, and with what became of an alert?
//!
//! Counts stand in buckets of a minute for two hours, then in buckets of a quarter of an hour, and go after a week.
//! What leaves the buckets of a minute is added to totals, which only grow. So a week is some thousands of rows,
//! whatever there is to count.

use std::fmt::Write;
use std::time::Duration;

use super::Settings;
use super::alert::{self, Delivery};
use super::count_lines::{self, Line, minute_of};
use super::incident;
use super::origins::Origins;
use super::sql::{self, Param, Sql, number};
use super::summary::{self, Summary};
use crate::time::Timestamp;

/// The shortest and the longest time for which isolates gather before they report, in seconds.
pub const FLUSH_S: (u64, u64) = (10, 60);

/// For how long there are buckets of a minute, in minutes. The dashboard shows the last hour of them, and what
/// comes late is at most [`MOST_MINUTES_LATE`](count_lines::MOST_MINUTES_LATE) old.
const FINE: u64 = 120;

/// The buckets after that, in minutes.
const COARSE: u64 = 15;

/// For how long there are buckets at all, in minutes.
pub(super) const KEPT: u64 = 7 * 24 * 60;

/// For how long an origin is known of which nothing is heard.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The longest dashboard URL that is remembered, in bytes.
const LONGEST_DASHBOARD: usize = 512;

/// What is answered to an isolate that reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Lines of words. `flush <seconds>`: how long to gather before the next report. `down <origin> <end>
    /// <since>`: all of that origin is down now, as an isolate has found; most attempts end so, since that time in
    /// milliseconds since the Unix epoch. `up <origin> <at>`: that origin was down and is up again since that time.
    pub text: String,
    /// When [`wake`] is to be called, if nothing else comes. A later alarm is to be moved here; an earlier one may
    /// stay.
    pub wake_at: Option<Timestamp>,
}

/// Takes in what an isolate has counted since its last report.
///
/// A text that is no count adds nothing, and is answered like one.
pub fn report(sql: &impl Sql, text: &str, now: Timestamp, settings: Settings<'_>) -> Reply {
    let state = State::open(sql, now).at(sql, now, settings);
    let mut origins = Origins::load(sql);
    let mut lines = count_lines::read(text, now);
    lines.retain(|line| line.minute >= state.folded && origins.admits(line.origin));
    for line in &lines {
        count(sql, line);
    }
    origins.note(&lines, now);
    origins.save(sql, now);
    incident::end_quiet(sql, now);
    incident::judge(sql, &lines, now, settings);
    let mut text = format!("flush {}\n", state.flush_s);
    for known in &origins.0 {
        // Writing to a text does not fail.
        if let Some(down) = known.down(sql, now).filter(|_| known.was_opened(sql, now)) {
            let _ = writeln!(text, "down {} {} {}", known.name, down.end, down.since.as_millis());
        } else if let Some(up) = known.up(sql, now) {
            let _ = writeln!(text, "up {} {}", known.name, up.as_millis());
        }
    }
    Reply { text, wake_at: next_wake(sql) }
}

/// What is to be done when the alarm rings: the alerts to send, and when to ring next.
///
/// Sending one may take at most the first of [`alert::WAITS`]; [`delivered`] is to be told how it went.
pub fn wake(sql: &impl Sql, now: Timestamp, settings: Settings<'_>) -> (Vec<Delivery>, Option<Timestamp>) {
    State::open(sql, now);
    incident::end_quiet(sql, now);
    let deliveries = alert::due(sql, now, settings);
    (deliveries, next_wake(sql))
}

/// Notes whether the alert of this id was taken (an answer of 2xx), and says when the alarm is to ring next.
pub fn delivered(sql: &impl Sql, id: &str, ok: bool, now: Timestamp) -> Option<Timestamp> {
    alert::settle(sql, id, ok, now);
    next_wake(sql)
}

/// What a dashboard shows. Of an object that has heard of nothing it is empty.
pub fn summary(sql: &impl Sql, now: Timestamp) -> Summary {
    summary::summary(sql, now)
}

/// The dashboard's URL that was last heard of; empty if none was.
pub(super) fn dashboard(sql: &impl Sql) -> String {
    sql::row(sql, "SELECT dashboard FROM state", &[]).map(|mut row| row.text()).unwrap_or_default()
}

/// The first minute that is not in the totals yet.
pub(super) fn folded(sql: &impl Sql) -> u64 {
    sql::row(sql, "SELECT folded FROM state", &[]).map_or(0, |mut row| row.number())
}

fn next_wake(sql: &impl Sql) -> Option<Timestamp> {
    incident::next_end(sql).into_iter().chain(alert::next(sql)).min()
}

fn count(sql: &impl Sql, line: &Line<'_>) {
    const COUNT: &str = "INSERT INTO counts (minute, origin, what, n) VALUES (?, ?, ?, ?) \
         ON CONFLICT (minute, origin, what) DO UPDATE SET n = n + excluded.n";
    let what = line.what.to_string();
    sql.exec(COUNT, &[number(line.minute), Param::Text(line.origin), Param::Text(&what), number(line.n)]);
}

/// What the object remembers of itself.
struct State {
    /// The minute of the last report.
    minute: u64,
    /// How many reports came in it.
    reports: u64,
    /// What is answered after `flush`.
    flush_s: u64,
    /// The first minute that is not in the totals yet.
    folded: u64,
}

impl State {
    /// Reads it. In an object that is new, all tables are made first.
    fn open(sql: &impl Sql, now: Timestamp) -> Self {
        const READ: &str = "SELECT minute, reports, flush_s, folded FROM state WHERE form = 1";
        const BEGIN: &str = "INSERT OR IGNORE INTO state (one, form, minute, reports, flush_s, folded, dashboard) \
             VALUES (1, 1, 0, 0, ?, ?, '')";
        let read = |mut row: sql::Row| Self {
            minute: row.number(),
            reports: row.number(),
            flush_s: row.number(),
            folded: row.number(),
        };
        if let Some(row) = sql::row(sql, READ, &[]) {
            return read(row);
        }
        for table in TABLES {
            sql.exec(table, &[]);
        }
        let new = Self { minute: 0, reports: 0, flush_s: FLUSH_S.0, folded: fold_at(now) };
        sql.exec(BEGIN, &[number(new.flush_s), number(new.folded)]);
        new
    }

    /// Counts a report. The first of each minute does what has to be done from time to time.
    fn at(self, sql: &impl Sql, now: Timestamp, settings: Settings<'_>) -> Self {
        const COUNT: &str = "UPDATE state SET reports = reports + 1";
        const TURN: &str = "UPDATE state SET minute = ?, reports = 1, flush_s = ?, folded = ?";
        let minute = minute_of(now);
        if minute <= self.minute {
            sql.exec(COUNT, &[]);
            return self;
        }
        // So many isolates report: as many seconds between two reports of one, and there is one each second.
        let isolates = self.reports * self.flush_s / 60;
        let turned = Self {
            minute,
            reports: 1,
            flush_s: isolates.clamp(FLUSH_S.0, FLUSH_S.1),
            folded: self.folded.max(fold_at(now)),
        };
        if turned.folded > self.folded {
            fold(sql, self.folded, turned.folded);
        }
        prune(sql, now);
        remember(sql, settings.dashboard);
        sql.exec(TURN, &[number(minute), number(turned.flush_s), number(turned.folded)]);
        turned
    }
}

/// Before which minute buckets are coarse at `now`.
fn fold_at(now: Timestamp) -> u64 {
    let minute = minute_of(now).saturating_sub(FINE);
    minute - minute % COARSE
}

/// Adds the buckets from minute `from` to before `to` to the totals, and makes coarse ones of them.
fn fold(sql: &impl Sql, from: u64, to: u64) {
    const TOTAL: &str = "INSERT INTO totals (origin, what, n) SELECT origin, what, sum(n) FROM counts \
         WHERE minute >= ? AND minute < ? GROUP BY origin, what \
         ON CONFLICT (origin, what) DO UPDATE SET n = n + excluded.n";
    // Only what does not stand in the right place already moves.
    const MOVE: &str = "INSERT INTO counts (minute, origin, what, n) \
         SELECT minute - minute % 15, origin, what, sum(n) FROM counts \
         WHERE minute >= ? AND minute < ? AND minute % 15 > 0 GROUP BY 1, 2, 3 \
         ON CONFLICT (minute, origin, what) DO UPDATE SET n = n + excluded.n";
    const CLEAR: &str = "DELETE FROM counts WHERE minute >= ? AND minute < ? AND minute % 15 > 0";
    for statement in [TOTAL, MOVE, CLEAR] {
        sql.exec(statement, &[number(from), number(to)]);
    }
}

/// Forgets what is too old.
fn prune(sql: &impl Sql, now: Timestamp) {
    let oldest = number(minute_of(now).saturating_sub(KEPT));
    sql.exec("DELETE FROM counts WHERE minute < ?", &[oldest]);
    let forgotten = number(now.minus(FORGOTTEN).as_millis());
    sql.exec("DELETE FROM origins WHERE seen_ms < ?", &[forgotten]);
    sql.exec("DELETE FROM totals WHERE origin <> '' AND origin NOT IN (SELECT name FROM origins)", &[]);
    sql.exec("DELETE FROM alerts WHERE incident NOT IN (SELECT seq FROM incidents)", &[]);
}

fn remember(sql: &impl Sql, dashboard: Option<&str>) {
    const REMEMBER: &str = "UPDATE state SET dashboard = ?";
    if let Some(url) = dashboard.filter(|url| url.len() <= LONGEST_DASHBOARD) {
        sql.exec(REMEMBER, &[Param::Text(url)]);
    }
}

/// What each statement makes, if it is not there. A change of these is another `form` of `state`.
const TABLES: [&str; 8] = [
    "CREATE TABLE IF NOT EXISTS counts (minute INTEGER NOT NULL, origin TEXT NOT NULL, what TEXT NOT NULL, \
     n INTEGER NOT NULL, PRIMARY KEY (minute, origin, what)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS totals (origin TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL, \
     PRIMARY KEY (origin, what)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS origins (name TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL, ok_ms INTEGER NOT NULL, \
     failed_ms INTEGER NOT NULL, up_ms INTEGER NOT NULL, probe_ms INTEGER NOT NULL, probe_end TEXT NOT NULL) \
     WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS incidents (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, origin TEXT NOT NULL, \
     class TEXT NOT NULL, kind TEXT NOT NULL, began_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, \
     over_ms INTEGER NOT NULL, ended_ms INTEGER, attempts INTEGER NOT NULL, touched INTEGER NOT NULL, \
     stale INTEGER NOT NULL)",
    // Whatever fails in between: no second one for the same trouble.
    "CREATE UNIQUE INDEX IF NOT EXISTS open_incidents ON incidents (origin, class) WHERE ended_ms IS NULL",
    "CREATE TABLE IF NOT EXISTS ends (incident INTEGER NOT NULL, word TEXT NOT NULL, n INTEGER NOT NULL, \
     PRIMARY KEY (incident, word)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS alerts (incident INTEGER NOT NULL, moment TEXT NOT NULL, id TEXT NOT NULL, \
     tries INTEGER NOT NULL, due_ms INTEGER, sent INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (incident, moment)) \
     WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY, form INTEGER NOT NULL, minute INTEGER NOT NULL, \
     reports INTEGER NOT NULL, flush_s INTEGER NOT NULL, folded INTEGER NOT NULL, dashboard TEXT NOT NULL)",
];
