//! Last good copies and purge rules, in Workers KV.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use wasm_bindgen::prelude::*;
use worker::kv::{KvError, KvStore, ToRawKvValue};
use worker::web_sys::ReadableStream;

use super::executor::Call;
use super::handles::BodyHandle;
use super::platform::Platform;
use crate::cache::entry::Entry;
use crate::cache::last_good::Name;
use crate::ports::{Clock, LastGood, Lookup, Unavailable};

/// The value that holds all purge rules.
const PURGE_RULES: &str = "purge";

/// For how many seconds a data centre may answer from what it has read: the platform's least.
const CACHE_TTL: u64 = 30;

/// The shortest time for which the platform keeps a value.
const LEAST_RETENTION: Duration = Duration::from_secs(60);

// Values with a body stay on the other side. `KvStore::bytes` and `KvStore::put_bytes` would copy each into this module's
// memory, which never shrinks, and out of it.
#[wasm_bindgen(raw_module = "./kv.js")]
extern "C" {
    #[wasm_bindgen(js_name = valueFor)]
    fn value_for(entry: &str, handle: &BodyHandle) -> JsValue;

    #[wasm_bindgen(js_name = readValue)]
    fn read_value(call: u32, value: &ReadableStream);
}

/// A value as JavaScript has it. (As the crate takes texts, it would bring the formatting of floats.)
struct Value(JsValue);

impl ToRawKvValue for Value {
    fn raw_kv_value(&self) -> Result<JsValue, KvError> {
        Ok(self.0.clone())
    }
}

#[wasm_bindgen(raw_module = "./handle.js")]
extern "C" {
    #[wasm_bindgen(js_name = areEqual)]
    fn are_equal(one: &BodyHandle, other: &BodyHandle) -> bool;
}

impl Platform {
    fn namespace(&self) -> Option<&KvStore> {
        self.bound.last_good.as_ref()
    }

    /// The result of `read`, unless `limit` passes first.
    async fn within<T>(
        &self,
        limit: Duration,
        read: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<T, Unavailable> {
        let (mut read, mut limit) = (pin!(read), pin!(self.sleep(limit)));
        poll_fn(|context| match read.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(value),
            Poll::Pending => limit.as_mut().poll(context).map(|()| Err(Unavailable)),
        })
        .await
    }

    /// Writes a value, to be kept for `retention` or for good.
    async fn write(&self, name: &str, value: JsValue, retention: Option<Duration>) -> bool {
        let Some(put) = self.namespace().and_then(|namespace| namespace.put(name, Value(value)).ok()) else {
            return false;
        };
        let put = match retention {
            Some(retention) => put.expiration_ttl(retention.max(LEAST_RETENTION).as_secs()),
            None => put,
        };
        put.execute().await.is_ok()
    }
}

impl LastGood for Platform {
    fn has_last_good(&self) -> bool {
        self.namespace().is_some()
    }

    async fn load_last_good(&self, name: &Name, within: Duration) -> Lookup<BodyHandle> {
        let namespace = self.namespace().ok_or(Unavailable)?;
        self.within(within, async {
            let read = namespace.get(name.as_str()).cache_ttl(CACHE_TTL).stream();
            let Some(value) = read.await.map_err(|_| Unavailable)? else { return Ok(None) };
            let given = Call::new(|call| read_value(call, &value)).await.map_err(|_| Unavailable)?;
            Ok(given.entry().and_then(|(text, body)| Some((Entry::decode(&text)?, body))))
        })
        .await
    }

    async fn save_last_good(
        &self,
        name: &Name,
        entry: &Entry,
        body: &BodyHandle,
        retention: Duration,
    ) -> bool {
        let Some(text) = entry.encode() else { return false };
        self.write(name.as_str(), value_for(&text, body), Some(retention)).await
    }

    async fn remove_last_good(&self, name: &Name) -> bool {
        let Some(namespace) = self.namespace() else { return false };
        namespace.delete(name.as_str()).await.is_ok()
    }

    fn are_equal(&self, one: &BodyHandle, other: &BodyHandle) -> bool {
        are_equal(one, other)
    }

    async fn load_purge_rules(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        let namespace = self.namespace().ok_or(Unavailable)?;
        let read = namespace.get(PURGE_RULES).cache_ttl(CACHE_TTL).text();
        self.within(within, async { read.await.map_err(|_| Unavailable) }).await
    }

    async fn save_purge_rules(&self, text: &str) -> bool {
        self.write(PURGE_RULES, text.into(), None).await
    }
}
