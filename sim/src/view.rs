//! The ports into the world, as one request has them. Each operation takes a little time, so that requests overtake
//! each other, and may fail where the platform's may.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use holdfast::body::{self, Plan};
use holdfast::cache::entry::Entry;
use holdfast::cache::keep::Name;
use holdfast::cache::key::Key;
use holdfast::cache::range::Span;
use holdfast::config::Settings;
use holdfast::health::{self, Bindings};
use holdfast::isolate::Isolate;
use holdfast::isolate::recall::Recall;
use holdfast::origin::failure::{Fault, Lapse, Rejection};
use holdfast::origin::forward::Forward;
use holdfast::ports::{
    Background, Clock, Dice, End, Fetched, Health, Held, HeldUpload, HoldFirst, Kept, Lookup, Memory, Origin,
    Relay, Reporter, Resume, Store, Unavailable, Urls,
};
use holdfast::report::Report;
use holdfast::request::Target;
use holdfast::time::Timestamp;
use http::{HeaderMap, Method, StatusCode};

use crate::body::{Body, Content, Ending, Kind};
use crate::chance::Chance;
use crate::judge;
use crate::plan::Trouble;
use crate::site::Reply;
use crate::world::{Attempt, Class, Filed, World};

/// How old what is read from the namespace may be, in milliseconds: the platform's word for it is a minute.
const OLDEST_READ: u64 = 60_000;

/// The platform ends what goes on behind an answer after this long.
const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

/// What one isolate remembers.
#[derive(Debug, Default)]
pub struct Memories {
    pub isolate: Isolate<Beacon>,
    pub recall: Recall<Body>,
}

/// The world, as one request sees it.
#[derive(Clone)]
pub struct View {
    pub world: Rc<World>,
    memories: Rc<Memories>,
    incarnation: u64,
    pub ask: u64,
    chance: Rc<RefCell<Chance>>,
}

impl View {
    pub fn new(world: Rc<World>, memories: Rc<Memories>, incarnation: u64, ask: u64) -> Self {
        let chance = Rc::new(RefCell::new(Chance::new(world.plan.seed, ask + 1)));
        Self { world, memories, incarnation, ask, chance }
    }

    /// Holds `body` before its head is given, `elapsed` after it was asked for, if it is one to be held and becomes
    /// whole; gives how long it is then.
    async fn held_first(
        &self,
        body: Body,
        status: u16,
        headers: &HeaderMap,
        hold: HoldFirst,
        idle: Duration,
        elapsed: u64,
    ) -> (Body, Option<u64>) {
        let HoldFirst { limit, within } = hold;
        let mut settings = Settings::default();
        settings.body.hold = limit;
        let plan = body::plan(&Method::GET, status, headers, &settings);
        let (content, left) = (Rc::clone(body.content()), millis(within).saturating_sub(elapsed));
        let becomes_whole = content.ending == Ending::Whole
            && content.text.len() as u64 <= limit
            && content.ends_at <= self.now().saturating_add(left);
        if !(200..500).contains(&status) || !matches!(plan, Plan::Hold { .. }) || !becomes_whole {
            return (body, None);
        }
        match self.hold(body, None, limit, idle, Duration::from_millis(left)).await {
            Held::Whole(body, bytes) => (body, Some(bytes)),
            Held::Partial(body) => (body, None),
            Held::Torn(_) => (Body::new(&self.world, content, Kind::Begun), None),
        }
    }

    /// Takes a little time.
    async fn pause(&self) {
        let span = self.chance.borrow_mut().below(self.world.plan.delay + 1);
        self.world.wait(span).await;
    }

    /// Whether an operation of the edge cache fails. What it is about may vanish instead.
    fn cache_fails(&self, key: &Key) -> bool {
        let percent = self.world.plan.cache_faults;
        let (fails, evicts) = {
            let mut chance = self.chance.borrow_mut();
            (chance.percent(percent), chance.percent(percent))
        };
        if evicts && self.world.store.borrow_mut().remove(key.as_str()).is_some() {
            self.world.hit(self.ask, "entry evicted in between");
        }
        if fails {
            self.world.hit(self.ask, "operation of the cache failed");
        }
        fails
    }

