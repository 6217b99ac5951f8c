//! How are the origins, and since when?
//!
//! Each isolate counts what it sees and hands its count, every few seconds, to one Durable Object, which has a
//! SQLite database. The functions here are what that object does. [`ledger::report`] takes a count in: it adds
//! it to buckets of a minute, sees whether an [`incident`] begins or goes on, and answers with what the other
//! isolates have found out. [`ledger::wake`] gives the alerts that are due, [`ledger::delivered`] takes what
//! became of one, and [`summary::summary`] is what a dashboard shows.
//!
//! A 502 (a bad or no answer) and a 504 (no answer in time) are different incidents with different causes,
//! also where one turns into the other.
//!
//! The object's SQL is synchronous, and so is everything here: it is written against [`Sql`], and the tests run
//! the same statements on a SQLite of their own. A statement that fails gives no rows. What is counted is then
//! wrong for a while; nothing else is.

pub mod alert;
pub mod end;
pub mod incident;
pub mod ledger;
pub mod line;
mod message;
pub mod origins;
pub mod sql;
pub mod summary;
pub mod tally;

pub use end::{Class, End};
pub use sql::{Cell, Param, Sql};

use crate::config;

/// What of the configuration matters here.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// When failed attempts are an incident.
    pub incident: &'a config::Incident,
    /// Who is told.
    pub alert: &'a config::Alert,
    /// The dashboard's URL, for alerts. Where it is not known, as in an alarm, the last one that was is used.
    pub dashboard: Option<&'a str>,
}
