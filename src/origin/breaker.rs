//! The circuit breaker. Which parts of an origin are down?
//!
//! The breaker opens the narrowest part that the evidence allows: a **page**, a **section** (all pages under one
//! first path segment) or the whole **origin**. Each has a [`Circuit`]. A request is refused if any circuit on its
//! way is open.
//!
//! - A page opens after all requests for it failed for a whole window, including enough different clients in a row
//!   ([`Evidence`]).
//! - A section opens if the same holds for the section as a whole, at least `SEVERAL` of its pages are failing, the
//!   failing pages are no fewer than the working ones, and none was answered since the first of them failed. Pages
//!   that worked before are tried at once all the same.
//! - The origin opens in the same way by its sections, or by failures of the origin itself
//!   ([`Reach::Origin`](super::Reach)) with no answer since the first of them.
//!
//! A request counts once: when it has finally failed, or when an attempt took long. One success, by any client,
//! closes all circuits on its way. Failures caused by the client are not reported to the breaker.
//!
//! After the origin recovers, the first good answer takes the rest of the open period and one request. Load then
//! **ramps up**: for a while, requests that a copy can answer are kept from the origin.
//!
//! Memory is bounded: `MOST_TROUBLED` pages and sections, and the recently working pages ([`Known`]). While nothing
//! fails, an answer costs one access to [`Known`].

pub mod circuit;
pub mod evidence;
mod matching;
pub mod place;

use std::time::Duration;

use super::{AttemptResult, HealthSignal, Reach};
use crate::by_number::ByNumber;
use crate::config::Breaker as Settings;
use crate::time::Timestamp;
use circuit::{Asker, Circuit, PageState, Probe};
use evidence::{Evidence, Witness};
use matching::Failing;
use place::{Known, Place};

/// How many parts must fail before the whole counts as down. A site with fewer pages opens page by page.
const SEVERAL: usize = 4;

/// This many failing parts in a row, with no other answer, are enough regardless of how many worked before. If half
/// of them still worked, this would happen once in 65,000 times (2^16).
const PLENTY: usize = 16;

/// How many failing pages and sections are remembered per origin, at most 2 KB each.
const MOST_TROUBLED: usize = 128;

/// The longest time for which a `Retry-After` or a hint keeps a circuit open.
const LONGEST_OPEN: Duration = Duration::from_secs(60);

/// An attempt that fails after this time counts at once: its client has waited long enough. A faster failure counts
/// when its request has finally failed, so a restart that resets a hundred connections opens nothing.
pub const LONG_ATTEMPT: Duration = Duration::from_secs(1);

/// The shortest `Retry-After` of a refusal; the field has whole seconds.
const LEAST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The breaker's state for one origin.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    clock: Steady,
    /// All requests.
    whole: Part,
    /// Failures of the origin itself.
    direct: Evidence,
    known: Known,
    troubled: ByNumber<u64, Troubled>,
}

/// A part of the site: its evidence and its circuit.
#[derive(Clone, Debug, Default)]
struct Part {
    evidence: Evidence,
    circuit: Circuit,
}

/// A page or section that failed recently.
#[derive(Clone, Debug)]
struct Troubled {
    part: Part,
    /// The page's section; `None` for a section.
    section: Option<u64>,
    /// The last `Retry-After` of a 503 for the page, and the client that received it.
    asked: Option<(Witness, Duration)>,
}

/// The part that is down; the widest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One page.
    Page,
    /// All pages under one first path segment.
    Section,
    /// All of the origin.
    Origin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Page, Self::Section, Self::Origin];

    fn asker(self, client: Witness, place: Place) -> Asker {
        Asker { client, page: (self != Self::Page).then_some(place.page) }
    }
}

/// Permission for one attempt, to be returned with its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    sent_at: Duration,
    /// The probes that this attempt is, in the order of [`Scope::ALL`].
    probes: [Option<Probe>; 3],
}

