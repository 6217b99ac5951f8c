//! The Worker, from Rust to what wrangler bundles and Miniflare runs.
//!
//! cargo compiles the two modules of WebAssembly, wasm-bindgen writes the JavaScript around each, wasm-opt makes them
//! smaller, and `build/` receives the result: `index.js` (the entry), what else there is by hand in `src/edge/js/`, for
//! each module `NAME.js` and `NAME_bg.wasm`, the texts that pages need, and the snippets of crates
//! that bring some.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use holdfast::texts;
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::node::node;
use crate::order;
use crate::root;
use crate::setup;
use crate::step::{cargo, run, step, written};

/// The packages of which modules are made: the one that answers requests, and that of the object that gathers counts.
const MODULES: [&str; 2] = ["requests", "health"];

/// The JavaScript written by hand; `index.js` is the entry.
const SCRIPTS: &str = "src/edge/js";

/// What decides about the modules, relative to the project's folder.
const INPUTS: [&str; 13] = [
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "askama.toml",
    "build.rs",
    "modules",
    "package-lock.json",
    "rust-toolchain.toml",
    "src",
    "templates",
    "xtask/Cargo.toml",
    "xtask/src/build.rs",
    "xtask/src/order.rs",
];

/// What rustc emits and workerd runs; named, so that wasm-opt adds nothing newer.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Small. What is left after one round is as large as after many, once it is compressed.
///
/// Nothing of ours stands below address 1024: the linker puts the stack there, growing downwards from 1 MiB, whose
/// last kilobyte is reached only on the way to the trap of an overflow.
///
/// What stands apart in the source (`exchange::apart`) stays there.
const SMALLER: [&str; 4] = ["--no-inline=*5apart5aside*", "-Os", "--low-memory-unused", "--converge"];

/// Sorts the functions by the names that `order` gives them. With the levels of `-Os`, code is written as tightly as there.
const BY_NAME: [&str; 3] = ["--optimize-level=2", "--shrink-level=1", "--reorder-functions-by-name"];

/// How the exports begin that `worker` and `wasm-streams` add and nothing here calls: streams that Rust reads and writes,
/// and the fields of options. Without them wasm-opt leaves out what they need.
const UNUSED: [&str; 5] =
    ["intounderlying", "__wbg_intounderlying", "__wbg_get_", "__wbg_set_", "__worker_init_state"];

/// A built Worker.
#[derive(Debug)]
pub struct Built {
    /// The folder that holds it.
    pub folder: PathBuf,
    /// Whether it was there already.
    pub was_fresh: bool,
}

impl Built {
    /// The entry module.
    pub fn entry(&self) -> PathBuf {
        self.folder.join("index.js")
    }

    /// What it weighs.
    pub fn sizes(&self) -> Result<Sizes> {
        let [requests, health] = MODULES.map(|name| fs::read(self.folder.join(format!("{name}_bg.wasm"))));
        let mut files = Vec::new();
        collect(&self.folder, &mut files)?;
        files.retain(|file| {
            [Some("js"), Some("wasm"), Some("bin")].contains(&file.extension().and_then(OsStr::to_str))
        });
        files.sort();
        let mut upload = Vec::new();
        for file in files {
            upload.extend(fs::read(file)?);
        }
        Ok(Sizes { requests: Size::of(&requests?)?, health: Size::of(&health?)?, upload: Size::of(&upload)? })
    }
}

/// What the parts of a Worker weigh.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// The WebAssembly that answers requests.
    pub requests: Size,
    /// The WebAssembly of the object that gathers counts.
    pub health: Size,
    /// All modules, JavaScript too.
    pub upload: Size,
}

/// A size in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// As it is.
    pub plain: usize,
    /// Compressed by gzip.
    pub gzipped: usize,
}

impl Size {
    fn of(bytes: &[u8]) -> Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes)?;
        Ok(Self { plain: bytes.len(), gzipped: gzip.finish()?.len() })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KB, {} KB gzipped", self.plain.div_ceil(1000), self.gzipped.div_ceil(1000))
    }
}

