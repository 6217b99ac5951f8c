// The baselines of an answer without the origin, level by level as in `passing.js`. Nothing is decided or looked up. The
// variable `LEVEL` chooses.
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
    const level = env.LEVEL;
    if (level >= 2 && fieldsOf(request) === "") throw new Error("no fields");
    const answer = new Response(level >= 4 ? PAGE : BODY, { status: level >= 4 ? 503 : 200, headers: FIELDS });
    answer.headers.set("Age", "1");
    answer.headers.append("Cache-Status", "baseline; hit");
    if (level >= 3) console.log(JSON.stringify({ at: new Date().toISOString(), url: request.url, ...LINE }));
    return answer;
  },
};

function fieldsOf({ headers }) {
  let fields = "";
  for (const [name, value] of headers) fields += `${name}:${value}\n`;
  return fields;
}
