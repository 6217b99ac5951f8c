//! Attempts at the origins, one after another, until one succeeds or none is worth making.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::Exchange;
use crate::body::{self, Plan};
use crate::cache::entry::Stored;
use crate::cache::request_fields::Bearing;
use crate::cache::storable::{Asked, Copy};
use crate::cache::{purge, validation};
use crate::config::Origin as OriginConfig;
use crate::fields::without_hop_by_hop;
use crate::origin::breaker::Permit;
use crate::origin::deadline::Deadline;
use crate::origin::failure::{self, Failure, Lapse, Rejection};
use crate::origin::forward::{self, Forward};
use crate::origin::retry::{self, Next, Repeatable, Situation, Stop};
use crate::origin::{Attempt, AttemptResult, HealthSignal, backoff};
use crate::policy::Policy;
use crate::ports::{Held, HeldUpload, HoldFirst, Ports, Resume};
use crate::request::Request;
use crate::time::Timestamp;

/// Enough of a 530's body to find its 1xxx code: the plain form is 16 bytes, the HTML form has the code in
/// its title.
const PEEK_BYTES: u64 = 4096;

/// A body that comes with GET or HEAD is held up to this size, even if `retry.replay_body` is less.
const LARGEST_WITH_GET: u64 = 1024 * 1024;

/// And for at most so long.
const LONGEST_WITH_GET: Duration = Duration::from_secs(60);

/// What all attempts came to.
pub(super) struct Pursuit<B> {
    /// The last attempt's answer, if it gave one; else it failed.
    pub last: Option<Received<B>>,
    /// All attempts, in order.
    pub attempts: Vec<Attempt>,
    /// Why there was no further one.
    pub stop: Stop,
    /// How long the origin asked to be left alone, in its own last answer.
    pub retry_after: Option<Duration>,
}

impl<B> Pursuit<B> {
    fn untried(stop: Stop) -> Self {
        let retry_after = stop.open_circuit().map(|open| open.retry_after);
        Self { last: None, attempts: Vec::new(), stop, retry_after }
    }
}

/// An answer of an origin's own, its body guarded.
pub(super) struct Received<B> {
    /// 200 to 599, or 101.
    pub status: u16,
    /// As received, but for what pointed at an origin's own host, and with no more tags than fit into an entry.
    pub headers: HeaderMap,
    /// Those of them that are not as received.
    pub rewritten: Vec<(HeaderName, HeaderValue)>,
    pub body: Guarded<B>,
    /// See [`Forward::unkeyed`].
    pub unkeyed: Vec<(HeaderName, Bearing)>,
    /// See [`Forward::identified`].
    pub identified: bool,
    pub requested_at: Timestamp,
    pub received_at: Timestamp,
    /// How often its body had to be taken up again so far, where it can be.
    pub resumed: Option<Rc<Cell<u32>>>,
    /// Whether it is a page that lacks what one must contain.
    pub lacks_marker: bool,
}

impl<B> Received<B> {
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY)
    }

    /// What was asked, for the rules of storing.
    pub fn asked<'a>(&'a self, policy: &Policy<'_>, request: &'a Request) -> Asked<'a> {
        let (lookup, unkeyed) = (policy.lookup, &self.unkeyed);
        Asked { request, lookup, unkeyed, identified: self.identified, copy: Copy::None }
    }

    /// The header fields as they are stored.
    pub fn headers_to_store(&self) -> HeaderMap {
        let mut headers = without_hop_by_hop(&self.headers);
        // It is for the first visitor alone. An answer that has it is stored only if it says that it is for all.
        headers.remove(header::SET_COOKIE);
        // RFC 9110 §6.6.1: a recipient with a clock supplies what is missing.
        if !headers.contains_key(header::DATE)
            && let Ok(date) = HeaderValue::try_from(self.received_at.to_http_date())
        {
            headers.insert(header::DATE, date);
        }
        headers
    }
}

/// A body, and how far it can be relied on.
pub(super) enum Guarded<B> {
    /// There is none, or it is not ours to touch (101): the handle of the response alone.
    Bare(B),
    /// It is here to its last byte.
    Whole(B, u64),
    /// It is still coming; some of it may have been read.
    Stream {
        body: B,
        length: Option<u64>,
        idle: Option<Duration>,
        is_endless: bool,
        resume: Option<Resume<B>>,
        begun: bool,
    },
    /// It is still coming, and being handed on already.
    Relayed { client: B, end: super::answer::BodyEnd },
}

/// The request body, as often as it can be sent.
enum Upload<U> {
    None,
    Once(Option<U>),
    Held(U),
}

