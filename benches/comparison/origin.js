// An origin that is well, or fails in one way.
import net from "node:net";

/** @typedef {"well" | "refuse" | "hang" | "503" | "empty" | "break off" | "lose"} Mode */

const COPIED = { "Content-Type": "text/html", "Cache-Control": "max-age=1, stale-if-error=600" };
const LARGE = { "Content-Type": "application/zip", "Cache-Control": "no-store", ETag: '"1"', "Accept-Ranges": "bytes" };

/** What a page says when all is well. */
export const GOOD = "good page";
const PAGE = `<html><title>Shop</title><p>${GOOD}</p>${"x".repeat(3000)}</html>`;

/** How long the large body is, and how much of it comes before it breaks off. */
export const [WHOLE, BROKEN] = [5 * 1024 * 1024, 2 * 1024 * 1024];

export class Origin {
  /** @type {Mode} */
  #mode = "well";
  /** @type {Set<net.Socket>} */
  #sockets = new Set();
  #server = net.createServer((socket) => this.#serve(socket));
  port = 0;
  /** The requests since this was last set to zero. */
  seen = 0;

  async start() {
    await new Promise((listens) => this.#server.listen(this.port, "127.0.0.1", () => listens(undefined)));
    this.port = /** @type {net.AddressInfo} */ (this.#server.address()).port;
    return this;
  }

  /** @param {Mode} mode */
  async set(mode) {
    const [before, refuses] = [this.#mode, mode === "refuse"];
    this.#mode = mode;
    if (refuses && before !== "refuse") await this.stop();
    if (!refuses && before === "refuse") await this.start();
  }

  async stop() {
    const closed = new Promise((closed) => this.#server.close(closed));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** @param {net.Socket} socket */
  #serve(socket) {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
    let text = "";
    socket.setEncoding("latin1").on("data", (piece) => {
      text += piece;
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        text = text.slice(end + 4 + length);
        this.seen += 1;
        this.#answer(socket, head);
      }
    });
  }

  /** @param {net.Socket} socket @param {string} head */
  #answer(socket, head) {
    const mode = head.includes(" /large ") && this.#mode !== "break off" ? "well" : this.#mode;
    if (head.includes(" /large ")) return this.#answerLarge(socket, head);
    if (mode === "well") send(socket, "200 OK", COPIED, PAGE);
    if (mode === "503") send(socket, "503 Service Unavailable", {}, "<h1>Service Unavailable</h1>");
    if (mode === "empty") send(socket, "200 OK", COPIED, "");
    if (mode === "lose") socket.resetAndDestroy();
    if (mode === "break off") {
      send(socket, "200 OK", { ...COPIED, "Content-Length": PAGE.length }, PAGE.slice(0, 13));
      setTimeout(() => socket.destroy(), 100);
    }
  }

  /** @param {net.Socket} socket @param {string} head */
  #answerLarge(socket, head) {
    const from = /^range: *bytes=(\d+)-/im.exec(head)?.[1];
    const rest = "x".repeat(WHOLE - Number(from ?? 0));
    if (from !== undefined) {
      const range = { "Content-Range": `bytes ${from}-${WHOLE - 1}/${WHOLE}` };
      send(socket, "206 Partial Content", { ...LARGE, ...range }, rest);
    } else if (this.#mode === "break off") {
      send(socket, "200 OK", { ...LARGE, "Content-Length": WHOLE }, rest.slice(0, BROKEN));
      setTimeout(() => socket.destroy(), 300);
    } else {
      send(socket, "200 OK", LARGE, rest);
    }
  }
}

/** @param {net.Socket} socket @param {string} status @param {Record<string, string | number>} fields @param {string} body */
function send(socket, status, fields, body) {
  const all = Object.entries({ "Content-Length": body.length, ...fields }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`HTTP/1.1 ${status}\r\n${all.join("")}\r\n${body}`);
}
