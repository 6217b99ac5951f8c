//! Runs many schedules on all cores, counts what happened, and tells the story of the first that failed.
#![allow(clippy::disallowed_methods, reason = "schedules per second are counted in real time")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use simulator::plan::Plan;
use simulator::world::{Finding, Tally};
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
    let Some((seed, finding)) = failed.first_key_value() else {
        println!("\neverything held");
        return ExitCode::SUCCESS;
    };
    println!("\nfailed: {} of {seeds}", failed.len());
    let mut by_invariant: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (seed, finding) in &failed {
        by_invariant.entry(finding.invariant).or_default().push(*seed);
    }
    for (invariant, seeds) in by_invariant {
        let named: Vec<_> = seeds.iter().take(MOST_NAMED).map(u64::to_string).collect();
        println!("{:>12}  {invariant}: seeds {}", seeds.len(), named.join(", "));
    }
    tell(*seed, finding);
    ExitCode::FAILURE
}

/// The story of one that failed, with as little in it as it takes.
fn tell(seed: u64, finding: &Finding) {
    let least = minimised(seed, finding.invariant);
    println!("\nseed {seed}: {}\n", finding.invariant);
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

/// Runs the schedules of `seeds` seeds; gives what happened, and the first finding of each that failed.
fn all(from: u64, seeds: u64) -> (Tally, BTreeMap<u64, Finding>) {
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let (mut tally, mut failed) = (Tally::default(), BTreeMap::new());
        while !is_over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds {
                break;
            }
            let outcome = run_quietly(from + number);
            tally.add(outcome.tally);
            if let Some(finding) = outcome.findings.into_iter().next() {
                failed.insert(from + number, finding);
                is_over.store(failed.len() >= 1_000, Ordering::Relaxed);
            }
        }
        (tally, failed)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let (mut tally, mut failed) = (Tally::default(), BTreeMap::new());
        for (counted, found) in workers.into_iter().filter_map(|worker| worker.join().ok()) {
            tally.add(counted);
            failed.extend(found);
        }
        (tally, failed)
    })
}
