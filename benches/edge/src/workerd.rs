//! One worker in a workerd process of its own, and what that process uses.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use check::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS};
use serde_json::{Value, json};

use crate::deployment::Deployment;

/// How to run it.
pub struct Plan<'a> {
    pub name: &'a str,
    pub deployment: Deployment,
    /// Where the platform's cache and the key-value store listen.
    pub cache: SocketAddr,
    /// Whether V8's inspector listens; it slows the worker down.
    pub is_inspected: bool,
    /// Where V8 writes down what it compiles: `perf-PID.map`, with a line for each piece of code.
    pub profile: Option<&'a Path>,
}

/// A running worker. Dropping it ends workerd.
pub struct Workerd {
    child: Child,
    pub addr: SocketAddr,
    pub inspector: Option<SocketAddr>,
    began: Instant,
    /// From its start until it listens.
    pub ready_after: Duration,
}

/// The resources of a process.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    pub cpu: Duration,
    /// Resident memory, in bytes.
    pub memory: u64,
}

impl Workerd {
    /// Starts `plan` with its files in `folder`.
    pub fn start(program: &Path, folder: &Path, plan: &Plan<'_>) -> Result<Self> {
        let folder = folder.join(plan.name);
        fs::create_dir_all(&folder)?;
        for (name, file) in &plan.deployment.modules {
            fs::copy(file, folder.join(name))
                .with_context(|| format!("could not copy {}", file.display()))?;
        }
        let disk = folder.join("disk");
        if disk.exists() {
            fs::remove_dir_all(&disk)?;
        }
        fs::create_dir(&disk)?;
        let config = folder.join("config.capnp");
        fs::write(&config, configuration(plan, &disk))?;
        let began = Instant::now();
        let mut command = Command::new(program);
        command.args(["serve", "--experimental", "--control-fd=1"]);
        if plan.is_inspected {
            command.arg("--inspector-addr=127.0.0.1:0");
        }
        // V8 writes a log where it is started, if it lists what it compiles.
        let mut child = command
            .current_dir(&folder)
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let output = child.stdout.take().context("workerd has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let mut events = lines.by_ref().map_while(Result::ok);
        let mut inspector = None;
        let addr = loop {
            let line = events.next().context("workerd did not start; its messages are above")?;
            let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
            let Some(port) = event.get("port").and_then(Value::as_u64) else { continue };
            let addr = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port)?));
            match event.get("event").and_then(Value::as_str) {
                Some("listen-inspector") => inspector = Some(addr),
                Some(_) | None => break addr,
            }
        };
        let ready_after = began.elapsed();
        // The worker's log must be read, or the pipe fills up.
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Self { child, addr, inspector, began, ready_after })
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The time since its start.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Its CPU time and memory, by the counters of the process.
    pub fn used(&self) -> Result<Used> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let stat = fs::read_to_string(process.join("stat"))?;
        let after_name = stat.rsplit_once(')').context("no name in /proc/PID/stat")?.1;
        // From the third field on (proc_pid_stat(5)): utime and stime are the 14th and 15th, in hundredths of a second.
        let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks = ticks.sum::<Result<u64, _>>()?;
        let status = fs::read_to_string(process.join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(Used { cpu: Duration::from_millis(ticks * 10), memory: kilobytes * 1024 })
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(plan: &Plan<'_>, disk: &Path) -> String {
    let mut modules = String::new();
    for (name, _) in &plan.deployment.modules {
        let kind = match name.rsplit_once('.') {
            Some((_, "wasm")) => "wasm",
            Some((_, "bin")) => "data",
            Some(_) | None => "esModule",
        };
        let _ = writeln!(modules, "    (name = {name:?}, {kind} = embed {name:?}),");
    }
    let mut bindings = String::new();
    for (name, value) in &plan.deployment.vars {
        let (kind, text) = match value {
            Value::String(text) => ("text", text.clone()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                ("json", value.to_string())
            }
        };
        let _ = writeln!(bindings, "    (name = {name:?}, {kind} = {}),", json!(text));
    }
    let mut object = "";
    if plan.deployment.has_bindings {
        bindings.push_str(concat!(
            "    (name = \"HOLDFAST_KEEP\", kvNamespace = \"kept\"),\n",
            "    (name = \"HOLDFAST_HEALTH\", durableObjectNamespace = \"OriginHealth\"),\n",
            "    (name = \"HOLDFAST_ANALYTICS\", wrapped = (moduleName = \"bench:analytics\")),\n",
        ));
        object = "  durableObjectNamespaces = [\
                  (className = \"OriginHealth\", uniqueKey = \"bench\", enableSql = true)],\n  \
                  durableObjectStorage = (localDisk = \"disk\"),\n";
    }
    let flags = plan.profile.map_or_else(String::new, |folder| {
        let path = format!("--perf-basic-prof-path={}", folder.display());
        format!("v8Flags = [\"--perf-basic-prof\", {}],", json!(path))
    });
    let (cache, disk) = (plan.cache, json!(disk));
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private"])),
    (name = "cache", external = (address = "{cache}", http = ())),
    (name = "disk", disk = (path = {disk}, writable = true)),
    (name = "kept", external = (address = "{cache}", http = ())),
  ],
  {flags}
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  extensions = [(modules = [(
    name = "bench:analytics",
    internal = true,
    esModule = "export default function () {{ return {{ writeDataPoint() {{}} }}; }}",
  )])],
);

const worker :Workerd.Worker = (
  modules = [
{modules}  ],
  compatibilityDate = "{COMPATIBILITY_DATE}",
  compatibilityFlags = {COMPATIBILITY_FLAGS:?},
  cacheApiOutbound = "cache",
  bindings = [
{bindings}  ],
{object});
"#
    )
}
