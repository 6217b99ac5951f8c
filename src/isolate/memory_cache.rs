//! The results of recent lookups in the stores, so that what many ask for is not looked up each time.
//!
//! A lookup in the platform's cache costs about as much as a request to the origin. Its result holds for
//! `cache.memory_ttl`, counted from when the lookup began. So this isolate sees its own changes at once, and those of another
//! isolate of its data centre that much later. A body is held only where it was asked for twice within that time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use crate::cache::entry::{Stored, Variant};
use crate::time::Timestamp;

/// The largest body that is held, in bytes.
pub const LARGEST_BODY: u64 = 64 * 1024;

/// How much is held at a time, in bytes: bodies, header fields and names.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How many lookups are remembered.
const MOST_LOOKUPS: usize = 1024;

/// The longest name that is remembered, in bytes: clients choose them.
const LONGEST_NAME: usize = 1024;

/// What every lookup costs beside its result, in bytes.
const LOOKUP_BYTES: usize = 256;

/// What a store has under a name.
#[derive(Debug)]
pub enum Loaded<B> {
    /// Nothing that can be used.
    Nothing,
    /// A list of variants, each under a name of its own.
    Variants(Vec<Variant>),
    /// A response and its body, whole where it is remembered.
    Response {
        /// The response.
        stored: Stored,
        /// Its body.
        body: B,
        /// Whether the body brings the fields of the response along; see [`with_head`](crate::ports::Origin::with_head).
        has_head: bool,
    },
}

/// Recent lookups.
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
    /// How often something was changed in the store.
    changes: Cell<u64>,
}

impl<B> Default for Lookups<B> {
    fn default() -> Self {
        let generations = Generations { young: Generation::default(), old: Generation::default() };
        Self { generations: RefCell::new(generations), changes: Cell::new(0) }
    }
}

/// A lookup counts for moments only, so it is enough to drop the older half of them from time to time.
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
    /// `None` for a response whose body was not held.
    result: Option<Rc<Loaded<B>>>,
}

/// A lookup under way.
#[derive(Clone, Copy, Debug)]
pub struct LookupUnderWay {
    began_at: Timestamp,
    changes: u64,
    /// Whether its result holds for any time at all.
    lasts: bool,
    /// Whether the same was looked for a moment ago, so that a body is worth holding.
    pub is_wanted: bool,
}

impl<B> Lookups<B> {
    /// The result of a lookup of `name` that began less than `within` ago.
    pub fn get(&self, name: &str, within: Duration, now: Timestamp) -> Option<Rc<Loaded<B>>> {
        let generations = self.generations.borrow();
        generations.find(name).filter(|lookup| lookup.began_within(within, now))?.result.clone()
    }

    /// Begins a lookup of `name`.
    pub fn begin(&self, name: &str, within: Duration, now: Timestamp) -> LookupUnderWay {
        // One that is asked for all the time is looked for anew whenever the memory of it has run out.
        let lately = within.saturating_mul(2);
        let is_wanted =
            self.generations.borrow().find(name).is_some_and(|lookup| lookup.began_within(lately, now));
        LookupUnderWay { began_at: now, changes: self.changes.get(), lasts: !within.is_zero(), is_wanted }
    }

    /// Remembers the result of a lookup of `name`, with `body_bytes` of a body; `None` for a response whose body is not held.
    ///
    /// Nothing is remembered if anything was changed in the store meanwhile, as the result may be older than the change.
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

    /// Notes that what stands under `name` is about to change or has just changed: nothing is known of it any more, and
    /// lookups that are under way may have come too early.
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
        // A clock may be put back.
        self.began_at <= now && now.since(self.began_at) < within
    }
}

/// How much there is beside the body, in bytes.
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
