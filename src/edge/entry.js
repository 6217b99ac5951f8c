// The Worker's module: one instance of the Rust code, and a new one when it has died.
//
// Rust is built to abort on a panic, so a panic (or a trap of any kind) leaves an instance that must not be
// entered again: what it was in the middle of is in an unknown state. It may die inside a call from here or,
// after an await, in a microtask of its own. In the second case nobody would ever hear from the promises it
// owed, so they are kept here and failed by hand. The runtime carries each failure to the request that waits
// for it.
import module from "./holdfast_bg.wasm";
import * as holdfast from "./holdfast.js";

holdfast.initSync({ module });

// Counts instances, so that no death is noticed twice.
let instance = 0;

// How to fail each request that the instance has not answered yet.
let owed = new Set();

function replace(error) {
  const failing = owed;
  owed = new Set();
  instance += 1;
  console.error(`holdfast: instance ${instance} of the module replaces one that died: ${error?.stack ?? error}`);
  holdfast.__wbg_reset_state();
  for (const fail of failing) fail(error);
}

// V8 has two ways of ending WebAssembly code: a trap, and a RangeError where the stack runs out.
const isDeath = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

// Whatever escapes from a microtask or a timer went through Rust frames on its way, trap or not.
addEventListener("error", (event) => replace(event.error));
addEventListener("unhandledrejection", (event) => {
  if (isDeath(event.reason)) replace(event.reason);
});

export default {
  async fetch(request, env, ctx) {
    const asked = instance;
    let fail;
    try {
      return await new Promise((resolve, reject) => {
        fail = reject;
        owed.add(fail);
        holdfast.fetch(request, env, ctx).then(resolve, reject);
      });
    } catch (error) {
      if (asked === instance && isDeath(error)) replace(error);
      else console.error(`holdfast: ${error?.stack ?? error}`);
      // In route mode the runtime was told to send the request to the origin on an exception: not one that
      // the origin may have had already and that must not come twice.
      const isSafe = request.method === "GET" || request.method === "HEAD";
      if (isSafe && holdfast.passes_through(env)) throw error;
      return holdfast.internal_error(request, env, ctx);
    } finally {
      owed.delete(fail);
    }
  },
};
