// @ts-check
// Values in Workers KV: last good copies, each an entry on a line and then the body, and texts.

import { NOTHING } from "./handle.js";
import { asEntry, asNothing, asText, complete } from "./instance.js";
import { join } from "./source.js";

/** @import { BodyHandle, StoredEntry } from "./handle.js" */
/** @import { PendingRequest } from "./pending.js" */

const LINE_END = 10;

/** @param {PendingRequest} pending */
const namespaceOf = ({ env }) => env.HOLDFAST_KEEP;

/**
 * Fails where KV does not answer within `withinMs`.
 * @template T
 * @param {Promise<T>} read
 * @param {number} withinMs
 * @returns {Promise<T>}
 */
async function within(read, withinMs) {
  /** @type {number | null} */
  let timer = null;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), withinMs);
  });
  try {
    return await Promise.race([read, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Completes `call` with the last good copy called `name`, or nothing.
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {string} name
 * @param {number} withinMs
 * @param {number} cacheTtl seconds for which a data centre may answer from what it has read
 */
export function loadLastGood(call, pending, name, withinMs, cacheTtl) {
  complete(call, loadedLastGood(namespaceOf(pending), name, withinMs, cacheTtl), asEntry(call));
}

/**
 * @param {KVNamespace} namespace
 * @param {string} name
 * @param {number} withinMs
 * @param {number} cacheTtl
 * @returns {Promise<StoredEntry | undefined>}
 */
async function loadedLastGood(namespace, name, withinMs, cacheTtl) {
  const value = await within(namespace.get(name, { type: "arrayBuffer", cacheTtl }), withinMs);
  if (!value) return undefined;
  const whole = new Uint8Array(value);
  const end = whole.indexOf(LINE_END);
  if (end < 0) return undefined;
  const entry = new TextDecoder().decode(whole.subarray(0, end));
  return { entry, handle: { bytes: whole.subarray(end + 1) } };
}

/**
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {string} name
 * @param {string} entry
 * @param {BodyHandle} handle
 * @param {number} seconds
 */
export function saveLastGood(call, pending, name, entry, { bytes = NOTHING }, seconds) {
  const head = new TextEncoder().encode(`${entry}\n`);
  const value = join([head, bytes], head.byteLength + bytes.byteLength);
  complete(call, namespaceOf(pending).put(name, value, { expirationTtl: seconds }), asNothing(call));
}

/**
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {string} name
 */
export function removeValue(call, pending, name) {
  complete(call, namespaceOf(pending).delete(name), asNothing(call));
}

/**
 * Completes `call` with the text called `name`, or nothing.
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {string} name
 * @param {number} withinMs
 * @param {number} cacheTtl
 */
export function loadText(call, pending, name, withinMs, cacheTtl) {
  const text = within(namespaceOf(pending).get(name, { type: "text", cacheTtl }), withinMs);
  complete(
    call,
    text.then((text) => text ?? undefined),
    asText(call),
  );
}

/**
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {string} name
 * @param {string} text
 */
export function saveText(call, pending, name, text) {
  complete(call, namespaceOf(pending).put(name, text), asNothing(call));
}
