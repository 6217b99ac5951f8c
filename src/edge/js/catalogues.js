// @ts-check
// The catalogues of the languages other than English. They are bytes until an error is to be told in one of them: an
// isolate that only passes requests on neither compiles nor reads them.
import catalogues from "./catalogues.bin";

/**
 * The texts of a language by its number, a line for each message: see `src/language.rs`, which keeps them.
 * @param {number} index
 */
export const catalogue = (index) => new TextDecoder().decode(catalogues).split("\0")[index] ?? "";
