import assert from "node:assert/strict";
import { before, test } from "node:test";
import { hold } from "../../src/edge/js/hold.js";
import { serve } from "../../src/edge/js/instance.js";
import { relay } from "../../src/edge/js/relay.js";
import { slice } from "../../src/edge/js/slice.js";
import { contains, text } from "../../src/edge/js/text.js";
import { outcome, read, response, rust } from "./platform.js";

before(() => serve(rust));

let calls = 0;
const next = () => ++calls;
const pending = { isKeptAlive: false };

async function held(answer, length, limit = 100, idleMs = 50, withinMs = 200) {
  const [call, handle] = [next(), { response: answer }];
  hold(call, handle, length, limit, idleMs, withinMs);
  return [await outcome(call), handle];
}

test("a whole body is held, with its length or without", async () => {
  for (const length of [-1, 6]) {
    const [[name, , bytes], handle] = await held(response(["abc", "def"]), length);
    assert.deepEqual([name, bytes], ["resolve_number", 6]);
    assert.equal(new TextDecoder().decode(handle.bytes), "abcdef");
  }
});

test("a body past the limit goes on from its first byte", async () => {
  const [[name], handle] = await held(response(["abc", "def", "ghi"]), -1, 4);
  assert.equal(name, "resolve");
  const call = next();
  const { client } = relay(call, pending, handle, -1, 0, -1);
  assert.equal(await read(client.stream), "abcdefghi");
});

test("a body that breaks off, ends early or says no more is no held body", async () => {
  for (const [answer, length, timedOut] of [
    [response(["abc"], "breaks off"), -1, false],
    [response(["abc"]), 6, false],
    [response(["abc"], "says no more"), -1, true],
  ]) {
    const [[name, , , , isTimedOut, fault]] = await held(answer, length);
    assert.deepEqual([name, isTimedOut, fault], ["reject", timedOut, 0]);
  }
});

test("a body is passed to the client and to the store", async () => {
  const call = next();
  const { client, copy } = relay(call, pending, { response: response(["abc", "def"]) }, 6, 0, 100);
  assert.deepEqual(await Promise.all([read(client.stream), read(copy.stream)]), ["abcdef", "abcdef"]);
  assert.deepEqual(await outcome(call), ["resolve_number", call, 6]);
});

test("what is too large to be stored reaches the client whole", async () => {
  const call = next();
  const { client, copy } = relay(call, pending, { response: response(["abc", "def"]) }, 6, 0, 4);
  assert.deepEqual(await Promise.all([read(client.stream), read(copy.stream)]), ["abcdef", "abc|cut off"]);
});

test("a body that breaks off is resumed, or cut off for both", async () => {
  const torn = () => ({ response: response(["abc"], "breaks off") });
  let call = next();
  const resume = (_now, at, give) => give({ response: response(["def"]) }, at + 3);
  const resumed = relay(call, pending, torn(), 6, 0, 100, resume);
  assert.deepEqual(await Promise.all([read(resumed.client.stream), read(resumed.copy.stream)]), ["abcdef", "abcdef"]);
  assert.deepEqual(await outcome(call), ["resolve_number", call, 6]);
  call = next();
  const lost = relay(call, pending, torn(), 6, 0, 100, (_now, _at, give) => give());
  const both = await Promise.all([read(lost.client.stream), read(lost.copy.stream)]);
  assert.ok(both.every((text) => text.endsWith("|cut off")));
  assert.equal((await outcome(call))[0], "reject");
});

/** A response of `pieces` of 1 KB that ends or breaks off, and how many bytes each read of it waited for. */
function inPieces(pieces, last = "ends") {
  const reads = [];
  let given = 0;
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (given < pieces) {
        given += 1;
        controller.enqueue(new Uint8Array(1024).fill(given));
      } else if (last === "ends") {
        controller.close();
        controller.byobRequest?.respond(0);
      } else if (last === "breaks off") controller.error(new Error("lost"));
    },
  });
  const response = new Response(body);
  const getReader = response.body.getReader.bind(response.body);
  response.body.getReader = (options) => {
    const reader = getReader(options);
    const { read } = reader;
    reader.read = (view, { min } = { min: 1 }) => {
      reads.push(min);
      return read.call(reader, view, { min });
    };
    return reader;
  };
  return [response, reads];
}

const bytesOf = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());

test("no read of a body waits for more than has come, which would look like silence", async () => {
  for (const [idleMs, copyLimit, resume] of [
    [60_000, 1_000_000, undefined],
    [60_000, -1, () => {}],
    [60_000, 1_000_000, () => {}],
    [0, -1, () => {}],
  ]) {
    const [response, reads] = inPieces(100);
    const { client, copy } = relay(next(), pending, { response }, 102_400, idleMs, copyLimit, resume);
    const [bytes] = await Promise.all([bytesOf(client.stream), copy && bytesOf(copy.stream)]);
    assert.equal(bytes.length, 102_400);
    assert.deepEqual(reads, Array(101).fill(1));
  }
});

