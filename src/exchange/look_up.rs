//! The lookup in the store, before the origin is asked (RFC 9111 §4).

use super::context::Context;
use super::find::find;
use super::lookup::{InStore, Lookup};
use super::record::Record;
use crate::ports::Ports;

/// Looks the request up. With `must_look` the store is asked even where a miss is expected.
pub(super) async fn look_up<P: Ports>(
    ctx: &Context<P>,
    must_look: bool,
    in_store: &mut InStore,
    record: &mut Record,
) -> Lookup<P::Body> {
    if let Err(bypass) = ctx.policy.lookup {
        record.bypass = Some(bypass);
        return Lookup::NotAsked;
    }
    let must_look = must_look || ctx.policy.asked.only_if_cached;
    let is_personal = || ctx.presented().is_personal(false);
    let lookup = if !must_look && ctx.isolate().expects_miss(ctx.key(), is_personal, ctx.now()) {
        Lookup::HitForMiss { at: ctx.key().clone() }
    } else {
        find(ctx, in_store).await
    };
    in_store.note(&lookup);
    record.looked_up(&lookup, in_store.copy.is_fresh);
    lookup
}
