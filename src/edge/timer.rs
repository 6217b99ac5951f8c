//! The clock, and sleeps.

use std::time::Duration;

use wasm_bindgen::prelude::*;

use super::executor::{self, Call};
use super::platform::Platform;
use super::units::millis;
use crate::ports::Clock;
use crate::time::Timestamp;

#[wasm_bindgen(raw_module = "./timer.js")]
extern "C" {
    /// Returns the timer's number.
    fn sleep(call: u32, ms: f64) -> f64;

    #[wasm_bindgen(js_name = stopTimer)]
    fn stop_timer(timer: f64);
}

impl Clock for Platform {
    fn now(&self) -> Timestamp {
        executor::now()
    }

    async fn sleep(&self, span: Duration) {
        let mut timer = Timer { number: 0.0, has_rung: false };
        let _ = Call::new(|call| timer.number = sleep(call, millis(span))).await;
        timer.has_rung = true;
    }
}

/// A timer that is stopped when its sleep is dropped.
struct Timer {
    number: f64,
    has_rung: bool,
}

impl Drop for Timer {
    fn drop(&mut self) {
        if !self.has_rung {
            stop_timer(self.number);
        }
    }
}
