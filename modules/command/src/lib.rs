//! What the command line of the npm package asks of Rust: see `npm/cli/`, and `npm/cli/command.d.ts` for the types.
//!
//! What goes wrong is thrown as text.

#![cfg(target_family = "wasm")]

mod mask_check;
mod pages;

use std::time::Duration;

use check::{Overlay, Problem, Problems, check_settings, check_text, left_aside, read_by_wrangler};
use holdfast::config::Token;
use holdfast::texts;
use holdfast::time::Timestamp;
use js_sys::{Array, Error, Function};
use operator::drill;
use serde_json::Value;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "./texts.js")]
extern "C" {
    /// The text at a place: see `npm/cli/texts.js`.
    fn text(place: usize) -> String;
}

/// Checks `text` as the contents of `file`, as [`check_text`] does: whether all is in order, and what is said, a finding a line.
#[wasm_bindgen]
pub fn check(file: &str, text: &str) -> Array {
    texts::read_with(self::text);
    let (is_in_order, said) = match check_text(file, text) {
        Ok(summary) => (true, summary.to_string()),
        Err(problems) => (false, problems.to_string()),
    };
    Array::of2(&JsValue::from(is_in_order), &JsValue::from(said))
}

/// What is said of a `file` that wrangler leaves aside for `read`.
#[wasm_bindgen(js_name = leftAside)]
pub fn left_aside_for(file: &str, read: &str) -> String {
    let text = left_aside(read);
    let problems = vec![Problem { line: None, table: String::new(), text }];
    Problems { file: file.to_owned(), problems }.to_string()
}

/// Where in some folders, each in the next one, wrangler finds its file: `exists` is asked with the number of a folder and a
/// name, and answers whether that file is there. The answer is the number and the name with a space between, or nothing.
#[wasm_bindgen(js_name = readByWrangler)]
pub fn found_by_wrangler(folders: usize, exists: &Function) -> Option<String> {
    let exists = |folder: usize, name: &str| {
        let answer = exists.call2(&JsValue::NULL, &JsValue::from(folder), &JsValue::from(name));
        answer.is_ok_and(|answer| answer.is_truthy())
    };
    read_by_wrangler(folders, exists).map(|(folder, name)| format!("{folder} {name}"))
}

/// The file by which frameworks have wrangler deploy another configuration.
#[wasm_bindgen(js_name = redirect)]
pub fn redirect() -> String {
    check::REDIRECT.to_owned()
}

/// The `HOLDFAST` variable of an `environment` in `text`, the contents of `file`, in JSON. `set` are settings to be laid over
/// it, as `key=value`, and `origins` too; there are none in route mode.
#[wasm_bindgen]
pub fn settings(
    file: &str,
    text: &str,
    environment: Option<String>,
    origins: Vec<String>,
    is_route_mode: bool,
    set: Vec<String>,
) -> Result<String, JsValue> {
    let settings = || {
        let set = set.iter().map(|text| check::key_and_value(text)).collect::<anyhow::Result<_>>()?;
        let written = check::settings_in(file, text, environment.as_deref())?;
        Overlay { origins, is_route_mode, set }.over(written)
    };
    settings().map(|settings| settings.to_string()).map_err(thrown)
}

/// What is wrong with a whole `HOLDFAST` in JSON, a mistake a line; nothing if it is accepted.
#[wasm_bindgen(js_name = mistakesIn)]
pub fn mistakes_in(settings: &str) -> String {
    match serde_json::from_str::<Value>(settings) {
        Ok(settings) => check_settings(&settings).join("\n"),
        Err(error) => format!("HOLDFAST: JSON is accepted; this is not: {error}"),
    }
}

/// What is wrong with an operators' token; nothing if it is accepted.
#[wasm_bindgen(js_name = mistakeInToken)]
pub fn mistake_in_token(token: &str) -> String {
    if Token::new(token).is_some() { String::new() } else { Token::RULE.to_owned() }
}

/// The header field that forces a failure: see [`drill::field`]. `now` is in milliseconds, `validity` as `5m`.
#[wasm_bindgen(js_name = drillField)]
pub fn drill_field(token: &str, word: &str, site: &str, validity: &str, now: f64) -> Result<String, JsValue> {
    let validity: anyhow::Result<Duration> = drill::read_validity(validity);
    validity.and_then(|validity| drill::field(token, word, site, validity, moment(now))).map_err(thrown)
}

/// The moment `now`, in milliseconds, as JavaScript has it.
fn moment(now: f64) -> Timestamp {
    Timestamp::from_millis(now as u64)
}

/// An error with its causes, as JavaScript gets it.
fn thrown(error: anyhow::Error) -> JsValue {
    JsValue::from(format!("{error:#}"))
}

/// What JavaScript has thrown.
fn caught(thrown: JsValue) -> anyhow::Error {
    let said = thrown.dyn_ref::<Error>().map(|error| String::from(error.message()));
    anyhow::anyhow!(said.or_else(|| thrown.as_string()).unwrap_or_default())
}
