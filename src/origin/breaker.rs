//! What of an origin is believed to be down?
//!
//! As little as the evidence allows: a **page**, a **section** (all pages under one first path segment), or the whole
//! **origin**. Each has a [`Circuit`], and a request is refused where one on its way is open.
//!
//! - A page's opens when all requests for it have failed for a whole window, those of enough different clients in a row
//!   ([`Evidence`]).
//! - A section's opens when that holds for it as a whole, at least `SEVERAL` of its pages are failing, those are no
//!   fewer than the pages of it that were well, and none was answered since the first of them failed. A
//!   page that was well is tried at once all the same.
//! - The origin's opens in the same way by its sections, and by failures that are evidence about the origin itself
//!   ([`Reach::Origin`](super::Reach)), with no answer since the first of them.
//!
//! A request counts once, when it has failed for good or an attempt has taken long. One success closes all circuits on
//! its way, whoever's it is. What a client did never gets here.
//!
//! From an origin's recovery it takes the rest of the open period and one request to the first good answer. After
//! that, load **returns gently**: for a while the breaker asks to spare the origin where a copy can answer.
//!
//! All is bounded: `MOST_TROUBLED` pages and sections, and the pages that were well of late ([`Known`]). Where nothing
//! fails, an answer costs one look into that.

pub mod circuit;
pub mod evidence;
pub mod place;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{AttemptResult, HealthSignal, Reach};
use crate::config::Breaker as Settings;
use crate::time::Timestamp;
use circuit::{Asker, Circuit, Probe, Standing};
use evidence::{Evidence, Witness};
use place::{Known, Place};

/// How many parts of a whole have to fail before the whole can be believed to be down. A site with fewer pages is left
/// alone page by page.
const SEVERAL: usize = 4;

/// So many failing in a row, with no answer of any other, say enough however many were well before: had half of them
/// still been well, that would happen once in 65,000 times.
const PLENTY: usize = 16;

/// How many pages and sections in trouble are remembered for each origin, of at most 2 KB each.
const MOST_TROUBLED: usize = 128;

/// The longest `Retry-After` that keeps a page's circuit open, and the longest that a hint does.
const LONGEST_OPEN: Duration = Duration::from_secs(60);

/// An attempt that failed after this time counts at once: its client has waited long enough. One that fails sooner
/// counts when its request has failed for good, so that a restart that resets a hundred connections opens nothing.
pub const LONG_ATTEMPT: Duration = Duration::from_secs(1);

/// The least time until a refused client is told to come back; `Retry-After` has whole seconds.
const LEAST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What is known of one origin.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    clock: Steady,
    /// All requests.
    whole: Part,
    /// Failures that are evidence about the origin itself.
    direct: Evidence,
    known: Known,
    troubled: BTreeMap<u64, Troubled>,
}

/// A part of the site: what was seen of it, and whether it is left alone.
#[derive(Clone, Debug, Default)]
struct Part {
    evidence: Evidence,
    circuit: Circuit,
}

/// A page or section that has failed of late.
#[derive(Clone, Debug)]
struct Troubled {
    part: Part,
    /// Of a page, its section.
    section: Option<u64>,
    /// Of a page, what a 503 last asked for, and whom it told so.
    asked: Option<(Witness, Duration)>,
}

/// How far it reaches that something is believed to be down, the widest last.
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

/// What an attempt that is let through gives back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    sent_at: Duration,
    /// The probes that it is, in the order of [`Scope::ALL`].
    probes: [Option<Probe>; 3],
}

impl Permit {
    /// Whether something that is believed to be down is tried with it.
    pub fn is_probe(&self) -> bool {
        self.probes.iter().any(Option::is_some)
    }
}

/// Whether to make an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Make it. What came of it has to be [recorded](Breaker::record), also if it is given up.
    Admit(Permit),
    /// Load is returning. Where a copy can answer, let it; else make the attempt.
    RampUp(Permit),
    /// Do not.
    Refuse(OpenCircuit),
}

impl Verdict {
    /// The permit, if the attempt may be made.
    pub fn permit(self) -> Option<Permit> {
        match self {
            Self::Admit(permit) | Self::RampUp(permit) => Some(permit),
            Self::Refuse(_) => None,
        }
    }
}

/// Why the origin is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCircuit {
    /// The failure that opened the circuit, or kept it open: of several that are open, the narrowest one's.
    pub because: AttemptResult,
    /// Until the next probe, as far as is known; 1 s or more.
    pub retry_after: Duration,
}

/// That a circuit has just been opened, by evidence of this isolate's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The widest one.
    pub scope: Scope,
    /// By what.
    pub because: AttemptResult,
    /// For how long.
    pub left: Duration,
}

/// A request that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedRequest {
    /// What it asked for.
    pub place: Place,
    /// Who asked.
    pub client: Witness,
    /// How its last attempt ended.
    pub end: AttemptResult,
    /// With what permit that was made.
    pub permit: Permit,
    /// What a 503 of the origin's own asked for.
    pub retry_after: Option<Duration>,
}

