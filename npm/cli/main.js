// Which Worker wrangler's file names: ours, or one that somebody has, before which `before` puts Holdfast.
import path from "node:path";

/** How `main` ends if it is ours. */
export const OURS = "holdfast/worker/index.js";

/** @param {string} [main] as wrangler reads it */
export const isOurs = (main) => main === undefined || main.replaceAll("\\", "/").endsWith(OURS);

/** What a command says that runs Holdfast alone. @param {string} main @param {string} command */
export function refusal(main, command) {
  const shown = path.relative(process.cwd(), main);
  return `main is ${shown}, a Worker of yours, and npx holdfast ${command} runs Holdfast alone; npx wrangler dev runs yours`;
}

/** `main` of an environment in `file`. @param {string} file @param {string} [env] */
export async function mainIn(file, env) {
  const { unstable_readConfig: read } = await import("wrangler");
  try {
    return read({ config: file, env }, { hideWarnings: true }).main;
  } catch {
    // wrangler says itself what it does not read.
    return undefined;
  }
}

/**
 * What is said of a file that is in order, without the claim that what reaches a Worker of somebody's own goes on to an origin.
 * @param {string} said
 * @param {string} file
 */
export async function withMain(said, file) {
  const ZONE = "to the zone's own origin";
  const lines = said.split("\n").map(async (line) => {
    const [, env, holdfast] = /: \[(?:env\.(.+?)\.)?vars\.(HOLDFAST)\] /.exec(line) ?? [];
    if (!holdfast || !line.includes(ZONE) || isOurs(await mainIn(file, env))) return line;
    return line.replace(ZONE, "before the Worker in main");
  });
  return (await Promise.all(lines)).join("\n");
}
