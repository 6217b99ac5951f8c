//! Which workerd runs the Worker: that of `package-lock.json`, or another one that somebody names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::node::node;
use crate::step::{run, step, written};
use crate::{platform, root};

/// By this, Miniflare starts another workerd than its own.
pub const VARIABLE: &str = "MINIFLARE_WORKERD_PATH";

/// The oldest that starts the Worker.
const OLDEST: &str = check::COMPATIBILITY_DATE;

/// The program workerd that `wanted` names: a file, or a version in npm's registry, such as `1.20261117.1` or `latest`,
/// which is installed below `target/` once.
pub fn workerd(wanted: &str) -> Result<PathBuf> {
    let file = Path::new(wanted);
    let program = if file.is_file() { fs::canonicalize(file)? } else { installed(wanted)? };
    let version = version(&program)?;
    if version.as_str() < OLDEST {
        bail!("{wanted} is workerd {version}; the Worker needs {OLDEST} or a later one");
    }
    Ok(program)
}

fn installed(wanted: &str) -> Result<PathBuf> {
    let is_version = wanted.starts_with(|first: char| first.is_ascii_alphanumeric())
        && wanted.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    // A tag such as `latest` names another version each time.
    let is_fixed = wanted.starts_with(|first: char| first.is_ascii_digit());
    if !is_version {
        bail!("{wanted}: neither a file nor a version of workerd, such as 1.20261117.1");
    }
    let folder = root().join("target/workerd").join(wanted);
    if !(is_fixed && program(&folder).is_ok()) {
        fs::create_dir_all(&folder)?;
        step(&format!("npm: workerd {wanted}"), || {
            let mut npm = Command::new(platform::NPM);
            npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&folder);
            npm.arg(format!("workerd@{wanted}")).current_dir(root());
            run(npm.stdin(Stdio::null()).stdout(Stdio::null()))
        })?;
    }
    program(&folder)
}

/// The program workerd that npm has installed in `folder` for this machine; its package knows where.
pub fn program(folder: &Path) -> Result<PathBuf> {
    let folder = fs::canonicalize(folder).with_context(|| format!("could not find {}", folder.display()))?;
    let mut node = node()?;
    node.args(["--print", "require('workerd').default"]).current_dir(&folder).stderr(Stdio::null());
    let answer = node.output().context("could not start Node.js")?;
    let program = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    // Without a package of its own, a folder would have that of the folder around it.
    if !answer.status.success() || !program.starts_with(&folder) {
        bail!("{} failed in {} ({})", written(&node), folder.display(), answer.status);
    }
    Ok(program)
}

/// What the program says of its version: a date, such as `2026-11-17`.
pub fn version(program: &Path) -> Result<String> {
    let answer = Command::new(program).arg("--version").output();
    let answer = answer.with_context(|| format!("could not start {}", program.display()))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    match text.trim().strip_prefix("workerd ") {
        Some(version) => Ok(version.to_owned()),
        None => bail!("{} is no workerd", program.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_a_file_nor_a_version_is_refused() {
        for wanted in ["", "../workerd", "/nowhere/workerd", "1.2 && true", "--global"] {
            let refused = workerd(wanted);
            assert!(refused.is_err(), "{wanted}: {refused:?}");
        }
    }
}
