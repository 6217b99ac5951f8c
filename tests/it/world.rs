//! A world to try the exchange in: a scripted origin, a store, dice and a clock that moves by itself when
//! everybody waits. Nothing sleeps and nothing is random: the same script gives the same story.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use holdfast::body::{self, Plan};
use holdfast::cache::entry::Entry;
use holdfast::cache::keep::Name;
use holdfast::cache::key::Key;
use holdfast::cache::range::Span;
use holdfast::config::{Config, Settings, Token};
use holdfast::exchange::{exchange, internal_error};
use holdfast::health::summary::Summary;
use holdfast::health::{Bindings, View};
use holdfast::isolate::Isolate;
use holdfast::isolate::memory_cache::MemoryCache;
use holdfast::origin::failure::{Fault, Lapse, Rejection};
use holdfast::origin::forward::Forward;
use holdfast::ports::{
    Answer, AnswerBody, Background, Clock, Dice, Fetched, Headers, Health, Held, HeldUpload, HoldFirst,
    LastGood, Lookup, Memory, Origin, Relay, RelayEnd, Reporter, Resume, Store, Unavailable, Urls,
};
use holdfast::report::Report;
use holdfast::request::{Request, Target};
use holdfast::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

/// 2026-01-02T03:04:05Z.
const EPOCH_MS: u64 = 1_767_323_045_000;

const CLIENT_ADDRESS: &str = "cf-connecting-ip";

/// An upload that the client breaks off.
pub const BROKEN_OFF: &str = "\u{1f4a5}";

/// How a scripted body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Whole,
    Torn,
    BadlyFramed,
    Silent,
}

/// What the origin does with one fetch.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pub after: Duration,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Lost,
    Garbage,
    Hangs,
    Answers { status: u16, headers: HeaderMap, body: String, ending: Ending },
}

impl Behaviour {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Kind::Answers { headers, .. } = &mut self.kind {
            headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        self
    }

    pub fn cache_control(self, value: &str) -> Self {
        self.header("cache-control", value)
    }

    pub fn after(mut self, span: Duration) -> Self {
        self.after = span;
        self
    }

    pub fn ends(mut self, how: Ending) -> Self {
        if let Kind::Answers { ending, .. } = &mut self.kind {
            *ending = how;
        }
        self
    }
}

fn behaviour(kind: Kind) -> Behaviour {
    Behaviour { after: Duration::from_millis(5), kind }
}

pub fn refuses() -> Behaviour {
    behaviour(Kind::Lost)
}

pub fn talks_garbage() -> Behaviour {
    behaviour(Kind::Garbage)
}

pub fn hangs() -> Behaviour {
    behaviour(Kind::Hangs)
}

pub fn answers(status: u16, body: &str) -> Behaviour {
    behaviour(Kind::Answers {
        status,
        headers: HeaderMap::new(),
        body: body.to_owned(),
        ending: Ending::Whole,
    })
}

pub fn page(body: &str) -> Behaviour {
    answers(200, body).header("content-type", "text/html")
}

/// A response body in this world.
#[derive(Clone, Debug)]
pub struct Body {
    headers: HeaderMap,
    pub text: String,
    ending: Ending,
    /// On its way to the store: either stored or cancelled, or it holds up the client's.
    is_copy: bool,
    /// Read in part: it has to be relayed, and cannot be handed on as it is.
    begun: bool,
}

impl Body {
    fn of(text: String) -> Self {
        Self { headers: HeaderMap::new(), text, ending: Ending::Whole, is_copy: false, begun: false }
    }
}

impl Body {
    fn rejection(&self) -> Rejection {
        let (message, timed_out) = match self.ending {
            Ending::Torn => ("Network connection lost.", false),
            Ending::BadlyFramed => ("internal error; reference = 0", false),
            Ending::Silent => ("aborted", true),
            Ending::Whole => unreachable!("a whole body is not rejected"),
        };
        let retryable = self.ending == Ending::Torn;
        Rejection { message: message.to_owned(), retryable, timed_out, ..Rejection::default() }
    }
}

