// @ts-check
// The body handle: what stands for a body in Rust, which never reads one.

import { headersFrom } from "./headers.js";
import { free } from "./room.js";

/**
 * What came of a body that is being buffered.
 * @typedef {object} Started
 * @property {Uint8Array[]} chunks the chunks that were read
 * @property {number} bytes how long they are together
 * @property {ReadableStreamBYOBReader} reader the reader of the rest
 * @property {Promise<ReadableStreamReadResult<Uint8Array>> | null} pending a read that has not ended
 * @property {number} before how many bytes from earlier reads the buffer of that read begins with
 */

/**
 * @typedef {object} BodyHandle
 * @property {Response | Request} [response] what the body came with: the response, or the request of an upload
 * @property {boolean} [isUpload] whether the body is an upload
 * @property {Request} [original] of an upload with GET or HEAD: the request, which is sent on; `response` is a copy
 * @property {AbortController} [fetching] ends the fetch behind the body, where it has a signal
 * @property {{ spoilt?: import("./rejection.js").Rejection }} [sending] how the client failed to send its upload, if so
 * @property {Promise<number | undefined>} [held] the result of buffering, once that has begun
 * @property {import("./room.js").Room} [room] what it takes of the memory for buffered bodies
 * @property {Uint8Array} [bytes] the whole body, once it is buffered to its end
 * @property {ResponseInit} [head] status and fields, where no response has them
 * @property {Started} [started] what came of it, if it was not buffered to its end
 * @property {ReadableStream} [stream] the rest, while it is passed on
 * @property {string} [bodyAt] the address in the cache under which a stored body has an entry of its own
 */

/**
 * A stored response as it was found: its entry as text, and its body.
 * @typedef {{ entry: string, handle: BodyHandle }} StoredEntry
 */

export const NOTHING = new Uint8Array(0);

/**
 * The response behind a body that came with one.
 * @param {BodyHandle} handle
 * @returns {Response | Request}
 */
export function responseOf(handle) {
  if (!handle.response) throw new TypeError("the body came with no response");
  return handle.response;
}

/**
 * Another handle of a whole body, without the response: that belongs to one request, bytes and fields to none.
 * @param {BodyHandle} handle
 * @returns {BodyHandle}
 */
export function copyOf({ bytes = NOTHING, head }) {
  return { bytes, head };
}

/**
 * A whole body behind another head.
 * @param {BodyHandle} handle
 * @param {number} status
 * @param {string} fields
 * @returns {BodyHandle}
 */
export function withHead({ bytes = NOTHING }, status, fields) {
  return { bytes, head: { status, headers: headersFrom(fields), encodeBody: "manual" } };
}

/**
 * What a response may have as its body.
 * @param {BodyHandle} handle
 * @returns {BodyInit | null}
 */
export function bodyOf(handle) {
  if (handle.bytes) {
    free(handle.room);
    return handle.bytes.byteLength > 0 ? handle.bytes : null;
  }
  return handle.stream ?? responseOf(handle).body;
}

/**
 * Ends whatever still brings the body.
 * @param {BodyHandle} handle
 */
export function cancel(handle) {
  free(handle.room);
  if (handle.fetching) handle.fetching.abort();
  else if (handle.started) handle.started.reader.cancel().catch(() => {});
  else if (handle.stream) handle.stream.cancel().catch(() => {});
  else if (!handle.bytes) handle.response?.body?.cancel().catch(() => {});
}

/**
 * Ends the fetch behind a body, of which `reader` has read something. The reader may have been released since.
 * @param {BodyHandle} handle
 * @param {ReadableStreamBYOBReader} reader
 */
export function endFetch({ fetching, response }, reader) {
  if (fetching) fetching.abort();
  else
    reader
      .cancel()
      .catch(() => response?.body?.cancel())
      .catch(() => {});
}

/**
 * Whether two whole bodies are the same.
 * @param {BodyHandle} one
 * @param {BodyHandle} other
 */
export function areEqual({ bytes: one = NOTHING }, { bytes: other = NOTHING }) {
  return one.byteLength === other.byteLength && one.every((byte, at) => byte === other[at]);
}
