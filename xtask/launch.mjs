// Runs the built Worker in workerd until its standard input ends.
//
// The first line of standard input says what to run, as JSON: see Launch in src/serve.rs. Answers are lines
// of JSON as well: {"url", "runtime", "has_dashboard"} once it listens, then {"log"} for each message that the Worker logs.
// If it may only run the Worker that the file names, or an operator must be able to sign in: {"other_main"} or
// {"no_token": true} instead, and it ends.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { convertV4MiniflareOptions as converted, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as read, unstable_readConfig as readConfig } from "wrangler";

const say = (message) => void process.stdout.write(`${JSON.stringify(message)}\n`);

const input = readline.createInterface({ input: process.stdin });
const launch = JSON.parse(await new Promise((line) => input.once("line", line)));

// The Worker's messages and workerd's own come on the same streams; workerd's say where in its source they
// were written, as `workerd/jsg/value.h:1456: failed: …`. They are of use when it does not start, and noise later: the
// Worker reports what failed. A line of JSON is the Worker's, whatever a visitor got into it.
const OF_WORKERD = /^(?!\{).*\b\w+(?:\/[\w.+-]+)+\.(?:h|c\+\+|rs):\d+: /;
function take({ message }) {
  if (!listens) process.stderr.write(`${message}\n`);
  else if (!OF_WORKERD.test(message)) say({ log: message });
}

// The version of the workerd that Miniflare starts: its own, unless the environment names another.
function runtime() {
  const { default: own } = createRequire(import.meta.resolve("miniflare"))("workerd");
  const answer = execFileSync(process.env.MINIFLARE_WORKERD_PATH ?? own, ["--version"], { encoding: "utf8" });
  return answer.trim().replace(/^workerd /, "");
}

// Everything that Miniflare and workerd write, the cache too, so that nothing of it stays behind.
const scratch = mkdtempSync(path.join(os.tmpdir(), "holdfast-"));
process.env.TMPDIR = scratch;

let miniflare;
let listens = false;
let ending = false;
async function end(code) {
  if (ending) return;
  ending = true;
  await miniflare?.dispose().catch(() => {});
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
  process.exit(code);
}
// Whoever started this has closed the pipe, or is gone.
input.once("close", () => end(0));
// A terminal sends these to every process in it; the one that started this decides.
process.on("SIGINT", () => {});

const { workerOptions, externalWorkers } = read(launch.wrangler_toml, launch.environment ?? undefined);
const { modulesRules, ...options } = workerOptions;
const token = launch.token ?? options.bindings?.HOLDFAST_TOKEN;
const hasHealth = launch.health || options.durableObjects?.HOLDFAST_HEALTH !== undefined;
if (launch.only_main) {
  const { main } = readConfig({ config: launch.wrangler_toml, env: launch.environment ?? undefined });
  if (main && !main.replaceAll("\\", "/").endsWith(launch.only_main)) {
    say({ other_main: main });
    await end(2);
  }
  if (launch.health && !token) {
    say({ no_token: true });
    await end(2);
  }
}

const types = { ".js": "ESModule", ".wasm": "CompiledWasm", ".bin": "Data" };
const files = readdirSync(launch.module, { recursive: true })
  .map((name) => path.join(launch.module, name))
  .filter((file) => path.extname(file) in types)
  .sort((a, b) => (b === launch.entry) - (a === launch.entry));

// Logs the spans of the Worker's requests that the platform's tracing would export, a line each when it ends.
const TRACES = {
  name: "traces",
  compatibilityDate: options.compatibilityDate,
  compatibilityFlags: ["streaming_tail_worker", "experimental"],
  modules: true,
  script: `
    export default {
      tailStream({ event: { spanId: root } }) {
        const spans = new Map();
        return ({ event, spanContext }) => {
          const span = spans.get(spanContext.spanId);
          if (event.type === "spanOpen") {
            spans.set(event.spanId, { name: event.name, root, parent: spanContext.spanId, id: event.spanId });
          } else if (event.type === "attributes" && span) {
            // The platform's own numbers are of a kind that JSON has not.
            for (const { name, value } of event.info) span[name] = typeof value === "bigint" ? Number(value) : value;
          } else if (event.type === "spanUpdate" && span) {
            span.status = event.info.status.code;
          } else if (event.type === "spanClose" && span) {
            console.log(JSON.stringify({ span }));
          }
        };
      },
    };`,
};

// What a fetch of the public URL comes to on a route: the zone's own origin. Miniflare sends all that a Worker fetches to
// another Worker, or through Node.js, but not to an address.
const ZONE = {
  name: "zone",
  compatibilityDate: options.compatibilityDate,
  modules: true,
  script: "export default { fetch: (request, env) => env.ORIGIN.fetch(request) };",
  serviceBindings: { ORIGIN: { external: { address: launch.zone, http: {} } } },
};

try {
  // In the form of version 4, which is the one that wrangler hands out.
  const description = converted({
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: take,
    cf: false,
    ...(launch.storage && { resourcePersistencePath: launch.storage }),
    workers: [
      {
        ...options,
        bindings: {
          ...options.bindings,
          HOLDFAST: launch.holdfast,
          ...(launch.token && { HOLDFAST_TOKEN: launch.token }),
        },
        ...(launch.health && {
          durableObjects: { HOLDFAST_HEALTH: { className: "OriginHealth", useSQLite: true } },
          analyticsEngineDatasets: { HOLDFAST_ANALYTICS: { dataset: "holdfast" } },
        }),
        ...(launch.zone && { outboundService: ZONE.name }),
        kvNamespaces: launch.keep ? { HOLDFAST_KEEP: "HOLDFAST_KEEP" } : options.kvNamespaces,
        modules: files.map((file) => ({ type: types[path.extname(file)], path: file })),
        modulesRoot: launch.module,
        ...(launch.traces && { streamingTails: [TRACES.name] }),
        // Without the front Worker, which would negotiate and apply a compression of its own.
        unsafeDirectSockets: [{ host: "127.0.0.1", port: launch.port }],
      },
      ...(launch.traces ? [TRACES] : []),
      ...(launch.zone ? [ZONE] : []),
      ...externalWorkers,
    ],
  });
  miniflare = new Miniflare(description);
  await miniflare.ready;
  listens = true;
  // Whoever started this asks for the cron trigger with a line.
  input.on("line", async () => {
    await (await miniflare.getWorker()).scheduled();
    say({ triggered: true });
  });
  const { origin: url } = await miniflare.unsafeGetDirectURL();
  say({ url, runtime: runtime(), has_dashboard: Boolean(hasHealth && token) });
} catch (error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  await end(1);
}
