//! The JSON schemas of `HOLDFAST` and of a file of wrangler's with it, for editors.
//!
//! Nothing about keys is written here. The library is asked: what it says of a value that fits nowhere names the keys of a
//! table, and what is accepted in a place. Descriptions are those of docs/configuration.md.

use std::collections::HashMap;

use anyhow::{Context, Result};
use holdfast::config::{Config, RENAMED};
use serde_json::{Map, Value, json};

const DOCUMENT: &str = include_str!("../../../docs/configuration.md");

/// The key of an entry in a list is written as that of the first.
const FIRST: &str = "[0]";

/// The schema of `HOLDFAST`.
pub(super) fn settings() -> Result<Value> {
    let mut schema = table("")?;
    share(&mut schema, "#", &mut HashMap::new());
    let fields = schema.as_object_mut().context("a schema is an object")?;
    fields.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    fields.insert("title".to_owned(), json!("HOLDFAST"));
    fields.insert("description".to_owned(), json!("The settings of Holdfast; each has a default."));
    Ok(schema)
}

/// The schema of a file of wrangler's: wrangler's own, and `HOLDFAST` in it.
pub(super) fn of_file() -> Value {
    let vars = json!({ "properties": { "HOLDFAST": {
        "anyOf": [{ "$ref": "holdfast.schema.json" }, { "type": "string" }],
    } } });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "allOf": [
            { "$ref": "../wrangler/config-schema.json" },
            { "properties": {
                "vars": vars,
                "env": { "additionalProperties": { "properties": { "vars": vars } } },
            } },
        ],
    })
}

/// Replaces each table that was described before, at another key, by a reference to there: routes have the tables that stand
/// outside of them, and all languages the same messages.
fn share(schema: &mut Value, place: &str, seen: &mut HashMap<String, String>) {
    let Some(fields) = schema.as_object_mut() else { return };
    for list in ["properties", "items"] {
        let Some(inner) = fields.get_mut(list) else { continue };
        let place = format!("{place}/{list}");
        if list == "items" {
            share(inner, &place, seen);
            continue;
        }
        for (key, value) in inner.as_object_mut().into_iter().flatten() {
            let place = format!("{place}/{key}");
            if value.get("properties").is_some() {
                // What a table is called does not matter, what is in it does.
                let contents = value.get("properties").map(Value::to_string).unwrap_or_default();
                if let Some(earlier) = seen.get(&contents) {
                    *value = json!({ "$ref": earlier });
                    continue;
                }
                seen.insert(contents, place.clone());
            }
            share(value, &place, seen);
        }
    }
}

/// The schema of the table at `path`.
fn table(path: &str) -> Result<Value> {
    let mut properties = Map::new();
    for key in keys(path)? {
        let whole = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let schema = value(&whole).with_context(|| format!("what is accepted for {whole}"))?;
        let table = path.strip_prefix("routes[0]").map_or(path, |rest| rest.trim_start_matches('.'));
        let old = RENAMED.iter().find(|renamed| renamed.table == table && renamed.new == key);
        if let Some(old) = old {
            let mut old_schema = schema.clone();
            if let Some(fields) = old_schema.as_object_mut() {
                fields.insert("description".to_owned(), json!(format!("An old name: write {key}.")));
                fields.insert("deprecated".to_owned(), json!(true));
            }
            properties.insert(old.old.to_owned(), old_schema);
        }
        properties.insert(key, schema);
    }
    Ok(json!({ "type": "object", "properties": properties, "additionalProperties": false }))
}

/// The keys of the table at `path`: an unknown key is answered with them.
fn keys(path: &str) -> Result<Vec<String>> {
    let unknown = if path.is_empty() { "?".to_owned() } else { format!("{path}.?") };
    let rule = rule(&unknown, &json!(0)).context("an unknown key was accepted")?;
    let (_, list) = rule.split_once(" has ").with_context(|| format!("{path}: {rule}"))?;
    Ok(list.split(", ").flat_map(|key| key.split(" and ")).map(str::to_owned).collect())
}

/// The schema of the value at `key`, by what is said of one that is never accepted.
fn value(key: &str) -> Result<Value> {
    let rule = rule(key, &Value::Null).context("null was accepted")?;
    let mut schema = if rule.starts_with("a table is accepted") {
        return table(key);
    } else if rule.starts_with("a list of tables is accepted") {
        json!({ "type": "array", "items": table(&format!("{key}{FIRST}"))? })
    } else if rule.starts_with("a list of ") {
        json!({ "type": "array", "items": value(&format!("{key}{FIRST}"))? })
    } else {
        plain(&rule)
    };
    // `page.cors`: a word, or a list.
    if rule.contains(" or a list of ") {
        let items = json!({ "type": "array", "items": { "type": "string" } });
        schema = json!({ "anyOf": [{ "type": "string" }, items] });
    }
    let described = described(key).map_or_else(|| rule.clone(), str::to_owned);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".to_owned(), json!(described));
    }
    Ok(schema)
}

