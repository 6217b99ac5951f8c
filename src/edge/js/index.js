// @ts-check
// The entry of the Worker: one instance of the Rust code that answers requests, and a new one when it has died. The code of
// the Durable Object is a module of its own: see `object.js`.
//
// Rust is built to abort on a panic, so a panic (or a trap of any kind) leaves an instance that must not be entered again:
// the state of what it was doing is unknown. It may die in a call from here or, after an await, in a microtask. In the
// second case nobody would ever hear of the promises that it owed, so its pending requests are failed here.
import { headOf } from "./headers.js";
import { current, serve } from "./instance.js";
import { failAll, forgetAbandoned, PendingRequest } from "./pending.js";
import * as requests from "./requests.js";
import module from "./requests_bg.wasm";

export { OriginHealth } from "./object.js";

/** @import { Env } from "./pending.js" */

requests.initSync({ module });
serve(requests);

/**
 * Whether requests go to the zone's own origin: the settings do not change while an isolate lives.
 * @type {boolean | undefined}
 */
let isOnRoute;

/** @param {unknown} error */
function replace(error) {
  requests.__wbg_reset_state();
  const instance = serve(requests);
  console.error(`holdfast: instance ${instance} of the module replaces one that died: ${described(error)}`);
  failAll(error);
}

/** @param {unknown} error */
const described = (error) => (error instanceof Error ? error.stack : undefined) ?? error;

// V8 has two ways of ending WebAssembly code: a trap, and a RangeError where the stack runs out.
/** @param {unknown} error */
const isDeath = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

// Whatever escapes from a microtask or a timer went through this instance's frames on its way, trap or not: the object's
// module has none there.
addEventListener("error", (event) => replace(event.error));
addEventListener("unhandledrejection", (event) => {
  if (isDeath(event.reason)) replace(event.reason);
});

/**
 * The response of Rust to what `begin` hands over.
 * @param {PendingRequest} pending
 * @param {(pending: PendingRequest) => void} begin
 */
async function answered(pending, begin) {
  try {
    begin(pending);
  } catch (error) {
    pending.reject(error);
  }
  return pending.response();
}

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {ExecutionContext} ctx
   */
  async fetch(request, env, ctx) {
    const asked = current();
    // A request that the origin may have had already must not come twice.
    const isSafe = request.method === "GET" || request.method === "HEAD";
    try {
      isOnRoute ??= requests.passes_through(env);
      // On an exception the runtime sends the request to the origin then. Said before anything can go wrong.
      if (isOnRoute && isSafe) ctx.passThroughOnException();
      forgetAbandoned(requests.forget);
      const pending = new PendingRequest(env, ctx, request);
      return await answered(pending, (it) => requests.fetch(Date.now(), it, it.number, headOf(request)));
    } catch (error) {
      if (asked === current() && isDeath(error)) replace(error);
      else console.error(`holdfast: ${described(error)}`);
      if (isOnRoute && isSafe) throw error;
      const head = headOf(request);
      const pending = new PendingRequest(env, ctx, request);
      return answered(pending, (it) => requests.internal_error(Date.now(), it, it.number, head));
    }
  },

  /**
   * @param {ScheduledController} _controller
   * @param {Env} env
   * @param {ExecutionContext} ctx
   */
  async scheduled(_controller, env, ctx) {
    const asked = current();
    try {
      await answered(new PendingRequest(env, ctx), (it) => requests.scheduled(Date.now(), it, it.number));
    } catch (error) {
      if (asked === current() && isDeath(error)) replace(error);
      throw error;
    }
  },
};
