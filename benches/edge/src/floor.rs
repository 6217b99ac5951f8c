//! The run of `--floor`: the baselines beside Holdfast, side by side in one table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::{Context, Result};

use crate::baselines::{BASELINES, Baseline};
use crate::bench::Bench;
use crate::reading::{Reading, Worker};
use crate::request::{PAGE, Request};
use crate::scenario::{self, Scenario};
use crate::table;

/// The scenarios of Holdfast that stand beside the baselines.
const SCENARIOS: [&str; 4] =
    ["pass-through, 1 KB", "fresh hit", "stale, breaker open", "error page, breaker open"];

/// One line of the table.
struct Line {
    worker: Worker,
    does: String,
    scenario: Scenario,
}

fn lines() -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (number, baseline) in BASELINES.iter().enumerate() {
        let request = match baseline {
            Baseline { file: "answering.js", level: 4, .. } => {
                Request { statuses: &[503], length: None, ..PAGE }
            }
            _ => PAGE,
        };
        let scenario = Scenario { bare: request.clone(), request, ..scenario::plain() };
        lines.push(Line { worker: Worker::Baseline(number), does: baseline.does.to_owned(), scenario });
    }
    for name in SCENARIOS {
        let scenario =
            scenario::all().into_iter().find(|scenario| scenario.name == name).context("no such scenario")?;
        lines.push(Line { worker: Worker::Holdfast, does: format!("Holdfast: {name}"), scenario });
    }
    Ok(lines)
}

/// Measures the floor and prints the table.
pub fn run(bench: &mut Bench<'_>) -> Result<()> {
    let lines = lines()?;
    let mut workers = HashMap::new();
    for Line { worker, scenario, .. } in &lines {
        if let Entry::Vacant(place) = workers.entry((*worker, scenario.setting)) {
            place.insert(bench.start(*worker, scenario.setting)?);
        }
    }
    bench.bring_down(&workers)?;
    let mut readings: Vec<Vec<Reading>> = lines.iter().map(|_| Vec::new()).collect();
    for round in 0..=bench.cli.rounds {
        for turn in 0..lines.len() {
            let at = (turn + round * 5) % lines.len();
            let Line { worker, scenario, .. } = &lines[at];
            let running = &workers[&(*worker, scenario.setting)];
            readings[at].extend(bench.turn(round, *worker, scenario, running)?);
        }
        eprint!("\r  round {round} of {}", bench.cli.rounds);
    }
    eprintln!();
    let lines: Vec<_> = lines.iter().map(|line| line.does.as_str()).zip(readings).collect();
    print!("{}", table::floor(&lines));
    Ok(())
}
