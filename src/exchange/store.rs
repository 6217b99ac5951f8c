//! The origin's answer, stored behind the answer to the client where the rules allow it.

use http::Method;

use super::context::Context;
use super::doubt::doubt;
use super::invalidation::{is_still_good, note_not_stored};
use super::lead::Lead;
use super::lookup::InStore;
use super::received::{Guarded, Received};
use super::record::Record;
use super::variants;
use crate::cache::entry::{Entry, Fields, Stored};
use crate::cache::key::Vary;
use crate::cache::storable::{self, Admission, NotStored};
use crate::isolate::Whose;
use crate::isolate::flight::FlightResult;
use crate::ports::{Background, Origin, Ports, Relay};

/// Stores `received` behind the answer, and gives it back for the client.
pub(super) fn store_behind<P: Ports>(
    ctx: &Context<P>,
    mut received: Box<Received<P::Body>>,
    in_store: &InStore,
    lead: &mut Option<Lead<P>>,
    record: &mut Record,
) -> Box<Received<P::Body>> {
    if ctx.policy.lookup.is_err() || ctx.request.method != Method::GET {
        return received;
    }
    let (admission, entry) = match admit(ctx, &received, in_store) {
        Ok(admitted) => admitted,
        Err(reason) => {
            // A doubt does not say whether waiting pays.
            if let Some(lead) = lead.take_if(|_| matches!(reason, NotStored::Doubtful(_))) {
                lead.finish(FlightResult::NotShared);
            }
            record.not_stored = Some(reason);
            return received;
        }
    };
    let copy = match received.body {
        Guarded::Bare(_) => None,
        Guarded::Whole(ref body, _) => Some(ctx.ports().copy(body)),
        Guarded::Stream { body, length, idle, resume, .. } => {
            let max_body = ctx.policy.settings.cache.max_body;
            let Relay { client, copy, end } = ctx.ports().relay(body, length, idle, Some(max_body), resume);
            received.body = Guarded::Relayed { client, end: Box::pin(end) };
            if let Some(lead) = lead {
                lead.storing();
            }
            copy
        }
        Guarded::Relayed { .. } => return received,
    };
    record.stored = true;
    ctx.isolate().expect_hits(ctx.key());
    let (this, lead, has_variants) = (ctx.clone(), lead.take(), in_store.has_variants);
    ctx.ports().spawn(async move {
        let saved = variants::store(&this, &admission, &entry, copy, has_variants).await
            && is_still_good(&this, this.key(), &entry).await;
        // Somebody may have looked in vain while the body came.
        this.isolate().expect_hits(this.key());
        if let Some(lead) = lead {
            lead.saved(&entry, saved);
        }
    });
    received
}

/// What to store of `received`, or why it is not stored. Notes in the latter case what that implies for what is stored.
fn admit<P: Ports>(
    ctx: &Context<P>,
    received: &Received<P::Body>,
    in_store: &InStore,
) -> Result<(Admission, Entry), NotStored> {
    let length = match &received.body {
        Guarded::Stream { is_endless: true, .. } => return Err(NotStored::Endless),
        Guarded::Bare(_) => Some(0),
        Guarded::Whole(_, bytes) => Some(*bytes),
        Guarded::Stream { length, .. } => *length,
        Guarded::Relayed { .. } => None,
    };
    let asked = received.asked(&ctx.policy, &ctx.request, in_store.copy.kind);
    let (status, settings, now) = (received.status_code(), &ctx.policy.settings.cache, ctx.now());
    let (headers, requested_at) = (&received.headers, received.requested_at);
    let admitted = storable::admit(&asked, status, headers, length, settings, requested_at, now);
    let admission = admitted.inspect_err(|reason| {
        note_not_stored(ctx, *reason, received, &asked, in_store);
        // Having waited, it may have found what was not there at first.
        let had_nothing = in_store.began_empty == Some(true) && !in_store.has_entry;
        if had_nothing && reason.is_of_the_answer(status) {
            let is_anybody = asked.is_anybody(&Vary::default());
            let whose = if is_anybody { Whose::Everybody } else { Whose::Personal };
            ctx.isolate().expect_misses(ctx.key(), whose, now);
        }
    })?;
    if status.is_redirection() && *ctx.target() != ctx.request.target {
        return Err(NotStored::UnkeyedQuery);
    }
    if ctx.is_invalidated_since(requested_at) {
        return Err(NotStored::Invalidated);
    }
    let stored = Stored {
        status,
        headers: Fields::directed(received.headers_to_store(), admission.directives.clone()),
        requested_at,
        received_at: received.received_at,
        length,
        outdated: false,
        withdrawn_from: None,
        selected_by: ctx.selected_by(&admission.vary),
    };
    if let Some(doubt) = doubt(ctx, received, &stored, in_store) {
        let reason = NotStored::Doubtful(doubt);
        note_not_stored(ctx, reason, received, &asked, in_store);
        return Err(reason);
    }
    let entry = Entry::Response(stored);
    if !entry.fits() {
        return Err(NotStored::TooLarge);
    }
    Ok((admission, entry))
}
