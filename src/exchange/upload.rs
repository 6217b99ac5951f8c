//! The request body: held where it may have to be sent again.

use std::time::Duration;

use http::Method;

use super::context::Context;
use crate::body;
use crate::origin::failure::Lapse;
use crate::origin::retry::Repeatable;
use crate::ports::{HeldUpload, Origin, Ports};
use crate::time::Timestamp;

/// A body that comes with GET or HEAD is held up to this size, even if `retry.replay_body` is less.
const LARGEST_WITH_GET: u64 = 1024 * 1024;

/// And for at most so long.
const LONGEST_WITH_GET: Duration = Duration::from_secs(60);

/// A request body that is ready to be sent.
pub(super) struct Upload<U> {
    body: Sendable<U>,
    /// Whether the request may be sent again, as far as head and body tell.
    pub repeatable: Repeatable,
    /// When the time of the attempts begins: how long the client took to send its body is not the origin's affair.
    pub ready_at: Timestamp,
}

/// How often a body can be sent.
enum Sendable<U> {
    Nothing,
    Once(Option<U>),
    Held(U),
}

impl<U> Upload<U> {
    /// That of a request without a body.
    pub fn nothing<P: Ports<Upload = U>>(ctx: &Context<P>) -> Self {
        Self { body: Sendable::Nothing, repeatable: ctx.policy.repeatable, ready_at: ctx.began_at }
    }

    /// The body for the next attempt.
    pub fn next(&mut self, ports: &impl Origin<Upload = U>) -> Option<U> {
        match &mut self.body {
            Sendable::Nothing => None,
            Sendable::Once(body) => body.take(),
            Sendable::Held(body) => Some(ports.again(body)),
        }
    }
}

/// Holds the request body if it may have to be sent again, but no longer than an origin may take to answer: the body of a
/// slow client is sent as it comes.
pub(super) async fn prepare<P: Ports>(
    ctx: &Context<P>,
    upload: Option<P::Upload>,
) -> Result<Upload<P::Upload>, Lapse> {
    let Some(upload) = upload else { return Ok(Upload::nothing(ctx)) };
    let (body, repeatable) = hold(ctx, upload).await?;
    Ok(Upload { body, repeatable, ready_at: ctx.now() })
}

async fn hold<P: Ports>(
    ctx: &Context<P>,
    upload: P::Upload,
) -> Result<(Sendable<P::Upload>, Repeatable), Lapse> {
    let policy = &ctx.policy;
    let (settings, timeouts) = (&policy.settings.retry, &policy.settings.timeouts);
    // With these methods the platform drops a body that is not whole, or of unknown length, without a word.
    let has_to_be_whole = matches!(ctx.request.method, Method::GET | Method::HEAD);
    let may_be_repeated = policy.repeatable == Repeatable::Repeatable && settings.attempts > 1;
    if !has_to_be_whole && !may_be_repeated {
        return Ok((Sendable::Once(Some(upload)), policy.repeatable));
    }
    let announced = body::content_length(&ctx.request.headers);
    let (limit, within) = match announced {
        _ if !has_to_be_whole => (settings.replay_body, timeouts.first_byte),
        Some(_) => (settings.replay_body.max(LARGEST_WITH_GET), LONGEST_WITH_GET),
        // One that turns out to be empty is none.
        None => (0, LONGEST_WITH_GET),
    };
    let too_large = if announced.is_some() { Lapse::TooLarge } else { Lapse::Unmeasured };
    if announced.is_some_and(|length| length > limit) {
        let streamed = || (Sendable::Once(Some(upload)), Repeatable::BodyTooLarge);
        return if has_to_be_whole { Err(too_large) } else { Ok(streamed()) };
    }
    let began_at = ctx.now();
    match ctx.ports().hold_upload(upload, announced, limit, timeouts.idle, within).await {
        HeldUpload::Whole(held) => Ok((Sendable::Held(held), policy.repeatable)),
        HeldUpload::Larger(_) if has_to_be_whole => {
            let is_late = ctx.now().since(began_at) >= within;
            Err(if is_late { Lapse::Stalled } else { too_large })
        }
        HeldUpload::Larger(streamed) => Ok((Sendable::Once(Some(streamed)), Repeatable::BodyTooLarge)),
        HeldUpload::Spoilt(lapse) => Err(lapse),
    }
}
