// What is done with bodies and headers on the JavaScript side of the border, so that they need not cross
// it. Nothing here decides anything: limits and choices come in as arguments.
//
// Fields cross as one string, "name:value\n" for each line: neither part can hold a line break
// (RFC 9110 §5.5). A body handle is an object with
//   response  the response that it came with, for its header fields, stream and WebSocket; of an upload the request
//   isUpload  whether it is one
//   original  of an upload with GET or HEAD the request, which is sent on instead; what is held is a copy
//   fetching  what ends the fetch behind it
//   sending   how the client failed to send the upload of that fetch to its end (`spoilt`), if it did
//   held      the promise of what becomes of it, where it is being held or was
//   room      what is counted of it while it is held
//   bytes     all of it, once it was held to its end
//   head      status and fields of the response that it is the body of, where there is no response to take them from
//   started   the reader of the rest if it was not, chunks read so far, and the read that is pending, in whose buffer
//             there are bytes from before
//   stream    what is left of it while it is handed on

const CHUNK_BYTES = 65536;
// The largest read, once it is clear that a body is larger than that.
const MOST_AT_ONCE = 4 * CHUNK_BYTES;
const ENTRY = "holdfast-entry";
const BODY_AT = "holdfast-body";
const BODY_SECONDS = 30 * 86400;
const NOTHING = new Uint8Array(0);

// The functions of the instance that is alive, and how many there have been.
let rust;
let instance = 0;

// Gives the number of the instance.
export function serve(exports) {
  rust = exports;
  instance += 1;
  return instance;
}

// Hands what `work` comes to in under number `call`, by `hand`; not if the instance that waits for it has died since.
// What `hand` throws is the death of the instance, and not caught here.
function handIn(call, work, hand) {
  const asked = instance;
  work.then(
    (outcome) => {
      if (asked === instance) hand(outcome);
    },
    (error) => {
      if (asked === instance) fails(call, error);
    },
  );
}

function fails(call, error) {
  const { message, retryable, timedOut, fault } = rejection(error);
  rust.failed(Date.now(), call, message, retryable, timedOut, fault);
}

// Whose fault a rejection is, as far as it can be told without its message.
const ORIGINS = 0;
const CLIENTS = 1;
const OURS = 2;

function rejection(error, timedOut = error?.timedOut === true, fault = error?.fault ?? ORIGINS) {
  return { message: String(error?.message ?? error), retryable: error?.retryable === true, timedOut, fault };
}

// How a read of the body failed. An upload that the client spoils takes the answer to it along.
function broken(handle, error, timedOut) {
  return handle.sending?.spoilt ?? rejection(error, timedOut, handle.isUpload ? CLIENTS : ORIGINS);
}

const isDone = (call) => () => rust.done(Date.now(), call);
const isText = (call) => (text) => rust.give_text(Date.now(), call, text);
const isNumber = (call) => (number) => {
  if (number === undefined) rust.done(Date.now(), call);
  else rust.give_number(Date.now(), call, number);
};
const isEntry = (call) => (found) => {
  if (found) rust.give_entry(Date.now(), call, found.entry, found.handle);
  else rust.done(Date.now(), call);
};

export function headOf(request) {
  return `${request.method} ${normalForm(request.url)}\n${fieldsOf(request.headers)}`;
}

// How the last normal form began, up to the slash after its authority.
let site = "/";

// What the URL Standard changes is among what is matched here: dot segments, and all but a few characters.
const MAY_CHANGE = /[^\w\-.~!$&()*+,;=:@/?]|\/\./;

// The platform leaves a target as it was sent, with "%2e%2e" and "\\" in it. What is stored has to be named by what the
// origin will be asked for, which is its normal form.
export function normalForm(url) {
  if (url.startsWith(site) && !MAY_CHANGE.test(url.slice(site.length - 1))) return url;
  const { href, origin } = new URL(url);
  if (url.startsWith(`${origin}/`)) site = `${origin}/`;
  return href;
}

function fieldsOf(headers) {
  let fields = "";
  headers.forEach((value, name) => {
    fields += `${name}:${value}\n`;
  });
  return fields;
}

// Calls `act` with each line of `text`, which ends with a line break or is empty, from `from` on.
function eachLine(text, from, act) {
  for (let end; from < text.length; from = end + 1) {
    end = text.indexOf("\n", from);
    act(text.slice(from, end));
  }
}

// `headers` with edits: `-name` takes off, `=name:value` sets, `+name:value` appends.
function changed(headers, edits, from = 0) {
  eachLine(edits, from, (line) => {
    const colon = line.indexOf(":");
    if (colon < 0) headers.delete(line.slice(1));
    else if (line[0] === "=") headers.set(line.slice(1, colon), line.slice(colon + 1));
    else headers.append(line.slice(1, colon), line.slice(colon + 1));
  });
  return headers;
}

function headersFrom(fields) {
  const headers = new Headers();
  eachLine(fields, 0, (line) => {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1));
  });
  return headers;
}

