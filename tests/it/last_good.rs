//! Copies that are kept for long: what is kept, how often it is written, and when it answers.

use std::time::Duration;

use crate::world::{Behaviour, Ending, World, answers, page, world};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;
const PATH: &str = "/robots.txt";

fn robots(text: &str) -> Behaviour {
    answers(200, text).header("content-type", "text/plain")
}

/// A world whose robots.txt was fetched once, and whose edge cache has lost it since.
fn visited(first: Behaviour) -> World {
    let world = world().keeping().origin([first]);
    world.get(PATH);
    world.evicted()
}

#[test]
fn a_last_good_copy_answers_when_the_edge_cache_has_nothing() {
    let world = visited(robots("v1").header("etag", "\"1\""));
    world
        .get(PATH)
        .answers(200, "v1")
        .header("etag", "\"1\"")
        .header("content-type", "text/plain")
        .header_has("cache-status", "Holdfast;fwd=uri-miss")
        .header_has("cache-status", "detail=last_good")
        .header_has("proxy-status", "connection_terminated")
        .age(0)
        .reports("connection_terminated");
    let world = world.later(29 * DAY).new_isolate();
    world.get(PATH).answers(200, "v1").age(29 * DAY);
    world.send("HEAD", PATH, None).answers(200, "");
    world.clone().with("if-none-match", "\"1\"").get(PATH).answers(304, "");
    world.clone().with("range", "bytes=1-").get(PATH).answers(206, "1");
    world.later(DAY + 60).get(PATH).status(502);
}

#[test]
fn a_last_good_copy_takes_over_where_the_window_of_the_stored_one_ends() {
    let world = world().keeping().origin([robots("v1").header("etag", "\"1\"")]);
    world.get(PATH).answers(200, "v1");
    let world = world.later(DAY - 60);
    world.get(PATH).answers(200, "v1").header_has("cache-status", "fwd=stale");
    world.later(120).get(PATH).answers(200, "v1").header_has("cache-status", "detail=last_good");
}

#[test]
fn only_the_named_paths_without_a_query_have_last_good_copies() {
    let world = world().keeping().origin([robots("a"), robots("b"), robots("c")]);
    for path in ["/robots.txt?x", "/other", "/robots.txt/"] {
        world.get(path).status(200);
    }
    assert_eq!(world.namespace().writes.get(), 0);
    let world =
        world.evicted().set("last_good.paths", serde_json::json!(["/feeds/*"])).origin([robots("feed")]);
    world.get("/feeds/a").status(200);
    world.evicted().get("/feeds/a").answers(200, "feed");
}

#[test]
fn one_host_does_not_get_the_copy_of_another() {
    let world = visited(robots("v1"));
    world.at("other.example.com").get(PATH).status(502);
}

#[test]
fn a_last_good_copy_is_written_when_it_changed_and_at_most_once_an_interval() {
    let world = world().keeping().origin(["v1", "v1", "v2", "v2"].map(robots));
    world.get(PATH).answers(200, "v1");
    assert_eq!((world.namespace().reads.get(), world.namespace().writes.get()), (1, 1));
    let world = world.later(HOUR);
    world.get(PATH).answers(200, "v1");
    assert_eq!((world.namespace().reads.get(), world.namespace().writes.get()), (2, 1));
    // Another isolate knows nothing of this one; it waits because of the copy's own time.
    let world = world.evicted().new_isolate().later(HOUR - 100);
    world.get(PATH).answers(200, "v2");
    assert_eq!((world.namespace().reads.get(), world.namespace().writes.get()), (3, 2));
    world.get(PATH).answers(200, "v2");
    assert_eq!((world.namespace().reads.get(), world.namespace().writes.get()), (3, 2));
}

#[test]
fn what_is_not_proof_does_not_replace_a_good_copy() {
    let large = "User-agent: *\nDisallow: /private/ and many more lines\n";
    for (bad, status) in [
        (robots(""), 200),
        (robots("oops"), 200),
        (page(&large.replace("many", "some")), 200),
        (answers(302, "").header("location", "/maintenance"), 302),
        (answers(301, "").header("location", "/maintenance"), 301),
        (answers(403, large), 403),
        (answers(500, "oops"), 500),
        (robots(large).ends(Ending::Torn), 502),
    ] {
        let world = world().keeping().set("retry.attempts", 1).origin([robots(large), bad.clone()]);
        world.get(PATH).answers(200, large);
        let world = world.later(2 * HOUR).evicted();
        let story = world.get(PATH);
        assert!(story.status == status || story.body.text == large, "{bad:?}: {story:#?}");
        world.evicted().get(PATH).answers(200, large);
    }
}

