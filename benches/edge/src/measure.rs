//! The run.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::Cli;
use crate::ladder;
use crate::load::{self, Ask, Until};
use crate::peers::{self, Origin};
use crate::scene::{self, PAGE, Scene, Setting};
use crate::table;
use crate::workerd::{Module, Plan, Workerd};

/// Requests before the first measurement, so that all code is compiled as well as it will be.
const WARM_UP: Duration = Duration::from_secs(3);

/// What takes part, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Worker {
    Bare,
    Handwritten,
    Holdfast,
    /// One of those that the command line names.
    Other(usize),
    /// One of the [`RUNGS`](ladder::RUNGS).
    Rung(usize),
}

/// What one worker did in one scene of one round.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub per_second: f64,
    pub cpu_micros: f64,
}

/// All readings of a scene, a round each.
pub type Readings = HashMap<Worker, Vec<Reading>>;

pub struct Stage<'a> {
    pub cli: &'a Cli,
    /// One for each worker, so that none finds there what another has stored.
    caches: HashMap<Worker, SocketAddr>,
    /// The origin that is always well, and the one that goes down.
    origins: [Origin; 2],
    numbers: u64,
}

pub fn run(cli: &Cli) -> Result<()> {
    let mut stage =
        Stage { cli, caches: HashMap::new(), origins: [Origin::start()?, Origin::start()?], numbers: 0 };
    if cli.ladder {
        return ladder::climb(&mut stage);
    }
    let scenes: Vec<Scene> = scene::all()
        .into_iter()
        .filter(|scene| cli.scene.as_ref().is_none_or(|part| scene.name.contains(part.as_str())))
        .collect();
    ensure!(!scenes.is_empty(), "no scene has this in its name");
    let mut taking_part = vec![Worker::Bare, Worker::Handwritten, Worker::Holdfast];
    taking_part.extend((0..cli.against.len()).map(Worker::Other));

    let mut workers = HashMap::new();
    for &worker in &taking_part {
        for setting in Setting::ALL {
            if scenes.iter().any(|scene| place(worker, scene.setting) == (worker, setting)) {
                workers.insert((worker, setting), stage.start(worker, setting)?);
            }
        }
    }
    if let Some(seconds) = cli.stay {
        stage.bring_down(&workers)?;
        for ((worker, setting), running) in &workers {
            let inspector = running.inspector.context("no inspector")?;
            println!("{worker:?} {setting:?}: http://{}, inspector at {inspector}", running.addr);
        }
        std::thread::sleep(Duration::from_secs(seconds));
        return Ok(());
    }

    let mut readings: Vec<Readings> = scenes.iter().map(|_| HashMap::new()).collect();
    let mut is_down = false;
    for (scene, readings) in scenes.iter().zip(&mut readings) {
        // Not before, as a breaker is open for five minutes at most.
        if scene.setting == Setting::Down && !is_down {
            stage.bring_down(&workers)?;
            is_down = true;
        }
        for round in 0..=cli.rounds {
            for turn in 0..taking_part.len() {
                let worker = taking_part[(turn + round) % taking_part.len()];
                let running = &workers[&place(worker, scene.setting)];
                let reading = stage.play(round, worker, scene, running)?;
                readings.entry(worker).or_default().extend(reading);
            }
        }
        eprint!("\r  {:60}", scene.name);
    }
    eprintln!();
    drop(workers);
    print!("{}", table::speed(&scenes, &readings, &taking_part));
    println!("{}", table::sizes(&cli.module)?);
    println!("{}", stage.starts()?);
    if cli.soak > 0 {
        println!("{}", stage.soak()?);
    }
    Ok(())
}

/// The bare worker knows no settings; the handwritten one never watches a body, and remembers nothing.
fn place(worker: Worker, setting: Setting) -> (Worker, Setting) {
    match (worker, setting) {
        (Worker::Bare, _) | (Worker::Handwritten, Setting::Unwatched | Setting::Forgetful) => {
            (worker, Setting::Up)
        }
        _ => (worker, setting),
    }
}

