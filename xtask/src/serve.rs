//! The built Worker on a local port, in workerd.
//!
//! A launcher in Node.js reads `wrangler.toml` as wrangler does and starts workerd through Miniflare, without
//! Miniflare's own front: what a client receives is what the Worker sent, byte for byte. The launcher ends
//! when its standard input does, so neither it nor workerd outlives the process that started it.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use holdfast::config::Config;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Map, Value, json};

use crate::build::{self, Built};
use crate::{root, runtime};

/// How long workerd may take to listen; it takes a second or two, and longer on a busy machine.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);

/// How long the launcher may take to end after its standard input has; it takes some milliseconds.
const END_LIMIT: Duration = Duration::from_secs(5);

/// What to run, and with which settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// The origins, in place of those in the settings; empty to leave them alone.
    pub origins: Vec<String>,
    /// Where the zone's own origin is, as `127.0.0.1:3000`: then there are no origins, and all that the Worker sends goes
    /// there (route mode).
    pub zone: Option<String>,
    /// Single settings laid over the rest: a dotted key and a value, such as `timeouts.first_byte` and `2s`.
    pub set: Vec<(String, String)>,
    /// The whole `HOLDFAST` variable, in place of the one in `wrangler.toml`.
    pub holdfast: Option<Value>,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// The configuration to start from.
    pub wrangler_toml: PathBuf,
    /// The environment in it; `None` for the top level.
    pub environment: Option<String>,
    /// Whether an empty namespace is bound as `HOLDFAST_KEEP`, whatever the configuration binds.
    pub keep: bool,
    /// Whether an empty `OriginHealth` object is bound as `HOLDFAST_HEALTH`, and a data set as
    /// `HOLDFAST_ANALYTICS`.
    pub health: bool,
    /// Where the object's storage outlives the Worker; `None` for a place that goes with it.
    pub storage: Option<PathBuf>,
    /// The `HOLDFAST_TOKEN` secret.
    pub token: Option<String>,
    /// Whether the Worker's log goes to standard output as well.
    pub echo: bool,
    /// A folder with a built Worker; `None` for `build/`, which is then brought up to date.
    pub built: Option<PathBuf>,
    /// Another workerd than Miniflare's own: see [`runtime::workerd`].
    pub workerd: Option<PathBuf>,
}

impl Default for Options {
    /// The project's own `wrangler.toml` on any free port.
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            zone: None,
            set: Vec::new(),
            holdfast: None,
            port: 0,
            wrangler_toml: root().join("wrangler.toml"),
            environment: None,
            keep: false,
            health: false,
            storage: None,
            token: None,
            echo: false,
            built: None,
            workerd: None,
        }
    }
}

