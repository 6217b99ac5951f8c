//! The policy for one request. Which settings apply, and what do they allow?
//!
//! The first route that matches the path as written applies. But servers read one path in many spellings
//! ([`spelling`]). So restrictions of other routes, or of the defaults, apply too if an
//! origin may read the path as one of theirs. A request is treated as strictly as any path that an origin may take it
//! for, and as leniently as the written path only.

use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use http::HeaderName;

use crate::cache::directives::RequestDirectives;
use crate::cache::storable::{self, Bypass};
use crate::config::{
    Cache, ClientDirectives, Config, LastGood, Maintenance, PathPattern, Retry, Route, Settings, Timeouts,
};
use crate::fields;
use crate::origin::forward::ATTEMPT;
use crate::origin::is_origin_error;
use crate::origin::retry::Repeatable;
use crate::request::Request;
use crate::request::spelling::{self, Readings};
use crate::time::Timestamp;

/// The policy for one request. It shares the settings with the configuration, so clones are cheap.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The route that matched, counted from 0; `None` for the defaults.
    pub route: Option<usize>,
    /// The settings that apply.
    pub settings: Chosen,
    /// The settings of other routes that an origin may read the path as.
    read_as: Vec<Chosen>,
    /// Whether the store is used, or why not.
    pub lookup: Result<(), Bypass>,
    /// The request's cache directives, as far as the settings honour them.
    pub asked: RequestDirectives,
    /// Whether the request may be repeated, judging by its head.
    pub repeatable: Repeatable,
}

/// The settings chosen for a request.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// Those of this route, or the defaults.
    Route(Rc<Config>, Option<usize>),
    /// A stricter combination that is not in the configuration.
    Own(Rc<Settings>),
}

impl Deref for Chosen {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        match self {
            Self::Route(config, route) => settings_of(config, *route),
            Self::Own(settings) => settings,
        }
    }
}

impl Policy {
    /// Finds the first route that matches `request` and derives the policy.
    pub fn of(config: &Rc<Config>, request: &Request) -> Self {
        let route = first(config, request, Path::Written(request.target.path()));
        let (settings, read_as) = match readings(config, request) {
            None => (Chosen::Route(Rc::clone(config), route), Vec::new()),
            Some(readings) => strictest(config, request, route, &readings),
        };
        let asked = match settings.cache.client_directives {
            ClientDirectives::Obey => RequestDirectives::of(&request.headers),
            ClientDirectives::Ignore => RequestDirectives::default(),
        };
        Self {
            route,
            read_as,
            lookup: storable::may_look_up(request, &asked, &settings.cache),
            asked,
            repeatable: repeatable(request, &settings),
            settings,
        }
    }

    /// Whether an origin's own status counts as a failure: one that [reports trouble](is_origin_error), or one that a
    /// copy may cover.
    pub fn is_failure(&self, status: u16) -> bool {
        is_origin_error(status) || self.may_be_covered(status)
    }

    /// Whether a copy may answer in place of an origin's answer with this status.
    pub fn may_be_covered(&self, status: u16) -> bool {
        self.settings.cache.stale_statuses.contains(&status)
    }

    /// The shortest time in which an attempt can be expected to succeed: a tenth of its limit.
    pub fn least_attempt(&self) -> Duration {
        self.settings.timeouts.first_byte / 10
    }

    /// The maintenance that closes the site to the request at `now`, if any.
    pub fn maintenance(&self, now: Timestamp) -> Option<&Maintenance> {
        let all = std::iter::once(&self.settings).chain(&self.read_as);
        all.map(|settings| &settings.maintenance).find(|maintenance| maintenance.is_on(now))
    }
}

