//! Count lines, as isolates send them. What was counted, in which minute, at which origin?
//!
//! Nothing in them is trusted. A line with an unknown word is skipped, so that no text can create rows without bound.

use std::fmt::{self, Display};

use super::attempt_result::AttemptKind;
use crate::report::{Outcome, cut};
use crate::time::Timestamp;

/// The first line of the text: the version of the form.
pub const FORM: &str = "holdfast 1";

/// The longest text that is read, in bytes. The rest is cut off.
pub const MOST_BYTES: usize = 64 * 1024;

/// How many lines are read.
pub const MOST_LINES: usize = 2000;

/// The age of the oldest line that is read, in minutes. An older line would change incidents that are over.
pub const MOST_MINUTES_LATE: u64 = 60;

/// The longest name of an origin, in bytes. The rest is cut off. A DNS name has 253, a port six more.
pub const LONGEST_ORIGIN: usize = 260;

/// The highest count in one line.
const MOST: u64 = 1_000_000_000;

/// One count line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountLine<'a> {
    /// The minute since the Unix epoch.
    pub minute: u64,
    /// The origin's name. Empty for answers to clients.
    pub origin: &'a str,
    /// What was counted.
    pub what: What,
    /// The count, at least 1.
    pub n: u64,
}

/// What is counted. It displays as the database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An answer to a client: the outcome, and the status if it is 500, 502, 503 or 504, else 0.
    Answer(&'static str, u16),
    /// An attempt at the origin for a client.
    Try(AttemptKind),
    /// An attempt by a probe.
    Probe(AttemptKind),
    /// An isolate opened its circuit for the whole origin, because of what it had seen itself.
    Opened(AttemptKind),
    /// A request that a failure touched: the failure, and what the client got in the end.
    Touched(AttemptKind, &'static str),
}

/// The lines that are valid at `now`. The next minute counts as this one, because clocks differ a little.
pub fn read(text: &str, now: Timestamp) -> Vec<CountLine<'_>> {
    let mut lines = cut(text, MOST_BYTES).split('\n');
    if lines.next() != Some(FORM) {
        return Vec::new();
    }
    lines
        .take(MOST_LINES)
        .filter_map(CountLine::read)
        .filter_map(|line| Some(CountLine { minute: minute_in_time(line.minute, now)?, ..line }))
        .collect()
}

/// The minute in which something is counted that is said to be of `minute`. `None` if that is too old, or yet to come.
pub(super) fn minute_in_time(minute: u64, now: Timestamp) -> Option<u64> {
    let this = minute_of(now);
    let is_late = minute.saturating_add(MOST_MINUTES_LATE) < this;
    (!is_late && minute <= this + 1).then_some(minute.min(this))
}

/// The minute since the Unix epoch that `at` is in.
pub fn minute_of(at: Timestamp) -> u64 {
    at.as_millis() / 60_000
}

impl<'a> CountLine<'a> {
    /// Reads one line. `None` if it is not valid.
    fn read(text: &'a str) -> Option<Self> {
        // No real minute is this large, and sums of it do not overflow.
        const LAST_MINUTE: u64 = 1 << 40;
        let (minute, rest) = text.split_once(' ')?;
        let (rest, n) = rest.rsplit_once(' ')?;
        let (kind, rest) = rest.split_once(' ')?;
        let (origin, rest) = if kind == "answer" { ("", rest) } else { rest.split_once(' ')? };
        let is_name = |origin: &str| !origin.is_empty() && !origin.chars().any(char::is_control);
        if kind != "answer" && !is_name(origin) {
            return None;
        }
        Some(Self {
            minute: minute.parse().ok().filter(|minute| *minute < LAST_MINUTE)?,
            origin: cut(origin, LONGEST_ORIGIN),
            what: What::of_words(kind, rest)?,
            n: n.parse().ok().filter(|n| *n > 0).map(|n: u64| n.min(MOST))?,
        })
    }

    /// When it was, as far as is known: at the end of its minute, but not after `now`.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        now.min(Timestamp::from_millis(self.minute * 60_000 + 59_999))
    }
}

impl What {
    /// Reads the `what` of a row in the database.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        Self::of_words(kind, rest)
    }

    fn of_words(kind: &str, rest: &str) -> Option<Self> {
        let known = |outcome: &str| Outcome::of_word(outcome).map(Outcome::word);
        match kind {
            "answer" => {
                let (outcome, status) = rest.split_once(' ')?;
                let status: u16 = status.parse().ok()?;
                let told_apart = matches!(status, 500 | 502 | 503 | 504);
                Some(Self::Answer(known(outcome)?, if told_apart { status } else { 0 }))
            }
            "try" => AttemptKind::of_word(rest).map(Self::Try),
            "probe" => AttemptKind::of_word(rest).map(Self::Probe),
            "opened" => AttemptKind::of_word(rest).map(Self::Opened),
            "touched" => {
                let (end, outcome) = rest.split_once(' ')?;
                Some(Self::Touched(AttemptKind::of_word(end)?, known(outcome)?))
            }
            _ => None,
        }
    }

    /// How the attempt ended, if this is an attempt.
    pub fn attempt(self) -> Option<AttemptKind> {
        match self {
            Self::Try(end) | Self::Probe(end) => Some(end),
            Self::Answer(..) | Self::Opened(_) | Self::Touched(..) => None,
        }
    }
}

