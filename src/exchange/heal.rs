//! A body that breaks off in mid-stream, taken up again from where it stopped.
//!
//! Only where what comes then is sure to be the rest of the same bytes: the origin gave a strong validator, takes ranges,
//! and the body has no coding (RFC 9110 §14.2, §15.3.7.3).

use std::cell::Cell;
use std::rc::Rc;

use http::{HeaderMap, HeaderValue, Method, header};

use super::Exchange;
use crate::cache::{range, validation};
use crate::origin::deadline::Deadline;
use crate::origin::forward::Forward;
use crate::origin::{End, Sign, backoff, failure};
use crate::policy::Policy;
use crate::ports::{Fetched, Ports, Resume};

/// How many requests one body may take beside the first. With ten attempts before and some fifteen operations of the
/// cache, a request stays within the 50 subrequests of the platform's smallest plan.
const MOST_REQUESTS: u32 = 20;

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
        let can_be_taken_up = policy.settings.body.resume
            && self.request.method == Method::GET
            && status == 200
            && range::are_accepted(headers)
            && !headers.contains_key(header::CONTENT_ENCODING);
        let tag = validation::strong_tag(headers).filter(|_| can_be_taken_up)?.clone();
        let mut forward = forward.clone();
        for name in [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
            Rc::make_mut(&mut forward.headers).remove(name);
        }
        Rc::make_mut(&mut forward.headers).insert(header::IF_RANGE, tag);
        let (this, resumed) = (Rc::clone(self), Rc::clone(resumed));
        let requests = Rc::<Cell<u32>>::default();
        Some(Box::new(move |at| {
            let (this, resumed, forward) = (Rc::clone(&this), Rc::clone(&resumed), forward.clone());
            let requests = Rc::clone(&requests);
            Box::pin(async move {
                let rest = this.rest_of(forward, origin, at, &requests).await;
                resumed.set(resumed.get() + u32::from(rest.is_some()));
                rest
            })
        }))
    }

    /// What follows byte `at`, asked for as often as a request may be.
    async fn rest_of(
        &self,
        mut forward: Forward,
        origin: usize,
        at: u64,
        requests: &Cell<u32>,
    ) -> Option<P::Body> {
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
                    .map_or(End::Answered(fetched.status), |failure| {
                        End::Failed(failure, Some(fetched.status))
                    }),
                Err(rejection) => End::Failed(failure::of_rejected_fetch(rejection), None),
            };
            self.settle_attempt(&policy, origin, permit, Some(end));
            if end.sign() == Sign::Down {
                self.record_failure(&policy, origin, permit, end, None);
            }
            let Ok(fetched) = fetched else { continue };
            if range::continues(fetched.status, &fetched.headers, at) {
                return Some(fetched.body);
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
