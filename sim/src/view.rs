//! The ports into the world, as one request has them. Each operation takes a little time, so that requests overtake
//! each other, and may fail where the platform's may.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use holdfast::health::{self, Bindings};
use holdfast::isolate::Isolate;
use holdfast::isolate::memory_cache::MemoryCache;
use holdfast::ports::{Background, Clock, Dice, Health, LastGood, Memory, Reporter, Urls};
use holdfast::report::Report;
use holdfast::request::Target;
use holdfast::time::Timestamp;
use http::HeaderMap;

use crate::body::{Body, Content, Kind};
use crate::chance::Chance;
use crate::ledger::Class;
use crate::memories::{Memories, Signal};
use crate::world::World;
use crate::{blame, judge};

/// The platform ends what goes on behind an answer after this long.
const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

/// The world, as one request sees it.
#[derive(Clone)]
pub struct View {
    pub world: Rc<World>,
    memories: Rc<Memories>,
    pub incarnation: u64,
    pub ask: u64,
    pub(crate) chance: Rc<RefCell<Chance>>,
}

impl View {
    pub fn new(world: Rc<World>, memories: Rc<Memories>, incarnation: u64, ask: u64) -> Self {
        let chance = Rc::new(RefCell::new(Chance::new(world.plan.seed, ask + 1)));
        Self { world, memories, incarnation, ask, chance }
    }

    /// Takes a little time.
    pub(crate) async fn pause(&self) {
        let span = self.chance.borrow_mut().below(self.world.plan.delay + 1);
        self.world.wait(span).await;
    }

    pub(crate) fn body(&self, content: Content, kind: Kind) -> Body {
        Body::new(&self.world, Rc::new(content), kind)
    }

    pub(crate) fn end(&self, attempt: usize, class: Class) {
        let now = self.world.now();
        if let Some(attempt) = self.world.ledger.borrow_mut().attempts.get_mut(attempt) {
            (attempt.class, attempt.ended_at) = (class, Some(now));
        }
        self.world.note(|| format!("ask {}: attempt {attempt} ends: {class:?}", self.ask));
    }

    pub(crate) fn now(&self) -> u64 {
        self.world.now()
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Health for View {
    fn bindings(&self) -> Bindings {
        Bindings { keep: self.has_last_good(), health: self.world.plan.counts, ..Bindings::default() }
    }

    async fn health_view(&self, _: health::View) -> Option<String> {
        None
    }

    async fn flush(&self, counts: &str, _: &str) -> Option<String> {
        self.pause().await;
        blame::told(&self.world, counts);
        Some(String::new())
    }
}

impl Memory for View {
    type Signal = Signal;

    fn isolate(&self) -> &Isolate<Signal> {
        &self.memories.isolate
    }

    fn memory_cache(&self) -> &MemoryCache<Body> {
        &self.memories.recall
    }

    fn signal(&self) -> Signal {
        let signal = Signal::default();
        self.spawn(self.wait(&signal, LONGEST_WORK_BEHIND));
        signal
    }

    fn notify(&self, signal: &Signal) {
        signal.0.0.update(|times| times + 1);
        for task in signal.0.1.take() {
            self.world.wake(task);
        }
    }

    fn wait(&self, signal: &Signal, within: Duration) -> impl Future<Output = ()> + 'static {
        let (world, signal) = (Rc::clone(&self.world), signal.clone());
        let mut late = self.world.wait(millis(within));
        let before = signal.0.0.get();
        std::future::poll_fn(move |context| {
            if signal.0.0.get() > before {
                return Poll::Ready(());
            }
            signal.0.1.borrow_mut().push(world.task());
            Pin::new(&mut late).poll(context)
        })
    }
}

impl Urls for View {
    fn resolve(&self, reference: &str, base: &Target) -> Option<Target> {
        let base = url::Url::parse(base.as_str()).ok()?;
        Target::parse(base.join(reference).ok()?.as_str())
    }
}

impl Clock for View {
    fn now(&self) -> Timestamp {
        self.world.timestamp()
    }

    fn sleep(&self, span: Duration) -> impl Future<Output = ()> {
        self.world.wait(millis(span))
    }
}

impl Dice for View {
    fn roll(&self) -> f64 {
        self.chance.borrow_mut().unit()
    }
}

impl Background for View {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.world.spawn(self.ask, self.incarnation, false, work);
    }

    fn attend(&self, work: impl Future<Output = ()> + 'static) {
        self.spawn(work);
    }
}

impl Reporter for View {
    fn report(&self, report: &Report) {
        let line = report.to_line();
        self.world.note(|| format!("ask {}: report {line}", self.ask));
        judge::reported(&self.world, self.ask, report.outcome, &line);
    }
}

/// The fields of an answer: its own, or those of the response behind its body, edited.
pub fn fields_of(headers: &holdfast::ports::Headers, content: Option<&Content>) -> HeaderMap {
    match headers {
        holdfast::ports::Headers::Own(headers) => headers.clone(),
        holdfast::ports::Headers::Edited(edits) => {
            let mut headers = content.map(|content| (*content.headers).clone()).unwrap_or_default();
            for name in &edits.remove {
                headers.remove(name);
            }
            for (name, value) in &edits.set {
                headers.insert(name, value.clone());
            }
            for (name, value) in &edits.append {
                headers.append(name, value.clone());
            }
            headers
        }
    }
}
