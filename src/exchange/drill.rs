//! A fire drill on the path: every attempt of this one request fails as an operator ordered, and nothing is told
//! of it to anybody but the client and the log.
//!
//! Classification, retries and their waits, stale and kept copies, pages and reports are those of a real
//! failure. No origin is asked, nothing is stored, removed or refreshed, and no breaker, budget or other request
//! learns of it.

use super::Exchange;
use crate::config::Config;
use crate::endpoint;
use crate::isolate::Isolate;
use crate::origin::AttemptResult;
use crate::origin::deadline::Deadline;
use crate::origin::drill::{self, Shape};
use crate::origin::failure::Failure;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::request::Request;
use crate::time::Timestamp;

/// The drill that a request is.
pub(super) struct Drill<B> {
    failure: Failure,
    /// How an attempt fails; `None` for a failure that is found without one.
    shape: Option<Shape>,
    /// In place of the memory that requests share.
    isolate: Isolate<B>,
}

impl<B> Drill<B> {
    /// The drill that `request` orders, if it may; Holdfast's own endpoints have none.
    pub fn ordered(config: &Config, request: &Request, now: Timestamp) -> Option<Self> {
        let failure = drill::ordered(&request.headers, config.token.as_ref(), request.target.host(), now)?;
        let is_for_site = endpoint::of(request).is_none();
        is_for_site.then(|| Self { failure, shape: Shape::of(failure), isolate: Isolate::default() })
    }

    pub fn isolate(&self) -> &Isolate<B> {
        &self.isolate
    }

    /// What the answer to it says in its field.
    pub fn mark(&self) -> http::HeaderValue {
        drill::mark(self.failure)
    }
}

impl<P: Ports> Exchange<P> {
    /// Whether the request goes on to its attempts although a copy could answer it: who drills wants to see a
    /// failure.
    pub(super) fn forces_attempt(&self, policy: &Policy<'_>) -> bool {
        self.drill.is_some() && !policy.asked.only_if_cached
    }

    /// The failure that is forced where it is one that is found without an attempt.
    pub(super) fn drilled_without_attempt(&self) -> Option<Failure> {
        self.drill.as_ref().filter(|drill| drill.shape.is_none()).map(|drill| drill.failure)
    }

    /// How an attempt ends that an operator makes fail, after as long as the failure takes.
    pub(super) async fn drilled(&self, policy: &Policy<'_>, deadline: Deadline) -> Option<AttemptResult> {
        let shape = self.drill.as_ref()?.shape.as_ref()?;
        let (timeouts, now) = (&policy.settings.timeouts, self.ports.now());
        let header = deadline.limit(now, timeouts.first_byte);
        self.ports.sleep(shape.takes(header, timeouts.idle.min(deadline.left(now)))).await;
        Some(shape.end())
    }
}
