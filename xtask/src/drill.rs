//! Orders for fire drills, from now: see [`operator::drill`].

use std::time::{Duration, SystemTime};

use anyhow::Result;
use holdfast::time::Timestamp;
use operator::drill;
pub use operator::drill::read_validity;

/// The value of the header field that forces the failure `word` at the host of `site` for `validity` from now.
pub fn order(token: &str, word: &str, site: &str, validity: Duration) -> Result<String> {
    drill::order(token, word, site, validity, now()?)
}

/// The whole field.
pub fn field(token: &str, word: &str, site: &str, validity: Duration) -> Result<String> {
    drill::field(token, word, site, validity, now()?)
}

pub(crate) fn now() -> Result<Timestamp> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(u64::try_from(since_epoch.as_millis())?))
}
