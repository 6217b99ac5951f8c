// @ts-check
// The pace of a body: how many bytes is a read of it worth waiting for?
//
// A read gives what has come, which from afar is 16 KiB, however large its buffer is. Each read is a turn of the isolate, and
// each turn counts as CPU time. So while a body comes fast, a read waits for more.
//
// That has a price: bytes that have come wait for others, they are lost if the body breaks off meanwhile, and a body that has
// become slow looks silent. So a read waits for what should come in a few milliseconds, and only where the rest of the body
// can be requested.

/** The most bytes that a read waits for. */
export const MOST_AT_ONCE = 4 * 65536;

// A read that took longer was slow, and so was one that took more than an eighth of the longest silence. With the default of
// 15 s a fast body must become 150 times slower before it looks silent.
const QUICK_MS = 100;

// After so many quick reads in a row a body comes fast.
const QUICK_READS = 8;

/**
 * @typedef {object} Pace
 * @property {number} least how many bytes the next read waits for
 * @property {(bytes: number, ms: number) => void} gave notes what a read gave, and how long it took
 */

/**
 * @param {number} idleMs the longest silence of the body
 * @returns {Pace}
 */
export function paceOf(idleMs) {
  const quickMs = Math.min(QUICK_MS, idleMs / 8);
  let quickReads = 0;
  return {
    least: 1,
    gave(bytes, ms) {
      quickReads = ms <= quickMs ? quickReads + 1 : 0;
      // Twice as much takes twice as long, and should still be quick.
      const worth = ms <= quickMs / 4 ? 2 * bytes : bytes;
      this.least = quickReads < QUICK_READS ? 1 : Math.min(worth, MOST_AT_ONCE);
    },
  };
}
