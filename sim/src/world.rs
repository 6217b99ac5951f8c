//! The world: virtual time, who is at work, what the edge cache and the namespace have, and the ledger of all that
//! happened.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use holdfast::config::{Config, Token};
use holdfast::time::Timestamp;

use crate::body::{Content, Kind};
use crate::ledger::{Class, Filed, Finding, Ledger};
use crate::memories::Memories;
use crate::plan::{Ask, FIRST_PROBE, Plan};
use crate::site::Site;

/// 2026-01-02T03:04:05Z, when every world begins.
const EPOCH_MS: u64 = 1_767_323_045_000;

/// The operators' secret.
pub const TOKEN: &str = "a-token-of-the-operators";

/// Numbers from here on are those of operators' orders.
pub const FIRST_ORDER: u64 = 2 * FIRST_PROBE;

/// Numbers from here on are those of cron triggers.
pub const FIRST_CRON: u64 = 3 * FIRST_PROBE;

type Work = Pin<Box<dyn Future<Output = ()>>>;

pub(crate) struct Task {
    work: Work,
    pub ask: u64,
    pub incarnation: u64,
    /// Whether this is the request itself and not work behind it.
    pub is_main: bool,
}

pub struct World {
    pub plan: Plan,
    pub config: Rc<Config>,
    pub site: RefCell<Site>,
    pub store: RefCell<BTreeMap<String, Filed>>,
    pub kept: RefCell<BTreeMap<String, Filed>>,
    /// The purge marks as they were written, each with its time.
    pub marks: RefCell<Vec<(u64, String)>>,
    pub namespace_fails: Cell<bool>,
    pub ledger: RefCell<Ledger>,
    pub(crate) isolates: RefCell<Vec<(Rc<Memories>, u64)>>,
    pub(crate) time: Cell<u64>,
    pub(crate) moved: Cell<i64>,
    pub(crate) tasks: RefCell<BTreeMap<u64, Task>>,
    pub(crate) ready: RefCell<VecDeque<u64>>,
    pub(crate) timers: RefCell<BinaryHeap<Reverse<(u64, u64, u64)>>>,
    /// The task at work, its request, and whether it is that request itself.
    current: Cell<(u64, u64, bool)>,
    ticket: Cell<u64>,
    /// While things are taken apart, nothing is lost that was not lost already.
    pub(crate) is_ending: Cell<bool>,
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
            site: RefCell::new(Site::new(plan, EPOCH_MS)),
            store: RefCell::default(),
            kept: RefCell::default(),
            marks: RefCell::default(),
            namespace_fails: Cell::new(false),
            ledger: RefCell::default(),
            isolates: RefCell::new((0..2).map(|number| (Rc::default(), number)).collect()),
            time: Cell::new(0),
            moved: Cell::new(0),
            tasks: RefCell::default(),
            ready: RefCell::default(),
            timers: RefCell::default(),
            current: Cell::new((0, 0, false)),
            ticket: Cell::new(2),
            is_ending: Cell::new(false),
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

    pub(crate) fn poll(self: &Rc<Self>, number: u64) {
        let Some(mut task) = self.tasks.borrow_mut().remove(&number) else { return };
        self.current.set((number, task.ask, task.is_main));
        let mut context = Context::from_waker(Waker::noop());
        if task.work.as_mut().poll(&mut context).is_pending() {
            self.tasks.borrow_mut().insert(number, task);
        }
    }

    pub(crate) fn end_tasks(&self, is_ended: impl Fn(&Task) -> bool) {
        let ended: Vec<u64> = self
            .tasks
            .borrow()
            .iter()
            .filter(|(_, task)| is_ended(task))
            .map(|(number, _)| *number)
            .collect();
        self.is_ending.set(true);
        for number in ended {
            let task = self.tasks.borrow_mut().remove(&number);
            let Some(task) = task else { continue };
            let mut ledger = self.ledger.borrow_mut();
            if let Some(asked) = ledger.asks.get_mut(&task.ask) {
                asked.is_excused = true;
            }
            let now = self.now();
            for attempt in ledger.attempts.iter_mut().filter(|attempt| attempt.ask == task.ask) {
                if attempt.class == Class::Pending {
                    (attempt.class, attempt.ended_at) = (Class::Abandoned, Some(now));
                }
            }
            drop(ledger);
            drop(task);
        }
        self.is_ending.set(false);
    }

