// How often the border between WebAssembly and JavaScript is crossed, by name and direction.
//
// What `holdfast.js` hands to an instance and what it takes from one goes through here (xtask/src/counting.rs). An
// instance can also be made to die in the middle of its work, which is how a panic ends where Rust is built to abort.

let intoJs = {};
let intoWasm = {};

// The instance's own exports.
let plain;

// Says of a name whether the instance is to die in that call; the second does so once the origin has answered.
let dying;
let dyingThen;

// The counts since the last time.
export function take() {
  const counts = { into_js: intoJs, into_wasm: intoWasm };
  intoJs = {};
  intoWasm = {};
  return counts;
}

export function countedImports(modules) {
  const count = (name) => {
    intoJs[name] = (intoJs[name] ?? 0) + 1;
    if (dying?.(name)) die();
  };
  return Object.fromEntries(
    Object.entries(modules).map(([module, functions]) => [module, counted(functions, count, settled)]),
  );
}

export function countedExports(exports) {
  plain = exports;
  return counted(exports, (name) => {
    intoWasm[name] = (intoWasm[name] ?? 0) + 1;
  });
}

// What is no function, such as the memory, stays as it is.
function counted(things, count, then = (_, result) => result) {
  const wrap = ([key, thing]) => {
    if (typeof thing !== "function") return [key, thing];
    const name = readable(key);
    const call = (...args) => {
      count(name);
      return then(name, thing(...args));
    };
    return [key, call];
  };
  return Object.fromEntries(Object.entries(things).map(wrap));
}

// Without what wasm-bindgen puts around a name so that it is one of its own, and which differs from build to build.
function readable(name) {
  return name.replace(/^__wbg_/, "").replace(/_+h?[0-9a-f]{16}(_\d+)?$/, "");
}

// What wasm-bindgen itself calls to run a future: promises, closures for them, and the queue of microtasks.
const MACHINERY = /^(new|new_typed|call|resolve|then|queueMicrotask|_wbg_cb_unref|__wbindgen_\w+)$/;

// Lets the instance die in its next call of JavaScript that is of this kind:
// "start"  any, which is before `fetch` has returned its promise
// "first"  one of the request's own
// "await"  the same, after the origin has answered
export function dieAt(moment) {
  const own = (name) => !MACHINERY.test(name);
  if (moment === "start") dying = () => true;
  else if (moment === "first") dying = own;
  else dyingThen = own;
}

function settled(name, result) {
  if (!dyingThen || name !== "fetchOrigin") return result;
  return result.then((answer) => {
    [dying, dyingThen] = [dyingThen, undefined];
    return answer;
  });
}

// No allocation is aligned to 3 bytes: the module aborts, as a panic does, with Rust's frames below it.
function die() {
  dying = undefined;
  plain.__wbindgen_malloc(1, 3);
  throw new Error("the instance has survived");
}
