//! The options of a local run: which origins, which port, and the Worker's settings.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use check::{Overlay, check_settings, settings_in};
use serde_json::Value;

use crate::root;

/// What to run, and with which settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// The origins, in place of those in the settings; empty to leave them alone.
    pub origins: Vec<String>,
    /// Where the zone's own origin is, as `127.0.0.1:3000`: then there are no origins, and all that the Worker sends goes
    /// there (route mode).
    pub zone: Option<String>,
    /// Single settings laid over the rest: a dotted key and a value, such as `timeouts.first_byte` and `2s`.
    pub set: Vec<(String, String)>,
    /// The whole `HOLDFAST` variable, in place of the one in `wrangler.toml`.
    pub holdfast: Option<Value>,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// The configuration to start from.
    pub wrangler_toml: PathBuf,
    /// The environment in it; `None` for the top level.
    pub environment: Option<String>,
    /// Whether an empty namespace is bound as `HOLDFAST_KEEP`, whatever the configuration binds.
    pub keep: bool,
    /// Whether an empty `OriginHealth` object is bound as `HOLDFAST_HEALTH`, and a data set as
    /// `HOLDFAST_ANALYTICS`.
    pub health: bool,
    /// Where what is stored outlives the Worker; `None` for a place that goes with it.
    pub storage: Option<PathBuf>,
    /// The `HOLDFAST_TOKEN` secret.
    pub token: Option<String>,
    /// Whether requests are traced, and their spans are written to the log.
    pub traces: bool,
    /// Whether, and how, the Worker's log goes to standard output as well.
    pub echo: Echo,
    /// A folder with a built Worker; `None` for `build/`, which is then brought up to date.
    pub built: Option<PathBuf>,
    /// Another workerd than Miniflare's own: see [`workerd`](crate::runtime::workerd).
    pub workerd: Option<PathBuf>,
}

/// What is written of each line of the Worker's log.
#[derive(Clone, Copy, Debug)]
pub enum Echo {
    /// Nothing.
    Nothing,
    /// The line as it is.
    Line,
    /// What this makes of it.
    As(fn(&str) -> String),
}

impl Echo {
    /// The text for `line`, if any.
    pub(super) fn of(self, line: &str) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Line => Some(line.to_owned()),
            Self::As(write) => Some(write(line)),
        }
    }
}

impl Default for Options {
    /// The project's own `wrangler.toml` on any free port.
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            zone: None,
            set: Vec::new(),
            holdfast: None,
            port: 0,
            wrangler_toml: root().join("wrangler.toml"),
            environment: None,
            keep: false,
            health: false,
            storage: None,
            token: None,
            traces: false,
            echo: Echo::Nothing,
            built: None,
            workerd: None,
        }
    }
}

/// Settings that the Worker would refuse; each line names one mistake.
#[derive(Debug)]
pub struct Refused(Vec<String>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Refused {}

impl Options {
    /// The `HOLDFAST` variable that these options come to, not checked.
    pub fn settings(&self) -> Result<Value> {
        let settings = match &self.holdfast {
            Some(settings) => settings.clone(),
            None => {
                let file = self.wrangler_toml.display().to_string();
                let text = fs::read_to_string(&self.wrangler_toml)
                    .with_context(|| format!("could not read {file}"))?;
                settings_in(&file, &text, self.environment.as_deref())?
            }
        };
        let (origins, set) = (self.origins.clone(), self.set.clone());
        Overlay { origins, is_route_mode: self.zone.is_some(), set }.over(settings)
    }

    /// The `HOLDFAST` variable, if the Worker would accept it; else the error is a [`Refused`].
    pub fn checked_settings(&self) -> Result<Value> {
        let settings = self.settings()?;
        let mistakes = check_settings(&settings);
        if !mistakes.is_empty() {
            bail!(Refused(mistakes));
        }
        Ok(settings)
    }
}
