//! The object in which what all isolates count is gathered: its storage and its settings, for `health`.

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{Env, SqlStorage, SqlStorageValue, State};

use super::settings::{bound, config, secret};
use super::{console, texts};
use crate::config::{Config, RoutingKey, Webhook};
use crate::health::alert::Delivery;
use crate::health::{Cell, Param, Settings, Sql, View, alarm, ingest, merge, query};
use crate::time::Timestamp;

/// Prepares a new instance.
pub fn start() {
    console_error_panic_hook::set_once();
    texts::start();
}

fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// The object's database.
struct Database(SqlStorage);

impl Database {
    fn of(state: DurableObjectState) -> Self {
        Self(State::from(state).storage().sql())
    }

    fn rows(&self, statement: &str, params: &[Param<'_>]) -> worker::Result<Vec<Vec<Cell>>> {
        let params: Vec<JsValue> = params.iter().map(value).collect();
        let rows = self.0.exec_raw(statement, params)?.raw();
        rows.map(|row| Ok(row?.into_iter().map(cell).collect())).collect()
    }
}

impl Sql for Database {
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Vec<Vec<Cell>> {
        match self.rows(statement, params) {
            Ok(rows) => rows,
            Err(error) => {
                // That a table is missing is how a new object finds out that it is new.
                if let worker::Error::UnknownJsError { message, .. } = error
                    && !message.starts_with("no such table")
                {
                    console::error(&["holdfast: the object's storage: ", &message].concat());
                }
                Vec::new()
            }
        }
    }
}

fn value(param: &Param<'_>) -> JsValue {
    match param {
        Param::Text(text) => JsValue::from(*text),
        // An integer that JavaScript represents exactly.
        Param::Number(number) => JsValue::from(*number as f64),
        Param::Null => JsValue::NULL,
    }
}

fn cell(value: SqlStorageValue) -> Cell {
    match value {
        SqlStorageValue::String(text) => Cell::Text(text),
        SqlStorageValue::Integer(number) => Cell::Number(number),
        SqlStorageValue::Null
        | SqlStorageValue::Boolean(_)
        | SqlStorageValue::Float(_)
        | SqlStorageValue::Blob(_) => Cell::Null,
    }
}

/// The configuration with the secrets that only the object needs. One that is not accepted counts as absent, and the
/// log says so, once: bindings do not change while an isolate lives.
fn settings(env: &Env) -> Rc<Config> {
    thread_local! {
        static SETTINGS: OnceCell<Rc<Config>> = const { OnceCell::new() };
    }
    SETTINGS.with(|settings| Rc::clone(settings.get_or_init(|| Rc::new(with_secrets(env)))))
}

fn with_secrets(env: &Env) -> Config {
    let mut config = config(|| env.clone()).map_or_else(|_| Config::default(), |config| (*config).clone());
    if let Some(text) = secret(env, "HOLDFAST_ALERT_WEBHOOK") {
        config.alert.webhook = accepted(Webhook::new(&text), "HOLDFAST_ALERT_WEBHOOK", Webhook::RULE);
    }
    if let Some(text) = secret(env, "HOLDFAST_ALERT_KEY") {
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

/// Takes the counts of so many reports in: the answer to them, and when the object is to be woken, in milliseconds.
pub fn report(
    state: DurableObjectState,
    env: &Env,
    counts: &str,
    reports: u32,
    dashboard: Option<&str>,
) -> Array {
    let config = settings(env);
    let reply =
        ingest::report(&Database::of(state), counts, u64::from(reports), now(), of(&config, dashboard));
    Array::of2(&JsValue::from(reply.text), &millis(reply.wake_at))
}

/// What is due when the object is woken: alerts to be sent, and when to wake it next.
pub fn wake(state: DurableObjectState, env: &Env) -> Array {
    let config = settings(env);
    let (deliveries, wake_at) = alarm::wake(&Database::of(state), now(), of(&config, None));
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
pub fn delivered(state: DurableObjectState, id: &str, was_taken: bool) -> JsValue {
    millis(alarm::delivered(&Database::of(state), id, was_taken, now()))
}

/// What reports come to in a shard: texts for the object.
pub fn merged(told: &str) -> Array {
    merge::merged(told, now()).into_iter().map(JsValue::from).collect()
}

/// A view of what is known, ready to be sent.
pub fn view(state: DurableObjectState, env: &Env, name: &str) -> Option<String> {
    let summary = query::summary(&Database::of(state), now(), &settings(env));
    Some(View::of_word(name)?.of(&summary, &bound(|| env.clone()).names()))
}
