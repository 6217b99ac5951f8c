//! A fire drill: every attempt of one request fails as an operator ordered. Only the client and the log learn of it.
//!
//! Classification, retries and their waits, stale and last good copies, pages and reports are those of a real failure. No
//! origin is asked, nothing is stored, removed or refreshed, and no breaker, budget or other request is affected.

use crate::config::{Config, Timeouts};
use crate::endpoint;
use crate::isolate::Isolate;
use crate::origin::AttemptResult;
use crate::origin::deadline::Deadline;
use crate::origin::drill::{self, Shape};
use crate::origin::failure::Failure;
use crate::ports::Clock;
use crate::request::Request;
use crate::time::Timestamp;

/// The drill that a request is.
pub(super) struct Drill<B> {
    failure: Failure,
    /// How an attempt fails; `None` for a failure that is found without one.
    shape: Option<Shape>,
    /// In place of the memory that requests share.
    isolate: Box<Isolate<B>>,
}

impl<B> Drill<B> {
    /// The drill that `request` orders, if it may; Holdfast's own endpoints have none.
    pub fn ordered(config: &Config, request: &Request, now: Timestamp) -> Option<Self> {
        let failure = drill::ordered(&request.headers, config.token.as_ref(), request.target.host(), now)?;
        let is_for_site = endpoint::of(request).is_none();
        is_for_site.then(|| Self { failure, shape: Shape::of(failure), isolate: Box::default() })
    }

    pub fn isolate(&self) -> &Isolate<B> {
        &self.isolate
    }

    /// The value of the answer's field that marks a drill.
    pub fn mark(&self) -> http::HeaderValue {
        drill::mark(self.failure)
    }

    /// The failure, if it is one that is found without an attempt.
    pub fn without_attempt(&self) -> Option<Failure> {
        self.shape.is_none().then_some(self.failure)
    }

    /// How an attempt fails, after as long as such a failure takes.
    pub async fn fail(
        &self,
        ports: &impl Clock,
        timeouts: &Timeouts,
        deadline: Deadline,
    ) -> Option<AttemptResult> {
        let (shape, now) = (self.shape.as_ref()?, ports.now());
        let header = deadline.limit(now, timeouts.first_byte);
        ports.sleep(shape.takes(header, timeouts.idle.min(deadline.left(now)))).await;
        Some(shape.end())
    }
}
