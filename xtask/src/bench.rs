//! The benchmark: the built Worker beside JavaScript workers, in workerd, and beside other builds of it.

use std::ffi::OsString;
use std::fs;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::step::{cargo, run, step};
use crate::{build, root, runtime};

/// What is measured, and for how long. The program that measures has the defaults.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// How many times each scenario is measured with each worker
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Seconds for each measurement
    #[arg(long)]
    seconds: Option<f64>,
    /// Only scenarios whose name contains this text
    #[arg(long, value_name = "TEXT")]
    scenario: Option<String>,
    /// Requests before memory is read a second time; 0 skips this
    #[arg(long, value_name = "N")]
    soak: Option<u64>,
    /// A commit of this repository, which is built first, or the folder of a built Worker, measured as well; may be given
    /// several times
    #[arg(long, value_name = "COMMIT|FOLDER")]
    against: Vec<String>,
    /// Measure the floor instead: the cost of what every such worker must do, beside Holdfast
    #[arg(long)]
    floor: bool,
    /// Measure nothing: start every worker with V8's inspector, print the addresses, and wait this many seconds
    #[arg(long, value_name = "SECONDS")]
    stay: Option<u64>,
}

impl Options {
    fn arguments(&self) -> Result<Vec<OsString>> {
        let given = [
            ("--rounds", self.rounds.map(|count| count.to_string())),
            ("--seconds", self.seconds.map(|seconds| seconds.to_string())),
            ("--scenario", self.scenario.clone()),
            ("--soak", self.soak.map(|count| count.to_string())),
            ("--stay", self.stay.map(|seconds| seconds.to_string())),
        ];
        let mut arguments = Vec::new();
        for (name, value) in given {
            // One word, as a value may begin with a hyphen.
            arguments.extend(value.map(|value| format!("{name}={value}").into()));
        }
        arguments.extend(self.floor.then(|| "--floor".into()));
        for name in &self.against {
            let mut argument = OsString::from(format!("--against={name}="));
            argument.push(other_build(name)?);
            arguments.push(argument);
        }
        Ok(arguments)
    }
}

/// Builds the Worker unless `build/` is up to date, and measures it.
///
/// The program that measures is a separate one, compiled with optimisation. It prints the tables.
pub fn bench(options: &Options) -> Result<()> {
    let built = build::ensure()?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--profile", "simulate", "--package", "bench-edge", "--"]);
    command.arg("--module").arg(built.folder).arg("--workerd").arg(runtime::program(root())?);
    command.arg("--scratch").arg(root().join("target/bench")).args(options.arguments()?);
    run(&mut command)
}

/// The folder of the built Worker that `name` means: a folder, or a commit.
fn other_build(name: &str) -> Result<PathBuf> {
    let folder = Path::new(name);
    // The program starts in the project's folder, which may not be the current one.
    if folder.is_dir() { Ok(path::absolute(folder)?) } else { built_at(name) }
}

/// Builds the Worker as of `commit`, with the commands of that commit, in a folder below `target/`.
fn built_at(commit: &str) -> Result<PathBuf> {
    let hash = hash(commit)?;
    let commits = root().join("target/commits");
    let sources = commits.join(&hash);
    if !sources.join("Cargo.toml").is_file() {
        unpack(&hash, &sources)?;
    }
    step(&format!("the Worker as of {commit} (minutes, once)"), || {
        // One folder for all commits, so that the packages that they share are compiled once.
        let mut build = cargo();
        build.current_dir(&sources).env("CARGO_TARGET_DIR", commits.join("target"));
        run(build.args(["run", "--quiet", "--package", "xtask", "--", "build"]))
    })?;
    Ok(sources.join("build"))
}

fn hash(commit: &str) -> Result<String> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]).arg(format!("{commit}^{{commit}}"));
    let answer = git.current_dir(root()).output().context("git is needed")?;
    ensure!(answer.status.success(), "{commit} is neither a folder nor a commit");
    Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

/// Writes the files of the commit `hash` into `folder`.
fn unpack(hash: &str, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut git = Command::new("git");
    git.args(["archive", hash]).current_dir(root()).stdout(Stdio::piped());
    let mut archive = git.spawn().context("git is needed")?;
    let files = archive.stdout.take().context("git archive has no output")?;
    run(Command::new("tar").arg("-x").current_dir(folder).stdin(files))?;
    ensure!(archive.wait()?.success(), "git archive {hash} failed");
    Ok(())
}
