//! The `last_good` table. Which paths have a last good copy?

use std::time::Duration;

use super::pattern::Pattern;
use super::share::Share;

/// `last_good`: the paths whose last good answer is kept, to be served if the origin fails and the cache has nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastGood {
    /// The paths, percent-encoded as they arrive.
    pub paths: Vec<Pattern>,
    /// The shortest time between two writes of a copy; a minute or more.
    pub interval: Duration,
    /// The maximal age of a copy that is served; `interval` or more.
    pub max_age: Duration,
    /// An answer whose body is shorter than this share of the copy's is not accepted; zero for off.
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
