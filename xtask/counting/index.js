// The entry of the Worker whose border crossings and calls of the platform are counted, before its own entry.
//
// `GET /.counts?beside=0` answers with the counts since it was last asked, or with null while more pieces of work than that
// are under way. Fields of a request have something happen while it is answered:
//
// - `Dies: resolve` has the instance die in this export: see counts.js.
// - `Throws: microtask` throws an error that nobody catches, but that is no death, in a microtask, and else in a promise.
// - `KV-Delay: 500` has KV answer later by so many milliseconds from then on.

// First, as they must run before the Worker makes its instance.
import { dieIn, take as crossings } from "./counts.js";
import { bound, take as asked } from "./asked.js";
import { waitUntil } from "cloudflare:workers";
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

// What nobody catches is in the platform's log, which tests do not see.
addEventListener("error", ({ error }) => console.log(`uncaught: ${error?.message}`));
addEventListener("unhandledrejection", ({ reason }) => console.log(`uncaught: ${reason?.message}`));

function throws(where) {
  const fail = () => {
    throw new RangeError("no instance died of this");
  };
  if (where === "microtask") queueMicrotask(fail);
  else Promise.resolve().then(fail);
}

let delay = 0;

// The bindings, with a namespace that answers as late as it is told to. The Worker keeps what it is given first.
function slowed(env) {
  const namespace = env.HOLDFAST_KEEP;
  if (!namespace) return env;
  const late = (name) => (...args) => {
    const answer = scheduler.wait(delay).then(() => namespace[name](...args));
    // It comes, even if the request that waited for it is over.
    if (delay > 0) waitUntil(answer);
    return answer;
  };
  const names = ["get", "getWithMetadata", "put", "list", "delete"];
  return { ...env, HOLDFAST_KEEP: Object.fromEntries(names.map((name) => [name, late(name)])) };
}

function watched(ctx) {
  const waitUntil = ctx.waitUntil.bind(ctx);
  Object.defineProperty(ctx, "waitUntil", { value: (work) => waitUntil(opened(work)) });
  return ctx;
}

export default {
  ...worker,

  async fetch(request, env, ctx) {
    bound(env);
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/.counts") {
      const isBusy = open > Number(searchParams.get("beside"));
      return Response.json(isBusy ? null : { ...crossings(), asked: asked() });
    }
    const told = (field, act) => {
      const value = request.headers.get(field);
      if (value !== null) act(value);
    };
    told("Dies", dieIn);
    told("Throws", throws);
    told("KV-Delay", (ms) => {
      delay = Number(ms);
    });
    return opened(worker.fetch(request, slowed(env), watched(ctx)));
  },

  scheduled(controller, env, ctx) {
    bound(env);
    return opened(worker.scheduled(controller, slowed(env), watched(ctx)));
  },
};
