// The Durable Object in which what all isolates have counted is gathered. It may be evicted at any time: what it has not
// written yet is what came within the last second.
//
// Its Rust code is a module of its own, of which isolates that only answer requests never have an instance.
import { DurableObject } from "cloudflare:workers";
import module from "./health_bg.wasm";
import * as health from "./health.js";

export class OriginHealth extends DurableObject {
  // Rows written are what this costs, so what many isolates report at a time is written once.
  #pending = "";
  #takenAt = 0;
  #timer;
  #news = "";
  #dashboard;

  async report(counts, dashboard) {
    this.#dashboard = dashboard;
    this.#pending += this.#pending === "" ? counts : counts.slice(counts.indexOf("\n") + 1);
    if (Date.now() - this.#takenAt >= 1000 || this.#pending.length > 32768) await this.#take();
    else this.#timer ??= setTimeout(() => this.#take(), 1000);
    return this.#news;
  }

  async #take() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#pending;
    this.#pending = "";
    this.#takenAt = Date.now();
    const [news, wakeAt] = called(() => health.report(this.ctx.storage, this.env, counts, this.#dashboard));
    this.#news = news;
    await this.wake(wakeAt);
  }

  async view(view) {
    if (this.#pending !== "") await this.#take();
    return called(() => health.view(this.ctx.storage, this.env, view));
  }

  async alarm() {
    const [deliveries, wakeAt] = called(() => health.wake(this.ctx.storage, this.env));
    await this.wake(wakeAt);
    for (const { id, url, contentType, body } of deliveries) {
      const sent = await deliver(url, contentType, body);
      await this.wake(called(() => health.delivered(this.ctx.storage, id, sent)));
    }
  }

  // The earliest of what is wished for.
  async wake(at) {
    if (at === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > at) await this.ctx.storage.setAlarm(Math.max(at, Date.now()));
  }
}

// Calls the module, of which there is an instance from the first call on. None of its functions leaves anything for
// later, so it can only die in here; the next call finds a new instance. What is thrown then is no trap, or it would be
// taken for a death of the instance that answers requests.
function called(work) {
  health.initSync({ module });
  try {
    return work();
  } catch (error) {
    console.error(`holdfast: an instance of the object's module replaces one that died: ${error?.stack ?? error}`);
    health.__wbg_reset_state();
    throw new Error("the object's module has died");
  }
}

async function deliver(url, contentType, body) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": contentType, "User-Agent": "Holdfast" },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(10000),
    });
    await answer.body?.cancel();
    if (!answer.ok) console.error(`holdfast: the webhook answered ${answer.status}`);
    return answer.ok;
  } catch (error) {
    console.error(`holdfast: the webhook could not be reached: ${error?.message ?? error}`);
    return false;
  }
}
