//! How many instructions of WebAssembly a request costs inside the module.
//!
//! The scenes (`benches/scenes`) are compiled as the deployed modules are, but for wasm-opt, and run in an interpreter that
//! counts: the figures are the same on every machine. `figures.txt` has them, per request; what the simulated platform costs is
//! in them. A change of more than [`TOLERANCE`] fails, for better or worse. Whoever makes one on
//! purpose renews the file with `RENEW=1 cargo test --test instructions`, and reviews the difference.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::{env, fs};

use scenes::SCENES;
use wasmi::{Config, Engine, ExternType, Func, Linker, Module, Store};

/// The part of a figure by which it may differ before that counts as a change.
const TOLERANCE: f64 = 0.02;

/// How many requests come before those that are counted, and how many are counted.
const BEFORE: u32 = 100;
const COUNTED: u32 = 500;

struct Interpreter {
    store: Store<()>,
    instance: wasmi::Instance,
}

impl Interpreter {
    fn of(module: &[u8]) -> Self {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, module).expect("a module");
        let mut store = Store::new(&engine, ());
        store.set_fuel(u64::MAX).unwrap();
        let mut linker = Linker::new(&engine);
        // What the scenes never call: they have ports of their own.
        for import in module.imports() {
            let ExternType::Func(kind) = import.ty() else { panic!("{import:?}") };
            let name = import.name().to_owned();
            let trap = Func::new(&mut store, kind.clone(), move |_, _, _| {
                Err(wasmi::Error::new(format!("a scene called {name}")))
            });
            linker.define(import.module(), import.name(), trap).unwrap();
        }
        let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
        Self { store, instance }
    }

    fn call(&mut self, name: &str, argument: u32) -> u64 {
        let before = self.store.get_fuel().unwrap();
        // wasm-bindgen puts a hash behind the name.
        let mut exports = self.instance.exports(&self.store);
        let export =
            exports.find(|export| export.name().strip_prefix(name).is_some_and(|rest| rest.starts_with('_')));
        let function = export.and_then(wasmi::Export::into_func).expect("the function");
        let mut results = vec![wasmi::Val::I32(0); function.ty(&self.store).results().len()];
        function.call(&mut self.store, &[wasmi::Val::I32(argument.cast_signed())], &mut results).unwrap();
        before - self.store.get_fuel().unwrap()
    }
}

fn counted(module: &[u8], scene: usize) -> u64 {
    let mut interpreter = Interpreter::of(module);
    interpreter.call("set", u32::try_from(scene).unwrap());
    interpreter.call("play", BEFORE);
    let figure = interpreter.call("play", COUNTED) / u64::from(COUNTED);
    assert!(figure > 0, "the scene is set");
    figure
}

#[test]
fn a_request_costs_as_many_instructions_as_is_known() {
    let module = fs::read(xtask::build::scenes().unwrap()).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/instructions/figures.txt");
    let known = fs::read_to_string(path).unwrap_or_default();
    let known = |name: &str| {
        let line = known.lines().find(|line| line.get(9..) == Some(name));
        line.and_then(|line| line.get(..7)?.trim().parse::<u64>().ok())
    };
    let (mut figures, mut changed) = (String::new(), String::new());
    for (scene, name) in SCENES.iter().enumerate() {
        let now = counted(&module, scene);
        let before = known(name);
        let differs = before.is_none_or(|before| (now as f64 / before as f64 - 1.0).abs() > TOLERANCE);
        writeln!(figures, "{:7}  {name}", if differs { now } else { before.unwrap_or(now) }).unwrap();
        if differs {
            writeln!(changed, "{name}: {now}, was {before:?}").unwrap();
        }
    }
    if env::var_os("RENEW").is_some() {
        fs::write(path, figures).unwrap();
    } else {
        assert!(changed.is_empty(), "\n{changed}");
    }
}
