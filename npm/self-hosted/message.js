// @ts-check
// A response as workerd's Cache API sends it to be stored: a whole HTTP message in the body of a PUT.

/** More than Holdfast writes into the head of an entry. */
const MOST_HEAD_BYTES = 256 * 1024;
const decoder = new TextDecoder();

/**
 * Reads the head; what follows is the body as it is, without chunks.
 * @param {ReadableStream<Uint8Array>} message
 * @returns {Promise<{ head: Headers, status: number, body: AsyncIterable<Uint8Array> }>}
 */
export async function read(message) {
  const reader = message.getReader();
  let seen = new Uint8Array();
  for (;;) {
    const end = endOfHead(seen);
    if (end >= 0) {
      const [first = "", ...fields] = decoder.decode(seen.subarray(0, end)).split("\r\n");
      const head = new Headers();
      for (const field of fields) {
        const colon = field.indexOf(":");
        if (colon > 0) head.append(field.slice(0, colon), field.slice(colon + 1).trim());
      }
      const status = Number(first.split(" ")[1]);
      return { head, status, body: rest(reader, seen.subarray(end + 4), lengthIn(head)) };
    }
    const { value, done } = await reader.read();
    if (done || seen.byteLength > MOST_HEAD_BYTES) throw new Error("no head of a response");
    const both = new Uint8Array(seen.byteLength + value.byteLength);
    both.set(seen);
    both.set(value, seen.byteLength);
    seen = both;
  }
}

/** @param {Headers} head */
function lengthIn(head) {
  const length = head.get("content-length");
  return length === null ? undefined : Number(length);
}

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {Uint8Array} first
 * @param {number | undefined} expected
 */
async function* rest(reader, first, expected) {
  let length = first.byteLength;
  if (length > 0) yield first;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    length += value.byteLength;
    yield value;
  }
  if (expected !== undefined && length !== expected) throw new Error("the body is not whole");
}

/** @param {Uint8Array} bytes */
function endOfHead(bytes) {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}
