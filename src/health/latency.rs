//! Latency. How long did answers take? Counted in buckets, from which shares below a time follow.
//!
//! Buckets of all isolates can be added up; medians cannot.

use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// The upper bounds of the buckets but the last, which has none, in milliseconds.
pub const BOUNDS: [u64; 12] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/// How many buckets there are.
pub const BUCKETS: usize = BOUNDS.len() + 1;

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

impl Latency {
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
