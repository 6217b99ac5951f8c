//! The schedule of a seed.

use testkit::chance::Chance;

use crate::plan::Plan;
use crate::{traffic, turns};

impl Plan {
    /// The schedule of `seed`.
    pub fn of(seed: u64) -> Self {
        let mut plan = traffic::plan(seed, &mut Chance::new(seed, 0));
        turns::add(&mut plan, &mut Chance::new(seed, u64::MAX));
        plan
    }
}
