//! The platform's console, where log lines go. One call for each; `worker::console_log!` makes two.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    pub(super) fn log(line: &str);

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(super) fn error(line: &str);
}
