//! The store: the platform's cache, as `js/cache.js` uses it.

use std::future::Future;
use std::time::Duration;

use wasm_bindgen::prelude::*;

use super::executor::Call;
use super::handles::BodyHandle;
use super::origin::cancel;
use super::platform::Platform;
use super::units::seconds;
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::ports::{Lookup, Store, Unavailable};

#[wasm_bindgen(raw_module = "./cache.js")]
extern "C" {
    fn load(call: u32, url: &str);

    fn save(call: u32, url: &str, entry: &str, handle: Option<&BodyHandle>, seconds: f64);

    fn renew(call: u32, url: &str, entry: &str, handle: &BodyHandle, seconds: f64);

    fn remove(call: u32, url: &str);
}

impl Store for Platform {
    async fn load(&self, key: &Key) -> Lookup<BodyHandle> {
        let given = Call::new(|call| load(call, key.as_str())).await.map_err(|_| Unavailable)?;
        let Some((text, body)) = given.entry() else { return Ok(None) };
        let entry = Entry::decode(&text);
        if entry.is_none() {
            cancel(&body);
        }
        Ok(entry.map(|entry| (entry, body)))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<BodyHandle>, retention: Duration) -> bool {
        let Some(text) = entry.encode() else {
            if let Some(body) = body {
                cancel(&body);
            }
            return false;
        };
        let seconds = seconds(retention);
        Call::new(|call| save(call, key.as_str(), &text, body.as_ref(), seconds)).await.is_ok()
    }

    fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &BodyHandle,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static {
        let (key, text, loaded) = (key.clone(), entry.encode(), loaded.clone());
        async move {
            let Some(text) = text else { return false };
            let seconds = seconds(retention);
            Call::new(|call| renew(call, key.as_str(), &text, &loaded, seconds)).await.is_ok()
        }
    }

    async fn remove(&self, key: &Key) {
        // A failing cache never fails a request.
        let _ = Call::new(|call| remove(call, key.as_str())).await;
    }
}
