//! The simulator's front end to the test kit, as one request has it: what the origins do, what of the platform fails, and
//! what goes into the ledger. Each operation takes a little time, so that requests overtake each other.

use std::cell::RefCell;
use std::rc::Rc;

use holdfast::cache::entry::Entry;
use holdfast::cache::key::Key;
use holdfast::health::Bindings;
use holdfast::origin::forward::Forward;
use holdfast::report::Report;
use holdfast::request::Target;
use http::HeaderValue;
use testkit::body::Ending;
use testkit::chance::Chance;
use testkit::executor::{Owner, Part};
use testkit::front::{Event, Head, Operation, Reply, Unanswered};
use testkit::upload::Upload;
use testkit::{FrontEnd, IsolateMemory, TestPorts};

use crate::fault::{Path, Trouble};
use crate::ledger::{Attempt, Class};
use crate::origin::SimAnswer;
use crate::record::{Record, SERIAL, text_of};
use crate::visitor::with_address;
use crate::world::World;
use crate::{blame, invariants, retries, taken};

/// How old what is read from the namespace may be, in milliseconds: the platform's word for it is a minute.
const OLDEST_READ: u64 = 60_000;

/// The ports of one request.
pub type SimPorts = TestPorts<SimFront>;

/// The world, as one request sees it.
#[derive(Clone)]
pub struct SimFront {
    pub world: Rc<World>,
    pub ask: u64,
    pub incarnation: u64,
    chance: Rc<RefCell<Chance>>,
}

/// The ports of request number `ask` of an isolate.
pub fn ports(world: &Rc<World>, memory: Rc<IsolateMemory>, incarnation: u64, ask: u64) -> SimPorts {
    let chance = Rc::new(RefCell::new(Chance::new(world.plan.seed, ask + 1)));
    SimPorts {
        platform: Rc::clone(&world.platform),
        memory,
        owner: Owner { request: ask, isolate: incarnation, part: Part::Main },
        front: SimFront { world: Rc::clone(world), ask, incarnation, chance },
    }
}

/// A fetch that is under way.
pub struct Fetch {
    /// The number of the attempt.
    attempt: usize,
    page: usize,
    origin: usize,
    trouble: Trouble,
    /// The record of the answer, until the answer is here.
    record: Option<Record>,
}

impl SimFront {
    fn end(&self, attempt: usize, class: Class) {
        let now = self.world.now();
        if let Some(attempt) = self.world.ledger.borrow_mut().attempts.get_mut(attempt) {
            (attempt.class, attempt.ended_at) = (class, Some(now));
        }
        self.world.note(|| format!("ask {}: attempt {attempt} ends: {class:?}", self.ask));
    }

    /// What is wrong for an attempt that has come to the site.
    fn met(&self, fetch: &Fetch, forward: &Forward) -> Trouble {
        let world = &self.world;
        let (attempt, page) = (fetch.attempt, fetch.page);
        let address = text_of(&forward.headers(), "cf-connecting-ip");
        let client = address.and_then(|address| with_address(&world.plan.visitors, &address));
        let path = Path { origin: fetch.origin, group: world.plan.group(page), page, client };
        let met = {
            let mut ledger = world.ledger.borrow_mut();
            let met = ledger.faults.met(path, &mut self.chance.borrow_mut());
            if let Some(attempt) = ledger.attempts.get_mut(attempt) {
                attempt.met = met;
            }
            met
        };
        let Some((scope, trouble)) = met else { return Trouble::None };
        world.count(trouble.name());
        world.note(|| format!("ask {}: attempt {attempt} meets {trouble:?} of {scope:?}", self.ask));
        trouble
    }

    /// Records a new attempt; gives its number.
    fn attempt(&self, page: usize, origin: usize, front: bool) -> usize {
        let (began_at, wall_at) = (self.world.now(), self.world.wall());
        let mut ledger = self.world.ledger.borrow_mut();
        let attempt = ledger.attempts.len();
        ledger.attempts.push(Attempt {
            ask: self.ask,
            page,
            origin,
            incarnation: self.incarnation,
            front,
            began_at,
            wall_at,
            ended_at: None,
            class: Class::Pending,
            met: None,
        });
        ledger.asks.entry(self.ask).or_default().attempts.push(attempt);
        attempt
    }
}

impl FrontEnd for SimFront {
    type Fetch = Fetch;

    fn sends(&self, forward: &Forward, _: Option<&Upload>) -> Fetch {
        let world = &self.world;
        let place = Target::parse(&forward.url);
        let path = place.as_ref().map_or("", Target::path_and_query);
        let origin = place
            .as_ref()
            .and_then(|place| place.host().strip_prefix("origin")?.strip_suffix(".test")?.parse().ok())
            .unwrap_or(0_usize);
        let page = world.plan.pages.iter().position(|page| page.path == path).unwrap_or_default();
        let front = world.is_front();
        let attempt = self.attempt(page, origin, front);
        world.note(|| {
            let behind = if front { "" } else { ", behind" };
            format!(
                "ask {}: attempt {attempt} at origin {origin}: {} {path}{behind}",
                self.ask, forward.method
            )
        });
        retries::sent(world, self.ask, forward);
        Fetch { attempt, page, origin, trouble: Trouble::None, record: None }
    }

    fn arrives(&self, fetch: &mut Fetch, forward: &Forward) -> u64 {
        fetch.trouble = self.met(fetch, forward);
        let mut chance = self.chance.borrow_mut();
        let is_slow = matches!(fetch.trouble, Trouble::SlowHeader | Trouble::Overload);
        if is_slow { chance.between(300, 4_000) } else { chance.between(1, 60) }
    }

