//! The platform's side of the ports: the only code that knows Workers. It decides nothing.
//!
//! A request makes few calls across the border between Rust and JavaScript. Header fields cross it as one string each
//! way; bodies do not cross it: a [`BodyHandle`] stands for one, and `js/` works on it.
//!
//! Settings and bindings, KV, Analytics Engine, the Durable Object and its database come by the crate `worker`. What nearly
//! every request needs (the origin, the platform's cache, timers) goes by functions of our own: [`executor`] has the
//! figures, and so has each function that stands in for one of the crate's.
//!
//! Two modules of WebAssembly are made of this, by the packages in `modules/`: one answers requests ([`entry`]), the
//! other is the Durable Object's ([`health_object`]). The linker leaves out of each what it does not call.

mod analytics;
mod cache_api;
mod console;
pub mod entry;
pub mod executor;
mod handles;
pub mod health_object;
mod kv;
mod origin;
mod platform;
mod settings;
mod signal;
mod texts;
mod timer;
mod units;

pub use handles::{BodyHandle, PendingRequest};
