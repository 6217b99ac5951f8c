// Runs the Worker on this machine, in workerd: what is served is what the Worker sent, byte for byte.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { OURS, refusal } from "./main.js";
import { mistakeInToken } from "./rules.js";
import { checkedSettings, Refused } from "./settings.js";

const NO_TOKEN = `--health needs --token SECRET: ${mistakeInToken("")}`;

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
  const mistake = token === undefined ? "" : mistakeInToken(token);
  if (mistake) throw new Refused(`--token: ${mistake}`);
  const { file, settings } = checkedSettings({ env, origins: origin, isRouteMode: zone !== undefined, set });
  await claim(port);
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
    only_main: OURS,
  };
  const launcher = spawn(process.execPath, [fileURLToPath(new URL("./launch.mjs", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  launcher.stdin.write(`${JSON.stringify(launch)}\n`);
  // The launcher ends with its standard input, and workerd with it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => launcher.stdin.end());
  endWithNpx(() => launcher.stdin.end());
  const to = zone ?? settings.origins?.join(", ") ?? "the zone's own origin";
  readline.createInterface({ input: launcher.stdout }).on("line", (line) => {
    const {
      url,
      runtime,
      has_dashboard: hasDashboard,
      log,
      other_main: other,
      no_token: hasNoToken,
    } = JSON.parse(line);
    if (other) console.error(refusal(other, "serve"));
    if (hasNoToken) console.error(NO_TOKEN);
    if (url) {
      console.log(`${url} -> ${to} (workerd ${runtime})`);
      if (hasDashboard) console.log(`dashboard: ${url}/.well-known/holdfast/status, with the token`);
      else console.log("no dashboard: --health --token SECRET (16 characters or more) binds it");
    }
    if (log !== undefined) console.log(log);
  });
  return new Promise((resolve) => launcher.on("close", (code) => resolve(code ?? 1)));
}

/** Refuses a port that nothing can listen on. @param {string} port */
async function claim(port) {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new Refused(`--port: ${port}: a number from 0 to 65535 is accepted`);
  }
  const server = net.createServer().listen(Number(port), "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    const why = code === "EADDRINUSE" ? "is in use" : `cannot be listened on (${code})`;
    throw new Refused(`port ${port} ${why}; --port names another, 0 any that is free`);
  }
  server.close();
  await once(server, "close");
}

/**
 * Calls `end` when npx or npm, if one of them started this, is gone: a signal to it alone does not arrive here.
 * @param {() => void} end
 */
function endWithNpx(end) {
  if (!process.env.npm_execpath) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, 500);
  watch.unref();
}
