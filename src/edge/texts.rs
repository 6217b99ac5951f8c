//! The file of texts beside the modules.

use wasm_bindgen::prelude::*;

use crate::texts;

#[wasm_bindgen(raw_module = "./texts.js")]
extern "C" {
    /// The text at a place: see `js/texts.js`.
    fn text(place: usize) -> String;
}

/// Makes the texts readable in a new instance.
pub(super) fn start() {
    texts::read_with(text);
}
