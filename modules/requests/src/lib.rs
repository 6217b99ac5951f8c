//! What JavaScript calls to have requests answered: see `src/edge/entry.js` and `src/edge/bridge.js`.

#![cfg(target_family = "wasm")]

use holdfast::edge::task::{self, Given, Response};
use holdfast::edge::{self, Handle, Visit};
use holdfast::origin::failure::{Fault, Rejection};
use holdfast::time::Timestamp;
use wasm_bindgen::prelude::*;

/// Prepares a new instance.
#[wasm_bindgen(start)]
pub fn start() {
    edge::start();
    edge::start_pages();
}

/// As [`edge::fetch`].
#[wasm_bindgen]
pub fn fetch(now: f64, visit: Visit, number: u32, head: String) {
    edge::fetch(now, visit, number, head);
}

/// As [`edge::internal_error`].
#[wasm_bindgen]
pub fn internal_error(now: f64, visit: Visit, number: u32, head: String) {
    edge::internal_error(now, visit, number, head);
}

/// As [`edge::scheduled`].
#[wasm_bindgen]
pub fn scheduled(now: f64, visit: Visit, number: u32) {
    edge::scheduled(now, visit, number);
}

/// As [`task::forget`].
#[wasm_bindgen]
pub fn forget(visit: u32) {
    task::forget(visit);
}

/// As [`edge::passes_through`].
#[wasm_bindgen]
pub fn passes_through(env: &JsValue) -> bool {
    edge::passes_through(env)
}

/// Hands in that call `call` is done.
#[wasm_bindgen]
pub fn done(now: f64, call: u32) {
    task::hand_in(now, call, Ok(Given::Nothing));
}

/// Hands in a number.
#[wasm_bindgen]
pub fn give_number(now: f64, call: u32, number: f64) {
    task::hand_in(now, call, Ok(Given::Number(number)));
}

/// Hands in a text, or none.
#[wasm_bindgen]
pub fn give_text(now: f64, call: u32, text: Option<String>) {
    task::hand_in(now, call, Ok(Given::Text(text)));
}

/// Hands in a response of an origin's, whose head came at `received_at`, and whose body is `whole` bytes long if it is
/// here; else that is below zero.
#[wasm_bindgen]
pub fn give_response(
    now: f64,
    call: u32,
    status: u16,
    fields: String,
    body: Handle,
    received_at: f64,
    whole: f64,
) {
    let received_at = Timestamp::from_millis(received_at as u64);
    let whole = (whole >= 0.0).then_some(whole as u64);
    let response = Response { status, fields, body, received_at, whole };
    task::hand_in(now, call, Ok(Given::Response(response)));
}

/// Hands in an entry of a store.
#[wasm_bindgen]
pub fn give_entry(now: f64, call: u32, entry: String, body: Handle) {
    task::hand_in(now, call, Ok(Given::Entry(entry, body)));
}

/// Hands in that call `call` failed, and whose fault it is: 0 the origin's, 1 the client's, 2 ours.
#[wasm_bindgen]
pub fn failed(now: f64, call: u32, message: String, retryable: bool, timed_out: bool, fault: u8) {
    let fault = match fault {
        0 => Fault::Origin,
        1 => Fault::Client,
        _ => Fault::Platform,
    };
    task::hand_in(now, call, Err(Rejection { message, retryable, timed_out, fault }));
}
