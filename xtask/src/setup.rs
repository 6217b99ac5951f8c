//! What a build needs beyond cargo: the WebAssembly target and the packages from npm.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::step::{run, step};
use crate::{platform, root};

/// What the Worker is compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Adds `target` to the toolchain where it is missing.
pub fn target(target: &str) -> Result<()> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir", "--target", target]).current_dir(root());
    let answer = ask.output().context("could not start rustc")?;
    if Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir() {
        return Ok(());
    }
    step(&format!("rustup: the target {target} (once)"), || {
        run(Command::new("rustup").args(["target", "add", target]).current_dir(root()))
            .with_context(|| format!("without rustup, install the target {target} for your rustc"))
    })
}

/// Installs the packages from npm where they are not those of `package-lock.json`.
///
/// npm notes what it has installed in a file of its own, which is compared with the lock: so a plain
/// `npm ci` counts as well, and packages are not replaced under a wrangler that is running this.
pub fn packages() -> Result<()> {
    if packages_are_current(root()) {
        return Ok(());
    }
    step("npm: workerd, wrangler and what the tests need (once)", || {
        let mut npm = Command::new(platform::NPM);
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        run(npm.current_dir(root()).stdin(Stdio::null()).stdout(Stdio::null()))
            .context("Node.js 20 or newer with npm is needed")
    })
}

fn packages_are_current(root: &Path) -> bool {
    let read =
        |file: &str| -> Option<Value> { serde_json::from_slice(&fs::read(root.join(file)).ok()?).ok() };
    let (Some(locked), Some(installed)) =
        (read("package-lock.json"), read("node_modules/.package-lock.json"))
    else {
        return false;
    };
    let Some(locked) = locked.get("packages").and_then(Value::as_object) else { return false };
    locked.iter().filter(|(path, _)| !path.is_empty()).all(|(path, package)| {
        let found = installed.get("packages").and_then(|packages| packages.get(path));
        match found {
            Some(found) => found.get("integrity") == package.get("integrity"),
            // Built for another machine.
            None => package.get("optional").and_then(Value::as_bool) == Some(true),
        }
    })
}