    fn body(&self, content: Content, kind: Kind) -> Body {
        Body::new(&self.world, Rc::new(content), kind)
    }

    /// What is stored under a key or name, as a stream or in memory.
    fn opened(&self, filed: &Filed, kind: Kind) -> Option<(Entry, Body)> {
        let entry = Entry::decode(&filed.entry)?;
        let nothing = || {
            Rc::new(Content {
                serial: None,
                attempt: None,
                headers: Rc::default(),
                text: "".into(),
                starts_at: 0,
                ends_at: 0,
                ending: Ending::Whole,
            })
        };
        Some((
            entry,
            match &filed.content {
                Some(content) => Body::new(&self.world, Rc::clone(content), kind),
                None => Body::new(&self.world, nothing(), Kind::Null),
            },
        ))
    }

    fn end(&self, attempt: usize, class: Class) {
        let now = self.world.now();
        if let Some(attempt) = self.world.ledger.borrow_mut().attempts.get_mut(attempt) {
            (attempt.class, attempt.ended_at) = (class, Some(now));
        }
        self.world.note(|| format!("ask {}: attempt {attempt} ends: {class:?}", self.ask));
    }

    /// Notes that an attempt has lasted until now, as its body was waited for.
    fn lasted(&self, attempt: usize) {
        let now = self.world.now();
        if let Some(attempt) = self.world.ledger.borrow_mut().attempts.get_mut(attempt) {
            attempt.ended_at = Some(now);
        }
    }

    fn now(&self) -> u64 {
        self.world.now()
    }
}

fn rejection(message: &str, retryable: bool, timed_out: bool) -> Rejection {
    Rejection { message: message.to_owned(), retryable, timed_out, ..Rejection::default() }
}

