//! The counters of one isolate. What has it counted since its last flush?
//!
//! Counting costs a request some additions in memory. Counts travel as text, one line of words for each: minute, kind,
//! details, number; behind them go the times that answers took ([`latency`](super::latency)), the
//! [observations](super::observation), and a [sample](super::sample) of the requests that a failure touched. Of what a
//! client sent, only that sample and the host and path of a page whose circuit is open leave the isolate.

use std::fmt::Write;
use std::time::Duration;

use super::attempt_result::AttemptKind;
use super::count_lines::{FORM, minute_of};
use super::latency::{Latency, Took};
use super::observer::{Observations, Observer};
use super::sample::Sample;
use crate::report::Outcome;
use crate::time::Timestamp;

/// How many different counts are kept. Past that, a new kind is not counted. A minute has some ten, and some thirty if
/// much fails.
const MOST: usize = 500;

/// How many minutes and origins are kept of how long answers took. Past that, it is not counted.
const MOST_TOOK: usize = 64;

/// How long counts are gathered before a flush, if the object has not said otherwise.
pub const GATHERED_FOR: Duration = Duration::from_secs(10);

/// The longest that counts may be gathered. The platform lets work behind an answer go on for 30 s.
const LONGEST: Duration = Duration::from_secs(25);

/// How long counts are gathered if something has failed: at first, and once that is no longer new.
pub const FAILURES_GATHERED_FOR: Duration = Duration::from_secs(1);
const LASTING_FAILURES_GATHERED_FOR: Duration = Duration::from_secs(5);

/// For how long failures are new. In that time the object finds out whether they are an incident.
const NEW: Duration = Duration::from_secs(20);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// An answer: the outcome, and its status if that is 500 or more, else 0.
    Answer(Outcome, u16),
    /// An attempt at the origin of this number.
    Try(usize, AttemptKind),
    /// An attempt of the cron trigger.
    Probe(usize, AttemptKind),
    /// The origin's circuit opened, and this result opened it.
    Opened(usize, AttemptKind),
    /// A request that a failure of the origin touched, and what the client got.
    Touched(usize, AttemptKind, Outcome),
}

/// The counts of one isolate.
#[derive(Debug, Default)]
pub struct Counters {
    /// The newest are last, because few are counted again once their minute is over.
    counts: Vec<(u64, Event, u64)>,
    /// How long answers took, by minute and origin; `None` for what visitors waited for.
    took: Vec<(u64, Option<usize>, Latency)>,
    /// What was seen of the origins.
    seen: Observer,
    /// Some of the requests that a failure touched.
    sample: Sample,
    /// Whether a flush is on its way.
    is_flush_pending: bool,
    has_failures: bool,
    /// Whether a circuit has opened.
    is_urgent: bool,
    /// When a flush was last hurried because of failures, and the first one without a pause in between.
    hurried_at: Option<(Timestamp, Timestamp)>,
    /// When a flush was last made at once.
    urged_at: Option<Timestamp>,
    /// How long counts are gathered, if the object has said so.
    gathered_for: Option<Duration>,
}

impl Counters {
    /// Counts `event` once.
    pub fn count(&mut self, event: Event, now: Timestamp) {
        self.add(minute_of(now), event, 1);
        self.has_failures |= match event {
            Event::Answer(..) | Event::Touched(..) => false,
            Event::Opened(..) => true,
            Event::Try(_, end) | Event::Probe(_, end) => end != AttemptKind::Ok,
        };
    }

    fn add(&mut self, minute: u64, event: Event, count: u64) {
        let is_full = self.counts.len() >= MOST;
        let is_it = |known: &&mut (u64, Event, u64)| (known.0, known.1) == (minute, event);
        match self.counts.iter_mut().rev().find(is_it) {
            Some((.., known)) => *known = known.saturating_add(count),
            None if is_full => {}
            None => self.counts.push((minute, event, count)),
        }
    }

