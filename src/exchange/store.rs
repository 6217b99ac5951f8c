//! The store on the path: looked into before the origin, filled behind the answer.

use std::rc::Rc;
use std::time::Duration;

use http::{Method, header};

use super::Exchange;
use super::answer::Trail;
use super::attempts::{Guarded, Received};
use crate::cache::admission::{self, Asked, LONGEST_RETENTION, NotStored};
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::{Key, Vary};
use crate::cache::{Verdict, judge, validation};
use crate::origin::is_origin_error;
use crate::policy::Policy;
use crate::ports::{Held, Ports, Relay};
use crate::report::Outcome;
use crate::request::Request;
use crate::time::Timestamp;

/// The platform ends what goes on behind an answer after this long.
const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

/// What the store has for a request.
pub(super) enum Lookup<B> {
    /// It was not asked.
    NotAsked,
    /// Nothing that fits.
    Absent { vary_miss: bool },
    /// A response that fits.
    Found(Found<B>),
}

impl<B> Lookup<B> {
    pub fn found(&self) -> Option<&Stored> {
        match self {
            Self::Found(found) => Some(&found.stored),
            Self::NotAsked | Self::Absent { .. } => None,
        }
    }
}

/// A stored response that fits.
pub(super) struct Found<B> {
    /// The key that it stands under: its variant's, where it has variants.
    pub at: Key,
    pub stored: Stored,
    pub body: B,
    pub verdict: Verdict,
}

impl<P: Ports> Exchange<P> {
    pub(super) async fn look_up(&self, policy: &Policy<'_>, trail: &mut Trail) -> Lookup<P::Body> {
        if let Err(bypass) = policy.lookup {
            trail.bypass = Some(bypass);
            return Lookup::NotAsked;
        }
        let key = Key::of(&self.request);
        let (at, loaded, since) = match self.ports.load(&key).await {
            Some((Entry::Variants { vary, since }, body)) => {
                self.ports.cancel(body);
                let at = key.variant(&vary, &self.request.headers);
                let loaded = self.ports.load(&at).await;
                (at, loaded, Some(since))
            }
            loaded => (key.clone(), loaded, None),
        };
        let vary_miss = at != key;
        let lookup = match loaded {
            Some((Entry::Response(stored), body))
                if stored.matches(&self.request.headers)
                    && since.is_none_or(|since| stored.requested_at >= since) =>
            {
                let verdict = judge(&stored, &policy.asked, &policy.settings.cache, self.ports.now());
                Lookup::Found(Found { at, stored, body, verdict })
            }
            Some((_, body)) => {
                self.ports.cancel(body);
                Lookup::Absent { vary_miss: true }
            }
            None => Lookup::Absent { vary_miss },
        };
        trail.looked_up(&lookup);
        lookup
    }

    /// Stores `received` behind the answer where the rules allow it, and gives it back for the client.
    pub(super) fn store_behind(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut received: Received<P::Body>,
        trail: &mut Trail,
    ) -> Received<P::Body> {
        if policy.lookup.is_err() || self.request.method != Method::GET {
            return received;
        }
        if matches!(received.body, Guarded::Stream { idle: None, .. }) {
            trail.not_stored = Some(NotStored::Endless);
            return received;
        }
        let asked =
            Asked { request: &self.request, unkeyed: &received.unkeyed, identified: received.identified };
        let length = match &received.body {
            Guarded::Bare(_) => Some(0),
            Guarded::Whole(_, bytes) => Some(*bytes),
            Guarded::Stream { length, .. } => *length,
            Guarded::Relayed { .. } => None,
        };
        let (status, settings) = (received.status_code(), &policy.settings.cache);
        let now = self.ports.now();
        let admission = match admission::admit(
            &asked,
            status,
            &received.headers,
            length,
            settings,
            received.requested_at,
            now,
        ) {
            Ok(admission) => admission,
            Err(reason) => {
                if reason.withdraws(&asked) && trail.has_entry() {
                    self.forget_behind(Key::of(&self.request));
                }
                trail.not_stored = Some(reason);
                return received;
            }
        };
        let mut headers = admission::without_hop_by_hop(&received.headers);
        if let Some(location) = &received.location {
            headers.insert(header::LOCATION, location.clone());
        }
        let stored = Stored {
            status,
            headers,
            requested_at: received.requested_at,
            received_at: received.received_at,
            length,
            selected_by: admission.vary.values(&self.request.headers),
        };
        let entry = Entry::Response(stored);
        if entry.encode().is_none() {
            trail.not_stored = Some(NotStored::TooLarge);
            return received;
        }
        let copy = match received.body {
            Guarded::Bare(_) => None,
            Guarded::Whole(ref body, _) => Some(self.ports.copy(body)),
            Guarded::Stream { body, length, idle } => {
                let Relay { client, copy, end } =
                    self.ports.relay(body, length, idle, Some(settings.max_body));
                received.body = Guarded::Relayed { client, end: Box::pin(end) };
                copy
            }
            Guarded::Relayed { .. } => return received,
        };
        trail.stored = true;
        let (this, requested_at) = (Rc::clone(self), received.requested_at);
        self.ports.spawn(async move {
            let key = Key::of(&this.request);
            let at = if admission.vary.is_empty() {
                key
            } else {
                let at = key.variant(&admission.vary, &this.request.headers);
                this.name_variants(&key, admission.vary, requested_at).await;
                at
            };
            this.ports.save(&at, &entry, copy, admission.retention).await;
        });
        received
    }

