//! Latency. How long did answers take? Counted in buckets, from which shares below a time follow.
//!
//! Buckets of all isolates can be added up; medians cannot. They travel as lines of words, one for each minute and origin:
//! `took <minute> <origin> <sum> <number in each bucket, by commas>`. Without an origin it is how long visitors waited.

use std::fmt::{self, Display};
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::count_lines::{LONGEST_ORIGIN, minute_in_time};
use crate::time::{Timestamp, millis};

/// The upper bounds of the buckets but the last, which has none, in milliseconds.
pub const BOUNDS: [u64; 12] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/// How many buckets there are.
pub const BUCKETS: usize = BOUNDS.len() + 1;

/// How many lines of one flush are read.
const MOST_LINES: usize = 200;

/// The highest number in a line.
const MOST: u64 = 1 << 48;

/// A line: how long answers of an origin took that came in one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Took<'a> {
    /// The minute since the Unix epoch.
    pub minute: u64,
    /// The origin's name; empty for what visitors waited for.
    pub origin: &'a str,
    /// How long.
    pub latency: Latency,
}

/// How long answers took: how many fell into each bucket.
///
/// As JSON it is their number, median and 95th percentile in milliseconds; both are `null` if there were none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// The number in each bucket.
    pub buckets: [u64; BUCKETS],
    /// The sum of all, in milliseconds.
    pub sum_ms: u64,
}

/// The bucket of an answer that took `span`.
pub fn bucket_of(span: Duration) -> usize {
    BOUNDS.partition_point(|bound| u128::from(*bound) < span.as_millis())
}

/// The lines in `text` that are valid at `now`.
pub fn read(text: &str, now: Timestamp) -> Vec<Took<'_>> {
    all(text, now).take(MOST_LINES).collect()
}

/// The same, however many there are.
pub(super) fn all(text: &str, now: Timestamp) -> impl Iterator<Item = Took<'_>> {
    text.lines().filter_map(move |line| Took::read(line, now))
}

impl<'a> Took<'a> {
    fn read(line: &'a str, now: Timestamp) -> Option<Self> {
        let mut words = line.strip_prefix("took ")?.split(' ');
        let minute = minute_in_time(words.next()?.parse().ok()?, now)?;
        let origin = words.next()?;
        let is_name = origin.len() <= LONGEST_ORIGIN && !origin.chars().any(char::is_control);
        let latency = Latency::read(&format!("{} {}", words.next()?, words.next()?))?;
        (is_name && words.next().is_none()).then_some(Self { minute, origin, latency })
    }
}

impl Display for Took<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "took {} {} {}", self.minute, self.origin, self.latency.written())
    }
}

impl Latency {
    /// Adds an answer that took `span`.
    pub fn add_one(&mut self, span: Duration) {
        self.add(bucket_of(span), 1);
        self.sum_ms = self.sum_ms.saturating_add(millis(span));
    }

