//! The path of a request, from its arrival to the report: the only place where the stages meet.
//!
//! Generic over [`Ports`], so that the same path runs at the edge and natively on a virtual clock. One
//! exchange gives one answer and one report.

mod answer;
mod attempts;
mod collapse;
mod doubt;
mod drill;
mod heal;
mod invalidation;
mod kept;
mod maintenance;
mod operator;
mod probe;
mod recall;
mod refresh;
mod select_origin;
mod soft;
mod store;
mod tally;
mod trail;
mod variants;

use std::cell::OnceCell;
use std::rc::Rc;

use http::Method;

use crate::cache::Verdict;
use crate::cache::key::{self, Key};
use crate::cache::stale::Forbidden;
use crate::config::Config;
use crate::endpoint;
use crate::isolate::Isolate;
use crate::isolate::flight::Flight;
use crate::origin::breaker::place::Place;
use crate::origin::failure::Failure;
use crate::origin::forward::Forward;
use crate::origin::retry::Stop;
use crate::origin::{AttemptResult, forward, is_origin_error};
use crate::policy::Policy;
use crate::ports::{Answer, Ports};
use crate::report::Outcome;
use crate::request::{Request, Target};
use crate::response::error::Cause;
use crate::time::Timestamp;

use answer::{Draft, Failed};
use attempts::{Pursuit, Received};
use collapse::{Ahead, Waited};
use drill::Drill;
use store::{Found, Lookup};
use trail::Trail;

pub use probe::probe;

/// Everything that belongs to one request and does not change on its way.
struct Exchange<P: Ports> {
    ports: P,
    config: Rc<Config>,
    request: Rc<Request>,
    began_at: Timestamp,
    /// Where the store has what is asked for, if elsewhere than the request's target.
    keyed: OnceCell<Option<Target>>,
    /// The key of what is asked for.
    key: OnceCell<Key>,
    /// What of the site it needs.
    place: OnceCell<Place>,
    /// What the origin gets of the request where the answer may be stored.
    presented: OnceCell<Forward>,
    /// The failure that an operator forces.
    drill: Option<Drill<P::Signal>>,
    /// Whether it shows the operators' token, asked once: a wrong one counts.
    is_for_operator: OnceCell<bool>,
}

impl<P: Ports> Exchange<P> {
    fn new(ports: P, config: Rc<Config>, request: Rc<Request>) -> Rc<Self> {
        let began_at = ports.now();
        let drill = Drill::ordered(&config, &request, began_at);
        Rc::new(Self {
            ports,
            config,
            request,
            began_at,
            keyed: OnceCell::new(),
            key: OnceCell::new(),
            place: OnceCell::new(),
            presented: OnceCell::new(),
            is_for_operator: OnceCell::new(),
            drill,
        })
    }

    /// What is remembered between requests of how the origins fare and who fetches what; nothing of it in a drill.
    fn isolate(&self) -> &Isolate<P::Signal> {
        self.drill.as_ref().map_or_else(|| self.ports.isolate(), Drill::isolate)
    }

    /// Where the store has what is asked for: the request's target without what is in no key.
    fn target(&self) -> &Target {
        let keyed = self.keyed.get_or_init(|| {
            let (config, target) = (&self.config, &self.request.target);
            let mut all = config.routes.iter().map(|route| &route.settings).chain([&config.defaults]);
            let may_be = target.as_str().contains('?') && all.any(|any| any.cache.ignore_query_always);
            if may_be { key::keyed(target, &Policy::of(config, &self.request).settings.cache) } else { None }
        });
        keyed.as_ref().unwrap_or(&self.request.target)
    }

    /// A GET like the request for another target.
    fn at(&self, target: Target) -> Rc<Self> {
        let request = Request { method: Method::GET, target, ..Request::clone(&self.request) };
        Self::new(self.ports.clone(), Rc::clone(&self.config), Rc::new(request))
    }

    /// The key of what is asked for: the URL's own, whatever its variants.
    fn key(&self) -> &Key {
        self.key.get_or_init(|| Key::of_target(self.target()))
    }

    /// The head that selects a stored response and decides what its like may be stored for: what the origin gets, not
    /// what the client sent (RFC 9111 §4.1).
    fn presented(&self, policy: &Policy<'_>) -> &Forward {
        self.presented.get_or_init(|| forward::forward(&self.request, None, Some(&policy.settings.cache)))
    }
}

