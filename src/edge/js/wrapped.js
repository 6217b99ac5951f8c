// @ts-check
// Attempts at a Worker that stands in the origin's place.

/** @import { Origin } from "./pending.js" */

/**
 * Its response to `request`. What it throws is a failure of the origin; from what it does after `signal` nothing comes.
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
    signal.addEventListener("abort", () => fail(signal.reason), { once: true });
    origin(request).then(
      (response) => {
        if (isOver) return void response?.body?.cancel().catch(() => {});
        if (!(response instanceof Response)) return fail(new Error("the Worker gave no response"));
        resolve(asFetched(response));
      },
      // By their class, errors of `fetch` are told from requests that cannot be sent.
      (error) =>
        fail(Object.assign(new Error(String(error?.message ?? error)), { retryable: error?.retryable === true })),
    );
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
