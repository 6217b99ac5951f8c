//! Which origin may get an attempt, and what each request tells of them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::Exchange;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::stale;
use crate::origin::breaker::evidence::Client as Witness;
use crate::origin::breaker::place::{self, Place};
use crate::origin::breaker::{FailedRequest, LONG_ATTEMPT, OpenCircuit, Opened, Permit, Scope, Verdict};
use crate::origin::failure;
use crate::origin::retry::Stop;
use crate::origin::{Attempt, AttemptResult, HealthSignal};
use crate::policy::Policy;
use crate::ports::Ports;
use crate::request::Client;

impl<P: Ports> Exchange<P> {
    /// The first origin of which what this request needs is not believed to be down, in order of preference. With
    /// `stored`, which can stand in, an origin to which load is returning is spared some of it.
    pub(super) fn first_origin(
        &self,
        policy: &Policy<'_>,
        stored: Option<&Stored>,
    ) -> Result<(usize, Permit), Stop> {
        let mut soonest: Option<OpenCircuit> = None;
        for origin in 0..self.origins() {
            match self.ask(policy, origin) {
                Verdict::RampUp(permit) if self.can_bridge(policy, stored) => {
                    self.give_back(policy, origin, permit);
                    return Err(Stop::RampUp);
                }
                Verdict::Admit(permit) | Verdict::RampUp(permit) => {
                    self.deposit(policy, origin);
                    return Ok((origin, permit));
                }
                Verdict::Refuse(open) => {
                    let is_sooner = |known: &OpenCircuit| known.retry_after <= open.retry_after;
                    soonest = soonest.filter(is_sooner).or(Some(open));
                }
            }
        }
        // There is at least one origin, so one has refused.
        Err(soonest.map_or(Stop::Hopeless, Stop::CircuitOpen))
    }

    /// Which origins can bear another attempt of this request, by breaker and budget.
    pub(super) fn can_bear(&self, policy: &Policy<'_>, attempts: &[Attempt]) -> Vec<bool> {
        let (settings, now, place) = (&policy.settings, self.ports.now(), self.place());
        let bears = |origin| {
            let is_retry = attempts.iter().any(|attempt| attempt.origin == origin);
            self.isolate().origin_state(origin, |state| {
                let is_free = settings.retry.budget.is_none() || !is_retry;
                (is_free || state.budget.may_retry(state.breaker.was_well(place)))
                    && state.breaker.refusal(place, || self.witness(), &settings.breaker, now).is_none()
            })
        };
        (0..self.origins()).map(bears).collect()
    }

    /// Takes what another attempt at `origin` costs; `None` if somebody else was quicker. The first at an origin is what
    /// its budget grows by, and no retry there.
    pub(super) fn acquire(&self, policy: &Policy<'_>, origin: usize, attempts: &[Attempt]) -> Option<Permit> {
        if attempts.iter().any(|attempt| attempt.origin == origin) {
            return self.acquire_retry(policy, origin);
        }
        let permit = self.ask(policy, origin).permit()?;
        self.deposit(policy, origin);
        Some(permit)
    }

    /// The same where the request has been at `origin` already.
    pub(super) fn acquire_retry(&self, policy: &Policy<'_>, origin: usize) -> Option<Permit> {
        let permit = self.ask(policy, origin).permit()?;
        let place = self.place();
        let pays = || {
            self.isolate().origin_state(origin, |state| state.budget.withdraw(state.breaker.was_well(place)))
        };
        if policy.settings.retry.budget.is_none() || pays() {
            return Some(permit);
        }
        self.give_back(policy, origin, permit);
        None
    }

    /// Gives a permit back with which nothing was sent.
    pub(super) fn give_back(&self, policy: &Policy<'_>, origin: usize, permit: Permit) {
        self.settle_attempt(policy, origin, permit, None);
    }

    /// Records how an attempt ended that was made with `permit`: `None` if it says nothing of the origin.
    pub(super) fn settle_attempt(
        &self,
        policy: &Policy<'_>,
        origin: usize,
        permit: Permit,
        end: Option<AttemptResult>,
    ) {
        let (settings, now, place) = (&policy.settings.breaker, self.ports.now(), self.place());
        self.isolate().origin_state(origin, |state| state.breaker.settle(place, permit, end, settings, now));
    }

    /// Whether a failed attempt counts before its request has come to its end.
    pub(super) fn counts_at_once(attempt: &Attempt) -> bool {
        attempt.took >= LONG_ATTEMPT
    }

    /// Records that this request failed at `origin`, where its last attempt ended in `end`. If that opened a circuit, the
    /// data centre is told, but not of a drill.
    pub(super) fn record_failure(
        &self,
        policy: &Policy<'_>,
        origin: usize,
        permit: Permit,
        end: AttemptResult,
        retry_after: Option<Duration>,
    ) {
        let (settings, now) = (&policy.settings.breaker, self.ports.now());
        let failed = FailedRequest { place: self.place(), client: self.witness(), end, permit, retry_after };
        let opened =
            self.isolate().origin_state(origin, |state| state.breaker.record_failure(&failed, settings, now));
        if let Some(opened) = opened.filter(|_| self.drill.is_none()) {
            self.share_state(origin, opened);
        }
    }

