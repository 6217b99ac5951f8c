//! Last good copies and purge rules, in Workers KV.

use std::time::Duration;

use wasm_bindgen::prelude::*;

use super::executor::Call;
use super::handles::{BodyHandle, PendingRequest};
use super::platform::Platform;
use super::units::{millis, seconds};
use crate::cache::entry::Entry;
use crate::cache::last_good::Name;
use crate::ports::{LastGood, Lookup, Unavailable};

/// The value that holds all purge rules.
const PURGE_RULES: &str = "purge";

/// For how many seconds a data centre may answer from what it has read: the platform's least.
const CACHE_TTL: f64 = 30.0;

/// The shortest time for which the platform keeps a value.
const LEAST_RETENTION: Duration = Duration::from_secs(60);

#[wasm_bindgen(raw_module = "./kv.js")]
extern "C" {
    #[wasm_bindgen(js_name = loadLastGood)]
    fn load_last_good(call: u32, pending: &PendingRequest, name: &str, within_ms: f64, cache_ttl: f64);

    #[wasm_bindgen(js_name = saveLastGood)]
    fn save_last_good(
        call: u32,
        pending: &PendingRequest,
        name: &str,
        entry: &str,
        handle: &BodyHandle,
        seconds: f64,
    );

    #[wasm_bindgen(js_name = removeValue)]
    fn remove_value(call: u32, pending: &PendingRequest, name: &str);

    #[wasm_bindgen(js_name = loadText)]
    fn load_text(call: u32, pending: &PendingRequest, name: &str, within_ms: f64, cache_ttl: f64);

    #[wasm_bindgen(js_name = saveText)]
    fn save_text(call: u32, pending: &PendingRequest, name: &str, text: &str);
}

#[wasm_bindgen(raw_module = "./handle.js")]
extern "C" {
    #[wasm_bindgen(js_name = areEqual)]
    fn are_equal(one: &BodyHandle, other: &BodyHandle) -> bool;
}

impl LastGood for Platform {
    fn has_last_good(&self) -> bool {
        self.bound.keep
    }

    async fn load_last_good(&self, name: &Name, within: Duration) -> Lookup<BodyHandle> {
        if !self.has_last_good() {
            return Err(Unavailable);
        }
        let call = |call| load_last_good(call, &self.pending, name.as_str(), millis(within), CACHE_TTL);
        let loaded = Call::new(call).await.map_err(|_| Unavailable)?.entry();
        Ok(loaded.and_then(|(text, body)| Some((Entry::decode(&text)?, body))))
    }

    async fn save_last_good(
        &self,
        name: &Name,
        entry: &Entry,
        body: &BodyHandle,
        retention: Duration,
    ) -> bool {
        let Some(text) = entry.encode().filter(|_| self.has_last_good()) else { return false };
        let (name, seconds) = (name.as_str(), seconds(retention.max(LEAST_RETENTION)));
        Call::new(|call| save_last_good(call, &self.pending, name, &text, body, seconds)).await.is_ok()
    }

    async fn remove_last_good(&self, name: &Name) -> bool {
        self.has_last_good()
            && Call::new(|call| remove_value(call, &self.pending, name.as_str())).await.is_ok()
    }

    fn are_equal(&self, one: &BodyHandle, other: &BodyHandle) -> bool {
        are_equal(one, other)
    }

    async fn load_purge_rules(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        if !self.has_last_good() {
            return Err(Unavailable);
        }
        let given =
            Call::new(|call| load_text(call, &self.pending, PURGE_RULES, millis(within), CACHE_TTL)).await;
        Ok(given.map_err(|_| Unavailable)?.text())
    }

    async fn save_purge_rules(&self, text: &str) -> bool {
        self.has_last_good()
            && Call::new(|call| save_text(call, &self.pending, PURGE_RULES, text)).await.is_ok()
    }
}
