//! What a request asks of the platform: fetches, and calls of the cache, of KV and of the object. Cloudflare's smallest plan
//! allows 50; past that all fail.
//!
//! Counted from the request's arrival until all work behind its answer is done.

use std::collections::BTreeMap;

use faulty_origin::{Origin, Script, Seen, Step, scripts};
use serde_json::Value;
use xtask::serve::Options;

use crate::client::Call;
use crate::harness::{Edge, LARGE, Settings, TOKEN, any_port, eventually, overlay};

/// What the platform allows.
const ALLOWED: u64 = 50;

/// As much of everything as there may be.
const MOST: Settings<'_> = &[
    ("retry.attempts", "10"),
    ("retry.backoff", "1ms"),
    ("retry.backoff_max", "2ms"),
    ("retry.budget", "off"),
    ("breaker.enabled", "true"),
    ("breaker.consecutive", "1"),
    ("breaker.open_for", "100ms"),
    ("timeouts.first_byte", "2s"),
    ("timeouts.total", "20s"),
    ("cache.memory_ttl", "0s"),
    ("cache.stale_if_error", "1h"),
    ("cache.max_variants", "4"),
    ("body.buffer", "4KiB"),
];

/// Before `origins`, with the object if `health` says so: then a request in ten seconds flushes the counts, and is under way
/// until it has.
fn counting(origins: &[&Origin], settings: Settings<'_>, health: bool) -> Edge {
    let urls: Vec<_> = origins.iter().map(|origin| origin.url()).collect();
    let settings: Vec<_> = MOST.iter().chain(settings).copied().collect();
    let edge =
        Edge::watched(&urls, &overlay(&settings), Options { keep: true, health, ..Options::default() });
    edge.call("GET", "/.well-known/holdfast/health").send();
    taken(&edge);
    edge
}

/// What has been asked of the platform since this was last asked, by kind, once nothing is under way.
fn taken(edge: &Edge) -> BTreeMap<String, u64> {
    let mut counts = Value::Null;
    eventually("all work done", || {
        counts = serde_json::from_slice(&edge.call("GET", "/.counts").send().body).unwrap();
        !counts.is_null()
    });
    serde_json::from_value(counts["asked"].take()).unwrap()
}

/// How much that is; and it is allowed.
#[track_caller]
fn allowed(what: &str, edge: &Edge) -> u64 {
    let counts = taken(edge);
    let sum = counts.values().sum();
    println!("{sum:3} {what}: {counts:?}");
    assert!(sum <= ALLOWED, "{what}: {counts:?}");
    assert!(sum > 0, "{what}: nothing was counted");
    sum
}

fn refusing() -> Vec<Origin> {
    (0..7).map(|_| Origin::start(any_port(), |_| scripts::closing(scripts::reset())).unwrap()).collect()
}

/// Sends a piece of what is wanted, and then breaks off.
fn torn(seen: &Seen) -> Script {
    let range = seen.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let start: usize = range.map_or(0, |start| start.parse().unwrap());
    let total = 4 * LARGE;
    let part = format!("bytes {start}-{}/{total}", total - 1);
    let mut fields = vec![("Cache-Control", "max-age=600"), ("ETag", "\"v1\""), ("Accept-Ranges", "bytes")];
    if start > 0 {
        fields.push(("Content-Range", &part));
    }
    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
    let head = scripts::head_only(status, &fields, total - start).remove(0);
    vec![head, Step::Send(vec![b'x'; 5000]), Step::Close]
}

