// @ts-check
// Looking into the text of a body.

import { endFetch, NOTHING, responseOf } from "./handle.js";
import { asNumber, asText, complete } from "./instance.js";
import { byteReader, join, readUpTo } from "./source.js";

/** @import { BodyHandle } from "./handle.js" */

/**
 * Completes `call` with the beginning of a body as text, and ends the fetch behind it.
 * @param {number} call
 * @param {BodyHandle} handle
 * @param {number} limit
 * @param {number} withinMs
 */
export function peek(call, handle, limit, withinMs) {
  complete(call, beginning(handle, limit, withinMs), asText(call));
}

/**
 * @param {BodyHandle} handle
 * @param {number} limit
 * @param {number} withinMs
 */
async function beginning(handle, limit, withinMs) {
  const { body } = responseOf(handle);
  if (!body) return "";
  const reader = byteReader(body);
  /** @type {number | null} */
  let timer = null;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, withinMs);
  });
  try {
    const { chunks, bytes } = await Promise.race([readUpTo(reader, limit - 1), late]);
    return new TextDecoder().decode(join(chunks, bytes).subarray(0, limit));
  } catch {
    return "";
  } finally {
    clearTimeout(timer);
    endFetch(handle, reader);
  }
}

/**
 * Completes `call` with a whole body of at most `limit` bytes as text. With nothing where it is longer, or its coding cannot
 * be undone here.
 * @param {number} call
 * @param {BodyHandle} handle
 * @param {number} limit
 */
export function text(call, handle, limit) {
  complete(call, wholeText(handle, limit), asText(call));
}

/**
 * @param {BodyHandle} handle
 * @param {number} limit
 */
async function wholeText({ bytes = NOTHING, response }, limit) {
  const decoder = new TextDecoder();
  let whole = "";
  let seen = 0;
  try {
    for await (const chunk of decoded(bytes, response)) {
      seen += chunk.byteLength;
      if (seen > limit) return undefined;
      whole += decoder.decode(chunk, { stream: true });
    }
    return whole + decoder.decode();
  } catch {
    return undefined;
  }
}

/**
 * Completes `call` with 1 or 0: whether the body, which is whole, contains `text`. With nothing where its coding cannot be
 * undone here.
 * @param {number} call
 * @param {BodyHandle} handle
 * @param {string} text
 */
export function contains(call, handle, text) {
  complete(call, hasText(handle, text), asNumber(call));
}

// How much of a decoded body is searched: a small coded one may become very large.
const MOST_DECODED = 16 * 1024 * 1024;

/** Not every runtime can undo the last one. @type {Record<string, any>} */
const FORMATS = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate", br: "brotli" };

/**
 * The bytes of a whole body, its coding undone. Fails if it cannot be undone.
 * @param {Uint8Array} bytes
 * @param {Response | Request | undefined} response
 * @returns {Iterable<Uint8Array> | AsyncIterable<Uint8Array>}
 */
function decoded(bytes, response) {
  const coding = (response?.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (coding === "identity") return [bytes];
  return new Response(bytes).body?.pipeThrough(new DecompressionStream(FORMATS[coding])) ?? [];
}

/**
 * @param {BodyHandle} handle
 * @param {string} text
 */
async function hasText({ bytes = NOTHING, response }, text) {
  // One character for each byte, so that the encoding of the rest does not matter.
  const asCharacters = (/** @type {Uint8Array} */ part) => new TextDecoder("latin1").decode(part);
  const wanted = asCharacters(new TextEncoder().encode(text));
  try {
    let tail = "";
    let seen = 0;
    for await (const chunk of decoded(bytes, response)) {
      const part = tail + asCharacters(chunk);
      if (part.includes(wanted)) return 1;
      seen += chunk.byteLength;
      if (seen > MOST_DECODED) return undefined;
      tail = part.slice(1 - wanted.length || part.length);
    }
    return 0;
  } catch {
    return undefined;
  }
}
