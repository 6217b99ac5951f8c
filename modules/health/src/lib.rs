//! What JavaScript calls in the object that gathers counts: see `src/edge/js/object.js`.

#![cfg(target_family = "wasm")]

use holdfast::edge::health_object as object;
use holdfast::health::merge;
use js_sys::Array;
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{Env, event};

/// Prepares a new instance.
#[event(start)]
pub fn start() {
    object::start();
}

/// As [`object::report`].
#[wasm_bindgen]
pub fn report(
    state: DurableObjectState,
    env: &Env,
    counts: &str,
    reports: u32,
    dashboard: Option<String>,
) -> Array {
    object::report(state, env, counts, reports, dashboard.as_deref())
}

/// As [`object::merged`].
#[wasm_bindgen]
pub fn merged(told: &str) -> Array {
    object::merged(told)
}

/// As [`merge::reply`].
#[wasm_bindgen]
pub fn shard_reply(of_object: &str, flush_s: u32) -> String {
    merge::reply(of_object, u64::from(flush_s))
}

/// As [`merge::flush_s`].
#[wasm_bindgen]
pub fn flush_s(reports: u32, flush_s: u32) -> u32 {
    merge::flush_s(u64::from(reports), u64::from(flush_s)) as u32
}

/// As [`object::wake`].
#[wasm_bindgen]
pub fn wake(state: DurableObjectState, env: &Env) -> Array {
    object::wake(state, env)
}

/// As [`object::delivered`].
#[wasm_bindgen]
pub fn delivered(state: DurableObjectState, id: &str, was_taken: bool) -> JsValue {
    object::delivered(state, id, was_taken)
}

/// As [`object::view`].
#[wasm_bindgen]
pub fn view(state: DurableObjectState, env: &Env, name: &str) -> Option<String> {
    object::view(state, env, name)
}
