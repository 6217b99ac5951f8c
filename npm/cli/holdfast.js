#!/usr/bin/env node
// The command line of the package.
import { parseArgs } from "node:util";

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
      --env NAME                      the environment in the file
      --keep                          bind a namespace for last good copies, empty at the start
      --health --token SECRET         bind the object that gathers counts, and show the dashboard

npx wrangler deploy puts it online.`;

const text = { type: "string" };
const flag = { type: "boolean" };

/** @type {Record<string, { options: Record<string, any>, run: (options: any, words: string[]) => Promise<number> }>} */
const COMMANDS = {
  init: {
    options: { origin: text, host: text, name: text, yes: flag },
    run: async (options) => (await import("./init.js")).init(options),
  },
  check: {
    options: {},
    run: async (_options, [file]) => {
      const { isInOrder, said } = (await import("./check.js")).checked(file);
      (isInOrder ? console.log : console.error)(said);
      return isInOrder ? 0 : 1;
    },
  },
  serve: {
    options: {
      origin: { type: "string", multiple: true },
      zone: text,
      port: text,
      env: text,
      keep: flag,
      health: flag,
      token: text,
    },
    run: async (options) => (await import("./serve.js")).serve(options),
  },
};

const [name, ...rest] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) {
  const isAsked = name === undefined || name === "help" || name === "--help" || name === "-h";
  (isAsked ? console.log : console.error)(isAsked ? HELP : `no command ${name}\n\n${HELP}`);
  process.exit(isAsked ? 0 : 2);
}
let given;
try {
  given = parseArgs({ args: rest, options: command.options, allowPositionals: name === "check" });
} catch (error) {
  console.error(`${error.message}\n\n${HELP}`);
  process.exit(2);
}
process.exitCode = await command.run(given.values, given.positionals);
