//! The workerd process: how long it takes to start, and how its memory grows.

use std::collections::HashMap;

use anyhow::Result;

use crate::bench::Bench;
use crate::deployment;
use crate::load::{self, Until};
use crate::reading::Worker;
use crate::request::{PAGE, Request};
use crate::scenario::Setting;
use crate::table;
use crate::workerd::Plan;

/// How many times a start is measured.
const STARTS: usize = 9;

/// Milliseconds from the start of workerd to its first answer.
pub fn starts(bench: &mut Bench<'_>, contestants: &[Worker]) -> Result<HashMap<Worker, Vec<f64>>> {
    let mut starts = HashMap::<Worker, Vec<f64>>::new();
    for _ in 0..STARTS {
        for &worker in contestants {
            let running = bench.start(worker, Setting::Healthy)?;
            load::once(running.addr, &PAGE, 0)?;
            starts.entry(worker).or_default().push(running.age().as_secs_f64() * 1e3);
        }
    }
    Ok(starts)
}

/// Milliseconds for one instance of the module that answers requests.
pub fn instances(bench: &mut Bench<'_>) -> Result<Vec<f64>> {
    const INSTANCES: u32 = 200;
    let plan = Plan {
        name: "instances",
        deployment: deployment::instances(bench.cli)?,
        cache: bench.cache(Worker::Holdfast)?,
        is_inspected: false,
    };
    let one = Request { path: "/1", length: None, ..PAGE };
    let many = Request { path: "/200", ..one.clone() };
    let mut instances = Vec::new();
    for _ in 0..STARTS {
        let running = bench.start_plan(&plan)?;
        load::once(running.addr, &one, 0)?;
        let before = running.age();
        load::once(running.addr, &many, 0)?;
        instances.push((running.age() - before).as_secs_f64() * 1e3 / f64::from(INSTANCES));
    }
    Ok(instances)
}

/// Memory after few requests and after many, each for a URL of its own.
pub fn soak(bench: &mut Bench<'_>) -> Result<String> {
    const FIRST: u64 = 10_000;
    let request = Request { is_unique: true, ..PAGE };
    let mut lines = Vec::new();
    for worker in [Worker::Holdfast, Worker::Bare] {
        let running = bench.start(worker, Setting::Healthy)?;
        load::run(running.addr, &request, 16, Until::Answers(FIRST), 0)?;
        let first = running.used()?.memory;
        load::run(running.addr, &request, 16, Until::Answers(bench.cli.soak.saturating_sub(FIRST)), FIRST)?;
        lines.push((worker, first, running.used()?.memory));
    }
    Ok(table::memory(FIRST, bench.cli.soak, &lines))
}
