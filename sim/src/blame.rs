//! Blame: what is counted against an origin, beside what it did.

use std::rc::Rc;

use holdfast::health::AttemptKind;
use holdfast::health::count_lines::{self, What};

use crate::world::World;

/// Takes counts in their written form.
pub fn told(world: &Rc<World>, counts: &str) {
    let mut ledger = world.ledger.borrow_mut();
    for line in count_lines::read(counts, world.platform.clock.timestamp()) {
        let is_failure = matches!(line.what, What::Try(end) | What::Probe(end) if end != AttemptKind::Ok);
        if is_failure {
            *ledger.blamed.entry(line.origin.to_owned()).or_default() += line.n;
        }
    }
}

/// No more failures are counted against an origin than there were attempts that met something wrong there.
pub fn at_the_end(world: &Rc<World>) {
    for origin in 0..world.plan.settings.origins {
        let name = world.config.origin_name(origin);
        let (blamed, met) = {
            let ledger = world.ledger.borrow();
            let there = ledger.attempts.iter().filter(|attempt| attempt.origin == origin);
            let met = there.filter(|attempt| attempt.met.is_some()).count() as u64;
            (ledger.blamed.get(name).copied().unwrap_or_default(), met)
        };
        if blamed > met {
            world.violated("no failure is counted against an origin that it has not had", || {
                format!("origin {origin}: {blamed}, of {met} that there were")
            });
        }
    }
}
