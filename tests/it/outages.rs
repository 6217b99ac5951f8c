//! Outages, with budget and breaker as they are where nothing is set.

use std::time::Duration;

use serde_json::json;

use crate::world::{Behaviour, World, answers, hangs, page, refuses, world};

/// One request after another, `gap_ms` apart; gives how many attempts reached the origin.
fn attempts(world: &World, requests: usize, gap_ms: u64, path: impl Fn(usize) -> String) -> usize {
    (0..requests)
        .map(|number| {
            world.pass(Duration::from_millis(gap_ms));
            world.get(&path(number)).seen.len()
        })
        .sum()
}

/// A request every half second for longer than a window, each for another page: all of them fail.
fn outage(world: &World) {
    attempts(world, 25, 500, |number| format!("/{number}"));
}

#[test]
fn in_an_outage_attempts_per_request_fall_to_next_to_nothing() {
    for failing in [refuses as fn() -> Behaviour, || answers(503, "busy"), || answers(521, "")] {
        let world = world().guarded().origin(std::iter::repeat_with(failing).take(100_000));
        let first = attempts(&world, 520, 20, |number| format!("/{number}"));
        assert!(first <= 624, "{first} attempts for 520 requests before the breaker is open");
        // 10 s at 50 requests a second: the probes of two clients in 5 s, and nothing else.
        let then = attempts(&world, 500, 20, |number| format!("/{number}"));
        assert!(then <= 8, "{then} attempts for 500 requests");
    }
}

#[test]
fn without_a_breaker_the_budget_keeps_attempts_below_a_fifth_more_than_requests() {
    let world = world().guarded().set("breaker", json!({"enabled": false}));
    attempts(&world, 100, 20, |number| format!("/{number}"));
    let sent = attempts(&world, 500, 20, |number| format!("/{number}"));
    assert!((500..=600).contains(&sent), "{sent} attempts for 500 requests");
}

#[test]
fn a_lone_request_on_a_quiet_site_gets_its_retries() {
    let world = world().guarded();
    for _ in 0..5 {
        world.pass(Duration::from_secs(60));
        let world = world.clone().origin([refuses(), refuses(), page("v1").cache_control("no-store")]);
        world.get("/").answers(200, "v1").attempts(3);
    }
}

