//! The deadline. How much time is left for attempts and waits together?

use std::time::Duration;

use crate::time::Timestamp;

/// The time by which the client must have a response header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    ends_at: Timestamp,
}

impl Deadline {
    /// A deadline `total` after `now`.
    pub fn new(now: Timestamp, total: Duration) -> Self {
        Self { ends_at: now.plus(total) }
    }

    /// The time left at `now`; zero once the deadline has passed.
    pub fn left(self, now: Timestamp) -> Duration {
        self.ends_at.since(now)
    }

    /// The time limit for the header of an attempt that starts at `now`: its own limit or the time left, whichever is
    /// shorter.
    pub fn limit(self, now: Timestamp, first_byte: Duration) -> Duration {
        self.left(now).min(first_byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_gets_the_lesser_of_its_limit_and_what_is_left() {
        let deadline = Deadline::new(Timestamp::from_millis(1000), Duration::from_secs(25));
        let limit = |at| deadline.limit(Timestamp::from_millis(at), Duration::from_secs(10)).as_millis();
        assert_eq!((limit(1000), limit(20_000), limit(26_000), limit(99_000)), (10_000, 6000, 0, 0));
    }
}
