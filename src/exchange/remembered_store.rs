//! The stores, with a memory of what was found there a moment ago.
//!
//! It decorates the ports [`Store`](crate::ports::Store) and [`LastGood`](crate::ports::LastGood), and owns the ports: the
//! exchange has no other way to a store, so every change reaches the memory. So does every call: past the
//! [`Allowance`] of the request a store counts as one that cannot be reached.

use std::future::Future;
use std::time::Duration;

use http::HeaderMap;

use super::allowance::Allowance;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::last_good::Name;
use crate::cache::purge::CACHE_TAG;
use crate::config::Settings;
use crate::isolate::memory_cache::{LARGEST_BODY, Loaded, Lookups};
use crate::ports::{Held, Lookup, Ports, Runtime, Unavailable};

/// See the [module](self).
#[derive(Clone)]
pub(super) struct RememberedStore<P> {
    ports: P,
    allowance: Allowance,
}

/// The calls that an entry takes to be read: its body may have an address of its own.
const LOAD: u32 = 2;

impl<P: Ports> RememberedStore<P> {
    pub fn new(ports: P) -> Self {
        Self { ports, allowance: Allowance::new() }
    }

    /// All ports but the stores.
    pub fn runtime(
        &self,
    ) -> &impl Runtime<Body = P::Body, Upload = P::Upload, Signal = P::Signal, Span = P::Span> {
        &self.ports
    }

    /// What the request may still ask of the platform.
    pub fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// What the store has under `key`, or had a moment ago; and whether memory says so.
    pub async fn load(&self, key: &Key, settings: &Settings) -> (Loaded<P::Body>, bool) {
        let (lookups, name) = (&self.ports.memory_cache().cache, key.as_str());
        match lookups.get(name, settings.cache.memory_ttl, self.ports.now()) {
            Some(known) => (self.copied(&known), true),
            None => (self.load_and_remember(key, settings).await, false),
        }
    }

    async fn load_and_remember(&self, key: &Key, settings: &Settings) -> Loaded<P::Body> {
        let (lookups, name) = (&self.ports.memory_cache().cache, key.as_str());
        let lookup = lookups.begin(name, settings.cache.memory_ttl, self.ports.now());
        // A store that cannot be read now may have something all the same.
        let Ok(found) = self.load_now(key).await else { return Loaded::Nothing };
        let (stored, body) = match found {
            Some((Entry::Response(stored), body)) => (stored, body),
            Some((Entry::Variants(variants), nothing)) => {
                self.ports.cancel(nothing);
                lookups.take_in(lookup, name, Some(Loaded::Variants(variants.clone())), 0);
                return Loaded::Variants(variants);
            }
            Some((Entry::Down { .. }, nothing)) => {
                self.ports.cancel(nothing);
                return Loaded::Nothing;
            }
            None => {
                lookups.take_in(lookup, name, Some(Loaded::Nothing), 0);
                return Loaded::Nothing;
            }
        };
        let (length, limit) = (stored.length, LARGEST_BODY.min(settings.body.buffer));
        if !lookup.is_wanted || length.is_none_or(|length| length > limit) {
            lookups.take_in(lookup, name, None, 0);
            return Loaded::Response { stored, body, has_head: false };
        }
        let idle = settings.timeouts.idle;
        match self.ports.hold(body, length, limit, idle, idle).await {
            Held::Whole(body, bytes) => {
                let loaded = self.with_head(stored, &body);
                lookups.take_in(lookup, name, Some(self.copied(&loaded)), bytes);
                loaded
            }
            Held::Partial(body) => {
                self.ports.cancel(body);
                match self.load_response(key).await {
                    Some((stored, body)) => Loaded::Response { stored, body, has_head: false },
                    None => Loaded::Nothing,
                }
            }
            Held::Torn(_) => Loaded::Nothing,
        }
    }

    fn with_head(&self, stored: Stored, body: &P::Body) -> Loaded<P::Body> {
        let mut headers = HeaderMap::clone(&stored.headers);
        headers.remove(CACHE_TAG);
        let body = self.ports.with_head(body, stored.status, &headers);
        Loaded::Response { stored, body, has_head: true }
    }

    /// What the store has under `key` now, whatever is remembered.
    pub async fn load_now(&self, key: &Key) -> Lookup<P::Body> {
        if !self.allowance.take_calls(LOAD) {
            return Err(Unavailable);
        }
        self.ports.load(key).await
    }

    /// As [`load_now`](Self::load_now), for an entry without a body.
    pub async fn load_bodiless(&self, key: &Key) -> Lookup<P::Body> {
        if !self.allowance.take_calls(1) {
            return Err(Unavailable);
        }
        self.ports.load(key).await
    }

    /// The response that the store has under `key` now, its body not held.
    pub async fn load_response(&self, key: &Key) -> Option<(Stored, P::Body)> {
        match self.load_now(key).await {
            Ok(Some((Entry::Response(stored), body))) => Some((stored, body)),
            Ok(Some((Entry::Variants(_) | Entry::Down { .. }, nothing))) => {
                self.ports.cancel(nothing);
                None
            }
            Ok(None) | Err(_) => None,
        }
    }

    /// Forgets what was found under `key`.
    pub fn forget(&self, key: &Key) {
        self.ports.memory_cache().cache.forget(key.as_str());
    }

