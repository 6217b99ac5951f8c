//! The names by which pages are stored are those by which the origin is asked for them, whatever a client writes.
//!
//! `bridge.js` leaves targets that are in their normal form already as they are. Whether it knows which ones are is
//! tried in Node, whose URLs are the platform's: both are the URL Standard's (<https://url.spec.whatwg.org>).

use std::process::Command;

/// Prints how many URLs were told apart, and how many of them without taking them to pieces; fails at the first that is
/// not what the URL Standard makes of it.
const TRIAL: &str = r##"
import { readFileSync } from "node:fs";

let taken = 0;
globalThis.URL = class extends URL {
  constructor(...given) {
    super(...given);
    taken += 1;
  }
};
const code = readFileSync("src/edge/bridge.js", "utf8");
const { normalForm } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

let state = 1;
const below = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
const any = (list) => list[below(list.length)];
const some = (most, make) => Array.from({ length: below(most + 1) }, make).join("");
const sites = [
  "http://a.test", "http://a.test:8080", "https://a.test", "http://A.test", "http://a.test:80", "http://u@a.test",
  "http://1.2.3", "http://[::1]", "http:\\\\a.test", "http://a.test.", "http://ä.test", "HTTP://a.test",
];
const pieces = [
  "/", "//", "/./", "/../", "/.", "..", ".", "%2e", "%2E%2e", "/%2e/", "%", "%zz", "\\", "?", "??", "#", "a", "b.html",
  "index", "~x", "-", "_", "'", '"', "<", ">", "`", "{", "}", "|", "^", "[", "]", " ", "\t", "\n", "é", "\u{1f600}",
  "\u00ad", "&", "=", "+", ",", ";", ":", "@", "!", "$", "(", ")", "*", "a=1&b=2", "/.well-known/x", "\0", "\u007f",
];
const plain = pieces.filter((piece) => /^[\w/?&=+,;:@!$()*~.-]+$/.test(piece));
const all = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
const targets = [
  ...[...all].flatMap((letter) => [`/${letter}`, `/a${letter}b`, `/a/${letter}`, `/?${letter}`, `/?a${letter}b`]),
  ...Array.from({ length: 100_000 }, () => `${any(["/", "/", "/", "", "?", "\\"])}${some(6, () => any(pieces))}`),
  ...Array.from({ length: 100_000 }, () => `/${some(6, () => any(plain))}`),
];
let tried = 0;
for (const target of targets) {
  const url = (tried % 3 ? sites[0] : any(sites)) + target;
  let expected;
  try {
    expected = new URL(url).href;
  } catch {
    continue;
  }
  taken -= 1;
  tried += 1;
  const given = normalForm(url);
  if (given !== expected) throw new Error(JSON.stringify({ url, given, expected }));
}
console.log(tried, taken);
"##;

#[test]
fn a_target_is_taken_for_normal_only_if_it_is() {
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", TRIAL]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = node.output().expect("Node.js is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let counts: Vec<u32> = text.split_whitespace().map(|count| count.parse().unwrap()).collect();
    let [tried, taken] = counts[..] else { panic!("{text}") };
    assert!(tried > 150_000 && taken < tried * 4 / 5, "{taken} of {tried} were taken to pieces");
}
