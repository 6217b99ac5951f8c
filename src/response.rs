//! What a client is told: the fields that this worker adds to an answer, and the answers it makes itself.
//!
//! [`form`] decides which form of an error a client can use, [`error_page`] writes it, and [`fields`]
//! writes the header fields that tell caches, proxies and operators what happened. Everything in a
//! request is hostile here: it is cleaned and escaped for the place where it is written.

pub(crate) mod assets;
pub mod error_page;
pub mod fields;
pub mod form;
mod page_cache;
mod problem;
mod words;

use std::fmt::Write;

use askama::Template;

/// What `template` comes to. It is written through a vtable: for each piece of text the code is a call, and not all of
/// what appends to a `String`.
pub(crate) fn rendered(template: &impl Template) -> String {
    let mut text = String::new();
    // Writing to a `String` does not fail.
    let _ = template.render_into(&mut text as &mut dyn Write);
    text
}
