// The suite of tests for HTTP caches behind cache-tests.fyi: its origin, its client and its judgement.
//
// The first line of standard input says what to run, as JSON: see `run` in src/conformance.rs. Answers are lines of JSON
// as well: {"origin"} once the suite's origin listens on loopback; then, after a line {"base"} with the address of the
// cache, {"score", "cases", "published"}. It ends when standard input does.
//
// Nothing here judges. What is asked, what the origin answers and whether a test passes is the suite's own code, and so
// is the client where it is npm's package; a checkout of the repository brings its folder `test-engine` and uses
// Node.js's own `fetch`.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const say = (message) => new Promise((sent) => process.stdout.write(`${JSON.stringify(message)}\n`, sent));

const input = readline.createInterface({ input: process.stdin });
// Whoever started this has closed the pipe, or is gone.
input.once("close", () => process.exit(0));
const lines = input[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);

const job = await next();
// The suite prints what it sends and gets on request, and warnings; standard output is for answers.
console.log = job.dump ? console.error : () => {};

const isCheckout = existsSync(path.join(job.suite, "test-engine"));
const engine = isCheckout ? path.join(job.suite, "test-engine") : job.suite;
const load = (...file) => import(pathToFileURL(path.join(...file)));

const { default: suites } = await load(job.suite, "tests/index.mjs");
// The suite's own command line and its site add these to the others.
const surrogate = path.join(job.suite, "tests/surrogate-control.mjs");
if (existsSync(surrogate)) suites.push((await load(surrogate)).default);
const { determineTestResult } = await load(engine, isCheckout ? "lib/results.mjs" : "lib/display.mjs");

// What the suite calls a result, by the sign that it prints for it.
const verdicts = {
  "✅": "pass",
  "⛔️": "fail",
  "⚠️": "optional_fail",
  Y: "yes",
  N: "no",
  "🔹": "setup_fail",
  "⁉️": "harness_fail",
  "⚪️": "dependency_fail",
  "↻": "retry",
  "-": "untested",
};

// Tests of what only browsers do are not for a shared cache.
const tests = suites.flatMap((suite) => suite.tests.filter((test) => test.browser_only !== true));

const unknown = job.ids.filter((id) => !tests.some((test) => test.id === id));
if (unknown.length) throw new Error(`the suite has no such tests: ${unknown.join(", ")}`);

// A test that builds upon one that failed has not passed, unless it is looked at alone.
function judge(results, heedsOthers = true) {
  return tests.map((test) => ({
    id: test.id,
    name: test.name,
    kind: test.kind ?? "required",
    verdict: verdicts[determineTestResult(suites, test.id, results, heedsOthers)[2]],
    reason: results[test.id]?.[1] ?? "",
  }));
}

// Passed and all, of each kind, the same for this cache and for those whose results are published.
function count(cases) {
  const score = { required: [0, 0], optimal: [0, 0], check: [0, 0] };
  for (const { kind, verdict } of cases) {
    score[kind][0] += verdict === "pass" || verdict === "yes";
    score[kind][1] += 1;
  }
  return score;
}

async function published() {
  const file = path.join(job.suite, "results/index.mjs");
  if (!existsSync(file)) return [];
  const { default: caches } = await load(file);
  return caches
    .filter((cache) => cache.type !== "browser")
    .map((cache) => {
      const results = JSON.parse(readFileSync(path.join(job.suite, "results", cache.file), "utf8"));
      return { name: cache.name, version: cache.version, score: count(judge(results)) };
    });
}

const handlers = new Map();
for (const name of ["config", "state", "test"]) {
  handlers.set(name, (await load(engine, `server/handle-${name}.mjs`)).default);
}
const origin = createServer((request, response) => {
  const [, name, ...rest] = new URL(request.url, "http://origin.example").pathname.split("/");
  const handle = handlers.get(name);
  if (handle) return handle(rest, request, response);
  response.statusCode = 404;
  response.end();
});
await new Promise((listening) => origin.listen(0, "127.0.0.1", listening));
await say({ origin: `http://127.0.0.1:${origin.address().port}` });

const { base } = await next();
const { runTests, getResults } = await load(engine, "client/runner.mjs");
const chosen = suites.map((suite) => ({
  ...suite,
  tests: job.ids.length ? suite.tests.filter(({ id }) => job.ids.includes(id)) : suite.tests,
}));
for (const { tests } of chosen) for (const test of tests) test.dump = job.dump;
if (isCheckout) {
  await runTests(chosen, false, base, job.together);
} else {
  const fetch = createRequire(path.join(job.suite, "package.json"))("node-fetch");
  await runTests(chosen, fetch, false, base, job.together);
}
const cases = judge(getResults(), job.ids.length === 0);
await say({ score: count(cases), cases, published: await published() });
process.exit(0);
