//! A flight: one fetch that several requests wait for. What is its result, and who asks next if there is none?
//!
//! An origin's answer to one client says little about the next one: a firewall resets one, a rate limiter answers
//! another with 503. So one failed request does not fail all who wait. After a failure, followers ask too, as many at
//! a time as it takes to hear of `OPINIONS` different clients. If all of these failed, the origin has failed.
//!
//! Without any result, a follower asks after `PATIENCE`, and again whenever the wait has doubled, preferably one of a
//! new client. Consequences:
//!
//! - A leader that hangs costs the others one second.
//! - A page that takes three seconds is fetched three times, however many clients want it.
//! - An origin that hangs for 25 s is asked by five.
//!
//! Followers whose time is just enough for one attempt ask too, `MOST_ASKING` in all.

use std::cell::RefCell;
use std::time::Duration;

use crate::request::Client;
use crate::response::error::Cause;
use crate::time::Timestamp;

/// The shortest wait before another request asks too.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long followers wait while a body is streamed into the store. It arrives at its client's pace, and a follower
/// that asks for itself has its first byte at once.
const LONGEST_STORING: Duration = Duration::from_millis(250);

/// The number of different clients that must fail before the followers fail.
const OPINIONS: usize = 3;

/// How many requests of one client ask in one flight. A client thus counts twice at most, and if it fails twice, its
/// other requests need not ask.
const MOST_OF_ONE: usize = 2;

/// How many requests ask in one flight, including those that are out of time, so that not all ask an origin that
/// hangs.
const MOST_ASKING: usize = 16;

/// A fetch that others wait for. `B` is the signal that wakes them.
#[derive(Debug)]
pub struct Flight<B> {
    /// Notified on every change.
    pub signal: B,
    /// When the flight counts as lost: the platform may end a request silently.
    pub(super) until: Timestamp,
    course: RefCell<Course>,
}

#[derive(Debug)]
struct Course {
    /// The clients that have asked, the leader first, and those of them that failed.
    asked: Vec<Client>,
    failed: Vec<Client>,
    failure: Option<FlightResult>,
    /// When the latest of the failed requests was sent.
    failed_at: Option<Timestamp>,
    began_at: Timestamp,
    /// When the last request asked.
    asked_at: Timestamp,
    /// When another request asks if nothing happens before.
    next_at: Timestamp,
    is_followed: bool,
    storing_until: Option<Timestamp>,
    result: Option<FlightResult>,
}

/// The result of a flight for its followers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FlightResult {
    /// The answer is in the store and may answer other requests.
    Stored,
    /// The answer was for one request only; each follower asks for itself.
    NotShared,
    /// The origin failed.
    Failed {
        /// The cause.
        cause: Cause,
        /// The `Retry-After` of the origin.
        retry_after: Option<Duration>,
    },
}

/// The next step of a follower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// The flight has a result.
    End(FlightResult),
    /// Ask, and report the result.
    Ask,
    /// Wait for a change, at most this long.
    Wait(Duration),
    /// The flight failed, but all failed requests were sent before this follower came. Find a new role.
    Anew,
}

impl<B> Flight<B> {
    pub(super) fn new(leader: Client, signal: B, at_most: Duration, now: Timestamp) -> Self {
        let course = Course {
            asked: vec![leader],
            failed: Vec::new(),
            failure: None,
            failed_at: None,
            began_at: now,
            asked_at: now,
            next_at: now.plus(PATIENCE),
            is_followed: false,
            storing_until: None,
            result: None,
        };
        Self { signal, until: now.plus(at_most), course: RefCell::new(course) }
    }

    /// The next step of a follower that came at `since`. With `has_copy`, one failure is enough. Otherwise failures
    /// from before it came do not count, because the origin may work again.
    pub fn next(
        &self,
        follower: Client,
        since: Timestamp,
        has_copy: bool,
        may_ask: bool,
        now: Timestamp,
    ) -> Step {
        let mut course = self.course.borrow_mut();
        course.is_followed = true;
        let is_later = !has_copy && course.failed_at.is_some_and(|at| since > at);
        match course.result {
            Some(FlightResult::Failed { .. }) if is_later => return Step::Anew,
            Some(result) => return Step::End(result),
            None => {}
        }
        let has_failed_twice = count(&course.failed, follower) >= MOST_OF_ONE;
        match course.failure.filter(|_| has_copy || has_failed_twice) {
            Some(failure) if !is_later || !may_ask => return Step::End(failure),
            Some(_) if since > course.asked_at => {
                course.ask(follower, now);
                return Step::Ask;
            }
            Some(_) | None => {}
        }
        if let Some(until) = course.storing_until {
            return if until > now {
                Step::Wait(until.since(now))
            } else {
                Step::End(FlightResult::NotShared)
            };
        }
        let under_way = course.asked.len().saturating_sub(course.failed.len());
        let is_wanted = course.failure.is_some() && different(&course.failed) + under_way < OPINIONS;
        let asked = count(&course.asked, follower);
        // Clients that have not asked yet go first.
        let turn_at = if asked == 0 { course.next_at } else { course.next_at.plus(PATIENCE) };
        let is_time = turn_at <= now;
        if may_ask && asked < MOST_OF_ONE && (is_wanted || is_time) {
            course.ask(follower, now);
            return Step::Ask;
        }
        Step::Wait(if is_time { PATIENCE } else { turn_at.since(now) })
    }