#[test]
fn what_is_gone_replaces_the_copy_and_what_never_was_makes_none() {
    for status in [404, 410] {
        let world = visited(robots("v1")).later(2 * HOUR).origin([answers(status, "gone")]);
        world.get(PATH).answers(status, "gone");
        world.get(PATH).answers(status, "gone").header_has("cache-status", "detail=last_good");
        let never = visited(answers(status, "never"));
        assert_eq!(never.namespace().writes.get(), 0);
        never.get(PATH).status(502);
    }
}

#[test]
fn what_may_not_be_shown_to_others_is_no_last_good_copy() {
    for (name, value) in [
        ("set-cookie", "sid=1"),
        ("cache-control", "private"),
        ("cache-control", "no-store"),
        ("vary", "*"),
        ("cache-control", "no-cache"),
        ("cache-control", "max-age=60, must-revalidate"),
        ("cache-control", "s-maxage=60"),
        ("cache-control", "stale-if-error=0"),
    ] {
        let world = visited(robots("v1").header(name, value));
        world.get(PATH).status(502);
    }
    let known = world().keeping().with("cookie", "sid=1").origin([robots("mine")]);
    known.get(PATH).answers(200, "mine");
    known.without_fields().evicted().get(PATH).status(502);
}

#[test]
fn a_prohibition_takes_hold_when_a_second_client_gets_it() {
    for directives in ["no-cache", "no-store", "private", "must-revalidate"] {
        let forbidding = || robots("v1").cache_control(directives);
        let world = visited(robots("v1")).origin([forbidding(), forbidding(), forbidding()]);
        let told = |address| {
            world.clone().with("cf-connecting-ip", address).get(PATH).answers(200, "v1").attempts(1)
        };
        told("192.0.2.1");
        told("192.0.2.1");
        let world = world.clone().evicted();
        world.clone().new_isolate().origin([]).get(PATH).answers(200, "v1").attempts(3);
        let world = world.origin([forbidding()]);
        world.clone().with("cf-connecting-ip", "192.0.2.2").get(PATH).attempts(1);
        world.evicted().get(PATH).status(502);
    }
}

#[test]
fn a_reload_gets_the_last_good_copy_unless_it_wants_no_old_one() {
    let world = visited(robots("v1"));
    world.clone().with("cache-control", "no-cache").get(PATH).answers(200, "v1");
    world.with("cache-control", "stale-if-error=0").get(PATH).status(502);
}

#[test]
fn a_last_good_copy_that_forbids_stale_use_is_served_within_the_window_beside_that() {
    let world = visited(robots("v1").cache_control("s-maxage=60, stale-while-revalidate=600"));
    world.clone().later(600).get(PATH).answers(200, "v1").header_has("cache-status", "detail=last_good");
    let story = world.later(660).get(PATH).status(502);
    assert_eq!(story.reports[0]["last_good_refused"], "stale-if-error", "{story:#?}");
}

#[test]
fn an_unsafe_request_that_succeeds_removes_the_last_good_copy_where_operators_want_it_so() {
    // RFC 9111 §4.4
    for removes in [false, true] {
        let world = visited(robots("v1")).set("cache.remove_invalidated", removes);
        let world = world.origin([answers(405, "")]);
        world.send("POST", PATH, Some("x")).status(405);
        world.get(PATH).answers(200, "v1");
        let world = world.origin([answers(204, "")]);
        world.send("PUT", PATH, Some("x")).status(204);
        assert_eq!(world.get(PATH).status, if removes { 502 } else { 200 });
    }
}

#[test]
fn after_an_unsafe_request_the_next_good_answer_is_written_at_once() {
    let world = visited(robots("v1")).origin([answers(204, ""), robots("v2")]);
    world.send("PUT", PATH, Some("x")).status(204);
    let world = world.later(1).evicted();
    world.get(PATH).answers(200, "v2");
    world.evicted().get(PATH).answers(200, "v2");
}

#[test]
fn without_a_namespace_there_are_no_last_good_copies() {
    let world = world().origin([robots("v1")]);
    world.get(PATH).answers(200, "v1");
    world.evicted().get(PATH).status(502);
}

#[test]
fn a_namespace_that_hangs_costs_a_request_two_seconds_at_most() {
    let world = visited(robots("v1")).namespace_fails();
    world.get(PATH).status(502).within(Duration::from_secs(3));
    let world = world.origin([robots("v2")]);
    world.get(PATH).answers(200, "v2").within(Duration::from_secs(1));
}

#[test]
fn a_crowd_gets_the_last_good_copy_at_the_price_of_three() {
    let world = visited(robots("v1")).origin([]);
    world.get(PATH).answers(200, "v1");
    let world = world.origin([]);
    for story in world.crowd(50, PATH) {
        story.answers(200, "v1").attempts(9);
    }
}
