//! A stored response, brought up to date by a 304 or by the answer to a HEAD (RFC 9111 §4.3.4, §4.3.5).

use http::{Method, StatusCode, header};

use super::context::Context;
use super::invalidation::{Note, is_still_good, note_behind};
use super::lead::Lead;
use super::lookup::Found;
use super::received::Received;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::Key;
use crate::cache::storable::{self, Admission, Effect, Existing, NotStored};
use crate::cache::validation;
use crate::origin::deadline::Deadline;
use crate::ports::{Background, Held, Origin, Ports};
use crate::request::Request;

/// What a 304 to a condition of ours came to.
pub(super) enum Revalidated<B> {
    /// The stored response is fresh again.
    Fresh(Found<B>),
    /// The 304 speaks of another representation.
    OfAnother(Found<B>),
    /// The stored body cannot be read.
    Unreadable,
}

/// Applies a 304 to the stored response, and writes that behind the answer.
pub(super) async fn revalidate<P: Ports>(
    ctx: &Context<P>,
    mut found: Found<P::Body>,
    received: &Received<P::Body>,
    lead: &mut Option<Lead<P>>,
) -> Revalidated<P::Body> {
    let (requested_at, received_at) = (received.requested_at, received.received_at);
    let stored = found.stored.clone();
    let Some(stored) = validation::freshen(stored, &received.headers, requested_at, received_at) else {
        return Revalidated::OfAnother(found);
    };
    found.change_to(stored);
    match rewrite(ctx, found, received, lead).await {
        Some(found) => Revalidated::Fresh(found),
        None => Revalidated::Unreadable,
    }
}

/// The same where nobody waits for the answer.
pub(super) async fn freshen<P: Ports>(
    ctx: &Context<P>,
    found: Found<P::Body>,
    received: &Received<P::Body>,
    lead: &mut Option<Lead<P>>,
) {
    match revalidate(ctx, found, received, lead).await {
        Revalidated::Fresh(found) | Revalidated::OfAnother(found) => ctx.ports().cancel(found.body),
        Revalidated::Unreadable => {}
    }
}

/// Applies the answer to a HEAD: the stored response is brought up to date if the answer speaks of the same representation,
/// and is out of date if not (RFC 9111 §4.3.5). What somebody in particular gets says nothing of it. A response that is out
/// of date already takes a validator to be good again: without one, the answer to HEAD may speak of anything.
pub(super) async fn apply_head<P: Ports>(
    ctx: &Context<P>,
    found: Found<P::Body>,
    received: &Received<P::Body>,
    lead: &mut Option<Lead<P>>,
) {
    if received.status != 200 || !speaks_to_all(ctx, &found.stored, received) {
        return ctx.ports().cancel(found.body);
    }
    let names_version =
        [header::ETAG, header::LAST_MODIFIED].iter().any(|name| received.headers.contains_key(name));
    let may_be_good = names_version || !found.stored.outdated;
    let is_same = found.stored.status == received.status_code()
        && may_be_good
        && validation::is_described_by(&found.stored, &received.headers);
    if is_same {
        return freshen(ctx, found, received, lead).await;
    }
    ctx.ports().cancel(found.body);
    // What has come after that one is not meant.
    note_behind(ctx, vec![found.at], Note::Outdated, found.stored.requested_at);
}

/// Whether the answer to a HEAD may be applied for everybody: as an answer to GET it could be stored itself, or withdraws
/// what is stored. Its own fields decide, as those of the stored response were meant for others.
fn speaks_to_all<P: Ports>(ctx: &Context<P>, stored: &Stored, received: &Received<P::Body>) -> bool {
    let request = as_get(&ctx.request);
    let asked = received.asked(&ctx.policy, &request, Existing::None);
    let admitted = storable::admit(
        &asked,
        received.status_code(),
        &received.headers,
        stored.length,
        &ctx.policy.settings.cache,
        received.requested_at,
        ctx.now(),
    );
    match admitted {
        Ok(_) | Err(NotStored::NothingToGain) => true,
        Err(reason) => reason.effect(received.status_code(), true, &asked) != Effect::None,
    }
}

