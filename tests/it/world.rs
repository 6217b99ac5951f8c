//! A world to try the exchange in: a scripted origin, a store, dice and a clock that moves by itself when
//! everybody waits. Nothing sleeps and nothing is random: the same script gives the same story.
//!
//! The platform is `testkit`'s; here is what a test says and asks.

mod behaviour;
mod requests;
mod script;
mod story;

use std::rc::Rc;
use std::time::Duration;

use holdfast::health::summary::Summary;
use holdfast::time::Timestamp;
use serde_json::{Value, json};
use testkit::IsolateMemory;
use testkit::chance::Chance;
use testkit::clock::millis;
use testkit::platform::Namespace;

pub use self::behaviour::{Behaviour, answers, hangs, page, refuses, talks_garbage};
use self::script::{CLIENT_ADDRESS, Script, Seen};
pub use self::story::Story;
pub use testkit::body::Ending;

/// An upload that the client breaks off.
pub const BROKEN_OFF: &str = "\u{1f4a5}";

/// The world as somebody sees it who sends requests: with fields and settings of its own.
#[derive(Clone)]
pub struct World {
    script: Rc<Script>,
    /// The isolate that is asked.
    memory: Rc<IsolateMemory>,
    settings: Value,
    token: Option<String>,
    keeps: bool,
    /// What is known of the origins, if anything is bound that could know, and answers.
    health: Option<Option<Rc<Summary>>>,
    host: String,
    fields: Vec<(String, String)>,
    has_addresses: bool,
}

pub fn world() -> World {
    World {
        script: Rc::new(Script::new()),
        memory: Rc::default(),
        // What an outage leaves behind in the isolate has tests of its own.
        settings: json!({
            "origins": ["http://origin.test"],
            "retry": { "budget": "off" },
            "breaker": { "enabled": false },
        }),
        token: None,
        keeps: false,
        health: None,
        host: "www.example.com".to_owned(),
        fields: Vec::new(),
        has_addresses: false,
    }
}

/// What `/` answered, and how many operations of the store that took.
pub fn counted(world: &World) -> (Story, usize) {
    let before = world.subrequests();
    let story = world.get("/");
    let operations = world.subrequests() - before - story.seen.len();
    (story, operations)
}

impl World {
    /// Sets `key`, such as `retry.attempts`, as an operator would.
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        let mut table = &mut self.settings;
        for part in key.split('.') {
            table = &mut table[part];
        }
        *table = value.into();
        self
    }

    /// With budget and breaker as they are where nothing is set, and with the address of a client of its own in each
    /// request, as the platform has it.
    pub fn guarded(mut self) -> Self {
        self.has_addresses = true;
        for table in ["retry", "breaker"] {
            self.settings.as_object_mut().unwrap().remove(table);
        }
        self
    }

    /// Binds a namespace for last good copies and purge rules.
    pub fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Binds the object in which counts are gathered, which answers `news`; `None` makes it fail.
    pub fn gathering(self, news: Option<&str>) -> Self {
        self.script.gathers.set(true);
        *self.script.news.borrow_mut() = news.map(str::to_owned);
        self
    }

    /// What was flushed to it, all lines sorted, and how often.
    pub fn gathered(&self) -> (Vec<String>, usize) {
        let told = self.script.told.borrow();
        let mut lines: Vec<_> =
            told.iter().flat_map(|text| text.lines().skip(1)).map(str::to_owned).collect();
        lines.sort();
        (lines, told.len())
    }

    /// Binds what knows the origins.
    pub fn knowing(mut self, summary: Summary) -> Self {
        self.health = Some(Some(Rc::new(summary)));
        self
    }

    /// Binds what should know the origins, and fails.
    pub fn health_fails(mut self) -> Self {
        self.health = Some(None);
        self
    }

    /// Sets the operators' token.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Takes the operators' token away.
    pub fn without_token(mut self) -> Self {
        self.token = None;
        self
    }

    /// The namespace as it is.
    pub fn namespace(&self) -> &Namespace {
        &self.script.platform.namespace
    }

    /// Makes the namespace fail from now on.
    pub fn namespace_fails(self) -> Self {
        self.script.namespace_fails.set(true);
        self
    }

    /// The namespace shows no purge rules, as one where a write has not arrived yet.
    pub fn without_purge_rules(self) -> Self {
        self.script.platform.namespace.purge_rules.borrow_mut().clear();
        self
    }

    /// The same world seen from a new isolate, in the same data centre.
    pub fn new_isolate(mut self) -> Self {
        self.memory = Rc::default();
        self
    }

    /// The edge cache loses all that it has.
    pub fn evicted(self) -> Self {
        self.script.platform.store.clear();
        self
    }

    /// How many entries the edge cache has.
    pub fn entries(&self) -> usize {
        self.script.platform.store.len()
    }

    /// Asks another host from now on.
    pub fn at(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    /// Sends `name` with every request from now on.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Forgets what [`with`](Self::with) said.
    pub fn without_fields(mut self) -> Self {
        self.fields.clear();
        self
    }

    /// What the origin does next, fetch by fetch; after that it refuses.
    pub fn origin(self, script: impl IntoIterator<Item = Behaviour>) -> Self {
        *self.script.behaviours.borrow_mut() = script.into_iter().collect();
        self
    }

    pub fn seed(self, seed: u64) -> Self {
        *self.script.chance.borrow_mut() = Chance::new(seed, 0);
        self
    }

    /// Has the store work again.
    pub fn store_works(self) -> Self {
        self.script.store_fails.set(false);
        self
    }

    /// Makes every operation of the store fail from now on.
    pub fn store_fails(self) -> Self {
        self.script.store_fails.set(true);
        self
    }

    /// Makes bodies take this long to be stored, as a client does that reads slowly.
    pub fn store_takes(self, span: Duration) -> Self {
        self.script.store_takes.set(span);
        self
    }

    /// What one of several origins does each time.
    pub fn at_origin(self, authority: &str, does: Behaviour) -> Self {
        self.script.origins.borrow_mut().insert(authority.to_owned(), does);
        self
    }

    /// What one client meets each time, as one does whom a firewall knows.
    pub fn at_client(self, address: &str, meets: Behaviour) -> Self {
        self.script.treatments.borrow_mut().insert(address.to_owned(), meets);
        self
    }

    /// Asks from another address from now on.
    pub fn from(self, address: &str) -> Self {
        self.with(CLIENT_ADDRESS, address)
    }

    /// Lets time pass.
    pub fn pass(&self, span: Duration) {
        self.script.platform.clock.pass_to(self.script.platform.clock.now() + millis(span));
    }

    /// Lets time pass.
    pub fn later(self, seconds: u64) -> Self {
        self.pass(Duration::from_secs(seconds));
        self
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.script.platform.clock.timestamp()
    }

    /// What the origins were asked so far.
    pub fn seen(&self) -> std::cell::Ref<'_, Vec<Seen>> {
        self.script.seen.borrow()
    }

    /// How many subrequests were made so far.
    pub fn subrequests(&self) -> usize {
        self.script.subrequests.get()
    }
}
