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
/// A whole, checked configuration. The default applies if `HOLDFAST` is absent or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The name of this deployment in `Proxy-Status` (RFC 9209 §2); the public host if `None`.
    pub name: Option<String>,
    /// The origins, in order of preference; empty for the zone's own origin (route mode).
    pub origins: Vec<Origin>,
    /// The settings if no route matches.
    pub defaults: Settings,
    /// When failed attempts count as an incident.
    pub incident: Incident,
    /// Who is notified of an incident.
    pub alert: Alert,
    /// The routes; the first that matches applies.
    pub routes: Vec<Route>,
    /// How the cron trigger probes the origins.
    pub probe: Probe,
    /// Which requests are logged.
    pub log: Log,
    /// The operators' token, from the secret `HOLDFAST_TOKEN`. Not a key of `HOLDFAST`: the reader of the variable
    /// sets it. Without it, the operators' endpoints do not exist.
    pub token: Option<Token>,
}

impl Config {
    /// The number of origins; 1 in route mode.
    pub fn origin_count(&self) -> usize {
        self.origins.len().max(1)
    }

    /// The name of this origin in logs, hints and counts: its host, with the port unless it is the scheme's default;
    /// `zone` in route mode.
    pub fn origin_name(&self, origin: usize) -> &str {
        self.origins.get(origin).map_or("zone", |origin| origin.url.authority())
    }
}

/// The requests that a route matches, and their settings. An absent field matches everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The pattern for the host.
    pub host: Option<Pattern>,
    /// The pattern for the path.
    pub path: Option<PathPattern>,
    /// The methods; empty for all.
    pub methods: Vec<Method>,
    /// The defaults, overridden by this route's own tables.
    pub settings: Settings,
}

/// `probe`: how the cron trigger probes the origins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// The probed path, percent-encoded, optionally with a query; `None` for no probes.
    pub path: Option<String>,
    /// The public host, for `X-Forwarded-Host` and the last good copies; in lower case, optionally with a port.
    pub host: Option<String>,
}

/// `log`: which requests are logged besides those with trouble.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The logged share of the other requests.
    pub sample: Share,
}

/// Everything that a route can set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// How long to wait for an origin.
    pub timeouts: Timeouts,
    /// Whether and how requests are repeated.
    pub retry: Retry,
    /// When a page, a section or an origin counts as down.
    pub breaker: Breaker,
    /// What is stored, and when a stored copy may answer.
    pub cache: Cache,
    /// How bodies are forwarded.
    pub body: Body,
    /// Which paths have a last good copy.
    pub last_good: LastGood,
    /// The generated pages.
    pub page: Page,
    /// Whether the site is closed.
    pub maintenance: Maintenance,
}
