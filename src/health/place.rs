//! Pages and sections with an incident of their own. When does an open circuit mean one?
//!
//! An isolate tells of each circuit that it has opened for a page or a section, and again when the circuit refuses requests.
//!
//! | at the whole origin | then |
//! | --- | --- |
//! | an incident, and nothing answered since it began | it is part of that |
//! | an incident in which some requests were answered | that incident is the place's |
//! | an incident, and all of it was down and has just recovered | the circuit may still be open from before |
//! | none | an incident of the place begins |

use super::class::Fault;
use super::evidence::Evidence;
use super::incident::{self, Open};
use super::observation::{Observation, Seen};
use super::parts::{Key, Parts};
use super::settings::Settings;
use super::sql::{Param, Sql, number};
use crate::time::Timestamp;

/// How many places have incidents at a time. Isolates watch each of them.
const MOST: usize = 16;

/// How long after the origin has recovered a circuit may still be open from before, in milliseconds.
const LEFT_OVER: u64 = 60_000;

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
        let whole = parts.get(&key.whole()).cloned().unwrap_or_default();
        let of_whole = open.iter().find(|open| open.key == key.whole());
        let narrowed = match of_whole {
            Some(one) if whole.ok_ms <= one.began_ms => continue,
            Some(one) if one.is_whole && at.as_millis() < whole.up_ms + LEFT_OVER => {
                continue;
            }
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
