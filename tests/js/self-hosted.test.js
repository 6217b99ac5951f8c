// What a machine of one's own has in place of Cloudflare: the parts that need no workerd.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDue, parse } from "../../npm/self-hosted/cron.js";
import { Memory } from "../../npm/self-hosted/memory.js";
import { read } from "../../npm/self-hosted/message.js";

const at = (text) => new Date(`${text}:00Z`);

test("a cron trigger goes off in its minutes and in no others", () => {
  // 2026-11-30 is a Monday.
  for (const [expression, minute, due] of [
    ["* * * * *", "2026-11-30T17:23", true],
    ["*/5 * * * *", "2026-11-30T17:25", true],
    ["*/5 * * * *", "2026-11-30T17:24", false],
    ["10-20/5,40 * * * *", "2026-11-30T17:15", true],
    ["10-20/5,40 * * * *", "2026-11-30T17:40", true],
    ["10-20/5,40 * * * *", "2026-11-30T17:16", false],
    ["50/3 * * * *", "2026-11-30T17:56", true],
    ["0 3 * * *", "2026-11-30T03:00", true],
    ["0 3 * * *", "2026-11-30T04:00", false],
    ["0 0 30 11 *", "2026-11-30T00:00", true],
    ["0 0 30 10 *", "2026-11-30T00:00", false],
    ["0 0 * * 2", "2026-11-30T00:00", true],
    ["0 0 * * 1", "2026-11-30T00:00", false],
    // With both days restricted, one is enough.
    ["0 0 1 * 2", "2026-11-30T00:00", true],
    ["0 0 1 * 3", "2026-12-01T00:00", true],
    ["0 0 1 * 2", "2026-12-02T00:00", false],
  ]) {
    assert.equal(isDue(expression, at(minute)), due, `${expression} at ${minute}`);
  }
});

test("what is no cron expression in numbers is not understood", () => {
  const wrong = [
    "",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 0",
    "* * * * 8",
  ];
  for (const expression of [
    ...wrong,
    "5-1 * * * *",
    "*/0 * * * *",
    "0 0 L * *",
    "0 0 * * MON",
    "a * * * *",
    "1, * * * *",
  ]) {
    assert.equal(parse(expression), undefined, expression);
    assert.equal(isDue(expression, at("2026-11-30T00:00")), false, expression);
  }
});

const entry = (size, expires = 100) => ({ head: "", body: new ArrayBuffer(size), expires });

test("memory holds what was used last, within its limit", () => {
  const memory = new Memory(160_000);
  for (let number = 0; number < 20; number++) {
    memory.write(`k${number}`, entry(9_000));
    // Used again and again, so never the oldest.
    assert.ok(memory.read("k0", 1), `after ${number}`);
  }
  const held = Array.from({ length: 20 }, (_, number) => Boolean(memory.read(`k${number}`, 1)));
  assert.deepEqual(held, [true, ...Array(3).fill(false), ...Array(16).fill(true)]);
});

test("memory gives nothing whose time is up, and holds no body that would displace others", () => {
  const memory = new Memory(16_000);
  memory.write("short", entry(10, 5));
  assert.ok(memory.read("short", 4));
  assert.equal(memory.read("short", 5), undefined);
  memory.write("large", entry(1_001));
  assert.equal(memory.read("large", 1), undefined);
  memory.write("large", entry(1_000));
  assert.equal(memory.read("large", 1)?.body.byteLength, 1_000);
  // An entry that has become too large takes the old one with it.
  memory.write("large", entry(1_001));
  assert.equal(memory.read("large", 1), undefined);
  assert.equal(memory.remove("large"), false);
});

const encoder = new TextEncoder();

/** The stored response in pieces of `size` bytes. */
async function stored(text, size) {
  const bytes = encoder.encode(text);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
  const { head, status, body } = await read(ReadableStream.from(pieces));
  let seen = "";
  for await (const piece of body) seen += new TextDecoder().decode(piece);
  return { status, head, seen };
}

test("a stored response is read in whatever pieces it comes", async () => {
  const text =
    "HTTP/1.1 200 OK\r\nCache-Control: max-age=5\r\nHoldfast-Entry: a: b\r\nContent-Length: 9\r\n\r\nfirst\r\n\r\n";
  for (const size of [1, 2, 3, 7, 64, 1000]) {
    const { status, head, seen } = await stored(text, size);
    assert.deepEqual(
      [status, head.get("cache-control"), head.get("holdfast-entry"), seen],
      [200, "max-age=5", "a: b", "first\r\n\r\n"],
    );
  }
});

test("a stored response that is not whole is refused", async () => {
  await assert.rejects(stored("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst", 4), /not whole/);
  await assert.rejects(stored("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n", 4), /no head/);
  await assert.rejects(stored(`HTTP/1.1 200 OK\r\nA: ${"a".repeat(300_000)}`, 16_384), /no head/);
});
