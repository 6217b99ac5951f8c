//! Keeps a site answering when its origin fails.
//!
//! Each request follows one path through these stages:
//!
//! 1. [`policy`]: finds the [`config`] for the request and decides what it allows
//! 2. [`cache`]: decides whether a stored response is fresh, stale or forbidden
//! 3. [`origin`]: classifies each attempt and retries while policy and deadline allow
//! 4. [`body`]: buffers small bodies until they are whole and monitors large ones
//! 5. [`response`] and [`report`]: write the response head, the error page as the last resort, and the operator's log
//!
//! The stages are plain data and functions of their arguments. They do no I/O, read no clock and draw no random
//! numbers. [`exchange`](mod@exchange) runs the path and is generic over [`ports`]. `edge` implements the ports on
//! the platform and exists only in wasm builds.
//!
//! Three invariants:
//!
//! - No request can make the crate panic.
//! - No visitor receives what belongs to another.
//! - Only bodies that arrived whole are stored.

pub mod by_number;
pub mod time;

pub mod request;

pub mod texts;

mod json;
pub mod language;
mod markdown;

pub mod config;

pub mod fields;

pub mod cache;
pub mod origin;
pub mod policy;

pub mod body;

pub mod response;

pub mod report;

pub mod health;

pub mod endpoint;

pub mod isolate;

pub mod ports;

pub mod head;

pub mod exchange;

#[cfg(target_family = "wasm")]
pub mod edge;