export const envOf = (visit) => visit.env;

// The platform makes no GET or HEAD request with a body, except of one that came in.
export function uploadOf({ request }) {
  if (!request.body) return undefined;
  const isKept = request.method === "GET" || request.method === "HEAD";
  return isKept
    ? { response: request.clone(), isUpload: true, original: request }
    : { response: request, isUpload: true };
}

export function fail(visit, why) {
  visit.reject(new Error(why));
}

export function finish(visit) {
  visit.resolve();
}

export function keepAlive(visit) {
  visit.stays();
  return visit;
}

export function letGo(visit) {
  visit.leaves();
}

// Sends what `order` says: a line with the method, a space and the URL, and behind it how the fields of the request differ
// from those of `client`'s, a visit, or from none. Hands in the origin's head, which is there within `limitMs` or not at
// all. With a `holdLimit` the body is held first, if that is what would be asked for next: then the head comes with the
// body's length, -1 if it is not whole. What became of it a later `hold` finds in the handle. `idleMs` and `withinMs` are
// that one's, the latter counted from now; the former is also the client's, for its upload.
export function fetchOrigin(call, client, order, upload, uploadLength, limitMs, idleMs, holdLimit, withinMs) {
  const asked = instance;
  const beganAt = Date.now();
  const fetching = new AbortController();
  const isSent = upload && !upload.bytes;
  const leastMs = Math.min(limitMs, holdLimit > 0 || isSent ? idleMs : limitMs, holdLimit > 0 ? withinMs : limitMs);
  const limit = alarm(leastMs, () => fetching.abort());
  limit.dueAt = beganAt + limitMs;
  const sending = {};
  let isOver = false;
  const came = (response) => {
    isOver = true;
    const receivedAt = Date.now();
    const { status, headers } = response;
    const fields = fieldsOf(headers);
    const handle = { response, fetching, sending };
    const give = (whole = -1) => {
      if (asked === instance) rust.give_response(Date.now(), call, status, fields, handle, receivedAt, whole);
    };
    const length = lengthToHold(status, fields, holdLimit);
    if (length === undefined) {
      limit.stop();
      return give();
    }
    heldBody(handle, length, holdLimit, idleMs, beganAt + withinMs - receivedAt, limit).then(give, () => give());
  };
  const failed = (error) => {
    if (isOver) return;
    isOver = true;
    limit.stop();
    // What is not sent at all is refused here.
    const fault = error instanceof TypeError ? OURS : undefined;
    if (asked === instance) fails(call, rejection(error, fetching.signal.aborted, fault));
  };
  // The fetch is ended and nothing done to the stream of the upload: whatever ends that first, the platform tells the
  // origin that the upload is whole, last chunk and all. And it is told at once: if its client is gone, the request may
  // not live to see the fetch end.
  const spoil = (error, isSilent) => {
    sending.spoilt = rejection(error, isSilent, CLIENTS);
    fetching.abort();
    if (isOver) return;
    isOver = true;
    limit.stop();
    if (asked === instance) fails(call, sending.spoilt);
  };
  // While nothing comes, the silence is the client's; while what came is not taken, and once all is, the origin's.
  const turns = {
    reads() {
      if (isOver) return;
      limit.dueAt = Date.now() + idleMs;
      limit.ring = () => spoil(new Error("silent"), true);
    },
    writes() {
      if (isOver) return;
      limit.dueAt = Date.now() + limitMs;
      limit.ring = () => fetching.abort();
    },
    spoil,
  };
  send(client, order, upload, uploadLength, turns, fetching.signal).then(came, failed);
}

// Rejects what cannot be sent, and does not throw it.
async function send(client, order, upload, uploadLength, turns, signal) {
  const space = order.indexOf(" ");
  const lineEnd = order.indexOf("\n", space);
  const url = order.slice(space + 1, lineEnd);
  const original = upload?.original;
  const body = upload && !original ? (upload.bytes ?? streamed(upload, uploadLength, turns)) : undefined;
  return fetch(original ? new Request(url, original.clone()) : url, {
    ...(original ? {} : { method: order.slice(0, space), body }),
    headers: changed(new Headers(client?.request.headers), order, lineEnd + 1),
    redirect: "manual",
    // Past the platform's own cache: it serves stale by rules of its own.
    cache: "no-store",
    // Coded bodies stay as they came; nothing here looks into them.
    encodeResponseBody: "manual",
    signal,
  });
}

// The length of a body that Rust would have held, -1 if its end will show; nothing where that is in doubt.
export function lengthToHold(status, fields, limit) {
  const hasBody = status >= 200 && status < 500 && status !== 204 && status !== 205 && status !== 304;
  if (limit <= 0 || !hasBody || MAY_STREAM.test(fields)) return undefined;
  const stated = /^content-length:(.*)$/m.exec(fields);
  if (!stated || /^transfer-encoding:/m.test(fields)) return -1;
  const length = /^\d{1,15}$/.test(stated[1]) ? Number(stated[1]) : 0;
  return length > 0 && length <= limit ? length : undefined;
}

