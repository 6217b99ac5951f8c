//! Values that are nearly right. What was probably meant?
//!
//! A form is proposed only if the library accepts it in that place, so that no rule is written here a second time.

use holdfast::config::{Config, ConfigError};
use holdfast::language::Language;
use serde_json::{Number, Value};

/// What is spelt in many ways, in milliseconds.
const SPANS: [(&[&str], f64); 6] = [
    (&["ms", "msec", "msecs", "millisecond", "milliseconds"], 1.0),
    (&["s", "sec", "secs", "second", "seconds"], 1000.0),
    (&["m", "min", "mins", "minute", "minutes"], 60_000.0),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600_000.0),
    (&["d", "day", "days"], 86_400_000.0),
    (&["w", "week", "weeks"], 604_800_000.0),
];
const SPAN_UNITS: [(&str, f64); 5] =
    [("d", 86_400_000.0), ("h", 3_600_000.0), ("m", 60_000.0), ("s", 1000.0), ("ms", 1.0)];

/// The same of sizes, in bytes. Whoever writes MB for a limit means no exact figure.
const SIZES: [(&[&str], f64); 4] = [
    (&["b", "byte", "bytes"], 1.0),
    (&["k", "kb", "kib"], 1024.0),
    (&["m", "mb", "mib"], 1_048_576.0),
    (&["g", "gb", "gib"], 1_073_741_824.0),
];
const SIZE_UNITS: [(&str, f64); 3] = [("MiB", 1_048_576.0), ("KiB", 1024.0), ("B", 1.0)];

/// The JSON of what `settings` should say at the key of `error`, if a value is accepted there that differs from the written
/// one in form alone.
pub(crate) fn meant(settings: &Value, error: &ConfigError) -> Option<String> {
    let written = place(&mut settings.clone(), &error.key)?.clone();
    let accepted = |candidate: &Value| {
        let Some(errors) = errors_with(settings, &error.key, candidate) else { return false };
        !errors.iter().any(|other| other.key.starts_with(&error.key) || error.key.starts_with(&other.key))
    };
    candidates(&written).into_iter().find(|candidate| *candidate != written && accepted(candidate)).map(
        |candidate| match candidate {
            // As the errors themselves show it.
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                candidate.to_string()
            }
            Value::Object(_) => String::new(),
        },
    )
}

/// For an amount whose form alone would not make it right: the right form in JSON, and the rule that it breaks.
pub(crate) fn limit(settings: &Value, error: &ConfigError) -> Option<(String, String)> {
    let written = place(&mut settings.clone(), &error.key)?.as_str()?.trim().to_lowercase();
    amounts(&written).find_map(|candidate| {
        let errors = errors_with(settings, &error.key, &candidate)?;
        let other = errors.into_iter().find(|other| other.key == error.key)?;
        (other.rule != error.rule).then(|| (candidate.to_string(), other.rule))
    })
}

/// What is wrong with `settings` if they have `value` at `key`; nothing if there is no such place.
fn errors_with(settings: &Value, key: &str, value: &Value) -> Option<Vec<ConfigError>> {
    let mut settings = settings.clone();
    *place(&mut settings, key)? = value.clone();
    Some(Config::from_value(&settings).err().unwrap_or_default())
}

/// The value at `key`, as errors name it.
fn place<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    key.split(['.', '[']).try_fold(value, |value, part| match part.strip_suffix(']') {
        Some(index) => value.get_mut(index.parse::<usize>().ok()?),
        None => value.get_mut(part.trim_matches('"')),
    })
}

