//! The `breaker` table. When does a page, a section or an origin count as down?

use std::time::Duration;

use super::share::Share;

/// `breaker`: when a page, a section or an origin counts as down and is left alone. See [`origin::breaker`](crate::origin::breaker).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Whether anything is ever left alone.
    pub enabled: bool,
    /// Requests of so many different clients have to fail in a row, at least 1; more than 64 count as 64.
    pub consecutive: u32,
    /// Or at least this share of the requests in `window`; more than zero.
    pub failures: Share,
    /// How many there have to be for that, at least 1; more than 64 count as 64.
    pub minimum: u32,
    /// For how long a request counts.
    pub window: Duration,
    /// For how long what is down is left alone.
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