impl Stage<'_> {
    pub fn start(&mut self, worker: Worker, setting: Setting) -> Result<Workerd> {
        let origin = &self.origins[usize::from(setting == Setting::Down)];
        let origin = format!("http://{}", origin.addr);
        let (modules, vars, has_bindings) = match worker {
            Worker::Bare => (javascript("bare.js"), vec![("ORIGIN", json!(origin))], false),
            Worker::Handwritten => {
                let failures = if setting == Setting::Flaky { 1_000_000_000 } else { 5 };
                let vars = vec![
                    ("ORIGIN", json!(origin)),
                    ("BRAND", json!("Example & Sons")),
                    ("BACKOFF_MS", json!(if setting == Setting::Flaky { "1" } else { "100" })),
                    ("BREAKER_OPEN_MS", json!("300000")),
                    ("BREAKER_FAILURES", json!(failures.to_string())),
                ];
                (javascript("handwritten.js"), vars, false)
            }
            Worker::Rung(number) => {
                let rung = ladder::RUNGS.get(number).context("there are not so many")?;
                (javascript(rung.file), vec![("ORIGIN", json!(origin)), ("RUNG", json!(rung.height))], false)
            }
            Worker::Holdfast => (built(&self.cli.module)?, settings(&origin, setting), true),
            Worker::Other(number) => {
                let folder = self.cli.against.get(number).context("there are not so many")?;
                let mut vars = settings(&origin, setting);
                vars.push(("ORIGIN", json!(origin)));
                let modules = built(folder)?;
                let has_object = modules.iter().any(|(name, _)| name.ends_with(".wasm"));
                (modules, vars, has_object)
            }
        };
        let name = format!("{worker:?}-{setting:?}").to_lowercase().replace(['(', ')'], "");
        let is_inspected = self.cli.stay.is_some();
        let cache = self.cache(worker)?;
        let plan = Plan { name: &name, modules, vars, has_bindings, cache, is_inspected };
        Workerd::start(&self.cli.workerd, &self.cli.scratch, &plan)
    }

    fn cache(&mut self, worker: Worker) -> Result<SocketAddr> {
        if let Some(cache) = self.caches.get(&worker) {
            return Ok(*cache);
        }
        let cache = peers::start_cache()?;
        self.caches.insert(worker, cache);
        Ok(cache)
    }

    /// Lets every worker that is to see an outage store what it needs, and then see it.
    pub fn bring_down(&mut self, workers: &HashMap<(Worker, Setting), Workerd>) -> Result<()> {
        let stored = Ask { path: "/stale", ..PAGE };
        let down = workers.iter().filter(|((_, setting), _)| *setting == Setting::Down);
        for (_, running) in down.clone() {
            load::once(running.addr, &stored, 0)?;
        }
        std::thread::sleep(Duration::from_millis(200));
        self.origins[1].set_down(true);
        for (_, running) in down {
            let failing = Ask { path: "/nothing", is_new: true, fields: "", status: 502, length: None };
            while load::once(running.addr, &failing, 0).is_ok() {}
        }
        Ok(())
    }

    /// Makes sure that the scene is what it is called.
    fn look(&mut self, worker: Worker, scene: &Scene, running: &Workerd) -> Result<()> {
        if worker != Worker::Holdfast {
            return Ok(());
        }
        for _ in 0..2 {
            self.numbers += 1;
            if let Ok(head) = load::once(running.addr, &scene.ask, self.numbers)
                && head.text.to_ascii_lowercase().contains(scene.sign)
            {
                return Ok(());
            }
            // A 304 or a hit needs something stored, behind the first answer.
            let first = Ask { fields: "", status: 200, length: None, ..scene.ask.clone() };
            let _ = load::once(running.addr, &first, self.numbers);
            std::thread::sleep(Duration::from_millis(200));
        }
        self.numbers += 1;
        let head = load::once(running.addr, &scene.ask, self.numbers)?;
        ensure!(
            head.text.to_ascii_lowercase().contains(scene.sign),
            "{}: {:?} is not in {}",
            scene.name,
            scene.sign,
            head.text
        );
        Ok(())
    }

    /// One turn of a worker. The first round is none: all code is compiled in it, and what is to be measured is looked at.
    pub fn play(
        &mut self,
        round: usize,
        worker: Worker,
        scene: &Scene,
        running: &Workerd,
    ) -> Result<Option<Reading>> {
        if round > 0 {
            let span = Duration::from_secs_f64(self.cli.seconds);
            return self.load(worker, scene, running, span).map(Some);
        }
        self.look(worker, scene, running)?;
        self.load(worker, scene, running, WARM_UP)?;
        Ok(None)
    }

    fn load(&mut self, worker: Worker, scene: &Scene, running: &Workerd, span: Duration) -> Result<Reading> {
        let ask = if worker == Worker::Bare { &scene.bare } else { &scene.ask };
        let before = running.used()?;
        let until = Until::Elapsed(span);
        let (answers, took) = load::run(running.addr, ask, scene.connections, until, self.numbers)
            .with_context(|| format!("{} by {worker:?}", scene.name))?;
        self.numbers += answers + scene.connections as u64;
        let cpu = running.used()?.cpu.saturating_sub(before.cpu);
        Ok(Reading {
            per_second: answers as f64 / took.as_secs_f64(),
            cpu_micros: cpu.as_secs_f64() * 1e6 / answers as f64,
        })
    }

    /// How long it takes to start, and to make an instance of the module.
    fn starts(&mut self) -> Result<String> {
        const TIMES: usize = 9;
        const INSTANCES: u32 = 200;
        let mut starts = HashMap::<Worker, Vec<f64>>::new();
        for _ in 0..TIMES {
            for worker in [Worker::Bare, Worker::Handwritten, Worker::Holdfast] {
                let running = self.start(worker, Setting::Up)?;
                load::once(running.addr, &PAGE, 0)?;
                starts.entry(worker).or_default().push(running.age().as_secs_f64() * 1e3);
            }
        }
        let mut modules = built(&self.cli.module)?;
        modules.retain(|(name, _)| name != "index.js");
        modules.insert(0, ("index.js".to_owned(), workers().join("instances.js")));
        let plan = Plan {
            name: "instances",
            modules,
            vars: Vec::new(),
            has_bindings: false,
            cache: self.cache(Worker::Holdfast)?,
            is_inspected: false,
        };
        let mut instances = Vec::new();
        for _ in 0..TIMES {
            let running = Workerd::start(&self.cli.workerd, &self.cli.scratch, &plan)?;
            let one = Ask { path: "/1", is_new: false, fields: "", status: 200, length: None };
            let many = Ask { path: "/200", ..one.clone() };
            load::once(running.addr, &one, 0)?;
            let before = running.age();
            load::once(running.addr, &many, 0)?;
            instances.push((running.age() - before).as_secs_f64() * 1e3 / f64::from(INSTANCES));
        }
        Ok(table::starts(&starts, &instances))
    }

    /// Memory after many requests for pages that were never asked for before.
    fn soak(&mut self) -> Result<String> {
        const FIRST: u64 = 10_000;
        let ask = Ask { is_new: true, ..PAGE };
        let mut lines = Vec::new();
        for worker in [Worker::Holdfast, Worker::Bare] {
            let running = self.start(worker, Setting::Up)?;
            load::run(running.addr, &ask, 16, Until::Answers(FIRST), 0)?;
            let first = running.used()?.memory;
            load::run(running.addr, &ask, 16, Until::Answers(self.cli.soak - FIRST), FIRST)?;
            lines.push((worker, first, running.used()?.memory));
        }
        Ok(table::memory(FIRST, self.cli.soak, &lines))
    }
}

