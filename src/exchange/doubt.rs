//! Answers that are handed on and not stored, as a broken site may have given them.

use http::HeaderMap;

use super::Exchange;
use super::attempts::{Guarded, Received};
use super::trail::Trail;
use crate::cache::doubt::{self, Doubt, Likeness};
use crate::cache::entry::Stored;
use crate::isolate::flight::FlightResult;
use crate::policy::Policy;
use crate::ports::Ports;

impl<P: Ports> Exchange<P> {
    /// Whether an answer is a page that lacks what one must contain. One that cannot be looked into, since it streams or is
    /// coded otherwise than the platform can undo, is believed.
    pub(super) async fn lacks_marker(
        &self,
        policy: &Policy<'_>,
        status: u16,
        headers: &HeaderMap,
        body: &Guarded<P::Body>,
    ) -> bool {
        let Some(marker) = &policy.settings.cache.must_contain else { return false };
        match body {
            Guarded::Whole(body, _) if doubt::is_page(status, headers) => {
                self.ports.contains(body, marker).await == Some(false)
            }
            Guarded::Bare(_) => doubt::is_page(status, headers),
            Guarded::Whole(..) | Guarded::Stream { .. } | Guarded::Relayed { .. } => false,
        }
    }

    /// `stored`, as far as an answer is held against it: if it could stand in for anybody.
    pub(super) fn protected(&self, policy: &Policy<'_>, stored: Option<&Stored>) -> Option<Likeness> {
        Likeness::of_copy(stored?, &policy.settings.cache, self.ports.now())
    }

    /// Why `received`, which may be stored as `new`, is not. Then whoever waits for it asks for itself.
    #[inline(never)]
    pub(super) fn doubt(
        &self,
        policy: &Policy<'_>,
        received: &Received<P::Body>,
        new: &Stored,
        trail: &mut Trail<P::Signal>,
    ) -> Option<Doubt> {
        let (at, isolate) = (trail.key.as_ref().unwrap_or(self.key()), self.isolate());
        let (seen, shrink) = (isolate.doubt(at), policy.settings.cache.shrink);
        let (new, old, now) = (Likeness::of(new), trail.replaces, self.ports.now());
        let doubted =
            doubt::weigh(new, received.lacks_marker, old, seen, self.client(), shrink, now).err()?;
        isolate.remember_doubt(at, doubted.sighting);
        // It says nothing of whether waiting pays.
        if let Some(lead) = trail.lead.take() {
            self.finish_flight(&lead, FlightResult::NotShared);
        }
        Some(doubted.doubt)
    }
}
