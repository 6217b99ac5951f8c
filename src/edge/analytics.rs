//! Counts on their way out: to Analytics Engine, and to the Durable Object that gathers them.

use std::cell::OnceCell;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use worker::AnalyticsEngineDataPointBuilder as DataPoint;
use worker::wasm_bindgen_futures::JsFuture;

use super::platform::{Platform, roll};
use super::settings;
use crate::health::{Bindings, View, points};
use crate::ports::Health;

/// The object in which everything is gathered.
const OBJECT: &str = "holdfast";

#[wasm_bindgen]
extern "C" {
    /// The object as other Workers see it: see `js/object.js`.
    type OriginHealth;

    #[wasm_bindgen(method, catch)]
    fn report(this: &OriginHealth, counts: &str, dashboard: &str) -> Result<Promise, JsValue>;

    /// The same, of a shard.
    #[wasm_bindgen(method, catch)]
    fn gather(this: &OriginHealth, counts: &str, dashboard: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn view(this: &OriginHealth, view: &str) -> Result<Promise, JsValue>;
}

impl Platform {
    /// The object of this name: `holdfast` is the one in which everything is.
    fn object(&self, name: &str) -> Option<OriginHealth> {
        let stub = self.bound.health.as_ref()?.id_from_name(name).ok()?.get_stub().ok()?;
        Some(stub.into_rpc())
    }

    /// The shard that this isolate tells, if there are any: drawn once.
    fn shard(&self) -> Option<String> {
        thread_local! {
            static DRAWN: OnceCell<f64> = const { OnceCell::new() };
        }
        let config = settings::config(|| self.pending.env()).ok()?;
        let shards = Some(config.incident.shards).filter(|shards| *shards > 1)?;
        let drawn = DRAWN.with(|drawn| *drawn.get_or_init(roll));
        Some(format!("{OBJECT}-shard-{}", (drawn * f64::from(shards)) as u32))
    }

    /// Points that the platform refuses are lost, as those are that it drops.
    fn write_points(&self, counts: &str) {
        let Some(dataset) = &self.bound.analytics else { return };
        for points::Point { index, blobs, doubles } in points::of(counts) {
            let point = DataPoint::new().indexes([index]).blobs(blobs).doubles(doubles.map(f64::from));
            let _ = point.write_to(dataset);
        }
    }
}

async fn text(promise: Result<Promise, JsValue>) -> Option<String> {
    JsFuture::from(promise.ok()?).await.ok()?.as_string()
}

impl Health for Platform {
    fn bindings(&self) -> Bindings {
        self.bound.names()
    }

    fn version(&self) -> Option<(&str, &str)> {
        self.bound.version.as_ref().map(|(id, tag)| (&**id, &**tag))
    }

    async fn health_view(&self, view: View) -> Option<String> {
        text(self.object(OBJECT)?.view(view.word())).await
    }

    async fn flush(&self, counts: &str, dashboard: &str) -> Option<String> {
        self.write_points(counts);
        let shard = self.shard();
        let Some(object) = self.object(shard.as_deref().unwrap_or(OBJECT)) else {
            return Some(String::new());
        };
        let told = match shard {
            Some(_) => object.gather(counts, dashboard),
            None => object.report(counts, dashboard),
        };
        text(told).await
    }
}
