//! The attempts at the origins: one after another, until one succeeds or none is worth making.

use std::time::Duration;

use super::apart::{apart, aside};
use super::attempt::{Tried, Try, attempt};
use super::circuit_hints;
use super::context::Context;
use super::pursued::{Made, Pursued};
use super::received::Received;
use super::select_origin::{self, Selected};
use super::upload::Upload;
use crate::cache::entry::Stored;
use crate::origin::breaker::Permit;
use crate::origin::deadline::Deadline;
use crate::origin::failure::Failure;
use crate::origin::retry::{self, Next, Repeatable, Situation, Stop};
use crate::origin::{Attempt, AttemptResult, HealthSignal, backoff};
use crate::ports::{Clock, Dice, Memory, Ports};
use crate::time::Timestamp;

/// A failure at an origin that counts if no retry gets past it.
struct Pending {
    origin: usize,
    permit: Permit,
    result: AttemptResult,
    retry_after: Option<Duration>,
}

/// The attempts of one request so far.
struct Progress {
    repeatable: Repeatable,
    attempts: Vec<Attempt>,
    /// The last attempt at each origin, if it failed.
    pending: Vec<Pending>,
}

/// Tries until an attempt succeeds or no other is worth making, first where `first` says. If that is a reason against any,
/// none is made. With `revalidates`, the origin is asked for an answer only if it has changed (RFC 9111 §4.3.1).
pub(super) async fn pursue<P: Ports>(
    ctx: &Context<P>,
    mut upload: Upload<P::Upload>,
    first: Result<Selected, Stop>,
    revalidates: Option<&Stored>,
) -> Pursued<P::Body> {
    let deadline = Deadline::new(upload.ready_at, ctx.policy.settings.timeouts.total);
    let mut progress = Progress { repeatable: upload.repeatable, attempts: Vec::new(), pending: Vec::new() };
    let (mut selected, mut waited) = match first {
        Ok(first) => (first, Duration::ZERO),
        Err(stop) => return Pursued::NotTried(stop),
    };
    let (last, stop, retry_after) = loop {
        let number = progress.attempts.len() + 1;
        let is_for_store = ctx.policy.lookup.is_ok();
        let next = Try { number, waited, origin: selected.origin, deadline, revalidates, is_for_store };
        let began_at = ctx.now();
        let (result, last) = match send(ctx, &next, upload.next(ctx.ports()), &selected.permit).await {
            Ok(tried) => tried,
            Err(lapse) => {
                select_origin::give_back(ctx, selected.origin, selected.permit);
                return Pursued::ClientGone(lapse);
            }
        };
        let now = ctx.now();
        let retry_after = asked_pause(ctx, result, last.as_deref(), now);
        let is_cut_short = is_cut_short(ctx, deadline.limit(began_at, first_byte(ctx)), result);
        let took = now.since(began_at);
        let attempt = Attempt { origin: selected.origin, waited, took, end: result, is_cut_short };
        progress.take_in(ctx, attempt, selected.permit, retry_after).await;
        match progress.next(ctx, retry_after, deadline.left(now)) {
            Err(stop) => break (last, stop, retry_after),
            Ok((next, wait)) => {
                if let Some(received) = last {
                    received.discard(ctx.ports());
                }
                (selected, waited) = (next, wait);
                ctx.ports().sleep(waited).await;
            }
        }
    };
    // What a retry at the same origin got past has not failed.
    for Pending { origin, permit, result, retry_after } in progress.pending {
        select_origin::record_failure(ctx, origin, permit, result, retry_after);
    }
    Pursued::of(last, Made { attempts: progress.attempts, stop }, retry_after, &ctx.policy)
}

/// Makes one attempt. A probe goes on when its client leaves, as others wait for its result.
async fn send<P: Ports>(
    ctx: &Context<P>,
    next: &Try<'_>,
    upload: Option<P::Upload>,
    permit: &Permit,
) -> Tried<P::Body> {
    let kept_alive = permit.is_probe().then(|| ctx.ports().signal());
    let tried = attempt(ctx, next, upload).await;
    if let Some(kept_alive) = kept_alive {
        ctx.ports().notify(&kept_alive);
    }
    tried
}

/// How long the origin asked to be left alone, in an answer that is not simply passed on.
fn asked_pause<P: Ports>(
    ctx: &Context<P>,
    result: AttemptResult,
    received: Option<&Received<P::Body>>,
    now: Timestamp,
) -> Option<Duration> {
    let is_final = retry::is_final(result, &ctx.policy.settings.retry);
    let failed = received.filter(|received| !is_final || ctx.policy.is_failure(received.status));
    failed.and_then(|received| backoff::retry_after(&received.headers, now))
}

/// Whether an attempt used up a `limit` that was less than what the settings give it: that says nothing of the origin.
fn is_cut_short<P: Ports>(ctx: &Context<P>, limit: Duration, result: AttemptResult) -> bool {
    limit < first_byte(ctx).min(ctx.policy.settings.timeouts.total)
        && result == AttemptResult::Failed(Failure::NoHeaderInTime, None)
}

fn first_byte<P: Ports>(ctx: &Context<P>) -> Duration {
    ctx.policy.settings.timeouts.first_byte
}

impl Progress {
    /// Records an attempt, and reads what others know of the origin after its first failure.
    async fn take_in<P: Ports>(
        &mut self,
        ctx: &Context<P>,
        attempt: Attempt,
        permit: Permit,
        retry_after: Option<Duration>,
    ) {
        let (origin, result) = (attempt.origin, attempt.end);
        let counts = !attempt.is_cut_short;
        select_origin::record(ctx, origin, permit, Some(result).filter(|_| counts));
        if counts {
            self.pending.retain(|pending| pending.origin != origin);
        }
        if result.health_signal() == HealthSignal::Unhealthy && counts {
            if !self.attempts.iter().any(|before| before.origin == origin) {
                apart(circuit_hints::read(ctx, origin)).await;
            }
            if select_origin::counts_at_once(&attempt) {
                select_origin::record_failure(ctx, origin, permit, result, retry_after);
            } else {
                self.pending.push(Pending { origin, permit, result, retry_after });
            }
        }
        self.attempts.push(attempt);
    }

    /// Where to try next, and after which wait; or why not.
    fn next<P: Ports>(
        &self,
        ctx: &Context<P>,
        retry_after: Option<Duration>,
        left: Duration,
    ) -> Result<(Selected, Duration), Stop> {
        let settings = &ctx.policy.settings.retry;
        if self.attempts.last().is_some_and(|last| retry::is_final(last.end, settings)) {
            return Err(Stop::Final);
        }
        aside(|| {
            let can_bear = select_origin::can_bear(ctx, &self.attempts);
            let situation = Situation {
                attempts: &self.attempts,
                origins: can_bear.len(),
                can_bear: &can_bear,
                repeatable: self.repeatable,
                safe: ctx.request.is_safe(),
                settings,
                least: ctx.policy.least_attempt(),
                left,
                retry_after,
            };
            match retry::next(&situation, ctx.ports().roll()) {
                Next::Stop(stop) => Err(stop),
                Next::Attempt { origin, wait } => {
                    let permit = select_origin::acquire(ctx, origin, &self.attempts);
                    let permit = permit.ok_or(Stop::Overburdened)?;
                    Ok((Selected { origin, permit }, wait))
                }
            }
        })
    }
}
