// What somebody would write instead of Holdfast, in one file and with care: timeouts, retries with backoff, a breaker,
// a cache with stale copies, 304 to conditional requests, an error page that tells 502 from 504, and a line in the log
// for each failure. Bodies that say how long they are and are not large are read to their end before they are
// answered, so that one that breaks off is retried and not stored. It knows less of the rules than Holdfast does: see
// docs/performance.md.
const FIRST_BYTE_MS = 10000;
const ATTEMPTS = 3;
const BACKOFF_MAX_MS = 2000;
const HOLD_BYTES = 256 * 1024;
const STALE_SECONDS = 86400;
const BREAKER_FAILURES = 5;
const HARMLESS_COOKIE = /^(_ga|_gid|_fbp)/;
const STORABLE = new Set([200, 203, 301, 404, 410]);
const TRANSIENT = new Set([502, 503, 504, 520, 521, 522, 523, 524]);

const breaker = { failures: 0, openUntil: 0 };

class OriginFailure extends Error {
  constructor(status, message, answer) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

export default {
  async fetch(request, env, ctx) {
    const isRead = request.method === "GET" || request.method === "HEAD";
    const cache = isRead ? await caches.open("site") : null;
    const stored = isRead ? await lookUp(cache, request) : null;
    if (stored && stored.age < stored.lifetime) return fromStore(request, stored, "hit");
    try {
      const response = await pursue(request, env, isRead);
      if (stored) stored.response.body?.cancel();
      return handOn(request, response, cache, ctx);
    } catch (error) {
      if (!(error instanceof OriginFailure)) throw error;
      console.log(
        JSON.stringify({
          at: new Date().toISOString(),
          method: request.method,
          url: request.url,
          ray: request.headers.get("cf-ray"),
          outcome: stored ? "stale" : "page",
          status: error.status,
          error: error.message,
        }),
      );
      if (stored && stored.age < stored.lifetime + stored.stale) return fromStore(request, stored, "hit; detail=stale");
      if (stored) stored.response.body?.cancel();
      return error.answer ?? errorPage(request, env, error);
    }
  },
};

async function lookUp(cache, request) {
  const response = await cache.match(request.url);
  if (!response) return null;
  const { storedAt, lifetime, stale, age } = JSON.parse(response.headers.get("x-stored"));
  return { response, lifetime, stale, age: age + (Date.now() - storedAt) / 1000 };
}

function fromStore(request, { response, age }, status) {
  const headers = new Headers(response.headers);
  headers.delete("x-stored");
  headers.delete("cf-cache-status");
  headers.set("Cache-Control", headers.get("x-cache-control") ?? "");
  headers.delete("x-cache-control");
  headers.set("Age", String(Math.floor(age)));
  headers.append("Cache-Status", `site; ${status}`);
  if (isNotModified(request, headers)) {
    response.body?.cancel();
    headers.delete("Content-Length");
    return new Response(null, { status: 304, headers });
  }
  return new Response(request.method === "HEAD" ? null : response.body, { status: response.status, headers });
}

function isNotModified(request, headers) {
  const tags = request.headers.get("if-none-match");
  const own = headers.get("etag");
  if (tags !== null) {
    const weak = (tag) => tag.trim().replace(/^W\//, "");
    return own !== null && tags.split(",").some((tag) => tag.trim() === "*" || weak(tag) === weak(own));
  }
  const since = Date.parse(request.headers.get("if-modified-since") ?? "");
  const modified = Date.parse(headers.get("last-modified") ?? "");
  return modified <= since;
}

async function pursue(request, env, isRead) {
  const now = Date.now();
  if (breaker.openUntil > now) throw new OriginFailure(503, "the origin is left alone");
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("if-none-match");
  headers.delete("if-modified-since");
  headers.set("X-Forwarded-Host", headers.get("host") ?? "");
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetchOnce(env.ORIGIN + pathname + search, request, headers);
      breaker.failures = 0;
      return response;
    } catch (failure) {
      breaker.failures += 1;
      if (breaker.failures >= Number(env.BREAKER_FAILURES ?? BREAKER_FAILURES)) {
        breaker.failures = 0;
        breaker.openUntil = Date.now() + Number(env.BREAKER_OPEN_MS);
      }
      if (!isRead || attempt === ATTEMPTS) throw failure;
      const most = Math.min(BACKOFF_MAX_MS, Number(env.BACKOFF_MS) * 2 ** (attempt - 1));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * most));
    }
  }
}

