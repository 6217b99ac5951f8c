//! Variables, secrets and bindings: is each by the name and of the kind that the worker looks for?

use holdfast::config::{Config, Token};
use serde_json::json;

use super::found::{Effects, is_slip};
use crate::document::{Content, Node, Syntax};
use crate::findings::VARIABLE;

/// A kind of binding: its key in the file, where its list is, where the name of each is, and the name that the worker
/// looks for.
struct Kind {
    key: &'static str,
    list: &'static [&'static str],
    name: &'static str,
    wanted: Option<&'static str>,
}

const fn kind(key: &'static str, wanted: Option<&'static str>) -> Kind {
    Kind { key, list: &[], name: "binding", wanted }
}

const KINDS: [Kind; 12] = [
    kind("kv_namespaces", Some("HOLDFAST_KEEP")),
    Kind { list: &["bindings"], name: "name", ..kind("durable_objects", Some("HOLDFAST_HEALTH")) },
    kind("analytics_engine_datasets", Some("HOLDFAST_ANALYTICS")),
    kind("version_metadata", Some("HOLDFAST_VERSION")),
    kind("r2_buckets", None),
    kind("d1_databases", None),
    kind("services", None),
    kind("hyperdrive", None),
    kind("vectorize", None),
    kind("ai", None),
    Kind { list: &["producers"], ..kind("queues", None) },
    kind("secrets_store_secrets", None),
];

const SECRETS: [&str; 3] = ["HOLDFAST_TOKEN", "HOLDFAST_ALERT_WEBHOOK", "HOLDFAST_ALERT_KEY"];

/// Which of the worker's bindings are there.
#[derive(Clone, Copy, Default)]
pub(super) struct Bound {
    /// `HOLDFAST_KEEP`
    pub keep: bool,
    /// `HOLDFAST_HEALTH`
    pub health: bool,
}

pub(super) fn judge(effects: &mut Effects<'_, '_>) -> Bound {
    variables(effects);
    let mut bound = Bound::default();
    for kind in &KINDS {
        for (name, binding) in of_kind(effects.scope.table, kind) {
            judge_one(effects, kind, name, binding, &mut bound);
        }
    }
    bound
}

fn variables(effects: &mut Effects<'_, '_>) {
    let table = effects.scope.table;
    for field in table.get("vars").map(Node::fields).unwrap_or_default() {
        if is_setting(&field.key, &field.value) {
            let text = format!("{0} is not read here; it belongs in vars.{VARIABLE}.{0}", field.key);
            effects.warn(field.at, "vars", text);
        } else if is_slip(&field.key, VARIABLE) {
            let text = format!("{} is not read; the settings are {VARIABLE}", field.key);
            effects.warn(field.at, "vars", text);
        } else if SECRETS.contains(&field.key.as_str()) {
            let name = &field.key;
            let mut text = format!(
                "{name} can be read here by whoever reads this file, and in Cloudflare's dashboard; take it out and run npx wrangler secret put {name}"
            );
            if name == "HOLDFAST_TOKEN" && field.value.text().and_then(Token::new).is_none() {
                text +=
                    &format!(". It is not accepted as it is, so that nobody is an operator: {}", Token::RULE);
            }
            effects.warn(field.at, "vars", text);
        } else if let Some(name) = SECRETS.into_iter().find(|name| is_slip(&field.key, name)) {
            let text = format!(
                "{} is not read; write {name}, and as a secret: npx wrangler secret put {name}",
                field.key
            );
            effects.warn(field.at, "vars", text);
        } else if let Some(kind) = KINDS.iter().find(|kind| kind.wanted == Some(field.key.as_str())) {
            let text = format!("{} is a variable here; it has to be bound in {}", field.key, kind.key);
            effects.warn(field.at, "vars", text);
        }
    }
}

