//! What an exchange has come by, for the answer's annotations, the report, and those who wait for it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;

use super::collapse::Lead;
use super::store::Lookup;
use crate::cache::doubt::Likeness;
use crate::cache::key::Key;
use crate::cache::storable::{Bypass, Copy, NotStored};
use crate::cache::{last_good, stale};
use crate::origin::retry::Stop;
use crate::origin::{Attempt, AttemptResult};
use crate::policy::Policy;
use crate::ports;
use crate::report::Outcome;
use crate::response::error::Cause;
use crate::response::fields::Forwarded;

/// What is to be told of an exchange, gathered on its way, to the operator and to those who wait for it.
pub(super) struct Trail<B> {
    pub route: Option<usize>,
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
    pub retry_after: Option<Duration>,
    /// Why there was no further attempt.
    pub stop: Option<Stop>,
    pub mistakes: Vec<String>,
    /// How often the body that was handed on had to be taken up again so far, where it can be.
    pub resumed: Option<Rc<Cell<u32>>>,
    /// The fetch that this request leads.
    pub lead: Option<Lead<B>>,
    /// How often it has waited for another request's.
    pub waits: usize,
    /// For which key it has waited last.
    pub waited_for: Option<Key>,
    /// Whether the store has answers for the URL that differ by request fields.
    pub has_variants: bool,
    /// Whether it had anything for the URL when it was asked last.
    pub has_entry: bool,
    /// Whether that was fresh, whatever the client made of it.
    pub is_fresh: bool,
    /// What that is to an answer that would take its place.
    pub copy: Copy,
    /// Whether it was out of date.
    pub is_outdated: bool,
    /// Whether that is known from memory alone.
    pub is_recalled: bool,
    /// Under which key the store was asked last.
    pub key: Option<Key>,
    /// The copy whose place an answer would take, under that key, if it could stand in.
    pub replaces: Option<Likeness>,
    pub forwarded: Option<Forwarded>,
    pub stale_age: Option<Duration>,
    /// Freshness left of a stored answer, in seconds; negative for a stale one.
    pub ttl: Option<i64>,
}

impl<B> Trail<B> {
    pub fn new(policy: &Policy<'_>) -> Self {
        Self {
            route: policy.route,
            outcome: Outcome::Origin,
            attempts: Vec::new(),
            cause: None,
            bypass: None,
            stored: false,
            not_stored: None,
            stale_forbidden: None,
            last_good_refused: None,
            ignored_query: false,
            retry_after: None,
            stop: None,
            mistakes: Vec::new(),
            resumed: None,
            lead: None,
            waits: 0,
            waited_for: None,
            has_variants: false,
            has_entry: false,
            is_fresh: false,
            copy: Copy::None,
            is_outdated: false,
            is_recalled: false,
            key: None,
            replaces: None,
            forwarded: None,
            stale_age: None,
            ttl: None,
        }
    }

    /// That of what goes on behind an answer of this one: it knows what the store had, and leads what this has led.
    pub fn behind(&mut self, policy: &Policy<'_>) -> Self {
        Self {
            lead: self.lead.take(),
            has_variants: self.has_variants,
            has_entry: self.has_entry,
            is_fresh: self.is_fresh,
            copy: self.copy,
            is_outdated: self.is_outdated,
            key: self.key.clone(),
            ..Self::new(policy)
        }
    }

    /// Notes what the store had. Of several times the first says why the request could not be answered from it.
    pub fn looked_up<Body>(&mut self, lookup: &Lookup<Body>) {
        self.key = lookup.key().cloned();
        let forwarded = match lookup {
            Lookup::NotAsked => Forwarded::Bypass,
            Lookup::HitForMiss { .. } => Forwarded::Miss,
            Lookup::Absent { vary_miss: false, .. } => Forwarded::UriMiss,
            Lookup::Absent { vary_miss: true, .. } => Forwarded::VaryMiss,
            Lookup::Found(_) => Forwarded::Stale,
        };
        if !matches!(lookup, Lookup::Found(_)) {
            self.copy = Copy::None;
        }
        self.has_entry = matches!(forwarded, Forwarded::Stale | Forwarded::VaryMiss);
        self.forwarded.get_or_insert(forwarded);
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

    /// How often the body had to be taken up again so far.
    pub fn resumed(&self) -> u32 {
        self.resumed.as_ref().map_or(0, |count| count.get())
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
    use crate::config::Config;
    use crate::origin::failure::{Failure, Rejection};
    use crate::request::{Request, Target};
    use http::{HeaderMap, Method};

    fn is_plain(status: u16, change: impl FnOnce(&mut Trail<()>)) -> bool {
        let request = Request {
            method: Method::GET,
            target: Target::parse("https://example.com/").unwrap(),
            headers: HeaderMap::new(),
            has_body: false,
            id: "1".to_owned(),
        };
        let config = Config::default();
        let mut trail = Trail::new(&Policy::of(&config, &request));
        let end = AttemptResult::Answered(status);
        trail.attempts.push(Attempt {
            origin: 0,
            waited: Duration::ZERO,
            took: Duration::ZERO,
            end,
            is_cut_short: false,
        });
        change(&mut trail);
        trail.is_plain_sailing(StatusCode::from_u16(status).ok(), None)
    }

    #[test]
    fn plain_sailing_is_an_answer_without_a_failure_on_the_way() {
        let lost = Failure::ConnectionLost;
        for outcome in Outcome::ALL {
            assert_eq!(is_plain(200, |trail| trail.outcome = outcome), outcome.is_calm(), "{outcome:?}");
        }
        assert!(is_plain(404, |_| {}));
        assert!(is_plain(200, |trail| trail.not_stored = Some(NotStored::Private)));
        assert!(!is_plain(200, |trail| trail.not_stored = Some(NotStored::Doubtful(Doubt::Shrunk))));
        assert!(!is_plain(500, |_| {}));
        assert!(is_plain(504, |trail| trail.outcome = Outcome::OnlyIfCached));
        assert!(!is_plain(200, |trail| trail.cause = Some(Cause::Failure(lost))));
        assert!(!is_plain(200, |trail| trail.attempts[0].end = AttemptResult::Failed(lost, None)));
        assert!(!is_plain(200, |trail| trail.resumed = Some(Rc::new(Cell::new(1)))));
        assert!(!is_plain(200, |trail| trail.mistakes.push("key".to_owned())));
    }

    #[test]
    fn a_body_that_broke_off_is_told_of() {
        is_plain(200, |trail| {
            let ended = |end| trail.is_plain_sailing(Some(StatusCode::OK), Some(&end));
            assert!(ended(ports::RelayEnd::Whole(1)) && ended(ports::RelayEnd::ClientGone));
            assert!(
                !ended(ports::RelayEnd::Torn(Rejection::default())) && !ended(ports::RelayEnd::Mismatched)
            );
        });
    }
}
