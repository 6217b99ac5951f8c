// @ts-check
// Parts of a body, for range requests (RFC 9110 §14).

import { NOTHING, responseOf } from "./handle.js";
import { byteReader, CHUNK_BYTES, join } from "./source.js";

/** @typedef {{ text?: Uint8Array, start: number, end: number }} Piece a text, or bytes of the body */

/**
 * Spans of a body, in its order, with texts around them.
 * @param {import("./handle.js").BodyHandle} handle
 * @param {Float64Array} spans start, length, start, length, …
 * @param {string[]} around one text before each span and one after the last, or none
 * @returns {import("./handle.js").BodyHandle}
 */
export function slice(handle, spans, around) {
  const { response } = handle;
  const pieces = piecesOf(spans, around);
  const total = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  const bytes = handle.bytes ?? (response?.body ? undefined : NOTHING);
  if (bytes) {
    const parts = pieces.map(({ text, start, end }) => text ?? bytes.subarray(start, end));
    return { response, bytes: join(parts, total) };
  }
  const { readable, writable } = new FixedLengthStream(total);
  cut(byteReader(responseOf(handle).body), writable.getWriter(), pieces);
  return { response, stream: readable };
}

/**
 * @param {Float64Array} spans
 * @param {string[]} around
 * @returns {Piece[]}
 */
function piecesOf(spans, around) {
  const texts = around.map((text) => ({ text: new TextEncoder().encode(text), start: 0, end: 0 }));
  const pieces = [];
  for (let at = 0; at < spans.length; at += 2) {
    const [start = 0, length = 0] = spans.subarray(at, at + 2);
    pieces.push(...texts.slice(at / 2, at / 2 + 1), { start, end: start + length });
  }
  return [...pieces, ...texts.slice(-1)];
}

/** @param {Piece} piece */
const lengthOf = ({ text, start, end }) => (text ? text.byteLength : end - start);

/**
 * @param {ReadableStreamBYOBReader} reader
 * @param {WritableStreamDefaultWriter} writer
 * @param {Piece[]} pieces
 */
async function cut(reader, writer, pieces) {
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  // Where in the body `chunk` begins.
  let at = 0;
  let chunk = NOTHING;
  try {
    for (const { text, start, end } of pieces) {
      if (text) await writer.write(text);
      for (let from = start; from < end; ) {
        while (at + chunk.byteLength <= from) {
          at += chunk.byteLength;
          const { value, done } = await reader.read(new Uint8Array(buffer));
          if (done) throw new Error("the body is shorter than its length");
          chunk = value;
          buffer = /** @type {ArrayBuffer} */ (value.buffer);
        }
        const wanted = chunk.subarray(from - at, end - at);
        await writer.write(wanted);
        from += wanted.byteLength;
      }
    }
    await Promise.all([writer.close(), reader.cancel()]);
  } catch (error) {
    await Promise.allSettled([writer.abort(error), reader.cancel(error)]);
  }
}
