// Runs the Worker on this machine, in workerd: what is served is what the Worker sent, byte for byte.
import { spawn } from "node:child_process";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { checkedSettings } from "./settings.js";

/**
 * @typedef {object} Options
 * @property {string[]} [origin] in place of those in the file
 * @property {string} [zone] where the zone's own origin is, in place of origins
 * @property {string} [port]
 * @property {string[]} [set] settings to be laid over those in the file
 * @property {string} [env]
 * @property {boolean} [keep]
 * @property {boolean} [health]
 * @property {string} [token]
 */

/**
 * @param {Options} options
 * @returns {Promise<number>} the exit code
 */
export async function serve({ origin, zone, port = "8787", set, env, keep, health, token }) {
  const { file, settings } = checkedSettings({ env, origins: origin, isRouteMode: zone !== undefined, set });
  // wrangler asks a server for newer versions, and reports its use, unless told not to.
  Object.assign(process.env, { WRANGLER_SEND_METRICS: "false", CI: "true" });
  const module = fileURLToPath(new URL("../worker", import.meta.url));
  const launch = {
    wrangler_toml: file,
    environment: env ?? null,
    module,
    entry: path.join(module, "index.js"),
    holdfast: settings,
    port: Number(port),
    zone,
    keep: keep === true,
    health: health === true,
    token,
  };
  const launcher = spawn(process.execPath, [fileURLToPath(new URL("./launch.mjs", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  launcher.stdin.write(`${JSON.stringify(launch)}\n`);
  // The launcher ends with its standard input, and workerd with it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => launcher.stdin.end());
  const to = zone ?? settings.origins?.join(", ") ?? "the zone's own origin";
  readline.createInterface({ input: launcher.stdout }).on("line", (line) => {
    const { url, runtime, log } = JSON.parse(line);
    if (url) console.log(`${url} -> ${to} (workerd ${runtime})`);
    if (log !== undefined) console.log(log);
  });
  return new Promise((resolve) => launcher.on("close", (code) => resolve(code ?? 1)));
}
