//! Whether these commands compile for other systems than this one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::step::{cargo, run};
use crate::{root, setup};

/// Windows and macOS, as most people have them.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];

/// In place of a C compiler and of `ar`, which for other systems few machines have: what they are told to make becomes an
/// empty file. It says that it is clang, as build scripts ask.
const STAND_IN: &str = r#"#!/bin/sh
# Nothing that is compiled for these targets is linked or run.
case " $* " in *" -E "*) echo clang; exit 0;; esac
while [ $# -gt 0 ]; do
  case "$1" in
    -o) : > "$2"; exit 0;;
    *.a|*.lib) printf '!<arch>\n' > "$1"; exit 0;;
  esac
  shift
done
"#;

/// Type-checks the commands for each of [`TARGETS`], which is added to the toolchain where it is missing.
pub fn check() -> Result<()> {
    let stand_in = stand_in(&root().join("target/stand-in"))?;
    for target in TARGETS {
        setup::target(target).with_context(|| format!("{target} was not checked"))?;
        let mut check = cargo();
        check.args(["check", "--quiet", "--package", "xtask", "--target", target]);
        let variable = target.replace('-', "_");
        check.env(format!("CC_{variable}"), &stand_in).env(format!("AR_{variable}"), &stand_in);
        run(&mut check)?;
    }
    Ok(())
}

/// Writes [`STAND_IN`] into `folder`.
fn stand_in(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let program = folder.join("cc");
    fs::write(&program, STAND_IN)?;
    crate::platform::make_executable(&program)?;
    Ok(program)
}
