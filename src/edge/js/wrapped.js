// @ts-check
// Attempts at a Worker that stands in the origin's place.

import { described } from "./instance.js";
import { connectionLost } from "./rejection.js";

/** @import { Origin } from "./pending.js" */

/**
 * Its response to `request`. What it throws counts as a lost connection to the origin, and is logged as the platform would
 * log it, since nobody else has it; from what it does after `signal` nothing comes.
 * @param {Origin} origin
 * @param {Request} request
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
export function askWrapped(origin, request, signal) {
  return new Promise((resolve, reject) => {
    let isOver = false;
    /** @param {unknown} error */
    const fail = (error) => {
      isOver = true;
      reject(error);
    };
    /** @param {unknown} error */
    const failed = (error) => {
      if (isOver) return;
      console.error(`holdfast: the Worker behind failed: ${described(error)}`);
      fail(connectionLost(String(/** @type {any} */ (error)?.message ?? error)));
    };
    signal.addEventListener("abort", () => fail(signal.reason), { once: true });
    origin(request).then((response) => {
      if (isOver) return void response?.body?.cancel().catch(() => {});
      if (!(response instanceof Response)) return failed(new Error("its fetch gave no response"));
      resolve(asFetched(response));
    }, failed);
  });
}

/**
 * The response with a body of bytes, as it would have come from the network.
 *
 * Deviation: a coded body is read decoded here, so the coding is taken out of the header, with what held for the coded bytes.
 * One that the Worker coded by itself (`encodeBody: "manual"`) cannot be told from it.
 * @param {Response} response
 */
function asFetched(response) {
  const { body, headers, webSocket } = response;
  if (!body || webSocket) return response;
  const isCoded = headers.has("content-encoding");
  const bytes = isOfBytes(body) ? body : body.pipeThrough(new IdentityTransformStream());
  if (!isCoded && bytes === body) return response;
  const fetched = new Response(bytes, response);
  if (isCoded) {
    const etag = headers.get("etag");
    fetched.headers.delete("content-encoding");
    fetched.headers.delete("content-length");
    if (etag?.startsWith('"')) fetched.headers.set("etag", `W/${etag}`);
  }
  return fetched;
}

/**
 * Whether it can be read into buffers, which streams by JavaScript cannot unless they say so.
 * @param {ReadableStream} stream
 */
function isOfBytes(stream) {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
