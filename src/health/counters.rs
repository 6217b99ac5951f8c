//! What has one isolate counted since it told anybody?
//!
//! Counting costs a request some additions in memory. The written form, in which the counts travel, is a line of
//! words for each: minute, kind, what it is about, how many. Nothing in it comes from a client.

use std::fmt::Write;
use std::time::Duration;

use super::attempt_result::AttemptKind;
use super::count_lines::{FORM, minute_of};
use crate::report::Outcome;
use crate::time::Timestamp;

/// How many different counts there can be at a time. Past it, what is not counted yet is not counted: there are some
/// ten of them in a minute, and some thirty in one full of trouble.
const MOST: usize = 500;

/// How long counts are gathered before they are told, where nobody says otherwise.
pub const GATHERED_FOR: Duration = Duration::from_secs(10);

/// The longest that they may be gathered: the platform lets work behind an answer go on for 30 s.
const LONGEST: Duration = Duration::from_secs(25);

/// How long trouble is gathered.
pub const TROUBLE_GATHERED_FOR: Duration = Duration::from_secs(1);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// An answer: what the exchange came to, and its status if that is 500 or more, else 0.
    Answer(Outcome, u16),
    /// An attempt at the origin of this number.
    Try(usize, AttemptKind),
    /// The cron trigger's attempt at it.
    Probe(usize, AttemptKind),
    /// That its circuit opened, and by what.
    Opened(usize, AttemptKind),
    /// A request that a failure of it touched, and what the client got.
    Touched(usize, AttemptKind, Outcome),
}

/// The counts of one isolate.
#[derive(Debug, Default)]
pub struct Counters {
    /// The newest at the end: few are counted again once their minute is over.
    counts: Vec<(u64, Event, u64)>,
    /// Whether somebody is going to tell them.
    is_awaited: bool,
    has_trouble: bool,
    /// When trouble was last told.
    hurried_at: Option<Timestamp>,
    /// For how long they are gathered, where the object has said so.
    gathered_for: Option<Duration>,
}

impl Counters {
    /// Counts `event` once.
    pub fn count(&mut self, event: Event, now: Timestamp) {
        self.add(minute_of(now), event, 1);
        self.has_trouble |= match event {
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

    /// In how long the counts are to be told, if whoever asks is to do it: nobody else is going to, or there is
    /// trouble that should be known sooner.
    pub fn is_due(&mut self, now: Timestamp) -> Option<Duration> {
        if self.counts.is_empty() {
            return None;
        }
        let may_hurry = self.hurried_at.is_none_or(|at| now.since(at) >= TROUBLE_GATHERED_FOR || now < at);
        if self.has_trouble && may_hurry {
            self.hurried_at = Some(now);
            self.is_awaited = true;
            return Some(TROUBLE_GATHERED_FOR);
        }
        let gathered_for = self.gathered_for.unwrap_or(GATHERED_FOR);
        (!std::mem::replace(&mut self.is_awaited, true)).then_some(gathered_for)
    }

    /// Takes what was counted so far.
    pub fn take(&mut self) -> Counts {
        self.is_awaited = false;
        self.has_trouble = false;
        Counts(std::mem::take(&mut self.counts))
    }

    /// Takes back what could not be told; what is too much is lost.
    pub fn put_back(&mut self, counts: Counts) {
        for (minute, event, count) in counts.0 {
            self.add(minute, event, count);
        }
    }

    /// Gathers for so long from now on; at most 25 s.
    pub fn gather_for(&mut self, span: Duration) {
        self.gathered_for = Some(span.clamp(TROUBLE_GATHERED_FOR, LONGEST));
    }
}

/// Counts that are about to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts(Vec<(u64, Event, u64)>);

impl Counts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The written form; `origin_name` has neither spaces nor line breaks.
    pub fn written(&self, origin_name: impl Fn(usize) -> String) -> String {
        let mut text = format!("{FORM}\n");
        for (minute, event, count) in &self.0 {
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
        text
    }
}

/// What the object answers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FlushReply {
    /// For how long to gather from now on.
    pub gather_for: Option<Duration>,
    /// Origins that others believe to be down: the name, and the word for the failure.
    pub down: Vec<(String, String)>,
    /// Origins that have recovered, and when.
    pub up: Vec<(String, Timestamp)>,
}

impl FlushReply {
    /// Reads an answer; lines that cannot be read are passed over.
    pub fn read(text: &str) -> Self {
        let mut reply = Self::default();
        for line in text.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["flush", seconds] => reply.gather_for = seconds.parse().ok().map(Duration::from_secs),
                ["down", origin, end, _since] => reply.down.push((origin.to_owned(), end.to_owned())),
                ["up", origin, at] => {
                    reply
                        .up
                        .extend(at.parse().ok().map(|at| (origin.to_owned(), Timestamp::from_millis(at))));
                }
                _ => {}
            }
        }
        reply
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
    fn counts_are_told_once_in_a_while_by_one_request() {
        let mut counters = Counters::default();
        assert_eq!(counters.is_due(second(0)), None, "there is nothing to tell");
        let mut flushers = 0;
        for _ in 0..1000 {
            counters.count(CLEAN, second(0));
            counters.count(OK, second(0));
            flushers += u32::from(counters.is_due(second(0)).is_some());
        }
        assert_eq!(flushers, 1);
        let counts = counters.take();
        let text = counts.written(|_| "a.example".to_owned());
        assert!(text.starts_with("holdfast 1\n") && text.contains("\n0 answer origin 0 1000\n"), "{text}");
        assert!(text.contains("\n0 try a.example ok 1000\n"), "{text}");
        assert_eq!(counters.is_due(second(10)), None);
        counters.count(CLEAN, second(10));
        assert_eq!(counters.is_due(second(10)), Some(GATHERED_FOR));
    }

    #[test]
    fn trouble_is_told_within_a_second_and_not_by_every_request() {
        let mut counters = Counters::default();
        counters.count(CLEAN, second(0));
        assert_eq!(counters.is_due(second(0)), Some(GATHERED_FOR));
        let mut flushers = 0;
        for _ in 0..100 {
            counters.count(REFUSED, second(1));
            flushers += u32::from(counters.is_due(second(1)) == Some(TROUBLE_GATHERED_FOR));
        }
        assert_eq!(flushers, 1);
        counters.take();
        counters.count(CLEAN, second(3));
        assert_eq!(counters.is_due(second(3)), Some(GATHERED_FOR), "it is over");
    }

    #[test]
    fn what_could_not_be_told_is_told_later() {
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
            (Event::Answer(Outcome::Page, 502), "2 answer page 502 1"),
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
    fn the_objects_answer_is_read_as_far_as_it_can_be() {
        let reply = FlushReply::read(
            "flush 20\ndown a.example edge_refused 5000\nup b.example 7000\nup c x\nwhat\n\n",
        );
        assert_eq!(reply.gather_for, Some(Duration::from_secs(20)));
        assert_eq!(reply.down, [("a.example".to_owned(), "edge_refused".to_owned())]);
        assert_eq!(reply.up, [("b.example".to_owned(), Timestamp::from_millis(7000))]);
        assert_eq!(FlushReply::read("<html>"), FlushReply::default());
        let mut counters = Counters::default();
        counters.gather_for(Duration::from_secs(600));
        counters.count(CLEAN, second(0));
        assert_eq!(counters.is_due(second(0)), Some(LONGEST));
    }
}
