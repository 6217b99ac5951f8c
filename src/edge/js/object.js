// @ts-check
// The Durable Object that gathers the counts of all isolates. It may be evicted at any time: what it has not written yet
// is what came within the last second.
//
// Its Rust code is a module of its own, of which isolates that only answer requests never have an instance.
import { DurableObject } from "cloudflare:workers";
import * as health from "./health.js";
import module from "./health_bg.wasm";

/** @extends {DurableObject<import("./pending.js").Env>} */
export class OriginHealth extends DurableObject {
  // Rows written are what this costs, so what many isolates report at a time is written once.
  #pending = "";
  #takenAt = 0;
  /** @type {number | null} */
  #timer = null;
  #reply = "";
  /** @type {string | undefined} */
  #dashboard;

  /**
   * @param {string} counts
   * @param {string} dashboard where operators see more
   */
  async report(counts, dashboard) {
    this.#dashboard = dashboard;
    this.#pending += this.#pending === "" ? counts : counts.slice(counts.indexOf("\n") + 1);
    if (Date.now() - this.#takenAt >= 1000 || this.#pending.length > 32768) await this.#take();
    else this.#timer ??= setTimeout(() => this.#take(), 1000);
    return this.#reply;
  }

  async #take() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const counts = this.#pending;
    this.#pending = "";
    this.#takenAt = Date.now();
    const [reply, wakeAt] = called(() => health.report(this.ctx, this.env, counts, this.#dashboard));
    this.#reply = reply;
    await this.#wake(wakeAt);
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
