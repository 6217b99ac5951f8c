// @ts-check
// Requests to the origin.

import { changed, fieldsOf } from "./headers.js";
import { held } from "./hold.js";
import { lengthToHold } from "./hold_rule.js";
import { current, reject, rust } from "./instance.js";
import { CLIENT, PLATFORM, rejection } from "./rejection.js";
import { spanned } from "./span.js";
import { alarm } from "./timer.js";
import { streamed } from "./upload.js";
import { askWrapped } from "./wrapped.js";

// A signal costs a fetch 10 µs. So one has it only if it sends an upload, or if its origin let a limit pass lately: whoever
// waits for an origin in vain leaves a connection behind once, and not with every attempt.
const LATE_MS = 10 * 60_000;
const MOST_LATE = 64;

/** When a limit passed last, by the URL's scheme and authority. @type {Map<string, number>} */
const lateAt = new Map();

/** @param {string} url */
const originOf = (url) => url.slice(0, url.indexOf("/", "https://".length));

/**
 * @param {string} url
 * @param {number} now
 */
function isLate(url, now) {
  if (lateAt.size === 0) return false;
  const at = lateAt.get(originOf(url));
  return at !== undefined && now - at < LATE_MS;
}

/**
 * @param {string} url
 * @param {number} now
 */
function noteLate(url, now) {
  if (lateAt.size === MOST_LATE) lateAt.clear();
  lateAt.set(originOf(url), now);
}

/** @import { BodyHandle } from "./handle.js" */
/** @import { PendingRequest } from "./pending.js" */
/** @import { AttemptSpan } from "./span.js" */
/** @import { Turns } from "./upload.js" */

/**
 * Sends a request and completes `call` with the head of the origin's response.
 *
 * With a `holdLimit` the body is buffered first, if that is what Rust would ask for next: then the head comes with the
 * body's length, or -1 if it is not whole. A later `hold` finds the result in the handle.
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {boolean} isExact whether its request has the fields that the order changes; else there are none
 * @param {string} order a line with the method, a space and the URL; then the changes of fields, a line for each
 * @param {BodyHandle | undefined} upload
 * @param {number} uploadLength
 * @param {number} limitMs the time for the head
 * @param {number} idleMs the longest silence of the body that is buffered, and of the upload
 * @param {number} holdLimit the most bytes that are buffered
 * @param {number} withinMs how long that may take, from now
 * @returns {AttemptSpan | undefined} to be ended by `endSpan`
 */
export function fetchOrigin(call, pending, isExact, order, upload, uploadLength, limitMs, idleMs, holdLimit, withinMs) {
  const asked = current();
  const beganAt = Date.now();
  const space = order.indexOf(" ");
  const lineEnd = order.indexOf("\n", space);
  const [method, url] = [order.slice(0, space), order.slice(space + 1, lineEnd)];
  const isSent = upload && !upload.bytes;
  const fetching = upload || pending.origin || isLate(url, beganAt) ? new AbortController() : undefined;
  const leastMs = Math.min(limitMs, holdLimit > 0 || isSent ? idleMs : limitMs, holdLimit > 0 ? withinMs : limitMs);
  const limit = alarm(leastMs, () => late());
  limit.dueAt = beganAt + limitMs;
  /** @type {BodyHandle["sending"] & {}} */
  const sending = {};
  let isOver = false;

  /** @param {Response} response */
  const responded = (response) => {
    if (isOver) return void response.body?.cancel().catch(() => {});
    isOver = true;
    const receivedAt = Date.now();
    const { status } = response;
    const fields = fieldsOf(response.headers);
    /** @type {BodyHandle} */
    const handle = { response, fetching, sending };
    const resolve = (/** @type {number | undefined} */ whole = -1) => {
      if (asked !== current()) return;
      rust.resolve_response(Date.now(), call, status, fields, handle, receivedAt, whole);
    };
    const length = lengthToHold(status, fields, holdLimit);
    if (length === undefined) {
      limit.stop();
      return resolve();
    }
    const limits = { length, limit: holdLimit, idleMs, withinMs: beganAt + withinMs - receivedAt };
    held(handle, limits, limit).then(resolve, () => resolve());
  };
  /** @param {unknown} error */
  const failed = (error) => {
    if (isOver) return;
    isOver = true;
    limit.stop();
    // A request that cannot be sent at all is refused with this error.
    const fault = error instanceof TypeError ? PLATFORM : undefined;
    if (asked === current()) reject(call, rejection(error, fetching?.signal.aborted, fault));
  };
  // There is no head in time. A fetch without a signal is left alone: its answer is cancelled if it comes, and the platform
  // ends it with the request.
  const late = () => {
    noteLate(url, Date.now());
    if (fetching) return fetching.abort();
    isOver = true;
    if (asked === current()) reject(call, rejection(new Error("no head in time"), true));
  };
  // The fetch is aborted and the stream of the upload is left alone: whatever ends that first, the platform tells the origin
  // that the upload is whole, last chunk and all. Rust hears of it at once: if the client is gone, the request may not live
  // to see the fetch end.
  /** @type {Turns["spoil"]} */
  const spoil = (error, isSilent) => {
    sending.spoilt = rejection(error, isSilent, CLIENT);
    fetching?.abort();
    if (isOver) return;
    isOver = true;
    limit.stop();
    if (asked === current()) reject(call, sending.spoilt);
  };
  /** @returns {Turns} */
  const turns = () => ({
    // While a chunk is read, silence is the client's.
    reads() {
      if (isOver) return;
      limit.dueAt = Date.now() + idleMs;
      limit.ring = () => spoil(new Error("silent"), true);
    },
    // While one is written, and once all are, it is the origin's.
    writes() {
      if (isOver) return;
      limit.dueAt = Date.now() + limitMs;
      limit.ring = () => late();
    },
    spoil,
  });
  const sends = () => {
    try {
      const headers = changed(new Headers(isExact ? pending.request?.headers : undefined), order, lineEnd + 1);
      return send(pending, method, url, headers, upload, uploadLength, turns, fetching?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const { sent, span } = spanned(pending, method, url, sends);
  sent.then(responded, failed);
  return span;
}

/**
 * @param {PendingRequest} pending
 * @param {string} method
 * @param {string} url
 * @param {Headers} headers
 * @param {BodyHandle | undefined} upload
 * @param {number} uploadLength
 * @param {() => Turns} turns
 * @param {AbortSignal} [signal]
 */
function send(pending, method, url, headers, upload, uploadLength, turns, signal) {
  const original = upload?.original;
  const body = upload && !original ? (upload.bytes ?? streamed(upload, uploadLength, turns())) : undefined;
  const target = original ? new Request(url, original.clone()) : url;
  const sent = { method: original ? undefined : method, body, headers, redirect: "manual", signal };
  const { origin, request } = pending;
  if (origin && signal) return askWrapped(origin, new Request(target, { ...sent, cf: request?.cf }), signal);
  // Past the platform's own cache: it serves stale by rules of its own. Coded bodies stay as they came: nothing here
  // reads them.
  return fetch(target, { ...sent, cache: "no-store", encodeResponseBody: "manual" });
}
