//! How many calls may a request still make of the platform?
//!
//! On Cloudflare's smallest plan a request may make 50 subrequests. Each fetch is one, and each call of the cache, of KV and
//! of an object; past that all of them fail, the fetch of the answer too. So what may be left out is left out in time.

use std::cell::Cell;
use std::rc::Rc;

/// Fetches: two times ten attempts, with a condition and without, or fewer attempts and the rests of a body that broke off.
const FETCHES: u32 = 20;

/// Calls of the cache and of KV. With the fetches these are 49: the last one is for the object.
const CALLS: u32 = 29;

/// What the answer itself may need of [`CALLS`]: two more lookups of 4 calls, 2 last good copies, and 4 for storing.
const RESERVED: u32 = 14;

/// What a request, and the work behind its answer, may still ask of the platform. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Rc<Left>);

#[derive(Debug)]
struct Left {
    fetches: Cell<u32>,
    calls: Cell<u32>,
}

impl Allowance {
    pub fn new() -> Self {
        Self(Rc::new(Left { fetches: Cell::new(FETCHES), calls: Cell::new(CALLS) }))
    }

    /// Takes a fetch; `false` if none is left.
    pub fn take_fetch(&self) -> bool {
        take(&self.0.fetches, 1)
    }

    /// Takes `count` calls of a store; `false` if fewer are left, and then none is taken.
    pub fn take_calls(&self, count: u32) -> bool {
        take(&self.0.calls, count)
    }

    /// Whether `count` calls can be spared for something that the answer can do without.
    pub fn can_spare(&self, count: u32) -> bool {
        self.has(0, RESERVED + count)
    }

    /// Whether so many fetches and calls are left.
    pub fn has(&self, fetches: u32, calls: u32) -> bool {
        self.0.fetches.get() >= fetches && self.0.calls.get() >= calls
    }
}

fn take(left: &Cell<u32>, count: u32) -> bool {
    let rest = left.get().checked_sub(count);
    rest.inspect(|rest| left.set(*rest)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_never_overdrawn_and_clones_share_it() {
        let allowance = Allowance::new();
        let other = allowance.clone();
        assert!(allowance.can_spare(CALLS - RESERVED) && !allowance.can_spare(CALLS - RESERVED + 1));
        assert!(allowance.take_calls(CALLS - 1) && !other.take_calls(2) && other.take_calls(1));
        assert!(!allowance.take_calls(1) && allowance.has(FETCHES, 0) && !allowance.has(0, 1));
        assert!((0..FETCHES).all(|_| other.take_fetch()) && !allowance.take_fetch());
    }

    #[test]
    fn all_of_it_and_the_object_are_what_the_smallest_plan_allows() {
        assert_eq!(FETCHES + CALLS + 1, 50);
    }
}
