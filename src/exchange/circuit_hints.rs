//! Open circuits, shared with the other isolates of the data centre through its cache.

use super::context::Context;
use super::counting::count_opened;
use super::observing;
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::origin::breaker::place;
use crate::origin::breaker::{Opened, Scope};
use crate::origin::{AttemptResult, HealthSignal};
use crate::ports::{Background, Origin, Ports};

/// Where a hint may stand.
const SCOPES: [Scope; 3] = [Scope::Origin, Scope::Section, Scope::Page];

/// Counts that a circuit has opened, and writes a hint of it behind the answer.
pub(super) fn share<P: Ports>(ctx: &Context<P>, origin: usize, opened: Opened) {
    let Opened { scope, because, left, .. } = opened;
    observing::opened(ctx, origin, opened);
    if scope == Scope::Origin {
        count_opened(ctx, origin, because);
    }
    let (key, store) = (key_of(ctx, origin, scope), ctx.store().clone());
    if !store.allowance().can_spare(1) {
        return;
    }
    let hint = Entry::Down { because: because.word(), until: ctx.now().plus(left) };
    ctx.ports().spawn(async move {
        store.save(&key, &hint, None, left).await;
    });
}

/// Reads the hints of others, after the first attempt of this request at `origin` has failed. An origin that answers
/// costs no such lookup.
pub(super) async fn read<P: Ports>(ctx: &Context<P>, origin: usize) {
    let settings = &ctx.policy.settings.breaker;
    if !settings.enabled || ctx.drill.is_some() || !ctx.store().allowance().can_spare(SCOPES.len() as u32) {
        return;
    }
    for scope in SCOPES {
        let found = ctx.store().load_bodiless(&key_of(ctx, origin, scope)).await;
        let Ok(Some((Entry::Down { because, until }, nothing))) = found else { continue };
        ctx.ports().cancel(nothing);
        let (now, place) = (ctx.now(), ctx.place());
        let Some(because) = AttemptResult::of_word(&because).filter(is_unhealthy) else { continue };
        let left = until.since(now);
        ctx.isolate().origin_state(origin, |state| {
            state.breaker.open_on_hint(place, scope, because, left, settings, now);
        });
        return;
    }
}

/// The key of a hint has the origin and the part of the site, so that the hint is taken for no more.
fn key_of<P: Ports>(ctx: &Context<P>, origin: usize, scope: Scope) -> Key {
    let target = &ctx.request.target;
    let part = match scope {
        Scope::Origin => String::new(),
        Scope::Section => [target.authority(), place::section(target)].concat(),
        Scope::Page => [place::method(&ctx.request), " ", target.as_str()].concat(),
    };
    Key::of_circuit(target, ctx.config.origin_name(origin), &part)
}

fn is_unhealthy(result: &AttemptResult) -> bool {
    result.health_signal() == HealthSignal::Unhealthy
}
