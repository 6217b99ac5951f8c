// @ts-check
// Requests that Rust is to answer, and those whose clients have left without a word.

/** What is bound, which only Rust looks into. @typedef {{ readonly [name: string]: unknown }} Env */

/** @typedef {{ response?: Response, error?: unknown }} Outcome */

/** What is asked in place of the network: see `before.js`. @typedef {(request: Request) => Promise<Response>} Origin */

/**
 * The requests that the instance has not done with: without a response yet, or kept alive behind it.
 * @type {Set<PendingRequest>}
 */
let pending = new Set();

let numbers = 0;

/** A request, or another occasion, and what takes the response. */
export class PendingRequest {
  /** @type {Env} */
  env;
  /** @type {ExecutionContext} */
  ctx;
  /** @type {Request | undefined} */
  request;
  /** @type {Origin | undefined} */
  origin;
  /** Its number in the isolate. */
  number = numbers++ >>> 0;
  /** When it came or was last asked whether it is there. */
  aloneSince = Date.now();
  /** Whether it was asked, and has not answered. */
  isAsked = false;
  /** How much keeps it alive after its client has left. */
  #kept = 0;
  /** @type {Outcome | undefined} */
  #outcome;
  /** What is waited for until there is something new. @type {PromiseWithResolvers<void> | undefined} */
  #turn;

  /**
   * @param {Env} env
   * @param {ExecutionContext} ctx
   * @param {Request} [request]
   * @param {Origin} [origin]
   */
  constructor(env, ctx, request, origin) {
    this.env = env;
    this.ctx = ctx;
    this.request = request;
    this.origin = origin;
    pending.add(this);
  }

  get isKeptAlive() {
    return this.#kept > 0;
  }

  /** @param {Response} [response] */
  resolve(response) {
    this.#end({ response });
  }

  /** @param {unknown} error */
  reject(error) {
    this.#end({ error });
  }

  /** @param {Outcome} outcome */
  #end(outcome) {
    this.#outcome ??= outcome;
    if (this.#kept === 0) pending.delete(this);
    this.wake();
  }

  /**
   * Nothing will ever be heard of it again.
   * @param {unknown} error
   */
  abandon(error) {
    this.#kept = 0;
    this.reject(error);
  }

  /**
   * Has the platform wait until `release`. Where there is no request it may refuse; the work goes on there anyway.
   * @returns {this}
   */
  keepAlive() {
    this.#kept += 1;
    if (this.#kept > 1) return this;
    pending.add(this);
    try {
      this.ctx.waitUntil(this.#released());
    } catch {}
    return this;
  }

  release() {
    if (this.#kept === 0) return;
    this.#kept -= 1;
    if (this.#kept > 0) return;
    if (this.#outcome) pending.delete(this);
    this.wake();
  }

  /** Any request may call this. */
  wake() {
    this.#turn?.resolve();
    this.#turn = undefined;
  }

  /** @returns {Promise<Response | undefined>} */
  async response() {
    while (!this.#outcome) {
      await this.#news();
      this.isAsked = false;
    }
    const { response, error } = this.#outcome;
    if (error) throw error;
    return response;
  }

  async #released() {
    while (this.#kept > 0) {
      await this.#news();
      this.isAsked = false;
    }
  }

  #news() {
    this.#turn ??= Promise.withResolvers();
    return this.#turn.promise;
  }
}

/**
 * Fails all pending requests, whose instance has died.
 * @param {unknown} error
 */
export function failAll(error) {
  const failing = pending;
  pending = new Set();
  for (const request of failing) request.abandon(error);
}

// When a client leaves, the platform may end its request without a word: nothing that it waits for comes any more. So where
// more than a few are pending, those that were left alone for long are asked whether they are there. A promise that any
// request may resolve goes on in the one that waits for it, or not at all if that is over: who has not answered after the
// same time again is abandoned.
const FEW = 256;
// An answer takes milliseconds.
const LONG_MS = 2000;
// With each new request, so that none pays for many: of one that is over, that is one to ask it and one to abandon it.
const AT_ONCE = 4;

/**
 * Abandons requests that the platform has ended, and has `forget` called with their numbers. To be called before a new
 * request is added, which does not listen yet.
 * @param {(number: number) => void} forget
 */
export function forgetAbandoned(forget) {
  if (pending.size <= FEW) return;
  const now = Date.now();
  let left = AT_ONCE;
  // In the order in which they came or were asked.
  for (const request of pending) {
    if (left === 0 || now - request.aloneSince < LONG_MS) return;
    left -= 1;
    pending.delete(request);
    if (request.isAsked) {
      forget(request.number);
      request.abandon(new Error("the platform seemed to have ended the request"));
    } else {
      request.isAsked = true;
      request.aloneSince = now;
      pending.add(request);
      request.wake();
    }
  }
}
