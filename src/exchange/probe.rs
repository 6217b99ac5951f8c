//! The cron trigger: asks each origin itself, and refreshes the last good copies.

use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};

use super::attempt::{Try, attempt};
use super::behind::Behind;
use super::context::Context;
use super::flush;
use super::lookup::InStore;
use super::observing;
use crate::cache::storable::Bypass;
use crate::config::{Config, Probe, Settings, Timeouts};
use crate::health::counters::Event;
use crate::origin::HealthSignal;
use crate::origin::deadline::Deadline;
use crate::policy::Chosen;
use crate::ports::{Memory, Ports};
use crate::request::{Request, Target};

/// How long a probe waits: longer than a visitor can. Cloudflare's own connect timeout needs 19 s to show.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// The calls of the stores that refreshing one last good copy takes at most: to read the rules and the old copy, to write
/// the new one, and to find and store the page in the cache.
const LAST_GOOD_CALLS: u32 = 9;

/// Asks every origin for `probe.path`, counts the results, and refreshes last good copies of paths without a wildcard, as many as
/// the platform's smallest plan allows one run.
pub async fn probe<P: Ports>(ports: P, config: Rc<Config>) {
    let Some(path) = &config.probe.path else { return };
    let mut dashboard = String::new();
    // All of it is one request to the platform, with one allowance.
    let mut whole: Option<Context<P>> = None;
    let mut context = |request: Request| match &whole {
        Some(whole) => whole.other(request),
        None => whole.insert(Context::new(ports.clone(), Rc::clone(&config), Rc::new(request))).clone(),
    };
    for origin in 0..config.origin_count() {
        let Some(request) = asked(&config.probe, origin_host(&config, origin), path) else { continue };
        if config.probe.host.is_some() {
            dashboard = flush::dashboard_at(&request.target);
        }
        probe_origin(context(request), origin).await;
    }
    if config.probe.host.is_some() && ports.has_last_good() {
        for path in paths_from(&config, ports.roll()) {
            let Some(request) = asked(&config.probe, None, path) else { continue };
            let ctx = context(request);
            if !ctx.store().allowance().has(ctx.policy.settings.retry.attempts, LAST_GOOD_CALLS) {
                break;
            }
            Behind::new(&ctx, InStore::default(), None).ask(None).await;
        }
    }
    flush::flush(&ports, &config, &dashboard).await;
}

/// The paths of last good copies without a wildcard, in their order but from any one on, as `roll` in 0..1 has it: there
/// may be more of them than one run can refresh.
fn paths_from(config: &Config, roll: f64) -> impl Iterator<Item = &str> {
    let paths = || {
        let paths = config.defaults.last_good.paths.iter().map(|path| path.as_str());
        paths.filter(|path| !path.contains('*'))
    };
    let count = paths().count();
    let first = ((roll * count as f64) as usize).min(count.saturating_sub(1));
    paths().skip(first).chain(paths().take(first))
}

fn origin_host(config: &Config, origin: usize) -> Option<&str> {
    config.origins.get(origin).map(|origin| origin.url.authority())
}

/// A request for `path` at the public host, or at `host` if that is not known.
fn asked(probe: &Probe, host: Option<&str>, path: &str) -> Option<Request> {
    let host = probe.host.as_deref().or(host)?;
    let no_cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Some(Request {
        method: Method::GET,
        target: Target::parse(&format!("https://{host}{path}"))?,
        headers: HeaderMap::from_iter([no_cache]),
        has_body: false,
        id: "probe".to_owned(),
    })
}

async fn probe_origin<P: Ports>(ctx: Context<P>, origin: usize) {
    let defaults = &ctx.config.defaults;
    let timeouts = Timeouts { first_byte: PATIENCE, total: PATIENCE, ..defaults.timeouts.clone() };
    let settings = Chosen::Own(Rc::new(Settings { timeouts, ..defaults.clone() }));
    let mut policy = ctx.policy.clone();
    (policy.settings, policy.lookup) = (settings, Err(Bypass::Disabled));
    let ctx = ctx.under(policy);
    let deadline = Deadline::new(ctx.began_at, PATIENCE);
    let waited = Duration::ZERO;
    let next = Try { number: 1, waited, origin, deadline, revalidates: None, is_for_store: false };
    let Ok((result, received)) = attempt(&ctx, &next, None).await else { return };
    if let Some(received) = received {
        received.discard(ctx.ports());
    }
    observing::attempt(&ctx, origin, result, true);
    let (now, isolate) = (ctx.now(), ctx.ports().isolate());
    isolate.counters(|counters| counters.count(Event::Probe(origin, result.into()), now));
    if result.health_signal() == HealthSignal::Healthy {
        isolate.origin_state(origin, |state| state.breaker.try_early(now, now));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_copy_may_be_the_first_of_a_run_and_none_is_left_out() {
        let paths = ["/a", "/b*", "/c", "/d", "/e"];
        let settings = json!({ "origins": ["https://a.test"], "last_good": { "paths": paths } });
        let config = Config::from_value(&settings).unwrap();
        let from = |roll: f64| paths_from(&config, roll).collect::<Vec<_>>();
        assert_eq!(from(0.0), ["/a", "/c", "/d", "/e"]);
        assert_eq!(from(0.3), ["/c", "/d", "/e", "/a"]);
        assert_eq!(from(0.5), ["/d", "/e", "/a", "/c"]);
        assert_eq!(from(1.0), ["/e", "/a", "/c", "/d"]);
    }
}
