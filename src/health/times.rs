//! How long answers took, as the object keeps it: by the minute, then by the quarter of an hour, then in totals.
//!
//! A row has all buckets of an origin and a minute, as one text: one row is written for it, however the times are spread.

use std::collections::BTreeMap;

use super::latency::{Latency, Took};
use super::sql::{self, Param, Sql, number};

/// The beginning of the names of what is in totals: `took <bucket>`, and `took_ms` for the sum.
const TOTAL: &str = "took";

/// One row.
pub(super) struct Row {
    pub minute: u64,
    /// Empty for what visitors waited for.
    pub origin: String,
    pub latency: Latency,
}

/// Adds what an isolate counted.
pub(super) fn add(sql: &impl Sql, took: &Took<'_>) {
    const KNOWN: &str = "SELECT buckets FROM latency WHERE minute = ? AND origin = ?";
    let (minute, origin) = (number(took.minute), Param::Text(took.origin));
    let known = sql::row(sql, KNOWN, &[minute, origin]).and_then(|mut row| Latency::read(&row.text()));
    let mut latency = known.unwrap_or_default();
    latency.merge(&took.latency);
    save(sql, took.minute, took.origin, &latency);
}

fn save(sql: &impl Sql, minute: u64, origin: &str, latency: &Latency) {
    const SAVE: &str = "INSERT OR REPLACE INTO latency (minute, origin, buckets) VALUES (?, ?, ?)";
    sql.exec(SAVE, &[number(minute), Param::Text(origin), Param::Text(&latency.written())]);
}

/// The rows of the minutes `from..=to`.
pub(super) fn load(sql: &impl Sql, from: u64, to: u64) -> Vec<Row> {
    const ROWS: &str = "SELECT minute, origin, buckets FROM latency WHERE minute >= ? AND minute <= ? \
         ORDER BY origin, minute";
    let read = |mut row: sql::Row| {
        let (minute, origin) = (row.number(), row.text());
        Some(Row { minute, origin, latency: Latency::read(&row.text())? })
    };
    sql::rows(sql, ROWS, &[number(from), number(to)]).filter_map(read).collect()
}

/// Adds the minutes `from..to` to the totals, and merges them into rows of `coarse` minutes.
pub(super) fn fold(sql: &impl Sql, from: u64, to: u64, coarse: u64) {
    const ADD: &str = "INSERT INTO totals (origin, what, n) VALUES (?, ?, ?) \
         ON CONFLICT (origin, what) DO UPDATE SET n = n + excluded.n";
    let mut merged: BTreeMap<(String, u64), Latency> = BTreeMap::new();
    for Row { minute, origin, latency } in load(sql, from, to.saturating_sub(1)) {
        merged.entry((origin, minute - minute % coarse)).or_default().merge(&latency);
    }
    sql.exec("DELETE FROM latency WHERE minute >= ? AND minute < ?", &[number(from), number(to)]);
    for ((origin, minute), latency) in &merged {
        save(sql, *minute, origin, latency);
        for (what, n) in in_totals(latency) {
            sql.exec(ADD, &[Param::Text(origin), Param::Text(&what), number(n)]);
        }
    }
}

/// What `latency` is in totals, without what is none.
pub(super) fn in_totals(latency: &Latency) -> impl Iterator<Item = (String, u64)> {
    let buckets = latency.buckets.iter().enumerate().map(|(bucket, n)| (format!("{TOTAL} {bucket}"), *n));
    let sum = (format!("{TOTAL}_ms"), latency.sum_ms);
    buckets.chain([sum]).filter(|(_, n)| *n > 0)
}

/// Adds a total to `latency` if it is one of latency. Returns whether it is.
pub(super) fn add_total(latency: &mut Latency, what: &str, n: u64) -> bool {
    let Some(rest) = what.strip_prefix(TOTAL) else { return false };
    if rest == "_ms" {
        latency.sum_ms = latency.sum_ms.saturating_add(n);
        return true;
    }
    let bucket = rest.strip_prefix(' ').and_then(|bucket| bucket.parse().ok());
    if let Some(bucket) = bucket {
        latency.add(bucket, n);
    }
    bucket.is_some()
}
