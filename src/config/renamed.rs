//! Renamed settings. Which old names are still read, and what are their new names?
//!
//! An old name works exactly like its new name for one release. The worker does not mention it; `cargo xtask check`
//! warns.

use std::fmt;

use serde_json::Value;

/// One renamed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The table of the key, by its new name; empty for the outermost table and for each route.
    pub table: &'static str,
    /// The old name.
    pub old: &'static str,
    /// The new name.
    pub new: &'static str,
}

/// All old names that are still read. docs/configuration.md has the same table.
pub const RENAMED: [Renamed; 7] = [
    Renamed { table: "", old: "keep", new: "last_good" },
    Renamed { table: "timeouts", old: "soft", new: "serve_stale_after" },
    Renamed { table: "breaker", old: "open", new: "open_for" },
    Renamed { table: "cache", old: "memory", new: "memory_ttl" },
    Renamed { table: "body", old: "hold", new: "buffer" },
    Renamed { table: "body", old: "watch", new: "monitor" },
    Renamed { table: "page", old: "look", new: "theme" },
];

/// The old name of `new` in `table`, if it has one.
pub(super) fn old_name(table: &str, new: &str) -> Option<&'static str> {
    RENAMED.iter().find(|renamed| renamed.table == table && renamed.new == new).map(|renamed| renamed.old)
}

/// The other name of the key `name` in `table` (by its new name), old for new and new for old, if it has two.
pub fn other_name(table: &str, name: &str) -> Option<&'static str> {
    RENAMED.iter().filter(|renamed| renamed.table == table).find_map(|renamed| match name {
        _ if name == renamed.old => Some(renamed.new),
        _ if name == renamed.new => Some(renamed.old),
        _ => None,
    })
}

/// A key that a configuration writes under its old name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldName {
    /// The key as written, e.g. `routes[1].body.hold`.
    pub key: String,
    /// The new name of its last part, e.g. `buffer`.
    pub new: &'static str,
}

impl fmt::Display for OldName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, new } = self;
        write!(out, "{key} is an old name, which the next release does not read; write {new}")
    }
}

/// All keys of a `HOLDFAST` value that are written by their old names: first those outside routes.
pub fn old_names(value: &Value) -> Vec<OldName> {
    let routes = value.get("routes").and_then(Value::as_array).into_iter().flatten().enumerate();
    let routes = routes.map(|(index, route)| (format!("routes[{index}]."), route));
    let tables = [(String::new(), value)].into_iter().chain(routes);
    tables.flat_map(|(prefix, settings)| old_names_in(&prefix, settings)).collect()
}

