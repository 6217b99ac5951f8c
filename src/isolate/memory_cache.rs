//! The memory cache: recent lookup results. Can a lookup be skipped because its result is known?
//!
//! A lookup in the platform's cache costs about as much as a request to the origin. A result holds for
//! `cache.memory_ttl` from the start of the lookup. This isolate sees its own changes at once, and those of other
//! isolates in its data centre after that time. A body is kept only if it was requested twice within that time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use crate::cache::entry::{Stored, Variant};
use crate::time::Timestamp;

/// The largest body that is kept, in bytes.
pub const LARGEST_BODY: u64 = 64 * 1024;

/// The total size of bodies, header fields and names, in bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How many lookups are remembered.
const MOST_LOOKUPS: usize = 1024;

/// The longest name that is remembered, in bytes. Clients choose names.
const LONGEST_NAME: usize = 1024;

/// The fixed cost of a lookup, in bytes.
const LOOKUP_BYTES: usize = 256;

/// The result of a lookup.
#[derive(Debug)]
pub enum Loaded<B> {
    /// Nothing usable.
    Nothing,
    /// A list of variants, each under a name of its own.
    Variants(Vec<Variant>),
    /// A response and its body; the body is whole if it is remembered.
    Response {
        /// The response.
        stored: Stored,
        /// Its body.
        body: B,
        /// Whether the body carries the response's fields; see [`with_head`](crate::ports::Origin::with_head).
        has_head: bool,
    },
}

/// Recent lookups in all stores.
#[derive(Debug)]
pub struct MemoryCache<B> {
    /// In the platform's cache.
    pub cache: Lookups<B>,
    /// In the namespace of last good copies.
    pub last_good: Lookups<B>,
}

impl<B> Default for MemoryCache<B> {
    fn default() -> Self {
        Self { cache: Lookups::default(), last_good: Lookups::default() }
    }
}

/// Recent lookups in one store.
#[derive(Debug)]
pub struct Lookups<B> {
    generations: RefCell<Generations<B>>,
    /// How often the store was changed.
    changes: Cell<u64>,
}

impl<B> Default for Lookups<B> {
    fn default() -> Self {
        let generations = Generations { young: Generation::default(), old: Generation::default() };
        Self { generations: RefCell::new(generations), changes: Cell::new(0) }
    }
}

/// One of two generations. A lookup is useful only briefly, so the older generation is dropped as a whole.
#[derive(Debug)]
struct Generations<B> {
    young: Generation<B>,
    old: Generation<B>,
}

#[derive(Debug)]
struct Generation<B> {
    lookups: HashMap<String, LookupResult<B>>,
    bytes: usize,
}

impl<B> Default for Generation<B> {
    fn default() -> Self {
        Self { lookups: HashMap::new(), bytes: 0 }
    }
}

#[derive(Debug)]
struct LookupResult<B> {
    began_at: Timestamp,
    bytes: usize,
    /// `None` for a response whose body was not kept.
    result: Option<Rc<Loaded<B>>>,
}

/// A lookup under way.
#[derive(Clone, Copy, Debug)]
pub struct LookupUnderWay {
    began_at: Timestamp,
    changes: u64,
    /// Whether its result may be remembered at all.
    lasts: bool,
    /// Whether the same name was looked up recently, so that the body is worth keeping.
    pub is_wanted: bool,
}

impl<B> Lookups<B> {
    /// The result of a lookup of `name` that began less than `within` ago.
    pub fn get(&self, name: &str, within: Duration, now: Timestamp) -> Option<Rc<Loaded<B>>> {
        let generations = self.generations.borrow();
        generations.find(name).filter(|lookup| lookup.began_within(within, now))?.result.clone()
    }

    /// Starts a lookup of `name`.
    pub fn begin(&self, name: &str, within: Duration, now: Timestamp) -> LookupUnderWay {
        // A popular name is looked up again whenever its result expires.
        let lately = within.saturating_mul(2);
        let is_wanted =
            self.generations.borrow().find(name).is_some_and(|lookup| lookup.began_within(lately, now));
        LookupUnderWay { began_at: now, changes: self.changes.get(), lasts: !within.is_zero(), is_wanted }
    }

    /// Remembers the result of a lookup of `name`, with `body_bytes` of body; `None` for a response whose body is not
    /// kept.
    ///
    /// If the store was changed meanwhile, nothing is remembered: the result may be older than the change.
    pub fn take_in(&self, under_way: LookupUnderWay, name: &str, result: Option<Loaded<B>>, body_bytes: u64) {
        if !under_way.lasts || under_way.changes != self.changes.get() || name.len() > LONGEST_NAME {
            return;
        }
        let body_bytes = usize::try_from(body_bytes).unwrap_or(usize::MAX);
        let bytes = [body_bytes, name.len(), result.as_ref().map_or(0, weight)];
        let bytes = bytes.iter().fold(LOOKUP_BYTES, |sum, bytes| sum.saturating_add(*bytes));
        let lookup = LookupResult { began_at: under_way.began_at, bytes, result: result.map(Rc::new) };
        self.generations.borrow_mut().put(name, lookup);
    }

    /// Forgets `name`, which is about to change or has just changed. Lookups under way are not remembered.
    pub fn forget(&self, name: &str) {
        self.changes.set(self.changes.get().wrapping_add(1));
        self.generations.borrow_mut().remove(name);
    }
}

impl<B> Generations<B> {
    fn find(&self, name: &str) -> Option<&LookupResult<B>> {
        self.young.lookups.get(name).or_else(|| self.old.lookups.get(name))
    }