fn candidates(written: &Value) -> Vec<Value> {
    match written {
        Value::String(text) => {
            let mut all = of_text(text.trim());
            // One for a list of one.
            all.push(Value::from(vec![text.trim()]));
            all
        }
        Value::Number(number) => vec![Value::from(number.to_string()), Value::from(vec![written.clone()])],
        Value::Bool(false) => vec![Value::from("off"), Value::from("none")],
        Value::Null | Value::Bool(true) | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

fn of_text(text: &str) -> Vec<Value> {
    // Whatever is put before nothing would be accepted.
    if text.is_empty() {
        return Vec::new();
    }
    let lower = text.to_lowercase();
    let mut all = vec![Value::from(text), Value::from(lower.as_str()), Value::from(text.to_uppercase())];
    all.extend(number(&lower));
    match lower.as_str() {
        "true" | "yes" | "on" => all.push(Value::from(true)),
        "false" | "no" | "off" => all.extend([Value::from(false), Value::from("off"), Value::from("none")]),
        "none" | "never" | "disabled" => all.extend([Value::from("off"), Value::from("none")]),
        _ => {}
    }
    all.extend(amounts(&lower));
    if let Some((amount, "%")) = amount_and_unit(&lower) {
        all.extend(Number::from_f64(amount / 100.0).map(Value::Number));
    }
    let base = lower.split(['-', '_']).next().unwrap_or_default();
    let related = |language: &Language| language.tag().to_lowercase().split('-').next() == Some(base);
    all.extend(Language::all().filter(related).map(|language| Value::from(language.tag())));
    all.extend([format!("/{text}"), format!("#{text}"), format!("https://{text}")].map(Value::from));
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default();
        all.extend(
            [format!("{scheme}://{authority}"), authority.to_owned(), host.to_owned()].map(Value::from),
        );
        if let Some(at) = rest.find('/') {
            let path = rest.get(at..).unwrap_or_default();
            all.push(Value::from(path));
        }
    } else if let Some((host, _)) = text.split_once(['/', ':']) {
        all.push(Value::from(host));
    }
    all
}

/// `text`, in lower case, as a duration and as a size.
fn amounts(text: &str) -> impl Iterator<Item = Value> {
    let amount = amount_and_unit(text);
    let span = amount.and_then(|(amount, unit)| in_units(amount, unit, &SPANS, &SPAN_UNITS));
    let size = amount.and_then(|(amount, unit)| in_units(amount, unit, &SIZES, &SIZE_UNITS));
    span.into_iter().chain(size)
}

/// The number with which `text` begins, and what follows.
fn amount_and_unit(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (amount, unit) = text.split_at_checked(digits)?;
    Some((amount.parse().ok()?, unit.trim_start_matches([' ', '-', '_'])))
}

/// `text` as a number, whole if it can be.
fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<u64>().ok().map(Value::from);
    whole.or_else(|| Number::from_f64(text.parse().ok()?).map(Value::Number))
}

