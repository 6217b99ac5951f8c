//! What operators see, and who is one.

use std::collections::HashSet;
use std::time::Duration;

use holdfast::health::latency::Latency;
use holdfast::health::summary::{
    self, Bar, Circuit, Incident, OriginState, Span, Summary, Total, Touched, Version, Visitors,
};
use holdfast::health::verdict::Verdict;
use holdfast::health::{Bindings, View};
use holdfast::health::{Class, State};
use holdfast::origin::failure::TABLE;
use holdfast::time::Timestamp;
use serde_json::Value;

use crate::world::{Story, World, page, world};

const TOKEN: &str = "a-token-of-the-operators";
const WRONG: &str = "a-token-of-the-operatorz";
const HERE: &str = "/.well-known/holdfast";

/// 2026-01-02T03:04:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_767_323_040_000);

const HOSTILE: &str = "\"></title><script>alert(1)</script>&<b x='";

fn ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

fn empty() -> Summary {
    Summary { v: summary::FORM, at: NOW, ..Summary::default() }
}

/// Bars of a quiet time with an outage in it: refusals first, then timeouts.
fn bars(count: usize) -> Vec<Bar> {
    let bar = |at: usize| {
        let from_end = count - at;
        let (bad, late) = match from_end {
            8..=12 => (40 + 3 * from_end as u64, 2),
            4..=7 => (3, 70 - 5 * from_end as u64),
            30 => (4, 0),
            _ => (0, 0),
        };
        let failed = bad + late;
        let (s502, s504) = (bad / 4, late / 3);
        let answers = 900 + (at as u64 * 37) % 90;
        Bar {
            answers,
            stale: failed / 2,
            retried: failed / 5,
            s502,
            s504,
            bad_gateway: bad,
            gateway_timeout: late,
            unavailable: u64::from(from_end == 20) * 12,
            latency: latency(if failed > 0 { 6 } else { 3 }),
            s503: u64::from(from_end == 20) * 5,
            ..Bar::default()
        }
    };
    (0..count).map(bar).collect()
}

fn span(name: &'static str, step_s: u64, count: usize) -> Span {
    let bars = bars(count);
    let sum = |of: fn(&Bar) -> u64| bars.iter().map(of).sum::<u64>();
    let errors = sum(|bar| bar.s502 + bar.s503 + bar.s504);
    let failed = sum(|bar| bar.bad_gateway + bar.gateway_timeout + bar.unavailable);
    let (answers, stale, retried) = (sum(|bar| bar.answers), sum(|bar| bar.stale), sum(|bar| bar.retried));
    let other = answers - errors - stale - retried;
    let outcomes = [
        ("origin", other / 3),
        ("hit", other - other / 3),
        ("stale", stale),
        ("retried", retried),
        ("error_page", errors),
    ];
    Span {
        name,
        step_s,
        began_at: NOW.minus(Duration::from_secs(step_s * count as u64)),
        bars,
        answers: outcomes.map(|(word, n)| (word.to_owned(), n)).to_vec(),
        attempts: other / 3 + failed,
        failed_attempts: failed,
        retried,
        not_saved_by_retry: errors,
        stale,
        latency: vec![(String::new(), latency(3)), ("origin.example.com".to_owned(), latency(5))],
    }
}

/// Most in this bucket, some in the next ones.
fn latency(bucket: usize) -> Latency {
    let mut latency = Latency { sum_ms: 400_000, ..Latency::default() };
    for (at, n) in [(bucket, 900), (bucket + 1, 80), (bucket + 2, 20)] {
        latency.add(at, n);
    }
    latency
}

fn incident(number: u64, origin: &str, class: Class, kind: &str, ended_at: Option<Timestamp>) -> Incident {
    let row = TABLE.iter().find(|row| row.word == kind);
    let began_at = ended_at.unwrap_or(NOW).minus(Duration::from_secs(700 * number));
    Incident {
        id: format!("{number}"),
        origin: origin.to_owned(),
        place: String::new(),
        class,
        kind: kind.to_owned(),
        what: row.map_or("answered 500 by itself", |row| row.failure.words().what),
        began_at,
        last_at: ended_at.unwrap_or(NOW),
        answered_at: ended_at,
        ended_at,
        attempts: 412 * number,
        touched: 301 * number,
        stale: 120 * number,
        errors: 181 * number,
        kinds: vec![],
    }
}

