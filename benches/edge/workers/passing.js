// The baselines of a careful pass-through, with as little code as the platform allows. Each level does what the one below
// it does and one thing more. Nothing is decided. The variable `LEVEL` chooses; 0 is the bare worker.
const FIRST_BYTE_MS = 10000;
const BODY_BYTES = 1000;

export default {
  async fetch(request, env) {
    const level = env.LEVEL;
    const { pathname, search } = new URL(request.url);
    let sent = request;
    let timer;
    if (level >= 1) sent = { method: request.method, headers: provenance(request), redirect: "manual" };
    if (level >= 2) Object.assign(sent, { cache: "no-store", encodeResponseBody: "manual" });
    if (level >= 3) {
      const controller = new AbortController();
      timer = setTimeout(() => controller.abort(), FIRST_BYTE_MS);
      sent.signal = controller.signal;
    }
    const response = await fetch(env.ORIGIN + pathname + search, sent);
    const body = level >= 4 ? await held(response.body) : response.body;
    if (level >= 3) clearTimeout(timer);
    if (level >= 5 && fieldsOf(request) + fieldsOf(response) === "") throw new Error("no fields");
    const answer = new Response(body, response);
    answer.headers.set("X-Served-By", "baseline");
    if (level >= 6) {
      answer.headers.append("Cache-Status", "baseline; fwd=bypass");
      answer.headers.append("Via", "1.1 baseline");
    }
    return answer;
  },
};

function provenance(request) {
  const headers = new Headers(request.headers);
  headers.set("X-Forwarded-Host", "www.example.test");
  headers.set("X-Forwarded-Proto", "https");
  headers.append("Via", "1.1 baseline");
  return headers;
}

async function held(stream) {
  const { value } = await stream.getReader({ mode: "byob" }).read(new Uint8Array(BODY_BYTES));
  if (value.byteLength !== BODY_BYTES) throw new Error("the body came in pieces");
  return value;
}

function fieldsOf({ headers }) {
  let fields = "";
  for (const [name, value] of headers) fields += `${name}:${value}\n`;
  return fields;
}
