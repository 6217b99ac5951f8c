//! The settings that a command works with: what is in wrangler's file, and what was said on the command line instead.

use anyhow::{Context, Result, bail};
use holdfast::config;
use serde_json::{Map, Value, json};

use crate::document::{self, Node, Syntax};
use crate::findings::VARIABLE;

/// What is laid over the settings of a file.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// The origins, in place of those in the settings; empty to leave them alone.
    pub origins: Vec<String>,
    /// Whether there are no origins, so that requests go to the zone's own (route mode).
    pub is_route_mode: bool,
    /// Single settings: a dotted key and a value, such as `timeouts.first_byte` and `2s`.
    pub set: Vec<(String, String)>,
}

impl Overlay {
    /// `settings` with this laid over them, not checked.
    pub fn over(&self, mut settings: Value) -> Result<Value> {
        if !self.origins.is_empty() {
            lay(&mut settings, "origins", json!(self.origins))?;
        }
        if self.is_route_mode
            && let Some(table) = settings.as_object_mut()
        {
            table.remove("origins");
        }
        for (key, value) in &self.set {
            lay(&mut settings, key, read_value(value))?;
        }
        Ok(settings)
    }
}

/// Reads `key=value`.
pub fn key_and_value(text: &str) -> Result<(String, String)> {
    let (key, value) = text.split_once('=').with_context(|| format!("{text}: write it as key=value"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// The `HOLDFAST` variable of an environment in `text`, the contents of `file`; `None` is the top level. An empty table
/// where there is no variable.
pub fn settings_in(file: &str, text: &str, environment: Option<&str>) -> Result<Value> {
    let document = match document::read(Syntax::of(file), text) {
        Ok(document) => document,
        Err((_, why)) => bail!("{file}: {why}"),
    };
    let scope = match environment {
        Some(name) => {
            let found = document.at_path(&["env", name]);
            found.with_context(|| format!("{file} has no environment {name}"))?
        }
        None => &document,
    };
    match scope.at_path(&["vars", VARIABLE]).map(Node::value) {
        None => Ok(Value::Object(Map::new())),
        Some(Value::String(text)) => {
            serde_json::from_str(&text).with_context(|| format!("{VARIABLE} in {file} is not JSON"))
        }
        Some(settings) => Ok(settings),
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
    let document = document::read(Syntax::Toml, &format!("value = {text}"));
    let value = document.ok().filter(|document| document.fields().len() == 1);
    value.and_then(|document| document.get("value").map(Node::value)).unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)], settings: Value) -> Result<Value> {
        let set = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Overlay { set, ..Overlay::default() }.over(settings)
    }

    #[test]
    fn a_setting_replaces_one_key_and_leaves_its_neighbours() {
        let before = json!({ "retry": { "attempts": 3, "backoff": "100ms" } });
        let set = [("retry.attempts", "2"), ("cache.enabled", "false"), ("timeouts.first_byte", "2s")];
        assert_eq!(
            settings(&set, before.clone()).unwrap(),
            json!({
                "retry": { "attempts": 2, "backoff": "100ms" },
                "cache": { "enabled": false },
                "timeouts": { "first_byte": "2s" },
            })
        );
        assert!(settings(&[("retry.attempts.more", "1")], before).is_err());
    }

    #[test]
    fn a_setting_replaces_the_key_by_whichever_of_its_names_it_is_written() {
        for renamed in config::RENAMED {
            for (written, set) in [(renamed.old, renamed.new), (renamed.new, renamed.old)] {
                let (before, key, expected) = match renamed.table {
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
                assert_eq!(settings(&[(&key, "2h")], before).unwrap(), expected);
            }
        }
    }

    #[test]
    fn before_the_zone_s_own_origin_there_are_no_others() {
        let before = json!({ "origins": ["https://origin.example"], "name": "edge" });
        let overlay = Overlay { is_route_mode: true, ..Overlay::default() };
        assert_eq!(overlay.over(before).unwrap(), json!({ "name": "edge" }));
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

    #[test]
    fn the_settings_of_an_environment_are_found_in_every_kind_of_file() {
        let toml =
            "[vars.HOLDFAST]\nname = \"a\"\n[env.test.vars]\nHOLDFAST = '{ \"name\": \"b\" }'\n[env.bare]\n";
        let json = r#"{ "vars": { "HOLDFAST": { "name": "a" } }, // …
            "env": { "test": { "vars": { "HOLDFAST": { "name": "b" } } }, "bare": {} } }"#;
        for (file, text) in [("wrangler.toml", toml), ("wrangler.jsonc", json)] {
            let read = |environment| settings_in(file, text, environment);
            assert_eq!(read(None).unwrap(), json!({ "name": "a" }), "{file}");
            assert_eq!(read(Some("test")).unwrap(), json!({ "name": "b" }), "{file}");
            assert_eq!(read(Some("bare")).unwrap(), json!({}), "{file}");
            let unknown = read(Some("live")).unwrap_err().to_string();
            assert_eq!(unknown, format!("{file} has no environment live"));
        }
    }

    #[test]
    fn a_setting_has_a_key_and_a_value() {
        assert_eq!(
            key_and_value("page.accent = #802060").unwrap(),
            ("page.accent".to_owned(), "#802060".to_owned())
        );
        assert!(key_and_value("page.accent").unwrap_err().to_string().contains("key=value"));
    }
}
