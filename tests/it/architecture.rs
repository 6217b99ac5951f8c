//! What ARCHITECTURE.md says of the shape of the code, held against the code.

mod imports;

use std::fs;
use std::path::{Path, PathBuf};

use imports::Imports;

/// Later modules use earlier ones.
const ORDER: [&str; 21] = [
    "by_number",
    "json",
    "markdown",
    "time",
    "fields",
    "request",
    "texts",
    "language",
    "config",
    "cache",
    "origin",
    "policy",
    "body",
    "response",
    "report",
    "health",
    "endpoint",
    "isolate",
    "ports",
    "head",
    "exchange",
];

/// The root files of the project's crates whose modules may not import each other in circles.
const CRATES: [&str; 8] = [
    "src/lib.rs",
    "benches/edge/src/main.rs",
    "check/src/lib.rs",
    "operator/src/lib.rs",
    "sim/src/lib.rs",
    "sim/src/main.rs",
    "testkit/src/lib.rs",
    "xtask/src/lib.rs",
];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first module of a file's path: `cache/key.rs` and `cache.rs` are both of `cache`.
fn stage_of(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}

fn rank(stage: &str) -> Option<usize> {
    ORDER.iter().position(|other| *other == stage)
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    let imports = Imports::read(&project().join("src/lib.rs"));
    let unknown =
        |file: &&String| !["lib", "edge"].contains(&stage_of(file)) && rank(stage_of(file)).is_none();
    assert_eq!(imports.of.keys().find(unknown), None, "a module without a place in the order");
    for (file, imported) in &imports.of {
        let Some(own) = rank(stage_of(file)) else { continue };
        for other in imported {
            let place = rank(stage_of(other));
            assert!(place.is_some_and(|place| place <= own), "{file} imports {other}");
        }
    }
}

#[test]
fn no_two_files_import_each_other_in_a_circle() {
    let circles: Vec<_> = CRATES
        .iter()
        .flat_map(|root| {
            Imports::read(&project().join(root)).circles().into_iter().map(move |circle| (root, circle))
        })
        .collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_circle_would_be_found_however_the_import_is_written() {
    let of =
        |one: &str, two: &str| Imports::of_texts(&[("", "mod one; mod two;"), ("one", one), ("two", two)]);
    let uses_two = [
        "use crate::two::f;",
        "use super::two;",
        "use super::{two::{f as g}, two::h};",
        "use crate::two::*;",
        "fn f() { crate::two::f() }",
        "use crate as all; fn f() { all::two::f() }",
        "fn f() { println!(\"{}\", super::two::F) }",
        "fn f(_: crate::two::F) {}",
        "mod inner { fn f() { super::super::two::f() } }",
    ];
    for import in uses_two {
        assert_eq!(of(import, "use super::one;").circles().len(), 1, "{import}");
        assert_eq!(of(import, "fn f() {}").circles().len(), 0, "{import}");
    }
    let in_tests = of("#[cfg(test)] mod tests { use crate::two::f; }", "use crate::one;");
    assert_eq!(in_tests.circles().len(), 0, "tests may import what they like");
}

#[test]
fn only_the_edge_knows_the_platform_and_only_it_and_the_exchange_wait() {
    let mut files = Vec::new();
    find_sources(&project().join("src"), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    for file in files {
        let name = file.strip_prefix(project().join("src")).unwrap().display().to_string();
        if stage_of(&name) == "edge" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for platform in ["web_sys", "js_sys", "wasm_bindgen", "worker::"] {
            assert!(!code.contains(platform), "{name} names {platform}");
        }
        let waits = code.contains(".await") || code.contains("async fn");
        assert!(!waits || ["exchange", "isolate"].contains(&stage_of(&name)), "{name} waits");
    }
}

fn find_sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}
