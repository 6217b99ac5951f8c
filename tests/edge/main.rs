//! The built worker in workerd, before an origin that misbehaves byte by byte.
//!
//! Nothing here looks into the worker: a raw client sends, a raw origin answers, and what a test says is
//! what a visitor or an operator would see. Limits are short, so that failures are quick.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code, and runs in real time"
)]

mod attempts;
mod before;
mod bodies;
mod borders;
mod bridge;
mod cache;
mod client;
mod crowds;
mod deaths;
mod doubts;
mod drills;
mod failures;
mod harm;
mod harness;
mod health;
mod last_good;
mod leaving;
mod operators;
mod outages;
mod pages;
mod passing;
mod platform;
mod poisoning;
mod public;
mod purging;
mod resuming;
mod revisit;
mod rfc5861;
mod rfc9111;
mod rfc9111_options;
mod route_mode;
mod shards;
mod sites;
mod spans;
mod subrequests;
mod suite;
mod telling;
mod uploads;
