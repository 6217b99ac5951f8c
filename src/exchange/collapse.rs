//! Requests for one key that have to be fetched at the same time: one fetches, the others wait for it.
//!
//! What one request holds of the platform, another must not touch, so nothing is handed over: those who waited look
//! into the store themselves, or learn that the origin failed. A request waits as long as the answer can still come
//! in time; once its own time is up, its stale copy stands in.

use std::rc::Rc;
use std::time::Duration;

use http::{Method, header};

use super::Exchange;
use super::answer::Failed;
use super::store::{Found, Lookup};
use super::trail::Trail;
use crate::cache::directives::{RequestDirectives, ResponseDirectives};
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::{Verdict, freshness, judge};
use crate::isolate::{SharedFetch, Turn, Upshot};
use crate::origin::deadline::Deadline;
use crate::origin::failure::Failure;
use crate::origin::retry::Stop;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::response::error_page::Cause;

/// The platform ends what goes on behind an answer after this long.
pub(super) const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

/// How often one request waits: for the fetch that is under way, for one that was sent after it came, and once more
/// should the answers differ by `Vary`.
const MOST_WAITS: usize = 3;

/// What lies before a request that the store does not answer.
pub(super) enum Ahead<B> {
    /// To ask the origin.
    Fetch,
    /// To look into the store again: somebody else has filled it.
    LookAgain,
    /// Nothing more: somebody else has asked, in vain.
    Failed(Box<Failed<B>>),
}

/// A fetch of this request's that others may be waiting for.
pub(super) struct Lead<B> {
    pub key: Key,
    pub fetch: Rc<SharedFetch<B>>,
}

impl<P: Ports> Exchange<P> {
    /// Takes a turn at fetching what `lookup` did not give, and waits where another request is at it already.
    pub(super) async fn ahead(
        &self,
        policy: &Policy<'_>,
        lookup: &Lookup<P::Body>,
        trail: &mut Trail<P::Beacon>,
    ) -> Ahead<P::Body> {
        // An answer that was asked for before this request came is no validation for it (RFC 9111 §5.2.1.4).
        let Some(key) = lookup.key().filter(|_| self.request.method == Method::GET && !policy.asked.no_cache)
        else {
            return Ahead::Fetch;
        };
        let has_copy = lookup.found().is_some();
        // A part of what is not stored comes sooner than the whole.
        if !has_copy && self.request.headers.contains_key(header::RANGE) {
            return Ahead::Fetch;
        }
        let may_lead = !self.presented(policy).is_personal(has_copy);
        match self.take_turn(policy, key, may_lead) {
            Turn::Alone => Ahead::Fetch,
            Turn::Lead(fetch) => {
                trail.lead = Some(Lead { key: key.clone(), fetch });
                Ahead::Fetch
            }
            Turn::Wait(_) if trail.waits == MOST_WAITS => Ahead::Fetch,
            Turn::Wait(fetch) => {
                trail.waits += 1;
                self.wait_for(policy, &fetch, has_copy).await
            }
        }
    }

    pub(super) fn take_turn(&self, policy: &Policy<'_>, key: &Key, may_lead: bool) -> Turn<P::Beacon> {
        let timeouts = &policy.settings.timeouts;
        let at_most = timeouts.total.saturating_add(timeouts.idle).min(LONGEST_WORK_BEHIND);
        let now = self.ports.now();
        let turn = self.ports.isolate().turn(key, may_lead, at_most, now, || self.ports.beacon());
        if let Turn::Lead(fetch) = &turn {
            // Keeps the work alive should the client of this request leave while others wait.
            self.ports.spawn(self.ports.see(&fetch.beacon, at_most));
        }
        turn
    }

