//! What goes on behind an answer: a fetch that nobody waits for, whose result is stored.

use std::future::Future;

use http::{HeaderMap, Method, header};

use super::attempts;
use super::collapse::{self, Ending, Sharing};
use super::context::Context;
use super::copies;
use super::counting::count;
use super::last_good;
use super::lead::Lead;
use super::look_up::look_up;
use super::lookup::{Found, InStore, Lookup, StoredCopy};
use super::pursued::Pursued;
use super::received::Received;
use super::record::Record;
use super::report::report;
use super::revalidate;
use super::select_origin;
use super::store::store_behind;
use super::upload::Upload;
use crate::cache::entry::Stored;
use crate::cache::key::Vary;
use crate::isolate::Role;
use crate::ports::{Background, Memory, Ports};
use crate::report::Outcome;
use crate::request::Request;

/// It owns what it needs: the request may have been answered long before it ends.
pub(super) struct Behind<P: Ports> {
    ctx: Context<P>,
    in_store: InStore,
    sharing: Sharing<P>,
    record: Record,
}

impl<P: Ports> Behind<P> {
    pub fn new(ctx: &Context<P>, in_store: InStore, lead: Option<Lead<P>>) -> Self {
        Self { ctx: ctx.clone(), in_store, sharing: Sharing::leading(lead), record: Record::default() }
    }

    /// What follows an answer that stands in for a slow one: the attempts go on, and `found` is what they would replace.
    pub fn of_slow(
        ctx: &Context<P>,
        found: &Found<P::Body>,
        in_store: &InStore,
        lead: Option<Lead<P>>,
    ) -> Self {
        let likeness = copies::likeness_of(ctx, Some(&found.stored));
        let in_store = InStore {
            key: Some(found.at.clone()),
            has_entry: true,
            began_empty: None,
            copy: StoredCopy { likeness, ..in_store.copy },
            ..in_store.clone()
        };
        Self::new(ctx, in_store, lead)
    }

    /// Lets `attempts` go on and stores their result.
    pub fn conclude_later(self, attempts: impl Future<Output = Pursued<P::Body>> + 'static) {
        let ports = self.ctx.ports().clone();
        ports.spawn(async move {
            let pursued = attempts.await;
            self.conclude(pursued).await;
        });
    }

    /// Asks the origin, on the condition that `revalidates` has changed, and stores the result.
    pub async fn ask(self, revalidates: Option<&Stored>) {
        let (ctx, first) = (&self.ctx, select_origin::first(&self.ctx, revalidates));
        let pursued = attempts::pursue(ctx, Upload::nothing(ctx), first, revalidates).await;
        self.conclude(pursued).await;
    }

    async fn conclude(mut self, pursued: Pursued<P::Body>) {
        let ending = match pursued {
            Pursued::Answered(received, made) => {
                self.record.made(made);
                self.take_in(received).await;
                Ending::Answered
            }
            Pursued::Failed(failed, made) => {
                self.record.made(made);
                self.record.cause = self.record.touched_by().map(|(cause, _)| cause);
                if let Some(received) = failed.last {
                    received.discard(self.ctx.ports());
                }
                self.report_failure();
                let retry_after = failed.retry_after;
                self.record.cause.map_or(Ending::Answered, |cause| Ending::Failed { cause, retry_after })
            }
            Pursued::NotTried(stop) => {
                self.record.stop = Some(stop);
                self.report_failure();
                // Those who wait find that out as quickly.
                Ending::Hit
            }
            Pursued::ClientGone(_) => Ending::ClientGone,
        };
        count(&self.ctx, &self.record, None);
        self.sharing.settle(&self.ctx, &self.in_store, ending);
    }

    async fn take_in(&mut self, received: Box<Received<P::Body>>) {
        let Self { ctx, in_store, sharing, record } = self;
        if received.status != 304 {
            last_good::keep_behind(ctx, &received);
            let received = store_behind(ctx, received, in_store, &mut sharing.lead, record);
            return received.discard(ctx.ports());
        }
        if let Lookup::Found(found) = look_up(ctx, false, in_store, record).await {
            revalidate::freshen(ctx, found, &received, &mut sharing.lead).await;
        }
    }

    fn report_failure(&mut self) {
        self.record.outcome = Outcome::RefreshFailed;
        report(&self.ctx, &self.record, None, None, false);
    }
}

/// Refreshes a stale copy that was just served, once at a time in this isolate (RFC 5861 §3).
pub(super) fn refresh<P: Ports>(ctx: &Context<P>, found: &Found<P::Body>) {
    // Nobody waits for a refresh, so it does not matter whether waiting would pay.
    ctx.ports().isolate().bring_together(&found.at);
    let Role::Leader(flight) = collapse::role(ctx, &found.at, true) else { return };
    let request = Request {
        method: Method::GET,
        has_body: false,
        headers: without_asker(ctx, found),
        ..Request::clone(&ctx.request)
    };
    let refreshing = ctx.other(request);
    let lead = Lead::first(&refreshing, found.at.clone(), flight);
    let (stored, at, ports) = (found.stored.clone(), found.at.clone(), ctx.ports());
    ports.spawn(async move {
        let (kind, likeness) =
            (copies::kind_of(&refreshing, &stored), copies::likeness_of(&refreshing, Some(&stored)));
        let in_store = InStore {
            has_variants: at != *refreshing.key(),
            key: Some(at),
            has_entry: true,
            copy: StoredCopy { kind, likeness, ..StoredCopy::default() },
            ..InStore::default()
        };
        Behind::new(&refreshing, in_store, Some(lead)).ask(Some(&stored)).await;
    });
}

/// The fields of the request less those that would make the answer to it the asker's own, and less their wishes.
/// Credentials stay: where the answer may be stored all the same, the origin may not give it without.
fn without_asker<P: Ports>(ctx: &Context<P>, found: &Found<P::Body>) -> HeaderMap {
    let mut headers = ctx.request.headers.clone();
    let vary = Vary::of(&found.stored.headers).unwrap_or_default();
    let unkeyed = ctx.presented().unkeyed.iter().map(|(name, _)| name);
    let wishes = [&header::COOKIE, &header::CACHE_CONTROL, &header::PRAGMA];
    for name in unkeyed.chain(wishes).filter(|name| !vary.covers(name)) {
        headers.remove(name);
    }
    headers
}