    fn put(&mut self, name: &str, lookup: LookupResult<B>) {
        self.remove(name);
        let is_full = self.young.lookups.len() >= MOST_LOOKUPS / 2
            || self.young.bytes.saturating_add(lookup.bytes) > MOST_BYTES / 2;
        if is_full {
            self.old = std::mem::take(&mut self.young);
        }
        if lookup.bytes <= MOST_BYTES / 2 {
            self.young.bytes += lookup.bytes;
            self.young.lookups.insert(name.to_owned(), lookup);
        }
    }

    fn remove(&mut self, name: &str) {
        for generation in [&mut self.young, &mut self.old] {
            if let Some(lookup) = generation.lookups.remove(name) {
                generation.bytes -= lookup.bytes;
            }
        }
    }
}

impl<B> LookupResult<B> {
    fn began_within(&self, within: Duration, now: Timestamp) -> bool {
        // The clock may go back.
        self.began_at <= now && now.since(self.began_at) < within
    }
}

/// The size of a result without its body, in bytes.
fn weight<B>(result: &Loaded<B>) -> usize {
    match result {
        Loaded::Nothing => 0,
        Loaded::Variants(variants) => variants.len() * 128,
        Loaded::Response { stored, .. } => {
            let fields = stored.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
            let selected_by =
                stored.selected_by.iter().map(|(name, value)| name.as_str().len() + value.len());
            fields.chain(selected_by).map(|bytes| bytes + 64).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    const SECOND: Duration = Duration::from_secs(1);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn response(body: u32) -> Loaded<u32> {
        let stored = Stored {
            status: StatusCode::OK,
            headers: HeaderMap::new().into(),
            requested_at: at(0),
            received_at: at(0),
            length: Some(3),
            outdated: false,
            withdrawn_from: None,
            selected_by: Vec::new(),
        };
        Loaded::Response { stored, body, has_head: false }
    }

    fn body(lookups: &Lookups<u32>, name: &str, now: Timestamp) -> Option<u32> {
        match *lookups.get(name, SECOND, now)? {
            Loaded::Response { body, .. } => Some(body),
            Loaded::Nothing | Loaded::Variants(_) => None,
        }
    }

    fn take_in(lookups: &Lookups<u32>, name: &str, body: u32, bytes: u64, now: Timestamp) {
        let under_way = lookups.begin(name, SECOND, now);
        lookups.take_in(under_way, name, Some(response(body)), bytes);
    }

    #[test]
    fn what_a_look_gave_stands_for_a_moment_from_its_beginning() {
        let lookups = Lookups::default();
        let under_way = lookups.begin("a", SECOND, at(0));
        assert!(lookups.get("a", SECOND, at(0)).is_none());
        lookups.take_in(under_way, "a", Some(response(1)), 3);
        assert_eq!(body(&lookups, "a", at(999)), Some(1));
        assert_eq!(body(&lookups, "a", at(1000)), None);
        assert!(
            lookups.get("a", Duration::ZERO, at(0)).is_none() && lookups.get("b", SECOND, at(0)).is_none()
        );
    }

    #[test]
    fn a_clock_that_is_put_back_makes_nothing_last_longer() {
        let lookups = Lookups::default();
        take_in(&lookups, "a", 1, 3, at(5000));
        assert_eq!(body(&lookups, "a", at(0)), None);
    }

    #[test]
    fn nothing_is_known_of_what_changes() {
        let lookups = Lookups::default();
        take_in(&lookups, "a", 1, 3, at(0));
        lookups.forget("a");
        assert_eq!(body(&lookups, "a", at(0)), None);
        // A lookup that began before a change may have seen what was there before.
        let under_way = lookups.begin("a", SECOND, at(1));
        lookups.forget("a");
        lookups.take_in(under_way, "a", Some(response(1)), 3);
        assert_eq!(body(&lookups, "a", at(1)), None);
    }

    #[test]
    fn a_body_is_worth_holding_where_the_same_was_looked_for_lately() {
        let lookups: Lookups<u32> = Lookups::default();
        let first = lookups.begin("a", SECOND, at(0));
        assert!(!first.is_wanted);
        lookups.take_in(first, "a", None, 0);
        assert!(lookups.get("a", SECOND, at(1)).is_none(), "it was not held");
        assert!(lookups.begin("a", SECOND, at(1999)).is_wanted);
        assert!(
            !lookups.begin("a", SECOND, at(2000)).is_wanted && !lookups.begin("b", SECOND, at(1)).is_wanted
        );
    }

    #[test]
    fn there_is_a_limit_to_what_is_held() {
        let lookups = Lookups::default();
        let held = |lookups: &Lookups<u32>| {
            let generations = lookups.generations.borrow();
            let both = [&generations.young, &generations.old];
            for generation in both {
                assert_eq!(
                    generation.bytes,
                    generation.lookups.values().map(|lookup| lookup.bytes).sum::<usize>()
                );
            }
            (
                both.iter().map(|generation| generation.lookups.len()).sum::<usize>(),
                generations.young.bytes + generations.old.bytes,
            )
        };
        for name in 0..10_000 {
            take_in(&lookups, &name.to_string(), 1, 0, at(0));
        }
        assert!(held(&lookups).0 <= MOST_LOOKUPS);
        for name in 0..1000 {
            take_in(&lookups, &(name % 70).to_string(), 1, LARGEST_BODY, at(0));
            assert!(held(&lookups).1 <= MOST_BYTES);
            assert!(
                name < 20 || body(&lookups, &((name - 20) % 70).to_string(), at(0)) == Some(1),
                "the last ones stay"
            );
        }
        take_in(&lookups, &"long".repeat(1000), 1, 0, at(0));
        assert_eq!(body(&lookups, &"long".repeat(1000), at(0)), None);
    }
}
