//! Kept copies on the path: looked for when the edge cache has nothing, written behind the answer.

use std::rc::Rc;
use std::time::Duration;

use http::{Method, StatusCode};

use super::Exchange;
use super::attempts::{Guarded, Received};
use super::recall;
use super::store::Found;
use super::trail::Trail;
use crate::cache::Verdict;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Vary;
use crate::cache::last_good::{self, Decision, Leave};
use crate::cache::purge::Standing;
use crate::cache::request_fields;
use crate::cache::storable::{self, Effect, NotStored};
use crate::config;
use crate::fields::without_hop_by_hop;
use crate::isolate::memory_cache::Loaded;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::request::Request;

/// How long a client waits for a kept copy, past the deadline if need be. Namespaces answer within some tens of
/// milliseconds; the other way out is an error.
const LONGEST_READ: Duration = Duration::from_secs(2);

/// How long is spent on looking after a kept copy, behind the answer.
const LONGEST_READ_BEHIND: Duration = Duration::from_secs(10);

impl<P: Ports> Exchange<P> {
    /// The kept copy, if there is one that may answer.
    pub(super) async fn kept_copy(
        &self,
        policy: &Policy<'_>,
        trail: &mut Trail<P::Signal>,
    ) -> Option<Found<P::Body>> {
        if policy.lookup.is_err() || !self.ports.has_last_good() {
            return None;
        }
        let settings = &policy.settings.last_good;
        let name = last_good::name(&self.request, settings)?;
        let loaded = self.load_last_good(policy, &name, LONGEST_READ).await;
        let Loaded::Response { stored, body, is_dressed } = loaded else {
            return None;
        };
        let standing = self.marks().await.on(self.target(), &stored);
        if standing == Standing::Forgotten {
            if self.drill.is_none() {
                let ports = self.ports.clone();
                self.ports.spawn(async move {
                    recall::remove_last_good(&ports, &name).await;
                });
            }
            return None;
        }
        let now = self.ports.now();
        if !request_fields::is_readable(&self.request, &stored.headers) {
            trail.last_good_refused = Some(last_good::Refused::OtherVariant);
            return None;
        }
        match last_good::may_stand_in(&stored, &self.presented(policy).headers, &policy.asked, settings, now)
        {
            Ok(()) => {
                Some(Found { at: self.key().clone(), stored, body, is_dressed, verdict: Verdict::Stale })
            }
            Err(refused) => {
                trail.last_good_refused = Some(refused);
                None
            }
        }
    }

    /// Looks, behind the answer, whether what the origin has sent is to become the kept copy.
    pub(super) fn keep_behind(self: &Rc<Self>, policy: &Policy<'_>, received: &Received<P::Body>) {
        let settings = &policy.settings.last_good;
        if self.request.method != Method::GET || policy.lookup.is_err() || !self.ports.has_last_good() {
            return;
        }
        let Some(name) = last_good::name(&self.request, settings) else { return };
        if !matches!(received.status, 200 | 404 | 410) || received.lacks_marker {
            return;
        }
        let (body, length) = match &received.body {
            Guarded::Whole(body, bytes) => (body, *bytes),
            Guarded::Bare(body) => (body, 0),
            Guarded::Stream { .. } | Guarded::Relayed { .. } => return,
        };
        let asked = received.asked(policy, &self.request);
        // Asked as for a 200: whether a 404 may be shown to others does not depend on its status.
        let admitted = storable::admit(
            &asked,
            StatusCode::OK,
            &received.headers,
            Some(length),
            &policy.settings.cache,
            received.requested_at,
            self.ports.now(),
        );
        match admitted {
            Ok(_) | Err(NotStored::NothingToGain) => {}
            Err(reason) if reason.effect(received.status_code(), true, &asked) == Effect::Withdraws => {}
            Err(_) => return,
        }
        let vary = Vary::of(&received.headers).unwrap_or_default();
        // One that is not for all for its cookie is not without it either.
        let is_withheld = admitted == Err(NotStored::SetCookie);
        let headers =
            if is_withheld { without_hop_by_hop(&received.headers) } else { received.headers_to_store() };
        let new = Stored {
            status: received.status_code(),
            headers: headers.into(),
            requested_at: received.requested_at,
            received_at: received.received_at,
            length: Some(length),
            outdated: false,
            withdrawn_from: None,
            selected_by: vary.values(&self.presented(policy).headers),
        };
        let forbids = last_good::forbids(&new);
        let isolate = self.ports.isolate();
        // One client alone may have brought it about.
        let is_told_by_another = || {
            let (client, is_known) = self.asker();
            isolate.is_told_by_another(&name, client, is_known, self.ports.now())
        };
        if (forbids || is_withheld) && !is_told_by_another() {
            return;
        }
        if !self.ports.isolate().is_due(&name, forbids, settings.interval, self.ports.now()) {
            return;
        }
        let (this, body) = (Rc::clone(self), self.ports.copy(body));
        self.ports.spawn(async move { this.keep(name, new, body).await });
    }

