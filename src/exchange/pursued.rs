//! What all attempts of a request came to.

use std::time::Duration;

use super::received::Received;
use crate::origin::failure::{Failure, Lapse};
use crate::origin::retry::Stop;
use crate::origin::{Attempt, AttemptResult};
use crate::policy::Policy;
use crate::response::error::Cause;

/// The result of pursuing an answer at the origins.
pub(super) enum Pursued<B> {
    /// No attempt was made: the circuits are open, or load is returning to the origin and a copy can answer.
    NotTried(Stop),
    /// An origin answered, and the answer is no failure.
    Answered(Box<Received<B>>, Made),
    /// The last attempt failed, or an error of the origin's own ended it.
    Failed(Failed<B>, Made),
    /// The client failed to send its request.
    ClientGone(Lapse),
}

/// The attempts that were made, in order, and why no further one was.
pub(super) struct Made {
    pub attempts: Vec<Attempt>,
    pub stop: Stop,
}

/// A failure that something else than the origin has to answer for.
pub(super) struct Failed<B> {
    /// The origin's own error, if that was the last result.
    pub last: Option<Box<Received<B>>>,
    pub cause: Cause,
    /// How long the origin asked to be left alone, or is left alone.
    pub retry_after: Option<Duration>,
    /// Whether an origin may have acted on the request.
    pub may_have_acted: bool,
}

impl<B> Pursued<B> {
    /// Sorts the result of the last attempt.
    pub fn of(
        last: Option<Box<Received<B>>>,
        made: Made,
        retry_after: Option<Duration>,
        policy: &Policy,
    ) -> Self {
        let cause = match (last, made.attempts.last().map(|attempt| attempt.end)) {
            (Some(received), _) if !policy.is_failure(received.status) => {
                return Self::Answered(received, made);
            }
            (Some(received), _) => {
                let cause = Cause::OriginStatus(received.status_code());
                return Self::Failed(Failed::new(Some(received), cause, &made, retry_after), made);
            }
            (None, Some(AttemptResult::Failed(failure, _))) => Cause::Failure(failure),
            (None, Some(AttemptResult::Answered(_)) | None) => Cause::Failure(Failure::Internal),
        };
        Self::Failed(Failed::new(None, cause, &made, retry_after), made)
    }
}

impl<B> Failed<B> {
    fn new(last: Option<Box<Received<B>>>, cause: Cause, made: &Made, retry_after: Option<Duration>) -> Self {
        Self { last, cause, retry_after, may_have_acted: made.may_have_acted() }
    }

    /// A failure for which this request made no attempt.
    pub fn without_attempt(cause: Cause, retry_after: Option<Duration>) -> Self {
        Self { last: None, cause, retry_after, may_have_acted: false }
    }

    /// The failure of a request whose first attempt was refused because of `stop`.
    pub fn not_tried(stop: Stop) -> Self {
        let open = stop.open_circuit();
        let cause = match open {
            Some(open) => Cause::CircuitOpen(open.because),
            None if stop == Stop::RampUp => Cause::Failure(Failure::CircuitOpen),
            None => Cause::Failure(Failure::Internal),
        };
        Self::without_attempt(cause, open.map(|open| open.retry_after))
    }
}

impl Made {
    fn may_have_acted(&self) -> bool {
        self.attempts.iter().any(|attempt| match attempt.end {
            AttemptResult::Failed(failure, _) => failure.outcome_unknown(),
            AttemptResult::Answered(_) => true,
        })
    }
}
