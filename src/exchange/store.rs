//! The store on the path: looked into before the origin, filled behind the answer.

use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use super::Exchange;
use super::answer::Trail;
use super::attempts::{Guarded, Received};
use super::collapse::Lead;
use super::variants;
use crate::cache::admission::{self, NotStored};
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::{Key, Vary};
use crate::cache::purge::{Marks, Standing};
use crate::cache::{Verdict, judge, validation};
use crate::isolate::{Turn, Upshot};
use crate::origin::failure::Failure;
use crate::origin::{forward, is_origin_error};
use crate::policy::Policy;
use crate::ports::{Held, Ports, Relay};
use crate::report::Outcome;
use crate::request::Request;
use crate::response::error_page::Cause;

/// Purge marks younger than this are used as they are; older ones are read again behind the answer.
const MARKS_ARE_NEW: Duration = Duration::from_secs(30);

/// Purge marks older than this are read again before they are used.
const MARKS_ARE_OLD: Duration = Duration::from_secs(60);

/// How long a client waits for purge marks.
const LONGEST_READ_OF_MARKS: Duration = Duration::from_secs(1);

/// What the store has for a request.
pub(super) enum Lookup<B> {
    /// It was not asked.
    NotAsked,
    /// Nothing that fits.
    Absent {
        /// The key under which it was looked for last.
        at: Key,
        vary_miss: bool,
    },
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

    /// The key under which an answer is looked for: its variant's, where that is known.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Found(found) => Some(&found.at),
            Self::Absent { at, .. } => Some(at),
            Self::NotAsked => None,
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
    pub(super) async fn look_up(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        trail: &mut Trail<P::Beacon>,
    ) -> Lookup<P::Body> {
        if let Err(bypass) = policy.lookup {
            trail.bypass = Some(bypass);
            return Lookup::NotAsked;
        }
        let lookup = self.find(policy, trail).await;
        trail.looked_up(&lookup);
        lookup
    }

    async fn find(self: &Rc<Self>, policy: &Policy<'_>, trail: &mut Trail<P::Beacon>) -> Lookup<P::Body> {
        let key = Key::of(&self.request);
        let (at, loaded) = match self.ports.load(&key).await {
            Some((Entry::Variants(variants), body)) => {
                self.ports.cancel(body);
                trail.has_variants = true;
                let (digest, is_stored) = variants::choose(&variants, &self.presented(policy).headers);
                let at = key.variant(&digest);
                if !is_stored {
                    return Lookup::Absent { at, vary_miss: true };
                }
                let loaded = self.ports.load(&at).await;
                (at, loaded)
            }
            loaded => (key.clone(), loaded),
        };
        match loaded {
            Some((Entry::Response(mut stored), body)) if self.selects(policy, &stored) => {
                trail.has_variants |= !stored.is_plain();
                match self.marks().await.on(&self.request.target, stored.requested_at) {
                    Standing::Good => {}
                    Standing::Purged => stored.outdated = true,
                    Standing::Forgotten => {
                        self.ports.cancel(body);
                        self.remove_behind(vec![at.clone()]);
                        return Lookup::Absent { at, vary_miss: false };
                    }
                }
                let verdict = judge(&stored, &policy.asked, &policy.settings.cache, self.ports.now());
                Lookup::Found(Found { at, stored, body, verdict })
            }
            Some((Entry::Response(stored), body)) => {
                self.ports.cancel(body);
                trail.has_variants = true;
                let vary = Vary::of(&stored.headers).unwrap_or_default();
                let at = key.variant(&vary.digest(&self.presented(policy).headers));
                Lookup::Absent { at, vary_miss: true }
            }
            Some((Entry::Variants(_), body)) => {
                self.ports.cancel(body);
                Lookup::Absent { at, vary_miss: true }
            }
            None => {
                let vary_miss = at != key;
                Lookup::Absent { at, vary_miss }
            }
        }
    }

    /// Whether the request would have been answered like this (RFC 9111 §4.1).
    fn selects(&self, policy: &Policy<'_>, stored: &Stored) -> bool {
        stored.is_plain() || stored.matches(&self.presented(policy).headers)
    }

