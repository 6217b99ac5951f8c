//! Pages and sections with an incident of their own. When does an open circuit mean one?
//!
//! An isolate tells of each circuit that it has opened for a page or a section, and again when the circuit refuses requests.
//!
//! | at the whole origin | then |
//! | --- | --- |
//! | an incident, and nothing answered since it began | it is part of that |
//! | an incident in which some requests were answered | that incident is the place's, if most of what failed lately is there; else it is part of that |
//! | an incident, and all of it was down and has just recovered | the circuit may still be open from before |
//! | none | an incident of the place begins |
//!
//! Pages of a section that has an incident are part of that. If a section gets one, that of its first page becomes it, and those of
//! its other pages end. If nothing at all is answered while a place fails, its incident is the whole origin's.

use http::Method;

use super::class::Fault;
use super::evidence::Evidence;
use super::incident::{self, Open};
use super::observation::{Observation, Seen};
use super::parts::{Key, Parts};
use super::recent;
use super::settings::Settings;
use super::sql::{Param, Sql, number};
use super::summary::Touched;
use crate::time::Timestamp;

/// How many places have incidents at a time. Isolates watch each of them.
const MOST: usize = 16;

/// How long after the origin has recovered a circuit may still be open from before, in milliseconds.
const LEFT_OVER: u64 = 60_000;

/// Which share of what failed lately makes an incident a place's, in per cent; and how long ago that is, in milliseconds.
const MOSTLY: u64 = 80;
const LATELY: u64 = 60_000;

/// How long nothing else is answered until the incident of a place is the whole origin's, in milliseconds: longer than an
/// isolate that sees no failure may take to tell of good answers.
const NOTHING_ELSE: u64 = 30_000;

/// Begins the incidents that `observations` of open circuits mean.
pub(super) fn judge(
    sql: &impl Sql,
    parts: &mut Parts,
    observations: &[Observation<'_>],
    now: Timestamp,
    settings: Settings<'_>,
) {
    for Observation { origin, place, what } in observations {
        let Seen::Open { kind, n, since, at } = *what else { continue };
        let (key, open) = (Key::of(origin, Fault::Down, place), incident::open(sql));
        let is_full = open.iter().filter(|open| !open.key.place.is_empty()).count() >= MOST;
        if place.is_empty() || kind.fault() != Some(Fault::Down) || open.iter().any(|open| open.key == key) {
            continue;
        }
        if open.iter().any(|open| open.key.is_like(&key) && covers(&open.key.place, place)) {
            continue;
        }
        let pages = || open.iter().filter(|open| open.key.is_like(&key) && covers(place, &open.key.place));
        if let Some(first) = pages().next() {
            evidence_of(parts, &key, kind.word(), n, (since, at));
            incident::end_parts(sql, pages().skip(1), now);
            Parts::close(sql, &first.key);
            narrow(sql, first, place);
            continue;
        }
        let whole = parts.get(&key.whole()).cloned().unwrap_or_default();
        let of_whole = open.iter().find(|open| open.key == key.whole());
        let narrowed = match of_whole {
            Some(one) if whole.ok_ms <= one.began_ms => continue,
            Some(one) if one.is_whole && at.as_millis() < whole.up_ms + LEFT_OVER => {
                continue;
            }
            Some(one) if !is_mostly_at(sql, &key, one, now) => continue,
            Some(one) if !one.is_whole => Some(one),
            Some(_) | None if is_full => continue,
            Some(_) | None => None,
        };
        let evidence = evidence_of(parts, &key, kind.word(), n, (since, at));
        if whole.ok_ms >= since.as_millis() {
            // What was answered elsewhere shows that these failures are the place's.
            parts.change(&key.whole(), |evidence| evidence.window.forgive());
        }
        match narrowed {
            Some(one) => narrow(sql, one, place),
            None => incident::begin(sql, &key, &evidence, now, settings),
        }
    }
}

/// Makes incidents of places the whole origin's, if nothing at all was answered for a while since they began.
pub(super) fn widen(sql: &impl Sql, parts: &mut Parts, now: Timestamp, settings: Settings<'_>) {
    let open = incident::open(sql);
    let mut known: Vec<Key> = open.iter().map(|open| open.key.clone()).collect();
    for one in open.iter().filter(|open| !open.key.place.is_empty()) {
        let whole = one.key.whole();
        let ok_ms = parts.get(&whole).map_or(0, |evidence| evidence.ok_ms);
        let is_all = |place: &&Evidence| {
            let is_lasting = place.failed_ms >= one.began_ms + NOTHING_ELSE;
            ok_ms > 0 && ok_ms <= one.began_ms && is_lasting && place.is_failing()
        };
        let place = parts.get(&one.key).filter(is_all);
        let Some(place) = place.filter(|_| !known.contains(&whole)) else { continue };
        let [first, last] = [place.since_ms, place.failed_ms].map(Timestamp::from_millis);
        let kind = place.kind.clone();
        parts.change(&whole, |evidence| evidence.failed(&kind, false, 0, 0, first, last));
        let evidence = parts.get(&whole).cloned().unwrap_or_default();
        incident::begin(sql, &whole, &evidence, now, settings);
        known.push(whole);
    }
}

/// Whether `place` is a section that has `page` in it: `host/section/*`, or `host/` for pages that are in none.
fn covers(place: &str, page: &str) -> bool {
    let page = page.split_once(' ').map_or(page, |(_, page)| page);
    let below = |section: &str| page.strip_prefix(section).filter(|rest| !rest.is_empty());
    match place.strip_suffix('*') {
        Some(section) => page != place && below(section).is_some(),
        None => place.ends_with('/') && below(place).is_some_and(|rest| !rest.contains('/')),
    }
}

/// Whether most of what failed lately at this origin since `one` began is at the place, as far as the sample tells.
fn is_mostly_at(sql: &impl Sql, key: &Key, one: &Open, now: Timestamp) -> bool {
    let from = one.began_ms.max(now.as_millis().saturating_sub(LATELY));
    let touched = recent::touched(sql, now);
    let of_origin =
        touched.iter().filter(|touched| touched.origin == key.origin && touched.at.as_millis() >= from);
    let (mut there, mut all) = (0, 0);
    for touched in of_origin {
        let is_there = is_at(touched, &key.place);
        there += if is_there { touched.weight } else { 0 };
        all += touched.weight;
    }
    all > 0 && there * 100 >= all * MOSTLY
}

/// Whether the request was for this place.
fn is_at(touched: &Touched, place: &str) -> bool {
    let Touched { method, host, path, .. } = touched;
    let is_safe = method.parse::<Method>().is_ok_and(|method| method.is_safe());
    let page = if is_safe { format!("{host}{path}") } else { format!("{method} {host}{path}") };
    let page_of_place = place.strip_suffix("?*").unwrap_or(place);
    page == page_of_place || covers(place, &page)
}

/// The evidence about a place whose circuit is open.
fn evidence_of(
    parts: &mut Parts,
    key: &Key,
    kind: &str,
    n: u64,
    (since, at): (Timestamp, Timestamp),
) -> Evidence {
    parts.change(key, |evidence| evidence.failed(kind, false, n, 0, since, at));
    parts.get(key).cloned().unwrap_or_default()
}

fn narrow(sql: &impl Sql, one: &Open, place: &str) {
    const NARROW: &str = "UPDATE incidents SET place = ?, ok_ms = NULL, whole = 1 WHERE seq = ?";
    sql.exec(NARROW, &[Param::Text(place), number(one.seq)]);
}
