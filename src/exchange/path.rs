//! The path of a request, in the order of the contract:
//!
//! guard → look up, or wait for who fetches it already → fresh? answer → breaker open? fall back → attempts → not modified:
//! revalidate · an answer: store and pass on · failed: fall back → annotate → report.
//!
//! It is the only file that calls the steps. Each is a function in a file of its own; what they hand on are values.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::annotate::annotate;
use super::attempts;
use super::behind::{self, Behind};
use super::collapse::{self, Ending, Sharing, Waited};
use super::context::Context;
use super::copies::{can_stand_in, likeness_of, may_stand_in};
use super::counting::count;
use super::fallback::{Fallback, fall_back, rules_out};
use super::invalidation::{invalidate_behind, invalidate_though_torn};
use super::last_good;
use super::look_up::look_up;
use super::lookup::{Found, InStore, Lookup};
use super::made_here::{client_gone, error_page, nothing_stored};
use super::maintenance;
use super::operator::operator_answer;
use super::pass_through::{pass_through, under_conditions};
use super::pursued::{Failed, Made, Pursued};
use super::received::Received;
use super::record::Record;
use super::report::report;
use super::revalidate::{Revalidated, apply_head, revalidate};
use super::select_origin;
use super::soft_deadline;
use super::store::store_behind;
use super::stored_answer::stored_answer;
use super::unfinished::UnfinishedResponse;
use super::upload::{self, Upload};
use crate::cache::Verdict;
use crate::cache::entry::Stored;
use crate::config::Config;
use crate::endpoint;
use crate::isolate::flight::Flight;
use crate::origin::failure::Failure;
use crate::origin::{AttemptResult, forward};
use crate::ports::{Answer, Background, Clock, Dice, Origin, Ports};
use crate::report::Outcome;
use crate::request::Request;
use crate::response::error::Cause;

/// Answers `request`, whose body is `upload`, with the best that can be had: the origin's answer, perhaps
/// after retries, the last good copy, or an honest page.
pub async fn exchange<P: Ports>(
    ports: P,
    config: Rc<Config>,
    request: Rc<Request>,
    upload: Option<P::Upload>,
) -> Answer<P::Body> {
    let ctx = Context::new(ports, config, request);
    let mut walk = Walk::new(&ctx);
    let response = match guard(&ctx, upload, &mut walk.record).await {
        Guard::Answered(response) => response,
        Guard::Passed(upload) => walk.answer(upload).await,
    };
    walk.finish(response)
}

/// The answer to a request that cannot be served because the configuration is invalid; `mistakes` go to the
/// report.
pub fn refuse_for_configuration<P: Ports>(
    ports: P,
    request: Rc<Request>,
    mistakes: Vec<String>,
) -> Answer<P::Body> {
    refuse(ports, Rc::default(), request, Failure::Configuration, mistakes)
}

/// The answer to a request on which this worker failed, after the fact.
pub fn internal_error<P: Ports>(ports: P, config: Rc<Config>, request: Rc<Request>) -> Answer<P::Body> {
    refuse(ports, config, request, Failure::Internal, Vec::new())
}

fn refuse<P: Ports>(
    ports: P,
    config: Rc<Config>,
    request: Rc<Request>,
    failure: Failure,
    mistakes: Vec<String>,
) -> Answer<P::Body> {
    let ctx = Context::new(ports, config, request);
    let mut walk = Walk::new(&ctx);
    walk.record.mistakes = mistakes;
    let response = error_page(&ctx, Cause::Failure(failure), None, false, &mut walk.record);
    walk.finish(response)
}

/// What the guard decides.
enum Guard<B, U> {
    Answered(UnfinishedResponse<B>),
    Passed(Option<U>),
}