    /// Notes under a URL's own key by what its answers differ. Variants that were forgotten while this one was
    /// under way stay so.
    async fn name_variants(&self, key: &Key, vary: Vary, requested_at: Timestamp) {
        let since = match self.ports.load(key).await {
            Some((entry, body)) => {
                self.ports.cancel(body);
                match entry {
                    Entry::Variants { since, .. } => since,
                    Entry::Response(_) => requested_at,
                }
            }
            None => requested_at,
        };
        // It outlives every variant, each of which has a retention of its own.
        self.ports.save(key, &Entry::Variants { vary, since }, None, LONGEST_RETENTION).await;
    }

    /// Takes what a 304 says into the stored response (RFC 9111 §4.3.4); `None` if the 304 speaks of another
    /// representation, or the stored body cannot be read.
    pub(super) async fn freshen(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut found: Found<P::Body>,
        received: &Received<P::Body>,
    ) -> Option<Found<P::Body>> {
        let times = (received.requested_at, received.received_at);
        let Some(stored) = validation::freshen(found.stored.clone(), &received.headers, times.0, times.1)
        else {
            self.ports.cancel(found.body);
            return None;
        };
        found.stored = stored;
        let asked =
            Asked { request: &self.request, unkeyed: &received.unkeyed, identified: received.identified };
        let (stored, settings) = (&found.stored, policy.settings);
        let now = self.ports.now();
        let admitted = admission::admit(
            &asked,
            stored.status,
            &stored.headers,
            stored.length,
            &settings.cache,
            times.0,
            now,
        );
        let admission = match admitted {
            Ok(admission) => admission,
            Err(reason) => {
                if reason.withdraws(&asked) {
                    self.forget_behind(found.at.clone());
                }
                return Some(found);
            }
        };
        let (this, at) = (Rc::clone(self), found.at.clone());
        let (entry, retention) = (Entry::Response(found.stored.clone()), admission.retention);
        if found.stored.length.is_none_or(|length| length > settings.body.hold) {
            let renewed = self.ports.renew(&at, &entry, &found.body, retention);
            self.ports.spawn(async move {
                renewed.await;
            });
            return Some(found);
        }
        let idle = settings.timeouts.idle;
        match self.ports.hold(found.body, found.stored.length, settings.body.hold, idle, idle).await {
            Held::Whole(body, _) => found.body = body,
            Held::Partial(body) => {
                self.ports.cancel(body);
                return None;
            }
            Held::Torn(_) => return None,
        }
        let copy = self.ports.copy(&found.body);
        self.ports.spawn(async move {
            this.ports.save(&at, &entry, Some(copy), retention).await;
        });
        Some(found)
    }

    /// Refreshes a stale copy that was just served, once at a time in this isolate (RFC 5861 §3).
    pub(super) fn refresh_behind(self: &Rc<Self>, policy: &Policy<'_>, found: &Found<P::Body>) {
        let timeouts = &policy.settings.timeouts;
        let at_most = timeouts.total.saturating_add(timeouts.idle).min(LONGEST_WORK_BEHIND);
        if !self.ports.begin_refresh(&found.at, at_most) {
            return;
        }
        let request = Request { method: Method::GET, has_body: false, ..self.request.clone() };
        let behind = Rc::new(Self {
            ports: self.ports.clone(),
            config: Rc::clone(&self.config),
            request,
            began_at: self.ports.now(),
        });
        let (at, stored) = (found.at.clone(), found.stored.clone());
        self.ports.spawn(async move {
            behind.refresh(&stored).await;
            behind.ports.end_refresh(&at);
        });
    }

    async fn refresh(self: &Rc<Self>, stored: &Stored) {
        let policy = Policy::of(&self.config, &self.request);
        let mut trail = Trail::new(&policy);
        let pursuit = self.pursue(&policy, None, Some(stored)).await;
        trail.attempts = pursuit.attempts;
        match pursuit.last {
            Some(received) if received.status == 304 => {
                if let Lookup::Found(found) = self.look_up(&policy, &mut trail).await
                    && let Some(found) = self.freshen(&policy, found, &received).await
                {
                    self.ports.cancel(found.body);
                }
            }
            Some(received) if !is_origin_error(received.status) => {
                let received = self.store_behind(&policy, received, &mut trail);
                self.give_up(received);
            }
            last => {
                if let Some(received) = last {
                    self.give_up(received);
                }
                trail.outcome = Outcome::RefreshFailed;
                self.report(&trail, None, None);
            }
        }
    }

    /// Lets go of a stored response that is not used after all.
    pub(super) fn let_go(&self, lookup: Lookup<P::Body>) {
        if let Lookup::Found(found) = lookup {
            self.ports.cancel(found.body);
        }
    }

    /// Forgets what is stored under `key`, and with a URL's own key all of its variants.
    pub(super) fn forget_behind(self: &Rc<Self>, key: Key) {
        let this = Rc::clone(self);
        self.ports.spawn(async move { this.ports.remove(&key).await });
    }
}