test("a rest that does not begin to come is not requested again and again", async () => {
  for (const [first, rests, isSilent] of [
    ["says no more", ["says no more"], true],
    ["breaks off", ["breaks off", "breaks off", "says no more"], true],
  ]) {
    const left = [...rests];
    let asked = 0;
    const resume = (_now, at, give) => {
      asked += 1;
      give({ response: response([], left.shift() ?? "says no more") }, 6, at);
    };
    const call = next();
    const beganAt = Date.now();
    const { client } = relay(call, pending, { response: response(["abc"], first) }, 6, 200, -1, resume);
    assert.equal(await read(client.stream), "abc|cut off");
    const [name, , , , timedOut] = await outcome(call);
    assert.deepEqual([name, timedOut, asked], ["reject", isSilent, rests.length]);
    // It was silent for 200 ms, and so was its rest.
    assert.ok(Date.now() - beganAt >= (first === "breaks off" ? 200 : 400));
  }
});

test("a rest that begins to come in time may pause as long as any body", async () => {
  const late = (text, ms, end) => {
    const body = new ReadableStream({
      type: "bytes",
      async start(controller) {
        for (const byte of new TextEncoder().encode(text)) {
          await new Promise((resolve) => setTimeout(resolve, ms));
          controller.enqueue(Uint8Array.of(byte));
        }
        if (end === "breaks off") controller.error(new Error("lost"));
        else {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
    });
    return new Response(body);
  };
  const resume = (_now, at, give) => give({ response: late("def", 800, "ends") }, at + 3);
  const call = next();
  const { client } = relay(call, pending, { response: late("abc", 10, "breaks off") }, 6, 2000, -1, resume);
  assert.equal(await read(client.stream), "abcdef");
});

test("the origin's body is cancelled when the client of a pipe has left", async () => {
  let isCancelled = false;
  const body = new ReadableStream({
    type: "bytes",
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel() {
      isCancelled = true;
    },
  });
  const call = next();
  const { client } = relay(call, pending, { response: new Response(body) }, -1, 0, -1);
  const reader = client.stream.getReader();
  await reader.read();
  await reader.cancel();
  await outcome(call);
  assert.ok(isCancelled);
});

test("a silent body is cut off", async () => {
  const call = next();
  let abort;
  const aborted = new ReadableStream({ type: "bytes", start: (controller) => (abort = controller) });
  const fetching = { abort: () => abort.error(new Error("aborted")) };
  const { client, copy } = relay(call, pending, { response: new Response(aborted), fetching }, 6, 20, 100);
  await Promise.all([read(client.stream), read(copy.stream)]);
  const [name, , , , timedOut] = await outcome(call);
  assert.deepEqual([name, timedOut], ["reject", true]);
});

test("spans are cut out of bytes and of streams alike", async () => {
  const spans = [1, 2, 5, 3];
  const around = ["<", "|", ">"];
  for (const handle of [
    { bytes: new TextEncoder().encode("0123456789") },
    { response: response(["012", "3456", "789"]) },
  ]) {
    const { bytes, stream } = slice(handle, Float64Array.from(spans), around);
    assert.equal(bytes ? new TextDecoder().decode(bytes) : await read(stream), "<12|567>");
  }
});

test("a text is found in a coded body too", async () => {
  const gzipped = new Response(`${"x".repeat(100_000)}</html>`).body.pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(gzipped).arrayBuffer());
  for (const [coding, text, found] of [
    ["gzip", "</html>", ["resolve_number", 1]],
    ["gzip", "<html>", ["resolve_number", 0]],
    ["unknown", "</html>", ["resolve"]],
  ]) {
    const call = next();
    contains(call, { bytes, response: new Response(null, { headers: { "content-encoding": coding } }) }, text);
    const [name, , ...rest] = await outcome(call);
    assert.deepEqual([name, ...rest], found);
  }
});

test("a whole body is read as text if it is short and its coding can be undone", async () => {
  const gzipped = new Response(`<h1>größer</h1>${" ".repeat(500)}`).body.pipeThrough(new CompressionStream("gzip"));
  const coded = new Uint8Array(await new Response(gzipped).arrayBuffer());
  const plain = new TextEncoder().encode("<h1>größer</h1>");
  for (const [bytes, coding, limit, expected] of [
    [plain, undefined, 17, "<h1>größer</h1>"],
    [plain, undefined, 16, undefined],
    [Uint8Array.of(0x67, 0x72, 0xf6), "identity", 100, "gr\ufffd"],
    [undefined, undefined, 100, ""],
    [coded, "gzip", 1000, `<h1>größer</h1>${" ".repeat(500)}`],
    [coded, "gzip", 100, undefined],
    [coded, "unknown", 1000, undefined],
  ]) {
    const call = next();
    const headers = coding ? { "content-encoding": coding } : undefined;
    text(call, { bytes, response: new Response(null, { headers }) }, limit);
    const [name, , given] = await outcome(call);
    assert.deepEqual([name, given], ["resolve_text", expected]);
  }
});
