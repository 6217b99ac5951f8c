//! What an operator can set, and what holds where nothing is set.
//!
//! A [`Config`] is made from the `HOLDFAST` variable alone, by [`Config::from_value`], which finds every
//! mistake in one pass. Each route's [`Settings`] are complete: its tables are laid over the defaults
//! when the configuration is read, not when a request comes.

mod alert;
mod keys;
mod page;
mod reader;
mod renamed;
mod share;
mod token;
mod values;

use std::time::Duration;

use http::Method;
use serde_json::Value;

use crate::request::{Target, spelling};
use crate::time::Timestamp;
pub use alert::{Alert, AlertForm, Incident, RoutingKey, Webhook};
pub use page::{Accent, Colour, DARKEST_LIGHT, Ground, LIGHTEST_DARK, OwnText, Page, Theme};
pub use reader::shortened;
use reader::{Mistakes, WHOLE};
pub use renamed::{OldName, RENAMED, Renamed, old_names};
pub use share::Share;
pub use token::Token;

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

    /// The platform's limit for one variable: 5 KB, in bytes of JSON.
    pub const MOST_BYTES: usize = 5 * 1024;

    /// Reads the variable's value, or answers with every mistake in it, in the order of the document.
    ///
    /// A value that would be more than [`MOST_BYTES`](Self::MOST_BYTES) of JSON is a mistake too.
    pub fn from_value(value: &Value) -> Result<Self, Vec<ConfigError>> {
        Self::read(value, value.to_string().len())
    }

    /// Reads the variable's JSON text, as [`from_value`](Self::from_value) does.
    pub fn from_json(text: &str) -> Result<Self, Vec<ConfigError>> {
        match serde_json::from_str(text) {
            Ok(value) => Self::read(&value, text.len()),
            Err(error) => Err(vec![ConfigError {
                key: WHOLE.to_owned(),
                value: reader::as_written(&Value::from(text)),
                rule: format!("JSON is accepted; this is not: {error}"),
            }]),
        }
    }

    fn read(value: &Value, bytes: usize) -> Result<Self, Vec<ConfigError>> {
        let mut mistakes = Mistakes::default();
        if bytes > Self::MOST_BYTES {
            mistakes.add(ConfigError {
                key: WHOLE.to_owned(),
                value: reader::as_written(value),
                rule: format!(
                    "at most {} bytes of JSON fit in a variable, these are {bytes}",
                    Self::MOST_BYTES
                ),
            });
        }
        let config = reader::read_whole(value, &mut mistakes, keys::config);
        let errors = mistakes.into_errors();
        match config {
            Some(config) if errors.is_empty() => Ok(config),
            Some(_) | None => Err(errors),
        }
    }
}

/// One mistake in a configuration. It displays as `key = value: rule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Which key, e.g. `timeouts.first_byte`, `origins[0]` or `routes[1].cache.max_body`; `HOLDFAST` for
    /// the whole.
    pub key: String,
    /// Its value as JSON, at most 80 characters of it, without a password.
    pub value: String,
    /// What is accepted.
    pub rule: String,
}

/// An origin: scheme, host and port; the path of a request is appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its URL with `/` as path.
    pub url: Target,
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

/// Text in which each `*` stands for any run of characters, none included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern that `text` writes.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` fits.
    #[inline(never)]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        rest.ends_with(last)
    }
}

/// A [`Pattern`] for paths, which fits what is written, and in another form what a server may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    written: Pattern,
    /// Where it differs.
    folded: Option<Pattern>,
    ignores_case: bool,
}

impl PathPattern {
    /// The pattern that `text` writes. With `ignores_case`, small and large letters are the same to a server.
    pub fn new(text: impl Into<String>, ignores_case: bool) -> Self {
        let written = text.into();
        let mut folded = spelling::folded_pattern(&written);
        if ignores_case {
            folded.make_ascii_lowercase();
        }
        let folded = Some(folded).filter(|folded| ignores_case || *folded != written);
        Self { written: Pattern(written), folded: folded.map(Pattern), ignores_case }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.written.as_str()
    }

    /// Whether the whole of `path` fits as it is written.
    pub fn matches(&self, path: &str) -> bool {
        self.written.matches(path)
    }

    /// Whether the whole of `reading` fits, which has the form of [`folded`](spelling::folded).
    pub fn fits(&self, reading: &str) -> bool {
        match &self.folded {
            Some(folded) if self.ignores_case => folded.matches(&reading.to_ascii_lowercase()),
            Some(folded) => folded.matches(reading),
            None => self.written.matches(reading),
        }
    }

    /// Whether a path that is written in that form fits just if it matches.
    pub fn is_folded(&self) -> bool {
        self.folded.is_none()
    }
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

/// `timeouts`: how long to wait for an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One attempt, from sending it to its response header.
    pub first_byte: Duration,
    /// Silence between pieces of a body.
    pub idle: Duration,
    /// All attempts and waits, to the response header.
    pub total: Duration,
    /// After this time without a response header a stale copy answers, where one may, and the fetch goes on behind it;
    /// at most `first_byte`. `None` for off.
    pub serve_stale_after: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(25),
            serve_stale_after: None,
        }
    }
}