    /// Adds `other`.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, n) in other.buckets.iter().enumerate() {
            self.add(bucket, *n);
        }
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
    }

    /// As text: the sum, then the buckets.
    pub fn written(&self) -> String {
        let buckets: Vec<_> = self.buckets.iter().map(u64::to_string).collect();
        format!("{} {}", self.sum_ms, buckets.join(","))
    }

    /// What was [`written`](Self::written). `None` if it is another text.
    pub fn read(text: &str) -> Option<Self> {
        let (sum, buckets) = text.split_once(' ')?;
        let number = |text: &str| text.parse::<u64>().ok().map(|n| n.min(MOST));
        let buckets: Option<Vec<u64>> = buckets.split(',').map(number).collect();
        Some(Self { sum_ms: number(sum)?, buckets: buckets?.try_into().ok()? })
    }

    /// Adds `n` answers to a bucket. One that does not exist is skipped.
    pub fn add(&mut self, bucket: usize, n: u64) {
        if let Some(known) = self.buckets.get_mut(bucket) {
            *known = known.saturating_add(n);
        }
    }

    /// How many answers there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// The time within which `per_cent` of the answers came, in milliseconds: interpolated within its bucket, and the
    /// highest bound if it lies above that. `None` if there were none.
    pub fn percentile(&self, per_cent: u64) -> Option<u64> {
        let count = u128::from(self.count());
        let wanted = (count * u128::from(per_cent)).div_ceil(100).max(1);
        let (mut below, mut from) = (0_u128, 0_u64);
        for (n, to) in self.buckets.iter().zip(BOUNDS) {
            let n = u128::from(*n);
            if n > 0 && below + n >= wanted {
                let part = u128::from(to - from) * (wanted - below) / n;
                return Some(from + u64::try_from(part).unwrap_or(0));
            }
            (below, from) = (below + n, to);
        }
        (count > 0).then_some(from)
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut latency = serializer.serialize_struct("Latency", 3)?;
        latency.serialize_field("n", &self.count())?;
        latency.serialize_field("median_ms", &self.percentile(50))?;
        latency.serialize_field("p95_ms", &self.percentile(95))?;
        latency.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_counts_in_the_bucket_whose_bound_it_does_not_exceed() {
        for (ms, bucket) in [(0, 0), (5, 0), (6, 1), (100, 4), (101, 5), (30_000, 11), (30_001, 12)] {
            assert_eq!(bucket_of(Duration::from_millis(ms)), bucket, "{ms}");
        }
    }

    #[test]
    fn of_no_answers_there_is_no_median() {
        assert_eq!(Latency::default().percentile(50), None);
        assert_eq!(
            serde_json::to_string(&Latency::default()).unwrap(),
            r#"{"n":0,"median_ms":null,"p95_ms":null}"#
        );
    }

    #[test]
    fn what_exceeds_the_highest_bound_counts_as_that() {
        let mut latency = Latency::default();
        latency.add(BUCKETS - 1, 3);
        latency.add(BUCKETS, 3);
        assert_eq!((latency.count(), latency.percentile(50)), (3, Some(30_000)));
    }

    const NOW: Timestamp = Timestamp::from_millis(29_000_000 * 60_000 + 30_000);

    #[test]
    fn a_line_is_read_or_skipped() {
        for (line, is_read) in [
            ("took 29000000 a 70 1,2,0,0,0,0,0,0,0,0,0,0,3", true),
            ("took 29000000  70 1,2,0,0,0,0,0,0,0,0,0,0,3", true),
            ("took 28999000 a 70 1,2,0,0,0,0,0,0,0,0,0,0,3", false),
            ("took 29000000 a 70 1,2", false),
            ("took 29000000 a 70 1,2,0,0,0,0,0,0,0,0,0,0,x", false),
            ("took 29000000 a -7 1,2,0,0,0,0,0,0,0,0,0,0,3", false),
            ("took 29000000 a 70 1,2,0,0,0,0,0,0,0,0,0,0,3 ", false),
            ("took 29000000 a", false),
            ("", false),
        ] {
            let read = read(line, NOW);
            assert_eq!(read.first().map(ToString::to_string).as_deref(), is_read.then_some(line));
        }
    }

    #[test]
    fn what_is_added_up_is_the_sum() {
        let mut one = Latency::default();
        one.add_one(Duration::from_millis(7));
        one.add_one(Duration::from_millis(70));
        let mut both = one;
        both.merge(&one);
        assert_eq!((both.count(), both.sum_ms, both.buckets[1]), (4, 154, 2));
        assert_eq!(Latency::read(&both.written()), Some(both));
        let most = Latency { buckets: [u64::MAX; BUCKETS], sum_ms: u64::MAX };
        both.merge(&most);
        assert_eq!((both.count(), both.sum_ms), (u64::MAX, u64::MAX));
    }

    proptest! {
        #[test]
        fn a_percentile_lies_in_the_bucket_of_the_exact_one(mut times in proptest::collection::vec(0..40_000_u64, 1..200), per_cent in 1..=100_u64) {
            let mut latency = Latency::default();
            for ms in &times {
                latency.add(bucket_of(Duration::from_millis(*ms)), 1);
            }
            times.sort_unstable();
            let rank = (times.len() as u64 * per_cent).div_ceil(100).max(1);
            let exact = times[usize::try_from(rank).unwrap() - 1];
            let (found, bucket) = (latency.percentile(per_cent).unwrap(), bucket_of(Duration::from_millis(exact)));
            let lower = if bucket == 0 { 0 } else { BOUNDS[bucket - 1] };
            let upper = BOUNDS.get(bucket).copied().unwrap_or(30_000);
            prop_assert!((lower..=upper).contains(&found), "{} not in {}..={}", found, lower, upper);
        }
    }
}
