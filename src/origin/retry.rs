//! Retries. Is another attempt made, at which origin and when; if not, why?

use std::time::Duration;

use super::breaker::OpenCircuit;
use super::failure::{Elsewhere, Here, Lapse};
use super::{Attempt, AttemptResult, backoff};
use crate::config::Retry;

/// Whether a request may be sent more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// Yes: its method is idempotent (RFC 9110 §9.2.2) or it has a key that the origin honours, and its body can be
    /// sent again.
    Repeatable,
    /// The method is not idempotent.
    NotIdempotent,
    /// The request body is too large to buffer.
    BodyTooLarge,
    /// A proxy before this worker is already retrying.
    IsRetry,
}

/// The state after an attempt.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The attempts so far, in order.
    pub attempts: &'a [Attempt],
    /// The number of origins; at least 1.
    pub origins: usize,
    /// Whether each origin can take another attempt, by budget and breaker.
    pub can_bear: &'a [bool],
    /// Whether the request may be sent again.
    pub repeatable: Repeatable,
    /// Whether the method is safe (RFC 9110 §9.2.1).
    pub safe: bool,
    /// The operator's settings.
    pub settings: &'a Retry,
    /// The shortest time in which an attempt can be expected to succeed.
    pub least: Duration,
    /// The time until the deadline.
    pub left: Duration,
    /// The `Retry-After` of the origin's own last answer. Never that of an answer by the platform, which says nothing
    /// about the origin.
    pub retry_after: Option<Duration>,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait, then try this origin.
    Attempt {
        /// Its index, from 0.
        origin: usize,
        /// The delay.
        wait: Duration,
    },
    /// Stop.
    Stop(Stop),
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The last attempt was answered with a status that is not retried.
    Final,
    /// The client did not complete its request.
    Client(Lapse),
    /// The request must not be repeated.
    NotRepeatable(Repeatable),
    /// `retry.attempts` have been made.
    Attempts,
    /// No origin is left at which another attempt might succeed.
    Hopeless,
    /// Origins are left, but none can take an attempt, by budget or breaker.
    Overburdened,
    /// No first attempt: the circuit is open at every origin.
    CircuitOpen(OpenCircuit),
    /// No first attempt: a copy can answer while load ramps up.
    RampUp,
    /// Too little time is left.
    Deadline,
    /// The origin asked for a longer delay than `retry.backoff_max`.
    RetryAfter,
}

impl Stop {
    /// The open circuit, if the first attempt was refused.
    pub fn open_circuit(self) -> Option<OpenCircuit> {
        if let Self::CircuitOpen(open) = self { Some(open) } else { None }
    }

    /// The word for the log; `None` if the log shows it anyway.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Final | Self::Client(_) => None,
            Self::NotRepeatable(Repeatable::BodyTooLarge) => Some("body_too_large"),
            Self::NotRepeatable(Repeatable::IsRetry) => Some("is_retry"),
            Self::NotRepeatable(Repeatable::NotIdempotent | Repeatable::Repeatable) => Some("not_idempotent"),
            Self::Attempts => Some("attempts"),
            Self::Hopeless => Some("not_retryable"),
            Self::Overburdened => Some("budget_or_breaker"),
            Self::CircuitOpen(_) => Some("circuit_open"),
            Self::RampUp => Some("ramp_up"),
            Self::Deadline => Some("deadline"),
            Self::RetryAfter => Some("retry_after"),
        }
    }
}

/// Whether no attempt follows this result, whatever else is known.
pub fn is_final(end: AttemptResult, settings: &Retry) -> bool {
    matches!(end, AttemptResult::Answered(status) if !settings.statuses.contains(&status))
}

/// Decides what follows the last of `situation.attempts`; `roll` in 0..1 spreads the delay.
pub fn next(situation: &Situation<'_>, roll: f64) -> Next {
    let Some(last) = situation.attempts.last() else {
        return Next::Attempt { origin: 0, wait: Duration::ZERO };
    };
    if is_final(last.end, situation.settings) {
        return Next::Stop(Stop::Final);
    }
    if situation.repeatable != Repeatable::Repeatable {
        return Next::Stop(Stop::NotRepeatable(situation.repeatable));
    }
    let made = u32::try_from(situation.attempts.len()).unwrap_or(u32::MAX);
    if made >= situation.settings.attempts {
        return Next::Stop(Stop::Attempts);
    }
    let may_succeed = |origin: &usize| may_succeed_at(situation, last, *origin);
    let mut hopeful = next_origins(situation, last).filter(may_succeed).peekable();
    if hopeful.peek().is_none() {
        return Next::Stop(Stop::Hopeless);
    }
    let bears = |origin: &usize| situation.can_bear.get(*origin).copied().unwrap_or_default();
    let Some(origin) = hopeful.find(bears) else { return Next::Stop(Stop::Overburdened) };
    let asked = situation.retry_after.filter(|_| origin == last.origin).unwrap_or_default();
    if asked > situation.settings.backoff_max {
        return Next::Stop(Stop::RetryAfter);
    }
    let wait = backoff::wait(situation.settings, made, roll).max(asked);
    if wait.saturating_add(situation.least) > situation.left {
        return Next::Stop(Stop::Deadline);
    }
    Next::Attempt { origin, wait }
}

