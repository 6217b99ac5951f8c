//! What the project does to itself: build, check, serve, demonstrate, test.
//!
//! The commands are functions, so that the edge tests can build the Worker and start it the way the commands
//! do. Nothing here is part of what is deployed.

pub mod again;
pub mod bench;
pub mod browser;
pub mod build;
pub mod check;
pub mod conformance;
pub mod counting;
pub mod demo;
pub mod drill;
mod elsewhere;
pub mod mask_check;
pub mod node;
mod order;
pub mod package;
pub mod pages;
mod platform;
pub mod runtime;
pub mod serve;
mod setup;
pub mod simulate;
mod step;
pub mod test;

use std::path::Path;

/// The project's own folder.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}
