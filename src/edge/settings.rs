//! The worker's bindings: settings, secrets, and what else is bound. They belong to no request, and do not change while an
//! isolate lives.

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{JSON, Reflect};
use worker::kv::KvStore;
use worker::{AnalyticsEngineDataset, Env, ObjectNamespace, WorkerVersionMetadata};

use super::console;
use crate::config::{Config, Token};
use crate::health::Bindings;

const TOKEN: &str = "HOLDFAST_TOKEN";

thread_local! {
    static CONFIG: OnceCell<Result<Rc<Config>, Vec<String>>> = const { OnceCell::new() };
    static BOUND: OnceCell<Rc<Bound>> = const { OnceCell::new() };
}

/// The configuration, read once in each isolate.
pub(super) fn config(env: impl FnOnce() -> Env) -> Result<Rc<Config>, Vec<String>> {
    let read = || {
        let env = env();
        let text = settings_text(&env).unwrap_or_else(|| "{}".to_owned());
        let mut config = Config::from_json(&text)
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        config.token = token(&env);
        Ok(Rc::new(config))
    };
    CONFIG.with(|config| config.get_or_init(read).clone())
}

/// The settings as JSON: a variable of text is taken as it is. (`Env::object_var` would bring a second deserialiser.)
fn settings_text(env: &Env) -> Option<String> {
    let value = Reflect::get(env, &"HOLDFAST".into()).ok()?;
    value.as_string().or_else(|| JSON::stringify(&value).ok()?.as_string())
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
