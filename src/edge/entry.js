// The Worker's module: one instance of the Rust code, and a new one when it has died.
//
// Rust is built to abort on a panic, so a panic (or a trap of any kind) leaves an instance that must not be
// entered again: what it was in the middle of is in an unknown state. It may die inside a call from here or,
// after an await, in a microtask of its own. In the second case nobody would ever hear from the promises it
// owed, so they are kept here and failed by hand. The runtime carries each failure to the request that waits
// for it.
import { DurableObject } from "cloudflare:workers";
import module from "./holdfast_bg.wasm";
import * as holdfast from "./holdfast.js";

holdfast.initSync({ module });

// Counts instances, so that no death is noticed twice.
let instance = 0;

// How to fail each request that the instance has not answered yet.
let owed = new Set();

function replace(error) {
  const failing = owed;
  owed = new Set();
  instance += 1;
  console.error(`holdfast: instance ${instance} of the module replaces one that died: ${error?.stack ?? error}`);
  holdfast.__wbg_reset_state();
  for (const fail of failing) fail(error);
}

// V8 has two ways of ending WebAssembly code: a trap, and a RangeError where the stack runs out.
const isDeath = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

// Whatever escapes from a microtask or a timer went through Rust frames on its way, trap or not.
addEventListener("error", (event) => replace(event.error));
addEventListener("unhandledrejection", (event) => {
  if (isDeath(event.reason)) replace(event.reason);
});

export default {
  async fetch(request, env, ctx) {
    const asked = instance;
    let fail;
    try {
      return await new Promise((resolve, reject) => {
        fail = reject;
        owed.add(fail);
        holdfast.fetch(request, env, ctx).then(resolve, reject);
      });
    } catch (error) {
      if (asked === instance && isDeath(error)) replace(error);
      else console.error(`holdfast: ${error?.stack ?? error}`);
      // In route mode the runtime was told to send the request to the origin on an exception: not one that
      // the origin may have had already and that must not come twice.
      const isSafe = request.method === "GET" || request.method === "HEAD";
      if (isSafe && holdfast.passes_through(env)) throw error;
      return holdfast.internal_error(request, env, ctx);
    } finally {
      owed.delete(fail);
    }
  },

  async scheduled(controller, env, ctx) {
    await guarded(() => holdfast.scheduled(env, ctx));
  },
};

// Work that owes no answer to a client: the next one finds a living instance.
async function guarded(work) {
  const asked = instance;
  try {
    return await work();
  } catch (error) {
    if (asked === instance && isDeath(error)) replace(error);
    throw error;
  }
}

// What all isolates have counted, in one place. The object may be evicted at any time: what it has not written yet is
// what came within the last second.
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
    const [news, wakeAt] = await guarded(() => holdfast.object_report(this.ctx.storage, this.env, counts, this.#dashboard));
    this.#news = news;
    await this.wake(wakeAt);
  }

  async view(view) {
    if (this.#pending !== "") await this.#take();
    return guarded(() => holdfast.object_view(this.ctx.storage, this.env, view));
  }

  async alarm() {
    const [deliveries, wakeAt] = await guarded(() => holdfast.object_wake(this.ctx.storage, this.env));
    await this.wake(wakeAt);
    for (const { id, url, contentType, body } of deliveries) {
      const sent = await deliver(url, contentType, body);
      await this.wake(await guarded(() => holdfast.object_delivered(this.ctx.storage, id, sent)));
    }
  }

  // The earliest of what is wished for.
  async wake(at) {
    if (at === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > at) await this.ctx.storage.setAlarm(Math.max(at, Date.now()));
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
