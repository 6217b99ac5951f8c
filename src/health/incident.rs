//! Incidents. When does one begin, what is it called, and when is it over?
//!
//! There is at most one open incident for each part of the site and [`Fault`]. So an origin that flaps has one, and so has
//! an outage that turns from refused connections into timeouts: its kind changes, and `ends` has the history.
//!
//! - **It begins** as `Evidence::is_incident` says; at a page or a section if an isolate has opened a circuit for just
//!   that.
//! - **Its kind** is that of the latest failure. If a probe failed in the same class since the last good answer, it is the
//!   probe's kind: a probe waits longer and is more precise.
//! - **Its place** may become known: failures of some requests turn out to be those of a page, or those of a page turn out
//!   to be those of the whole origin (`place`).
//! - **It is over** when there was a good answer after the last failure, and then nothing failed for `alert.quiet`. It ended
//!   with that answer, or with the last visitor whom an open circuit refused.

use super::alert;
use super::attempt_result::AttemptKind;
use super::class::{Class, Fault};
use super::count_lines::{self, What, minute_of};
use super::evidence::Evidence;
use super::observation::{Observation, Seen};
use super::parts::{Key, Part, Parts};
use super::settings::Settings;
use super::sql::{self, Param, Sql, number};
use super::state;
use crate::time::Timestamp;

/// How many incidents are kept.
pub const MOST: u64 = 1000;

/// How long an incident is so new that an earlier failure may still become its beginning, in milliseconds.
const NEW: u64 = 60_000;

/// How far back evidence reaches by the second, in milliseconds.
const WINDOW: u64 = 60_000;

/// How long after the last sign of it an incident is given up, in milliseconds: as long as an origin is remembered.
const GIVEN_UP: u64 = 7 * 24 * 60 * 60 * 1000;

/// An incident that is not over.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub seq: u64,
    pub key: Key,
    pub began_ms: u64,
    /// Whether nothing of the part was answered for a while.
    pub is_whole: bool,
    told: Shown,
}

/// What the row of an incident says, that changes with the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    class: Class,
    kind: String,
    began_ms: u64,
    last_ms: u64,
    ok_ms: Option<u64>,
    is_whole: bool,
}

/// What an incident came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sums {
    attempts: u64,
    touched: u64,
    stale: u64,
    errors: u64,
}

/// The incidents that are open, the oldest first.
pub(super) fn open(sql: &impl Sql) -> Vec<Open> {
    const OPEN: &str = "SELECT seq, origin, fault, place, class, kind, began_ms, last_ms, ok_ms, whole FROM incidents \
         WHERE ended_ms IS NULL ORDER BY seq";
    let read = |mut row: sql::Row| {
        let (seq, origin, fault) = (row.number(), row.text(), Fault::of_word(&row.text())?);
        let key = Key { origin, fault, place: row.text() };
        let told = Shown {
            class: Class::of_word(&row.text())?,
            kind: row.text(),
            began_ms: row.number(),
            last_ms: row.number(),
            ok_ms: row.number_or_none(),
            is_whole: row.number() > 0,
        };
        Some(Open { seq, key, began_ms: told.began_ms, is_whole: told.is_whole, told })
    };
    sql::rows(sql, OPEN, &[]).filter_map(read).collect()
}

