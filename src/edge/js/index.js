// @ts-check
// The entry of the Worker. The code of the Durable Object is a module of its own: see `object.js`.
import { answer, probe } from "./handlers.js";

export { OriginHealth } from "./object.js";

/** @import { Env } from "./pending.js" */

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {ExecutionContext} ctx
   */
  fetch: (request, env, ctx) => answer(request, env, ctx),

  /**
   * @param {ScheduledController} _controller
   * @param {Env} env
   * @param {ExecutionContext} ctx
   */
  scheduled: (_controller, env, ctx) => probe(env, ctx),
};
