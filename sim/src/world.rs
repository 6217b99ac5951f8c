//! The world: the platform, the origins, what the isolates remember, and the ledger of all that happened.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use holdfast::config::{Config, Token};
use testkit::clock::EPOCH_MS;
use testkit::executor::{Owner, Part};
use testkit::{IsolateMemory, Platform};

use crate::ledger::{Class, Finding, Ledger};
use crate::origin::SimOrigin;
use crate::plan::{Ask, FIRST_PROBE, Plan};
use crate::record::Record;

/// The operators' secret.
pub const TOKEN: &str = "a-token-of-the-operators";

/// Numbers from here on are those of operators' orders.
pub const FIRST_ORDER: u64 = 2 * FIRST_PROBE;

/// Numbers from here on are those of cron triggers.
pub const FIRST_CRON: u64 = 3 * FIRST_PROBE;

pub struct World {
    pub plan: Plan,
    pub config: Rc<Config>,
    pub platform: Rc<Platform>,
    pub origin: RefCell<SimOrigin>,
    pub namespace_fails: Cell<bool>,
    pub ledger: RefCell<Ledger>,
    /// What each isolate remembers, and how many there were before it.
    isolates: RefCell<Vec<(Rc<IsolateMemory>, u64)>>,
    lives: Cell<u64>,
    traces: bool,
    /// Where each request stands among the events, by its number.
    asks: HashMap<u64, usize>,
}

impl World {
    /// A world in which `plan` is about to happen; `None` if its settings are no settings.
    pub fn new(plan: &Plan, traces: bool) -> Option<Rc<Self>> {
        let mut config = Config::from_value(&plan.settings.to_value(&plan.pages)).ok()?;
        config.token = Token::new(TOKEN);
        Some(Rc::new(Self {
            plan: plan.clone(),
            config: Rc::new(config),
            platform: Rc::default(),
            origin: RefCell::new(SimOrigin::new(plan, EPOCH_MS)),
            namespace_fails: Cell::new(false),
            ledger: RefCell::default(),
            isolates: RefCell::new((0..2).map(|number| (Rc::default(), number)).collect()),
            lives: Cell::new(2),
            traces,
            asks: (0..)
                .zip(&plan.events)
                .filter_map(|(at, event)| Some((event.what.ask()?.number, at)))
                .collect(),
        }))
    }

    /// The request of this number; `None` for what visitors do not send.
    pub fn ask(&self, number: u64) -> Option<&Ask> {
        self.plan.events.get(*self.asks.get(&number)?)?.what.ask()
    }

    /// Ends all tasks of such owners by force. Their requests are excused.
    pub(crate) fn end_tasks(&self, is_ended: impl Fn(Owner) -> bool) {
        let owners = self.platform.end(is_ended);
        let now = self.now();
        let mut ledger = self.ledger.borrow_mut();
        for owner in owners {
            if let Some(asked) = ledger.asks.get_mut(&owner.request) {
                asked.is_excused = true;
            }
            for attempt in ledger.attempts.iter_mut().filter(|attempt| attempt.ask == owner.request) {
                if attempt.class == Class::Pending {
                    (attempt.class, attempt.ended_at) = (Class::Abandoned, Some(now));
                }
            }
        }
    }

    /// The record of an answer, by its number.
    pub fn record(&self, serial: Option<usize>) -> Option<Rc<Record>> {
        self.ledger.borrow().records.get(serial?).cloned()
    }

    /// Gives an isolate a new memory, and the number of the old one.
    pub(crate) fn renew_isolate(&self, isolate: usize) -> u64 {
        let new = (Rc::default(), self.lives.replace(self.lives.get() + 1));
        std::mem::replace(&mut self.isolates.borrow_mut()[isolate], new).1
    }

    /// What an isolate remembers, and its number among all that there were.
    pub(crate) fn isolate(&self, isolate: usize) -> (Rc<IsolateMemory>, u64) {
        self.isolates.borrow()[isolate].clone()
    }

    pub fn isolates(&self) -> Vec<Rc<IsolateMemory>> {
        self.isolates.borrow().iter().map(|(isolate, _)| Rc::clone(isolate)).collect()
    }

    /// How many isolates there have been.
    pub fn lives(&self) -> u64 {
        self.lives.get()
    }

    /// Whether what is at work is a request itself.
    pub fn is_front(&self) -> bool {
        self.platform.executor.current().part == Part::Main
    }

    /// Whether an isolate has lost what it remembered.
    pub fn has_lost_memory(&self) -> bool {
        self.lives.get() > 2
    }

    /// Notes that an attempt has lasted until now, as its body was waited for.
    pub fn lasted(&self, attempt: usize) {
        let now = self.now();
        if let Some(attempt) = self.ledger.borrow_mut().attempts.get_mut(attempt) {
            attempt.ended_at = Some(now);
        }
    }

    /// How many tasks are not done.
    pub fn unfinished(&self) -> usize {
        self.platform.executor.unfinished()
    }

    /// Virtual time since the beginning, in milliseconds.
    pub fn now(&self) -> u64 {
        self.platform.clock.now()
    }

    /// The time on the wall, in milliseconds since 1970.
    pub fn wall(&self) -> u64 {
        self.platform.clock.wall()
    }

    /// The earliest time that was on the wall between two points of virtual time, and the latest.
    pub fn walls(&self, from: u64, to: u64) -> (u64, u64) {
        let ledger = self.ledger.borrow();
        let on_wall = |at: u64, inclusive: bool| {
            let by: i64 = ledger
                .moves
                .iter()
                .filter(|(moved_at, _)| *moved_at < at || inclusive && *moved_at == at)
                .map(|(_, by)| by)
                .sum();
            (EPOCH_MS + at).saturating_add_signed(by)
        };
        let mut points = vec![on_wall(from, false), on_wall(to, true)];
        for (at, _) in ledger.moves.iter().filter(|(at, _)| (from..=to).contains(at)) {
            points.extend([on_wall(*at, false), on_wall(*at, true)]);
        }
        (points.iter().copied().min().unwrap_or_default(), points.iter().copied().max().unwrap_or_default())
    }

    pub fn note(&self, line: impl FnOnce() -> String) {
        if self.traces {
            let now = self.now();
            let line = format!("{:>10}.{:03} {}\n", now / 1000, now % 1000, line());
            self.ledger.borrow_mut().trace.push_str(&line);
        }
    }

    pub fn count(&self, fault: &'static str) {
        *self.ledger.borrow_mut().tally.faults.entry(fault).or_default() += 1;
    }

    pub fn violated(&self, invariant: &'static str, detail: impl FnOnce() -> String) {
        let detail = detail();
        self.note(|| format!("!! {invariant}: {detail}"));
        self.ledger.borrow_mut().findings.push(Finding { invariant, detail });
    }

    /// Notes that a fault hit a request.
    pub fn hit(&self, ask: u64, fault: &'static str) {
        self.count(fault);
        if let Some(asked) = self.ledger.borrow_mut().asks.get_mut(&ask) {
            asked.was_hit = true;
        }
    }
}
