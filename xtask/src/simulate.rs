//! Whole outages in virtual time, thousands of them.

use anyhow::{Result, bail};

use crate::step::{cargo, written};

/// Runs `seeds` schedules from seed `from` on.
///
/// The simulator is a program of its own, built for speed. An error if anything did not hold; it has said what then.
pub fn simulate(seeds: u64, from: u64) -> Result<()> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--profile", "simulate", "--package", "simulator", "--"]);
    command.args([seeds.to_string(), from.to_string()]);
    let status = command.status()?;
    if !status.success() {
        bail!("{} failed ({status})", written(&command));
    }
    Ok(())
}
