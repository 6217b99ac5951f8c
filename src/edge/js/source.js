// @ts-check
// Reading a body chunk by chunk.

import { endFetch, NOTHING, responseOf } from "./handle.js";
import { free } from "./room.js";

export const CHUNK_BYTES = 65536;
// The largest read, once a body has turned out to be larger than that.
const MOST_AT_ONCE = 4 * CHUNK_BYTES;

/**
 * The chunks of a body in turn: those that were read before, then the rest. A plain read of a native stream gives 4 KiB at
 * most, so this reads into buffers. A chunk may be overwritten once the next is asked for.
 * @param {import("./handle.js").BodyHandle} handle
 */
export function sourceOf(handle) {
  const { chunks, reader, pending, before } = handle.started ?? unread(handle);
  let read = pending;
  let unseen = before;
  /** @type {((error: unknown) => void) | undefined} */
  let giveUp;
  /** @type {ArrayBuffer | undefined} */
  let buffer;
  let bytes = 0;
  /**
   * @param {Promise<ReadableStreamReadResult<Uint8Array>>} result
   * @returns {Promise<ReadableStreamReadResult<Uint8Array>>}
   */
  const wait = (result) =>
    new Promise((resolve, reject) => {
      giveUp = reject;
      result.then(resolve, reject);
    });
  return {
    /** Whether there are chunks that the stream itself does not give any more. */
    hasBegun: () => chunks.length > 0 || read !== null,
    releaseLock: () => reader.releaseLock(),
    /**
     * Ends whatever still brings the body. A read that is waited for fails with `error`.
     * @param {unknown} [error]
     */
    stop(error) {
      endFetch(handle, reader);
      giveUp?.(error);
    },
    /** @returns {Promise<Uint8Array | null>} `null` at the end */
    async next() {
      const first = chunks.shift();
      if (first) return first;
      free(handle.room);
      const isOurs = read === null;
      if (read === null) {
        buffer ??= new ArrayBuffer(CHUNK_BYTES);
        read = reader.read(new Uint8Array(buffer));
      }
      const { value, done } = await wait(read);
      read = null;
      if (done) return null;
      bytes += value.byteLength;
      const used = /** @type {ArrayBuffer} */ (value.buffer);
      const isFull = value.byteLength === used.byteLength;
      // The buffer of a read that began elsewhere has another size.
      if (isOurs) buffer = isFull && bytes > MOST_AT_ONCE ? sized(used, MOST_AT_ONCE) : used;
      const chunk = new Uint8Array(used, value.byteOffset - unseen, value.byteLength + unseen);
      unseen = 0;
      return chunk;
    },
  };
}

/**
 * @param {import("./handle.js").BodyHandle} handle
 * @returns {import("./handle.js").Started}
 */
function unread(handle) {
  return { chunks: [], bytes: 0, reader: byteReader(responseOf(handle).body), pending: null, before: 0 };
}

/**
 * @param {ArrayBuffer} buffer
 * @param {number} bytes
 */
const sized = (buffer, bytes) => (buffer.byteLength === bytes ? buffer : new ArrayBuffer(bytes));

/**
 * @param {ReadableStream | null} stream
 * @returns {ReadableStreamBYOBReader}
 */
export function byteReader(stream) {
  if (!stream) throw new TypeError("there is no body");
  return stream.getReader({ mode: "byob" });
}

/**
 * Reads on until more than `limit` bytes have come. Chunks are copied out of one buffer, so that many small ones cost no
 * more than their bytes.
 * @param {ReadableStreamBYOBReader} reader
 * @param {number} limit
 */
export async function readUpTo(reader, limit) {
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  /** @type {Uint8Array[]} */
  const chunks = [];
  let bytes = 0;
  while (bytes <= limit) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done) return { chunks, bytes, done };
    chunks.push(value.slice());
    bytes += value.byteLength;
    buffer = /** @type {ArrayBuffer} */ (value.buffer);
  }
  return { chunks, bytes, done: false };
}

/**
 * @param {Uint8Array[]} chunks
 * @param {number} bytes how long they are together
 */
export function join(chunks, bytes) {
  const [first, ...more] = chunks;
  if (first && more.length === 0) return first;
  if (!first) return NOTHING;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
