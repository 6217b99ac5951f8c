//! The object in which what all isolates count is gathered: its storage and its settings, for `health`.

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use super::settings::{bound, config, secret_text};
use super::{console, texts};
use crate::config::{Config, RoutingKey, Webhook};
use crate::health::alert::Delivery;
use crate::health::{Cell, Param, Settings, Sql, View, alarm, ingest, query};
use crate::time::Timestamp;

#[wasm_bindgen(raw_module = "./sql.js")]
extern "C" {
    fn sql(storage: &JsValue, statement: &str, parameters: &str) -> String;
}

/// Prepares a new instance.
pub fn start() {
    console_error_panic_hook::set_once();
    texts::start();
}

fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// The object's storage.
struct Storage<'a>(&'a JsValue);

impl Sql for Storage<'_> {
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Vec<Vec<Cell>> {
        let params = params.iter().map(|param| match param {
            Param::Text(text) => json!(text),
            Param::Number(number) => json!(number),
        });
        let rows = sql(self.0, statement, &Value::from_iter(params).to_string());
        let Ok(Value::Array(rows)) = serde_json::from_str(&rows) else { return Vec::new() };
        rows.into_iter().map(cells).collect()
    }
}

fn cells(row: Value) -> Vec<Cell> {
    let Value::Array(row) = row else { return Vec::new() };
    let cell = |value| match value {
        Value::String(text) => Cell::Text(text),
        Value::Number(number) => number.as_i64().map_or(Cell::Null, Cell::Number),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Cell::Null,
    };
    row.into_iter().map(cell).collect()
}

/// The configuration with the secrets that only the object needs. One that is not accepted counts as absent, and the
/// log says so, once: bindings do not change while an isolate lives.
fn settings(env: &JsValue) -> Rc<Config> {
    thread_local! {
        static SETTINGS: OnceCell<Rc<Config>> = const { OnceCell::new() };
    }
    SETTINGS.with(|settings| Rc::clone(settings.get_or_init(|| Rc::new(with_secrets(env)))))
}

fn with_secrets(env: &JsValue) -> Config {
    let mut config = config(|| env.clone()).map_or_else(|_| Config::default(), |config| (*config).clone());
    if let Some(text) = secret_text(env, "HOLDFAST_ALERT_WEBHOOK") {
        config.alert.webhook = accepted(Webhook::new(&text), "HOLDFAST_ALERT_WEBHOOK", Webhook::RULE);
    }
    if let Some(text) = secret_text(env, "HOLDFAST_ALERT_KEY") {
        config.alert.key = accepted(RoutingKey::new(&text), "HOLDFAST_ALERT_KEY", RoutingKey::RULE);
    }
    config
}

fn accepted<T>(value: Option<T>, name: &str, rule: &str) -> Option<T> {
    if value.is_none() {
        console::error(&format!("{name} is not used: {rule}"));
    }
    value
}

fn of<'a>(config: &'a Config, dashboard: Option<&'a str>) -> Settings<'a> {
    Settings { incident: &config.incident, alert: &config.alert, dashboard }
}

fn millis(at: Option<Timestamp>) -> JsValue {
    at.map_or(JsValue::UNDEFINED, |at| JsValue::from(at.as_millis() as f64))
}

/// Takes counts in: the answer to them, and when the object is to be woken, in milliseconds.
pub fn report(storage: &JsValue, env: &JsValue, counts: &str, dashboard: Option<&str>) -> Array {
    let config = settings(env);
    let reply = ingest::report(&Storage(storage), counts, now(), of(&config, dashboard));
    Array::of2(&JsValue::from(reply.text), &millis(reply.wake_at))
}

/// What is due when the object is woken: alerts to be sent, and when to wake it next.
pub fn wake(storage: &JsValue, env: &JsValue) -> Array {
    let config = settings(env);
    let (deliveries, wake_at) = alarm::wake(&Storage(storage), now(), of(&config, None));
    Array::of2(&deliveries.into_iter().map(delivery).collect::<Array>(), &millis(wake_at))
}

fn delivery(delivery: Delivery) -> JsValue {
    let fields = Object::new();
    let Delivery { id, url, content_type, body } = delivery;
    for (name, value) in [("id", id), ("url", url), ("contentType", content_type.to_owned()), ("body", body)]
    {
        // A plain object takes any field.
        let _ = Reflect::set(&fields, &name.into(), &value.into());
    }
    fields.into()
}

/// Notes whether an alert was taken: when to wake the object next.
pub fn delivered(storage: &JsValue, id: &str, was_taken: bool) -> JsValue {
    millis(alarm::delivered(&Storage(storage), id, was_taken, now()))
}

/// A view of what is known, ready to be sent.
pub fn view(storage: &JsValue, env: &JsValue, name: &str) -> Option<String> {
    Some(View::of_word(name)?.of(&query::summary(&Storage(storage), now()), &bound(|| env.clone())))
}
