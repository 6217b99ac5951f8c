//! Counts on their way out: to Analytics Engine, and to the Durable Object that gathers them.

use wasm_bindgen::prelude::*;

use super::executor::Call;
use super::handles::PendingRequest;
use super::platform::Platform;
use crate::health::{Bindings, View, points};
use crate::ports::Health;

#[wasm_bindgen(raw_module = "./flush.js")]
extern "C" {
    fn flush(call: u32, pending: &PendingRequest, points: &str, counts: &str, dashboard: &str);

    #[wasm_bindgen(js_name = healthView)]
    fn health_view(call: u32, pending: &PendingRequest, view: &str);
}

impl Health for Platform {
    fn bindings(&self) -> Bindings {
        self.bound
    }

    async fn health_view(&self, view: View) -> Option<String> {
        Call::new(|call| health_view(call, &self.pending, view.word())).await.ok()?.text()
    }

    async fn flush(&self, counts: &str, dashboard: &str) -> Option<String> {
        let points = if self.bound.analytics { points::of(counts) } else { Vec::new() };
        let points = points::json(&points);
        Call::new(|call| flush(call, &self.pending, &points, counts, dashboard)).await.ok()?.text()
    }
}