#[test]
fn no_request_asks_more_of_the_platform_than_its_smallest_plan_allows() {
    let refusing = refusing();
    let last = Origin::start(any_port(), |seen| match seen.path() {
        "/torn" => torn(seen),
        _ => scripts::closing(scripts::reset()),
    })
    .unwrap();
    let origins: Vec<_> = refusing.iter().chain([&last]).collect();
    let settings = [("last_good.paths", r#"["/page*"]"#)];
    let edge = counting(&origins, &settings, true);
    let browse = |path: &str| edge.call("GET", path).browsing();
    let _ = browse("/torn").send();
    let worst = allowed("a body that always tears, from the eighth of eight origins", &edge);
    assert_eq!(browse("/page?utm_source=x").send().status(), 502);
    allowed("a page of which nobody has a copy, from eight that fail", &edge);
    edge.call("POST", "/form").body("x").send();
    allowed("a form that all refuse", &edge);
    let _ = edge.call("GET", "/.well-known/holdfast/status").with("Holdfast-Token", TOKEN).send();
    allowed("the dashboard", &edge);
    assert_eq!(worst, 36, "the worst is another one, or has changed");
}

#[test]
fn what_is_stored_in_variants_purged_and_invalidated_stays_within_it_too() {
    let origin = Origin::start(any_port(), |seen| {
        let length = if seen.path().starts_with("/large") { LARGE } else { 1000 };
        let vary =
            if seen.header("x-list").is_some() { "X-List, Accept-Language" } else { "Accept-Language" };
        let fields = [
            ("Cache-Control", "max-age=600"),
            ("Vary", vary),
            ("Location", "/large-b"),
            ("Content-Location", "/page-b"),
        ];
        scripts::with_headers(&fields, "x".repeat(length))
    })
    .unwrap();
    let edge = counting(&[&origin], &[("last_good.paths", r#"["/page*"]"#)], false);
    let mut worst = 0;
    for path in ["/page-a", "/page-b", "/large-a", "/large-b"] {
        for language in ["en", "de", "fr", "it", "pt", "pt", "es", "es", "en"] {
            let get = |list: Option<&str>| {
                let call = edge.call("GET", path).with("Accept-Language", language);
                let call = call.with("CF-Connecting-IP", &format!("192.0.2.{}", origin.seen().len() % 200));
                list.map_or(call.clone(), |list| call.with("X-List", list))
            };
            for call in [get(None), get(Some("1")), get(None)] {
                let _ = call.send();
                worst = worst.max(allowed(path, &edge));
            }
        }
        for method in ["POST", "DELETE"] {
            edge.call(method, path).body("x").send();
            worst = worst.max(allowed(&format!("{method} {path}"), &edge));
        }
    }
    let order = |text: &str| -> Call {
        edge.call("POST", "/.well-known/holdfast/purge")
            .with("Holdfast-Token", TOKEN)
            .with("Content-Type", "application/json")
            .body(text)
    };
    assert_eq!(order(r#"{"all":true,"hard":true}"#).send().status(), 200);
    worst = worst.max(allowed("an order to purge", &edge));
    let _ = edge.call("GET", "/page-a").with("Accept-Language", "de").send();
    worst = worst.max(allowed("a page that was purged", &edge));
    assert!(worst <= 20, "{worst}: these are far from it");
}

#[test]
fn a_run_of_the_cron_trigger_stays_within_it_however_many_copies_there_are() {
    let page = |_: &Seen| scripts::with_headers(&[("Cache-Control", "max-age=60")], "<p>well</p>");
    let all: Vec<_> = (0..8).map(|_| Origin::start(any_port(), page).unwrap()).collect();
    let paths: Vec<_> = (0..32).map(|number| format!("/page-{number}")).collect();
    let kept = serde_json::to_string(&paths).unwrap();
    let settings = [
        ("last_good.paths", &*kept),
        ("last_good.interval", "1m"),
        ("probe.path", "/healthz"),
        ("probe.host", "www.shop.test"),
    ];
    let edge = counting(&all.iter().collect::<Vec<_>>(), &settings, true);
    for _ in 0..4 {
        edge.probe();
        allowed("a run", &edge);
    }
    let asked: usize = all.iter().map(|origin| origin.seen().len()).sum();
    assert!(
        asked >= 4 * 9,
        "{asked} requests: every origin is asked in each run, and one copy at least is refreshed"
    );
}
