//! The configuration as data. What can an operator set for the deployment, and what for a route?

use http::Method;

use super::alert::{Alert, Incident};
use super::body::Body;
use super::breaker::Breaker;
use super::cache::Cache;
use super::last_good::LastGood;
use super::maintenance::Maintenance;
use super::origin::Origin;
use super::page::Page;
use super::pattern::{PathPattern, Pattern};
use super::retry::Retry;
use super::share::Share;
use super::timeouts::Timeouts;
use super::token::Token;
/// A whole configuration, checked. The default is what holds where `HOLDFAST` is absent or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// How this deployment calls itself in `Proxy-Status` (RFC 9209 §2); by default the public host.
    pub name: Option<String>,
    /// Where requests go, in order of preference; empty for the zone's own origin (route mode).
    pub origins: Vec<Origin>,
    /// What holds where no route matches.
    pub defaults: Settings,
    /// When failed attempts count as an incident.
    pub incident: Incident,
    /// Who is told of it.
    pub alert: Alert,
    /// The first that matches decides.
    pub routes: Vec<Route>,
    /// How the origins are looked after by the cron trigger.
    pub probe: Probe,
    /// Of what a line is written to the log.
    pub log: Log,
    /// The operators' secret, `HOLDFAST_TOKEN`. It is no key of `HOLDFAST`: whoever reads the variable sets
    /// it afterwards. Without it, what only operators may see does not exist.
    pub token: Option<Token>,
}

impl Config {
    /// How many origins there are: in route mode the zone's own.
    pub fn origin_count(&self) -> usize {
        self.origins.len().max(1)
    }

    /// What logs, hints and counts call the origin of this number: its host, with the port where it is not the
    /// scheme's own; `zone` in route mode.
    pub fn origin_name(&self, origin: usize) -> &str {
        self.origins.get(origin).map_or("zone", |origin| origin.url.authority())
    }
}

/// Which requests a route is for, and what holds for them. A field that is absent matches everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// What the host must look like.
    pub host: Option<Pattern>,
    /// What the path must look like.
    pub path: Option<PathPattern>,
    /// Which methods; empty for all.
    pub methods: Vec<Method>,
    /// The defaults with this route's own tables laid over them.
    pub settings: Settings,
}

/// `probe`: how the origins are looked after by the cron trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// What each origin is asked for, percent-encoded, perhaps with a query; `None` for no probes.
    pub path: Option<String>,
    /// The public host, for `X-Forwarded-Host` and the kept copies; in lower case, perhaps with a port.
    pub host: Option<String>,
}

/// `log`: of what a line is written to the log, beyond what did not go smoothly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The share of the other requests.
    pub sample: Share,
}

/// Everything that a route can set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// How long to wait for an origin.
    pub timeouts: Timeouts,
    /// Whether and how to try again.
    pub retry: Retry,
    /// When an origin counts as down.
    pub breaker: Breaker,
    /// What to store, and when a stored copy may stand in.
    pub cache: Cache,
    /// How bodies are handed on.
    pub body: Body,
    /// Of what a copy is kept for long.
    pub last_good: LastGood,
    /// The pages made here.
    pub page: Page,
    /// Whether the site is closed.
    pub maintenance: Maintenance,
}
