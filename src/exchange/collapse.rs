//! Requests for one key that have to be fetched at the same time: one fetches, the others wait for it.
//!
//! What one request holds of the platform, another must not touch, so nothing is handed over: those who waited look
//! into the store themselves, ask in their turn, or learn that the origin failed; [`Flight`] says which. A request waits
//! as long as the answer can still come in time; once its own time is up, its stale copy stands in.

use std::rc::Rc;
use std::time::Duration;

use http::{Method, header};

use super::Exchange;
use super::answer::Failed;
use super::store::{Found, Lookup};
use super::trail::Trail;
use crate::cache::directives::{RequestDirectives, ResponseDirectives};
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::{Verdict, freshness, judge};
use crate::isolate::Role;
use crate::isolate::flight::{Flight, FlightResult, Step};
use crate::origin::deadline::Deadline;
use crate::origin::failure::Failure;
use crate::origin::is_transient;
use crate::origin::retry::{Repeatable, Stop};
use crate::policy::Policy;
use crate::ports::Ports;
use crate::request::Client;
use crate::response::error::Cause;
use crate::time::Timestamp;

/// The platform ends what goes on behind an answer after this long.
pub(super) const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

/// How often one request waits: for the fetch that is under way, for one that was sent after it came, and once more
/// should the answers differ by `Vary`.
const MOST_WAITS: usize = 3;

/// What lies before a request that the store does not answer.
pub(super) enum Ahead<B> {
    /// To ask the origin.
    Fetch,
    /// To wait for another request that asks it, and to look into the store again.
    Wait(Rc<Flight<B>>),
}

/// What waiting for another request came to.
pub(super) enum Waited<B> {
    /// The store may have the answer, or this request asks for itself.
    LookAgain,
    /// It takes longer than the soft deadline, and a copy can answer.
    Slow,
    /// The origin failed, or this request's own time is up: it is no use to ask.
    Failed(Box<Failed<B>>),
}

/// A fetch of this request's that others may be waiting for.
pub(super) struct Lead<B> {
    pub key: Key,
    pub flight: Rc<Flight<B>>,
    /// When it asked.
    asked_at: Timestamp,
    /// Where it has waited itself: what keeps it going should its client leave, and whether its answer is likely to be
    /// like that of the others.
    turned: Option<(B, bool)>,
}

impl<B> Lead<B> {
    /// Of one that has not waited.
    pub fn first(key: Key, flight: Rc<Flight<B>>, asked_at: Timestamp) -> Self {
        Self { key, flight, asked_at, turned: None }
    }
}

