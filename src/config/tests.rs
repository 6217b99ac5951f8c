//! What every table has in common: defaults, routes, and how mistakes are named.

use std::time::Duration;

use http::Method;

use super::*;
use crate::language::{Language, Message};
use crate::request::Target;
use crate::time::Timestamp;
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
                "brand": "Example", "logo": "data:image/png;base64,AAAA", "hero": "data:image/png;base64,BBBB", "theme": "paper", "accent": "#15b",
                "accent_dark": "#8ab6ff", "support_url": "mailto:a@b.example",
                "status_url": "https://c.example", "public_status": true, "languages": ["en"],
                "texts": { "en": { "again": "Once more" } }, "origin_errors": "keep", "cors": "*"
            },
            "maintenance": {
                "enabled": true, "from": "2026-11-21T01:00:00Z", "until": "2026-11-21T04:30:00+02:00"
            },
            "probe": { "path": "/healthz?full", "host": "WWW.example.com" },
            "log": { "sample": 0.01 },
            "incident": { "minimum": 20, "share": 0.5, "service": "shop@1.service", "shards": 16 },
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
            hero: Some("data:image/png;base64,BBBB".to_owned()),
            theme: Theme::Paper,
            accent: Colour::parse("#1155bb"),
            accent_dark: Colour::parse("#8ab6ff"),
            support_url: Some("mailto:a@b.example".to_owned()),
            status_url: Some("https://c.example".to_owned()),
            public_status: true,
            languages: vec![Language::ENGLISH],
            texts: vec![OwnText {
                language: Language::ENGLISH,
                message: Message::Again,
                text: "Once more".to_owned(),
            }],
            origin_errors: OriginErrors::Keep,
            cors: Cors::Any,
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
        incident: Incident {
            minimum: 20,
            share: Share::in_10_000(5000),
            service: Some("shop@1.service".to_owned()),
            shards: 16,
        },
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
            "incident": { "minimum": 0, "share": 0, "service": "a; reboot", "shards": 257 },
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
        r#"incident.service = "a; reboot": a text of 1 to 64 letters, digits, ".", "-", "_", "@" and ":" is accepted, e.g. "shop.service""#,
        r#"incident.shards = 257: a whole number from 1 to 256 is accepted, without quotes"#,
        r#"alert.webhook = "http://a.example/": an https URL is accepted, e.g. "https://hooks.example.com/alerts"; http only for localhost and 127.0.0.1, to try it"#,
        r#"alert.form = "mail": "json", "slack", "pagerduty", "discord" or "teams" is accepted"#,
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
        assert!(mistakes[0].starts_with(&format!("routes[0].{table} = {{}}: unknown key")), "{mistakes:?}");
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
        "logo": "data:image/png;base64,AAAA", "hero": "data:image/png;base64,BBBB", "accent": "#15b", "accent_dark": "#8ab6ff",
        "support_url": "https://a.example", "status_url": "https://b.example",
    });
    let of_route = |page: Value| {
        let settings = json!({ "page": outer, "routes": [{ "path": "/a", "page": page }] });
        Config::from_value(&settings).unwrap().routes.remove(0).settings.page
    };
    let keys = ["logo", "hero", "accent", "accent_dark", "support_url", "status_url"];
    let none: serde_json::Map<_, _> = keys.map(|key| (key.to_owned(), json!("none"))).into_iter().collect();
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
    assert!(errors(&json!({ "origins": nine }))[0].ends_with("at most 8 entries are accepted, these are 9"));
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
    let document = include_str!("../../docs/configuration.md");
    let (_, after) = document.split_once("\n## Every key\n").unwrap();
    let (section, _) = after.split_once("\n## ").unwrap();
    for key in KEYS {
        assert!(section.contains(&format!("| `{key}` |")), "{key}");
    }
    assert_eq!(section.lines().filter(|line| line.starts_with("| `")).count(), KEYS.len());
}

#[test]
fn the_file_that_comes_with_the_project_has_every_key() {
    let file = include_str!("../../wrangler.toml");
    // What is not set by default stands there as a comment.
    let lines = file.lines().map(|line| line.trim_start_matches("# "));
    let mut table = "";
    let written: Vec<_> = lines
        .filter_map(|line| {
            if let Some(header) = line.strip_prefix('[') {
                table = header.trim_start_matches('[').trim_end_matches(']');
            }
            let (key, _) = line.split_once(" = ")?;
            Some(format!("{table}.{key}"))
        })
        .collect();
    for key in KEYS {
        let name = format!("vars.HOLDFAST.{}", key.replace("[]", ""));
        assert!(written.contains(&name), "{key}");
    }
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
const KEYS: [&str; 75] = [
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
    "page.hero",
    "page.theme",
    "page.accent",
    "page.accent_dark",
    "page.support_url",
    "page.status_url",
    "page.public_status",
    "page.origin_errors",
    "page.cors",
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
    "incident.service",
    "incident.shards",
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
            "hero",
            "theme",
            "accent",
            "origin_errors",
            "cors",
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

proptest! {
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
}
