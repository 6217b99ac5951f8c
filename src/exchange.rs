//! The exchange of a request for an answer: the only place where the stages meet.
//!
//! `path` walks it, generic over [`Ports`](crate::ports::Ports), so that the same path runs at the edge and natively on a
//! virtual clock. One exchange gives one answer and one report.
//!
//! Three layers, each of which uses only what stands above it:
//!
//! - values: `context`, `record`, `lookup`, `received`, `pursued`, `unfinished`
//! - steps, a function each, in the files that are named after them
//! - `path`, and `behind` for what goes on behind an answer

mod access;
mod allowance;
mod annotate;
mod apart;
mod attempt;
mod attempts;
mod behind;
mod circuit_hints;
mod collapse;
mod context;
mod copies;
mod cors;
mod counting;
mod doubt;
mod drill;
mod fallback;
mod find;
mod finish;
mod flush;
mod invalidation;
mod last_good;
mod lead;
mod look_up;
mod lookup;
mod made_here;
mod maintenance;
mod observing;
mod operator;
mod pass_through;
mod path;
mod probe;
mod public;
mod purge_rules;
mod pursued;
mod received;
mod record;
mod refuse;
mod remembered_store;
mod report;
mod resume;
mod revalidate;
mod select_origin;
mod soft_deadline;
mod store;
mod stored_answer;
mod unfinished;
mod upload;
mod variants;

pub use path::exchange;
pub use probe::probe;
pub use refuse::{internal_error, refuse_for_configuration};
