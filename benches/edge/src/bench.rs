//! The measuring: starts workers, takes the origin down, and measures one worker in one scenario.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::slice;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cache;
use crate::cli::Cli;
use crate::deployment;
use crate::load::{self, Until};
use crate::origin::Origin;
use crate::reading::{Reading, Worker};
use crate::request::{NOTHING, PAGE, Request};
use crate::scenario::{Scenario, Setting};
use crate::workerd::{Plan, Workerd};

/// Load before the first measurement, so that V8 compiles the code that is used much.
const WARM_UP: Duration = Duration::from_secs(3);

/// How long work behind an answer may take, such as storing it.
const SETTLES: Duration = Duration::from_millis(200);

/// What Holdfast and the handwritten worker say while their breaker is open.
const OPEN: [&str; 2] = ["error=destination_unavailable", "error=503"];

/// Failed requests of so many different clients open every breaker.
const CLIENTS: u8 = 50;

pub struct Bench<'a> {
    pub cli: &'a Cli,
    /// One for each worker, so that none finds there what another has stored.
    caches: HashMap<Worker, SocketAddr>,
    healthy: Origin,
    /// The one that [`Bench::bring_down`] takes down.
    failing: Origin,
    /// Requests sent so far: each has a number of its own.
    sent: u64,
}

impl<'a> Bench<'a> {
    pub fn new(cli: &'a Cli) -> Result<Self> {
        let (healthy, failing) = (Origin::start()?, Origin::start()?);
        Ok(Self { cli, caches: HashMap::new(), healthy, failing, sent: 0 })
    }

    pub fn start(&mut self, worker: Worker, setting: Setting) -> Result<Workerd> {
        self.started(worker, setting, None)
    }

    /// Holdfast before an origin that is well, whose code V8 lists in a file in `folder`.
    pub fn start_profiled(&mut self, folder: &Path) -> Result<Workerd> {
        self.started(Worker::Holdfast, Setting::Healthy, Some(folder))
    }

    fn started(&mut self, worker: Worker, setting: Setting, profile: Option<&Path>) -> Result<Workerd> {
        let origin = if setting == Setting::Down { &self.failing } else { &self.healthy };
        let origin = format!("http://{}", origin.addr);
        let deployment = deployment::of(worker, setting, &origin, self.cli)?;
        let plan = Plan {
            name: &format!("{worker:?}-{setting:?}").to_lowercase().replace(['(', ')'], ""),
            deployment,
            cache: self.cache(worker)?,
            is_inspected: self.cli.stay.is_some(),
            profile,
        };
        self.start_plan(&plan)
    }

    pub fn start_plan(&self, plan: &Plan<'_>) -> Result<Workerd> {
        Workerd::start(&self.cli.workerd, &self.cli.scratch, plan)
    }

    /// The platform's cache of `worker`.
    pub fn cache(&mut self, worker: Worker) -> Result<SocketAddr> {
        if let Some(cache) = self.caches.get(&worker) {
            return Ok(*cache);
        }
        let cache = cache::start()?;
        self.caches.insert(worker, cache);
        Ok(cache)
    }

    /// Lets every worker with [`Setting::Down`] store a page, takes its origin down, and opens its breaker.
    ///
    /// # Errors
    /// If a breaker does not open.
    pub fn bring_down(&mut self, workers: &HashMap<(Worker, Setting), Workerd>) -> Result<()> {
        let stored = Request { path: "/stale", ..PAGE };
        let down = workers.iter().filter(|((_, setting), _)| *setting == Setting::Down);
        for (_, running) in down.clone() {
            load::once(running.addr, &stored, 0)?;
        }
        thread::sleep(SETTLES);
        self.failing.set_down(true);
        for ((worker, _), running) in down {
            let is_open = |client: &u8| {
                let address = ("cf-connecting-ip", format!("192.0.2.{client}"));
                let failing = Request { fields: vec![address], ..NOTHING };
                load::once(running.addr, &failing, 0)
                    .is_ok_and(|head| OPEN.iter().any(|marker| head.says(marker)))
            };
            ensure!((0..=CLIENTS).any(|client| is_open(&client)), "the breaker of {worker:?} does not open");
        }
        Ok(())
    }

    /// One turn of a worker.
    ///
    /// Round 0 gives no reading: it checks that the scenario is what its name says, and warms the worker up.
    pub fn turn(
        &mut self,
        round: usize,
        worker: Worker,
        scenario: &Scenario,
        running: &Workerd,
    ) -> Result<Option<Reading>> {
        if round > 0 {
            let span = Duration::from_secs_f64(self.cli.seconds);
            return self.load(worker, scenario, running, span).map(Some);
        }
        if worker == Worker::Holdfast {
            self.verify(scenario, running)?;
        }
        self.load(worker, scenario, running, WARM_UP)?;
        Ok(None)
    }

    /// Checks that Holdfast's answer says what `scenario` expects it to say.
    fn verify(&mut self, scenario: &Scenario, running: &Workerd) -> Result<()> {
        for _ in 0..2 {
            self.sent += 1;
            if load::once(running.addr, &scenario.request, self.sent)
                .is_ok_and(|head| head.says(scenario.marker))
            {
                return Ok(());
            }
            // A 304 or a hit needs a stored page. The first answer stores it.
            let first =
                Request { fields: Vec::new(), statuses: &[200], length: None, ..scenario.request.clone() };
            drop(load::once(running.addr, &first, self.sent));
            thread::sleep(SETTLES);
        }
        self.sent += 1;
        let head = load::once(running.addr, &scenario.request, self.sent)?;
        ensure!(head.says(scenario.marker), "{}: no {:?} in {head:?}", scenario.name, scenario.marker);
        Ok(())
    }

    fn load(
        &mut self,
        worker: Worker,
        scenario: &Scenario,
        running: &Workerd,
        span: Duration,
    ) -> Result<Reading> {
        let request = if worker == Worker::Bare { &scenario.bare } else { &scenario.request };
        let before = running.used()?;
        let until = Until::Elapsed(span);
        let (answers, took) =
            load::run(running.addr, slice::from_ref(request), scenario.connections, until, self.sent)
                .with_context(|| format!("{} by {worker:?}", scenario.name))?;
        self.sent += answers + scenario.connections as u64;
        let cpu = running.used()?.cpu.saturating_sub(before.cpu);
        Ok(Reading {
            per_second: answers as f64 / took.as_secs_f64(),
            cpu_micros: cpu.as_secs_f64() * 1e6 / answers as f64,
        })
    }
}
