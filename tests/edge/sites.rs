//! A day in the life of three stock sites: what their origins really send, and how people come to them. When the origin goes
//! down, what share of the requests has a copy? And nobody's private page is in the store.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use faulty_origin::{Origin, Script, Seen, scripts};

use crate::client::Answer;
use crate::harness::{Edge, Settings, any_port, settle};

type Field = (&'static str, &'static str);

const NOBODY: &[Field] = &[];

/// Seldom, so that an answer that is not stored stays so, and with the limits of an impatient test.
const SETTINGS: Settings<'_> = &[
    ("timeouts.first_byte", "1s"),
    ("timeouts.total", "4s"),
    ("retry.attempts", "1"),
    ("breaker.enabled", "false"),
];

/// A request that people send, and whether what comes of it is that visitor's alone.
struct Visit {
    target: String,
    fields: Vec<Field>,
    is_private: bool,
    /// Whether nobody sends it before the outage.
    is_new: bool,
}

/// What goes around at a site.
#[derive(Default)]
struct Day(Vec<Visit>);

impl Day {
    fn get(&mut self, target: &str, groups: &[&[Field]]) -> &mut Self {
        self.add(target, groups, false)
    }

    fn get_in_the_outage(&mut self, target: &str, groups: &[&[Field]]) -> &mut Self {
        self.get(target, groups);
        if let Some(visit) = self.0.last_mut() {
            visit.is_new = true;
        }
        self
    }

    fn get_own(&mut self, target: &str, groups: &[&[Field]]) -> &mut Self {
        self.add(target, groups, true)
    }

    fn add(&mut self, target: &str, groups: &[&[Field]], is_private: bool) -> &mut Self {
        self.0.push(Visit { target: target.to_owned(), fields: groups.concat(), is_private, is_new: false });
        self
    }
}

const BROWSER: &[Field] = &[
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Upgrade-Insecure-Requests", "1"),
];
const FROM_SEARCH: &[Field] = &[("Referer", "https://www.google.com/"), ("Sec-Fetch-Site", "cross-site")];
const FROM_WITHIN: &[Field] = &[("Referer", "http://www.example.test/"), ("Sec-Fetch-Site", "same-origin")];
const MEASURED: &[Field] = &[("Cookie", "_ga=GA1.1.123.456; _gid=GA1.1.9.9")];
const PREFETCH: &[Field] = &[("Purpose", "prefetch"), ("Sec-Purpose", "prefetch")];
const RELOAD: &[Field] = &[("Cache-Control", "max-age=0")];
const BACK: &[Field] =
    &[("If-None-Match", "\"an-older-one\""), ("If-Modified-Since", "Thu, 01 Oct 2026 08:00:00 GMT")];
const TRACED: &[Field] = &[
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("X-Request-ID", "7b1e6d3a-9d1b"),
];
const SCRIPT: &[Field] = &[("Accept", "*/*"), ("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Mode", "cors")];

/// Ways in which a page's only visitor came, each to a page of its own.
const SEEN_ONCE: [(&str, &[Field]); 5] = [
    ("/seen/from-search", FROM_SEARCH),
    ("/seen/again", BACK),
    ("/seen/prefetched", PREFETCH),
    ("/seen/traced", TRACED),
    ("/seen/measured", MEASURED),
];

/// What came of a day.
struct Outcome {
    /// Of the requests for what is everybody's, how many were answered in the outage.
    answered: usize,
    all: usize,
    missed: Vec<String>,
}

/// Lets `day` go by, then once more with the origin down, and asserts that nobody else sees what is one visitor's.
fn outage_after(day: &Day, answer: fn(&Seen) -> Script) -> Outcome {
    let is_down: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    let origin = Origin::start(any_port(), move |seen: &Seen| {
        if is_down.load(Ordering::Relaxed) { scripts::reset() } else { answer(seen) }
    });
    let origin = origin.unwrap();
    let edge = Edge::start(&[origin.url()], SETTINGS);
    let ask = |visit: &Visit| {
        let call = edge.call("GET", &visit.target);
        visit.fields.iter().fold(call, |call, (name, value)| call.with(name, value)).send()
    };
    for visit in day.0.iter().filter(|visit| !visit.is_new) {
        assert!(ask(visit).status() < 500, "{}", visit.target);
    }
    settle();
    // What is fresh for a second is stale when the origin goes down.
    thread::sleep(Duration::from_secs(2));
    is_down.store(true, Ordering::Relaxed);
    let (mut answered, mut all, mut missed) = (0, 0, Vec::new());
    let is_secret = |answer: &Answer| answer.text().contains("Howdy");
    for visit in &day.0 {
        let answer = ask(visit);
        assert!(!is_secret(&answer), "{} shows what is somebody's alone", visit.target);
        if visit.is_private {
            continue;
        }
        all += 1;
        if answer.status() < 500 {
            answered += 1;
        } else {
            missed.push(format!("{} {:?}", visit.target, visit.fields.last()));
        }
    }
    // Nor does anybody who asks without anything.
    let targets: HashSet<&String> = day.0.iter().map(|visit| &visit.target).collect();
    for target in targets {
        assert!(!is_secret(&edge.call("GET", target).send()), "{target}");
    }
    Outcome { answered, all, missed }
}

