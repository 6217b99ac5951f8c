//! The result of an attempt, as it is counted. How did the attempt end, and is that part of an incident?

use super::class::{Class, Fault};
use crate::origin::failure::{self, Failure};
use crate::origin::{self, HealthSignal};

/// How an attempt ended, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptKind {
    /// The origin answered without an error.
    Ok,
    /// The attempt failed.
    Failed(Failure),
    /// The origin answered with this error status: 500, 502, 503 or 504.
    Own(u16),
}

impl From<origin::AttemptResult> for AttemptKind {
    fn from(end: origin::AttemptResult) -> Self {
        match end {
            origin::AttemptResult::Answered(status) if origin::is_origin_error(status) => Self::Own(status),
            origin::AttemptResult::Answered(_) => Self::Ok,
            origin::AttemptResult::Failed(failure, _) => Self::Failed(failure),
        }
    }
}

impl AttemptKind {
    /// The kind with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "ok" => Some(Self::Ok),
            "own_500" => Some(Self::Own(500)),
            "own_502" => Some(Self::Own(502)),
            "own_503" => Some(Self::Own(503)),
            "own_504" => Some(Self::Own(504)),
            _ => failure::of_word(word).map(Self::Failed),
        }
    }

    /// Its word: `ok`, that of the table of failures, or `own_502`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed(failure) => failure.row().word,
            Self::Own(502) => "own_502",
            Self::Own(503) => "own_503",
            Self::Own(504) => "own_504",
            Self::Own(_) => "own_500",
        }
    }

    /// Its class. `None` if nothing failed.
    pub fn class(self) -> Option<Class> {
        match self {
            Self::Ok => None,
            Self::Failed(failure) => Some(match failure.status().as_u16() {
                502 => Class::BadGateway,
                503 => Class::Unavailable,
                504 => Class::GatewayTimeout,
                _ => Class::Internal,
            }),
            Self::Own(502) => Some(Class::BadGateway),
            Self::Own(503) => Some(Class::Unavailable),
            Self::Own(504) => Some(Class::GatewayTimeout),
            Self::Own(_) => Some(Class::Error),
        }
    }

    /// The class of the incidents that it belongs to.
    ///
    /// A loop and a refused upgrade belong to none, because a client alone can cause them. An open circuit belongs to none
    /// either, because nothing was tried. All three are counted.
    pub fn incident(self) -> Option<Class> {
        let is_sign = match self {
            Self::Failed(failure) => {
                failure.health_signal() == HealthSignal::Unhealthy || self.class() == Some(Class::Internal)
            }
            Self::Ok | Self::Own(_) => true,
        };
        self.class().filter(|_| is_sign)
    }

    /// What is at fault, if it belongs to an incident.
    pub fn fault(self) -> Option<Fault> {
        self.incident().map(Class::fault)
    }

    /// Whether it says that the origin is up, down, or nothing.
    pub fn health_signal(self) -> HealthSignal {
        self.attempt().health_signal()
    }

    /// A result that is counted as this kind.
    pub fn attempt(self) -> origin::AttemptResult {
        match self {
            Self::Ok => origin::AttemptResult::Answered(200),
            Self::Failed(failure) => origin::AttemptResult::Failed(failure, None),
            Self::Own(status) => origin::AttemptResult::Answered(status),
        }
    }

    /// What happened, for an operator. It continues "the origin …", or stands alone.
    pub fn what(self) -> &'static str {
        match self {
            Self::Ok => "answered",
            Self::Failed(failure) => failure.words().what,
            Self::Own(502) => "answered 502 itself: what stands before its application got no good answer",
            Self::Own(503) => "answered 503 itself: it is overloaded, starting, or down for maintenance",
            Self::Own(504) => "answered 504 itself: what stands before its application got no answer in time",
            Self::Own(_) => "answered 500: its application failed",
        }
    }

    /// What to check first, for an operator.
    pub fn check(self) -> &'static str {
        match self {
            Self::Ok => "",
            Self::Failed(failure) => failure.words().check,
            Self::Own(502) => {
                "Is the application behind the origin's own proxy running? That proxy's log has the reason."
            }
            Self::Own(503) => "Has it a worker, a connection or memory left? Was it taken out of service?",
            Self::Own(504) => {
                "Which request does the application sit on? The log of the origin's own proxy names it."
            }
            Self::Own(_) => "The application's own log has the exception. What was released last?",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::TABLE;

    #[test]
    fn every_failure_has_the_class_of_its_status() {
        for row in &TABLE {
            let end = AttemptKind::of_word(row.word).unwrap();
            assert_eq!((end, end.word()), (AttemptKind::Failed(row.failure), row.word));
            assert_eq!(end.class().unwrap().status(), row.status.as_u16(), "{}", row.word);
            let is_incident = !matches!(row.word, "circuit_open" | "loop" | "upgrade_refused");
            assert_eq!(end.incident().is_some(), is_incident, "{}", row.word);
        }
    }

    #[test]
    fn an_origins_own_errors_are_told_apart() {
        for (word, class, sign) in [
            ("own_500", Class::Error, HealthSignal::Healthy),
            ("own_502", Class::BadGateway, HealthSignal::Unhealthy),
            ("own_503", Class::Unavailable, HealthSignal::Unhealthy),
            ("own_504", Class::GatewayTimeout, HealthSignal::Unhealthy),
        ] {
            let end = AttemptKind::of_word(word).unwrap();
            assert_eq!((end.word(), end.class(), end.incident()), (word, Some(class), Some(class)));
            assert_eq!(end.health_signal(), sign, "{word}");
            assert!(!end.what().is_empty() && !end.check().is_empty());
        }
        assert_eq!(AttemptKind::of_word("ok").unwrap().class(), None);
        for word in ["", "own_501", "OK", "own_", "ok "] {
            assert_eq!(AttemptKind::of_word(word), None, "{word:?}");
        }
    }
}
