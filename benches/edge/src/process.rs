//! The workerd process: how long it takes to start, and how its memory grows.

use std::collections::HashMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::deployment;
use crate::load::{self, Until};
use crate::reading::{Compiled, Start, Worker};
use crate::request::{PAGE, Request};
use crate::scenario::Setting;
use crate::table;
use crate::workerd::Plan;

/// How many times a start is measured.
const STARTS: usize = 9;

/// Starts every worker some times, in turn.
pub fn starts(bench: &mut Bench<'_>, contestants: &[Worker]) -> Result<HashMap<Worker, Vec<Start>>> {
    let mut starts = HashMap::<Worker, Vec<Start>>::new();
    for _ in 0..STARTS {
        for &worker in contestants {
            let running = bench.start(worker, Setting::Healthy)?;
            let answer = || -> Result<f64> {
                let began = Instant::now();
                load::once(running.addr, &PAGE, 0)?;
                Ok(began.elapsed().as_secs_f64() * 1e3)
            };
            let (first, second) = (answer()?, answer()?);
            let ready = running.ready_after.as_secs_f64() * 1e3;
            starts.entry(worker).or_default().push(Start { ready, first, second });
        }
    }
    Ok(starts)
}

/// What V8 compiles while Holdfast starts, and what for the first answer on top of that.
pub fn compiled(bench: &mut Bench<'_>) -> Result<[Compiled; 2]> {
    let folder = bench.cli.scratch.join("compiled");
    fs::create_dir_all(&folder)?;
    let running = bench.start_profiled(&folder)?;
    let map = folder.join(format!("perf-{}.map", running.id()));
    let so_far = || -> Result<Compiled> {
        // What it compiles, V8 writes down a little later.
        thread::sleep(Duration::from_millis(300));
        let map =
            fs::read_to_string(&map).with_context(|| format!("V8 has not written {}", map.display()))?;
        // Address and size in hexadecimal digits, and a name.
        let liftoff = map.lines().filter(|line| line.contains("wasm-function") && line.ends_with("-liftoff"));
        let sizes = liftoff.filter_map(|line| usize::from_str_radix(line.split(' ').nth(1)?, 16).ok());
        let sizes: Vec<usize> = sizes.collect();
        Ok(Compiled { functions: sizes.len(), bytes: sizes.iter().sum() })
    };
    let start = so_far()?;
    load::once(running.addr, &PAGE, 0)?;
    let both = so_far()?;
    fs::remove_file(&map)?;
    let functions = both.functions.saturating_sub(start.functions);
    Ok([start, Compiled { functions, bytes: both.bytes.saturating_sub(start.bytes) }])
}

/// Milliseconds for one instance of the module that answers requests.
pub fn instances(bench: &mut Bench<'_>) -> Result<Vec<f64>> {
    const INSTANCES: u32 = 200;
    let plan = Plan {
        name: "instances",
        deployment: deployment::instances(bench.cli)?,
        cache: bench.cache(Worker::Holdfast)?,
        is_inspected: false,
        profile: None,
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

/// Memory after few requests and after many: of everything for Holdfast, and of what is only passed on for the bare worker.
pub fn soak(bench: &mut Bench<'_>) -> Result<String> {
    const FIRST: u64 = 10_000;
    let mut lines = Vec::new();
    for (worker, requests) in [(Worker::Holdfast, of_everything()), (Worker::Bare, passed_on())] {
        let running = bench.start(worker, Setting::Flaky)?;
        let run = |until, first| load::run(running.addr, &requests, 16, Until::Answers(until), first);
        run(FIRST, 0)?;
        let first = running.used()?.memory;
        run(bench.cli.soak.saturating_sub(FIRST), FIRST)?;
        lines.push((worker, first, running.used()?.memory));
    }
    Ok(table::memory(FIRST, bench.cli.soak, &lines))
}

fn passed_on() -> Vec<Request> {
    vec![
        Request { is_unique: true, ..PAGE },
        Request { path: "/100k", length: Some(100_000), ..PAGE },
        Request { path: "/fields", ..PAGE },
    ]
}

/// What is passed on, stored, found, not modified, retried, torn each time, and an error of the origin's.
fn of_everything() -> Vec<Request> {
    let fresh = Request { path: "/fresh", ..PAGE };
    let known = vec![("if-none-match", "\"one\"".to_owned())];
    let mut requests = passed_on();
    requests.extend([
        Request { path: "/store", is_unique: true, ..PAGE },
        Request { fields: known, statuses: &[304, 200], length: None, ..fresh.clone() },
        fresh,
        Request { path: "/second", is_unique: true, ..PAGE },
        Request { path: "/torn", is_unique: true, statuses: &[502], length: None, ..PAGE },
        Request { path: "/unavailable", is_unique: true, statuses: &[503], length: None, ..PAGE },
    ]);
    requests
}
