//! What JavaScript decides by itself is what Rust would have decided.
//!
//! It is tried in Node, whose URLs are the platform's: both are the URL Standard's (<https://url.spec.whatwg.org>).

use holdfast::body::{self, HELD_FIRST, HeldFirst, Plan};
use holdfast::config::Settings;
use holdfast::head;
use http::Method;
use serde_json::{Value, json};

/// Prints how many URLs were told apart, and how many of them without taking them to pieces; fails at the first that is
/// not what the URL Standard makes of it.
const URLS: &str = r##"
let taken = 0;
globalThis.URL = class extends URL {
  constructor(...given) {
    super(...given);
    taken += 1;
  }
};
const { normalForm } = await import("./src/edge/js/headers.js");

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

/// Prints heads, with the length for which their bodies are held before Rust has seen them.
const HEADS: &str = r##"
const { lengthToHold, setHoldRule } = await import("./src/edge/js/hold_rule.js");
setHoldRule(...JSON.parse(process.argv[1]));

const lengths = ["", "content-length:5\n", "content-length:1000\n", "content-length:1001\n", "content-length:0\n"].concat(
  ["-5", "5, 5", "5,6", " 5", "+5", "5x", "0x5", "1e2", "", "99999999999999999999"].map((length) => `content-length:${length}\n`),
);
const others = [
  "", "transfer-encoding:chunked\n", "content-encoding:gzip\n", "x-accel-buffering:no\n", "x-accel-buffering:No\n",
  "x-accel-buffering:yes\n", "content-type:text/event-stream\n", "content-type:Text/Event-Stream ;charset=utf-8\n",
  "content-type:application/x-ndjson\n", "content-type:Application/JSONL\n", "content-type:application/json-seq\n",
  "content-type:application/stream+json\n", "content-type:application/grpc\n", "content-type:application/grpc-web+proto\n",
  "content-type:application/jsonlines\n", "content-type:application/geo+json-seq;x=y\n", "content-type:application/ndjson\n",
  "content-type:multipart/x-mixed-replace;boundary=x\n", "content-type:application/json\n",
  "content-type:text/html\n", "content-type: text/event-stream\n", "x-other:content-length:7\n",
];
const heads = [];
for (const status of [199, 200, 203, 204, 205, 206, 301, 304, 404, 499, 500, 503, 999]) {
  for (const length of lengths) {
    for (const one of others) {
      for (const two of others) {
        for (const fields of [one + two + length, length + two + one]) {
          heads.push([status, fields, lengthToHold(status, fields, 1000) ?? null]);
        }
      }
    }
  }
}
console.log(JSON.stringify(heads));
"##;

fn node(program: &str, argument: &str) -> String {
    let mut node = xtask::node::node().unwrap();
    node.args(["--input-type=module", "--eval", program, "--", argument])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = node.output().expect("Node.js is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_target_is_taken_for_normal_only_if_it_is() {
    let text = node(URLS, "");
    let counts: Vec<u32> = text.split_whitespace().map(|count| count.parse().unwrap()).collect();
    let [tried, taken] = counts[..] else { panic!("{text}") };
    assert!(tried > 150_000 && taken < tried * 4 / 5, "{taken} of {tried} were taken to pieces");
}

#[test]
fn a_body_is_held_before_its_head_is_seen_only_if_it_would_be_held_then() {
    let mut settings = Settings::default();
    settings.body.buffer = 1000;
    let HeldFirst { statuses, bodiless, may_stream } = HELD_FIRST;
    let rule = json!([statuses.start, statuses.end, bodiless, may_stream]).to_string();
    let heads: Vec<(u16, String, Value)> = serde_json::from_str(&node(HEADS, &rule)).unwrap();
    let mut held = 0;
    for (status, fields, length) in &heads {
        let Some(length) = length.as_i64() else { continue };
        let plan = body::plan(&Method::GET, *status, &head::fields_from(fields.clone(), 0), &settings);
        assert_eq!(plan, Plan::Hold { length: u64::try_from(length).ok() }, "{status} {fields:?}");
        held += 1;
    }
    assert!(held > 1000 && held < heads.len() / 2, "{held} of {}", heads.len());
}
