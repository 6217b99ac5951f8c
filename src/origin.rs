//! Attempts at an origin. What is sent, how did it end, and is it tried again?

pub mod backoff;
pub mod breaker;
pub mod deadline;
pub mod drill;
pub mod failure;
pub mod forward;
mod health_signal;
pub mod retry;
pub mod retry_budget;

use std::time::Duration;

use failure::Failure;
pub use health_signal::{HealthSignal, Reach};

/// A completed fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The index of the configured origin, from 0; 0 in route mode.
    pub origin: usize,
    /// The wait before the attempt; zero before the first.
    pub waited: Duration,
    /// The time from sending it to its header, its buffered body, or its failure.
    pub took: Duration,
    /// How it ended.
    pub end: AttemptResult,
    /// Whether it had less time than the settings give an attempt, and used it up. Its timeout then says nothing
    /// about the origin.
    pub is_cut_short: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// The origin answered with this status.
    Answered(u16),
    /// It failed; with the received status, if there was one.
    Failed(Failure, Option<u16>),
}

impl AttemptResult {
    /// The received status, from the origin or from the platform.
    pub fn received_status(self) -> Option<u16> {
        match self {
            Self::Answered(status) => Some(status),
            Self::Failed(_, status) => status,
        }
    }

    /// The failure, if it failed.
    pub fn failure(self) -> Option<Failure> {
        match self {
            Self::Answered(_) => None,
            Self::Failed(failure, _) => Some(failure),
        }
    }

    /// What the result says about the origin's health.
    ///
    /// A 500 comes from the application, so the origin is up. A transient status is how an origin's own gateway
    /// reports that the origin is down.
    pub fn health_signal(self) -> HealthSignal {
        match self {
            Self::Answered(status) if is_transient(status) => HealthSignal::Unhealthy,
            Self::Answered(_) => HealthSignal::Healthy,
            Self::Failed(failure, _) => failure.health_signal(),
        }
    }

    /// How much is affected if the result is unhealthy: the page or the whole origin.
    pub fn reach(self) -> Reach {
        match self {
            Self::Answered(_) => Reach::Page,
            Self::Failed(failure, _) => failure.row().reach,
        }
    }

    /// The result in a word, as logs and hints have it: a row of the table of failures, or the origin's own status.
    pub fn word(self) -> String {
        match self {
            Self::Answered(status) => status.to_string(),
            Self::Failed(failure, _) => failure.row().word.to_owned(),
        }
    }

    /// The result that [`word`](Self::word) has written, without the received status of a failure; `None` for other words.
    pub fn of_word(word: &str) -> Option<Self> {
        let failed = failure::of_word(word).map(|failure| Self::Failed(failure, None));
        failed.or_else(|| word.parse().ok().map(Self::Answered))
    }
}

/// Whether an origin's own status reports trouble that a stored copy may cover (RFC 5861 §4).
pub fn is_origin_error(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// Whether an origin's own status may be gone on the next attempt. A 500 usually comes again.
pub fn is_transient(status: u16) -> bool {
    matches!(status, 502..=504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_down_that_fails_or_says_so_itself() {
        for (end, sign) in [
            (AttemptResult::Answered(101), HealthSignal::Healthy),
            (AttemptResult::Answered(200), HealthSignal::Healthy),
            (AttemptResult::Answered(304), HealthSignal::Healthy),
            (AttemptResult::Answered(404), HealthSignal::Healthy),
            (AttemptResult::Answered(429), HealthSignal::Healthy),
            (AttemptResult::Answered(500), HealthSignal::Healthy),
            (AttemptResult::Answered(501), HealthSignal::Healthy),
            (AttemptResult::Answered(502), HealthSignal::Unhealthy),
            (AttemptResult::Answered(503), HealthSignal::Unhealthy),
            (AttemptResult::Answered(504), HealthSignal::Unhealthy),
            (AttemptResult::Answered(505), HealthSignal::Healthy),
            (AttemptResult::Failed(Failure::EdgeRefused, Some(521)), HealthSignal::Unhealthy),
            (AttemptResult::Failed(Failure::BodyCutShort, Some(200)), HealthSignal::Unhealthy),
            (AttemptResult::Failed(Failure::UpgradeRefused, Some(200)), HealthSignal::Healthy),
            (AttemptResult::Failed(Failure::Loop, None), HealthSignal::Neutral),
        ] {
            assert_eq!(end.health_signal(), sign, "{end:?}");
        }
    }

    #[test]
    fn a_result_is_read_from_its_word() {
        let lost = AttemptResult::Failed(Failure::ConnectionLost, None);
        for (result, word) in [(AttemptResult::Answered(503), "503"), (lost, "connection_lost")] {
            assert_eq!((result.word().as_str(), AttemptResult::of_word(word)), (word, Some(result)));
        }
        assert_eq!(AttemptResult::of_word("no such word"), None);
    }

    #[test]
    fn an_end_says_what_was_received_and_whether_it_is_a_failure() {
        let answered = AttemptResult::Answered(503);
        let failed = AttemptResult::Failed(Failure::EdgeRefused, Some(521));
        let lost = AttemptResult::Failed(Failure::ConnectionLost, None);
        assert_eq!(
            [answered, failed, lost].map(AttemptResult::received_status),
            [Some(503), Some(521), None]
        );
        assert_eq!(
            [answered, failed, lost].map(AttemptResult::failure),
            [None, Some(Failure::EdgeRefused), Some(Failure::ConnectionLost)]
        );
    }

    #[test]
    fn a_500_may_be_covered_by_a_copy_and_is_not_repeated() {
        // RFC 5861 §4
        for (status, is_error, passes) in [
            (499, false, false),
            (500, true, false),
            (501, false, false),
            (502, true, true),
            (504, true, true),
        ] {
            assert_eq!((is_origin_error(status), is_transient(status)), (is_error, passes), "{status}");
        }
    }
}