/// How a body that broke off is told of, and the status that a gateway says to it.
fn broken(ending: Ending) -> (Rejection, u16) {
    match ending {
        Ending::Whole | Ending::Torn => (rejection("Network connection lost.", true, false), 502),
        Ending::BadlyFramed => (rejection("internal error; reference = 0", false, false), 502),
        Ending::Silent => (rejection("aborted", false, true), 504),
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

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A request body in this world.
#[derive(Clone, Debug)]
pub struct Upload {
    pub text: Rc<str>,
    pub takes: u64,
    pub breaks_off: bool,
}

impl Origin for View {
    type Body = Body;
    type Upload = Upload;

    async fn fetch(
        &self,
        forward: &Forward,
        upload: Option<Upload>,
        limit: Duration,
        idle: Duration,
        hold: Option<HoldFirst>,
    ) -> Result<Fetched<Body>, Rejection> {
        let world = &self.world;
        let place = Target::parse(&forward.url);
        let path = place.as_ref().map_or("", Target::path_and_query);
        let origin = place
            .as_ref()
            .and_then(|place| place.host().strip_prefix("origin")?.strip_suffix(".test")?.parse().ok())
            .unwrap_or(0_usize);
        let page = world.plan.pages.iter().position(|page| page.path == path).unwrap_or_default();
        let front = world.is_front();
        let attempt = {
            let mut ledger = world.ledger.borrow_mut();
            let attempt = ledger.attempts.len();
            let (ask, began_at) = (self.ask, self.now());
            let (wall_at, class) = (world.wall(), Class::Pending);
            ledger.attempts.push(Attempt {
                ask,
                page,
                origin,
                front,
                began_at,
                wall_at,
                ended_at: None,
                class,
            });
            ledger.asks.entry(ask).or_default().attempts.push(attempt);
            attempt
        };
        world.note(|| {
            format!(
                "ask {}: attempt {attempt} at origin {origin}: {} {path}, at most {} ms{}",
                self.ask,
                forward.method,
                limit.as_millis(),
                if front { "" } else { ", behind" }
            )
        });
        judge::sent(world, self.ask, forward);
        let set = world.site.borrow().troubles[origin];
        let trouble = {
            let mut chance = self.chance.borrow_mut();
            if set != Trouble::Flaky {
                set
            } else if chance.percent(40) {
                Trouble::None
            } else {
                Trouble::any(&mut chance)
            }
        };
        if trouble != Trouble::None {
            world.count(trouble.name());
        }
        let mut limit = millis(limit);
        if let Some(upload) = upload {
            world.wait(upload.takes).await;
            if upload.breaks_off {
                self.end(attempt, Class::Failed(502));
                let lost = rejection("Network connection lost.", true, false);
                return Err(Rejection { fault: Fault::Client, ..lost });
            }
        }
        let after = {
            let mut chance = self.chance.borrow_mut();
            if matches!(trouble, Trouble::SlowHeader | Trouble::Overload) {
                chance.between(300, 4_000)
            } else {
                chance.between(1, 60)
            }
        };
        // What the origin does it does when the request is there, whether or not anybody waits for it.
        world.wait(after.min(limit) / 2).await;
        let wall = world.wall();
        let reply = {
            let mut chance = self.chance.borrow_mut();
            world.site.borrow_mut().reply(&world.plan, page, forward, wall, &mut chance, trouble)
        };
        let late = matches!(reply, Reply::Hangs) || after > limit;
        let half = after.min(limit) / 2;
        limit -= half.min(limit);
        world.wait(if late { limit } else { after - half }).await;
        if late {
            self.end(attempt, Class::Failed(504));
            return Err(rejection("aborted", false, true));
        }
        match reply {
            Reply::Lost | Reply::Hangs => {
                self.end(attempt, Class::Failed(502));
                Err(rejection("Network connection lost.", true, false))
            }
            Reply::Garbage => {
                self.end(attempt, Class::Failed(502));
                Err(rejection("internal error; reference = 0", false, false))
            }
            Reply::Answers { mut record, mut headers, text, body_takes } => {
                let now = self.now();
                let (sent_at, asked_on_wall) = {
                    let ledger = world.ledger.borrow();
                    ledger.attempts.get(attempt).map_or((0, 0), |attempt| (attempt.began_at, attempt.wall_at))
                };
                record.sent_at = sent_at;
                (record.ask, record.came_at) = (self.ask, now);
                (record.requested_at, record.received_at) = (asked_on_wall, world.wall());
                let (status, ending) = (record.status, record.ending);
                let serial = {
                    let mut ledger = world.ledger.borrow_mut();
                    ledger.records.push(Rc::new(record));
                    ledger.records.len() - 1
                };
                headers.insert(crate::site::SERIAL, http::HeaderValue::from(serial));
                // Without a body, a 530 does not say what it stands for.
                let has_body = forward.method != "HEAD";
                self.end(attempt, class_of(status, if has_body { trouble } else { Trouble::None }));
                world.note(|| format!("ask {}: answer {serial}: {status} {headers:?} {ending:?}", self.ask));
                let kind = if text.is_empty() && ending == Ending::Whole { Kind::Null } else { Kind::Stream };
                let content = Content {
                    serial: Some(serial),
                    attempt: Some(attempt),
                    headers: Rc::new(headers.clone()),
                    text,
                    starts_at: now,
                    ends_at: if kind == Kind::Null { now } else { now + body_takes },
                    ending,
                };
                let (body, received_at) = (self.body(content, kind), Clock::now(self));
                let (body, whole) = match hold {
                    Some(hold) => self.held_first(body, status, &headers, hold, idle, now - sent_at).await,
                    None => (body, None),
                };
                Ok(Fetched { status, headers, body, received_at, whole })
            }
        }
    }

    async fn hold_upload(
        &self,
        upload: Upload,
        _: Option<u64>,
        limit: u64,
        _: Duration,
        _: Duration,
    ) -> HeldUpload<Upload> {
        self.world.wait(upload.takes).await;
        if upload.breaks_off {
            self.world.count("client broke off its upload");
            HeldUpload::Spoilt(Lapse::Broken)
        } else if upload.text.len() as u64 <= limit {
            HeldUpload::Whole(Upload { takes: 0, ..upload })
        } else {
            HeldUpload::Larger(Upload { takes: 0, ..upload })
        }
    }

    async fn upload_text(&self, upload: Upload, limit: u64) -> Option<String> {
        self.pause().await;
        (!upload.breaks_off && upload.text.len() as u64 <= limit).then(|| upload.text.to_string())
    }

    fn again(&self, held: &Upload) -> Upload {
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
        let (content, kind) = body.spend();
        let as_kind = |kind| Body::new(&self.world, Rc::clone(&content), kind);
        if kind == Kind::Memory || kind == Kind::Null {
            return Held::Whole(as_kind(kind), content.text.len() as u64);
        }
        let now = self.now();
        let (idle, until) = (millis(idle), now.saturating_add(millis(within)));
        let bytes = content.text.len() as u64;
        if bytes > limit {
            let reached_at = content.starts_at + (content.ends_at - content.starts_at) * limit / bytes;
            self.world.wait(reached_at.min(until).saturating_sub(now)).await;
            return Held::Partial(as_kind(Kind::Begun));
        }
        let is_silent = content.ending == Ending::Silent;
        let known_at = if is_silent { content.ends_at.saturating_add(idle) } else { content.ends_at };
        self.world.wait(known_at.min(until).saturating_sub(now)).await;
        if known_at > until && !(is_silent && until.saturating_sub(content.ends_at) >= idle / 2) {
            return Held::Partial(as_kind(Kind::Begun));
        }
        if content.ending == Ending::Whole {
            if let Some(attempt) = content.attempt {
                self.lasted(attempt);
            }
            return Held::Whole(as_kind(Kind::Memory), bytes);
        }
        let (rejection, status) = broken(content.ending);
        if let Some(attempt) = content.attempt {
            self.end(attempt, Class::Failed(status));
        }
        Held::Torn(rejection)
    }

    fn copy(&self, whole: &Body) -> Body {
        if !matches!(whole.kind(), Kind::Memory | Kind::Null) {
            self.world.find("only a body that is whole is copied", || format!("{whole:?}"));
        }
        Body::new(&self.world, Rc::clone(whole.content()), whole.kind())
    }

    fn dress(&self, whole: &Body, _: StatusCode, headers: &HeaderMap) -> Body {
        let content = Content { headers: Rc::new(headers.clone()), ..(**whole.content()).clone() };
        Body::new(&self.world, Rc::new(content), whole.kind())
    }

    fn relay(
        &self,
        body: Body,
        _: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        // The origins here take no ranges.
        _: Option<Resume<Body>>,
    ) -> Relay<Body, impl Future<Output = End> + 'static> {
        let (content, _) = body.spend();
        let silence = if content.ending == Ending::Silent { idle.map_or(600_000, millis) } else { 0 };
        let ends_at = content.ends_at.max(self.now()).saturating_add(silence);
        let relayed = |ending| Content {
            serial: content.serial,
            attempt: content.attempt,
            headers: Rc::clone(&content.headers),
            text: Rc::clone(&content.text),
            starts_at: content.starts_at,
            ends_at,
            ending,
        };
        let ending = if content.ending == Ending::Whole { Ending::Whole } else { Ending::Torn };
        let copy = copy.map(|limit| {
            let fits = content.text.len() as u64 <= limit;
            self.body(relayed(if fits { ending } else { Ending::Torn }), Kind::Relayed)
        });
        let client = self.body(relayed(ending), Kind::Relayed);
        let world = Rc::clone(&self.world);
        let end = async move {
            world.wait(ends_at.saturating_sub(world.now())).await;
            match content.ending {
                Ending::Whole => End::Whole(content.text.len() as u64),
                other @ (Ending::Torn | Ending::BadlyFramed | Ending::Silent) => End::Torn(broken(other).0),
            }
        };
        Relay { client, copy, end }
    }

    fn slice(&self, body: Body, spans: &[Span], around: &[String]) -> Body {
        let (content, kind) = body.spend();
        let mut text = String::new();
        for (at, span) in spans.iter().enumerate() {
            text.push_str(around.get(at).map_or("", String::as_str));
            let (start, end) = (span.start as usize, (span.start + span.length) as usize);
            match content.text.get(start..end) {
                Some(part) => text.push_str(part),
                None => {
                    self.world.find("a part of a body lies inside it", || format!("{span:?} of {content:?}"));
                }
            }
        }
        text.push_str(around.last().map_or("", String::as_str));
        let content = Content {
            serial: content.serial,
            attempt: content.attempt,
            headers: Rc::clone(&content.headers),
            text: text.into(),
            starts_at: content.starts_at,
            ends_at: content.ends_at,
            ending: content.ending,
        };
        self.body(content, kind)
    }

    async fn peek(&self, body: Body, limit: u64, within: Duration) -> String {
        let (content, _) = body.spend();
        let now = self.now();
        self.world.wait(content.ends_at.saturating_sub(now).min(millis(within))).await;
        content.text.chars().take(limit as usize).collect()
    }

    fn cancel(&self, body: Body) {
        body.spend();
    }
}

impl Store for View {
    async fn load(&self, key: &Key) -> Lookup<Body> {
        self.pause().await;
        if self.cache_fails(key) {
            return Err(Unavailable);
        }
        let store = self.world.store.borrow();
        let filed = store.get(key.as_str()).filter(|filed| filed.until > self.now());
        Ok(filed.and_then(|filed| self.opened(filed, Kind::Stream)))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<Body>, retention: Duration) -> bool {
        let content = body.map(|body| body.spend().0);
        self.pause().await;
        let ends_at = content.as_ref().map_or(0, |content| content.ends_at);
        self.world.wait(ends_at.saturating_sub(self.now())).await;
        let whole = content.as_ref().is_none_or(|content| content.ending == Ending::Whole);
        let Some(text) = entry.encode().filter(|_| whole) else { return false };
        if self.cache_fails(key) {
            return false;
        }
        judge::stored(&self.world, self.ask, entry, content.as_deref());
        self.file(key, text, content, retention);
        true
    }

    fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &Body,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static {
        let (view, key, entry) = (self.clone(), key.clone(), entry.clone());
        let content = Rc::clone(loaded.content());
        let content = (loaded.kind() != Kind::Null).then_some(content);
        async move {
            view.pause().await;
            let stands_alone = !view.chance.borrow_mut().percent(20);
            let Some(text) = entry.encode().filter(|_| stands_alone) else { return false };
            if view.cache_fails(&key) {
                return false;
            }
            judge::stored(&view.world, view.ask, &entry, content.as_deref());
            view.file(&key, text, content, retention);
            true
        }
    }

    async fn remove(&self, key: &Key) {
        self.pause().await;
        if !self.cache_fails(key) {
            self.world.note(|| format!("ask {}: removes {}", self.ask, key.as_str()));
            self.world.store.borrow_mut().remove(key.as_str());
        }
    }
}

impl View {
    fn file(&self, key: &Key, entry: String, content: Option<Rc<Content>>, retention: Duration) {
        self.world
            .note(|| format!("ask {}: stores {} for {} s", self.ask, key.as_str(), retention.as_secs()));
        let now = self.now();
        let filed = Filed { entry, content, until: now.saturating_add(millis(retention)), filed_at: now };
        self.world.store.borrow_mut().insert(key.as_str().to_owned(), filed);
    }

    /// Asks the namespace, which may be slow or fail.
    async fn ask_namespace(&self, within: u64) -> Result<(), Unavailable> {
        if !self.world.plan.keeps {
            return Err(Unavailable);
        }
        if self.world.namespace_fails.get() {
            self.world.hit(self.ask, "operation of the namespace failed");
            let is_slow = self.chance.borrow_mut().percent(50);
            self.world.wait(if is_slow { within } else { 5 }).await;
            return Err(Unavailable);
        }
        self.pause().await;
        Ok(())
    }
}

impl Kept for View {
    fn keeps(&self) -> bool {
        self.world.plan.keeps
    }

    async fn load_kept(&self, name: &Name, within: Duration) -> Lookup<Body> {
        self.ask_namespace(millis(within)).await?;
        let kept = self.world.kept.borrow();
        let found = kept.get(name.as_str()).filter(|filed| filed.until > self.now());
        Ok(found.and_then(|filed| self.opened(filed, Kind::Memory)))
    }

    async fn save_kept(&self, name: &Name, entry: &Entry, body: &Body, retention: Duration) -> bool {
        let content = Rc::clone(body.content());
        if self.ask_namespace(1_000).await.is_err() {
            return false;
        }
        let Some(text) = entry.encode() else { return false };
        judge::kept(&self.world, self.ask, entry, &content);
        self.world.note(|| format!("ask {}: keeps {}", self.ask, name.as_str()));
        let now = self.now();
        let filed = Filed {
            entry: text,
            content: Some(content),
            until: now.saturating_add(millis(retention)),
            filed_at: now,
        };
        self.world.kept.borrow_mut().insert(name.as_str().to_owned(), filed);
        true
    }

    async fn remove_kept(&self, name: &Name) -> bool {
        let is_there = self.ask_namespace(1_000).await.is_ok();
        if is_there {
            self.world.kept.borrow_mut().remove(name.as_str());
        }
        is_there
    }

    fn are_equal(&self, one: &Body, other: &Body) -> bool {
        one.content().text == other.content().text
    }

    async fn load_marks(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        self.ask_namespace(millis(within)).await?;
        // What was written lately may not show here yet.
        let lag = {
            let mut chance = self.chance.borrow_mut();
            if chance.percent(50) { 0 } else { chance.below(OLDEST_READ) }
        };
        let shown_until = self.now().saturating_sub(lag);
        let marks = self.world.marks.borrow();
        Ok(marks.iter().rev().find(|(at, _)| *at <= shown_until).map(|(_, text)| text.clone()))
    }

    async fn save_marks(&self, text: &str) -> bool {
        let taken = self.ask_namespace(1_000).await.is_ok();
        if taken {
            self.world.marks.borrow_mut().push((self.now(), text.to_owned()));
        }
        taken
    }
}

/// A light, and who waits for it.
#[derive(Clone, Default)]
pub struct Beacon(Rc<(Cell<u64>, RefCell<Vec<u64>>)>);

impl std::fmt::Debug for Beacon {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Beacon({})", self.0.0.get())
    }
}