/// The amount of a known unit, in the largest of ours that needs no fraction.
fn in_units(amount: f64, unit: &str, known: &[(&[&str], f64)], ours: &[(&str, f64)]) -> Option<Value> {
    let (_, factor) = known.iter().find(|(names, _)| names.contains(&unit))?;
    let least = (amount * factor).round();
    let (unit, factor) = ours.iter().find(|(_, factor)| least % factor == 0.0)?;
    Some(Value::from(format!("{}{unit}", least / factor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What is proposed for the one mistake in `settings`.
    fn proposed(settings: &Value) -> Option<String> {
        let errors = Config::from_value(settings).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        meant(settings, &errors[0])
    }

    #[test]
    fn the_right_form_of_what_is_nearly_right_is_proposed() {
        for (key, written, meant) in [
            ("timeouts.total", json!("25 seconds"), r#""25s""#),
            ("timeouts.total", json!("25S"), r#""25s""#),
            ("timeouts.first_byte", json!("0.5s"), r#""500ms""#),
            ("timeouts.first_byte", json!("1.5 sec"), r#""1500ms""#),
            ("cache.default_ttl", json!("2 weeks"), r#""14d""#),
            ("cache.default_ttl", json!("90min"), r#""90m""#),
            ("timeouts.serve_stale_after", json!(false), r#""off""#),
            ("timeouts.serve_stale_after", json!("Never"), r#""off""#),
            ("cache.max_body", json!("25MB"), r#""25MiB""#),
            ("cache.max_body", json!("0.5 MB"), r#""512KiB""#),
            ("body.buffer", json!("64kb"), r#""64KiB""#),
            ("page.theme", json!("Calm"), r#""calm""#),
            ("page.languages", json!("pt-BR"), r#"["pt-BR"]"#),
            ("page.accent", json!("1d56b8"), "\"#1d56b8\""),
            ("retry.attempts", json!("3"), "3"),
            ("retry.budget", json!("20%"), "0.2"),
            ("cache.enabled", json!("yes"), "true"),
            ("cache.enabled", json!("False"), "false"),
            ("retry.statuses", json!(503), "[503]"),
            ("origins", json!("https://a.example"), r#"["https://a.example"]"#),
            ("probe.path", json!("healthz"), r#""/healthz""#),
            ("probe.host", json!("https://www.example.com/"), r#""www.example.com""#),
            ("page.support_url", json!("example.com/help"), r#""https://example.com/help""#),
        ] {
            let (table, name) = key.split_once('.').unwrap_or(("", key));
            let settings = match table {
                "" => json!({ name: written }),
                table => json!({ table: { name: written } }),
            };
            let proposed = proposed(&settings);
            if key == "page.languages" {
                // A list is proposed only if its entry is a language.
                assert_eq!(proposed.is_some(), Language::of_tag("pt-BR").is_some());
                continue;
            }
            assert_eq!(proposed.as_deref(), Some(meant), "{key} = {written}");
        }
        let entries = json!({ "page": { "languages": ["pt-BR", "DE", "de_AT"] } });
        let errors = Config::from_value(&entries).err().unwrap_or_default();
        for error in errors {
            let index = error.key.trim_start_matches("page.languages[").trim_end_matches(']');
            let base = ["\"pt", "\"de", "\"de"][index.parse::<usize>().unwrap()];
            // A language can be named once.
            let said = meant(&entries, &error).unwrap_or_default();
            assert!(said.starts_with(base) || index == "2", "{error}: {said}");
        }
        let origin = json!({ "origins": ["origin.example.com:8443"] });
        assert_eq!(proposed(&origin).as_deref(), Some(r#""https://origin.example.com:8443""#));
        let method = json!({ "routes": [{ "path": "/a", "methods": ["get"] }] });
        assert_eq!(proposed(&method).as_deref(), Some(r#""GET""#));
    }

    #[test]
    fn an_amount_in_another_form_that_is_too_large_gets_its_form_and_the_limit() {
        let limit = |settings: Value| {
            let errors = Config::from_value(&settings).unwrap_err();
            assert_eq!(meant(&settings, &errors[0]), None);
            super::limit(&settings, &errors[0])
        };
        let size = limit(json!({ "cache": { "max_body": "1GB" } })).unwrap();
        assert_eq!(size, (r#""1024MiB""#.to_owned(), r#""0B" to "100MiB" is accepted"#.to_owned()));
        let span = limit(json!({ "timeouts": { "total": "2 hours" } })).unwrap();
        assert_eq!(span, (r#""2h""#.to_owned(), r#""1ms" to "5m" is accepted"#.to_owned()));
        for settings in [
            json!({ "timeouts": { "total": "2h" } }),
            json!({ "timeouts": { "total": "25" } }),
            json!({ "cache": { "max_body": 7 } }),
        ] {
            assert_eq!(limit(settings), None);
        }
    }

    #[test]
    fn nothing_is_proposed_for_what_could_mean_several_things() {
        for settings in [
            json!({ "timeouts": { "total": "25" } }),
            json!({ "timeouts": { "total": 25 } }),
            json!({ "timeouts": { "total": "25 parsecs" } }),
            json!({ "timeouts": { "total": "2h" } }),
            json!({ "page": { "theme": "gloomy" } }),
            json!({ "page": { "brand": "" } }),
            json!({ "page": { "brand": " " } }),
            json!({ "tmieouts": {} }),
            json!({ "origins": ["https://me:secret@a.example"] }),
        ] {
            assert_eq!(proposed(&settings), None, "{settings}");
        }
    }
}