/// What one attempt needs to know.
pub(super) struct Try<'a> {
    pub number: usize,
    pub origin: usize,
    pub deadline: Deadline,
    pub revalidates: Option<&'a Stored>,
    pub asks_store: bool,
}

impl<P: Ports> Exchange<P> {
    /// Tries until an attempt succeeds or no other is worth making. With `stored`, the answer is wanted for
    /// the store, and asked for only if it has changed (RFC 9111 §4.3.1).
    pub(super) async fn pursue(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        upload: Option<P::Upload>,
        stored: Option<&Stored>,
    ) -> Pursuit<P::Body> {
        let total = policy.settings.timeouts.total;
        let (mut upload, repeatable, deadline) = match upload {
            None => (Upload::None, policy.repeatable, Deadline::new(self.began_at, total)),
            Some(upload) => match self.prepare(policy, upload).await {
                // How long the client took to send it is not the origin's affair.
                Ok((upload, repeatable)) => (upload, repeatable, Deadline::new(self.ports.now(), total)),
                Err(lapse) => return Pursuit::untried(Stop::Client(lapse)),
            },
        };
        let mut attempts: Vec<Attempt> = Vec::new();
        let first = match self.first_origin(policy, stored) {
            Ok(first) => first,
            Err(stop) => return Pursuit::untried(stop),
        };
        let (mut origin, mut permit) = first;
        let mut waited = Duration::ZERO;
        // At each origin the last attempt, if it failed: its permit, how it ended, and what was asked for then.
        let mut failures: Vec<(usize, Permit, AttemptResult, Option<Duration>)> = Vec::new();
        let (last, stop, retry_after) = loop {
            let attempt = Try {
                number: attempts.len() + 1,
                origin,
                deadline,
                revalidates: stored,
                asks_store: policy.lookup.is_ok(),
            };
            let body = match &mut upload {
                Upload::None => None,
                Upload::Once(body) => body.take(),
                Upload::Held(body) => Some(self.ports.again(body)),
            };
            let began_at = self.ports.now();
            // A probe goes on when its client leaves: others wait for what comes of it.
            let kept_alive = permit.is_probe().then(|| self.ports.signal());
            let tried = self.attempt(policy, &attempt, body).await;
            if let Some(kept_alive) = kept_alive {
                self.ports.notify(&kept_alive);
            }
            let (end, last) = match tried {
                Ok(tried) => tried,
                Err(lapse) => {
                    self.give_back(policy, origin, permit);
                    return Pursuit { last: None, attempts, stop: Stop::Client(lapse), retry_after: None };
                }
            };
            let now = self.ports.now();
            let is_final = retry::is_final(end, &policy.settings.retry);
            let failed = last.as_ref().filter(|received| !is_final || policy.is_failure(received.status));
            let retry_after = failed.and_then(|received| backoff::retry_after(&received.headers, now));
            // What was given less than its time says nothing of the origin.
            let timeouts = &policy.settings.timeouts;
            let is_cut_short = deadline.limit(began_at, timeouts.first_byte)
                < timeouts.first_byte.min(timeouts.total)
                && end == AttemptResult::Failed(Failure::NoHeaderInTime, None);
            let attempt = Attempt { origin, waited, took: now.since(began_at), end, is_cut_short };
            self.settle_attempt(policy, origin, permit, Some(end).filter(|_| !is_cut_short));
            if !is_cut_short {
                failures.retain(|(failed, ..)| *failed != origin);
            }
            if end.health_signal() == HealthSignal::Unhealthy && !is_cut_short {
                if !attempts.iter().any(|before| before.origin == origin) {
                    self.heed_others(policy, origin).await;
                }
                if Self::counts_at_once(&attempt) {
                    self.record_failure(policy, origin, permit, end, retry_after);
                } else {
                    failures.push((origin, permit, end, retry_after));
                }
            }
            attempts.push(attempt);
            if is_final {
                break (last, Stop::Final, retry_after);
            }
            let can_bear = self.can_bear(policy, &attempts);
            let situation = Situation {
                attempts: &attempts,
                origins: can_bear.len(),
                can_bear: &can_bear,
                repeatable,
                safe: self.request.is_safe(),
                settings: &policy.settings.retry,
                least: policy.least_attempt(),
                left: deadline.left(now),
                retry_after,
            };
            let next = match retry::next(&situation, self.ports.roll()) {
                Next::Stop(stop) => break (last, stop, retry_after),
                Next::Attempt { origin, wait } => (origin, wait),
            };
            let Some(next_permit) = self.acquire(policy, next.0, &attempts) else {
                break (last, Stop::Overburdened, retry_after);
            };
            if let Some(received) = last {
                self.give_up(received);
            }
            (origin, waited, permit) = (next.0, next.1, next_permit);
            self.ports.sleep(waited).await;
        };
        // What a retry at the same origin got past has not failed.
        for (origin, permit, end, retry_after) in failures {
            self.record_failure(policy, origin, permit, end, retry_after);
        }
        Pursuit { last, attempts, stop, retry_after }
    }