/// Whether `outcome` is a stale copy in place of an answer that failed or took too long.
pub fn is_stale(outcome: &str) -> bool {
    matches!(outcome, "stale" | "stale_while_slow" | "last_good")
}

impl Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, end, rest) = match *self {
            Self::Answer(outcome, status) => return write!(out, "answer {outcome} {status}"),
            Self::Try(end) => ("try ", end, ""),
            Self::Probe(end) => ("probe ", end, ""),
            Self::Opened(end) => ("opened ", end, ""),
            Self::Touched(end, outcome) => ("touched ", end, outcome),
        };
        out.write_str(kind)?;
        out.write_str(end.word())?;
        if rest.is_empty() { Ok(()) } else { write!(out, " {rest}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(29_000_000 * 60_000 + 30_000);

    fn read_one(line: &str) -> Option<(u64, String, String, u64)> {
        let text = format!("{FORM}\n{line}\n");
        let lines = read(&text, NOW);
        let [line] = lines[..] else { return None };
        Some((line.minute, line.origin.to_owned(), line.what.to_string(), line.n))
    }

    #[test]
    fn a_line_is_read_or_skipped() {
        for (line, read) in [
            ("29000000 answer stale 0 3", Some((29_000_000, "", "answer stale 0", 3))),
            ("29000000 answer error_page 502 1", Some((29_000_000, "", "answer error_page 502", 1))),
            ("29000000 answer error_page 599 1", Some((29_000_000, "", "answer error_page 0", 1))),
            ("28999999 try a.example:81 ok 7", Some((28_999_999, "a.example:81", "try ok", 7))),
            ("29000001 probe zone edge_refused 1", Some((29_000_000, "zone", "probe edge_refused", 1))),
            (
                "29000000 touched a own_502 last_good 2",
                Some((29_000_000, "a", "touched own_502 last_good", 2)),
            ),
            // Words of log schema 1.
            ("29000000 touched a own_502 kept 2", Some((29_000_000, "a", "touched own_502 last_good", 2))),
            ("29000000 answer page 502 1", Some((29_000_000, "", "answer error_page 502", 1))),
            (
                "29000000 touched a believed_down page 1",
                Some((29_000_000, "a", "touched circuit_open error_page", 1)),
            ),
            ("28999940 try a ok 1", Some((28_999_940, "a", "try ok", 1))),
            ("28999939 try a ok 1", None),
            ("29000002 try a ok 1", None),
            ("29000000 try a ok 99999999999999", Some((29_000_000, "a", "try ok", MOST))),
            ("29000000 try a ok 0", None),
            ("29000000 try a ok -1", None),
            ("29000000 try a ok", None),
            ("29000000 try a ok 1 ", None),
            ("29000000 try  ok 1", None),
            ("29000000 try a fine 1", None),
            ("29000000 answer stale 1", None),
            ("29000000 answer nothing 0 1", None),
            ("29000000 touched a ok 1", None),
            ("29000000 count a ok 1", None),
            ("18446744073709551615 try a ok 1", None),
            ("x try a ok 1", None),
            ("", None),
        ] {
            let read = read.map(|(minute, origin, what, n)| (minute, origin.to_owned(), what.to_owned(), n));
            assert_eq!(read_one(line), read, "{line}");
        }
    }

    #[test]
    fn what_is_written_in_the_database_is_read_again() {
        for text in
            ["answer error_page 504", "answer hit 0", "try own_503", "probe ok", "touched loop error_page"]
        {
            assert_eq!(What::read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_count_in_another_form_or_too_long_is_not_read_to_its_end() {
        assert_eq!(read("holdfast 2\n29000000 try a ok 1\n", NOW), []);
        assert_eq!(read("29000000 try a ok 1\n", NOW), []);
        let line = "29000000 try a ok 1\n";
        assert_eq!(read(&format!("{FORM}\n{}", line.repeat(MOST_LINES + 10)), NOW).len(), MOST_LINES);
        let long = format!("29000000 try {} ok 1\n", "é".repeat(400));
        let text = format!("{FORM}\n{}", long.repeat(1000));
        let lines = read(&text, NOW);
        assert!(lines.len() <= MOST_BYTES / long.len());
        assert!(lines.iter().all(|line| line.origin.len() <= LONGEST_ORIGIN));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "(holdfast 1\n)?([0-9]{1,22} (try|answer|probe|touched) [a-c;'\" -]{0,9}( ok| page)? [0-9-]{1,22}\n|.{0,30}\n){0,6}") {
            for line in read(&text, NOW) {
                prop_assert!(line.n >= 1 && line.minute <= minute_of(NOW));
                prop_assert_eq!(What::read(&line.what.to_string()), Some(line.what));
            }
        }
    }
}