fn outage() -> Summary {
    let total = |origin: &str, what: &str, n| Total { origin: origin.to_owned(), what: what.to_owned(), n };
    let (one, other) = ("origin.example.com", "backup.example.com:8443");
    Summary {
        v: summary::FORM,
        at: NOW,
        spans: vec![
            span("quarter", 60, 15),
            span("hour", 60, 60),
            span("day", 900, 96),
            span("week", 7200, 84),
        ],
        service: None,
        origins: vec![
            OriginState {
                name: one.to_owned(),
                url: Some(format!("http://{one}")),
                state: State::Down,
                is_down: true,
                is_reached: false,
                end: Some("no_header_in_time".to_owned()),
                since: Some(ago(425)),
                asked_at: Some(ago(1)),
                last_ok: Some(ago(440)),
                last_probe: Some((ago(45), "edge_connect_timeout".to_owned())),
            },
            OriginState {
                name: other.to_owned(),
                url: Some(format!("https://{other}")),
                state: State::Up,
                is_down: false,
                is_reached: false,
                end: None,
                since: Some(ago(200_000)),
                asked_at: Some(ago(3)),
                last_ok: Some(ago(3)),
                last_probe: Some((ago(45), "ok".to_owned())),
            },
        ],
        incidents: vec![
            incident(1, one, Class::GatewayTimeout, "no_header_in_time", None),
            incident(2, one, Class::BadGateway, "connection_lost", Some(ago(600))),
            incident(3, other, Class::Unavailable, "edge_tunnel_down", Some(ago(90_000))),
            incident(4, other, Class::Error, "own_500", Some(ago(200_000))),
        ],
        visitors: Visitors {
            span_s: 60,
            answers: 1830,
            stale: 1006,
            errors: 695,
            answers_lately: 458,
            errors_lately: 174,
        },
        touched: vec![
            touched(2, "/shop/cart", "DE"),
            touched(3, "/shop/bread", "DE"),
            touched(9, "/about", ""),
        ],
        circuits: vec![
            Circuit {
                origin: one.to_owned(),
                place: String::new(),
                kind: "no_header_in_time".to_owned(),
                at: ago(1),
            },
            Circuit {
                origin: other.to_owned(),
                place: "www.example.com/shop/*".to_owned(),
                kind: "own_503".to_owned(),
                at: ago(12),
            },
        ],
        versions: vec![
            Version {
                id: "9f7ba3c4-5cf5-4a8f-8f2a-1d7d2a2c9a10".to_owned(),
                tag: "v1.4.0".to_owned(),
                first_at: ago(500),
                last_at: NOW,
            },
            Version {
                id: "0b1ba3c4-5cf5-4a8f-8f2a-1d7d2a2c9a10".to_owned(),
                tag: String::new(),
                first_at: ago(200_000),
                last_at: ago(480),
            },
        ],
        totals: vec![
            total("", "answer hit 0", 120_000),
            total("", "answer error_page 502", 31),
            total("", "answer error_page 504", 28),
            total(one, "try ok", 4000),
            total(one, "try connection_lost", 250),
            total(other, "try own_503", 2),
            total(one, "touched connection_lost stale", 120),
            total(one, "probe edge_connect_timeout", 7),
            total(one, "took 4", 3900),
            total(one, "took 7", 90),
            total(one, "took 12", 10),
            total(one, "took_ms", 412_345),
            total("", "took 0", 120_000),
            total("", "took_ms", 240_000),
            total(one, "incident gateway_timeout", 1),
            total(one, "answer", 1),
            total(one, "something else", 1),
        ],
    }
}

fn touched(seconds: u64, path: &str, country: &str) -> Touched {
    Touched {
        at: ago(seconds),
        weight: 4,
        id: format!("93a1b2c3d4e5f60{seconds}"),
        method: "GET".to_owned(),
        host: "www.example.com".to_owned(),
        path: path.to_owned(),
        country: country.to_owned(),
        origin: "origin.example.com".to_owned(),
        kind: "no_header_in_time".to_owned(),
        outcome: "error_page".to_owned(),
        status: 504,
    }
}

