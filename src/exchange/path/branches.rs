//! Where the path branches: what each result of a step leads to.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::super::apart::apart;
use super::super::behind::{self, Behind};
use super::super::collapse::{self, Ending, Waited};
use super::super::copies::{can_stand_in, likeness_of, may_stand_in};
use super::super::cors;
use super::super::fallback::{Fallback, fall_back, rules_out};
use super::super::invalidation::{invalidate_behind, invalidate_though_torn};
use super::super::last_good;
use super::super::lookup::{Found, Lookup};
use super::super::made_here::{client_gone, page_instead};
use super::super::pass_through::{pass_through, under_conditions};
use super::super::pursued::{Failed, Made, Pursued};
use super::super::received::Received;
use super::super::revalidate::{Revalidated, apply_head, revalidate};
use super::super::soft_deadline;
use super::super::store::store_behind;
use super::super::stored_answer::stored_answer;
use super::super::unfinished::UnfinishedResponse;
use super::{Walk, pursue};
use crate::cache::Verdict;
use crate::isolate::flight::Flight;
use crate::origin::AttemptResult;
use crate::ports::{Clock, Origin, Ports};
use crate::report::Outcome;

impl<P: Ports> Walk<'_, P> {
    /// A stored response that answers without the origin.
    pub(super) fn hit(&mut self, found: Found<P::Body>) -> UnfinishedResponse<P::Body> {
        self.record.outcome = match found.verdict {
            Verdict::StaleWhileRevalidate => Outcome::StaleWhileRevalidate,
            Verdict::Fresh | Verdict::StaleAccepted | Verdict::Stale if self.sharing.has_waited() => {
                Outcome::Collapsed
            }
            Verdict::Fresh | Verdict::StaleAccepted | Verdict::Stale => Outcome::Hit,
        };
        if found.verdict == Verdict::StaleWhileRevalidate {
            behind::refresh(self.ctx, &found);
        }
        stored_answer(self.ctx, found, &mut self.record)
    }

    /// Waits for another request that asks the origin; `None` if the store is to be looked into again.
    pub(super) async fn wait(
        &mut self,
        lookup: Lookup<P::Body>,
        flight: Rc<Flight<P::Signal>>,
    ) -> Option<UnfinishedResponse<P::Body>> {
        let ctx = self.ctx;
        let soft = soft_deadline::left(ctx, &lookup);
        let has_copy = can_stand_in(ctx, lookup.found());
        lookup.discard(ctx.ports());
        let waited = collapse::wait(ctx, flight, soft, has_copy, &mut self.sharing).await;
        if let Waited::LookAgain = waited {
            return None;
        }
        // It may be another copy than was there at first.
        match (waited, self.look_up().await) {
            (Waited::LookAgain, _) => None,
            (Waited::Failed(failed), lookup)
                if has_copy && (!can_stand_in(ctx, lookup.found()) || rules_out(ctx, failed.cause)) =>
            {
                // The copy that one failure was enough for has gone meanwhile, or does not cover it.
                self.sharing.wait_no_more();
                lookup.discard(ctx.ports());
                None
            }
            (Waited::Failed(failed), lookup) => Some(self.fall_back(lookup, *failed).await),
            (Waited::Slow, Lookup::Found(found)) if may_stand_in(ctx, &found.stored).is_ok() => {
                Some(self.slow_answer(found))
            }
            (Waited::Slow, lookup) => Some(self.ask(None, lookup, None).await),
        }
    }

    /// Asks the origin; if that takes longer than `soft`, the copy answers and the attempts go on behind it.
    pub(super) async fn pursue_softly(
        &mut self,
        found: Found<P::Body>,
        soft: Duration,
    ) -> Result<(Found<P::Body>, Pursued<P::Body>), UnfinishedResponse<P::Body>> {
        let (ctx, stored) = (self.ctx.clone(), found.stored.clone());
        let mut attempts = Box::pin(async move { pursue(&ctx, None, Some(&stored)).await });
        let limit = self.ctx.ports().sleep(soft);
        if let Some(pursued) = soft_deadline::within(attempts.as_mut(), limit).await {
            return Ok((found, pursued));
        }
        let lead = self.sharing.lead.take();
        Behind::of_slow(self.ctx, &found, &self.in_store, lead).conclude_later(attempts);
        Err(self.slow_answer(found))
    }

    /// Makes an answer of what the attempts came to, or says what is in the store where they are to be made again.
    pub(super) async fn conclude(
        &mut self,
        lookup: Lookup<P::Body>,
        pursued: Pursued<P::Body>,
        is_conditional: bool,
    ) -> ControlFlow<UnfinishedResponse<P::Body>, Lookup<P::Body>> {
        let ctx = self.ctx;
        let received = match pursued {
            Pursued::ClientGone(lapse) => {
                lookup.discard(ctx.ports());
                self.ending = Ending::ClientGone;
                return ControlFlow::Break(client_gone(ctx, lapse, &mut self.record));
            }
            Pursued::NotTried(stop) => {
                self.record.stop = Some(stop);
                return ControlFlow::Break(apart(self.fall_back(lookup, Failed::not_tried(stop))).await);
            }
            Pursued::Failed(failed, made) => {
                self.made(made);
                return ControlFlow::Break(apart(self.fall_back(lookup, failed)).await);
            }
            Pursued::Answered(received, made) => {
                self.made(made);
                received
            }
        };
        let lookup = match lookup.into_found() {
            Ok(found) if received.status == 304 && is_conditional => {
                return match apart(revalidate(ctx, found, &received, &mut self.sharing.lead)).await {
                    Revalidated::Fresh(found) => ControlFlow::Break(self.revalidated(found)),
                    // The copy may have to stand in yet.
                    Revalidated::OfAnother(found) => ControlFlow::Continue(Lookup::Found(found)),
                    Revalidated::Unreadable => {
                        let at = ctx.key().clone();
                        ControlFlow::Continue(Lookup::Absent { at, vary_miss: false })
                    }
                };
            }
            Ok(found) if received.status == 304 => {
                ctx.ports().cancel(found.body);
                Lookup::Absent { at: found.at, vary_miss: false }
            }
            Ok(found) => Lookup::Found(found),
            Err(lookup) => lookup,
        };
        ControlFlow::Break(self.origin_answer(lookup, received).await)
    }

    fn made(&mut self, made: Made) {
        for attempt in &made.attempts {
            if let AttemptResult::Failed(_, Some(status)) = attempt.end {
                invalidate_though_torn(self.ctx, status);
            }
        }
        self.has_tried = true;
        self.ending = Ending::Answered;
        self.record.made(made);
    }

    fn slow_answer(&mut self, found: Found<P::Body>) -> UnfinishedResponse<P::Body> {
        self.record.outcome = Outcome::StaleWhileSlow;
        stored_answer(self.ctx, found, &mut self.record)
    }

    fn revalidated(&mut self, found: Found<P::Body>) -> UnfinishedResponse<P::Body> {
        self.record.outcome = Outcome::Revalidated;
        stored_answer(self.ctx, found, &mut self.record)
    }

    /// The origin's own answer, stored where the rules allow it and passed on.
    async fn origin_answer(
        &mut self,
        lookup: Lookup<P::Body>,
        received: Box<Received<P::Body>>,
    ) -> UnfinishedResponse<P::Body> {
        let ctx = self.ctx;
        self.record.outcome = if self.record.attempts.len() > 1 { Outcome::Retried } else { Outcome::Origin };
        cors::learn(ctx, &received);
        invalidate_behind(ctx, &received);
        last_good::keep_behind(ctx, &received);
        let had_condition = lookup.found().is_some();
        self.in_store.copy.likeness = likeness_of(ctx, lookup.found());
        if let Ok(found) = lookup.into_found() {
            if ctx.request.method == Method::HEAD {
                apart(apply_head(ctx, found, &received, &mut self.sharing.lead)).await;
            } else {
                ctx.ports().cancel(found.body);
            }
        }
        let received = self.store(received);
        if had_condition {
            return under_conditions(ctx, *received, &mut self.record);
        }
        pass_through(ctx, *received, &mut self.record)
    }

    fn store(&mut self, received: Box<Received<P::Body>>) -> Box<Received<P::Body>> {
        let lead = &mut self.sharing.lead;
        store_behind(self.ctx, received, &self.in_store, lead, &mut self.record)
    }

    async fn fall_back(
        &mut self,
        lookup: Lookup<P::Body>,
        failed: Failed<P::Body>,
    ) -> UnfinishedResponse<P::Body> {
        let ctx = self.ctx;
        let Failed { cause, retry_after, may_have_acted, .. } = failed;
        self.ending = Ending::Failed { cause, retry_after };
        let (in_store, record) = (&mut self.in_store, &mut self.record);
        match fall_back(ctx, lookup, failed, self.has_tried, in_store, record).await {
            Fallback::Copy(found) => stored_answer(ctx, found, record),
            Fallback::OriginError(received) => {
                let may_be_stored = ctx.policy.settings.cache.error_statuses.contains(&received.status);
                let is_stored = may_be_stored && !self.in_store.has_entry;
                let received = if is_stored { self.store(received) } else { received };
                pass_through(ctx, *received, &mut self.record)
            }
            Fallback::Page(kept) => page_instead(ctx, cause, retry_after, may_have_acted, kept, record),
        }
    }
}
