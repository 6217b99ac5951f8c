//! The error page in a real browser, served by the built worker in workerd before the misbehaving origin.
//!
//! What a visitor sees, hears, presses and waits for. What the page is made from is tested elsewhere; here it
//! has to look right, work, and leave the origin in peace. `HOLDFAST_SCREENSHOTS=folder` has the pages that
//! are checked written there as pictures, for people to look at.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code, and runs in real time"
)]

mod audit;
mod chromium;
mod fitting;
mod pages;
mod quiet;
mod reading;
mod returning;
mod status;
mod tab;
mod using;

#[path = "../edge/client.rs"]
#[expect(dead_code, reason = "the browser is the client here; the harness needs little of this one")]
mod client;
#[path = "../edge/harness.rs"]
#[expect(dead_code, reason = "most of its workers are for the tests in `edge`")]
mod harness;
