// @ts-check
// A failure as Rust reads it: the platform's words and marks, and whose fault it is.

/** The faults, numbered as the export `reject` reads them. */
export const ORIGIN = 0;
export const CLIENT = 1;
export const PLATFORM = 2;

/**
 * @typedef {object} Rejection
 * @property {string} message the platform's words
 * @property {boolean} retryable whether the platform marked it so: a lost connection
 * @property {boolean} timedOut whether a limit of ours ended it
 * @property {number} fault whose it is, as far as that can be told without the message
 */

/**
 * @param {any} error anything that was thrown
 * @param {boolean} [timedOut]
 * @param {number} [fault]
 * @returns {Rejection}
 */
export function rejection(error, timedOut = error?.timedOut === true, fault = error?.fault ?? ORIGIN) {
  return { message: String(error?.message ?? error), retryable: error?.retryable === true, timedOut, fault };
}

/**
 * A read of a body failed. An upload that its client spoils takes the response to it along.
 * @param {import("./handle.js").BodyHandle} handle
 * @param {unknown} error
 * @param {boolean} timedOut
 * @returns {Rejection}
 */
export function brokenBody(handle, error, timedOut) {
  return handle.sending?.spoilt ?? rejection(error, timedOut, handle.isUpload ? CLIENT : ORIGIN);
}

/**
 * An error that looks as the platform's own for a lost connection.
 * @param {string} why
 */
export const connectionLost = (why) => Object.assign(new Error(why), { retryable: true });
