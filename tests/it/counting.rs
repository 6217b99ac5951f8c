//! What is counted for operators, when it is flushed, and what an isolate does with the reply.

use std::time::Duration;

use serde_json::json;

use crate::world::{World, answers, page, refuses, world};

/// The counts without their minutes.
fn counts(world: &World) -> Vec<String> {
    let (lines, _) = world.gathered();
    let counts = lines.iter().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    counts.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn requests_without_trouble_are_flushed_together_and_behind_an_answer() {
    let world = world().gathering(Some("flush 10")).origin(std::iter::repeat_with(|| page("v1")).take(1000));
    let stories = world.together((0..1000).map(|_| (&world, "GET", "/", None)));
    assert!(stories.iter().all(|story| story.status == 200));
    let (lines, tellings) = world.gathered();
    assert_eq!(tellings, 1, "{lines:?}");
    let total: u64 = lines
        .iter()
        .filter(|line| line.contains(" answer "))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(total, 1000, "{lines:?}");
    for story in stories {
        story.within(Duration::from_secs(1));
    }
}

#[test]
fn what_a_request_comes_to_is_counted_to_its_kind() {
    let world = world().gathering(Some("")).set("retry", json!({ "attempts": 2 }));
    world.clone().origin([refuses(), page("v1")]).get("/a").answers(200, "v1");
    assert_eq!(
        counts(&world),
        [
            "answer retried 0 1",
            "touched origin.test connection_lost retried 1",
            "try origin.test connection_lost 1",
            "try origin.test ok 1"
        ]
    );
    world.clone().later(60).origin([answers(503, "busy"), answers(503, "busy")]).get("/b").status(503);
    let lines = counts(&world);
    for line in ["try origin.test own_503 2", "touched origin.test own_503 origin 1", "answer origin 503 1"] {
        assert!(lines.iter().any(|other| other == line), "{line} in {lines:#?}");
    }
    world.clone().later(60).origin([refuses(), refuses()]).get("/a").answers(200, "v1");
    assert!(counts(&world).iter().any(|line| line == "touched origin.test connection_lost stale 1"));
}

#[test]
fn of_what_a_client_sent_only_host_path_and_country_of_a_few_failures_are_flushed() {
    let world = world().gathering(Some("")).origin([page("v1")]);
    world.get("/well?token=secret").answers(200, "v1");
    world.pass(Duration::from_secs(60));
    let lines = world.gathered().0;
    assert!(!lines.is_empty() && !lines.iter().any(|line| line.contains("well")), "{lines:?}");
    let failing = world.origin(std::iter::repeat_with(refuses).take(300));
    for number in 0..100 {
        let asking = failing.clone().with("cookie", "secret").with("cf-ipcountry", "NZ");
        asking.with("user-agent", "secret").get(&format!("/ill/{number}?token=secret")).status(502);
    }
    let lines = failing.gathered().0;
    let requests: Vec<_> = lines.iter().filter(|line| line.starts_with("request ")).collect();
    assert!(
        requests.iter().all(|line| line.contains(" GET NZ test-") && line.contains(" /ill/")),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.contains("secret")), "{lines:?}");
    let weight = |line: &&String| line.split(' ').nth(2).unwrap().parse::<u64>().unwrap();
    assert_eq!(requests.iter().map(weight).sum::<u64>(), 100);
    assert!(requests.len() <= 6 * failing.gathered().1, "{}", requests.len());
}

#[test]
fn what_visitors_get_and_wait_for_is_counted() {
    let world = world().gathering(Some("")).origin([page("v1"), refuses(), refuses(), refuses()]);
    world.get("/a").answers(200, "v1");
    world.pass(Duration::from_secs(60));
    world.get("/b").status(502);
    world.pass(Duration::from_secs(60));
    let lines = world.gathered().0;
    let of = |word: &str| lines.iter().filter(|line| line.starts_with(word)).cloned().collect::<Vec<_>>();
    let counts = |line: &String| line.split(' ').skip(3).take(3).collect::<Vec<_>>().join(" ");
    assert_eq!(of("served ").iter().map(counts).collect::<Vec<_>>(), ["1 0 0", "1 0 1"]);
    // The origin answered once; its failures have no time in which it answered.
    let took: Vec<_> =
        of("took ").iter().map(|line| line.splitn(3, ' ').nth(2).unwrap().to_owned()).collect();
    assert_eq!(took.iter().filter(|line| line.starts_with("origin.test ")).count(), 1, "{took:?}");
    assert_eq!(took.iter().filter(|line| line.starts_with(' ')).count(), 2, "{took:?}");
}

