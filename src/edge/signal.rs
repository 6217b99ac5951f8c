//! What requests of one isolate share, and how one of them hears of another.

use std::future::Future;
use std::time::Duration;

use wasm_bindgen::prelude::*;

use super::executor::Call;
use super::handles::{BodyHandle, PendingRequest, Signal};
use super::platform::Platform;
use super::units::millis;
use crate::isolate::Isolate;
use crate::isolate::memory_cache::MemoryCache;
use crate::ports::Memory;

#[wasm_bindgen(raw_module = "./signal.js")]
extern "C" {
    /// The request is kept alive until the first notification.
    fn signal(pending: &PendingRequest) -> Signal;

    fn notify(signal: &Signal);

    fn wait(call: u32, signal: &Signal, within_ms: f64);
}

impl Memory for Platform {
    type Signal = Signal;

    fn isolate(&self) -> &Isolate<Signal> {
        &self.isolate
    }

    fn memory_cache(&self) -> &MemoryCache<BodyHandle> {
        &self.memory_cache
    }

    fn signal(&self) -> Signal {
        signal(&self.pending)
    }

    fn notify(&self, signal: &Signal) {
        notify(signal);
    }

    fn wait(&self, signal: &Signal, within: Duration) -> impl Future<Output = ()> + 'static {
        let signal = signal.clone();
        async move {
            let _ = Call::new(|call| wait(call, &signal, millis(within))).await;
        }
    }
}
