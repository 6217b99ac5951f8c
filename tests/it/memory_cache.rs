//! Results of lookups that an isolate reuses for a moment.

use std::time::Duration;

use crate::world::{Behaviour, World, counted, page, refuses, world};

const MOMENT: Duration = Duration::from_millis(999);

fn lasting(text: &str) -> Behaviour {
    page(text).cache_control("max-age=60, stale-if-error=600").header("etag", "\"1\"")
}

/// A world whose isolate remembers the page `v1`.
fn remembered() -> World {
    let world = world().origin([lasting("v1")]);
    world.get("/").answers(200, "v1");
    world.get("/").answers(200, "v1").attempts(0);
    world.get("/").answers(200, "v1").attempts(0);
    world
}

#[test]
fn a_page_that_is_requested_again_and_again_is_looked_up_once_a_second() {
    let world = world().origin([lasting("v1")]);
    world.get("/").answers(200, "v1").header_has("cache-status", "stored");
    for expected in [1, 1, 0, 0, 0] {
        let (story, operations) = counted(&world);
        story.answers(200, "v1").attempts(0).header_has("cache-status", "hit").age(0);
        assert_eq!(operations, expected, "held at the second look, and remembered from then on");
    }
    world.pass(MOMENT);
    assert_eq!(counted(&world).1, 0);
    world.pass(Duration::from_millis(1));
    let (story, operations) = counted(&world);
    story.answers(200, "v1").age(1);
    assert_eq!((operations, counted(&world).1), (1, 0), "it stays worth holding");
}

#[test]
fn requests_for_less_than_the_whole_are_answered_from_memory_too() {
    let world = remembered();
    let before = world.subrequests();
    world.clone().with("if-none-match", "\"1\"").get("/").status(304).attempts(0);
    world.clone().with("range", "bytes=1-1").get("/").answers(206, "1");
    world.send("HEAD", "/", None).answers(200, "").attempts(0);
    world.get("/").answers(200, "v1");
    assert_eq!(world.subrequests(), before);
}

#[test]
fn a_request_for_validation_is_validated() {
    let world = remembered().origin([lasting("v2")]);
    world.clone().with("cache-control", "no-cache").get("/").answers(200, "v2").attempts(1);
    world.get("/").answers(200, "v2").attempts(0);
}

#[test]
fn what_this_isolate_stores_is_seen_at_once() {
    let world = world().origin([lasting("v1"), page("v2").cache_control("max-age=60")]);
    // That there is nothing is remembered as well.
    world.clone().with("cache-control", "only-if-cached").get("/").status(504);
    assert_eq!(counted(&world).1, 1, "to store it");
    world.get("/").answers(200, "v1").attempts(0);
    world.get("/").answers(200, "v1").attempts(0);
    let world = world.later(60);
    world.get("/").answers(200, "v2").attempts(1);
    world.get("/").answers(200, "v2").attempts(0);
}

#[test]
fn a_write_is_seen_at_once_by_the_isolate_that_passed_it_on() {
    // RFC 9111 §4.4
    let world = remembered().origin([page("done"), lasting("v2")]);
    world.send("POST", "/", Some("x")).answers(200, "done");
    world.get("/").answers(200, "v2").attempts(1);
}

