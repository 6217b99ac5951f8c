//! A site that is closed on purpose: who still gets in, and what everybody else gets.

use std::time::Duration;

use holdfast::config::Token;
use holdfast::origin::drill;
use holdfast::origin::failure::Failure;
use serde_json::json;

use crate::world::{World, answers, page, world};

const TOKEN: &str = "a-token-of-the-operators";

fn closed() -> World {
    world().token(TOKEN).set("maintenance", json!({ "enabled": true }))
}

#[test]
fn a_closed_site_says_so_and_asks_nobody() {
    let story = closed().with("accept", "text/html").get("/a").status(503).attempts(0);
    let story = story.says("<h1>Down for maintenance</h1>").header("retry-after", "600");
    let story = story.no_header("proxy-status").no_header("cache-status").header("cache-control", "no-store");
    assert_eq!(story.reports.len(), 1);
    let line = &story.reports[0];
    assert_eq!((&line["outcome"], &line["status"]), (&"maintenance".into(), &503.into()), "{line}");
    assert_eq!((line.get("error"), line.get("failure")), (None, None), "nothing has failed: {line}");
}

#[test]
fn every_form_and_method_gets_the_maintenance_answer() {
    let problem = closed().with("accept", "application/json").get("/a").status(503);
    problem.says(r#""type":"urn:holdfast:problem:maintenance""#).says(r#""retry_after":600"#);
    closed().with("accept-language", "de").get("/a").says("Wegen Wartung nicht erreichbar");
    closed().send("HEAD", "/a", None).answers(503, "").header("retry-after", "600");
    let order = closed().send("POST", "/order", Some("x")).status(503).attempts(0);
    order.header("holdfast-outcome", "not_processed").says("was not processed");
}

#[test]
fn not_even_a_fresh_copy_is_served() {
    let world = world().origin([page("v1").cache_control("max-age=600")]);
    world.get("/a").answers(200, "v1");
    world.set("maintenance", json!({ "enabled": true })).get("/a").status(503);
}

#[test]
fn a_window_opens_and_closes_by_itself() {
    // The world begins at 03:04:05.
    for (settings, at_the_beginning, an_hour_later) in [
        (json!({ "from": "2026-01-02T03:00:00Z", "until": "2026-01-02T03:34:05Z" }), Some("1800"), None),
        (json!({ "from": "2026-01-02T04:00:00Z", "until": "2026-01-02T05:04:05Z" }), None, Some("3600")),
        (json!({ "from": "2026-01-02T05:00:00+01:00" }), None, Some("600")),
        (json!({ "until": "2026-01-02T04:04:05Z" }), Some("3600"), None),
        (json!({ "enabled": true, "until": "2026-01-02T04:04:06Z" }), Some("3601"), Some("1")),
        (json!({ "enabled": false, "until": "2026-01-02T04:04:06Z" }), None, None),
    ] {
        let world = world().set("maintenance", settings.clone()).at_origin("origin.test", page("v1"));
        for (seconds, retry_after) in [(0, at_the_beginning), (3600, an_hour_later)] {
            world.pass(Duration::from_secs(seconds));
            let story = world.get("/a");
            let closed_for = story.value("retry-after");
            assert_eq!(closed_for.as_deref(), retry_after, "{settings}");
            assert_eq!(story.status, if retry_after.is_some() { 503 } else { 200 }, "{settings}");
        }
    }
}

#[test]
fn a_route_is_closed_or_left_open_by_itself() {
    let routes = json!([{ "path": "/shop/*", "maintenance": { "enabled": true } }]);
    let world = world().set("routes", routes).at_origin("origin.test", page("v1"));
    let story = world.get("/shop/a").status(503);
    assert_eq!(story.reports[0]["route"], 0);
    world.get("/a").answers(200, "v1");
    let routes = json!([{ "path": "/status", "maintenance": { "enabled": false } }]);
    let world = closed().set("routes", routes).at_origin("origin.test", page("v1"));
    world.get("/a").status(503);
    world.get("/status").answers(200, "v1");
}

#[test]
fn crawlers_still_get_what_they_go_by() {
    let world = closed().keeping().origin([answers(200, "v1"), answers(200, "v1")]);
    world.get("/robots.txt").answers(200, "v1").attempts(1);
    world.send("HEAD", "/robots.txt", None).status(200);
    world.send("POST", "/robots.txt", Some("x")).status(503);
    world.get("/robots.txt/").status(503);
    // The origin is being worked on, and the edge cache has lost it.
    world.evicted().get("/robots.txt").answers(200, "v1").header_has("cache-status", "detail=last_good");
}

#[test]
fn operators_pass_and_may_purge() {
    let world = closed().keeping().at_origin("origin.test", page("v1"));
    world.clone().with("holdfast-token", TOKEN).get("/a").answers(200, "v1").attempts(1);
    world.clone().with("holdfast-token", "not-the-token-of-them").get("/a").status(503).attempts(0);
    let operator = world.clone().with("holdfast-token", TOKEN).with("content-type", "application/json");
    operator.send("POST", "/.well-known/holdfast/purge", Some(r#"{"all":true}"#)).status(200);
    let token = Token::new(TOKEN).unwrap();
    let until = holdfast::time::Timestamp::from_millis(1_767_323_345_000);
    let order = drill::order(&token, Failure::EdgeRefused, "www.example.com", until);
    world.with("holdfast-drill", &order).get("/b").status(502);
}

#[test]
fn what_is_closed_is_closed_in_every_spelling_of_its_path() {
    let routes = json!([{ "path": "/shop/*", "maintenance": { "enabled": true } }]);
    let world = world().set("routes", routes);
    for path in
        ["/shop/x", "//shop/x", "/shop%2fx", "/%73hop/x", "/a/..%2fshop/x", "/shop;a=b/x", "/shop%5cx"]
    {
        world.get(path).status(503).attempts(0).says("aintenance");
    }
    let world = world.origin(["a", "b", "c", "d"].map(page));
    for (path, text) in
        [("/shopping", "a"), ("/a%20b", "b"), ("/caf%C3%A9/shop/", "c"), ("/files/a%2f..%2fb", "d")]
    {
        world.get(path).answers(200, text);
    }
}

#[test]
fn a_page_that_is_left_open_is_so_as_it_is_written_alone() {
    let routes = json!([{ "path": "/status", "maintenance": { "enabled": false } }]);
    let world = closed().set("routes", routes).origin(["open", "open"].map(page));
    world.get("/status").answers(200, "open");
    world.get("/status?x").answers(200, "open");
    for path in ["//status", "/%73tatus", "/status%2f..%2faccount", "/robots%2etxt"] {
        world.get(path).status(503).attempts(0);
    }
}
