//! A simulated platform: every port of the exchange, on virtual time and in memory.
//!
//! What does the platform do with a fetch, a body, a store, a signal, a task? [`TestPorts`] answers as the edge does
//! (`src/edge`), so that native tests see what a deployed worker would see. It has two front ends:
//!
//! - the scripts of `tests/it`: an origin that does what the test says, and assertions;
//! - the schedules of `sim`: an origin and faults from a seed, and invariants.
//!
//! A [`FrontEnd`] says what the origin does and what fails, and sees what happens. It implements no port.
#![allow(
    clippy::indexing_slicing,
    reason = "what is indexed was measured the line before, and no request comes here"
)]

pub mod answer;
pub mod body;
pub mod chance;
pub mod clock;
pub mod executor;
pub mod front;
pub mod later;
pub mod misuse;
pub mod platform;
pub mod rejection;
pub mod signal;
pub mod store;
pub mod upload;

mod fetch;
mod hold;
mod isolate;
mod memory;
mod origin;
mod ports;
mod relay;
mod stores;

pub use front::FrontEnd;
pub use isolate::IsolateMemory;
pub use platform::Platform;
pub use ports::TestPorts;
