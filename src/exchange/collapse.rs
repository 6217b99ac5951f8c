//! Requests for one key that have to be fetched at the same time: one fetches, the others wait for it.
//!
//! What one request holds of the platform, another must not touch, so nothing is handed over: those who waited look
//! into the store themselves, or learn that the origin failed. A request waits as long as the answer can still come
//! in time; once its own time is up, its stale copy stands in.

use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::Exchange;
use super::answer::{Failed, Trail};
use super::store::Lookup;
use crate::cache::entry::Stored;
use crate::cache::key::Key;
use crate::cache::{Verdict, judge};
use crate::isolate::{SharedFetch, Turn, Upshot};
use crate::origin::deadline::Deadline;
use crate::origin::failure::Failure;
use crate::origin::forward;
use crate::origin::retry::Stop;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::response::error_page::Cause;

/// The platform ends what goes on behind an answer after this long.
pub(super) const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

/// How often one request waits: first for the URL, then, should the answers differ by `Vary`, for its own variant.
const MOST_WAITS: usize = 2;

/// What lies before a request that the store does not answer.
pub(super) enum Ahead<B> {
    /// To ask the origin.
    Fetch,
    /// To look into the store again: somebody else has filled it.
    LookAgain,
    /// Nothing more: somebody else has asked, in vain.
    Failed(Failed<B>),
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
        let may_lead = !forward::is_identified(&self.request, &policy.settings.cache);
        match self.take_turn(policy, key, may_lead) {
            Turn::Alone => Ahead::Fetch,
            Turn::Lead(fetch) => {
                trail.lead = Some(Lead { key: key.clone(), fetch });
                Ahead::Fetch
            }
            Turn::Wait(_) if trail.waits == MOST_WAITS => Ahead::Fetch,
            Turn::Wait(fetch) => {
                trail.waits += 1;
                self.wait_for(policy, &fetch, lookup.found().is_some()).await
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
            Ahead::Failed(Failed { last: None, cause, stop: Stop::Deadline, retry_after })
        };
        match fetch.upshot() {
            Some(Upshot::Stored) => Ahead::LookAgain,
            Some(Upshot::NotShared) => Ahead::Fetch,
            Some(Upshot::Failed { cause, retry_after }) => failed(cause, retry_after),
            None => failed(Cause::Failure(Failure::NoHeaderInTime), None),
        }
    }

    /// Tells those who wait that `stored` is in the store, if others may have it without asking the origin; if not,
    /// nobody waits for its like for a while.
    pub(super) fn settle_stored(&self, policy: &Policy<'_>, lead: Lead<P::Beacon>, stored: &Stored) {
        let now = self.ports.now();
        let settings = &policy.settings.cache;
        let upshot =
            match judge(stored, &crate::cache::directives::RequestDirectives::default(), settings, now) {
                Verdict::Fresh | Verdict::StaleWhileRevalidate => Upshot::Stored,
                Verdict::Stale | Verdict::StaleAccepted => Upshot::NotShared,
            };
        self.settle(lead, upshot);
    }

    /// Ends a fetch that others may be waiting for.
    pub(super) fn settle(&self, lead: Lead<P::Beacon>, upshot: Upshot) {
        let isolate = self.ports.isolate();
        if upshot == Upshot::NotShared {
            isolate.keep_apart(&lead.key, self.ports.now());
        }
        isolate.settle(&lead.key, &lead.fetch, upshot);
        self.ports.light(&lead.fetch.beacon);
    }
}