/// Whether a variable is a setting of ours. Other code has variables too, which may have the same name and hold a text.
fn is_setting(key: &str, value: &Node) -> bool {
    let is_plain = matches!(value.content, Content::Plain(_));
    let errors = || Config::from_value(&json!({ key: value.value() })).err().unwrap_or_default();
    let is_known = || !errors().iter().any(|error| error.key == key || error.rule.starts_with("unknown key"));
    key == "origins" || !is_plain && is_known()
}

/// The bindings of `kind` in `table`, with their names.
fn of_kind<'d>(table: &'d Node, kind: &Kind) -> Vec<(&'d str, &'d Node)> {
    let Some(list) = table.get(kind.key).and_then(|list| list.at_path(kind.list)) else { return Vec::new() };
    let entries = if list.is_table() { std::slice::from_ref(list) } else { list.entries() };
    entries.iter().filter_map(|entry| Some((entry.get(kind.name)?.text()?, entry))).collect()
}

fn judge_one(effects: &mut Effects<'_, '_>, kind: &Kind, name: &str, binding: &Node, bound: &mut Bound) {
    let table = [&[kind.key], kind.list].concat().join(".");
    let at = binding.get(kind.name).map_or(binding.at, |name| name.at);
    if kind.wanted != Some(name) {
        if let Some(right) = KINDS.iter().find(|kind| kind.wanted == Some(name)) {
            let text = format!("{name} is looked for in {}, and not used as what it is here", right.key);
            effects.warn(at, &table, text);
        } else if let Some(wanted) = kind.wanted.filter(|wanted| is_slip(name, wanted)) {
            effects.warn(at, &table, format!("{name} is not looked for; write {wanted}"));
        }
        return;
    }
    match name {
        "HOLDFAST_KEEP" => {
            bound.keep = true;
            let id = binding.get("id").and_then(Node::text);
            if !id.is_some_and(is_id) {
                let text = "HOLDFAST_KEEP has no id of a namespace, 32 hexadecimal digits; npx wrangler kv namespace create HOLDFAST_KEEP prints one";
                effects.warn(at, &table, text.to_owned());
            }
        }
        "HOLDFAST_HEALTH" => {
            bound.health = true;
            object(effects, &table, binding);
        }
        _ => {}
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The object: its class, where that is, and the migration that makes it.
fn object(effects: &mut Effects<'_, '_>, table: &str, binding: &Node) {
    const CLASS: &str = "OriginHealth";
    let class = binding.get("class_name");
    if let Some(class) = class.filter(|class| class.text() != Some(CLASS)) {
        let text = format!(
            "class_name = \"{}\" is not the class that gathers the counts, which is {CLASS}",
            class.text().unwrap_or_default()
        );
        effects.warn(class.at, table, text);
        return;
    }
    // In another worker, the migration is there.
    if binding.get("script_name").is_some() {
        return;
    }
    let migrations = effects.scope.inherited("migrations").map(Node::entries).unwrap_or_default();
    let makes = |key: &str| {
        let mut classes = migrations.iter().filter_map(|migration| migration.get(key));
        classes.find_map(|classes| classes.entries().iter().find(|class| class.text() == Some(CLASS)))
    };
    if makes("new_sqlite_classes").is_some() {
        return;
    }
    let right = match effects.scope.syntax {
        Syntax::Toml => format!("[[migrations]] with a tag and new_sqlite_classes = [\"{CLASS}\"]"),
        Syntax::Json => {
            format!("\"migrations\": [{{ \"tag\": \"v1\", \"new_sqlite_classes\": [\"{CLASS}\"] }}]")
        }
    };
    match makes("new_classes") {
        Some(class) => {
            let text = format!(
                "{CLASS} keeps its counts in SQLite, which new_classes does not give it; write {right}"
            );
            effects.warn(class.at, "migrations", text);
        }
        None => {
            let text =
                format!("HOLDFAST_HEALTH needs a migration, without which it cannot be deployed: {right}");
            effects.warn(binding.at, table, text);
        }
    }
}