    /// Holds the request body if it may have to be sent again, but no longer than an origin may take to answer: a client
    /// that is slow has its request sent as it comes.
    async fn prepare(
        &self,
        policy: &Policy<'_>,
        upload: P::Upload,
    ) -> Result<(Upload<P::Upload>, Repeatable), Lapse> {
        let (settings, timeouts) = (&policy.settings.retry, &policy.settings.timeouts);
        // The platform sends no body with these methods that is not whole, or of unknown length: it would drop it without a
        // word.
        let has_to_be_whole = matches!(self.request.method, Method::GET | Method::HEAD);
        let may_be_repeated = policy.repeatable == Repeatable::Repeatable && settings.attempts > 1;
        if !has_to_be_whole && !may_be_repeated {
            return Ok((Upload::Once(Some(upload)), policy.repeatable));
        }
        let announced = body::content_length(&self.request.headers);
        let (limit, within) = match announced {
            _ if !has_to_be_whole => (settings.replay_body, timeouts.first_byte),
            Some(_) => (settings.replay_body.max(LARGEST_WITH_GET), LONGEST_WITH_GET),
            // One that turns out to be empty is none.
            None => (0, LONGEST_WITH_GET),
        };
        let too_large = if announced.is_some() { Lapse::TooLarge } else { Lapse::Unmeasured };
        if announced.is_some_and(|length| length > limit) {
            let streamed = || (Upload::Once(Some(upload)), Repeatable::BodyTooLarge);
            return if has_to_be_whole { Err(too_large) } else { Ok(streamed()) };
        }
        let began_at = self.ports.now();
        match self.ports.hold_upload(upload, announced, limit, timeouts.idle, within).await {
            HeldUpload::Whole(held) => Ok((Upload::Held(held), policy.repeatable)),
            HeldUpload::Larger(_) if has_to_be_whole => {
                let is_late = self.ports.now().since(began_at) >= within;
                Err(if is_late { Lapse::Stalled } else { too_large })
            }
            HeldUpload::Larger(streamed) => Ok((Upload::Once(Some(streamed)), Repeatable::BodyTooLarge)),
            HeldUpload::Spoilt(lapse) => Err(lapse),
        }
    }

    /// Makes one attempt, unless the client fails to send what is to be sent.
    pub(super) async fn attempt(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        attempt: &Try<'_>,
        upload: Option<P::Upload>,
    ) -> Result<(AttemptResult, Option<Received<P::Body>>), Lapse> {
        if let Some(end) = self.drilled(policy, attempt.deadline).await {
            return Ok((end, None));
        }
        let origin = self.config.origins.get(attempt.origin);
        let forward = self.head_for(policy, attempt, origin);
        let requested_at = self.ports.now();
        let limit = attempt.deadline.limit(requested_at, policy.settings.timeouts.first_byte);
        // A clock that was put forward leaves none of it.
        let limit = limit.max(policy.least_attempt());
        let idle = policy.settings.timeouts.idle;
        let hold = body::may_be_held_first(&self.request.method, forward.is_upgrade).then(|| HoldFirst {
            limit: policy.settings.body.buffer,
            within: attempt.deadline.left(requested_at),
        });
        let failed = |failure, status| Ok((AttemptResult::Failed(failure, status), None));
        let mut fetched = match self.ports.fetch(&forward, upload, limit, idle, hold).await {
            Ok(fetched) => fetched,
            Err(rejection) => {
                return rejection
                    .lapse()
                    .map_or_else(|| failed(failure::of_rejected_fetch(&rejection), None), Err);
            }
        };
        let (status, received_at) = (fetched.status, fetched.received_at);
        if let Some(failure) = failure_of(&forward, status) {
            let failure = self.look_closer(policy, failure, status, fetched.body).await;
            return failed(failure, Some(status));
        }
        let rewritten = forward::make_public(&mut fetched.headers, &self.config.origins, &self.request);
        let (body, whole) = (fetched.body, fetched.whole);
        let body = match self.guard(policy, attempt, status, &fetched.headers, body, whole).await {
            Ok(body) => body,
            Err(rejection) => {
                let failed = || failed(failure::of_rejected_body(&rejection), Some(status));
                return rejection.lapse().map_or_else(failed, Err);
            }
        };
        let lacks_marker = policy.settings.cache.must_contain.is_some()
            && Box::pin(self.lacks_marker(policy, status, &fetched.headers, &body)).await;
        let mut resumed = None;
        let body = match body {
            Guarded::Stream { body, length, idle, is_endless: false, begun, .. } => {
                let resumed = resumed.insert(Rc::default());
                let resume = self.healer(policy, &forward, attempt.origin, status, &fetched.headers, resumed);
                Guarded::Stream { body, length, idle, is_endless: false, resume, begun }
            }
            body @ (Guarded::Bare(_)
            | Guarded::Whole(..)
            | Guarded::Stream { .. }
            | Guarded::Relayed { .. }) => body,
        };
        let Forward { unkeyed, identified, .. } = forward;
        let mut headers = fetched.headers;
        purge::bound_tags(&mut headers);
        let received = Received {
            status,
            headers,
            rewritten,
            body,
            unkeyed,
            identified,
            requested_at,
            received_at,
            resumed,
            lacks_marker,
        };
        Ok((AttemptResult::Answered(status), Some(received)))
    }

