//! What an operator calls out of date, and what is to be forgotten.

use serde_json::{Value, json};

use crate::world::{Behaviour, Story, World, answers, page, refuses, world};

const TOKEN: &str = "a-token-of-the-operators";
const ENDPOINT: &str = "/.well-known/holdfast/purge";

fn kept() -> World {
    world().keeping().token(TOKEN)
}

fn fresh(text: &str) -> Behaviour {
    page(text).cache_control("max-age=600")
}

/// Sends an order as an operator.
fn order(world: &World, order: &Value) -> Story {
    let operator = world.clone().without_fields();
    operator.with("authorization", &format!("Bearer {TOKEN}")).with("content-type", "application/json").send(
        "POST",
        ENDPOINT,
        Some(&order.to_string()),
    )
}

#[test]
fn a_purged_page_is_asked_for_again() {
    for scope in [
        json!({"urls": ["/a?b"]}),
        json!({"urls": ["https://www.example.com/a?b"]}),
        json!({"urls": ["http://WWW.example.com/x/../a?b"]}),
        json!({"prefixes": ["/"]}),
        json!({"prefixes": ["/a"]}),
        json!({"all": true}),
    ] {
        let world = kept().origin([fresh("v1"), fresh("v2")]);
        world.get("/a?b").answers(200, "v1");
        let world = world.later(1);
        order(&world, &scope).status(200).attempts(0);
        world.get("/a?b").answers(200, "v2").attempts(1);
        world.get("/a?b").answers(200, "v2").attempts(0);
    }
}

#[test]
fn what_an_order_does_not_name_stays_fresh() {
    let world = kept().origin([fresh("a"), fresh("b")]);
    world.get("/a").answers(200, "a");
    order(
        &world.clone().later(1),
        &json!({"urls": ["/a?b", "/A", "https://example.com/a"], "prefixes": ["/a/"]}),
    )
    .status(200);
    world.get("/a").answers(200, "a").attempts(0);
}

#[test]
fn a_purged_page_still_stands_in_for_a_failed_origin() {
    let world = kept().origin([fresh("v1")]);
    world.get("/a").answers(200, "v1");
    let world = world.later(1);
    order(&world, &json!({"all": true})).status(200);
    world.get("/a").answers(200, "v1").attempts(3).header_has("cache-status", "fwd=stale");
    // Neither a refresh behind the answer nor a client's leave makes up for it.
    let lenient = world.clone().with("cache-control", "max-stale");
    lenient.origin([page("v2")]).get("/a").answers(200, "v2");
}

#[test]
fn a_purged_page_that_has_not_changed_costs_no_body() {
    let tagged = fresh("v1").header("etag", "\"1\"");
    let world = kept().origin([tagged, answers(304, "").header("etag", "\"1\"")]);
    world.get("/a").answers(200, "v1");
    let world = world.later(1);
    order(&world, &json!({"all": true})).status(200);
    let story = world.get("/a").answers(200, "v1").attempts(1);
    assert_eq!(story.seen[0].headers["if-none-match"], "\"1\"");
    world.get("/a").answers(200, "v1").attempts(0);
}

#[test]
fn a_forgotten_page_is_gone() {
    let world = kept().origin([fresh("v1"), fresh("robots")]);
    world.get("/a").answers(200, "v1");
    world.get("/robots.txt").answers(200, "robots");
    let world = world.later(1);
    order(&world, &json!({"urls": ["/a", "/robots.txt"], "forget": true})).status(200);
    world.get("/a").status(502);
    world.get("/robots.txt").status(502);
    assert_eq!(world.entries(), 0);
    let world = world.origin([fresh("v2")]);
    world.get("/a").answers(200, "v2");
    world.get("/a").answers(200, "v2").attempts(0);
}

#[test]
fn other_isolates_go_by_an_order_within_a_minute_of_seeing_it() {
    let world = kept().origin([fresh("v1"), fresh("v2")]);
    let other = world.clone().new_isolate();
    world.get("/a").answers(200, "v1");
    other.get("/a").answers(200, "v1").attempts(0);
    let world = world.later(1);
    order(&world, &json!({"all": true})).status(200);
    other.get("/a").answers(200, "v1").attempts(0);
    let _ = world.later(60);
    other.get("/a").answers(200, "v2").attempts(1);
}

