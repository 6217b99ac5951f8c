//! What operators do from a command line: order a fire drill, ask whether error pages arrive, write pages to look at.
//!
//! Nothing here reads a clock, a file or a socket: `cargo xtask` uses this natively, and the command line of the npm package
//! as WebAssembly. Both say the same words.

pub mod drill;
pub mod mask_check;
pub mod pages;