/// Adds what was seen to the open incidents, and begins new ones. `parts` has it already, and so have the buckets.
pub(super) fn update(
    sql: &impl Sql,
    parts: &Parts,
    observations: &[Observation<'_>],
    now: Timestamp,
    settings: Settings<'_>,
) {
    let open = open(sql);
    let is_new = |part: &&Part| {
        let (key, all) = (&part.key, parts.requests(&part.key.origin, now));
        let is_of_interest =
            part.is_changed && key.place.is_empty() && open.iter().all(|open| open.key != *key);
        is_of_interest && part.evidence.is_incident(all, settings.incident, now)
    };
    let new: Vec<_> = parts.0.iter().filter(is_new).collect();
    for one in &open {
        let of_this = observations.iter().filter(|observation| {
            let place = if is_open(&open, observation.place, one) { observation.place } else { "" };
            (observation.origin, place) == (&*one.key.origin, &*one.key.place)
        });
        let whole = one.key.whole();
        let begins =
            |part: &&Part| part.key == whole && widened(&open, &whole, &part.evidence).next().is_none();
        let has_whole = is_open(&open, "", one) || new.iter().any(begins);
        let sums = add(sql, one, of_this, has_whole);
        if let Some(evidence) = parts.get(&one.key) {
            show(sql, one, evidence, &sums, now, settings);
        }
    }
    for Part { key, evidence, .. } in new {
        begin(sql, key, evidence, now, settings);
    }
}

/// Whether there is an incident like `one` at this place.
fn is_open(open: &[Open], place: &str, one: &Open) -> bool {
    open.iter().any(|open| open.key.is_like(&one.key) && open.key.place == place)
}

/// Adds up what was seen of the failures of this incident, and adds the kinds to its history. What is told of a place and
/// of the whole origin counts for the whole origin, if that `has_whole` an incident.
fn add<'a>(
    sql: &impl Sql,
    one: &Open,
    seen: impl Iterator<Item = &'a Observation<'a>>,
    has_whole: bool,
) -> Sums {
    let mut sums = Sums::default();
    for Observation { place, what, .. } in seen {
        match *what {
            Seen::Failed { kind, n, shared, first, last, .. } if kind.fault() == Some(one.key.fault) => {
                let told_twice = if has_whole && !place.is_empty() { shared } else { 0 };
                let n = n.saturating_sub(told_twice);
                sums.attempts += n;
                add_kind(sql, one.seq, kind, n, (first, last));
            }
            Seen::Visitors { kind, touched, stale, errors, .. } if kind.fault() == Some(one.key.fault) => {
                sums.touched += touched;
                sums.stale += stale;
                sums.errors += errors;
            }
            Seen::Failed { .. }
            | Seen::Visitors { .. }
            | Seen::Answered { .. }
            | Seen::Open { .. }
            | Seen::Served { .. } => {}
        }
    }
    sums
}

fn add_kind(sql: &impl Sql, seq: u64, kind: AttemptKind, n: u64, (first, last): (Timestamp, Timestamp)) {
    const ADD: &str = "INSERT INTO ends (incident, word, n, first_ms, last_ms) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (incident, word) DO UPDATE SET n = n + excluded.n, first_ms = min(first_ms, excluded.first_ms), \
         last_ms = max(last_ms, excluded.last_ms)";
    let (first, last) = (number(first.as_millis()), number(last.as_millis()));
    sql.exec(ADD, &[number(seq), Param::Text(kind.word()), number(n), first, last]);
}

/// The kind by which an incident is called.
pub(super) fn called(evidence: &Evidence) -> Option<AttemptKind> {
    let of_word = |word: &str| AttemptKind::of_word(word).filter(|kind| kind.class().is_some());
    let latest = of_word(&evidence.kind)?;
    let precise = of_word(&evidence.probe_kind).filter(|probe| probe.class() == latest.class());
    Some(precise.unwrap_or(latest))
}

/// Brings the row of an open incident up to date.
fn show(
    sql: &impl Sql,
    one: &Open,
    evidence: &Evidence,
    sums: &Sums,
    now: Timestamp,
    settings: Settings<'_>,
) {
    const SHOW: &str = "UPDATE incidents SET class = ?, kind = ?, began_ms = ?, last_ms = ?, ok_ms = ?, over_ms = ?, \
         whole = ?, attempts = attempts + ?, touched = touched + ?, stale = stale + ?, errors = errors + ? WHERE seq = ?";
    let told = &one.told;
    let kind = called(evidence);
    let shown = Shown {
        class: kind.and_then(AttemptKind::class).unwrap_or(told.class),
        kind: kind.map_or_else(|| told.kind.clone(), |kind| kind.word().to_owned()),
        began_ms: began(one, evidence, now),
        last_ms: told.last_ms.max(evidence.failed_ms).max(evidence.refused_ms),
        ok_ms: Some(evidence.up_ms).filter(|ms| *ms > 0 && !evidence.is_failing()),
        is_whole: told.is_whole || evidence.is_whole(),
    };
    if shown == *told && *sums == Sums::default() {
        return;
    }
    let quiet_from = Timestamp::from_millis(shown.last_ms.max(shown.ok_ms.unwrap_or(0)));
    let over = number(quiet_from.plus(settings.alert.quiet).as_millis());
    let ok = shown.ok_ms.map_or(Param::Null, number);
    let (class, kind) = (Param::Text(shown.class.word()), Param::Text(&shown.kind));
    let [began, last, whole] = [shown.began_ms, shown.last_ms, u64::from(shown.is_whole)].map(number);
    let Sums { attempts, touched, stale, errors } = *sums;
    let [attempts, touched, stale, errors] = [attempts, touched, stale, errors].map(number);
    sql.exec(
        SHOW,
        &[class, kind, began, last, ok, over, whole, attempts, touched, stale, errors, number(one.seq)],
    );
}

