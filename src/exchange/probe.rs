//! What the cron trigger does: asks each origin itself, and looks after the kept copies.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};

use super::Exchange;
use super::attempts::Try;
use super::tally;
use super::trail::Trail;
use crate::cache::storable::Bypass;
use crate::config::{Config, Probe, Settings, Timeouts};
use crate::health::counters::Event;
use crate::origin::HealthSignal;
use crate::origin::deadline::Deadline;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::request::{Request, Target};

/// How long a probe waits: longer than a visitor can. Cloudflare's own connect timeout needs 19 s to show.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// Asks every origin for `probe.path`, tells what came of it, and refreshes the kept copies that have a path and
/// host of their own.
pub async fn probe<P: Ports>(ports: P, config: Rc<Config>) {
    let Some(path) = &config.probe.path else { return };
    let mut dashboard = String::new();
    for origin in 0..config.origin_count() {
        let Some(request) = asked(&config.probe, origin_host(&config, origin), path) else { continue };
        if config.probe.host.is_some() {
            dashboard = tally::dashboard_at(&request.target);
        }
        Exchange::new(ports.clone(), Rc::clone(&config), Rc::new(request)).probe_origin(origin).await;
    }
    let kept = config.defaults.last_good.paths.iter().filter(|path| !path.as_str().contains('*'));
    if config.probe.host.is_some() && ports.has_last_good() {
        for path in kept {
            let Some(request) = asked(&config.probe, None, path.as_str()) else { continue };
            Exchange::new(ports.clone(), Rc::clone(&config), Rc::new(request)).refresh_kept().await;
        }
    }
    tally::flush(&ports, &config, &dashboard, Duration::ZERO).await;
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

impl<P: Ports> Exchange<P> {
    async fn probe_origin(self: Rc<Self>, origin: usize) {
        let timeouts =
            Timeouts { first_byte: PATIENCE, total: PATIENCE, ..self.config.defaults.timeouts.clone() };
        let settings = Settings { timeouts, ..self.config.defaults.clone() };
        let policy = Policy {
            settings: Cow::Borrowed(&settings),
            lookup: Err(Bypass::Disabled),
            ..Policy::of(&self.config, &self.request)
        };
        let deadline = Deadline::new(self.began_at, PATIENCE);
        let attempt = Try { number: 1, origin, deadline, revalidates: None, asks_store: false };
        let Ok((end, received)) = self.attempt(&policy, &attempt, None).await else { return };
        if let Some(received) = received {
            self.give_up(received);
        }
        let (now, isolate) = (self.ports.now(), self.ports.isolate());
        isolate.counters(|counters| counters.count(Event::Probe(origin, end.into()), now));
        if end.health_signal() == HealthSignal::Healthy {
            isolate.origin_state(origin, |state| state.breaker.try_early(now, now));
        }
    }

    async fn refresh_kept(self: Rc<Self>) {
        let policy = Policy::of(&self.config, &self.request);
        let pursuit = self.pursue(&policy, None, None).await;
        self.conclude_behind(&policy, pursuit, Trail::new(&policy)).await;
    }
}