    /// Gives an isolate a new memory, and the number of the old one.
    pub(crate) fn renew_isolate(&self, isolate: usize) -> u64 {
        let new = (Rc::default(), self.ticket());
        std::mem::replace(&mut self.isolates.borrow_mut()[isolate], new).1
    }

    pub fn isolates(&self) -> Vec<Rc<Memories>> {
        self.isolates.borrow().iter().map(|(isolate, _)| Rc::clone(isolate)).collect()
    }

    /// How many isolates there have been.
    pub fn lives(&self) -> u64 {
        let youngest = self.isolates.borrow().iter().map(|(_, incarnation)| *incarnation).max();
        youngest.unwrap_or_default() + 1
    }

    pub(crate) fn start(
        &self,
        ask: u64,
        isolate: usize,
        is_main: bool,
        work: impl Future<Output = ()> + 'static,
    ) {
        let incarnation = self.isolates.borrow()[isolate].1;
        self.spawn(ask, incarnation, is_main, work);
    }

    pub fn spawn(&self, ask: u64, incarnation: u64, is_main: bool, work: impl Future<Output = ()> + 'static) {
        let number = self.ticket();
        self.tasks.borrow_mut().insert(number, Task { work: Box::pin(work), ask, incarnation, is_main });
        self.ready.borrow_mut().push_back(number);
    }

    fn ticket(&self) -> u64 {
        self.ticket.set(self.ticket.get() + 1);
        self.ticket.get()
    }

    /// The task at work.
    pub fn task(&self) -> u64 {
        self.current.get().0
    }

    /// Whether what is at work is a request itself.
    pub fn is_front(&self) -> bool {
        self.current.get().2
    }

    /// Whether an isolate has lost what it remembered.
    pub fn has_lost_memory(&self) -> bool {
        self.isolates.borrow().iter().any(|(_, incarnation)| *incarnation > 1)
    }

    pub fn wake(&self, task: u64) {
        self.ready.borrow_mut().push_back(task);
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
        self.tasks.borrow().len()
    }

    /// Virtual time since the beginning, in milliseconds.
    pub fn now(&self) -> u64 {
        self.time.get()
    }

    /// The time on the wall, in milliseconds since 1970.
    pub fn wall(&self) -> u64 {
        (EPOCH_MS + self.now()).saturating_add_signed(self.moved.get())
    }

    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.wall())
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

    pub fn wait(self: &Rc<Self>, span: u64) -> Wait {
        Wait { until: self.now().saturating_add(span), armed_for: None, world: Rc::clone(self) }
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

    pub fn find(&self, invariant: &'static str, detail: impl FnOnce() -> String) {
        let detail = detail();
        self.note(|| format!("!! {invariant}: {detail}"));
        self.ledger.borrow_mut().findings.push(Finding { invariant, detail });
    }

    pub fn body_was_lost(&self, content: &Content, kind: Kind) {
        if !self.is_ending.get() {
            self.find("every body is used or cancelled", || {
                format!("a body ({kind:?}) of answer {:?} was dropped", content.serial)
            });
        }
    }

    /// Notes that a fault hit a request.
    pub fn hit(&self, ask: u64, fault: &'static str) {
        self.count(fault);
        if let Some(asked) = self.ledger.borrow_mut().asks.get_mut(&ask) {
            asked.was_hit = true;
        }
    }
}

/// A wait in virtual time; it yields even if there is nothing to wait for.
pub struct Wait {
    world: Rc<World>,
    until: u64,
    armed_for: Option<u64>,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let task = self.world.task();
        if self.armed_for.is_some() && self.world.now() >= self.until {
            return Poll::Ready(());
        }
        // Work may go over to another task while it waits.
        if self.armed_for != Some(task) {
            self.armed_for = Some(task);
            let alarm = Reverse((self.until, self.world.ticket(), task));
            self.world.timers.borrow_mut().push(alarm);
        }
        Poll::Pending
    }
}
