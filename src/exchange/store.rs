//! The store on the path: looked into before the origin, filled behind the answer.

use std::rc::Rc;

use http::Method;

use super::Exchange;
use super::attempts::{Guarded, Received};
use super::trail::Trail;
use super::variants;
use crate::cache::directives::RequestDirectives;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::{Key, Vary};
use crate::cache::purge::Standing;
use crate::cache::request_fields;
use crate::cache::storable::{self, Asked, Copy, NotStored};
use crate::cache::{Verdict, judge};
use crate::isolate::Whose;
use crate::isolate::memory_cache::Loaded;
use crate::policy::Policy;
use crate::ports::{Ports, Relay};
use crate::response::fields::Forwarded;

/// What the store has for a request.
pub(super) enum Lookup<B> {
    /// It was not asked.
    NotAsked,
    /// It was not asked either, as it had nothing lately and the origin's answers are none to be stored. Should the
    /// origin fail, it is.
    HitForMiss {
        /// The key under which it would have been looked for.
        at: Key,
    },
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
            Self::NotAsked | Self::HitForMiss { .. } | Self::Absent { .. } => None,
        }
    }

    /// The key under which an answer is looked for: its variant's, where that is known.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Found(found) => Some(&found.at),
            Self::Absent { at, .. } | Self::HitForMiss { at } => Some(at),
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
    /// Whether the body brings the fields of `stored` along; see [`with_head`](crate::ports::Origin::with_head).
    pub is_dressed: bool,
    pub verdict: Verdict,
}

impl<B> Found<B> {
    /// Puts what a new head says in the place of what was stored.
    pub fn change_to(&mut self, stored: Stored) {
        self.stored = stored;
        self.is_dressed = false;
    }
}

impl<P: Ports> Exchange<P> {
    pub(super) async fn look_up(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        trail: &mut Trail<P::Signal>,
    ) -> Lookup<P::Body> {
        if let Err(bypass) = policy.lookup {
            trail.bypass = Some(bypass);
            return Lookup::NotAsked;
        }
        let key = self.key().clone();
        let must_look = trail.waits > 0 || policy.asked.only_if_cached;
        let is_personal = || self.presented(policy).is_personal(false);
        let lookup = if !must_look && self.isolate().expects_miss(&key, is_personal, self.ports.now()) {
            Lookup::HitForMiss { at: key }
        } else {
            self.find(policy, key, trail).await
        };
        trail.looked_up(&lookup);
        lookup
    }

