// @ts-check
// Header fields and URLs as they cross the border.
//
// Fields cross as one string with a line "name:value" for each: neither part can hold a line break (RFC 9110 §5.5).

/**
 * The head of a request: a line with its method and URL, and its fields.
 * @param {Request} request
 */
export function headOf(request) {
  return `${request.method} ${normalForm(request.url)}\n${fieldsOf(request.headers)}`;
}

/** The beginning of the last normal form, up to the slash behind its authority. */
let site = "/";

// Everything that the URL Standard changes is matched here, and more: dot segments, and all but a few characters.
const MAY_CHANGE = /[^\w\-.~!$&()*+,;=:@/?]|\/\./;

/**
 * The normal form of `url`, by which the origin is asked. The platform leaves a target as the client sent it, with
 * "%2e%2e" and "\\" in it, and what is stored has to have the name that the origin was asked for.
 * @param {string} url
 */
export function normalForm(url) {
  if (url.startsWith(site) && !MAY_CHANGE.test(url.slice(site.length - 1))) return url;
  const { href, origin } = new URL(url);
  if (url.startsWith(`${origin}/`)) site = `${origin}/`;
  return href;
}

/**
 * `reference` resolved against `base`, if it can be.
 * @param {string} reference
 * @param {string} base
 */
export function resolveUrl(reference, base) {
  try {
    return new URL(reference, base).href;
  } catch {
    return undefined;
  }
}

/** @param {Headers} headers */
export function fieldsOf(headers) {
  let fields = "";
  headers.forEach((value, name) => {
    fields += `${name}:${value}\n`;
  });
  return fields;
}

/**
 * Calls `act` with each line of `text` from `from` on. The text is empty or ends with a line break.
 * @param {string} text
 * @param {number} from
 * @param {(line: string) => void} act
 */
function eachLine(text, from, act) {
  for (let start = from; start < text.length; ) {
    const end = text.indexOf("\n", start);
    act(text.slice(start, end));
    start = end + 1;
  }
}

/**
 * `headers` with edits: `-name` deletes, `=name:value` sets, `+name:value` appends.
 * @param {Headers} headers
 * @param {string} edits
 * @param {number} [from] where the edits begin in the text
 */
export function changed(headers, edits, from = 0) {
  eachLine(edits, from, (line) => {
    const colon = line.indexOf(":");
    if (colon < 0) headers.delete(line.slice(1));
    else if (line[0] === "=") headers.set(line.slice(1, colon), line.slice(colon + 1));
    else headers.append(line.slice(1, colon), line.slice(colon + 1));
  });
  return headers;
}

/** @param {string} fields */
export function headersFrom(fields) {
  const headers = new Headers();
  eachLine(fields, 0, (line) => {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1));
  });
  return headers;
}

// Fields that many responses have in common are copied from an object made before, which is faster than making it.
/** @type {Map<string, Headers>} */
const built = new Map();
const MOST_BUILT = 64;
const LONGEST_BUILT = 4096;

/**
 * As `headersFrom`, remembered. The result is shared: do not change it.
 * @param {string} fields
 */
export function builtHeaders(fields) {
  const found = built.get(fields);
  if (found) return found;
  const headers = headersFrom(fields);
  if (fields.length > LONGEST_BUILT) return headers;
  if (built.size === MOST_BUILT) built.delete(/** @type {string} */ (built.keys().next().value));
  built.set(fields, headers);
  return headers;
}
