//! Counts on their way out: to Analytics Engine, and to the Durable Object that gathers them.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use worker::AnalyticsEngineDataPointBuilder as DataPoint;
use worker::wasm_bindgen_futures::JsFuture;

use super::platform::Platform;
use crate::health::{Bindings, View, points};
use crate::ports::Health;

#[wasm_bindgen]
extern "C" {
    /// The object as other Workers see it: see `js/object.js`.
    type OriginHealth;

    #[wasm_bindgen(method, catch)]
    fn report(this: &OriginHealth, counts: &str, dashboard: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn view(this: &OriginHealth, view: &str) -> Result<Promise, JsValue>;
}

impl Platform {
    /// One object for all isolates.
    fn object(&self) -> Option<OriginHealth> {
        let stub = self.bound.health.as_ref()?.id_from_name("holdfast").ok()?.get_stub().ok()?;
        Some(stub.into_rpc())
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
        text(self.object()?.view(view.word())).await
    }

    async fn flush(&self, counts: &str, dashboard: &str) -> Option<String> {
        self.write_points(counts);
        let Some(object) = self.object() else { return Some(String::new()) };
        text(object.report(counts, dashboard)).await
    }
}