/// What is stored answers GET, whatever the method of the request that tells of it.
fn as_get(request: &Request) -> Request {
    Request { method: Method::GET, ..Request::clone(request) }
}

/// Writes a stored response with its new fields behind the answer, or withdraws it if it may not be stored any more. `None`
/// if its body cannot be read.
async fn rewrite<P: Ports>(
    ctx: &Context<P>,
    mut found: Found<P::Body>,
    received: &Received<P::Body>,
    lead: &mut Option<Lead<P>>,
) -> Option<Found<P::Body>> {
    let Some(Admission { retention, .. }) = admit(ctx, &found, received) else { return Some(found) };
    if ctx.is_invalidated_since(received.requested_at) {
        return Some(found);
    }
    let settings = &ctx.policy.settings;
    let at = found.at.clone();
    // A cookie that came with it is for this client alone.
    let entry = Entry::Response(found.stored.clone().without_cookies());
    if found.stored.length.is_none_or(|length| length > settings.body.buffer) {
        let renewed = ctx.store().renew(&at, &entry, &found.body, retention);
        let (this, lead) = (ctx.clone(), lead.take());
        ctx.ports().spawn(async move {
            let saved = renewed.await;
            written(&this, &at, &entry, saved, lead).await;
        });
        return Some(found);
    }
    let idle = settings.timeouts.idle;
    let within = Deadline::new(ctx.began_at, settings.timeouts.total).left(ctx.now()).min(idle);
    match ctx.ports().hold(found.body, found.stored.length, settings.body.buffer, idle, within).await {
        Held::Whole(body, _) => found.body = body,
        Held::Partial(body) => {
            ctx.ports().cancel(body);
            // There is no room for it. It answers all the same, if it is still there, and is written the next time.
            let (stored, body) = ctx.store().load_response(&at).await?;
            if !validation::is_described_by(&stored, &found.stored.headers) {
                ctx.ports().cancel(body);
                return None;
            }
            found.body = body;
            return Some(found);
        }
        Held::Torn(_) => return None,
    }
    let (this, lead, copy) = (ctx.clone(), lead.take(), ctx.ports().copy(&found.body));
    ctx.ports().spawn(async move {
        let saved = this.store().save(&at, &entry, Some(copy), retention).await;
        written(&this, &at, &entry, saved, lead).await;
    });
    Some(found)
}

/// Tells those who wait what came of writing `entry`.
async fn written<P: Ports>(ctx: &Context<P>, at: &Key, entry: &Entry, is_saved: bool, lead: Option<Lead<P>>) {
    let is_saved = is_saved && is_still_good(ctx, at, entry).await;
    if let Some(lead) = lead {
        lead.saved(entry, is_saved);
    }
}

/// How the changed response is stored; `None` if it is not, and then it is withdrawn where the reason says so.
fn admit<P: Ports>(
    ctx: &Context<P>,
    found: &Found<P::Body>,
    received: &Received<P::Body>,
) -> Option<Admission> {
    let request = as_get(&ctx.request);
    let asked = received.asked(&ctx.policy, &request, Existing::None);
    let stored = &found.stored;
    let admitted = storable::admit(
        &asked,
        stored.status,
        &stored.headers,
        stored.length,
        &ctx.policy.settings.cache,
        stored.requested_at,
        ctx.now(),
    );
    if let Err(reason) = &admitted {
        match reason.effect(StatusCode::OK, true, &asked) {
            Effect::None => {}
            Effect::Outdates | Effect::Withdraws => {
                let keys = vec![found.at.clone()];
                note_behind(ctx, keys, Note::withdrawn(ctx), received.requested_at);
            }
        }
    }
    admitted.ok()
}
