// @ts-check
// The living instance of the Rust code, and how results get back to it.
//
// Rust starts work in JavaScript under a call number. The result goes back by one export, which runs whatever waits for
// that number in the same turn. Results for an instance that has died since are dropped.

/** @import * as Requests from "./requests.js" */
/** @import { Rejection } from "./rejection.js" */
import { rejection } from "./rejection.js";

/**
 * The exports of the living instance.
 * @type {typeof Requests}
 */
export let rust;

/** How many instances there have been. */
let instance = 0;

/**
 * Makes `exports` the living instance. Returns its number.
 * @param {typeof Requests} exports
 */
export function serve(exports) {
  rust = exports;
  instance += 1;
  return instance;
}

/** The number of the living instance. */
export const current = () => instance;

/**
 * Completes call number `call` with the result of `work`, by `resolve`. What `resolve` throws is the death of the
 * instance, so it is not caught here.
 * @template T
 * @param {number} call
 * @param {Promise<T>} work
 * @param {(result: T) => void} resolve
 */
export function complete(call, work, resolve) {
  const asked = instance;
  work.then(
    (result) => {
      if (asked === instance) resolve(result);
    },
    (error) => {
      if (asked === instance) reject(call, rejection(error));
    },
  );
}

/**
 * Fails call number `call`.
 * @param {number} call
 * @param {Rejection} rejection
 */
export function reject(call, { message, retryable, timedOut, fault }) {
  rust.reject(Date.now(), call, message, retryable, timedOut, fault);
}

/**
 * @param {number} call
 * @returns {() => void}
 */
export const asNothing = (call) => () => rust.resolve(Date.now(), call);

/**
 * @param {number} call
 * @returns {(text: string | undefined) => void}
 */
export const asText = (call) => (text) => rust.resolve_text(Date.now(), call, text);

/**
 * @param {number} call
 * @returns {(number: number | undefined) => void}
 */
export const asNumber = (call) => (number) => {
  if (number === undefined) rust.resolve(Date.now(), call);
  else rust.resolve_number(Date.now(), call, number);
};

/**
 * @param {number} call
 * @returns {(found: import("./handle.js").StoredEntry | undefined) => void}
 */
export const asEntry = (call) => (found) => {
  if (found) rust.resolve_entry(Date.now(), call, found.entry, found.handle);
  else rust.resolve(Date.now(), call);
};