    fn share_state(&self, origin: usize, opened: Opened) {
        let Opened { scope, because, left } = opened;
        let now = self.ports.now();
        if scope == Scope::Origin {
            self.count_opened(origin, because);
        }
        let (key, ports) = (self.circuit_key(origin, scope), self.ports.clone());
        let hint = Entry::Down { because: word_of(because), until: now.plus(left) };
        self.ports.spawn(async move {
            ports.save(&key, &hint, None, left).await;
        });
    }

    /// Asks, when the first attempt of this request has failed at `origin`, whether others in this data centre know the
    /// origin to be down, or the section, or the page. An origin that answers costs no such look.
    pub(super) async fn heed_others(&self, policy: &Policy<'_>, origin: usize) {
        let settings = &policy.settings.breaker;
        if !settings.enabled || self.drill.is_some() {
            return;
        }
        for scope in [Scope::Origin, Scope::Section, Scope::Page] {
            let found = self.ports.load(&self.circuit_key(origin, scope)).await;
            let Ok(Some((Entry::Down { because, until }, nothing))) = found else { continue };
            self.ports.cancel(nothing);
            let (now, place) = (self.ports.now(), self.place());
            let Some(because) = end_of(&because) else { continue };
            let left = until.since(now);
            self.isolate().origin_state(origin, |state| {
                state.breaker.open_on_hint(place, scope, because, left, settings, now);
            });
            return;
        }
    }

    /// Under what the data centre is told of an open circuit: by origin and part, so that it is taken for no more.
    fn circuit_key(&self, origin: usize, scope: Scope) -> Key {
        let target = &self.request.target;
        let part = match scope {
            Scope::Origin => String::new(),
            Scope::Section => [target.authority(), place::section(target)].concat(),
            Scope::Page => [place::method(&self.request), " ", target.as_str()].concat(),
        };
        Key::of_circuit(target, self.config.origin_name(origin), &part)
    }

    /// What of the site this request needs.
    fn place(&self) -> Place {
        *self.place.get_or_init(|| Place::of(&self.request))
    }

    /// Who asks; where nobody says from where, each request comes from somebody else.
    pub(super) fn witness(&self) -> Witness {
        let client = Client::of(&self.request.headers);
        let (mut hasher, is_known) = (DefaultHasher::new(), client.is_known());
        if is_known {
            client.hash(&mut hasher);
        } else {
            self.request.id.hash(&mut hasher);
        }
        // A half of it tells a few dozen clients apart.
        Witness { mark: hasher.finish() as u32, is_known }
    }

    fn ask(&self, policy: &Policy<'_>, origin: usize) -> Verdict {
        let (roll, now, place) = (self.ports.roll(), self.ports.now(), self.place());
        let settings = &policy.settings.breaker;
        self.isolate()
            .origin_state(origin, |state| state.breaker.admit(place, || self.witness(), settings, roll, now))
    }

    fn deposit(&self, policy: &Policy<'_>, origin: usize) {
        let (settings, now) = (&policy.settings.retry, self.ports.now());
        self.isolate().origin_state(origin, |state| state.budget.deposit(settings, now));
    }

    /// Whether a copy may answer this client while the origin is slow, or load is returning to it.
    pub(super) fn can_bridge(&self, policy: &Policy<'_>, stored: Option<&Stored>) -> bool {
        let (settings, now) = (&policy.settings.cache, self.ports.now());
        stored.is_some_and(|stored| {
            stale::may_bridge(stored, &policy.asked, settings, now) && !self.is_withdrawn(stored)
        })
    }

    pub(super) fn can_stand_in(&self, policy: &Policy<'_>, stored: Option<&Stored>) -> bool {
        stored.is_some_and(|stored| self.may_stand_in(policy, stored).is_ok())
    }

    /// Whether `stored` may answer this client in the origin's place.
    pub(super) fn may_stand_in(&self, policy: &Policy<'_>, stored: &Stored) -> Result<(), stale::Forbidden> {
        if self.is_withdrawn(stored) {
            return Err(stale::Forbidden::Withdrawn);
        }
        stale::may_stand_in(stored, &policy.asked, &policy.settings.cache, self.ports.now())
    }

    fn is_withdrawn(&self, stored: &Stored) -> bool {
        stored.withdrawn_from.is_some_and(|client| client == self.asker().0)
    }

    /// How many origins there are: in route mode the zone's own.
    fn origins(&self) -> usize {
        self.config.origin_count()
    }

    /// What logs and hints call an origin.
    pub(super) fn origin_name(&self, origin: usize) -> String {
        self.config.origin_name(origin).to_owned()
    }
}

/// The word for what opened a circuit: a row of the table of failures, or the origin's own status.
pub(super) fn word_of(end: AttemptResult) -> String {
    match end {
        AttemptResult::Failed(failure, _) => failure.row().word.to_owned(),
        AttemptResult::Answered(status) => status.to_string(),
    }
}

/// What [`word_of`] has written; `None` if it says nothing of an origin that is down.
fn end_of(word: &str) -> Option<AttemptResult> {
    let failed = failure::of_word(word).map(|failure| AttemptResult::Failed(failure, None));
    failed
        .or_else(|| word.parse().ok().map(AttemptResult::Answered))
        .filter(|end| end.health_signal() == HealthSignal::Unhealthy)
}
