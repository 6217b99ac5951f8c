//! Parameters that do not matter: which copies answer for a URL that has them, and which never do.

use serde_json::json;

use crate::world::{Behaviour, World, answers, page, refuses, world};

fn fresh(text: &str) -> Behaviour {
    page(text).cache_control("max-age=600")
}

/// A world whose page at `path` is stored, and whose origin is down since.
fn stored(path: &str) -> World {
    let world = world().origin([page("plain")]);
    world.get(path).answers(200, "plain");
    world
}

#[test]
fn a_link_from_a_campaign_gets_the_copy_of_the_page_when_the_origin_fails() {
    for asked in ["/?utm_source=x", "/?utm_source=x&fbclid=y&", "/?", "/?gclid", "/?utm_content=%3Cb%3E"] {
        let story = stored("/").get(asked).answers(200, "plain").attempts(3);
        let story =
            story.header_has("cache-status", "fwd=uri-miss").header_has("cache-status", "ignore_query");
        story.header_has("proxy-status", "connection_terminated").reports("connection_terminated");
    }
    stored("/a?b=1").get("/a?b=1&utm_source=x").answers(200, "plain");
    stored("/a?b=1").get("/a?utm_source=x&b=1").answers(200, "plain");
    stored("/").send("HEAD", "/?utm_source=x", None).answers(200, "");
}

#[test]
fn what_matters_is_answered_by_nothing_else() {
    for asked in ["/?q=1", "/?q=1&utm_source=x", "/?%75tm_source=x", "/?utm_source=x;q=1", "/?UTM_SOURCE=x"] {
        stored("/").get(asked).status(502);
    }
    stored("/a?b=1&c=2").get("/a?c=2&b=1&utm_source=x").status(502);
    stored("/a?b=1&b=2").get("/a?b=2&utm_source=x&b=1").status(502);
    let strict = stored("/").set("cache.ignore_query", json!([]));
    strict.get("/?utm_source=x").status(502);
    let off = stored("/").set("cache.enabled", false);
    off.get("/?utm_source=x").status(502);
}

#[test]
fn what_a_campaign_got_is_not_what_the_page_is() {
    let world = stored("/?utm_source=x");
    world.get("/").status(502);
    world.get("/?utm_source=y").status(502);
    world.get("/?utm_source=x").answers(200, "plain");
}

#[test]
fn while_all_is_well_the_origin_sees_each_link_and_its_own_copy_comes_first() {
    let world = world().origin([fresh("plain"), fresh("campaign")]);
    world.get("/").answers(200, "plain");
    let story = world.get("/?utm_source=x").answers(200, "campaign").attempts(1);
    assert!(story.seen[0].url.ends_with("/?utm_source=x"), "{story:#?}");
    world.later(700).get("/?utm_source=x").answers(200, "campaign");
}

#[test]
fn a_copy_that_forbids_stale_use_forbids_other_copies_too() {
    for directives in ["max-age=1, must-revalidate", "no-cache", "s-maxage=1"] {
        let world = world().origin([page("plain").cache_control(directives).header("etag", "\"1\"")]);
        world.get("/").answers(200, "plain");
        world.later(5).get("/?utm_source=x").status(502);
    }
    let world = stored("/");
    world.clone().with("cache-control", "stale-if-error=0").later(1).get("/?utm_source=x").status(502);
    // What its own copy forbids is not asked of another.
    let world =
        world.origin([page("campaign").cache_control("max-age=1, must-revalidate").header("etag", "\"1\"")]);
    world.get("/?utm_source=x").answers(200, "campaign");
    world.later(5).get("/?utm_source=x").status(502);
}

#[test]
fn a_copy_past_its_time_makes_room_for_one_that_is_not() {
    let world = world()
        .origin([page("campaign").cache_control("max-age=1, stale-if-error=5").header("etag", "\"1\"")]);
    world.get("/?utm_source=x").answers(200, "campaign");
    let world = world.later(60).origin([page("plain")]);
    world.get("/").answers(200, "plain");
    world.get("/?utm_source=x").answers(200, "plain");
}

#[test]
fn a_softly_purged_copy_is_served_and_a_hard_purged_one_is_not() {
    let token = "a-token-of-the-operators";
    for (order, status) in [(json!({"urls": ["/"]}), 200), (json!({"urls": ["/"], "forget": true}), 502)] {
        let world = world().keeping().token(token).origin([page("plain")]);
        world.get("/").answers(200, "plain");
        let world = world.later(1);
        let operator = world.clone().with("holdfast-token", token).with("content-type", "application/json");
        operator.send("POST", "/.well-known/holdfast/purge", Some(&order.to_string())).status(200);
        world.get("/?utm_source=x").status(status);
    }
}

