// How often the border between WebAssembly and JavaScript is crossed, by name and direction.
//
// What `requests.js` hands to an instance and what it takes from one goes through here (xtask/src/counting.rs). An
// instance can also be made to die in the middle of its work, which is how a panic ends where Rust is built to abort.

let intoJs = {};
let intoWasm = {};

// The instance's own exports.
let plain;

// The export that is running, and the one in which the instance is to die.
let running;
let dying;

// The counts since the last time.
export function take() {
  const counts = { into_js: intoJs, into_wasm: intoWasm };
  intoJs = {};
  intoWasm = {};
  return counts;
}

export function countedImports(modules) {
  const watch = (name, call) => {
    intoJs[name] = (intoJs[name] ?? 0) + 1;
    if (dying !== undefined && dying === running) die();
    return call();
  };
  return Object.fromEntries(Object.entries(modules).map(([module, functions]) => [module, watched(functions, watch)]));
}

export function countedExports(exports) {
  plain = exports;
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

// Without what wasm-bindgen puts around a name so that it is one of its own, and which differs from build to build.
function readable(name) {
  return name.replace(/^__wbg_/, "").replace(/_+h?[0-9a-f]{16}(_\d+)?$/, "");
}

// Lets the instance die in the next call of JavaScript that it makes while its export `name` runs.
export function dieIn(name) {
  if (typeof plain[name] !== "function") throw new Error(`there is no export ${name}`);
  dying = name;
}

// No allocation is aligned to 3 bytes: the module aborts, as a panic does, with Rust's frames below it.
function die() {
  dying = undefined;
  plain.__wbindgen_malloc(1, 3);
  throw new Error("the instance has survived");
}
