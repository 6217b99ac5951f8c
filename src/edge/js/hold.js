// @ts-check
// Buffering a body before anybody gets any of it.

import { cancel, NOTHING, responseOf } from "./handle.js";
import { asNumber, complete } from "./instance.js";
import { brokenBody } from "./rejection.js";
import { roomFor, take } from "./room.js";
import { byteReader, CHUNK_BYTES, join } from "./source.js";
import { alarm } from "./timer.js";

/** @import { BodyHandle, Started } from "./handle.js" */
/** @import { Alarm } from "./timer.js" */

/**
 * The limits of a body that is buffered.
 * @typedef {object} Limits
 * @property {number} length its length; -1 where its end will show
 * @property {number} limit the most bytes that are buffered
 * @property {number} idleMs the longest silence
 * @property {number} withinMs how long it may take
 */

/**
 * Buffers the body of `handle` and completes `call` with
 * - its length, if it is whole: its bytes are in the handle;
 * - nothing, if a limit was reached: what came is in the handle, for whoever goes on with the body.
 *
 * Fails if the body breaks off.
 * @param {number} call
 * @param {BodyHandle} handle
 * @param {number} length
 * @param {number} limit
 * @param {number} idleMs
 * @param {number} withinMs
 */
export function hold(call, handle, length, limit, idleMs, withinMs) {
  complete(call, held(handle, { length, limit, idleMs, withinMs }), asNumber(call));
}

/**
 * As `hold`. A body is buffered once: who asks again gets the same result.
 * @param {BodyHandle} handle
 * @param {Limits} limits
 * @param {Alarm} [alarmOfHead] the alarm that was set for the head: it serves both
 * @returns {Promise<number | undefined>}
 */
export function held(handle, limits, alarmOfHead) {
  if (handle.bytes) return Promise.resolve(handle.bytes.byteLength);
  handle.held ??= buffered(handle, limits, alarmOfHead);
  return handle.held;
}

/**
 * @param {BodyHandle} handle
 * @param {Limits} limits
 * @param {Alarm} [alarmOfHead]
 * @returns {Promise<number | undefined>}
 */
function buffered(handle, { length: stated, limit, idleMs, withinMs }, alarmOfHead) {
  const { body, headers } = responseOf(handle);
  // There is nothing to read, and the platform refuses a read of nothing.
  if (body && stated === 0) {
    alarmOfHead?.stop();
    handle.bytes = NOTHING;
    return Promise.resolve(0);
  }
  // What will not be buffered whole gets no room. The length of a coded body is not that of what the platform may have
  // made of it.
  const length = stated > limit || headers.has("content-encoding") ? -1 : stated;
  const room = roomFor(withinMs);
  // It grows with what comes: who announces much may send little. Most pages fit at first, as each growth is a copy.
  const firstBytes = length >= 0 ? Math.min(2 * CHUNK_BYTES, length) : CHUNK_BYTES / 4;
  if (!body || !take(room, firstBytes)) {
    alarmOfHead?.stop();
    return Promise.resolve(body ? undefined : 0);
  }
  handle.room = room;
  const reader = byteReader(body);
  /** @type {Started} */
  const started = { chunks: [], bytes: 0, reader, pending: null, before: 0 };
  handle.started = started;
  return new Promise((resolve, reject) => {
    const until = Date.now() + withinMs;
    let heardAt = Date.now();
    let isOver = false;
    /** @param {number | undefined} bytes */
    const end = (bytes) => {
      isOver = true;
      watch.stop();
      resolve(bytes);
    };
    /** @param {unknown} error */
    const fail = (error, isSilent = false) => {
      if (isOver) return;
      cancel(handle);
      isOver = true;
      watch.stop();
      reject(brokenBody(handle, error, isSilent));
    };
    // An upload that has not moved when its time is up is given its time to be silent: the origin may yet be spared it.
    const dueAt = () => Math.min(handle.isUpload ? Infinity : until, heardAt + idleMs);
    const watch = alarmOfHead ?? alarm(dueAt() - heardAt);
    watch.dueAt = dueAt();
    watch.ring = () => {
      const now = Date.now();
      const enough = now >= until && !handle.isUpload ? idleMs / 2 : idleMs;
      if (now - heardAt >= enough) fail(new Error("silent"), true);
      else end(undefined);
    };
    /** @param {Uint8Array} bytes */
    const whole = (bytes) => {
      // What is sent on is held by the platform.
      handle.bytes = handle.original ? NOTHING : bytes;
      handle.started = undefined;
      end(bytes.byteLength);
    };
    /**
     * After the result, a chunk is for whoever goes on with the body.
     * @param {ReadableStreamReadResult<Uint8Array>} result
     */
    const heard = ({ value, done }) => {
      if (isOver) return;
      started.pending = null;
      if (done && length >= 0) return fail(new Error("the body is shorter than its length"));
      if (done) return whole(join(started.chunks, started.bytes));
      heardAt = Date.now();
      watch.dueAt = dueAt();
      started.bytes += value.byteLength;
      let buffer = /** @type {ArrayBuffer} */ (value.buffer);
      // A body of its announced length is at its end (RFC 9112 §6.3), which would cost a read to be told.
      if (started.bytes === length) return whole(new Uint8Array(buffer));
      let goesOn = !(handle.isUpload && heardAt >= until);
      if (length < 0) {
        goesOn &&= take(room, value.byteLength) && started.bytes <= limit;
        started.chunks.push(value.slice());
      } else if (started.bytes === buffer.byteLength || !goesOn) {
        const bytes = Math.min(length, 4 * buffer.byteLength);
        goesOn &&= take(room, bytes - buffer.byteLength);
        if (goesOn) buffer = buffer.transfer(bytes);
        else started.chunks.push(new Uint8Array(buffer, 0, started.bytes));
      }
      started.before = 0;
      if (goesOn) read(buffer);
      else end(undefined);
    };
    /**
     * Where the length is known, all of it is read into one buffer.
     * @param {ArrayBuffer} buffer
     */
    const read = (buffer) => {
      started.before = length >= 0 ? started.bytes : 0;
      const pending = reader.read(new Uint8Array(buffer, started.before));
      started.pending = pending;
      pending.then(heard, fail);
    };
    read(new ArrayBuffer(firstBytes));
  });
}
