// A visitor: one request over a connection of its own, and what came of it.
import http from "node:http";
import { GOOD } from "./origin.js";

/** @typedef {{ status: number, body: string, bytes: number, isWhole: boolean, seconds: number }} Answer */

/**
 * @param {number} port
 * @param {number} visitor from 1 to 250, for an address
 * @param {string} path
 * @param {string} [method]
 * @returns {Promise<Answer>}
 */
export function ask(port, visitor, path, method = "GET") {
  const headers = {
    Host: "www.shop.test",
    Accept: "text/html",
    "CF-Connecting-IP": `203.0.113.${visitor}`,
    ...(method === "POST" && { "Content-Length": 3 }),
  };
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let [body, bytes] = ["", 0];
      response.on("data", (piece) => {
        bytes += piece.length;
        if (body.length < 10000) body += piece;
      });
      const done = () => {
        const [status, seconds] = [response.statusCode ?? 0, (performance.now() - began) / 1000];
        resolve({ status, body, bytes, isWhole: response.complete, seconds });
        request.destroy();
      };
      response.on("end", done).on("error", done);
    });
    request.on("error", reject);
    request.end(method === "POST" ? "a=1" : undefined);
  });
}

/** What came, in words. @param {Answer} answer */
export function said({ status, body, bytes, isWhole }) {
  if (!isWhole) return `${status}, broken off after ${bytes} bytes`;
  if (body.includes(GOOD)) return "the copy";
  if (bytes > 1_000_000) return "all of it";
  if (bytes === 0) return `${status}, empty`;
  const heading = /<h1[^>]*>([^<]*)/.exec(body)?.[1];
  return `${status}, "${heading?.trim()}"`;
}