/// What the origin saw of one fetch.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Timestamp,
    pub url: String,
    pub headers: HeaderMap,
    pub upload: Option<String>,
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Stored under a key: an entry in its written form, its body, and when the store forgets it.
type Filed = (String, Option<Body>, Timestamp);

/// A namespace for kept copies that all isolates of a world share.
#[derive(Default)]
pub struct Namespace {
    copies: HashMap<String, Filed>,
    marks: Option<String>,
    pub reads: usize,
    pub reads_of_marks: usize,
    pub writes: usize,
}

struct Inner {
    now: Cell<Timestamp>,
    alarms: RefCell<Vec<Timestamp>>,
    tasks: RefCell<VecDeque<Task>>,
    script: RefCell<VecDeque<Behaviour>>,
    origins: RefCell<HashMap<String, Behaviour>>,
    /// What certain clients meet, by their address.
    treatments: RefCell<HashMap<String, Behaviour>>,
    seen: RefCell<Vec<Seen>>,
    store: RefCell<HashMap<String, Filed>>,
    namespace: RefCell<Namespace>,
    reports: RefCell<Vec<Value>>,
    dice: Cell<u64>,
    store_fails: Cell<bool>,
    /// How long it takes until a body is stored.
    store_takes: Cell<Duration>,
    /// Copies for the store that are neither stored nor cancelled.
    copies: Cell<usize>,
    namespace_fails: Cell<bool>,
    /// Whether somebody has something to do without waiting for the clock.
    stirred: Cell<bool>,
    /// How many operations that the platform counts as subrequests were made.
    /// How many requests there were; each is somebody else's.
    asked: Cell<u64>,
    subrequests: Cell<usize>,
    gathers: Cell<bool>,
    /// What the object answers to counts; none if it cannot be reached.
    news: RefCell<Option<String>>,
    /// What it was told.
    told: RefCell<Vec<String>>,
}

