//! The ledger: all that happened, for the invariants to check.

use std::collections::BTreeMap;
use std::rc::Rc;

use holdfast::report::Outcome;

use crate::fault::{History, Scope, Trouble};
use crate::record::Record;

/// A sentence that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The sentence.
    pub invariant: &'static str,
    /// What was seen instead.
    pub detail: String,
}

/// How an attempt ended, by what the origin really did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Pending,
    /// With an answer of the origin's own, of this status.
    Answered(u16),
    /// A gateway says this status to it.
    Failed(u16),
    /// Nobody waited for its end.
    Abandoned,
    /// Its client spoilt it by what it did with the upload.
    Spoilt,
}

/// A fetch.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub ask: u64,
    pub page: usize,
    /// Which origin it was made at, and by which isolate.
    pub origin: usize,
    pub incarnation: u64,
    /// Whether a client waited for it; else it was made behind an answer.
    pub front: bool,
    pub began_at: u64,
    /// The time on the wall then.
    pub wall_at: u64,
    pub ended_at: Option<u64>,
    pub class: Class,
    /// What was wrong at the site when it came there, and where.
    pub met: Option<(Scope, Trouble)>,
}

impl Attempt {
    /// The status that a gateway says to a failure that speaks of the origin.
    pub fn failed_with(&self) -> Option<u16> {
        match self.class {
            Class::Failed(status) | Class::Answered(status @ 502..=504) => Some(status),
            Class::Answered(_) | Class::Pending | Class::Abandoned | Class::Spoilt => None,
        }
    }
}

/// What is known of a request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub began_at: u64,
    pub wall_at: u64,
    pub answered_at: Option<u64>,
    pub status: Option<u16>,
    /// What kind of answer it got, and whether an origin has ever given it.
    pub kind: String,
    pub is_made_here: bool,
    /// Whether the body broke off before the client had all of it.
    pub is_torn: bool,
    /// The isolate that it came to.
    pub incarnation: u64,
    /// Whether the report names what opened a breaker.
    pub is_refused: bool,
    /// Whether it ended without an answer for no fault of anybody's: its client left, its isolate crashed.
    pub is_excused: bool,
    pub attempts: Vec<usize>,
    pub reports: Vec<Outcome>,
    /// Whether a fault of the cache or of the namespace hit it.
    pub was_hit: bool,
}

/// An order that was carried out.
#[derive(Clone, Debug)]
pub struct Order {
    pub page: Option<usize>,
    pub forget: bool,
    /// When it began and when it was carried out, in virtual time.
    pub began_at: u64,
    pub done_at: u64,
    /// The time on the wall that it counts from.
    pub wall_at: u64,
}

/// How often what happened.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Faults, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// Answers, by what they were.
    pub answers: BTreeMap<String, u64>,
    /// Schedules, by their shape.
    pub shapes: BTreeMap<&'static str, u64>,
    /// Requests that the bare origin would have answered well.
    pub would_be_well: u64,
    /// Those of them that were harmed, by how, and by what excuses it.
    pub harm: BTreeMap<String, u64>,
}

impl Tally {
    /// Adds what another schedule had.
    pub fn add(&mut self, other: Self) {
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        for (shape, count) in other.shapes {
            *self.shapes.entry(shape).or_default() += count;
        }
        for (harm, count) in other.harm {
            *self.harm.entry(harm).or_default() += count;
        }
        self.would_be_well += other.would_be_well;
    }
}

#[derive(Default)]
pub struct Ledger {
    pub records: Vec<Rc<Record>>,
    pub attempts: Vec<Attempt>,
    /// When the edge cache took an entry with the head of this answer first.
    pub stored_at: BTreeMap<usize, u64>,
    pub asks: BTreeMap<u64, Asked>,
    pub orders: Vec<Order>,
    /// How many orders were begun and have not been carried out, whatever becomes of them.
    pub orders_under_way: usize,
    /// When the clock was moved, and by how much.
    pub moves: Vec<(u64, i64)>,
    /// When the namespace failed or worked again.
    pub namespace: Vec<(u64, bool)>,
    /// What was wrong at the site, where, and when.
    pub faults: History,
    /// How many failures were counted against each origin, by its name.
    pub blamed: BTreeMap<String, u64>,
    pub findings: Vec<Finding>,
    pub tally: Tally,
    pub trace: String,
}

impl Ledger {
    /// The attempts of a request, in order.
    pub fn attempts_of(&self, ask: u64) -> impl Iterator<Item = &Attempt> {
        let own = self.asks.get(&ask).map_or(&[][..], |asked| &asked.attempts);
        own.iter().filter_map(|number| self.attempts.get(*number))
    }
}