impl Health for View {
    fn bindings(&self) -> Bindings {
        Bindings { keep: self.keeps(), ..Bindings::default() }
    }

    async fn health_view(&self, _: health::View) -> Option<String> {
        None
    }

    async fn tell(&self, _: &str, _: &str) -> Option<String> {
        None
    }
}

impl Memory for View {
    type Beacon = Beacon;

    fn isolate(&self) -> &Isolate<Beacon> {
        &self.memories.isolate
    }

    fn recall(&self) -> &Recall<Body> {
        &self.memories.recall
    }

    fn beacon(&self) -> Beacon {
        let beacon = Beacon::default();
        self.spawn(self.see(&beacon, LONGEST_WORK_BEHIND));
        beacon
    }

    fn light(&self, beacon: &Beacon) {
        beacon.0.0.update(|times| times + 1);
        for task in beacon.0.1.take() {
            self.world.wake(task);
        }
    }

    fn see(&self, beacon: &Beacon, within: Duration) -> impl Future<Output = ()> + 'static {
        let (world, beacon) = (Rc::clone(&self.world), beacon.clone());
        let mut late = self.world.wait(millis(within));
        let before = beacon.0.0.get();
        std::future::poll_fn(move |context| {
            if beacon.0.0.get() > before {
                return Poll::Ready(());
            }
            beacon.0.1.borrow_mut().push(world.task());
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
        judge::reported(&self.world, self.ask, report.outcome);
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