fn everything_hostile() -> Summary {
    let mut summary = outage();
    let hostile = || HOSTILE.to_owned();
    for origin in &mut summary.origins {
        (origin.name, origin.end, origin.url) = (hostile(), Some(hostile()), Some(hostile()));
        (origin.is_down, origin.state) = (true, State::Down);
        origin.last_probe = Some((NOW, hostile()));
    }
    for incident in &mut summary.incidents {
        (incident.id, incident.origin, incident.kind, incident.ended_at) =
            (hostile(), hostile(), hostile(), None);
    }
    for touched in &mut summary.touched {
        for text in [
            &mut touched.id,
            &mut touched.method,
            &mut touched.host,
            &mut touched.path,
            &mut touched.country,
            &mut touched.origin,
            &mut touched.kind,
            &mut touched.outcome,
        ] {
            *text = hostile();
        }
    }
    for circuit in &mut summary.circuits {
        (circuit.origin, circuit.place, circuit.kind) = (hostile(), hostile(), hostile());
    }
    for version in &mut summary.versions {
        (version.id, version.tag) = (hostile(), hostile());
    }
    for total in &mut summary.totals {
        total.origin = format!("{HOSTILE}\\\n");
    }
    for span in &mut summary.spans {
        span.answers.push((hostile(), 1));
    }
    summary
}

fn html(summary: &Summary) -> String {
    View::Html.of(summary, &Bindings { health: true, token: true, ..Bindings::default() })
}

fn guarded(summary: Summary) -> World {
    world().token(TOKEN).knowing(summary)
}