/// `retry`: whether and how to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts for one request, the first one included; 1 means no retry.
    pub attempts: u32,
    /// Whether the origin honours `Idempotency-Key`, so that keyed requests may be repeated.
    pub idempotency_key: bool,
    /// The longest wait before the first retry; it doubles with each.
    pub backoff: Duration,
    /// The longest wait before any retry, and the longest `Retry-After` that is obeyed.
    pub backoff_max: Duration,
    /// Retries for each request in the long run, per origin and isolate; zero leaves a small reserve, and what time
    /// brings. See [`Budget`](crate::origin::retry_budget::Budget).
    pub budget: Option<Share>,
    /// A request body up to this many bytes is held so that it can be sent again.
    pub replay_body: u64,
    /// The origin's own statuses after which there is another attempt.
    pub statuses: Vec<u16>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            idempotency_key: false,
            backoff: Duration::from_millis(100),
            backoff_max: Duration::from_secs(2),
            budget: Some(Share::in_10_000(2000)),
            replay_body: 64 * 1024,
            statuses: vec![502, 503, 504],
        }
    }
}

/// `breaker`: when a page, a section or an origin counts as down and is left alone. See [`origin::breaker`](crate::origin::breaker).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Whether anything is ever left alone.
    pub enabled: bool,
    /// Requests of so many different clients have to fail in a row, at least 1; more than 64 count as 64.
    pub consecutive: u32,
    /// Or at least this share of the requests in `window`; more than zero.
    pub failures: Share,
    /// How many there have to be for that, at least 1; more than 64 count as 64.
    pub minimum: u32,
    /// For how long a request counts.
    pub window: Duration,
    /// For how long what is down is left alone.
    pub open_for: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            enabled: true,
            consecutive: 5,
            failures: Share::in_10_000(10_000),
            minimum: 20,
            window: Duration::from_secs(10),
            open_for: Duration::from_secs(5),
        }
    }
}

/// `cache`: what to store, and when a stored copy may stand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whether anything is stored or answered from the store.
    pub enabled: bool,
    /// Freshness of answers that say nothing about it.
    pub default_ttl: Duration,
    /// The share of the time between `Last-Modified` and `Date` for which an answer that states no lifetime
    /// counts as fresh (RFC 9111 §4.2.2); zero for never.
    pub heuristic: Share,
    /// The longest freshness of that kind.
    pub heuristic_max: Duration,
    /// How long past its freshness a copy may stand in for a failed origin, where the answer is silent.
    pub stale_if_error: Duration,
    /// How long past its freshness a copy may be served while it is refreshed, where the answer is silent.
    pub stale_while_revalidate: Duration,
    /// Names of cookies that cannot identify anybody; a `*` at the end stands for any ending.
    pub harmless_cookies: Vec<Pattern>,
    /// When an answer's `Vary` is believed about request fields of which nothing is known.
    pub trust_vary: TrustVary,
    /// Whether a request that changes something removes what is stored (RFC 9111 §4.4), and not just calls it out of date.
    pub remove_invalidated: bool,
    /// The largest body that is stored, in bytes.
    pub max_body: u64,
    /// How many variants of one URL are kept side by side, at least 2.
    pub max_variants: u32,
    /// For how long an isolate goes by what it has found in the store, without another look; zero for never.
    pub memory_ttl: Duration,
    /// What a request's own `Cache-Control` counts for.
    pub client_directives: ClientDirectives,
    /// For which of the origin's own statuses a copy may stand in.
    pub stale_statuses: Vec<u16>,
    /// Which error statuses are stored if they state a lifetime.
    pub error_statuses: Vec<u16>,
    /// A 200 whose body is shorter than this share of the last good one's is not believed at once; zero turns the
    /// check off.
    pub shrink: Share,
    /// What a page must contain to be stored.
    pub must_contain: Option<String>,
    /// Names in a query that do not keep the copy of the URL without them from standing in; a `*` at the end stands for
    /// any ending.
    pub ignore_query: Vec<Pattern>,
    /// Whether they are in no key either.
    pub ignore_query_always: bool,
}

/// When an answer's `Vary` is believed about request fields of which nothing is known. One that does not name such a field
/// is stored then. The later is the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustVary {
    /// In every answer (RFC 9111 §4.1).
    Always,
    /// In one that says that it may be stored.
    #[default]
    Permitted,
    /// In none.
    Never,
}

/// What a request's own `Cache-Control` counts for, and its `Pragma`. The earlier is the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientDirectives {
    /// What it says (RFC 9111 §5.2.1).
    #[default]
    Obey,
    /// Nothing.
    Ignore,
}

/// What links of campaigns and of advertisers bring along.
const CAMPAIGNS: [&str; 25] = [
    "utm_*",
    "gad_*",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "fbclid",
    "msclkid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "igsh",
    "igshid",
    "yclid",
    "ysclid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "mtm_*",
    "epik",
    "srsltid",
];

impl Default for Cache {
    fn default() -> Self {
        Self {
            enabled: true,
            default_ttl: Duration::ZERO,
            heuristic: Share::ZERO,
            heuristic_max: Duration::from_secs(24 * 60 * 60),
            stale_if_error: Duration::from_secs(24 * 60 * 60),
            stale_while_revalidate: Duration::ZERO,
            trust_vary: TrustVary::default(),
            remove_invalidated: false,
            harmless_cookies: ["_ga", "_ga_*", "_gid", "_fbp"].map(Pattern::new).to_vec(),
            max_body: 25 * 1024 * 1024,
            max_variants: 32,
            memory_ttl: Duration::from_secs(1),
            client_directives: ClientDirectives::Obey,
            stale_statuses: vec![500, 502, 503, 504],
            error_statuses: vec![404, 410],
            shrink: Share::in_10_000(1000),
            must_contain: None,
            ignore_query: CAMPAIGNS.iter().map(|name| Pattern::new(*name)).collect(),
            ignore_query_always: false,
        }
    }
}

/// `body`: how bodies are handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Bodies up to this many bytes are complete before the client sees any of them.
    pub buffer: u64,
    /// Whether a larger one that breaks off is continued by range, where the origin allows that.
    pub resume: bool,
    /// Whether a body that is not held is watched on its way: for breaking off, and for silence where it can be continued.
    /// One that is stored always is, and so is one of unknown length.
    pub monitor: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self { buffer: 256 * 1024, resume: true, monitor: true }
    }
}