/// The schema for what `rule` says of a single value.
fn plain(rule: &str) -> Value {
    if rule.starts_with("true or false") {
        return json!({ "type": "boolean" });
    }
    if let Some(bounds) = rule.strip_prefix("a whole number from ") {
        let mut words = bounds.split(' ');
        let (low, high) = (words.next(), words.nth(1));
        let bound = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
        return json!({ "type": "integer", "minimum": bound(low), "maximum": bound(high) });
    }
    if rule.starts_with("a number ") {
        let number = match rule.starts_with("a number above 0") {
            true => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }),
            false => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        };
        return match rule.ends_with("or \"off\"") {
            true => json!({ "anyOf": [number, { "const": "off" }] }),
            false => number,
        };
    }
    if rule.contains("and 500 to 599 are accepted") {
        return json!({ "type": "integer", "minimum": 400, "maximum": 599 });
    }
    let unit = |units: &str, rule: &str| {
        let text = json!({ "type": "string", "pattern": format!("^[0-9]+({units})$") });
        match rule.ends_with("or \"off\"") {
            true => json!({ "anyOf": [text, { "const": "off" }] }),
            false => text,
        }
    };
    if rule.starts_with("a duration ") {
        return unit("ms|s|m|h|d", rule);
    }
    if rule.starts_with("a size ") {
        return unit("B|KiB|MiB", rule);
    }
    // Nothing but words in quotes: those.
    let parts: Vec<&str> = rule.split('"').collect();
    let (between, words): (Vec<_>, Vec<_>) = parts.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let is_list = between.iter().all(|(_, text)| ["", ", ", " or ", " is accepted"].contains(*text));
    if words.len() > 1 && is_list {
        let words: Vec<_> = words.into_iter().map(|(_, word)| word).collect();
        return json!({ "enum": words });
    }
    json!({ "type": "string" })
}

/// What the library says of `value` at `key` in settings that are empty otherwise.
fn rule(key: &str, value: &Value) -> Option<String> {
    let mut errors = errors(key, value).into_iter();
    errors.find(|(wrong, _)| wrong == key).map(|(_, rule)| rule)
}

/// The keys and rules of all mistakes then.
fn errors(key: &str, value: &Value) -> Vec<(String, String)> {
    let mut settings = value.clone();
    for part in key.split('.').rev() {
        settings = match part.strip_suffix(FIRST) {
            Some(list) => json!({ list: [settings] }),
            None => json!({ part: settings }),
        };
    }
    let errors = Config::from_value(&settings).err().unwrap_or_default();
    errors.into_iter().map(|error| (error.key.replace('"', ""), error.rule)).collect()
}