/// Answers `request`, whose body is `upload`, with the best that can be had: the origin's answer, perhaps
/// after retries, the last good copy, or an honest page.
pub async fn exchange<P: Ports>(
    ports: P,
    config: Rc<Config>,
    request: Rc<Request>,
    upload: Option<P::Upload>,
) -> Answer<P::Body> {
    let exchange = Exchange::new(ports, config, request);
    let policy = Policy::of(&exchange.config, &exchange.request);
    let mut trail = Trail::new(&policy);
    let answer = exchange.walk(&policy, upload, &mut trail).await;
    exchange.finish(answer, trail)
}

/// The answer to a request that cannot be served because the configuration is invalid; `mistakes` go to the
/// report.
pub fn refuse_for_configuration<P: Ports>(
    ports: P,
    request: Rc<Request>,
    mistakes: Vec<String>,
) -> Answer<P::Body> {
    let exchange = Exchange::new(ports, Rc::default(), request);
    let policy = Policy::of(&exchange.config, &exchange.request);
    let mut trail = Trail::new(&policy);
    trail.mistakes = mistakes;
    let answer = exchange.page(&policy, Cause::Failure(Failure::Configuration), None, &mut trail);
    exchange.finish(answer, trail)
}

/// The answer to a request on which this worker failed, after the fact.
pub fn internal_error<P: Ports>(ports: P, config: Rc<Config>, request: Rc<Request>) -> Answer<P::Body> {
    let exchange = Exchange::new(ports, config, request);
    let policy = Policy::of(&exchange.config, &exchange.request);
    let mut trail = Trail::new(&policy);
    let answer = exchange.page(&policy, Cause::Failure(Failure::Internal), None, &mut trail);
    exchange.finish(answer, trail)
}

impl<P: Ports> Exchange<P> {
    async fn walk(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        upload: Option<P::Upload>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        if forward::has_been_here(&self.request) {
            return self.page(policy, Cause::Failure(Failure::Loop), None, trail);
        }
        if let Some(endpoint) = endpoint::of(&self.request) {
            return self.operator_answer(endpoint, upload, trail).await;
        }
        if let Some(answer) = self.closed(policy, trail) {
            return answer;
        }
        if let Some(failure) = self.drilled_without_attempt() {
            return self.page(policy, Cause::Failure(failure), None, trail);
        }
        loop {
            let lookup = match self.look_up(policy, trail).await {
                Lookup::Found(found)
                    if !self.forces_attempt(policy)
                        && (found.verdict != Verdict::Stale
                            || self.was_validated_for(policy, &found, trail)) =>
                {
                    return self.hit(policy, found, trail);
                }
                lookup @ (Lookup::Found(_)
                | Lookup::Absent { .. }
                | Lookup::HitForMiss { .. }
                | Lookup::NotAsked) => lookup,
            };
            // Nothing but GET and HEAD is answered from a store; the rest is written through (RFC 9111 §4).
            if policy.asked.only_if_cached && matches!(self.request.method, Method::GET | Method::HEAD) {
                self.let_go(lookup);
                return self.nothing_stored(trail);
            }
            match self.ahead(policy, &lookup, trail) {
                Ahead::Fetch => return self.ask_origin(policy, upload, lookup, trail).await,
                Ahead::Wait(flight) => {
                    if let Some(answer) = self.wait(policy, lookup, flight, trail).await {
                        return answer;
                    }
                }
            }
        }
    }

    /// Asks the origin, and does not wait for a slow one where the operator says so and a copy can answer.
    async fn ask_origin(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        upload: Option<P::Upload>,
        lookup: Lookup<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        match (self.soft_deadline(policy, &lookup), lookup) {
            (Some(soft), Lookup::Found(found)) => self.pursue_softly(policy, found, soft, trail).await,
            (_, lookup) => {
                let pursuit = self.pursue(policy, upload, lookup.found()).await;
                self.conclude(policy, lookup, pursuit, trail).await
            }
        }
    }

