// Asks a deployed site for a forced 502 and 504, and tells whether our page arrives or what replaces it.
import http from "node:http";
import https from "node:https";
import { maskCheck as ask } from "./rules.js";

/**
 * @param {{ token?: string, header?: string[] }} options
 * @param {string[]} words the page
 * @returns {Promise<number>} the exit code: 2 if a page does not arrive as it left
 */
export async function maskCheck({ token = process.env.HOLDFAST_TOKEN ?? "", header = [] }, [url = ""]) {
  const further = header.flatMap((field) => {
    const [, name, value] = /^([^\s:]+):\s*(.*)$/.exec(field) ?? [];
    if (name === undefined || value === undefined) throw new Error(`--header: ${field}: "NAME: VALUE" is accepted`);
    return [name, value];
  });
  /** @type {typeof answer} */
  const answerWith = (to, fields, limit, most) => answer(to, [...fields, ...further], limit, most);
  const [areOurs, said] = await ask(url, token, Date.now(), answerWith);
  process[areOurs ? "stdout" : "stderr"].write(said);
  return areOurs ? 0 : 2;
}

/**
 * The answer to a GET. Nothing is added to its header fields, no redirect is followed, and nothing is decoded.
 * @param {string} url
 * @param {string[]} fields a name, its value, the next name
 * @param {number} limit how long it may take, in milliseconds
 * @param {number} most the most bytes of its body
 * @returns {Promise<{ status: number, fields: string[], body: string }>}
 */
function answer(url, fields, limit, most) {
  const headers = Object.fromEntries(
    fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""]] : [])),
  );
  const { get } = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limit);
    signal.addEventListener("abort", () => reject(new Error(`none within ${limit / 1000} s`)));
    const request = get(url, { headers, signal, agent: false }, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      let bytes = 0;
      response.on("data", (chunk) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > most) request.destroy(new Error(`its body has more than ${most} bytes`));
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          fields: response.rawHeaders,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on("error", reject);
  });
}
