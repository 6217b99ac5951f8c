//! What JavaScript calls to have requests answered: see `src/edge/entry.js`.

#![cfg(target_family = "wasm")]

use holdfast::edge::{self, Context};
use wasm_bindgen::prelude::*;
use web_sys::{Request, Response};

/// Prepares a new instance.
#[wasm_bindgen(start)]
pub fn start() {
    edge::start();
}

/// As [`edge::fetch`].
///
/// # Errors
/// As it.
#[wasm_bindgen]
pub async fn fetch(request: Request, env: JsValue, ctx: Context) -> Result<Response, JsValue> {
    edge::fetch(request, env, ctx).await
}

/// As [`edge::internal_error`].
///
/// # Errors
/// As it.
#[wasm_bindgen]
pub fn internal_error(request: Request, env: JsValue, ctx: Context) -> Result<Response, JsValue> {
    edge::internal_error(request, env, ctx)
}

/// As [`edge::scheduled`].
#[wasm_bindgen]
pub async fn scheduled(env: JsValue, ctx: Context) {
    edge::scheduled(env, ctx).await;
}

/// As [`edge::passes_through`].
#[wasm_bindgen]
pub fn passes_through(env: JsValue) -> bool {
    edge::passes_through(&env)
}
