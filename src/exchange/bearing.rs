//! What the origins can bear: which of them may get an attempt, and what each attempt tells of them.

use std::time::Duration;

use super::Exchange;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::stale;
use crate::origin::breaker::{Pass, Refusal, Verdict};
use crate::origin::deadline::Deadline;
use crate::origin::failure;
use crate::origin::retry::Stop;
use crate::origin::{Attempt, End, Sign};
use crate::policy::Policy;
use crate::ports::Ports;

impl<P: Ports> Exchange<P> {
    /// The first origin that is not believed to be down, in order of preference. With `stored`, which can stand in, an
    /// origin to which load is returning is spared some of it.
    pub(super) fn first_origin(
        &self,
        policy: &Policy<'_>,
        stored: Option<&Stored>,
        deadline: Deadline,
    ) -> Result<(usize, Pass), Stop> {
        let mut soonest: Option<Refusal> = None;
        for origin in 0..self.origins() {
            match self.ask(policy, origin, deadline) {
                Verdict::Spare(_) if self.can_stand_in(policy, stored) => return Err(Stop::Spared),
                Verdict::Admit(pass) | Verdict::Trial(pass) | Verdict::Spare(pass) => {
                    self.deposit(policy, origin);
                    return Ok((origin, pass));
                }
                Verdict::Refuse(refusal) => {
                    let is_sooner = |known: &Refusal| known.retry_after <= refusal.retry_after;
                    soonest = soonest.filter(is_sooner).or(Some(refusal));
                }
            }
        }
        // There is at least one origin, so one has refused.
        Err(soonest.map_or(Stop::Hopeless, Stop::BelievedDown))
    }

    /// Which origins can bear another attempt of this request.
    pub(super) fn bearing(&self, policy: &Policy<'_>, attempts: &[Attempt]) -> Vec<bool> {
        let (settings, now) = (policy.settings, self.ports.now());
        let bears = |origin| {
            let is_retry = attempts.iter().any(|attempt| attempt.origin == origin);
            self.isolate().bearing(origin, |bearing| {
                let has_token = settings.retry.budget.is_none() || !is_retry || bearing.budget.may_retry();
                has_token && bearing.breaker.refusal(&settings.breaker, now).is_none()
            })
        };
        (0..self.origins()).map(bears).collect()
    }

    /// Takes what another attempt at `origin` costs; `None` if somebody else was quicker. The first at an origin is what
    /// its budget grows by, and no retry there.
    pub(super) fn take_on(
        &self,
        policy: &Policy<'_>,
        origin: usize,
        attempts: &[Attempt],
        deadline: Deadline,
    ) -> Option<Pass> {
        if attempts.iter().any(|attempt| attempt.origin == origin) {
            return self.take_again(policy, origin, deadline);
        }
        let pass = self.ask(policy, origin, deadline).pass()?;
        self.deposit(policy, origin);
        Some(pass)
    }

    /// The same where the request has been at `origin` already.
    pub(super) fn take_again(&self, policy: &Policy<'_>, origin: usize, deadline: Deadline) -> Option<Pass> {
        let pass = self.ask(policy, origin, deadline).pass()?;
        let is_limited = policy.settings.retry.budget.is_some();
        let is_paid = !is_limited || self.isolate().bearing(origin, |bearing| bearing.budget.withdraw());
        is_paid.then_some(pass)
    }

    /// Takes note of how an attempt ended. If by that the origin turned out to be down, it gives because of what and for
    /// how long; if it failed, [`confer`](Self::confer) is next.
    pub(super) fn note(
        &self,
        policy: &Policy<'_>,
        origin: usize,
        pass: Pass,
        end: End,
        retry_after: Option<Duration>,
    ) -> Option<(End, Duration)> {
        let (settings, now) = (&policy.settings.breaker, self.ports.now());
        self.isolate().bearing(origin, |bearing| {
            let before = bearing.breaker.outlook(settings, now);
            bearing.breaker.record(pass, Some(end), retry_after, settings, now);
            before.is_none().then(|| bearing.breaker.outlook(settings, now)).flatten()
        })
    }

    /// Who finds an origin down tells the data centre, and who begins to fail asks whether it is known there: an origin
    /// that answers costs neither.
    pub(super) async fn confer(&self, policy: &Policy<'_>, origin: usize, outlook: Option<(End, Duration)>) {
        let (settings, now) = (&policy.settings.breaker, self.ports.now());
        if !settings.enabled || self.drill.is_some() {
            return;
        }
        let key = Key::of_origin(&self.request.target, &self.origin_name(origin));
        match outlook {
            Some((because, left)) => {
                let hint = Entry::Down { because: word_of(because), until: now.plus(left) };
                let ports = self.ports.clone();
                self.ports.spawn(async move {
                    ports.save(&key, &hint, None, left).await;
                });
            }
            None => {
                if let Ok(Some((Entry::Down { because, until }, nothing))) = self.ports.load(&key).await {
                    self.ports.cancel(nothing);
                    let now = self.ports.now();
                    if let Some(because) = end_of(&because) {
                        let left = until.since(now);
                        self.isolate()
                            .bearing(origin, |bearing| bearing.breaker.heed(because, left, settings, now));
                    }
                }
            }
        }
    }

    fn ask(&self, policy: &Policy<'_>, origin: usize, deadline: Deadline) -> Verdict {
        let now = self.ports.now();
        let at_most = deadline.left(now).saturating_add(policy.settings.timeouts.idle);
        let roll = self.ports.roll();
        let settings = &policy.settings.breaker;
        self.isolate().bearing(origin, |bearing| bearing.breaker.admit(settings, at_most, roll, now))
    }

    fn deposit(&self, policy: &Policy<'_>, origin: usize) {
        let (settings, now) = (&policy.settings.retry, self.ports.now());
        self.isolate().bearing(origin, |bearing| bearing.budget.deposit(settings, now));
    }

    pub(super) fn can_stand_in(&self, policy: &Policy<'_>, stored: Option<&Stored>) -> bool {
        stored.is_some_and(|stored| {
            stale::may_stand_in(stored, &policy.asked, &policy.settings.cache, self.ports.now()).is_ok()
        })
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

/// The word for what opened a breaker: a row of the table of failures, or the origin's own status.
pub(super) fn word_of(end: End) -> String {
    match end {
        End::Failed(failure, _) => failure.row().word.to_owned(),
        End::Answered(status) => status.to_string(),
    }
}

/// What [`word_of`] has written; `None` if it says nothing of an origin that is down.
fn end_of(word: &str) -> Option<End> {
    let failed = failure::of_word(word).map(|failure| End::Failed(failure, None));
    failed.or_else(|| word.parse().ok().map(End::Answered)).filter(|end| end.sign() == Sign::Down)
}
