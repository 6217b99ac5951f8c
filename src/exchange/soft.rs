//! An origin that is merely slow: at the soft deadline a stale copy answers, and the same fetch goes on behind it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use http::Method;

use super::Exchange;
use super::answer::Draft;
use super::store::{Found, Lookup};
use super::trail::Trail;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::report::Outcome;

impl<P: Ports> Exchange<P> {
    /// What is left of the time for which a client waits although a copy could answer; `None` if it waits to the end.
    pub(super) fn soft_deadline(&self, policy: &Policy<'_>, lookup: &Lookup<P::Body>) -> Option<Duration> {
        let soft =
            policy.settings.timeouts.serve_stale_after.filter(|_| self.request.method == Method::GET)?;
        let may_answer = self.can_bridge(policy, lookup.found());
        may_answer.then(|| soft.saturating_sub(self.ports.now().since(self.began_at)))
    }

    /// Asks the origin, and answers with `found` if that takes longer than `soft`.
    pub(super) async fn pursue_softly(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        found: Found<P::Body>,
        soft: Duration,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let (this, stored) = (Rc::clone(self), found.stored.clone());
        let mut pursuit = Box::pin(async move {
            let policy = Policy::of(&this.config, &this.request);
            this.pursue(&policy, None, Some(&stored)).await
        });
        if let Some(pursuit) = within(pursuit.as_mut(), self.ports.sleep(soft)).await {
            return self.conclude(policy, Lookup::Found(found), pursuit, trail).await;
        }
        let (this, mut behind) = (Rc::clone(self), trail.behind(policy));
        (behind.key, behind.has_entry) = (Some(found.at.clone()), true);
        behind.replaces = self.protected(policy, Some(&found.stored));
        self.ports.spawn(async move {
            let policy = Policy::of(&this.config, &this.request);
            let pursuit = pursuit.await;
            this.conclude_behind(&policy, pursuit, behind).await;
        });
        self.slow_answer(policy, found, trail)
    }

    /// The stale copy in place of a slow answer.
    pub(super) fn slow_answer(
        &self,
        policy: &Policy<'_>,
        found: Found<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        trail.outcome = Outcome::StaleWhileSlow;
        self.stored_answer(policy, found, trail)
    }
}

/// What `work` comes to, if it does before `limit` has passed.
async fn within<T>(
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
