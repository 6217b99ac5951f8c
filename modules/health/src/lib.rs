//! What JavaScript calls in the object that gathers counts: see `src/edge/js/object.js`.

#![cfg(target_family = "wasm")]

use holdfast::edge::health_object as object;
use js_sys::Array;
use wasm_bindgen::prelude::*;

/// Prepares a new instance.
#[wasm_bindgen(start)]
pub fn start() {
    object::start();
}

/// As [`object::report`].
#[wasm_bindgen]
pub fn report(storage: &JsValue, env: &JsValue, counts: &str, dashboard: Option<String>) -> Array {
    object::report(storage, env, counts, dashboard.as_deref())
}

/// As [`object::wake`].
#[wasm_bindgen]
pub fn wake(storage: &JsValue, env: &JsValue) -> Array {
    object::wake(storage, env)
}

/// As [`object::delivered`].
#[wasm_bindgen]
pub fn delivered(storage: &JsValue, id: &str, was_taken: bool) -> JsValue {
    object::delivered(storage, id, was_taken)
}

/// As [`object::view`].
#[wasm_bindgen]
pub fn view(storage: &JsValue, env: &JsValue, name: &str) -> Option<String> {
    object::view(storage, env, name)
}
