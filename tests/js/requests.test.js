import assert from "node:assert/strict";
import { before, test } from "node:test";
import { builtHeaders, changed, headersFrom, headOf } from "../../src/edge/js/headers.js";
import { complete, current, rust as living, serve, uncaught, watched } from "../../src/edge/js/instance.js";
import { failAll, forgetAbandoned, PendingRequest } from "../../src/edge/js/pending.js";
import { free, roomFor, take } from "../../src/edge/js/room.js";
import { notify, signal, wait } from "../../src/edge/js/signal.js";
import { spanned } from "../../src/edge/js/span.js";
import { outcome, rust, told } from "./platform.js";

before(() => serve(rust));

const ctx = () => ({
  waiting: [],
  waitUntil(promise) {
    this.waiting.push(promise);
  },
});
const MIB = 1024 * 1024;

test("a head has the normal form of the URL", () => {
  const request = { method: "GET", url: "http://a.test/%2e%2e/b\\c", headers: new Headers({ a: "1", b: "2" }) };
  assert.equal(headOf(request), "GET http://a.test/b/c\na:1\nb:2\n");
});

test("edits delete, set and append", () => {
  const headers = changed(headersFrom("a:1\nb:2\nb:3\n"), "-a\n=b:4\n+c:5\n+c:6:7\n");
  assert.deepEqual(
    [...headers],
    [
      ["b", "4"],
      ["c", "5, 6:7"],
    ],
  );
  assert.equal(builtHeaders("a:1\n"), builtHeaders("a:1\n"));
});

test("a request that is kept alive goes on behind its response", async () => {
  const context = ctx();
  const pending = new PendingRequest({}, context);
  pending.keepAlive();
  pending.resolve("the response");
  assert.equal(await pending.response(), "the response");
  assert.equal(pending.isKeptAlive, true);
  pending.release();
  await Promise.all(context.waiting);
});

test("an instance that dies fails what is pending, and nothing else", async () => {
  const [one, done] = [new PendingRequest({}, ctx()), new PendingRequest({}, ctx())];
  done.resolve("done");
  const failed = assert.rejects(one.response(), /dead/);
  failAll(new Error("dead"));
  await failed;
  assert.equal(await done.response(), "done");
});

test("a result for a dead instance is dropped", async () => {
  const call = 9001;
  complete(call, new Promise((resolve) => setTimeout(resolve, 5)), () => told.push(["resolve", call]));
  serve(rust);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(
    told.some((entry) => entry[1] === call),
    false,
  );
});

test("whatever is thrown out of an instance is its death, and nothing else is", async (t) => {
  t.mock.method(console, "error", () => {});
  const trap = new WebAssembly.RuntimeError("unreachable");
  const thrown = new TypeError("of a function that Rust called");
  let resets = 0;
  const mortal = {
    ...rust,
    forget: (error) => {
      throw error;
    },
    __wbg_reset_state: () => {
      resets += 1;
    },
  };
  serve(mortal);
  for (const error of [trap, thrown]) {
    const pending = new PendingRequest({}, ctx());
    const before = current();
    assert.throws(() => living.forget(error), error);
    await assert.rejects(pending.response(), error);
    assert.equal(current(), before + 1);
    // As it escapes to the platform on its way.
    uncaught(error);
    assert.equal(current(), before + 1);
  }
  assert.equal(resets, 2);
  const before = current();
  for (const error of [thrown, new RangeError("Invalid array length"), new Error("of a dead instance"), "text"]) {
    uncaught(error);
  }
  assert.equal(current(), before);
  uncaught(new WebAssembly.RuntimeError("unreachable"));
  uncaught(new RangeError("Maximum call stack size exceeded"));
  assert.equal(current(), before + 2);
  assert.throws(
    watched(() => {
      // The instance dies within, of another entry.
      uncaught(new WebAssembly.RuntimeError("unreachable"));
      throw thrown;
    }),
  );
  assert.equal(current(), before + 3);
});

test("only those that do not answer are abandoned", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const forgotten = [];
  const gone = new PendingRequest({}, ctx());
  const there = new PendingRequest({}, ctx());
  const response = there.response();
  const crowd = Array.from({ length: 300 }, () => new PendingRequest({}, ctx()));
  for (let second = 0; second < 3; second += 1) {
    t.mock.timers.tick(2500);
    forgetAbandoned((number) => forgotten.push(number));
    for (let turns = 0; turns < 5; turns += 1) await undefined;
  }
  assert.equal(forgotten.includes(there.number), false);
  for (let rounds = 0; rounds < 200; rounds += 1) {
    t.mock.timers.tick(2500);
    forgetAbandoned((number) => forgotten.push(number));
    for (let turns = 0; turns < 5; turns += 1) await undefined;
  }
  assert.equal(forgotten.includes(gone.number), true);
  assert.equal(forgotten.includes(there.number), false);
  there.resolve("late");
  assert.equal(await response, "late");
  for (const request of crowd) request.resolve();
});

test("a notification reaches all who wait, or the time is up", async () => {
  const context = ctx();
  const pending = new PendingRequest({}, context);
  const flight = signal(pending);
  wait(9101, flight, 1000);
  wait(9102, flight, 1000);
  notify(flight);
  await Promise.all([outcome(9101), outcome(9102), ...context.waiting]);
  wait(9103, flight, 5);
  await outcome(9103);
  assert.equal(flight.waiting.size, 0);
});

test("what is buffered is bounded, and a room lapses", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const [one, two] = [roomFor(1000), roomFor(1000)];
  assert.equal(take(one, 32 * MIB), true);
  assert.equal(take(two, 1), false);
  t.mock.timers.tick(61_001);
  assert.equal(take(two, 1), true);
  free(one);
  free(two);
});

test("an attempt of a request that is traced is a span around its fetch, and no other is", async () => {
  const made = [];
  const begins = (name, within) => {
    const span = { name, setAttribute: (key, value) => Object.assign(span, { [key]: value }) };
    made.push(span);
    return within(span);
  };
  const sent = Promise.resolve();
  const asked = (tracing, url = "http://[::1]:8080/a") => spanned({ ctx: { tracing } }, "GET", url, () => sent);
  const traced = (isTraced) => ({ getActiveSpan: () => ({ isTraced }), startActiveSpan: begins });
  // Runtimes from before there were spans, or from before one could ask for the active one, have no such functions.
  for (const tracing of [undefined, { startActiveSpan: begins }, traced(false)]) {
    assert.deepEqual(asked(tracing), { sent });
  }
  assert.deepEqual(made, []);
  assert.equal(asked(traced(true)).span, made[0]);
  assert.deepEqual([made[0]["server.address"], made[0]["server.port"]], ["[::1]", 8080]);
  assert.equal(asked(traced(true), "https://a.test?b:1").span["server.port"], 443);
  assert.equal(made[1]["server.address"], "a.test");
});
