// @ts-check
// What stands behind Holdfast where Cloudflare is not: the cache, last good copies and the cron triggers. What is to outlive
// the process is in Durable Objects, which workerd keeps on this machine's disk.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { isDue } from "./cron.js";
import { Entries } from "./entries.js";
import { Memory } from "./memory.js";
import { read } from "./message.js";

/**
 * @typedef {object} Env
 * @property {DurableObjectNamespace} CACHE
 * @property {DurableObjectNamespace} KEPT
 * @property {DurableObjectNamespace} TIMER
 * @property {Fetcher & { scheduled(options: { cron: string, scheduledTime: Date }): Promise<unknown> }} HOLDFAST
 * @property {{ memory: number, cache: number, kept: number }} LIMITS in bytes
 * @property {string[]} CRONS
 */

const MINUTE_MS = 60_000;

/** From the object to the front: when the entry expires. */
const EXPIRES = "holdfast-expires";

/** The one object of a class. @param {DurableObjectNamespace} namespace */
const only = (namespace) => namespace.get(namespace.idFromName("only"));

/** This process has one isolate of this Worker, so that nobody else writes. @type {Memory | undefined} */
let memory;

/** How many entries were written or removed: what was read before may be outdated. */
let changes = 0;

let isTimerSet = false;

const miss = () => new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });

/**
 * @param {string} head
 * @param {BodyInit} body
 * @param {number} length
 */
function hit(head, body, length) {
  const headers = new Headers(JSON.parse(head));
  headers.set("cf-cache-status", "HIT");
  headers.set("content-length", String(length));
  return new Response(body, { headers });
}

/** @param {Request} request */
const keyOf = (request) => `${request.headers.get("cf-cache-namespace") ?? ""} ${request.url}`;

/** The Cache API: GET, PUT with a whole response, PURGE. */
export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {ExecutionContext} ctx
   */
  async fetch(request, env, ctx) {
    if (!isTimerSet && env.CRONS.length > 0) {
      isTimerSet = true;
      ctx.waitUntil(only(env.TIMER).fetch("http://timer/"));
    }
    memory ??= new Memory(env.LIMITS.memory);
    const key = keyOf(request);
    if (request.method !== "GET") {
      try {
        return await only(env.CACHE).fetch(request);
      } finally {
        // A read meanwhile may have found the old entry.
        memory.remove(key);
        changes++;
      }
    }
    const held = memory.read(key, Date.now());
    if (held) return hit(held.head, held.body, held.body.byteLength);
    const before = changes;
    const found = await only(env.CACHE).fetch(request);
    const head = found.headers.get("holdfast-head");
    if (head === null) return miss();
    const length = Number(found.headers.get("content-length"));
    if (!(length <= memory.largest)) return hit(head, found.body ?? "", length);
    const body = await found.arrayBuffer();
    const expires = Number(found.headers.get(EXPIRES));
    if (changes === before) memory.write(key, { head, body, expires });
    return hit(head, body, length);
  },
};

/** A KV namespace: GET, PUT and DELETE. */
export class Kept extends WorkerEntrypoint {
  /**
   * @override
   * @param {Request} request
   */
  fetch(request) {
    return only(/** @type {Env} */ (this.env).KEPT).fetch(request);
  }
}

/** Lets the cron triggers go off. The alarm outlives the process. */
export class Timer extends DurableObject {
  /** @override */
  async fetch() {
    if ((await this.ctx.storage.getAlarm()) === null) await this.#set();
    return new Response(null);
  }

  /** @override */
  async alarm() {
    const { CRONS, HOLDFAST } = /** @type {Env} */ (this.env);
    const scheduledTime = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS);
    if (CRONS.length > 0) await this.#set();
    for (const cron of CRONS) if (isDue(cron, scheduledTime)) await HOLDFAST.scheduled({ cron, scheduledTime });
  }

  #set() {
    return this.ctx.storage.setAlarm((Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS);
  }
}

export class CacheStore extends DurableObject {
  #entries;

  /**
   * @param {DurableObjectState} state
   * @param {Env} env
   */
  constructor(state, env) {
    super(state, env);
    this.#entries = new Entries(state.storage, env.LIMITS.cache);
  }

  /**
   * @override
   * @param {Request} request
   */
  async fetch(request) {
    const key = keyOf(request);
    const now = Date.now();
    if (request.method === "GET") {
      const found = this.#entries.read(key, now);
      if (!found) return miss();
      const { head, length, expires } = found;
      const headers = { "holdfast-head": head, [EXPIRES]: String(expires), "content-length": String(length) };
      return new Response(found.body, { headers });
    }
    if (request.method === "PUT" && request.body) {
      const { head, status, body } = await read(request.body);
      const seconds = /max-age=(\d+)/.exec(head.get("cache-control") ?? "")?.[1];
      head.delete("transfer-encoding");
      head.delete("content-length");
      // Holdfast stores nothing else: its envelopes are a 200 with a lifetime.
      if (status !== 200 || seconds === undefined) return new Response(null, { status: 413 });
      const expires = now + Number(seconds) * 1000;
      const isStored = await this.#entries.write(key, JSON.stringify([...head]), body, expires, now);
      return new Response(null, { status: isStored ? 204 : 413 });
    }
    if (request.method === "PURGE") return new Response(null, { status: this.#entries.remove(key) ? 200 : 404 });
    return new Response(null, { status: 405 });
  }
}

export class KeptStore extends DurableObject {
  #entries;

  /**
   * @param {DurableObjectState} state
   * @param {Env} env
   */
  constructor(state, env) {
    super(state, env);
    this.#entries = new Entries(state.storage, env.LIMITS.kept);
  }

  /**
   * @override
   * @param {Request} request
   */
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const now = Date.now();
    if (request.method === "GET") {
      const found = this.#entries.read(pathname, now);
      if (!found) return new Response(null, { status: 404 });
      return new Response(found.body, { headers: { "content-length": String(found.length) } });
    }
    if (request.method === "PUT") {
      const seconds = searchParams.get("expiration_ttl");
      const expires = seconds === null ? Number.MAX_SAFE_INTEGER : now + Number(seconds) * 1000;
      const isStored = await this.#entries.write(pathname, "", request.body ?? [], expires, now);
      return new Response(null, { status: isStored ? 200 : 413 });
    }
    if (request.method === "DELETE") this.#entries.remove(pathname);
    return new Response(null, { status: request.method === "DELETE" ? 200 : 405 });
  }
}
