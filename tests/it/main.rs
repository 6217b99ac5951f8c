//! The whole path, natively: the exchange against a scripted origin on a virtual clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod answers;
mod architecture;
mod catalogues;
mod clients;
mod collapsing;
mod counting;
mod docs;
mod doubts;
mod drills;
mod envelope;
mod gathering;
mod headers;
mod health;
mod hit_for_miss;
mod last_good;
mod maintenance;
mod memory_cache;
mod monitoring;
mod operators;
mod outages;
mod public;
mod purging;
mod queries;
mod retries;
mod schema;
mod stale;
mod storing;
mod sweeps;
mod withdrawing;
mod world;
