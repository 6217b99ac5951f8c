// @ts-check
// The handlers of the Worker: one instance of the Rust code that answers requests, and a new one when it has died: see
// `instance.js`.
import { env as bound } from "cloudflare:workers";
import { headOf } from "./headers.js";
import { described, rust, serve, uncaught } from "./instance.js";
import { forgetAbandoned, PendingRequest } from "./pending.js";
import * as requests from "./requests.js";
import module from "./requests_bg.wasm";

/** @import { Env, Origin } from "./pending.js" */

requests.initSync({ module });
serve(requests);
try {
  rust.read_ahead(/** @type {Env} */ (/** @type {unknown} */ (bound)));
} catch {
  // It has been logged. The first request says what is wrong.
}

addEventListener("error", (event) => uncaught(event.error));
addEventListener("unhandledrejection", (event) => uncaught(event.reason));

/**
 * Whether requests go to the zone's own origin: the settings do not change while an isolate lives.
 * @type {boolean | undefined}
 */
let isOnRoute;

/**
 * The response of Rust to what `begin` hands over.
 * @param {PendingRequest} pending
 * @param {(pending: PendingRequest) => void} begin
 */
function answered(pending, begin) {
  try {
    begin(pending);
  } catch (error) {
    pending.reject(error);
  }
  return pending.response();
}

/**
 * @param {Request} request
 * @param {Env} env
 * @param {ExecutionContext} ctx
 * @param {Origin} [origin] what is asked in place of the network
 * @returns {Promise<Response | undefined>}
 */
export async function answer(request, env, ctx, origin) {
  // A request that the origin may have had already must not come twice.
  const isSafe = request.method === "GET" || request.method === "HEAD";
  try {
    isOnRoute ??= rust.passes_through(env);
    // On an exception the runtime sends the request to the origin then. Said before anything can go wrong, and here:
    // `worker::Context` would cost each request two calls across the border.
    if (isOnRoute && isSafe && !origin) ctx.passThroughOnException();
    forgetAbandoned(rust.forget);
    const pending = new PendingRequest(env, ctx, request, origin);
    return await answered(pending, (it) => rust.fetch(Date.now(), it, it.number, headOf(request)));
  } catch (error) {
    console.error(`holdfast: a request failed: ${described(error)}`);
    if (isSafe && origin && !request.bodyUsed) return origin(request);
    if (isSafe && isOnRoute && !origin) throw error;
    const head = headOf(request);
    const pending = new PendingRequest(env, ctx, request, origin);
    return answered(pending, (it) => rust.internal_error(Date.now(), it, it.number, head));
  }
}

/**
 * What the cron trigger is for.
 * @param {Env} env
 * @param {ExecutionContext} ctx
 * @param {Origin} [origin]
 */
export async function probe(env, ctx, origin) {
  const pending = new PendingRequest(env, ctx, undefined, origin);
  await answered(pending, (it) => rust.scheduled(Date.now(), it, it.number));
}
