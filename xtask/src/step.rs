//! Running other programs, and saying what is awaited.

use std::ffi::OsString;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Does `work`; says on standard error that it has begun and how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("  … {what}");
    let began = Instant::now();
    let done = work();
    let mark = if done.is_ok() { "✓" } else { "✗" };
    eprintln!("  {mark} {what} ({:.1} s)", began.elapsed().as_secs_f64());
    done
}

/// The cargo that runs this, at the project's folder.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(crate::root());
    command
}

/// Runs `command` to its end; an error unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", written(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", written(command));
    }
    Ok(())
}

/// `command` as it would be typed.
pub fn written(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