/// The origins in the order in which they are tried, ending with the last one used.
fn next_origins(situation: &Situation<'_>, last: &Attempt) -> impl Iterator<Item = usize> + use<> {
    let (origins, last) = (situation.origins, last.origin);
    (1..=origins).map(move |step| (last + step) % origins)
}

fn may_succeed_at(situation: &Situation<'_>, last: &Attempt, origin: usize) -> bool {
    let elsewhere = match last.end {
        AttemptResult::Answered(_) => true,
        AttemptResult::Failed(failure, _) => match failure.row().elsewhere {
            Elsewhere::Again => true,
            Elsewhere::SafeMethods => situation.safe,
            Elsewhere::Never => false,
        },
    };
    if origin != last.origin && !elsewhere {
        return false;
    }
    let there = |attempt: &&Attempt| attempt.origin == origin;
    match situation.attempts.iter().rfind(there).map(|attempt| attempt.end) {
        None | Some(AttemptResult::Answered(_)) => true,
        Some(AttemptResult::Failed(failure, _)) => match failure.row().here {
            Here::Again => true,
            Here::Once => situation.attempts.iter().filter(there).count() < 2,
            Here::Never => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::{Failure, TABLE};
    use super::*;
    use crate::origin::breaker::Scope;
    use proptest::prelude::*;

    fn failed(origin: usize, failure: Failure) -> Attempt {
        let end = AttemptResult::Failed(failure, None);
        Attempt { origin, waited: Duration::ZERO, took: Duration::ZERO, end, is_cut_short: false }
    }

    fn answered(status: u16) -> Attempt {
        Attempt { end: AttemptResult::Answered(status), ..failed(0, Failure::ConnectionLost) }
    }

    fn after<'a>(attempts: &'a [Attempt], settings: &'a Retry) -> Situation<'a> {
        Situation {
            attempts,
            origins: 1,
            can_bear: &[true; 8],
            repeatable: Repeatable::Repeatable,
            safe: true,
            settings,
            least: Duration::from_millis(100),
            left: Duration::from_secs(25),
            retry_after: None,
        }
    }

    fn origin_after(situation: &Situation<'_>) -> Option<usize> {
        match next(situation, 0.5) {
            Next::Attempt { origin, .. } => Some(origin),
            Next::Stop(_) => None,
        }
    }

    #[test]
    fn the_log_says_why_there_was_no_further_attempt() {
        let open = OpenCircuit {
            because: AttemptResult::Answered(503),
            retry_after: Duration::from_secs(1),
            scope: Scope::Page,
        };
        for (stop, word) in [
            (Stop::Final, None),
            (Stop::Client(Lapse::Gone), None),
            (Stop::NotRepeatable(Repeatable::NotIdempotent), Some("not_idempotent")),
            (Stop::NotRepeatable(Repeatable::BodyTooLarge), Some("body_too_large")),
            (Stop::NotRepeatable(Repeatable::IsRetry), Some("is_retry")),
            (Stop::Attempts, Some("attempts")),
            (Stop::Hopeless, Some("not_retryable")),
            (Stop::Overburdened, Some("budget_or_breaker")),
            (Stop::CircuitOpen(open), Some("circuit_open")),
            (Stop::RampUp, Some("ramp_up")),
            (Stop::Deadline, Some("deadline")),
            (Stop::RetryAfter, Some("retry_after")),
        ] {
            assert_eq!(stop.word(), word, "{stop:?}");
        }
    }

    #[test]
    fn the_origin_s_figure_is_obeyed_up_to_the_longest_wait() {
        let settings = Retry::default();
        let attempts = [answered(503)];
        let asked = |asked| next(&Situation { retry_after: Some(asked), ..after(&attempts, &settings) }, 0.5);
        let longest = settings.backoff_max;
        assert_eq!(asked(longest), Next::Attempt { origin: 0, wait: longest });
        assert_eq!(asked(longest + Duration::from_millis(1)), Next::Stop(Stop::RetryAfter));
    }

    #[test]
    fn an_attempt_that_just_fits_before_the_deadline_is_made() {
        let settings = Retry::default();
        let attempts = [failed(0, Failure::ConnectionLost)];
        let wait = backoff::wait(&settings, 1, 0.5);
        let left = |left| next(&Situation { left, ..after(&attempts, &settings) }, 0.5);
        let least = after(&attempts, &settings).least;
        assert_eq!(left(wait + least), Next::Attempt { origin: 0, wait });
        assert_eq!(left(wait + least - Duration::from_nanos(1)), Next::Stop(Stop::Deadline));
    }

    #[test]
    fn an_origin_that_can_bear_no_more_is_passed_over() {
        let settings = Retry::default();
        let attempts = [failed(0, Failure::ConnectionLost)];
        for (can_bear, expected) in [
            ([true, true, true], Some(1)),
            ([true, false, true], Some(2)),
            ([true, false, false], Some(0)),
            ([false, false, false], None),
        ] {
            let situation = Situation { origins: 3, can_bear: &can_bear, ..after(&attempts, &settings) };
            assert_eq!(origin_after(&situation), expected, "{can_bear:?}");
        }
        let none = Situation { can_bear: &[false], ..after(&attempts, &settings) };
        assert_eq!(next(&none, 0.5), Next::Stop(Stop::Overburdened));
    }

    #[test]
    fn the_same_origin_is_tried_again_as_often_as_the_table_says() {
        let settings = Retry { attempts: 10, ..Retry::default() };
        for row in &TABLE {
            let mut attempts = Vec::new();
            while origin_after(&after(&attempts, &settings)).is_some() {
                attempts.push(failed(0, row.failure));
            }
            let expected = match row.here {
                Here::Again => 10,
                Here::Once => 2,
                Here::Never => 1,
            };
            assert_eq!(attempts.len(), expected, "{row:?}");
        }
    }

    #[test]
    fn the_next_attempt_goes_to_the_next_origin() {
        let settings = Retry { attempts: 10, ..Retry::default() };
        for row in &TABLE {
            let attempts = [failed(0, row.failure)];
            for safe in [true, false] {
                let next = origin_after(&Situation { origins: 2, safe, ..after(&attempts, &settings) });
                let expected = match row.elsewhere {
                    Elsewhere::Again => Some(1),
                    Elsewhere::SafeMethods => safe.then_some(1),
                    Elsewhere::Never => None,
                };
                assert_eq!(next, expected, "{row:?}");
            }
        }
        let attempts = [failed(0, Failure::EdgeTlsHandshake), failed(1, Failure::ConnectionLost)];
        assert_eq!(origin_after(&Situation { origins: 2, ..after(&attempts, &settings) }), Some(1));
    }

    #[test]
    fn only_gateway_statuses_of_the_origin_are_tried_again_unless_the_operator_says_otherwise() {
        let settings = Retry::default();
        for (status, again) in
            [(200, false), (404, false), (429, false), (500, false), (502, true), (503, true), (504, true)]
        {
            assert_eq!(origin_after(&after(&[answered(status)], &settings)).is_some(), again, "{status}");
            let own = Retry { statuses: vec![429, 500], ..Retry::default() };
            let again = matches!(status, 429 | 500);
            assert_eq!(origin_after(&after(&[answered(status)], &own)).is_some(), again, "{status}");
        }
        // What is a failure, and no answer of the origin's, is tried again by the table of failures.
        let none = Retry { statuses: Vec::new(), ..Retry::default() };
        assert!(origin_after(&after(&[failed(0, Failure::ConnectionLost)], &none)).is_some());
    }

    #[test]
    fn what_must_not_be_repeated_is_not() {
        let (settings, attempts) = (Retry::default(), [failed(0, Failure::ConnectionLost)]);
        for repeatable in [Repeatable::NotIdempotent, Repeatable::BodyTooLarge, Repeatable::IsRetry] {
            let situation = Situation { repeatable, ..after(&attempts, &settings) };
            assert_eq!(next(&situation, 0.0), Next::Stop(Stop::NotRepeatable(repeatable)));
        }
    }

    #[test]
    fn retry_after_is_a_minimum_up_to_the_longest_backoff() {
        let (settings, attempts) = (Retry::default(), [answered(503)]);
        let asked = |seconds| Situation {
            retry_after: Some(Duration::from_secs(seconds)),
            ..after(&attempts, &settings)
        };
        assert_eq!(next(&asked(2), 0.0), Next::Attempt { origin: 0, wait: Duration::from_secs(2) });
        assert_eq!(next(&asked(3), 0.0), Next::Stop(Stop::RetryAfter));
        let another = Situation { origins: 2, ..asked(60) };
        assert_eq!(next(&another, 1.0), Next::Attempt { origin: 1, wait: settings.backoff });
    }

    proptest! {
        #[test]
        fn no_attempt_starts_with_too_little_left(
            left in 0u64..3000, made in 1usize..5, asked in prop::option::of(0u64..4), roll in 0.0f64..1.0,
        ) {
            let settings = Retry { attempts: 5, ..Retry::default() };
            let attempts = vec![answered(503); made];
            let situation = Situation {
                left: Duration::from_millis(left),
                retry_after: asked.map(Duration::from_secs),
                ..after(&attempts, &settings)
            };
            if let Next::Attempt { wait, .. } = next(&situation, roll) {
                prop_assert!(wait + situation.least <= situation.left);
                prop_assert!(wait > Duration::ZERO && wait <= settings.backoff_max);
            }
        }
    }
}