    /// Lets a follower ask that is almost out of time. `false` if too many have asked.
    pub fn asks_at_last(&self, follower: Client, now: Timestamp) -> bool {
        let mut course = self.course.borrow_mut();
        let is_one_of_few = course.asked.len() < MOST_ASKING;
        if is_one_of_few {
            course.ask(follower, now);
        }
        is_one_of_few
    }

    /// Records that the origin has answered and the body is being streamed into the store. Returns whether anyone
    /// follows.
    pub fn is_being_stored(&self, now: Timestamp) -> bool {
        let mut course = self.course.borrow_mut();
        course.storing_until.get_or_insert(now.plus(LONGEST_STORING));
        course.is_followed
    }

    /// Records that a request which had asked ended without a result: the next follower asks in its place.
    pub fn lose_one(&self, now: Timestamp) {
        let mut course = self.course.borrow_mut();
        course.next_at = course.next_at.min(now);
    }

    /// Whether streaming into the store takes too long to wait for.
    pub(super) fn is_stored_slowly(&self, now: Timestamp) -> bool {
        self.course.borrow().storing_until.is_some_and(|until| until <= now)
    }

    /// Records the result of `client`'s request, sent at `asked_at`.
    pub(super) fn note(&self, client: Client, asked_at: Timestamp, result: FlightResult) {
        let mut course = self.course.borrow_mut();
        if course.result.is_some() {
            return;
        }
        let is_final = match result {
            FlightResult::Stored | FlightResult::NotShared => true,
            FlightResult::Failed { .. } => {
                course.failed.push(client);
                course.failure = Some(result);
                course.failed_at = course.failed_at.max(Some(asked_at));
                different(&course.failed) >= OPINIONS
            }
        };
        course.result = Some(result).filter(|_| is_final);
    }
}

impl Course {
    fn ask(&mut self, follower: Client, now: Timestamp) {
        self.asked.push(follower);
        self.asked_at = now;
        self.next_at = now.plus(now.since(self.began_at).max(PATIENCE));
    }
}

/// How often `client` is among `clients`; zero if it is unknown.
fn count(clients: &[Client], client: Client) -> usize {
    clients.iter().filter(|other| client.is_known() && **other == client).count()
}

