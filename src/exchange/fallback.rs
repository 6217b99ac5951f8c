//! What answers in place of an origin that failed: a stale copy, the last good copy, the origin's own error, or a page.

use http::{HeaderMap, Method, header};

use super::context::Context;
use super::copies::may_stand_in;
use super::find::find;
use super::last_good;
use super::lookup::{Found, InStore, Lookup};
use super::pursued::Failed;
use super::received::{Guarded, Received};
use super::record::Record;
use crate::cache::key;
use crate::cache::stale::Forbidden;
use crate::config::OriginErrors;
use crate::origin::is_origin_error;
use crate::ports::{Origin, Ports};
use crate::report::Outcome;
use crate::response::author::{Author, LONGEST_STOCK_PAGE};
use crate::response::error::Cause;
use crate::response::form::Form;
use crate::response::kept_fields::kept_fields;

/// What is left to answer with.
pub(super) enum Fallback<B> {
    /// A copy that may stand in.
    Copy(Found<B>),
    /// The origin's own error, as it came.
    OriginError(Box<Received<B>>),
    /// A page made here, with these fields of the origin's error that it replaces.
    Page(HeaderMap),
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
    let Failed { last, cause, .. } = failed;
    let lookup = look_after_all(ctx, lookup, has_tried, in_store, record).await;
    let copy = stand_in(ctx, lookup, cause, record).await;
    record.cause = Some(cause);
    match (copy, last) {
        (None, Some(received))
            if !is_origin_error(received.status) || !Box::pin(is_replaced(ctx, &received)).await =>
        {
            Fallback::OriginError(received)
        }
        (copy, last) => {
            let mut kept = HeaderMap::new();
            if let Some(received) = last {
                kept = kept_fields(&received.headers);
                received.discard(ctx.ports());
            }
            copy.map_or(Fallback::Page(kept), Fallback::Copy)
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
    record.looked_up(&lookup, in_store.copy.is_fresh);
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

/// Whether a page made here replaces the origin's own error, for this client and by `page.origin_errors`.
///
/// An error in a form that is no page, and one to a client that reads none, is handed on as it came. To HEAD, nobody knows
/// what the page would have been.
async fn is_replaced<P: Ports>(ctx: &Context<P>, received: &Received<P::Body>) -> bool {
    if !matches!(Form::of(&ctx.request), Form::Html | Form::Markdown) {
        return false;
    }
    match (ctx.policy.settings.page.origin_errors, PageType::of(&received.headers)) {
        (OriginErrors::Keep, _) | (_, PageType::Other) => false,
        (OriginErrors::Replace, PageType::Html) => true,
        (OriginErrors::Stock, PageType::Html) => {
            matches!(author(ctx, received).await, Author::Server | Author::Nobody)
        }
        // What proxies say in plain text is no more for people than their pages are.
        (OriginErrors::Replace | OriginErrors::Stock, PageType::Text) => {
            author(ctx, received).await == Author::Server
        }
    }
}

/// Who wrote the error in `received`. One that is not here as a whole, or is too long for a stock page, is a person's.
async fn author<P: Ports>(ctx: &Context<P>, received: &Received<P::Body>) -> Author {
    match &received.body {
        Guarded::Bare(_) if ctx.request.method != Method::HEAD => Author::Nobody,
        Guarded::Whole(body, _) => {
            let page = ctx.ports().text(body, LONGEST_STOCK_PAGE).await;
            page.map_or(Author::Person, |page| Author::of(&page))
        }
        Guarded::Bare(_) | Guarded::Stream { .. } | Guarded::Relayed { .. } => Author::Person,
    }
}

/// What kind of body an error has.
enum PageType {
    /// HTML, or what does not say what it is.
    Html,
    Text,
    Other,
}

impl PageType {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::CONTENT_TYPE) else { return Self::Html };
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        match essence.trim_ascii().to_ascii_lowercase().as_slice() {
            b"text/html" | b"" => Self::Html,
            b"text/plain" => Self::Text,
            _ => Self::Other,
        }
    }
}
