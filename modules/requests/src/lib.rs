//! What JavaScript calls to have requests answered: see `src/edge/js/`.

#![cfg(target_family = "wasm")]

use holdfast::edge::executor::{self, Given, Response};
use holdfast::edge::{BodyHandle, PendingRequest, entry};
use holdfast::origin::failure::{Fault, Rejection};
use holdfast::time::Timestamp;
use wasm_bindgen::prelude::*;
use worker::{Env, event};

/// Prepares a new instance.
#[event(start)]
pub fn start() {
    entry::start();
}

/// As [`entry::fetch`].
///
/// No `#[event(fetch)]`: it always makes a promise and a microtask, which costs 7 to 10 µs of CPU, and answers every error
/// with a plain 500, so that the platform would never pass a request on to the zone's own origin.
#[wasm_bindgen]
pub fn fetch(now: f64, pending: PendingRequest, number: u32, head: String) {
    entry::fetch(now, pending, number, head);
}

/// As [`entry::internal_error`].
#[wasm_bindgen]
pub fn internal_error(now: f64, pending: PendingRequest, number: u32, head: String) {
    entry::internal_error(now, pending, number, head);
}

/// As [`entry::scheduled`].
///
/// No `#[event(scheduled)]`: its promise would never settle if the instance died.
#[wasm_bindgen]
pub fn scheduled(now: f64, pending: PendingRequest, number: u32) {
    entry::scheduled(now, pending, number);
}

/// As [`executor::forget`].
#[wasm_bindgen]
pub fn forget(number: u32) {
    executor::forget(number);
}

/// As [`entry::read_ahead`].
#[wasm_bindgen]
pub fn read_ahead(env: Env) {
    entry::read_ahead(env);
}

/// As [`entry::passes_through`].
#[wasm_bindgen]
pub fn passes_through(env: Env) -> bool {
    entry::passes_through(env)
}

/// Completes call `call` without a result.
#[wasm_bindgen]
pub fn resolve(now: f64, call: u32) {
    executor::complete(now, call, Ok(Given::Nothing));
}

/// Completes it with a number.
#[wasm_bindgen]
pub fn resolve_number(now: f64, call: u32, number: f64) {
    executor::complete(now, call, Ok(Given::Number(number)));
}

/// Completes it with a text, or none.
#[wasm_bindgen]
pub fn resolve_text(now: f64, call: u32, text: Option<String>) {
    executor::complete(now, call, Ok(Given::Text(text)));
}

/// Completes it with the response of an origin. Its head came at `received_at`; its body is `whole` bytes long if it was
/// buffered, else that is below zero.
#[wasm_bindgen]
pub fn resolve_response(
    now: f64,
    call: u32,
    status: u16,
    fields: String,
    body: BodyHandle,
    received_at: f64,
    whole: f64,
) {
    let received_at = Timestamp::from_millis(received_at as u64);
    let whole = (whole >= 0.0).then_some(whole as u64);
    let response = Response { status, fields, body, received_at, whole };
    executor::complete(now, call, Ok(Given::Response(response)));
}

/// Completes it with a stored entry.
#[wasm_bindgen]
pub fn resolve_entry(now: f64, call: u32, stored: String, body: BodyHandle) {
    executor::complete(now, call, Ok(Given::Entry(stored, body)));
}

/// Fails it, and says whose fault that is: 0 the origin's, 1 the client's, 2 the platform's.
#[wasm_bindgen]
pub fn reject(now: f64, call: u32, message: String, retryable: bool, timed_out: bool, fault: u8) {
    let fault = match fault {
        0 => Fault::Origin,
        1 => Fault::Client,
        _ => Fault::Platform,
    };
    executor::complete(now, call, Err(Rejection { message, retryable, timed_out, fault }));
}
