//! The operator's settings and their defaults. What does a `HOLDFAST` variable say, and which mistakes does it
//! contain?
//!
//! [`Config::from_value`] builds a [`Config`] and finds every mistake in one pass. The [`Settings`] of each route are
//! complete: its tables are merged into the defaults when the configuration is read, not when a request comes.

mod alert;
mod body;
mod breaker;
mod cache;
mod error;
mod keys;
mod last_good;
mod maintenance;
mod origin;
mod page;
mod pattern;
mod reader;
mod renamed;
mod retry;
mod settings;
mod share;
#[cfg(test)]
mod tests;
mod timeouts;
mod token;
mod values;

use serde_json::Value;

pub use alert::{Alert, AlertForm, Incident, RoutingKey, Webhook};
pub use body::Body;
pub use breaker::Breaker;
pub use cache::{Cache, ClientDirectives, TrustVary};
pub use error::ConfigError;
pub use last_good::LastGood;
pub use maintenance::Maintenance;
pub use origin::Origin;
pub use page::{
    Accent, Colour, Cors, DARKEST_LIGHT, Ground, LIGHTEST_DARK, OriginErrors, OwnText, Page, Theme,
};
pub use pattern::{PathPattern, Pattern};
pub use reader::shortened;
use reader::{Mistakes, WHOLE};
pub use renamed::{OldName, RENAMED, Renamed, old_names, other_name};
pub use retry::Retry;
pub use settings::{Config, Log, Probe, Route, Settings};
pub use share::Share;
pub use timeouts::Timeouts;
pub use token::Token;

use crate::json;

impl Config {
    /// The platform's limit for one variable: 5 KB, in bytes of JSON.
    pub const MOST_BYTES: usize = 5 * 1024;

    /// Reads the value of the variable. Returns all mistakes, in the order of the document, if there are any. A value
    /// longer than [`MOST_BYTES`](Self::MOST_BYTES) of JSON is a mistake too.
    pub fn from_value(value: &Value) -> Result<Self, Vec<ConfigError>> {
        Self::read(value, value.to_string().len())
    }

    /// Reads the variable's JSON text, like [`from_value`](Self::from_value).
    pub fn from_json(text: &str) -> Result<Self, Vec<ConfigError>> {
        match json::read(text) {
            Ok(value) => Self::read(&value, text.len()),
            Err(error) => Err(vec![ConfigError {
                key: WHOLE.to_owned(),
                value: reader::as_written(&Value::from(text)),
                rule: format!("JSON is accepted; this is not: {error}"),
            }]),
        }
    }

    fn read(value: &Value, bytes: usize) -> Result<Self, Vec<ConfigError>> {
        let mut mistakes = Mistakes::default();
        if bytes > Self::MOST_BYTES {
            mistakes.add(ConfigError {
                key: WHOLE.to_owned(),
                value: reader::as_written(value),
                rule: format!(
                    "at most {} bytes of JSON fit in a variable, these are {bytes}",
                    Self::MOST_BYTES
                ),
            });
        }
        let config = reader::read_whole(value, &mut mistakes, keys::config);
        let errors = mistakes.into_errors();
        match config {
            Some(config) if errors.is_empty() => Ok(config),
            Some(_) | None => Err(errors),
        }
    }
}
