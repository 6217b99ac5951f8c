//! The soft deadline: a stale copy answers in place of a slow origin, and the same fetch goes on behind it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use http::Method;

use super::context::Context;
use super::copies::can_bridge;
use super::lookup::Lookup;
use crate::ports::Ports;

/// What is left of the time for which a client waits although a copy could answer; `None` if it waits to the end.
pub(super) fn left<P: Ports>(ctx: &Context<P>, lookup: &Lookup<P::Body>) -> Option<Duration> {
    let soft =
        ctx.policy.settings.timeouts.serve_stale_after.filter(|_| ctx.request.method == Method::GET)?;
    can_bridge(ctx, lookup.found()).then(|| soft.saturating_sub(ctx.now().since(ctx.began_at)))
}

/// The result of `work`, if it comes before `limit` has passed.
pub(super) async fn within<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    limit: impl Future<Output = ()>,
) -> Option<T> {
    let mut limit = pin!(limit);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => limit.as_mut().poll(context).map(|()| None),
    })
    .await
}
