// What is compared, before an origin on a port of this machine.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { convertV4MiniflareOptions as converted, Miniflare } from "miniflare";

/** @typedef {{ port: number, stop: () => Promise<void> }} Front */

const project = new URL("../../", import.meta.url);

/** @type {Record<string, (origin: number) => Promise<Front>>} */
export const FRONTS = {
  nginx: async (origin) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "comparison-"));
    const port = 8000 + Math.floor(Math.random() * 1000);
    const written = readFileSync(new URL("nginx.conf", import.meta.url), "utf8")
      .replaceAll("FOLDER", folder)
      .replaceAll("ORIGIN", `127.0.0.1:${origin}`)
      .replaceAll("PORT", String(port));
    writeFileSync(path.join(folder, "nginx.conf"), written);
    writeFileSync(path.join(folder, "error.html"), "<h1>Our error page</h1>\n");
    // Its workers have to be able to read and write there.
    const nginx = spawn("sh", ["-c", `chmod a+rwx ${folder} && exec nginx -c ${folder}/nginx.conf`], {
      stdio: "inherit",
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return { port, stop: () => ended(nginx).finally(() => rmSync(folder, { recursive: true })) };
  },
  "a careful Worker": async (origin) => {
    const bindings = {
      ORIGIN: `http://127.0.0.1:${origin}`,
      BREAKER_OPEN_MS: "5000",
      BACKOFF_MS: "200",
      BRAND: "Shop",
    };
    // In the form of version 4, as `xtask/launch.mjs`.
    const description = converted({
      workers: [
        {
          name: "careful",
          modules: true,
          script: readFileSync(new URL("benches/edge/workers/handwritten.js", project), "utf8"),
          compatibilityDate: "2026-04-01",
          bindings,
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
      cf: false,
      handleStructuredLogs: () => {},
    });
    const worker = new Miniflare(description);
    await worker.ready;
    return { port: Number((await worker.unsafeGetDirectURL()).port), stop: () => worker.dispose() };
  },
  Holdfast: (origin) => holdfast(origin, []),
  'Holdfast, `timeouts.serve_stale_after = "2s"`': (origin) =>
    holdfast(origin, ["--set", "timeouts.serve_stale_after=2s"]),
};

/** @param {number} origin @param {string[]} options @returns {Promise<Front>} */
async function holdfast(origin, options) {
  const words = ["xtask", "serve", "--port", "0", "--origin", `http://127.0.0.1:${origin}`, ...options];
  const serve = spawn("cargo", words, { cwd: project, stdio: ["ignore", "pipe", "ignore"] });
  const port = await new Promise((resolve, reject) => {
    readline.createInterface({ input: serve.stdout }).on("line", (line) => {
      const listens = /^http:\/\/127\.0\.0\.1:(\d+) /.exec(line);
      if (listens) resolve(Number(listens[1]));
    });
    serve.on("close", () => reject(new Error("Holdfast did not start")));
  });
  return { port, stop: () => ended(serve) };
}

/** @param {import("node:child_process").ChildProcess} child @returns {Promise<void>} */
function ended(child) {
  return new Promise((resolve) => {
    child.on("close", () => resolve());
    child.kill("SIGTERM");
  });
}