#[track_caller]
fn told(site: &str, outcome: &Outcome, least: usize) {
    let Outcome { answered, all, missed } = outcome;
    println!("{site}: {answered} of {all} requests have a copy when the origin goes down; not {missed:#?}");
    assert!(answered * 100 >= all * least, "{site}: {answered} of {all}, not {missed:#?}");
}

const HTML: Field = ("Content-Type", "text/html; charset=UTF-8");
const LONG_AGO: Field = ("Expires", "Wed, 11 Jan 1984 05:00:00 GMT");

/// WordPress as it comes, behind Apache: what everybody sees says nothing about caching.
fn wordpress(seen: &Seen) -> Script {
    let path = seen.path();
    let is_editor = seen.header("cookie").is_some_and(|cookies| cookies.contains("wordpress_logged_in"));
    let api = ("Link", "<https://www.example.test/wp-json/>; rel=\"https://api.w.org/\"");
    if path.starts_with("/wp-content/") || path.starts_with("/wp-includes/") {
        let kind = if path.ends_with(".css") { "text/css" } else { "application/javascript" };
        let validators = [("Last-Modified", "Mon, 05 Oct 2026 10:00:00 GMT"), ("ETag", "\"1f40-62a\"")];
        return scripts::with_headers(&[("Content-Type", kind), validators[0], validators[1]], "code");
    }
    if path.starts_with("/wp-admin/") && !is_editor {
        let away = [
            LONG_AGO,
            ("Cache-Control", "no-cache, must-revalidate, max-age=0"),
            ("Location", "/wp-login.php"),
        ];
        return scripts::answer("302 Found", &away, "");
    }
    if is_editor {
        let own = ("Cache-Control", "no-cache, must-revalidate, max-age=0, no-store, private");
        return scripts::with_headers(&[HTML, LONG_AGO, own, api], format!("Howdy, editor {path}"));
    }
    match path {
        "/feed/" => scripts::with_headers(
            &[
                ("Content-Type", "application/rss+xml; charset=UTF-8"),
                ("Last-Modified", "Thu, 05 Nov 2026 10:00:00 GMT"),
                ("ETag", "\"5f3e1a\""),
            ],
            "<rss>",
        ),
        "/wp-json/wp/v2/posts" => scripts::with_headers(
            &[("Content-Type", "application/json"), ("Allow", "GET"), ("Vary", "Origin")],
            "[]",
        ),
        "/2026/" => scripts::answer(
            "301 Moved Permanently",
            &[("Location", "/archive/"), ("X-Redirect-By", "WordPress")],
            "",
        ),
        _ if path.starts_with("/nothing") => scripts::answer(
            "404 Not Found",
            &[HTML, LONG_AGO, ("Cache-Control", "no-cache, must-revalidate, max-age=0")],
            "nothing here",
        ),
        _ => scripts::with_headers(&[HTML, api], format!("<!doctype html><p>{path}")),
    }
}

#[test]
fn a_wordpress_blog_with_a_logged_in_editor() {
    let editor: &[Field] = &[("Cookie", "wordpress_logged_in_a1b2=editor%7C1; wp-settings-time-1=1")];
    let mut day = Day::default();
    for path in ["/", "/hello-world/", "/about/"] {
        day.get(path, &[BROWSER, FROM_SEARCH])
            .get(path, &[BROWSER, FROM_WITHIN, MEASURED])
            .get(path, &[BROWSER, PREFETCH])
            .get(path, &[BROWSER, BACK, RELOAD])
            .get(path, &[BROWSER, TRACED])
            .get(&format!("{path}?utm_source=newsletter&utm_medium=email"), &[BROWSER])
            .get_in_the_outage(&format!("{path}?utm_source=another&utm_medium=email"), &[BROWSER])
            .get_in_the_outage(&format!("{path}?fbclid=IwAR0abc"), &[BROWSER, FROM_SEARCH])
            .get_own(path, &[BROWSER, editor]);
    }
    for (path, how) in SEEN_ONCE {
        day.get(path, &[BROWSER, how]).get_in_the_outage(path, &[BROWSER]);
    }
    day.get_own("/wp-admin/", &[BROWSER, editor])
        .get("/wp-content/style.css?ver=6.6", &[SCRIPT, FROM_WITHIN])
        .get("/wp-includes/jquery.js?ver=3.7", &[SCRIPT, FROM_WITHIN, MEASURED])
        .get("/feed/", &[&[("User-Agent", "Feedly/1.0")], BACK])
        .get("/feed/", &[&[("User-Agent", "Feedly/1.0")]])
        .get("/wp-json/wp/v2/posts", &[SCRIPT, FROM_WITHIN])
        .get("/2026/", &[BROWSER, FROM_SEARCH])
        .get("/archive/", &[BROWSER, FROM_SEARCH]);
    told("WordPress", &outage_after(&day, wordpress), 100);
}