    /// Removes, behind the answer, what is kept for the target of an unsafe request that was not refused.
    pub(super) fn unkeep_behind(&self, policy: &Policy<'_>) {
        let request = Request { method: Method::GET, ..Request::clone(&self.request) };
        let Some(name) =
            last_good::name(&request, &policy.settings.last_good).filter(|_| self.ports.has_last_good())
        else {
            return;
        };
        self.ports.isolate().is_due_again(&name, self.ports.now());
        let ports = self.ports.clone();
        self.ports.spawn(async move {
            recall::remove_last_good(&ports, &name).await;
        });
    }

    /// Has the next good answer for the target of such a request kept: what stands there is out of date.
    pub(super) fn keep_anew(&self, policy: &Policy<'_>) {
        let request = Request { method: Method::GET, ..Request::clone(&self.request) };
        if let Some(name) =
            last_good::name(&request, &policy.settings.last_good).filter(|_| self.ports.has_last_good())
        {
            self.ports.isolate().is_due_now(&name);
        }
    }

    async fn keep(&self, name: last_good::Name, new: Stored, body: P::Body) {
        let policy = Policy::of(&self.config, &self.request);
        let settings = &policy.settings.last_good;
        let isolate = self.ports.isolate();
        let Ok(old) = self.ports.load_last_good(&name, LONGEST_READ_BEHIND).await else {
            isolate.is_due_again(&name, self.ports.now());
            return;
        };
        let (old, same_body) = match &old {
            Some((Entry::Response(old), old_body)) => (Some(old), self.ports.are_equal(&body, old_body)),
            Some((Entry::Variants(_) | Entry::Down { .. }, _)) | None => (None, false),
        };
        // What was called out of date gives way at once.
        let is_outdated = old.is_some_and(|old| self.is_invalidated_since(old.requested_at));
        let interval = if is_outdated { Duration::ZERO } else { settings.interval };
        let settings = &config::LastGood { interval, ..settings.clone() };
        match last_good::decide(&new, same_body, old, settings, self.ports.now()) {
            Decision::Leave(Leave::Unchanged | Leave::TooSoon | Leave::Forbids | Leave::NothingToReplace) => {
            }
            Decision::Leave(
                Leave::Doubtful(_)
                | Leave::Redirected
                | Leave::NotGood
                | Leave::NotForAll
                | Leave::LengthUnknown,
            ) => isolate.is_due_again(&name, self.ports.now()),
            Decision::Remove => {
                if !recall::remove_last_good(&self.ports, &name).await {
                    isolate.is_due_again(&name, self.ports.now());
                }
            }
            Decision::Write if self.is_invalidated_since(new.requested_at) => {}
            Decision::Write => {
                let requested_at = new.requested_at;
                let entry = Entry::Response(new);
                if !recall::save_last_good(&self.ports, &name, &entry, &body, last_good::retention(settings))
                    .await
                {
                    isolate.is_due_again(&name, self.ports.now());
                }
                if self.is_invalidated_since(requested_at) {
                    recall::remove_last_good(&self.ports, &name).await;
                }
            }
        }
    }
}
