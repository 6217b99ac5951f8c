//! The examples of deployment say what there is.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::Home;

const TERRAFORM: &str = include_str!("../../deploy/terraform/main.tf");
const TEMPLATE: &str = include_str!("../../deploy/template/wrangler.jsonc");
const PACKAGE: &str = include_str!("../../deploy/template/package.json");

/// What stands between each `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
    text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0)).collect()
}

#[test]
fn the_button_and_terraform_deploy_the_same_worker_and_bindings_as_wrangler() {
    let home = Home::with_package("examples");
    fs::write(home.folder.join("wrangler.jsonc"), TEMPLATE).unwrap();
    let said = home.output_of(&["npx", "holdfast", "check"]);
    let warnings: Vec<_> = said.lines().filter(|line| line.contains(" warning: ")).collect();
    assert!(matches!(warnings[..], [only] if only.contains("a name for examples")), "{said}");

    let said = home.output_of(&["npx", "wrangler", "deploy", "--dry-run", "--outdir", "out"]);
    let mut bound = between(&said, "env.", " ");
    for name in ["HOLDFAST", "HOLDFAST_KEEP", "HOLDFAST_HEALTH", "HOLDFAST_VERSION"] {
        assert!(bound.contains(name), "{name}: {said}");
    }
    // A secret is no part of wrangler's file.
    bound.insert("HOLDFAST_TOKEN");
    assert_eq!(between(TERRAFORM, "{ name = \"", "\""), bound);
    let described: Value = serde_json::from_str(PACKAGE).unwrap();
    for name in described["cloudflare"]["bindings"].as_object().unwrap().keys() {
        assert!(bound.contains(name.as_str()), "{name}");
    }

    // Of the modules, wrangler puts those of JavaScript together, and names the others by their contents.
    let types = TERRAFORM.split_once("types = {").unwrap().1.split_once('}').unwrap().0;
    let types: BTreeSet<_> = types.lines().filter_map(|line| Some(line.split_once('=')?.0.trim())).collect();
    let pattern = format!("\"*.{{{}}}\"", "js,wasm,bin");
    assert!(TERRAFORM.contains(&pattern) && types == BTreeSet::from(["bin", "js", "wasm"]), "{types:?}");
    let files = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(home.folder.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    let shipped = files("node_modules/holdfast/worker");
    assert!(shipped.contains(&"index.js".to_owned()), "{shipped:?}");
    for name in &shipped {
        assert!(
            name.rsplit_once('.').is_some_and(|(_, kind)| types.contains(kind)),
            "{name} would be left out"
        );
    }
    let uploaded: BTreeSet<_> =
        files("out").iter().filter_map(|name| Some(name.split_once('-')?.1.to_owned())).collect();
    let expected: BTreeSet<_> = shipped.into_iter().filter(|name| !name.ends_with(".js")).collect();
    assert_eq!(uploaded, expected);
}

#[test]
fn the_examples_have_the_version_the_date_and_the_migration_of_the_package() {
    let package: Value = serde_json::from_str(PACKAGE).unwrap();
    assert_eq!(package["dependencies"]["holdfast"], env!("CARGO_PKG_VERSION"));
    let init = include_str!("../../npm/template.jsonc");
    for mark in ["\"compatibility_date\": \"", "\"new_sqlite_classes\": [\"", "\"tag\": \""] {
        assert_eq!(between(TEMPLATE, mark, "\""), between(init, mark, "\""), "{mark}");
    }
    let flags = between(init, "\"compatibility_flags\": [", "]");
    assert_eq!(between(TEMPLATE, "\"compatibility_flags\": [", "]"), flags);
    assert_eq!(between(TERRAFORM, "compatibility_flags = [", "]"), flags);
    let date = between(TEMPLATE, "\"compatibility_date\": \"", "\"");
    assert_eq!(between(TERRAFORM, "compatibility_date  = \"", "\""), date);
    assert!(TERRAFORM.contains("{ new_tag = \"v1\", new_sqlite_classes = [\"OriginHealth\"] }"));
}

#[test]
fn the_dev_container_has_what_the_tests_install() {
    let text = include_str!("../../.devcontainer/devcontainer.json");
    let text: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let container: Value = serde_json::from_str(&text).unwrap();
    let create = container["onCreateCommand"].as_str().unwrap();
    let contributing = include_str!("../../CONTRIBUTING.md").replace('\n', " ");
    for package in ["chromium", "fonts-liberation", "fonts-dejavu-core"] {
        assert!(create.contains(package) && contributing.contains(&format!("`{package}`")), "{package}");
    }
    let node = container["features"]["ghcr.io/devcontainers/features/node:1"]["version"].as_str().unwrap();
    assert!(node.parse::<u32>().unwrap() >= 22, "{node}");
}
