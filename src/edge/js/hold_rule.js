// @ts-check
// Which bodies are buffered before Rust has seen their heads. The rule is Rust's: `body::HELD_FIRST`.

/**
 * @typedef {object} HoldRule
 * @property {number} from the first status whose body may be buffered so
 * @property {number} below the first status after those
 * @property {Set<number>} bodiless statuses among them without a body
 * @property {RegExp} mayStream matches fields of a response that may have to stream
 */

/** @type {HoldRule} */
let rule = { from: 0, below: 0, bodiless: new Set(), mayStream: /^/ };

/**
 * Sets the rule, which each instance brings.
 * @param {number} from
 * @param {number} below
 * @param {Uint16Array} bodiless
 * @param {string} mayStream
 */
export function setHoldRule(from, below, bodiless, mayStream) {
  rule = { from, below, bodiless: new Set(bodiless), mayStream: new RegExp(mayStream, "im") };
}

/**
 * The length of a body that is to be buffered, -1 if its end will show; `undefined` if Rust has to decide.
 * @param {number} status
 * @param {string} fields
 * @param {number} limit
 */
export function lengthToHold(status, fields, limit) {
  const { from, below, bodiless, mayStream } = rule;
  const hasBody = status >= from && status < below && !bodiless.has(status);
  if (limit <= 0 || !hasBody || mayStream.test(fields)) return undefined;
  const stated = /^content-length:(.*)$/m.exec(fields)?.[1];
  if (stated === undefined || /^transfer-encoding:/m.test(fields)) return -1;
  const length = /^\d{1,15}$/.test(stated) ? Number(stated) : 0;
  return length > 0 && length <= limit ? length : undefined;
}
