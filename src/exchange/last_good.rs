//! Last good copies: read when the edge cache has nothing that may answer, written behind the answer.

use std::time::Duration;

use http::{Method, StatusCode};

use super::context::Context;
use super::copies::told;
use super::lookup::Found;
use super::purge_rules;
use super::received::{Guarded, Received};
use super::record::Record;
use crate::cache::Verdict;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Vary;
use crate::cache::last_good::{self, Decision, Name, NotReplaced};
use crate::cache::purge::PurgeState;
use crate::cache::request_fields;
use crate::cache::storable::{self, Effect, Existing, NotStored};
use crate::config;
use crate::fields::without_hop_by_hop;
use crate::isolate::memory_cache::Loaded;
use crate::ports::{Background, Memory, Origin, Ports};
use crate::request::Request;

/// How long a client waits for a last good copy, past the deadline if need be. Namespaces answer within some tens of
/// milliseconds, and the alternative is an error.
const LONGEST_LAST_GOOD_READ: Duration = Duration::from_secs(2);

/// How long a write may wait for the old copy, behind the answer.
const LONGEST_LAST_GOOD_READ_BEHIND: Duration = Duration::from_secs(10);

/// The last good copy, if there is one that may answer.
pub(super) async fn copy<P: Ports>(ctx: &Context<P>, record: &mut Record) -> Option<Found<P::Body>> {
    let (policy, store) = (&ctx.policy, ctx.store());
    if policy.lookup.is_err() || !store.has_last_good() {
        return None;
    }
    let settings = &policy.settings.last_good;
    let name = last_good::name(&ctx.request, settings)?;
    let loaded = store.load_last_good(&name, LONGEST_LAST_GOOD_READ, &policy.settings).await;
    let Loaded::Response { stored, body, has_head } = loaded else {
        return None;
    };
    if purge_rules::current(ctx).await.on(ctx.target(), &stored) == PurgeState::Absent {
        if ctx.drill.is_none() {
            forget_behind(ctx, name);
        }
        return None;
    }
    if !request_fields::is_readable(&ctx.request, &stored.headers) {
        record.last_good_refused = Some(last_good::Refused::OtherVariant);
        return None;
    }
    let headers = ctx.presented_fields();
    match last_good::may_stand_in(&stored, headers, &policy.asked, settings, ctx.now()) {
        Ok(()) => Some(Found { at: ctx.key().clone(), stored, body, has_head, verdict: Verdict::Stale }),
        Err(refused) => {
            record.last_good_refused = Some(refused);
            None
        }
    }
}

/// Decides behind the answer whether what the origin has sent becomes the last good copy.
pub(super) fn keep_behind<P: Ports>(ctx: &Context<P>, received: &Received<P::Body>) {
    let (policy, isolate) = (&ctx.policy, ctx.ports().isolate());
    if ctx.request.method != Method::GET || policy.lookup.is_err() || !ctx.store().has_last_good() {
        return;
    }
    let Some(name) = last_good::name(&ctx.request, &policy.settings.last_good) else { return };
    if !matches!(received.status, 200 | 404 | 410) || received.lacks_marker {
        return;
    }
    let (body, length) = match &received.body {
        Guarded::Whole(body, bytes) => (body, *bytes),
        Guarded::Bare(body) => (body, 0),
        Guarded::Stream { .. } | Guarded::Relayed { .. } => return,
    };
    let Some(Candidate { stored, is_withheld }) = candidate(ctx, received, length) else { return };
    let forbids = last_good::forbids(&stored);
    // One client alone may have brought it about.
    let is_withdrawn_from_another = || {
        let told = told(ctx);
        isolate.record_withdrawal(&name, told.mark, told.is_known, ctx.now())
    };
    if (forbids || is_withheld) && !is_withdrawn_from_another() {
        return;
    }
    if !isolate.claim_last_good_check(&name, forbids, policy.settings.last_good.interval, ctx.now()) {
        return;
    }
    let (this, body) = (ctx.clone(), ctx.ports().copy(body));
    ctx.ports().spawn(async move { keep(&this, name, stored, body).await });
}

/// What may become the last good copy.
struct Candidate {
    stored: Stored,
    /// Whether it is not for all because of its cookie. Without the cookie it is not for all either.
    is_withheld: bool,
}