#[test]
fn while_the_breaker_is_open_stale_copies_and_honest_pages_answer_at_once() {
    let world = world().guarded().origin([page("v1")]);
    world.get("/seen").answers(200, "v1");
    outage(&world);
    // What was well is tried once, for it might still be.
    world.get("/seen").answers(200, "v1").attempts(1);
    world
        .get("/seen")
        .answers(200, "v1")
        .attempts(0)
        .within(Duration::ZERO)
        .header_has("cache-status", "fwd=stale")
        .header_has("proxy-status", "error=destination_unavailable")
        .reports("connection_terminated");
    let story = world.get("/never").status(502).attempts(0).within(Duration::ZERO);
    let retry_after: u64 = story.value("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&retry_after), "{story:#?}");
    assert_eq!(story.reports[0]["opened_by"], "connection_lost");
    assert_eq!(story.reports[0]["stop"], "circuit_open");
    // What was not sent was not processed.
    world.send("POST", "/order", Some("x")).status(502).attempts(0);
}

#[test]
fn an_origin_that_comes_back_answers_after_the_open_period_and_one_request() {
    let world = world().guarded().origin([]);
    outage(&world);
    let fresh = || page("v1").cache_control("no-store");
    let world = world.origin(std::iter::repeat_with(fresh).take(1000));
    world.get("/").status(502).attempts(0);
    world.pass(Duration::from_secs(5));
    world.get("/").answers(200, "v1").attempts(1);
    world.get("/other").answers(200, "v1").attempts(1);
}

#[test]
fn while_one_request_tries_the_others_are_answered_without_the_origin() {
    let world = world().guarded().origin([]);
    outage(&world);
    world.pass(Duration::from_secs(5));
    let slow = page("v1").cache_control("no-store").after(Duration::from_secs(2));
    let world = world.origin([slow.clone(), slow]);
    let paths: Vec<String> = (20..40).map(|number| format!("/{number}")).collect();
    let stories = world.together(paths.iter().map(|path| (&world, "GET", path.as_str(), None)));
    // One that asks for what failed, and one that asks for what is not known.
    assert_eq!(stories[0].seen.len(), 2);
    assert_eq!(stories.iter().filter(|story| story.status == 200).count(), 2);
    assert_eq!(stories.iter().filter(|story| story.status == 502).count(), 18);
}

#[test]
fn after_an_outage_load_returns_gradually_where_copies_can_answer() {
    let world = world().guarded().origin([page("v1")]);
    world.get("/").answers(200, "v1");
    outage(&world);
    world.pass(Duration::from_secs(5));
    let world = world.origin(std::iter::repeat_with(|| page("v2")).take(1000));
    world.get("/").answers(200, "v2");
    let early = attempts(&world, 100, 5, |_| "/".to_owned());
    assert!((1..50).contains(&early), "{early} of 100 in the first half second");
    world.pass(Duration::from_secs(5));
    assert_eq!(attempts(&world, 100, 5, |_| "/".to_owned()), 100);
    // What has no copy is sent all the same.
    world.get("/new").answers(200, "v2").attempts(1);
}

#[test]
fn a_new_isolate_learns_of_an_outage_with_its_first_failure() {
    let world = world().guarded().origin([]);
    outage(&world);
    let other = world.clone().new_isolate();
    other.get("/a").status(502).attempts(1);
    other.get("/b").status(502).attempts(0);
    // A healthy origin is never asked about.
    let healthy = crate::world::world().guarded().origin([page("v1").cache_control("no-store")]);
    healthy.get("/").answers(200, "v1");
}

#[test]
fn the_next_origin_takes_over_and_a_broken_one_comes_back_by_a_probe() {
    let origins = json!(["http://one.test", "http://two.test"]);
    let fresh = |text: &str| page(text).cache_control("no-store");
    let down = |world: World| world.at_origin("one.test", refuses()).at_origin("two.test", fresh("two"));
    let world = down(world().guarded().set("origins", origins));
    for number in 0..15 {
        let story = world.get(&format!("/{number}")).answers(200, "two").attempts(2);
        assert!(story.value("server-timing").unwrap().contains("2: 200 at origin 2"), "{story:#?}");
        world.pass(Duration::from_millis(500));
    }
    attempts(&world, 10, 500, |number| format!("/{number}"));
    for number in 0..50 {
        world.get(&format!("/{number}")).answers(200, "two").attempts(1);
    }
    let world = world.at_origin("one.test", fresh("one"));
    world.pass(Duration::from_secs(5));
    world.get("/").answers(200, "one").attempts(1);
}

#[test]
fn at_the_soft_deadline_a_stale_copy_answers_and_the_same_fetch_refreshes_it() {
    let slow = page("v2").cache_control("max-age=60").after(Duration::from_secs(4));
    let world = world()
        .set("timeouts.serve_stale_after", "1500ms")
        .origin([page("v1").cache_control("max-age=60"), slow]);
    world.get("/").answers(200, "v1");
    let world = world.later(61);
    let story = world.get("/").answers(200, "v1").attempts(1).no_header("proxy-status");
    assert_eq!(story.took, Duration::from_millis(1500));
    assert_eq!(story.reports[0]["outcome"], "stale_while_slow");
    world.get("/").answers(200, "v2").attempts(0);
}

#[test]
fn all_who_wait_for_a_slow_origin_get_the_stale_copy_at_the_soft_deadline() {
    let slow = page("v2").cache_control("max-age=60").after(Duration::from_secs(4));
    let world = world()
        .set("timeouts.serve_stale_after", "1500ms")
        .origin([page("v1").cache_control("max-age=60"), slow]);
    world.get("/").answers(200, "v1");
    let world = world.later(61);
    for story in world.crowd(20, "/") {
        story.answers(200, "v1").attempts(1).within(Duration::from_millis(1600));
    }
}

#[test]
fn an_answer_before_the_soft_deadline_is_the_origin_s() {
    let world = world().set("timeouts.serve_stale_after", "1500ms").origin([
        page("v1"),
        page("v2").after(Duration::from_millis(1400)),
        hangs(),
        hangs(),
        hangs(),
    ]);
    world.get("/").answers(200, "v1");
    world.get("/").answers(200, "v2");
    world.get("/").answers(200, "v2").within(Duration::from_millis(1500));
    // Without a copy there is no soft deadline.
    let world = world.origin([page("v3").after(Duration::from_secs(3))]);
    world.get("/new").answers(200, "v3");
}