    fn head_for(&self, policy: &Policy<'_>, attempt: &Try<'_>, origin: Option<&OriginConfig>) -> Forward {
        let mut forward = if attempt.asks_store {
            self.presented(policy).to(origin, &self.request)
        } else {
            forward::forward(&self.request, origin, None)
        };
        if attempt.number > 1 {
            forward.mark_retry(attempt.number);
        }
        if let Some(stored) = attempt.revalidates {
            return forward.validating(validation::conditional_headers(stored));
        }
        forward
    }

    /// The failure that the head already says an answer is, by its body too where that tells more. Nobody gets the body.
    async fn look_closer(
        &self,
        policy: &Policy<'_>,
        failure: Failure,
        status: u16,
        body: P::Body,
    ) -> Failure {
        if status != 530 {
            self.ports.cancel(body);
            return failure;
        }
        let text = self.ports.peek(body, PEEK_BYTES, policy.settings.timeouts.idle).await;
        failure::of_status(status, Some(&text)).unwrap_or(failure)
    }

    /// Holds a small body until it is whole; nothing is left to do if it is, `whole` bytes long, already.
    async fn guard(
        &self,
        policy: &Policy<'_>,
        attempt: &Try<'_>,
        status: u16,
        headers: &HeaderMap,
        body: P::Body,
        whole: Option<u64>,
    ) -> Result<Guarded<P::Body>, Rejection> {
        let settings = &policy.settings;
        if status == 101 {
            return Ok(Guarded::Bare(body));
        }
        match body::plan(&self.request.method, status, headers, settings) {
            Plan::None => Ok(Guarded::Bare(body)),
            Plan::Stream { length, idle, is_endless } => {
                Ok(Guarded::Stream { body, length, idle, is_endless, resume: None, begun: false })
            }
            Plan::Hold { length } => {
                if let Some(bytes) = whole {
                    return Ok(Guarded::Whole(body, bytes));
                }
                let idle = settings.timeouts.idle;
                let within = attempt.deadline.left(self.ports.now());
                match self.ports.hold(body, length, settings.body.buffer, idle, within).await {
                    Held::Whole(body, bytes) => Ok(Guarded::Whole(body, bytes)),
                    Held::Partial(body) => Ok(Guarded::Stream {
                        body,
                        length,
                        idle: Some(idle),
                        is_endless: false,
                        resume: None,
                        begun: true,
                    }),
                    Held::Torn(rejection) => Err(rejection),
                }
            }
        }
    }

    /// Lets go of an answer that nobody gets.
    pub(super) fn give_up(&self, received: Received<P::Body>) {
        match received.body {
            Guarded::Bare(body)
            | Guarded::Whole(body, _)
            | Guarded::Stream { body, .. }
            | Guarded::Relayed { client: body, .. } => self.ports.cancel(body),
        }
    }
}

/// The failure that an answer is by its status alone, among them those that the platform gives in the origin's place.
fn failure_of(forward: &Forward, status: u16) -> Option<Failure> {
    if forward.is_upgrade && status == 101 {
        return None;
    }
    let refused = forward.is_upgrade && (200..300).contains(&status);
    failure::of_status(status, None).or(refused.then_some(Failure::UpgradeRefused))
}
