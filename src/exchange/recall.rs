//! The store as the path sees it: with a memory before it of what was found a moment ago.
//!
//! Whatever writes to the store or removes from it does so through here, so that the memory knows.

use std::future::Future;
use std::time::Duration;

use http::HeaderMap;

use super::Exchange;
use super::trail::Trail;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::last_good::Name;
use crate::cache::purge::CACHE_TAG;
use crate::isolate::memory_cache::{LARGEST_BODY, Loaded, Looks};
use crate::policy::Policy;
use crate::ports::{Held, Ports};

impl<P: Ports> Exchange<P> {
    /// What the store has under `key`, or had a moment ago.
    pub(super) async fn load(
        &self,
        policy: &Policy<'_>,
        key: &Key,
        trail: &mut Trail<P::Signal>,
    ) -> Loaded<P::Body> {
        let (looks, name, within) =
            (&self.ports.memory_cache().cache, key.as_str(), policy.settings.cache.memory_ttl);
        let known = looks.get(name, within, self.ports.now());
        trail.is_recalled = known.is_some();
        if let Some(known) = known {
            return self.copied(&known);
        }
        let looking = looks.look(name, within, self.ports.now());
        // That it cannot be read now says nothing of what is there.
        let Ok(found) = self.ports.load(key).await else { return Loaded::Nothing };
        let (stored, body) = match found {
            Some((Entry::Response(stored), body)) => (stored, body),
            Some((Entry::Variants(variants), nothing)) => {
                self.ports.cancel(nothing);
                looks.take_in(looking, name, Some(Loaded::Variants(variants.clone())), 0);
                return Loaded::Variants(variants);
            }
            Some((Entry::Down { .. }, nothing)) => {
                self.ports.cancel(nothing);
                return Loaded::Nothing;
            }
            None => {
                looks.take_in(looking, name, Some(Loaded::Nothing), 0);
                return Loaded::Nothing;
            }
        };
        let (length, limit) = (stored.length, LARGEST_BODY.min(policy.settings.body.buffer));
        if !looking.is_wanted || length.is_none_or(|length| length > limit) {
            looks.take_in(looking, name, None, 0);
            return Loaded::Response { stored, body, is_dressed: false };
        }
        let idle = policy.settings.timeouts.idle;
        match self.ports.hold(body, length, limit, idle, idle).await {
            Held::Whole(body, bytes) => {
                let mut headers = HeaderMap::clone(&stored.headers);
                headers.remove(CACHE_TAG);
                let body = self.ports.with_head(&body, stored.status, &headers);
                let loaded = Loaded::Response { stored, body, is_dressed: true };
                looks.take_in(looking, name, Some(self.copied(&loaded)), bytes);
                loaded
            }
            Held::Partial(body) => {
                self.ports.cancel(body);
                match self.load_anew(key).await {
                    Some((stored, body)) => Loaded::Response { stored, body, is_dressed: false },
                    None => Loaded::Nothing,
                }
            }
            Held::Torn(_) => Loaded::Nothing,
        }
    }

    /// The response that the store has under `key`, its body not held: there was no room for it.
    pub(super) async fn load_anew(&self, key: &Key) -> Option<(Stored, P::Body)> {
        match self.ports.load(key).await {
            Ok(Some((Entry::Response(stored), body))) => Some((stored, body)),
            Ok(Some((Entry::Variants(_) | Entry::Down { .. }, nothing))) => {
                self.ports.cancel(nothing);
                None
            }
            Ok(None) | Err(_) => None,
        }
    }

    /// What is kept under `name`, or was a moment ago; nothing if the namespace cannot be read within `limit`.
    pub(super) async fn load_last_good(
        &self,
        policy: &Policy<'_>,
        name: &Name,
        limit: Duration,
    ) -> Loaded<P::Body> {
        let (looks, within) = (&self.ports.memory_cache().kept, policy.settings.cache.memory_ttl);
        if let Some(known) = looks.get(name.as_str(), within, self.ports.now()) {
            return self.copied(&known);
        }
        let looking = looks.look(name.as_str(), within, self.ports.now());
        let Ok(found) = self.ports.load_last_good(name, limit).await else { return Loaded::Nothing };
        let (loaded, bytes) = match found {
            Some((Entry::Response(stored), body)) => {
                let bytes = stored.length;
                (Loaded::Response { stored, body, is_dressed: false }, bytes)
            }
            Some((Entry::Variants(_) | Entry::Down { .. }, _)) | None => (Loaded::Nothing, Some(0)),
        };
        if let Some(bytes) = bytes.filter(|bytes| *bytes <= LARGEST_BODY) {
            looks.take_in(looking, name.as_str(), Some(self.copied(&loaded)), bytes);
        }
        loaded
    }

    fn copied(&self, loaded: &Loaded<P::Body>) -> Loaded<P::Body> {
        match loaded {
            Loaded::Nothing => Loaded::Nothing,
            Loaded::Variants(variants) => Loaded::Variants(variants.clone()),
            Loaded::Response { stored, body, is_dressed } => {
                let (stored, body) = (stored.clone(), self.ports.copy(body));
                Loaded::Response { stored, body, is_dressed: *is_dressed }
            }
        }
    }
}

/// As [`Store::save`](crate::ports::Store::save).
pub(super) async fn save<P: Ports>(
    ports: &P,
    key: &Key,
    entry: &Entry,
    body: Option<P::Body>,
    retention: Duration,
) -> bool {
    changing(&ports.memory_cache().cache, key.as_str(), ports.save(key, entry, body, retention)).await
}

/// As [`Store::renew`](crate::ports::Store::renew).
pub(super) fn renew<P: Ports>(
    ports: &P,
    key: &Key,
    entry: &Entry,
    loaded: &P::Body,
    retention: Duration,
) -> impl Future<Output = bool> + 'static {
    let (ports, key, renewed) = (ports.clone(), key.clone(), ports.renew(key, entry, loaded, retention));
    async move { changing(&ports.memory_cache().cache, key.as_str(), renewed).await }
}

/// As [`Store::remove`](crate::ports::Store::remove).
pub(super) async fn remove<P: Ports>(ports: &P, key: &Key) {
    changing(&ports.memory_cache().cache, key.as_str(), ports.remove(key)).await;
}

/// As [`LastGood::save_last_good`](crate::ports::LastGood::save_last_good).
pub(super) async fn save_last_good<P: Ports>(
    ports: &P,
    name: &Name,
    entry: &Entry,
    body: &P::Body,
    retention: Duration,
) -> bool {
    changing(&ports.memory_cache().kept, name.as_str(), ports.save_last_good(name, entry, body, retention))
        .await
}

/// As [`LastGood::remove_last_good`](crate::ports::LastGood::remove_last_good).
pub(super) async fn remove_last_good<P: Ports>(ports: &P, name: &Name) -> bool {
    changing(&ports.memory_cache().kept, name.as_str(), ports.remove_last_good(name)).await
}

async fn changing<B, T>(looks: &Looks<B>, name: &str, change: impl Future<Output = T>) -> T {
    looks.forget(name);
    let outcome = change.await;
    looks.forget(name);
    outcome
}
