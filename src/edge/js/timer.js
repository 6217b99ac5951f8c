// @ts-check
// Timers: limits that can be put off, limits for silence, and sleeps.

import { current, rust } from "./instance.js";

/**
 * @typedef {object} Alarm
 * @property {number} dueAt when it rings; it may be put off
 * @property {() => void} ring
 * @property {() => void} stop
 */

/**
 * An alarm that rings once `dueAt` has passed, at first `leastMs` from now, and never sooner than that. The timer is set
 * once, and again only if it went off too early: nearly all are stopped before.
 * @param {number} leastMs
 * @param {() => void} [ring]
 * @returns {Alarm}
 */
export function alarm(leastMs, ring = () => {}) {
  const check = () => {
    const left = it.dueAt - Date.now();
    if (left > 0) timer = setTimeout(check, Math.min(left, leastMs));
    else it.ring();
  };
  let timer = setTimeout(check, leastMs);
  const it = { dueAt: Date.now() + leastMs, ring, stop: () => clearTimeout(timer) };
  return it;
}

/**
 * Calls `silent` once a wait that began with `waits` has lasted `idleMs`; 0 never does. One timer serves many waits.
 * @param {number} idleMs
 * @param {() => void} silent
 * @param {number} [since] when the first wait began, if before now
 */
export function watchdog(idleMs, silent, since = Date.now()) {
  let waiting = false;
  /** @type {number | null} */
  let timer = null;
  const check = () => {
    const left = waiting ? since + idleMs - Date.now() : idleMs;
    if (left > 0) timer = setTimeout(check, left);
    else silent();
  };
  if (idleMs > 0) timer = setTimeout(check, since + idleMs - Date.now());
  return {
    waits(from = Date.now()) {
      since = from;
      waiting = true;
    },
    rests() {
      waiting = false;
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

/**
 * Completes `call` after `ms`. Returns the timer's number.
 * @param {number} call
 * @param {number} ms
 */
export function sleep(call, ms) {
  const asked = current();
  return setTimeout(() => {
    if (asked === current()) rust.resolve(Date.now(), call);
  }, ms);
}

/** @param {number} timer */
export function stopTimer(timer) {
  clearTimeout(timer);
}
