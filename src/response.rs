//! The answer's head, and the answers that this worker makes itself.
//!
//! - [`fields`] writes the header fields that tell caches, proxies and operators what happened.
//! - [`error`] is an error as data. [`form`] decides which form of it a client can use. [`error_page`] renders it.
//!
//! Imports point one way: `error`, `sanitise` ← `slots`, `words` ← `kind` ← `view` ← `problem` ← `error_page`, which
//! also uses `assets`, `grpc` and `page_cache`. `facts` and `markdown` use none of the others but `error`.
//!
//! Everything in a request is hostile here. It is sanitised, and escaped for the place where it is written.

mod accept;
pub(crate) mod assets;
pub mod author;
pub mod cors;
pub mod error;
pub mod error_page;
mod facts;
pub mod fields;
pub mod form;
mod grpc;
pub mod kept_fields;
mod kind;
mod page_cache;
mod problem;
pub mod public_page;
#[cfg(test)]
mod samples;
mod sanitise;
mod slots;
pub(crate) mod template;
mod view;
mod words;
