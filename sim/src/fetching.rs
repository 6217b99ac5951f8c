//! The way to the origins, and what can be done with a body.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use holdfast::body::{self, Plan};
use holdfast::cache::range::Span;
use holdfast::config::Settings;
use holdfast::origin::failure::{Fault, Lapse, Rejection};
use holdfast::origin::forward::Forward;
use holdfast::ports::{
    Background, Clock, Fetched, Held, HeldUpload, HoldFirst, Origin, Relay, RelayEnd, Resume,
};
use holdfast::request::Target;
use http::{HeaderMap, Method, StatusCode};

use crate::body::{Body, Content, Ending, Kind, Rest};
use crate::fault::{Path, Trouble};
use crate::ledger::{Attempt, Class};
use crate::plan::{Fate, SILENCE};
use crate::retries;
use crate::site::{Reply, text_of};
use crate::view::{View, millis};
use crate::visitor::with_address;
use crate::world::World;

/// A request body in this world.
#[derive(Clone, Debug)]
pub struct Upload {
    pub text: Rc<str>,
    pub takes: u64,
    pub fate: Fate,
}

impl View {
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
        settings.body.buffer = limit;
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
}

impl View {
    /// What an upload comes to that its client spoils while it is sent.
    async fn sent(&self, attempt: usize, fate: Fate, idle: Duration) -> Result<(), Rejection> {
        let Some(lapse) = self.spoilt(fate, idle).await else { return Ok(()) };
        self.end(attempt, Class::Spoilt);
        let rejection = match lapse {
            Lapse::Gone => rejection("client disconnected", true, false),
            Lapse::Broken => rejection("Network connection lost.", true, false),
            Lapse::Stalled | Lapse::Unmeasured | Lapse::TooLarge => rejection("aborted", false, true),
        };
        Err(Rejection { fault: Fault::Client, ..rejection })
    }

    /// How a client spoils its upload, if it does, once it is known: silence is after `idle`.
    async fn spoilt(&self, fate: Fate, idle: Duration) -> Option<Lapse> {
        let lapse = match fate {
            Fate::Whole => return None,
            Fate::BreaksOff => Lapse::Gone,
            Fate::Misframed => Lapse::Broken,
            Fate::Stalls => {
                self.world.wait(millis(idle).min(SILENCE)).await;
                Lapse::Stalled
            }
        };
        self.world.count("client spoilt its upload");
        Some(lapse)
    }

    /// What is wrong for an attempt that has come to the site.
    fn met(&self, attempt: usize, origin: usize, page: usize, forward: &Forward) -> Trouble {
        let world = &self.world;
        let address = text_of(&forward.headers, "cf-connecting-ip");
        let client = address.and_then(|address| with_address(&world.plan.visitors, &address));
        let path = Path { origin, group: world.plan.group(page), page, client };
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
                incarnation: self.incarnation,
                front,
                began_at,
                wall_at,
                ended_at: None,
                class,
                met: None,
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
        retries::sent(world, self.ask, forward);
        let mut limit = millis(limit);
        if let Some(upload) = upload {
            world.wait(upload.takes).await;
            self.sent(attempt, upload.fate, idle).await?;
        }
        let trouble = self.met(attempt, origin, page, forward);
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
                    stands_alone: false,
                    rest: None,
                    is_joined: false,
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
        idle: Duration,
        within: Duration,
    ) -> HeldUpload<Upload> {
        let waited = upload.takes.min(millis(within));
        self.world.wait(waited).await;
        let upload = Upload { takes: upload.takes - waited, ..upload };
        if upload.takes > 0 {
            return HeldUpload::Larger(upload);
        }
        match self.spoilt(upload.fate, idle).await {
            Some(lapse) => HeldUpload::Spoilt(lapse),
            None if upload.text.len() as u64 <= limit => HeldUpload::Whole(upload),
            None => HeldUpload::Larger(upload),
        }
    }

