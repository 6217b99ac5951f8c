//! The main run: every scenario with every worker, then start times and memory.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::process;
use crate::reading::{Readings, Worker};
use crate::scenario::{self, Scenario, Setting};
use crate::table;
use crate::workerd::Workerd;

/// Measures and prints all tables.
pub fn run(bench: &mut Bench<'_>) -> Result<()> {
    let scenarios = chosen(bench.cli.scenario.as_deref())?;
    let mut contestants = vec![Worker::Bare, Worker::Handwritten, Worker::Holdfast];
    contestants.extend((0..bench.cli.against.len()).map(Worker::Other));
    let workers = start(bench, &scenarios, &contestants)?;
    if let Some(seconds) = bench.cli.stay {
        return stay(bench, &workers, seconds);
    }
    let readings = play(bench, &scenarios, &contestants, &workers)?;
    drop(workers);
    let others: Vec<&str> = bench.cli.against.iter().map(|(name, _)| name.as_str()).collect();
    println!("{}", table::speed(&scenarios, &readings, &others));
    println!("{}", table::sizes("Holdfast", &bench.cli.module)?);
    for (name, folder) in &bench.cli.against {
        println!("{}", table::sizes(name, folder)?);
    }
    let starts = process::starts(bench, &contestants)?;
    println!("{}", table::starts(&contestants, &others, &starts, &process::instances(bench)?));
    println!("{}", table::compiled(process::compiled(bench)?));
    if bench.cli.soak > 0 {
        println!("{}", process::soak(bench)?);
    }
    Ok(())
}

/// The scenarios with `part` in their name.
fn chosen(part: Option<&str>) -> Result<Vec<Scenario>> {
    let all = scenario::all().into_iter();
    let chosen: Vec<_> =
        all.filter(|scenario| part.is_none_or(|part| scenario.name.contains(part))).collect();
    ensure!(!chosen.is_empty(), "no scenario has this in its name");
    Ok(chosen)
}

type Running = HashMap<(Worker, Setting), Workerd>;

fn start(bench: &mut Bench<'_>, scenarios: &[Scenario], contestants: &[Worker]) -> Result<Running> {
    let mut workers = HashMap::new();
    for &worker in contestants {
        for setting in Setting::ALL {
            if scenarios.iter().any(|scenario| place(worker, scenario.setting) == (worker, setting)) {
                workers.insert((worker, setting), bench.start(worker, setting)?);
            }
        }
    }
    Ok(workers)
}

/// The process that plays `worker` in `setting`.
///
/// The bare worker has no settings. The handwritten one never monitors a body and has no memory.
fn place(worker: Worker, setting: Setting) -> (Worker, Setting) {
    match (worker, setting) {
        (Worker::Bare, _) | (Worker::Handwritten, Setting::Unmonitored | Setting::NoMemory) => {
            (worker, Setting::Healthy)
        }
        (
            Worker::Handwritten | Worker::Holdfast | Worker::Other(_) | Worker::Baseline(_),
            Setting::Healthy | Setting::Unmonitored | Setting::NoMemory | Setting::Down | Setting::Flaky,
        ) => (worker, setting),
    }
}

fn stay(bench: &mut Bench<'_>, workers: &Running, seconds: u64) -> Result<()> {
    bench.bring_down(workers)?;
    for ((worker, setting), running) in workers {
        let inspector = running.inspector.context("no inspector")?;
        println!("{worker:?} {setting:?}: http://{}, inspector at {inspector}", running.addr);
    }
    thread::sleep(Duration::from_secs(seconds));
    Ok(())
}

/// Gives each worker its turn in each round of each scenario. The order rotates from round to round.
fn play(
    bench: &mut Bench<'_>,
    scenarios: &[Scenario],
    contestants: &[Worker],
    workers: &Running,
) -> Result<Vec<Readings>> {
    let mut all = Vec::new();
    let mut is_down = false;
    for scenario in scenarios {
        // As late as possible: a breaker stays open for five minutes at most.
        if scenario.setting == Setting::Down && !is_down {
            bench.bring_down(workers)?;
            is_down = true;
        }
        let mut readings = Readings::new();
        for round in 0..=bench.cli.rounds {
            for turn in 0..contestants.len() {
                let worker = contestants[(turn + round) % contestants.len()];
                let running = &workers[&place(worker, scenario.setting)];
                let reading = bench.turn(round, worker, scenario, running)?;
                readings.entry(worker).or_default().extend(reading);
            }
        }
        all.push(readings);
        eprint!("\r  {:60}", scenario.name);
    }
    eprintln!();
    Ok(all)
}
