//! The platform's side of the ports: the only code that knows Workers. It decides nothing.
//!
//! Each request costs few calls across the border between Rust and JavaScript, and header fields cross it
//! as one string each way; bodies do not cross it. What is done with them is in `bridge.js`.
//!
//! Two modules of WebAssembly are made of this, by the packages in `modules/`: one answers requests with the functions
//! here, the other is what the Durable Object does, with those in [`object`]. The linker leaves out of each what it
//! does not call.

mod bridge;
pub mod object;
pub mod task;

use std::cell::{OnceCell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use http::{HeaderMap, StatusCode};
use wasm_bindgen::prelude::*;

use crate::body;
use crate::body::resumption::Digest;
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::cache::last_good::Name;
use crate::cache::range::Span;
use crate::config::{Config, Token};
use crate::exchange;
use crate::head;
use crate::health::{Bindings, View};
use crate::isolate::Isolate;
use crate::isolate::memory_cache::MemoryCache;
use crate::language;
use crate::origin::failure::{Lapse, Rejection};
use crate::origin::forward::Forward;
use crate::ports::{
    Answer, AnswerBody, Background, Clock, Dice, Fetched, Headers, Health, Held, HeldUpload, HoldFirst,
    LastGood, Lookup, Memory, Origin, Relay, RelayEnd, Reporter, Resume, Store, Unavailable, Urls,
};
use crate::report::Report;
use crate::request::{Request, Target};
use crate::time::Timestamp;

use bridge::Beacon;
pub use bridge::{Handle, Visit};
use task::{Call, Given, Response};

thread_local! {
    static CONFIG: OnceCell<Result<Rc<Config>, Vec<String>>> = const { OnceCell::new() };
    static BOUND: OnceCell<Bindings> = const { OnceCell::new() };
    static ISOLATE: Rc<Isolate<Beacon>> = Rc::default();
    static RECALL: Rc<MemoryCache<Handle>> = Rc::default();
    static CHANCE: OnceCell<RefCell<Rng>> = const { OnceCell::new() };
}

/// The configuration, read once in each isolate: bindings do not change while one lives.
fn config(env: impl FnOnce() -> JsValue) -> Result<Rc<Config>, Vec<String>> {
    let read = || {
        let env = env();
        let text = bridge::settings_text(&env).unwrap_or_else(|| "{}".to_owned());
        let mut config = Config::from_json(&text)
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        config.token = token(&env);
        Ok(Rc::new(config))
    };
    CONFIG.with(|config| config.get_or_init(read).clone())
}

/// What is bound, as far as this worker has a use for it.
fn bound(env: impl FnOnce() -> JsValue) -> Bindings {
    let read = || {
        let names = bridge::bound(&env());
        let is_bound = |name| names.split(' ').any(|other| other == name);
        Bindings {
            keep: is_bound("HOLDFAST_KEEP"),
            health: is_bound("HOLDFAST_HEALTH"),
            analytics: is_bound("HOLDFAST_ANALYTICS"),
            token: is_bound("HOLDFAST_TOKEN"),
        }
    };
    BOUND.with(|bound| *bound.get_or_init(read))
}

/// A number from 0 to below 1. What is drawn here decides about waits, samples and names; no secret hangs on it.
fn roll() -> f64 {
    let seeded = || RefCell::new(Rng::with_seed((js_sys::Math::random() * 2_f64.powi(53)) as u64));
    CHANCE.with(|chance| chance.get_or_init(seeded).borrow_mut().f64())
}

/// The operators' secret. One that will not do opens nothing, and does not take the site down either.
fn token(env: &JsValue) -> Option<Token> {
    let token = Token::new(&bridge::secret_text(env, "HOLDFAST_TOKEN")?);
    if token.is_none() {
        bridge::console_error(&format!("HOLDFAST_TOKEN is not used: {}", Token::RULE));
    }
    token
}

/// Prepares a new instance.
pub fn start() {
    console_error_panic_hook::set_once();
}

/// Has pages find the catalogues of their languages, which are not part of the module.
pub fn start_pages() {
    language::read_with(|index| bridge::catalogue(u32::try_from(index).unwrap_or(u32::MAX)));
}

/// Answers the request of `visit`, which has this number and whose `head` is a line with its method and URL and the header
/// fields behind it; JavaScript enters at `now`.
pub fn fetch(now: f64, visit: Visit, number: u32, head: String) {
    task::enter(now);
    task::is_for(number);
    let Some((platform, request)) = Platform::answering(visit, head) else { return };
    let config = match config(|| bridge::env_of(&platform.visit)) {
        Ok(config) => config,
        Err(mistakes) => {
            let answer = exchange::refuse_for_configuration(platform.clone(), request, mistakes);
            platform.respond(answer);
            return task::run();
        }
    };
    let upload = if request.has_body { bridge::upload_of(&platform.visit) } else { None };
    let upload = upload.map(Upload::Coming);
    task::spawn(Box::pin(async move {
        let answer = exchange::exchange(platform.clone(), config, request, upload).await;
        platform.respond(answer);
    }));
    task::run();
}

/// Answers the request of `visit`, on which another instance died.
pub fn internal_error(now: f64, visit: Visit, number: u32, head: String) {
    task::enter(now);
    task::is_for(number);
    let Some((platform, request)) = Platform::answering(visit, head) else { return };
    let config = config(|| bridge::env_of(&platform.visit)).unwrap_or_default();
    platform.respond(exchange::internal_error(platform.clone(), config, request));
    task::run();
}

/// What the cron trigger does.
pub fn scheduled(now: f64, visit: Visit, number: u32) {
    task::enter(now);
    task::is_for(number);
    task::spawn(Box::pin(async move {
        let platform = Platform::new(visit);
        if let Ok(config) = config(|| bridge::env_of(&platform.visit)) {
            exchange::probe(platform.clone(), config).await;
        }
        bridge::finish(&platform.visit);
    }));
    task::run();
}

/// Whether a request that this worker fails on should go to the zone's own origin.
pub fn passes_through(env: &JsValue) -> bool {
    config(|| env.clone()).is_ok_and(|config| config.origins.is_empty())
}

/// The ports of one request.
#[derive(Clone)]
struct Platform {
    visit: Visit,
    /// What the client asks, if it was read as the platform has it.
    asked: Option<Rc<Request>>,
    isolate: Rc<Isolate<Beacon>>,
    recall: Rc<MemoryCache<Handle>>,
    bound: Bindings,
}

impl Platform {
    fn new(visit: Visit) -> Self {
        let bound = bound(|| bridge::env_of(&visit));
        Self { visit, asked: None, isolate: ISOLATE.with(Rc::clone), recall: RECALL.with(Rc::clone), bound }
    }

    /// The ports of a visit by a request, and the request.
    fn answering(visit: Visit, head: String) -> Option<(Self, Rc<Request>)> {
        match head::request(head, roll) {
            Ok((request, is_exact)) => {
                let request = Rc::new(request);
                let asked = is_exact.then(|| Rc::clone(&request));
                Some((Self { asked, ..Self::new(visit) }, request))
            }
            Err(why) => {
                bridge::fail(&visit, why);
                None
            }
        }
    }

    fn respond(&self, answer: Answer<Handle>) {
        let Answer { status, headers, body } = answer;
        let (handle, text) = match body {
            AnswerBody::Empty => (None, None),
            AnswerBody::Text(text) => (None, Some(text)),
            AnswerBody::Handle(handle) => (Some(handle), None),
        };
        let status = status.as_u16();
        match (headers, handle) {
            (Headers::Edited(edits), Some(handle)) => {
                bridge::respond_edited(&self.visit, &handle, &head::lines_of(&edits));
            }
            (Headers::Edited(_), None) => bridge::fail(&self.visit, "edits of no response"),
            (Headers::Own(headers), handle) => {
                let (common, own) = head::parted_fields_of(&headers);
                let text = text.as_deref().map(str::as_bytes);
                bridge::respond_own(&self.visit, status, &common, &own, handle.as_ref(), text);
            }
        }
    }
}

/// A request body.
#[derive(Clone)]
enum Upload {
    /// Still coming.
    Coming(Handle),
    /// Here, and counted as held until this is dropped.
    Held(Rc<HeldHere>),
}

struct HeldHere(Handle);

impl Drop for HeldHere {
    fn drop(&mut self) {
        bridge::release(&self.0);
    }
}

impl Upload {
    fn handle(&self) -> &Handle {
        match self {
            Self::Coming(handle) => handle,
            Self::Held(held) => &held.0,
        }
    }
}

impl Origin for Platform {
    type Body = Handle;
    type Upload = Upload;

    async fn fetch(
        &self,
        forward: &Forward,
        upload: Option<Upload>,
        limit: Duration,
        idle: Duration,
        hold: Option<HoldFirst>,
    ) -> Result<Fetched<Handle>, Rejection> {
        let mut order = [forward.method.as_str(), " ", &forward.url, "\n"].concat();
        let client = self.asked.as_ref().map(|request| &request.headers);
        head::write_changes(&mut order, client.unwrap_or(&HeaderMap::new()), &forward.headers);
        let client = client.map(|_| &self.visit);
        let length = if upload.is_some() { body::content_length(&forward.headers) } else { None };
        let (upload, length) = (upload.as_ref().map(Upload::handle), length_of(length));
        let (limit, idle) = (millis(limit), millis(idle));
        let (most, within) =
            hold.map_or((-1.0, 0.0), |HoldFirst { limit, within }| (bytes(limit), millis(within)));
        let call =
            |call| bridge::fetch_origin(call, client, &order, upload, length, limit, idle, most, within);
        let given = Call::new(call).await?.response();
        let Response { status, fields, body, received_at, whole } = given.ok_or_else(Rejection::default)?;
        Ok(Fetched { status, headers: head::fields_from(fields, 0), body, received_at, whole })
    }

    async fn hold_upload(
        &self,
        upload: Upload,
        length: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> HeldUpload<Upload> {
        let handle = upload.handle();
        match self.hold(handle.clone(), length, limit, idle, within).await {
            Held::Whole(handle, _) => HeldUpload::Whole(Upload::Held(Rc::new(HeldHere(handle)))),
            Held::Partial(handle) => HeldUpload::Larger(Upload::Coming(handle)),
            Held::Torn(rejection) => HeldUpload::Spoilt(rejection.lapse().unwrap_or(Lapse::Broken)),
        }
    }

    async fn upload_text(&self, upload: Upload, limit: u64) -> Option<String> {
        Call::new(|call| bridge::upload_text(call, upload.handle(), bytes(limit))).await.ok()?.text()
    }

    fn again(&self, held: &Upload) -> Upload {
        held.clone()
    }

    async fn hold(
        &self,
        body: Handle,
        length: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> Held<Handle> {
        let (limit, idle, within) = (bytes(limit), millis(idle), millis(within));
        let call = |call| bridge::hold(call, &body, length_of(length), limit, idle, within);
        match Call::new(call).await.map(Given::number) {
            Ok(Some(whole)) => Held::Whole(body, whole as u64),
            Ok(None) => Held::Partial(body),
            Err(rejection) => Held::Torn(rejection),
        }
    }

    fn copy(&self, whole: &Handle) -> Handle {
        bridge::copy_of(whole)
    }

    fn with_head(&self, whole: &Handle, status: StatusCode, headers: &HeaderMap) -> Handle {
        bridge::dressed(whole, status.as_u16(), &head::fields_of(headers))
    }

    fn relay(
        &self,
        body: Handle,
        length: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        resume: Option<Resume<Handle>>,
    ) -> Relay<Handle, impl Future<Output = RelayEnd> + 'static> {
        let idle = idle.map_or(0.0, millis);
        let copy_limit = copy.map_or(-1.0, bytes);
        let number = task::visit();
        let (rest, digest) = resume.map(|Resume { rest, digest }| (rest, digest)).unzip();
        let rest = rest.map(|rest| bridge::rest_function(number, rest));
        let digest = digest.flatten().map(|digest| match digest {
            Digest::Known(algorithm, value) => [algorithm, " ", &value].concat(),
            Digest::Unknown => String::new(),
        });
        let mut parts = None;
        let call = Call::new(|call| {
            let length = length_of(length);
            parts = Some(bridge::relay(call, &self.visit, &body, length, idle, copy_limit, rest, digest));
        });
        let end = async move {
            match call.await.map(Given::number) {
                Ok(Some(whole)) if whole < 0.0 => RelayEnd::Mismatched,
                Ok(Some(whole)) => RelayEnd::Whole(whole as u64),
                Ok(None) => RelayEnd::ClientGone,
                // It sent an upload beside, and failed to end it.
                Err(rejection) if rejection.lapse().is_some() => RelayEnd::ClientGone,
                Err(rejection) => RelayEnd::Torn(rejection),
            }
        };
        match parts {
            Some(parts) => {
                Relay { client: parts.client(), copy: if copy.is_some() { parts.copy() } else { None }, end }
            }
            None => Relay { client: body, copy: None, end },
        }
    }

    fn slice(&self, body: Handle, spans: &[Span], around: &[String]) -> Handle {
        let spans = spans.iter().flat_map(|span| [bytes(span.start), bytes(span.length)]).collect();
        bridge::slice(&body, spans, around.to_vec())
    }

    async fn peek(&self, body: Handle, limit: u64, within: Duration) -> String {
        let call = |call| bridge::peek(call, &body, bytes(limit), millis(within));
        Call::new(call).await.ok().and_then(Given::text).unwrap_or_default()
    }

    async fn contains(&self, whole: &Handle, text: &str) -> Option<bool> {
        let given = Call::new(|call| bridge::contains(call, whole, text)).await.ok()?;
        given.number().map(|number| number > 0.0)
    }

    fn cancel(&self, body: Handle) {
        bridge::cancel(&body);
    }
}

impl Store for Platform {
    async fn load(&self, key: &Key) -> Lookup<Handle> {
        let given = Call::new(|call| bridge::load(call, key.as_str())).await.map_err(|_| Unavailable)?;
        let Some((text, body)) = given.entry() else { return Ok(None) };
        let entry = Entry::decode(&text);
        if entry.is_none() {
            bridge::cancel(&body);
        }
        Ok(entry.map(|entry| (entry, body)))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<Handle>, retention: Duration) -> bool {
        let Some(text) = entry.encode() else {
            if let Some(body) = body {
                bridge::cancel(&body);
            }
            return false;
        };
        let seconds = seconds(retention);
        Call::new(|call| bridge::save(call, key.as_str(), &text, body.as_ref(), seconds)).await.is_ok()
    }

    fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &Handle,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static {
        let (key, text, loaded) = (key.clone(), entry.encode(), loaded.clone());
        async move {
            let Some(text) = text else { return false };
            let seconds = seconds(retention);
            Call::new(|call| bridge::renew(call, key.as_str(), &text, &loaded, seconds)).await.is_ok()
        }
    }

    async fn remove(&self, key: &Key) {
        // A failing cache never fails a request.
        let _ = Call::new(|call| bridge::remove(call, key.as_str())).await;
    }
}

impl LastGood for Platform {
    fn has_last_good(&self) -> bool {
        self.bound.keep
    }

    async fn load_last_good(&self, name: &Name, within: Duration) -> Lookup<Handle> {
        if !self.has_last_good() {
            return Err(Unavailable);
        }
        let call = |call| bridge::load_kept(call, &self.visit, name.as_str(), millis(within));
        let loaded = Call::new(call).await.map_err(|_| Unavailable)?.entry();
        Ok(loaded.and_then(|(text, body)| Some((Entry::decode(&text)?, body))))
    }

    async fn save_last_good(&self, name: &Name, entry: &Entry, body: &Handle, retention: Duration) -> bool {
        let Some(text) = entry.encode().filter(|_| self.has_last_good()) else { return false };
        let (name, seconds) = (name.as_str(), seconds(retention));
        Call::new(|call| bridge::save_kept(call, &self.visit, name, &text, body, seconds)).await.is_ok()
    }

    async fn remove_last_good(&self, name: &Name) -> bool {
        self.has_last_good()
            && Call::new(|call| bridge::remove_kept(call, &self.visit, name.as_str())).await.is_ok()
    }

    fn are_equal(&self, one: &Handle, other: &Handle) -> bool {
        bridge::are_equal(one, other)
    }

    async fn load_purge_rules(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        if !self.has_last_good() {
            return Err(Unavailable);
        }
        let given = Call::new(|call| bridge::load_marks(call, &self.visit, millis(within))).await;
        Ok(given.map_err(|_| Unavailable)?.text())
    }

    async fn save_purge_rules(&self, text: &str) -> bool {
        self.has_last_good() && Call::new(|call| bridge::save_marks(call, &self.visit, text)).await.is_ok()
    }
}

impl Health for Platform {
    fn bindings(&self) -> Bindings {
        self.bound
    }

    async fn health_view(&self, view: View) -> Option<String> {
        Call::new(|call| bridge::health_view(call, &self.visit, view.word())).await.ok()?.text()
    }

    async fn flush(&self, counts: &str, dashboard: &str) -> Option<String> {
        Call::new(|call| bridge::tell(call, &self.visit, counts, dashboard)).await.ok()?.text()
    }
}

impl Memory for Platform {
    type Signal = Beacon;

    fn isolate(&self) -> &Isolate<Beacon> {
        &self.isolate
    }

    fn memory_cache(&self) -> &MemoryCache<Handle> {
        &self.recall
    }

    fn signal(&self) -> Beacon {
        bridge::beacon(&self.visit)
    }

    fn notify(&self, beacon: &Beacon) {
        bridge::light(beacon);
    }

    fn wait(&self, beacon: &Beacon, within: Duration) -> impl Future<Output = ()> + 'static {
        let beacon = beacon.clone();
        async move {
            let _ = Call::new(|call| bridge::see(call, &beacon, millis(within))).await;
        }
    }
}

impl Urls for Platform {
    fn resolve(&self, reference: &str, base: &Target) -> Option<Target> {
        Target::parse(&bridge::resolve_url(reference, base.as_str())?)
    }
}

impl Clock for Platform {
    fn now(&self) -> Timestamp {
        task::now()
    }

    async fn sleep(&self, span: Duration) {
        let mut alarm = Alarm { timer: 0.0, has_rung: false };
        let _ = Call::new(|call| alarm.timer = bridge::sleep(call, millis(span))).await;
        alarm.has_rung = true;
    }
}

impl Dice for Platform {
    fn roll(&self) -> f64 {
        roll()
    }
}

impl Background for Platform {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        let kept_alive = bridge::keep_alive(&self.visit);
        task::spawn(Box::pin(async move {
            work.await;
            bridge::let_go(&kept_alive);
        }));
    }

    fn attend(&self, work: impl Future<Output = ()> + 'static) {
        task::attend(Box::pin(work));
    }
}

impl Reporter for Platform {
    fn report(&self, report: &Report) {
        bridge::console_log(&report.to_line());
    }
}

/// A timer that is stopped with the sleep that nobody waits for any more.
struct Alarm {
    timer: f64,
    has_rung: bool,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if !self.has_rung {
            bridge::stop_timer(self.timer);
        }
    }
}

/// `span` in milliseconds, at least 1 where it is not zero, as timers want it.
fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1000.0).ceil()
}

fn seconds(span: Duration) -> f64 {
    span.as_secs_f64().ceil()
}

/// Sizes are far below 2^53.
fn bytes(size: u64) -> f64 {
    size as f64
}

fn length_of(length: Option<u64>) -> f64 {
    length.map_or(-1.0, bytes)
}