/// The number of different clients. Each unknown one counts as different.
fn different(clients: &[Client]) -> usize {
    let is_first = |at: usize, client: &Client| count(clients.get(..at).unwrap_or_default(), *client) == 0;
    clients.iter().enumerate().filter(|(at, client)| is_first(*at, client)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::Failure;
    use http::HeaderMap;

    const FAILED: FlightResult =
        FlightResult::Failed { cause: Cause::Failure(Failure::ConnectionLost), retry_after: None };

    fn client(number: u8) -> Client {
        let address = format!("192.0.2.{number}").parse().unwrap();
        Client::of(&HeaderMap::from_iter([("cf-connecting-ip".parse().unwrap(), address)]))
    }

    fn nobody() -> Client {
        Client::of(&HeaderMap::new())
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn flight(leader: Client) -> Flight<()> {
        Flight::new(leader, (), Duration::from_secs(30), at(0))
    }

    fn wait(millis: u64) -> Step {
        Step::Wait(Duration::from_millis(millis))
    }

    fn next(flight: &Flight<()>, follower: Client, millis: u64) -> Step {
        flight.next(follower, at(0), false, true, at(millis))
    }

    #[test]
    fn another_asks_whenever_the_wait_has_doubled() {
        let flight = flight(client(1));
        assert_eq!(next(&flight, client(2), 0), wait(1000));
        assert_eq!(next(&flight, client(2), 999), wait(1));
        assert_eq!(flight.next(client(2), at(0), true, false, at(1000)), wait(1000), "its copy answers soon");
        for (number, second) in [(2, 1), (3, 2), (4, 4), (5, 8), (6, 16)] {
            assert_eq!(next(&flight, client(1), 1000 * second), wait(1000), "others first");
            assert_eq!(next(&flight, client(number), 1000 * second), Step::Ask);
            assert_eq!(next(&flight, client(7), 1000 * second), wait(1000 * second));
        }
        flight.note(client(3), at(0), FlightResult::Stored);
        assert_eq!(next(&flight, client(7), 20_000), Step::End(FlightResult::Stored));
        flight.note(client(1), at(0), FAILED);
        assert_eq!(next(&flight, client(7), 20_000), Step::End(FlightResult::Stored), "that stands");
    }

    #[test]
    fn where_a_request_is_gone_without_a_result_the_next_one_asks() {
        let flight = flight(client(1));
        assert_eq!(next(&flight, client(2), 100), wait(900));
        flight.lose_one(at(100));
        assert_eq!(next(&flight, client(2), 100), Step::Ask);
        assert_eq!(next(&flight, client(3), 100), wait(1000));
    }

    #[test]
    fn where_there_is_nobody_else_the_same_client_asks_again() {
        let flight = flight(client(1));
        assert_eq!(next(&flight, client(1), 1000), wait(1000));
        assert_eq!(next(&flight, client(1), 2000), Step::Ask);
        assert_eq!(next(&flight, client(1), 9000), wait(1000));
    }

    #[test]
    fn a_failure_is_that_of_all_when_three_clients_have_met_it() {
        for number in [client as fn(u8) -> Client, |_| nobody()] {
            let flight = flight(number(1));
            flight.note(number(1), at(0), FAILED);
            assert_eq!(
                flight.next(number(2), at(0), true, true, at(10)),
                Step::End(FAILED),
                "a copy is there"
            );
            assert_eq!(next(&flight, number(2), 10), Step::Ask);
            assert_eq!(next(&flight, number(3), 10), Step::Ask);
            assert_eq!(next(&flight, number(4), 10), wait(1000));
            flight.note(number(2), at(0), FAILED);
            assert_eq!(next(&flight, number(4), 20), wait(990));
            flight.note(number(3), at(0), FAILED);
            assert_eq!(next(&flight, number(4), 30), Step::End(FAILED));
        }
    }

    #[test]
    fn what_failed_before_a_request_came_is_not_its_failure() {
        let flight = flight(client(1));
        let later = |number: u8, since| flight.next(client(number), at(since), false, true, at(since + 10));
        assert_eq!(next(&flight, client(2), 1000), Step::Ask);
        flight.note(client(1), at(0), FAILED);
        assert_eq!(next(&flight, client(3), 1010), Step::Ask);
        flight.note(client(3), at(1010), FAILED);
        flight.note(client(2), at(1000), FAILED);
        assert_eq!(later(4, 1010), Step::End(FAILED));
        assert_eq!(later(4, 1011), Step::Anew);
        let flight = self::flight(client(1));
        let later = |since| flight.next(client(1), at(since), false, true, at(3000));
        flight.note(client(1), at(0), FAILED);
        assert_eq!(next(&flight, client(1), 10), Step::Ask);
        flight.note(client(1), at(10), FAILED);
        assert_eq!(later(10), Step::End(FAILED));
        assert_eq!(later(11), Step::Ask, "it may be well again");
        assert_eq!(later(12), wait(4000), "one finds out");
        flight.note(client(1), at(3000), FAILED);
        assert_eq!(later(12), Step::End(FAILED));
    }

    #[test]
    fn one_client_speaks_for_itself_alone_however_often_it_asks() {
        let flight = flight(client(1));
        flight.note(client(1), at(0), FAILED);
        assert_eq!(next(&flight, client(1), 10), Step::Ask);
        assert_eq!(next(&flight, client(1), 2000), wait(10));
        flight.note(client(1), at(0), FAILED);
        assert_eq!(next(&flight, client(1), 2000), Step::End(FAILED));
        assert_eq!(next(&flight, client(2), 2000), Step::Ask);
        assert_eq!(next(&flight, client(3), 2000), Step::Ask);
        flight.note(client(2), at(0), FAILED);
        flight.note(client(3), at(0), FlightResult::Stored);
        assert_eq!(next(&flight, client(4), 2000), Step::End(FlightResult::Stored));
    }

    #[test]
    fn a_body_that_is_stored_slowly_is_not_waited_for() {
        let flight = flight(client(1));
        assert!(!flight.is_being_stored(at(500)), "nobody waits yet");
        assert_eq!(next(&flight, client(2), 500), wait(250));
        assert!(!flight.is_stored_slowly(at(749)));
        assert!(flight.is_being_stored(at(700)));
        assert_eq!(next(&flight, client(2), 750), Step::End(FlightResult::NotShared));
        assert!(flight.is_stored_slowly(at(750)));
    }
}
