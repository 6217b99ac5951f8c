//! Which stored response fits the request (RFC 9111 §4.1), and in which state is it?

use super::context::Context;
use super::copies;
use super::invalidation::remove_behind;
use super::lookup::{Found, InStore, Lookup, StoredCopy};
use super::purge_rules;
use super::variants;
use crate::cache::directives::RequestDirectives;
use crate::cache::entry::Stored;
use crate::cache::key::{Key, Vary};
use crate::cache::purge::PurgeState;
use crate::cache::request_fields;
use crate::cache::{Verdict, judge};
use crate::isolate::memory_cache::Loaded;
use crate::ports::{Origin, Ports};
use crate::time::Timestamp;

/// Looks under the request's key and, where there is a list of variants, under the key of the one that fits.
pub(super) async fn find<P: Ports>(ctx: &Context<P>, in_store: &mut InStore) -> Lookup<P::Body> {
    let key = ctx.key();
    let mut outdated_at = None;
    let (at, loaded) = match load(ctx, key, in_store).await {
        Loaded::Variants(variants) => {
            in_store.has_variants = true;
            let (digest, stored) = variants::choose(&variants, ctx.presented_fields());
            let at = key.variant(&digest);
            let Some(variant) = stored else { return Lookup::Absent { at, vary_miss: true } };
            outdated_at = variant.outdated_at;
            ctx.isolate().note_use(&at, ctx.now());
            let loaded = load(ctx, &at, in_store).await;
            (at, loaded)
        }
        loaded @ (Loaded::Response { .. } | Loaded::Nothing) => (key.clone(), loaded),
    };
    match loaded {
        Loaded::Response { stored, body, has_head } if selects(ctx, &stored, in_store) => {
            let found = Found { at, stored, body, has_head, verdict: Verdict::Stale };
            judged(ctx, found, outdated_at, in_store).await
        }
        Loaded::Response { stored, body, .. } => {
            ctx.ports().cancel(body);
            in_store.has_variants = true;
            let vary = Vary::of(&stored.headers).unwrap_or_default();
            let at = key.variant(&vary.digest(ctx.presented_fields()));
            Lookup::Absent { at, vary_miss: true }
        }
        Loaded::Variants(_) => Lookup::Absent { at, vary_miss: true },
        Loaded::Nothing => {
            let vary_miss = at != *key;
            Lookup::Absent { at, vary_miss }
        }
    }
}

async fn load<P: Ports>(ctx: &Context<P>, key: &Key, in_store: &mut InStore) -> Loaded<P::Body> {
    let (loaded, is_remembered) = ctx.store().load(key, &ctx.policy.settings).await;
    in_store.is_remembered = is_remembered;
    loaded
}

/// Whether `stored` answers requests like this one (RFC 9111 §4.1). Notes whether it does not answer others.
fn selects<P: Ports>(ctx: &Context<P>, stored: &Stored, in_store: &mut InStore) -> bool {
    let is_plain = stored.is_plain();
    in_store.has_variants |= !is_plain;
    (is_plain || stored.matches(ctx.presented_fields()))
        && request_fields::is_readable(&ctx.request, &stored.headers)
}

/// Applies invalidations and purge rules to what was found, and judges its freshness.
async fn judged<P: Ports>(
    ctx: &Context<P>,
    mut found: Found<P::Body>,
    outdated_at: Option<Timestamp>,
    in_store: &mut InStore,
) -> Lookup<P::Body> {
    let stored = &mut found.stored;
    stored.outdated |= ctx.is_invalidated_since(stored.requested_at);
    match purge_rules::current(ctx).await.on(ctx.target(), stored) {
        PurgeState::Unaffected => stored.outdated |= outdated_at.is_some_and(|at| stored.requested_at <= at),
        PurgeState::Stale => stored.outdated = true,
        PurgeState::Absent => {
            ctx.ports().cancel(found.body);
            remove_behind(ctx, vec![found.at.clone()]);
            return Lookup::Absent { at: found.at, vary_miss: false };
        }
    }
    let (settings, now) = (&ctx.policy.settings.cache, ctx.now());
    let verdict = judge(stored, &ctx.policy.asked, settings, now);
    // What a request directs makes nothing fresher.
    let anyway = || judge(stored, &RequestDirectives::default(), settings, now);
    let is_fresh = verdict == Verdict::Fresh || verdict == Verdict::Stale && anyway() == Verdict::Fresh;
    let (kind, is_outdated) = (copies::kind_of(ctx, stored), stored.outdated);
    in_store.copy = StoredCopy { kind, is_fresh, is_outdated, likeness: in_store.copy.likeness };
    found.verdict = verdict;
    Lookup::Found(found)
}