/// The world, and the ports into it.
#[derive(Clone)]
pub struct World {
    inner: Rc<Inner>,
    isolate: Rc<Isolate<Rc<Cell<u64>>>>,
    recall: Rc<MemoryCache<Body>>,
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
    let inner = Inner {
        now: Cell::new(Timestamp::from_millis(EPOCH_MS)),
        alarms: RefCell::default(),
        tasks: RefCell::default(),
        script: RefCell::default(),
        origins: RefCell::default(),
        treatments: RefCell::default(),
        seen: RefCell::default(),
        store: RefCell::default(),
        namespace: RefCell::default(),
        reports: RefCell::default(),
        dice: Cell::new(1),
        store_fails: Cell::new(false),
        store_takes: Cell::default(),
        copies: Cell::default(),
        namespace_fails: Cell::new(false),
        stirred: Cell::new(false),
        subrequests: Cell::new(0),
        asked: Cell::new(0),
        gathers: Cell::new(false),
        news: RefCell::default(),
        told: RefCell::default(),
    };
    World {
        inner: Rc::new(inner),
        isolate: Rc::default(),
        recall: Rc::default(),
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

    /// Binds a namespace for kept copies and purge marks.
    pub fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Binds the object in which counts are gathered, which answers `news`; `None` makes it fail.
    pub fn gathering(self, news: Option<&str>) -> Self {
        self.inner.gathers.set(true);
        *self.inner.news.borrow_mut() = news.map(str::to_owned);
        self
    }

    /// What it was told, all lines sorted, and how often.
    pub fn gathered(&self) -> (Vec<String>, usize) {
        let told = self.inner.told.borrow();
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
    pub fn namespace(&self) -> std::cell::Ref<'_, Namespace> {
        self.inner.namespace.borrow()
    }

    /// Makes the namespace fail from now on.
    pub fn namespace_fails(self) -> Self {
        self.inner.namespace_fails.set(true);
        self
    }

    /// The namespace shows no marks, as one where a write has not arrived yet.
    pub fn without_marks(self) -> Self {
        self.inner.namespace.borrow_mut().marks = None;
        self
    }

    /// The same world seen from a new isolate, in the same data centre.
    pub fn new_isolate(mut self) -> Self {
        self.isolate = Rc::default();
        self.recall = Rc::default();
        self
    }

    /// The edge cache loses all that it has.
    pub fn evicted(self) -> Self {
        self.inner.store.borrow_mut().clear();
        self
    }

    /// How many entries the edge cache has.
    pub fn entries(&self) -> usize {
        self.inner.store.borrow().len()
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
        *self.inner.script.borrow_mut() = script.into_iter().collect();
        self
    }

    pub fn seed(self, seed: u64) -> Self {
        self.inner.dice.set(seed.max(1));
        self
    }

    /// Has the store work again.
    pub fn store_works(self) -> Self {
        self.inner.store_fails.set(false);
        self
    }

    /// Makes every operation of the store fail from now on.
    pub fn store_fails(self) -> Self {
        self.inner.store_fails.set(true);
        self
    }

    /// Makes bodies take this long to be stored, as a client does that reads slowly.
    pub fn store_takes(self, span: Duration) -> Self {
        self.inner.store_takes.set(span);
        self
    }

    /// What one of several origins does each time.
    pub fn at_origin(self, authority: &str, does: Behaviour) -> Self {
        self.inner.origins.borrow_mut().insert(authority.to_owned(), does);
        self
    }

    /// What one client meets each time, as one does whom a firewall knows.
    pub fn at_client(self, address: &str, meets: Behaviour) -> Self {
        self.inner.treatments.borrow_mut().insert(address.to_owned(), meets);
        self
    }

    /// Asks from another address from now on.
    pub fn from(self, address: &str) -> Self {
        self.with(CLIENT_ADDRESS, address)
    }

    /// Lets time pass.
    pub fn pass(&self, span: Duration) {
        self.inner.now.set(self.inner.now.get().plus(span));
    }

    /// Lets time pass.
    pub fn later(self, seconds: u64) -> Self {
        self.inner.now.set(self.inner.now.get().plus(Duration::from_secs(seconds)));
        self
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.inner.now.get()
    }

    /// What the origins were asked so far.
    pub fn seen(&self) -> std::cell::Ref<'_, Vec<Seen>> {
        self.inner.seen.borrow()
    }

    /// The cron trigger goes off.
    pub fn probes(&self) {
        let config = Rc::new(Config::from_value(&self.settings).unwrap());
        self.run(vec![holdfast::exchange::probe(self.clone(), config)]);
    }

    pub fn get(&self, path: &str) -> Story {
        self.send("GET", path, None)
    }

    /// Sends a request and runs the world until nobody has anything left to do.
    pub fn send(&self, method: &str, path: &str, upload: Option<&str>) -> Story {
        let mut stories = self.together([(self, method, path, upload)]);
        stories.pop().unwrap()
    }

    /// Sends the same GET `count` times at once.
    pub fn crowd(&self, count: usize, path: &str) -> Vec<Story> {
        self.together((0..count).map(|_| (self, "GET", path, None)))
    }

