//! What ARCHITECTURE.md says of the shape of the code, held against the code.

use std::fs;
use std::path::{Path, PathBuf};

/// Later modules use earlier ones.
const ORDER: [&str; 17] = [
    "time", "fields", "request", "language", "config", "cache", "origin", "policy", "body", "response",
    "report", "health", "endpoint", "isolate", "ports", "head", "exchange",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Each source file's stage and its text without tests.
fn stages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let stage_of = |file: &PathBuf| {
        let inside = file.strip_prefix(&root).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        first.trim_end_matches(".rs").to_owned()
    };
    let code_of = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
    };
    let all: Vec<_> = files.iter().map(|file| (stage_of(file), code_of(file))).collect();
    assert!(all.len() > 20, "the sources were not found");
    all
}

fn rank(stage: &str) -> Option<usize> {
    ORDER.iter().position(|other| *other == stage)
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    for (stage, code) in stages() {
        let Some(own) = rank(&stage) else { continue };
        for used in code
            .lines()
            .filter(|line| !line.trim().starts_with("//"))
            .flat_map(|line| line.split("crate::").skip(1))
        {
            let used: String = used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let Some(other) = rank(&used) else { continue };
            assert!(other <= own, "{stage} uses {used}");
        }
    }
}

#[test]
fn only_the_edge_knows_the_platform_and_only_it_and_the_exchange_wait() {
    for (stage, code) in stages() {
        if stage == "edge" {
            continue;
        }
        for name in ["web_sys", "js_sys", "wasm_bindgen"] {
            assert!(!code.contains(name), "{stage} names {name}");
        }
        let waits = code.contains(".await") || code.contains("async fn");
        assert!(!waits || stage == "exchange", "{stage} waits");
    }
}
