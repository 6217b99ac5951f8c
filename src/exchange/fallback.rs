//! What answers in place of an origin that failed: a stale copy, the last good copy, the origin's own error, or a page.

use http::header;

use super::context::Context;
use super::copies::may_stand_in;
use super::find::find;
use super::last_good;
use super::lookup::{Found, InStore, Lookup};
use super::pursued::Failed;
use super::received::Received;
use super::record::Record;
use crate::cache::key;
use crate::cache::stale::Forbidden;
use crate::origin::is_origin_error;
use crate::origin::retry::Stop;
use crate::ports::{Origin, Ports};
use crate::report::Outcome;
use crate::response::error::Cause;
use crate::response::form::Form;

/// What is left to answer with.
pub(super) enum Fallback<B> {
    /// A copy that may stand in.
    Copy(Found<B>),
    /// The origin's own error, as it came.
    OriginError(Received<B>),
    /// A page made here.
    Page,
}

/// Chooses what answers. `has_tried` says whether an attempt was made for this request.
pub(super) async fn fall_back<P: Ports>(
    ctx: &Context<P>,
    lookup: Lookup<P::Body>,
    failed: Failed<P::Body>,
    has_tried: bool,
    in_store: &mut InStore,
    record: &mut Record,
) -> Fallback<P::Body> {
    let Failed { last, cause, stop, .. } = failed;
    let lookup = look_after_all(ctx, lookup, has_tried, in_store, record).await;
    let copy = stand_in(ctx, lookup, cause, record).await;
    record.cause = Some(cause);
    match (copy, last) {
        (None, Some(received))
            if !is_origin_error(received.status) || !deserves_page(ctx, &received, stop) =>
        {
            Fallback::OriginError(received)
        }
        (copy, last) => {
            if let Some(received) = last {
                received.discard(ctx.ports());
            }
            copy.map_or(Fallback::Page, Fallback::Copy)
        }
    }
}

/// `lookup`, or what the store has where it was not asked, or where attempts have failed and only memory says that there
/// is nothing that may stand in.
async fn look_after_all<P: Ports>(
    ctx: &Context<P>,
    lookup: Lookup<P::Body>,
    has_tried: bool,
    in_store: &mut InStore,
    record: &mut Record,
) -> Lookup<P::Body> {
    let is_doubtful = has_tried && in_store.is_remembered;
    let at = match &lookup {
        Lookup::HitForMiss { at } => at,
        Lookup::Absent { at, .. } if is_doubtful => at,
        Lookup::Found(found) if is_doubtful && may_stand_in(ctx, &found.stored).is_err() => &found.at,
        Lookup::NotAsked | Lookup::Absent { .. } | Lookup::Found(_) => return lookup,
    };
    if has_tried {
        [ctx.key(), at].iter().for_each(|key| ctx.store().forget(key));
    }
    lookup.discard(ctx.ports());
    let lookup = find(ctx, in_store).await;
    in_store.note(&lookup);
    record.looked_up(&lookup);
    if in_store.has_entry {
        ctx.isolate().expect_hits(ctx.key());
    }
    lookup
}

/// A copy that may answer after `cause`: of what is asked for, else of the URL without the parameters that do not matter.
async fn stand_in<P: Ports>(
    ctx: &Context<P>,
    mut lookup: Lookup<P::Body>,
    cause: Cause,
    record: &mut Record,
) -> Option<Found<P::Body>> {
    let mut plain: Option<Context<P>> = None;
    loop {
        match lookup {
            lookup if rules_out(ctx, cause) => {
                record.stale_forbidden = lookup.found().map(|_| Forbidden::Setting);
                lookup.discard(ctx.ports());
                return None;
            }
            Lookup::NotAsked => return None,
            Lookup::HitForMiss { .. } | Lookup::Absent { .. } => {}
            Lookup::Found(found) => match may_stand_in(ctx, &found.stored) {
                Ok(()) => {
                    record.outcome = Outcome::Stale;
                    record.ignored_query = plain.is_some();
                    return Some(found);
                }
                Err(forbidden) => {
                    record.stale_forbidden = Some(forbidden);
                    ctx.ports().cancel(found.body);
                    if !matches!(forbidden, Forbidden::PastWindow | Forbidden::ErrorStatus) {
                        return None;
                    }
                }
            },
        }
        if let Some(last_good) = last_good::copy(plain.as_ref().unwrap_or(ctx), record).await {
            record.outcome = Outcome::LastGood;
            record.stale_forbidden = None;
            return Some(last_good);
        }
        if plain.is_some() {
            return None;
        }
        let target = key::without_ignored(&ctx.request.target, &ctx.policy.settings.cache)?;
        let other = plain.insert(ctx.elsewhere(target));
        // What is known of the copies of the URL itself stays known.
        lookup = find(other, &mut InStore::default()).await;
    }
}

/// Whether the operator wants no copy to stand in for `cause`: a status of the origin's own.
pub(super) fn rules_out<P: Ports>(ctx: &Context<P>, cause: Cause) -> bool {
    matches!(cause.shown(), Cause::OriginStatus(status) if !ctx.policy.may_be_covered(status.as_u16()))
}

/// Whether the branded page says more to this client than the origin's own error does. An error to a request that must not
/// be repeated, and one that is not a page, is passed through as it came.
fn deserves_page<P: Ports>(ctx: &Context<P>, received: &Received<P::Body>, stop: Stop) -> bool {
    let is_page = match received.headers.get(header::CONTENT_TYPE) {
        Some(kind) => kind.as_bytes().to_ascii_lowercase().starts_with(b"text/html"),
        None => true,
    };
    let must_not_be_repeated = matches!(stop, Stop::NotRepeatable(_)) || !ctx.request.is_safe();
    is_page && !must_not_be_repeated && matches!(Form::of(&ctx.request), Form::Html)
}
