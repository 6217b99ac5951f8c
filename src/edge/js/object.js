// @ts-check
// The Durable Object that gathers the counts of all isolates. It may be evicted at any time: what it has not written yet
// is what came within the last second.
//
// Where there are shards, isolates tell one of them, and each shard tells the one object once a second what its isolates'
// reports come to. A shard has no database: what the object does not take, it keeps in memory and tells later.
//
// Its Rust code is a module of its own, of which isolates that only answer requests never have an instance.
import { DurableObject } from "cloudflare:workers";
import * as health from "./health.js";
import module from "./health_bg.wasm";

// What a shard lets come in, at most, before it merges that.
const AT_ONCE = 65536;

// What a shard holds, at most, while it cannot reach the object.
const MOST_HELD = 1048576;

/** @extends {DurableObject<import("./pending.js").Env>} */
export class OriginHealth extends DurableObject {
  // Rows written are what this costs, so what many isolates report at a time is written once.
  #pending = "";
  #reports = 0;
  #takenAt = 0;
  /** @type {number | null} */
  #timer = null;
  #reply = "";
  /** @type {string | undefined} */
  #dashboard;
  /** Of a shard. */
  #shard = { minute: 0, reports: 0, flushS: 0, isTelling: false, leastLength: 0 };

  /**
   * @param {string} counts
   * @param {string} dashboard where operators see more
   * @param {number} reports how many reports of isolates this is: none, if it comes from a shard
   */
  async report(counts, dashboard, reports = 1) {
    this.#dashboard = dashboard;
    this.#reports += reports;
    this.#pending += this.#pending === "" ? counts : counts.slice(counts.indexOf("\n") + 1);
    if (Date.now() - this.#takenAt >= 1000 || this.#pending.length > 32768) await this.#take();
    else this.#timer ??= setTimeout(() => this.#take(), 1000);
    return this.#reply;
  }

  async #take() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const counts = this.#pending;
    const reports = this.#reports;
    [this.#pending, this.#reports] = ["", 0];
    this.#takenAt = Date.now();
    const [reply, wakeAt] = called(() => health.report(this.ctx, this.env, counts, reports, this.#dashboard));
    this.#reply = reply;
    await this.#wake(wakeAt);
  }

  /**
   * As `report`, where this object is a shard. The reply is the object's last one, but says how often to report here.
   * @param {string} counts
   * @param {string} dashboard
   */
  async gather(counts, dashboard) {
    const shard = this.#shard;
    if (this.#pending.length > 2 * shard.leastLength + AT_ONCE) {
      this.#pending = called(() => health.merged(this.#pending)).join("");
      shard.leastLength = this.#pending.length;
    }
    // Then isolates keep what they have counted.
    if (this.#pending.length > MOST_HELD) throw new Error("the object cannot be reached, and its shard is full");
    this.#dashboard = dashboard;
    this.#pending += counts;
    const minute = Math.floor(Date.now() / 60000);
    if (minute > shard.minute) {
      shard.flushS = called(() => health.flush_s(shard.reports, shard.flushS));
      [shard.minute, shard.reports] = [minute, 0];
    }
    shard.reports += 1;
    if (Date.now() - this.#takenAt >= 1000 && !shard.isTelling) await this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), 1000);
    return called(() => health.shard_reply(this.#reply, shard.flushS));
  }

  /** Tells the object what a shard has. */
  async #tell() {
    const shard = this.#shard;
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!shard.isTelling) {
      shard.isTelling = true;
      this.#takenAt = Date.now();
      const pending = this.#pending;
      [this.#pending, shard.leastLength] = ["", 0];
      /** @type {string[]} */
      let told = [];
      try {
        told = called(() => health.merged(pending));
        const objects = /** @type {DurableObjectNamespace<OriginHealth>} */ (this.env.HOLDFAST_HEALTH);
        const object = objects.get(objects.idFromName("holdfast"));
        while (told[0] !== undefined) {
          this.#reply = await object.report(told[0], this.#dashboard ?? "", 0);
          told.shift();
        }
      } catch (error) {
        console.error(`holdfast: a shard keeps its counts: ${error instanceof Error ? error.message : error}`);
      }
      this.#pending = told.join("") + this.#pending;
      shard.isTelling = false;
    }
    if (this.#pending !== "") this.#timer ??= setTimeout(() => this.#tell(), 1000);
  }

  /** @param {string} view */
  async view(view) {
    if (this.#pending !== "") await this.#take();
    return called(() => health.view(this.ctx, this.env, view));
  }

  /** @override */
  async alarm() {
    const [deliveries, wakeAt] = called(() => health.wake(this.ctx, this.env));
    await this.#wake(wakeAt);
    for (const { id, url, contentType, body } of deliveries) {
      const sent = await deliver(url, contentType, body);
      await this.#wake(called(() => health.delivered(this.ctx, id, sent)));
    }
  }

  /**
   * Sets the alarm, unless it is set to an earlier time.
   * @param {number | undefined} at
   */
  async #wake(at) {
    if (at === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > at) await this.ctx.storage.setAlarm(Math.max(at, Date.now()));
  }
}

/**
 * Calls the module, of which there is an instance from the first call on. None of its functions leaves anything for
 * later, so it can only die in here; the next call finds a new instance. What is thrown then is no trap, or it would be
 * taken for a death of the instance that answers requests.
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function called(work) {
  health.initSync({ module });
  try {
    return work();
  } catch (error) {
    const why = (error instanceof Error ? error.stack : undefined) ?? error;
    console.error(`holdfast: an instance of the object's module replaces one that died: ${why}`);
    health.__wbg_reset_state();
    throw new Error("the object's module has died");
  }
}

/**
 * @param {string} url
 * @param {string} contentType
 * @param {string} body
 */
async function deliver(url, contentType, body) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": contentType, "User-Agent": "Holdfast" },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(10000),
    });
    await response.body?.cancel();
    if (!response.ok) console.error(`holdfast: the webhook answered ${response.status}`);
    return response.ok;
  } catch (error) {
    console.error(`holdfast: the webhook could not be reached: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}
