//! Which URLs skip the cache lookup, and which do not.

use std::time::Duration;

use crate::world::{Behaviour, World, answers, counted, page, refuses};

/// A world whose isolates do not remember what they found: that has tests of its own.
fn world() -> World {
    crate::world::world().set("cache.memory_ttl", "0s")
}

fn never_stored() -> Behaviour {
    page("own").cache_control("no-store")
}

fn lasting(text: &str) -> Behaviour {
    page(text).cache_control("max-age=60, stale-if-error=600")
}

/// Two isolates of one data centre, of which the first has learned that answers for `/` cannot be stored.
fn two_isolates() -> (World, World) {
    let here = world().origin([never_stored()]);
    here.get("/").answers(200, "own");
    let elsewhere = here.clone().new_isolate();
    (here, elsewhere)
}

#[test]
fn a_url_that_cannot_be_stored_is_looked_up_once() {
    for (answer, word) in [
        (never_stored(), "no_store"),
        (page("own").cache_control("private, max-age=60"), "private"),
        (page("own").cache_control("max-age=60").header("set-cookie", "sid=1"), "set_cookie"),
        (page("own").cache_control("max-age=60").header("vary", "*"), "vary_any"),
        (page("own").cache_control("max-age=0, must-revalidate"), "nothing_to_gain"),
        (answers(302, "").header("location", "/elsewhere"), "status"),
    ] {
        let world = world().origin([answer.clone(), answer.clone(), answer]);
        // RFC 9211 §2.2
        for (said, expected) in [("uri-miss", 1), ("miss", 0), ("miss", 0)] {
            let (story, operations) = counted(&world);
            assert_eq!(operations, expected, "{word}: {story:#?}");
            story.attempts(1).header("cache-status", &format!("Holdfast;fwd={said};detail={word}"));
        }
        let (_, operations) = counted(&world.new_isolate());
        assert!(operations > 0, "{word}: another isolate has to learn it by itself");
    }
}

#[test]
fn one_url_says_nothing_of_another() {
    let (here, _) = two_isolates();
    here.origin([never_stored()]).get("/other").header_has("cache-status", "fwd=uri-miss");
}

#[test]
fn queries_that_cannot_be_stored_take_no_lookup_from_others_of_their_path() {
    let world = world().origin([lasting("stored")]);
    world.get("/search?q=stored").answers(200, "stored");
    let world = world.origin((0..20).map(|_| never_stored()));
    for number in 0..20 {
        world.get(&format!("/search?q={number}")).attempts(1).header_has("cache-status", "fwd=uri-miss");
    }
    for (field, value) in [("accept", "*/*"), ("if-none-match", "\"v1\""), ("cookie", "sid=1")] {
        world.clone().with(field, value).get("/search?q=stored").attempts(0);
    }
}

#[test]
fn an_answer_for_one_request_alone_skips_no_lookup() {
    let part = answers(206, "a").header("content-range", "bytes 0-0/3");
    for (field, value, answer) in [
        ("accept", "image/png", answers(406, "")),
        ("accept", "text/html", answers(403, "").cache_control("no-store")),
        ("accept", "text/html", answers(429, "")),
        ("if-none-match", "\"1\"", answers(304, "").header("etag", "\"1\"")),
        ("if-none-match", "\"1\"", answers(304, "").cache_control("no-store")),
        ("range", "bytes=0-0", part),
        ("range", "bytes=9-", answers(416, "")),
        ("cookie", "sid=1", page("theirs")),
        ("authorization", "Bearer x", page("theirs").cache_control("max-age=60")),
        ("x-forwarded-theme", "dark", page("theirs").cache_control("max-age=60")),
    ] {
        let asking = world().with(field, value).origin([answer.clone(), answer]);
        for _ in 0..2 {
            let (story, operations) = counted(&asking);
            assert_eq!(operations, 1, "{field}: {story:#?}");
            story.attempts(1).header_has("cache-status", "fwd=uri-miss");
        }
    }
}

#[test]
fn an_answer_to_a_known_visitor_skips_lookups_of_known_visitors_only() {
    for (field, value) in [("cookie", "sid=1"), ("authorization", "Bearer x"), ("x-theme", "dark")] {
        let known = world().with(field, value).origin([never_stored(), never_stored()]);
        known.get("/").answers(200, "own");
        let (story, operations) = counted(&known);
        assert_eq!(operations, 0, "{field}: {story:#?}");
        let anybody = known.without_fields();
        let elsewhere = anybody.clone().new_isolate().origin([lasting("all")]);
        elsewhere.get("/").answers(200, "all").header_has("cache-status", "stored");
        anybody.get("/").answers(200, "all").attempts(0).header_has("cache-status", "hit");
    }
}

