//! Handles of what lives in JavaScript: Rust passes them on and never sees inside.

use wasm_bindgen::prelude::*;
use worker::Env;

#[wasm_bindgen(raw_module = "./handle.js")]
extern "C" {
    /// A body and what came with it: see `js/handle.js`.
    #[derive(Clone, Debug)]
    pub type BodyHandle;
}

#[wasm_bindgen(raw_module = "./pending.js")]
extern "C" {
    /// A request that is being answered, or another occasion: see `js/pending.js`.
    #[derive(Clone, Debug)]
    pub type PendingRequest;

    #[wasm_bindgen(method, getter, structural)]
    pub(super) fn env(this: &PendingRequest) -> Env;

    /// Ends it, where no response is waited for.
    #[wasm_bindgen(method, structural, js_name = resolve)]
    pub(super) fn finish(this: &PendingRequest);

    /// Fails it: it is answered as if this instance had died.
    #[wasm_bindgen(method, structural, js_name = reject)]
    pub(super) fn fail(this: &PendingRequest, why: &str);

    /// Has the platform wait until [`release`](Self::release) of the result, which is this request: a clone would cross
    /// the border once more. Two calls for each piece of work; `worker::Context::wait_until` would make six, and a promise
    /// that never settles if the instance dies.
    #[wasm_bindgen(method, structural, js_name = keepAlive)]
    pub(super) fn keep_alive(this: &PendingRequest) -> PendingRequest;

    #[wasm_bindgen(method, structural)]
    pub(super) fn release(this: &PendingRequest);
}

#[wasm_bindgen(raw_module = "./signal.js")]
extern "C" {
    /// One request notifies, others wait: see `js/signal.js`.
    #[derive(Clone, Debug)]
    pub type Signal;
}
