//! The parts of the site of which the object has evidence: whole origins, and places with an incident of their own.

use super::class::Fault;
use super::evidence::Evidence;
use super::observation::{Observation, Seen};
use super::sql::{self, Param, Sql, number};
use super::window::{Touched, Window};
use crate::time::Timestamp;

/// A part of the site, and what is at fault there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub origin: String,
    pub fault: Fault,
    /// Empty for the whole origin.
    pub place: String,
}

/// A part with its evidence.
#[derive(Debug)]
pub(super) struct Part {
    pub key: Key,
    pub evidence: Evidence,
    /// Whether the evidence has changed since it was loaded.
    pub is_changed: bool,
}

/// All of them.
pub(super) struct Parts(pub Vec<Part>);

impl Key {
    pub fn of(origin: &str, fault: Fault, place: &str) -> Self {
        Self { origin: origin.to_owned(), fault, place: place.to_owned() }
    }

    /// The whole site: what visitors get, whichever origins there are.
    pub fn site() -> Self {
        Self::of("", Fault::Down, "")
    }

    /// Whether both are about the same fault of the same origin.
    pub fn is_like(&self, other: &Self) -> bool {
        self.origin == other.origin && self.fault == other.fault
    }

    /// The same fault at the whole origin.
    pub fn whole(&self) -> Self {
        Self { place: String::new(), ..self.clone() }
    }
}

impl Parts {
    pub fn load(sql: &impl Sql) -> Self {
        const ALL: &str = "SELECT origin, fault, place, ok_ms, up_ms, since_ms, failed_ms, refused_ms, opened_ms, \
             kind, probe_kind, lost, seconds FROM evidence ORDER BY origin, fault, place";
        let part = |mut row: sql::Row| {
            let (origin, fault, place) = (row.text(), Fault::of_word(&row.text())?, row.text());
            let evidence = Evidence {
                ok_ms: row.number(),
                up_ms: row.number(),
                since_ms: row.number(),
                failed_ms: row.number(),
                refused_ms: row.number(),
                opened_ms: row.number(),
                kind: row.text(),
                probe_kind: row.text(),
                lost: row.number(),
                window: Window::read(&row.text()),
            };
            Some(Part { key: Key { origin, fault, place }, evidence, is_changed: false })
        };
        Self(sql::rows(sql, ALL, &[]).filter_map(part).collect())
    }

    /// The evidence about a part, if there is any.
    pub fn get(&self, key: &Key) -> Option<&Evidence> {
        self.0.iter().find(|part| part.key == *key).map(|part| &part.evidence)
    }

    /// The last good answer of a part, in milliseconds; 0 for never. An error of the application is none.
    pub fn last_ok(&self, origin: &str, place: &str) -> u64 {
        let of = |fault| self.get(&Key::of(origin, fault, place)).map(|evidence| evidence.ok_ms);
        of(Fault::Error).or_else(|| of(Fault::Down)).unwrap_or(0)
    }

    /// Changes the evidence about a part. Makes it if there is none.
    pub fn change(&mut self, key: &Key, act: impl FnOnce(&mut Evidence)) {
        let known = self.0.iter_mut().find(|part| part.key == *key);
        if let Some(part) = known {
            part.is_changed = true;
            return act(&mut part.evidence);
        }
        let mut evidence = Evidence::default();
        act(&mut evidence);
        self.0.push(Part { key: key.clone(), evidence, is_changed: true });
    }

