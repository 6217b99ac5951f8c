//! What a lookup in the store found, and what an answer would replace there.

use crate::cache::Verdict;
use crate::cache::doubt::Likeness;
use crate::cache::entry::Stored;
use crate::cache::key::Key;
use crate::cache::storable;
use crate::ports::Origin;
use crate::response::fields::Forwarded;

/// What the store has for a request.
pub(super) enum Lookup<B> {
    /// The request must not be answered from the store, so it was not asked.
    NotAsked,
    /// The store was not asked, as it had nothing lately and the origin's answers cannot be stored (hit-for-miss). It is
    /// asked if the origin fails.
    HitForMiss {
        /// The key that was not looked up.
        at: Key,
    },
    /// Nothing that fits.
    Absent {
        /// The key that was looked up last.
        at: Key,
        vary_miss: bool,
    },
    /// A response that fits.
    Found(Found<B>),
}

/// A stored response that fits.
pub(super) struct Found<B> {
    /// Its key: that of its variant, where there are variants.
    pub at: Key,
    pub stored: Stored,
    pub body: B,
    /// Whether the handle of the body has the fields of `stored`; see [`with_head`](crate::ports::Origin::with_head).
    pub has_head: bool,
    pub verdict: Verdict,
}

/// What an answer would replace in the store, as far as the lookups of a request have shown.
#[derive(Clone, Default)]
pub(super) struct InStore {
    /// The key that was looked up last.
    pub key: Option<Key>,
    /// Whether the answers for the URL differ by request fields.
    pub has_variants: bool,
    /// Whether there was anything for the URL at the last lookup.
    pub has_entry: bool,
    /// Whether that is known from memory alone.
    pub is_remembered: bool,
    /// Whether the first lookup found nothing for the URL.
    pub began_empty: Option<bool>,
    pub copy: StoredCopy,
}

/// The copy that an answer would replace.
#[derive(Clone, Copy, Default)]
pub(super) struct StoredCopy {
    pub kind: storable::Existing,
    /// Whether it is fresh, whatever the client's directives say.
    pub is_fresh: bool,
    /// Whether it was called out of date.
    pub is_outdated: bool,
    /// What a doubtful answer is compared with, if the copy could stand in.
    pub likeness: Option<Likeness>,
}

impl<B> Lookup<B> {
    pub fn found(&self) -> Option<&Stored> {
        match self {
            Self::Found(found) => Some(&found.stored),
            Self::NotAsked | Self::HitForMiss { .. } | Self::Absent { .. } => None,
        }
    }

    pub fn into_found(self) -> Result<Found<B>, Self> {
        match self {
            Self::Found(found) => Ok(found),
            Self::NotAsked | Self::HitForMiss { .. } | Self::Absent { .. } => Err(self),
        }
    }

    /// The key under which an answer is looked up: its variant's, where that is known.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Found(found) => Some(&found.at),
            Self::Absent { at, .. } | Self::HitForMiss { at } => Some(at),
            Self::NotAsked => None,
        }
    }

    /// Why the request could not be answered from the store.
    pub fn forwarded(&self) -> Forwarded {
        match self {
            Self::NotAsked => Forwarded::Bypass,
            Self::HitForMiss { .. } => Forwarded::Miss,
            Self::Absent { vary_miss: false, .. } => Forwarded::UriMiss,
            Self::Absent { vary_miss: true, .. } => Forwarded::VaryMiss,
            Self::Found(_) => Forwarded::Stale,
        }
    }

    /// Cancels the body of a stored response that is not used. An unread body keeps a connection of the platform's.
    pub fn discard(self, ports: &impl Origin<Body = B>) {
        if let Self::Found(found) = self {
            ports.cancel(found.body);
        }
    }
}

impl<B> Found<B> {
    /// Replaces the stored head by one that was brought up to date.
    pub fn change_to(&mut self, stored: Stored) {
        self.stored = stored;
        self.has_head = false;
    }
}

impl InStore {
    pub fn note<B>(&mut self, lookup: &Lookup<B>) {
        let forwarded = lookup.forwarded();
        self.key = lookup.key().cloned();
        if !matches!(lookup, Lookup::Found(_)) {
            self.copy = StoredCopy::default();
        }
        self.has_entry = matches!(forwarded, Forwarded::Stale | Forwarded::VaryMiss);
        self.began_empty.get_or_insert(forwarded == Forwarded::UriMiss);
    }
}
