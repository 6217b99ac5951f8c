//! The built Worker beside JavaScript workers, in workerd.

use std::ffi::OsString;
use std::path::{self, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::step::{cargo, run};
use crate::{build, root, runtime};

/// What is measured, and how long. What is left out is as the program that measures has it.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// How often every scene is measured with every worker
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Seconds for each
    #[arg(long)]
    seconds: Option<f64>,
    /// Only scenes that have this in their name
    #[arg(long, value_name = "TEXT")]
    scene: Option<String>,
    /// Requests after which memory is read a second time; 0 leaves that out
    #[arg(long, value_name = "N")]
    soak: Option<u64>,
    /// The folder of another built Worker, measured as well; may be given several times
    #[arg(long, value_name = "FOLDER")]
    against: Vec<PathBuf>,
    /// In place of the table: what each thing costs that no worker can do without, beside Holdfast
    #[arg(long)]
    ladder: bool,
    /// In place of measuring: start every worker with V8's inspector, say where, and wait so many seconds
    #[arg(long, value_name = "SECONDS")]
    stay: Option<u64>,
}

impl Options {
    fn arguments(&self) -> Result<Vec<OsString>> {
        let given = [
            ("--rounds", self.rounds.map(|count| count.to_string())),
            ("--seconds", self.seconds.map(|seconds| seconds.to_string())),
            ("--scene", self.scene.clone()),
            ("--soak", self.soak.map(|count| count.to_string())),
            ("--stay", self.stay.map(|seconds| seconds.to_string())),
        ];
        let mut arguments = Vec::new();
        for (name, value) in given {
            // One word, as a value may begin with a hyphen.
            arguments.extend(value.map(|value| format!("{name}={value}").into()));
        }
        arguments.extend(self.ladder.then(|| "--ladder".into()));
        for folder in &self.against {
            // The program starts at the project's folder, not where this was typed.
            arguments.extend(["--against".into(), path::absolute(folder)?.into_os_string()]);
        }
        Ok(arguments)
    }
}

/// Measures what is built, after building it where it is not fresh.
///
/// The program that measures is one of its own, built for speed. It prints its table itself.
pub fn bench(options: &Options) -> Result<()> {
    let built = build::ensure()?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--profile", "simulate", "--package", "bench-edge", "--"]);
    command.arg("--module").arg(built.folder).arg("--workerd").arg(runtime::program(root())?);
    command.arg("--scratch").arg(root().join("target/bench")).args(options.arguments()?);
    run(&mut command)
}
