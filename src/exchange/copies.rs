//! Which stored copy may answer this client, and what is a copy to an answer that would replace it?

use std::hash::{DefaultHasher, Hash, Hasher};

use super::context::Context;
use crate::cache::doubt::Likeness;
use crate::cache::entry::Stored;
use crate::cache::stale;
use crate::cache::storable::Existing;
use crate::origin::breaker::evidence::Witness;
use crate::ports::Ports;

/// Whether `stored` may answer this client while the origin is slow, or while load returns to it.
pub(super) fn can_bridge<P: Ports>(ctx: &Context<P>, stored: Option<&Stored>) -> bool {
    let (policy, now) = (&ctx.policy, ctx.now());
    stored.is_some_and(|stored| {
        stale::may_bridge(stored, &policy.asked, &policy.settings.cache, now) && !is_withdrawn(ctx, stored)
    })
}

pub(super) fn can_stand_in<P: Ports>(ctx: &Context<P>, stored: Option<&Stored>) -> bool {
    stored.is_some_and(|stored| may_stand_in(ctx, stored).is_ok())
}

/// Whether `stored` may answer this client in the origin's place.
pub(super) fn may_stand_in<P: Ports>(ctx: &Context<P>, stored: &Stored) -> Result<(), stale::Forbidden> {
    if is_withdrawn(ctx, stored) {
        return Err(stale::Forbidden::Withdrawn);
    }
    stale::may_stand_in(stored, &ctx.policy.asked, &ctx.policy.settings.cache, ctx.now())
}

fn is_withdrawn<P: Ports>(ctx: &Context<P>, stored: &Stored) -> bool {
    stored.withdrawn_from.is_some_and(|client| client == told(ctx).mark)
}

/// What `stored` is to an answer that would replace it.
pub(super) fn kind_of<P: Ports>(ctx: &Context<P>, stored: &Stored) -> Existing {
    let is_another = |from: u32| {
        let told = told(ctx);
        from != told.mark || !told.is_known
    };
    match stored.withdrawn_from {
        _ if !stored.status.is_success() => Existing::None,
        Some(from) if is_another(from) => Existing::Withdrawn,
        Some(_) | None => Existing::Page,
    }
}

/// What a doubtful answer is compared with: `stored`, if it could stand in for anybody.
pub(super) fn likeness_of<P: Ports>(ctx: &Context<P>, stored: Option<&Stored>) -> Option<Likeness> {
    Likeness::of_copy(stored?, &ctx.policy.settings.cache, ctx.now())
}

/// Who is told what this request is told, recognisable at later requests: by address, and where the platform gives none
/// by the fields that were sent.
pub(super) fn told<P: Ports>(ctx: &Context<P>) -> Witness {
    let witness = ctx.witness();
    if witness.is_known {
        return witness;
    }
    let mark = ctx.request.headers.iter().fold(0, |mark, field| {
        let mut hasher = DefaultHasher::new();
        field.hash(&mut hasher);
        mark ^ hasher.finish() as u32
    });
    Witness { mark, is_known: false }
}
