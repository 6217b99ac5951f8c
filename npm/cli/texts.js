// The texts of pages, which come with the Worker: see `src/edge/js/texts.js`.
import { readFileSync } from "node:fs";

/** @type {string[] | undefined} */
let texts;

/** @param {number} place from zero */
export function text(place) {
  texts ??= readFileSync(new URL("../worker/texts.bin", import.meta.url), "utf8").split("\0");
  return texts[place] ?? "";
}
