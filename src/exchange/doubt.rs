//! Answers that are passed on but not stored, as a broken site may have sent them.

use http::HeaderMap;

use super::context::Context;
use super::lookup::InStore;
use super::received::{Guarded, Received};
use crate::cache::doubt::{self, Doubt, Likeness};
use crate::cache::entry::Stored;
use crate::ports::{Origin, Ports};

/// Whether an answer is a page without the marker. An answer that cannot be searched, as it streams or is coded in a way
/// that the platform cannot undo, is believed.
pub(super) async fn lacks_marker<P: Ports>(
    ctx: &Context<P>,
    marker: &str,
    status: u16,
    headers: &HeaderMap,
    body: &Guarded<P::Body>,
) -> bool {
    match body {
        Guarded::Whole(body, _) if doubt::is_page(status, headers) => {
            ctx.ports().contains(body, marker).await == Some(false)
        }
        Guarded::Bare(_) => doubt::is_page(status, headers),
        Guarded::Whole(..) | Guarded::Stream { .. } | Guarded::Relayed { .. } => false,
    }
}

/// Why `received`, which may be stored as `new`, is not stored after all.
#[inline(never)]
pub(super) fn doubt<P: Ports>(
    ctx: &Context<P>,
    received: &Received<P::Body>,
    new: &Stored,
    in_store: &InStore,
) -> Option<Doubt> {
    let (at, isolate) = (in_store.key.as_ref().unwrap_or(ctx.key()), ctx.isolate());
    let (seen, shrink) = (isolate.doubt(at), ctx.policy.settings.cache.shrink);
    let (new, old, now) = (Likeness::of(new), in_store.copy.likeness, ctx.now());
    let doubted = doubt::weigh(new, received.lacks_marker, old, seen, ctx.client(), shrink, now).err()?;
    isolate.remember_doubt(at, doubted.sighting);
    Some(doubted.doubt)
}