const MAY_STREAM =
  /^(?:x-accel-buffering:|content-type:.*(?:event-stream|x-mixed-replace|json-?(?:l|seq)|ndjson|stream\+json|grpc|connect\+))/im;

// Rings once `dueAt` has passed, in `leastMs` or whenever it is put off to, but no sooner than that. The timer is set
// once, and again only if it has gone off too early: nearly all are stopped before.
function alarm(leastMs, ring) {
  const check = () => {
    const left = it.dueAt - Date.now();
    if (left > 0) timer = setTimeout(check, Math.min(left, leastMs));
    else it.ring();
  };
  let timer = setTimeout(check, leastMs);
  const it = { dueAt: Date.now() + leastMs, ring, stop: () => clearTimeout(timer) };
  return it;
}

// The upload as it comes, with its length where that is known.
function streamed(upload, length, turns) {
  const { readable, writable } = pipeOf(length);
  pass(sourceOf(upload), writable.getWriter(), turns);
  return readable;
}

const pipeOf = (length) => (length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream());

async function pass(source, writer, { reads, writes, spoil }) {
  for (;;) {
    reads();
    let chunk;
    try {
      chunk = await source.next();
    } catch (error) {
      return spoil(error, false);
    }
    writes();
    try {
      if (!chunk) return await writer.close();
      await writer.write(chunk);
    } catch {
      // Who does not take it answers all the same, or the fetch says how it failed.
      return undefined;
    }
  }
}

// An upload that was held is not needed any more.
export function release(upload) {
  leave(upload.room);
  upload.original?.body.cancel().catch(() => {});
}

// The upload as text, or nothing if it is too long, not UTF-8 or broken off.
export function uploadText(call, upload, limit) {
  handIn(call, textOfUpload(upload.response.body, limit), isText(call));
}

async function textOfUpload(stream, limit) {
  try {
    const { chunks, bytes, done } = await readUpTo(stream.getReader({ mode: "byob" }), limit);
    return done ? new TextDecoder("utf-8", { fatal: true }).decode(join(chunks, bytes)) : undefined;
  } catch {
    return undefined;
  }
}

// The pieces are copied out of one buffer, so that many small ones cost no more than their bytes.
async function readUpTo(reader, limit) {
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  const chunks = [];
  let bytes = 0;
  while (bytes <= limit) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done) return { chunks, bytes, done };
    chunks.push(value.slice());
    bytes += value.byteLength;
    buffer = value.buffer;
  }
  return { chunks, bytes, done: false };
}

