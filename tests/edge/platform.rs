//! What the compatibility date turns on, as workerd itself says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use xtask::check::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS};
use xtask::serve::Options;

use crate::harness::{Edge, behind};

/// The date of the first release's tests.
const BEFORE: &str = "2026-04-01";

/// Says which flags are on.
const ENTRY: &str = "export * from \"./worker.js\";\nimport worker from \"./worker.js\";\n\
    export default {\n  ...worker,\n  fetch: (request, env, ctx) => request.url.endsWith(\"/.flags\")\n    \
    ? Response.json(Cloudflare.compatibilityFlags) : worker.fetch(request, env, ctx),\n};\n";

/// The flags that are on at `date`, with those that are given.
fn on_at(date: &str, given: &[&str]) -> BTreeSet<String> {
    let folder = std::env::temp_dir().join(format!("holdfast-flags-{}-{}", date, std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let wrangler_toml = folder.join("wrangler.toml");
    let text = format!("name = \"flags\"\ncompatibility_date = {date:?}\ncompatibility_flags = {given:?}\n");
    fs::write(&wrangler_toml, text).unwrap();
    let built = Some(behind("flags", ENTRY));
    let edge = Edge::with(
        &["http://a.test".to_owned()],
        &[],
        Options { wrangler_toml, built, ..Options::default() },
    );
    let answer = edge.call("GET", "/.flags").send();
    let flags: BTreeMap<String, bool> = serde_json::from_slice(&answer.body).unwrap();
    fs::remove_dir_all(folder).unwrap();
    flags.into_iter().filter_map(|(name, is_on)| is_on.then_some(name)).collect()
}

#[test]
fn the_document_lists_what_the_compatibility_date_turns_on_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("docs/compatibility.md")).unwrap();
    let rows = document
        .split_once("<!-- flags: begin -->\n")
        .unwrap()
        .1
        .split_once("<!-- flags: end -->")
        .unwrap()
        .0;
    let rows: Vec<Vec<&str>> = rows.lines().skip(2).map(|row| row.split(" | ").collect()).collect();
    let named = |is_off: bool| -> BTreeSet<String> {
        let rows = rows.iter().filter(|row| row[3].starts_with("off") == is_off);
        rows.flat_map(|row| row[0].split('`').skip(1).step_by(2)).map(str::to_owned).collect()
    };
    let (before, now) = (on_at(BEFORE, &[]), on_at(COMPATIBILITY_DATE, &COMPATIBILITY_FLAGS));
    let without_our_flags = on_at(COMPATIBILITY_DATE, &[]);
    let came_on: BTreeSet<String> = now.difference(&before).cloned().collect();
    assert_eq!(came_on, named(false));
    assert!(named(true).iter().all(|flag| without_our_flags.contains(flag)), "{:?}", named(true));
    assert!(now.iter().all(|flag| !flag.contains("nodejs_compat")), "nothing of Node.js: {now:?}");
    let opted_out: Vec<_> = named(true).iter().map(|flag| format!("no_{flag}")).collect();
    assert_eq!(opted_out, COMPATIBILITY_FLAGS);
}
