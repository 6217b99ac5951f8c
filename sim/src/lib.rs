//! Holdfast in a world of its own: the exchange as it is deployed, before simulated origins, an edge cache, a namespace
//! and a clock, in virtual time.
//!
//! A [`Plan`] is made from a seed: settings, pages, visitors, what they ask for, and everything that goes
//! wrong meanwhile. The [world](mod@world) lets it happen on the platform of the crate `testkit`, and the [invariants] are
//! checked at every step against the records of what the origins really did. The same seed gives the same story to the
//! byte.
#![allow(
    clippy::indexing_slicing,
    missing_docs,
    reason = "numbers of pages, visitors and origins come from the plan that has them, and this is no part of the worker"
)]

pub mod blame;
pub mod client;
pub mod ended;
pub mod fault;
pub mod harm;
pub mod invariants;
pub mod ledger;
pub mod orders;
pub mod origin;
pub mod page;
pub mod plan;
pub mod ports;
pub mod record;
pub mod retries;
pub mod rules;
pub mod schedule;
pub mod settings;
mod story;
pub mod taken;
pub mod traffic;
pub mod turn;
pub mod turns;
pub mod visitor;
pub mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use ledger::{Finding, Tally};
use plan::{Plan, What};
use world::World;

/// What came of a schedule.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What did not hold, in the order in which it showed.
    pub findings: Vec<Finding>,
    /// The story, a line for each thing that happened; empty where none was asked for.
    pub trace: String,
    /// How often what happened.
    pub tally: Tally,
}

/// Runs the schedule of `seed` and tells its story.
pub fn run(seed: u64) -> Outcome {
    play(&Plan::of(seed), true)
}

/// Runs the schedule of `seed` without a word, which is faster.
pub fn run_quietly(seed: u64) -> Outcome {
    play(&Plan::of(seed), false)
}

/// Runs `plan`.
pub fn play(plan: &Plan, traces: bool) -> Outcome {
    let Some(world) = World::new(plan, traces) else {
        let detail = format!("{}", plan.settings.to_value(&plan.pages));
        let finding = Finding { invariant: "the settings of a schedule are valid", detail };
        return Outcome { findings: vec![finding], ..Outcome::default() };
    };
    let panicked = catch_unwind(AssertUnwindSafe(|| world.run()));
    let mut ledger = world.ledger.take();
    if let Err(thrown) = panicked {
        let text = thrown.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let detail = text.or_else(|| thrown.downcast_ref::<String>().cloned()).unwrap_or_default();
        ledger.findings.push(Finding { invariant: "nothing panics", detail });
    }
    Outcome { findings: ledger.findings, trace: ledger.trace, tally: ledger.tally }
}

/// The smallest plan that can be had from that of `seed` by leaving events out, and in which `invariant` still does not
/// hold.
pub fn minimised(seed: u64, invariant: &str) -> Plan {
    let mut plan = Plan::of(seed);
    let fails = |plan: &Plan| play(plan, false).findings.iter().any(|finding| finding.invariant == invariant);
    let mut at_once = plan.events.len() / 2;
    while at_once > 0 {
        let mut from = 0;
        while from < plan.events.len() {
            let mut less = plan.clone();
            let mut numbers = 0..;
            less.events.retain(|event| {
                let is_taken = numbers.next().is_some_and(|number| (from..from + at_once).contains(&number));
                // That all is well in the end is no event among others.
                !is_taken || matches!(event.what, What::Well)
            });
            let is_less = less.events.len() < plan.events.len();
            if is_less && fails(&less) { plan = less } else { from += at_once }
        }
        at_once /= 2;
    }
    plan
}
