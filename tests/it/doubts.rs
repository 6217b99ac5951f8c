//! A 200 is not proof: what is suddenly short, of another type, or lacks what a page must contain.

use crate::world::{Behaviour, World, answers, page, world};

const GOOD: &str = "<!doctype html><title>A page</title><p>with many words in it, and some more</p></html>";

fn good() -> Behaviour {
    page(GOOD).cache_control("max-age=60")
}

fn tiny() -> Behaviour {
    page("oops").cache_control("max-age=60")
}

/// A world with a good copy that has just become stale.
fn visited() -> World {
    let world = world().from("192.0.2.1").origin([good()]);
    world.get("/").answers(200, GOOD).header_has("cache-status", "stored");
    world.later(90)
}

#[test]
fn an_answer_that_is_suddenly_short_reaches_its_visitor_and_leaves_the_copy_for_an_outage() {
    let json = || answers(200, GOOD).header("content-type", "application/json").cache_control("max-age=60");
    for (bad, text, word) in
        [(tiny(), "oops", "body_shrank"), (json(), GOOD, "type_changed"), (page(""), "", "body_shrank")]
    {
        let world = visited().origin([bad]);
        let story = world.get("/").answers(200, text).attempts(1);
        assert_eq!(story.reports[0]["not_stored"], word, "{story:#?}");
        story.header_has("cache-status", &format!("detail={word}"));
        world.get("/").answers(200, GOOD).reports("connection_terminated");
    }
}

#[test]
fn it_is_stored_when_another_client_gets_the_same_some_seconds_later() {
    let world = visited().origin([tiny(), tiny(), tiny(), tiny()]);
    world.get("/").answers(200, "oops");
    // The same client proves nothing, and nobody does at once.
    world.pass(std::time::Duration::from_secs(20));
    world.get("/").answers(200, "oops").header_has("cache-status", "detail=body_shrank");
    let other = world.clone().without_fields().from("192.0.2.2");
    other.get("/").answers(200, "oops").header_has("cache-status", "stored");
    other.get("/").answers(200, "oops").attempts(0);
    let soon = visited().origin([tiny(), tiny()]);
    soon.get("/");
    soon.without_fields().from("192.0.2.2").get("/").header_has("cache-status", "detail=body_shrank");
}

#[test]
fn a_page_that_shrank_on_purpose_is_never_answered_with_the_old_one_while_the_origin_is_well() {
    let fresh = world().from("192.0.2.1").origin([good(), tiny(), tiny(), good()]);
    fresh.get("/").answers(200, GOOD);
    // Fresh as it was, the copy is held to be out of date from here on.
    fresh.clone().with("cache-control", "no-cache").get("/").answers(200, "oops");
    fresh.get("/").answers(200, "oops").attempts(1);
    fresh.get("/").answers(200, GOOD).attempts(1).header_has("cache-status", "stored");
    fresh.get("/").answers(200, GOOD).attempts(0);
    let renewed = good().cache_control("stale-while-revalidate=600");
    let world = world().from("192.0.2.1").origin([renewed, tiny(), tiny()]);
    world.get("/").answers(200, GOOD);
    let world = world.later(90);
    world.get("/").answers(200, GOOD).attempts(1); // which is the refresh behind it
    world.get("/").answers(200, "oops").attempts(1);
}

#[test]
fn a_good_answer_settles_the_doubt() {
    let world = visited().origin([tiny(), good(), tiny(), tiny()]);
    world.get("/").answers(200, "oops");
    world.get("/").answers(200, GOOD).header_has("cache-status", "stored");
    let other = world.later(90).without_fields().from("192.0.2.2");
    other.get("/").answers(200, "oops").header_has("cache-status", "detail=body_shrank");
    let third = other.later(5).without_fields().from("192.0.2.3");
    third.get("/").answers(200, "oops").header_has("cache-status", "detail=body_shrank");
}

#[test]
fn a_304_settles_the_doubt() {
    let tagged = |answer: Behaviour| answer.header("etag", "\"1\"");
    let world = world().from("192.0.2.1").origin([tagged(good()), tiny(), tagged(answers(304, ""))]);
    world.get("/").answers(200, GOOD);
    let world = world.later(90);
    world.get("/").answers(200, "oops");
    world.get("/").answers(200, GOOD).attempts(1);
    world.get("/").answers(200, GOOD).attempts(0);
}

#[test]
fn a_copy_that_could_not_be_served_stale_protects_nothing() {
    for directives in ["max-age=60, must-revalidate", "max-age=60, stale-if-error=5"] {
        let old = page(GOOD).cache_control(directives).header("etag", "\"1\"");
        let world = world().origin([old, tiny()]);
        world.get("/").answers(200, GOOD);
        let world = world.later(90);
        world.get("/").answers(200, "oops").header_has("cache-status", "stored");
    }
    let off = visited().set("cache.shrink", 0).origin([tiny()]);
    off.get("/").answers(200, "oops").header_has("cache-status", "stored");
}

#[test]
fn nobody_waits_in_vain_for_a_doubtful_answer() {
    let world = visited().origin((0..9).map(|_| tiny()));
    for story in world.crowd(3, "/") {
        story.answers(200, "oops").attempts(3);
    }
    // Nor does everybody ask for himself because of it once the page is well again.
    let world = world.origin([good().after(std::time::Duration::from_millis(500))]);
    for story in world.crowd(3, "/") {
        story.answers(200, GOOD).attempts(1);
    }
}

#[test]
fn a_page_that_lacks_its_marker_is_passed_on_and_never_stored() {
    let marked = || world().set("cache.must_contain", "</html>").from("192.0.2.1");
    let torn = || page(&GOOD.replace("</html>", "")).cache_control("max-age=60");
    let text = GOOD.replace("</html>", "");
    let first = marked().origin([torn(), torn()]);
    first.get("/").answers(200, &text).header_has("cache-status", "detail=marker_missing");
    first.get("/").answers(200, &text).attempts(1);
    first.get("/").status(502);
    let world = marked().origin([good(), torn(), torn()]);
    world.get("/").answers(200, GOOD);
    let world = world.later(90);
    world.get("/").answers(200, &text);
    let world = world.later(90).without_fields().from("192.0.2.2");
    world.get("/").answers(200, &text).header_has("cache-status", "detail=marker_missing");
    world.get("/").answers(200, GOOD).reports("connection_terminated");
    // Only pages are checked, and no streams.
    let style = || answers(200, "p{}").header("content-type", "text/css").cache_control("max-age=60");
    marked().origin([style()]).get("/").header_has("cache-status", "stored");
    let large = marked().set("body.buffer", "5B").origin([torn()]);
    large.get("/").answers(200, &text).header_has("cache-status", "stored");
}

#[test]
fn a_page_that_lacks_its_marker_does_not_become_the_last_good_copy() {
    let kept = world()
        .keeping()
        .set("last_good.paths", serde_json::json!(["/a"]))
        .set("cache.must_contain", "</html>");
    let world = kept.origin([page(GOOD), page("<p>We are working on it, and on some more of it</p>")]);
    world.get("/a").answers(200, GOOD);
    let world = world.later(7200).evicted().new_isolate();
    world.get("/a").status(200);
    world.evicted().get("/a").answers(200, GOOD);
}
