//! Attempts at an origin: what is sent, what came of it, and whether to try again.

pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod deadline;
pub mod drill;
pub mod failure;
pub mod forward;
pub mod retry;

use std::time::Duration;

use failure::Failure;

/// One fetch, made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which of the configured origins, counted from 0; 0 in route mode.
    pub origin: usize,
    /// The wait before it; zero before the first.
    pub waited: Duration,
    /// From sending it until its header, its held body, or its failure.
    pub took: Duration,
    /// How it ended.
    pub end: End,
    /// Whether it had less time than the settings give an attempt and used it up: that says nothing of the origin.
    pub is_cut_short: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an answer of the origin's own, of this status.
    Answered(u16),
    /// With a failure; the status is the one that came, where one came.
    Failed(Failure, Option<u16>),
}

impl End {
    /// The status that was received, whoever chose it.
    pub fn received_status(self) -> Option<u16> {
        match self {
            Self::Answered(status) => Some(status),
            Self::Failed(_, status) => status,
        }
    }

    /// The failure, if it is one.
    pub fn failure(self) -> Option<Failure> {
        match self {
            Self::Answered(_) => None,
            Self::Failed(failure, _) => Some(failure),
        }
    }

    /// What it says about whether the origin is up.
    ///
    /// A 500 is the application's, and comes from an origin that is up; a transient status is what an origin's own
    /// gateway says of it when it is not.
    pub fn sign(self) -> Sign {
        match self {
            Self::Answered(status) if is_transient(status) => Sign::Down,
            Self::Answered(_) => Sign::Up,
            Self::Failed(failure, _) => failure.sign(),
        }
    }

    /// How far what it says reaches, if it says that something is down.
    pub fn reach(self) -> Reach {
        match self {
            Self::Answered(_) => Reach::Page,
            Self::Failed(failure, _) => failure.row().reach,
        }
    }
}

/// How far it reaches what a failure says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The page that was asked for: others may be well.
    Page,
    /// The whole origin.
    Origin,
    /// Nothing that is the origin's.
    Nothing,
}

/// What an attempt says about whether its origin is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It answers.
    Up,
    /// It does not, or says itself that it cannot.
    Down,
    /// Nothing: it was not the origin that ended the attempt.
    Nothing,
}

/// Whether an origin's own status says that it is in trouble which a stored copy may cover (RFC 5861 §4).
pub fn is_origin_error(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// Whether an origin's own status may be gone at the next attempt. A 500 usually comes again.
pub fn is_transient(status: u16) -> bool {
    matches!(status, 502..=504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_down_that_fails_or_says_so_itself() {
        for (end, sign) in [
            (End::Answered(101), Sign::Up),
            (End::Answered(200), Sign::Up),
            (End::Answered(304), Sign::Up),
            (End::Answered(404), Sign::Up),
            (End::Answered(429), Sign::Up),
            (End::Answered(500), Sign::Up),
            (End::Answered(501), Sign::Up),
            (End::Answered(502), Sign::Down),
            (End::Answered(503), Sign::Down),
            (End::Answered(504), Sign::Down),
            (End::Answered(505), Sign::Up),
            (End::Failed(Failure::EdgeRefused, Some(521)), Sign::Down),
            (End::Failed(Failure::BodyCutShort, Some(200)), Sign::Down),
            (End::Failed(Failure::UpgradeRefused, Some(200)), Sign::Up),
            (End::Failed(Failure::Loop, None), Sign::Nothing),
        ] {
            assert_eq!(end.sign(), sign, "{end:?}");
        }
    }

    #[test]
    fn an_end_says_what_was_received_and_whether_it_is_a_failure() {
        let answered = End::Answered(503);
        let failed = End::Failed(Failure::EdgeRefused, Some(521));
        let lost = End::Failed(Failure::ConnectionLost, None);
        assert_eq!([answered, failed, lost].map(End::received_status), [Some(503), Some(521), None]);
        assert_eq!(
            [answered, failed, lost].map(End::failure),
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
