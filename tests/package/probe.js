// Does with the cache and the namespace what its tests ask for.
const url = (name) => `http://holdfast.test/${name}`;
const whole = (size, fill) => new Uint8Array(size).fill(fill);

/** A body without a length that breaks off after `size` bytes, or ends there. */
function stream(size, fill, isTorn) {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  const write = async () => {
    for (let left = size; left > 0; left -= 70_000) await writer.write(whole(Math.min(left, 70_000), fill));
    await (isTorn ? writer.abort(new Error("torn")) : writer.close());
  };
  write().catch(() => {});
  return readable;
}

const described = (body) => {
  const bytes = new Uint8Array(body);
  return `${bytes.length} of ${[...new Set(bytes)].join()}`;
};

export default {
  async fetch(request, { KEPT }) {
    const { pathname, searchParams } = new URL(request.url);
    const [, order, name] = pathname.split("/");
    const [size, fill] = ["size", "fill"].map((key) => Number(searchParams.get(key)));
    const headers = {
      "cache-control": `max-age=${searchParams.get("age") ?? 60}`,
      "holdfast-entry": `entry of ${name}`,
    };
    const cache = await caches.open("holdfast");
    const orders = {
      put: () => cache.put(url(name), new Response(whole(size, fill), { headers })),
      stream: () => cache.put(url(name), new Response(stream(size, fill, false), { headers })),
      torn: () => cache.put(url(name), new Response(stream(size, fill, true), { headers })),
      match: async () => {
        const found = await cache.match(url(name));
        return found ? `${found.headers.get("holdfast-entry")}: ${described(await found.arrayBuffer())}` : "miss";
      },
      // Reads a part, lets the entry be replaced, and reads on.
      slowly: async () => {
        const reader = (await cache.match(url(name))).body.getReader();
        await reader.read();
        await cache.put(url(name), new Response(whole(10, 1), { headers }));
        for (;;) if ((await reader.read()).done) return "whole";
      },
      delete: () => cache.delete(url(name)),
      keep: () => KEPT.put(name, whole(size, fill), searchParams.has("age") ? { expirationTtl: 60 } : {}),
      kept: async () => {
        const value = await KEPT.get(name, { type: "stream", cacheTtl: 30 });
        return value ? described(await new Response(value).arrayBuffer()) : "none";
      },
      forget: () => KEPT.delete(name),
    };
    try {
      return new Response(String(await orders[order]()));
    } catch (error) {
      return new Response(`failed: ${error.message}`);
    }
  },
};
