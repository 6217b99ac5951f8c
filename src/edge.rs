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

use std::cell::OnceCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::body;
use crate::cache::entry::Entry;
use crate::cache::keep::Name;
use crate::cache::key::Key;
use crate::cache::range::Span;
use crate::config::{Config, Token};
use crate::exchange;
use crate::health::{Bindings, View};
use crate::isolate::Isolate;
use crate::origin::failure::Rejection;
use crate::origin::forward::Forward;
use crate::ports::{
    Answer, AnswerBody, Background, Clock, Dice, End, Fetched, Headers, Health, Held, HeldUpload, Kept,
    Memory, Origin, Relay, Reporter, Resume, Store, Unavailable, Urls,
};
use crate::report::Report;
use crate::request::Target;
use crate::time::Timestamp;

pub use bridge::Context;
use bridge::{Beacon, Handle, fields_from, fields_of};

thread_local! {
    static CONFIG: OnceCell<Result<Rc<Config>, Vec<String>>> = const { OnceCell::new() };
    static BOUND: OnceCell<Bindings> = const { OnceCell::new() };
    static ISOLATE: Rc<Isolate<Beacon>> = Rc::default();
}

/// The configuration, read once in each isolate: bindings do not change while one lives.
fn config(env: &JsValue) -> Result<Rc<Config>, Vec<String>> {
    let read = || {
        let text = bridge::settings_text(env).unwrap_or_else(|| "{}".to_owned());
        let mut config = Config::from_json(&text)
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        config.token = token(env);
        Ok(Rc::new(config))
    };
    CONFIG.with(|config| config.get_or_init(read).clone())
}

fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// What is bound, as far as this worker has a use for it.
fn bound(env: &JsValue) -> Bindings {
    let read = || {
        let names = bridge::bound(env);
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

/// The operators' secret. One that will not do opens nothing, and does not take the site down either.
fn token(env: &JsValue) -> Option<Token> {
    let token = Token::new(&bridge::token_text(env)?);
    if token.is_none() {
        bridge::console_error(&format!("HOLDFAST_TOKEN is not used: {}", Token::RULE));
    }
    token
}

/// Prepares a new instance.
pub fn start() {
    console_error_panic_hook::set_once();
}

/// Answers one request.
///
/// # Errors
/// None of its own: what JavaScript throws while the answer is built, such as a header that the platform
/// refuses.
pub async fn fetch(
    request: web_sys::Request,
    env: JsValue,
    ctx: Context,
) -> Result<web_sys::Response, JsValue> {
    let platform = Platform::new(&env, ctx);
    let head = bridge::request(&request, || platform.roll())?;
    let answer = match config(&env) {
        Ok(config) => {
            if config.origins.is_empty() {
                platform.ctx.pass_through_on_exception()?;
            }
            let upload = if head.has_body { request.body().map(JsValue::from) } else { None };
            exchange::exchange(platform, config, head, upload).await
        }
        Err(mistakes) => exchange::refuse_for_configuration(platform, head, mistakes),
    };
    respond(answer)
}

/// Answers a request on which another instance died.
///
/// # Errors
/// As [`fetch`].
pub fn internal_error(
    request: web_sys::Request,
    env: JsValue,
    ctx: Context,
) -> Result<web_sys::Response, JsValue> {
    let platform = Platform::new(&env, ctx);
    let head = bridge::request(&request, || platform.roll())?;
    let config = config(&env).unwrap_or_default();
    respond(exchange::internal_error(platform, config, head))
}

/// What the cron trigger does.
pub async fn scheduled(env: JsValue, ctx: Context) {
    if let Ok(config) = config(&env) {
        exchange::probe(Platform::new(&env, ctx), config).await;
    }
}

/// Whether a request that this worker fails on should go to the zone's own origin.
pub fn passes_through(env: &JsValue) -> bool {
    config(env).is_ok_and(|config| config.origins.is_empty())
}

fn respond(answer: Answer<Handle>) -> Result<web_sys::Response, JsValue> {
    let Answer { status, headers, body } = answer;
    let (handle, text) = match body {
        AnswerBody::Empty => (None, None),
        AnswerBody::Text(text) => (None, Some(text)),
        AnswerBody::Handle(handle) => (Some(handle), None),
    };
    let status = status.as_u16();
    match headers {
        Headers::Own(headers) => bridge::respond_own(status, &fields_of(&headers), handle.as_ref(), text),
        Headers::Edited(edits) => {
            let remove: String = edits.remove.iter().map(|name| format!("{name}\n")).collect();
            let (set, append) = (bridge::lines_of(&edits.set), bridge::lines_of(&edits.append));
            let handle = handle.ok_or(JsValue::NULL)?;
            bridge::respond_edited(status, &handle, &remove, &set, &append)
        }
    }
}

/// The ports of one request.
#[derive(Clone)]
struct Platform {
    ctx: Context,
    isolate: Rc<Isolate<Beacon>>,
    kept: Option<JsValue>,
    env: JsValue,
    bound: Bindings,
}

impl Platform {
    fn new(env: &JsValue, ctx: Context) -> Self {
        Self {
            ctx,
            isolate: ISOLATE.with(Rc::clone),
            kept: bridge::kept_namespace(env),
            env: env.clone(),
            bound: bound(env),
        }
    }

    /// As [`Background::spawn`]; boxed, so that the module has what turns work into a promise once, and not for each
    /// kind of work.
    fn wait_until(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        let promise = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        // It runs in any case; the platform only refuses to wait for it where there is no request any more.
        let _ = self.ctx.wait_until(&promise);
    }
}

impl Origin for Platform {
    type Body = Handle;
    type Upload = JsValue;

    async fn fetch(
        &self,
        forward: &Forward,
        upload: Option<JsValue>,
        limit: Duration,
    ) -> Result<Fetched<Handle>, Rejection> {
        let fields = fields_of(&forward.headers);
        let length = length_of(body::content_length(&forward.headers));
        let method = forward.method.as_str();
        let fetched = bridge::fetch_origin(&forward.url, method, &fields, upload, length, millis(limit))
            .await
            .map_err(rejection)?;
        Ok(Fetched {
            status: fetched.status(),
            headers: fields_from(&fetched.fields()),
            body: fetched.handle(),
        })
    }

    async fn hold_upload(&self, upload: JsValue, limit: u64) -> HeldUpload<JsValue> {
        match bridge::hold_upload(&upload, bytes(limit)).await {
            Ok(read) => match (read.held(), read.streamed()) {
                (Some(held), _) => HeldUpload::Whole(held),
                (None, Some(streamed)) => HeldUpload::Larger(streamed),
                (None, None) => HeldUpload::ClientGone,
            },
            Err(_) => HeldUpload::ClientGone,
        }
    }

    async fn upload_text(&self, upload: JsValue, limit: u64) -> Option<String> {
        bridge::upload_text(&upload, bytes(limit)).await.as_string()
    }

    fn again(&self, held: &JsValue) -> JsValue {
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
        let held = bridge::hold(&body, length_of(length), bytes(limit), millis(idle), millis(within)).await;
        match held.map(|held| held.whole()) {
            Ok(Some(whole)) => Held::Whole(body, whole as u64),
            Ok(None) => Held::Partial(body),
            Err(error) => Held::Torn(rejection(error)),
        }
    }

    fn copy(&self, whole: &Handle) -> Handle {
        bridge::copy_of(whole)
    }

    fn relay(
        &self,
        body: Handle,
        length: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        resume: Option<Resume<Handle>>,
    ) -> Relay<Handle, impl Future<Output = End> + 'static> {
        let idle = idle.map_or(0.0, millis);
        let copy_limit = copy.map_or(-1.0, bytes);
        let resume = resume.map(bridge::resume_function);
        let relay = bridge::relay(&body, length_of(length), idle, copy_limit, resume);
        let end = relay.as_ref().map(bridge::RelayParts::end).map_err(JsValue::clone);
        let end = async move {
            let end = match end {
                Ok(end) => JsFuture::from(end).await.map(bridge::BodyEnd::from),
                Err(error) => Err(error),
            };
            match end.map(|end| (end.whole(), end.torn())) {
                Ok((Some(bytes), _)) => End::Whole(bytes as u64),
                Ok((None, Some(torn))) => End::Torn(rejection(torn)),
                Ok((None, None)) => End::ClientGone,
                Err(error) => End::Torn(rejection(error)),
            }
        };
        match relay {
            Ok(relay) => Relay { client: relay.client(), copy: relay.copy(), end },
            Err(_) => Relay { client: body, copy: None, end },
        }
    }

    fn slice(&self, body: Handle, spans: &[Span], around: &[String]) -> Handle {
        let spans = spans.iter().flat_map(|span| [bytes(span.start), bytes(span.length)]).collect();
        bridge::slice(&body, spans, around.to_vec())
    }

    async fn peek(&self, body: Handle, limit: u64, within: Duration) -> String {
        bridge::peek(&body, bytes(limit), millis(within)).await.map_or_else(|_| String::new(), String::from)
    }

    fn cancel(&self, body: Handle) {
        bridge::cancel(&body);
    }
}

impl Store for Platform {
    async fn load(&self, key: &Key) -> Option<(Entry, Handle)> {
        let loaded = bridge::load(key.as_str()).await.ok().flatten()?;
        let (entry, body) = (Entry::decode(&loaded.entry()), loaded.handle());
        if entry.is_none() {
            bridge::cancel(&body);
        }
        Some((entry?, body))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<Handle>, retention: Duration) -> bool {
        let Some(text) = entry.encode() else {
            if let Some(body) = body {
                bridge::cancel(&body);
            }
            return false;
        };
        bridge::save(key.as_str(), &text, body.as_ref(), seconds(retention))
            .await
            .is_ok_and(|stored| stored.is_truthy())
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
            bridge::renew(key.as_str(), &text, &loaded, seconds(retention))
                .await
                .is_ok_and(|stored| stored.is_truthy())
        }
    }

    async fn remove(&self, key: &Key) {
        // A failing cache never fails a request.
        let _ = bridge::remove(key.as_str()).await;
    }
}