fn ask(world: &World, method: &str, endpoint: &str, fields: &[(&str, &str)], body: Option<&str>) -> Story {
    let with = |world: World, (name, value): &(&str, &str)| world.with(name, value);
    fields.iter().fold(world.clone(), with).send(method, &format!("{HERE}/{endpoint}"), body)
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

fn sign_in(world: &World, form: &str) -> Story {
    ask(world, "POST", "login", &[FORM, BROWSER, ("sec-fetch-site", "same-origin")], Some(form))
}

fn cookie_of(story: &Story) -> String {
    story.value("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn every_endpoint_answers_every_method_and_every_proof() {
    let world = guarded(outage()).keeping();
    let session = cookie_of(&sign_in(&world, &format!("token={TOKEN}")).status(303));
    let forged = format!("__Host-holdfast=9999999999.{}", "0".repeat(64));
    let bearer = format!("Bearer {TOKEN}");
    let proofs: [(&str, Vec<(&str, &str)>); 6] = [
        ("none", vec![]),
        ("wrong", vec![("authorization", "Bearer nonsense")]),
        ("bearer", vec![("authorization", bearer.as_str())]),
        ("field", vec![("holdfast-token", TOKEN)]),
        ("session", vec![("cookie", session.as_str())]),
        ("forged", vec![("cookie", forged.as_str())]),
    ];
    // For each endpoint and method the status by proof, in that order.
    for (endpoint, method, expected) in [
        ("health", "GET", [200; 6]),
        ("health", "HEAD", [200; 6]),
        ("health", "POST", [405; 6]),
        ("status", "GET", [401, 401, 200, 200, 200, 401]),
        ("status", "HEAD", [401, 401, 200, 200, 200, 401]),
        ("status", "POST", [401, 401, 405, 405, 405, 401]),
        ("metrics", "GET", [401, 401, 200, 200, 200, 401]),
        ("metrics", "HEAD", [401, 401, 200, 200, 200, 401]),
        ("metrics", "DELETE", [401, 401, 405, 405, 405, 401]),
        ("login", "GET", [303; 6]),
        ("login", "PUT", [405; 6]),
        ("login", "POST", [415; 6]),
        ("logout", "GET", [405; 6]),
        ("logout", "POST", [303; 6]),
        ("purge", "GET", [401, 401, 405, 405, 401, 401]),
        ("purge", "POST", [401, 401, 200, 200, 401, 401]),
        ("", "GET", [404; 6]),
        ("nothing", "GET", [404; 6]),
    ] {
        for ((proof, fields), status) in proofs.iter().zip(expected) {
            let json = [&fields[..], &[("content-type", "application/json")]].concat();
            let body = (method == "POST").then_some("{\"all\": true}");
            // A client of its own, as each may guess ten times.
            let address = format!("192.0.2.{}", endpoint.len() * 16 + method.len());
            let json = [&json[..], &[("cf-connecting-ip", address.as_str())]].concat();
            let story = ask(&world, method, endpoint, &json, body).attempts(0);
            assert_eq!(story.status, status, "{method} {endpoint} {proof} {story:#?}");
            assert_eq!(
                story.value("cache-control").as_deref(),
                Some("no-store"),
                "{method} {endpoint} {proof}"
            );
            assert_eq!(method == "HEAD", story.body.text.is_empty() && status != 303, "{method} {endpoint}");
            if status == 405 {
                assert!(!story.value("allow").unwrap().is_empty());
            }
        }
    }
}

#[test]
fn without_a_token_only_health_is_there() {
    let world = world().knowing(outage());
    for (endpoint, status) in
        [("health", 200), ("status", 404), ("metrics", 404), ("login", 404), ("logout", 404), ("purge", 404)]
    {
        for method in ["GET", "POST"] {
            let status = if (endpoint, method) == ("health", "POST") { 405 } else { status };
            ask(&world, method, endpoint, &[BROWSER, ("authorization", "Bearer ")], None).status(status);
        }
    }
    let story = ask(&world, "GET", "health", &[], None);
    let health: Value = serde_json::from_str(&story.body.text).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["bindings"]["HOLDFAST_TOKEN"], false);
    assert_eq!(health["bindings"]["HOLDFAST_HEALTH"], true);
}

#[test]
fn a_visitor_of_the_dashboard_gets_the_form_that_suits() {
    let world = guarded(outage());
    let token = ("holdfast-token", TOKEN);
    ask(&world, "GET", "status", &[token, BROWSER], None)
        .header("content-type", "text/html; charset=utf-8")
        .header_has("content-security-policy", "default-src 'none'")
        .says("<h1>1 of 2 origins is down</h1>");
    let story = ask(&world, "GET", "status", &[token], None).header("content-type", "application/json");
    let status: Value = serde_json::from_str(&story.body.text).unwrap();
    assert_eq!((&status["v"], &status["at"]), (&4.into(), &"2026-01-02T03:04:00Z".into()));
    assert_eq!(status["origins"][0]["last_probe"]["end"], "edge_connect_timeout");
    assert_eq!(status["incidents"][0]["class"], "gateway_timeout");
    assert_eq!(status["bindings"]["HOLDFAST_HEALTH"], true);
    ask(&world, "GET", "metrics", &[token, BROWSER], None)
        .header("content-type", "text/plain; version=0.0.4; charset=utf-8")
        .says("holdfast_origin_up{origin=\"origin.example.com\"} 0\n");
}

#[test]
fn a_terminal_gets_the_verdict_in_at_most_six_lines() {
    let world = guarded(outage());
    let token = ("holdfast-token", TOKEN);
    let story = ask(&world, "GET", "status", &[token, ("accept", "text/plain")], None)
        .status(200)
        .header("content-type", "text/plain; charset=utf-8");
    let expected = "\
        down: 1 of 2 origins is down.\n\
        1\u{202f}830 requests in the last minute: 695 (38 %) got an error, 1\u{202f}006 (55 %) a stale copy.\n\
        Since 02:56:55 UTC (7 min ago), 1 min after version v1.4.0 was first seen.\n\
        origin.example.com sent no header in time (no_header_in_time).\n\
        Most touched: www.example.com/shop/* (67 % of the latest 12); from DE (67 %).\n\
        As of 03:04:00 UTC.\n";
    assert_eq!(story.body.text, expected);
    let mut clears_the_screen = outage();
    clears_the_screen.touched[0].path = "/\u{1b}[2J\n/a".to_owned();
    clears_the_screen.touched[0].weight = 99;
    for summary in [empty(), outage(), everything_hostile(), clears_the_screen] {
        let text = View::Text.of(&summary, &Bindings::default());
        assert!((2..=6).contains(&text.lines().count()), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
}

#[test]
fn plain_text_is_for_who_names_it_and_json_begins_with_the_verdict() {
    let world = guarded(outage());
    for (accept, content_type) in [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/json", "application/json"),
        ("text/plain;q=0.5, application/json", "application/json"),
        ("text/plain;q=0, */*", "application/json"),
        ("text/plain, */*;q=0.1", "text/plain; charset=utf-8"),
        ("text/plain, application/json;q=0.5", "text/plain; charset=utf-8"),
        ("text/html, text/plain;q=0.5", "text/html; charset=utf-8"),
    ] {
        let story =
            ask(&world, "GET", "status", &[("holdfast-token", TOKEN), ("accept", accept)], None).status(200);
        assert_eq!(story.value("content-type").as_deref(), Some(content_type), "{accept}");
        let is_json = content_type == "application/json";
        assert_eq!(story.body.text.starts_with("{\"verdict\":{\"state\":\"down\","), is_json, "{accept}");
    }
    // Without the token, nobody learns anything in any form.
    ask(&world, "GET", "status", &[("accept", "text/plain")], None)
        .status(401)
        .header("content-type", "application/problem+json");
}

#[test]
fn a_failure_is_set_against_the_version_that_came_shortly_before() {
    let version = |tag: &str, seconds| Version {
        id: "9f7ba3c4-5cf5-4a8f-8f2a-1d7d2a2c9a10".to_owned(),
        tag: tag.to_owned(),
        first_at: ago(seconds),
        last_at: NOW,
    };
    // The outage began 425 s ago.
    for (versions, words) in [
        (vec![version("v1", 425)], Some("0 s after version v1 was first seen")),
        (vec![version("", 430)], Some("5 s after version 9f7ba3c4 was first seen")),
        (vec![version("v2", 425 + 900), version("v1", 9000)], Some("15 min after version v2 was first seen")),
        (vec![version("v2", 425 + 901)], None),
        (vec![version("v2", 424)], None),
        (vec![version("v3", 10), version("v2", 500)], Some("1 min after version v2 was first seen")),
        (vec![], None),
    ] {
        let verdict = Verdict::of(&Summary { versions, ..outage() });
        assert_eq!(verdict.deployed.as_deref(), words);
    }
    let well = Summary { origins: vec![], incidents: vec![], ..outage() };
    assert_eq!(Verdict::of(&well).deployed, None, "nothing began");
}

#[test]
fn a_browser_signs_in_sees_the_dashboard_and_signs_out() {
    let world = guarded(outage());
    ask(&world, "GET", "status", &[BROWSER], None)
        .status(401)
        .header_has("www-authenticate", "Bearer")
        .header_has("content-security-policy", "form-action 'self'")
        .says("<form method=\"post\" action=\"login\">");
    sign_in(&world, &format!("token={WRONG}"))
        .status(401)
        .no_header("set-cookie")
        .says("That is not the token.");
    sign_in(&world, "").status(401).no_header("set-cookie");
    let story = sign_in(&world, &format!("token=+{TOKEN}%0A")).status(303).header("location", "status");
    let cookie = cookie_of(&story);
    let look = |world: &World| ask(world, "GET", "status", &[BROWSER, ("cookie", &cookie)], None);
    look(&world).status(200).says("Sign out");
    ask(&world, "POST", "logout", &[("cookie", &cookie), ("origin", "https://www.example.com")], None)
        .status(303)
        .header_has("set-cookie", "__Host-holdfast=; Max-Age=0");
    look(&world.clone().later(8 * 3600 - 60)).status(200);
    look(&world.later(60)).status(401);
    let other = world_with_other_token();
    look(&other).status(401);
}

fn world_with_other_token() -> World {
    world().token("another-token-of-the-operators").knowing(outage())
}

#[test]
fn no_other_site_signs_a_browser_in_or_out() {
    let world = guarded(outage());
    for field in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let form = format!("token={TOKEN}");
        ask(&world, "POST", "login", &[FORM, field], Some(&form)).status(403).no_header("set-cookie");
        ask(&world, "POST", "logout", &[field], None).status(403).no_header("set-cookie");
    }
    // A link from elsewhere comes without the cookie; the page asks again from here.
    ask(&world, "GET", "status", &[BROWSER, ("sec-fetch-site", "cross-site")], None)
        .status(401)
        .says("http-equiv=\"refresh\"");
}

#[test]
fn after_ten_wrong_tokens_none_is_heard_for_ten_minutes() {
    for endpoint in ["status", "metrics", "purge", "login"] {
        let world = guarded(outage()).with("cf-connecting-ip", "192.0.2.1");
        let guess = |world: &World, token: &str| match endpoint {
            "login" => sign_in(world, &format!("token={token}")),
            _ => ask(world, "GET", endpoint, &[("holdfast-token", token)], None),
        };
        for _ in 0..10 {
            guess(&world, WRONG).status(401);
        }
        for token in [WRONG, TOKEN] {
            guess(&world, token).status(429).header("retry-after", "600").no_header("set-cookie");
        }
        let elsewhere = world.clone().without_fields().with("cf-connecting-ip", "192.0.2.2");
        assert_ne!(guess(&elsewhere, TOKEN).status, 429);
        assert_eq!(ask(&world, "GET", "health", &[("holdfast-token", WRONG)], None).status, 200);
        assert_ne!(guess(&world.later(600), TOKEN).status, 429);
    }
}

#[test]
fn guessing_at_the_site_is_guessing_too() {
    let world = guarded(outage()).with("cf-connecting-ip", "192.0.2.1");
    let world = world.origin([page("v1").cache_control("max-age=600")]);
    world.get("/a").answers(200, "v1");
    let tells = |token: &str| {
        let story = world.clone().with("holdfast-token", token).get("/a").answers(200, "v1");
        story.value("cache-status").unwrap().contains("key=")
    };
    assert!(tells(TOKEN));
    for _ in 0..10 {
        assert!(!tells(WRONG));
    }
    assert!(!tells(TOKEN), "not heard, right or wrong");
    ask(&world, "GET", "status", &[("holdfast-token", TOKEN)], None).status(429);
}

#[test]
fn what_is_not_bound_is_said() {
    let token = ("holdfast-token", TOKEN);
    for endpoint in ["status", "metrics"] {
        ask(&world().token(TOKEN), "GET", endpoint, &[token], None)
            .status(503)
            .header("content-type", "application/problem+json")
            .says("HOLDFAST_HEALTH is not bound");
        ask(&world().token(TOKEN), "GET", endpoint, &[token, BROWSER], None)
            .status(503)
            .header("content-type", "text/html; charset=utf-8")
            .says("HOLDFAST_HEALTH is not bound");
        let fails = world().token(TOKEN).health_fails();
        ask(&fails, "GET", endpoint, &[token], None).status(503).header("retry-after", "10");
    }
}

/// Panics unless `page` is one tree of elements, each closed, without an id twice and without a request to elsewhere.
fn check(page: &str) {
    const VOID: [&str; 3] = ["meta", "link", "input"];
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let script = page.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    let page = page.replace(style, "").replace(script, "");
    let (mut open, mut ids) = (Vec::new(), HashSet::new());
    for tag in page.split('<').skip(2).map(|rest| rest.split_once('>').unwrap().0) {
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{tag}");
        assert!(!tag.contains(" style=") && !tag.contains(" on") && !tag.contains("http"), "{tag}");
        assert!(!["script", "style"].contains(&name) || !tag.contains(' '), "{tag}");
        if let Some((_, rest)) = tag.split_once(" id=\"") {
            assert!(ids.insert(rest.split('"').next().unwrap().to_owned()), "{tag} twice");
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
        } else if !tag.ends_with('/') && !VOID.contains(&name) && name != "br" {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for reference in page.split("aria-labelledby=\"").skip(1).chain(page.split("aria-describedby=\"").skip(1))
    {
        let id = reference.split('"').next().unwrap();
        assert!(ids.contains(id), "nothing has the id {id}");
    }
}

#[test]
fn every_page_is_whole_and_asks_nobody_else() {
    for summary in [empty(), outage(), everything_hostile()] {
        check(&html(&summary));
    }
}

#[test]
fn a_name_of_an_origin_is_text_and_nothing_else() {
    let page = html(&everything_hostile());
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("</title><script>"));
    assert!(!page.contains("<b x=") && page.contains("&#60;script&#62;alert(1)"));
    let json: Value =
        serde_json::from_str(&View::Json.of(&everything_hostile(), &Bindings::default())).unwrap();
    assert_eq!(json["origins"][0]["name"], HOSTILE);
    let metrics = View::Metrics.of(&everything_hostile(), &Bindings::default());
    assert!(
        metrics
            .contains("{origin=\"\\\"></title><script>alert(1)</script>&<b x='\\\\\\n\",end=\"ok\"} 4000\n"),
        "{metrics}"
    );
    assert!(metrics.lines().all(|line| line.starts_with("# ") || line.starts_with("holdfast_")), "{metrics}");
}

#[test]
fn what_is_wrong_now_stands_first_and_says_what_to_check() {
    let page = html(&outage());
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in {page}"));
    let order = [
        "<h1>1 of 2 origins is down</h1>",
        "695 (38 %) got an error",
        "origin.example.com sent no header in time (no_header_in_time).",
        "Since <time datetime=\"2026-01-02T02:56:55Z\">02:56:55 UTC</time> (7 min ago), <strong>1 min after version v1.4.0",
        "Most touched: www.example.com/shop/*",
        "As of <time datetime=\"2026-01-02T03:04:00Z\">03:04:00 UTC</time>",
        "origin.example.com</bdi>",
        "The origin sent no header in time",
        "Down since",
        "02:56:55 UTC</time> <span class=\"soft\">(7 min ago)",
        "<code>edge_connect_timeout</code>, <time",
        "What to check, in this order",
        "It is overloaded",
        "http://origin.example.com/",
        "backup.example.com:8443</bdi>",
        "Over time",
        "Errors visitors got",
        "Retry success",
        "<h3>What visitors got</h3>",
        "<h3>Failed attempts at origins</h3>",
        "<h3>Time to first byte</h3>",
        "Who is touched",
        "Requests that failed last",
        "Open circuits",
        "Incidents",
        "Versions of the Worker",
        "HOLDFAST_KEEP</code> <b>not bound",
    ];
    let places: Vec<_> = order.iter().map(|text| at(text)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("Failed attempts at origins in the last hour, by 1 min: 502: bad answer or none"));
}

#[test]
fn the_dashboard_says_who_is_touched_and_how_it_knows() {
    let page = html(&outage());
    for text in [
        "Estimated from a sample: 3 of the latest 12 requests that a failure touched.",
        "<bdi>www.example.com/shop/*</bdi> <b>67 %</b>",
        "<bdi>www.example.com</bdi> <b>100 %</b>",
        "<bdi>DE</bdi> <b>67 %</b>",
        "GET <bdi>www.example.com/shop/cart</bdi>",
        "504: an error page",
        "<code>93a1b2c3d4e5f602</code>",
        "<bdi>www.example.com/shop/*</bdi> is not asked, after <code>own_503</code> of <bdi>backup.example.com:8443</bdi>",
        "<b>v1.4.0</b> <code class=\"soft\">9f7ba3c4-5cf5-4a8f-8f2a-1d7d2a2c9a10</code>",
        "<b>0b1ba3c4</b>",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    let nobody = html(&Summary { touched: vec![], circuits: vec![], versions: vec![], ..outage() });
    for text in ["Who is touched", "Open circuits", "Versions of the Worker"] {
        assert!(!nobody.contains(text), "{text}");
    }
}

#[test]
fn charts_mark_new_versions_and_the_beginnings_of_incidents() {
    let page = html(&outage());
    let (_, quarter) = page.split_once("<div class=\"span quarter\">").unwrap();
    let quarter = quarter.split_once("<div class=\"span hour\">").unwrap().0;
    // The quarter began 900 s ago; a bar of a minute is 10 wide. In each of three charts.
    assert_eq!(quarter.matches("<path class=\"m-version\" d=\"M66-12v112\"/>").count(), 3);
    assert_eq!(quarter.matches("<path class=\"m-incident\" d=\"M33-12v112\"/>").count(), 3);
    assert!(
        quarter.contains("<bdi>version v1.4.0</bdi> <time datetime=\"2026-01-02T02:55:40Z\">"),
        "{quarter}"
    );
    assert!(quarter.contains("<bdi>incident at origin.example.com</bdi> <time"), "{quarter}");
    assert!(!quarter.contains("0b1ba3c4"), "it is older");
}

#[test]
fn the_page_shows_less_time_and_asks_more_often_in_trouble() {
    let chosen = |page: &str, name: &str| page.contains(&format!("id=\"pick-{name}\" checked>"));
    let page = html(&outage());
    assert!(page.contains("data-every=\"5\"") && chosen(&page, "quarter") && !chosen(&page, "hour"));
    let well = Summary { origins: vec![], incidents: vec![], visitors: Visitors::default(), ..outage() };
    let page = html(&well);
    assert!(page.contains("data-every=\"30\"") && chosen(&page, "hour") && !chosen(&page, "quarter"));
}

#[test]
fn time_to_first_byte_is_told_for_visitors_and_for_each_origin() {
    let page = html(&outage());
    for text in [
        "<p class=\"label\">Time to first byte</p>",
        "request to answer, as visitors waited",
        "<bdi>origin.example.com</bdi>, each attempt",
        "Time to first byte in the last 15 minutes, by 1 min. Longest from",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}

#[test]
fn the_headline_says_what_it_all_comes_to() {
    let state = |state| OriginState {
        name: "a.example".to_owned(),
        url: None,
        state,
        is_reached: false,
        is_down: state == State::Down,
        end: None,
        since: None,
        asked_at: (state != State::Unknown).then_some(NOW),
        last_ok: Some(NOW),
        last_probe: None,
    };
    let (up, down, unknown) = (state(State::Up), state(State::Down), state(State::Unknown));
    let reached = OriginState { is_reached: true, ..down.clone() };
    let (failing, again) = (state(State::Failing), state(State::Recovering));
    let idle = OriginState { asked_at: Some(ago(7200)), ..unknown.clone() };
    let open = incident(1, "a.example", Class::BadGateway, "connection_lost", None);
    let place = |last_at, answered_at| Incident {
        place: "www.example/shop/*".to_owned(),
        last_at,
        answered_at,
        ..open.clone()
    };
    let (fails, answered, forgotten) = (place(NOW, None), place(ago(9), Some(NOW)), place(ago(720), None));
    let over = incident(1, "a.example", Class::BadGateway, "connection_lost", Some(NOW));
    for (origins, incidents, headline) in [
        (vec![], vec![], "Nothing is known yet"),
        (vec![&unknown], vec![], "Nothing is known yet"),
        (vec![&idle, &unknown], vec![], "Nothing was asked since 01:04:00 UTC"),
        (vec![&up, &idle], vec![], "All origins that were asked answer"),
        (vec![&up], vec![&over], "The origin answers"),
        (vec![&up, &up], vec![], "All origins answer"),
        (vec![&up], vec![&fails], "www.example/shop/* fails; the rest is answered"),
        (vec![&up], vec![&fails, &fails], "www.example/shop/* and 1 more fail; the rest is answered"),
        (vec![&up], vec![&answered], "www.example/shop/* is answered again"),
        (vec![&up], vec![&forgotten], "www.example/shop/* failed when last asked, 12 min ago"),
        (vec![&failing], vec![&open], "The origin fails in part"),
        (vec![&failing, &up], vec![], "a.example fails in part"),
        (vec![&again], vec![&open], "The origin answers again"),
        (vec![&again, &up], vec![&open], "All origins that were down answer again"),
        (vec![&reached], vec![&open], "The origin answers with errors only"),
        (vec![&down], vec![&open], "The origin is down"),
        (vec![&down, &idle], vec![&open], "1 of 2 origins is down"),
        (vec![&down, &down, &up], vec![&open], "2 of 3 origins are down"),
        (vec![&down, &down], vec![&over], "All origins are down"),
    ] {
        let origins = origins.into_iter().cloned().collect();
        let incidents = incidents.into_iter().cloned().collect();
        let page = html(&Summary { origins, incidents, ..empty() });
        assert!(page.contains(&format!("<h1>{headline}</h1>")), "{headline}");
    }
}

#[test]
fn prometheus_reads_this() {
    let metrics = View::Metrics.of(&outage(), &Bindings::default());
    let expected = include_str!("operators/metrics.txt");
    assert!(metrics == expected, "tests/it/operators/metrics.txt should be:\n{metrics}");
    let nothing = View::Metrics.of(&empty(), &Bindings::default());
    assert!(nothing.lines().all(|line| line.starts_with("# ")), "{nothing}");
}