#[test]
fn an_answer_to_anybody_skips_lookups_of_known_visitors_too() {
    let (here, _) = two_isolates();
    let (story, operations) = counted(&here.with("cookie", "sid=1").origin([never_stored()]));
    assert_eq!(operations, 0, "{story:#?}");
}

#[test]
fn an_answer_that_can_be_stored_is_found_by_the_next_request() {
    let world = world().origin([never_stored(), never_stored(), lasting("v1")]);
    world.get("/");
    world.get("/");
    world.get("/").answers(200, "v1").header("cache-status", "Holdfast;fwd=miss;stored");
    world.get("/").answers(200, "v1").attempts(0).header_has("cache-status", "hit");
}

#[test]
fn after_two_minutes_there_is_a_lookup_again() {
    let (here, elsewhere) = two_isolates();
    elsewhere.origin([page("all").cache_control("max-age=600")]).get("/");
    let here = here.later(118).origin([never_stored()]);
    here.get("/").answers(200, "own").header_has("cache-status", "fwd=miss");
    // However many lookups were skipped in the meantime.
    here.later(2).get("/").answers(200, "all").attempts(0);
}

#[test]
fn a_copy_stored_by_another_isolate_is_served_when_the_origin_fails() {
    let three = |failure: Behaviour| [failure.clone(), failure.clone(), failure];
    for failure in [refuses(), answers(503, ""), answers(500, "")] {
        let (here, elsewhere) = two_isolates();
        elsewhere.origin([lasting("all")]).get("/").answers(200, "all");
        let here = here.later(90).origin(three(failure.clone()));
        here.get("/").answers(200, "all").header_has("cache-status", "fwd=miss").age(90);
        // From then on there is a lookup first.
        here.origin(three(failure)).get("/").answers(200, "all").header_has("cache-status", "fwd=stale");
    }
}

#[test]
fn a_variant_stored_by_another_isolate_is_served_too() {
    let (here, elsewhere) = two_isolates();
    let variant = |text| lasting(text).header("vary", "accept-language");
    let elsewhere = elsewhere.origin([variant("de"), variant("en")]);
    elsewhere.clone().with("accept-language", "de").get("/").answers(200, "de");
    elsewhere.with("accept-language", "en").get("/").answers(200, "en");
    let here = here.later(90).with("accept-language", "de").origin([]);
    here.get("/").answers(200, "de").header_has("cache-status", "fwd=miss");
    here.get("/").answers(200, "de").header_has("cache-status", "fwd=stale");
}

#[test]
fn while_the_origin_fails_three_ask_for_all() {
    let (here, _) = two_isolates();
    let here = here.origin([]);
    here.get("/").status(502).attempts(3);
    let stories = here.crowd(20, "/");
    assert!(stories.iter().all(|story| story.status == 502 && story.seen.len() == 9), "{stories:#?}");
}

#[test]
fn only_if_cached_always_has_a_lookup() {
    // RFC 9111 §5.2.1.7
    let (here, elsewhere) = two_isolates();
    elsewhere.origin([lasting("all")]).get("/").answers(200, "all");
    here.with("cache-control", "only-if-cached").get("/").answers(200, "all").attempts(0);
}

#[test]
fn head_skips_lookups_as_get_does_and_causes_no_skips() {
    let head = answers(200, "").cache_control("no-store");
    let world = world().origin([head.clone(), never_stored(), head]);
    world.send("HEAD", "/", None).header_has("cache-status", "fwd=uri-miss");
    world.get("/").header_has("cache-status", "fwd=uri-miss");
    world.send("HEAD", "/", None).status(200).header_has("cache-status", "fwd=miss");
}

#[test]
fn what_was_stored_while_a_request_waited_is_looked_up_though_the_answer_cannot_be_stored() {
    let slow = page("v1").cache_control("no-cache").header("etag", "\"1\"").after(Duration::from_secs(2));
    let theirs = page("v2").cache_control("max-age=60").header("set-cookie", "sid=1");
    let world = world().origin([slow, theirs, page("v3")]);
    let stories = world.crowd(2, "/");
    assert_eq!([&*stories[0].body.text, &*stories[1].body.text], ["v1", "v2"]);
    let story = world.get("/").answers(200, "v3").header_has("cache-status", "fwd=stale");
    assert_eq!(story.seen[0].headers["if-none-match"], "\"1\"");
}
