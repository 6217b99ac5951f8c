//! One attempt: a fetch from one origin, and its answer guarded.

use std::rc::Rc;
use std::time::Duration;

use http::HeaderMap;

use super::apart::{apart, aside};
use super::context::Context;
use super::doubt::lacks_marker;
use super::received::{Guarded, Received};
use super::resume;
use crate::body::{self, Plan};
use crate::cache::entry::Stored;
use crate::cache::{purge, validation};
use crate::origin::AttemptResult;
use crate::origin::deadline::Deadline;
use crate::origin::failure::{self, Failure, Lapse, Rejection};
use crate::origin::forward::{self, Forward};
use crate::ports::{Ended, Fetched, Held, HoldFirst, Origin, Ports};

/// Enough of a 530's body to find its 1xxx code: the plain form is 16 bytes, the HTML form has the code in
/// its title.
const PEEK_BYTES: u64 = 4096;

/// What one attempt needs to know.
pub(super) struct Try<'a> {
    /// Counted from 1.
    pub number: usize,
    /// The wait before it.
    pub waited: Duration,
    pub origin: usize,
    pub deadline: Deadline,
    /// The copy that the attempt asks to revalidate (RFC 9111 §4.3.1).
    pub revalidates: Option<&'a Stored>,
    /// Whether the answer may be stored, so that the origin gets the head that selects stored responses.
    pub is_for_store: bool,
}

/// The result of an attempt, and the answer if there is one; or why the client failed to send its body.
pub(super) type Tried<B> = Result<(AttemptResult, Option<Box<Received<B>>>), Lapse>;

pub(super) async fn attempt<P: Ports>(
    ctx: &Context<P>,
    attempt: &Try<'_>,
    upload: Option<P::Upload>,
) -> Tried<P::Body> {
    let span = P::Span::default();
    let tried = try_once(ctx, attempt, upload, &span).await;
    let result = tried.as_ref().ok().map(|(result, _)| *result);
    let Try { number, waited, .. } = *attempt;
    ctx.ports().end_span(span, &Ended { id: &ctx.request.id, number, waited, result });
    tried
}

async fn try_once<P: Ports>(
    ctx: &Context<P>,
    attempt: &Try<'_>,
    upload: Option<P::Upload>,
    span: &P::Span,
) -> Tried<P::Body> {
    let settings = &ctx.policy.settings;
    if let Some(drill) = &ctx.drill
        && let Some(result) = apart(drill.fail(ctx.ports(), &settings.timeouts, attempt.deadline)).await
    {
        return Ok((result, None));
    }
    let forward = head_for(ctx, attempt);
    let requested_at = ctx.now();
    let limit = attempt.deadline.limit(requested_at, settings.timeouts.first_byte);
    // A clock that was put forward leaves none of it.
    let limit = limit.max(ctx.policy.least_attempt());
    let hold = body::may_be_held_first(&ctx.request.method, forward.is_upgrade)
        .then(|| HoldFirst { limit: settings.body.buffer, within: attempt.deadline.left(requested_at) });
    // The fetches of all attempts are never more than it has.
    ctx.store().allowance().take_fetch();
    let mut fetched =
        match ctx.ports().fetch(&forward, upload, limit, settings.timeouts.idle, hold, span).await {
            Ok(fetched) => fetched,
            Err(rejection) => return failed(&rejection, failure::of_rejected_fetch, None),
        };
    let status = fetched.status;
    if let Some(failure) = failure_of(&forward, status) {
        let failure = apart(look_closer(ctx, failure, status, fetched.body)).await;
        return Ok((AttemptResult::Failed(failure, Some(status)), None));
    }
    let rewritten = forward::make_public(&mut fetched.headers, &ctx.config.origins, &ctx.request);
    let Fetched { headers: mut head, body, received_at, whole, .. } = fetched;
    let mut body = match guard(ctx, attempt, status, &head, body, whole).await {
        Ok(body) => body,
        Err(rejection) => return failed(&rejection, failure::of_rejected_body, Some(status)),
    };
    let lacks_marker = match &settings.cache.must_contain {
        Some(marker) => apart(lacks_marker(ctx, marker, status, &head, &body)).await,
        None => false,
    };
    let mut resumed = None;
    if let Guarded::Stream { is_endless: false, resume, idle, .. } = &mut body {
        let count = resumed.insert(Rc::default());
        *resume = resume::resume(ctx, &forward, attempt.origin, status, &head, *idle, count);
    }
    let Forward { unkeyed, identified, .. } = forward;
    purge::bound_tags(&mut head);
    let received = Received {
        status,
        headers: head,
        rewritten,
        body,
        unkeyed,
        identified,
        requested_at,
        received_at,
        resumed,
        lacks_marker,
    };
    Ok((AttemptResult::Answered(status), Some(Box::new(received))))
}