    /// Sends requests at once, each with the fields and settings of its own view of this world. What the origin saw,
    /// and the reports, are those of all of them.
    pub fn together<'a>(
        &self,
        requests: impl IntoIterator<Item = (&'a Self, &'a str, &'a str, Option<&'a str>)>,
    ) -> Vec<Story> {
        let (attempts_before, reports_before) =
            (self.inner.seen.borrow().len(), self.inner.reports.borrow().len());
        let began_at = self.inner.now.get();
        let exchanges: Vec<_> = requests
            .into_iter()
            .map(|(view, method, path, upload)| {
                assert!(Rc::ptr_eq(&view.inner, &self.inner), "requests of one world");
                view.exchange(method, path, upload)
            })
            .collect();
        let answers = self.run(exchanges);
        self.told(answers, began_at, attempts_before, reports_before)
    }

    /// The answer to a request on which the worker failed, nobody knows how far it had come.
    pub fn fails_inside(&self, method: &str, path: &str, upload: Option<&str>) -> Story {
        let reports_before = self.inner.reports.borrow().len();
        let began_at = self.inner.now.get();
        let (request, config) = self.asked(method, path, upload);
        let answer = internal_error(self.clone(), config, Rc::new(request));
        let answers = self.run(vec![std::future::ready(answer)]);
        let attempts = self.inner.seen.borrow().len();
        self.told(answers, began_at, attempts, reports_before).pop().unwrap()
    }

    fn told(
        &self,
        answers: Vec<(Answer<Body>, Timestamp)>,
        began_at: Timestamp,
        attempts_before: usize,
        reports_before: usize,
    ) -> Vec<Story> {
        let seen = self.inner.seen.borrow()[attempts_before..].to_vec();
        let reports = self.inner.reports.borrow()[reports_before..].to_vec();
        let story = |(answer, answered_at): (Answer<Body>, Timestamp)| Story {
            status: answer.status.as_u16(),
            headers: headers_of(&answer),
            body: match answer.body {
                AnswerBody::Empty => Body::of(String::new()),
                AnswerBody::Text(text) => Body::of(text),
                AnswerBody::Handle(body) => {
                    assert!(!body.begun, "a body that was read in part is handed on as if it were not");
                    body
                }
            },
            took: answered_at.since(began_at),
            seen: seen.clone(),
            reports: reports.clone(),
        };
        answers.into_iter().map(story).collect()
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        upload: Option<&str>,
    ) -> impl Future<Output = Answer<Body>> + use<> {
        let (request, config) = self.asked(method, path, upload);
        exchange(self.clone(), config, Rc::new(request), upload.map(str::to_owned))
    }

    fn asked(&self, method: &str, path: &str, upload: Option<&str>) -> (Request, Rc<Config>) {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            headers.append(HeaderName::try_from(&**name).unwrap(), HeaderValue::try_from(&**value).unwrap());
        }
        let number = self.inner.asked.replace(self.inner.asked.get() + 1);
        if self.has_addresses {
            let address = Ipv4Addr::from_bits(0x0a00_0000 + number as u32).to_string();
            headers.entry("cf-connecting-ip").or_insert(address.parse().unwrap());
        }
        let request = Request {
            method: method.parse().unwrap(),
            target: Target::parse(&format!("https://{}{path}", self.host)).unwrap(),
            headers,
            has_body: upload.is_some(),
            id: format!("test-{number}"),
        };
        let mut config = Config::from_value(&self.settings).unwrap();
        config.token = self.token.as_deref().map(|token| Token::new(token).unwrap());
        (request, Rc::new(config))
    }

    /// Runs `mains` to their ends, then everything behind them; gives what each came to, and when.
    fn run<T>(&self, mains: Vec<impl Future<Output = T>>) -> Vec<(T, Timestamp)> {
        let mut mains: Vec<_> = mains.into_iter().map(Box::pin).collect();
        let mut done: Vec<Option<(T, Timestamp)>> = mains.iter().map(|_| None).collect();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..100_000 {
            for (main, done) in mains.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
                if let Poll::Ready(value) = main.as_mut().poll(&mut context) {
                    *done = Some((value, self.inner.now.get()));
                }
            }
            let tasks: Vec<Task> = self.inner.tasks.borrow_mut().drain(..).collect();
            for mut task in tasks {
                if task.as_mut().poll(&mut context).is_pending() {
                    self.inner.tasks.borrow_mut().push_back(task);
                }
            }
            if done.iter().all(Option::is_some) && self.inner.tasks.borrow().is_empty() {
                break;
            }
            if self.inner.stirred.take() {
                continue;
            }
            let now = self.inner.now.get();
            let mut alarms = self.inner.alarms.borrow_mut();
            alarms.retain(|&at| at > now);
            if let Some(&next) = alarms.iter().min() {
                self.inner.now.set(next);
            }
        }
        assert!(self.inner.tasks.borrow().is_empty(), "work behind the answer never ends");
        assert_eq!(self.inner.copies.get(), 0, "a copy for the store is neither stored nor cancelled");
        done.into_iter().map(|done| done.expect("the exchange never answers")).collect()
    }

    fn count(&self) {
        self.inner.subrequests.set(self.inner.subrequests.get() + 1);
    }

    /// How many subrequests were made so far.
    pub fn subrequests(&self) -> usize {
        self.inner.subrequests.get()
    }

    fn wait(&self, span: Duration) -> Wait {
        let until = self.inner.now.get().plus(span);
        self.inner.alarms.borrow_mut().push(until);
        Wait { inner: Rc::clone(&self.inner), until }
    }
}

