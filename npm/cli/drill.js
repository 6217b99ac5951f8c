// Prints the header field that forces a failure.
import { drillField } from "./rules.js";

/**
 * @param {{ token?: string, for?: string }} options
 * @param {string[]} words the failure and the site
 * @returns {Promise<number>} the exit code
 */
export async function drill(
  { token = process.env.HOLDFAST_TOKEN ?? "", for: validity = "5m" },
  [word = "", site = ""],
) {
  console.log(drillField(token, word, site, validity, Date.now()));
  return 0;
}