/// Answers what is not for the origin: a request that was here before (RFC 8586), one for Holdfast itself, one to a closed
/// site, and a drill that needs no attempt.
async fn guard<P: Ports>(
    ctx: &Context<P>,
    upload: Option<P::Upload>,
    record: &mut Record,
) -> Guard<P::Body, P::Upload> {
    if forward::has_been_here(&ctx.request) {
        return Guard::Answered(error_page(ctx, Cause::Failure(Failure::Loop), None, false, record));
    }
    if let Some(endpoint) = endpoint::of(&ctx.request) {
        return Guard::Answered(operator_answer(ctx, endpoint, upload, record).await);
    }
    if let Some(page) = maintenance::closed(ctx, record) {
        return Guard::Answered(page);
    }
    match ctx.drill.as_ref().and_then(|drill| drill.without_attempt()) {
        Some(failure) => Guard::Answered(error_page(ctx, Cause::Failure(failure), None, false, record)),
        None => Guard::Passed(upload),
    }
}

/// What steers the walk of one request, and its record.
struct Walk<'a, P: Ports> {
    ctx: &'a Context<P>,
    in_store: InStore,
    sharing: Sharing<P>,
    ending: Ending,
    /// Whether an attempt was made.
    has_tried: bool,
    record: Record,
}

impl<'a, P: Ports> Walk<'a, P> {
    fn new(ctx: &'a Context<P>) -> Self {
        let (in_store, sharing, record) = (InStore::default(), Sharing::default(), Record::default());
        Self { ctx, in_store, sharing, ending: Ending::Hit, has_tried: false, record }
    }

    /// Looks up, and asks the origin or waits for another request that does so.
    async fn answer(&mut self, upload: Option<P::Upload>) -> UnfinishedResponse<P::Body> {
        let ctx = self.ctx;
        loop {
            let lookup = match self.look_up().await {
                Lookup::Found(found) if self.is_enough(&found) => return self.hit(found),
                lookup @ (Lookup::Found(_)
                | Lookup::Absent { .. }
                | Lookup::HitForMiss { .. }
                | Lookup::NotAsked) => lookup,
            };
            // Nothing but GET and HEAD is answered from a store; the rest is written through (RFC 9111 §4).
            if ctx.policy.asked.only_if_cached && matches!(ctx.request.method, Method::GET | Method::HEAD) {
                lookup.discard(ctx.ports());
                return nothing_stored(&mut self.record);
            }
            let Some(flight) = collapse::flight_ahead(ctx, &lookup, &mut self.sharing) else {
                let soft = soft_deadline::left(ctx, &lookup);
                return self.ask(upload, lookup, soft).await;
            };
            self.record.has_waited = true;
            if let Some(response) = self.wait(lookup, flight).await {
                return response;
            }
        }
    }

    async fn look_up(&mut self) -> Lookup<P::Body> {
        look_up(self.ctx, self.sharing.has_waited(), &mut self.in_store, &mut self.record).await
    }

    /// Whether a stored response answers without the origin. Who drills wants to see a failure.
    fn is_enough(&self, found: &Found<P::Body>) -> bool {
        let forces_attempt = self.ctx.drill.is_some() && !self.ctx.policy.asked.only_if_cached;
        !forces_attempt
            && (found.verdict != Verdict::Stale || self.sharing.was_validated_for(self.ctx, found))
    }

