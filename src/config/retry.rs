//! The `retry` table. Is a request sent again, and how often?

use std::time::Duration;

use super::share::Share;

/// `retry`: whether and how to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts for one request, the first one included; 1 means no retry.
    pub attempts: u32,
    /// Whether the origin honours `Idempotency-Key`, so that keyed requests may be repeated.
    pub idempotency_key: bool,
    /// The longest wait before the first retry; it doubles with each.
    pub backoff: Duration,
    /// The longest wait before any retry, and the longest `Retry-After` that is obeyed.
    pub backoff_max: Duration,
    /// Retries for each request in the long run, per origin and isolate; zero leaves a small reserve, and what time
    /// brings. See [`Budget`](crate::origin::retry_budget::Budget).
    pub budget: Option<Share>,
    /// A request body up to this many bytes is held so that it can be sent again.
    pub replay_body: u64,
    /// The origin's own statuses after which there is another attempt.
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