impl Kept for Platform {
    fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    async fn load_kept(&self, name: &Name, within: Duration) -> Result<Option<(Entry, Handle)>, Unavailable> {
        let kept = self.kept.as_ref().ok_or(Unavailable)?;
        let loaded = bridge::load_kept(kept, name.as_str(), millis(within)).await.map_err(|_| Unavailable)?;
        Ok(loaded.and_then(|loaded| Some((Entry::decode(&loaded.entry())?, loaded.handle()))))
    }

    async fn save_kept(&self, name: &Name, entry: &Entry, body: &Handle, retention: Duration) -> bool {
        let (Some(kept), Some(text)) = (&self.kept, entry.encode()) else { return false };
        bridge::save_kept(kept, name.as_str(), &text, body, seconds(retention)).await.is_ok()
    }

    async fn remove_kept(&self, name: &Name) -> bool {
        match &self.kept {
            Some(kept) => bridge::remove_kept(kept, name.as_str()).await.is_ok(),
            None => false,
        }
    }

    fn are_equal(&self, one: &Handle, other: &Handle) -> bool {
        bridge::are_equal(one, other)
    }

    async fn load_marks(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        let kept = self.kept.as_ref().ok_or(Unavailable)?;
        let text = bridge::load_marks(kept, millis(within)).await.map_err(|_| Unavailable)?;
        Ok(text.map(String::from))
    }

    async fn save_marks(&self, text: &str) -> bool {
        match &self.kept {
            Some(kept) => bridge::save_marks(kept, text).await.is_ok(),
            None => false,
        }
    }
}

impl Health for Platform {
    fn bindings(&self) -> Bindings {
        self.bound
    }

    async fn health_view(&self, view: View) -> Option<String> {
        bridge::health_view(&self.env, view.word()).await.ok()?.as_string()
    }

    async fn tell(&self, counts: &str, dashboard: &str) -> Option<String> {
        bridge::tell(&self.env, counts, dashboard).await.ok().map(String::from)
    }
}

impl Memory for Platform {
    type Beacon = Beacon;

    fn isolate(&self) -> &Isolate<Beacon> {
        &self.isolate
    }

    fn beacon(&self) -> Beacon {
        bridge::beacon()
    }

    fn light(&self, beacon: &Beacon) {
        bridge::light(beacon);
    }

    fn see(&self, beacon: &Beacon, within: Duration) -> impl Future<Output = ()> + 'static {
        let beacon = beacon.clone();
        async move { bridge::see(&beacon, millis(within)).await }
    }
}

impl Urls for Platform {
    fn resolve(&self, reference: &str, base: &Target) -> Option<Target> {
        Target::parse(&bridge::resolve_url(reference, base.as_str())?)
    }
}

impl Clock for Platform {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, span: Duration) {
        let alarm = Alarm(bridge::timer(millis(span)));
        let _ = JsFuture::from(alarm.0.rings()).await;
    }
}

impl Dice for Platform {
    fn roll(&self) -> f64 {
        js_sys::Math::random()
    }
}

impl Background for Platform {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.wait_until(Box::pin(work));
    }
}

impl Reporter for Platform {
    fn report(&self, report: &Report) {
        bridge::console_log(&report.to_line());
    }
}

/// A timer that is stopped with the sleep that nobody waits for any more.
struct Alarm(bridge::Timer);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn rejection(error: JsValue) -> Rejection {
    let error = bridge::Thrown::from(error);
    Rejection {
        message: error.message().unwrap_or_default(),
        retryable: error.retryable().unwrap_or_default(),
        timed_out: error.timed_out().unwrap_or_default(),
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
