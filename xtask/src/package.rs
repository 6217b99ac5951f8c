//! The npm package: the built Worker and a command line, for people who have Node.js and no Rust.
//!
//! `target/npm/package/` receives what is by hand in `npm/`, the Worker, the rules of `check` as WebAssembly, schemas, documents,
//! examples of deployment and licences; `npm pack` makes a tarball of it beside it.

mod licences;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::build;
use crate::setup;
use crate::step::{cargo, run, step};
use crate::{platform, root};

/// The package of the command line's module.
const COMMAND: &str = "command";

/// A packed package.
#[derive(Debug)]
pub struct Packed {
    /// The folder.
    pub folder: PathBuf,
    /// The tarball, for `npm install`.
    pub tarball: PathBuf,
    /// How large the tarball is, in bytes.
    pub bytes: u64,
    /// How large its files are, in bytes.
    pub unpacked: u64,
}

/// Builds what is not fresh, and packs it.
pub fn package() -> Result<Packed> {
    let built = build::ensure()?;
    let folder = root().join("target/npm/package");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    copy(&root().join("npm"), &folder)?;
    copy(&built.folder, &folder.join("worker"))?;
    fs::copy(root().join("xtask/launch.mjs"), folder.join("cli/launch.mjs"))?;
    for name in ["docs", "deploy"] {
        copy(&root().join(name), &folder.join(name))?;
    }
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
        fs::copy(root().join(file), folder.join(file))?;
    }
    step("cargo: the rules of check, as WebAssembly", || command(&folder.join("cli")))?;
    let write = |name: &str, schema: &Value| -> Result<()> {
        Ok(fs::write(folder.join(name), serde_json::to_string_pretty(schema)? + "\n")?)
    };
    write("holdfast.schema.json", &schema::settings()?)?;
    write("wrangler.schema.json", &schema::of_file())?;
    fs::write(folder.join("THIRD-PARTY.md"), licences::list()?)?;
    pack(&folder)
}

/// Compiles the rules and puts them, and the JavaScript around them, into `folder`.
fn command(folder: &Path) -> Result<()> {
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--release", "--lib", "--package", COMMAND]);
    run(cargo.args(["--target", setup::TARGET]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let compiled = target.join(setup::TARGET).join("release").join(format!("{COMMAND}.wasm"));
    build::bind(&compiled, folder, false)?;
    build::optimise(&folder.join(format!("{COMMAND}_bg.wasm")), &["-Os"])
}

/// Copies what is in `from`, but for files that begin with a dot and pictures, which registries show elsewhere.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with('.') || text.ends_with(".png") || text.ends_with(".svg") {
            continue;
        }
        let to = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// What `npm pack` makes of `folder`.
fn pack(folder: &Path) -> Result<Packed> {
    let beside = root().join("target/npm");
    fs::create_dir_all(&beside)?;
    let mut npm = Command::new(platform::NPM);
    npm.args(["pack", "--json", "--loglevel=error", "--pack-destination"]).arg(&beside).current_dir(folder);
    let output = npm.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("npm is needed")?;
    if !output.status.success() {
        bail!("npm pack failed ({})", output.status);
    }
    let said: Value = serde_json::from_slice(&output.stdout)?;
    // A list, or an object by the names of packages since npm 11.
    let packed = said.get(0).or_else(|| said.as_object()?.values().next()).context("npm packed nothing")?;
    let size = |key: &str| packed.get(key).and_then(Value::as_u64).with_context(|| format!("no {key}"));
    let name = packed.get("filename").and_then(Value::as_str).context("no file name")?;
    Ok(Packed {
        folder: folder.to_owned(),
        tarball: beside.join(name),
        bytes: size("size")?,
        unpacked: size("unpackedSize")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_and_crates_have_one_version() {
        let package: Value = serde_json::from_str(include_str!("../../npm/package.json")).unwrap();
        assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn the_package_brings_the_wrangler_that_the_tests_run_and_the_miniflare_that_comes_with_it() {
        let package: Value = serde_json::from_str(include_str!("../../npm/package.json")).unwrap();
        let tested: Value = serde_json::from_str(include_str!("../../package.json")).unwrap();
        assert_eq!(package["dependencies"]["wrangler"], tested["devDependencies"]["wrangler"]);
        let read = |name: &str| -> Value {
            let file = root().join("node_modules").join(name).join("package.json");
            serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
        };
        assert_eq!(package["dependencies"]["miniflare"], read("wrangler")["dependencies"]["miniflare"]);
    }
}
