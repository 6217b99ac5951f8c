//! Request collapsing: of several requests for one key that have to be fetched, one fetches and the others wait.
//!
//! What one request holds of the platform, another must not touch, so nothing is handed over: those who waited look
//! into the store themselves, ask in their turn, or learn that the origin failed; [`Flight`] says which. A request waits
//! as long as the answer can still come in time. Once its own time is up, its stale copy stands in.

use std::rc::Rc;
use std::time::Duration;

use http::{Method, header};

use super::context::Context;
use super::lead::{Lead, can_be_validated_together};
use super::lookup::{Found, InStore, Lookup};
use super::pursued::Failed;
use super::select_origin;
use crate::cache::key::Key;
use crate::isolate::Role;
use crate::isolate::flight::{Flight, FlightResult, Step};
use crate::origin::deadline::Deadline;
use crate::origin::failure::Failure;
use crate::origin::is_transient;
use crate::origin::retry::Repeatable;
use crate::ports::{Memory, Ports};
use crate::response::error::Cause;
use crate::time::Timestamp;

/// The platform ends what goes on behind an answer after this long.
pub(super) const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

/// How often one request waits: for the fetch that is under way, for one that was sent after it came, and once more
/// should the answers differ by `Vary`.
const MOST_WAITS: usize = 3;

/// What a request has to do with the fetches of others so far.
pub(super) struct Sharing<P: Ports> {
    /// The fetch that it leads.
    pub lead: Option<Lead<P>>,
    waits: usize,
    /// The key for which it has waited last.
    waited_for: Option<Key>,
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

/// How the walk of a request ended, for those who wait for it.
pub(super) enum Ending {
    /// The store had the answer after all.
    Hit,
    /// The origin answered, and nothing was stored.
    Answered,
    /// The origin failed.
    Failed { cause: Cause, retry_after: Option<Duration> },
    /// The client left.
    ClientGone,
}

impl<P: Ports> Default for Sharing<P> {
    fn default() -> Self {
        Self { lead: None, waits: 0, waited_for: None }
    }
}

impl<P: Ports> Sharing<P> {
    /// That of work behind an answer, which waits for nobody.
    pub fn leading(lead: Option<Lead<P>>) -> Self {
        Self { lead, ..Self::default() }
    }

    pub fn has_waited(&self) -> bool {
        self.waits > 0
    }

    /// From now on this request asks for itself.
    pub fn wait_no_more(&mut self) {
        self.waits = usize::MAX;
    }

    /// Whether `found` is stale, but was fetched or validated while this request waited for just that: the fetch was
    /// sent after the request came, and is its own as much as anybody's (RFC 9111 §4).
    pub fn was_validated_for(&self, ctx: &Context<P>, found: &Found<P::Body>) -> bool {
        self.has_waited()
            && found.stored.requested_at >= ctx.began_at
            && !found.stored.outdated
            && ctx.policy.asked.min_fresh.is_none()
            && can_be_validated_together(&found.stored)
    }