impl<P: Ports> Exchange<P> {
    /// Takes a turn at fetching what `lookup` did not give.
    pub(super) fn ahead(
        &self,
        policy: &Policy<'_>,
        lookup: &Lookup<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Ahead<P::Signal> {
        if trail.lead.is_some() {
            return Ahead::Fetch;
        }
        // An answer that was asked for before this request came is no validation for it (RFC 9111 §5.2.1.4).
        let Some(key) = lookup.key().filter(|_| self.request.method == Method::GET && !policy.asked.no_cache)
        else {
            return Ahead::Fetch;
        };
        let has_copy = lookup.found().is_some();
        // What is not going to be stored cannot be waited for.
        if self.drill.is_some() || matches!(lookup, Lookup::HitForMiss { .. }) {
            return Ahead::Fetch;
        }
        // Nor is there anything to wait for while all origins are left alone.
        if !self.can_bear(policy, &[]).contains(&true) {
            return Ahead::Fetch;
        }
        // A part of what is not stored comes sooner than the whole. And where waiting has brought nothing, it will not.
        let is_part = self.request.headers.contains_key(header::RANGE);
        let waited_in_vain = trail.waited_for.as_ref() == Some(key);
        if trail.waits >= MOST_WAITS || !has_copy && (is_part || waited_in_vain) {
            return Ahead::Fetch;
        }
        match self.take_turn(policy, key, self.may_lead(policy, has_copy)) {
            Role::Alone => Ahead::Fetch,
            Role::Leader(flight) => {
                trail.lead = Some(Lead::first(key.clone(), flight, self.ports.now()));
                Ahead::Fetch
            }
            Role::Follower(flight) => {
                trail.waits += 1;
                trail.waited_for = Some(key.clone());
                Ahead::Wait(flight)
            }
        }
    }

    /// Whether the answer to this request is likely to be that to others. One that is not to be retried fails sooner.
    fn may_lead(&self, policy: &Policy<'_>, has_copy: bool) -> bool {
        policy.repeatable == Repeatable::Repeatable && !self.presented(policy).is_personal(has_copy)
    }

    pub(super) fn take_turn(&self, policy: &Policy<'_>, key: &Key, may_lead: bool) -> Role<P::Signal> {
        let timeouts = &policy.settings.timeouts;
        let at_most = timeouts.total.saturating_add(timeouts.idle).min(LONGEST_WORK_BEHIND);
        let now = self.ports.now();
        self.isolate().turn(key, may_lead, self.client(), at_most, now, || self.ports.signal())
    }

    pub(super) fn client(&self) -> Client {
        Client::of(&self.request.headers)
    }

    /// Waits for another request's fetch, for `soft` at most where a copy can answer. With `has_copy`, one can once the
    /// origin fails.
    pub(super) async fn wait_for(
        &self,
        policy: &Policy<'_>,
        flight: Rc<Flight<P::Signal>>,
        soft: Option<Duration>,
        has_copy: bool,
        trail: &mut Trail<P::Signal>,
    ) -> Waited<P::Body> {
        let deadline = Deadline::new(self.began_at, policy.settings.timeouts.total);
        let timeouts = &policy.settings.timeouts;
        let own_time = timeouts.first_byte.min(timeouts.total / 2);
        let soft_at = soft.map(|soft| self.ports.now().plus(soft));
        let failed = |cause, retry_after| {
            Waited::Failed(Box::new(Failed { last: None, cause, stop: Stop::Deadline, retry_after }))
        };
        let mut may_ask_at_last = true;
        loop {
            let now = self.ports.now();
            let (left, me) = (deadline.left(now), self.client());
            let is_last_chance = left <= own_time && std::mem::replace(&mut may_ask_at_last, left > own_time);
            let step = match flight.next(me, self.began_at, has_copy, soft.is_none(), now) {
                Step::Wait(_) if left.is_zero() => {
                    return failed(Cause::Failure(Failure::NoHeaderInTime), None);
                }
                // There is just the time for an attempt.
                Step::Wait(_) if is_last_chance && flight.asks_at_last(me, now) => Step::Ask,
                step @ (Step::End(_) | Step::Ask | Step::Wait(_) | Step::Anew) => step,
            };
            let mut span = match step {
                Step::End(FlightResult::Stored) => return Waited::LookAgain,
                Step::End(FlightResult::NotShared) => {
                    trail.waits = MOST_WAITS;
                    return Waited::LookAgain;
                }
                Step::End(FlightResult::Failed { cause, retry_after }) => return failed(cause, retry_after),
                Step::Ask => {
                    let may_lead = self.may_lead(policy, has_copy);
                    trail.lead = trail.waited_for.clone().map(|key| {
                        let turned = Some((self.ports.signal(), may_lead));
                        Lead { key, flight, asked_at: now, turned }
                    });
                    return Waited::LookAgain;
                }
                Step::Anew => {
                    trail.waited_for = None;
                    return Waited::LookAgain;
                }
                Step::Wait(span) => span,
            };
            let until_last = if may_ask_at_last { left.saturating_sub(own_time) } else { left };
            if let Some(soft_at) = soft_at {
                if soft_at <= now {
                    return Waited::Slow;
                }
                span = span.min(soft_at.since(now));
            }
            self.ports.wait(&flight.signal, span.min(until_last)).await;
        }
    }

    /// Whether `found` is stale, but was fetched or validated while this request waited for just that: the fetch was
    /// sent after the request came, and is its own as much as anybody's (RFC 9111 §4).
    pub(super) fn was_validated_for(
        &self,
        policy: &Policy<'_>,
        found: &Found<P::Body>,
        trail: &Trail<P::Signal>,
    ) -> bool {
        trail.waits > 0
            && found.stored.requested_at >= self.began_at
            && !found.stored.outdated
            && policy.asked.min_fresh.is_none()
            && can_be_validated_together(&found.stored)
    }

    /// Tells those who wait that `stored` is in the store, if others may have it as it is or have it validated
    /// together; if not, nobody waits for its like for a while.
    fn settle_stored(&self, policy: &Policy<'_>, lead: Lead<P::Signal>, stored: &Stored) {
        let now = self.ports.now();
        let settings = &policy.settings.cache;
        let result = match judge(stored, &RequestDirectives::default(), settings, now) {
            Verdict::Fresh | Verdict::StaleWhileRevalidate => FlightResult::Stored,
            Verdict::Stale | Verdict::StaleAccepted if can_be_validated_together(stored) => {
                FlightResult::Stored
            }
            Verdict::Stale | Verdict::StaleAccepted => FlightResult::NotShared,
        };
        self.settle(&lead, result);
    }

    /// Tells those who wait what came of storing `entry`.
    pub(super) fn settle_saved(
        &self,
        policy: &Policy<'_>,
        lead: Option<Lead<P::Signal>>,
        entry: Entry,
        saved: bool,
    ) {
        match (lead, entry) {
            (Some(lead), Entry::Response(stored)) if saved => self.settle_stored(policy, lead, &stored),
            (Some(lead), _) => self.settle(&lead, FlightResult::NotShared),
            (None, _) => {}
        }
    }

    /// Ends a fetch that came to nothing that is stored.
    pub(super) fn settle_rest(&self, trail: &mut Trail<P::Signal>) {
        if let (Some(cause), Some(key)) = (trail.cause, &trail.key)
            && !is_own_affair(cause)
        {
            self.isolate().bring_together(key);
            // The URL's own, also where `key` is one variant's.
            self.isolate().expect_hits(self.key());
        }
        let Some(lead) = trail.lead.take() else { return };
        match trail.cause {
            // A hit after all: the others have it too.
            None if trail.attempts.is_empty() => self.finish_flight(&lead, FlightResult::Stored),
            None => self.settle(&lead, FlightResult::NotShared),
            // Nothing was tried, and the others will find that out as quickly.
            Some(Cause::CircuitOpen(_) | Cause::Failure(Failure::CircuitOpen)) => {
                self.finish_flight(&lead, FlightResult::NotShared);
            }
            Some(cause) if is_own_affair(cause) => self.settle(&lead, FlightResult::NotShared),
            Some(cause) => {
                self.finish_flight(&lead, FlightResult::Failed { cause, retry_after: trail.retry_after });
            }
        }
    }

    /// Tells those who wait what came of it. If it is not to be shared, nobody waits for its like for a while; an answer
    /// that was somebody's own from the start says nothing of it.
    fn settle(&self, lead: &Lead<P::Signal>, result: FlightResult) {
        let is_like_others = lead.turned.as_ref().is_none_or(|(_, may_lead)| *may_lead);
        if result == FlightResult::NotShared && is_like_others {
            self.isolate().keep_apart(&lead.key, self.ports.now());
        }
        self.finish_flight(lead, result);
    }

    pub(super) fn finish_flight(&self, lead: &Lead<P::Signal>, result: FlightResult) {
        self.isolate().settle(&lead.key, &lead.flight, self.client(), lead.asked_at, result);
        self.ports.notify(&lead.flight.signal);
        if let Some((own, _)) = &lead.turned {
            self.ports.notify(own);
        }
    }

    /// Notes that the origin has answered, and that the body is being stored as it comes.
    pub(super) fn storing(&self, trail: &Trail<P::Signal>) {
        if let Some(lead) = &trail.lead
            && lead.flight.is_being_stored(self.ports.now())
        {
            self.ports.notify(&lead.flight.signal);
        }
    }
}

/// Whether one fetch can answer several requests that came before it was sent, though its answer is stale at once: its
/// origin says for how long it is fresh, if only zero. One that says nothing about it is shown to others when the
/// origin fails, and never while all is well; `no-cache` wants each request forwarded (RFC 9111 §5.2.2.4).
fn can_be_validated_together(stored: &Stored) -> bool {
    !ResponseDirectives::of(&stored.headers).no_cache && freshness::is_explicit(stored)
}

/// Whether a failure may be that of one request alone: an application's 500 is often brought about by what somebody sent,
/// and so is a 429.
fn is_own_affair(cause: Cause) -> bool {
    match cause.shown() {
        Cause::OriginStatus(status) => !is_transient(status.as_u16()),
        Cause::Failure(failure) => failure == Failure::Internal,
        Cause::CircuitOpen(_) | Cause::Maintenance => true,
    }
}
