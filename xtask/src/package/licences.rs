//! The licences of the crates that are compiled into the package's modules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::setup;
use crate::step::{cargo, written};

/// The packages of which modules are made.
const MODULES: [&str; 3] = ["requests", "health", "command"];

/// The list as a document.
pub(super) fn list() -> Result<String> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--filter-platform", setup::TARGET]);
    let output = command.output().context("could not start cargo")?;
    if !output.status.success() {
        bail!("{} failed: {}", written(&command), String::from_utf8_lossy(&output.stderr));
    }
    of(&serde_json::from_slice(&output.stdout)?)
}

fn of(metadata: &Value) -> Result<String> {
    let packages = by_id(metadata.get("packages"))?;
    let nodes = by_id(metadata.pointer("/resolve/nodes"))?;
    let mut text = String::from(
        "# Licences of what is compiled in\n\nHoldfast itself: MIT or Apache-2.0, see LICENSE-MIT and LICENSE-APACHE.\n\n| crate | version | licence | source |\n| --- | --- | --- | --- |\n",
    );
    let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for id in compiled(&packages, &nodes) {
        let package = packages.get(id).context("a package without metadata")?;
        let field = |key: &str| package.get(key).and_then(Value::as_str);
        // Those without a source are the project's own.
        if field("source").is_none() {
            continue;
        }
        let name = field("name").context("a package without a name")?;
        let licence = field("license").with_context(|| format!("{name} states no licence"))?;
        writeln!(
            text,
            "| {name} | {} | {licence} | {} |",
            field("version").unwrap_or_default(),
            field("repository").unwrap_or_default()
        )?;
        let folder =
            Path::new(field("manifest_path").context("no manifest")?).parent().context("no folder")?;
        for licence in texts_in(folder)? {
            texts.entry(licence).or_default().push(name);
        }
    }
    for (licence, names) in texts {
        write!(text, "\n## {}\n\n```text\n{}\n```\n", names.join(", "), licence.trim_end())?;
    }
    Ok(text)
}

fn by_id(list: Option<&Value>) -> Result<BTreeMap<&str, &Value>> {
    let list = list.and_then(Value::as_array).context("cargo metadata has another form")?;
    Ok(list.iter().filter_map(|entry| Some((entry.get("id")?.as_str()?, entry))).collect())
}

/// The ids of what is linked into the modules: no build scripts, no tests, no macros.
fn compiled<'m>(
    packages: &BTreeMap<&'m str, &'m Value>,
    nodes: &BTreeMap<&'m str, &'m Value>,
) -> BTreeSet<&'m str> {
    let is_macro = |id: &str| {
        let kinds = packages.get(id).and_then(|package| package.pointer("/targets/0/kind"));
        kinds.and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(|kind| kind == "proc-macro"))
    };
    let name = |id: &str| packages.get(id).and_then(|package| package.get("name")?.as_str());
    let mut open: Vec<&str> =
        packages.keys().filter(|id| name(id).is_some_and(|name| MODULES.contains(&name))).copied().collect();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if is_macro(id) || !found.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).and_then(|node| node.get("deps")?.as_array());
        for dependency in dependencies.into_iter().flatten() {
            let kinds = dependency.get("dep_kinds").and_then(Value::as_array);
            let is_linked = kinds
                .is_some_and(|kinds| kinds.iter().any(|kind| kind.get("kind").is_some_and(Value::is_null)));
            open.extend(dependency.get("pkg").and_then(Value::as_str).filter(|_| is_linked));
        }
    }
    found
}

/// The texts of the licences that a crate brings.
fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let mut files: Vec<_> = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let is_licence = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|word| name.starts_with(word))
    };
    let licences = files.iter().filter(|file| file.is_file() && is_licence(file));
    Ok(licences.filter_map(|file| fs::read_to_string(file).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_that_is_compiled_in_is_listed_with_its_licence_and_no_other() {
        let list = list().unwrap();
        for name in ["serde_json", "worker", "wasm-bindgen", "toml", "jsonc-parser", "http"] {
            assert!(list.contains(&format!("\n| {name} | ")), "{name}");
        }
        for name in ["holdfast", "serde_derive", "fluent-syntax", "clap", "proptest"] {
            assert!(!list.contains(&format!("\n| {name} | ")), "{name}");
        }
        assert!(list.contains("Permission is hereby granted, free of charge"));
    }
}
