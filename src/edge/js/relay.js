// @ts-check
// Passing a body on to the client, and to the store beside.

import { responseOf } from "./handle.js";
import { asNumber, complete, current, watched } from "./instance.js";
import { brokenBody, connectionLost } from "./rejection.js";
import { sourceOf } from "./source.js";
import { watchdog } from "./timer.js";
import { pipeOf } from "./upload.js";

/** @import { BodyHandle } from "./handle.js" */
/** @import { PendingRequest } from "./pending.js" */

/**
 * The rest of a body that broke off, and how long the whole is.
 * @typedef {{ rest: BodyHandle, whole: number }} Rest
 */

/**
 * Asks Rust for the rest from a place on.
 * @typedef {(now: number, at: number, give: (rest?: BodyHandle, whole?: number) => void) => void} Resume
 */

/**
 * One that a body is passed to.
 * @typedef {{ writer: WritableStreamDefaultWriter, isOpen: boolean }} Sink
 */

/** @typedef {{ readable: ReadableStream, writable: WritableStream }} Pipe */

/**
 * Passes a body on to the client and, with a `copyLimit` from 0 on, to a second stream for the store. Either may go away
 * without the other noticing. Completes `call` with
 * - the number of bytes that the client got;
 * - -1 if they were not those that the digest is of: then both are cut off before the last bytes;
 * - nothing if the client went away first.
 *
 * Fails if the body breaks off and `resume` does not give the rest, or nothing of that comes within `idleMs`; both are cut
 * off then. Without a copy and without `resume` the platform passes the body on: nothing is counted or watched.
 * @param {number} call
 * @param {PendingRequest} pending
 * @param {BodyHandle} handle
 * @param {number} length -1 where it is not known
 * @param {number} idleMs the longest silence; 0 for no limit
 * @param {number} copyLimit
 * @param {Resume} [resume]
 * @param {string} [digest] an algorithm, a space and the value in base64, for a body that was resumed; empty where there is
 *   a digest that cannot be computed: such a body is not stored once it was resumed
 * @returns {{ client: BodyHandle, copy?: BodyHandle }}
 */
export function relay(call, pending, handle, length, idleMs, copyLimit, resume, digest) {
  const client = pipeOf(length);
  const copy = copyLimit >= 0 ? pipeOf(length) : undefined;
  const end =
    copy || resume
      ? pump(handle, { client, copy, idleMs, copyLimit, length, resume, digest })
      : pipe(pending, handle, client);
  complete(call, end, asNumber(call));
  const { response } = handle;
  return {
    client: { response, stream: client.readable },
    copy: copy && { response, stream: copy.readable },
  };
}

/**
 * Has the platform pass the body on.
 *
 * A pipe that breaks does not say on which side. So nothing keeps the request alive for it: if the client goes away, the
 * platform ends the request and with it the fetch, at once and without a word, and what breaks is the origin's. Where
 * something else keeps the request alive, that is not so. The pipe begins in the turn in which the response is given.
 * @param {PendingRequest} pending
 * @param {BodyHandle} handle
 * @param {Pipe} client
 */
async function pipe(pending, handle, client) {
  await undefined;
  if (pending.isKeptAlive) return pump(handle, { client, idleMs: 0, copyLimit: -1, length: -1 });
  const { writable } = client;
  const source = sourceOf(handle);
  const writer = writable.getWriter();
  let isOrigins = true;
  try {
    while (source.hasBegun()) {
      const chunk = await source.next();
      if (!chunk) break;
      isOrigins = false;
      await writer.write(chunk);
      isOrigins = true;
    }
    source.releaseLock();
    writer.releaseLock();
    const asItIs = { preventAbort: true, preventCancel: true, preventClose: true };
    await responseOf(handle).body?.pipeTo(writable, asItIs);
    await writable.getWriter().close();
    return 0;
  } catch (error) {
    const why = brokenBody(handle, error, false);
    source.stop(error);
    try {
      writer.releaseLock();
      await writable.getWriter().abort(new Error("the origin's body broke off"));
    } catch {}
    if (!isOrigins || pending.isKeptAlive) return undefined;
    throw why;
  }
}

/**
 * Passes the body on chunk by chunk.
 * @param {BodyHandle} first
 * @param {object} options
 * @param {Pipe} options.client
 * @param {Pipe} [options.copy]
 * @param {number} options.idleMs
 * @param {number} options.copyLimit
 * @param {number} options.length
 * @param {Resume} [options.resume]
 * @param {string} [options.digest]
 */