/// When the incident began. An alert may have told of it, so it only becomes earlier: another isolate may tell late of a
/// failure.
fn began(one: &Open, evidence: &Evidence, now: Timestamp) -> u64 {
    let (known, since) = (one.told.began_ms, evidence.since_ms);
    let is_new = known + NEW > now.as_millis();
    if since > 0 && is_new { since.min(known) } else { known }
}

/// Begins an incident. One of a page or section that is part of it becomes this one.
pub(super) fn begin(sql: &impl Sql, key: &Key, evidence: &Evidence, now: Timestamp, settings: Settings<'_>) {
    if key.fault == Fault::Down && key.place.is_empty() && widen(sql, key, evidence, now, settings) {
        return;
    }
    const BEGIN: &str = "INSERT OR IGNORE INTO incidents \
         (seq, id, origin, fault, place, class, kind, began_ms, last_ms, over_ms, attempts, touched, stale, errors, whole) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?) RETURNING seq";
    const NEXT: &str = "SELECT coalesce(max(seq), 0) + 1 FROM incidents";
    const FORGET: &str = "DELETE FROM incidents WHERE seq <= ? AND ended_ms IS NOT NULL";
    let Some(kind) = called(evidence) else { return };
    let Some(class) = kind.class() else { return };
    let Some(seq) = sql::row(sql, NEXT, &[]).map(|mut row| row.number()) else { return };
    let since = if evidence.is_failing() { evidence.since_ms } else { evidence.window.first_failure_from(1) };
    let began = Timestamp::from_millis(if since > 0 { since } else { now.as_millis() });
    let last = Timestamp::from_millis(evidence.failed_ms.max(evidence.refused_ms).max(began.as_millis()));
    let [began_ms, last_ms, over_ms] =
        [began, last, last.plus(settings.alert.quiet)].map(|at| number(at.as_millis()));
    let id = id(began, seq);
    let [id, origin, fault, place, class, word] =
        [&*id, &*key.origin, key.fault.word(), &*key.place, class.word(), kind.word()].map(Param::Text);
    let whole = number(u64::from(evidence.is_whole()));
    let values = [number(seq), id, origin, fault, place, class, word, began_ms, last_ms, over_ms, whole];
    if sql::row(sql, BEGIN, &values).is_none() {
        return;
    }
    if let Some(one) = open(sql).into_iter().find(|open| open.seq == seq) {
        let sums = so_far(sql, &one, evidence, kind, (began, last), now);
        show(sql, &one, evidence, &sums, now, settings);
    }
    let what = format!("incident {}", kind.class().map_or("", Class::word));
    state::count(sql, minute_of(now), &key.origin, &what, 1);
    if alert::target(settings.alert).is_some() {
        alert::begin(sql, number(seq), now);
    }
    const ENDS: &str = "DELETE FROM ends WHERE incident NOT IN (SELECT seq FROM incidents)";
    if sql::row(sql, "SELECT 1 FROM incidents WHERE seq = ?", &[number(seq.saturating_sub(MOST))]).is_some() {
        sql.exec(FORGET, &[number(seq.saturating_sub(MOST))]);
        sql.exec(ENDS, &[]);
    }
}

/// What failed since this incident began, as the evidence has it, or the buckets if it began too long ago for that. The
/// buckets also say which kinds there were.
fn so_far(
    sql: &impl Sql,
    one: &Open,
    evidence: &Evidence,
    kind: AttemptKind,
    (began, last): (Timestamp, Timestamp),
    now: Timestamp,
) -> Sums {
    let from = began.as_millis();
    let touched = evidence.window.touched_since(from);
    let mut sums = Sums {
        attempts: evidence.window.failed_since(from),
        touched: touched.all,
        stale: touched.stale,
        errors: touched.errors,
    };
    let is_whole = one.key.place.is_empty();
    let (counted, kinds) = if is_whole { in_buckets(sql, one, began) } else { Default::default() };
    if is_whole && from + WINDOW <= now.as_millis() {
        sums = counted;
    }
    let mut left = sums.attempts;
    for (other, n) in kinds.into_iter().filter(|(other, _)| *other != kind) {
        let n = n.min(left);
        left -= n;
        add_kind(sql, one.seq, other, n, (began, last));
    }
    add_kind(sql, one.seq, kind, left, (began, last));
    sums
}

