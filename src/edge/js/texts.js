// @ts-check
// The texts that only a page needs. They are bytes until then: an isolate that only passes requests on neither compiles
// nor reads them.
import texts from "./texts.bin";

/**
 * The text at this place in the file, where NUL stands between texts: see `src/texts.rs`.
 * @param {number} place from zero
 */
export const text = (place) => {
  const bytes = new Uint8Array(texts);
  let start = 0;
  for (let before = 0; before < place; before += 1) start = bytes.indexOf(0, start) + 1;
  const end = bytes.indexOf(0, start);
  return new TextDecoder().decode(bytes.subarray(start, end < 0 ? undefined : end));
};