/// The settings of `route`, tightened by the routes that the path may be read as; and the settings of those.
fn strictest(
    config: &Rc<Config>,
    request: &Request,
    route: Option<usize>,
    readings: &Readings,
) -> (Chosen, Vec<Chosen>) {
    let firsts = readings.paths.iter().map(|path| first(config, request, Path::Read(path)));
    let read_as: Vec<_> =
        firsts.filter(|read| *read != route).map(|read| Chosen::Route(Rc::clone(config), read)).collect();
    if read_as.is_empty() && !readings.may_be_any {
        return (Chosen::Route(Rc::clone(config), route), read_as);
    }
    let mut settings = settings_of(config, route).clone();
    read_as.iter().for_each(|other| tighten(&mut settings, other));
    if readings.may_be_any {
        let routes = config.routes.iter().filter(|route| is_for(route, request, Path::Any));
        let all = routes.map(|route| &route.settings).chain([&config.defaults]);
        all.for_each(|other| tighten(&mut settings, other));
    }
    (Chosen::Own(Rc::new(settings)), read_as)
}

/// The way in which a route's pattern is compared with a request's path.
#[derive(Clone, Copy)]
enum Path<'p> {
    /// The path as written.
    Written(&'p str),
    /// One of the path's [readings](Readings).
    Read(&'p str),
    /// Any path.
    Any,
}

/// The first route that matches `request`.
fn first(config: &Config, request: &Request, path: Path<'_>) -> Option<usize> {
    config.routes.iter().position(|route| is_for(route, request, path))
}

fn is_for(route: &Route, request: &Request, path: Path<'_>) -> bool {
    let host = request.target.host();
    // A trailing dot does not change the host.
    let host = host.strip_suffix('.').unwrap_or(host);
    route.host.as_ref().is_none_or(|pattern| pattern.matches(host))
        && route.path.as_ref().is_none_or(|pattern| match path {
            Path::Written(path) => pattern.matches(path),
            Path::Read(path) => pattern.fits(path),
            Path::Any => true,
        })
        && (route.methods.is_empty() || route.methods.contains(&request.method))
}

/// The longest valid `Idempotency-Key`, in bytes.
const LONGEST_KEY: usize = 255;

fn settings_of(config: &Config, route: Option<usize>) -> &Settings {
    route.and_then(|route| config.routes.get(route)).map_or(&config.defaults, |route| &route.settings)
}

/// The readings of the path, if they may match another route than the written path does.
fn readings(config: &Config, request: &Request) -> Option<Readings> {
    let path = request.target.path();
    let mut paths = config.routes.iter().filter_map(|route| route.path.as_ref());
    let is_alike = config.routes.is_empty() || spelling::is_plain(path) && paths.all(PathPattern::is_folded);
    (!is_alike).then(|| Readings::of(path))
}

/// Tightens `own` by `other`. Settings that are neither stricter nor more lenient stay.
///
/// Each table is destructured completely: a new setting does not compile until somebody decides which value is
/// stricter.
fn tighten(own: &mut Settings, other: &Settings) {
    let Settings { timeouts, retry, breaker: _, cache, body: _, last_good, page: _, maintenance: _ } = other;
    let Timeouts { first_byte: _, idle: _, total: _, serve_stale_after } = timeouts;
    own.timeouts.serve_stale_after = own.timeouts.serve_stale_after.filter(|_| serve_stale_after.is_some());
    tighten_retry(&mut own.retry, retry);
    tighten_cache(&mut own.cache, cache);
    let LastGood { paths, interval: _, max_age, shrink: _ } = last_good;
    keep_common(&mut own.last_good.paths, paths);
    own.last_good.max_age = own.last_good.max_age.min(*max_age);
}

fn tighten_retry(own: &mut Retry, other: &Retry) {
    let Retry { attempts, idempotency_key, backoff: _, backoff_max: _, budget: _, replay_body: _, statuses } =
        other;
    own.attempts = own.attempts.min(*attempts);
    own.idempotency_key &= idempotency_key;
    keep_common(&mut own.statuses, statuses);
}

fn tighten_cache(own: &mut Cache, other: &Cache) {
    let Cache {
        enabled,
        default_ttl,
        heuristic,
        heuristic_max,
        stale_if_error,
        stale_while_revalidate,
        harmless_cookies,
        trust_vary,
        remove_invalidated,
        max_body,
        max_variants: _,
        memory_ttl,
        client_directives,
        stale_statuses,
        error_statuses,
        shrink,
        must_contain,
        ignore_query,
        ignore_query_always,
    } = other;
    own.enabled &= enabled;
    own.default_ttl = own.default_ttl.min(*default_ttl);
    own.heuristic = own.heuristic.min(*heuristic);
    own.heuristic_max = own.heuristic_max.min(*heuristic_max);
    own.stale_if_error = own.stale_if_error.min(*stale_if_error);
    own.stale_while_revalidate = own.stale_while_revalidate.min(*stale_while_revalidate);
    keep_common(&mut own.harmless_cookies, harmless_cookies);
    own.trust_vary = own.trust_vary.max(*trust_vary);
    own.remove_invalidated |= remove_invalidated;
    own.max_body = own.max_body.min(*max_body);
    own.memory_ttl = own.memory_ttl.min(*memory_ttl);
    own.client_directives = own.client_directives.min(*client_directives);
    keep_common(&mut own.stale_statuses, stale_statuses);
    keep_common(&mut own.error_statuses, error_statuses);
    own.shrink = own.shrink.max(*shrink);
    if own.must_contain.is_none() {
        own.must_contain.clone_from(must_contain);
    }
    keep_common(&mut own.ignore_query, ignore_query);
    own.ignore_query_always &= ignore_query_always;
}

fn keep_common<T: PartialEq>(own: &mut Vec<T>, other: &[T]) {
    own.retain(|entry| other.contains(entry));
}

/// Whether the method is idempotent (RFC 9110 §9.2.2), or the request has a key and the operator vouches that the
/// origin honours it: a client's key proves nothing about the origin.
fn repeatable(request: &Request, settings: &Settings) -> Repeatable {
    let keyed = settings.retry.idempotency_key && has_key(request);
    if request.headers.contains_key(ATTEMPT) {
        Repeatable::IsRetry
    } else if request.method.is_idempotent() || keyed {
        Repeatable::Repeatable
    } else {
        Repeatable::NotIdempotent
    }
}

/// Whether `Idempotency-Key` reaches the origin with one value: a quoted string, or visible characters without quotes
/// and without the comma by which the platform joins lines.
fn has_key(request: &Request) -> bool {
    let headers = &request.headers;
    let mut lines = headers.get_all(&KEY).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let line = line.as_bytes().trim_ascii();
    let (key, is_in_quotes) = match line {
        [b'"', key @ .., b'"'] => (key, true),
        key => (key, false),
    };
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && !matches!(byte, b'"' | b'\\');
    let is_one_word = |byte: &u8| byte.is_ascii_graphic() && *byte != b',';
    let says_something = !key.trim_ascii().is_empty() && line.len() <= LONGEST_KEY;
    says_something
        && key.iter().all(|byte| is_plain(byte) && (is_in_quotes || is_one_word(byte)))
        && !fields::concerns_one_connection(&KEY, &fields::connection_options(headers))
}

/// Defined by an IETF draft (draft-ietf-httpapi-idempotency-key-header).
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pattern;
    use http::Method;
    use serde_json::json;

    #[test]
    fn the_first_route_that_matches_decides() {
        let route = |host: Option<&str>, path: Option<&str>, methods: &[Method]| Route {
            host: host.map(Pattern::new),
            path: path.map(|path| PathPattern::new(path, false)),
            methods: methods.to_vec(),
            settings: Settings::default(),
        };
        let config = Rc::new(Config {
            routes: vec![
                route(None, Some("/api/*"), &[Method::POST]),
                route(Some("*.example.com"), None, &[]),
                route(None, Some("/api/*"), &[]),
            ],
            ..Config::default()
        });
        for (method, url, expected) in [
            ("POST", "https://a.example.com/api/x", Some(0)),
            ("GET", "https://a.example.com/api/x", Some(1)),
            ("GET", "https://a.example.com./api/x", Some(1)),
            ("GET", "https://example.com/api/x?/y", Some(2)),
            ("GET", "https://example.com/?/api/x", None),
            ("GET", "https://example.com//api/x", None),
        ] {
            assert_eq!(Policy::of(&config, &Request::bare(method, url)).route, expected, "{method} {url}");
        }
    }

    fn config(settings: serde_json::Value) -> Rc<Config> {
        Rc::new(Config::from_value(&settings).unwrap())
    }

    #[test]
    fn what_is_forbidden_for_a_path_is_forbidden_in_every_spelling_of_it() {
        let config = config(json!({ "routes": [
            { "path": "/account/login", "cache": { "default_ttl": "1h" } },
            { "path": "/account/*", "cache": { "enabled": false } },
            { "path": "/%70ay/*", "methods": ["GET"], "cache": { "enabled": false } },
            { "host": "b.example", "path": "/b/*", "cache": { "enabled": false } },
            { "path": "/Shop/*", "ignore_case": true, "cache": { "enabled": false } },
        ] }));
        for (url, is_cached) in [
            ("https://a.example/account/x", false),
            ("https://a.example//account/x", false),
            ("https://a.example/account%2fx", false),
            ("https://a.example/%61ccount/x", false),
            ("https://a.example/account%252fx", false),
            ("https://a.example/x/..%2faccount/", false),
            ("https://a.example/account;id=1/x", false),
            ("https://a.example/account%5cx", false),
            ("https://a.example/pay/x", false),
            ("https://a.example/%70ay/x", false),
            ("https://b.example/b%2fx", false),
            ("https://a.example/shop/x", false),
            ("https://a.example/SHOP%2fX", false),
            ("https://a.example/Account/x", true),
            ("https://a.example/account", true),
            ("https://a.example/accounts/x", true),
            ("https://a.example/a%20b", true),
            ("https://a.example/b/%20", true),
            ("https://a.example/account/login", true),
            ("https://a.example/account%2flogin", true),
            ("https://a.example/account/login%2f..%2fx", false),
            ("https://a.example/x/%252e%252e/account/%25252e%25252e/x", false),
        ] {
            let policy = Policy::of(&config, &Request::bare("GET", url));
            assert_eq!(policy.lookup.is_ok(), is_cached, "{url}: {policy:?}");
        }
        let policy = Policy::of(&config, &Request::bare("GET", "https://a.example/account/login"));
        assert_eq!(policy.settings.cache.default_ttl, Duration::from_secs(3600));
        let policy = Policy::of(&config, &Request::bare("GET", "https://a.example/account%2flogin"));
        assert_eq!((policy.route, policy.settings.cache.default_ttl), (None, Duration::ZERO));
    }

    #[test]
    fn what_is_allowed_for_a_path_is_allowed_where_it_can_be_read_as_no_other() {
        let config = config(json!({
            "cache": { "enabled": false },
            "routes": [{ "path": "/static/*", "cache": { "enabled": true } }],
        }));
        for (url, is_cached) in [
            ("https://a.example/static/a.css", true),
            ("https://a.example/static/a%20b.css", true),
            ("https://a.example/static/a;v=1.css", true),
            ("https://a.example/static/caf%c3%a9", true),
            ("https://a.example/static/..%2faccount", false),
            ("https://a.example/static/..;/account", false),
            ("https://a.example//static/a.css", false),
            ("https://a.example/%73tatic/a.css", false),
            ("https://a.example/static%2fa.css", false),
        ] {
            assert_eq!(Policy::of(&config, &Request::bare("GET", url)).lookup.is_ok(), is_cached, "{url}");
        }
    }

    #[test]
    fn of_all_that_a_path_may_be_read_as_the_strictest_holds() {
        let config = config(json!({
            "maintenance": { "until": "2026-11-21T01:00:00Z" },
            "last_good": { "paths": ["/robots.txt", "/*"] },
            "cache": { "harmless_cookies": ["a", "b"], "stale_if_error": "1h", "default_ttl": "1m" },
            "retry": { "attempts": 4 },
            "timeouts": { "serve_stale_after": "1s", "total": "20s" },
            "routes": [{
                "path": "/a/*",
                "maintenance": { "enabled": true, "from": "2026-11-22T01:00:00Z", "until": "2026-11-23T01:00:00Z" },
                "last_good": { "paths": ["/robots.txt"] },
                "cache": { "harmless_cookies": ["b", "c"], "stale_if_error": "0s", "default_ttl": "2m" },
                "retry": { "attempts": 1, "idempotency_key": true },
                "timeouts": { "serve_stale_after": "off", "total": "30s" },
                "page": { "brand": "A" },
            }],
        }));
        let policy = Policy::of(&config, &Request::bare("GET", "https://a.example//a/b"));
        let settings = &policy.settings;
        assert_eq!(settings.last_good.paths, [Pattern::new("/robots.txt")]);
        assert_eq!(settings.cache.harmless_cookies, [Pattern::new("b")]);
        let (stale, ttl) = (settings.cache.stale_if_error, settings.cache.default_ttl);
        assert_eq!((stale, ttl), (Duration::ZERO, Duration::from_secs(60)));
        assert_eq!((settings.retry.attempts, settings.retry.idempotency_key), (1, false));
        assert_eq!(
            (settings.timeouts.serve_stale_after, settings.timeouts.total),
            (None, Duration::from_secs(20))
        );
        assert_eq!(
            settings.page.brand, None,
            "what is neither stricter nor more lenient is as it is written"
        );
        for (day, is_closed) in [("20", true), ("21", false), ("22", true), ("23", false)] {
            let now = Timestamp::parse_rfc3339(&format!("2026-11-{day}T12:00:00Z")).unwrap();
            assert_eq!(policy.maintenance(now).is_some(), is_closed, "{day}");
        }
    }

    #[test]
    fn only_what_may_be_repeated_is() {
        // RFC 9110 §9.2.2
        let vouched = Retry { idempotency_key: true, ..Retry::default() };
        let vouched = Settings { retry: vouched, ..Settings::default() };
        for (method, keyed, plain, with_vouching) in [
            ("GET", false, true, true),
            ("PUT", false, true, true),
            ("DELETE", false, true, true),
            ("POST", false, false, false),
            ("POST", true, false, true),
            ("PATCH", true, false, true),
            ("get", false, false, false),
        ] {
            let mut request = Request::bare(method, "https://example.com/");
            if keyed {
                request.headers.insert("idempotency-key", "\"1\"".parse().unwrap());
            }
            for (settings, expected) in [(&Settings::default(), plain), (&vouched, with_vouching)] {
                let may = repeatable(&request, settings) == Repeatable::Repeatable;
                assert_eq!(may, expected, "{method} keyed: {keyed}");
            }
        }
    }

    #[test]
    fn a_key_counts_only_if_it_says_one_thing_and_reaches_the_origin() {
        let vouched = Retry { idempotency_key: true, ..Retry::default() };
        let vouched = Settings { retry: vouched, ..Settings::default() };
        let long = |length| "k".repeat(length);
        for (lines, connection, expected) in [
            (&["8e03978e-40d5-43dd-bc93-6894a57f9324"][..], "", true),
            (&["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""], "", true),
            (&["\"a, b\""], "", true),
            (&["k"], "close", true),
            (&[long(255).as_str()], "", true),
            (&[long(256).as_str()], "", false),
            (&["k", "k"], "", false),
            (&["k, k"], "", false),
            (&["\"k\", \"l\""], "", false),
            (&["a b"], "", false),
            (&[""], "", false),
            (&["\"\""], "", false),
            (&["\" \""], "", false),
            (&["\""], "", false),
            (&["\"k"], "", false),
            (&["k\u{e4}"], "", false),
            (&["\u{fffd}"], "", false),
            (&["k"], "Idempotency-Key", false),
            (&["k"], "close, idempotency-key", false),
        ] {
            let mut request = Request::bare("POST", "https://example.com/");
            for line in lines {
                request.headers.append(KEY, line.parse().unwrap());
            }
            request.headers.insert("connection", connection.parse().unwrap());
            let may = repeatable(&request, &vouched) == Repeatable::Repeatable;
            assert_eq!(may, expected, "{lines:?} {connection}");
        }
    }
}