fn old_names_in(prefix: &str, settings: &Value) -> Vec<OldName> {
    let written = |renamed: &Renamed| {
        let (table, path) = match renamed.table {
            "" => (settings, String::new()),
            name => (settings.get(name)?, format!("{name}.")),
        };
        table.get(renamed.old)?;
        Some(OldName { key: format!("{prefix}{path}{}", renamed.old), new: renamed.new })
    };
    RENAMED.iter().filter_map(written).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;

    /// A value for the renamed key that is accepted and is not its default.
    fn value(new: &str) -> Value {
        match new {
            "last_good" => json!({ "paths": ["/a"], "interval": "2h" }),
            "buffer" => json!("1KiB"),
            "monitor" => json!(false),
            "theme" => json!("bold"),
            _ => json!("3s"),
        }
    }

    /// `HOLDFAST` with `value` as `name`, in the table that `renamed` is about.
    fn with(renamed: &Renamed, name: &str, value: &Value) -> Value {
        match renamed.table {
            "" => json!({ name: value }),
            table => json!({ table: { name: value } }),
        }
    }

    fn in_route(mut settings: Value) -> Value {
        settings["path"] = json!("/a");
        json!({ "routes": [settings] })
    }

    fn errors(value: &Value) -> Vec<String> {
        Config::from_value(value).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_old_name_is_read_exactly_as_the_new_one_outside_and_inside_of_routes() {
        for renamed in &RENAMED {
            let [old, new] = [renamed.old, renamed.new].map(|name| with(renamed, name, &value(renamed.new)));
            assert_ne!(Config::from_value(&new), Ok(Config::default()), "{renamed:?}");
            assert_eq!(Config::from_value(&old), Config::from_value(&new), "{renamed:?}");
            let [old, new] = [old, new].map(in_route);
            assert!(Config::from_value(&new).is_ok());
            assert_eq!(Config::from_value(&old), Config::from_value(&new), "{renamed:?}");
            assert_eq!(Config::from_json(&old.to_string()), Config::from_value(&new), "{renamed:?}");
        }
    }

    #[test]
    fn a_route_lays_the_new_name_over_an_old_one_and_the_reverse() {
        for [outside, inside] in [["keep", "last_good"], ["last_good", "keep"]] {
            let settings = json!({
                outside: { "interval": "2h" },
                "routes": [{ "path": "/a", inside: { "paths": ["/a"] } }],
            });
            let config = Config::from_value(&settings).unwrap();
            let last_good = &config.routes[0].settings.last_good;
            assert_eq!(last_good.interval, config.defaults.last_good.interval);
            assert_eq!(last_good.paths.len(), 1);
            assert_eq!(last_good.interval.as_secs(), 7200);
        }
    }

    #[test]
    fn both_names_of_a_key_are_a_mistake_that_names_both() {
        for renamed in &RENAMED {
            let mut settings = with(renamed, renamed.new, &value(renamed.new));
            let table = match renamed.table {
                "" => &mut settings,
                table => &mut settings[table],
            };
            table[renamed.old] = value(renamed.new);
            let dot = if renamed.table.is_empty() { "" } else { "." };
            let Renamed { table, old, new } = *renamed;
            for (settings, prefix) in [(settings.clone(), ""), (in_route(settings), "routes[0].")] {
                let said = errors(&settings);
                let [said] = &said[..] else { panic!("{said:?}") };
                let (key, new) = (format!("{prefix}{table}{dot}{old}"), format!("{prefix}{table}{dot}{new}"));
                assert!(said.starts_with(&format!("{key} = ")), "{said}");
                assert!(
                    said.ends_with(&format!(
                        ": the old name of {new}, which is set too; take the old one out"
                    ))
                );
            }
        }
    }

    #[test]
    fn a_mistake_under_an_old_name_is_named_as_written_and_causes_no_other() {
        let size = r#"body.hold = "1": a size needs a unit in powers of 1024; write e.g. "512B", "64KiB" or "25MiB""#;
        assert_eq!(errors(&json!({ "body": { "hold": "1" } })), [size]);
        for (settings, expected) in [
            (
                json!({ "keep": { "max_age": "30m" } }),
                "keep.max_age = \"30m\": must not be less than keep.interval,",
            ),
            (
                json!({ "timeouts": { "soft": "11s" } }),
                "timeouts.soft = \"11s\": must not be more than timeouts.first_byte,",
            ),
            (
                json!({ "timeouts": { "soft": "5s", "first_byte": "4s" } }),
                "timeouts.soft = \"5s\": must not be more than timeouts.first_byte,",
            ),
            (
                json!({ "keep": { "pahts": [] } }),
                "keep.pahts = []: unknown key; did you mean paths? keep has paths,",
            ),
            (json!({ "keep": 1 }), "keep = 1: a table is accepted"),
            (
                json!({ "keep": { "interval": "x" }, "routes": [{ "path": "/a", "last_good": { "max_age": "2m" } }] }),
                "keep.interval = \"x\": a duration needs a unit",
            ),
        ] {
            let said = errors(&settings);
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].starts_with(expected), "{said:?}");
        }
    }

    #[test]
    fn every_old_name_is_found_where_it_is_written_and_no_new_one_is() {
        for renamed in &RENAMED {
            let dot = if renamed.table.is_empty() { "" } else { "." };
            let Renamed { table, old, new } = *renamed;
            let settings = with(renamed, old, &value(new));
            for (settings, prefix) in [(settings.clone(), ""), (in_route(settings), "routes[0].")] {
                let key = format!("{prefix}{table}{dot}{old}");
                assert_eq!(old_names(&settings), [OldName { key, new }]);
            }
            assert_eq!(old_names(&with(renamed, new, &value(new))), []);
        }
        for nothing in [json!(null), json!([]), json!({ "routes": 1 }), json!({ "body": 1, "routes": [1] })] {
            assert_eq!(old_names(&nothing), [], "{nothing}");
        }
    }

    #[test]
    fn the_documentation_has_the_table_of_old_names() {
        let document = include_str!("../../docs/configuration.md");
        let after = document.split_once("<!-- renamed: begin -->\n").unwrap().1;
        let there = after.split_once("<!-- renamed: end -->").unwrap().0;
        let mut expected = String::from("| old name | new name |\n| --- | --- |\n");
        for Renamed { table, old, new } in &RENAMED {
            let whole = |name: &str| match *table {
                "" => format!("{name}.*"),
                table => format!("{table}.{name}"),
            };
            expected += &format!("| `{}` | `{}` |\n", whole(old), whole(new));
        }
        assert!(there == expected, "docs/configuration.md should have between the two marks:\n{expected}");
    }
}
