//! The platform's side of the ports: the only code that knows Workers. It decides nothing.
//!
//! A request makes few calls across the border between Rust and JavaScript. Header fields cross it as one string each
//! way; bodies do not cross it: a [`BodyHandle`] stands for one, and `js/` works on it.
//!
//! Two modules of WebAssembly are made of this, by the packages in `modules/`: one answers requests ([`entry`]), the
//! other is the Durable Object's ([`health_object`]). The linker leaves out of each what it does not call.

mod analytics;
mod cache_api;
pub mod entry;
pub mod executor;
pub mod health_object;
mod kv;
mod origin;
mod settings;
mod signal;
mod timer;

use std::cell::{OnceCell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use wasm_bindgen::prelude::*;

use crate::health::Bindings;
use crate::isolate::Isolate;
use crate::isolate::memory_cache::MemoryCache;
use crate::ports::{Background, Dice, Reporter, Urls};
use crate::report::Report;
use crate::request::{Request, Target};

use signal::Signal;

thread_local! {
    static ISOLATE: Rc<Isolate<Signal>> = Rc::default();
    static MEMORY_CACHE: Rc<MemoryCache<BodyHandle>> = Rc::default();
    static CHANCE: OnceCell<RefCell<Rng>> = const { OnceCell::new() };
}

#[wasm_bindgen(raw_module = "./handle.js")]
extern "C" {
    /// A body and what came with it: see `js/handle.js`.
    #[derive(Clone, Debug)]
    pub type BodyHandle;
}

#[wasm_bindgen(raw_module = "./pending.js")]
extern "C" {
    /// A request that is being answered, or another occasion: see `js/pending.js`.
    #[derive(Clone, Debug)]
    pub type PendingRequest;

    #[wasm_bindgen(method, getter, structural)]
    fn env(this: &PendingRequest) -> JsValue;

    /// Ends it, where no response is waited for.
    #[wasm_bindgen(method, structural, js_name = resolve)]
    fn finish(this: &PendingRequest);

    /// Fails it: it is answered as if this instance had died.
    #[wasm_bindgen(method, structural, js_name = reject)]
    fn fail(this: &PendingRequest, why: &str);

    /// Has the platform wait until [`release`](Self::release) of the result, which is this request: a clone would cross
    /// the border once more.
    #[wasm_bindgen(method, structural, js_name = keepAlive)]
    fn keep_alive(this: &PendingRequest) -> PendingRequest;

    #[wasm_bindgen(method, structural)]
    fn release(this: &PendingRequest);
}

#[wasm_bindgen(raw_module = "./headers.js")]
extern "C" {
    #[wasm_bindgen(js_name = resolveUrl)]
    fn resolve_url(reference: &str, base: &str) -> Option<String>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn console_log(line: &str);
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(line: &str);
}

/// The ports of one request.
#[derive(Clone)]
struct Platform {
    pending: PendingRequest,
    /// The request as the platform has it; `None` if it was read otherwise.
    request: Option<Rc<Request>>,
    isolate: Rc<Isolate<Signal>>,
    memory_cache: Rc<MemoryCache<BodyHandle>>,
    bound: Bindings,
}

impl Platform {
    fn new(pending: PendingRequest) -> Self {
        let bound = settings::bound(|| pending.env());
        let (isolate, memory_cache) = (ISOLATE.with(Rc::clone), MEMORY_CACHE.with(Rc::clone));
        Self { pending, request: None, isolate, memory_cache, bound }
    }
}

impl Urls for Platform {
    fn resolve(&self, reference: &str, base: &Target) -> Option<Target> {
        Target::parse(&resolve_url(reference, base.as_str())?)
    }
}

/// A number from 0 to below 1. It decides waits, samples and names; no secret depends on it.
fn roll() -> f64 {
    let seeded = || RefCell::new(Rng::with_seed((js_sys::Math::random() * 2_f64.powi(53)) as u64));
    CHANCE.with(|chance| chance.get_or_init(seeded).borrow_mut().f64())
}

impl Dice for Platform {
    fn roll(&self) -> f64 {
        roll()
    }
}

impl Background for Platform {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        let pending = self.pending.keep_alive();
        executor::spawn(Box::pin(async move {
            work.await;
            pending.release();
        }));
    }

    fn attend(&self, work: impl Future<Output = ()> + 'static) {
        executor::attend(Box::pin(work));
    }
}

impl Reporter for Platform {
    fn report(&self, report: &Report) {
        console_log(&report.to_line());
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
