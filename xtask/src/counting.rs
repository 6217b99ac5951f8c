//! The built module with its border watched: every call between WebAssembly and JavaScript is counted by name.
//!
//! It is the module that is deployed, but for its glue, which hands everything through `xtask/counting/counts.js`, and
//! for another entry before its own: `xtask/counting/index.js`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::build::Built;
use crate::root;

/// The glue around the module that answers requests.
const GLUE: &str = "requests.js";

/// What stands in the glue once, and what takes its place.
const PATCHES: [(&str, &str); 3] = [
    (
        "function __wbg_get_imports() {",
        "function __wbg_get_imports() {\n    return countedImports(__wbg_plain_imports());\n}\n\n\
         function __wbg_plain_imports() {",
    ),
    ("wasm = wasmInstance.exports;", "wasm = countedExports(wasmInstance.exports);"),
    ("wasm = instance.exports;", "wasm = countedExports(instance.exports);"),
];

/// Ways across the border that the patches do not watch: more instances, and functions taken from a table.
const UNWATCHED: [(&str, usize); 3] =
    [("__wbg_get_imports()", 4), ("nstance.exports", 2), ("function_table", 0)];

/// A copy of `built` that counts: its folder.
///
/// # Errors
/// If the glue is not what it is expected to be, and something might go uncounted.
pub fn counting(built: &Built) -> Result<PathBuf> {
    let folder = root().join("target/counting");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    copy(&built.folder, &folder)?;
    fs::rename(folder.join("index.js"), folder.join("worker.js"))?;
    copy(&root().join("xtask/counting"), &folder)?;
    let glue = folder.join(GLUE);
    fs::write(&glue, watched(&fs::read_to_string(&glue)?)?)?;
    Ok(folder)
}

/// `glue` with all that crosses the border handed through `counts.js`.
fn watched(glue: &str) -> Result<String> {
    for (part, times) in UNWATCHED {
        let found = glue.matches(part).count();
        if found != times {
            bail!("{GLUE} has {part:?} {found} times, not {times}: see xtask/src/counting.rs");
        }
    }
    let mut watched = "import { countedExports, countedImports } from \"./counts.js\";\n".to_owned();
    watched.push_str(glue);
    for (part, patch) in PATCHES {
        if watched.matches(part).count() != 1 {
            bail!("{GLUE} does not have {part:?} once: see xtask/src/counting.rs");
        }
        watched = watched.replacen(part, patch, 1);
    }
    Ok(watched)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        let (path, name) = (file.path(), file.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else if !name.to_string_lossy().starts_with('.') {
            fs::copy(&path, to.join(name)).with_context(|| format!("could not copy {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "    wasmInstance = new WebAssembly.Instance(wasmModule, __wbg_get_imports());\n    \
                        wasm = wasmInstance.exports;\nfunction __wbg_get_imports() {\n    return {};\n}\n    \
                        wasm = instance.exports;\n    const imports = __wbg_get_imports();\n    \
                        const imports = __wbg_get_imports();\n";

    #[test]
    fn glue_that_is_not_as_expected_is_refused() {
        assert!(watched(WRITTEN).is_ok_and(|glue| glue.contains("wasm = countedExports(instance.exports);")));
        for (from, to) in [
            ("wasm = instance.exports;", "wasm = instance.exports.inner;"),
            ("return {};", "return { table: wasm.__indirect_function_table };"),
            ("return {};", "other = otherInstance.exports;"),
            ("function __wbg_get_imports() {", "const __wbg_get_imports = () => {"),
        ] {
            assert!(watched(&WRITTEN.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
