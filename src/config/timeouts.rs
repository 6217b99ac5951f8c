//! The `timeouts` table. How long does a request wait for an origin?

use std::time::Duration;

/// `timeouts`: how long to wait for an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One attempt, from sending it to its response header.
    pub first_byte: Duration,
    /// Silence between pieces of a body.
    pub idle: Duration,
    /// All attempts and waits, to the response header.
    pub total: Duration,
    /// After this time without a response header a stale copy answers, where one may, and the fetch goes on behind it;
    /// at most `first_byte`. `None` for off.
    pub serve_stale_after: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(25),
            serve_stale_after: None,
        }
    }
}
