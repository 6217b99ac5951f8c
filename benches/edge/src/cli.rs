//! The command line: what is measured, with which builds, and for how long.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

/// Measures the built module beside JavaScript workers.
#[derive(Parser)]
pub struct Cli {
    /// The folder of the built module
    #[arg(long)]
    pub module: PathBuf,
    /// Another worker, measured as if it were Holdfast: a name for the table, and its folder; may be given several times
    #[arg(long, value_name = "NAME=FOLDER", value_parser = name_and_folder)]
    pub against: Vec<(String, PathBuf)>,
    /// The program workerd
    #[arg(long)]
    pub workerd: PathBuf,
    /// A folder for the files that workerd reads
    #[arg(long)]
    pub scratch: PathBuf,
    /// How many times each scenario is measured with each worker
    #[arg(long, default_value_t = 7)]
    pub rounds: usize,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 1.5)]
    pub seconds: f64,
    /// Only scenarios whose name contains this text
    #[arg(long)]
    pub scenario: Option<String>,
    /// Requests before memory is read a second time; 0 skips this
    #[arg(long, default_value_t = 1_000_000)]
    pub soak: u64,
    /// Measure the floor instead: the cost of what every such worker must do, beside Holdfast
    #[arg(long, conflicts_with_all = ["against", "scenario", "stay"])]
    pub floor: bool,
    /// Measure nothing: start every worker with V8's inspector, print the addresses, and wait this many seconds
    #[arg(long, value_name = "SECONDS")]
    pub stay: Option<u64>,
}

fn name_and_folder(text: &str) -> Result<(String, PathBuf)> {
    let (name, folder) = text.split_once('=').context("write it as NAME=FOLDER")?;
    Ok((name.to_owned(), folder.into()))
}
