// The Worker's entry: one instance of the Rust code that answers requests, and a new one when it has died. The code of
// the object that gathers counts is a module of its own; see `object.js`.
//
// Rust is built to abort on a panic, so a panic (or a trap of any kind) leaves an instance that must not be
// entered again: what it was in the middle of is in an unknown state. It may die inside a call from here or,
// after an await, in a microtask of its own. In the second case nobody would ever hear from the promises it
// owed, so they are kept here and failed by hand. The runtime carries each failure to the request that waits
// for it.
import * as bridge from "./bridge.js";
import module from "./requests_bg.wasm";
import * as requests from "./requests.js";

export { OriginHealth } from "./object.js";

requests.initSync({ module });

// The number of the instance that is alive, so that no death is noticed twice.
let instance = bridge.serve(requests);

// What the instance has not answered yet.
let owed = new Set();

function replace(error) {
  const failing = owed;
  owed = new Set();
  requests.__wbg_reset_state();
  instance = bridge.serve(requests);
  console.error(`holdfast: instance ${instance} of the module replaces one that died: ${error?.stack ?? error}`);
  for (const visit of failing) visit.reject(error);
}

// V8 has two ways of ending WebAssembly code: a trap, and a RangeError where the stack runs out.
const isDeath = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

// Whatever escapes from a microtask or a timer went through this instance's frames on its way, trap or not: the
// object's module has none there.
addEventListener("error", (event) => replace(event.error));
addEventListener("unhandledrejection", (event) => {
  if (isDeath(event.reason)) replace(event.reason);
});

// Something that Rust is to answer: the platform's side of it, and what takes the answer.
class Visit {
  constructor(env, ctx, request) {
    this.env = env;
    this.ctx = ctx;
    this.request = request;
    // How much keeps the request alive after its client has left.
    this.kept = 0;
    const { promise, resolve, reject } = Promise.withResolvers();
    this.answer = promise;
    this.settle = resolve;
    this.fail = reject;
    owed.add(this);
  }

  resolve(answer) {
    owed.delete(this);
    this.settle(answer);
  }

  reject(error) {
    owed.delete(this);
    this.fail(error);
  }
}

// What Rust answers when `begin` has handed `visit` to it.
function answered(visit, begin) {
  try {
    begin(visit);
  } catch (error) {
    visit.reject(error);
  }
  return visit.answer;
}

export default {
  async fetch(request, env, ctx) {
    const asked = instance;
    try {
      const visit = new Visit(env, ctx, request);
      return await answered(visit, (it) => requests.fetch(Date.now(), it, bridge.headOf(request)));
    } catch (error) {
      if (asked === instance && isDeath(error)) replace(error);
      else console.error(`holdfast: ${error?.stack ?? error}`);
      // In route mode the runtime was told to send the request to the origin on an exception: not one that
      // the origin may have had already and that must not come twice.
      const isSafe = request.method === "GET" || request.method === "HEAD";
      if (isSafe && requests.passes_through(env)) throw error;
      const head = bridge.headOf(request);
      const visit = new Visit(env, ctx, request);
      return answered(visit, (it) => requests.internal_error(Date.now(), it, head));
    }
  },

  async scheduled(controller, env, ctx) {
    const asked = instance;
    try {
      await answered(new Visit(env, ctx), (it) => requests.scheduled(Date.now(), it));
    } catch (error) {
      if (asked === instance && isDeath(error)) replace(error);
      throw error;
    }
  },
};
