//! The health of the origins. Which of them fail, how, and since when?
//!
//! Each isolate counts what it sees ([`counters`]) and flushes its counts every few seconds to one Durable Object, which
//! has a SQLite database. The rest of this module is what the object does:
//!
//! - [`ingest`] takes them in: it adds counts to buckets of a minute, adds [observations](observation) to the
//!   `evidence` about each origin, updates [`incident`]s, and answers with what the other isolates have found
//!   ([`flush_reply`]).
//! - [`alarm`] sends the alerts that are due.
//! - [`query`] reads a [`summary`](mod@summary). [`view`] shows it: to people ([`status`]), to programs, to Prometheus
//!   ([`metrics`]).
//! - [`runbook`] says what to check for each kind of failure.
//!
//! Imports point one way: `sql`, `class` ← `attempt_result` ← `count_lines`, `observation` ← `evidence` ← `parts` ←
//! `alert` ← `incident` ← `place`, `origins`, `alarm` ← `ingest`; and `summary` ← `query`, `status`, `metrics` ← `view`.
//!
//! A 502 (a bad or no answer) and a 504 (no answer in time) have different causes. If one turns into the other, it is one
//! incident, which changes its kind and keeps the history.
//!
//! The object's SQL is synchronous, and so is everything here. It is written against [`Sql`], and the tests run the same
//! statements on a SQLite of their own. A statement that fails returns no rows. Counts are then wrong for a while;
//! nothing else is.

pub mod alarm;
pub mod alert;
pub mod assets;
pub mod attempt_result;
pub mod bindings;
pub mod class;
pub mod count_lines;
pub mod counters;
mod evidence;
pub mod flush_reply;
pub mod incident;
pub mod ingest;
pub mod latency;
pub mod merge;
mod message;
pub mod metrics;
pub mod observation;
pub mod observer;
pub mod origins;
mod parts;
mod place;
pub mod points;
pub mod public;
pub mod query;
mod recent;
pub mod runbook;
pub mod sample;
mod schema;
pub mod settings;
pub mod sql;
mod state;
pub mod status;
pub mod summary;
mod times;
pub mod verdict;
pub mod view;
mod window;
mod words;

pub use attempt_result::AttemptKind;
pub use bindings::Bindings;
pub use class::Class;
pub use evidence::State;
pub use recent::version_line;
pub use settings::Settings;
pub use sql::{Cell, Param, Sql};
pub use view::View;