    /// Takes in what an isolate has seen. An open circuit of a place is for `incident` to judge.
    pub fn take(&mut self, observations: &[Observation<'_>]) {
        for Observation { origin, place, what } in observations {
            match *what {
                Seen::Answered { n, first, last } => {
                    self.change(&Key::of(origin, Fault::Down, place), |it| it.answered(n, first, last));
                    for fault in [Fault::Error, Fault::Internal] {
                        let key = Key::of(origin, fault, place);
                        if self.get(&key).is_some() {
                            self.change(&key, |it| it.answered(n, first, last));
                        }
                    }
                }
                Seen::Failed { kind, by_probe, n, lost, first, last, .. } => {
                    let Some(fault) = kind.fault() else { continue };
                    let key = Key::of(origin, fault, place);
                    if fault == Fault::Error {
                        // Its application fails, so the origin is there. That is no good answer.
                        let reached = Key::of(origin, Fault::Down, place);
                        let ok_ms = self.last_ok(origin, place);
                        self.change(&reached, |it| it.answered(n, first, last));
                        self.change(&key, |it| it.ok_ms = it.ok_ms.max(ok_ms));
                    }
                    self.change(&key, |it| it.failed(kind.word(), by_probe, n, lost, first, last));
                }
                Seen::Open { kind, at, .. } if place.is_empty() => {
                    self.change(&Key::of(origin, Fault::Down, ""), |it| it.opened(kind.word(), at));
                }
                Seen::Open { .. } => {}
                Seen::Visitors { kind, touched, refused, stale, errors, at } => {
                    let Some(fault) = kind.fault() else { continue };
                    let touched = Touched { all: touched, stale, errors };
                    self.change(&Key::of(origin, fault, place), |it| it.touched(touched, refused, at));
                }
                Seen::Served { n, stale, errors, first, last } => {
                    let served = Touched { all: n, stale, errors };
                    let (first, last) = (first.as_millis(), last.as_millis());
                    self.change(&Key::site(), |it| it.window.visitors(first, last, served));
                }
            }
        }
    }

    /// How many requests the origin had in the last minute, with those that were refused.
    pub fn requests(&self, origin: &str, now: Timestamp) -> u64 {
        let now = now.as_millis();
        self.get(&Key::of(origin, Fault::Down, ""))
            .map_or(0, |evidence| evidence.window.good(now) + evidence.window.bad(now))
    }

    /// Stores what has changed. A place is stored only while it `has_incident`.
    pub fn save(&self, sql: &impl Sql, has_incident: impl Fn(&Key) -> bool) {
        const SAVE: &str = "INSERT OR REPLACE INTO evidence (origin, fault, place, ok_ms, up_ms, since_ms, failed_ms, \
             refused_ms, opened_ms, kind, probe_kind, lost, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        for Part { key, evidence, .. } in self.0.iter().filter(|part| part.is_changed) {
            if !key.place.is_empty() && !has_incident(key) {
                continue;
            }
            let Evidence { ok_ms, up_ms, since_ms, failed_ms, refused_ms, opened_ms, lost, .. } = evidence;
            let [ok, up, since, failed, refused, opened, lost] =
                [ok_ms, up_ms, since_ms, failed_ms, refused_ms, opened_ms, lost].map(|n| number(*n));
            let seconds = evidence.window.written();
            let [origin, place, kind, probe, seconds] =
                [&key.origin, &key.place, &evidence.kind, &evidence.probe_kind, &seconds]
                    .map(|text| Param::Text(text));
            let fault = Param::Text(key.fault.word());
            let values =
                [origin, fault, place, ok, up, since, failed, refused, opened, kind, probe, lost, seconds];
            sql.exec(SAVE, &values);
        }
    }

    /// Forgets the failures of a part whose incident is over; of a place, everything.
    pub fn close(sql: &impl Sql, key: &Key) {
        if !key.place.is_empty() {
            const DELETE: &str = "DELETE FROM evidence WHERE origin = ? AND fault = ? AND place = ?";
            let [origin, fault, place] = [&*key.origin, key.fault.word(), &*key.place].map(Param::Text);
            sql.exec(DELETE, &[origin, fault, place]);
            return;
        }
        let mut parts = Self::load(sql);
        parts.change(key, |evidence| evidence.window.forgive());
        parts.save(sql, |_| true);
    }
}
