//! The options of a local run: which origins, which port, and the Worker's settings.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use holdfast::config::{self, Config};
use serde_json::{Map, Value, json};

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
    /// Where the object's storage outlives the Worker; `None` for a place that goes with it.
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
        let mut settings = match &self.holdfast {
            Some(settings) => settings.clone(),
            None => settings_in(&self.wrangler_toml, self.environment.as_deref())?,
        };
        if !self.origins.is_empty() {
            lay(&mut settings, "origins", json!(self.origins))?;
        }
        if self.zone.is_some()
            && let Some(table) = settings.as_object_mut()
        {
            table.remove("origins");
        }
        for (key, value) in &self.set {
            lay(&mut settings, key, read_value(value))?;
        }
        Ok(settings)
    }

    /// The `HOLDFAST` variable, if the Worker would accept it; else the error is a [`Refused`].
    pub fn checked_settings(&self) -> Result<Value> {
        let settings = self.settings()?;
        match Config::from_value(&settings) {
            Ok(_) => Ok(settings),
            Err(errors) => bail!(Refused(errors.iter().map(ToString::to_string).collect())),
        }
    }
}

/// The `HOLDFAST` variable in a `wrangler.toml`; an empty table where there is none.
fn settings_in(wrangler_toml: &Path, environment: Option<&str>) -> Result<Value> {
    let file = wrangler_toml.display();
    let text = fs::read_to_string(wrangler_toml).with_context(|| format!("could not read {file}"))?;
    let table: toml::Table = text.parse().with_context(|| format!("{file} is not TOML"))?;
    let place = match environment {
        Some(name) => {
            let found = table.get("env").and_then(|all| all.get(name));
            found.with_context(|| format!("{file} has no [env.{name}]"))?.get("vars")
        }
        None => table.get("vars"),
    };
    match place.and_then(|vars| vars.get("HOLDFAST")) {
        None => Ok(Value::Object(Map::new())),
        Some(toml::Value::String(text)) => {
            serde_json::from_str(text).with_context(|| format!("HOLDFAST in {file} is not JSON"))
        }
        Some(settings) => Ok(serde_json::to_value(settings)?),
    }
}

/// Puts `value` at the dotted `key`, making tables on the way. What the settings have under another name of the key is
/// replaced.
fn lay(settings: &mut Value, key: &str, value: Value) -> Result<()> {
    let (mut place, mut table) = (settings, "");
    for part in key.split('.') {
        let keys = place.as_object_mut().with_context(|| format!("{key}: a part of it is not a table"))?;
        let written = config::other_name(table, part).filter(|other| keys.contains_key(*other));
        place = keys.entry(written.unwrap_or(part)).or_insert_with(|| Value::Object(Map::new()));
        table = part;
    }
    *place = value;
    Ok(())
}

/// A TOML boolean, number, array, table or quoted string as such, anything else as the string it is.
fn read_value(text: &str) -> Value {
    let as_written = || Value::String(text.to_owned());
    let Ok(table) = format!("value = {text}").parse::<toml::Table>() else { return as_written() };
    match table.get("value") {
        Some(value) if table.len() == 1 && !holds_a_date(value) => {
            serde_json::to_value(value).ok().filter(|value| !value.is_null()).unwrap_or_else(as_written)
        }
        Some(_) | None => as_written(),
    }
}

/// Whether there is a date in `value`: the one kind that JSON has not.
fn holds_a_date(value: &toml::Value) -> bool {
    match value {
        toml::Value::Datetime(_) => true,
        toml::Value::Array(values) => values.iter().any(holds_a_date),
        toml::Value::Table(table) => table.values().any(holds_a_date),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)]) -> Result<Value> {
        let set = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let holdfast = Some(json!({ "retry": { "attempts": 3, "backoff": "100ms" } }));
        Options { holdfast, set, ..Options::default() }.settings()
    }

    #[test]
    fn a_setting_replaces_one_key_and_leaves_its_neighbours() {
        assert_eq!(
            settings(&[("retry.attempts", "2"), ("cache.enabled", "false"), ("timeouts.first_byte", "2s")])
                .unwrap(),
            json!({
                "retry": { "attempts": 2, "backoff": "100ms" },
                "cache": { "enabled": false },
                "timeouts": { "first_byte": "2s" },
            })
        );
        assert!(settings(&[("retry.attempts.more", "1")]).is_err());
    }

    #[test]
    fn a_setting_replaces_the_key_by_whichever_of_its_names_it_is_written() {
        for renamed in config::RENAMED {
            for (written, set) in [(renamed.old, renamed.new), (renamed.new, renamed.old)] {
                let (holdfast, key, expected) = match renamed.table {
                    "" => (
                        json!({ written: { "shrink": 0.2, "interval": "1h" } }),
                        format!("{set}.interval"),
                        json!({ written: { "shrink": 0.2, "interval": "2h" } }),
                    ),
                    table => (
                        json!({ table: { written: "1h" } }),
                        format!("{table}.{set}"),
                        json!({ table: { written: "2h" } }),
                    ),
                };
                let (holdfast, set) = (Some(holdfast), vec![(key, "2h".to_owned())]);
                let settings = Options { holdfast, set, ..Options::default() }.settings().unwrap();
                assert_eq!(settings, expected);
            }
        }
    }

    #[test]
    fn before_the_zone_s_own_origin_there_are_no_others() {
        let holdfast = Some(json!({ "origins": ["https://origin.example"], "name": "edge" }));
        let zone = Some("127.0.0.1:3000".to_owned());
        let settings = Options { holdfast, zone, ..Options::default() }.settings().unwrap();
        assert_eq!(settings, json!({ "name": "edge" }));
    }

    #[test]
    fn a_value_is_read_as_toml_where_it_is_toml() {
        for (text, value) in [
            ("true", json!(true)),
            ("3", json!(3)),
            ("0.5", json!(0.5)),
            (r#"["_ga*", "_gid"]"#, json!(["_ga*", "_gid"])),
            (r#"[{ path = "/api/*" }]"#, json!([{ "path": "/api/*" }])),
            (r#""10""#, json!("10")),
            ("10s", json!("10s")),
            ("Example & Sons", json!("Example & Sons")),
            ("2026-01-01", json!("2026-01-01")),
            ("nan", json!("nan")),
            ("1\nb = 2", json!("1\nb = 2")),
            ("", json!("")),
        ] {
            assert_eq!(read_value(text), value, "{text:?}");
        }
    }
}