impl Breaker {
    /// Decides on an attempt of `client`'s that would be made now; `roll` in 0..1 says which are spared while load returns.
    pub fn admit(
        &mut self,
        place: Place,
        client: impl Fn() -> Witness,
        settings: &Settings,
        roll: f64,
        now: Timestamp,
    ) -> Verdict {
        let elapsed = self.clock.advance(now);
        if let Some(refusal) = self.refusal(place, &client, settings, now) {
            let client = client();
            for scope in Scope::ALL {
                if let Some(part) = self.part_mut(place, scope) {
                    part.circuit.is_awaited_by(client);
                }
            }
            return Verdict::Refuse(refusal);
        }
        let (mut probes, mut returned) = ([None; 3], 1.0_f64);
        if settings.enabled {
            let standing = self.standing(place);
            for (scope, probe) in Scope::ALL.into_iter().zip(&mut probes) {
                let Some(part) = self.part_mut(place, scope) else { continue };
                if part.circuit.is_open() {
                    let asker = scope.asker(client(), place);
                    *probe = part.circuit.begin_probe(standing, asker, settings.open_for, elapsed);
                }
                returned = returned.min(part.circuit.returned(settings, elapsed));
            }
        }
        let permit = Permit { sent_at: elapsed, probes };
        if roll < returned { Verdict::Admit(permit) } else { Verdict::RampUp(permit) }
    }

    /// Why an attempt would be refused now; `None` if it would be let through. Nothing changes by asking.
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
        let (now, standing) = (self.clock.read(now), self.standing(place));
        let mut refusals = Scope::ALL.into_iter().filter_map(|scope| {
            let asker = scope.asker(client, place);
            self.part(place, scope)?.circuit.refusal(standing, asker, settings.open_for, now)
        });
        let (because, left) = refusals.next()?;
        let left = refusals.map(|(_, left)| left).fold(left, Duration::max);
        Some(OpenCircuit { because, retry_after: left.max(LEAST_RETRY_AFTER) })
    }

    /// Records the result of an attempt made with `permit`; `None` if it was given up without one, as when the client left. A
    /// failure ends a probe, and counts no more until its request [has failed](Self::record_failure).
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

    /// Counts a request that has failed, once for its client. Says so if a circuit opened by that.
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
            // A rate limiter speaks to one client: what it says to the first of them is no evidence yet.
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
            if scope != Scope::Page && end.reach() == Reach::Page {
                part.circuit.let_well_try(now);
            }
            opened = Some(Opened { scope, because: end, left });
        }
        opened
    }

    /// Of what a page asked for by a 503, what it has asked of two clients one after the other.
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

    /// Whether several parts are failing of what `is_here`, no fewer than were well; `part_of` names the part that a
    /// page belongs to. What fails sometimes is not counted, and nor is what failed before the whole was last answered; and
    /// a client that goes from one part to the next is heard for one of them.
    /// Where some requests for the whole are answered and some are not, it takes [`PLENTY`].
    fn mostly_fails(
        &self,
        is_here: impl Fn(Place) -> bool,
        part_of: impl Fn(Place) -> u64,
        whole: &Evidence,
        settings: &Settings,
        now: Duration,
    ) -> bool {
        let (mut failing, mut heard): (Vec<u64>, Vec<Witness>) = (Vec::new(), Vec::new());
        for (page, troubled) in &self.troubled {
            let Some(section) = troubled.section else { continue };
            let (place, evidence) = (Place { page: *page, section }, &troubled.part.evidence);
            let is_counted =
                evidence.is_failing() && !evidence.is_unsteady(settings, now) && evidence.failed_after(whole);
            if !is_counted || !is_here(place) || failing.contains(&part_of(place)) {
                continue;
            }
            if let Some(client) = evidence.witnesses().find(|client| !heard.contains(client)) {
                heard.push(client);
                failing.push(part_of(place));
            }
        }
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

    /// Takes a hint that others have found `scope` down, `left` from now on and because of this; at most a minute. It is
    /// not taken for more than it says, nor where this isolate knows better: one that was answered in the last window,
    /// is open already or switched off stays as it is.
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

    /// The same for all of the origin.
    pub fn open_whole_on_hint(
        &mut self,
        because: AttemptResult,
        left: Duration,
        settings: &Settings,
        now: Timestamp,
    ) {
        self.open_on_hint(Place { page: 0, section: 0 }, Scope::Origin, because, left, settings, now);
    }

    /// Takes a hint that others have found the origin up at `at`: what opened before that may be tried by the next attempt.
    pub fn try_early(&mut self, at: Timestamp, now: Timestamp) {
        let ago = now.since(at);
        let now = self.clock.advance(now);
        let parts = self.troubled.values_mut().map(|troubled| &mut troubled.part);
        for part in parts.chain([&mut self.whole]) {
            part.circuit.try_early(now.saturating_sub(ago), now);
        }
    }

    /// Whether the page of `place` has been answered, and no request for it has failed since.
    pub fn was_well(&self, place: Place) -> bool {
        self.standing(place) == Standing::Well
    }

    fn standing(&self, place: Place) -> Standing {
        let is_failing = |troubled: &Troubled| troubled.part.evidence.is_failing();
        if self.troubled.get(&place.page).is_some_and(is_failing) {
            Standing::Failing
        } else if self.known.has(place) {
            Standing::Well
        } else {
            Standing::Unknown
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

    /// Makes sure that the page and the section of `place` are among those in trouble.
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

    /// Forgets what is over, and where that is not enough what failed longest ago.
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

/// Time since the first look at the clock, which does not go back when the clock does: it stands still then, and goes
/// on from there. So no span is longer for it, by more than the time since the last look.
#[derive(Clone, Copy, Debug)]
struct Steady {
    elapsed: Duration,
    read_at: Option<Timestamp>,
}

impl Default for Steady {
    /// Begins above zero, which stands for never.
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