impl Permit {
    /// Whether the attempt probes an open circuit.
    pub fn is_probe(&self) -> bool {
        self.probes.iter().any(Option::is_some)
    }
}

/// The decision about an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Make it, and [record](Breaker::record) its result, even if it is abandoned.
    Admit(Permit),
    /// Load is ramping up. Answer from a copy if possible, else make the attempt.
    RampUp(Permit),
    /// Do not make it.
    Refuse(OpenCircuit),
}

impl Decision {
    /// The permit; `None` if the attempt is refused.
    pub fn permit(self) -> Option<Permit> {
        match self {
            Self::Admit(permit) | Self::RampUp(permit) => Some(permit),
            Self::Refuse(_) => None,
        }
    }
}

/// An open circuit that refuses an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCircuit {
    /// The failure that opened the circuit or keeps it open; of several circuits, the narrowest one's.
    pub because: AttemptResult,
    /// The expected time until the next probe; 1 s or more.
    pub retry_after: Duration,
    /// The widest part whose circuit is open.
    pub scope: Scope,
}

/// A circuit that this isolate's own evidence has just opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The widest one.
    pub scope: Scope,
    /// The failure that opened it.
    pub because: AttemptResult,
    /// How long it stays open.
    pub left: Duration,
    /// How long ago the first of the failures was for which it opened.
    pub failing_for: Duration,
    /// How many clients they were of.
    pub clients: usize,
}

/// A failed request.
#[derive(Clone, Copy, Debug)]
pub struct FailedRequest {
    /// The page and section that it asked for.
    pub place: Place,
    /// The client.
    pub client: Witness,
    /// How its last attempt ended.
    pub end: AttemptResult,
    /// The permit of that attempt.
    pub permit: Permit,
    /// The `Retry-After` of the origin's own 503.
    pub retry_after: Option<Duration>,
}

impl Breaker {
    /// Decides on an attempt for `client` at `now`. `roll` in 0..1 selects the requests kept from the origin during
    /// ramp-up.
    pub fn admit(
        &mut self,
        place: Place,
        client: impl Fn() -> Witness,
        settings: &Settings,
        roll: f64,
        now: Timestamp,
    ) -> Decision {
        let elapsed = self.clock.advance(now);
        if let Some(refusal) = self.refusal(place, &client, settings, now) {
            let client = client();
            for scope in Scope::ALL {
                if let Some(part) = self.part_mut(place, scope) {
                    part.circuit.record_refusal(client);
                }
            }
            return Decision::Refuse(refusal);
        }
        let (mut probes, mut returned) = ([None; 3], 1.0_f64);
        if settings.enabled {
            let page_state = self.page_state(place);
            for (scope, probe) in Scope::ALL.into_iter().zip(&mut probes) {
                let Some(part) = self.part_mut(place, scope) else { continue };
                if part.circuit.is_open() {
                    let asker = scope.asker(client(), place);
                    *probe = part.circuit.begin_probe(page_state, asker, settings.open_for, elapsed);
                }
                returned = returned.min(part.circuit.returned(settings, elapsed));
            }
        }
        let permit = Permit { sent_at: elapsed, probes };
        if roll < returned { Decision::Admit(permit) } else { Decision::RampUp(permit) }
    }

