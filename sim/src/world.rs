//! The world: virtual time, who is at work, what the edge cache and the namespace have, and the ledger of all that
//! happened.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use holdfast::config::{Config, Token};
use holdfast::time::Timestamp;

use crate::body::{Content, Kind};
use crate::client;
use crate::judge;
use crate::plan::{Ask, Plan, Trouble, What};
use crate::site::{Record, Site};
use crate::view::{Memories, View};

/// 2026-01-02T03:04:05Z, when every world begins.
const EPOCH_MS: u64 = 1_767_323_045_000;

/// The operators' secret.
pub const TOKEN: &str = "a-token-of-the-operators";

/// Numbers from here on are those of operators' orders.
pub const FIRST_ORDER: u64 = 5_000;

/// More steps than any schedule needs: past it something turns in circles.
const MOST_STEPS: usize = 2_000_000;

/// A sentence that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The sentence.
    pub invariant: &'static str,
    /// What was seen instead.
    pub detail: String,
}

/// How an attempt ended, told by what the origin really did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Pending,
    /// With an answer of the origin's own, of this status.
    Answered(u16),
    /// A gateway says this status to it.
    Failed(u16),
    /// Nobody waited for its end.
    Abandoned,
}

/// A fetch.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub ask: u64,
    pub page: usize,
    /// Which origin it was made at.
    pub origin: usize,
    /// Whether a client waited for it; else it was made behind an answer.
    pub front: bool,
    pub began_at: u64,
    /// The time on the wall then.
    pub wall_at: u64,
    pub ended_at: Option<u64>,
    pub class: Class,
}

/// What is known of a request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub began_at: u64,
    pub wall_at: u64,
    pub answered_at: Option<u64>,
    pub status: Option<u16>,
    /// Whether it ended without an answer for no fault of anybody's: its client left, its isolate crashed.
    pub is_excused: bool,
    pub attempts: Vec<usize>,
    pub reports: Vec<String>,
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

/// What the edge cache has under a key.
#[derive(Clone, Debug)]
pub struct Filed {
    pub entry: String,
    pub content: Option<Rc<Content>>,
    pub until: u64,
    pub filed_at: u64,
}

/// How often what happened.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Faults, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// Answers, by what they were.
    pub answers: BTreeMap<String, u64>,
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
    }
}

