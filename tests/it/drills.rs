//! Failures that an operator forces: they behave like real ones, and affect nobody else.

use std::time::Duration;

use holdfast::config::Token;
use holdfast::origin::drill;
use holdfast::origin::failure::{self, Failure, Here, TABLE};

use crate::world::{Story, World, page, world};

const TOKEN: &str = "a-token-of-the-operators";
const HOST: &str = "www.example.com";

fn site() -> World {
    world().token(TOKEN)
}

/// The same world asked by somebody who has an order to force `failure`.
fn drilling(world: &World, failure: Failure) -> World {
    let token = Token::new(TOKEN).unwrap();
    let expires_at = world.now().plus(Duration::from_secs(300));
    world.clone().with("holdfast-drill", &drill::order(&token, failure, HOST, expires_at))
}

/// What the log says, without what differs from one request to the next.
fn told(story: &Story) -> serde_json::Value {
    let mut line = story.reports[0].clone();
    for field in ["drill", "at", "total_ms"] {
        line.as_object_mut().unwrap().remove(field);
    }
    for attempt in line.get_mut("attempts").and_then(|all| all.as_array_mut()).into_iter().flatten() {
        for field in ["ms", "waited_ms"] {
            attempt.as_object_mut().unwrap().remove(field);
        }
    }
    line
}

#[test]
fn every_row_of_the_table_can_be_forced_and_no_origin_is_asked() {
    for row in &TABLE {
        let world = site().origin([page("v1")]);
        let story = drilling(&world, row.failure).get("/a");
        let story = story.status(row.status.as_u16()).attempts(0).header("holdfast-drill", row.word);
        let story = story.header_has("proxy-status", row.error.token()).reports(row.error.token());
        let line = &story.reports[0];
        assert_eq!((&line["drill"], &line["failure"]), (&true.into(), &row.word.into()), "{line}");
        let attempts = line.get("attempts").and_then(|all| all.as_array()).map_or(0, Vec::len);
        let expected = match (drill::Shape::of(row.failure), row.here) {
            (None, _) => 0,
            // All attempts fit into the deadline but those that wait for a limit: ten seconds and fifteen, of 25.
            (Some(_), Here::Again) if row.word == "body_silent" => 2,
            (Some(_), Here::Again) => 3,
            (Some(_), Here::Once) => 2,
            (Some(_), Here::Never) => 1,
        };
        assert_eq!(attempts, expected, "{line}");
        world.get("/a").answers(200, "v1").attempts(1).no_header("holdfast-drill");
    }
}

#[test]
fn a_drill_is_reported_like_the_failure_itself() {
    use crate::world::{Ending, answers, hangs, refuses, talks_garbage};
    let torn = |ending| page("v1").ends(ending);
    for (word, real) in [
        ("connection_lost", refuses()),
        ("not_understood", talks_garbage()),
        ("no_header_in_time", hangs()),
        ("body_cut_short", torn(Ending::Torn)),
        ("body_badly_framed", torn(Ending::BadlyFramed)),
        ("status_out_of_range", answers(999, "")),
        ("edge_refused", answers(521, "")),
        ("edge_connect_timeout", answers(522, "")),
        ("edge_name_not_found", answers(530, "error code: 1016")),
        ("edge_tunnel_down", answers(530, "error code: 1033")),
    ] {
        let failed = site().at_origin("origin.test", real).get("/a");
        let drilled = drilling(&site(), failure::of_word(word).unwrap()).get("/a");
        assert_eq!(drilled.status, failed.status, "{word}");
        assert_eq!(drilled.value("proxy-status"), failed.value("proxy-status"), "{word}");
        assert_eq!(told(&drilled), told(&failed), "{word}");
    }
}

#[test]
fn a_drill_waits_as_the_failure_does() {
    let late = |world: World| drilling(&world, Failure::NoHeaderInTime).get("/a").status(504);
    let story = late(site().set("timeouts.first_byte", "2s").set("timeouts.total", "5s"));
    assert!(story.took >= Duration::from_secs(4), "{:?}", story.took);
    story.within(Duration::from_secs(5));
    drilling(&site(), Failure::ConnectionLost).get("/a").status(502).within(Duration::from_secs(1));
}

#[test]
fn the_stored_copy_is_served_and_stays_what_it_was() {
    let first = page("v1").cache_control("max-age=60, stale-if-error=600").header("etag", "\"1\"");
    let world = site().origin([first, page("v2")]);
    world.get("/a").answers(200, "v1");
    // A fresh copy too: who drills wants to see what happens once there is a failure.
    let drilled = drilling(&world, Failure::EdgeRefused).get("/a").answers(200, "v1").attempts(0);
    drilled.header("holdfast-drill", "edge_refused").header_has("proxy-status", "connection_refused");
    world.get("/a").answers(200, "v1").attempts(0);
    let world = world.later(90);
    let story =
        drilling(&world, Failure::EdgeConnectTimeout).get("/a").answers(200, "v1").age(90).attempts(0);
    assert_eq!(story.reports[0]["outcome"], "stale");
    world.later(700).get("/a").answers(200, "v2").attempts(1);
}

