//! What do the lines of a count say?
//!
//! Nothing in them is trusted: what is not one of the words that there are is skipped, so that no text can make
//! rows without end.

use std::fmt::{self, Display};

use super::attempt_result::AttemptKind;
use crate::report::Outcome;
use crate::time::Timestamp;

/// The first line of a count: its form's number.
pub const FORM: &str = "holdfast 1";

/// The longest count that is read, in bytes; the rest is cut off.
pub const MOST_BYTES: usize = 64 * 1024;

/// How many lines of a count are read.
pub const MOST_LINES: usize = 2000;

/// How long a line may have been on its way, in minutes. What is older is skipped: it would change what is over.
pub const MOST_MINUTES_LATE: u64 = 60;

/// The longest name of an origin, in bytes; the rest is cut off. A name of DNS has 253, and a port six more.
pub const LONGEST_ORIGIN: usize = 260;

/// The most of one thing that one line counts.
const MOST: u64 = 1_000_000_000;

/// One line of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// In which minute since the Unix epoch.
    pub minute: u64,
    /// At which origin; empty for what clients were answered.
    pub origin: &'a str,
    /// What was counted.
    pub what: What,
    /// How many of it, at least 1.
    pub n: u64,
}

/// What is counted. It displays as it stands in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What a client got: the outcome, and the status if it is one of 500, 502, 503 and 504, else 0.
    Answer(&'static str, u16),
    /// An attempt at the origin for a client.
    Try(AttemptKind),
    /// An attempt by a probe.
    Probe(AttemptKind),
    /// That an isolate opened its circuit for all of the origin, by what it had seen of it itself.
    Opened(AttemptKind),
    /// A request that a failure touched: which failure, and what the client got in the end.
    Touched(AttemptKind, &'static str),
}

/// The lines of a count that make sense at `now`.
///
/// A minute that has not begun is taken for this one: clocks differ by a little.
pub fn read(text: &str, now: Timestamp) -> Vec<Line<'_>> {
    let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or_default();
    let mut lines = text.split('\n');
    if lines.next() != Some(FORM) {
        return Vec::new();
    }
    let minute = minute_of(now);
    let is_late = |line: &Line<'_>| line.minute + MOST_MINUTES_LATE < minute;
    let is_early = |line: &Line<'_>| line.minute > minute + 1;
    lines
        .take(MOST_LINES)
        .filter_map(Line::read)
        .filter(|line| !is_late(line) && !is_early(line))
        .map(|line| Line { minute: line.minute.min(minute), ..line })
        .collect()
}

/// The minute since the Unix epoch that `at` is in.
pub fn minute_of(at: Timestamp) -> u64 {
    at.as_millis() / 60_000
}

impl<'a> Line<'a> {
    /// What one line says; `None` if it is none.
    fn read(text: &'a str) -> Option<Self> {
        // Years are far fewer minutes than this, and sums of it do not overflow.
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
            origin: origin.get(..origin.floor_char_boundary(LONGEST_ORIGIN)).unwrap_or_default(),
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
    /// What a row of the database counts.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        Self::of_words(kind, rest)
    }

    fn of_words(kind: &str, rest: &str) -> Option<Self> {
        let known =
            |outcome: &str| Outcome::ALL.map(Outcome::word).into_iter().find(|known| *known == outcome);
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

    /// How an attempt ended, if it is one.
    pub fn attempt(self) -> Option<AttemptKind> {
        match self {
            Self::Try(end) | Self::Probe(end) => Some(end),
            Self::Answer(..) | Self::Opened(_) | Self::Touched(..) => None,
        }
    }
}

/// Whether `outcome` is a copy that is out of date, in place of an answer that failed or took too long.
pub fn is_stale(outcome: &str) -> bool {
    matches!(outcome, "stale" | "stale_while_slow" | "kept")
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
            ("29000000 answer page 502 1", Some((29_000_000, "", "answer page 502", 1))),
            ("29000000 answer page 599 1", Some((29_000_000, "", "answer page 0", 1))),
            ("28999999 try a.example:81 ok 7", Some((28_999_999, "a.example:81", "try ok", 7))),
            ("29000001 probe zone edge_refused 1", Some((29_000_000, "zone", "probe edge_refused", 1))),
            ("29000000 touched a own_502 kept 2", Some((29_000_000, "a", "touched own_502 kept", 2))),
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
        for text in ["answer page 504", "answer hit 0", "try own_503", "probe ok", "touched loop page"] {
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
