//! What was in a store a moment ago, so that what many ask for is not looked for each time.
//!
//! A look into the platform's cache is a call that costs about as much as one to the origin. What it gave stands for as
//! long as `cache.memory_ttl` says, counted from when the look began; so this isolate sees what another one of its data centre
//! has written or removed that much later, and its own changes at once. A body is held only where it was asked for twice
//! within that time.

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

/// How many looks are remembered.
const MOST_LOOKS: usize = 1024;

/// The longest name that is remembered, in bytes: clients choose them.
const LONGEST_NAME: usize = 1024;

/// What every look costs beside what it gave, in bytes.
const LOOK_BYTES: usize = 256;

/// What a store had under a name.
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
        is_dressed: bool,
    },
}

/// What was in the stores a moment ago.
#[derive(Debug)]
pub struct MemoryCache<B> {
    /// In the platform's cache.
    pub cache: Looks<B>,
    /// In the namespace of kept copies.
    pub kept: Looks<B>,
}

impl<B> Default for MemoryCache<B> {
    fn default() -> Self {
        Self { cache: Looks::default(), kept: Looks::default() }
    }
}

/// What was looked for in one store lately.
#[derive(Debug)]
pub struct Looks<B> {
    shelves: RefCell<Shelves<B>>,
    /// How often something was changed in the store.
    changes: Cell<u64>,
}

impl<B> Default for Looks<B> {
    fn default() -> Self {
        let shelves = Shelves { young: Shelf::default(), old: Shelf::default() };
        Self { shelves: RefCell::new(shelves), changes: Cell::new(0) }
    }
}

/// A look counts for moments only, so it is enough to let go of the older half of them from time to time.
#[derive(Debug)]
struct Shelves<B> {
    young: Shelf<B>,
    old: Shelf<B>,
}

#[derive(Debug)]
struct Shelf<B> {
    looks: HashMap<String, Look<B>>,
    bytes: usize,
}

impl<B> Default for Shelf<B> {
    fn default() -> Self {
        Self { looks: HashMap::new(), bytes: 0 }
    }
}

#[derive(Debug)]
struct Look<B> {
    began_at: Timestamp,
    bytes: usize,
    /// `None` for a response whose body was not held.
    gave: Option<Rc<Loaded<B>>>,
}

/// A look that is under way.
#[derive(Clone, Copy, Debug)]
pub struct Looking {
    began_at: Timestamp,
    changes: u64,
    /// Whether what it gives stands for any time at all.
    lasts: bool,
    /// Whether the same was looked for a moment ago, so that a body is worth holding.
    pub is_wanted: bool,
}

impl<B> Looks<B> {
    /// What a look for `name` gave that began less than `within` ago.
    pub fn get(&self, name: &str, within: Duration, now: Timestamp) -> Option<Rc<Loaded<B>>> {
        let shelves = self.shelves.borrow();
        shelves.find(name).filter(|look| look.began_within(within, now))?.gave.clone()
    }

    /// Begins a look for `name`.
    pub fn look(&self, name: &str, within: Duration, now: Timestamp) -> Looking {
        // One that is asked for all the time is looked for anew whenever the memory of it has run out.
        let lately = within.saturating_mul(2);
        let is_wanted = self.shelves.borrow().find(name).is_some_and(|look| look.began_within(lately, now));
        Looking { began_at: now, changes: self.changes.get(), lasts: !within.is_zero(), is_wanted }
    }

    /// Takes in what a look for `name` gave, with `body_bytes` of a body; `None` for a response whose body is not held.
    ///
    /// It is left out if anything was changed in the store meanwhile, as it may be what was there before.
    pub fn take_in(&self, looking: Looking, name: &str, gave: Option<Loaded<B>>, body_bytes: u64) {
        if !looking.lasts || looking.changes != self.changes.get() || name.len() > LONGEST_NAME {
            return;
        }
        let body_bytes = usize::try_from(body_bytes).unwrap_or(usize::MAX);
        let bytes = [body_bytes, name.len(), gave.as_ref().map_or(0, weight)];
        let bytes = bytes.iter().fold(LOOK_BYTES, |sum, bytes| sum.saturating_add(*bytes));
        let look = Look { began_at: looking.began_at, bytes, gave: gave.map(Rc::new) };
        self.shelves.borrow_mut().put(name, look);
    }

    /// Notes that what stands under `name` is about to change or has just changed: nothing is known of it any more, and
    /// looks that are under way may have come too early.
    pub fn forget(&self, name: &str) {
        self.changes.set(self.changes.get().wrapping_add(1));
        self.shelves.borrow_mut().remove(name);
    }
}

impl<B> Shelves<B> {
    fn find(&self, name: &str) -> Option<&Look<B>> {
        self.young.looks.get(name).or_else(|| self.old.looks.get(name))
    }

