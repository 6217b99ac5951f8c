//! Incidents. When does one begin, what kind is it, and when is it over?
//!
//! There is at most one open incident for each origin and [`Class`]. So a flapping origin has one, and an outage that
//! turns from refused connections into timeouts has two.
//!
//! `window` is what an incident begins from. This file keeps the rows of incidents.

use std::time::Duration;

use super::alert;
use super::attempt_result::AttemptKind;
use super::class::Class;
use super::count_lines::{CountLine, What};
use super::settings::Settings;
use super::sql::{self, Param, Sql, number};
use super::window::{self, Window};
use crate::time::Timestamp;

/// How many incidents are kept.
pub const MOST: u64 = 1000;

/// An incident that is not over.
struct Open {
    seq: u64,
    origin: String,
    class: Class,
}

/// Adds `lines`, which are in the buckets already, to the open incidents, and begins new ones.
pub(super) fn update(sql: &impl Sql, lines: &[CountLine<'_>], now: Timestamp, settings: Settings<'_>) {
    let open = open(sql);
    let mut beginning: Vec<(&str, Class)> = Vec::new();
    let mut goes_on = false;
    for line in lines {
        let of = |class| open.iter().find(|open| open.class == class && open.origin == line.origin);
        if let What::Touched(end, outcome) = line.what {
            // If the open circuit prevented an attempt, the request counts for the incident that the origin is down with.
            let last = || open.iter().rev().find(|open| open.class.is_down() && open.origin == line.origin);
            let found =
                end.incident().map_or_else(|| if window::is_circuit_open(end) { last() } else { None }, of);
            if let Some(open) = found {
                touch(sql, open.seq, outcome, line.n);
            }
        }
        let Some((end, class)) = line.what.attempt().and_then(|end| Some((end, end.incident()?))) else {
            continue;
        };
        if let Some(open) = of(class) {
            goes_on = true;
            fail(sql, open.seq, end, line, now, settings.alert.quiet);
        } else if !beginning.contains(&(line.origin, class)) {
            beginning.push((line.origin, class));
        }
    }
    if goes_on {
        name_kinds(sql);
    }
    for (origin, class) in beginning {
        begin(sql, origin, class, now, settings);
    }
}

/// Ends the incidents that have been quiet for long enough.
pub(super) fn end_quiet(sql: &impl Sql, now: Timestamp) {
    const END: &str =
        "UPDATE incidents SET ended_ms = last_ms WHERE ended_ms IS NULL AND over_ms <= ? RETURNING seq";
    for mut row in sql::rows(sql, END, &[number(now.as_millis())]) {
        let seq = number(row.number());
        alert::end(sql, seq, now);
        sql.exec("DELETE FROM ends WHERE incident = ?", &[seq]);
    }
}

/// When the next open incident ends if nothing more fails.
pub(super) fn next_end(sql: &impl Sql) -> Option<Timestamp> {
    const NEXT: &str = "SELECT min(over_ms) FROM incidents WHERE ended_ms IS NULL";
    sql::row(sql, NEXT, &[])?.number_or_none().map(Timestamp::from_millis)
}

fn open(sql: &impl Sql) -> Vec<Open> {
    const OPEN: &str = "SELECT seq, origin, class FROM incidents WHERE ended_ms IS NULL ORDER BY seq";
    let read = |mut row: sql::Row| {
        let (seq, origin) = (row.number(), row.text());
        Some(Open { seq, origin, class: Class::of_word(&row.text())? })
    };
    sql::rows(sql, OPEN, &[]).filter_map(read).collect()
}

fn touch(sql: &impl Sql, seq: u64, outcome: &str, n: u64) {
    const TOUCH: &str = "UPDATE incidents SET touched = touched + ?, stale = stale + ? WHERE seq = ?";
    let stale = if window::is_stale(outcome) { n } else { 0 };
    sql.exec(TOUCH, &[number(n), number(stale), number(seq)]);
}

fn fail(sql: &impl Sql, seq: u64, end: AttemptKind, line: &CountLine<'_>, now: Timestamp, quiet: Duration) {
    const FAIL: &str = "UPDATE incidents SET attempts = attempts + ?, last_ms = max(last_ms, ?), \
         over_ms = max(over_ms, ?) WHERE seq = ?";
    let at = line.at(now);
    let over = number(at.plus(quiet).as_millis());
    sql.exec(FAIL, &[number(line.n), number(at.as_millis()), over, number(seq)]);
    count_end(sql, seq, end.word(), line.n);
}

fn count_end(sql: &impl Sql, seq: u64, word: &str, n: u64) {
    const COUNT: &str = "INSERT INTO ends (incident, word, n) VALUES (?, ?, ?) \
         ON CONFLICT (incident, word) DO UPDATE SET n = n + excluded.n";
    sql.exec(COUNT, &[number(seq), Param::Text(word), number(n)]);
}

/// Names the kind of each open incident: how most of its attempts ended.
fn name_kinds(sql: &impl Sql) {
    const NAME: &str = "UPDATE incidents SET kind = coalesce((SELECT word FROM ends WHERE incident = seq \
         ORDER BY n DESC, word LIMIT 1), kind) WHERE ended_ms IS NULL";
    sql.exec(NAME, &[]);
}

/// Begins an incident if enough has failed.
fn begin(sql: &impl Sql, origin: &str, class: Class, now: Timestamp, settings: Settings<'_>) {
    const BEGIN: &str = "INSERT OR IGNORE INTO incidents \
         (seq, id, origin, class, kind, began_ms, last_ms, over_ms, attempts, touched, stale) \
         VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?) RETURNING seq";
    const NEXT: &str = "SELECT coalesce(max(seq), 0) + 1 FROM incidents";
    const FORGET: &str = "DELETE FROM incidents WHERE seq <= ? AND ended_ms IS NOT NULL";
    let window = Window::load(sql, origin, class, now);
    let Some((first, last)) = window.minutes else { return };
    let is_enough = window.is_incident(settings.incident);
    let Some(seq) = sql::row(sql, NEXT, &[]).map(|mut row| row.number()).filter(|_| is_enough) else {
        return;
    };
    let began = Timestamp::from_millis(first * 60_000);
    let last = now.min(Timestamp::from_millis(last * 60_000 + 59_999));
    let [began_ms, last_ms, over_ms] =
        [began, last, last.plus(settings.alert.quiet)].map(|at| number(at.as_millis()));
    let id = id(began, seq);
    let [id, origin, class] = [&*id, origin, class.word()].map(Param::Text);
    let [attempts, touched, stale] = [window.failed, window.touched, window.stale].map(number);
    let values = [number(seq), id, origin, class, began_ms, last_ms, over_ms, attempts, touched, stale];
    if sql::row(sql, BEGIN, &values).is_none() {
        return;
    }
    for (word, n) in window.ends {
        count_end(sql, seq, word, n);
    }
    name_kinds(sql);
    if alert::target(settings.alert).is_some() {
        alert::begin(sql, number(seq), now);
    }
    sql.exec(FORGET, &[number(seq.saturating_sub(MOST))]);
}

/// A name that is never used again, such as `20261121T0628-17`: the minute in which the incident began (UTC), and its number.
fn id(began: Timestamp, seq: u64) -> String {
    let minute: String = began.to_rfc3339().chars().filter(|c| !matches!(c, '-' | ':')).take(13).collect();
    format!("{minute}-{seq}")
}
