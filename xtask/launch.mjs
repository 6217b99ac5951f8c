// Runs the built Worker in workerd until its standard input ends.
//
// The first line of standard input says what to run, as JSON: see Launch in src/serve.rs. Answers are lines
// of JSON as well: {"url", "runtime"} once it listens, then {"log"} for each message that the Worker logs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as read } from "wrangler";

const say = (message) => void process.stdout.write(`${JSON.stringify(message)}\n`);

const input = readline.createInterface({ input: process.stdin });
const launch = JSON.parse(await new Promise((line) => input.once("line", line)));

// The Worker's messages and workerd's own come on the same streams; workerd's say where in its source they
// were written. They are of use when it does not start, and noise later: the Worker reports what failed.
function take(line) {
  let message;
  try {
    message = JSON.parse(line);
  } catch {
    message = { source: "workerd", message: line };
  }
  if (message.source === undefined) say({ log: message.message });
  else if (!listens) process.stderr.write(`${message.message}\n`);
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

const types = { ".js": "ESModule", ".wasm": "CompiledWasm", ".bin": "Data" };
const files = readdirSync(launch.module, { recursive: true })
  .map((name) => path.join(launch.module, name))
  .filter((file) => path.extname(file) in types)
  .sort((a, b) => (b === launch.entry) - (a === launch.entry));

// Logs the spans of the Worker's requests that the platform's tracing would export, a line each when it ends.
const TRACES = {
  name: "traces",
  compatibilityDate: "2026-04-01",
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

try {
  miniflare = new Miniflare({
    log: new Log(LogLevel.ERROR),
    structuredWorkerdLogs: true,
    handleRuntimeStdio(...streams) {
      for (const input of streams) readline.createInterface({ input }).on("line", take);
    },
    cf: false,
    ...(launch.storage && { durableObjectsPersist: launch.storage }),
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
        // What a fetch of the public URL comes to on a route: the zone's own origin.
        ...(launch.zone && { outboundService: { external: { address: launch.zone, http: {} } } }),
        kvNamespaces: launch.keep ? { HOLDFAST_KEEP: "HOLDFAST_KEEP" } : options.kvNamespaces,
        modules: files.map((file) => ({ type: types[path.extname(file)], path: file })),
        modulesRoot: launch.module,
        ...(launch.traces && { streamingTails: [TRACES.name] }),
        // Without the front Worker, which would negotiate and apply a compression of its own.
        unsafeDirectSockets: [{ host: "127.0.0.1", port: launch.port }],
      },
      ...(launch.traces ? [TRACES] : []),
      ...externalWorkers,
    ],
  });
  await miniflare.ready;
  listens = true;
  // Whoever started this asks for the cron trigger with a line.
  input.on("line", async () => {
    await (await miniflare.getWorker()).scheduled();
    say({ triggered: true });
  });
  say({ url: (await miniflare.unsafeGetDirectURL()).origin, runtime: runtime() });
} catch (error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  await end(1);
}