    fn hit(&mut self, found: Found<P::Body>) -> UnfinishedResponse<P::Body> {
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
    async fn wait(
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

    /// Asks the origin, unless the breaker forbids it, and makes an answer of what comes. A 304 that does not fit the copy is
    /// asked again without a condition.
    async fn ask(
        &mut self,
        upload: Option<P::Upload>,
        mut lookup: Lookup<P::Body>,
        soft: Option<Duration>,
    ) -> UnfinishedResponse<P::Body> {
        let (mut upload, mut soft, mut is_conditional) = (upload, soft, true);
        loop {
            let (unchanged, pursued) = match (soft.take(), lookup) {
                (Some(soft), Lookup::Found(found)) => match self.pursue_softly(found, soft).await {
                    Ok((found, pursued)) => (Lookup::Found(found), pursued),
                    Err(response) => return response,
                },
                (_, lookup) => {
                    let revalidates = lookup.found().filter(|_| is_conditional);
                    let pursued = pursue(self.ctx, upload.take(), revalidates).await;
                    (lookup, pursued)
                }
            };
            match self.conclude(unchanged, pursued, is_conditional).await {
                ControlFlow::Break(response) => return response,
                ControlFlow::Continue(again) => lookup = again,
            }
            is_conditional = false;
        }
    }

    /// Makes an answer of what the attempts came to, or says what is in the store where they are to be made again.
    async fn conclude(
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
                return ControlFlow::Break(self.fall_back(lookup, Failed::not_tried(stop)).await);
            }
            Pursued::Failed(failed, made) => {
                self.made(made);
                return ControlFlow::Break(self.fall_back(lookup, failed).await);
            }
            Pursued::Answered(received, made) => {
                self.made(made);
                received
            }
        };
        let lookup = match lookup.into_found() {
            Ok(found) if received.status == 304 && is_conditional => {
                return match revalidate(ctx, found, &received, &mut self.sharing.lead).await {
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

    /// Asks the origin; if that takes longer than `soft`, the copy answers and the attempts go on behind it.
    async fn pursue_softly(
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
        received: Received<P::Body>,
    ) -> UnfinishedResponse<P::Body> {
        let ctx = self.ctx;
        self.record.outcome = if self.record.attempts.len() > 1 { Outcome::Retried } else { Outcome::Origin };
        invalidate_behind(ctx, &received);
        last_good::keep_behind(ctx, &received);
        let had_condition = lookup.found().is_some();
        self.in_store.copy.likeness = likeness_of(ctx, lookup.found());
        if let Ok(found) = lookup.into_found() {
            if ctx.request.method == Method::HEAD {
                apply_head(ctx, found, &received, &mut self.sharing.lead).await;
            } else {
                ctx.ports().cancel(found.body);
            }
        }
        let received = self.store(received);
        if had_condition {
            return under_conditions(ctx, received, &mut self.record);
        }
        pass_through(ctx, received, &mut self.record)
    }

    fn store(&mut self, received: Received<P::Body>) -> Received<P::Body> {
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
                pass_through(ctx, received, &mut self.record)
            }
            Fallback::Page => error_page(ctx, cause, retry_after, may_have_acted, record),
        }
    }

    /// Settles with those who wait, annotates the answer, and has the exchange reported once the answer has left.
    fn finish(self, response: UnfinishedResponse<P::Body>) -> Answer<P::Body> {
        let Self { ctx, in_store, sharing, ending, record, .. } = self;
        let UnfinishedResponse { mut answer, end, is_piped } = response;
        sharing.settle(ctx, &in_store, ending);
        annotate(ctx, &mut answer, &record);
        let status = Some(answer.status);
        count(ctx, &record, status);
        let is_sampled = ctx.config.log.sample.is_drawn(|| ctx.ports().roll());
        let Some(end) = end else {
            report(ctx, &record, status, None, is_sampled);
            return answer;
        };
        let this = ctx.clone();
        let reporting = async move {
            let end = end.await;
            report(&this, &record, status, Some(&end), is_sampled);
        };
        if is_piped {
            ctx.ports().attend(reporting);
        } else {
            ctx.ports().spawn(reporting);
        }
        answer
    }
}

/// Prepares the upload, asks the breaker, and makes the attempts.
async fn pursue<P: Ports>(
    ctx: &Context<P>,
    upload: Option<P::Upload>,
    revalidates: Option<&Stored>,
) -> Pursued<P::Body> {
    let upload: Upload<P::Upload> = match upload::prepare(ctx, upload).await {
        Ok(upload) => upload,
        Err(lapse) => return Pursued::ClientGone(lapse),
    };
    match select_origin::first(ctx, revalidates) {
        Ok(first) => attempts::pursue(ctx, upload, first, revalidates).await,
        Err(stop) => Pursued::NotTried(stop),
    }
}
