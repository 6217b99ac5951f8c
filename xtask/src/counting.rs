//! The built Worker with its border crossings counted, every call between WebAssembly and JavaScript by name, and with what it asks
//! of the platform.
//!
//! It is the Worker that is deployed, file by file, behind another entry. That entry (`xtask/counting/index.js`) imports
//! `counts.js` first, which puts counting functions around the imports and exports of each instance, and `asked.js`, which puts
//! them around what the platform offers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build::Built;
use crate::root;

/// Writes a copy of `built` that counts, and returns its folder.
pub fn counting(built: &Built) -> Result<PathBuf> {
    let folder = copied(built, "counting")?;
    fs::rename(folder.join("index.js"), folder.join("worker.js"))?;
    copy(&root().join("xtask/counting"), &folder)?;
    Ok(folder)
}

/// Writes a copy of `built` with the entry `script`, which may import what is in there, to `target/NAME`; returns the folder.
pub fn with_entry(built: &Built, name: &str, script: &str) -> Result<PathBuf> {
    let folder = copied(built, name)?;
    fs::write(folder.join("index.js"), script)?;
    Ok(folder)
}

fn copied(built: &Built, name: &str) -> Result<PathBuf> {
    let folder = root().join("target").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    copy(&built.folder, &folder)?;
    Ok(folder)
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
