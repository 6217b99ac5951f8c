// @ts-check
// Entries in SQLite, bounded in bytes: the least recently used go first. Small bodies stand in the row, larger ones in pieces.

/** What is read with a row; larger bodies come piece by piece. */
const INLINE_BYTES = 64 * 1024;
/** Below what SQLite takes as a value (2 MB). */
const PIECE_BYTES = 1024 * 1024;
/** The pieces of a body have numbers in a row, from a multiple of this on: at most 4 GiB each. */
const PIECES = 4096;
/** How exactly it is known when an entry was last used: so often a hit writes, at most. */
const USE_MS = 10 * 60_000;
/** What a row takes beside its texts and its body. */
const ROW_BYTES = 100;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, head TEXT NOT NULL, body BLOB, pieces INTEGER NOT NULL, length INTEGER NOT NULL,
    bytes INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS by_use ON entries (used, bytes);
  CREATE TABLE IF NOT EXISTS pieces (id INTEGER PRIMARY KEY, data BLOB NOT NULL);`;

/**
 * An entry as it is read.
 * @typedef {object} Found
 * @property {string} head
 * @property {number} length of the body, in bytes
 * @property {number} expires
 * @property {ArrayBuffer | ReadableStream<Uint8Array>} body
 */

export class Entries {
  /** @type {DurableObjectStorage} */
  #storage;
  #limit;
  #bytes;
  /** The number of the next body that is in pieces. */
  #next;

  /**
   * @param {DurableObjectStorage} storage
   * @param {number} limit the most bytes that all entries may take
   */
  constructor(storage, limit) {
    this.#storage = storage;
    this.#limit = limit;
    for (const statement of SCHEMA.split(";")) if (statement.trim()) this.#run(statement);
    // What a process left that ended in the middle of a body.
    this.#run(`DELETE FROM pieces WHERE id / ${PIECES} NOT IN (SELECT pieces FROM entries)`);
    this.#bytes = this.#number("SELECT sum(bytes) FROM entries");
    this.#next = this.#number("SELECT max(pieces) FROM entries") + 1;
    this.#evict();
  }

  /** What all entries take. */
  get bytes() {
    return this.#bytes;
  }

  /**
   * @param {string} key
   * @param {number} now
   * @returns {Found | undefined} nothing if there is none, or its time is up
   */
  read(key, now) {
    const [row] = this.#run("SELECT head, body, pieces, length, expires, used FROM entries WHERE key = ?", key);
    if (!row) return undefined;
    const { head, body, pieces, length, expires, used } = /** @type {Row} */ (row);
    if (expires <= now) {
      this.remove(key);
      return undefined;
    }
    if (now - used > USE_MS) this.#run("UPDATE entries SET used = ? WHERE key = ?", now, key);
    return { head, length, expires, body: body ?? this.#stream(pieces, length) };
  }

  /**
   * Stores an entry in place of one with the same key. A body that breaks off leaves what was there before.
   * @param {string} key
   * @param {string} head
   * @param {AsyncIterable<Uint8Array> | Iterable<Uint8Array>} body
   * @param {number} expires
   * @param {number} now
   * @returns {Promise<boolean>} whether it is stored: no body may take more than a quarter of the limit
   */
  async write(key, head, body, expires, now) {
    const number = this.#next++;
    let count = 0;
    let length = 0;
    const write = (/** @type {Uint8Array} */ piece) => {
      this.#run("INSERT INTO pieces (id, data) VALUES (?, ?)", number * PIECES + count++, piece);
    };
    const discard = () => {
      if (count > 0) this.#run("DELETE FROM pieces WHERE id >= ? AND id < ?", number * PIECES, (number + 1) * PIECES);
    };
    /** What is not in a piece yet. @type {Uint8Array[]} */
    let waiting = [];
    let waits = 0;
    try {
      for await (const chunk of body) {
        length += chunk.byteLength;
        if (length > this.#limit / 4 || count + 2 > PIECES) {
          discard();
          return false;
        }
        waiting.push(chunk);
        waits += chunk.byteLength;
        if (waits >= PIECE_BYTES) {
          let rest = joined(waiting, waits);
          for (; rest.byteLength >= PIECE_BYTES; rest = rest.subarray(PIECE_BYTES))
            write(rest.subarray(0, PIECE_BYTES));
          waiting = [rest.slice()];
          waits = rest.byteLength;
        }
      }
    } catch (error) {
      discard();
      throw error;
    }
    const rest = joined(waiting, waits);
    const inline = length <= INLINE_BYTES ? rest : null;
    if (!inline && rest.byteLength > 0) write(rest);
    const bytes = length + head.length + 2 * key.length + ROW_BYTES;
    this.#storage.transactionSync(() => {
      this.remove(key);
      this.#run(
        "INSERT INTO entries (key, head, body, pieces, length, bytes, expires, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        key,
        head,
        inline,
        inline ? 0 : number,
        length,
        bytes,
        expires,
        now,
      );
    });
    this.#bytes += bytes;
    this.#evict();
    return true;
  }

  /**
   * @param {string} key
   * @returns {boolean} whether there was one
   */
  remove(key) {
    const [row] = this.#run("DELETE FROM entries WHERE key = ? RETURNING pieces, bytes", key);
    if (!row) return false;
    this.#forget(/** @type {Row} */ (row));
    return true;
  }

  #evict() {
    while (this.#bytes > this.#limit) {
      const oldest = "DELETE FROM entries WHERE key IN (SELECT key FROM entries ORDER BY used LIMIT 16)";
      const gone = this.#run(`${oldest} RETURNING pieces, bytes`);
      if (gone.length === 0) break;
      for (const row of gone) this.#forget(/** @type {Row} */ (row));
    }
  }

  /** @param {Pick<Row, "pieces" | "bytes">} row */
  #forget({ pieces, bytes }) {
    this.#bytes -= bytes;
    if (pieces > 0) this.#run("DELETE FROM pieces WHERE id >= ? AND id < ?", pieces * PIECES, (pieces + 1) * PIECES);
  }

  /**
   * @param {number} pieces
   * @param {number} length
   * @returns {ReadableStream<Uint8Array>}
   */
  #stream(pieces, length) {
    let count = 0;
    let left = length;
    return new ReadableStream({
      type: "bytes",
      pull: (controller) => {
        const [row] = this.#run("SELECT data FROM pieces WHERE id = ?", pieces * PIECES + count++);
        if (!row) {
          // The entry has been removed meanwhile. What has been read must not look whole.
          controller.error(new Error("the entry is gone"));
          return;
        }
        const data = new Uint8Array(/** @type {ArrayBuffer} */ (row.data));
        left -= data.byteLength;
        controller.enqueue(data);
        if (left <= 0) controller.close();
      },
    });
  }

  /**
   * @param {string} statement
   * @param {...SqlStorageValue | Uint8Array} values
   */
  #run(statement, ...values) {
    return this.#storage.sql.exec(statement, ...values).toArray();
  }

  /** @param {string} statement */
  #number(statement) {
    const [row] = this.#run(statement);
    return Number(Object.values(row ?? {})[0] ?? 0);
  }
}

/**
 * @typedef {object} Row
 * @property {string} head
 * @property {ArrayBuffer | null} body
 * @property {number} pieces
 * @property {number} length
 * @property {number} bytes
 * @property {number} expires
 * @property {number} used
 */

/**
 * @param {Uint8Array[]} parts
 * @param {number} length of all together
 */
function joined(parts, length) {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