    fn put(&mut self, name: &str, look: Look<B>) {
        self.remove(name);
        let is_full = self.young.looks.len() >= MOST_LOOKS / 2
            || self.young.bytes.saturating_add(look.bytes) > MOST_BYTES / 2;
        if is_full {
            self.old = std::mem::take(&mut self.young);
        }
        if look.bytes <= MOST_BYTES / 2 {
            self.young.bytes += look.bytes;
            self.young.looks.insert(name.to_owned(), look);
        }
    }

    fn remove(&mut self, name: &str) {
        for shelf in [&mut self.young, &mut self.old] {
            if let Some(look) = shelf.looks.remove(name) {
                shelf.bytes -= look.bytes;
            }
        }
    }
}

impl<B> Look<B> {
    fn began_within(&self, within: Duration, now: Timestamp) -> bool {
        // A clock may be put back.
        self.began_at <= now && now.since(self.began_at) < within
    }
}

/// How much there is beside the body, in bytes.
fn weight<B>(gave: &Loaded<B>) -> usize {
    match gave {
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
        Loaded::Response { stored, body, is_dressed: false }
    }

    fn body(looks: &Looks<u32>, name: &str, now: Timestamp) -> Option<u32> {
        match *looks.get(name, SECOND, now)? {
            Loaded::Response { body, .. } => Some(body),
            Loaded::Nothing | Loaded::Variants(_) => None,
        }
    }

    fn take_in(looks: &Looks<u32>, name: &str, body: u32, bytes: u64, now: Timestamp) {
        let looking = looks.look(name, SECOND, now);
        looks.take_in(looking, name, Some(response(body)), bytes);
    }

    #[test]
    fn what_a_look_gave_stands_for_a_moment_from_its_beginning() {
        let looks = Looks::default();
        let looking = looks.look("a", SECOND, at(0));
        assert!(looks.get("a", SECOND, at(0)).is_none());
        looks.take_in(looking, "a", Some(response(1)), 3);
        assert_eq!(body(&looks, "a", at(999)), Some(1));
        assert_eq!(body(&looks, "a", at(1000)), None);
        assert!(looks.get("a", Duration::ZERO, at(0)).is_none() && looks.get("b", SECOND, at(0)).is_none());
    }

    #[test]
    fn a_clock_that_is_put_back_makes_nothing_last_longer() {
        let looks = Looks::default();
        take_in(&looks, "a", 1, 3, at(5000));
        assert_eq!(body(&looks, "a", at(0)), None);
    }

    #[test]
    fn nothing_is_known_of_what_changes() {
        let looks = Looks::default();
        take_in(&looks, "a", 1, 3, at(0));
        looks.forget("a");
        assert_eq!(body(&looks, "a", at(0)), None);
        // A look that began before a change may have seen what was there before.
        let looking = looks.look("a", SECOND, at(1));
        looks.forget("a");
        looks.take_in(looking, "a", Some(response(1)), 3);
        assert_eq!(body(&looks, "a", at(1)), None);
    }

    #[test]
    fn a_body_is_worth_holding_where_the_same_was_looked_for_lately() {
        let looks: Looks<u32> = Looks::default();
        let first = looks.look("a", SECOND, at(0));
        assert!(!first.is_wanted);
        looks.take_in(first, "a", None, 0);
        assert!(looks.get("a", SECOND, at(1)).is_none(), "it was not held");
        assert!(looks.look("a", SECOND, at(1999)).is_wanted);
        assert!(!looks.look("a", SECOND, at(2000)).is_wanted && !looks.look("b", SECOND, at(1)).is_wanted);
    }

    #[test]
    fn there_is_a_limit_to_what_is_held() {
        let looks = Looks::default();
        let held = |looks: &Looks<u32>| {
            let shelves = looks.shelves.borrow();
            let both = [&shelves.young, &shelves.old];
            for shelf in both {
                assert_eq!(shelf.bytes, shelf.looks.values().map(|look| look.bytes).sum::<usize>());
            }
            (
                both.iter().map(|shelf| shelf.looks.len()).sum::<usize>(),
                shelves.young.bytes + shelves.old.bytes,
            )
        };
        for name in 0..10_000 {
            take_in(&looks, &name.to_string(), 1, 0, at(0));
        }
        assert!(held(&looks).0 <= MOST_LOOKS);
        for name in 0..1000 {
            take_in(&looks, &(name % 70).to_string(), 1, LARGEST_BODY, at(0));
            assert!(held(&looks).1 <= MOST_BYTES);
            assert!(
                name < 20 || body(&looks, &((name - 20) % 70).to_string(), at(0)) == Some(1),
                "the last ones stay"
            );
        }
        take_in(&looks, &"long".repeat(1000), 1, 0, at(0));
        assert_eq!(body(&looks, &"long".repeat(1000), at(0)), None);
    }
}
