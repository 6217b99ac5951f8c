//! What a client is told: the fields that this worker adds to an answer, and the answers it makes itself.
//!
//! [`form`] decides which form of an error a client can use, [`error_page`] writes it, and [`fields`]
//! writes the header fields that tell caches, proxies and operators what happened. Everything in a
//! request is hostile here: it is cleaned and escaped for the place where it is written.

pub(crate) mod dress;
pub mod error_page;
pub mod fields;
pub mod form;
mod problem;
mod words;