#[test]
fn the_last_good_copy_answers_for_such_links_too() {
    let world = world().keeping().set("last_good.paths", json!(["/a"])).origin([page("plain")]);
    world.get("/a").answers(200, "plain");
    let world = world.evicted();
    world.get("/a?utm_source=x").answers(200, "plain").header_has("cache-status", "detail=last_good");
    world.get("/a?q").status(502);
}

#[test]
fn while_the_breaker_is_open_such_links_are_answered_without_the_origin() {
    let world = world().guarded().set("breaker.open_for", "5m").origin([page("plain")]);
    world.get("/a").answers(200, "plain");
    let world = world.later(60);
    for _ in 0..8 {
        world.get("/a?utm_source=x").answers(200, "plain");
        world.pass(std::time::Duration::from_secs(2));
    }
    world.get("/a?utm_source=x").answers(200, "plain").attempts(0);
}

/// With a key that has no such parameters.
fn always() -> World {
    world().set("cache.ignore_query_always", true)
}

#[test]
fn where_it_never_matters_one_copy_answers_with_and_without() {
    for (first, second) in [
        ("/?utm_source=x", "/"),
        ("/", "/?utm_source=x&gclid=y"),
        ("/?utm_source=x", "/?utm_source=y"),
        ("/a?b=1&utm_source=x", "/a?fbclid=y&b=1"),
    ] {
        let world = always().origin([fresh("v1")]);
        let story = world.get(first).answers(200, "v1");
        assert!(story.seen[0].url.ends_with(first), "the origin gets the whole: {story:#?}");
        world.get(second).answers(200, "v1").attempts(0).header_has("cache-status", "hit");
    }
}

#[test]
fn what_somebody_writes_into_a_link_is_not_shown_to_others() {
    for link in [
        "/?utm_source=%3Cscript%3E",
        "/?utm_source='",
        "/?utm_source=%22",
        "/?utm_source=//evil.example",
        "/?utm_source=x;q=1",
        "/?utm_source=x%26q=1",
        "/?%75tm_source=x",
        "/?",
    ] {
        let world = always().origin([fresh("evil"), fresh("good")]);
        world.get(link).answers(200, "evil");
        world.get("/").answers(200, "good");
        world.get("/?utm_source=x").answers(200, "good").attempts(0);
        world.get(link).answers(200, "evil").attempts(0);
    }
}

#[test]
fn a_redirect_that_may_lead_elsewhere_without_the_link_is_not_for_others() {
    let leads = |to: &str| answers(301, "").header("location", to).cache_control("max-age=600");
    let world = always().origin([leads("/"), fresh("page"), leads("/new?utm_source=x"), leads("/new")]);
    world.get("/?utm_source=x").status(301).header_has("cache-status", "unkeyed_query");
    world.get("/").answers(200, "page").attempts(1);
    world.get("/old?utm_source=x").status(301);
    world.get("/old").status(301).header("location", "/new").attempts(1);
    world.get("/old?utm_source=y").status(301).header("location", "/new").attempts(0);
}

#[test]
fn an_order_or_a_write_for_such_a_link_concerns_the_one_copy() {
    let token = "a-token-of-the-operators";
    let world =
        always().keeping().token(token).origin([fresh("v1"), fresh("v2"), page("written"), fresh("v3")]);
    world.get("/a").answers(200, "v1");
    let world = world.later(1);
    let operator = world.clone().with("holdfast-token", token).with("content-type", "application/json");
    let order = json!({"urls": ["/a?utm_source=x"]}).to_string();
    operator.send("POST", "/.well-known/holdfast/purge", Some(&order)).status(200);
    world.get("/a?utm_source=y").answers(200, "v2").attempts(1);
    world.get("/a").answers(200, "v2").attempts(0);
    world.send("POST", "/a?utm_source=z", Some("x")).answers(200, "written");
    world.get("/a").answers(200, "v3").attempts(1);
}

#[test]
fn a_route_that_minds_is_not_passed_by_in_another_spelling() {
    let routes =
        json!([{ "path": "/search", "cache": { "ignore_query_always": false, "ignore_query": [] } }]);
    let world = always().set("routes", routes).origin([fresh("v1"), fresh("v2"), refuses()]);
    world.get("//search?utm_source=x").answers(200, "v1");
    world.get("//search").answers(200, "v2");
    world.get("//search?utm_source=y").status(502);
}