    /// Tells those who wait how the walk ended.
    pub fn settle(self, ctx: &Context<P>, in_store: &InStore, ending: Ending) {
        if let (Ending::Failed { cause, .. }, Some(key)) = (&ending, &in_store.key)
            && !is_own_affair(*cause)
        {
            ctx.isolate().bring_together(key);
            // The URL's own, also where `key` is one variant's.
            ctx.isolate().expect_hits(ctx.key());
        }
        let Some(lead) = self.lead else { return };
        match ending {
            Ending::Hit => lead.finish(FlightResult::Stored),
            Ending::Answered => lead.not_shared(),
            // Nothing was tried, and the others will find that out as quickly.
            Ending::Failed {
                cause: Cause::CircuitOpen(_) | Cause::Failure(Failure::CircuitOpen), ..
            } => {
                lead.finish(FlightResult::NotShared);
            }
            Ending::Failed { cause, .. } if is_own_affair(cause) => lead.not_shared(),
            Ending::Failed { cause, retry_after } => {
                lead.finish(FlightResult::Failed { cause, retry_after });
            }
            Ending::ClientGone => drop(lead),
        }
    }
}

/// Decides whether a request that the store does not answer asks the origin or waits for another one that does.
pub(super) fn flight_ahead<P: Ports>(
    ctx: &Context<P>,
    lookup: &Lookup<P::Body>,
    sharing: &mut Sharing<P>,
) -> Option<Rc<Flight<P::Signal>>> {
    if sharing.lead.is_some() {
        return None;
    }
    // An answer that was requested before this request came is no validation for it (RFC 9111 §5.2.1.4).
    let key = lookup.key().filter(|_| ctx.request.method == Method::GET && !ctx.policy.asked.no_cache)?;
    // What is not going to be stored cannot be waited for.
    if ctx.drill.is_some() || matches!(lookup, Lookup::HitForMiss { .. }) {
        return None;
    }
    // Nor is there anything to wait for while all circuits are open.
    if !select_origin::can_bear(ctx, &[]).contains(&true) {
        return None;
    }
    let has_copy = lookup.found().is_some();
    // A part of what is not stored comes sooner than the whole. And where waiting has brought nothing, it will not.
    let is_part = ctx.request.headers.contains_key(header::RANGE);
    let waited_in_vain = sharing.waited_for.as_ref() == Some(key);
    if sharing.waits >= MOST_WAITS || !has_copy && (is_part || waited_in_vain) {
        return None;
    }
    match role(ctx, key, may_lead(ctx, has_copy)) {
        Role::Alone => None,
        Role::Leader(flight) => {
            sharing.lead = Some(Lead::first(ctx, key.clone(), flight));
            None
        }
        Role::Follower(flight) => {
            sharing.waits += 1;
            sharing.waited_for = Some(key.clone());
            Some(flight)
        }
    }
}

/// Whether the answer to this request is likely to be that to others. A request that is not retried fails sooner.
fn may_lead<P: Ports>(ctx: &Context<P>, has_copy: bool) -> bool {
    ctx.policy.repeatable == Repeatable::Repeatable && !ctx.presented().is_personal(has_copy)
}

/// The role of this request in the fetch of `key`.
pub(super) fn role<P: Ports>(ctx: &Context<P>, key: &Key, may_lead: bool) -> Role<P::Signal> {
    let timeouts = &ctx.policy.settings.timeouts;
    let at_most = timeouts.total.saturating_add(timeouts.idle).min(LONGEST_WORK_BEHIND);
    ctx.isolate().role(key, may_lead, ctx.client(), at_most, ctx.now(), || ctx.ports().signal())
}

/// How a follower waits.
struct Patience {
    deadline: Deadline,
    /// The time that one attempt of its own takes.
    own_time: Duration,
    soft_at: Option<Timestamp>,
    may_ask_at_last: bool,
}

/// Waits for another request's fetch, until `soft` has passed at most where a copy can answer. With `has_copy`, a copy can
/// answer once the origin fails.
pub(super) async fn wait<P: Ports>(
    ctx: &Context<P>,
    flight: Rc<Flight<P::Signal>>,
    soft: Option<Duration>,
    has_copy: bool,
    sharing: &mut Sharing<P>,
) -> Waited<P::Body> {
    let timeouts = &ctx.policy.settings.timeouts;
    let mut patience = Patience {
        deadline: Deadline::new(ctx.began_at, timeouts.total),
        own_time: timeouts.first_byte.min(timeouts.total / 2),
        soft_at: soft.map(|soft| ctx.now().plus(soft)),
        may_ask_at_last: true,
    };
    loop {
        let now = ctx.now();
        let mut span = match patience.next(ctx, &flight, has_copy, now) {
            Step::Wait(_) if patience.deadline.left(now).is_zero() => {
                return failed(Cause::Failure(Failure::NoHeaderInTime), None);
            }
            Step::Wait(span) => span,
            Step::End(FlightResult::Stored) => return Waited::LookAgain,
            Step::End(FlightResult::NotShared) => {
                sharing.waits = MOST_WAITS;
                return Waited::LookAgain;
            }
            Step::End(FlightResult::Failed { cause, retry_after }) => return failed(cause, retry_after),
            Step::Ask => {
                let may_lead = may_lead(ctx, has_copy);
                let key = sharing.waited_for.clone();
                sharing.lead = key.map(|key| Lead::next(ctx, key, flight, may_lead, now));
                return Waited::LookAgain;
            }
            Step::Anew => {
                sharing.waited_for = None;
                return Waited::LookAgain;
            }
        };
        if let Some(soft_at) = patience.soft_at {
            if soft_at <= now {
                return Waited::Slow;
            }
            span = span.min(soft_at.since(now));
        }
        ctx.ports().wait(&flight.signal, span.min(patience.until_last(now))).await;
    }
}

impl Patience {
    /// What the flight says, or to ask where there is just the time for an attempt.
    fn next<P: Ports>(
        &mut self,
        ctx: &Context<P>,
        flight: &Flight<P::Signal>,
        has_copy: bool,
        now: Timestamp,
    ) -> Step {
        let (left, client) = (self.deadline.left(now), ctx.client());
        let is_last_chance =
            left <= self.own_time && std::mem::replace(&mut self.may_ask_at_last, left > self.own_time);
        match flight.next(client, ctx.began_at, has_copy, self.soft_at.is_none(), now) {
            Step::Wait(_) if !left.is_zero() && is_last_chance && flight.asks_at_last(client, now) => {
                Step::Ask
            }
            step @ (Step::End(_) | Step::Ask | Step::Wait(_) | Step::Anew) => step,
        }
    }

    fn until_last(&self, now: Timestamp) -> Duration {
        let left = self.deadline.left(now);
        if self.may_ask_at_last { left.saturating_sub(self.own_time) } else { left }
    }
}

fn failed<B>(cause: Cause, retry_after: Option<Duration>) -> Waited<B> {
    Waited::Failed(Box::new(Failed::without_attempt(cause, retry_after)))
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
