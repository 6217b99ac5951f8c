//! What is seen of the origins, for the object that keeps their state: how each attempt ended, which requests failed for
//! good, which circuits are open. A drill is not seen.

use std::time::Duration;

use super::context::Context;
use super::flush;
use crate::health::AttemptKind;
use crate::health::count_lines;
use crate::health::observation::Seen;
use crate::health::observer::{Asked, Observer};
use crate::origin::AttemptResult;
use crate::origin::breaker::{OpenCircuit, Opened, Scope, place};
use crate::ports::{Health, Memory, Ports};
use crate::report::Outcome;

/// Records how an attempt at `origin` ended.
pub(super) fn attempt<P: Ports>(ctx: &Context<P>, origin: usize, result: AttemptResult, by_probe: bool) {
    if !is_seen(ctx) {
        return;
    }
    ctx.ports().isolate().counters(|counters| {
        let is_news = see(ctx, origin, |asked| counters.seen().attempt(asked, result.into(), by_probe));
        if is_news {
            counters.hurry();
        }
    });
}

/// Records that the request failed for good at `origin`, and has that told soon.
pub(super) fn lost<P: Ports>(ctx: &Context<P>, origin: usize, result: AttemptResult) {
    if !is_seen(ctx) {
        return;
    }
    ctx.ports().isolate().counters(|counters| {
        see(ctx, origin, |asked| counters.seen().lost(asked, result.into(), ctx.witness()));
        counters.hurry();
    });
    flush::if_due(ctx);
}

/// Records that a circuit has opened, and has that told at once.
pub(super) fn opened<P: Ports>(ctx: &Context<P>, origin: usize, opened: Opened) {
    if !is_seen(ctx) {
        return;
    }
    ctx.ports().isolate().counters(|counters| {
        open(ctx, counters.seen(), origin, opened.scope, opened.because, Some(opened));
        counters.urge();
    });
    flush::if_due(ctx);
}

/// What became of a visitor's request that a failure touched.
#[derive(Clone, Copy)]
pub(super) struct Touched {
    pub origin: usize,
    pub because: AttemptResult,
    /// The circuit that refused it, if nothing was tried.
    pub refused_by: Option<OpenCircuit>,
    pub outcome: Outcome,
    /// Whether the answer is an error.
    pub is_error: bool,
}

/// Records `touched`. The open circuit is told of each time, in case the object has not heard of it or has forgotten it.
pub(super) fn visitor<P: Ports>(ctx: &Context<P>, touched: Touched) {
    if !is_seen(ctx) {
        return;
    }
    let Touched { origin, because, refused_by, outcome, is_error } = touched;
    let kind = AttemptKind::from(because);
    let seen = Seen::Visitors {
        kind,
        touched: 1,
        refused: u64::from(refused_by.is_some()),
        stale: u64::from(count_lines::is_stale(outcome.word())),
        errors: u64::from(is_error),
        at: ctx.now(),
    };
    ctx.ports().isolate().counters(|counters| {
        if kind.fault().is_some() {
            see(ctx, origin, |asked| counters.seen().visitor(asked, seen));
        }
        if let Some(OpenCircuit { scope, .. }) = refused_by {
            open(ctx, counters.seen(), origin, scope, because, None);
            counters.hurry();
        }
    });
}

/// Has the observer tell of a circuit. `opened` is what opened it just now; it is told once.
fn open<P: Ports>(
    ctx: &Context<P>,
    observer: &mut Observer,
    origin: usize,
    scope: Scope,
    because: AttemptResult,
    opened: Option<Opened>,
) {
    let [page, section] = match scope {
        Scope::Origin => [String::new(), String::new()],
        Scope::Page | Scope::Section => place::names(&ctx.request),
    };
    let place = if scope == Scope::Page { page } else { section };
    let now = ctx.now();
    let (n, failing_for) =
        opened.map_or((0, Duration::ZERO), |opened| (opened.clients as u64, opened.failing_for));
    observer.open(
        origin,
        &place,
        Seen::Open { kind: because.into(), n, since: now.minus(failing_for), at: now },
    );
}

fn see<P: Ports, T>(ctx: &Context<P>, origin: usize, act: impl FnOnce(Asked<'_>) -> T) -> T {
    act(Asked { origin, places: &|| place::names(&ctx.request), now: ctx.now() })
}

fn is_seen<P: Ports>(ctx: &Context<P>) -> bool {
    ctx.ports().bindings().health && ctx.drill.is_none()
}
