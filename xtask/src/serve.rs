//! The built Worker on a local port, in workerd.
//!
//! A launcher in Node.js reads `wrangler.toml` as wrangler does and starts workerd through Miniflare, without
//! Miniflare's own front: what a client receives is what the Worker sent, byte for byte. The launcher ends
//! when its standard input does, so neither it nor workerd outlives the process that started it.

mod options;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::build::{self, Built};
use crate::node::node;
use crate::{platform, root, runtime};
pub use options::{Echo, Options, Refused};

/// How long workerd may take to listen; it takes a second or two, and longer on a busy machine.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);

/// How long the launcher may take to end after its standard input has; it takes some milliseconds.
const END_LIMIT: Duration = Duration::from_secs(5);

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
            platform::end_group(&self.launcher);
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
    let mut node = node()?;
    node.arg(root().join("xtask/launch.mjs")).current_dir(root());
    platform::in_own_group(&mut node);
    node.stdin(Stdio::piped()).stdout(Stdio::piped());
    // wrangler asks a server for newer versions, and reports its use, unless told not to.
    node.env("WRANGLER_SEND_METRICS", "false").env("CI", "true");
    node.envs(workerd.map(|workerd| (runtime::VARIABLE, workerd)));
    node.spawn().context("could not start Node.js")
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
        "traces": options.traces,
    })
}

/// Hands on what the launcher says, until it ends.
fn read_launcher(
    output: ChildStdout,
    listens: &Sender<(String, String)>,
    has_triggered: &Sender<()>,
    logs: &Mutex<Vec<String>>,
    echo: Echo,
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
            if let Some(text) = echo.of(log) {
                // Whoever read standard output may be gone.
                let _ = writeln!(std::io::stdout(), "{text}");
            }
            logs.lock().unwrap_or_else(PoisonError::into_inner).push(log.to_owned());
        }
    }
}
