// @ts-check
// Holdfast before a Worker that somebody has: that Worker is the origin.
import { answer, probe } from "./handlers.js";
import { described } from "./instance.js";

export { OriginHealth } from "./object.js";

/** @import { Env, Origin } from "./pending.js" */

/** @typedef {(request: Request, env: any, ctx: any) => Response | Promise<Response>} Fetch */

/**
 * `worker` with Holdfast before its `fetch`, an object of handlers or a class of entrypoints. Its other handlers stay as they
 * are; the cron trigger also does what `probe` says.
 * @template W
 * @param {W} worker
 * @returns {W}
 */
export function before(worker) {
  const wrapped = typeof worker === "function" ? classBefore(worker) : handlersBefore(/** @type {any} */ (worker));
  return /** @type {W} */ (wrapped);
}

/** @param {Record<string, any> & { fetch: Fetch }} worker */
function handlersBefore(worker) {
  /** @type {(env: Env, ctx: ExecutionContext) => Origin} */
  const originOf = (env, ctx) => async (request) => worker.fetch(request, env, ctx);
  return {
    ...worker,
    /** @type {(request: Request, env: Env, ctx: ExecutionContext) => Promise<Response | undefined>} */
    fetch: (request, env, ctx) => answer(request, env, ctx, originOf(env, ctx)),
    /** @type {(controller: ScheduledController, env: Env, ctx: ExecutionContext) => Promise<void>} */
    async scheduled(controller, env, ctx) {
      probing(env, ctx, originOf(env, ctx));
      await worker.scheduled?.(controller, env, ctx);
    },
  };
}

/** @param {any} Worker */
function classBefore(Worker) {
  return class extends Worker {
    /** @param {Request} request */
    fetch(request) {
      return answer(request, this.env, this.ctx, async (asked) => super.fetch(asked));
    }

    /** @param {ScheduledController} controller */
    async scheduled(controller) {
      probing(this.env, this.ctx, async (asked) => super.fetch(asked));
      await super.scheduled?.(controller);
    }
  };
}

/**
 * Probes beside what the Worker itself does on its trigger, which a failure here does not reach.
 * @param {Env} env
 * @param {ExecutionContext} ctx
 * @param {Origin} origin
 */
function probing(env, ctx, origin) {
  const probed = probe(env, ctx, origin).catch((error) =>
    console.error(`holdfast: a probe failed: ${described(error)}`),
  );
  ctx.waitUntil(probed);
}