    /// Waits for another request that asks the origin; `None` if the store is to be looked into again.
    async fn wait(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        lookup: Lookup<P::Body>,
        flight: Rc<Flight<P::Signal>>,
        trail: &mut Trail<P::Signal>,
    ) -> Option<Draft<P::Body>> {
        let soft = self.soft_deadline(policy, &lookup);
        let has_copy = self.can_stand_in(policy, lookup.found());
        // Not held while waiting: an unread body keeps a connection of the platform's.
        self.let_go(lookup);
        match self.wait_for(policy, flight, soft, has_copy, trail).await {
            Waited::LookAgain => None,
            Waited::Failed(failed) => match self.look_up(policy, trail).await {
                // The copy that one failure was enough for has gone meanwhile, or does not cover it.
                lookup
                    if has_copy
                        && (!self.can_stand_in(policy, lookup.found())
                            || rules_out(policy, failed.cause)) =>
                {
                    trail.waits = usize::MAX;
                    self.let_go(lookup);
                    None
                }
                lookup => Some(self.fall_back(policy, lookup, *failed, trail).await),
            },
            Waited::Slow => match self.look_up(policy, trail).await {
                // It may be another one than was there at first.
                Lookup::Found(found) if self.may_stand_in(policy, &found.stored).is_ok() => {
                    Some(self.slow_answer(policy, found, trail))
                }
                lookup @ (Lookup::Found(_)
                | Lookup::Absent { .. }
                | Lookup::HitForMiss { .. }
                | Lookup::NotAsked) => {
                    let pursuit = self.pursue(policy, None, lookup.found()).await;
                    Some(self.conclude(policy, lookup, pursuit, trail).await)
                }
            },
        }
    }

    /// A stored response that answers without the origin.
    fn hit(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        found: Found<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        trail.outcome = match found.verdict {
            Verdict::Fresh | Verdict::StaleAccepted | Verdict::Stale if trail.waits > 0 => Outcome::Collapsed,
            Verdict::Fresh | Verdict::StaleAccepted | Verdict::Stale => Outcome::Hit,
            Verdict::StaleWhileRevalidate => Outcome::StaleWhileRevalidate,
        };
        if found.verdict == Verdict::StaleWhileRevalidate {
            self.refresh_behind(policy, &found);
        }
        self.stored_answer(policy, found, trail)
    }

    /// What the attempts came to, made into an answer.
    async fn conclude(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        lookup: Lookup<P::Body>,
        pursuit: Pursuit<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let Pursuit { last, attempts, stop, retry_after } = pursuit;
        if let Stop::Client(lapse) = stop {
            self.let_go(lookup);
            return self.nobody(lapse, trail);
        }
        let end = attempts.last().map(|attempt| attempt.end);
        trail.stop = Some(stop);
        for attempt in &attempts {
            if let AttemptResult::Failed(_, Some(status)) = attempt.end {
                self.invalidate_though_torn(policy, status);
            }
        }
        trail.attempts.extend(attempts);
        match (last, lookup) {
            (Some(received), Lookup::Found(found)) if received.status == 304 => {
                self.revalidated(policy, found, received, trail).await
            }
            (Some(received), lookup) if !policy.is_failure(received.status) => {
                self.origin_answer(policy, lookup, received, trail).await
            }
            (last, lookup) => {
                let cause = match (&last, end) {
                    (None, None) if stop == Stop::RampUp => Cause::Failure(Failure::CircuitOpen),
                    (None, None) if let Some(open) = stop.open_circuit() => Cause::CircuitOpen(open.because),
                    (Some(received), _) => Cause::OriginStatus(received.status_code()),
                    (None, Some(AttemptResult::Failed(failure, _))) => Cause::Failure(failure),
                    (None, Some(AttemptResult::Answered(_)) | None) => Cause::Failure(Failure::Internal),
                };
                let failed = Failed { last, cause, stop, retry_after };
                self.fall_back(policy, lookup, failed, trail).await
            }
        }
    }

    /// Stale copy if the rules allow it, the kept copy, else the origin's own error where it stands, else the page.
    async fn fall_back(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        lookup: Lookup<P::Body>,
        failed: Failed<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let Failed { last, cause, stop, retry_after } = failed;
        trail.retry_after = retry_after;
        let lookup = self.look_after_all(policy, lookup, trail).await;
        if let Some(found) = self.stand_in(policy, lookup, cause, trail).await {
            if let Some(received) = last {
                self.give_up(received);
            }
            trail.cause = Some(cause);
            return self.stored_answer(policy, found, trail);
        }
        match last {
            Some(received) if !is_origin_error(received.status) || !self.deserves_page(&received, stop) => {
                trail.cause = Some(cause);
                let received = self.store_error(policy, received, trail);
                self.handed_on(policy, received, trail)
            }
            last => {
                if let Some(received) = last {
                    self.give_up(received);
                }
                self.page(policy, cause, retry_after, trail)
            }
        }
    }

