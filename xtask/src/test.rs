//! Everything that must hold before a change is kept.

use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::{env, thread};

use anyhow::{Result, bail};

use crate::again;
use crate::browser;
use crate::build::{self, Built};
use crate::check;
use crate::elsewhere;
use crate::node::node;
use crate::setup;
use crate::step::{cargo, run, step};
use crate::{root, runtime};

/// The most bytes that the module that answers requests may weigh, compressed: a tenth of what Cloudflare
/// accepts on the free plan (3 MB), so that a cold start stays far below its limit.
const REQUESTS_LIMIT: usize = 296_000;

/// The same for the object's module, of which few isolates have an instance. 11 KB of it are the crate `worker`, 17 KB the
/// evidence by which outages are told, 16 KB what is known of latency, of who is touched, and the verdict.
const HEALTH_LIMIT: usize = 206_000;

/// The variable of Rust's test runner for how many tests run at a time.
const THREADS: &str = "RUST_TEST_THREADS";

/// Builds, lints, documents and tests, natively and in workerd.
///
/// All parts run, so that one report names everything that fails; cargo's own summary of the tests comes last. What runs
/// in workerd runs in `workerd`, if one is given, and else in Miniflare's own.
pub fn test(workerd: Option<&Path>) -> Result<()> {
    let mut failed = Vec::new();
    let mut part = |name: &'static str, work: &mut dyn FnMut() -> Result<()>| {
        if let Err(error) = step(name, work) {
            eprintln!("{error:#}");
            failed.push(name);
        }
    };
    part("browser and fonts", &mut browser::ensure);
    part("build", &mut || build::ensure().and_then(|built| weigh(&built)));
    part("wrangler.toml", &mut || check::check(None).map(drop).map_err(Into::into));
    part("cargo fmt", &mut || run(cargo().args(["fmt", "--all", "--check"])));
    part("cargo clippy", &mut || {
        run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    part("cargo clippy, wasm32", &mut || {
        let mut clippy = cargo();
        clippy.args(["clippy", "--quiet", "--lib", "--target", setup::TARGET]);
        clippy.args(["--package", "holdfast", "--package", "requests", "--package", "health"]);
        clippy.args(["--package", "command"]);
        run(clippy.args(["--", "-D", "warnings"]))
    });
    part("cargo check, Windows and macOS", &mut elsewhere::check);
    part("JavaScript", &mut javascript);
    part("cargo doc", &mut || {
        run(documented(&mut cargo()).args(["--workspace", "--document-private-items"]))?;
        run(documented(&mut cargo()).args(["--package", "holdfast", "--target", setup::TARGET]))
    });
    part("benchmarks, once each", &mut || run(cargo().args(["test", "--quiet", "--bench", "core"])));
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--no-fail-fast"]);
    if env::var_os(THREADS).is_none() {
        // Most tests wait: for limits, for a browser, for a process. Those that measure want some of the machine.
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        tests.env(THREADS, (cores + 1).to_string());
    }
    tests.envs(workerd.map(|workerd| (runtime::VARIABLE, workerd)));
    part("tests, compiled", &mut || {
        run(cargo().args(["test", "--quiet", "--workspace", "--no-run"]))?;
        settle_disk();
        Ok(())
    });
    if let Err(error) = tell_version(workerd).and_then(|()| again::tests(&mut tests)) {
        eprintln!("{error:#}");
        failed.push("cargo test");
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    Ok(())
}

/// Lints, formats and type-checks the JavaScript by hand, and runs its own tests.
fn javascript() -> Result<()> {
    setup::packages()?;
    for arguments in [
        &["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings"][..],
        &["node_modules/typescript/bin/tsc", "--project", "tsconfig.json"],
        &["node_modules/typescript/bin/tsc", "--project", "tsconfig.npm.json"],
        &["--test", "tests/js/bodies.test.js", "tests/js/requests.test.js", "tests/js/self-hosted.test.js"],
    ] {
        run(node()?.args(arguments).current_dir(root()))?;
    }
    Ok(())
}

/// Has what was compiled written to the disk. Gigabytes of it would hold up the databases of the workers under test, which
/// write too, and tests have limits of a second or two.
fn settle_disk() {
    // Where there is no such command, the tests begin at once.
    let _ = Command::new("sync").status();
}

fn tell_version(workerd: Option<&Path>) -> Result<()> {
    let program = workerd.map_or_else(|| runtime::program(root()), |workerd| Ok(workerd.to_owned()))?;
    eprintln!("    workerd {}, {}", runtime::version(&program)?, program.display());
    Ok(())
}

fn documented(command: &mut Command) -> &mut Command {
    command.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--quiet", "--no-deps"])
}

fn weigh(built: &Built) -> Result<()> {
    let sizes = built.sizes()?;
    let modules = [("requests", sizes.requests, REQUESTS_LIMIT), ("health", sizes.health, HEALTH_LIMIT)];
    for (name, size, limit) in modules {
        eprintln!("    {name}: {size} (limit {} KB)", limit / 1000);
    }
    eprintln!("    upload: {}", sizes.upload);
    for (name, size, limit) in modules {
        if size.gzipped > limit {
            bail!("the module `{name}` is larger than {limit} bytes gzipped");
        }
    }
    Ok(())
}
