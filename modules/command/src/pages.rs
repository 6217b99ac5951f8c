//! Error pages in a folder of JavaScript's: see [`operator::pages`] and `npm/cli/pages.js`.

use anyhow::Result;
use holdfast::texts;
use operator::pages::Folder;
use wasm_bindgen::prelude::*;

use crate::{caught, text, thrown};

#[wasm_bindgen]
extern "C" {
    /// A folder: see [`Folder`].
    pub type JsFolder;

    #[wasm_bindgen(method, js_name = pathOf)]
    fn path_of(this: &JsFolder, name: &str) -> String;

    #[wasm_bindgen(method, catch, js_name = isEmpty)]
    fn is_empty(this: &JsFolder) -> Result<bool, JsValue>;

    #[wasm_bindgen(method)]
    fn has(this: &JsFolder, name: &str) -> bool;

    #[wasm_bindgen(method, catch)]
    fn remove(this: &JsFolder, name: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn write(this: &JsFolder, name: &str, text: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn gzipped(this: &JsFolder, text: &str) -> Result<usize, JsValue>;
}

impl Folder for JsFolder {
    fn path_of(&self, name: &str) -> String {
        self.path_of(name)
    }

    fn is_empty(&self) -> Result<bool> {
        self.is_empty().map_err(caught)
    }

    fn has(&self, name: &str) -> bool {
        self.has(name)
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        JsFolder::remove(self, name).map_err(caught)
    }

    fn write(&mut self, name: &str, text: &str) -> Result<()> {
        JsFolder::write(self, name, text).map_err(caught)
    }

    fn gzipped(&self, text: &str) -> Result<usize> {
        self.gzipped(text).map_err(caught)
    }
}

/// Writes every page with these settings, in JSON, to `folder`, and answers a summary.
#[wasm_bindgen]
pub fn pages(settings: &str, mut folder: JsFolder) -> Result<String, JsValue> {
    texts::read_with(text);
    let settings = serde_json::from_str(settings).map_err(|error| thrown(error.into()))?;
    operator::pages::pages(&settings, &mut folder).map_err(thrown)
}
