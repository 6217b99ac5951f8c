// @ts-check
// The platform's cache as a store: an entry in a field of a synthetic response, the body behind it.

import { cancel } from "./handle.js";
import { asEntry, asNothing, complete } from "./instance.js";

/** @import { BodyHandle, StoredEntry } from "./handle.js" */

const ENTRY = "holdfast-entry";
const BODY_AT = "holdfast-body";
const BODY_SECONDS = 30 * 86400;

/** It belongs to no request. @type {Cache | undefined} */
let store;

async function opened() {
  store ??= await caches.open("holdfast");
  return store;
}

/**
 * Completes `call` with the entry and the body under `url`, or nothing.
 * @param {number} call
 * @param {string} url
 */
export function load(call, url) {
  complete(call, loaded(url), asEntry(call));
}

/**
 * @param {string} url
 * @returns {Promise<StoredEntry | undefined>}
 */
async function loaded(url) {
  const cache = store ?? (await opened());
  const head = await cache.match(url);
  if (!head) return undefined;
  const entry = head.headers.get(ENTRY) ?? "";
  const bodyAt = head.headers.get(BODY_AT);
  if (!bodyAt) return { entry, handle: { response: head } };
  head.body?.cancel().catch(() => {});
  const body = await cache.match(bodyAt);
  return body?.body ? { entry, handle: { response: body, bodyAt } } : undefined;
}

/**
 * Stores an entry and its body. Bytes stand in the entry itself. A stream gets an address of its own, which the entry names
 * once the stream has ended well: the platform's cache may keep what came of one that broke off.
 * @param {number} call
 * @param {string} url
 * @param {string} entry
 * @param {BodyHandle | undefined} handle
 * @param {number} seconds
 */
export function save(call, url, entry, handle, seconds) {
  complete(call, saved(url, entry, handle, seconds), asNothing(call));
}

/**
 * @param {string} url
 * @param {string} entry
 * @param {BodyHandle | undefined} handle
 * @param {number} seconds
 */
async function saved(url, entry, handle, seconds) {
  const headers = entryHeaders(entry, seconds);
  try {
    const cache = await opened();
    if (handle?.stream) {
      const bodyAt = `${url}/body/${crypto.randomUUID()}`;
      const kept = { "cache-control": `max-age=${BODY_SECONDS}` };
      try {
        await cache.put(bodyAt, new Response(handle.stream, { headers: kept }));
      } catch (error) {
        await cache.delete(bodyAt);
        throw error;
      }
      headers[BODY_AT] = bodyAt;
    }
    await cache.put(url, new Response(handle?.bytes ?? null, { headers }));
  } catch (error) {
    if (handle?.stream && !handle.stream.locked) cancel(handle);
    throw error;
  }
}

/**
 * Stores another entry for a body that has an address of its own.
 * @param {number} call
 * @param {string} url
 * @param {string} entry
 * @param {BodyHandle} handle
 * @param {number} seconds
 */
export function renew(call, url, entry, handle, seconds) {
  complete(call, renewed(url, entry, handle, seconds), asNothing(call));
}

/**
 * @param {string} url
 * @param {string} entry
 * @param {BodyHandle} handle
 * @param {number} seconds
 */
async function renewed(url, entry, { bodyAt }, seconds) {
  if (!bodyAt) throw new Error("the body has no address of its own");
  const cache = await opened();
  const headers = { ...entryHeaders(entry, seconds), [BODY_AT]: bodyAt };
  await cache.put(url, new Response(null, { headers }));
}

/**
 * @param {string} entry
 * @param {number} seconds
 * @returns {Record<string, string>}
 */
const entryHeaders = (entry, seconds) => ({ "cache-control": `max-age=${seconds}`, [ENTRY]: entry });

/**
 * @param {number} call
 * @param {string} url
 */
export function remove(call, url) {
  complete(call, removed(url), asNothing(call));
}

/** @param {string} url */
async function removed(url) {
  const cache = await opened();
  await cache.delete(url);
}