const NEXT_VARY: Field = ("Vary", "rsc, next-router-state-tree, next-router-prefetch, Accept-Encoding");

/// Next.js as it comes.
fn next(seen: &Seen) -> Script {
    let path = seen.path();
    let is_known = seen.header("cookie").is_some_and(|cookies| cookies.contains("session"));
    if path.starts_with("/_next/static/") {
        let cc = ("Cache-Control", "public, max-age=31536000, immutable");
        return scripts::with_headers(&[("Content-Type", "application/javascript"), cc], "chunk");
    }
    if path.starts_with("/_next/image") {
        let fields = [
            ("Content-Type", "image/webp"),
            ("Vary", "Accept"),
            ("Cache-Control", "public, max-age=60, must-revalidate"),
        ];
        return scripts::with_headers(&fields, "picture");
    }
    if path == "/account" {
        let own = ("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate");
        let body = if is_known { "Howdy, customer" } else { "sign in" };
        return scripts::with_headers(&[HTML, NEXT_VARY, own], body);
    }
    let cc = ("Cache-Control", "s-maxage=1, stale-while-revalidate=31535999");
    if path == "/gone" {
        return scripts::answer("404 Not Found", &[HTML, NEXT_VARY, cc], "nothing here");
    }
    if seen.header("rsc").is_some() {
        return scripts::with_headers(
            &[("Content-Type", "text/x-component"), NEXT_VARY, cc],
            format!("0:{path}"),
        );
    }
    scripts::with_headers(&[HTML, NEXT_VARY, cc, ("ETag", "\"k3s9\"")], format!("<!doctype html><p>{path}"))
}

#[test]
fn a_stock_next_js_site() {
    let known: &[Field] = &[("Cookie", "session=abc")];
    let routed: &[Field] = &[("RSC", "1"), ("Next-Router-State-Tree", "%5B%22%22%5D"), ("Next-Url", "/")];
    let mut day = Day::default();
    for path in ["/", "/pricing", "/blog/first"] {
        day.get(path, &[BROWSER, FROM_SEARCH])
            .get(path, &[BROWSER, MEASURED])
            .get(path, &[BROWSER, BACK])
            .get(path, &[BROWSER, known])
            .get(path, &[BROWSER, RELOAD])
            .get(&format!("{path}?_rsc=1ab2c"), &[SCRIPT, FROM_WITHIN, routed])
            .get_in_the_outage(&format!("{path}?utm_campaign=spring&gclid=Cj0K"), &[BROWSER, FROM_SEARCH]);
    }
    for (path, how) in SEEN_ONCE {
        day.get(path, &[BROWSER, how]).get_in_the_outage(path, &[BROWSER]);
    }
    day.get_own("/account", &[BROWSER, known])
        .get_own("/account", &[BROWSER])
        .get("/_next/static/chunks/main.js", &[SCRIPT, FROM_WITHIN])
        .get("/_next/static/chunks/main.js", &[SCRIPT, FROM_WITHIN, known])
        .get("/_next/image?url=a.png&w=640&q=75", &[&[("Accept", "image/avif,image/webp,*/*")], FROM_WITHIN])
        .get("/gone", &[BROWSER]);
    told("Next.js", &outage_after(&day, next), 100);
}

/// A bucket with a CORS rule for one site: without `Origin` no word of it.
fn bucket(seen: &Seen) -> Script {
    let path = seen.path();
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "image/png",
    };
    let mut fields = vec![
        ("Content-Type", kind),
        ("ETag", "\"9b2cf535f27731c974343645a3985328\""),
        ("Last-Modified", "Thu, 01 Oct 2026 09:00:00 GMT"),
        ("Accept-Ranges", "bytes"),
        ("x-amz-request-id", "4442587FB7D0A2F9"),
    ];
    if path.ends_with(".woff2") {
        fields.push(("Cache-Control", "max-age=31536000"));
    }
    if let Some(origin) = seen.header("origin") {
        fields.extend([
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", "GET, HEAD"),
            ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
        ]);
    }
    scripts::with_headers(&fields, format!("object {path}"))
}

#[test]
fn a_static_site_on_s3_with_cors() {
    let shop: &[Field] = &[("Origin", "https://shop.example"), ("Referer", "https://shop.example/")];
    let mut day = Day::default();
    for path in ["/index.html", "/docs.html"] {
        day.get(path, &[BROWSER, FROM_SEARCH]).get(path, &[BROWSER, BACK]).get(path, &[BROWSER, MEASURED]);
    }
    day.get("/font.woff2", &[SCRIPT, FROM_WITHIN])
        .get("/font.woff2", &[SCRIPT, shop])
        .get("/data.json", &[SCRIPT, shop])
        .get("/data.json", &[SCRIPT, FROM_WITHIN])
        .get("/logo.png", &[&[("Accept", "image/avif,image/webp,*/*")], FROM_WITHIN])
        .get(
            "/logo.png",
            &[&[("Accept", "image/avif,image/webp,*/*"), ("Referer", "https://shop.example/")], NOBODY],
        );
    let outcome = outage_after(&day, bucket);
    told("S3", &outcome, 100);
}
