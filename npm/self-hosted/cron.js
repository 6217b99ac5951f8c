// @ts-check
// Cron expressions in numbers: five fields with `*`, numbers, ranges, lists and steps, in UTC.

/** Minute, hour, day of the month, month; a day of the week from 1, Sunday, as Cloudflare has it. */
const BOUNDS = /** @type {const} */ ([
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [1, 7],
]);

/**
 * The values of each field; `undefined` if the expression is not understood.
 * @param {string} expression
 * @returns {Set<number>[] | undefined}
 */
export function parse(expression) {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== BOUNDS.length) return undefined;
  const sets = fields.map((field, place) => valuesOf(field, BOUNDS[place] ?? [0, 0]));
  return sets.every((set) => set !== undefined) ? /** @type {Set<number>[]} */ (sets) : undefined;
}

/**
 * @param {string} field
 * @param {readonly [number, number]} bounds
 */
function valuesOf(field, [least, most]) {
  /** @type {Set<number>} */
  const values = new Set();
  for (const part of field.split(",")) {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, from, to, step] = match;
    const first = from === undefined ? least : Number(from);
    const last = to !== undefined ? Number(to) : from === undefined || step !== undefined ? most : first;
    if (first < least || last > most || first > last || step === "0") return undefined;
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

/**
 * Whether the minute of `at` is one of `expression`. If both days are restricted, one of them is enough.
 * @param {string} expression
 * @param {Date} at
 */
export function isDue(expression, at) {
  const sets = parse(expression);
  if (!sets) return false;
  const now = [at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1, at.getUTCDay() + 1];
  const [minute, hour, day, month, weekday] = now.map((value, place) => sets[place]?.has(value));
  const [, , days, , weekdays] = expression.trim().split(/\s+/);
  const isDay = days !== "*" && weekdays !== "*" ? day || weekday : day && weekday;
  return Boolean(minute && hour && month && isDay);
}