async function pump(first, { client, copy, idleMs, copyLimit, length, resume, digest }) {
  const asked = current();
  const toClient = sinkOf(client);
  const toStore = copy && sinkOf(copy);
  const sinks = toStore ? [toClient, toStore] : [toClient];
  const sum = digest ? digestOf(digest) : undefined;
  let handle = first;
  let whole = length;
  let source = sourceOf(handle);
  let bytes = 0;
  let isSilent = false;
  let isJoined = false;
  // When the body broke off, until its rest has begun to come.
  /** @type {number | undefined} */
  let brokeAt;
  const watch = () => {
    const silent = () => {
      isSilent = true;
      source.stop(new Error("silent"));
    };
    return watchdog(idleMs, silent, brokeAt);
  };
  let dog = watch();
  try {
    for (;;) {
      dog.waits(brokeAt);
      let chunk;
      try {
        chunk = await source.next();
        // A part may end before the whole does.
        if (!chunk && bytes < whole) throw connectionLost("the body is shorter than its length");
      } catch (error) {
        dog.stop();
        source.stop(error);
        brokeAt ??= Date.now();
        const isInTime = idleMs === 0 || Date.now() - brokeAt < idleMs;
        const isWanted = isInTime && asked === current() && sinks.some((sink) => sink.isOpen);
        const next = resume && isWanted ? await restFrom(resume, bytes) : undefined;
        if (!next) throw error;
        handle = next.rest;
        whole = next.whole;
        isJoined = true;
        if (toStore && digest === "") await cutOff(toStore, "its digest cannot be computed");
        source = sourceOf(handle);
        isSilent = false;
        dog = watch();
        continue;
      }
      dog.rests();
      if (!chunk) break;
      bytes += chunk.byteLength;
      if (whole >= 0 && bytes > whole) throw new Error("the body is longer than its length");
      brokeAt = undefined;
      await sum?.add(chunk);
      if (sum && isJoined && bytes === whole && !(await sum.isRight())) {
        source.stop();
        await Promise.all(sinks.map((sink) => cutOff(sink, "the body is not what its digest says")));
        return -1;
      }
      if (toStore && bytes > copyLimit) await cutOff(toStore, "too large to be stored");
      if (toStore) await Promise.all([write(toClient, chunk), write(toStore, chunk)]);
      else await write(toClient, chunk);
      if (!sinks.some((sink) => sink.isOpen)) {
        source.stop();
        return undefined;
      }
    }
    const closed = await Promise.allSettled(sinks.map((sink) => sink.isOpen && sink.writer.close()));
    const short = closed.find((result) => result.status === "rejected");
    if (short && toClient.isOpen) throw short.reason;
    return toClient.isOpen ? bytes : undefined;
  } catch (error) {
    source.stop(error);
    const why = brokenBody(handle, error, isSilent);
    await Promise.all(sinks.map((sink) => cutOff(sink, "the origin's body broke off")));
    throw why;
  } finally {
    dog.stop();
  }
}

/**
 * @param {Pipe} pipe
 * @returns {Sink}
 */
function sinkOf({ writable }) {
  const sink = { writer: writable.getWriter(), isOpen: true };
  sink.writer.closed.catch(() => {
    sink.isOpen = false;
  });
  return sink;
}

/**
 * @param {Sink} sink
 * @param {Uint8Array} chunk
 */
async function write(sink, chunk) {
  if (!sink.isOpen) return;
  try {
    await sink.writer.write(chunk);
  } catch {
    sink.isOpen = false;
  }
}

/**
 * @param {Sink} sink
 * @param {string} why
 */
async function cutOff(sink, why) {
  if (!sink.isOpen) return;
  sink.isOpen = false;
  await sink.writer.abort(new Error(why)).catch(() => {});
}

/**
 * @param {Resume} resume
 * @param {number} at
 * @returns {Promise<Rest | undefined>}
 */
function restFrom(resume, at) {
  return new Promise((resolve) => {
    const take = (/** @type {BodyHandle | undefined} */ rest, /** @type {number | undefined} */ whole) =>
      resolve(rest && whole !== undefined ? { rest, whole } : undefined);
    watched(resume)(Date.now(), at, take);
  });
}

/**
 * Takes the chunks of a body, and says in the end whether it is what `digest` says.
 * @param {string} digest
 */
function digestOf(digest) {
  const space = digest.indexOf(" ");
  const stream = new crypto.DigestStream(digest.slice(0, space));
  const value = digest.slice(space + 1);
  const writer = stream.getWriter();
  stream.digest.catch(() => {});
  return {
    /** @param {Uint8Array} chunk */
    add: (chunk) => writer.write(chunk),
    async isRight() {
      await writer.close();
      return btoa(String.fromCharCode(...new Uint8Array(await stream.digest))) === value;
    },
  };
}