    /// The circuit that would refuse an attempt now; `None` if it would be admitted. Changes no state.
    pub fn refusal(
        &self,
        place: Place,
        client: impl Fn() -> Witness,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<OpenCircuit> {
        let is_open = |scope| self.part(place, scope).is_some_and(|part| part.circuit.is_open());
        if !settings.enabled || !Scope::ALL.into_iter().any(is_open) {
            return None;
        }
        let client = client();
        let (now, page_state) = (self.clock.read(now), self.page_state(place));
        let mut refusals = Scope::ALL.into_iter().filter_map(|scope| {
            let asker = scope.asker(client, place);
            self.part(place, scope)?.circuit.refusal(page_state, asker, settings.open_for, now)
        });
        let (because, left) = refusals.next()?;
        let left = refusals.map(|(_, left)| left).fold(left, Duration::max);
        let scope = Scope::ALL.into_iter().rev().find(|scope| is_open(*scope)).unwrap_or(Scope::Page);
        Some(OpenCircuit { because, retry_after: left.max(LEAST_RETRY_AFTER), scope })
    }

    /// Records the result of an attempt made with `permit`; `None` if it was abandoned, as when the client left. A
    /// failure ends a probe; otherwise it counts only once its request [has failed](Self::record_failure).
    pub fn record(
        &mut self,
        place: Place,
        permit: Permit,
        end: Option<AttemptResult>,
        settings: &Settings,
        now: Timestamp,
    ) {
        let now = self.clock.advance(now);
        if end.is_some_and(|end| end.health_signal() == HealthSignal::Healthy) {
            return self.succeed(place, now);
        }
        let failed = end.filter(|end| end.health_signal() == HealthSignal::Unhealthy);
        for (scope, probe) in Scope::ALL.into_iter().zip(permit.probes) {
            if let (Some(probe), Some(part)) = (probe, self.part_mut(place, scope)) {
                part.circuit.end_probe(probe, failed, settings.open_for, now);
            }
        }
    }

    fn succeed(&mut self, place: Place, now: Duration) {
        self.known.remember(place, now);
        self.whole.evidence.succeed(now);
        self.whole.circuit.close(now);
        self.direct.succeed(now);
        if self.troubled.is_empty() {
            return;
        }
        for id in [place.page, place.section] {
            if let Some(troubled) = self.troubled.get_mut(&id) {
                troubled.part.evidence.succeed(now);
                troubled.part.circuit.close(now);
            }
        }
    }

    /// Counts a failed request, once for its client. Returns the circuit that it opened, if any.
    pub fn record_failure(
        &mut self,
        failed: &FailedRequest,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<Opened> {
        let now = self.clock.advance(now);
        let FailedRequest { place, client, end, permit, retry_after } = *failed;
        if !settings.enabled || end.health_signal() != HealthSignal::Unhealthy {
            return None;
        }
        let sent_at = permit.sent_at;
        self.take_in(place, settings, now);
        let asked = retry_after.filter(|_| end == AttemptResult::Answered(503));
        let agreed = match asked {
            // A rate limiter refuses one client: its first refusal is not yet evidence.
            Some(asked) => self.agreed(place, client, asked)?,
            None => Duration::ZERO,
        };
        for id in [place.page, place.section] {
            if let Some(troubled) = self.troubled.get_mut(&id) {
                troubled.part.evidence.fail(client, sent_at, settings, now);
            }
        }
        self.whole.evidence.fail(client, sent_at, settings, now);
        if end.reach() == Reach::Origin {
            self.direct.fail(client, sent_at, settings, now);
        }
        let mut opened = None;
        for scope in Scope::ALL {
            let left = match scope {
                Scope::Page => settings.open_for.max(agreed.min(LONGEST_OPEN)),
                Scope::Section | Scope::Origin => settings.open_for,
            };
            let is_down = self.is_down(place, scope, settings, now);
            let Some(part) = self.part_mut(place, scope).filter(|part| is_down && !part.circuit.is_open())
            else {
                continue;
            };
            part.circuit.open(end, left, now);
            let failing_for = part.evidence.failing_for(now);
            let clients = part.evidence.witnesses().count();
            if scope != Scope::Page && end.reach() == Reach::Page {
                part.circuit.let_well_try(now);
            }
            opened = Some(Opened { scope, because: end, left, failing_for, clients });
        }
        opened
    }

    /// The shorter `Retry-After` of the last two clients' 503s for a page; `None` until a second client receives one.
    fn agreed(&mut self, place: Place, client: Witness, asked: Duration) -> Option<Duration> {
        let page = self.troubled.get_mut(&place.page)?;
        let (_, before) = page.asked.replace((client, asked)).filter(|(other, _)| *other != client)?;
        Some(before.min(asked))
    }

    fn is_down(&self, place: Place, scope: Scope, settings: &Settings, now: Duration) -> bool {
        let Some(Part { evidence, .. }) = self.part(place, scope) else { return false };
        let is_in_parts = || evidence.fails_lastingly(settings, now) && evidence.has_witnesses(settings, now);
        match scope {
            Scope::Page => evidence.says_down(settings, now),
            Scope::Section => {
                let is_here = |other: Place| other.section == place.section;
                is_in_parts() && self.mostly_fails(is_here, |other| other.page, evidence, settings, now)
            }
            Scope::Origin => {
                self.direct.says_unreachable(settings, now)
                    || is_in_parts()
                        && self.mostly_fails(|_| true, |other| other.section, evidence, settings, now)
            }
        }
    }

    /// Whether at least [`SEVERAL`] parts are failing among those that are `is_here`, and no fewer than worked
    /// recently; `part_of` names a page's part.
    ///
    /// - A part that fails only sometimes, or failed before the whole was last answered, does not count.
    /// - Each client counts for one part only.
    /// - If the whole is answered only sometimes, it takes [`PLENTY`].
    fn mostly_fails(
        &self,
        is_here: impl Fn(Place) -> bool,
        part_of: impl Fn(Place) -> u64,
        whole: &Evidence,
        settings: &Settings,
        now: Duration,
    ) -> bool {
        let mut failing: Vec<Failing> = Vec::new();
        for (page, troubled) in &self.troubled {
            let Some(section) = troubled.section else { continue };
            let (place, evidence) = (Place { page: *page, section }, &troubled.part.evidence);
            let is_counted =
                evidence.is_failing() && !evidence.is_unsteady(settings, now) && evidence.failed_after(whole);
            if !is_counted || !is_here(place) {
                continue;
            }
            let part = part_of(place);
            match failing.iter_mut().find(|(known, _)| *known == part) {
                Some((_, clients)) => clients.extend(evidence.witnesses()),
                None => failing.push((part, evidence.witnesses().collect())),
            }
        }
        let failing = matching::with_own_client(&failing, PLENTY);
        if failing.len() < SEVERAL || failing.len() >= PLENTY || whole.is_unsteady(settings, now) {
            return failing.len() >= PLENTY;
        }
        let mut well: Vec<u64> = Vec::new();
        for part in self.known.places().filter(|place| is_here(*place)).map(part_of) {
            if !failing.contains(&part) && !well.contains(&part) {
                well.push(part);
            }
        }
        failing.len() >= well.len()
    }

    /// Opens `scope` on a hint that others found it down, for `left`, at most a minute. Ignores the hint if the part
    /// was answered in the last window, is already open, or the breaker is switched off.
    pub fn open_on_hint(
        &mut self,
        place: Place,
        scope: Scope,
        because: AttemptResult,
        left: Duration,
        settings: &Settings,
        now: Timestamp,
    ) {
        let now = self.clock.advance(now);
        if !settings.enabled || left.is_zero() {
            return;
        }
        if scope != Scope::Origin {
            self.take_in(place, settings, now);
        }
        if let Some(part) = self.part_mut(place, scope)
            && !part.circuit.is_open()
            && !part.evidence.succeeded_within(settings.window, now)
        {
            part.circuit.open(because, left.min(LONGEST_OPEN), now);
        }
    }

    /// Opens the whole origin on a hint; see [`open_on_hint`](Self::open_on_hint).
    pub fn open_whole_on_hint(
        &mut self,
        because: AttemptResult,
        left: Duration,
        settings: &Settings,
        now: Timestamp,
    ) {
        self.open_on_hint(Place { page: 0, section: 0 }, Scope::Origin, because, left, settings, now);
    }

    /// Uses a hint that others found the origin up at `at`: circuits that opened before are probed by the next
    /// attempt.
    pub fn try_early(&mut self, at: Timestamp, now: Timestamp) {
        let ago = now.since(at);
        let now = self.clock.advance(now);
        let parts = self.troubled.values_mut().map(|troubled| &mut troubled.part);
        for part in parts.chain([&mut self.whole]) {
            part.circuit.try_early(now.saturating_sub(ago), now);
        }
    }

    /// Whether the page of `place` was answered recently and has not failed since.
    pub fn was_well(&self, place: Place) -> bool {
        self.page_state(place) == PageState::Well
    }

    fn page_state(&self, place: Place) -> PageState {
        let is_failing = |troubled: &Troubled| troubled.part.evidence.is_failing();
        if self.troubled.get(&place.page).is_some_and(is_failing) {
            PageState::Failing
        } else if self.known.has(place) {
            PageState::Well
        } else {
            PageState::Unknown
        }
    }

    fn part(&self, place: Place, scope: Scope) -> Option<&Part> {
        let troubled = |id: u64| self.troubled.get(&id).map(|troubled| &troubled.part);
        match scope {
            Scope::Page => troubled(place.page),
            Scope::Section => troubled(place.section),
            Scope::Origin => Some(&self.whole),
        }
    }

    fn part_mut(&mut self, place: Place, scope: Scope) -> Option<&mut Part> {
        let id = match scope {
            Scope::Page => place.page,
            Scope::Section => place.section,
            Scope::Origin => return Some(&mut self.whole),
        };
        self.troubled.get_mut(&id).map(|troubled| &mut troubled.part)
    }

    /// Ensures that the page and the section of `place` have an entry in `troubled`.
    fn take_in(&mut self, place: Place, settings: &Settings, now: Duration) {
        self.make_room(place, settings, now);
        for (id, section) in [(place.page, Some(place.section)), (place.section, None)] {
            let known = &self.known;
            self.troubled.entry(id).or_insert_with(|| Troubled {
                part: Part { evidence: Evidence::since(known.answered_at(id)), circuit: Circuit::default() },
                section,
                asked: None,
            });
        }
    }

    /// Removes entries that have expired; if too many are left, those that failed longest ago.
    fn make_room(&mut self, place: Place, settings: &Settings, now: Duration) {
        // A page and its section.
        const WANTED: usize = 2;
        if self.troubled.len() + WANTED <= MOST_TROUBLED {
            return;
        }
        self.troubled.retain(|_, troubled| {
            troubled.part.circuit.is_open() || !troubled.part.evidence.is_over(settings, now)
        });
        while self.troubled.len() + WANTED > MOST_TROUBLED {
            let others = self.troubled.iter().filter(|(id, _)| ![place.page, place.section].contains(id));
            let oldest = others.min_by_key(|(_, troubled)| troubled.part.evidence.failed_at());
            let Some(oldest) = oldest.map(|(id, _)| *id) else { return };
            self.troubled.remove(&oldest);
        }
    }
}

/// The time since the first reading, which never goes back. If the system clock goes back, this one stands still and
/// then goes on. A span is therefore too long by at most the time since the last reading.
#[derive(Clone, Copy, Debug)]
struct Steady {
    elapsed: Duration,
    read_at: Option<Timestamp>,
}

impl Default for Steady {
    /// Starts above zero, which stands for never.
    fn default() -> Self {
        Self { elapsed: Duration::from_secs(1), read_at: None }
    }
}

impl Steady {
    fn read(self, now: Timestamp) -> Duration {
        let since = self.read_at.map(|before| now.since(before)).unwrap_or_default();
        self.elapsed.saturating_add(since)
    }

    fn advance(&mut self, now: Timestamp) -> Duration {
        *self = Self { elapsed: self.read(now), read_at: Some(now) };
        self.elapsed
    }
}

#[cfg(test)]
mod tests;
