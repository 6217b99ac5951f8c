//! The `breaker` table. When does a page, a section or an origin count as down?

use std::time::Duration;

use super::share::Share;

/// `breaker`: when a page, a section or an origin counts as down and is not asked. See
/// [`origin::breaker`](crate::origin::breaker).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Whether circuits open at all.
    pub enabled: bool,
    /// The number of different clients whose requests must fail in a row; at least 1, more than 64 count as 64.
    pub consecutive: u32,
    /// The share of the requests in `window` that opens a circuit as well; more than zero.
    pub failures: Share,
    /// The number of requests that this share needs; at least 1, more than 64 count as 64.
    pub minimum: u32,
    /// How long a request counts.
    pub window: Duration,
    /// How long a circuit stays open.
    pub open_for: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            enabled: true,
            consecutive: 5,
            failures: Share::in_10_000(10_000),
            minimum: 20,
            window: Duration::from_secs(10),
            open_for: Duration::from_secs(5),
        }
    }
}
