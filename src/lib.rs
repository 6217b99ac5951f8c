//! Keeps a site answering when its origin fails.
//!
//! A request walks one path, and the modules are named after its stages:
//!
//! 1. [`policy`]: which [`config`] holds for this request, and what it allows
//! 2. [`cache`]: is there a copy, and is it fresh, stale or forbidden
//! 3. [`origin`]: attempts, each classified, repeated while policy and deadline allow
//! 4. [`body`]: small ones held until whole, large ones watched
//! 5. [`response`] and [`report`]: the answer's head, the page when nothing else is left, and what the
//!    operator is told
//!
//! The stages are plain data and functions of their arguments: they do no I/O, read no clock and roll no
//! dice. [`exchange`](mod@exchange) walks the path, generic over [`ports`]; `edge` implements the ports on
//! the platform and exists for wasm alone.
//!
//! The crate never panics on account of a request, never shows one visitor what belongs to another, and
//! never stores what did not arrive whole.

pub mod time;

pub mod request;

pub mod language;

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
