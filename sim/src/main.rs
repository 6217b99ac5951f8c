//! Runs many schedules on all cores, counts what happened, and tells a story of each kind that failed.
#![allow(clippy::disallowed_methods, reason = "schedules per second are counted in real time")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use simulator::ledger::Tally;
use simulator::plan::Plan;
use simulator::{minimised, play, run_quietly};

/// How many seeds that failed are named.
const MOST_NAMED: usize = 5;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse());
    let (Some(Ok(seeds)), Some(Ok(from)), None) = (numbers.next(), numbers.next(), numbers.next()) else {
        eprintln!("simulator <number of schedules> <first seed>; cargo xtask simulate calls it");
        return ExitCode::from(2);
    };
    // A panic is a finding like any other, and told as one.
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let (tally, failed) = all(from, seeds);
    let seconds = began.elapsed().as_secs_f64();
    println!("{seeds} schedules in {seconds:.1} s, {:.0} per second", seeds as f64 / seconds);
    println!("\nfaults");
    for (fault, count) in &tally.faults {
        println!("{count:>12}  {fault}");
    }
    println!("\nanswers");
    for (answer, count) in &tally.answers {
        println!("{count:>12}  {answer}");
    }
    println!("\nschedules");
    for (shape, count) in &tally.shapes {
        println!("{count:>12}  {shape}");
    }
    println!("\nharm: of {} requests that the bare origin would have answered well", tally.would_be_well);
    for (harm, count) in &tally.harm {
        println!("{count:>12}  {harm}");
    }
    if failed.is_empty() {
        println!("\neverything held");
        return ExitCode::SUCCESS;
    }
    println!("\nfailed: {} of {seeds}", failed.len());
    let mut by_invariant: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (seed, invariants) in &failed {
        for invariant in invariants {
            by_invariant.entry(invariant).or_default().push(*seed);
        }
    }
    for (invariant, seeds) in &by_invariant {
        let named: Vec<_> = seeds.iter().take(MOST_NAMED).map(u64::to_string).collect();
        println!("{:>12}  {invariant}: seeds {}", seeds.len(), named.join(", "));
    }
    for (invariant, seeds) in by_invariant {
        seeds.first().into_iter().for_each(|seed| tell(*seed, invariant));
    }
    ExitCode::FAILURE
}

/// The story of one that failed, with as little in it as it takes.
fn tell(seed: u64, invariant: &str) {
    let least = minimised(seed, invariant);
    println!("\nseed {seed}: {invariant}\n");
    let Plan { settings, pages, visitors, .. } = &least;
    println!("{settings:?}\n");
    for page in pages {
        println!("{page:?}");
    }
    for visitor in visitors {
        println!("{visitor:?}");
    }
    println!("\nits story, less what does not matter:\n{}", play(&least, true).trace);
    println!("again: cargo xtask simulate --seeds 1 --from {seed}");
}

/// What did not hold in the schedules that failed.
type Failed = BTreeMap<u64, BTreeSet<&'static str>>;

/// Runs the schedules of `seeds` seeds; gives what happened, and what did not hold in each that failed.
fn all(from: u64, seeds: u64) -> (Tally, Failed) {
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let (mut tally, mut failed) = (Tally::default(), Failed::new());
        while !is_over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds {
                break;
            }
            let outcome = run_quietly(from + number);
            tally.add(outcome.tally);
            if !outcome.findings.is_empty() {
                let invariants = outcome.findings.iter().map(|finding| finding.invariant);
                failed.insert(from + number, invariants.collect());
                is_over.store(failed.len() >= 1_000, Ordering::Relaxed);
            }
        }
        (tally, failed)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let (mut tally, mut failed) = (Tally::default(), Failed::new());
        for (counted, found) in workers.into_iter().filter_map(|worker| worker.join().ok()) {
            tally.add(counted);
            failed.extend(found);
        }
        (tally, failed)
    })
}
