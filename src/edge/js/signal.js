// @ts-check
// Signals: one request notifies, others wait, any number of times.
//
// Each waits for a promise of its own, which the platform lets others resolve, and goes on in the request that waits. To
// wait for a promise that another request has made fails once that one is over.

import { complete, rust } from "./instance.js";

/** @typedef {{ waiting: Set<() => void> }} Signal */

/**
 * A signal of `pending`, which is kept alive until the first notification, should its client leave while others wait.
 * @param {import("./pending.js").PendingRequest} pending
 * @returns {Signal}
 */
export function signal(pending) {
  pending.keepAlive();
  return { waiting: new Set([() => pending.release()]) };
}

/** @param {Signal} signal */
export function notify(signal) {
  const { waiting } = signal;
  signal.waiting = new Set();
  for (const resolve of waiting) resolve();
}

/**
 * Completes `call` with the next notification, or after `withinMs`. The timer also keeps the platform from taking the wait
 * for a hang.
 * @param {number} call
 * @param {Signal} signal
 * @param {number} withinMs
 */
export function wait(call, signal, withinMs) {
  /** @type {PromiseWithResolvers<void>} */
  const { promise: notified, resolve } = Promise.withResolvers();
  const timer = setTimeout(resolve, withinMs);
  const { waiting } = signal;
  waiting.add(resolve);
  complete(call, notified, () => {
    clearTimeout(timer);
    waiting.delete(resolve);
    rust.resolve(Date.now(), call);
  });
}