#[derive(Default)]
pub struct Ledger {
    pub records: Vec<Rc<Record>>,
    pub attempts: Vec<Attempt>,
    pub asks: BTreeMap<u64, Asked>,
    pub orders: Vec<Order>,
    /// How many orders were begun and have not been carried out, whatever becomes of them.
    pub orders_under_way: usize,
    /// When the clock was moved, and by how much.
    pub moves: Vec<(u64, i64)>,
    /// When the namespace failed or worked again.
    pub namespace: Vec<(u64, bool)>,
    /// When an origin got into trouble or out of it.
    pub troubles: Vec<(u64, usize, Trouble)>,
    pub findings: Vec<Finding>,
    pub tally: Tally,
    pub trace: String,
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    work: Work,
    ask: u64,
    incarnation: u64,
    /// Whether this is the request itself and not work behind it.
    is_main: bool,
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
    isolates: RefCell<Vec<(Rc<Memories>, u64)>>,
    time: Cell<u64>,
    moved: Cell<i64>,
    tasks: RefCell<BTreeMap<u64, Task>>,
    ready: RefCell<VecDeque<u64>>,
    timers: RefCell<BinaryHeap<Reverse<(u64, u64, u64)>>>,
    /// The task at work, its request, and whether it is that request itself.
    current: Cell<(u64, u64, bool)>,
    ticket: Cell<u64>,
    /// While things are taken apart, nothing is lost that was not lost already.
    is_ending: Cell<bool>,
    traces: bool,
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
        }))
    }

    /// Lets everything happen.
    pub fn run(self: &Rc<Self>) {
        let mut events: VecDeque<_> = self.plan.events.clone().into();
        for _ in 0..MOST_STEPS {
            let next = self.ready.borrow_mut().pop_front();
            if let Some(task) = next {
                self.poll(task);
                continue;
            }
            let alarm = self.timers.borrow().peek().map(|Reverse((at, ..))| *at);
            let event = events.front().map(|event| event.at);
            match (event, alarm) {
                (Some(event), alarm) if alarm.is_none_or(|alarm| event <= alarm) => {
                    self.time.set(self.time.get().max(event));
                    if let Some(event) = events.pop_front() {
                        self.happen(event.what);
                    }
                }
                (_, Some(_)) => {
                    let alarm = self.timers.borrow_mut().pop();
                    if let Some(Reverse((at, _, task))) = alarm {
                        // What waits for nobody does not move time on.
                        if self.tasks.borrow().contains_key(&task) {
                            self.time.set(self.time.get().max(at));
                            self.ready.borrow_mut().push_back(task);
                        }
                    }
                }
                (_, None) => break,
            }
        }
        judge::at_the_end(self);
        self.is_ending.set(true);
        let rest = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(rest);
        self.store.borrow_mut().clear();
        self.kept.borrow_mut().clear();
    }

    fn poll(self: &Rc<Self>, number: u64) {
        let Some(mut task) = self.tasks.borrow_mut().remove(&number) else { return };
        self.current.set((number, task.ask, task.is_main));
        let mut context = Context::from_waker(Waker::noop());
        if task.work.as_mut().poll(&mut context).is_pending() {
            self.tasks.borrow_mut().insert(number, task);
        }
    }

    fn happen(self: &Rc<Self>, what: What) {
        self.note(|| format!("-- {what}"));
        let now = self.now();
        match what {
            What::Ask(ask) => self.begin(ask),
            What::Publish { page } => self.site.borrow_mut().publish(page, self.wall()),
            What::Trouble { origin, trouble } => {
                self.site.borrow_mut().troubles[origin] = trouble;
                self.ledger.borrow_mut().troubles.push((now, origin, trouble));
            }
            What::Replace { isolate } => {
                self.count("isolate replaced");
                self.renew_isolate(isolate);
            }
            What::Crash { isolate } => {
                self.count("isolate crashed");
                let old = self.renew_isolate(isolate);
                self.end_tasks(|task| task.incarnation == old);
            }
            What::Clock { by } => {
                self.count(if by > 0 { "clock put forward" } else { "clock put back" });
                self.moved.set(self.moved.get() + by);
                self.ledger.borrow_mut().moves.push((now, by));
            }
            What::Evict { page: None } => {
                self.count("cache emptied");
                self.store.borrow_mut().clear();
            }
            What::Evict { page: Some(page) } => {
                self.count("page evicted");
                let path = &self.plan.pages[page].path;
                self.store.borrow_mut().retain(|key, _| !key.ends_with(path.as_str()));
            }
            What::Purge { isolate, page, forget } => {
                self.count(if forget { "order to forget" } else { "order to purge" });
                let number = FIRST_ORDER + self.ledger.borrow().asks.len() as u64;
                let view = self.view(number, isolate);
                let work = client::order(view, page, forget);
                self.start(number, isolate, true, work);
            }
            What::Namespace { fails } => {
                if fails {
                    self.count("namespace fails");
                }
                self.namespace_fails.set(fails);
                self.ledger.borrow_mut().namespace.push((now, fails));
            }
        }
    }

    fn begin(self: &Rc<Self>, ask: Ask) {
        let (number, isolate, leaves_after) = (ask.number, ask.isolate, ask.leaves_after);
        let view = self.view(number, isolate);
        self.start(number, isolate, true, client::live(view, ask));
        if let Some(span) = leaves_after {
            let world = Rc::clone(self);
            let alarm = self.wait(span);
            self.start(u64::MAX, isolate, false, async move {
                alarm.await;
                world.leave(number);
            });
        }
    }

    /// The client of a request leaves. The platform ends the request, unless there is work behind it: then it goes on,
    /// and its answer is for nobody.
    fn leave(&self, number: u64) {
        let is_answered =
            self.ledger.borrow().asks.get(&number).is_none_or(|asked| asked.answered_at.is_some());
        if is_answered {
            return;
        }
        self.count("client left");
        self.note(|| format!("ask {number}: the client leaves"));
        let has_work_behind = self.tasks.borrow().values().any(|task| task.ask == number && !task.is_main);
        if has_work_behind {
            if let Some(asked) = self.ledger.borrow_mut().asks.get_mut(&number) {
                asked.is_excused = true;
            }
        } else {
            self.end_tasks(|task| task.ask == number);
        }
    }

    fn end_tasks(&self, is_ended: impl Fn(&Task) -> bool) {
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
    fn renew_isolate(&self, isolate: usize) -> u64 {
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

    fn view(self: &Rc<Self>, ask: u64, isolate: usize) -> View {
        let (memory, incarnation) = self.isolates.borrow()[isolate].clone();
        View::new(Rc::clone(self), memory, incarnation, ask)
    }

    fn start(&self, ask: u64, isolate: usize, is_main: bool, work: impl Future<Output = ()> + 'static) {
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