#[test]
fn who_waited_for_the_fetch_of_another_is_touched_by_its_failure_too() {
    let slowly = || refuses().after(Duration::from_millis(900));
    let world = world().gathering(Some("")).origin(std::iter::repeat_with(slowly).take(60));
    let stories = world.crowd(20, "/");
    assert!(stories.iter().all(|story| story.status == 502));
    world.pass(Duration::from_secs(60));
    let counts = counts(&world);
    let sum = |word: &str| {
        let lines = counts.iter().filter(|line| line.starts_with(word));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    assert!(sum("try ") < 30, "each by itself would be 60: {counts:#?}");
    assert_eq!(sum("touched "), 20, "{counts:#?}");
}

#[test]
fn trouble_is_flushed_within_a_second() {
    let world = world().gathering(Some("")).origin([refuses(), refuses(), refuses()]);
    let before = world.now();
    world.get("/").status(502);
    assert!(world.now().since(before) < Duration::from_secs(5), "nobody waits for ten seconds");
    assert_eq!(world.gathered().1, 1);
}

#[test]
fn what_cannot_be_flushed_is_flushed_the_next_time() {
    let world = world().gathering(None).origin([page("v1"), page("v1")]);
    world.get("/a").answers(200, "v1");
    assert_eq!(world.gathered().1, 0);
    world.clone().gathering(Some("")).later(60).get("/b").answers(200, "v1");
    let answers = counts(&world).iter().filter(|line| *line == "answer origin 0 1").count();
    assert_eq!(answers, 2, "{:?}", world.gathered());
}

/// What was seen, without the times.
fn seen(world: &World) -> Vec<String> {
    let (lines, _) = world.gathered();
    let is_seen = |line: &&String| {
        let word = line.split(' ').next().unwrap();
        matches!(word, "ok" | "failed" | "probe-failed" | "open" | "visitors")
    };
    let seen = lines.iter().filter(is_seen);
    seen.map(|line| {
        let words: Vec<_> = line.splitn(9, ' ').collect();
        [&words[..6], &words[8..]].concat().join(" ").trim_end().to_owned()
    })
    .collect()
}

#[test]
fn what_is_seen_of_an_origin_is_told_with_it() {
    let world = world().gathering(Some("")).set("retry", json!({ "attempts": 2 }));
    world.clone().origin([refuses(), page("v1"), refuses(), refuses()]).get("/a").answers(200, "v1");
    world.clone().later(60).get("/b?token=secret").status(502);
    assert_eq!(
        seen(&world),
        [
            "failed origin.test connection_lost 1 0 0",
            "failed origin.test connection_lost 2 1 0",
            "ok origin.test ok 1 0 0",
            "visitors origin.test connection_lost 1 0 0",
            "visitors origin.test connection_lost 1 0 0",
        ]
    );
}

#[test]
fn an_open_circuit_is_told_at_once_with_its_place_and_then_not_once_a_request() {
    let world = world().guarded().gathering(Some("")).set("retry", json!({ "attempts": 1 }));
    let world = world.origin([]);
    for _ in 0..25 {
        world.pass(Duration::from_millis(500));
        world.get("/a?token=secret").status(502);
    }
    assert!(seen(&world).contains(&"open origin.test connection_lost 0 0 0 www.example.com/a?*".to_owned()));
    let before = world.gathered().1;
    for _ in 0..10 {
        world.crowd(100, "/a?token=secret");
    }
    let calls = world.gathered().1 - before;
    assert!((5..=20).contains(&calls), "{calls} calls for a thousand requests");
    let visitors = seen(&world).into_iter().filter(|line| line.starts_with("visitors"));
    let refused: u64 = visitors.map(|line| line.split(' ').nth(4).unwrap().parse::<u64>().unwrap()).sum();
    assert!(refused >= 900, "{refused}");
}

#[test]
fn what_fails_at_a_place_that_the_object_asks_about_is_told_of_that_place() {
    let world = world().gathering(Some("watch origin.test www.example.com/shop/*"));
    let world = world.set("retry", json!({ "attempts": 1 }));
    world.clone().origin([page("v1")]).get("/").answers(200, "v1");
    world.pass(Duration::from_secs(60));
    let world = world.origin([refuses(), page("v2").cache_control("no-store")]);
    world.get("/shop/1").status(502);
    world.get("/shop/2").answers(200, "v2");
    world.pass(Duration::from_secs(60));
    let seen = seen(&world);
    for line in [
        "failed origin.test connection_lost 1 1 0 www.example.com/shop/*",
        "visitors origin.test connection_lost 1 0 0 www.example.com/shop/*",
        "ok origin.test ok 1 0 0 www.example.com/shop/*",
    ] {
        assert!(seen.iter().any(|other| other == line), "{line} in {seen:#?}");
    }
    assert!(!seen.iter().any(|line| line.starts_with("failed") && !line.ends_with("/*")), "{seen:#?}");
}

#[test]
fn where_nothing_is_bound_nothing_is_counted() {
    let world = world().origin([refuses(), refuses(), refuses()]);
    world.get("/").status(502);
    assert_eq!(world.gathered().1, 0);
}

#[test]
fn a_new_isolate_learns_that_an_origin_is_down_from_one_failure() {
    let told = world().guarded().gathering(Some("flush 10\ndown origin.test connection_lost 0"));
    let told = told.set("retry", json!({ "attempts": 1 })).origin([refuses()]);
    told.get("/a").status(502).attempts(1);
    let story = told.get("/b").status(502).attempts(0);
    assert_eq!(story.reports[0]["opened_by"], "connection_lost");

    let alone = world().guarded().set("retry", json!({ "attempts": 1 })).origin([refuses(), refuses()]);
    alone.get("/a").status(502).attempts(1);
    alone.get("/b").status(502).attempts(1);
}

#[test]
fn an_origin_that_others_found_up_again_is_tried_at_once() {
    let world =
        world().guarded().gathering(Some("")).set("breaker", json!({ "open_for": "5m", "consecutive": 1 }));
    let world = world.set("retry", json!({ "attempts": 1 })).origin([answers(521, ""), page("v1")]);
    world.get("/a").status(502).attempts(1);
    world.get("/a").status(502).attempts(0);
    let up = format!("up origin.test {}", world.now().as_millis());
    let world = world.gathering(Some(&up)).later(60);
    world.get("/a").status(502).attempts(0);
    world.get("/a").answers(200, "v1").attempts(1);
}

#[test]
fn a_probe_is_counted_apart_and_asks_what_the_settings_say() {
    let world =
        world().gathering(Some("")).set("probe", json!({ "path": "/healthz", "host": "www.example.com" }));
    let world = world.origin([answers(521, ""), page("fine")]);
    world.probes();
    world.pass(Duration::from_secs(60));
    world.probes();
    assert_eq!(counts(&world), ["probe origin.test edge_refused 1", "probe origin.test ok 1"]);
    let seen = world.seen();
    assert_eq!((seen[0].url.as_str(), seen.len()), ("http://origin.test/healthz", 2));
    assert_eq!(seen[0].headers["x-forwarded-host"], "www.example.com");
}

#[test]
fn a_probe_refreshes_the_last_good_copies() {
    let world =
        world().keeping().gathering(Some("")).set("probe", json!({ "path": "/", "host": "www.example.com" }));
    let world = world.origin([page("home"), page("User-agent: *")]);
    world.probes();
    world.evicted().get("/robots.txt").answers(200, "User-agent: *");
}

#[test]
fn a_share_of_what_goes_smoothly_is_in_the_log() {
    let world =
        world().set("log", json!({ "sample": 0.1 })).origin(std::iter::repeat_with(|| page("v1")).take(1000));
    let reported: usize = (0..1000).map(|number| world.get(&format!("/{number}")).reports.len()).sum();
    assert!((60..=140).contains(&reported), "{reported}");
}
