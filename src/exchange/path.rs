//! The path of a request, in the order of the contract:
//!
//! guard → look up, or wait for who fetches it already → fresh? answer → breaker open? fall back → attempts → not modified:
//! revalidate · an answer: store and pass on · failed: fall back → annotate → report.
//!
//! Each step is a function in a file of its own, and what steps hand on are values. `branches` has what each result leads to.

mod branches;

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::apart::apart;
use super::attempts;
use super::collapse::{self, Ending, Sharing};
use super::context::Context;
use super::finish::finish;
use super::look_up::look_up;
use super::lookup::{Found, InStore, Lookup};
use super::made_here::{error_page, nothing_stored};
use super::maintenance;
use super::operator::operator_answer;
use super::pursued::Pursued;
use super::record::Record;
use super::select_origin;
use super::soft_deadline;
use super::unfinished::UnfinishedResponse;
use super::upload;
use crate::cache::Verdict;
use crate::cache::entry::Stored;
use crate::config::Config;
use crate::endpoint;
use crate::origin::failure::Failure;
use crate::origin::forward;
use crate::ports::{Answer, Ports};
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
    let Walk { in_store, sharing, ending, record, .. } = walk;
    sharing.settle(&ctx, &in_store, ending);
    finish(&ctx, response, record)
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
        return Guard::Answered(apart(operator_answer(ctx, endpoint, upload, record)).await);
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
            if let Some(response) = apart(self.wait(lookup, flight)).await {
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

    /// Asks the origin, unless the breaker forbids it, and makes an answer of what comes. A 304 that does not fit the copy is
    /// asked again without a condition.
    async fn ask(
        &mut self,
        mut upload: Option<P::Upload>,
        mut lookup: Lookup<P::Body>,
        mut soft: Option<Duration>,
    ) -> UnfinishedResponse<P::Body> {
        let mut is_conditional = true;
        loop {
            let (unchanged, pursued) = match (soft.take(), lookup) {
                (Some(soft), Lookup::Found(found)) => match apart(self.pursue_softly(found, soft)).await {
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
}

/// Prepares the upload, asks the breaker, and makes the attempts.
async fn pursue<P: Ports>(
    ctx: &Context<P>,
    upload: Option<P::Upload>,
    revalidates: Option<&Stored>,
) -> Pursued<P::Body> {
    let upload = match upload::prepare(ctx, upload).await {
        Ok(upload) => upload,
        Err(lapse) => return Pursued::ClientGone(lapse),
    };
    attempts::pursue(ctx, upload, select_origin::first(ctx, revalidates), revalidates).await
}
