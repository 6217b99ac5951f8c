// @ts-check
// The living instance of the Rust code, how results get back to it, and its death.
//
// Rust starts work in JavaScript under a call number. The result goes back by one export, which runs whatever waits for
// that number in the same turn. Results for an instance that has died since are dropped.
//
// Rust is built to abort on a panic. Whatever is thrown out of an instance, a trap or an error of a function that Rust
// called, went through frames of Rust's that were not tidied up: nobody knows in what state they left it, and it must not be
// entered again. Then a new instance is made, and what the old one owed is failed.

/** @import * as Requests from "./requests.js" */
/** @import { Rejection } from "./rejection.js" */
import { failAll } from "./pending.js";
import { rejection } from "./rejection.js";

/**
 * The exports of the living instance, in which it may die.
 * @type {typeof Requests}
 */
export let rust;

/** @typedef {(...args: unknown[]) => unknown} Entry */

/** Makes a new instance. @type {() => void} */
let renew;

/** How many instances there have been. */
let instance = 0;

/** The errors that were deaths. @type {WeakSet<object>} */
const deaths = new WeakSet();

/**
 * Makes `exports` the living instance.
 * @param {typeof Requests} exports
 */
export function serve(exports) {
  const entries = Object.entries(exports).map(([name, entry]) => [name, watched(/** @type {Entry} */ (entry))]);
  rust = Object.fromEntries(entries);
  instance += 1;
  renew = () => {
    exports.__wbg_reset_state();
    serve(exports);
  };
}

/** The number of the living instance. */
export const current = () => instance;

/**
 * `entry` into the living instance, an export or a function that it has handed out, which notices if it dies there. The
 * arguments are handed on as they came, without an array of them.
 * @template {any[]} A
 * @template T
 * @param {(...args: A) => T} entry
 * @returns {(...args: A) => T}
 */
export function watched(entry) {
  return (...args) => {
    const asked = instance;
    try {
      return entry(...args);
    } catch (error) {
      if (asked === instance) replace(error);
      throw error;
    }
  };
}

/** @param {unknown} error */
function replace(error) {
  if (error instanceof Error) deaths.add(error);
  renew();
  console.error(`holdfast: instance ${instance} of the module replaces one that died: ${described(error)}`);
  failAll(error);
}

/**
 * Replaces the instance if it has died of an error that nobody caught, as in a function by which a promise of
 * JavaScript's comes back to Rust. A trap is a death, and so is a stack that ran out. Any other error was ours, or that of
 * such a function of an instance that is gone: wasm-bindgen refuses to call it.
 * @param {unknown} error
 */
export function uncaught(error) {
  const isTrap = error instanceof WebAssembly.RuntimeError;
  const isOverflow = error instanceof RangeError && error.message === "Maximum call stack size exceeded";
  if ((isTrap || isOverflow) && !deaths.has(error)) replace(error);
}

/** @param {unknown} error */
export const described = (error) => (error instanceof Error ? error.stack : undefined) ?? error;

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
