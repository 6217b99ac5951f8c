// @ts-check
// Entries in memory, bounded in bytes: the least recently used go first.

/** What an entry takes beside its texts and its body. */
const ENTRY_BYTES = 200;

/** @typedef {{ head: string, body: ArrayBuffer, expires: number }} Held */

export class Memory {
  /** In the order of their last use. @type {Map<string, Held>} */
  #entries = new Map();
  #limit;
  #bytes = 0;

  /** @param {number} limit in bytes */
  constructor(limit) {
    this.#limit = limit;
  }

  /** The most bytes of a body that is held: one must not displace all others. */
  get largest() {
    return this.#limit / 16;
  }

  /**
   * @param {string} key
   * @param {number} now
   * @returns {Held | undefined}
   */
  read(key, now) {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.remove(key);
    if (entry.expires <= now) return undefined;
    this.write(key, entry);
    return entry;
  }

  /**
   * @param {string} key
   * @param {Held} entry
   */
  write(key, entry) {
    this.remove(key);
    if (entry.body.byteLength > this.largest) return;
    this.#entries.set(key, entry);
    this.#bytes += taken(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limit) break;
      this.remove(oldest);
    }
  }

  /**
   * @param {string} key
   * @returns {boolean} whether there was one
   */
  remove(key) {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    this.#entries.delete(key);
    this.#bytes -= taken(key, entry);
    return true;
  }
}

/**
 * @param {string} key
 * @param {Held} entry
 */
const taken = (key, { head, body }) => 2 * key.length + head.length + body.byteLength + ENTRY_BYTES;
