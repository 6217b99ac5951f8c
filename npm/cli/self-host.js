// Makes one program of workerd, the Worker, its settings and a store on disk, for one's own machine.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "../self-hosted/cron.js";
import { isOurs, refusal } from "./main.js";
import { checkedSettings, Refused } from "./settings.js";

/**
 * @typedef {object} Options
 * @property {string} [out] the folder that is written
 * @property {string} [listen] as `127.0.0.1:8787`, `*:8787` or `unix:/run/holdfast/socket`
 * @property {string} [data] the folder for what outlives the process
 * @property {string} [cache] how much of the disk the cache may take
 * @property {string} [memory] how much of it is in memory too
 * @property {string[]} [origin] in place of those in the file
 * @property {string[]} [set] settings to be laid over those in the file
 * @property {string} [env]
 */

const KEPT_BYTES = 1024 ** 3;
const UNITS = { MiB: 1024 ** 2, GiB: 1024 ** 3 };
const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

/** A size of at least a megabyte, in bytes. @param {string} text */
function bytes(text) {
  const match = /^([1-9]\d{0,5})(MiB|GiB)$/.exec(text);
  return match?.[1] && match[2] ? Number(match[1]) * UNITS[/** @type {"MiB" | "GiB"} */ (match[2])] : undefined;
}

/**
 * @param {Options} options
 * @returns {Promise<number>} the exit code
 */
export async function selfHost({
  out = "self-hosted",
  listen = "127.0.0.1:8787",
  data,
  cache = "1GiB",
  memory = "64MiB",
  origin,
  set,
  env,
}) {
  const { file, settings } = checkedSettings({ env, origins: origin, set });
  // wrangler asks a server for newer versions, and reports its use, unless told not to.
  Object.assign(process.env, { WRANGLER_SEND_METRICS: "false", CI: "true" });
  const { unstable_readConfig: read } = await import("wrangler");
  const config = read({ config: file, env }, { hideWarnings: true });
  if (config.main && !isOurs(config.main)) throw new Refused(refusal(config.main, "self-host"));
  const crons = config.triggers?.crons ?? [];
  const limits = { memory: bytes(memory), cache: bytes(cache), kept: KEPT_BYTES };
  const mistakes = [];
  if (!settings.origins) mistakes.push("origins: no zone is behind this machine; say --origin, or set it in the file");
  for (const cron of crons) {
    if (!parse(cron)) mistakes.push(`triggers.crons: ${cron}: here numbers, *, ranges, lists and steps are understood`);
  }
  for (const [name, size] of Object.entries(limits)) {
    if (size === undefined) mistakes.push(`--${name}: a size such as "64MiB" or "1GiB" is accepted`);
  }
  if (mistakes.length > 0) throw new Refused(mistakes.join("\n"));
  const folder = path.resolve(out);
  const disk = path.resolve(data ?? path.join(folder, "data"));
  for (const [name, from] of Object.entries({ worker: "worker", store: "self-hosted" })) {
    rmSync(path.join(folder, name), { recursive: true, force: true });
    cpSync(path.join(PACKAGE, from), path.join(folder, name), { recursive: true });
  }
  if (data === undefined) mkdirSync(disk, { recursive: true });
  const { compatibility_date: date = "", compatibility_flags: flags = [] } = config;
  const written = configuration({ folder, settings, crons, limits, listen, disk, date, flags });
  writeFileSync(path.join(folder, "holdfast.capnp"), written);
  const program = path.join(folder, "holdfast");
  rmSync(program, { force: true });
  compile(path.join(folder, "holdfast.capnp"), program);
  console.log(`${path.relative(process.cwd(), program)} is made, for ${settings.origins?.join(", ")}. Run it:\n`);
  console.log(`  HOLDFAST_TOKEN=… ${path.relative(process.cwd(), program)} --experimental\n`);
  console.log(`It listens on ${listen} and keeps its data in ${disk}.`);
  return 0;
}

/**
 * One file with workerd and everything that it runs.
 * @param {string} config
 * @param {string} program
 */
function compile(config, program) {
  const { default: workerd } = createRequire(import.meta.resolve("miniflare"))("workerd");
  execFileSync(workerd, ["compile", "--", config], { stdio: ["ignore", openSync(program, "wx"), "inherit"] });
  chmodSync(program, 0o755);
}