fn workers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workers")
}

fn javascript(file: &'static str) -> Vec<Module> {
    vec![(file.to_owned(), workers().join(file))]
}

/// All modules of a build, the entry first.
fn built(folder: &Path) -> Result<Vec<Module>> {
    let files = fs::read_dir(folder).with_context(|| format!("there is no folder {}", folder.display()))?;
    let mut found = Vec::new();
    for file in files {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if [".js", ".wasm", ".bin"].iter().any(|ending| name.ends_with(ending)) {
            found.push((name, file.path()));
        }
    }
    found.sort_by_key(|(name, _)| (name != "index.js", name.clone()));
    ensure!(found.first().is_some_and(|(name, _)| name == "index.js"), "no worker in {}", folder.display());
    Ok(found)
}

fn settings(origin: &str, setting: Setting) -> Vec<(&'static str, Value)> {
    let mut settings = json!({
        "name": "bench",
        "origins": [origin],
        "page": { "brand": "Example & Sons", "support_url": "https://example.com/support" },
        "probe": { "path": "/1k", "host": "www.example.test" },
        "routes": [{ "path": "/api/*", "timeouts": { "first_byte": "5s" } }],
    });
    match setting {
        Setting::Up => {}
        Setting::Unwatched => settings["body"] = json!({ "monitor": false }),
        Setting::Forgetful => settings["cache"] = json!({ "memory_ttl": "0s" }),
        Setting::Down => settings["breaker"] = json!({ "open_for": "5m" }),
        Setting::Flaky => {
            settings["breaker"] = json!({ "enabled": false });
            settings["retry"] = json!({ "backoff": "1ms", "budget": "off" });
        }
    }
    vec![("HOLDFAST", settings), ("HOLDFAST_TOKEN", json!("a-secret-of-the-benchmark"))]
}
