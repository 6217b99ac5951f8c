//! Holdfast beside JavaScript workers, each in a plain workerd of its own, in one run.
//!
//! Machines differ and are noisy, so no figure stands alone: in every round each worker gets the same load in turn, and
//! what counts is its ratio to the bare pass-through in that round. `docs/performance.md` says how to read the table.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "this measures in real time, and a mistake in it may end it"
)]

mod ladder;
mod load;
mod measure;
mod peers;
mod scene;
mod server;
mod table;
mod workerd;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// Measures the built module beside JavaScript workers.
#[derive(Parser)]
pub struct Cli {
    /// The folder of the built module
    #[arg(long)]
    module: PathBuf,
    /// The folder of another worker, measured as well, as if it were Holdfast; may be given several times
    #[arg(long)]
    against: Vec<PathBuf>,
    /// The program workerd
    #[arg(long)]
    workerd: PathBuf,
    /// A folder for what workerd reads
    #[arg(long)]
    scratch: PathBuf,
    /// How often every scene is measured with every worker
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds for each
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// Only scenes that have this in their name
    #[arg(long)]
    scene: Option<String>,
    /// Requests after which memory is read a second time; 0 leaves that out
    #[arg(long, default_value_t = 1_000_000)]
    soak: u64,
    /// In place of the table: what each thing costs that no worker can do without, beside Holdfast
    #[arg(long, conflicts_with_all = ["against", "scene", "stay"])]
    ladder: bool,
    /// In place of measuring: start every worker with V8's inspector, say where, and wait so many seconds
    #[arg(long, value_name = "SECONDS")]
    stay: Option<u64>,
}

fn main() -> Result<()> {
    measure::run(&Cli::parse())
}