#[test]
fn a_purge_is_seen_at_once_by_the_isolate_that_took_it() {
    for forget in ["false", "true"] {
        let world = world().keeping().token("a-token-of-more-than-32-characters!!").origin([lasting("v1")]);
        (0..3).for_each(|_| drop(world.get("/").answers(200, "v1")));
        let operator = world.clone().with("holdfast-token", "a-token-of-more-than-32-characters!!");
        let operator = operator.with("content-type", "application/json");
        world.pass(Duration::from_millis(1));
        let order = format!(r#"{{ "urls": ["/"], "forget": {forget} }}"#);
        operator.send("POST", "/.well-known/holdfast/purge", Some(&order)).status(200);
        world.origin([lasting("v2")]).get("/").answers(200, "v2").attempts(1);
    }
}

#[test]
fn what_another_isolate_does_is_seen_a_second_later() {
    let here = remembered();
    let elsewhere = here.clone().new_isolate().origin([page("done")]);
    elsewhere.send("POST", "/", Some("x")).answers(200, "done");
    here.get("/").answers(200, "v1").attempts(0);
    let (here, elsewhere) = (here.later(1), elsewhere.origin([lasting("v2")]));
    elsewhere.get("/").answers(200, "v2").attempts(1);
    here.get("/").answers(200, "v2").attempts(0);
}

#[track_caller]
fn looks_each_time(world: &World) {
    world.get("/").answers(200, "v1");
    for _ in 0..4 {
        let (story, operations) = counted(world);
        story.answers(200, "v1").attempts(0);
        assert_eq!(operations, 1);
    }
}

#[test]
fn an_operator_can_have_a_lookup_for_every_request() {
    let world = world().set("cache.memory_ttl", "0s").origin([lasting("v1")]);
    looks_each_time(&world);
}

#[test]
fn a_body_that_is_not_held_elsewhere_is_not_held_here() {
    let world = world().set("body.buffer", "1B").origin([lasting("v1")]);
    looks_each_time(&world);
}

#[test]
fn in_an_outage_a_stale_copy_is_looked_up_once_a_second() {
    let world = world().origin([lasting("v1")]);
    world.get("/").answers(200, "v1");
    let world = world.later(60).origin([refuses(), refuses(), refuses()]).set("retry.attempts", 1);
    for expected in [1, 1, 0] {
        let (story, operations) = counted(&world);
        story.answers(200, "v1").header_has("cache-status", "fwd=stale").age(60);
        assert_eq!(operations, expected);
    }
}

#[test]
fn while_the_breaker_is_open_it_is_known_for_a_second_that_there_is_no_copy() {
    let world = world().keeping().set("last_good.paths", serde_json::json!(["/*"]));
    let world = world.set("breaker.enabled", true).set("breaker.open_for", "60s").set("retry.attempts", 1);
    let world = world.set("breaker.window", "1s").origin(std::iter::repeat_with(refuses).take(11));
    for _ in 0..11 {
        world.get("/").status(502);
        world.pass(Duration::from_millis(100));
    }
    let world = world.later(1);
    for expected in [2, 0, 0] {
        let (story, operations) = counted(&world);
        story.status(502).attempts(0);
        assert_eq!(operations, expected, "one of the cache, and one of the namespace");
    }
}

#[test]
fn before_a_failed_attempt_becomes_an_error_page_there_is_a_lookup() {
    let here = world().origin([refuses()]).set("retry.attempts", 1);
    here.get("/").status(502);
    let elsewhere = here.clone().new_isolate().origin([lasting("v1")]);
    elsewhere.get("/").answers(200, "v1");
    let here = here.origin([refuses()]);
    here.get("/").answers(200, "v1").attempts(1).header_has("cache-status", "fwd=uri-miss");
}

#[test]
fn after_a_hit_for_miss_there_is_a_lookup_before_an_error_page_too() {
    let here = world().origin([page("own").header("cache-control", "no-store")]).set("retry.attempts", 1);
    here.get("/").answers(200, "own");
    let elsewhere = here.clone().new_isolate().origin([lasting("v1")]);
    elsewhere.get("/").answers(200, "v1");
    let here = here.origin([refuses()]);
    here.get("/").answers(200, "v1").attempts(1);
}

#[test]
fn a_store_that_fails_for_a_moment_is_not_taken_for_an_empty_one() {
    let world = world().origin([lasting("v1")]).set("retry.attempts", 1);
    world.get("/").answers(200, "v1");
    let world = world.later(60).origin([refuses(), refuses()]).store_fails();
    world.get("/").status(502);
    world.store_works().get("/").answers(200, "v1").header_has("cache-status", "fwd=stale");
}

#[test]
fn several_variants_are_remembered() {
    let variant = |text| lasting(text).header("vary", "accept-language");
    let world = world().origin([variant("de"), variant("en")]);
    let ask =
        |language: &str, text| world.clone().with("accept-language", language).get("/").answers(200, text);
    ask("de", "de");
    ask("en", "en");
    for _ in 0..3 {
        ask("de", "de").attempts(0);
        ask("en", "en").attempts(0);
    }
    let before = world.subrequests();
    ask("de", "de").attempts(0);
    ask("en", "en").attempts(0);
    assert_eq!(world.subrequests(), before);
}
