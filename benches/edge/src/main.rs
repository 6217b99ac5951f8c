//! Holdfast beside JavaScript workers, each in a plain workerd of its own, in one run.
//!
//! Machines differ and are noisy, so no figure stands alone. In every round each worker gets the same load in turn; the
//! result is its ratio to the bare pass-through in that round. `docs/performance.md` says how to read the table.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "this measures in real time, and a mistake in it may end it"
)]

mod baselines;
mod bench;
mod cache;
mod cli;
mod deployment;
mod floor;
mod load;
mod measure;
mod origin;
mod pieces;
mod process;
mod reading;
mod request;
mod scenario;
mod server;
mod table;
mod workerd;

use anyhow::Result;
use clap::Parser;

use bench::Bench;
use cli::Cli;

fn main() -> Result<()> {
    let cli = Cli::parse();
    let mut bench = Bench::new(&cli)?;
    if cli.floor { floor::run(&mut bench) } else { measure::run(&mut bench) }
}
