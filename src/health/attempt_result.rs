//! How did an attempt end, and in which class of trouble does that fall?

use serde::{Serialize, Serializer};

use crate::origin::failure::{self, Failure};
use crate::origin::{self, HealthSignal};

/// How an attempt ended, as a count has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptKind {
    /// With an answer that is no error of the origin's.
    Ok,
    /// With a failure.
    Failed(Failure),
    /// With an error status of the origin's own: 500, 502, 503 or 504.
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
    /// The end that `word` names.
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

    /// In which class it falls; `None` for what is no trouble.
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

    /// The class whose incidents it is part of. A client alone can bring about a loop or a refused upgrade, and
    /// where nothing was tried nothing failed, so these are counted but part of none.
    pub fn incident(self) -> Option<Class> {
        let is_sign = match self {
            Self::Failed(failure) => {
                failure.health_signal() == HealthSignal::Unhealthy || self.class() == Some(Class::Internal)
            }
            Self::Ok | Self::Own(_) => true,
        };
        self.class().filter(|_| is_sign)
    }

    /// Whether it says that the origin is up, down, or nothing.
    pub fn health_signal(self) -> HealthSignal {
        self.attempt().health_signal()
    }

    /// The end of an attempt that counts as this one.
    pub fn attempt(self) -> origin::AttemptResult {
        match self {
            Self::Ok => origin::AttemptResult::Answered(200),
            Self::Failed(failure) => origin::AttemptResult::Failed(failure, None),
            Self::Own(status) => origin::AttemptResult::Answered(status),
        }
    }

    /// What happened, for an operator: part of a sentence that begins with "the origin", or stands alone.
    pub fn what(self) -> &'static str {
        match self {
            Self::Ok => "answered",
            Self::Failed(failure) => failure.row().what,
            Self::Own(502) => "answered 502 itself: what stands before its application got no good answer",
            Self::Own(503) => "answered 503 itself: it is overloaded, starting, or down for maintenance",
            Self::Own(504) => "answered 504 itself: what stands before its application got no answer in time",
            Self::Own(_) => "answered 500: its application failed",
        }
    }

    /// What to look at first, for an operator.
    pub fn check(self) -> &'static str {
        match self {
            Self::Ok => "",
            Self::Failed(failure) => failure.row().check,
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

/// Which kind of trouble: what a visitor would get for it, were there neither a retry nor a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// 502: a bad answer, or none.
    BadGateway,
    /// 504: no answer in time.
    GatewayTimeout,
    /// 503: it says itself that it cannot, or a tunnel is down.
    Unavailable,
    /// 500: the application failed.
    Error,
    /// 500: this worker failed.
    Internal,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 5] =
        [Self::BadGateway, Self::GatewayTimeout, Self::Unavailable, Self::Error, Self::Internal];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadGateway => "bad_gateway",
            Self::GatewayTimeout => "gateway_timeout",
            Self::Unavailable => "unavailable",
            Self::Error => "error",
            Self::Internal => "internal",
        }
    }

    /// The class that `word` names.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// The status that a visitor would get.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadGateway => 502,
            Self::GatewayTimeout => 504,
            Self::Unavailable => 503,
            Self::Error | Self::Internal => 500,
        }
    }

    /// The status and what it means, for an operator.
    pub const fn words(self) -> &'static str {
        match self {
            Self::BadGateway => "502, bad or no answer",
            Self::GatewayTimeout => "504, no answer in time",
            Self::Unavailable => "503, not available",
            Self::Error => "500, error of the application",
            Self::Internal => "500, fault of Holdfast",
        }
    }

    /// Whether an origin with such an incident counts as down.
    pub const fn is_down(self) -> bool {
        match self {
            Self::BadGateway | Self::GatewayTimeout | Self::Unavailable => true,
            Self::Error | Self::Internal => false,
        }
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
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
            let is_incident = !matches!(row.word, "believed_down" | "loop" | "upgrade_refused");
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

    #[test]
    fn every_class_has_a_word_of_its_own() {
        for class in Class::ALL {
            assert_eq!(Class::of_word(class.word()), Some(class));
            assert!(class.words().starts_with(&class.status().to_string()));
        }
        assert_eq!(Class::of_word("other"), None);
    }
}
