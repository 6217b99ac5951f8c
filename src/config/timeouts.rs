//! The `timeouts` table. How long does a request wait for an origin?

use std::time::Duration;

/// `timeouts`: how long a request waits for an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The limit for one attempt, from sending it to its response header.
    pub first_byte: Duration,
    /// The longest silence between pieces of a body.
    pub idle: Duration,
    /// The limit for all attempts and waits, to the response header.
    pub total: Duration,
    /// After this time without a response header a stale copy answers, if permitted, and the fetch goes on in the
    /// background; at most `first_byte`. `None` for off.
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