function join(chunks, bytes) {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

// What all that is held takes together, of the 128 MB of an isolate: past it, bodies and uploads are sent on as they come.
const MOST_HELD_BYTES = 32 * 1024 * 1024;
// The platform may end a request without a word. What has been held for so much longer than it is read counts no more.
const LONGEST_LEASE_MS = 60_000;
const rooms = new Set();
let heldBytes = 0;

// Whether there is room for so many bytes more.
function take(room, bytes) {
  const isTooMuch = () => heldBytes + bytes > MOST_HELD_BYTES;
  if (isTooMuch()) {
    const now = Date.now();
    for (const other of rooms) if (other.until < now) leave(other);
    if (isTooMuch()) return false;
  }
  rooms.add(room);
  room.bytes += bytes;
  heldBytes += bytes;
  return true;
}

function leave(room) {
  if (rooms.delete(room)) heldBytes -= room.bytes;
}

// Calls `silent` once a wait begun by `waits` has lasted `idleMs`; 0 never does. One timer serves many waits.
function watchdog(idleMs, silent) {
  let since = Date.now();
  let waiting = false;
  let timer;
  const check = () => {
    const left = waiting ? since + idleMs - Date.now() : idleMs;
    if (left > 0) timer = setTimeout(check, left);
    else silent();
  };
  if (idleMs > 0) timer = setTimeout(check, idleMs);
  return {
    waits() {
      since = Date.now();
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

// Gives how many bytes there are if the body is whole; is done with what came kept in the handle; or fails.
export function hold(call, handle, length, limit, idleMs, withinMs) {
  handIn(call, heldBody(handle, length, limit, idleMs, withinMs), isNumber(call));
}

// With the alarm that was set for the head, if there is one: it serves both.
function heldBody(handle, length, limit, idleMs, withinMs, alarmOfHead) {
  if (handle.bytes) return Promise.resolve(handle.bytes.byteLength);
  handle.held ??= holding(handle, length, limit, idleMs, withinMs, alarmOfHead);
  return handle.held;
}

function holding(handle, length, limit, idleMs, withinMs, alarmOfHead) {
  const body = handle.response.body;
  // There is nothing to read, and the platform refuses a read of nothing.
  if (body && length === 0) {
    alarmOfHead?.stop();
    handle.bytes = NOTHING;
    return Promise.resolve(0);
  }
  // What is not going to be held whole is not made room for. The length of a coded body is not that of what the
  // platform may have made of it.
  if (length > limit || handle.response.headers.has("content-encoding")) length = -1;
  const room = { bytes: 0, until: Date.now() + withinMs + LONGEST_LEASE_MS };
  // It grows with what comes: who announces much may send little.
  const firstBytes = length >= 0 ? Math.min(CHUNK_BYTES / 4, length) : CHUNK_BYTES / 4;
  if (!body || !take(room, firstBytes)) {
    alarmOfHead?.stop();
    return Promise.resolve(body ? undefined : 0);
  }
  handle.room = room;
  const reader = body.getReader({ mode: "byob" });
  const started = { chunks: [], bytes: 0, reader, pending: null, before: 0 };
  handle.started = started;
  return new Promise((resolve, reject) => {
    const until = Date.now() + withinMs;
    let heardAt = Date.now();
    let isOver = false;
    const end = (settle, outcome) => {
      isOver = true;
      watch.stop();
      settle(outcome);
    };
    const fail = (error, silent = false) => {
      if (isOver) return;
      cancel(handle);
      end(reject, broken(handle, error, silent));
    };
    // An upload that has not moved when its time is up is given its time to be silent: the origin may yet be spared it.
    const dueAt = () => Math.min(handle.isUpload ? Infinity : until, heardAt + idleMs);
    const watch = alarmOfHead ?? alarm(dueAt() - heardAt);
    watch.dueAt = dueAt();
    watch.ring = () => {
      const now = Date.now();
      if (now - heardAt >= (now >= until && !handle.isUpload ? idleMs / 2 : idleMs)) fail(new Error("silent"), true);
      else end(resolve, undefined);
    };
    const whole = (bytes) => {
      // What is sent on is held by the platform.
      handle.bytes = handle.original ? NOTHING : bytes;
      handle.started = undefined;
      end(resolve, bytes.byteLength);
    };
    // What a read that is not waited for any more gives is for who goes on with the body.
    const heard = ({ value, done }) => {
      if (isOver) return;
      started.pending = null;
      if (done && length >= 0) return fail(new Error("the body is shorter than its length"));
      if (done) return whole(join(started.chunks, started.bytes));
      heardAt = Date.now();
      watch.dueAt = dueAt();
      started.bytes += value.byteLength;
      let { buffer } = value;
      // What has come to its announced length is at its end (RFC 9112 §6.3), which would cost a read to be told.
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
      else end(resolve, undefined);
    };
    // Where the length is known, all of it is read into one buffer.
    const read = (buffer) => {
      started.before = length >= 0 ? started.bytes : 0;
      started.pending = reader.read(new Uint8Array(buffer, started.before));
      started.pending.then(heard, fail);
    };
    read(new ArrayBuffer(firstBytes));
  });
}

// Without the response: that belongs to a request, and bytes and fields do not.
export function copyOf({ bytes = NOTHING, head }) {
  return { bytes, head };
}

export function dressed({ bytes = NOTHING }, status, fields) {
  return { bytes, head: { status, headers: headersFrom(fields), encodeBody: "manual" } };
}

// Hands the body to the client and, with `copyLimit` >= 0, to a second stream for the store. Either may go away without
// the other noticing. If the body breaks off, `resume(at)` may give the rest and how long the whole is; if not, both break
// off. So they do, before their last bytes, if the whole was put together and is not what `digest` says: an algorithm, a
// space and the value in base64. Where that is empty, there is a digest that cannot be computed, and what is put together
// is not copied. Gives how many bytes the client got, -1 if they were not those, or is done if it went away first, or
// fails. Where there is neither a copy nor a way to resume, the platform does it, which counts nothing and watches nothing.
export function relay(call, visit, handle, length, idleMs, copyLimit, resume, digest) {
  const client = pipeOf(length);
  const copy = copyLimit >= 0 ? pipeOf(length) : null;
  const ask = (at) => new Promise((give) => resume(Date.now(), at, (rest, whole) => give(rest && { rest, whole })));
  const isPiped = !copy && !resume;
  const end = isPiped
    ? pipe(visit, handle, client)
    : pump(handle, client, copy, idleMs, copyLimit, length, resume && ask, digest);
  handIn(call, end, isNumber(call));
  return {
    client: { response: handle.response, stream: client.readable },
    copy: copy ? { response: handle.response, stream: copy.readable } : undefined,
  };
}

// A pipe that breaks does not say on which side. So nothing keeps the request alive for it: if the client goes away, the
// platform ends the request and with it the fetch, at once and without a word, and what breaks is the origin's. Where
// something else keeps the request alive, that is not so; it is begun in the turn in which the answer is given.
async function pipe(visit, handle, { writable }) {
  await undefined;
  if (visit.kept > 0) return pump(handle, { writable }, null, 0, -1);
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
    source.letGo();
    writer.releaseLock();
    const asItIs = { preventAbort: true, preventCancel: true, preventClose: true };
    await handle.response.body.pipeTo(writable, asItIs);
    await writable.getWriter().close();
    return 0;
  } catch (error) {
    handle.fetching?.abort();
    const why = broken(handle, error, false);
    try {
      writer.releaseLock();
      await writable.getWriter().abort(new Error("the origin's body broke off"));
    } catch {}
    if (!isOrigins || visit.kept > 0) return undefined;
    throw why;
  }
}

async function pump(handle, client, copy, idleMs, copyLimit, whole = -1, resume, digest) {
  const sinks = (copy ? [client, copy] : [client]).map(({ writable }) => ({ writer: writable.getWriter(), open: true }));
  const [toClient, toStore] = sinks;
  let source = sourceOf(handle);
  let bytes = 0;
  let silent = false;
  let isJoined = false;
  const sum = digest ? digestOf(digest) : null;
  const watch = () =>
    watchdog(idleMs, () => {
      silent = true;
      handle.fetching?.abort();
    });
  let dog = watch();
  const drop = async (sink, error) => {
    if (!sink.open) return;
    sink.open = false;
    await sink.writer.abort(error).catch(() => {});
  };
  for (const sink of sinks) {
    sink.writer.closed.catch(() => {
      sink.open = false;
    });
  }
  try {
    for (;;) {
      dog.waits();
      let chunk;
      try {
        chunk = await source.next();
        // A part may end before the whole does.
        if (!chunk && bytes < whole) throw lost("the body is shorter than its length");
      } catch (error) {
        dog.stop();
        handle.fetching?.abort();
        const next = sinks.some((sink) => sink.open) ? await resume?.(bytes) : undefined;
        if (!next) throw error;
        handle = next.rest;
        whole = next.whole;
        isJoined = true;
        if (toStore && digest === "") await drop(toStore, new Error("its digest cannot be computed"));
        source = sourceOf(handle);
        silent = false;
        dog = watch();
        continue;
      }
      dog.rests();
      if (!chunk) break;
      bytes += chunk.byteLength;
      if (whole >= 0 && bytes > whole) throw new Error("the body is longer than its length");
      await sum?.add(chunk);
      if (sum && isJoined && bytes === whole && !(await sum.isRight())) {
        handle.fetching?.abort();
        await Promise.all(sinks.map((sink) => drop(sink, new Error("the body is not what its digest says"))));
        return -1;
      }
      if (toStore?.open && bytes > copyLimit) await drop(toStore, new Error("too large to be stored"));
      const write = async (sink) => {
        if (!sink.open) return;
        try {
          await sink.writer.write(chunk);
        } catch {
          sink.open = false;
        }
      };
      if (sinks.length === 1) await write(toClient);
      else await Promise.all(sinks.map(write));
      if (!sinks.some((sink) => sink.open)) {
        handle.fetching?.abort();
        return undefined;
      }
    }
    const closed = await Promise.allSettled(sinks.map((sink) => sink.open && sink.writer.close()));
    const short = closed.find((result) => result.status === "rejected");
    if (short && toClient.open) throw short.reason;
    return toClient.open ? bytes : undefined;
  } catch (error) {
    handle.fetching?.abort();
    const why = broken(handle, error, silent);
    await Promise.all(sinks.map((sink) => drop(sink, new Error("the origin's body broke off"))));
    throw why;
  } finally {
    dog.stop();
  }
}

// So the platform marks connections that were lost.
const lost = (why) => Object.assign(new Error(why), { retryable: true });

// Takes the chunks of a body, and tells in the end whether it is what `digest` says.
function digestOf(digest) {
  const [algorithm, value] = digest.split(" ");
  const stream = new crypto.DigestStream(algorithm);
  const writer = stream.getWriter();
  stream.digest.catch(() => {});
  return {
    add: (chunk) => writer.write(chunk),
    async isRight() {
      await writer.close();
      return btoa(String.fromCharCode(...new Uint8Array(await stream.digest))) === value;
    },
  };
}

// The chunks of a body in turn: those read already, then the rest (a plain read of a native stream gives 4 KiB at most).
// A chunk may be overwritten once the next is asked for.
function sourceOf(handle) {
  const { chunks = [], reader = handle.response.body.getReader({ mode: "byob" }), pending = null, before = 0 } =
    handle.started ?? {};
  let read = pending;
  let unseen = before;
  let buffer;
  let bytes = 0;
  return {
    hasBegun: () => chunks.length > 0 || read !== null,
    letGo: () => reader.releaseLock(),
    async next() {
      if (chunks.length > 0) return chunks.shift();
      leave(handle.room);
      const isOurs = read === null;
      if (isOurs) read = reader.read(new Uint8Array((buffer ??= new ArrayBuffer(CHUNK_BYTES))));
      const { value, done } = await read;
      read = null;
      if (done) return null;
      bytes += value.byteLength;
      const isFull = value.byteLength === value.buffer.byteLength;
      // The buffer of a read begun elsewhere is of another size.
      if (isOurs) buffer = isFull && bytes > MOST_AT_ONCE ? sized(value.buffer, MOST_AT_ONCE) : value.buffer;
      const chunk = new Uint8Array(value.buffer, value.byteOffset - unseen, value.byteLength + unseen);
      unseen = 0;
      return chunk;
    },
  };
}

const sized = (buffer, bytes) => (buffer.byteLength === bytes ? buffer : new ArrayBuffer(bytes));

// The spans [start, length, start, length, …] of a body, in its order, with the texts that stand around them:
// one before each and one after the last, or none.
export function slice(handle, spans, around) {
  const { response } = handle;
  const bytes = handle.bytes ?? (response.body ? undefined : NOTHING);
  const texts = around.map((text) => new TextEncoder().encode(text));
  const pieces = [];
  for (let at = 0; at < spans.length; at += 2) {
    if (texts.length > 0) pieces.push({ text: texts[at / 2] });
    pieces.push({ start: spans[at], end: spans[at] + spans[at + 1] });
  }
  if (texts.length > 0) pieces.push({ text: texts.at(-1) });
  const total = pieces.reduce((sum, { text, start, end }) => sum + (text ? text.byteLength : end - start), 0);
  if (bytes) {
    const parts = pieces.map(({ text, start, end }) => text ?? bytes.subarray(start, end));
    return { response, bytes: join(parts, total) };
  }
  const { readable, writable } = new FixedLengthStream(total);
  cut(response.body.getReader({ mode: "byob" }), writable.getWriter(), pieces);
  return { response, stream: readable };
}

async function cut(reader, writer, pieces) {
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  // Where in the body `chunk` begins.
  let at = 0;
  let chunk = new Uint8Array(0);
  try {
    for (const { text, start, end } of pieces) {
      if (text) await writer.write(text);
      for (let from = start; from < end; ) {
        while (at + chunk.byteLength <= from) {
          at += chunk.byteLength;
          const { value, done } = await reader.read(new Uint8Array(buffer));
          if (done) throw new Error("the body is shorter than its length");
          chunk = value;
          buffer = value.buffer;
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

export function peek(call, handle, limit, withinMs) {
  handIn(call, beginning(handle, limit, withinMs), isText(call));
}

async function beginning(handle, limit, withinMs) {
  const body = handle.response.body;
  if (!body) return "";
  const reader = body.getReader({ mode: "byob" });
  const timer = setTimeout(() => handle.fetching?.abort(), withinMs);
  try {
    const { chunks, bytes } = await readUpTo(reader, limit - 1);
    return new TextDecoder().decode(join(chunks, bytes).subarray(0, limit));
  } catch {
    return "";
  } finally {
    clearTimeout(timer);
    handle.fetching?.abort();
  }
}

// Whether the body, which is whole, contains `text`: 1 or 0; nothing where its coding cannot be undone here.
export function contains(call, handle, text) {
  handIn(call, hasText(handle, text), isNumber(call));
}

// How much of a decoded body is looked through: a small coded one may become very large.
const MOST_DECODED = 16 * 1024 * 1024;

async function hasText({ bytes, response }, text) {
  // One character for each byte, so that it does not matter in which encoding the rest is.
  const asText = (part) => new TextDecoder("latin1").decode(part);
  const wanted = asText(new TextEncoder().encode(text));
  const coding = (response.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (coding === "identity") return Number(asText(bytes).includes(wanted));
  try {
    const stream = new Response(bytes).body.pipeThrough(new DecompressionStream(FORMATS[coding]));
    let tail = "";
    let seen = 0;
    for await (const chunk of stream) {
      const part = tail + asText(chunk);
      if (part.includes(wanted)) return 1;
      seen += chunk.byteLength;
      if (seen > MOST_DECODED) return undefined;
      tail = part.slice(1 - wanted.length || part.length);
    }
    return 0;
  } catch {
    return undefined;
  }
}

// Not every runtime can undo the last one.
const FORMATS = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate", br: "brotli" };

export function cancel(handle) {
  leave(handle.room);
  if (handle.fetching) handle.fetching.abort();
  else if (handle.started) handle.started.reader.cancel().catch(() => {});
  else if (handle.stream) handle.stream.cancel().catch(() => {});
  else if (!handle.bytes) handle.response?.body?.cancel().catch(() => {});
}

// The response of `handle` as it came, but for the edits.
export function respondEdited(visit, handle, edits) {
  try {
    visit.resolve(edited(handle, edits));
  } catch (error) {
    visit.reject(error);
  }
}

function edited(handle, edits) {
  const head = handle.head ?? handle.response;
  const { status, headers: fields, webSocket } = head;
  const answer = webSocket
    ? new Response(null, { status, headers: fields, webSocket })
    : new Response(bodyOf(handle), head);
  changed(answer.headers, edits);
  return answer;
}

// Its fields are those in `common`, and the edits in `own`. `bytes` are those of a text where they stand in the module's
// memory: a copy leaves, since what is written there is sent later. As a string they would be decoded here and encoded
// again on the way out.
export function respondOwn(visit, status, common, own, handle, bytes) {
  try {
    const body = handle ? bodyOf(handle) : (bytes?.slice() ?? null);
    const encodeBody = handle ? "manual" : "automatic";
    const answer = new Response(body, { status, headers: builtHeaders(common), encodeBody });
    changed(answer.headers, own);
    visit.resolve(answer);
  } catch (error) {
    visit.reject(error);
  }
}

// What many answers have in common was made of text before, and is copied faster than made. It is the same for the same
// text, whoever asks.
const built = new Map();
const MOST_BUILT = 64;
const LONGEST_BUILT = 4096;

function builtHeaders(fields) {
  let headers = built.get(fields);
  if (headers) return headers;
  headers = headersFrom(fields);
  if (fields.length > LONGEST_BUILT) return headers;
  if (built.size === MOST_BUILT) built.delete(built.keys().next().value);
  built.set(fields, headers);
  return headers;
}

function bodyOf(handle) {
  if (handle.bytes) leave(handle.room);
  if (handle.bytes) return handle.bytes.byteLength > 0 ? handle.bytes : null;
  return handle.stream ?? handle.response.body;
}

// It belongs to no request.
let store;

async function opened() {
  store ??= await caches.open("holdfast");
  return store;
}

export function load(call, url) {
  handIn(call, loaded(url), isEntry(call));
}

async function loaded(url) {
  const cache = store ?? (await opened());
  const head = await cache.match(url);
  if (!head) return undefined;
  const entry = head.headers.get(ENTRY) ?? "";
  const bodyAt = head.headers.get(BODY_AT);
  if (!bodyAt) return { entry, handle: { response: head } };
  head.body?.cancel().catch(() => {});
  const body = await cache.match(bodyAt);
  return body?.body && { entry, handle: { response: body, bodyAt } };
}

// Bytes stand in the entry itself. A stream is stored apart, under an address of its own that the entry
// names once the stream has ended well: the platform's cache may keep what came of one that broke off.
export function save(call, url, entry, handle, seconds) {
  handIn(call, saved(url, entry, handle, seconds), isDone(call));
}

async function saved(url, entry, handle, seconds) {
  const headers = entryHeaders(entry, seconds);
  try {
    const cache = await opened();
    if (handle?.stream) {
      const bodyAt = `${url}/body/${crypto.randomUUID()}`;
      const kept = { "cache-control": `max-age=${BODY_SECONDS}` };
      try {
        await cache.put(bodyAt, new Response(handle.stream, { headers: kept }));
      } catch (error) {
        await cache.delete(bodyAt);
        throw error;
      }
      headers[BODY_AT] = bodyAt;
    }
    await cache.put(url, new Response(handle?.bytes ?? null, { headers }));
  } catch (error) {
    if (handle?.stream && !handle.stream.locked) cancel(handle);
    throw error;
  }
}

// Writes a new entry before the body that another one stands before.
export function renew(call, url, entry, handle, seconds) {
  handIn(call, renewed(url, entry, handle, seconds), isDone(call));
}

async function renewed(url, entry, handle, seconds) {
  if (!handle.bodyAt) throw new Error("the body does not stand by itself");
  const cache = await opened();
  const headers = { ...entryHeaders(entry, seconds), [BODY_AT]: handle.bodyAt };
  await cache.put(url, new Response(null, { headers }));
}

function entryHeaders(entry, seconds) {
  return { "cache-control": `max-age=${seconds}`, [ENTRY]: entry };
}

export function remove(call, url) {
  handIn(call, removed(url), isDone(call));
}

async function removed(url) {
  const cache = await opened();
  await cache.delete(url);
}

// Kept copies: the entry on a line, then the body.
const MARKS = "purge";
// The platform's least: seconds for which a data centre may answer from what it has read.
const KEPT_CACHE_TTL = 30;
const KEPT_LEAST_SECONDS = 60;
const LINE_END = 10;

// Resolves to undefined where there is nothing; rejects where it does not say so in time.
async function read(kept, name, type, withinMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), withinMs);
  });
  try {
    return (await Promise.race([kept.get(name, { type, cacheTtl: KEPT_CACHE_TTL }), late])) ?? undefined;
  } finally {
    clearTimeout(timer);
  }
}

export function loadKept(call, visit, name, withinMs) {
  handIn(call, loadedKept(visit.env.HOLDFAST_KEEP, name, withinMs), isEntry(call));
}

async function loadedKept(kept, name, withinMs) {
  const value = await read(kept, name, "arrayBuffer", withinMs);
  if (!value) return undefined;
  const whole = new Uint8Array(value);
  const end = whole.indexOf(LINE_END);
  if (end < 0) return undefined;
  const entry = new TextDecoder().decode(whole.subarray(0, end));
  return { entry, handle: { bytes: whole.subarray(end + 1) } };
}

export function saveKept(call, visit, name, entry, handle, seconds) {
  handIn(call, savedKept(visit.env.HOLDFAST_KEEP, name, entry, handle, seconds), isDone(call));
}

async function savedKept(kept, name, entry, handle, seconds) {
  const head = new TextEncoder().encode(`${entry}\n`);
  const bytes = handle.bytes ?? NOTHING;
  const value = join([head, bytes], head.byteLength + bytes.byteLength);
  await kept.put(name, value, { expirationTtl: Math.max(seconds, KEPT_LEAST_SECONDS) });
}

export function removeKept(call, visit, name) {
  handIn(call, visit.env.HOLDFAST_KEEP.delete(name), isDone(call));
}

export function loadMarks(call, visit, withinMs) {
  handIn(call, read(visit.env.HOLDFAST_KEEP, MARKS, "text", withinMs), isText(call));
}

export function saveMarks(call, visit, text) {
  handIn(call, visit.env.HOLDFAST_KEEP.put(MARKS, text), isDone(call));
}

export function areEqual(one, other) {
  const [a, b] = [one, other].map(({ bytes }) => bytes ?? NOTHING);
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}

// A beacon is lit by one request and seen by others, any number of times. Each waits for a promise of its own, which the
// platform lets others resolve, and runs what follows in the request that waits; to wait for a promise that another
// request has made fails once that one is over. The first to light it is kept alive until somebody has, should its client
// leave while others wait.
export function beacon(visit) {
  visit.stays();
  return { waiting: new Set([() => visit.leaves()]) };
}

export function light(beacon) {
  const { waiting } = beacon;
  beacon.waiting = new Set();
  for (const resolve of waiting) resolve();
}

// The timer also keeps the platform from taking the wait for a hang.
export function see(call, beacon, withinMs) {
  const { promise: seen, resolve } = Promise.withResolvers();
  const timer = setTimeout(resolve, withinMs);
  const { waiting } = beacon;
  waiting.add(resolve);
  handIn(call, seen, () => {
    clearTimeout(timer);
    waiting.delete(resolve);
    rust.done(Date.now(), call);
  });
}

export function sleep(call, ms) {
  const asked = instance;
  return setTimeout(() => {
    if (asked === instance) rust.done(Date.now(), call);
  }, ms);
}

export function stopTimer(timer) {
  clearTimeout(timer);
}

export function resolveUrl(reference, base) {
  try {
    return new URL(reference, base).href;
  } catch {
    return undefined;
  }
}

// The names of what is bound, apart from secrets' contents.
export function bound(env) {
  return Object.keys(env).filter((name) => name.startsWith("HOLDFAST_") && env[name] !== undefined).join(" ");
}

// Hands counts to what is bound: a data point for each line, and all of them to the object, whose answer is given.
export function tell(call, visit, counts, dashboard) {
  handIn(call, told(visit.env, counts, dashboard), isText(call));
}

async function told(env, counts, dashboard) {
  const [, ...events] = counts.split("\n").slice(0, -1);
  // The most that one invocation may write, and what matters first.
  const matters = (event) => !/ ok | answer \w+ 0 /.test(event);
  events.sort((one, other) => matters(other) - matters(one));
  for (const event of events.slice(0, 25)) {
    const [, kind, ...words] = event.split(" ");
    const count = Number(words.pop());
    const point =
      kind === "answer"
        ? { indexes: ["site"], blobs: [kind, "", "", words[0]], doubles: [count, Number(words[1])] }
        : { indexes: [words[0]], blobs: [kind, words[0], words[1], words[2] ?? ""], doubles: [count, 0] };
    env.HOLDFAST_ANALYTICS?.writeDataPoint(point);
  }
  return env.HOLDFAST_HEALTH === undefined ? "" : originHealth(env).report(counts, dashboard);
}

export function healthView(call, visit, view) {
  handIn(call, viewed(visit.env, view), isText(call));
}

async function viewed(env, view) {
  return env.HOLDFAST_HEALTH === undefined ? undefined : originHealth(env).view(view);
}

// One object for all isolates.
function originHealth(env) {
  return env.HOLDFAST_HEALTH.get(env.HOLDFAST_HEALTH.idFromName("holdfast"));
}

// One statement on the object's own storage; parameters and rows as JSON. One that fails gives no rows.
export function sql(storage, statement, parameters) {
  try {
    return JSON.stringify([...storage.sql.exec(statement, ...JSON.parse(parameters)).raw()]);
  } catch (error) {
    const message = String(error?.message ?? error);
    // That is how a new object finds out that it is new.
    if (!message.startsWith("no such table")) console.error(`holdfast: the object's storage: ${message}`);
    return "[]";
  }
}

export function secretText(env, name) {
  return typeof env[name] === "string" ? env[name] : undefined;
}

export function settingsText(env) {
  const value = env.HOLDFAST;
  return typeof value === "string" || value === undefined ? value : JSON.stringify(value);
}
