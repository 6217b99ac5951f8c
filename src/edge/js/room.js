// @ts-check
// The memory that buffered bodies and uploads take, counted for each isolate.

/**
 * @typedef {object} Room
 * @property {number} bytes what is taken
 * @property {number} until when it lapses
 */

// Of the 128 MB of an isolate. Past it, bodies and uploads stream.
const MOST_HELD_BYTES = 32 * 1024 * 1024;
// The platform may end a request without a word: a body that is read for so much longer than allowed counts no more.
const LONGEST_LEASE_MS = 60_000;

/** @type {Set<Room>} */
const rooms = new Set();
let heldBytes = 0;

/**
 * An empty room for a body that is read for `withinMs` at most.
 * @param {number} withinMs
 * @returns {Room}
 */
export const roomFor = (withinMs) => ({ bytes: 0, until: Date.now() + withinMs + LONGEST_LEASE_MS });

/**
 * Takes `bytes` more. Returns whether there was room.
 * @param {Room} room
 * @param {number} bytes
 */
export function take(room, bytes) {
  const isTooMuch = () => heldBytes + bytes > MOST_HELD_BYTES;
  if (isTooMuch()) {
    const now = Date.now();
    for (const other of rooms) if (other.until < now) free(other);
    if (isTooMuch()) return false;
  }
  rooms.add(room);
  room.bytes += bytes;
  heldBytes += bytes;
  return true;
}

/** @param {Room | undefined} room */
export function free(room) {
  if (room && rooms.delete(room)) heldBytes -= room.bytes;
}
