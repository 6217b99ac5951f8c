//! Observations: what an isolate has seen of a part of the site since its last flush, to the millisecond.
//!
//! They travel behind the [count lines](super::count_lines), one line of words for each:
//! `<word> <origin> <kind> <five numbers> <place>`. Unlike counts they have an order in time, so the object can tell what
//! happened last. The place is empty for the whole origin, the origin for the whole site. Nothing in them is trusted.

use std::fmt::{self, Display, Write};

use super::attempt_result::AttemptKind;
use super::count_lines::LONGEST_ORIGIN;
use crate::origin::breaker::place;
use crate::report::cut;
use crate::time::Timestamp;

/// The longest name of a place, in bytes. The rest is cut off.
pub const LONGEST_PLACE: usize = place::LONGEST_NAME;

/// How many observations of one flush are read.
const MOST: usize = 1000;

/// The highest number of anything in one observation.
const MOST_COUNTED: u64 = 1_000_000_000;

/// One observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation<'a> {
    /// The origin's name.
    pub origin: &'a str,
    /// The part of the site: empty for all of it, `host/section/*`, or `host/page`.
    pub place: &'a str,
    /// What was seen there.
    pub what: Seen,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Good answers.
    Answered {
        /// How many.
        n: u64,
        /// The first one.
        first: Timestamp,
        /// The last one.
        last: Timestamp,
    },
    /// Attempts that failed in this way.
    Failed {
        /// How.
        kind: AttemptKind,
        /// Whether they were made by the cron trigger, which waits longer than visitors do.
        by_probe: bool,
        /// How many.
        n: u64,
        /// How many requests of different clients failed for good, of those that have not been counted since the last good
        /// answer.
        lost: u64,
        /// How many of the attempts are told of the whole origin too.
        shared: u64,
        /// The first failure.
        first: Timestamp,
        /// The last one.
        last: Timestamp,
    },
    /// A circuit is open.
    Open {
        /// The failure that opened it.
        kind: AttemptKind,
        /// How many failed requests opened it; 0 if that is told again.
        n: u64,
        /// The first failure of those for which it opened, as far as it is known.
        since: Timestamp,
        /// When it was seen to be open.
        at: Timestamp,
    },
    /// Answers to visitors, of the whole site: the origin has no name.
    Served {
        /// How many.
        n: u64,
        /// Those that were stale copies in place of an answer that failed or took too long.
        stale: u64,
        /// Those that were errors.
        errors: u64,
        /// The first one.
        first: Timestamp,
        /// The last one.
        last: Timestamp,
    },
    /// Requests of visitors that the failure touched.
    Visitors {
        /// The failure.
        kind: AttemptKind,
        /// How many there were.
        touched: u64,
        /// Those that were refused by an open circuit.
        refused: u64,
        /// Those that got a stale copy.
        stale: u64,
        /// Those that got an error.
        errors: u64,
        /// The last one.
        at: Timestamp,
    },
}

impl Seen {
    /// Adds `other` to this if it is of the same sort. Returns whether it was.
    pub fn merge(&mut self, other: Self) -> bool {
        match (self, other) {
            (Self::Answered { n, first, last }, Self::Answered { n: more, first: from, last: to }) => {
                *n += more;
                (*first, *last) = ((*first).min(from), (*last).max(to));
            }
            (
                Self::Failed { kind, by_probe, n, lost, shared, first, last },
                Self::Failed {
                    kind: other,
                    by_probe: probe,
                    n: more,
                    lost: clients,
                    shared: also,
                    first: from,
                    last: to,
                },
            ) if (*kind, *by_probe) == (other, probe) => {
                *n += more;
                *lost += clients;
                *shared += also;
                (*first, *last) = ((*first).min(from), (*last).max(to));
            }
            (
                Self::Open { kind, n, since, at },
                Self::Open { kind: other, n: more, since: from, at: later },
            ) => {
                *n += more;
                *since = (*since).min(from);
                if (later, other.word()) >= (*at, kind.word()) {
                    (*kind, *at) = (other, later);
                }
            }
            (
                Self::Served { n, stale, errors, first, last },
                Self::Served { n: more, stale: copies, errors: pages, first: from, last: to },
            ) => {
                *n += more;
                *stale += copies;
                *errors += pages;
                (*first, *last) = ((*first).min(from), (*last).max(to));
            }
            (
                Self::Visitors { kind, touched, refused, stale, errors, at },
                Self::Visitors {
                    kind: other,
                    touched: more,
                    refused: not_tried,
                    stale: copies,
                    errors: pages,
                    at: later,
                },
            ) if *kind == other => {
                *touched += more;
                *refused += not_tried;
                *stale += copies;
                *errors += pages;
                *at = (*at).max(later);
            }
            _ => return false,
        }
        true
    }
}

/// The observations in `text` that can be read, at `now`. Times that are not over yet are taken for now.
pub fn read(text: &str, now: Timestamp) -> Vec<Observation<'_>> {
    all(text, now).take(MOST).collect()
}

/// The same, however many there are.
pub(super) fn all(text: &str, now: Timestamp) -> impl Iterator<Item = Observation<'_>> {
    text.lines().filter_map(move |line| Observation::read(line, now))
}

