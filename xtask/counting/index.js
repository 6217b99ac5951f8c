// The Worker's module with its crossings of the border counted. `GET /.counts?beside=0` answers with what was counted
// since it last did, or nothing while more is under way than that. A request with `Dies` names the export in which its
// instance dies: see counts.js.
import worker from "./worker.js";
import { dieIn, take } from "./counts.js";

export * from "./worker.js";

// Requests, and work behind their answers.
let open = 0;

async function opened(work) {
  open += 1;
  try {
    return await work;
  } finally {
    open -= 1;
  }
}

export default {
  ...worker,

  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/.counts") return Response.json(open > Number(searchParams.get("beside")) ? null : take());
    const dies = request.headers.get("Dies");
    if (dies) dieIn(dies);
    const waitUntil = ctx.waitUntil.bind(ctx);
    Object.defineProperty(ctx, "waitUntil", { value: (work) => waitUntil(opened(work)) });
    return opened(worker.fetch(request, env, ctx));
  },
};