    /// Counts how long an answer took: of an origin, or for a visitor.
    pub fn took(&mut self, origin: Option<usize>, span: Duration, now: Timestamp) {
        if let Some(latency) = self.latency_of(minute_of(now), origin) {
            latency.add_one(span);
        }
    }

    /// What is counted of a minute and an origin; `None` if there is no room.
    fn latency_of(&mut self, minute: u64, origin: Option<usize>) -> Option<&mut Latency> {
        let is_it = |known: &(u64, Option<usize>, Latency)| (known.0, known.1) == (minute, origin);
        let known = self.took.iter().rposition(is_it);
        if known.is_none() && self.took.len() < MOST_TOOK {
            self.took.push((minute, origin, Latency::default()));
        }
        let at = known.unwrap_or(self.took.len().saturating_sub(1));
        self.took.get_mut(at).filter(|took| is_it(took)).map(|(.., latency)| latency)
    }

    /// The requests that a failure touched.
    pub fn sample(&mut self) -> &mut Sample {
        &mut self.sample
    }

    /// What was seen of the origins.
    pub fn seen(&mut self) -> &mut Observer {
        &mut self.seen
    }

    /// Records that something has failed, or works again, that the object should know soon.
    pub fn hurry(&mut self) {
        self.has_failures = true;
    }

    /// Records that the object should know at once of what was seen: a circuit has opened.
    pub fn urge(&mut self) {
        self.is_urgent = true;
    }

    /// How long to wait before a flush, if the caller is to do it. `None` if another flush is on its way, unless there is
    /// something that should be known sooner: at once if a circuit has opened, but once a second at most.
    pub fn claim_flush(&mut self, now: Timestamp) -> Option<Duration> {
        if self.counts.is_empty() && !self.seen.has_news() {
            return None;
        }
        let is_due = |at: Option<Timestamp>, wait| at.is_none_or(|at| now.since(at) >= wait || now < at);
        if self.is_urgent && is_due(self.urged_at, FAILURES_GATHERED_FOR) {
            self.urged_at = Some(now);
            self.is_flush_pending = true;
            return Some(Duration::ZERO);
        }
        if self.has_failures || self.is_urgent {
            let (last, first) =
                (self.hurried_at.map(|(last, _)| last), self.hurried_at.map(|(_, first)| first));
            // A pause of two intervals ends it.
            let first = first.filter(|_| !is_due(last, 2 * LASTING_FAILURES_GATHERED_FOR)).unwrap_or(now);
            let wait =
                if now.since(first) < NEW { FAILURES_GATHERED_FOR } else { LASTING_FAILURES_GATHERED_FOR };
            if is_due(last, wait) {
                self.hurried_at = Some((now, first));
                self.is_flush_pending = true;
                return Some(wait);
            }
        }
        let gathered_for = self.gathered_for.unwrap_or(GATHERED_FOR);
        (!std::mem::replace(&mut self.is_flush_pending, true)).then_some(gathered_for)
    }

    /// Takes the counts, to flush them.
    pub fn take(&mut self) -> Counts {
        self.is_flush_pending = false;
        (self.has_failures, self.is_urgent) = (false, false);
        Counts {
            counts: std::mem::take(&mut self.counts),
            took: std::mem::take(&mut self.took),
            seen: self.seen.take(),
            sample: std::mem::take(&mut self.sample),
        }
    }

    /// Takes back counts that could not be flushed. What exceeds the bound is lost.
    pub fn put_back(&mut self, counts: Counts) {
        for (minute, event, count) in counts.counts {
            self.add(minute, event, count);
        }
        for (minute, origin, latency) in counts.took {
            if let Some(known) = self.latency_of(minute, origin) {
                known.merge(&latency);
            }
        }
        self.seen.put_back(counts.seen);
        self.sample.put_back(counts.sample);
    }