/// `last_good`: of what a copy is kept for long, to be served when the origin fails and the cache has nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastGood {
    /// The paths that are kept, percent-encoded as they arrive.
    pub paths: Vec<Pattern>,
    /// A copy is written at most once in this time, a minute or more.
    pub interval: Duration,
    /// How old a copy may be that is served: `interval` or more.
    pub max_age: Duration,
    /// An answer whose body is shorter than this share of the kept one's is not taken for good; zero turns
    /// the check off.
    pub shrink: Share,
}

impl Default for LastGood {
    fn default() -> Self {
        Self {
            paths: vec![Pattern::new("/robots.txt")],
            interval: Duration::from_secs(60 * 60),
            max_age: Duration::from_secs(30 * 24 * 60 * 60),
            shrink: Share::in_10_000(1000),
        }
    }
}

/// `maintenance`: whether the site is closed to all but its operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Whether it is, or if there is a window, whether the window holds; `None` where nothing is said: then a window
    /// holds, and without one the site is open.
    pub enabled: Option<bool>,
    /// When the window begins; `None` if it has begun.
    pub from: Option<Timestamp>,
    /// When it ends, later than it begins; `None` if it is ended by hand.
    pub until: Option<Timestamp>,
}

impl Maintenance {
    /// Whether the site is closed at `now`.
    pub fn is_on(&self, now: Timestamp) -> bool {
        let has_window = self.from.is_some() || self.until.is_some();
        self.enabled.unwrap_or(has_window)
            && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Language, Message};
    use proptest::prelude::*;
    use serde_json::json;

    fn errors(value: &Value) -> Vec<String> {
        Config::from_value(value).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn where_nothing_is_set_the_defaults_hold() {
        let config = Config::from_value(&json!({})).unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.defaults, Settings::default());
        assert_eq!(Config::from_json("{}"), Ok(config));
        let tables = json!({ "timeouts": {}, "retry": {}, "breaker": {}, "cache": {}, "body": {}, "last_good": {}, "page": {}, "maintenance": {}, "probe": {}, "log": {}, "incident": {}, "alert": {}, "routes": [] });
        assert_eq!(Config::from_value(&tables), Ok(Config::default()));
    }