    async fn wait_for(
        &self,
        policy: &Policy<'_>,
        fetch: &SharedFetch<P::Beacon>,
        has_copy: bool,
    ) -> Ahead<P::Body> {
        let deadline = Deadline::new(self.began_at, policy.settings.timeouts.total);
        let left = deadline.left(self.ports.now());
        self.ports.see(&fetch.beacon, left / 2).await;
        if fetch.upshot().is_none() {
            // A body that is stored as it comes may take its time; there is enough left to ask for it oneself.
            if fetch.is_storing() && !has_copy {
                return Ahead::Fetch;
            }
            self.ports.see(&fetch.beacon, deadline.left(self.ports.now())).await;
        }
        let failed = |cause, retry_after| {
            Ahead::Failed(Box::new(Failed { last: None, cause, stop: Stop::Deadline, retry_after }))
        };
        match fetch.upshot() {
            Some(Upshot::Stored) => Ahead::LookAgain,
            Some(Upshot::NotShared) => Ahead::Fetch,
            Some(Upshot::Failed { cause, retry_after }) => failed(cause, retry_after),
            None => failed(Cause::Failure(Failure::NoHeaderInTime), None),
        }
    }

    /// Whether `found` is stale, but was fetched or validated while this request waited for just that: the fetch was
    /// sent after the request came, and is its own as much as anybody's (RFC 9111 §4).
    pub(super) fn was_validated_for(
        &self,
        policy: &Policy<'_>,
        found: &Found<P::Body>,
        trail: &Trail<P::Beacon>,
    ) -> bool {
        trail.waits > 0
            && found.stored.requested_at >= self.began_at
            && !found.stored.outdated
            && policy.asked.min_fresh.is_none()
            && can_be_validated_together(&found.stored)
    }

    /// Tells those who wait that `stored` is in the store, if others may have it as it is or have it validated
    /// together; if not, nobody waits for its like for a while.
    fn settle_stored(&self, policy: &Policy<'_>, lead: Lead<P::Beacon>, stored: &Stored) {
        let now = self.ports.now();
        let settings = &policy.settings.cache;
        let upshot = match judge(stored, &RequestDirectives::default(), settings, now) {
            Verdict::Fresh | Verdict::StaleWhileRevalidate => Upshot::Stored,
            Verdict::Stale | Verdict::StaleAccepted if can_be_validated_together(stored) => Upshot::Stored,
            Verdict::Stale | Verdict::StaleAccepted => Upshot::NotShared,
        };
        self.settle(lead, upshot);
    }

    /// Tells those who wait what came of storing `entry`.
    pub(super) fn settle_saved(
        &self,
        policy: &Policy<'_>,
        lead: Option<Lead<P::Beacon>>,
        entry: Entry,
        saved: bool,
    ) {
        match (lead, entry) {
            (Some(lead), Entry::Response(stored)) if saved => self.settle_stored(policy, lead, &stored),
            (Some(lead), _) => self.settle(lead, Upshot::NotShared),
            (None, _) => {}
        }
    }

    /// Ends a fetch that came to nothing that is stored.
    pub(super) fn settle_rest(&self, trail: &mut Trail<P::Beacon>) {
        if let (Some(_), Some(key)) = (trail.cause, &trail.key) {
            self.ports.isolate().bring_together(key);
        }
        let Some(lead) = trail.lead.take() else { return };
        let upshot = match trail.cause {
            Some(Cause::Failure(Failure::Internal)) | None => Upshot::NotShared,
            Some(cause) => Upshot::Failed { cause, retry_after: trail.retry_after },
        };
        self.settle(lead, upshot);
    }

    /// Ends a fetch that others may be waiting for.
    fn settle(&self, lead: Lead<P::Beacon>, upshot: Upshot) {
        let isolate = self.ports.isolate();
        if upshot == Upshot::NotShared {
            isolate.keep_apart(&lead.key, self.ports.now());
        }
        isolate.settle(&lead.key, &lead.fetch, upshot);
        self.ports.light(&lead.fetch.beacon);
    }
}

/// Whether one fetch can answer several requests that came before it was sent, though its answer is stale at once: its
/// origin says for how long it is fresh, if only zero. One that says nothing about it is shown to others when the
/// origin fails, and never while all is well; `no-cache` wants each request forwarded (RFC 9111 §5.2.2.4).
fn can_be_validated_together(stored: &Stored) -> bool {
    !ResponseDirectives::of(&stored.headers).no_cache && freshness::is_explicit(stored)
}