#[test]
fn a_new_isolate_knows_what_was_purged_before_it() {
    let world = kept().origin([fresh("v1"), fresh("v2")]);
    world.get("/a").answers(200, "v1");
    let world = world.later(1);
    order(&world, &json!({"all": true})).status(200);
    world.new_isolate().get("/a").answers(200, "v2");
}

#[test]
fn marks_are_read_at_most_twice_a_minute() {
    let world = kept().origin([fresh("v1")]);
    world.get("/a").answers(200, "v1");
    for _ in 0..120 {
        let world = world.clone().later(1);
        world.get("/a").answers(200, "v1").attempts(0);
    }
    assert!(world.namespace().reads_of_marks <= 5, "{}", world.namespace().reads_of_marks);
}

#[test]
fn marks_that_cannot_be_read_fail_no_request() {
    let world = kept().origin([fresh("v1")]).namespace_fails();
    world.get("/a").answers(200, "v1");
    world.get("/a").answers(200, "v1").attempts(0);
    order(&world, &json!({"all": true})).status(503);
}

#[test]
fn orders_are_taken_from_operators_alone() {
    let world = kept();
    let json = world.clone().with("content-type", "application/json");
    let body = Some("{\"all\": true}");
    json.send("POST", ENDPOINT, body).status(401).attempts(0).header_has("www-authenticate", "Bearer");
    let wrong = json.clone().with("authorization", "Bearer a-token-of-the-operatorz");
    wrong.send("POST", ENDPOINT, body).status(401);
    let right = json.with("holdfast-token", TOKEN);
    right.clone().with("sec-fetch-site", "cross-site").send("POST", ENDPOINT, body).status(403);
    right.clone().with("origin", "https://evil.example").send("POST", ENDPOINT, body).status(403);
    right.send("GET", ENDPOINT, None).status(405).header("allow", "POST");
    right.send("POST", ENDPOINT, Some("{\"everything\": 1}")).status(400).says("unknown key");
    right.send("POST", ENDPOINT, Some(&" ".repeat(70_000))).status(413);
    right.send("POST", ENDPOINT, body).status(200).says("\"purged\":1").header("cache-control", "no-store");
    let without = world_without_token();
    without.with("content-type", "application/json").send("POST", ENDPOINT, body).status(404).attempts(0);
    let unbound = crate::world::world().token(TOKEN);
    order(&unbound, &json!({"all": true})).status(501).says("HOLDFAST_KEEP");
}

fn world_without_token() -> World {
    world().keeping()
}

#[test]
fn nothing_below_the_endpoints_reaches_the_origin() {
    for path in ["", "/", "/cache/2/https/www.example.com/a", "/healthy"] {
        kept().get(&format!("/.well-known/holdfast{path}")).status(404).attempts(0);
    }
}

#[test]
fn the_key_is_told_to_operators_alone_and_the_token_to_nobody() {
    let world = kept().origin([fresh("v1"), fresh("v2"), refuses()]);
    let operator = world.clone().with("holdfast-token", TOKEN);
    let story = operator.get("/a").header_has("cache-status", "key=\"https://www.example.com/");
    assert!(!story.seen[0].headers.contains_key("holdfast-token"), "{story:#?}");
    let story = world.get("/a").answers(200, "v1").attempts(0);
    assert!(!story.value("cache-status").unwrap().contains("key"), "{story:#?}");
    let guess = world.with("holdfast-token", "a-token-of-the-operatorz").get("/a");
    assert!(!guess.value("cache-status").unwrap().contains("key"), "{guess:#?}");
}

#[test]
fn a_head_that_names_no_version_does_not_make_a_purged_page_fresh() {
    let world = kept().origin([fresh("v1"), fresh(""), fresh("v2")]);
    world.get("/a").answers(200, "v1");
    let world = world.later(1);
    order(&world, &json!({"all": true})).status(200);
    world.send("HEAD", "/a", None).status(200).attempts(1);
    world.get("/a").answers(200, "v2").attempts(1);
}

#[test]
fn an_order_that_does_not_show_yet_in_the_namespace_holds_where_it_was_taken() {
    let world = kept().origin([fresh("v1"), fresh("v2")]);
    world.get("/a").answers(200, "v1");
    let world = world.later(1);
    order(&world, &json!({"all": true})).status(200);
    let world = world.without_marks().later(61);
    world.get("/a").answers(200, "v2").attempts(1);
}