    /// Stores an error of the origin's own behind the answer, where a setting says so and nothing is stored yet.
    fn store_error(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        received: Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Received<P::Body> {
        if trail.has_entry || !policy.settings.cache.error_statuses.contains(&received.status) {
            return received;
        }
        self.store_behind(policy, received, trail)
    }

    /// A copy that may answer in the origin's place after `cause`: of what is asked for, else of the URL without the
    /// parameters that do not matter.
    async fn stand_in(
        &self,
        policy: &Policy<'_>,
        mut lookup: Lookup<P::Body>,
        cause: Cause,
        trail: &mut Trail<P::Signal>,
    ) -> Option<Found<P::Body>> {
        let mut plain: Option<Rc<Self>> = None;
        loop {
            match lookup {
                lookup if rules_out(policy, cause) => {
                    trail.stale_forbidden = lookup.found().map(|_| Forbidden::Setting);
                    self.let_go(lookup);
                    return None;
                }
                Lookup::NotAsked => return None,
                Lookup::HitForMiss { .. } | Lookup::Absent { .. } => {}
                Lookup::Found(found) => match self.may_stand_in(policy, &found.stored) {
                    Ok(()) => {
                        trail.outcome = Outcome::Stale;
                        trail.ignored_query = plain.is_some();
                        return Some(found);
                    }
                    Err(forbidden) => {
                        trail.stale_forbidden = Some(forbidden);
                        self.ports.cancel(found.body);
                        if !matches!(forbidden, Forbidden::PastWindow | Forbidden::ErrorStatus) {
                            return None;
                        }
                    }
                },
            }
            if let Some(kept) = plain.as_deref().unwrap_or(self).kept_copy(policy, trail).await {
                trail.outcome = Outcome::LastGood;
                trail.stale_forbidden = None;
                return Some(kept);
            }
            if plain.is_some() {
                return None;
            }
            let other = self.at(key::without_ignored(&self.request.target, &policy.settings.cache)?);
            // What is known of the copies of the URL itself stays known.
            lookup = other.find(policy, other.key().clone(), &mut Trail::new(policy)).await;
            plain = Some(other);
        }
    }

    /// A 304 to a condition of ours makes the stored copy fresh again (RFC 9111 §4.3.4).
    async fn revalidated(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        mut found: Found<P::Body>,
        received: Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let Some(stored) = refresh::freshened(&found.stored, &received) else {
            // It speaks of something else: ask again without a condition of ours. The copy may have to stand in yet.
            let pursuit = self.pursue(policy, None, None).await;
            let lookup = match &pursuit.last {
                Some(received) if received.status == 304 => {
                    let at = found.at.clone();
                    self.ports.cancel(found.body);
                    Lookup::Absent { at, vary_miss: false }
                }
                Some(_) | None => Lookup::Found(found),
            };
            return Box::pin(self.conclude(policy, lookup, pursuit, trail)).await;
        };
        found.change_to(stored);
        match self.rewrite(policy, found, &received, trail).await {
            Some(found) => {
                trail.outcome = Outcome::Revalidated;
                self.stored_answer(policy, found, trail)
            }
            None => {
                // The stored body cannot be read.
                let pursuit = self.pursue(policy, None, None).await;
                let at = self.key().clone();
                let lookup = Lookup::Absent { at, vary_miss: false };
                Box::pin(self.conclude(policy, lookup, pursuit, trail)).await
            }
        }
    }

    /// The origin's own answer, stored where the rules allow it.
    async fn origin_answer(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        lookup: Lookup<P::Body>,
        received: Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        trail.outcome = if trail.attempts.len() > 1 { Outcome::Retried } else { Outcome::Origin };
        self.invalidate_behind(policy, &received);
        self.keep_behind(policy, &received);
        let conditional = lookup.found().is_some();
        trail.replaces = self.protected(policy, lookup.found());
        match lookup {
            Lookup::Found(found) if self.request.method == Method::HEAD => {
                self.note_head(policy, found, &received, trail).await;
            }
            lookup @ (Lookup::Found(_)
            | Lookup::Absent { .. }
            | Lookup::HitForMiss { .. }
            | Lookup::NotAsked) => {
                self.let_go(lookup);
            }
        }
        let received = self.store_behind(policy, received, trail);
        if conditional {
            return self.as_the_client_asked(policy, received, trail);
        }
        self.handed_on(policy, received, trail)
    }
}

/// Whether the operator wants no copy to stand in for `cause`: a status of the origin's own.
fn rules_out(policy: &Policy<'_>, cause: Cause) -> bool {
    matches!(cause.shown(), Cause::OriginStatus(status) if !policy.may_be_covered(status.as_u16()))
}
