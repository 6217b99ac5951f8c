// How often the border between WebAssembly and JavaScript is crossed, by name and direction.
//
// `index.js` imports this before the Worker, so that `WebAssembly.Instance` is another class by the time the glue makes
// an instance. Of the module that answers requests it hands the imports and the exports through counting functions. An
// instance can also be made to die in the middle of its work, which is how a panic ends where Rust aborts.
import requests from "./requests_bg.wasm";

let intoJs = Object.create(null);
let intoWasm = Object.create(null);

// The exports of the living instance, uncounted.
let plain;

// The export that is running, and the one in which the instance is to die.
let running;
let dying;

// The counts since the last call.
export function take() {
  const counts = { into_js: intoJs, into_wasm: intoWasm };
  intoJs = Object.create(null);
  intoWasm = Object.create(null);
  return counts;
}

// Lets the instance die in the next call of JavaScript that it makes while its export `name` runs.
export function dieIn(name) {
  if (!Object.keys(plain).some((key) => readable(key) === name)) throw new Error(`there is no export ${name}`);
  dying = name;
}

const { Instance } = WebAssembly;

WebAssembly.Instance = function CountedInstance(module, imports) {
  if (module !== requests) return new Instance(module, imports);
  const { exports } = new Instance(module, countedImports(imports));
  refuseTablesOfFunctions(exports);
  plain = exports;
  return { exports: countedExports(exports) };
};

// A function taken from a table would be called uncounted.
function refuseTablesOfFunctions(exports) {
  for (const [name, table] of Object.entries(exports)) {
    if (!(table instanceof WebAssembly.Table)) continue;
    for (let index = 0; index < table.length; index += 1) {
      if (typeof table.get(index) === "function") throw new Error(`functions of the table ${name} would go uncounted`);
    }
  }
}

function countedImports(modules) {
  const watch = (name, call) => {
    intoJs[name] = (intoJs[name] ?? 0) + 1;
    if (dying !== undefined && dying === running) die();
    return call();
  };
  return Object.fromEntries(Object.entries(modules).map(([module, functions]) => [module, watched(functions, watch)]));
}

function countedExports(exports) {
  return watched(exports, (name, call) => {
    intoWasm[name] = (intoWasm[name] ?? 0) + 1;
    const outer = running;
    running = name;
    try {
      return call();
    } finally {
      running = outer;
    }
  });
}

// What is no function, such as the memory, stays as it is.
function watched(things, watch) {
  const wrap = ([key, thing]) => {
    if (typeof thing !== "function") return [key, thing];
    const name = readable(key);
    return [key, (...args) => watch(name, () => thing(...args))];
  };
  return Object.fromEntries(Object.entries(things).map(wrap));
}

// The name without what wasm-bindgen adds to make it unique, which differs from build to build.
function readable(name) {
  return name.replace(/^__wbg_/, "").replace(/_+h?[0-9a-f]{16}(_\d+)?$/, "");
}

// No allocation is aligned to 3 bytes: the module aborts, as a panic does, with Rust's frames below it.
function die() {
  dying = undefined;
  plain.__wbindgen_malloc(1, 3);
  throw new Error("the instance has survived");
}