/// What the buckets have since the minute in which this incident began, and the attempts by kind.
fn in_buckets(sql: &impl Sql, one: &Open, began: Timestamp) -> (Sums, Vec<(AttemptKind, u64)>) {
    const COUNTS: &str = "SELECT what, sum(n) FROM counts WHERE minute >= ? AND origin = ? GROUP BY what";
    let (mut sums, mut kinds) = (Sums::default(), Vec::new());
    let from = number(minute_of(began));
    for mut row in sql::rows(sql, COUNTS, &[from, Param::Text(&one.key.origin)]) {
        let (what, n) = (row.text(), row.number());
        let Some(what) = What::read(&what) else { continue };
        let is_this = |kind: AttemptKind| kind.fault() == Some(one.key.fault);
        match what {
            What::Try(kind) | What::Probe(kind) if is_this(kind) => {
                sums.attempts += n;
                kinds.push((kind, n));
            }
            What::Touched(kind, outcome) if is_this(kind) => {
                sums.touched += n;
                sums.stale += if count_lines::is_stale(outcome) { n } else { 0 };
                sums.errors += if matches!(outcome, "error_page" | "origin") { n } else { 0 };
            }
            What::Try(_) | What::Probe(_) | What::Touched(..) | What::Answer(..) | What::Opened(_) => {}
        }
    }
    (sums, kinds)
}

/// The incidents of pages and sections that turn out to be part of one of the whole origin: nothing was answered since.
fn widened<'a>(open: &'a [Open], key: &Key, evidence: &Evidence) -> impl Iterator<Item = &'a Open> {
    let is_part = |open: &&Open| open.key.whole() == *key && open.began_ms >= evidence.ok_ms;
    open.iter().filter(is_part)
}

/// Makes the oldest incident of a page or section of this origin, that began after the last good answer, the whole
/// origin's. The others end with that. Returns whether there was one.
fn widen(sql: &impl Sql, key: &Key, evidence: &Evidence, now: Timestamp, settings: Settings<'_>) -> bool {
    const WIDEN: &str = "UPDATE incidents SET place = '', whole = 1 WHERE seq = ?";
    let open = open(sql);
    let mut of_this = widened(&open, key, evidence);
    let Some(first) = of_this.next().cloned() else { return false };
    end_parts(sql, of_this, now);
    sql.exec(WIDEN, &[number(first.seq)]);
    Parts::close(sql, &first.key);
    alert::wider(sql, number(first.seq), now);
    show(sql, &Open { key: key.clone(), ..first }, evidence, &Sums::default(), now, settings);
    true
}

/// Ends incidents that are part of another one.
pub(super) fn end_parts<'a>(sql: &impl Sql, parts: impl Iterator<Item = &'a Open>, now: Timestamp) {
    const END: &str = "UPDATE incidents SET ended_ms = ? WHERE seq = ?";
    for part in parts {
        sql.exec(END, &[number(now.as_millis()), number(part.seq)]);
        alert::end(sql, number(part.seq), now);
        Parts::close(sql, &part.key);
    }
}

/// Ends the incidents after which there was a good answer and then quiet for long enough. What nothing was heard of for a
/// week is given up.
pub(super) fn end_quiet(sql: &impl Sql, now: Timestamp) {
    const END: &str = "UPDATE incidents SET ended_ms = max(last_ms, coalesce(ok_ms, 0)) WHERE ended_ms IS NULL \
         AND (ok_ms IS NOT NULL AND over_ms <= ? OR max(last_ms, coalesce(ok_ms, 0)) < ?) \
         RETURNING seq, origin, fault, place";
    let given_up = now.as_millis().saturating_sub(GIVEN_UP);
    for mut row in sql::rows(sql, END, &[number(now.as_millis()), number(given_up)]) {
        let seq = number(row.number());
        alert::end(sql, seq, now);
        let (origin, fault, place) = (row.text(), row.text(), row.text());
        if let Some(fault) = Fault::of_word(&fault) {
            Parts::close(sql, &Key { origin, fault, place });
        }
    }
}

/// When the next open incident ends if nothing more fails.
pub(super) fn next_end(sql: &impl Sql) -> Option<Timestamp> {
    const NEXT: &str = "SELECT min(over_ms) FROM incidents WHERE ended_ms IS NULL AND ok_ms IS NOT NULL";
    sql::row(sql, NEXT, &[])?.number_or_none().map(Timestamp::from_millis)
}

/// A name that is never used again, such as `20261121T0628-17`: the minute in which the incident began (UTC), and its number.
fn id(began: Timestamp, seq: u64) -> String {
    let minute: String = began.to_rfc3339().chars().filter(|c| !matches!(c, '-' | ':')).take(13).collect();
    format!("{minute}-{seq}")
}
