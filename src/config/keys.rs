//! All keys. Where does each value go, what is accepted, and within which limits?
//!
//! docs/configuration.md documents these keys; a test compares the two.

use std::time::Duration;

use serde_json::Value;

use super::alert::{self, Alert, Incident};
use super::body::Body;
use super::breaker::Breaker;
use super::cache::Cache;
use super::last_good::LastGood;
use super::maintenance::Maintenance;
use super::page::{self, OwnText, Page};
use super::pattern::{PathPattern, Pattern};
use super::reader::{Items, Table};
use super::retry::Retry;
use super::settings::{Config, Probe, Route, Settings};
use super::timeouts::Timeouts;
use super::values::{self, Accepted, duration, size, write_duration};
use crate::language::{Language, Message};
use crate::time::Timestamp;

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const MIB: u64 = 1024 * 1024;

/// The reader of one entry in a list of patterns. One type, so that the generic list code exists once in the module.
type Accepts = fn(&Value, &[Pattern]) -> Accepted<Pattern>;

const ORIGINS: Items = Items {
    count: 1..=8,
    if_empty: "name one, or leave the key out for the zone's own origin",
    of: r#"URLs, e.g. ["https://origin.example.com"],"#,
};
const METHODS: Items = Items {
    count: 1..=16,
    if_empty: "name one, or leave the key out for all methods",
    of: r#"methods, e.g. ["GET", "HEAD"],"#,
};
const COOKIES: Items = Items { count: 0..=64, if_empty: "", of: r#"cookie names, e.g. ["_ga*", "_gid"],"# };
const QUERY_NAMES: Items =
    Items { count: 0..=64, if_empty: "", of: r#"names in queries, e.g. ["utm_*", "ref"],"# };
const LAST_GOOD_PATHS: Items =
    Items { count: 0..=32, if_empty: "", of: r#"paths, e.g. ["/robots.txt", "/.well-known/*"],"# };
/// Three sets of client errors: those that may be gone at the next attempt, those that may be an outage's, those that
/// may concern the page. All others concern one request or are final.
const RETRIED: [u16; 3] = [408, 425, 429];
const COVERED: [u16; 4] = [403, 408, 425, 429];
const STORABLE: [u16; 8] = [400, 403, 404, 405, 410, 414, 451, 499];
const STATUSES: Items = Items { count: 0..=32, if_empty: "", of: "statuses, e.g. [502, 503]," };
const LANGUAGES: Items = Items {
    count: 1..=64,
    if_empty: "name one, or leave the key out for all languages",
    of: r#"language tags, e.g. ["en", "de"],"#,
};

/// Reads the outermost table.
pub(super) fn config(table: &mut Table<'_, '_>) -> Config {
    let mut config = Config::default();
    table.read("name", &mut config.name, |value| values::name(value).map(Some));
    table.list("origins", &mut config.origins, &ORIGINS, values::origin);
    settings(table, &mut config.defaults);
    table.table("probe", |table| probe(table, &mut config.probe));
    table.table("log", |table| table.read("sample", &mut config.log.sample, values::share));
    table.table("incident", |table| incident(table, &mut config.incident));
    table.table("alert", |table| alerts(table, &mut config.alert));
    let Config { defaults, routes, .. } = &mut config;
    table.tables("routes", |table| {
        let route = route(table, defaults, routes);
        routes.push(route);
    });
    config
}

fn probe(table: &mut Table<'_, '_>, into: &mut Probe) {
    table.read("path", &mut into.path, |value| values::probe_path(value).map(Some));
    table.read("host", &mut into.host, |value| values::host(value).map(Some));
}

/// Reads one entry of `routes` and merges its tables into `defaults`.
fn route(table: &mut Table<'_, '_>, defaults: &Settings, earlier: &[Route]) -> Route {
    let mut route = Route { host: None, path: None, methods: Vec::new(), settings: defaults.clone() };
    table.read("host", &mut route.host, |value| values::host_pattern(value).map(Some));
    let mut ignores_case = false;
    table.read("ignore_case", &mut ignores_case, values::switch);
    let path = |value: &_| {
        values::path_pattern(value).map(|path| Some(PathPattern::new(path.as_str(), ignores_case)))
    };
    table.read("path", &mut route.path, path);
    table.list("methods", &mut route.methods, &METHODS, values::method);
    settings(table, &mut route.settings);
    let selects = ["host", "path", "methods"];
    if !selects.iter().any(|key| table.has(key)) {
        table.reject(
            "a route says with host, path or methods which requests it is for; what is for all stands outside of routes"
                .to_owned(),
        );
    } else if let Some(index) = earlier.iter().position(|earlier| covers(earlier, &route))
        && !selects.iter().any(|key| table.is_mistaken(key))
    {
        table.reject(format!("routes[{index}] comes first and takes every request that this route is for"));
    }
    route
}

/// Whether `earlier` certainly matches every request that `route` matches, judging by their text.
fn covers<'a>(earlier: &'a Route, route: &'a Route) -> bool {
    let takes = |earlier: Option<&str>, pattern: Option<&str>, all: &[&str]| {
        earlier.is_none_or(|earlier| all.contains(&earlier) || pattern == Some(earlier))
    };
    let host = |route: &'a Route| route.host.as_ref().map(Pattern::as_str);
    let path = |route: &'a Route| route.path.as_ref().map(PathPattern::as_str);
    takes(host(earlier), host(route), &["*"])
        && takes(path(earlier), path(route), &["*", "/*"])
        && (earlier.methods.is_empty()
            || !route.methods.is_empty()
                && route.methods.iter().all(|method| earlier.methods.contains(method)))
}

fn settings(table: &mut Table<'_, '_>, into: &mut Settings) {
    table.table("timeouts", |table| timeouts(table, &mut into.timeouts));
    table.table("retry", |table| retry(table, &mut into.retry));
    table.table("breaker", |table| breaker(table, &mut into.breaker));
    table.table("cache", |table| cache(table, &mut into.cache));
    table.table("body", |table| body(table, &mut into.body));
    table.table("last_good", |table| last_good(table, &mut into.last_good));
    table.table("page", |table| page(table, &mut into.page));
    table.table("maintenance", |table| maintenance(table, &mut into.maintenance));
}

/// After 100 s Cloudflare itself answers for a silent origin (524), so a longer limit would never be reached.
fn timeouts(table: &mut Table<'_, '_>, into: &mut Timeouts) {
    table.read("first_byte", &mut into.first_byte, duration(MILLISECOND..=100 * SECOND));
    table.read("idle", &mut into.idle, duration(MILLISECOND..=300 * SECOND));
    table.read("total", &mut into.total, duration(MILLISECOND..=300 * SECOND));
    table.read(
        "serve_stale_after",
        &mut into.serve_stale_after,
        values::duration_or_off(MILLISECOND..=100 * SECOND),
    );
    table.in_order(("first_byte", into.first_byte), ("total", into.total), write_duration);
    if let Some(serve_stale_after) = into.serve_stale_after {
        table.in_order(
            ("serve_stale_after", serve_stale_after),
            ("first_byte", into.first_byte),
            write_duration,
        );
    }
}

/// An isolate has 128 MB for all its requests. Buffering 16 MiB for one leaves room for a few others.
fn retry(table: &mut Table<'_, '_>, into: &mut Retry) {
    table.read("attempts", &mut into.attempts, values::count(1..=10));
    table.read("idempotency_key", &mut into.idempotency_key, values::switch);
    table.read("backoff", &mut into.backoff, duration(MILLISECOND..=10 * SECOND));
    table.read("backoff_max", &mut into.backoff_max, duration(MILLISECOND..=60 * SECOND));
    table.read("budget", &mut into.budget, values::share_or_off);
    table.read("replay_body", &mut into.replay_body, size(0..=16 * MIB));
    table.list("statuses", &mut into.statuses, &STATUSES, values::status(&RETRIED, "408, 425, 429"));
    table.in_order(("backoff", into.backoff), ("backoff_max", into.backoff_max), write_duration);
}

/// A window below a second has too few requests to judge by, and an open period below 0.1 s does not relieve an
/// origin. Both are at most five minutes, which is longer than most incidents.
fn breaker(table: &mut Table<'_, '_>, into: &mut Breaker) {
    table.read("enabled", &mut into.enabled, values::switch);
    table.read("failures", &mut into.failures, values::share_above_zero);
    table.read("minimum", &mut into.minimum, values::count(1..=10_000));
    table.read("consecutive", &mut into.consecutive, values::count(1..=1000));
    table.read("window", &mut into.window, duration(SECOND..=300 * SECOND));
    table.read("open_for", &mut into.open_for, duration(100 * MILLISECOND..=300 * SECOND));
}

/// Each variant is an entry in the platform's cache, which evicts at will: too many only evict each other. A
/// remembered lookup hides changes of other isolates, and is of little more use after a second.
fn cache(table: &mut Table<'_, '_>, into: &mut Cache) {
    table.read("enabled", &mut into.enabled, values::switch);
    table.read("default_ttl", &mut into.default_ttl, duration(Duration::ZERO..=YEAR));
    table.read("heuristic", &mut into.heuristic, values::share);
    table.read("heuristic_max", &mut into.heuristic_max, duration(Duration::ZERO..=YEAR));
    table.read("stale_if_error", &mut into.stale_if_error, duration(Duration::ZERO..=YEAR));
    table.read("stale_while_revalidate", &mut into.stale_while_revalidate, duration(Duration::ZERO..=YEAR));
    table.list("harmless_cookies", &mut into.harmless_cookies, &COOKIES, values::cookie as Accepts);
    table.read("trust_vary", &mut into.trust_vary, values::trust_vary);
    table.read("remove_invalidated", &mut into.remove_invalidated, values::switch);
    table.read("max_body", &mut into.max_body, size(0..=100 * MIB));
    table.read("max_variants", &mut into.max_variants, values::count(2..=128));
    table.read("memory_ttl", &mut into.memory_ttl, duration(Duration::ZERO..=10 * SECOND));
    table.read("client_directives", &mut into.client_directives, values::client_directives);
    table.list(
        "stale_statuses",
        &mut into.stale_statuses,
        &STATUSES,
        values::status(&COVERED, "403, 408, 425, 429"),
    );
    let storable = values::status(&STORABLE, "400, 403, 404, 405, 410, 414, 451, 499");
    table.list("error_statuses", &mut into.error_statuses, &STATUSES, storable);
    table.read("shrink", &mut into.shrink, values::share);
    table.read("must_contain", &mut into.must_contain, values::or_none(values::marker));
    table.list("ignore_query", &mut into.ignore_query, &QUERY_NAMES, values::query_name as Accepts);
    table.read("ignore_query_always", &mut into.ignore_query_always, values::switch);
}

/// As for `retry.replay_body`: 16 MiB of the isolate's 128 MB.
fn body(table: &mut Table<'_, '_>, into: &mut Body) {
    table.read("buffer", &mut into.buffer, size(0..=16 * MIB));
    table.read("resume", &mut into.resume, values::switch);
    table.read("monitor", &mut into.monitor, values::switch);
}

/// KV keeps every entry for at least a minute.
fn last_good(table: &mut Table<'_, '_>, into: &mut LastGood) {
    let path: Accepts = |value, _| values::path_pattern(value);
    table.list("paths", &mut into.paths, &LAST_GOOD_PATHS, path);
    table.read("interval", &mut into.interval, duration(MINUTE..=YEAR));
    table.read("max_age", &mut into.max_age, duration(MINUTE..=YEAR));
    table.read("shrink", &mut into.shrink, values::share);
    table.in_order(("interval", into.interval), ("max_age", into.max_age), write_duration);
}

/// On a site with few visitors, a single failure can be an incident.
fn incident(table: &mut Table<'_, '_>, into: &mut Incident) {
    table.read("minimum", &mut into.minimum, values::count(1..=10_000));
    table.read("share", &mut into.share, values::share_above_zero);
    table.read("service", &mut into.service, |value| values::service(value).map(Some));
    table.read("shards", &mut into.shards, values::count(1..=256));
}

/// Attempts are counted by the minute, so a shorter time looks like a pause.
fn alerts(table: &mut Table<'_, '_>, into: &mut Alert) {
    table.read("webhook", &mut into.webhook, alert::webhook);
    table.read("form", &mut into.form, alert::form);
    table.read("quiet", &mut into.quiet, duration(10 * SECOND..=DAY));
}

/// These limits do not keep a page below its 14 KB: `cargo xtask check` measures the whole.
fn page(table: &mut Table<'_, '_>, into: &mut Page) {
    table.read("brand", &mut into.brand, |value| values::brand(value).map(Some));
    table.read("logo", &mut into.logo, values::or_none(page::picture));
    table.read("hero", &mut into.hero, values::or_none(page::picture));
    table.read("theme", &mut into.theme, page::theme);
    if table.has("accent") && !table.has("accent_dark") {
        // The dark accent of the outer table belongs to another colour.
        into.accent_dark = None;
    }
    table.read("accent", &mut into.accent, values::or_none(page::accent(page::DARKEST_LIGHT)));
    table.read("accent_dark", &mut into.accent_dark, values::or_none(page::accent(page::LIGHTEST_DARK)));
    table.read("support_url", &mut into.support_url, values::or_none(values::web_or_mail_link));
    table.read("status_url", &mut into.status_url, values::or_none(values::web_link));
    table.read("public_status", &mut into.public_status, values::switch);
    table.read("origin_errors", &mut into.origin_errors, page::origin_errors);
    table.read("cors", &mut into.cors, page::cors);
    table.list("languages", &mut into.languages, &LANGUAGES, page::language);
    let are_known = !table.is_mistaken("languages");
    table.table("texts", |table| {
        for language in Language::all() {
            table.table(language.tag(), |table| {
                texts(table, language, &mut into.texts);
                if are_known && !into.languages.is_empty() && !into.languages.contains(&language) {
                    table.reject(format!(
                        "nobody would read it: page.languages, which holds here, leaves {} out",
                        language.tag()
                    ));
                }
            });
        }
    });
}

fn maintenance(table: &mut Table<'_, '_>, into: &mut Maintenance) {
    table.read("enabled", &mut into.enabled, |value| values::switch(value).map(Some));
    table.read("from", &mut into.from, |value| values::moment(value).map(Some));
    table.read("until", &mut into.until, |value| values::moment(value).map(Some));
    if let (Some(from), Some(until)) = (into.from, into.until) {
        table.in_order(("from", from), ("until", until), Timestamp::to_rfc3339);
    }
}

fn texts(table: &mut Table<'_, '_>, language: Language, into: &mut Vec<OwnText>) {
    // These two describe a catalogue and are not shown to visitors.
    let is_text = |message: &Message| !matches!(message.id(), "language" | "direction");
    for message in Message::ALL.into_iter().filter(is_text) {
        let mut text = None;
        table.read(message.id(), &mut text, page::own_text(message));
        if let Some(text) = text {
            into.retain(|other| (other.language, other.message) != (language, message));
            into.push(OwnText { language, message, text });
        }
    }
}
