//! Settings of `HOLDFAST` that need something else to have an effect.

use holdfast::config::{Config, Settings};
use serde_json::Value;

use super::bindings::Bound;
use super::found::Effects;
use crate::document::Syntax;

pub(super) fn judge(effects: &mut Effects<'_, '_>, config: &Config, written: &Value, bound: Bound) {
    origins(effects, config);
    // A default that is spelt out asks for nothing.
    let default = Config::default();
    if !bound.health {
        let meant =
            [("incident", config.incident != default.incident), ("alert", config.alert != default.alert)];
        for (table, _) in meant.into_iter().filter(|(_, is_meant)| *is_meant) {
            effects.warn_setting(
                table,
                "has no effect without the object HOLDFAST_HEALTH in durable_objects.bindings, which gathers the counts",
            );
        }
    }
    let keeps = ["last_good", "keep"].into_iter().find(|table| written.get(*table).is_some());
    if let Some(table) =
        keeps.filter(|_| !bound.keep && config.defaults.last_good != default.defaults.last_good)
    {
        effects.warn_setting(table, "has no effect without the namespace HOLDFAST_KEEP in kv_namespaces");
    }
    probes(effects, config, written);
    switched_off(effects, config, written);
    if config.log != default.log {
        let is_kept = ["observability", "logpush", "tail_consumers"].into_iter().any(|key| {
            effects.scope.inherited(key).is_some_and(|found| match found.get("enabled") {
                Some(enabled) => enabled.switch() == Some(true),
                None => found.switch() != Some(false),
            })
        });
        if !is_kept {
            effects.warn_setting(
                "log.sample",
                "has no effect: nothing keeps the log; set observability.enabled = true",
            );
        }
    }
}

/// Names that are reserved for documents (RFC 2606 §3), of which nobody has a server.
fn origins(effects: &mut Effects<'_, '_>, config: &Config) {
    for (index, origin) in config.origins.iter().enumerate() {
        let host = origin.url.host();
        let is_reserved = ["example.com", "example.net", "example.org"]
            .into_iter()
            .any(|name| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')));
        if is_reserved {
            let text = format!("is {host}, a name for examples; write the host of your own server");
            effects.warn_setting(&format!("origins[{index}]"), &text);
        }
    }
}

fn probes(effects: &mut Effects<'_, '_>, config: &Config, written: &Value) {
    let triggers = effects.scope.inherited("triggers");
    let crons = triggers.and_then(|triggers| triggers.get("crons"));
    let crons = crons.filter(|crons| !crons.entries().is_empty());
    match (&config.probe.path, crons) {
        (Some(_), None) => {
            let right = match effects.scope.syntax {
                Syntax::Toml => "[triggers] with crons = [\"* * * * *\"]",
                Syntax::Json => "\"triggers\": { \"crons\": [\"* * * * *\"] }",
            };
            effects.warn_setting("probe", &format!("never runs without a cron trigger: add {right}"));
        }
        (None, Some(crons)) => {
            let text = "crons does nothing without probe.path in HOLDFAST, the path that is requested";
            effects.warn(crons.at, "triggers", text.to_owned());
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    if config.probe.path.is_none() && config.probe.host.is_some() {
        effects.warn_setting("probe.host", "has no effect without probe.path, the path that is requested");
    }
    if config.probe.path.is_some() && config.probe.host.is_none() && config.origins.is_empty() {
        effects.warn_setting(
            "probe",
            "requests nothing without probe.host: in route mode it has to say which host is asked",
        );
    }
    if written.pointer("/last_good/paths").is_some()
        && config.defaults.last_good.paths.is_empty()
        && config.routes.iter().all(|route| route.settings.last_good.paths.is_empty())
    {
        effects.warn_setting("last_good.paths", "is empty, so no last good copies are kept");
    }
}

/// What is set beside the switch that turns it off. A route may turn it on again, so only what has no such route counts.
fn switched_off(effects: &mut Effects<'_, '_>, config: &Config, written: &Value) {
    let settings = &config.defaults;
    let routes = || config.routes.iter().map(|route| &route.settings);
    let off = [
        (
            "cache",
            "enabled",
            "cache.enabled = false",
            !settings.cache.enabled && routes().all(|route| !route.cache.enabled),
        ),
        (
            "breaker",
            "enabled",
            "breaker.enabled = false",
            !settings.breaker.enabled && routes().all(|route| !route.breaker.enabled),
        ),
        (
            "retry",
            "attempts",
            "retry.attempts = 1",
            settings.retry.attempts == 1 && routes().all(|route| route.retry.attempts == 1),
        ),
        (
            "maintenance",
            "enabled",
            "maintenance.enabled = false",
            settings.maintenance.enabled == Some(false)
                && routes().all(|route| route.maintenance.enabled == Some(false)),
        ),
    ];
    for (table, switch, why, is_off) in off {
        let fields = written.get(table).and_then(Value::as_object);
        let others: Vec<_> = fields
            .map(|fields| {
                fields.keys().filter(|key| *key != switch).map(|key| format!("{table}.{key}")).collect()
            })
            .unwrap_or_default();
        if let (true, Some(first)) = (is_off, others.first()) {
            let rest = if others.len() > 1 { "and what stands beside it have" } else { "has" };
            effects.warn_setting(first, &format!("{rest} no effect with {why}"));
        }
    }
    let default = Settings::default();
    let needs = [
        (
            "cache.heuristic_max",
            "/cache/heuristic_max",
            "cache.heuristic, which is 0",
            settings.cache.heuristic == default.cache.heuristic
                && settings.cache.heuristic_max != default.cache.heuristic_max,
        ),
        (
            "cache.ignore_query_always",
            "/cache/ignore_query_always",
            "cache.ignore_query, which is empty",
            settings.cache.ignore_query.is_empty() && settings.cache.ignore_query_always,
        ),
    ];
    for (key, pointer, needed, is_missing) in needs {
        if is_missing && config.routes.is_empty() && written.pointer(pointer).is_some() {
            effects.warn_setting(key, &format!("has no effect without {needed}"));
        }
    }
}
