//! Which origin may get an attempt, by breaker and budget; and what each request tells them.

use std::time::Duration;

use super::circuit_hints;
use super::context::Context;
use super::copies::can_bridge;
use super::observing;
use crate::cache::entry::Stored;
use crate::origin::breaker::{Decision, FailedRequest, LONG_ATTEMPT, OpenCircuit, Permit};
use crate::origin::retry::Stop;
use crate::origin::{Attempt, AttemptResult};
use crate::ports::{Dice, Ports};

/// An origin that may get an attempt.
pub(super) struct Selected {
    pub origin: usize,
    /// Has to be given back with the result of the attempt.
    pub permit: Permit,
}

/// The first origin, in order of preference, whose circuits are closed for what the request needs. If load is returning to
/// it, and `stored` can answer meanwhile, some requests are spared.
pub(super) fn first<P: Ports>(ctx: &Context<P>, stored: Option<&Stored>) -> Result<Selected, Stop> {
    let mut soonest: Option<OpenCircuit> = None;
    for origin in 0..ctx.config.origin_count() {
        match admit(ctx, origin) {
            Decision::RampUp(permit) if can_bridge(ctx, stored) => {
                give_back(ctx, origin, permit);
                return Err(Stop::RampUp);
            }
            Decision::Admit(permit) | Decision::RampUp(permit) => {
                deposit(ctx, origin);
                return Ok(Selected { origin, permit });
            }
            Decision::Refuse(open) => {
                let is_sooner = |known: &OpenCircuit| known.retry_after <= open.retry_after;
                soonest = soonest.filter(is_sooner).or(Some(open));
            }
        }
    }
    // There is at least one origin, so one has refused.
    Err(soonest.map_or(Stop::Hopeless, Stop::CircuitOpen))
}

/// Which origins can bear another attempt of this request, by breaker and budget.
pub(super) fn can_bear<P: Ports>(ctx: &Context<P>, attempts: &[Attempt]) -> Vec<bool> {
    let (settings, now, place) = (&ctx.policy.settings, ctx.now(), ctx.place());
    let bears = |origin| {
        let is_retry = attempts.iter().any(|attempt| attempt.origin == origin);
        ctx.isolate().origin_state(origin, |state| {
            let is_free = settings.retry.budget.is_none() || !is_retry;
            (is_free || state.budget.may_retry(state.breaker.was_well(place)))
                && state.breaker.refusal(place, || ctx.witness(), &settings.breaker, now).is_none()
        })
    };
    (0..ctx.config.origin_count()).map(bears).collect()
}

/// Takes what another attempt at `origin` costs; `None` if another request was quicker. The first attempt at an origin is
/// no retry there, and adds to its budget.
pub(super) fn acquire<P: Ports>(ctx: &Context<P>, origin: usize, attempts: &[Attempt]) -> Option<Permit> {
    if attempts.iter().any(|attempt| attempt.origin == origin) {
        return acquire_retry(ctx, origin);
    }
    let permit = admit(ctx, origin).permit()?;
    deposit(ctx, origin);
    Some(permit)
}

/// The same for an origin that has had an attempt of this request.
pub(super) fn acquire_retry<P: Ports>(ctx: &Context<P>, origin: usize) -> Option<Permit> {
    let permit = admit(ctx, origin).permit()?;
    let place = ctx.place();
    let pays =
        || ctx.isolate().origin_state(origin, |state| state.budget.withdraw(state.breaker.was_well(place)));
    if ctx.policy.settings.retry.budget.is_none() || pays() {
        return Some(permit);
    }
    give_back(ctx, origin, permit);
    None
}

/// Gives back a permit with which nothing was sent.
pub(super) fn give_back<P: Ports>(ctx: &Context<P>, origin: usize, permit: Permit) {
    record(ctx, origin, permit, None);
}

/// Records the result of an attempt; `None` if it says nothing about the origin.
pub(super) fn record<P: Ports>(
    ctx: &Context<P>,
    origin: usize,
    permit: Permit,
    result: Option<AttemptResult>,
) {
    let (settings, now, place) = (&ctx.policy.settings.breaker, ctx.now(), ctx.place());
    ctx.isolate().origin_state(origin, |state| state.breaker.record(place, permit, result, settings, now));
    if let Some(result) = result {
        observing::attempt(ctx, origin, result, false);
    }
}

/// Whether a failed attempt counts before its request has come to its end.
pub(super) fn counts_at_once(attempt: &Attempt) -> bool {
    attempt.took >= LONG_ATTEMPT
}

/// Records that this request failed at `origin`, where its last attempt came to `result`. If that opened a circuit, the
/// data centre learns of it, but not of a drill.
pub(super) fn record_failure<P: Ports>(
    ctx: &Context<P>,
    origin: usize,
    permit: Permit,
    result: AttemptResult,
    retry_after: Option<Duration>,
) {
    let (settings, now) = (&ctx.policy.settings.breaker, ctx.now());
    let failed =
        FailedRequest { place: ctx.place(), client: ctx.witness(), end: result, permit, retry_after };
    let opened =
        ctx.isolate().origin_state(origin, |state| state.breaker.record_failure(&failed, settings, now));
    observing::lost(ctx, origin, result);
    if let Some(opened) = opened.filter(|_| ctx.drill.is_none()) {
        circuit_hints::share(ctx, origin, opened);
    }
}

fn admit<P: Ports>(ctx: &Context<P>, origin: usize) -> Decision {
    let (roll, now, place) = (ctx.ports().roll(), ctx.now(), ctx.place());
    let settings = &ctx.policy.settings.breaker;
    ctx.isolate()
        .origin_state(origin, |state| state.breaker.admit(place, || ctx.witness(), settings, roll, now))
}

fn deposit<P: Ports>(ctx: &Context<P>, origin: usize) {
    let (settings, now) = (&ctx.policy.settings.retry, ctx.now());
    ctx.isolate().origin_state(origin, |state| state.budget.deposit(settings, now));
}
