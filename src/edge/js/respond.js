// @ts-check
// Responses to the client.

import { bodyOf, responseOf } from "./handle.js";
import { builtHeaders, changed } from "./headers.js";

/** @import { BodyHandle } from "./handle.js" */
/** @import { PendingRequest } from "./pending.js" */

/**
 * Responds with the response of `handle`, edited.
 * @param {PendingRequest} pending
 * @param {BodyHandle} handle
 * @param {string} edits
 */
export function respondEdited(pending, handle, edits) {
  try {
    pending.resolve(edited(handle, edits));
  } catch (error) {
    pending.reject(error);
  }
}

/**
 * @param {BodyHandle} handle
 * @param {string} edits
 */
function edited(handle, edits) {
  const head = handle.head ?? /** @type {Response} */ (responseOf(handle));
  const { status, headers, webSocket } = head;
  const response = webSocket ? new Response(null, { status, headers, webSocket }) : new Response(bodyOf(handle), head);
  changed(response.headers, edits);
  return response;
}

/**
 * Responds with a response of our own.
 * @param {PendingRequest} pending
 * @param {number} status
 * @param {string} common fields that many responses have in common
 * @param {string} own edits of those
 * @param {BodyHandle | undefined} handle
 * @param {Uint8Array | undefined} text its bytes in the module's memory, copied here because they are sent later; a string
 *   would be decoded here and encoded again on the way out
 */
export function respondOwn(pending, status, common, own, handle, text) {
  try {
    const body = handle ? bodyOf(handle) : (text?.slice() ?? null);
    const encodeBody = handle ? "manual" : "automatic";
    const response = new Response(body, { status, headers: builtHeaders(common), encodeBody });
    changed(response.headers, own);
    pending.resolve(response);
  } catch (error) {
    pending.reject(error);
  }
}
