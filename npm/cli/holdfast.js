#!/usr/bin/env node
// The command line of the package.
import { parseArgs } from "node:util";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`Node.js 22.12 or newer is needed, as wrangler needs it; this is ${process.versions.node}`);
  process.exit(1);
}

const HELP = `Holdfast keeps a website answering when its origin fails.

  npx holdfast init                 writes wrangler.jsonc; asks, or takes
      --origin URL                    your server
      --host HOST                     the host that visitors use
      --name NAME                     the name of the Worker
      --yes                           ask nothing
  npx holdfast check [FILE]         says whether wrangler's file is in order, and what in it has no effect
  npx holdfast serve                runs the Worker on this machine
      --origin URL                    another origin than the file's; several are tried in this order
      --zone HOST:PORT                in place of origins: where the zone's own origin is (route mode)
      --port PORT                     8787 unless given; 0 for any free one
      --set KEY=VALUE                 a setting, such as timeouts.first_byte=2s; may be given several times
      --env NAME                      the environment in the file
      --keep                          bind a namespace for last good copies, empty at the start
      --health --token SECRET         bind the object that gathers counts, and show the dashboard; a secret has at
                                      least 16 characters
  npx holdfast pages                writes every error page, in every language and theme, to a folder with an index
      --out FOLDER                    error-pages unless given
      --set KEY=VALUE                 a setting, such as page.accent=#802060; may be given several times
      --env NAME                      the environment in the file whose brand they have
  npx holdfast drill FAILURE SITE   prints the header field that forces a failure (docs/failures.md) for each
                                    request to the site, a URL or a host, that carries it
      --for SPAN                      for how long: 5m unless given, at most 1h
      --token SECRET                  the operators' secret, unless it is in HOLDFAST_TOKEN
  npx holdfast mask-check URL       asks a deployed site for a forced 502 and 504, and says whether our page arrives
                                    or what replaces it; ends with 2 if one does not arrive as it left
      --token SECRET                  the operators' secret, unless it is in HOLDFAST_TOKEN; it is not sent
      --header "NAME: VALUE"          a further header field of each request; may be given several times
  npx holdfast self-host            makes one program of workerd, the Worker and a store, for a machine of your own
      --listen HOST:PORT              127.0.0.1:8787 unless given; *:8787 for every address
      --data FOLDER                   for what outlives the program; self-hosted/data unless given
      --cache SIZE --memory SIZE      the most that the cache may take on disk (1GiB) and in memory (64MiB)
      --origin URL --set KEY=VALUE --env NAME    as for serve
      --out FOLDER                    where it is written; self-hosted unless given

npx wrangler deploy puts it online.`;

const text = /** @type {const} */ ({ type: "string" });
const texts = /** @type {const} */ ({ type: "string", multiple: true });
const flag = /** @type {const} */ ({ type: "boolean" });

/**
 * @typedef {object} Command
 * @property {NonNullable<import("node:util").ParseArgsConfig["options"]>} options
 * @property {string} [usage] with the words that it takes besides; none unless said
 * @property {[least: number, most: number]} [words] how many
 * @property {(options: any, words: string[]) => Promise<number>} run
 */

/** @type {Record<string, Command>} */
const COMMANDS = {
  init: {
    options: { origin: text, host: text, name: text, yes: flag },
    run: async (options) => (await import("./init.js")).init(options),
  },
  check: {
    options: {},
    usage: "npx holdfast check [FILE]",
    words: [0, 1],
    run: async (_options, [file]) => {
      const { isInOrder, said, file: read } = (await import("./check.js")).checked(file);
      if (!isInOrder || read === undefined) {
        console.error(said);
        return 1;
      }
      console.log(await (await import("./main.js")).withMain(said, read));
      return 0;
    },
  },
  serve: {
    options: { origin: texts, zone: text, port: text, set: texts, env: text, keep: flag, health: flag, token: text },
    run: async (options) => (await import("./serve.js")).serve(options),
  },
  pages: {
    options: { out: text, set: texts, env: text },
    run: async (options) => (await import("./pages.js")).pages(options),
  },
  drill: {
    options: { for: text, token: text },
    usage: "npx holdfast drill FAILURE SITE",
    words: [2, 2],
    run: async (options, words) => (await import("./drill.js")).drill(options, words),
  },
  "mask-check": {
    options: { token: text, header: texts },
    usage: "npx holdfast mask-check URL",
    words: [1, 1],
    run: async (options, words) => (await import("./mask-check.js")).maskCheck(options, words),
  },
  "self-host": {
    options: { out: text, listen: text, data: text, cache: text, memory: text, origin: texts, set: texts, env: text },
    run: async (options) => (await import("./self-host.js")).selfHost(options),
  },
};

/** @param {string} why @returns {never} */
function misused(why) {
  console.error(`${why}; npx holdfast help lists all commands`);
  process.exit(2);
}

/** What was thrown, in words. @param {unknown} error */
const said = (error) => (error instanceof Error ? error.message : String(error));

const [name = "help", ...rest] = process.argv.slice(2);
if (["help", "--help", "-h"].includes(name) || rest.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (!command) misused(`no command ${name}`);
const [least, most] = command.words ?? [0, 0];
let given;
try {
  given = parseArgs({ args: rest, options: command.options, allowPositionals: most > 0 });
} catch (error) {
  misused(said(error));
}
const words = given.positionals;
if (words.length < least || words.length > most) misused(`write ${command.usage}`);
try {
  process.exitCode = await command.run(given.values, words);
} catch (error) {
  console.error(said(error));
  process.exitCode = error instanceof Error && error.name === "Refused" ? 2 : 1;
}
