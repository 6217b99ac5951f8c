//! Is a line of the log what docs/log.schema.json says? Every report of every native test is held to it.

use std::sync::LazyLock;

use serde_json::Value;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/log.schema.json")).unwrap());

/// Fails if `line` is not what the schema describes, or has a field that it does not.
pub fn check(line: &Value) {
    if let Err(mistake) = fits(&SCHEMA, line) {
        panic!("{mistake} in {line}");
    }
}

/// The parts of JSON Schema that the schema uses; another one is an error.
fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" | "format" => true,
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64(),
                other => return Err(format!("a type {other}")),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_u64() >= rule.as_u64(),
            "maximum" => value.as_u64() <= rule.as_u64(),
            "maxLength" => value.as_str().map(|text| text.chars().count() as u64) <= rule.as_u64(),
            "required" => {
                rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, value) in value.as_object().unwrap() {
                    let schema = rule.get(name).ok_or(format!("{name} is not described"))?;
                    fits(schema, value).map_err(|mistake| format!("{name}: {mistake}"))?;
                }
                true
            }
            "items" => {
                value.as_array().unwrap().iter().try_for_each(|item| fits(rule, item))?;
                true
            }
            other => return Err(format!("a keyword {other} that this test does not know")),
        };
        if !holds {
            return Err(format!("{keyword} {rule} does not hold for {value}"));
        }
    }
    Ok(())
}

#[test]
fn every_field_of_a_report_is_described() {
    let fields = SCHEMA["properties"].as_object().unwrap();
    let document = include_str!("../../docs/log.md");
    for name in fields.keys() {
        assert!(document.contains(&format!("| `{name}` |")), "{name}");
    }
    let report = include_str!("../../src/report.rs");
    let is_field = |name: &str| report.contains(&format!("    pub {name}: ")) || name == "v";
    assert!(fields.keys().all(|name| is_field(name)), "a field that no report has");
}
