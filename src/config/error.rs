//! A mistake in a configuration. Which key is wrong, and what is accepted there?

use std::fmt;

/// One mistake in a configuration. It displays as `key = value: rule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The key, e.g. `timeouts.first_byte`, `origins[0]` or `routes[1].cache.max_body`; `HOLDFAST` for the whole
    /// value.
    pub key: String,
    /// Its value as JSON, at most 80 characters, without passwords.
    pub value: String,
    /// What is accepted.
    pub rule: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} = {}: {}", self.key, self.value, self.rule)
    }
}

impl std::error::Error for ConfigError {}
