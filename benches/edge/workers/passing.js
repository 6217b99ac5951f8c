// What a careful pass-through cannot do without, with as little code as the platform lets it: each rung does what the one
// below it does and one thing more. Nothing is decided. `RUNG` is how far up this one stands; 0 is the bare worker.
const FIRST_BYTE_MS = 10000;
const BODY_BYTES = 1000;

export default {
  async fetch(request, env) {
    const rung = env.RUNG;
    const { pathname, search } = new URL(request.url);
    let asked = request;
    let timer;
    if (rung >= 1) asked = { method: request.method, headers: provenance(request), redirect: "manual" };
    if (rung >= 2) Object.assign(asked, { cache: "no-store", encodeResponseBody: "manual" });
    if (rung >= 3) {
      const controller = new AbortController();
      timer = setTimeout(() => controller.abort(), FIRST_BYTE_MS);
      asked.signal = controller.signal;
    }
    const response = await fetch(env.ORIGIN + pathname + search, asked);
    const body = rung >= 4 ? await held(response.body) : response.body;
    if (rung >= 3) clearTimeout(timer);
    if (rung >= 5 && fieldsOf(request) + fieldsOf(response) === "") throw new Error("no fields");
    const answer = new Response(body, response);
    answer.headers.set("X-Served-By", "ladder");
    if (rung >= 6) {
      answer.headers.append("Cache-Status", "ladder; fwd=bypass");
      answer.headers.append("Via", "1.1 ladder");
    }
    return answer;
  },
};

function provenance(request) {
  const headers = new Headers(request.headers);
  headers.set("X-Forwarded-Host", "www.example.test");
  headers.set("X-Forwarded-Proto", "https");
  headers.append("Via", "1.1 ladder");
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