fn candidate<P: Ports>(ctx: &Context<P>, received: &Received<P::Body>, length: u64) -> Option<Candidate> {
    let asked = received.asked(&ctx.policy, &ctx.request, Existing::None);
    // Asked as for a 200: whether a 404 may be shown to others does not depend on its status.
    let admitted = storable::admit(
        &asked,
        StatusCode::OK,
        &received.headers,
        Some(length),
        &ctx.policy.settings.cache,
        received.requested_at,
        ctx.now(),
    );
    match admitted {
        Ok(_) | Err(NotStored::NothingToGain) => {}
        Err(reason) if reason.effect(received.status_code(), true, &asked) == Effect::Withdraws => {}
        Err(_) => return None,
    }
    let vary = Vary::of(&received.headers).unwrap_or_default();
    let is_withheld = admitted == Err(NotStored::SetCookie);
    let headers =
        if is_withheld { without_hop_by_hop(&received.headers) } else { received.headers_to_store() };
    let stored = Stored {
        status: received.status_code(),
        headers: headers.into(),
        requested_at: received.requested_at,
        received_at: received.received_at,
        length: Some(length),
        outdated: false,
        withdrawn_from: None,
        selected_by: vary.values(ctx.presented_fields()),
    };
    Some(Candidate { stored, is_withheld })
}

/// Removes, behind the answer, the last good copy of the target of an unsafe request that was not refused.
pub(super) fn remove_behind<P: Ports>(ctx: &Context<P>) {
    if let Some(name) = name_as_get(ctx) {
        ctx.ports().isolate().postpone_last_good_check(&name, ctx.now());
        forget_behind(ctx, name);
    }
}

/// Lets the next good answer for the target of such a request become the last good copy: the present one is out of date.
pub(super) fn renew_next<P: Ports>(ctx: &Context<P>) {
    if let Some(name) = name_as_get(ctx) {
        ctx.ports().isolate().expire_last_good_check(&name);
    }
}

fn name_as_get<P: Ports>(ctx: &Context<P>) -> Option<Name> {
    let request = Request { method: Method::GET, ..Request::clone(&ctx.request) };
    last_good::name(&request, &ctx.policy.settings.last_good).filter(|_| ctx.store().has_last_good())
}

fn forget_behind<P: Ports>(ctx: &Context<P>, name: Name) {
    let store = ctx.store().clone();
    ctx.ports().spawn(async move {
        store.remove_last_good(&name).await;
    });
}

async fn keep<P: Ports>(ctx: &Context<P>, name: Name, new: Stored, body: P::Body) {
    let (settings, store, isolate) = (&ctx.policy.settings.last_good, ctx.store(), ctx.ports().isolate());
    let Ok(old) = store.load_last_good_now(&name, LONGEST_LAST_GOOD_READ_BEHIND).await else {
        isolate.postpone_last_good_check(&name, ctx.now());
        return;
    };
    let (old, same_body) = match &old {
        Some((Entry::Response(old), old_body)) => (Some(old), store.are_equal(&body, old_body)),
        Some((Entry::Variants(_) | Entry::Down { .. }, _)) | None => (None, false),
    };
    // A copy that was called out of date gives way at once.
    let is_outdated = old.is_some_and(|old| ctx.is_invalidated_since(old.requested_at));
    let interval = if is_outdated { Duration::ZERO } else { settings.interval };
    let settings = &config::LastGood { interval, ..settings.clone() };
    match last_good::decide(&new, same_body, old, settings, ctx.now()) {
        Decision::Leave(
            NotReplaced::Unchanged
            | NotReplaced::TooSoon
            | NotReplaced::Forbids
            | NotReplaced::NothingToReplace,
        ) => {}
        Decision::Leave(
            NotReplaced::Doubtful(_)
            | NotReplaced::Redirected
            | NotReplaced::NotGood
            | NotReplaced::NotForAll
            | NotReplaced::LengthUnknown,
        ) => isolate.postpone_last_good_check(&name, ctx.now()),
        Decision::Remove => {
            if !store.remove_last_good(&name).await {
                isolate.postpone_last_good_check(&name, ctx.now());
            }
        }
        Decision::Write if ctx.is_invalidated_since(new.requested_at) => {}
        Decision::Write => write(ctx, &name, new, body, last_good::retention(settings)).await,
    }
}

async fn write<P: Ports>(ctx: &Context<P>, name: &Name, new: Stored, body: P::Body, retention: Duration) {
    let requested_at = new.requested_at;
    if !ctx.store().save_last_good(name, &Entry::Response(new), &body, retention).await {
        ctx.ports().isolate().postpone_last_good_check(name, ctx.now());
    }
    if ctx.is_invalidated_since(requested_at) {
        ctx.store().remove_last_good(name).await;
    }
}