struct Wait {
    inner: Rc<Inner>,
    until: Timestamp,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.inner.now.get() >= self.until { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn headers_of(answer: &Answer<Body>) -> HeaderMap {
    match (&answer.headers, &answer.body) {
        (Headers::Own(headers), _) => headers.clone(),
        (Headers::Edited(edits), AnswerBody::Handle(body)) => {
            let mut headers = body.headers.clone();
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
        (Headers::Edited(_), AnswerBody::Empty | AnswerBody::Text(_)) => {
            panic!("edited headers need the response that they are edits of")
        }
    }
}

/// Whether the body behind such a head is held next, for all that is known of the settings.
fn is_held_next(status: u16, headers: &HeaderMap, limit: u64) -> bool {
    let mut settings = Settings::default();
    settings.body.buffer = limit;
    let plan = body::plan(&Method::GET, status, headers, &settings);
    (200..500).contains(&status) && matches!(plan, Plan::Hold { .. })
}

impl Origin for World {
    type Body = Body;
    type Upload = String;

    async fn fetch(
        &self,
        forward: &Forward,
        upload: Option<String>,
        limit: Duration,
        _: Duration,
        hold: Option<HoldFirst>,
    ) -> Result<Fetched<Body>, Rejection> {
        self.count();
        self.inner.seen.borrow_mut().push(Seen {
            at: self.inner.now.get(),
            url: forward.url.clone(),
            headers: (*forward.headers).clone(),
            upload,
        });
        let client = forward.headers.get(CLIENT_ADDRESS).and_then(|value| value.to_str().ok());
        let treatment = client.and_then(|client| self.inner.treatments.borrow().get(client).cloned());
        let own = Target::parse(&forward.url)
            .and_then(|target| self.inner.origins.borrow().get(target.authority()).cloned());
        let behaviour =
            treatment.or(own).or_else(|| self.inner.script.borrow_mut().pop_front()).unwrap_or_else(refuses);
        let late = matches!(behaviour.kind, Kind::Hangs) || behaviour.after > limit;
        self.wait(if late { limit } else { behaviour.after }).await;
        let rejected = |message: &str, retryable, timed_out| {
            Err(Rejection { message: message.to_owned(), retryable, timed_out, ..Rejection::default() })
        };
        if late {
            return rejected("aborted", false, true);
        }
        if self.inner.seen.borrow().last().and_then(|seen| seen.upload.as_deref()) == Some(BROKEN_OFF) {
            let message = "Network connection lost.".to_owned();
            return Err(Rejection { message, retryable: true, fault: Fault::Client, ..Rejection::default() });
        }
        match behaviour.kind {
            Kind::Lost => rejected("Network connection lost.", true, false),
            Kind::Garbage => rejected("internal error; reference = 0", false, false),
            Kind::Hangs => rejected("aborted", false, true),
            Kind::Answers { status, headers, body, ending } => {
                let body = Body { headers: headers.clone(), ending, ..Body::of(body) };
                let received_at = self.now();
                let bytes = body.text.len() as u64;
                let becomes_whole = |hold: &HoldFirst| ending == Ending::Whole && bytes <= hold.limit;
                let hold = hold.filter(becomes_whole);
                let whole = hold.filter(|hold| is_held_next(status, &headers, hold.limit)).map(|_| bytes);
                Ok(Fetched { status, headers, body, received_at, whole })
            }
        }
    }

    async fn hold_upload(
        &self,
        upload: String,
        _: Option<u64>,
        limit: u64,
        _: Duration,
        _: Duration,
    ) -> HeldUpload<String> {
        match upload.as_str() {
            BROKEN_OFF => HeldUpload::Spoilt(Lapse::Broken),
            text if text.len() as u64 <= limit => HeldUpload::Whole(upload),
            _ => HeldUpload::Larger(upload),
        }
    }

    async fn upload_text(&self, upload: String, limit: u64) -> Option<String> {
        (upload != BROKEN_OFF && upload.len() as u64 <= limit).then_some(upload)
    }

    fn again(&self, held: &String) -> String {
        held.clone()
    }

    async fn hold(
        &self,
        body: Body,
        _: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> Held<Body> {
        if body.text.len() as u64 > limit {
            return Held::Partial(Body { begun: true, ..body });
        }
        match body.ending {
            Ending::Whole => {
                let bytes = body.text.len() as u64;
                Held::Whole(body, bytes)
            }
            Ending::Torn | Ending::BadlyFramed => Held::Torn(body.rejection()),
            Ending::Silent if within < idle / 2 => {
                self.wait(within).await;
                Held::Partial(Body { begun: true, ..body })
            }
            Ending::Silent => {
                self.wait(idle.min(within)).await;
                Held::Torn(body.rejection())
            }
        }
    }

    fn copy(&self, whole: &Body) -> Body {
        whole.clone()
    }

    fn with_head(&self, whole: &Body, _: StatusCode, headers: &HeaderMap) -> Body {
        Body { headers: headers.clone(), ..whole.clone() }
    }

    fn relay(
        &self,
        body: Body,
        _: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        _: Option<Resume<Body>>,
    ) -> Relay<Body, impl Future<Output = RelayEnd> + 'static> {
        let copy = copy.map(|limit| {
            self.inner.copies.update(|copies| copies + 1);
            let fits = body.text.len() as u64 <= limit;
            Body {
                ending: if fits { body.ending } else { Ending::Torn },
                is_copy: true,
                begun: false,
                ..body.clone()
            }
        });
        let (world, ended) = (self.clone(), body.clone());
        let end = async move {
            match ended.ending {
                Ending::Whole => RelayEnd::Whole(ended.text.len() as u64),
                Ending::Torn | Ending::BadlyFramed => RelayEnd::Torn(ended.rejection()),
                Ending::Silent => {
                    world.wait(idle.expect("a silent body without a limit never ends")).await;
                    RelayEnd::Torn(ended.rejection())
                }
            }
        };
        Relay { client: Body { begun: false, ..body }, copy, end }
    }

    fn slice(&self, body: Body, spans: &[Span], around: &[String]) -> Body {
        assert!(
            around.is_empty() || around.len() == spans.len() + 1,
            "one text before each and one at the end"
        );
        let mut text = String::new();
        for (at, span) in spans.iter().enumerate() {
            text.push_str(around.get(at).map_or("", String::as_str));
            text.push_str(&body.text[span.start as usize..][..span.length as usize]);
        }
        text.push_str(around.last().map_or("", String::as_str));
        Body { text, ..body }
    }

    async fn peek(&self, body: Body, limit: u64, _: Duration) -> String {
        body.text.chars().take(limit as usize).collect()
    }

    async fn contains(&self, whole: &Body, text: &str) -> Option<bool> {
        Some(whole.text.contains(text))
    }

    fn cancel(&self, body: Body) {
        self.inner.copies.update(|copies| copies - usize::from(body.is_copy));
    }
}

impl Store for World {
    async fn load(&self, key: &Key) -> Lookup<Body> {
        self.count();
        if self.inner.store_fails.get() {
            return Err(Unavailable);
        }
        let store = self.inner.store.borrow();
        let lasting = store.get(key.as_str()).filter(|(_, _, until)| *until > self.inner.now.get());
        Ok(lasting.and_then(|(text, body, _)| {
            let body = body.clone().unwrap_or_else(|| Body::of(String::new()));
            Some((Entry::decode(text)?, body))
        }))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<Body>, retention: Duration) -> bool {
        self.count();
        if let Some(body) = &body {
            self.cancel(body.clone());
            self.wait(self.inner.store_takes.get()).await;
        }
        let body = body.map(|body| Body { is_copy: false, ..body });
        let whole = body.as_ref().is_none_or(|body| body.ending == Ending::Whole);
        let Some(text) = entry.encode().filter(|_| whole && !self.inner.store_fails.get()) else {
            return false;
        };
        let until = self.inner.now.get().plus(retention);
        self.inner.store.borrow_mut().insert(key.as_str().to_owned(), (text, body, until));
        true
    }

    fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &Body,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static {
        self.count();
        let (world, key, text, body) = (self.clone(), key.clone(), entry.encode(), loaded.clone());
        async move {
            let until = world.inner.now.get().plus(retention);
            let kept = (text.unwrap(), Some(body), until);
            world.inner.store.borrow_mut().insert(key.as_str().to_owned(), kept);
            true
        }
    }

    async fn remove(&self, key: &Key) {
        self.count();
        self.inner.store.borrow_mut().remove(key.as_str());
    }
}

impl World {
    /// Nothing of the namespace is to be had at once.
    async fn ask_namespace(&self, within: Duration) -> Result<(), Unavailable> {
        self.count();
        const TAKES: Duration = Duration::from_millis(20);
        if !self.keeps {
            return Err(Unavailable);
        }
        self.wait(if self.inner.namespace_fails.get() { within } else { TAKES }).await;
        if self.inner.namespace_fails.get() { Err(Unavailable) } else { Ok(()) }
    }
}

impl LastGood for World {
    fn has_last_good(&self) -> bool {
        self.keeps
    }

    async fn load_last_good(&self, name: &Name, within: Duration) -> Lookup<Body> {
        self.ask_namespace(within).await?;
        let mut namespace = self.inner.namespace.borrow_mut();
        namespace.reads += 1;
        let Some((text, body, until)) = namespace.copies.get(name.as_str()) else { return Ok(None) };
        let found = (*until > self.inner.now.get()).then(|| Entry::decode(text)).flatten();
        Ok(found.zip(body.clone()))
    }

    async fn save_last_good(&self, name: &Name, entry: &Entry, body: &Body, retention: Duration) -> bool {
        if self.ask_namespace(Duration::from_secs(1)).await.is_err() {
            return false;
        }
        let until = self.inner.now.get().plus(retention);
        let mut namespace = self.inner.namespace.borrow_mut();
        namespace.writes += 1;
        let filed = (entry.encode().unwrap(), Some(body.clone()), until);
        namespace.copies.insert(name.as_str().to_owned(), filed);
        true
    }

    async fn remove_last_good(&self, name: &Name) -> bool {
        self.inner.namespace.borrow_mut().copies.remove(name.as_str());
        !self.inner.namespace_fails.get()
    }

    fn are_equal(&self, one: &Body, other: &Body) -> bool {
        one.text == other.text
    }

    async fn load_purge_rules(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        self.ask_namespace(within).await?;
        let mut namespace = self.inner.namespace.borrow_mut();
        namespace.reads_of_marks += 1;
        Ok(namespace.marks.clone())
    }

    async fn save_purge_rules(&self, text: &str) -> bool {
        let taken = self.ask_namespace(Duration::from_secs(1)).await.is_ok();
        if taken {
            self.inner.namespace.borrow_mut().marks = Some(text.to_owned());
        }
        taken
    }
}

impl Health for World {
    fn bindings(&self) -> Bindings {
        let health = self.health.is_some() || self.inner.gathers.get();
        Bindings { keep: self.keeps, health, ..Bindings::default() }
    }

    async fn health_view(&self, view: View) -> Option<String> {
        self.count();
        self.wait(Duration::from_millis(20)).await;
        self.health.as_ref()?.as_ref().map(|summary| view.of(summary, &self.bindings()))
    }

    async fn flush(&self, counts: &str, dashboard: &str) -> Option<String> {
        assert_eq!(dashboard, "https://www.example.com/.well-known/holdfast/status");
        let answer = self.inner.news.borrow().clone()?;
        self.inner.told.borrow_mut().push(counts.to_owned());
        Some(answer)
    }
}

impl Memory for World {
    type Signal = Rc<Cell<u64>>;

    fn isolate(&self) -> &Isolate<Rc<Cell<u64>>> {
        &self.isolate
    }

    fn memory_cache(&self) -> &MemoryCache<Body> {
        &self.recall
    }

    fn signal(&self) -> Rc<Cell<u64>> {
        Rc::default()
    }

    fn notify(&self, signal: &Rc<Cell<u64>>) {
        signal.update(|times| times + 1);
        self.inner.stirred.set(true);
    }

    fn wait(&self, signal: &Rc<Cell<u64>>, within: Duration) -> impl Future<Output = ()> + 'static {
        let (signal, mut late) = (Rc::clone(signal), self.wait(within));
        let before = signal.get();
        std::future::poll_fn(move |context| {
            if signal.get() > before { Poll::Ready(()) } else { Pin::new(&mut late).poll(context) }
        })
    }
}

impl Urls for World {
    fn resolve(&self, reference: &str, base: &Target) -> Option<Target> {
        let base = url::Url::parse(base.as_str()).unwrap();
        Target::parse(base.join(reference).ok()?.as_str())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.inner.now.get()
    }

    fn sleep(&self, span: Duration) -> impl Future<Output = ()> {
        self.wait(span)
    }
}

impl Dice for World {
    /// Xorshift: even enough, and the same for the same seed.
    fn roll(&self) -> f64 {
        let mut state = self.inner.dice.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.inner.dice.set(state);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Background for World {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.inner.tasks.borrow_mut().push_back(Box::pin(work));
    }

    fn attend(&self, work: impl Future<Output = ()> + 'static) {
        self.spawn(work);
    }
}

impl Reporter for World {
    fn report(&self, report: &Report) {
        let line = report.to_line();
        assert!(!line.contains('\n'), "a report is one line");
        let line: Value = serde_json::from_str(&line).expect("a report is JSON");
        crate::schema::check(&line);
        self.inner.reports.borrow_mut().push(line);
    }
}

/// What came of one request. Each check gives the story back, so that it can be told on one line.
#[derive(Clone, Debug)]
pub struct Story {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Body,
    pub took: Duration,
    pub seen: Vec<Seen>,
    pub reports: Vec<Value>,
}

impl Story {
    #[track_caller]
    pub fn answers(self, status: u16, text: &str) -> Self {
        assert_eq!((self.status, &*self.body.text), (status, text), "{self:#?}");
        assert_eq!(self.body.ending, Ending::Whole, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn breaks_off(self) -> Self {
        assert_ne!(self.body.ending, Ending::Whole, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.body.text.contains(text), "{self:#?}");
        self
    }

    pub fn value(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    #[track_caller]
    pub fn header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.value(name).as_deref(), Some(value), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn header_has(self, name: &str, part: &str) -> Self {
        assert!(self.value(name).is_some_and(|value| value.contains(part)), "{name}: {part} in {self:#?}");
        self
    }

    #[track_caller]
    pub fn no_header(self, name: &str) -> Self {
        assert_eq!(self.value(name), None, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn age(self, seconds: u64) -> Self {
        self.header("age", &seconds.to_string())
    }

    #[track_caller]
    pub fn attempts(self, count: usize) -> Self {
        assert_eq!(self.seen.len(), count, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn within(self, span: Duration) -> Self {
        assert!(self.took <= span, "{:?} is more than {span:?}: {self:#?}", self.took);
        self
    }

    /// Exactly one report, with this error in it.
    #[track_caller]
    pub fn reports(self, error: &str) -> Self {
        assert_eq!(self.reports.len(), 1, "{self:#?}");
        assert_eq!(self.reports[0]["error"], error, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn reports_nothing(self) -> Self {
        assert!(self.reports.is_empty(), "{self:#?}");
        self
    }
}