    async fn upload_text(&self, upload: Upload, limit: u64) -> Option<String> {
        self.pause().await;
        (upload.fate == Fate::Whole && upload.text.len() as u64 <= limit).then(|| upload.text.to_string())
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
        let lasted = || content.attempt.into_iter().for_each(|attempt| self.world.lasted(attempt));
        let now = self.now();
        let (idle, until) = (millis(idle), now.saturating_add(millis(within)));
        let bytes = content.text.len() as u64;
        // What all bodies that are held take together has a bound.
        let crowded = self.world.plan.crowded;
        let has_room = kind != Kind::Stream || crowded == 0 || !self.chance.borrow_mut().percent(crowded);
        if !has_room {
            self.world.count("no room for a body");
            return Held::Partial(as_kind(Kind::Begun));
        }
        if bytes > limit {
            let reached_at = content.starts_at + (content.ends_at - content.starts_at) * limit / bytes;
            self.world.wait(reached_at.min(until).saturating_sub(now)).await;
            lasted();
            return Held::Partial(as_kind(Kind::Begun));
        }
        let is_silent = content.ending == Ending::Silent;
        let known_at = if is_silent { content.ends_at.saturating_add(idle) } else { content.ends_at };
        self.world.wait(known_at.min(until).saturating_sub(now)).await;
        if known_at > until && !(is_silent && until.saturating_sub(content.ends_at) >= idle / 2) {
            lasted();
            return Held::Partial(as_kind(Kind::Begun));
        }
        if content.ending == Ending::Whole {
            lasted();
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

    fn with_head(&self, whole: &Body, _: StatusCode, headers: &HeaderMap) -> Body {
        let content = Content { headers: Rc::new(headers.clone()), ..(**whole.content()).clone() };
        Body::new(&self.world, Rc::new(content), whole.kind())
    }

    fn relay(
        &self,
        body: Body,
        _: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        resume: Option<Resume<Body>>,
    ) -> Relay<Body, impl Future<Output = RelayEnd> + 'static> {
        let (content, _) = body.spend();
        let silence = if content.ending == Ending::Silent { idle.map_or(600_000, millis) } else { 0 };
        let ends_at = content.ends_at.max(self.now()).saturating_add(silence);
        let resume = resume.filter(|_| content.ending != Ending::Whole);
        let [for_client, for_store] = [0; 2].map(|_| resume.is_some().then(Rest::default));
        let ending = if content.ending == Ending::Whole { Ending::Whole } else { Ending::Torn };
        let whole = (*content).clone();
        let relayed = |ending, rest| Content { ends_at, ending, stands_alone: false, rest, ..whole.clone() };
        let limit = copy.unwrap_or_default();
        let fits = |text: &str| text.len() as u64 <= limit;
        let copy = copy.map(|_| {
            let ending = if fits(&content.text) { ending } else { Ending::Torn };
            self.body(relayed(ending, for_store.clone()), Kind::Relayed)
        });
        let client = self.body(relayed(ending, for_client.clone()), Kind::Relayed);
        let (world, is_resumable) = (Rc::clone(&self.world), resume.is_some());
        let pumped = async move {
            world.wait(ends_at.saturating_sub(world.now())).await;
            if let Some(attempt) = content.attempt.filter(|_| content.ending != Ending::Whole) {
                world.lasted(attempt);
            }
            let mut whole = (*content).clone();
            if let Some(resume) = resume {
                taken_up(&world, &mut whole, &resume).await;
            }
            whole.ends_at = world.now();
            let end = match whole.ending {
                Ending::Whole => RelayEnd::Whole(whole.text.len() as u64),
                other @ (Ending::Torn | Ending::BadlyFramed | Ending::Silent) => {
                    RelayEnd::Torn(broken(other).0)
                }
            };
            let ending = if whole.text.len() as u64 <= limit { whole.ending } else { Ending::Torn };
            let stored = Content { ending, ..whole.clone() };
            for (rest, content) in [(for_client, whole), (for_store, stored)] {
                if let Some(rest) = rest {
                    rest.settle(&world, Rc::new(content));
                }
            }
            end
        };
        // Nobody has to wait for a pump. What needs no rest is over in good time by itself.
        let (told, world) = (Rc::new(RefCell::new(None)), Rc::clone(&self.world));
        let mut pumped = Some(pumped);
        let over = Rest::default();
        if is_resumable && let Some(pumped) = pumped.take() {
            let (told, over, world) = (Rc::clone(&told), over.clone(), Rc::clone(&world));
            let nothing = Rc::new(relayed(Ending::Torn, None));
            self.spawn(async move {
                *told.borrow_mut() = Some(pumped.await);
                over.settle(&world, nothing);
            });
        }
        let end = async move {
            if let Some(pumped) = pumped {
                return pumped.await;
            }
            over.settled(&world).await;
            told.take().unwrap_or(RelayEnd::ClientGone)
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
            stands_alone: content.stands_alone,
            rest: content.rest.clone(),
            is_joined: content.is_joined,
        };
        self.body(content, kind)
    }

    async fn peek(&self, body: Body, limit: u64, within: Duration) -> String {
        let (content, _) = body.spend();
        let now = self.now();
        self.world.wait(content.ends_at.saturating_sub(now).min(millis(within))).await;
        content.text.chars().take(limit as usize).collect()
    }

    async fn contains(&self, whole: &Body, text: &str) -> Option<bool> {
        Some(whole.content().text.contains(text))
    }

    fn cancel(&self, body: Body) {
        body.spend();
    }
}

/// Goes on with a body that broke off, as often as its rest can be had.
async fn taken_up(world: &Rc<World>, whole: &mut Content, resume: &Resume<Body>) {
    while whole.ending != Ending::Whole {
        let Some((rest, length)) = (resume.rest)(whole.text.len() as u64).await else { return };
        let (rest, _) = rest.spend();
        world.count("body taken up again");
        world.wait(rest.ends_at.saturating_sub(world.now())).await;
        whole.text = format!("{}{}", whole.text, rest.text).into();
        // A part may end before the whole does, and no longer one is handed on.
        let is_whole = rest.ending == Ending::Whole && whole.text.len() as u64 == length;
        whole.ending = if is_whole { Ending::Whole } else { Ending::Torn };
        whole.is_joined = true;
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