    /// Sets how long counts are gathered, at most 25 s.
    pub fn gather_for(&mut self, span: Duration) {
        self.gathered_for = Some(span.clamp(FAILURES_GATHERED_FOR, LONGEST));
    }
}

/// Counts on their way to the object.
#[derive(Debug, Default)]
pub struct Counts {
    counts: Vec<(u64, Event, u64)>,
    took: Vec<(u64, Option<usize>, Latency)>,
    seen: Observations,
    sample: Sample,
}

impl Counts {
    /// Whether there is nothing to flush.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.seen.is_empty()
    }

    /// All of them as text. `origin_name` returns neither spaces nor line breaks.
    pub fn written(&self, origin_name: impl Fn(usize) -> String) -> String {
        let mut text = format!("{FORM}\n");
        for (minute, event, count) in &self.counts {
            // Writing to a text does not fail.
            let _ = write!(text, "{minute} ");
            let _ = match event {
                Event::Answer(outcome, status) => write!(text, "answer {} {status}", outcome.word()),
                Event::Try(origin, end) => write!(text, "try {} {}", origin_name(*origin), end.word()),
                Event::Probe(origin, end) => write!(text, "probe {} {}", origin_name(*origin), end.word()),
                Event::Opened(origin, end) => {
                    write!(text, "opened {} {}", origin_name(*origin), end.word())
                }
                Event::Touched(origin, end, outcome) => {
                    write!(text, "touched {} {} {}", origin_name(*origin), end.word(), outcome.word())
                }
            };
            let _ = writeln!(text, " {count}");
        }
        for (minute, origin, latency) in &self.took {
            let origin = origin.map(&origin_name).unwrap_or_default();
            let _ = writeln!(text, "{}", Took { minute: *minute, origin: &origin, latency: *latency });
        }
        text += &self.seen.written(&origin_name);
        text += &self.sample.written(origin_name);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{self, failure::Failure};

    fn second(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    const CLEAN: Event = Event::Answer(Outcome::Origin, 0);
    const OK: Event = Event::Try(0, AttemptKind::Ok);
    const REFUSED: Event = Event::Try(0, AttemptKind::Failed(Failure::EdgeRefused));

    #[test]
    fn an_attempt_counts_by_how_it_ended() {
        for (end, counted) in [
            (origin::AttemptResult::Answered(200), AttemptKind::Ok),
            (origin::AttemptResult::Answered(404), AttemptKind::Ok),
            (origin::AttemptResult::Answered(503), AttemptKind::Own(503)),
            (
                origin::AttemptResult::Failed(Failure::ConnectionLost, None),
                AttemptKind::Failed(Failure::ConnectionLost),
            ),
        ] {
            assert_eq!(AttemptKind::from(end), counted, "{end:?}");
        }
    }

    #[test]
    fn counts_are_flushed_once_in_a_while_by_one_request() {
        let mut counters = Counters::default();
        assert_eq!(counters.claim_flush(second(0)), None, "there is nothing to flush");
        let mut flushers = 0;
        for _ in 0..1000 {
            counters.count(CLEAN, second(0));
            counters.count(OK, second(0));
            flushers += u32::from(counters.claim_flush(second(0)).is_some());
        }
        assert_eq!(flushers, 1);
        let counts = counters.take();
        let text = counts.written(|_| "a.example".to_owned());
        assert!(text.starts_with("holdfast 1\n") && text.contains("\n0 answer origin 0 1000\n"), "{text}");
        assert!(text.contains("\n0 try a.example ok 1000\n"), "{text}");
        assert_eq!(counters.claim_flush(second(10)), None);
        counters.count(CLEAN, second(10));
        assert_eq!(counters.claim_flush(second(10)), Some(GATHERED_FOR));
    }

    #[test]
    fn failures_are_flushed_within_a_second_and_not_by_every_request() {
        let mut counters = Counters::default();
        counters.count(CLEAN, second(0));
        assert_eq!(counters.claim_flush(second(0)), Some(GATHERED_FOR));
        let mut flushers = 0;
        for _ in 0..100 {
            counters.count(REFUSED, second(1));
            flushers += u32::from(counters.claim_flush(second(1)) == Some(FAILURES_GATHERED_FOR));
        }
        assert_eq!(flushers, 1);
        counters.take();
        counters.count(CLEAN, second(3));
        assert_eq!(counters.claim_flush(second(3)), Some(GATHERED_FOR), "it is over");
    }

    #[test]
    fn an_outage_that_lasts_is_flushed_every_five_seconds_and_a_new_one_every_second() {
        let mut counters = Counters::default();
        let mut flushes = |from: u64, to: u64| {
            let mut count = 0;
            for ms in (from * 1000..to * 1000).step_by(10) {
                let now = Timestamp::from_millis(ms);
                counters.count(REFUSED, now);
                if counters.claim_flush(now).is_some_and(|wait| wait < GATHERED_FOR) {
                    count += 1;
                    counters.take();
                }
            }
            count
        };
        assert_eq!((flushes(100, 120), flushes(120, 180)), (20, 12));
        assert_eq!(flushes(200, 210), 10, "another one");
    }

    #[test]
    fn an_open_circuit_is_told_at_once_and_at_most_once_a_second() {
        let mut counters = Counters::default();
        counters.count(REFUSED, second(1));
        assert_eq!(counters.claim_flush(second(1)), Some(FAILURES_GATHERED_FOR));
        let mut at_once = 0;
        for _ in 0..1000 {
            counters.count(Event::Opened(0, AttemptKind::Own(503)), second(1));
            counters.urge();
            at_once += u32::from(counters.claim_flush(second(1)) == Some(Duration::ZERO));
        }
        assert_eq!(at_once, 1);
        counters.urge();
        assert_eq!(counters.claim_flush(second(2)), Some(Duration::ZERO));
    }

    #[test]
    fn what_could_not_be_flushed_is_flushed_later() {
        let mut counters = Counters::default();
        counters.count(CLEAN, second(0));
        let counts = counters.take();
        counters.count(CLEAN, second(59));
        counters.count(CLEAN, second(60));
        counters.put_back(counts);
        let text = counters.take().written(|_| String::new());
        assert!(
            text.contains("\n0 answer origin 0 2\n") && text.contains("\n1 answer origin 0 1\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let mut counters = Counters::default();
        for minute in 0..10_000 {
            counters.count(CLEAN, second(60 * minute));
        }
        assert_eq!(counters.counts.len(), MOST);
        let full = counters.take();
        counters.put_back(full);
        assert_eq!(counters.counts.len(), MOST);
    }

    #[test]
    fn every_event_is_written_as_the_object_reads_it() {
        let mut counters = Counters::default();
        let end = AttemptKind::Own(503);
        for (event, line) in [
            (Event::Answer(Outcome::ErrorPage, 502), "2 answer error_page 502 1"),
            (Event::Try(1, end), "2 try b.example own_503 1"),
            (Event::Probe(0, AttemptKind::Ok), "2 probe a.example ok 1"),
            (Event::Opened(1, end), "2 opened b.example own_503 1"),
            (
                Event::Touched(0, AttemptKind::Failed(Failure::BodySilent), Outcome::Stale),
                "2 touched a.example body_silent stale 1",
            ),
        ] {
            counters.count(event, second(120));
            let name = |origin: usize| ["a.example", "b.example"][origin].to_owned();
            assert_eq!(counters.take().written(name), format!("{FORM}\n{line}\n"));
        }
    }

    #[test]
    fn no_reply_makes_an_isolate_gather_for_too_long() {
        let mut counters = Counters::default();
        counters.gather_for(Duration::from_secs(600));
        counters.count(CLEAN, second(0));
        assert_eq!(counters.claim_flush(second(0)), Some(LONGEST));
    }
}