/// Makes sure that `build/` holds the modules of the sources as they are, and that the packages from npm are
/// those of the lock; does nothing if so.
///
/// One process builds at a time, others wait for it.
pub fn ensure() -> Result<Built> {
    let folder = root().join("build");
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join(".lock"))?;
    lock.lock().context("could not lock build/.lock")?;

    let inputs = digest_of_inputs()?;
    let stamp = folder.join(".stamp");
    let built = Built { folder, was_fresh: true };
    if built.entry().is_file() && fs::read_to_string(&stamp).is_ok_and(|made_of| made_of == inputs) {
        setup::packages()?;
        return Ok(built);
    }

    let compiled = thread::scope(|scope| {
        let packages = scope.spawn(setup::packages);
        let compiled = setup::target(setup::TARGET)
            .and_then(|()| step("cargo: the Worker, optimised (one or two minutes at first)", compile));
        packages.join().map_err(|_| anyhow!("the installation of the packages panicked"))??;
        compiled
    })?;
    if stamp.exists() {
        fs::remove_file(&stamp)?;
    }
    let staging = built.folder.join(".staging");
    remove(&staging)?;
    assemble(&compiled, &staging)?;
    install(&staging, &built.folder)?;
    fs::write(&stamp, inputs)?;
    Ok(Built { was_fresh: false, ..built })
}

/// Compiles the scenes whose instructions are counted as the modules are compiled, and answers where cargo has put them.
pub fn scenes() -> Result<PathBuf> {
    setup::target(setup::TARGET)?;
    let compiled = step("cargo: the scenes, optimised", || compiled(&["scenes"]))?;
    compiled.into_iter().next().context("there are no scenes")
}

/// Compiles the modules and answers where cargo has put them.
fn compile() -> Result<Vec<PathBuf>> {
    compiled(&MODULES)
}

