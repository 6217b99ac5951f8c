//! The record of an exchange: what its annotations and its report are made of.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;

use super::lookup::Lookup;
use super::pursued::Made;
use crate::cache::key::Key;
use crate::cache::storable::{Bypass, NotStored};
use crate::cache::{last_good, stale};
use crate::origin::retry::Stop;
use crate::origin::{Attempt, AttemptResult};
use crate::ports;
use crate::report::Outcome;
use crate::response::error::Cause;
use crate::response::fields::Forwarded;

/// What the steps of an exchange write down for its annotations and its report. Nothing of it steers the walk.
#[derive(Default)]
pub(super) struct Record {
    pub outcome: Outcome,
    pub attempts: Vec<Attempt>,
    /// The failure that shows in the answer, if one does.
    pub cause: Option<Cause>,
    pub bypass: Option<Bypass>,
    pub stored: bool,
    pub not_stored: Option<NotStored>,
    pub stale_forbidden: Option<stale::Forbidden>,
    pub last_good_refused: Option<last_good::Refused>,
    /// Whether the copy that answers is that of the URL without parameters that do not matter.
    pub ignored_query: bool,
    /// Why there was no further attempt.
    pub stop: Option<Stop>,
    pub mistakes: Vec<String>,
    /// How often the body that is passed through was resumed so far, where it can be.
    pub resumed: Option<Rc<Cell<u32>>>,
    /// Whether it has waited for another request's fetch.
    pub has_waited: bool,
    /// The key that was looked up last.
    pub key: Option<Key>,
    pub forwarded: Option<Forwarded>,
    pub stale_age: Option<Duration>,
    /// Freshness left of a stored answer, in seconds; negative for a stale one.
    pub ttl: Option<i64>,
}

impl Record {
    /// Notes a lookup. Of several the first says why the request could not be answered from the store: if what it found
    /// `is_fresh`, the request asks for more.
    pub fn looked_up<B>(&mut self, lookup: &Lookup<B>, is_fresh: bool) {
        self.key = lookup.key().cloned();
        let forwarded =
            if is_fresh && lookup.found().is_some() { Forwarded::Request } else { lookup.forwarded() };
        self.forwarded.get_or_insert(forwarded);
    }

    pub fn made(&mut self, made: Made) {
        self.stop = Some(made.stop);
        self.attempts.extend(made.attempts);
    }

    /// Whether there is nothing to tell: no failure on the way, no copy in place of an answer, no error handed on, no doubt
    /// about it. What became of the body, of which `end` speaks, is known last.
    pub fn is_plain_sailing(&self, status: Option<StatusCode>, end: Option<&ports::RelayEnd>) -> bool {
        if self.outcome == Outcome::OnlyIfCached {
            return true;
        }
        self.outcome.is_calm()
            && status.is_none_or(|status| status.as_u16() < 500)
            && !matches!(self.cause, Some(Cause::Failure(_) | Cause::CircuitOpen(_)))
            && self.attempts.iter().all(|attempt| attempt.end.failure().is_none())
            && !matches!(end, Some(ports::RelayEnd::Torn(_) | ports::RelayEnd::Mismatched))
            && self.resumed() == 0
            && !matches!(self.not_stored, Some(NotStored::Doubtful(_)))
            && self.mistakes.is_empty()
    }

    /// How often the body was resumed so far.
    pub fn resumed(&self) -> u32 {
        self.resumed.as_ref().map_or(0, |count| count.get())
    }

    /// How the attempt of another request ended for which this one waited, if that failed.
    pub fn shared_failure(&self) -> Option<AttemptResult> {
        match self.cause.filter(|_| self.has_waited && self.attempts.is_empty())? {
            Cause::Failure(failure) => Some(AttemptResult::Failed(failure, None)),
            Cause::OriginStatus(status) => Some(AttemptResult::Answered(status.as_u16())),
            Cause::CircuitOpen(_) | Cause::Maintenance => None,
        }
    }

    /// The failure to name in `Proxy-Status`: the one that shows, else the last one that a retry got past.
    pub fn touched_by(&self) -> Option<(Cause, Option<u16>)> {
        let failed = self.attempts.iter().rev().map(|attempt| attempt.end).find_map(|end| match end {
            AttemptResult::Failed(failure, status) => Some((Cause::Failure(failure), status)),
            AttemptResult::Answered(status) if crate::origin::is_origin_error(status) => {
                Some((Cause::OriginStatus(StatusCode::from_u16(status).ok()?), Some(status)))
            }
            AttemptResult::Answered(_) => None,
        });
        match self.cause {
            Some(Cause::OriginStatus(status)) => Some((Cause::OriginStatus(status), Some(status.as_u16()))),
            Some(Cause::Failure(failure)) => {
                let received = self.attempts.last().and_then(|attempt| attempt.end.received_status());
                Some((Cause::Failure(failure), received))
            }
            Some(open @ Cause::CircuitOpen(_)) => Some((open, None)),
            Some(Cause::Maintenance) | None => failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::doubt::Doubt;
    use crate::origin::failure::{Failure, Rejection};

    fn is_plain(status: u16, change: impl FnOnce(&mut Record)) -> bool {
        let mut record = Record::default();
        let end = AttemptResult::Answered(status);
        record.attempts.push(Attempt {
            origin: 0,
            waited: Duration::ZERO,
            took: Duration::ZERO,
            end,
            is_cut_short: false,
        });
        change(&mut record);
        record.is_plain_sailing(StatusCode::from_u16(status).ok(), None)
    }

    #[test]
    fn plain_sailing_is_an_answer_without_a_failure_on_the_way() {
        let lost = Failure::ConnectionLost;
        for outcome in Outcome::ALL {
            assert_eq!(is_plain(200, |record| record.outcome = outcome), outcome.is_calm(), "{outcome:?}");
        }
        assert!(is_plain(404, |_| {}));
        assert!(is_plain(200, |record| record.not_stored = Some(NotStored::Private)));
        assert!(!is_plain(200, |record| record.not_stored = Some(NotStored::Doubtful(Doubt::Shrunk))));
        assert!(!is_plain(500, |_| {}));
        assert!(is_plain(504, |record| record.outcome = Outcome::OnlyIfCached));
        assert!(!is_plain(200, |record| record.cause = Some(Cause::Failure(lost))));
        assert!(!is_plain(200, |record| record.attempts[0].end = AttemptResult::Failed(lost, None)));
        assert!(!is_plain(200, |record| record.resumed = Some(Rc::new(Cell::new(1)))));
        assert!(!is_plain(200, |record| record.mistakes.push("key".to_owned())));
    }

    #[test]
    fn a_body_that_broke_off_is_told_of() {
        is_plain(200, |record| {
            let ended = |end| record.is_plain_sailing(Some(StatusCode::OK), Some(&end));
            assert!(ended(ports::RelayEnd::Whole(1)) && ended(ports::RelayEnd::ClientGone));
            assert!(
                !ended(ports::RelayEnd::Torn(Rejection::default())) && !ended(ports::RelayEnd::Mismatched)
            );
        });
    }
}