/// What the documentation says of `key`.
fn described(key: &str) -> Option<&'static str> {
    // In routes, tables mean what they mean outside.
    let own = key.replace(FIRST, "[]");
    let outer = key.strip_prefix("routes[0].").unwrap_or(key);
    [own.as_str(), outer].into_iter().find_map(|key| {
        let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| `{key}` |")))?;
        row.trim_end_matches(" |").rsplit(" | ").next()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// Whether `value` is valid by the parts of JSON Schema that are used here; another part is a failure.
    fn is_valid(schema: &Value, value: &Value) -> bool {
        static WHOLE: LazyLock<Value> = LazyLock::new(|| settings().unwrap());
        schema.as_object().unwrap().iter().all(|(keyword, rule)| match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                is_valid(WHOLE.pointer(pointer).unwrap(), value)
            }
            "$schema" | "title" | "description" | "deprecated" => true,
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "number" => value.is_number(),
                "integer" => value.is_u64() || value.is_i64(),
                other => panic!("a type {other}"),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "anyOf" => rule.as_array().unwrap().iter().any(|schema| is_valid(schema, value)),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| {
                let units = rule.as_str().unwrap().strip_prefix("^[0-9]+(").unwrap();
                let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
                unit.len() < text.len() && units.strip_suffix(")$").unwrap().split('|').any(|it| it == unit)
            }),
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| is_valid(rule, item))),
            "properties" => value.as_object().is_none_or(|fields| {
                fields.iter().all(|(key, value)| rule.get(key).is_none_or(|schema| is_valid(schema, value)))
            }),
            "additionalProperties" => {
                assert_eq!(rule, &json!(false));
                let known = schema["properties"].as_object().unwrap();
                value.as_object().is_none_or(|fields| fields.keys().all(|key| known.contains_key(key)))
            }
            other => panic!("a keyword {other}"),
        })
    }

    /// The schema of a key as the documentation names it.
    fn of_key<'s>(whole: &'s Value, key: &str) -> Option<&'s Value> {
        key.split('.').try_fold(whole, |schema, part| {
            let next = match part.strip_suffix("[]") {
                Some(list) => schema["properties"].get(list)?.get("items")?,
                None => schema["properties"].get(part)?,
            };
            let earlier = next.get("$ref").and_then(Value::as_str);
            earlier.map_or(Some(next), |earlier| whole.pointer(earlier.strip_prefix('#')?))
        })
    }

    /// Every key of the documentation.
    fn documented() -> Vec<&'static str> {
        let rows = DOCUMENT.split_once("## Every key").unwrap().1.split_once("\n## ").unwrap().0;
        rows.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
    }

    #[test]
    fn the_schema_has_every_key_of_the_documentation_with_its_words() {
        let schema = settings().unwrap();
        let keys = documented();
        assert!(keys.len() > 70, "the keys were not found");
        for key in keys {
            let found = of_key(&schema, key).unwrap_or_else(|| panic!("{key} is missing"));
            // It is a table of tables.
            if key != "page.texts" {
                assert_eq!(found["description"].as_str(), described(&key.replace("[]", FIRST)), "{key}");
            }
        }
    }

    /// Every `HOLDFAST` in the blocks of TOML in a document, and the project's own.
    fn examples() -> Vec<Value> {
        let documents =
            std::fs::read_dir(crate::root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
        let documents = documents.chain([crate::root().join("README.md")]);
        let texts = documents
            .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
            .map(|path| std::fs::read_to_string(path).unwrap());
        let mut found = Vec::new();
        for text in texts {
            for block in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
                let table: toml::Table = block.parse().unwrap();
                found.extend(table.get("vars").and_then(|vars| vars.get("HOLDFAST")).cloned());
            }
        }
        let own: toml::Table = include_str!("../../../wrangler.toml").parse().unwrap();
        found.push(own["vars"]["HOLDFAST"].clone());
        found.into_iter().map(|settings| serde_json::to_value(settings).unwrap()).collect()
    }

    #[test]
    fn every_example_of_the_documentation_that_is_in_order_is_valid_and_the_wrong_one_is_not() {
        let schema = settings().unwrap();
        let (mut right, mut wrong) = (0, 0);
        for example in examples() {
            match Config::from_value(&example) {
                Ok(_) => {
                    right += 1;
                    assert!(is_valid(&schema, &example), "{example}");
                }
                Err(_) => {
                    wrong += 1;
                    assert!(!is_valid(&schema, &example), "{example}");
                }
            }
        }
        assert!(right >= 6 && wrong >= 1, "{right} and {wrong}");
    }

    fn is_accepted(key: &str, value: &Value) -> bool {
        !errors(key, value).iter().any(|(wrong, _)| wrong.starts_with(key))
    }

    #[test]
    fn what_is_accepted_is_valid_and_what_has_another_type_is_not() {
        let schema = settings().unwrap();
        let values = [
            json!(null),
            json!(true),
            json!(-1),
            json!(1),
            json!(3),
            json!(502),
            json!(0.5),
            json!("off"),
            json!("none"),
            json!("10s"),
            json!("64KiB"),
            json!("calm"),
            json!("de"),
            json!("/a"),
            json!("json"),
            json!("GET"),
            json!("#123"),
            json!("site"),
            json!("*"),
            json!("www.a.example"),
            json!("https://a.example"),
            json!("2026-11-21T01:00:00Z"),
            json!([]),
            json!(["https://a.example"]),
            json!(["/a"]),
            json!([502]),
            json!([null]),
            json!({}),
        ];
        let kind = |value: &Value| match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let mut accepted = 0;
        for key in documented() {
            let key = key.replace("[]", FIRST);
            let found = of_key(&schema, &key.replace(FIRST, "[]")).unwrap();
            let taken: Vec<_> = values.iter().filter(|value| is_accepted(&key, value)).collect();
            accepted += taken.len();
            for value in &taken {
                assert!(is_valid(found, value), "{key} = {value} is accepted, and not valid");
            }
            let kinds: Vec<_> = taken.iter().map(|value| kind(value)).collect();
            let others = values.iter().filter(|value| !kinds.contains(&kind(value)));
            for value in others.filter(|_| !kinds.is_empty()) {
                assert!(!is_valid(found, value), "{key} = {value} has another type, and is valid");
            }
        }
        assert!(accepted > 100, "{accepted}");
        assert!(!is_valid(&schema, &json!({ "timeouts": { "totl": "1s" } })));
        assert!(is_valid(&schema, &json!({ "body": { "hold": "1KiB" } })), "an old name");
        let in_route = |total| json!({ "routes": [{ "path": "/a", "timeouts": { "total": total } }] });
        assert!(is_valid(&schema, &in_route(json!("1s"))) && !is_valid(&schema, &in_route(json!(1))));
        assert!(schema.to_string().len() < 100_000, "what is the same is written once");
    }

    #[test]
    fn a_file_of_wrangler_s_has_both_schemas_beside_the_package() {
        let schema = of_file().to_string();
        assert!(schema.contains("../wrangler/config-schema.json"));
        assert!(crate::root().join("node_modules/wrangler/config-schema.json").is_file());
        assert!(schema.contains("holdfast.schema.json"));
    }
}
