//! The few texts of an error that differ from request to request: id, time, address and the like.

use super::error::{DEFAULT_RETRY_AFTER, ErrorPage, Occasion};
use super::sanitise::shown;
use crate::request::without_userinfo;

/// A place in a rendered error that is filled in for each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Host,
    RetryAfter,
    At,
    Time,
    Id,
    Address,
    Until,
    UntilTime,
}

impl Slot {
    pub(super) const ALL: [Self; 8] = [
        Self::Host,
        Self::RetryAfter,
        Self::At,
        Self::Time,
        Self::Id,
        Self::Address,
        Self::Until,
        Self::UntilTime,
    ];

    /// The character that marks the slot while a page is rendered for the cache. These are noncharacters (Unicode
    /// §23.7), which no form escapes.
    pub(super) const fn mark(self) -> char {
        match self {
            Self::Host => '\u{fdd0}',
            Self::RetryAfter => '\u{fdd1}',
            Self::At => '\u{fdd2}',
            Self::Time => '\u{fdd3}',
            Self::Id => '\u{fdd4}',
            Self::Address => '\u{fdd5}',
            Self::Until => '\u{fdd6}',
            Self::UntilTime => '\u{fdd7}',
        }
    }
}

/// The value of each [`Slot`] for one request: sanitised, not escaped.
pub(super) struct SlotValues {
    /// The host of the request. Empty if there is a brand.
    pub(super) host: String,
    /// Seconds, in digits.
    pub(super) retry_after: String,
    /// RFC 3339. Empty if the page is rendered in advance.
    pub(super) at: String,
    /// The same time for people.
    pub(super) time: String,
    pub(super) id: String,
    /// Host, port and path. The query stays out because it may hold secrets.
    pub(super) address: String,
    /// The end of a maintenance, as `at`. Empty if it is not known.
    pub(super) until: String,
    /// The same for people.
    pub(super) until_time: String,
}

/// The longest name and the longest address that are shown, in characters.
pub(super) const LONGEST_NAME: usize = 80;
const LONGEST_ADDRESS: usize = 120;

impl SlotValues {
    pub(super) fn of(error: &ErrorPage<'_>) -> Self {
        let target = &error.request.target;
        let at = match error.occasion {
            Occasion::At(at) => at.to_rfc3339(),
            Occasion::Later | Occasion::AnyStatusLater => String::new(),
        };
        let host = || shown(without_userinfo(target.host()), LONGEST_NAME);
        let address = [without_userinfo(target.authority()), target.path()].concat();
        let retry_after = error.retry_after_seconds().unwrap_or(DEFAULT_RETRY_AFTER.as_secs());
        let until = error.until.map(|until| until.to_rfc3339()).unwrap_or_default();
        Self {
            host: if error.page.brand.is_none() { host() } else { String::new() },
            retry_after: retry_after.to_string(),
            time: for_people(&at),
            at,
            id: shown(&error.request.id, LONGEST_NAME),
            // In Markdown it is code, which a backtick would end.
            address: shown(&address.replace('`', "%60"), LONGEST_ADDRESS),
            until_time: for_people(&until),
            until,
        }
    }

    /// The mark of each slot in place of its value.
    pub(super) fn marks() -> Self {
        let mark = |slot: Slot| slot.mark().to_string();
        Self {
            host: mark(Slot::Host),
            retry_after: mark(Slot::RetryAfter),
            at: mark(Slot::At),
            time: mark(Slot::Time),
            id: mark(Slot::Id),
            address: mark(Slot::Address),
            until: mark(Slot::Until),
            until_time: mark(Slot::UntilTime),
        }
    }

    pub(super) fn get(&self, slot: Slot) -> &str {
        match slot {
            Slot::Host => &self.host,
            Slot::RetryAfter => &self.retry_after,
            Slot::At => &self.at,
            Slot::Time => &self.time,
            Slot::Id => &self.id,
            Slot::Address => &self.address,
            Slot::Until => &self.until,
            Slot::UntilTime => &self.until_time,
        }
    }
}

/// A time of RFC 3339 in UTC as people write it.
fn for_people(time: &str) -> String {
    time.replace('T', " ").replace('Z', " UTC")
}
