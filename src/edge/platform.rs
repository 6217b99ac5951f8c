//! The ports of one request. Each port that needs more than a line is implemented in a file of its own.

use std::cell::{OnceCell, RefCell};
use std::future::Future;
use std::rc::Rc;

use fastrand::Rng;
use wasm_bindgen::prelude::*;

use super::handles::{BodyHandle, PendingRequest, Signal};
use super::settings::{self, Bound};
use super::{console, executor};
use crate::isolate::Isolate;
use crate::isolate::memory_cache::MemoryCache;
use crate::ports::{Background, Dice, Reporter, Urls};
use crate::report::Report;
use crate::request::{Request, Target};

thread_local! {
    static ISOLATE: Rc<Isolate<Signal>> = Rc::default();
    static MEMORY_CACHE: Rc<MemoryCache<BodyHandle>> = Rc::default();
    static CHANCE: OnceCell<RefCell<Rng>> = const { OnceCell::new() };
}

#[wasm_bindgen(raw_module = "./headers.js")]
extern "C" {
    #[wasm_bindgen(js_name = resolveUrl)]
    fn resolve_url(reference: &str, base: &str) -> Option<String>;
}

/// The ports of one request.
#[derive(Clone)]
pub(super) struct Platform {
    pub(super) pending: PendingRequest,
    /// The request as the platform has it; `None` if it was read otherwise.
    pub(super) request: Option<Rc<Request>>,
    pub(super) isolate: Rc<Isolate<Signal>>,
    pub(super) memory_cache: Rc<MemoryCache<BodyHandle>>,
    pub(super) bound: Rc<Bound>,
}

impl Platform {
    pub(super) fn new(pending: PendingRequest) -> Self {
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
pub(super) fn roll() -> f64 {
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
        console::log(&report.to_line());
    }
}
