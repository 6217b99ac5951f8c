// The Worker's entry: one instance of the Rust code that answers requests, and a new one when it has died. The code of
// the object that gathers counts is a module of its own; see `object.js`.
//
// Rust is built to abort on a panic, so a panic (or a trap of any kind) leaves an instance that must not be
// entered again: what it was in the middle of is in an unknown state. It may die inside a call from here or,
// after an await, in a microtask of its own. In the second case nobody would ever hear from the promises it
// owed, so they are kept here and failed by hand. The runtime carries each failure to the request that waits
// for it.
import * as bridge from "./bridge.js";
import module from "./requests_bg.wasm";
import * as requests from "./requests.js";

export { OriginHealth } from "./object.js";

requests.initSync({ module });

// The number of the instance that is alive, so that no death is noticed twice.
let instance = bridge.serve(requests);

// Whether requests go to the zone's own origin: the settings do not change while an isolate lives.
let isOnRoute;

// The visits that the instance has not done with: not answered yet, or kept alive behind their answer.
let underWay = new Set();

function replace(error) {
  const failing = underWay;
  underWay = new Set();
  requests.__wbg_reset_state();
  instance = bridge.serve(requests);
  console.error(`holdfast: instance ${instance} of the module replaces one that died: ${error?.stack ?? error}`);
  for (const visit of failing) visit.isLost(error);
}

// V8 has two ways of ending WebAssembly code: a trap, and a RangeError where the stack runs out.
const isDeath = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

// Whatever escapes from a microtask or a timer went through this instance's frames on its way, trap or not: the
// object's module has none there.
addEventListener("error", (event) => replace(event.error));
addEventListener("unhandledrejection", (event) => {
  if (isDeath(event.reason)) replace(event.reason);
});

// When a client leaves, the platform may end its request without a word: nothing that it waits for comes any more. So where
// more than a few visits are under way, those that have been left alone for long are asked whether they are there. A promise
// that any request may resolve goes on in the one that waits for it, or not at all if that is over: who has not answered
// after the same time again is forgotten.
const FEW = 256;
// An answer takes milliseconds.
const LONG_MS = 2000;
// With each new visit, so that none pays for many: of one that is over, that is one to ask it and one to forget it.
const AT_ONCE = 4;

function forgetTheGone(now) {
  let left = AT_ONCE;
  // In the order in which they came or were asked.
  for (const visit of underWay) {
    if (left === 0 || now - visit.aloneSince < LONG_MS) return;
    left -= 1;
    underWay.delete(visit);
    if (visit.isAsked) {
      requests.forget(visit.number);
      visit.isLost(new Error("the platform seemed to have ended the request"));
    } else {
      visit.isAsked = true;
      visit.aloneSince = now;
      underWay.add(visit);
      visit.wake();
    }
  }
}

let visits = 0;

// Something that Rust is to answer: the platform's side of it, and what takes the answer.
class Visit {
  constructor(env, ctx, request) {
    this.env = env;
    this.ctx = ctx;
    this.request = request;
    this.number = visits++ >>> 0;
    // How much keeps the request alive after its client has left.
    this.kept = 0;
    // The answer or the error, once there is one.
    this.outcome = undefined;
    // What is waited for until there is something new.
    this.turn = undefined;
    // Whether it was asked if it is there, and has not answered.
    this.isAsked = false;
    this.aloneSince = Date.now();
    // Not this one: it does not listen yet.
    if (underWay.size > FEW) forgetTheGone(this.aloneSince);
    underWay.add(this);
  }

  resolve(answer) {
    this.ends({ answer });
  }

  reject(error) {
    this.ends({ error });
  }

  ends(outcome) {
    this.outcome ??= outcome;
    if (this.kept === 0) underWay.delete(this);
    this.wake();
  }

  isLost(error) {
    this.kept = 0;
    this.reject(error);
  }

  // The promise that the platform waits for cannot be refused where there is a request; elsewhere the work goes on.
  stays() {
    this.kept += 1;
    if (this.kept > 1) return;
    underWay.add(this);
    try {
      this.ctx.waitUntil(this.until(() => this.kept === 0));
    } catch {}
  }

  leaves() {
    if (this.kept === 0) return;
    this.kept -= 1;
    if (this.kept > 0) return;
    if (this.outcome) underWay.delete(this);
    this.wake();
  }

  wake() {
    this.turn?.resolve();
  }

  // Any request may wake it.
  async until(isSo) {
    while (!isSo()) {
      const turn = (this.turn ??= Promise.withResolvers());
      await turn.promise;
      this.isAsked = false;
      if (this.turn === turn) this.turn = undefined;
    }
  }
}

// What Rust answers when `begin` has handed `visit` to it.
async function answered(visit, begin) {
  try {
    begin(visit);
  } catch (error) {
    visit.reject(error);
  }
  await visit.until(() => visit.outcome);
  const { answer, error } = visit.outcome;
  if (error) throw error;
  return answer;
}

export default {
  async fetch(request, env, ctx) {
    const asked = instance;
    // One that the origin may have had already must not come twice.
    const isSafe = request.method === "GET" || request.method === "HEAD";
    try {
      isOnRoute ??= requests.passes_through(env);
      // On an exception the runtime sends the request to the origin then. Said before anything can go wrong.
      if (isOnRoute && isSafe) ctx.passThroughOnException();
      const visit = new Visit(env, ctx, request);
      return await answered(visit, (it) => requests.fetch(Date.now(), it, it.number, bridge.headOf(request)));
    } catch (error) {
      if (asked === instance && isDeath(error)) replace(error);
      else console.error(`holdfast: ${error?.stack ?? error}`);
      if (isOnRoute && isSafe) throw error;
      const head = bridge.headOf(request);
      const visit = new Visit(env, ctx, request);
      return answered(visit, (it) => requests.internal_error(Date.now(), it, it.number, head));
    }
  },

  async scheduled(controller, env, ctx) {
    const asked = instance;
    try {
      await answered(new Visit(env, ctx), (it) => requests.scheduled(Date.now(), it, it.number));
    } catch (error) {
      if (asked === instance && isDeath(error)) replace(error);
      throw error;
    }
  },
};
