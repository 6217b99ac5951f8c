//! What is stored, brought up to date: by a 304, by what HEAD says, and behind a stale answer.

use std::rc::Rc;

use http::{HeaderMap, Method, StatusCode, header};

use super::Exchange;
use super::attempts::{Pursuit, Received};
use super::collapse::Lead;
use super::invalidation::Mark;
use super::recall;
use super::store::{Found, Lookup};
use super::trail::Trail;
use crate::cache::entry::{Entry, Stored};
use crate::cache::key::{Key, Vary};
use crate::cache::storable::{Effect, NotStored};
use crate::cache::{storable, validation};
use crate::isolate::Role;
use crate::origin::deadline::Deadline;
use crate::policy::Policy;
use crate::ports::{Held, Ports};
use crate::report::Outcome;
use crate::request::Request;

impl<P: Ports> Exchange<P> {
    /// Takes what a 304 says into the stored response (RFC 9111 §4.3.4); `None` if the 304 speaks of another
    /// representation, or the stored body cannot be read.
    pub(super) async fn freshen(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut found: Found<P::Body>,
        received: &Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Option<Found<P::Body>> {
        match freshened(&found.stored, received) {
            Some(stored) => {
                found.change_to(stored);
                self.rewrite(policy, found, received, trail).await
            }
            None => {
                self.ports.cancel(found.body);
                None
            }
        }
    }

    /// What the answer to a HEAD says of the stored response: it is taken in if it speaks of the same
    /// representation, and if not, that one is out of date (RFC 9111 §4.3.5). What somebody in particular gets says
    /// nothing of it. One that is out of date already takes a validator to be good again: without one, the answer to
    /// HEAD may speak of anything.
    pub(super) async fn note_head(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        found: Found<P::Body>,
        received: &Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) {
        if received.status != 200 || !self.speaks_to_all(policy, &found.stored, received) {
            self.ports.cancel(found.body);
            return;
        }
        let names_version =
            [header::ETAG, header::LAST_MODIFIED].iter().any(|name| received.headers.contains_key(name));
        let may_be_good = names_version || !found.stored.outdated;
        let is_same = found.stored.status == received.status_code()
            && may_be_good
            && validation::is_described_by(&found.stored, &received.headers);
        if !is_same {
            self.ports.cancel(found.body);
            // What has come after that one is not meant.
            self.mark_behind(vec![found.at], Mark::Outdated, found.stored.requested_at);
        } else if let Some(found) = self.freshen(policy, found, received, trail).await {
            self.ports.cancel(found.body);
        }
    }

    /// Whether what an answer to HEAD says of the stored response may be taken in for everybody: as an answer to GET it
    /// could be stored itself, or withdraws what is. Its own fields decide: those of the stored response were said to
    /// others.
    fn speaks_to_all(&self, policy: &Policy<'_>, stored: &Stored, received: &Received<P::Body>) -> bool {
        let request = Request { method: Method::GET, ..Request::clone(&self.request) };
        let asked = received.asked(policy, &request);
        let admitted = storable::admit(
            &asked,
            received.status_code(),
            &received.headers,
            stored.length,
            &policy.settings.cache,
            received.requested_at,
            self.ports.now(),
        );
        match admitted {
            Ok(_) | Err(NotStored::NothingToGain) => true,
            Err(reason) => reason.effect(received.status_code(), true, &asked) != Effect::None,
        }
    }

    /// Writes a stored response anew, its header fields changed, behind the answer; removes it if it may not be
    /// stored any more. `None` if its body cannot be read.
    pub(super) async fn rewrite(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut found: Found<P::Body>,
        received: &Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Option<Found<P::Body>> {
        // What is stored answers GET, whatever the method of the request that tells of it.
        let request = Request { method: Method::GET, ..Request::clone(&self.request) };
        let asked = received.asked(policy, &request);
        let (stored, settings) = (&found.stored, &policy.settings);
        let admitted = storable::admit(
            &asked,
            stored.status,
            &stored.headers,
            stored.length,
            &settings.cache,
            stored.requested_at,
            self.ports.now(),
        );
        let admission = match admitted {
            Ok(admission) => admission,
            Err(reason) => {
                let keys = vec![found.at.clone()];
                match reason.effect(StatusCode::OK, true, &asked) {
                    Effect::None => {}
                    Effect::Outdates | Effect::Withdraws => {
                        self.mark_behind(keys, self.withdrawn(), received.requested_at);
                    }
                }
                return Some(found);
            }
        };
        if self.is_invalidated_since(received.requested_at) {
            return Some(found);
        }
        let lead = trail.lead.take();
        let (this, at) = (Rc::clone(self), found.at.clone());
        // A cookie that came with it is for this client alone.
        let entry = Entry::Response(found.stored.clone().without_cookies());
        let retention = admission.retention;
        if found.stored.length.is_none_or(|length| length > settings.body.buffer) {
            let renewed = recall::renew(&self.ports, &at, &entry, &found.body, retention);
            self.ports.spawn(async move {
                let policy = Policy::of(&this.config, &this.request);
                let saved = renewed.await && this.is_still_good(&policy, &at, &entry).await;
                this.settle_saved(&policy, lead, entry, saved);
            });
            return Some(found);
        }
        let idle = settings.timeouts.idle;
        let within = Deadline::new(self.began_at, settings.timeouts.total).left(self.ports.now()).min(idle);
        match self.ports.hold(found.body, found.stored.length, settings.body.buffer, idle, within).await {
            Held::Whole(body, _) => found.body = body,
            Held::Partial(body) => {
                self.ports.cancel(body);
                trail.lead = lead;
                // There is no room for it. It answers all the same, if it is still there, and is written the next time.
                let (stored, body) = self.load_anew(&at).await?;
                if !validation::is_described_by(&stored, &found.stored.headers) {
                    self.ports.cancel(body);
                    return None;
                }
                found.body = body;
                return Some(found);
            }
            Held::Torn(_) => {
                trail.lead = lead;
                return None;
            }
        }
        let copy = self.ports.copy(&found.body);
        self.ports.spawn(async move {
            let policy = Policy::of(&this.config, &this.request);
            let saved = recall::save(&this.ports, &at, &entry, Some(copy), retention).await
                && this.is_still_good(&policy, &at, &entry).await;
            this.settle_saved(&policy, lead, entry, saved);
        });
        Some(found)
    }

    /// Refreshes a stale copy that was just served, once at a time in this isolate (RFC 5861 §3).
    pub(super) fn refresh_behind(self: &Rc<Self>, policy: &Policy<'_>, found: &Found<P::Body>) {
        // Nobody waits for a refresh, so it does not matter whether waiting would pay.
        self.ports.isolate().bring_together(&found.at);
        let Role::Leader(flight) = self.take_turn(policy, &found.at, true) else { return };
        let lead = Lead::first(found.at.clone(), flight, self.ports.now());
        let request = Request {
            method: Method::GET,
            has_body: false,
            headers: self.without_asker(policy, found),
            ..Request::clone(&self.request)
        };
        let behind = Self::new(self.ports.clone(), Rc::clone(&self.config), Rc::new(request));
        let (stored, at) = (found.stored.clone(), found.at.clone());
        self.ports.spawn(async move { behind.refresh(&stored, at, lead).await });
    }

    /// The fields of the request less those that would make the answer to it the asker's own, and less their wishes.
    /// Credentials stay: where the answer may be stored all the same, the origin may not give it without.
    fn without_asker(&self, policy: &Policy<'_>, found: &Found<P::Body>) -> HeaderMap {
        let mut headers = self.request.headers.clone();
        let presented = self.presented(policy);
        let vary = Vary::of(&found.stored.headers).unwrap_or_default();
        let wishes = [&header::COOKIE, &header::CACHE_CONTROL, &header::PRAGMA];
        for name in
            presented.unkeyed.iter().map(|(name, _)| name).chain(wishes).filter(|name| !vary.covers(name))
        {
            headers.remove(name);
        }
        headers
    }

    async fn refresh(self: &Rc<Self>, stored: &Stored, at: Key, lead: Lead<P::Signal>) {
        let policy = Policy::of(&self.config, &self.request);
        let mut trail = Trail::new(&policy);
        trail.replaces = self.protected(&policy, Some(stored));
        trail.lead = Some(lead);
        (trail.has_variants, trail.has_entry) = (at != *self.key(), true);
        (trail.key, trail.copy) = (Some(at), self.standing_of(stored));
        let pursuit = self.pursue(&policy, None, Some(stored)).await;
        self.conclude_behind(&policy, pursuit, trail).await;
    }

    /// What the attempts came to, put into the store; nobody waits for an answer.
    pub(super) async fn conclude_behind(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        pursuit: Pursuit<P::Body>,
        mut trail: Trail<P::Signal>,
    ) {
        trail.stop = Some(pursuit.stop);
        trail.attempts = pursuit.attempts;
        match pursuit.last {
            Some(received) if received.status == 304 => {
                if let Lookup::Found(found) = self.look_up(policy, &mut trail).await
                    && let Some(found) = self.freshen(policy, found, &received, &mut trail).await
                {
                    self.ports.cancel(found.body);
                }
            }
            Some(received) if !policy.is_failure(received.status) => {
                self.keep_behind(policy, &received);
                let received = self.store_behind(policy, received, &mut trail);
                self.give_up(received);
            }
            last => {
                trail.cause = trail.touched_by().map(|(cause, _)| cause);
                trail.retry_after = pursuit.retry_after;
                if let Some(received) = last {
                    self.give_up(received);
                }
                trail.outcome = Outcome::RefreshFailed;
                self.report(&trail, None, None, false);
            }
        }
        self.count(&trail, None);
        self.settle_rest(&mut trail);
    }
}

/// `stored` with what a 304, or an answer to HEAD, says of it; `None` if it speaks of something else (RFC 9111 §4.3.4).
pub(super) fn freshened<B>(stored: &Stored, received: &Received<B>) -> Option<Stored> {
    let (requested_at, received_at) = (received.requested_at, received.received_at);
    validation::freshen(stored.clone(), &received.headers, requested_at, received_at)
}
