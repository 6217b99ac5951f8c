//! The `retry` table. Is a request sent again, and how often?

use std::time::Duration;

use super::share::Share;

/// `retry`: whether and how requests are repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts per request, including the first; 1 means no retry.
    pub attempts: u32,
    /// Whether the origin honours `Idempotency-Key`, so that requests with a key may be repeated.
    pub idempotency_key: bool,
    /// The longest delay before the first retry; it doubles with each retry.
    pub backoff: Duration,
    /// The longest delay before any retry, and the longest `Retry-After` that is honoured.
    pub backoff_max: Duration,
    /// Retries per request in the long run, for each origin and isolate; zero leaves a small reserve and what time
    /// brings. See [`Budget`](crate::origin::retry_budget::Budget).
    pub budget: Option<Share>,
    /// Request bodies up to this many bytes are buffered so that they can be sent again.
    pub replay_body: u64,
    /// The origin's own statuses that are retried.
    pub statuses: Vec<u16>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            idempotency_key: false,
            backoff: Duration::from_millis(100),
            backoff_max: Duration::from_secs(2),
            budget: Some(Share::in_10_000(2000)),
            replay_body: 64 * 1024,
            statuses: vec![502, 503, 504],
        }
    }
}