async function fetchOnce(url, request, headers) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), FIRST_BYTE_MS);
  try {
    const response = await fetch(url, {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      cache: "no-store",
      signal: controller.signal,
    });
    if (TRANSIENT.has(response.status)) {
      const answer = request.method === "GET" ? null : response;
      if (!answer) response.body?.cancel();
      throw new OriginFailure(response.status === 504 ? 504 : 502, `the origin answered ${response.status}`, answer);
    }
    const length = Number(response.headers.get("content-length") ?? Infinity);
    if (length > HOLD_BYTES) return { response, body: response.body };
    return { response, body: await response.arrayBuffer() };
  } catch (error) {
    if (error instanceof OriginFailure) throw error;
    const isLate = controller.signal.aborted;
    throw new OriginFailure(isLate ? 504 : 502, isLate ? "no answer in time" : "the connection failed");
  } finally {
    clearTimeout(timer);
  }
}

function handOn(request, { response, body }, cache, ctx) {
  const answer = new Response(response.status === 304 || request.method === "HEAD" ? null : body, response);
  const lifetime = cache && request.method === "GET" ? lifetimeOf(request, response) : 0;
  if (lifetime > 0) {
    const stale = directive(response.headers.get("cache-control") ?? "", "stale-if-error") ?? STALE_SECONDS;
    const age = Number(response.headers.get("age") ?? 0);
    const copy = body instanceof ReadableStream ? answer.clone() : new Response(body, response);
    const kept = new Response(copy.body, copy);
    kept.headers.set("x-stored", JSON.stringify({ storedAt: Date.now(), lifetime, stale, age }));
    kept.headers.set("x-cache-control", response.headers.get("cache-control") ?? "");
    kept.headers.set("Cache-Control", `max-age=${Math.ceil(lifetime + stale)}`);
    ctx.waitUntil(cache.put(request.url, kept).catch(() => {}));
  }
  answer.headers.append("Cache-Status", lifetime > 0 ? "site; fwd=miss; stored" : "site; fwd=miss");
  if (isNotModified(request, answer.headers)) {
    return new Response(null, { status: 304, headers: answer.headers });
  }
  return answer;
}

// Seconds for which anybody may have the answer, 0 if it is not to be stored.
function lifetimeOf(request, response) {
  const { headers } = response;
  if (!STORABLE.has(response.status) || headers.has("set-cookie") || headers.has("vary")) return 0;
  if (request.headers.has("authorization") || !hasHarmlessCookies(request)) return 0;
  const control = headers.get("cache-control") ?? "";
  if (/(^|[\s,])(no-store|private|no-cache)([\s,=]|$)/i.test(control)) return 0;
  const lifetime = directive(control, "s-maxage") ?? directive(control, "max-age");
  if (lifetime !== undefined) return lifetime;
  const expires = Date.parse(headers.get("expires") ?? "");
  const date = Date.parse(headers.get("date") ?? "");
  return expires > date ? (expires - date) / 1000 : 0;
}

function hasHarmlessCookies(request) {
  const cookies = request.headers.get("cookie");
  return cookies === null || cookies.split(";").every((cookie) => HARMLESS_COOKIE.test(cookie.trim()));
}

function directive(control, name) {
  const found = new RegExp(`(?:^|[\\s,])${name}\\s*=\\s*"?(\\d+)`, "i").exec(control);
  return found ? Number(found[1]) : undefined;
}

const WORDS = {
  502: ["Bad gateway", "The site's server gave no usable answer. Trying again in a moment may help."],
  503: ["The site is having trouble", "The site's server is failing at present and is left alone for a moment."],
  504: ["The site took too long", "The site's server gave no answer in time. Trying again in a moment may help."],
};

function errorPage(request, env, { status }) {
  const [heading, text] = WORDS[status];
  const id = request.headers.get("cf-ray") ?? crypto.randomUUID();
  const headers = { "Cache-Control": "no-store", "Retry-After": "5", "Proxy-Status": `site; error=${status}` };
  if (!(request.headers.get("accept") ?? "").includes("text/html")) {
    return Response.json({ status, title: heading, detail: text, id }, { status, headers });
  }
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${heading} · ${escape(env.BRAND)}</title>
<style>
body { font: 18px/1.5 system-ui, sans-serif; margin: 0; display: grid; place-items: center; min-height: 100vh; }
main { max-width: 36rem; padding: 2rem; }
h1 { line-height: 1.2; }
small { color: #666; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } small { color: #aaa; } }
</style>
</head>
<body>
<main>
<p>${escape(env.BRAND)}</p>
<h1>${heading}</h1>
<p>${text}</p>
<p><a href="">Try again</a></p>
<p><small>${status} · ${escape(id)} · ${new Date().toISOString()}</small></p>
</main>
<script>setTimeout(() => location.reload(), 10000);</script>
</body>
</html>
`;
  return new Response(page, { status, headers: { ...headers, "Content-Type": "text/html; charset=utf-8" } });
}

function escape(text) {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
