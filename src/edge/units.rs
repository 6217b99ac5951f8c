//! Rust's spans and sizes as JavaScript's numbers.

use std::time::Duration;

/// `span` in whole milliseconds, rounded up: a timer of 0 ms would end at once.
pub(super) fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1000.0).ceil()
}

pub(super) fn seconds(span: Duration) -> f64 {
    span.as_secs_f64().ceil()
}

/// Sizes are far below 2^53.
pub(super) fn bytes(size: u64) -> f64 {
    size as f64
}

pub(super) fn length_of(length: Option<u64>) -> f64 {
    length.map_or(-1.0, bytes)
}
