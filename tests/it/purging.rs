//! Soft and hard purges by an operator.

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
fn a_softly_purged_page_is_still_served_when_the_origin_fails() {
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
fn a_hard_purged_page_is_gone() {
    let world = kept().origin([fresh("v1"), fresh("robots")]);
    world.get("/a").answers(200, "v1");
    world.get("/robots.txt").answers(200, "robots");
    let world = world.later(1);
    order(&world, &json!({"urls": ["/a", "/robots.txt"], "hard": true})).status(200);
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
fn purge_rules_are_read_at_most_twice_a_minute() {
    let world = kept().origin([fresh("v1")]);
    world.get("/a").answers(200, "v1");
    for _ in 0..120 {
        let world = world.clone().later(1);
        world.get("/a").answers(200, "v1").attempts(0);
    }
    assert!(
        world.namespace().reads_of_purge_rules.get() <= 5,
        "{}",
        world.namespace().reads_of_purge_rules.get()
    );
}

#[test]
fn purge_rules_that_cannot_be_read_fail_no_request() {
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
fn only_operators_see_the_key_and_nobody_sees_the_token() {
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
    let world = world.without_purge_rules().later(61);
    world.get("/a").answers(200, "v2").attempts(1);
}

#[test]
fn an_order_holds_for_every_spelling_of_a_path() {
    for stored in ["/a/b", "//a/b", "/a%2fb", "/%61/b", "/a%252Fb", "/a/b;x=1", "/x/..%2fa/b"] {
        for scope in [
            json!({"urls": ["/a/b"]}),
            json!({"urls": ["//%61%2Fb"]}),
            json!({"prefixes": ["/a/"]}),
            json!({"prefixes": ["/a%2f"]}),
        ] {
            let world = kept().origin([fresh("v1"), fresh("v2")]);
            world.get(stored).answers(200, "v1");
            world.get(stored).answers(200, "v1").attempts(0);
            let world = world.later(1);
            order(&world, &scope).status(200);
            world.get(stored).answers(200, "v2").attempts(1);
        }
    }
}

#[test]
fn a_hard_purge_applies_to_every_spelling_of_a_path() {
    for stored in ["/feeds/a", "//feeds/a", "/feeds%2fa", "/feeds/%61"] {
        let world = kept().set("last_good.paths", json!(["*"])).origin([fresh("v1")]);
        world.get(stored).answers(200, "v1");
        let world = world.later(1);
        order(&world, &json!({"urls": ["/feeds/a"], "hard": true})).status(200);
        world.evicted().get(stored).status(502);
    }
}

#[test]
fn an_order_by_tag_concerns_the_pages_that_have_it() {
    let tagged = |text: &str, tags: &str| fresh(text).header("cache-tag", tags);
    let world = kept().origin([tagged("a1", "news, Product-7"), tagged("b1", "news"), fresh("c1")]);
    for (path, text) in [("/a", "a1"), ("/b", "b1"), ("/c", "c1")] {
        world.get(path).answers(200, text);
    }
    let world = world.later(1).origin([tagged("a2", "product-7")]);
    order(&world, &json!({"tags": ["product-7"]})).status(200).says("\"purged\":1");
    world.get("/a").answers(200, "a2").attempts(1);
    for (path, text) in [("/a", "a2"), ("/b", "b1"), ("/c", "c1")] {
        world.get(path).answers(200, text).attempts(0);
    }
    // It is for the whole worker, and takes nothing away.
    let world = world.later(1);
    order(&world, &json!({"tags": ["NEWS", "product-7"]})).status(200);
    for (path, text) in [("/a", "a2"), ("/b", "b1")] {
        world.get(path).answers(200, text).attempts(3).header_has("cache-status", "fwd=stale");
    }
    world.get("/c").answers(200, "c1").attempts(0);
    order(&world, &json!({"tags": ["news"], "hard": true})).status(400).says("softly only");
}

#[test]
fn each_variant_has_the_tags_that_it_came_with() {
    let page = |text: &str, tag: &str| fresh(text).header("vary", "accept-language").header("cache-tag", tag);
    let world = kept().origin([page("hallo", "de"), page("hello", "en")]);
    let (german, english) =
        (world.clone().with("accept-language", "de"), world.clone().with("accept-language", "en"));
    german.get("/").answers(200, "hallo");
    english.get("/").answers(200, "hello");
    let world = world.later(1).origin([page("hallo 2", "de")]);
    order(&world, &json!({"tags": ["de"]})).status(200);
    english.get("/").answers(200, "hello").attempts(0);
    german.get("/").answers(200, "hallo 2").attempts(1);
}

#[test]
fn a_page_with_more_tags_than_an_entry_holds_is_purged_by_each() {
    let many: Vec<_> = (0..3000).map(|tag| format!("tag-{tag}")).collect();
    let tagged = |answer: Behaviour| {
        answer.cache_control("max-age=600").header("cache-tag", &many.join(",")).header("etag", "\"1\"")
    };
    let world = kept().origin([tagged(page("v1")), tagged(answers(304, "")), fresh("v2")]);
    world.get("/").answers(200, "v1");
    let world = world.later(601);
    world.get("/").answers(200, "v1").attempts(1);
    world.get("/").answers(200, "v1").attempts(0);
    let world = world.later(1);
    order(&world, &json!({"tags": ["tag-2999"]})).status(200);
    world.get("/").answers(200, "v2");
}

#[test]
fn tags_are_not_for_visitors() {
    let tagged = |status, text: &str| answers(status, text).header("cache-tag", "a").header("etag", "\"1\"");
    let world = kept().origin([
        tagged(200, "v1").cache_control("max-age=600"),
        tagged(200, "private").cache_control("no-store"),
        tagged(404, "nothing"),
        tagged(500, "{}").header("content-type", "application/json"),
        tagged(304, ""),
        tagged(200, "posted"),
        tagged(200, &"x".repeat(300_000)),
    ]);
    world.get("/a").answers(200, "v1").no_header("cache-tag");
    for path in ["/private", "/nothing", "/fails"] {
        world.get(path).no_header("cache-tag").header("etag", "\"1\"");
    }
    world.clone().with("if-none-match", "\"1\"").get("/changed").status(304).no_header("cache-tag");
    world.send("POST", "/b", Some("x")).answers(200, "posted").no_header("cache-tag");
    world.get("/large").status(200).no_header("cache-tag");
    for _ in 0..3 {
        world.get("/a").answers(200, "v1").attempts(0).no_header("cache-tag").header("etag", "\"1\"");
    }
    world.clone().with("if-none-match", "\"1\"").get("/a").status(304).no_header("cache-tag");
    world.clone().with("range", "bytes=1-").get("/a").answers(206, "1").no_header("cache-tag");
    world.clone().with("range", "bytes=9-").get("/a").status(416).no_header("cache-tag");
    world.send("HEAD", "/a", None).status(200).attempts(0).no_header("cache-tag");
}