    fn replies(&self, fetch: &mut Fetch, forward: &Forward) -> Reply {
        let (world, wall) = (&self.world, self.world.wall());
        let mut chance = self.chance.borrow_mut();
        let mut origin = world.origin.borrow_mut();
        let reply = origin.reply(&world.plan, fetch.page, forward, wall, &mut chance, fetch.trouble);
        reply.map(|SimAnswer { record, headers, text, body_takes }| {
            let (status, ending) = (record.status, record.ending);
            fetch.record = Some(record);
            let attempt = Some(fetch.attempt);
            Head { status, headers, text, ending, body_takes, serial: None, attempt }
        })
    }

    fn receives(&self, fetch: &mut Fetch, forward: &Forward, head: &mut Head) {
        let world = &self.world;
        let Some(mut record) = fetch.record.take() else { return };
        (record.ask, record.came_at, record.received_at) = (self.ask, world.now(), world.wall());
        let serial = {
            let mut ledger = world.ledger.borrow_mut();
            if let Some(attempt) = ledger.attempts.get(fetch.attempt) {
                (record.sent_at, record.requested_at) = (attempt.began_at, attempt.wall_at);
            }
            ledger.records.push(Rc::new(record));
            ledger.records.len() - 1
        };
        head.headers.insert(SERIAL, HeaderValue::from(serial));
        head.serial = Some(serial);
        // Without a body, a 530 does not say what it stands for.
        let has_body = forward.method != "HEAD";
        self.end(fetch.attempt, class_of(head.status, if has_body { fetch.trouble } else { Trouble::None }));
        world.note(|| {
            let Head { status, headers, ending, .. } = &head;
            format!("ask {}: answer {serial}: {status} {headers:?} {ending:?}", self.ask)
        });
    }

    fn fails(&self, fetch: &mut Fetch, how: Unanswered) {
        self.end(
            fetch.attempt,
            match how {
                Unanswered::Late => Class::Failed(504),
                Unanswered::Lost | Unanswered::Garbage => Class::Failed(502),
                Unanswered::Spoilt => Class::Spoilt,
            },
        );
    }

    fn takes(&self, _: Operation) -> Option<u64> {
        Some(self.chance.borrow_mut().below(self.world.plan.delay + 1))
    }

    /// What the operation is about may vanish instead.
    fn cache_fails(&self, key: &Key) -> bool {
        let percent = self.world.plan.cache_faults;
        let (fails, evicts) = {
            let mut chance = self.chance.borrow_mut();
            (chance.percent(percent), chance.percent(percent))
        };
        if evicts && self.world.platform.store.remove(key.as_str()).is_some() {
            self.world.hit(self.ask, "entry evicted in between");
        }
        if fails {
            self.world.hit(self.ask, "operation of the cache failed");
        }
        fails
    }

    fn namespace_fails(&self, within: u64) -> Option<u64> {
        self.world.namespace_fails.get().then(|| {
            self.world.hit(self.ask, "operation of the namespace failed");
            if self.chance.borrow_mut().percent(50) { within } else { 5 }
        })
    }

    fn lag(&self) -> u64 {
        let mut chance = self.chance.borrow_mut();
        if chance.percent(50) { 0 } else { chance.below(OLDEST_READ) }
    }

    fn has_room(&self) -> bool {
        let crowded = self.world.plan.crowded;
        crowded == 0 || !self.chance.borrow_mut().percent(crowded)
    }

    fn roll(&self) -> f64 {
        self.chance.borrow_mut().unit()
    }

    fn bindings(&self) -> Bindings {
        let plan = &self.world.plan;
        Bindings { keep: plan.keeps, health: plan.counts, ..Bindings::default() }
    }

    fn counts(&self, counts: &str, _: &str) -> Option<String> {
        blame::told(&self.world, counts);
        Some(String::new())
    }

    fn reports(&self, report: &Report) {
        let line = report.to_line();
        self.world.note(|| format!("ask {}: report {line}", self.ask));
        invariants::reported(&self.world, self.ask, report.outcome, &line);
    }

    fn sees(&self, event: Event<'_>) {
        let (world, ask) = (&self.world, self.ask);
        match event {
            Event::Lasts(attempt) => world.lasted(attempt),
            Event::Breaks(attempt, ending) => {
                self.end(attempt, Class::Failed(if ending == Ending::Silent { 504 } else { 502 }));
            }
            Event::SpoilsUpload => world.count("client spoilt its upload"),
            Event::HasNoRoom => world.count("no room for a body"),
            Event::Resumes => world.count("body taken up again"),
            Event::Stores { key, entry, content, retention } => {
                taken::stored(world, ask, entry, content);
                let seconds = retention.as_secs();
                world.note(|| format!("ask {ask}: stores {} for {seconds} s", key.as_str()));
            }
            Event::Removes { key, entry } => {
                world.note(|| format!("ask {ask}: removes {}", key.as_str()));
                if let Some(Entry::Response(stored)) = entry {
                    taken::removed(world, ask, &stored);
                }
            }
            Event::Keeps { name, entry, content } => {
                taken::kept(world, ask, entry, content);
                world.note(|| format!("ask {ask}: keeps {name}"));
            }
        }
    }
}

/// The class of a status that came.
fn class_of(status: u16, trouble: Trouble) -> Class {
    match (status, trouble) {
        (530, Trouble::EdgeError(1033)) => Class::Failed(503),
        (522 | 524, _) => Class::Failed(504),
        (520..=527 | 530 | 0..200 | 600.., _) => Class::Failed(502),
        (own, _) => Class::Answered(own),
    }
}