/// Settings that the Worker would refuse; each line names one mistake.
#[derive(Debug)]
pub struct Refused(Vec<String>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Refused {}

impl Options {
    /// The `HOLDFAST` variable that these options come to, not checked.
    pub fn settings(&self) -> Result<Value> {
        let mut settings = match &self.holdfast {
            Some(settings) => settings.clone(),
            None => settings_in(&self.wrangler_toml, self.environment.as_deref())?,
        };
        if !self.origins.is_empty() {
            lay(&mut settings, "origins", json!(self.origins))?;
        }
        if self.zone.is_some()
            && let Some(table) = settings.as_object_mut()
        {
            table.remove("origins");
        }
        for (key, value) in &self.set {
            lay(&mut settings, key, read_value(value))?;
        }
        Ok(settings)
    }

    /// The `HOLDFAST` variable, if the Worker would accept it; else the error is a [`Refused`].
    pub fn checked_settings(&self) -> Result<Value> {
        let settings = self.settings()?;
        match Config::from_value(&settings) {
            Ok(_) => Ok(settings),
            Err(errors) => bail!(Refused(errors.iter().map(ToString::to_string).collect())),
        }
    }
}

/// The `HOLDFAST` variable in a `wrangler.toml`; an empty table where there is none.
fn settings_in(wrangler_toml: &Path, environment: Option<&str>) -> Result<Value> {
    let file = wrangler_toml.display();
    let text = fs::read_to_string(wrangler_toml).with_context(|| format!("could not read {file}"))?;
    let table: toml::Table = text.parse().with_context(|| format!("{file} is not TOML"))?;
    let place = match environment {
        Some(name) => {
            let found = table.get("env").and_then(|all| all.get(name));
            found.with_context(|| format!("{file} has no [env.{name}]"))?.get("vars")
        }
        None => table.get("vars"),
    };
    match place.and_then(|vars| vars.get("HOLDFAST")) {
        None => Ok(Value::Object(Map::new())),
        Some(toml::Value::String(text)) => {
            serde_json::from_str(text).with_context(|| format!("HOLDFAST in {file} is not JSON"))
        }
        Some(settings) => Ok(serde_json::to_value(settings)?),
    }
}

/// Puts `value` at the dotted `key`, making tables on the way.
fn lay(settings: &mut Value, key: &str, value: Value) -> Result<()> {
    let mut place = settings;
    for part in key.split('.') {
        let table = place.as_object_mut().with_context(|| format!("{key}: a part of it is not a table"))?;
        place = table.entry(part).or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
    Ok(())
}

/// A TOML boolean, number, array, table or quoted string as such, anything else as the string it is.
fn read_value(text: &str) -> Value {
    let as_written = || Value::String(text.to_owned());
    let Ok(table) = format!("value = {text}").parse::<toml::Table>() else { return as_written() };
    match table.get("value") {
        Some(value) if table.len() == 1 && !holds_a_date(value) => {
            serde_json::to_value(value).ok().filter(|value| !value.is_null()).unwrap_or_else(as_written)
        }
        Some(_) | None => as_written(),
    }
}

/// Whether there is a date in `value`: the one kind that JSON has not.
fn holds_a_date(value: &toml::Value) -> bool {
    match value {
        toml::Value::Datetime(_) => true,
        toml::Value::Array(values) => values.iter().any(holds_a_date),
        toml::Value::Table(table) => table.values().any(holds_a_date),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_) => false,
    }
}

/// A running Worker. Dropping it ends workerd.
#[derive(Debug)]
pub struct Worker {
    url: String,
    runtime: String,
    logs: Arc<Mutex<Vec<String>>>,
    triggered: Mutex<Receiver<()>>,
    launcher: Child,
    input: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
}

impl Worker {
    /// Builds the Worker if it is not fresh and starts it; returns once it listens.
    ///
    /// The settings go to the Worker as they are, accepted or not: see [`Options::checked_settings`].
    pub fn start(options: &Options) -> Result<Self> {
        let port = options.port;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("port {port} of 127.0.0.1 cannot be had; choose another with --port"))?;
        let built = match &options.built {
            Some(folder) => Built { folder: folder.clone(), was_fresh: true },
            None => build::ensure()?,
        };
        let settings = options.settings()?;
        let mut launcher = launcher(options.workerd.as_deref())?;
        let mut input = launcher.stdin.take().context("the launcher has no standard input")?;
        let output = launcher.stdout.take().context("the launcher has no standard output")?;
        let (listens, listening) = mpsc::channel();
        let (has_triggered, triggered) = mpsc::channel();
        let logs = Arc::default();
        let reader = thread::spawn({
            let (logs, echo) = (Arc::clone(&logs), options.echo);
            move || read_launcher(output, &listens, &has_triggered, &logs, echo)
        });
        let mut worker = Self {
            url: String::new(),
            runtime: String::new(),
            logs,
            triggered: Mutex::new(triggered),
            launcher,
            reader: Some(reader),
            input: None,
        };
        // A launcher that has died says why on standard error.
        let _ = writeln!(input, "{}", order(options, &built, &settings));
        worker.input = Some(input);
        (worker.url, worker.runtime) = match listening.recv_timeout(START_LIMIT) {
            Ok(listens) => listens,
            Err(RecvTimeoutError::Disconnected) => bail!("workerd did not start; its messages are above"),
            Err(RecvTimeoutError::Timeout) => bail!("workerd did not start within {START_LIMIT:?}"),
        };
        Ok(worker)
    }

    /// Where it listens, as `http://127.0.0.1:8787`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The version of workerd, a date, such as `2026-11-17`.
    pub fn runtime(&self) -> &str {
        &self.runtime
    }

    /// What it has logged so far, a message each.
    pub fn logs(&self) -> Vec<String> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the cron trigger go off, and waits until what it does is done.
    pub fn trigger(&self) -> Result<()> {
        let mut input = self.input.as_ref().context("the launcher has no standard input")?;
        let triggered = self.triggered.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(input)?;
        triggered.recv_timeout(START_LIMIT).context("the cron trigger did not come to an end")
    }

    /// Whether any message so far has `text` in it.
    pub fn has_logged(&self, text: &str) -> bool {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|line| line.contains(text))
    }

    /// Waits until `stop` says so or the Worker ends by itself, which is an error.
    pub fn run_until(&mut self, stop: &Receiver<()>) -> Result<()> {
        const GLANCE: Duration = Duration::from_millis(200);
        loop {
            match stop.recv_timeout(GLANCE) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.launcher.try_wait()? {
                bail!("workerd has ended ({status})");
            }
        }
    }

    fn ends_within(&mut self, limit: Duration) -> bool {
        let began = Instant::now();
        while began.elapsed() < limit {
            if !matches!(self.launcher.try_wait(), Ok(None)) {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.input.take());
        if !self.ends_within(END_LIMIT) {
            // workerd is in the launcher's group.
            let _ = kill_process_group(Pid::from_child(&self.launcher), Signal::KILL);
            let _ = self.launcher.wait();
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// A receiver that hears of Ctrl-C, of SIGTERM and of SIGHUP.
pub fn interrupted() -> Result<Receiver<()>> {
    let (heard, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = heard.send(());
    })?;
    Ok(interrupted)
}

/// Starts the launcher in a group of its own, so that Ctrl-C in a terminal does not reach it.
fn launcher(workerd: Option<&Path>) -> Result<Child> {
    use std::os::unix::process::CommandExt;
    let mut node = Command::new("node");
    node.arg(root().join("xtask/launch.mjs")).current_dir(root()).process_group(0);
    node.stdin(Stdio::piped()).stdout(Stdio::piped());
    // wrangler asks a server for newer versions, and reports its use, unless told not to.
    node.env("WRANGLER_SEND_METRICS", "false").env("CI", "true");
    node.envs(workerd.map(|workerd| (runtime::VARIABLE, workerd)));
    node.spawn().context("could not start node; Node.js 20 or newer is needed")
}

/// What the launcher is told.
fn order(options: &Options, built: &Built, settings: &Value) -> Value {
    json!({
        "wrangler_toml": options.wrangler_toml,
        "environment": options.environment,
        "module": built.folder,
        "entry": built.entry(),
        "holdfast": settings,
        "port": options.port,
        "zone": options.zone,
        "keep": options.keep,
        "health": options.health,
        "storage": options.storage,
        "token": options.token,
    })
}

/// Hands on what the launcher says, until it ends.
fn read_launcher(
    output: ChildStdout,
    listens: &Sender<(String, String)>,
    has_triggered: &Sender<()>,
    logs: &Mutex<Vec<String>>,
    echo: bool,
) {
    let messages = BufReader::new(output).lines().map_while(Result::ok);
    for message in messages.filter_map(|line| serde_json::from_str::<Value>(&line).ok()) {
        let text = |key: &str| message.get(key).and_then(Value::as_str).map(str::to_owned);
        if let (Some(url), Some(runtime)) = (text("url"), text("runtime")) {
            let _ = listens.send((url, runtime));
        }
        if message.get("triggered").is_some() {
            let _ = has_triggered.send(());
        }
        if let Some(log) = message.get("log").and_then(Value::as_str) {
            if echo {
                // Whoever read standard output may be gone.
                let _ = writeln!(std::io::stdout(), "{log}");
            }
            logs.lock().unwrap_or_else(PoisonError::into_inner).push(log.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)]) -> Result<Value> {
        let set = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let holdfast = Some(json!({ "retry": { "attempts": 3, "backoff": "100ms" } }));
        Options { holdfast, set, ..Options::default() }.settings()
    }

    #[test]
    fn a_setting_replaces_one_key_and_leaves_its_neighbours() {
        assert_eq!(
            settings(&[("retry.attempts", "2"), ("cache.enabled", "false"), ("timeouts.first_byte", "2s")])
                .unwrap(),
            json!({
                "retry": { "attempts": 2, "backoff": "100ms" },
                "cache": { "enabled": false },
                "timeouts": { "first_byte": "2s" },
            })
        );
        assert!(settings(&[("retry.attempts.more", "1")]).is_err());
    }

    #[test]
    fn before_the_zone_s_own_origin_there_are_no_others() {
        let holdfast = Some(json!({ "origins": ["https://origin.example"], "name": "edge" }));
        let zone = Some("127.0.0.1:3000".to_owned());
        let settings = Options { holdfast, zone, ..Options::default() }.settings().unwrap();
        assert_eq!(settings, json!({ "name": "edge" }));
    }

    #[test]
    fn a_value_is_read_as_toml_where_it_is_toml() {
        for (text, value) in [
            ("true", json!(true)),
            ("3", json!(3)),
            ("0.5", json!(0.5)),
            (r#"["_ga*", "_gid"]"#, json!(["_ga*", "_gid"])),
            (r#"[{ path = "/api/*" }]"#, json!([{ "path": "/api/*" }])),
            (r#""10""#, json!("10")),
            ("10s", json!("10s")),
            ("Example & Sons", json!("Example & Sons")),
            ("2026-01-01", json!("2026-01-01")),
            ("nan", json!("nan")),
            ("1\nb = 2", json!("1\nb = 2")),
            ("", json!("")),
        ] {
            assert_eq!(read_value(text), value, "{text:?}");
        }
    }
}
