// The settings that a command works with: those of wrangler's file, and what was said on the command line instead.
import { readFileSync } from "node:fs";
import { checked } from "./check.js";
import { mistakesIn, settings } from "./rules.js";

/** Settings that the Worker would refuse. */
export class Refused extends Error {
  /** @override */
  name = "Refused";
}

/**
 * The file that wrangler reads, and the settings in it, if both are in order.
 * @param {{ env?: string, origins?: string[], isRouteMode?: boolean, set?: string[] }} said
 */
export function checkedSettings({ env, origins = [], isRouteMode = false, set = [] }) {
  const { isInOrder, said, file } = checked();
  if (!isInOrder || file === undefined) throw new Refused(said);
  const text = settings(file, readFileSync(file, "utf8"), env, origins, isRouteMode, set);
  const mistakes = mistakesIn(text);
  if (mistakes) throw new Refused(mistakes);
  return { file, settings: /** @type {{ origins?: string[] }} */ (JSON.parse(text)) };
}
