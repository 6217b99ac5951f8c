//! Settings that are valid and have no effect, or not the one that was meant.
//!
//! Each is a warning: the worker runs. What stands in an environment is judged by what wrangler makes of it there: routes,
//! triggers and migrations are inherited from the top level, variables and bindings are not.

mod bindings;
mod deployment;
mod found;
mod settings;

use holdfast::config::Config;
use serde_json::Value;

use crate::findings::Warning;
use crate::scope::Scope;
use found::Effects;
pub(crate) use found::is_slip;

/// All warnings for an environment that runs with `config`, whose `HOLDFAST` is `written`.
pub(crate) fn of(scope: &Scope<'_>, config: &Config, written: &Value) -> Vec<Warning> {
    let mut effects = Effects { scope, found: Vec::new() };
    let bound = bindings::judge(&mut effects);
    settings::judge(&mut effects, config, written, bound);
    deployment::judge(&mut effects, config);
    effects.found
}
