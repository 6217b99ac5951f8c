// @ts-check
// What the isolates have counted, on its way to Analytics Engine and to the Durable Object, and what that makes of it.

import { asText, complete } from "./instance.js";

/** @import { Env, PendingRequest } from "./pending.js" */

/**
 * Writes the data points `points`, which are JSON, and hands `counts` to the object. Completes `call` with its reply; empty
 * where there is no object.
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {string} points
 * @param {string} counts
 * @param {string} dashboard
 */
export function flush(call, { env }, points, counts, dashboard) {
  complete(call, flushed(env, points, counts, dashboard), asText(call));
}

/**
 * @param {Env} env
 * @param {string} points
 * @param {string} counts
 * @param {string} dashboard
 */
async function flushed(env, points, counts, dashboard) {
  for (const point of JSON.parse(points)) env.HOLDFAST_ANALYTICS?.writeDataPoint(point);
  return objectOf(env)?.report(counts, dashboard) ?? "";
}

/**
 * Completes `call` with a view of the object's, or nothing where there is no object.
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {string} view
 */
export function healthView(call, { env }, view) {
  complete(call, viewed(env, view), asText(call));
}

/**
 * @param {Env} env
 * @param {string} view
 */
async function viewed(env, view) {
  return objectOf(env)?.view(view);
}

/**
 * One object for all isolates.
 * @param {Env} env
 */
function objectOf({ HOLDFAST_HEALTH: namespace }) {
  return namespace?.get(namespace.idFromName("holdfast"));
}
