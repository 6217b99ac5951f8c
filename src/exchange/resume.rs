//! A body that breaks off in mid-stream, resumed from where it stopped.
//!
//! Only where the rest is certain to be that of the same bytes: see [`resumption`](crate::body::resumption).

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};

use super::context::Context;
use super::select_origin;
use crate::body::resumption::Whole;
use crate::origin::deadline::Deadline;
use crate::origin::forward::Forward;
use crate::origin::{AttemptResult, HealthSignal, backoff, failure};
use crate::ports::{Clock, Dice, Ended, Fetched, Origin, Ports, Rest, Resume};

/// A body on its way, and what its rest is requested with.
struct Begun {
    forward: Forward,
    origin: usize,
    whole: Whole,
    /// How long a rest may take to begin, with all its attempts.
    within: Duration,
    resumed: Rc<Cell<u32>>,
}

/// How to resume this body, should it break off; `None` if the rest could not be relied on. `idle` is the longest silence
/// of the body: its rest has as long to begin. `resumed` counts how often it was resumed.
pub(super) fn resume<P: Ports>(
    ctx: &Context<P>,
    forward: &Forward,
    origin: usize,
    status: u16,
    headers: &HeaderMap,
    idle: Option<Duration>,
    resumed: &Rc<Cell<u32>>,
) -> Option<Resume<P::Body>> {
    let may_resume = ctx.policy.settings.body.resume && ctx.request.method == Method::GET;
    let mut whole = Whole::of(status, headers).filter(|_| may_resume)?;
    let digest = whole.digest.take();
    let mut forward = forward.clone();
    for name in [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
        forward.take_off(&name);
    }
    forward.set(header::IF_RANGE, whole.tag.clone());
    let total = ctx.policy.settings.timeouts.total;
    let within = idle.map_or(total, |idle| idle.min(total));
    let begun = Rc::new(Begun { forward, origin, whole, within, resumed: Rc::clone(resumed) });
    let ctx = ctx.clone();
    let rest: Box<Rest<P::Body>> = Box::new(move |at| {
        let (ctx, begun) = (ctx.clone(), Rc::clone(&begun));
        Box::pin(async move { rest_of(&ctx, &begun, at).await })
    });
    Some(Resume { rest, digest })
}

/// What follows byte `at`, and how long the whole is; requested as often as a request may be retried, and as its
/// [allowance](super::allowance) is not used up.
async fn rest_of<P: Ports>(ctx: &Context<P>, begun: &Begun, at: u64) -> Option<(P::Body, u64)> {
    let whole = &begun.whole;
    let mut forward = begun.forward.clone();
    let settings = &ctx.policy.settings;
    let deadline = Deadline::new(ctx.now(), begun.within);
    forward.set(header::RANGE, HeaderValue::try_from(format!("bytes={at}-")).ok()?);
    for number in 1..=settings.retry.attempts {
        if !ctx.store().allowance().take_fetch() {
            return None;
        }
        let waited = backoff::wait(&settings.retry, number, ctx.ports().roll());
        ctx.ports().sleep(waited).await;
        let number = number as usize + 1;
        forward.mark_retry(number);
        let Some(fetched) = fetch(ctx, begun.origin, &forward, deadline, (number, waited)).await? else {
            continue;
        };
        if let Some(length) = whole.continues(fetched.status, &fetched.headers, at) {
            // What the first part says holds for those that follow.
            whole.length.set(Some(length));
            begun.resumed.set(begun.resumed.get() + 1);
            return Some((fetched.body, length));
        }
        let Fetched { status, body, .. } = fetched;
        ctx.ports().cancel(body);
        // A 200 is another representation by now. Only an error may pass.
        if !matches!(status, 500..=599) {
            return None;
        }
    }
    None
}

/// One request for the rest; `None` if it may not be sent, `Some(None)` if it failed.
async fn fetch<P: Ports>(
    ctx: &Context<P>,
    origin: usize,
    forward: &Forward,
    deadline: Deadline,
    (number, waited): (usize, Duration),
) -> Option<Option<Fetched<P::Body>>> {
    let timeouts = &ctx.policy.settings.timeouts;
    let limit = deadline.limit(ctx.now(), timeouts.first_byte);
    if limit.is_zero() {
        return None;
    }
    let permit = select_origin::acquire_retry(ctx, origin)?;
    let span = P::Span::default();
    let fetched = ctx.ports().fetch(forward, None, limit, timeouts.idle, None, &span).await;
    let result = match &fetched {
        Ok(fetched) => failure::of_status(fetched.status, None)
            .map_or(AttemptResult::Answered(fetched.status), |failure| {
                AttemptResult::Failed(failure, Some(fetched.status))
            }),
        Err(rejection) => AttemptResult::Failed(failure::of_rejected_fetch(rejection), None),
    };
    let result_of = Some(result);
    ctx.ports().end_span(span, &Ended { id: &ctx.request.id, number, waited, result: result_of });
    select_origin::record(ctx, origin, permit, result_of);
    if result.health_signal() == HealthSignal::Unhealthy {
        select_origin::record_failure(ctx, origin, permit, result, None);
    }
    Some(fetched.ok())
}