#[test]
fn a_last_good_copy_is_served() {
    let world = site().keeping().origin([page("v1")]);
    world.get("/robots.txt").answers(200, "v1");
    let world = world.evicted();
    let story = drilling(&world, Failure::ConnectionLost).get("/robots.txt").answers(200, "v1");
    assert_eq!((&story.reports[0]["outcome"], world.namespace().writes.get()), (&"last_good".into(), 1));
}

#[test]
fn no_breaker_and_no_budget_learns_of_a_drill() {
    let world = world().guarded().token(TOKEN).set("retry.budget", 0).set("breaker.consecutive", 2);
    for _ in 0..30 {
        drilling(&world, Failure::ConnectionLost).get("/a").status(502).attempts(0);
    }
    assert_eq!(world.entries(), 0, "nor does the data centre");
    // All ten retries of the reserve are there yet, and the breaker is closed.
    world.origin([crate::world::refuses(), page("v1")]).get("/a").answers(200, "v1").attempts(2);
}

#[test]
fn nor_is_a_drill_held_up_by_an_origin_that_is_down() {
    let world = world().guarded().token(TOKEN);
    while !world.get("/a").seen.is_empty() {}
    drilling(&world, Failure::EdgeCertificate).get("/a").status(502).reports("tls_certificate_error");
}

#[test]
fn a_drilled_order_changes_nothing_that_is_stored() {
    let world = site().keeping().origin([page("v1").cache_control("max-age=600")]);
    world.get("/a").answers(200, "v1");
    // A real one would have invalidated the page: its status was a 200 (RFC 9111 §4.4).
    let drilled = drilling(&world, Failure::BodyCutShort).send("POST", "/a", Some("x"));
    drilled.status(502).header("holdfast-outcome", "unknown").attempts(0);
    world.get("/a").answers(200, "v1").attempts(0);
}

#[test]
fn others_who_ask_at_the_same_time_get_the_page() {
    // Without memory, so that the copy that is stored meanwhile does not answer a drill.
    let world = site().set("cache.memory_ttl", "0s");
    let world = world.at_origin("origin.test", page("v1").cache_control("max-age=60"));
    let drilled = drilling(&world, Failure::ConnectionLost);
    let stories = world.together([
        (&drilled, "GET", "/a", None),
        (&world, "GET", "/a", None),
        (&drilled, "GET", "/a", None),
        (&world, "GET", "/a", None),
    ]);
    let statuses: Vec<_> = stories.iter().map(|story| story.status).collect();
    assert_eq!(statuses, [502, 200, 502, 200]);
}

#[test]
fn a_drill_that_does_not_hold_is_as_if_it_were_not_there() {
    let forged = format!("edge_refused {} {}", 1_767_323_345, "0".repeat(64));
    let expired = |world: &World| drilling(world, Failure::EdgeRefused).later(301);
    let elsewhere = |world: &World| drilling(world, Failure::EdgeRefused).at("other.example.com");
    let invalid: [&dyn Fn(&World) -> World; 3] =
        [&|world| world.clone().with("holdfast-drill", &forged), &expired, &elsewhere];
    for drilling in invalid {
        let world = site().origin([page("v1").cache_control("max-age=600")]);
        let story = drilling(&world).get("/a").answers(200, "v1").attempts(1).reports_nothing();
        assert_eq!(story.value("holdfast-drill"), None);
        assert!(!story.seen[0].headers.contains_key("holdfast-drill"), "the origin is not to see it");
        // What it brought is stored like any other answer.
        drilling(&world).get("/a").answers(200, "v1").attempts(0);
    }
    // Without a token nobody can have signed anything.
    drilling(&site(), Failure::EdgeRefused).origin([page("v1")]).without_token().get("/a").answers(200, "v1");
}

#[test]
fn holdfasts_own_endpoints_are_no_place_for_a_drill() {
    let story = drilling(&site(), Failure::ConnectionLost).get("/.well-known/holdfast/purge");
    story.status(401).no_header("holdfast-drill");
}

#[test]
fn a_slow_origin_is_drilled_with_the_soft_deadline() {
    let world =
        site().set("timeouts.serve_stale_after", "1s").origin([page("v1").cache_control("max-age=1")]);
    world.get("/a").answers(200, "v1");
    let world = world.later(60);
    let story = drilling(&world, Failure::NoHeaderInTime).get("/a").answers(200, "v1");
    let story = story.within(Duration::from_secs(1));
    let outcomes: Vec<_> = story.reports.iter().map(|line| (&line["outcome"], &line["drill"])).collect();
    assert_eq!(outcomes.len(), 2, "{story:#?}");
    assert!(outcomes.iter().all(|(_, drill)| **drill == true), "{outcomes:?}");
}
