// @ts-check
// A last good copy as a value in Workers KV: an entry on a line, and then the body.

import { NOTHING } from "./handle.js";
import { asEntry, complete } from "./instance.js";
import { join } from "./source.js";

/** @import { BodyHandle, StoredEntry } from "./handle.js" */

const LINE_END = 10;

/**
 * The value for an entry and its body.
 * @param {string} entry
 * @param {BodyHandle} handle
 */
export function valueFor(entry, { bytes = NOTHING }) {
  const head = new TextEncoder().encode(`${entry}\n`);
  return join([head, bytes], head.byteLength + bytes.byteLength);
}

/**
 * Completes `call` with the entry and the body of a value, or nothing where it is no such value.
 * @param {number} call
 * @param {ReadableStream} value
 */
export function readValue(call, value) {
  complete(call, parted(value), asEntry(call));
}

/**
 * @param {ReadableStream} value
 * @returns {Promise<StoredEntry | undefined>}
 */
async function parted(value) {
  const whole = new Uint8Array(await new Response(value).arrayBuffer());
  const end = whole.indexOf(LINE_END);
  if (end < 0) return undefined;
  const entry = new TextDecoder().decode(whole.subarray(0, end));
  return { entry, handle: { bytes: whole.subarray(end + 1) } };
}