    /// What the operator purged, as far as this isolate knows: what it has read within the last minute. Where it
    /// cannot be read, what was known before holds, for a while again.
    pub(super) async fn marks(&self) -> Rc<Marks> {
        if !self.ports.keeps() {
            return Rc::default();
        }
        let known = self.ports.isolate().marks();
        let now = self.ports.now();
        match known {
            Some((marks, at)) if now.since(at) < MARKS_ARE_NEW => marks,
            Some((marks, at)) if now.since(at) < MARKS_ARE_OLD => {
                // Counts as read, so that one request reads and not every one.
                self.ports.isolate().set_marks(Rc::clone(&marks), now);
                let ports = self.ports.clone();
                self.ports.spawn(async move {
                    read_marks(&ports).await;
                });
                marks
            }
            known => match read_marks(&self.ports).await {
                Some(marks) => marks,
                None => {
                    let marks = known.map(|(marks, _)| marks).unwrap_or_default();
                    self.ports.isolate().set_marks(Rc::clone(&marks), now);
                    marks
                }
            },
        }
    }

    /// Stores `received` behind the answer where the rules allow it, and gives it back for the client.
    pub(super) fn store_behind(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut received: Received<P::Body>,
        trail: &mut Trail<P::Beacon>,
    ) -> Received<P::Body> {
        if policy.lookup.is_err() || self.request.method != Method::GET {
            return received;
        }
        if matches!(received.body, Guarded::Stream { idle: None, .. }) {
            trail.not_stored = Some(NotStored::Endless);
            return received;
        }
        let asked = received.asked(&self.request);
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
                    // Not the URL's own where this is one variant: who chooses it must not take others with it.
                    self.remove_behind(trail.key.iter().cloned().collect());
                }
                trail.not_stored = Some(reason);
                return received;
            }
        };
        if self.ports.isolate().is_invalidated_since(&Key::of(&self.request), received.requested_at) {
            trail.not_stored = Some(NotStored::Invalidated);
            return received;
        }
        let stored = Stored {
            status,
            headers: received.headers_to_store(),
            requested_at: received.requested_at,
            received_at: received.received_at,
            length,
            outdated: false,
            selected_by: admission.vary.values(&self.presented(policy).headers),
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
                if let Some(lead) = &trail.lead {
                    lead.fetch.is_being_stored();
                }
                copy
            }
            Guarded::Relayed { .. } => return received,
        };
        trail.stored = true;
        let (this, lead, has_variants) = (Rc::clone(self), trail.lead.take(), trail.has_variants);
        self.ports.spawn(async move {
            let policy = Policy::of(&this.config, &this.request);
            let saved = this.store(&policy, &admission, &entry, copy, has_variants).await;
            this.settle_saved(&policy, lead, entry, saved);
        });
        received
    }

    fn settle_saved(&self, policy: &Policy<'_>, lead: Option<Lead<P::Beacon>>, entry: Entry, saved: bool) {
        match (lead, entry) {
            (Some(lead), Entry::Response(stored)) if saved => self.settle_stored(policy, lead, &stored),
            (Some(lead), _) => self.settle(lead, Upshot::NotShared),
            (None, _) => {}
        }
    }

    /// Takes what a 304 says into the stored response (RFC 9111 §4.3.4); `None` if the 304 speaks of another
    /// representation, or the stored body cannot be read.
    pub(super) async fn freshen(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut found: Found<P::Body>,
        received: &Received<P::Body>,
        trail: &mut Trail<P::Beacon>,
    ) -> Option<Found<P::Body>> {
        let times = (received.requested_at, received.received_at);
        let Some(stored) = validation::freshen(found.stored.clone(), &received.headers, times.0, times.1)
        else {
            self.ports.cancel(found.body);
            return None;
        };
        found.stored = stored;
        self.rewrite(policy, found, received, trail).await
    }

    /// What the answer to a HEAD says of the stored response: it is taken in if it speaks of the same
    /// representation, and if not, that one is out of date (RFC 9111 §4.3.5).
    pub(super) async fn note_head(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut found: Found<P::Body>,
        received: &Received<P::Body>,
        trail: &mut Trail<P::Beacon>,
    ) {
        if received.status != 200 {
            self.ports.cancel(found.body);
            return;
        }
        let rewritten = if validation::is_described_by(&found.stored, &received.headers) {
            self.freshen(policy, found, received, trail).await
        } else {
            found.stored.outdated = true;
            self.rewrite(policy, found, received, trail).await
        };
        if let Some(found) = rewritten {
            self.ports.cancel(found.body);
        }
    }

    /// Writes a stored response anew, its header fields changed, behind the answer; removes it if it may not be
    /// stored any more. `None` if its body cannot be read.
    async fn rewrite(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut found: Found<P::Body>,
        received: &Received<P::Body>,
        trail: &mut Trail<P::Beacon>,
    ) -> Option<Found<P::Body>> {
        // What is stored answers GET, whatever the method of the request that tells of it.
        let request = Request { method: Method::GET, ..self.request.clone() };
        let asked = received.asked(&request);
        let (stored, settings) = (&found.stored, policy.settings);
        let admitted = admission::admit(
            &asked,
            stored.status,
            &stored.headers,
            stored.length,
            &settings.cache,
            stored.requested_at,
            self.ports.now(),
        );
        let admission = match admitted {
            Ok(admission) => admission,
            Err(reason) => {
                if reason.withdraws(&asked) || stored.outdated {
                    self.remove_behind(vec![found.at.clone()]);
                }
                return Some(found);
            }
        };
        let lead = trail.lead.take();
        let (this, at) = (Rc::clone(self), found.at.clone());
        let (entry, retention) = (Entry::Response(found.stored.clone()), admission.retention);
        if found.stored.length.is_none_or(|length| length > settings.body.hold) {
            let renewed = self.ports.renew(&at, &entry, &found.body, retention);
            self.ports.spawn(async move {
                let saved = renewed.await;
                this.settle_saved(&Policy::of(&this.config, &this.request), lead, entry, saved);
            });
            return Some(found);
        }
        let idle = settings.timeouts.idle;
        match self.ports.hold(found.body, found.stored.length, settings.body.hold, idle, idle).await {
            Held::Whole(body, _) => found.body = body,
            Held::Partial(body) => {
                self.ports.cancel(body);
                trail.lead = lead;
                return None;
            }
            Held::Torn(_) => {
                trail.lead = lead;
                return None;
            }
        }
        let copy = self.ports.copy(&found.body);
        self.ports.spawn(async move {
            let saved = this.ports.save(&at, &entry, Some(copy), retention).await;
            this.settle_saved(&Policy::of(&this.config, &this.request), lead, entry, saved);
        });
        Some(found)
    }

    /// Refreshes a stale copy that was just served, once at a time in this isolate (RFC 5861 §3).
    pub(super) fn refresh_behind(self: &Rc<Self>, policy: &Policy<'_>, found: &Found<P::Body>) {
        // Nobody waits for a refresh, so it does not matter whether waiting would pay.
        self.ports.isolate().bring_together(&found.at);
        let Turn::Lead(fetch) = self.take_turn(policy, &found.at, true) else { return };
        let lead = Lead { key: found.at.clone(), fetch };
        let request = Request {
            method: Method::GET,
            has_body: false,
            headers: self.without_asker(policy, found),
            ..self.request.clone()
        };
        let behind = Self::new(self.ports.clone(), Rc::clone(&self.config), request);
        let stored = found.stored.clone();
        self.ports.spawn(async move { behind.refresh(&stored, lead).await });
    }

    /// The fields of the request less those that would make the answer to it the asker's own.
    fn without_asker(&self, policy: &Policy<'_>, found: &Found<P::Body>) -> HeaderMap {
        let mut headers = self.request.headers.clone();
        let presented = self.presented(policy);
        let vary = Vary::of(&found.stored.headers).unwrap_or_default();
        for name in presented.unkeyed.iter().chain([&header::COOKIE]).filter(|name| !vary.covers(name)) {
            headers.remove(name);
        }
        headers
    }

    async fn refresh(self: &Rc<Self>, stored: &Stored, lead: Lead<P::Beacon>) {
        let policy = Policy::of(&self.config, &self.request);
        let mut trail = Trail::new(&policy);
        trail.lead = Some(lead);
        let pursuit = self.pursue(&policy, None, Some(stored)).await;
        trail.attempts = pursuit.attempts;
        match pursuit.last {
            Some(received) if received.status == 304 => {
                if let Lookup::Found(found) = self.look_up(&policy, &mut trail).await
                    && let Some(found) = self.freshen(&policy, found, &received, &mut trail).await
                {
                    self.ports.cancel(found.body);
                }
            }
            Some(received) if !is_origin_error(received.status) => {
                self.keep_behind(&policy, &received);
                let received = self.store_behind(&policy, received, &mut trail);
                self.give_up(received);
            }
            last => {
                trail.cause = trail.touched_by().map(|(cause, _)| cause);
                trail.retry_after = pursuit.retry_after;
                if let Some(received) = last {
                    self.give_up(received);
                }
                trail.outcome = Outcome::RefreshFailed;
                self.report(&trail, None, None);
            }
        }
        self.settle_rest(&mut trail);
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

    /// Lets go of a stored response that is not used after all.
    pub(super) fn let_go(&self, lookup: Lookup<P::Body>) {
        if let Lookup::Found(found) = lookup {
            self.ports.cancel(found.body);
        }
    }

    /// Removes what stands at the target of an unsafe request that was not refused, and at what `Location` and
    /// `Content-Location` name at the same origin (RFC 9111 §4.4).
    pub(super) fn invalidate_behind(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        received: &Received<P::Body>,
        trail: &Trail<P::Beacon>,
    ) {
        if !admission::invalidates(&self.request.method, received.status_code()) {
            return;
        }
        let target = &self.request.target;
        let origin = trail.attempts.last().and_then(|attempt| self.config.origins.get(attempt.origin));
        let named = |name: HeaderName, headers: &HeaderMap| {
            let reference = headers.get(name)?.to_str().ok()?;
            let public = origin.and_then(|origin| forward::public_location(reference, origin, &self.request));
            let named = self.ports.resolve(public.as_deref().unwrap_or(reference), target)?;
            let is_same_origin = (named.scheme(), named.authority()) == (target.scheme(), target.authority());
            (is_same_origin && named != *target).then(|| Key::of_target(&named))
        };
        let mut keys = vec![Key::of(&self.request)];
        keys.extend(named(header::LOCATION, &received.headers));
        keys.extend(named(header::CONTENT_LOCATION, &received.headers));
        let now = self.ports.now();
        keys.iter().for_each(|key| self.ports.isolate().invalidate(key, now));
        self.remove_behind(keys);
        self.unkeep_behind(policy);
    }

    /// The same where the answer broke off behind its status: what was asked has been done.
    pub(super) fn invalidate_though_torn(self: &Rc<Self>, policy: &Policy<'_>, status: u16) {
        let invalidates = StatusCode::from_u16(status)
            .is_ok_and(|status| admission::invalidates(&self.request.method, status));
        if invalidates {
            let key = Key::of(&self.request);
            self.ports.isolate().invalidate(&key, self.ports.now());
            self.remove_behind(vec![key]);
            self.unkeep_behind(policy);
        }
    }

    /// Removes what is stored under `keys`, and with a URL's own key all of its variants.
    pub(super) fn remove_behind(&self, keys: Vec<Key>) {
        let ports = self.ports.clone();
        self.ports.spawn(async move {
            for key in keys {
                ports.remove(&key).await;
            }
        });
    }
}

async fn read_marks<P: Ports>(ports: &P) -> Option<Rc<Marks>> {
    let text = ports.load_marks(LONGEST_READ_OF_MARKS).await.ok()?;
    // One that cannot be read is as good as one that could not be fetched.
    let marks = Rc::new(text.map_or_else(|| Some(Marks::default()), |text| Marks::decode(&text))?);
    ports.isolate().set_marks(Rc::clone(&marks), ports.now());
    Some(marks)
}