fn compiled(modules: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--release", "--lib"]);
    command.args(modules.iter().flat_map(|name| ["--package", name]));
    command.args(["--target", setup::TARGET, "--message-format", "json-render-diagnostics"]);
    let output = command.stderr(Stdio::inherit()).output().context("could not start cargo")?;
    if !output.status.success() {
        bail!("{} failed ({})", written(&command), output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files: Vec<PathBuf> = artifacts
        .filter_map(|message| message.get("filenames")?.as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .collect();
    let built = |name: &str| {
        let name = format!("{name}.wasm");
        let file = files.iter().find(|file| file.file_name() == Some(OsStr::new(&name)));
        file.cloned().with_context(|| format!("cargo built no {name}: is its crate type `cdylib`?"))
    };
    modules.iter().copied().map(built).collect()
}

/// Writes into `folder` everything that is deployed.
fn assemble(compiled: &[PathBuf], folder: &Path) -> Result<()> {
    step("wasm-bindgen", || side_by_side(compiled, |compiled| bind(compiled, folder, true)))?;
    step("wasm-opt", || {
        side_by_side(&MODULES, |name| {
            let module = folder.join(format!("{name}_bg.wasm"));
            optimise(&module, &SMALLER)?;
            fs::write(&module, order::named(&fs::read(&module)?)?)?;
            optimise(&module, &BY_NAME)
        })
    })?;
    for glue in glues(folder) {
        fs::write(&glue, once_each(&fs::read_to_string(&glue)?))?;
    }
    flatten(folder)?;
    for script in fs::read_dir(root().join(SCRIPTS))? {
        let script = script?.path();
        if let Some(name) = script.file_name().filter(|_| script.extension() == Some(OsStr::new("js"))) {
            fs::copy(&script, folder.join(name))
                .with_context(|| format!("could not copy {}", script.display()))?;
        }
    }
    fs::write(folder.join(texts::FILE), texts::file())?;
    Ok(())
}

/// Has wasm-bindgen write the module `compiled`, and the JavaScript around it, into `folder`. An instance of it `is_renewable`
/// if its state can be reset.
pub(crate) fn bind(compiled: &Path, folder: &Path, is_renewable: bool) -> Result<()> {
    let mut output = Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .omit_default_module_path(true)
        .reset_state_function(is_renewable)
        .typescript(false)
        .remove_producers_section(true)
        .generate_output()?;
    let exports = &mut output.wasm_mut().exports;
    let unused = exports.iter().filter(|export| UNUSED.iter().any(|name| export.name.starts_with(name)));
    for export in unused.map(|export| export.id()).collect::<Vec<_>>() {
        exports.delete(export);
    }
    output.emit(folder)
}

/// Runs wasm-opt on `module` with `passes`. It leaves out names.
pub(crate) fn optimise(module: &Path, passes: &[&str]) -> Result<()> {
    let program = root().join("node_modules/binaryen/bin/wasm-opt");
    let mut command = node()?;
    command.arg(program).args(passes).args(FEATURES).arg(module).arg("-o").arg(module);
    run(command.stdin(Stdio::null()))
}

/// What wasm-bindgen wrote around the modules in `folder`.
fn glues(folder: &Path) -> [PathBuf; 2] {
    MODULES.map(|name| folder.join(format!("{name}.js")))
}

/// Puts the snippets of crates, which wasm-bindgen writes as `snippets/CRATE/FILE`, beside the modules as `CRATE-FILE`.
fn flatten(folder: &Path) -> Result<()> {
    let snippets = folder.join("snippets");
    let mut files = Vec::new();
    collect(&snippets, &mut files)?;
    for file in files {
        let path = file.strip_prefix(&snippets)?.to_string_lossy().into_owned();
        let name = path.replace('/', "-");
        fs::rename(&file, folder.join(&name))?;
        for glue in glues(folder) {
            let text = fs::read_to_string(&glue)?;
            fs::write(&glue, text.replace(&format!("./snippets/{path}"), &format!("./{name}")))?;
        }
    }
    remove(&snippets)
}

/// Does `work` to all `items` at the same time.
fn side_by_side<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let work = &work;
    thread::scope(|scope| {
        let working: Vec<_> = items.iter().map(|item| scope.spawn(move || work(item))).collect();
        working.into_iter().try_for_each(|work| work.join().map_err(|_| anyhow!("a step panicked"))?)
    })
}

/// `glue` with every module imported whole at most once: wasm-bindgen does so for each function that it
/// hands over as it is, under the same key, which bundlers warn of.
fn once_each(glue: &str) -> String {
    let mut seen = HashSet::new();
    let kept = glue.lines().filter(|line| {
        let line = line.trim();
        let repeats = line
            .strip_prefix("import * as import")
            .and_then(|rest| rest.split_once(" from "))
            .map(|(_, module)| format!("from {module}"))
            .or_else(|| {
                let (module, name) = line.strip_suffix(',')?.split_once(": import")?;
                name.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("key {module}"))
            });
        repeats.is_none_or(|module| seen.insert(module))
    });
    kept.flat_map(|line| [line, "\n"]).collect()
}

/// Replaces what `folder` holds by what `staging` holds.
fn install(staging: &Path, folder: &Path) -> Result<()> {
    for old in fs::read_dir(folder)? {
        let old = old?;
        if !old.file_name().to_string_lossy().starts_with('.') {
            remove(&old.path())?;
        }
    }
    for new in fs::read_dir(staging)? {
        let new = new?;
        fs::rename(new.path(), folder.join(new.file_name()))?;
    }
    remove(staging)
}

fn remove(path: &Path) -> Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path)?;
    } else if path.exists() {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// A number that differs when any of the inputs does, in name or content.
fn digest_of_inputs() -> Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&root().join(input), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file)?.hash(&mut hasher);
    }
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        std::env::var_os(variable).hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_imported_whole_once() {
        let glue = "import { a } from './b.js';\nimport * as import1 from \"./b.js\"\nimport * as import2 from \"./b.js\"\n\
                    import * as import3 from \"./c.js\"\n  \"./b.js\": import1,\n  \"./b.js\": import2,\n  \"./c.js\": import3,\n";
        let expected = "import { a } from './b.js';\nimport * as import1 from \"./b.js\"\n\
                        import * as import3 from \"./c.js\"\n  \"./b.js\": import1,\n  \"./c.js\": import3,\n";
        assert_eq!(once_each(glue), expected);
    }
}
