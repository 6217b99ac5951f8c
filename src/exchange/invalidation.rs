//! Stored responses, called out of date: by unsafe requests (RFC 9111 §4.4), and by answers that are not stored.

use http::{HeaderMap, HeaderName, StatusCode, header};

use super::context::Context;
use super::copies::told;
use super::last_good;
use super::lookup::InStore;
use super::received::Received;
use super::variants::move_to;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::storable::{self, Asked, Effect, LONGEST_RETENTION, NotStored};
use crate::ports::{Background, Memory, Origin, Ports, Urls};
use crate::time::Timestamp;

/// What is noted at a stored response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// It is out of date: it may stand in for a failing origin, and no more.
    Outdated,
    /// A client was told that it is not for everybody any more. If another one was told so before, it is removed.
    Withdrawn {
        /// The client's mark.
        from: u32,
        /// Whether that client is known. If not, the next one who is told the same counts as another.
        is_known: bool,
    },
}

impl Note {
    /// That this client was told that what is stored is not for everybody any more.
    pub fn withdrawn<P: Ports>(ctx: &Context<P>) -> Self {
        let told = told(ctx);
        Self::Withdrawn { from: told.mark, is_known: told.is_known }
    }

    fn changes(self, stored: &Stored) -> bool {
        match self {
            Self::Outdated => !stored.outdated,
            Self::Withdrawn { from, is_known } => stored.withdrawn_from != Some(from) || !is_known,
        }
    }
}

/// Invalidates the target of an unsafe request that was not refused, and what `Location` and `Content-Location` name at the
/// same origin (RFC 9111 §4.4).
pub(super) fn invalidate_behind<P: Ports>(ctx: &Context<P>, received: &Received<P::Body>) {
    if !storable::invalidates(&ctx.request.method, received.status_code()) {
        return;
    }
    let target = &ctx.request.target;
    let named = |name: HeaderName, headers: &HeaderMap| {
        let reference = headers.get(name)?.to_str().ok()?;
        let named = ctx.ports().resolve(reference, target)?;
        let is_same_origin = (named.scheme(), named.authority()) == (target.scheme(), target.authority());
        (is_same_origin && named != *target).then(|| Key::of_target(&named))
    };
    let mut keys = vec![ctx.key().clone()];
    keys.extend(named(header::LOCATION, &received.headers));
    keys.extend(named(header::CONTENT_LOCATION, &received.headers));
    invalidate(ctx, keys);
}

/// The same for an answer whose body broke off: the request has taken effect.
pub(super) fn invalidate_though_torn<P: Ports>(ctx: &Context<P>, status: u16) {
    let invalidates =
        StatusCode::from_u16(status).is_ok_and(|status| storable::invalidates(&ctx.request.method, status));
    if invalidates && ctx.drill.is_none() {
        invalidate(ctx, vec![ctx.key().clone()]);
    }
}

fn invalidate<P: Ports>(ctx: &Context<P>, keys: Vec<Key>) {
    let (now, isolate) = (ctx.now(), ctx.ports().isolate());
    keys.iter().for_each(|key| isolate.invalidate(key, now));
    if ctx.policy.settings.cache.remove_invalidated {
        remove_behind(ctx, keys);
        last_good::remove_behind(ctx);
    } else {
        note_behind(ctx, keys, Note::Outdated, now);
        last_good::renew_next(ctx);
    }
}

/// Does to the stored response what an answer implies that is not stored for `reason`.
pub(super) fn note_not_stored<P: Ports>(
    ctx: &Context<P>,
    reason: NotStored,
    received: &Received<P::Body>,
    asked: &Asked<'_>,
    in_store: &InStore,
) {
    // Of variants it is this one alone: a client chooses which one it asks for.
    let Some(key) = in_store.key.clone().filter(|_| in_store.has_entry) else { return };
    let (keys, until, copy) = (vec![key], received.requested_at, in_store.copy);
    match reason.effect(received.status_code(), copy.is_fresh, asked) {
        Effect::Outdates if copy.is_outdated => {}
        Effect::None => {}
        Effect::Outdates => note_behind(ctx, keys, Note::Outdated, until),
        Effect::Withdraws => note_behind(ctx, keys, Note::withdrawn(ctx), until),
    }
}

/// Checks what was just written under `at`: if the URL was invalidated while the body came, the note found nothing then.
/// `true` if it was not invalidated.
pub(super) async fn is_still_good<P: Ports>(ctx: &Context<P>, at: &Key, entry: &Entry) -> bool {
    let is_good = match entry {
        Entry::Response(stored) => !ctx.is_invalidated_since(stored.requested_at),
        Entry::Variants(_) | Entry::Down { .. } => true,
    };
    if !is_good && ctx.policy.settings.cache.remove_invalidated {
        ctx.store().remove(at).await;
    } else if !is_good {
        note(ctx, at, Note::Outdated, ctx.now()).await;
    }
    is_good
}

/// Notes, behind the answer, something at what is stored under `keys` and was requested by `until`. The URL's own key stands
/// for all of its variants.
pub(super) fn note_behind<P: Ports>(ctx: &Context<P>, keys: Vec<Key>, what: Note, until: Timestamp) {
    if ctx.drill.is_some() {
        return;
    }
    let this = ctx.clone();
    ctx.ports().spawn(async move {
        for key in keys {
            note(&this, &key, what, until).await;
        }
    });
}

async fn note<P: Ports>(ctx: &Context<P>, key: &Key, what: Note, until: Timestamp) {
    match ctx.store().load_now(key).await {
        Ok(Some((Entry::Response(stored), body))) => note_at(ctx, key, stored, body, what, until).await,
        Ok(Some((Entry::Variants(mut variants), nothing))) => {
            ctx.ports().cancel(nothing);
            for variant in &mut variants {
                variant.outdated_at = variant.outdated_at.max(Some(until));
            }
            ctx.store().save(key, &Entry::Variants(variants), None, LONGEST_RETENTION).await;
        }
        Ok(Some((Entry::Down { .. }, nothing))) => ctx.ports().cancel(nothing),
        Ok(None) | Err(_) => {}
    }
}

async fn note_at<P: Ports>(
    ctx: &Context<P>,
    key: &Key,
    mut stored: Stored,
    body: P::Body,
    what: Note,
    until: Timestamp,
) {
    if stored.requested_at > until || !what.changes(&stored) {
        return ctx.ports().cancel(body);
    }
    if let (Note::Withdrawn { .. }, Some(_)) = (what, stored.withdrawn_from) {
        ctx.ports().cancel(body);
        return ctx.store().remove(key).await;
    }
    stored.outdated = true;
    if let Note::Withdrawn { from, .. } = what {
        stored.withdrawn_from = Some(from);
    }
    let left = storable::retention_left(&stored, &ctx.policy.settings.cache, ctx.now());
    move_to(ctx, key, stored, body, left).await;
}

/// Removes, behind the answer, what is stored under `keys`. The URL's own key stands for all of its variants.
pub(super) fn remove_behind<P: Ports>(ctx: &Context<P>, keys: Vec<Key>) {
    if ctx.drill.is_some() {
        return;
    }
    let store = ctx.store().clone();
    ctx.ports().spawn(async move {
        for key in keys {
            store.remove(&key).await;
        }
    });
}
