//! The modules and variables with which each worker is deployed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::baselines::BASELINES;
use crate::cli::Cli;
use crate::reading::Worker;
use crate::scenario::Setting;

/// A module of a worker: its name, and its file.
pub type Module = (String, PathBuf);

/// What workerd runs.
pub struct Deployment {
    /// The entry first.
    pub modules: Vec<Module>,
    /// Bindings, texts or JSON.
    pub vars: Vec<(&'static str, Value)>,
    /// Whether the Durable Object, the key-value store and Analytics Engine are bound.
    pub has_bindings: bool,
}

/// The deployment of `worker` before `origin`.
pub fn of(worker: Worker, setting: Setting, origin: &str, cli: &Cli) -> Result<Deployment> {
    let javascript = |file: &str, vars| {
        let modules = vec![(file.to_owned(), workers().join(file))];
        Deployment { modules, vars, has_bindings: false }
    };
    Ok(match worker {
        Worker::Bare => javascript("bare.js", vec![("ORIGIN", json!(origin))]),
        Worker::Handwritten => javascript("handwritten.js", handwritten(origin, setting)),
        Worker::Baseline(number) => {
            let baseline = BASELINES.get(number).context("no such baseline")?;
            javascript(baseline.file, vec![("ORIGIN", json!(origin)), ("LEVEL", json!(baseline.level))])
        }
        Worker::Holdfast => Deployment {
            modules: built(&cli.module)?,
            vars: holdfast(settings(origin, setting)),
            has_bindings: true,
        },
        Worker::Other(number) => {
            let (_, folder) = cli.against.get(number).context("no such worker")?;
            let mut vars = holdfast(with_former_names(settings(origin, setting)));
            vars.push(("ORIGIN", json!(origin)));
            let modules = built(folder)?;
            let has_bindings = modules.iter().any(|(name, _)| name.ends_with(".wasm"));
            Deployment { modules, vars, has_bindings }
        }
    })
}

/// Makes instances of the built module, as many as the request's path says.
pub fn instances(cli: &Cli) -> Result<Deployment> {
    let mut modules = built(&cli.module)?;
    modules.retain(|(name, _)| name != "index.js");
    modules.insert(0, ("index.js".to_owned(), workers().join("instances.js")));
    Ok(Deployment { modules, vars: Vec::new(), has_bindings: false })
}

fn workers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workers")
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

fn handwritten(origin: &str, setting: Setting) -> Vec<(&'static str, Value)> {
    let is_flaky = setting == Setting::Flaky;
    vec![
        ("ORIGIN", json!(origin)),
        ("BRAND", json!("Example & Sons")),
        ("BACKOFF_MS", json!(if is_flaky { "1" } else { "100" })),
        ("BREAKER_OPEN_MS", json!("300000")),
        ("BREAKER_FAILURES", json!(if is_flaky { "1000000000" } else { "5" })),
    ]
}

fn holdfast(settings: Value) -> Vec<(&'static str, Value)> {
    vec![("HOLDFAST", settings), ("HOLDFAST_TOKEN", json!("a-secret-of-the-benchmark"))]
}

fn settings(origin: &str, setting: Setting) -> Value {
    let mut settings = json!({
        "name": "bench",
        "origins": [origin],
        "page": { "brand": "Example & Sons", "support_url": "https://example.com/support" },
        "probe": { "path": "/1k", "host": "www.example.test" },
        "routes": [{ "path": "/api/*", "timeouts": { "first_byte": "5s" } }],
    });
    match setting {
        Setting::Healthy => {}
        Setting::Unmonitored => settings["body"] = json!({ "monitor": false }),
        Setting::NoMemory => settings["cache"] = json!({ "memory_ttl": "0s" }),
        Setting::Down => settings["breaker"] = json!({ "open_for": "5m" }),
        Setting::Flaky => {
            settings["breaker"] = json!({ "enabled": false });
            settings["retry"] = json!({ "backoff": "1ms", "budget": "off" });
        }
    }
    settings
}

/// `settings` with the former names of keys, which builds of today and of before both take.
fn with_former_names(mut settings: Value) -> Value {
    const FORMER: [(&str, &str, &str); 3] =
        [("body", "monitor", "watch"), ("cache", "memory_ttl", "memory"), ("breaker", "open_for", "open")];
    for (group, name, former) in FORMER {
        if let Some(group) = settings.get_mut(group).and_then(Value::as_object_mut)
            && let Some(value) = group.remove(name)
        {
            group.insert(former.to_owned(), value);
        }
    }
    settings
}