fn failed<B>(
    rejection: &Rejection,
    failure_of: impl FnOnce(&Rejection) -> Failure,
    status: Option<u16>,
) -> Tried<B> {
    let failed = || Ok((AttemptResult::Failed(failure_of(rejection), status), None));
    aside(|| rejection.lapse().map_or_else(failed, Err))
}

fn head_for<P: Ports>(ctx: &Context<P>, attempt: &Try<'_>) -> Forward {
    let origin = ctx.config.origins.get(attempt.origin);
    let mut forward = if attempt.is_for_store {
        ctx.presented().to(origin)
    } else {
        forward::forward(&ctx.request, origin, None)
    };
    if attempt.number > 1 {
        forward.mark_retry(attempt.number);
    }
    if let Some(stored) = attempt.revalidates {
        return forward.validating(validation::conditional_headers(stored));
    }
    forward
}

/// The failure that an answer is by its status alone, among them those that the platform makes in the origin's place.
fn failure_of(forward: &Forward, status: u16) -> Option<Failure> {
    if forward.is_upgrade && status == 101 {
        return None;
    }
    let refused = forward.is_upgrade && (200..300).contains(&status);
    failure::of_status(status, None).or(refused.then_some(Failure::UpgradeRefused))
}

/// The failure that a status says, by the body too where that tells more. Nobody gets the body.
async fn look_closer<P: Ports>(ctx: &Context<P>, failure: Failure, status: u16, body: P::Body) -> Failure {
    if status != 530 {
        ctx.ports().cancel(body);
        return failure;
    }
    let text = ctx.ports().peek(body, PEEK_BYTES, ctx.policy.settings.timeouts.idle).await;
    failure::of_status(status, Some(&text)).unwrap_or(failure)
}

/// Holds a small body until it is complete, unless it was fetched complete, `whole` bytes long.
async fn guard<P: Ports>(
    ctx: &Context<P>,
    attempt: &Try<'_>,
    status: u16,
    headers: &HeaderMap,
    body: P::Body,
    whole: Option<u64>,
) -> Result<Guarded<P::Body>, Rejection> {
    let settings = &ctx.policy.settings;
    if status == 101 {
        return Ok(Guarded::Bare(body));
    }
    // What was held first would have been held by its plan; one without a byte may be planned to have no body.
    if let Some(bytes) = whole.filter(|bytes| *bytes > 0) {
        return Ok(Guarded::Whole(body, bytes));
    }
    let length = match body::plan(&ctx.request.method, status, headers, settings) {
        Plan::None => return Ok(Guarded::Bare(body)),
        Plan::Stream { length, idle, is_endless } => {
            return Ok(Guarded::Stream { body, length, idle, is_endless, resume: None, begun: false });
        }
        Plan::Hold { length } => length,
    };
    if let Some(bytes) = whole {
        return Ok(Guarded::Whole(body, bytes));
    }
    let idle = settings.timeouts.idle;
    let within = attempt.deadline.left(ctx.now());
    match apart(ctx.ports().hold(body, length, settings.body.buffer, idle, within)).await {
        Held::Whole(body, bytes) => Ok(Guarded::Whole(body, bytes)),
        Held::Partial(body) => {
            let idle = Some(idle);
            Ok(Guarded::Stream { body, length, idle, is_endless: false, resume: None, begun: true })
        }
        Held::Torn(rejection) => Err(rejection),
    }
}