    /// As [`Store::save`](crate::ports::Store::save).
    pub async fn save(&self, key: &Key, entry: &Entry, body: Option<P::Body>, retention: Duration) -> bool {
        // A stream is written to an address of its own before the entry.
        let calls = if body.is_some() { 2 } else { 1 };
        if !self.allowance.take_calls(calls) {
            if let Some(body) = body {
                self.ports.cancel(body);
            }
            return false;
        }
        let saved = self.ports.save(key, entry, body, retention);
        changing(&self.ports.memory_cache().cache, key.as_str(), saved).await
    }

    /// As [`Store::renew`](crate::ports::Store::renew).
    pub fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &P::Body,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static {
        let may = self.allowance.take_calls(1);
        let renewed = may.then(|| self.ports.renew(key, entry, loaded, retention));
        let (ports, key) = (self.ports.clone(), key.clone());
        async move {
            let Some(renewed) = renewed else { return false };
            changing(&ports.memory_cache().cache, key.as_str(), renewed).await
        }
    }

    /// As [`Store::remove`](crate::ports::Store::remove).
    pub async fn remove(&self, key: &Key) {
        if !self.allowance.take_calls(1) {
            return self.forget(key);
        }
        changing(&self.ports.memory_cache().cache, key.as_str(), self.ports.remove(key)).await;
    }

    /// As [`LastGood::has_last_good`](crate::ports::LastGood::has_last_good).
    pub fn has_last_good(&self) -> bool {
        self.ports.has_last_good()
    }

    /// The last good copy under `name`, or what it was a moment ago; nothing if the namespace cannot be read within `limit`.
    pub async fn load_last_good(&self, name: &Name, limit: Duration, settings: &Settings) -> Loaded<P::Body> {
        let (lookups, within) = (&self.ports.memory_cache().last_good, settings.cache.memory_ttl);
        if let Some(known) = lookups.get(name.as_str(), within, self.ports.now()) {
            return self.copied(&known);
        }
        let lookup = lookups.begin(name.as_str(), within, self.ports.now());
        let Ok(found) = self.load_last_good_now(name, limit).await else { return Loaded::Nothing };
        let (loaded, bytes) = match found {
            Some((Entry::Response(stored), body)) => {
                let bytes = stored.length;
                (Loaded::Response { stored, body, has_head: false }, bytes)
            }
            Some((Entry::Variants(_) | Entry::Down { .. }, _)) | None => (Loaded::Nothing, Some(0)),
        };
        if let Some(bytes) = bytes.filter(|bytes| *bytes <= LARGEST_BODY) {
            lookups.take_in(lookup, name.as_str(), Some(self.copied(&loaded)), bytes);
        }
        loaded
    }

    /// As [`LastGood::load_last_good`](crate::ports::LastGood::load_last_good), whatever is remembered.
    pub async fn load_last_good_now(&self, name: &Name, within: Duration) -> Lookup<P::Body> {
        if !self.allowance.take_calls(1) {
            return Err(Unavailable);
        }
        self.ports.load_last_good(name, within).await
    }

    /// As [`LastGood::save_last_good`](crate::ports::LastGood::save_last_good).
    pub async fn save_last_good(
        &self,
        name: &Name,
        entry: &Entry,
        body: &P::Body,
        retention: Duration,
    ) -> bool {
        if !self.allowance.take_calls(1) {
            return false;
        }
        let saved = self.ports.save_last_good(name, entry, body, retention);
        changing(&self.ports.memory_cache().last_good, name.as_str(), saved).await
    }

    /// As [`LastGood::remove_last_good`](crate::ports::LastGood::remove_last_good).
    pub async fn remove_last_good(&self, name: &Name) -> bool {
        if !self.allowance.take_calls(1) {
            return false;
        }
        let removed = self.ports.remove_last_good(name);
        changing(&self.ports.memory_cache().last_good, name.as_str(), removed).await
    }

    /// As [`LastGood::are_equal`](crate::ports::LastGood::are_equal).
    pub fn are_equal(&self, one: &P::Body, other: &P::Body) -> bool {
        self.ports.are_equal(one, other)
    }

    /// As [`LastGood::load_purge_rules`](crate::ports::LastGood::load_purge_rules).
    pub async fn load_purge_rules(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        if !self.allowance.take_calls(1) {
            return Err(Unavailable);
        }
        self.ports.load_purge_rules(within).await
    }

    /// As [`LastGood::save_purge_rules`](crate::ports::LastGood::save_purge_rules).
    pub async fn save_purge_rules(&self, text: &str) -> bool {
        self.allowance.take_calls(1) && self.ports.save_purge_rules(text).await
    }

    fn copied(&self, loaded: &Loaded<P::Body>) -> Loaded<P::Body> {
        match loaded {
            Loaded::Nothing => Loaded::Nothing,
            Loaded::Variants(variants) => Loaded::Variants(variants.clone()),
            Loaded::Response { stored, body, has_head } => {
                let (stored, body) = (stored.clone(), self.ports.copy(body));
                Loaded::Response { stored, body, has_head: *has_head }
            }
        }
    }
}

async fn changing<B, T>(lookups: &Lookups<B>, name: &str, change: impl Future<Output = T>) -> T {
    lookups.forget(name);
    let outcome = change.await;
    lookups.forget(name);
    outcome
}
