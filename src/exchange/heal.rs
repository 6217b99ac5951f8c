//! A body that breaks off in mid-stream, taken up again from where it stopped.
//!
//! Only where what comes then is certain to be the rest of the same bytes: see [`resumption`](crate::body::resumption).

use std::cell::Cell;
use std::rc::Rc;

use http::{HeaderMap, HeaderValue, Method, header};

use super::Exchange;
use crate::body::resumption::Whole;
use crate::origin::deadline::Deadline;
use crate::origin::forward::Forward;
use crate::origin::{AttemptResult, HealthSignal, backoff, failure};
use crate::policy::Policy;
use crate::ports::{Fetched, Ports, Rest, Resume};

/// How many requests one body may take beside the first. With ten attempts before and some fifteen operations of the
/// cache, a request stays within the 50 subrequests of the platform's smallest plan.
const MOST_REQUESTS: u32 = 20;

/// A body on its way, and what its rest is asked for with.
struct Begun {
    forward: Forward,
    origin: usize,
    whole: Whole,
    /// How many requests it has taken beside the first.
    requests: Cell<u32>,
    /// How often it was taken up again.
    resumed: Rc<Cell<u32>>,
}

impl<P: Ports> Exchange<P> {
    /// The way to the rest of this body, should it break off; `None` if it could not be relied on.
    pub(super) fn healer(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        forward: &Forward,
        origin: usize,
        status: u16,
        headers: &HeaderMap,
        resumed: &Rc<Cell<u32>>,
    ) -> Option<Resume<P::Body>> {
        let may_resume = policy.settings.body.resume && self.request.method == Method::GET;
        let mut whole = Whole::of(status, headers).filter(|_| may_resume)?;
        let digest = whole.digest.take();
        let mut forward = forward.clone();
        for name in [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
            Rc::make_mut(&mut forward.headers).remove(name);
        }
        Rc::make_mut(&mut forward.headers).insert(header::IF_RANGE, whole.tag.clone());
        let begun =
            Rc::new(Begun { forward, origin, whole, requests: Cell::new(0), resumed: Rc::clone(resumed) });
        let this = Rc::clone(self);
        let rest: Box<Rest<P::Body>> = Box::new(move |at| {
            let (this, begun) = (Rc::clone(&this), Rc::clone(&begun));
            Box::pin(async move { this.rest_of(&begun, at).await })
        });
        Some(Resume { rest, digest })
    }

    /// What follows byte `at` of what was `begun`, asked for as often as a request may be, and how long the whole is.
    async fn rest_of(&self, begun: &Begun, at: u64) -> Option<(P::Body, u64)> {
        let Begun { origin, whole, requests, .. } = begun;
        let (mut forward, origin) = (begun.forward.clone(), *origin);
        let policy = Policy::of(&self.config, &self.request);
        let settings = &policy.settings;
        let deadline = Deadline::new(self.ports.now(), settings.timeouts.total);
        Rc::make_mut(&mut forward.headers)
            .insert(header::RANGE, HeaderValue::try_from(format!("bytes={at}-")).ok()?);
        for number in 1..=settings.retry.attempts {
            if requests.get() == MOST_REQUESTS {
                return None;
            }
            requests.set(requests.get() + 1);
            let wait = backoff::wait(&settings.retry, number, self.ports.roll());
            self.ports.sleep(wait).await;
            let limit = deadline.limit(self.ports.now(), settings.timeouts.first_byte);
            if limit.is_zero() {
                return None;
            }
            let permit = self.acquire_retry(&policy, origin)?;
            forward.mark_retry(number as usize + 1);
            let fetched = self.ports.fetch(&forward, None, limit, settings.timeouts.idle, None).await;
            let end = match &fetched {
                Ok(fetched) => failure::of_status(fetched.status, None)
                    .map_or(AttemptResult::Answered(fetched.status), |failure| {
                        AttemptResult::Failed(failure, Some(fetched.status))
                    }),
                Err(rejection) => AttemptResult::Failed(failure::of_rejected_fetch(rejection), None),
            };
            self.settle_attempt(&policy, origin, permit, Some(end));
            if end.health_signal() == HealthSignal::Unhealthy {
                self.record_failure(&policy, origin, permit, end, None);
            }
            let Ok(fetched) = fetched else { continue };
            if let Some(length) = whole.continues(fetched.status, &fetched.headers, at) {
                // What the first part says holds for those that follow.
                whole.length.set(Some(length));
                begun.resumed.set(begun.resumed.get() + 1);
                return Some((fetched.body, length));
            }
            let Fetched { status, body, .. } = fetched;
            self.ports.cancel(body);
            // A 200 is another representation by now; only what passes is asked again.
            if !matches!(status, 500..=599) {
                return None;
            }
        }
        None
    }
}