    /// `lookup`, or what the store has where it was spared, or where attempts have failed and only memory says that there
    /// is nothing that may stand in.
    pub(super) async fn look_after_all(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        lookup: Lookup<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Lookup<P::Body> {
        let has_failed = !trail.attempts.is_empty();
        let at = match &lookup {
            Lookup::HitForMiss { at } => at.clone(),
            Lookup::Absent { at, .. } if has_failed && trail.is_recalled => at.clone(),
            Lookup::Found(found)
                if has_failed && trail.is_recalled && self.may_stand_in(policy, &found.stored).is_err() =>
            {
                found.at.clone()
            }
            Lookup::NotAsked | Lookup::Absent { .. } | Lookup::Found(_) => return lookup,
        };
        if has_failed {
            let looks = &self.ports.memory_cache().cache;
            [self.key(), &at].iter().for_each(|key| looks.forget(key.as_str()));
        }
        self.let_go(lookup);
        let lookup = self.find(policy, self.key().clone(), trail).await;
        trail.looked_up(&lookup);
        if trail.has_entry {
            self.isolate().expect_hits(self.key());
        }
        lookup
    }

    pub(super) async fn find(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        key: Key,
        trail: &mut Trail<P::Signal>,
    ) -> Lookup<P::Body> {
        let mut outdated_at = None;
        let (at, loaded) = match self.load(policy, &key, trail).await {
            Loaded::Variants(variants) => {
                trail.has_variants = true;
                let (digest, stored) = variants::choose(&variants, &self.presented(policy).headers);
                let at = key.variant(&digest);
                let Some(variant) = stored else { return Lookup::Absent { at, vary_miss: true } };
                outdated_at = variant.outdated_at;
                self.isolate().note_use(&at, self.ports.now());
                let loaded = self.load(policy, &at, trail).await;
                (at, loaded)
            }
            loaded @ (Loaded::Response { .. } | Loaded::Nothing) => (key.clone(), loaded),
        };
        match loaded {
            Loaded::Response { mut stored, body, is_dressed } if self.selects(policy, &stored, trail) => {
                stored.outdated |= self.is_invalidated_since(stored.requested_at);
                match self.marks().await.on(self.target(), &stored) {
                    Standing::Good => {
                        stored.outdated |= outdated_at.is_some_and(|at| stored.requested_at <= at)
                    }
                    Standing::Purged => stored.outdated = true,
                    Standing::Forgotten => {
                        self.ports.cancel(body);
                        self.remove_behind(vec![at.clone()]);
                        return Lookup::Absent { at, vary_miss: false };
                    }
                }
                let (settings, now) = (&policy.settings.cache, self.ports.now());
                trail.is_outdated = stored.outdated;
                trail.copy = self.standing_of(&stored);
                let verdict = judge(&stored, &policy.asked, settings, now);
                // What a request directs makes nothing fresher.
                let anyway = || judge(&stored, &RequestDirectives::default(), settings, now);
                trail.is_fresh =
                    verdict == Verdict::Fresh || verdict == Verdict::Stale && anyway() == Verdict::Fresh;
                Lookup::Found(Found { at, stored, body, is_dressed, verdict })
            }
            Loaded::Response { stored, body, .. } => {
                self.ports.cancel(body);
                trail.has_variants = true;
                let vary = Vary::of(&stored.headers).unwrap_or_default();
                let at = key.variant(&vary.digest(&self.presented(policy).headers));
                Lookup::Absent { at, vary_miss: true }
            }
            Loaded::Variants(_) => Lookup::Absent { at, vary_miss: true },
            Loaded::Nothing => {
                let vary_miss = at != key;
                Lookup::Absent { at, vary_miss }
            }
        }
    }

    /// Whether the request would have been answered like this (RFC 9111 §4.1). Notes whether others would not.
    fn selects(&self, policy: &Policy<'_>, stored: &Stored, trail: &mut Trail<P::Signal>) -> bool {
        let is_plain = stored.is_plain();
        trail.has_variants |= !is_plain;
        (is_plain || stored.matches(&self.presented(policy).headers))
            && request_fields::is_readable(&self.request, &stored.headers)
    }

    /// What `stored` is to an answer that would take its place.
    pub(super) fn standing_of(&self, stored: &Stored) -> Copy {
        let told = |from: u32| {
            let (client, is_known) = self.asker();
            from != client || !is_known
        };
        match stored.withdrawn_from {
            _ if !stored.status.is_success() => Copy::None,
            Some(from) if told(from) => Copy::Ending,
            Some(_) | None => Copy::Page,
        }
    }

    /// Stores `received` behind the answer where the rules allow it, and gives it back for the client.
    pub(super) fn store_behind(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut received: Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Received<P::Body> {
        if policy.lookup.is_err() || self.request.method != Method::GET {
            return received;
        }
        if matches!(received.body, Guarded::Stream { is_endless: true, .. }) {
            trail.not_stored = Some(NotStored::Endless);
            return received;
        }
        let asked = Asked { copy: trail.copy, ..received.asked(policy, &self.request) };
        let length = match &received.body {
            Guarded::Bare(_) => Some(0),
            Guarded::Whole(_, bytes) => Some(*bytes),
            Guarded::Stream { length, .. } => *length,
            Guarded::Relayed { .. } => None,
        };
        let (status, settings) = (received.status_code(), &policy.settings.cache);
        let now = self.ports.now();
        let admission = match storable::admit(
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
                self.note_not_stored(reason, &received, &asked, trail);
                // Having waited, it may have found what was not there at first.
                let had_nothing = trail.forwarded == Some(Forwarded::UriMiss) && !trail.has_entry;
                if had_nothing && reason.is_of_the_answer(status) {
                    let is_anybody = asked.is_anybody(&Vary::default());
                    let whose = if is_anybody { Whose::Everybody } else { Whose::Personal };
                    self.isolate().expect_misses(self.key(), whose, now);
                }
                trail.not_stored = Some(reason);
                return received;
            }
        };
        if received.status_code().is_redirection() && *self.target() != self.request.target {
            trail.not_stored = Some(NotStored::UnkeyedQuery);
            return received;
        }
        if self.is_invalidated_since(received.requested_at) {
            trail.not_stored = Some(NotStored::Invalidated);
            return received;
        }
        let stored = Stored {
            status,
            headers: received.headers_to_store().into(),
            requested_at: received.requested_at,
            received_at: received.received_at,
            length,
            outdated: false,
            withdrawn_from: None,
            selected_by: admission.vary.values(&self.presented(policy).headers),
        };
        if let Some(doubt) = self.doubt(policy, &received, &stored, trail) {
            let reason = NotStored::Doubtful(doubt);
            self.note_not_stored(reason, &received, &asked, trail);
            trail.not_stored = Some(reason);
            return received;
        }
        let entry = Entry::Response(stored);
        if entry.encode().is_none() {
            trail.not_stored = Some(NotStored::TooLarge);
            return received;
        }
        let copy = match received.body {
            Guarded::Bare(_) => None,
            Guarded::Whole(ref body, _) => Some(self.ports.copy(body)),
            Guarded::Stream { body, length, idle, resume, .. } => {
                let Relay { client, copy, end } =
                    self.ports.relay(body, length, idle, Some(settings.max_body), resume);
                received.body = Guarded::Relayed { client, end: Box::pin(end) };
                self.storing(trail);
                copy
            }
            Guarded::Relayed { .. } => return received,
        };
        trail.stored = true;
        self.isolate().expect_hits(self.key());
        let (this, lead, has_variants) = (Rc::clone(self), trail.lead.take(), trail.has_variants);
        self.ports.spawn(async move {
            let policy = Policy::of(&this.config, &this.request);
            let saved = this.store(&policy, &admission, &entry, copy, has_variants).await
                && this.is_still_good(&policy, this.key(), &entry).await;
            // Somebody may have looked in vain while the body came.
            this.isolate().expect_hits(this.key());
            this.settle_saved(&policy, lead, entry, saved);
        });
        received
    }

    /// Lets go of a stored response that is not used after all.
    pub(super) fn let_go(&self, lookup: Lookup<P::Body>) {
        if let Lookup::Found(found) = lookup {
            self.ports.cancel(found.body);
        }
    }
}