/** A text as Cap'n Proto writes it. @param {string} text */
const quoted = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** @param {unknown} value */
const json = (value) => quoted(JSON.stringify(value));

/**
 * The modules in a folder, the entry first.
 * @param {string} folder
 * @param {string} name
 * @param {string} entry
 */
function modules(folder, name, entry) {
  /** @type {Record<string, string>} */
  const kinds = { ".js": "esModule", ".wasm": "wasm", ".bin": "data" };
  const files = readdirSync(path.join(folder, name)).filter((file) => path.extname(file) in kinds);
  return files
    .sort((a, b) => Number(b === entry) - Number(a === entry) || (a < b ? -1 : 1))
    .map((file) => `    (name = ${quoted(file)}, ${kinds[path.extname(file)]} = embed ${quoted(`${name}/${file}`)}),`)
    .join("\n");
}

/**
 * @param {object} what
 * @param {string} what.folder
 * @param {object} what.settings
 * @param {string[]} what.crons
 * @param {object} what.limits
 * @param {string} what.listen
 * @param {string} what.disk
 * @param {string} what.date
 * @param {string[]} what.flags
 */
function configuration({ folder, settings, crons, limits, listen, disk, date, flags }) {
  const { version } = JSON.parse(readFileSync(path.join(PACKAGE, "package.json"), "utf8"));
  return `# Written by \`npx holdfast self-host\`, for workerd. Write it again after each change of wrangler's file and each update.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "holdfast", worker = .holdfast),
    (name = "store", worker = .store),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    (name = "disk", disk = (path = ${quoted(disk)}, writable = true)),
  ],
  # The proxy before it says which scheme the visitor used.
  sockets = [(
    name = "http",
    address = ${quoted(listen)},
    service = "holdfast",
    http = (forwardedProtoHeader = "X-Forwarded-Proto"),
  )],
);

const holdfast :Workerd.Worker = (
  modules = [
${modules(folder, "worker", "index.js")}
  ],
  compatibilityDate = ${quoted(date)},
  compatibilityFlags = [${flags.map(quoted).join(", ")}],
  cacheApiOutbound = "store",
  bindings = [
    (name = "HOLDFAST", json = ${json(settings)}),
    (name = "HOLDFAST_TOKEN", fromEnvironment = "HOLDFAST_TOKEN"),
    (name = "HOLDFAST_ALERT_WEBHOOK", fromEnvironment = "HOLDFAST_ALERT_WEBHOOK"),
    (name = "HOLDFAST_ALERT_KEY", fromEnvironment = "HOLDFAST_ALERT_KEY"),
    (name = "HOLDFAST_VERSION", json = ${json(versionOf(version, settings))}),
    (name = "HOLDFAST_KEEP", kvNamespace = (name = "store", entrypoint = "Kept")),
    (name = "HOLDFAST_HEALTH", durableObjectNamespace = "OriginHealth"),
  ],
  durableObjectNamespaces = [(className = "OriginHealth", uniqueKey = "health", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
);

const store :Workerd.Worker = (
  modules = [
${modules(folder, "store", "store.js")}
  ],
  compatibilityDate = ${quoted(date)},
  # The first is for the cron triggers.
  compatibilityFlags = ["service_binding_extra_handlers", "no_nodejs_compat", "no_nodejs_compat_v2"],
  bindings = [
    (name = "HOLDFAST", service = "holdfast"),
    (name = "CACHE", durableObjectNamespace = "CacheStore"),
    (name = "KEPT", durableObjectNamespace = "KeptStore"),
    (name = "TIMER", durableObjectNamespace = "Timer"),
    (name = "LIMITS", json = ${json(limits)}),
    (name = "CRONS", json = ${json(crons)}),
  ],
  durableObjectNamespaces = [
    (className = "CacheStore", uniqueKey = "cache", enableSql = true, preventEviction = true),
    (className = "KeptStore", uniqueKey = "kept", enableSql = true, preventEviction = true),
    (className = "Timer", uniqueKey = "timer", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
);
`;
}

/** What the dashboard shows of this program. @param {string} version @param {object} settings */
function versionOf(version, settings) {
  const id = createHash("sha256").update(JSON.stringify(settings)).update(version).digest("hex");
  return { id: id.slice(0, 36), tag: `v${version}`, timestamp: new Date().toISOString() };
}