impl<'a> Observation<'a> {
    fn read(line: &'a str, now: Timestamp) -> Option<Self> {
        let mut words = line.splitn(9, ' ');
        let mut word = || words.next();
        let (what, origin, kind) = (word()?, word()?, AttemptKind::of_word(word()?)?);
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = word()?.parse::<u64>().ok()?;
        }
        let place = word()?;
        if (origin.is_empty() != (what == "served"))
            || [origin, place].iter().any(|name| name.chars().any(char::is_control))
        {
            return None;
        }
        let [a, b, c, d, e] = numbers;
        let [n, lost, third] = [a, b, c].map(|n| n.min(MOST_COUNTED));
        let at = |ms: u64| now.min(Timestamp::from_millis(ms));
        let (first, last) = (at(d).min(at(e)), at(e));
        let is_failure = kind.class().is_some();
        let what = match what {
            "ok" => Seen::Answered { n, first, last },
            "failed" | "probe-failed" if is_failure => {
                Seen::Failed { kind, by_probe: what == "probe-failed", n, lost, shared: third, first, last }
            }
            "open" if is_failure => Seen::Open { kind, n, since: first, at: last },
            "served" => Seen::Served { n, stale: lost, errors: third, first, last },
            "visitors" if is_failure => {
                let [stale, errors] = [c, d].map(|n| n.min(MOST_COUNTED));
                Seen::Visitors { kind, touched: n, refused: lost, stale, errors, at: last }
            }
            _ => return None,
        };
        Some(Self { origin: cut(origin, LONGEST_ORIGIN), place: cut(place, LONGEST_PLACE), what })
    }
}

impl Display for Observation<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = Timestamp::as_millis;
        let (word, kind, numbers) = match self.what {
            Seen::Answered { n, first, last } => ("ok", AttemptKind::Ok, [n, 0, 0, ms(first), ms(last)]),
            Seen::Failed { kind, by_probe, n, lost, shared, first, last } => {
                let word = if by_probe { "probe-failed" } else { "failed" };
                (word, kind, [n, lost, shared, ms(first), ms(last)])
            }
            Seen::Open { kind, n, since, at } => ("open", kind, [n, 0, 0, ms(since), ms(at)]),
            Seen::Served { n, stale, errors, first, last } => {
                ("served", AttemptKind::Ok, [n, stale, errors, ms(first), ms(last)])
            }
            Seen::Visitors { kind, touched, refused, stale, errors, at } => {
                ("visitors", kind, [touched, refused, stale, errors, ms(at)])
            }
        };
        for text in [word, " ", self.origin, " ", kind.word()] {
            out.write_str(text)?;
        }
        for number in numbers {
            write!(out, " {number}")?;
        }
        out.write_char(' ')?;
        out.write_str(self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::Failure;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_323_070_000);
    const REFUSED: AttemptKind = AttemptKind::Failed(Failure::EdgeRefused);

    #[test]
    fn what_is_written_is_read_again() {
        let (first, last) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
        let failed =
            |by_probe| Seen::Failed { kind: REFUSED, by_probe, n: 7, lost: 2, shared: 4, first, last };
        for (what, line) in [
            (Seen::Answered { n: 3, first, last }, "ok a ok 3 0 0 5 9 www.example/shop/*"),
            (failed(false), "failed a edge_refused 7 2 4 5 9 www.example/shop/*"),
            (failed(true), "probe-failed a edge_refused 7 2 4 5 9 www.example/shop/*"),
            (
                Seen::Open { kind: REFUSED, n: 3, since: first, at: last },
                "open a edge_refused 3 0 0 5 9 www.example/shop/*",
            ),
            (
                Seen::Visitors { kind: REFUSED, touched: 9, refused: 5, stale: 4, errors: 3, at: last },
                "visitors a edge_refused 9 5 4 3 9 www.example/shop/*",
            ),
        ] {
            for place in ["www.example/shop/*", "", "POST www.example/order"] {
                let observation = Observation { origin: "a", place, what };
                let line = line.replace("www.example/shop/*", place);
                assert_eq!(observation.to_string(), line);
                assert_eq!(read(&line, NOW), [observation]);
            }
        }
    }

    #[test]
    fn what_the_whole_site_was_served_has_no_origin() {
        let (first, last) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
        let what = Seen::Served { n: 30, stale: 4, errors: 3, first, last };
        let observation = Observation { origin: "", place: "", what };
        assert_eq!(observation.to_string(), "served  ok 30 4 3 5 9 ");
        assert_eq!(read("served  ok 30 4 3 5 9 ", NOW), [observation]);
    }

    #[test]
    fn an_observation_is_read_or_skipped() {
        for (line, is_read) in [
            ("open a edge_refused 0 0 0 0 9 ", true),
            ("open a edge_refused 0 0 0 0 9", false),
            ("open a edge_refused 0 0 0 9 ", false),
            ("open a ok 0 0 0 0 9 ", false),
            ("failed a ok 1 1 0 1 9 ", false),
            ("open  edge_refused 0 0 0 0 9 ", false),
            ("served a ok 1 0 0 0 9 ", false),
            ("open a nothing 0 0 0 0 9 ", false),
            ("shut a edge_refused 0 0 0 0 9 ", false),
            ("open a edge_refused 0 0 0 0 -9 ", false),
            ("open a edge_refused 0 0 0 0 9 a\u{7}b", false),
            ("29000000 try a edge_refused 1", false),
            ("", false),
        ] {
            assert_eq!(read(line, NOW).len(), usize::from(is_read), "{line:?}");
        }
        let later = NOW.as_millis() + 500;
        let text = format!("open a edge_refused 0 0 0 0 {later} {}", "é".repeat(200));
        let read = read(&text, NOW).remove(0);
        assert_eq!(
            read.what,
            Seen::Open { kind: REFUSED, n: 0, since: Timestamp::from_millis(0), at: NOW },
            "clocks differ a little"
        );
        assert_eq!(read.place.len(), LONGEST_PLACE);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "((ok|failed|open|visitors|served) a? (ok|edge_refused) ([0-9]{1,22} ){5}.{0,9}\n|.{0,30}\n){0,6}") {
            for observation in read(&text, NOW) {
                let written = observation.to_string();
                prop_assert_eq!(&read(&written, NOW)[0], &observation);
            }
        }
    }
}
