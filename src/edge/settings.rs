//! The worker's bindings: settings, secrets, and what else is bound. They belong to no request, and do not change while an
//! isolate lives.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use js_sys::{JSON, Reflect};
use worker::kv::KvStore;
use worker::{AnalyticsEngineDataset, Env, ObjectNamespace, WorkerVersionMetadata};

use super::console;
use crate::config::{Config, Token};
use crate::health::Bindings;

const TOKEN: &str = "HOLDFAST_TOKEN";

type Read = Result<Config, Vec<String>>;

thread_local! {
    static AHEAD: RefCell<Option<(String, Read)>> = const { RefCell::new(None) };
    static CONFIG: OnceCell<Result<Rc<Config>, Vec<String>>> = const { OnceCell::new() };
    static BOUND: OnceCell<Rc<Bound>> = const { OnceCell::new() };
}

/// Reads the settings while the isolate starts, so that its first visitor does not wait for it: V8 compiles then what reads
/// them. They hold if that visitor's request comes with the same.
pub(super) fn read_ahead(env: &Env) {
    let text = settings_text(env);
    let read = read(&text);
    AHEAD.set(Some((text, read)));
}

/// The configuration, read once in each isolate.
pub(super) fn config(env: impl FnOnce() -> Env) -> Result<Rc<Config>, Vec<String>> {
    let read = || {
        let env = env();
        let text = settings_text(&env);
        let ahead = AHEAD.take().filter(|(ahead, _)| *ahead == text);
        let mut config = ahead.map_or_else(|| read(&text), |(_, read)| read)?;
        config.token = token(&env);
        Ok(Rc::new(config))
    };
    CONFIG.with(|config| config.get_or_init(read).clone())
}

fn read(text: &str) -> Read {
    Config::from_json(text).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

/// The settings as JSON: a variable of text is taken as it is. (`Env::object_var` would bring a second deserialiser.)
fn settings_text(env: &Env) -> String {
    let value = Reflect::get(env, &"HOLDFAST".into()).unwrap_or_default();
    let text = value.as_string().or_else(|| JSON::stringify(&value).ok()?.as_string());
    text.unwrap_or_else(|| "{}".to_owned())
}

/// A secret, or a variable of text. (Outside Cloudflare, workerd has `null` for one that is not set, on which `Env::secret`
/// throws.)
pub(super) fn secret(env: &Env, name: &str) -> Option<String> {
    Reflect::get(env, &name.into()).ok()?.as_string()
}

/// The operators' secret. An unfit one opens nothing, and does not take the site down either.
fn token(env: &Env) -> Option<Token> {
    let token = Token::new(&secret(env, TOKEN)?);
    if token.is_none() {
        console::error(&format!("{TOKEN} is not used: {}", Token::RULE));
    }
    token
}

/// The bindings that this worker uses.
pub(super) struct Bound {
    pub(super) last_good: Option<KvStore>,
    pub(super) health: Option<ObjectNamespace>,
    pub(super) analytics: Option<AnalyticsEngineDataset>,
    /// The id and the tag of the version.
    pub(super) version: Option<(String, String)>,
    has_token: bool,
}

impl Bound {
    fn of(env: &Env) -> Self {
        Self {
            last_good: env.kv("HOLDFAST_KEEP").ok(),
            health: env.durable_object("HOLDFAST_HEALTH").ok(),
            analytics: env.analytics_engine("HOLDFAST_ANALYTICS").ok(),
            version: env
                .get_binding("HOLDFAST_VERSION")
                .ok()
                .map(|version: WorkerVersionMetadata| (version.id(), version.tag())),
            has_token: secret(env, TOKEN).is_some(),
        }
    }

    /// Which of them there are.
    pub(super) fn names(&self) -> Bindings {
        Bindings {
            keep: self.last_good.is_some(),
            health: self.health.is_some(),
            analytics: self.analytics.is_some(),
            version: self.version.is_some(),
            token: self.has_token,
        }
    }
}

/// The bindings, looked up once in each isolate.
pub(super) fn bound(env: impl FnOnce() -> Env) -> Rc<Bound> {
    BOUND.with(|bound| Rc::clone(bound.get_or_init(|| Rc::new(Bound::of(&env())))))
}
