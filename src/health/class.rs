//! The classes of incidents. A 502 is not a 504.

use serde::{Serialize, Serializer};

/// The class of an incident: the status that visitors would get if there were neither retries nor copies.
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
        matches!(self.fault(), Fault::Down)
    }

    /// What is at fault.
    pub const fn fault(self) -> Fault {
        match self {
            Self::BadGateway | Self::GatewayTimeout | Self::Unavailable => Fault::Down,
            Self::Error => Fault::Error,
            Self::Internal => Fault::Internal,
        }
    }
}

/// What is at fault. An outage that turns from 502 into 504 is one incident; that an application answers 500 is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The origin gives no good answer: 502, 503 or 504.
    Down,
    /// The application answers 500.
    Error,
    /// This worker fails.
    Internal,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 3] = [Self::Down, Self::Error, Self::Internal];

    /// Its word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Error => "error",
            Self::Internal => "internal",
        }
    }

    /// The fault that `word` names.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
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

    #[test]
    fn every_class_has_a_word_of_its_own() {
        for class in Class::ALL {
            assert_eq!(Class::of_word(class.word()), Some(class));
            assert!(class.words().starts_with(&class.status().to_string()));
        }
        assert_eq!(Class::of_word("other"), None);
        for fault in Fault::ALL {
            assert_eq!(Fault::of_word(fault.word()), Some(fault));
        }
    }
}
