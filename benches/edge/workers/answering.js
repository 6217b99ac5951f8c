// What an answer without the origin cannot do without, a rung at a time, as in `passing.js`; nothing is decided or looked
// up. `RUNG` is how far up this one stands.
const BODY = new Uint8Array(1000).fill(120);
const PAGE = new Uint8Array(12000).fill(120);
const FIELDS = new Headers({
  "content-type": "text/html; charset=utf-8",
  "cache-control": "max-age=60",
  "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT",
  etag: '"one"',
});
const LINE = { outcome: "stale", status: 200, error: "connection_refused", attempts: [], words: "x".repeat(300) };

export default {
  fetch(request, env) {
    const rung = env.RUNG;
    if (rung >= 2 && fieldsOf(request) === "") throw new Error("no fields");
    const answer = new Response(rung >= 4 ? PAGE : BODY, { status: rung >= 4 ? 503 : 200, headers: FIELDS });
    answer.headers.set("Age", "1");
    answer.headers.append("Cache-Status", "ladder; hit");
    if (rung >= 3) console.log(JSON.stringify({ at: new Date().toISOString(), url: request.url, ...LINE }));
    return answer;
  },
};

function fieldsOf({ headers }) {
  let fields = "";
  for (const [name, value] of headers) fields += `${name}:${value}\n`;
  return fields;
}
