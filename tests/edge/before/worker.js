// A Worker that somebody has already, with Holdfast before it. It answers by the first part of the path.
import { before, OriginHealth } from "./before.js";

export { OriginHealth };

/** How often each path was asked for. */
const asked = new Map();

async function respond(request, env, ctx) {
  const url = new URL(request.url);
  const count = (asked.get(url.pathname) ?? 0) + 1;
  asked.set(url.pathname, count);
  const text = new TextEncoder();
  switch (url.pathname.split("/")[1]) {
    case "tells": {
      ctx.waitUntil(Promise.resolve());
      const { method, headers } = request;
      const body = await request.text();
      const fields = { "Content-Type": "application/json", "Set-Cookie": "a=1" };
      const told = { method, url: request.url, own: headers.get("x-own"), body, settings: typeof env.HOLDFAST };
      return Response.json(told, { status: 201, headers: fields });
    }
    case "throws-once":
      if (count === 1) throw new TypeError("x is undefined");
      return new Response(`answered, asked ${count} times`);
    case "throws":
      throw new Error("a bug of the Worker's");
    case "throws-later":
      if (count > 1) throw new Error("a bug of the Worker's");
      return new Response("v1", { headers: { "Cache-Control": "max-age=1, stale-if-error=600", Age: "1" } });
    case "nothing":
      return undefined;
    case "hangs":
      await scheduler.wait(60_000);
      return new Response("too late");
    case "count":
      return new Response(String(asked.get(url.searchParams.get("of")) ?? 0), { headers: { "Cache-Control": "no-store" } });
    case "fetches":
      // As most do: on with the request, elsewhere.
      return fetch(url.searchParams.get("from"), request);
    case "streams":
    case "tears": {
      const isTorn = url.pathname.startsWith("/tears");
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(text.encode("first, "));
          await scheduler.wait(20);
          if (isTorn) return controller.error(new Error("torn"));
          controller.enqueue(text.encode("second"));
          controller.close();
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/plain" } });
    }
    default:
      return new Response("not found", { status: 404 });
  }
}

const handlers = {
  fetch: respond,
  async scheduled(controller, env) {
    console.log(JSON.stringify({ scheduled: typeof controller.scheduledTime, settings: typeof env.HOLDFAST }));
  },
};

export default before(handlers);
