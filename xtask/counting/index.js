// The entry of the Worker whose border crossings are counted, before its own entry.
//
// `GET /.counts?beside=0` answers with the counts since it was last asked, or with null while more pieces of work than that
// are under way. The field `Dies` of a request names the export in which its instance dies: see counts.js.

// First, as it must run before the Worker makes its instance.
import { dieIn, take } from "./counts.js";
import worker from "./worker.js";

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
