// @ts-check
// The body of the client's request: on its way to the origin, buffered, or read as text.

import { asText, complete } from "./instance.js";
import { free } from "./room.js";
import { byteReader, join, readUpTo, sourceOf } from "./source.js";

/** @import { BodyHandle } from "./handle.js" */

/**
 * Who is waited for while an upload is sent.
 * @typedef {object} Turns
 * @property {() => void} reads the client's turn: the next chunk is read
 * @property {() => void} writes the origin's turn: a chunk is written, or all are
 * @property {(error: unknown, isSilent: boolean) => void} spoil the client has failed
 */

/**
 * The upload of a request. The platform makes no GET or HEAD request with a body, except of one that came in.
 * @param {import("./pending.js").PendingRequest} pending
 * @returns {BodyHandle | undefined}
 */
export function uploadOf({ request }) {
  if (!request?.body) return undefined;
  const isSentOn = request.method === "GET" || request.method === "HEAD";
  return isSentOn
    ? { response: request.clone(), isUpload: true, original: request }
    : { response: request, isUpload: true };
}

/**
 * The upload as it comes.
 * @param {BodyHandle} upload
 * @param {number} length -1 where it is not known
 * @param {Turns} turns
 */
export function streamed(upload, length, turns) {
  const { readable, writable } = pipeOf(length);
  pass(sourceOf(upload), writable.getWriter(), turns);
  return readable;
}

/**
 * A pipe that keeps `Content-Length` where the length is known.
 * @param {number} length
 */
export const pipeOf = (length) => (length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream());

/**
 * @param {ReturnType<typeof sourceOf>} source
 * @param {WritableStreamDefaultWriter} writer
 * @param {Turns} turns
 */
async function pass(source, writer, { reads, writes, spoil }) {
  for (;;) {
    reads();
    let chunk;
    try {
      chunk = await source.next();
    } catch (error) {
      return spoil(error, false);
    }
    writes();
    try {
      if (!chunk) return await writer.close();
      await writer.write(chunk);
    } catch {
      // An origin that does not take it may respond all the same; if not, the fetch says how it failed.
      return undefined;
    }
  }
}

/**
 * A buffered upload is not needed any more.
 * @param {BodyHandle} upload
 */
export function releaseUpload(upload) {
  free(upload.room);
  upload.original?.body?.cancel().catch(() => {});
}

/**
 * Completes `call` with the upload as text; with nothing if it is longer than `limit`, not UTF-8, or broken off.
 * @param {number} call
 * @param {BodyHandle} upload
 * @param {number} limit
 */
export function uploadText(call, upload, limit) {
  complete(call, textOf(upload.response?.body ?? null, limit), asText(call));
}

/**
 * @param {ReadableStream | null} stream
 * @param {number} limit
 */
async function textOf(stream, limit) {
  try {
    const { chunks, bytes, done } = await readUpTo(byteReader(stream), limit);
    return done ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(join(chunks, bytes)) : undefined;
  } catch {
    return undefined;
  }
}
