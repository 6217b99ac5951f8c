//! The lead of a fetch that other requests may be waiting for.

use std::rc::Rc;

use super::context::Context;
use crate::cache::directives::{RequestDirectives, ResponseDirectives};
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::{Verdict, freshness, judge};
use crate::isolate::flight::{Flight, FlightResult};
use crate::ports::{Memory, Ports};
use crate::time::Timestamp;

/// This request asks the origin for itself and for those who wait. They are told the result, and if the lead is dropped
/// without one, the next of them asks.
pub(super) struct Lead<P: Ports> {
    ctx: Context<P>,
    key: Key,
    flight: Rc<Flight<P::Signal>>,
    asked_at: Timestamp,
    /// If this request has waited itself: what keeps it going should its client leave.
    own: Option<P::Signal>,
    /// Whether its answer is likely to be that of the others.
    is_like_others: bool,
    is_settled: bool,
}

impl<P: Ports> Lead<P> {
    /// The lead of a request that has not waited.
    pub fn first(ctx: &Context<P>, key: Key, flight: Rc<Flight<P::Signal>>) -> Self {
        let (ctx, asked_at) = (ctx.clone(), ctx.now());
        Self { ctx, key, flight, asked_at, own: None, is_like_others: true, is_settled: false }
    }

    /// The lead of a request that has waited and now asks as well.
    pub fn next(
        ctx: &Context<P>,
        key: Key,
        flight: Rc<Flight<P::Signal>>,
        is_like_others: bool,
        asked_at: Timestamp,
    ) -> Self {
        let own = Some(ctx.ports().signal());
        Self { ctx: ctx.clone(), key, flight, asked_at, own, is_like_others, is_settled: false }
    }

    /// Tells those who wait the result.
    pub fn finish(mut self, result: FlightResult) {
        let (ctx, flight) = (&self.ctx, &self.flight);
        ctx.isolate().settle(&self.key, flight, ctx.client(), self.asked_at, result);
        self.is_settled = true;
        self.notify();
    }

    /// The answer is for this request alone. Nobody waits for its like for a while, unless this answer was somebody's own
    /// from the start.
    pub fn not_shared(self) {
        if self.is_like_others {
            self.ctx.isolate().keep_apart(&self.key, self.ctx.now());
        }
        self.finish(FlightResult::NotShared);
    }

    /// Tells those who wait whether they find `entry` in the store, and may have it as it is or have it validated together.
    pub fn saved(self, entry: &Entry, is_saved: bool) {
        match entry {
            Entry::Response(stored) if is_saved && self.can_be_shared(stored) => {
                self.finish(FlightResult::Stored);
            }
            Entry::Response(_) | Entry::Variants(_) | Entry::Down { .. } => self.not_shared(),
        }
    }

    fn can_be_shared(&self, stored: &Stored) -> bool {
        let settings = &self.ctx.policy.settings.cache;
        match judge(stored, &RequestDirectives::default(), settings, self.ctx.now()) {
            Verdict::Fresh | Verdict::StaleWhileRevalidate => true,
            Verdict::Stale | Verdict::StaleAccepted => can_be_validated_together(stored),
        }
    }

    /// Notes that the origin has answered, and that the body is being stored as it comes.
    pub fn storing(&self) {
        if self.flight.is_being_stored(self.ctx.now()) {
            self.ctx.ports().notify(&self.flight.signal);
        }
    }

    fn notify(&self) {
        self.ctx.ports().notify(&self.flight.signal);
        if let Some(own) = &self.own {
            self.ctx.ports().notify(own);
        }
    }
}

impl<P: Ports> Drop for Lead<P> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.flight.lose_one(self.ctx.now());
            self.notify();
        }
    }
}

/// Whether one fetch can answer several requests that came before it was sent, though its answer is stale at once: its
/// origin says for how long it is fresh, if only zero. An answer without a lifetime is shown to others when the origin fails,
/// and never while all is well; `no-cache` wants each request forwarded (RFC 9111 §5.2.2.4).
pub(super) fn can_be_validated_together(stored: &Stored) -> bool {
    !ResponseDirectives::of(&stored.headers).no_cache && freshness::is_explicit(stored)
}
