// Writes a configuration for wrangler.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import readline from "node:readline/promises";
import { checked, readIn } from "./check.js";

/** What `init` needs to know. @typedef {{ origin?: string, host?: string, name?: string, yes?: boolean }} Answers */

/**
 * @param {Answers} given
 * @returns {Promise<number>} the exit code
 */
export async function init(given) {
  const file = path.resolve("wrangler.jsonc");
  const there = readIn(process.cwd());
  if (there !== undefined) {
    console.error(
      `${path.relative(process.cwd(), there)} is there already, and wrangler reads it; nothing was written`,
    );
    return 1;
  }
  const answers = given.yes ? given : await asked(given);
  const origin = withScheme(answers.origin);
  const host = bare(answers.host);
  if (host && !isHost(host)) {
    console.error(`--host ${host}: the host of a zone at Cloudflare is accepted; write e.g. www.example.com`);
    return 1;
  }
  if (!origin && !host) {
    console.error("say where requests go: --origin https://…, or --host for the zone's own origin");
    return 1;
  }
  const name =
    answers.name ??
    (path
      .basename(process.cwd())
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, "-")
      .replace(/^-+|-+$/g, "") ||
      "holdfast");
  writeFileSync(file, written({ name, origin, host }), { flag: "wx" });
  const { isInOrder, said } = checked();
  if (!isInOrder) {
    console.error(`${said}\nwrangler.jsonc is written; correct these`);
    return 1;
  }
  const added = origin && !answers.origin?.includes("://");
  const note = added ? `\n${origin}: https:// was put before it; write http:// if the origin has no TLS` : "";
  console.log(`${said}${note}\n\nwrangler.jsonc is written. Next:\n`);
  console.log("  npx holdfast serve        try it on this machine");
  console.log("  npx wrangler login        once");
  console.log("  npx wrangler deploy       put it online");
  return 0;
}

/** @param {Answers} given @returns {Promise<Answers>} */
async function asked(given) {
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    const origin =
      given.origin ??
      (await terminal.question(
        "Your server, as https://origin.example.com (empty: what the zone has behind Cloudflare): ",
      ));
    const host =
      given.host ?? (await terminal.question("The host that visitors use, as www.example.com (empty: none yet): "));
    return { ...given, origin, host };
  } finally {
    terminal.close();
  }
}

/** @param {string} [origin] */
function withScheme(origin) {
  const text = origin?.trim().replace(/\/$/, "");
  return text && !text.includes("://") ? `https://${text}` : text;
}

/** @param {string} [host] */
const bare = (host) =>
  host
    ?.trim()
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "");

/** Whether a route can have this host: it has a dot, and no port. @param {string} host */
const isHost = (host) => /^(\*[.-]?)?[^\s.:/*]+(\.[^\s.:/*]+)+\.?$/.test(host);

/** The file. @param {{ name: string, origin?: string, host?: string }} answers */
function written({ name, origin, host }) {
  const template = readFileSync(new URL("../template.jsonc", import.meta.url), "utf8");
  const routes = host ? `"routes": [${JSON.stringify(`${host}/*`)}],` : `// "routes": ["www.example.com/*"],`;
  const origins = origin ? `"origins": [${JSON.stringify(origin)}],` : `// "origins": ["https://origin.example.com"],`;
  const probed = JSON.stringify(host || "www.example.com");
  return template
    .replaceAll("NAME", name)
    .replace("/* ROUTES */", () => routes)
    .replace("/* ORIGINS */", () => origins)
    .replace("HOST", () => probed);
}