    #[test]
    fn every_key_is_read() {
        let config = Config::from_json(
            r##"{
                "name": "example-edge",
                "origins": ["https://a.example", "http://b.example:8080/"],
                "timeouts": { "first_byte": "3s", "idle": "4s", "total": "8s", "serve_stale_after": "2s" },
                "retry": {
                    "attempts": 2, "idempotency_key": true, "backoff": "1ms", "backoff_max": "1s",
                    "budget": 0.5, "replay_body": "1KiB", "statuses": [429]
                },
                "breaker": {
                    "enabled": false, "failures": 0.25, "minimum": 10, "consecutive": 3, "window": "1m",
                    "open_for": "100ms"
                },
                "cache": {
                    "enabled": false, "default_ttl": "1m", "heuristic": 0.25, "heuristic_max": "4h",
                    "stale_if_error": "2h", "stale_while_revalidate": "3s", "harmless_cookies": ["theme"],
                    "trust_vary": "never", "remove_invalidated": true, "max_body": "1MiB", "max_variants": 2, "memory_ttl": "0s",
                    "client_directives": "ignore", "stale_statuses": [403, 599], "error_statuses": [], "shrink": 0,
                    "must_contain": "</html>", "ignore_query": ["ref", "x_*"], "ignore_query_always": true
                },
                "body": { "buffer": "0B", "resume": false, "monitor": false },
                "last_good": { "paths": ["/a", "*.txt"], "interval": "1m", "max_age": "5m", "shrink": 1 },
                "page": {
                    "brand": "Example", "logo": "data:image/png;base64,AAAA", "theme": "paper", "accent": "#15b",
                    "accent_dark": "#8ab6ff", "support_url": "mailto:a@b.example",
                    "status_url": "https://c.example", "languages": ["en"],
                    "texts": { "en": { "again": "Once more" } }
                },
                "maintenance": {
                    "enabled": true, "from": "2026-11-21T01:00:00Z", "until": "2026-11-21T04:30:00+02:00"
                },
                "probe": { "path": "/healthz?full", "host": "WWW.example.com" },
                "log": { "sample": 0.01 },
                "incident": { "minimum": 20, "share": 0.5 },
                "alert": { "webhook": "https://d.example/e", "form": "slack", "quiet": "10m" },
                "routes": [{ "host": "API.example.com", "path": "/v1/*", "ignore_case": true, "methods": ["GET", "HEAD"] }]
            }"##,
        );
        let seconds = Duration::from_secs;
        let defaults = Settings {
            timeouts: Timeouts {
                first_byte: seconds(3),
                idle: seconds(4),
                total: seconds(8),
                serve_stale_after: Some(seconds(2)),
            },
            retry: Retry {
                attempts: 2,
                idempotency_key: true,
                backoff: Duration::from_millis(1),
                backoff_max: seconds(1),
                budget: Some(Share::in_10_000(5000)),
                replay_body: 1024,
                statuses: vec![429],
            },
            breaker: Breaker {
                enabled: false,
                failures: Share::in_10_000(2500),
                minimum: 10,
                consecutive: 3,
                window: seconds(60),
                open_for: Duration::from_millis(100),
            },
            cache: Cache {
                enabled: false,
                default_ttl: seconds(60),
                heuristic: Share::in_10_000(2500),
                heuristic_max: seconds(14_400),
                stale_if_error: seconds(7200),
                stale_while_revalidate: seconds(3),
                harmless_cookies: vec![Pattern::new("theme")],
                trust_vary: TrustVary::Never,
                remove_invalidated: true,
                max_body: 1 << 20,
                max_variants: 2,
                memory_ttl: Duration::ZERO,
                client_directives: ClientDirectives::Ignore,
                stale_statuses: vec![403, 599],
                error_statuses: Vec::new(),
                shrink: Share::ZERO,
                must_contain: Some("</html>".to_owned()),
                ignore_query: vec![Pattern::new("ref"), Pattern::new("x_*")],
                ignore_query_always: true,
            },
            body: Body { buffer: 0, resume: false, monitor: false },
            last_good: LastGood {
                paths: vec![Pattern::new("/a"), Pattern::new("*.txt")],
                interval: seconds(60),
                max_age: seconds(300),
                shrink: Share::in_10_000(10_000),
            },
            page: Page {
                brand: Some("Example".to_owned()),
                logo: Some("data:image/png;base64,AAAA".to_owned()),
                theme: Theme::Paper,
                accent: Colour::parse("#1155bb"),
                accent_dark: Colour::parse("#8ab6ff"),
                support_url: Some("mailto:a@b.example".to_owned()),
                status_url: Some("https://c.example".to_owned()),
                languages: vec![Language::ENGLISH],
                texts: vec![OwnText {
                    language: Language::ENGLISH,
                    message: Message::Again,
                    text: "Once more".to_owned(),
                }],
            },
            maintenance: Maintenance {
                enabled: Some(true),
                from: Some(Timestamp::from_millis(1_795_222_800_000)),
                until: Some(Timestamp::from_millis(1_795_228_200_000)),
            },
        };
        let origin = |url| Origin { url: Target::parse(url).unwrap() };
        let expected = Config {
            name: Some("example-edge".to_owned()),
            origins: vec![origin("https://a.example/"), origin("http://b.example:8080/")],
            routes: vec![Route {
                host: Some(Pattern::new("api.example.com")),
                path: Some(PathPattern::new("/v1/*", true)),
                methods: vec![Method::GET, Method::HEAD],
                settings: defaults.clone(),
            }],
            defaults,
            probe: Probe { path: Some("/healthz?full".to_owned()), host: Some("www.example.com".to_owned()) },
            log: Log { sample: Share::in_10_000(100) },
            incident: Incident { minimum: 20, share: Share::in_10_000(5000) },
            alert: Alert {
                webhook: Webhook::new("https://d.example/e"),
                form: AlertForm::Slack,
                quiet: seconds(600),
                key: None,
            },
            token: None,
        };
        assert_eq!(config, Ok(expected));
    }

    #[test]
    fn a_route_changes_what_it_sets_and_inherits_the_rest() {
        let config = Config::from_value(&json!({
            "timeouts": { "idle": "4s", "serve_stale_after": "2s" },
            "cache": { "harmless_cookies": ["a"] },
            "last_good": { "interval": "1m" },
            "routes": [
                { "path": "/api/*", "timeouts": { "first_byte": "3s", "total": "8s" }, "cache": { "enabled": false } },
                { "path": "/shop/*", "cache": { "harmless_cookies": ["b"] }, "last_good": { "paths": [] }, "timeouts": { "serve_stale_after": "off" } },
            ],
        }));
        let config = config.unwrap();
        let [api, shop] = &config.routes[..] else { panic!("{config:?}") };
        let seconds = Duration::from_secs;
        let timeouts = Timeouts {
            first_byte: seconds(3),
            idle: seconds(4),
            total: seconds(8),
            serve_stale_after: Some(seconds(2)),
        };
        assert_eq!(api.settings.timeouts, timeouts);
        assert!(!api.settings.cache.enabled && shop.settings.cache.enabled);
        assert_eq!(api.settings.cache.harmless_cookies, [Pattern::new("a")]);
        assert_eq!(shop.settings.cache.harmless_cookies, [Pattern::new("b")]);
        assert_eq!(api.settings.retry, config.defaults.retry);
        assert_eq!(shop.settings.timeouts.serve_stale_after, None);
        assert_eq!(shop.settings.last_good.paths, []);
        assert_eq!(shop.settings.last_good.interval, seconds(60));
    }

    #[test]
    fn every_mistake_is_named_in_one_pass_in_the_order_of_the_document() {
        // As text: `json!` would be no document with an order of its own.
        let value = serde_json::from_str(
            r#"{
                "retries": 3,
                "timeouts": { "total": "1h", "first_byte": "10", "serve_stale_after": "no" },
                "origins": ["https://a", "https://me:secret@b", "ftp://c"],
                "routes": [
                    { "path": "/a", "cache": { "max_body": "1GB" } },
                    { "path": "api" },
                    { "cache": { "enabled": true } },
                    7
                ],
                "breaker": { "failures": 0, "minimum": 0, "consecutive": 1001, "window": "10m", "open_for": "50ms" },
                "cache": { "enabled": "yes", "harmless_cookies": ["*", "ok"] },
                "last_good": { "paths": ["/robots.txt", "ads.txt"], "interval": "10s", "shrink": "10%" },
                "page": true,
                "incident": { "minimum": 0, "share": 0 },
                "alert": { "webhook": "http://a.example/", "form": "mail", "quiet": "5s", "key": "a" },
                "name": ""
            }"#,
        );
        let expected = [
            r#"retries = 3: unknown key; HOLDFAST has name, origins, timeouts, retry, breaker, cache, body, last_good, page, maintenance, probe, log, incident, alert and routes"#,
            r#"timeouts.total = "1h": "1ms" to "5m" is accepted"#,
            r#"timeouts.first_byte = "10": a duration needs a unit; write e.g. "250ms", "10s", "5m", "1h" or "1d""#,
            r#"timeouts.serve_stale_after = "no": a duration needs a unit; write e.g. "250ms", "10s", "5m", "1h" or "1d", or "off""#,
            r#"origins[1] = "https://…@b": a user and password are not accepted here; let the origin trust the worker by a header or a client certificate"#,
            r#"origins[2] = "ftp://c": an http or https URL with nothing after host and port is accepted; write e.g. "https://origin.example.com""#,
            r#"routes[0].cache.max_body = "1GB": a size needs a unit in powers of 1024; write e.g. "512B", "64KiB" or "25MiB""#,
            r#"routes[1].path = "api": a path that begins with "/" or "*" is accepted, with "*" for any run of characters, e.g. "/api/*"; percent-encoded as it arrives, without a query"#,
            r#"routes[2] = {"cache":{"enabled":true}}: a route says with host, path or methods which requests it is for; what is for all stands outside of routes"#,
            r#"routes[3] = 7: a table is accepted, as in { key = value }"#,
            r#"breaker.failures = 0: a number above 0 and up to 1 is accepted, without quotes, e.g. 0.5"#,
            r#"breaker.minimum = 0: a whole number from 1 to 10000 is accepted, without quotes"#,
            r#"breaker.consecutive = 1001: a whole number from 1 to 1000 is accepted, without quotes"#,
            r#"breaker.window = "10m": "1s" to "5m" is accepted"#,
            r#"breaker.open_for = "50ms": "100ms" to "5m" is accepted"#,
            r#"cache.enabled = "yes": true or false is accepted, without quotes"#,
            r#"cache.harmless_cookies[0] = "*": the name of a cookie is accepted, e.g. "_gid", or its beginning and a "*" at the end, e.g. "_ga*""#,
            r#"last_good.paths[1] = "ads.txt": a path that begins with "/" or "*" is accepted, with "*" for any run of characters, e.g. "/api/*"; percent-encoded as it arrives, without a query"#,
            r#"last_good.interval = "10s": "1m" to "365d" is accepted"#,
            r#"last_good.shrink = "10%": a number from 0 to 1 is accepted, without quotes, e.g. 0.1"#,
            r#"page = true: a table is accepted, as in { key = value }"#,
            r#"incident.minimum = 0: a whole number from 1 to 10000 is accepted, without quotes"#,
            r#"incident.share = 0: a number above 0 and up to 1 is accepted, without quotes, e.g. 0.5"#,
            r#"alert.webhook = "http://a.example/": an https URL is accepted, e.g. "https://hooks.example.com/alerts"; http only for localhost and 127.0.0.1, to try it"#,
            r#"alert.form = "mail": "json", "slack" or "pagerduty" is accepted"#,
            r#"alert.quiet = "5s": "10s" to "1d" is accepted"#,
            r#"alert.key = "a": unknown key; alert has webhook, form and quiet"#,
            r#"name = "": a text of 1 to 64 printable ASCII characters is accepted, with no space at either end"#,
        ];
        assert_eq!(errors(&value.unwrap()), expected);
    }

    #[test]
    fn what_holds_for_all_of_a_deployment_is_no_matter_of_a_route() {
        for table in ["incident", "alert"] {
            let mistakes = errors(&json!({ "routes": [{ "path": "/a", table: {} }] }));
            assert!(
                mistakes[0].starts_with(&format!("routes[0].{table} = {{}}: unknown key")),
                "{mistakes:?}"
            );
        }
    }

    #[test]
    fn only_statuses_of_the_origins_own_that_make_sense_there_are_accepted() {
        let accepted = |client: &str| {
            format!(
                "{client} and 500 to 599 are accepted, without quotes; 520 to 527 and 530 are Cloudflare's, and failures"
            )
        };
        for (table, key, status, rule) in [
            ("retry", "statuses", json!(404), accepted("408, 425, 429")),
            ("retry", "statuses", json!("503"), accepted("408, 425, 429")),
            ("retry", "statuses", json!(522), accepted("408, 425, 429")),
            ("cache", "stale_statuses", json!(404), accepted("403, 408, 425, 429")),
            ("cache", "stale_statuses", json!(530), accepted("403, 408, 425, 429")),
            ("cache", "error_statuses", json!(429), accepted("400, 403, 404, 405, 410, 414, 451, 499")),
            ("cache", "error_statuses", json!(600), accepted("400, 403, 404, 405, 410, 414, 451, 499")),
            ("cache", "error_statuses", json!(599), "this status is in the list already".to_owned()),
        ] {
            let value = json!({ table: { key: [599, status] } });
            assert_eq!(errors(&value), [format!("{table}.{key}[1] = {status}: {rule}")]);
        }
        for (key, value, rule) in [
            ("client_directives", json!("yes"), r#""obey" or "ignore" is accepted"#),
            ("must_contain", json!(""), r#"a text of 1 to 200 bytes is accepted, e.g. "</html>"; or "none""#),
        ] {
            let expected = format!("cache.{key} = {value}: {rule}");
            assert_eq!(errors(&json!({ "cache": { key: value } })), [expected]);
        }
        let settings = json!({
            "cache": { "must_contain": "</html>" },
            "routes": [{ "path": "/api/*", "cache": { "must_contain": "none" } }],
        });
        let config = Config::from_value(&settings).unwrap();
        assert_eq!(config.routes[0].settings.cache.must_contain, None);
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_nearest() {
        let value = json!({ "timeouts": { "firstbyte": "1s" } });
        let expected = r#"timeouts.firstbyte = "1s": unknown key; did you mean first_byte? timeouts has first_byte, idle, total and serve_stale_after"#;
        assert_eq!(errors(&value), [expected]);
        let value = json!({ "routes": [{ "path": "/", "caches": {} }] });
        assert!(errors(&value)[0].starts_with("routes[0].caches = {}: unknown key; did you mean cache? "));
        assert!(errors(&json!({ "a b": 1 }))[0].starts_with(r#""a b" = 1: unknown key"#));
    }

    #[test]
    fn an_impossible_combination_names_both_keys_and_values() {
        for (value, expected) in [
            (
                json!({ "timeouts": { "first_byte": "30s" } }),
                r#"timeouts.first_byte = "30s": must not be more than timeouts.total, which is "25s" by default"#,
            ),
            (
                json!({ "timeouts": { "total": "5s" } }),
                r#"timeouts.total = "5s": must not be less than timeouts.first_byte, which is "10s" by default"#,
            ),
            (
                json!({ "timeouts": { "first_byte": "9s", "total": "8000ms" } }),
                r#"timeouts.first_byte = "9s": must not be more than timeouts.total, which is "8s""#,
            ),
            (
                json!({ "routes": [{ "path": "/a", "timeouts": { "total": "8s" } }] }),
                r#"routes[0].timeouts.total = "8s": must not be less than timeouts.first_byte, which is "10s" unless this route sets it too"#,
            ),
            (
                json!({ "routes": [{ "path": "/a", "timeouts": { "total": "8s", "first_byte": "9s" } }] }),
                r#"routes[0].timeouts.first_byte = "9s": must not be more than routes[0].timeouts.total, which is "8s""#,
            ),
            (
                json!({ "timeouts": { "serve_stale_after": "11s" } }),
                r#"timeouts.serve_stale_after = "11s": must not be more than timeouts.first_byte, which is "10s" by default"#,
            ),
            (
                json!({ "timeouts": { "serve_stale_after": "4s" }, "routes": [{ "path": "/a", "timeouts": { "first_byte": "3s" } }] }),
                r#"routes[0].timeouts.first_byte = "3s": must not be less than timeouts.serve_stale_after, which is "4s" unless this route sets it too"#,
            ),
            (
                json!({ "retry": { "backoff": "3s" } }),
                r#"retry.backoff = "3s": must not be more than retry.backoff_max, which is "2s" by default"#,
            ),
            (
                json!({ "last_good": { "max_age": "30m" } }),
                r#"last_good.max_age = "30m": must not be less than last_good.interval, which is "1h" by default"#,
            ),
            (
                json!({ "routes": [{ "path": "/a", "last_good": { "interval": "31d" } }] }),
                r#"routes[0].last_good.interval = "31d": must not be more than last_good.max_age, which is "30d" unless this route sets it too"#,
            ),
            (
                json!({ "maintenance": { "from": "2026-11-21T03:00:00Z", "until": "2026-11-21T04:00:00+02:00" } }),
                r#"maintenance.from = "2026-11-21T03:00:00Z": must not be more than maintenance.until, which is "2026-11-21T02:00:00Z""#,
            ),
            (
                json!({ "maintenance": { "until": "2026-11-21T01:00:00Z" }, "routes": [{ "path": "/a", "maintenance": { "from": "2026-11-21T02:00:00Z" } }] }),
                r#"routes[0].maintenance.from = "2026-11-21T02:00:00Z": must not be more than maintenance.until, which is "2026-11-21T01:00:00Z" unless this route sets it too"#,
            ),
            (
                json!({ "routes": [{ "path": "/*" }, { "path": "/a", "methods": ["GET"] }] }),
                r#"routes[1] = {"path":"/a","methods":["GET"]}: routes[0] comes first and takes every request that this route is for"#,
            ),
        ] {
            assert_eq!(errors(&value), [expected]);
        }
    }

    #[test]
    fn one_mistake_does_not_cause_another() {
        for value in [
            json!({ "timeouts": { "first_byte": "30s", "total": 60 } }),
            json!({ "timeouts": { "total": 60 }, "routes": [{ "path": "/", "timeouts": { "first_byte": "30s" } }] }),
            json!({ "timeouts": { "first_byte": "30s" }, "routes": [{ "path": "/", "timeouts": { "idle": "1s" } }] }),
            json!({ "routes": [{ "path": "/a" }, { "path": "b" }, { "path": "c", "host": "d" }] }),
        ] {
            let errors = errors(&value);
            let routes = value["routes"].as_array().map_or(0, Vec::len);
            assert_eq!(errors.len(), if routes == 3 { 2 } else { 1 }, "{errors:?}");
        }
    }

    #[test]
    fn a_route_takes_back_what_holds_outside_of_it() {
        let outer = json!({
            "logo": "data:image/png;base64,AAAA", "accent": "#15b", "accent_dark": "#8ab6ff",
            "support_url": "https://a.example", "status_url": "https://b.example",
        });
        let of_route = |page: Value| {
            let settings = json!({ "page": outer, "routes": [{ "path": "/a", "page": page }] });
            Config::from_value(&settings).unwrap().routes.remove(0).settings.page
        };
        let keys = ["logo", "accent", "accent_dark", "support_url", "status_url"];
        let none: serde_json::Map<_, _> =
            keys.map(|key| (key.to_owned(), json!("none"))).into_iter().collect();
        assert_eq!(of_route(Value::Object(none)), Page::default());
        let own = of_route(json!({ "accent": "#802060" }));
        assert_eq!((own.accent, own.accent_dark), (Colour::parse("#802060"), None), "they belong together");
        let own = of_route(json!({ "accent_dark": "none" }));
        assert_eq!((own.accent, own.accent_dark), (Colour::parse("#15b"), None));
        let error = &errors(&json!({ "page": { "status_url": "off" } }))[0];
        assert!(error.ends_with(r#"; or "none""#), "{error}");
    }

    #[test]
    fn words_in_a_language_that_is_not_offered_are_a_mistake() {
        let texts = |tag: &str| json!({ tag: { "support": "x" } });
        let leaves_out = |key: &str, tag: &str| {
            format!(
                r#"{key}.texts.{tag} = {{"support":"x"}}: nobody would read it: page.languages, which holds here, leaves {tag} out"#
            )
        };
        for (value, expected) in [
            (
                json!({ "page": { "texts": texts("de"), "languages": ["en", "fr"] } }),
                vec![leaves_out("page", "de")],
            ),
            (
                json!({ "page": { "languages": ["en"] }, "routes": [{ "path": "/a", "page": { "texts": texts("de") } }] }),
                vec![leaves_out("routes[0].page", "de")],
            ),
        ] {
            assert_eq!(errors(&value), expected);
        }
        for fine in [
            json!({ "page": { "texts": texts("de") } }),
            json!({ "page": { "languages": ["en"] }, "routes": [{ "path": "/a", "page": { "texts": texts("de"), "languages": ["de"] } }] }),
            // The words are those of the other pages.
            json!({ "page": { "texts": texts("de") }, "routes": [{ "path": "/a", "page": { "languages": ["en"] } }] }),
        ] {
            assert!(Config::from_value(&fine).is_ok(), "{fine}");
        }
        let slip = errors(&json!({ "page": { "languages": ["en", "dee"], "texts": texts("de") } }));
        assert_eq!(slip.len(), 1, "{slip:?}");
    }

    #[test]
    fn an_empty_list_of_origins_is_not_route_mode() {
        let expected = "origins = []: name one, or leave the key out for the zone's own origin";
        assert_eq!(errors(&json!({ "origins": [] })), [expected]);
        let nine: Vec<String> = (0..9).map(|n| format!("https://{n}.example")).collect();
        assert!(
            errors(&json!({ "origins": nine }))[0].ends_with("at most 8 entries are accepted, these are 9")
        );
        assert!(errors(&json!({ "origins": "https://a" }))[0].contains("a list of URLs"));
    }

    #[test]
    fn what_does_not_fit_in_a_variable_is_a_mistake() {
        let routes = |count| {
            let routes: Vec<_> = (0..count).map(|n| json!({ "path": format!("/{n:0>35}/*") })).collect();
            json!({ "routes": routes })
        };
        assert!(Config::from_value(&routes(102)).is_ok());
        let error = &errors(&routes(103))[0];
        assert!(error.starts_with(r#"HOLDFAST = {"routes":[{"path":"/000"#), "{error}");
        assert!(error.ends_with("at most 5120 bytes of JSON fit in a variable, these are 5162"), "{error}");
        let padded = format!("{}{}", "{}", " ".repeat(5119));
        assert_eq!(Config::from_json(&padded).unwrap_err().len(), 1);
    }

    #[test]
    fn what_is_no_table_at_all_is_a_mistake() {
        for text in ["", "{", "[]", "null", "\"{}\"", "1", "{\"a\":}", "\u{0}"] {
            let errors = Config::from_json(text).unwrap_err();
            assert_eq!((errors.len(), errors[0].key.as_str()), (1, "HOLDFAST"), "{text:?}");
        }
    }

    #[test]
    fn the_documentation_has_a_row_for_every_key() {
        let document = include_str!("../docs/configuration.md");
        for key in KEYS {
            assert!(document.contains(&format!("| `{key}` |")), "{key}");
        }
        let rows = document.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, KEYS.len() + RENAMED.len());
    }

    #[test]
    fn no_key_is_read_that_is_not_documented() {
        let every_table = json!({
            "?": 0, "timeouts": { "?": 0 }, "retry": { "?": 0 }, "breaker": { "?": 0 }, "cache": { "?": 0 },
            "body": { "?": 0 }, "last_good": { "?": 0 }, "page": { "?": 0 }, "maintenance": { "?": 0 }, "probe": { "?": 0 },
            "log": { "?": 0 }, "incident": { "?": 0 }, "alert": { "?": 0 }, "routes": [{ "path": "/", "?": 0 }],
        });
        let mut known = Vec::new();
        for error in Config::from_value(&every_table).unwrap_err() {
            let table = error.key.strip_suffix(r#""?""#).unwrap().replace("[0]", "[]");
            let (_, keys) = error.rule.rsplit_once(" has ").unwrap();
            known.extend(keys.replace(" and ", ", ").split(", ").map(|key| format!("{table}{key}")));
        }
        let is_table = |key: &str| {
            [
                "timeouts",
                "retry",
                "breaker",
                "cache",
                "body",
                "last_good",
                "page",
                "maintenance",
                "probe",
                "log",
                "incident",
                "alert",
                "routes",
            ]
            .contains(&key.trim_start_matches("routes[]."))
        };
        known.retain(|key| !is_table(key));
        known.sort();
        let mut documented = KEYS.map(str::to_owned);
        documented.sort();
        assert_eq!(known, documented);
    }

    /// Every key that is no table, as docs/configuration.md names it.
    const KEYS: [&str; 69] = [
        "name",
        "origins",
        "timeouts.first_byte",
        "timeouts.idle",
        "timeouts.total",
        "timeouts.serve_stale_after",
        "retry.attempts",
        "retry.idempotency_key",
        "retry.backoff",
        "retry.backoff_max",
        "retry.budget",
        "retry.replay_body",
        "retry.statuses",
        "breaker.enabled",
        "breaker.failures",
        "breaker.minimum",
        "breaker.consecutive",
        "breaker.window",
        "breaker.open_for",
        "cache.enabled",
        "cache.default_ttl",
        "cache.heuristic",
        "cache.heuristic_max",
        "cache.stale_if_error",
        "cache.stale_while_revalidate",
        "cache.harmless_cookies",
        "cache.trust_vary",
        "cache.remove_invalidated",
        "cache.max_body",
        "cache.max_variants",
        "cache.memory_ttl",
        "cache.client_directives",
        "cache.stale_statuses",
        "cache.error_statuses",
        "cache.shrink",
        "cache.must_contain",
        "cache.ignore_query",
        "cache.ignore_query_always",
        "body.buffer",
        "body.resume",
        "body.monitor",
        "last_good.paths",
        "last_good.interval",
        "last_good.max_age",
        "last_good.shrink",
        "page.brand",
        "page.logo",
        "page.theme",
        "page.accent",
        "page.accent_dark",
        "page.support_url",
        "page.status_url",
        "page.languages",
        "page.texts",
        "maintenance.enabled",
        "maintenance.from",
        "maintenance.until",
        "probe.path",
        "probe.host",
        "log.sample",
        "incident.minimum",
        "incident.share",
        "alert.webhook",
        "alert.form",
        "alert.quiet",
        "routes[].host",
        "routes[].path",
        "routes[].ignore_case",
        "routes[].methods",
    ];

    /// Values that often have a known key in a place where it is read, and otherwise are anything.
    fn any_settings(depth: u32) -> impl Strategy<Value = Value> {
        let words = || {
            prop::sample::select(vec![
                "name",
                "origins",
                "timeouts",
                "retry",
                "breaker",
                "cache",
                "body",
                "last_good",
                "page",
                "incident",
                "alert",
                "routes",
                "host",
                "path",
                "methods",
                "first_byte",
                "idle",
                "total",
                "attempts",
                "idempotency_key",
                "backoff",
                "backoff_max",
                "budget",
                "replay_body",
                "failures",
                "share",
                "webhook",
                "form",
                "quiet",
                "minimum",
                "consecutive",
                "window",
                "open_for",
                "enabled",
                "default_ttl",
                "heuristic",
                "harmless_cookies",
                "trust_vary",
                "remove_invalidated",
                "max_body",
                "max_variants",
                "memory_ttl",
                "client_directives",
                "statuses",
                "must_contain",
                "paths",
                "interval",
                "max_age",
                "shrink",
                "buffer",
                "resume",
                "monitor",
                "brand",
                "support_url",
                "logo",
                "theme",
                "accent",
                "languages",
                "texts",
                "en",
                "again",
                "serve_stale_after",
                "maintenance",
                "from",
                "until",
                "firstbyte",
                "keep",
                "soft",
                "open",
                "memory",
                "hold",
                "watch",
                "look",
            ])
        };
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
            ".{0,90}".prop_map(Value::from),
            "[0-9]{1,3}(ms|s|m|KiB|MiB|B)".prop_map(Value::from),
            "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:00:00Z".prop_map(Value::from),
            "https?://[a-c@:/.]{1,5}".prop_map(Value::from),
            "[/*][a-c*]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(depth, 64, 8, move |inner| {
            prop_oneof![
                1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                6 => prop::collection::vec((words(), inner), 0..8).prop_map(|fields| {
                    let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
                    Value::Object(fields.collect())
                }),
            ]
        })
    }

    /// What stands at `key` in `value`, for keys without quotes.
    fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
        key.split(['.', '[']).try_fold(value, |value, part| match part.strip_suffix(']') {
            Some(index) => value.get(index.parse::<usize>().ok()?),
            None => value.get(part),
        })
    }

    #[test]
    fn a_site_is_closed_until_it_is_opened_or_within_a_window() {
        let moments = [1, 2, 3, 4].map(Timestamp::from_millis);
        let (from, until) = (Some(moments[1]), Some(moments[3]));
        for (enabled, from, until, is_on) in [
            (None, None, None, [false; 4]),
            (Some(false), None, None, [false; 4]),
            (Some(true), None, None, [true; 4]),
            (None, from, until, [false, true, true, false]),
            (Some(true), from, until, [false, true, true, false]),
            (Some(false), from, until, [false; 4]),
            (None, from, None, [false, true, true, true]),
            (None, None, until, [true, true, true, false]),
        ] {
            let settings = Maintenance { enabled, from, until };
            assert_eq!(moments.map(|now| settings.is_on(now)), is_on, "{settings:?}");
        }
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text, fits) in [
            ("/api/*", "/api/", true),
            ("/api/*", "/api/a/b", true),
            ("/api/*", "/api", false),
            ("/a*/c", "/a/b/c", true),
            ("/a*/c", "/a/b/cd", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("*.example.com", "example.com", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), fits, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_without_a_star_fits_itself_alone(text in "[a-c/]{0,8}", other in "[a-c/]{0,8}") {
            prop_assert_eq!(Pattern::new(&*text).matches(&other), text == other);
        }

        #[test]
        fn no_value_breaks_the_reader(value in any_settings(3)) {
            let text = value.to_string();
            let read = Config::from_value(&value);
            prop_assert_eq!(&read, &Config::from_json(&text));
            for error in read.err().unwrap_or_default() {
                prop_assert!(!error.rule.is_empty());
                prop_assert!(error.value.chars().count() <= 80);
                prop_assert!(error.key == WHOLE || find(&value, &error.key).is_some(), "{error}");
            }
        }

        #[test]
        fn filling_the_stars_gives_a_text_that_fits(parts in prop::collection::vec("[ab]{0,3}", 1..5), fill in "[ab]{0,3}") {
            prop_assert!(Pattern::new(parts.join("*")).matches(&parts.join(&fill)));
        }
    }
}
