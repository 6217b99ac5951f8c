//! A world to try the exchange in: a scripted origin, a store, dice and a clock that moves by itself when
//! everybody waits. Nothing sleeps and nothing is random: the same script gives the same story.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use holdfast::cache::entry::Entry;
use holdfast::cache::key::Key;
use holdfast::config::Config;
use holdfast::exchange::exchange;
use holdfast::origin::failure::Rejection;
use holdfast::origin::forward::Forward;
use holdfast::ports::{
    Answer, AnswerBody, Background, Clock, Dice, End, Fetched, Headers, Held, HeldUpload, Origin, Relay,
    Reporter, Store,
};
use holdfast::report::Report;
use holdfast::request::{Request, Target};
use holdfast::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// 2026-01-02T03:04:05Z.
const EPOCH_MS: u64 = 1_767_323_045_000;

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
    /// Read in part: it has to be relayed, and cannot be handed on as it is.
    begun: bool,
}

impl Body {
    fn of(text: String) -> Self {
        Self { headers: HeaderMap::new(), text, ending: Ending::Whole, begun: false }
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
        Rejection { message: message.to_owned(), retryable: self.ending == Ending::Torn, timed_out }
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
type Kept = (String, Option<Body>, Timestamp);

struct Inner {
    now: Cell<Timestamp>,
    alarms: RefCell<Vec<Timestamp>>,
    tasks: RefCell<VecDeque<Task>>,
    script: RefCell<VecDeque<Behaviour>>,
    seen: RefCell<Vec<Seen>>,
    store: RefCell<HashMap<String, Kept>>,
    refreshing: RefCell<HashSet<String>>,
    reports: RefCell<Vec<Value>>,
    dice: Cell<u64>,
    store_fails: Cell<bool>,
}

/// The world, and the ports into it.
#[derive(Clone)]
pub struct World {
    inner: Rc<Inner>,
    settings: Value,
    fields: Vec<(String, String)>,
}

pub fn world() -> World {
    let inner = Inner {
        now: Cell::new(Timestamp::from_millis(EPOCH_MS)),
        alarms: RefCell::default(),
        tasks: RefCell::default(),
        script: RefCell::default(),
        seen: RefCell::default(),
        store: RefCell::default(),
        refreshing: RefCell::default(),
        reports: RefCell::default(),
        dice: Cell::new(1),
        store_fails: Cell::new(false),
    };
    World { inner: Rc::new(inner), settings: json!({"origins": ["http://origin.test"]}), fields: Vec::new() }
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

    /// Makes every operation of the store fail from now on.
    pub fn store_fails(self) -> Self {
        self.inner.store_fails.set(true);
        self
    }

    /// Lets time pass.
    pub fn later(self, seconds: u64) -> Self {
        self.inner.now.set(self.inner.now.get().plus(Duration::from_secs(seconds)));
        self
    }

    pub fn get(&self, path: &str) -> Story {
        self.send("GET", path, None)
    }

    /// Sends a request and runs the world until nobody has anything left to do.
    pub fn send(&self, method: &str, path: &str, upload: Option<&str>) -> Story {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            headers.append(HeaderName::try_from(&**name).unwrap(), HeaderValue::try_from(&**value).unwrap());
        }
        let request = Request {
            method: method.parse().unwrap(),
            target: Target::parse(&format!("https://www.example.com{path}")).unwrap(),
            headers,
            has_body: upload.is_some(),
            id: "test".to_owned(),
        };
        let config = Rc::new(Config::from_value(&self.settings).unwrap());
        let (attempts_before, reports_before) =
            (self.inner.seen.borrow().len(), self.inner.reports.borrow().len());
        let began_at = self.inner.now.get();
        let upload = upload.map(str::to_owned);
        let (answer, answered_at) = self.run(exchange(self.clone(), config, request, upload));
        Story {
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
            seen: self.inner.seen.borrow()[attempts_before..].to_vec(),
            reports: self.inner.reports.borrow()[reports_before..].to_vec(),
        }
    }

    /// Runs `main` to its end, then everything behind it; gives when the first was done.
    fn run<T>(&self, main: impl Future<Output = T>) -> (T, Timestamp) {
        let mut main = pin!(main);
        let mut done = None;
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..100_000 {
            if done.is_none()
                && let Poll::Ready(value) = main.as_mut().poll(&mut context)
            {
                done = Some((value, self.inner.now.get()));
            }
            let tasks: Vec<Task> = self.inner.tasks.borrow_mut().drain(..).collect();
            for mut task in tasks {
                if task.as_mut().poll(&mut context).is_pending() {
                    self.inner.tasks.borrow_mut().push_back(task);
                }
            }
            if done.is_some() && self.inner.tasks.borrow().is_empty() {
                break;
            }
            let now = self.inner.now.get();
            let mut alarms = self.inner.alarms.borrow_mut();
            alarms.retain(|&at| at > now);
            if let Some(&next) = alarms.iter().min() {
                self.inner.now.set(next);
            }
        }
        assert!(self.inner.tasks.borrow().is_empty(), "work behind the answer never ends");
        done.expect("the exchange never answers")
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

impl Origin for World {
    type Body = Body;
    type Upload = String;

    async fn fetch(
        &self,
        forward: &Forward,
        upload: Option<String>,
        limit: Duration,
    ) -> Result<Fetched<Body>, Rejection> {
        self.inner.seen.borrow_mut().push(Seen {
            at: self.inner.now.get(),
            url: forward.url.clone(),
            headers: forward.headers.clone(),
            upload,
        });
        let behaviour = self.inner.script.borrow_mut().pop_front().unwrap_or_else(refuses);
        let late = matches!(behaviour.kind, Kind::Hangs) || behaviour.after > limit;
        self.wait(if late { limit } else { behaviour.after }).await;
        let rejected = |message: &str, retryable, timed_out| {
            Err(Rejection { message: message.to_owned(), retryable, timed_out })
        };
        if late {
            return rejected("aborted", false, true);
        }
        match behaviour.kind {
            Kind::Lost => rejected("Network connection lost.", true, false),
            Kind::Garbage => rejected("internal error; reference = 0", false, false),
            Kind::Hangs => rejected("aborted", false, true),
            Kind::Answers { status, headers, body, ending } => {
                let body = Body { headers: headers.clone(), ending, ..Body::of(body) };
                Ok(Fetched { status, headers, body })
            }
        }
    }

    async fn hold_upload(&self, upload: String, limit: u64) -> HeldUpload<String> {
        match upload.as_str() {
            BROKEN_OFF => HeldUpload::ClientGone,
            text if text.len() as u64 <= limit => HeldUpload::Whole(upload),
            _ => HeldUpload::Larger(upload),
        }
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

    fn relay(
        &self,
        body: Body,
        _: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
    ) -> Relay<Body, impl Future<Output = End> + 'static> {
        let copy = copy.map(|limit| {
            let fits = body.text.len() as u64 <= limit;
            Body { ending: if fits { body.ending } else { Ending::Torn }, begun: false, ..body.clone() }
        });
        let (world, ended) = (self.clone(), body.clone());
        let end = async move {
            match ended.ending {
                Ending::Whole => End::Whole(ended.text.len() as u64),
                Ending::Torn | Ending::BadlyFramed => End::Torn(ended.rejection()),
                Ending::Silent => {
                    world.wait(idle.expect("a silent body without a limit never ends")).await;
                    End::Torn(ended.rejection())
                }
            }
        };
        Relay { client: Body { begun: false, ..body }, copy, end }
    }

    fn slice(&self, body: Body, start: u64, length: u64) -> Body {
        let text = body.text[start as usize..(start + length) as usize].to_owned();
        Body { text, ..body }
    }

    async fn peek(&self, body: Body, limit: u64, _: Duration) -> String {
        body.text.chars().take(limit as usize).collect()
    }

    fn cancel(&self, _: Body) {}
}

impl Store for World {
    async fn load(&self, key: &Key) -> Option<(Entry, Body)> {
        let store = self.inner.store.borrow();
        let (text, body, until) = store.get(key.as_str()).filter(|_| !self.inner.store_fails.get())?;
        let body = body.clone().unwrap_or_else(|| Body::of(String::new()));
        (*until > self.inner.now.get()).then_some((Entry::decode(text)?, body))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<Body>, retention: Duration) -> bool {
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
        let (world, key, text, body) = (self.clone(), key.clone(), entry.encode(), loaded.clone());
        async move {
            let until = world.inner.now.get().plus(retention);
            let kept = (text.unwrap(), Some(body), until);
            world.inner.store.borrow_mut().insert(key.as_str().to_owned(), kept);
            true
        }
    }

    async fn remove(&self, key: &Key) {
        self.inner.store.borrow_mut().remove(key.as_str());
    }

    fn begin_refresh(&self, key: &Key, _: Duration) -> bool {
        self.inner.refreshing.borrow_mut().insert(key.as_str().to_owned())
    }

    fn end_refresh(&self, key: &Key) {
        self.inner.refreshing.borrow_mut().remove(key.as_str());
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
}

impl Reporter for World {
    fn report(&self, report: &Report) {
        let line = report.to_line();
        assert!(!line.contains('\n'), "a report is one line");
        self.inner.reports.borrow_mut().push(serde_json::from_str(&line).expect("a report is JSON"));
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
