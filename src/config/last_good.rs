//! The `last_good` table. Which paths have a last good copy that is kept for long?

use std::time::Duration;

use super::pattern::Pattern;
use super::share::Share;

/// `last_good`: of what a copy is kept for long, to be served when the origin fails and the cache has nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastGood {
    /// The paths that are kept, percent-encoded as they arrive.
    pub paths: Vec<Pattern>,
    /// A copy is written at most once in this time, a minute or more.
    pub interval: Duration,
    /// How old a copy may be that is served: `interval` or more.
    pub max_age: Duration,
    /// An answer whose body is shorter than this share of the kept one's is not taken for good; zero turns
    /// the check off.
    pub shrink: Share,
}

impl Default for LastGood {
    fn default() -> Self {
        Self {
            paths: vec![Pattern::new("/robots.txt")],
            interval: Duration::from_secs(60 * 60),
            max_age: Duration::from_secs(30 * 24 * 60 * 60),
            shrink: Share::in_10_000(1000),
        }
    }
}
