//! The worker's bindings: settings, secrets, and what else is bound.

use std::cell::OnceCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::console;
use crate::config::{Config, Token};
use crate::health::Bindings;

#[wasm_bindgen(raw_module = "./env.js")]
extern "C" {
    #[wasm_bindgen(js_name = boundNames)]
    fn bound_names(env: &JsValue) -> String;

    #[wasm_bindgen(js_name = secretText)]
    pub(super) fn secret_text(env: &JsValue, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = settingsText)]
    fn settings_text(env: &JsValue) -> Option<String>;
}

thread_local! {
    static CONFIG: OnceCell<Result<Rc<Config>, Vec<String>>> = const { OnceCell::new() };
    static BOUND: OnceCell<Bindings> = const { OnceCell::new() };
}

/// The configuration, read once in each isolate: bindings do not change while one lives.
pub(super) fn config(env: impl FnOnce() -> JsValue) -> Result<Rc<Config>, Vec<String>> {
    let read = || {
        let env = env();
        let text = settings_text(&env).unwrap_or_else(|| "{}".to_owned());
        let mut config = Config::from_json(&text)
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        config.token = token(&env);
        Ok(Rc::new(config))
    };
    CONFIG.with(|config| config.get_or_init(read).clone())
}

/// The operators' secret. An unfit one opens nothing, and does not take the site down either.
fn token(env: &JsValue) -> Option<Token> {
    let token = Token::new(&secret_text(env, "HOLDFAST_TOKEN")?);
    if token.is_none() {
        console::error(&format!("HOLDFAST_TOKEN is not used: {}", Token::RULE));
    }
    token
}

/// Which of the bindings that this worker uses there are.
pub(super) fn bound(env: impl FnOnce() -> JsValue) -> Bindings {
    let read = || {
        let names = bound_names(&env());
        let is_bound = |name| names.split(' ').any(|other| other == name);
        Bindings {
            keep: is_bound("HOLDFAST_KEEP"),
            health: is_bound("HOLDFAST_HEALTH"),
            analytics: is_bound("HOLDFAST_ANALYTICS"),
            token: is_bound("HOLDFAST_TOKEN"),
        }
    };
    BOUND.with(|bound| *bound.get_or_init(read))
}
