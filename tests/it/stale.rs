//! When a stale copy is served instead of an error.

use std::time::Duration;

use crate::world::{Behaviour, answers, hangs, page, refuses, world};

fn three(behaviour: impl Fn() -> Behaviour) -> [Behaviour; 3] {
    [behaviour(), behaviour(), behaviour()]
}

#[test]
fn a_stale_page_covers_every_kind_of_failure() {
    // RFC 5861 §4
    for (failure, error) in [
        (refuses(), "connection_terminated"),
        (hangs(), "http_response_timeout"),
        (answers(521, ""), "connection_refused"),
        (answers(530, "error code: 1016"), "dns_error"),
    ] {
        let world = world().origin([page("v1").cache_control("max-age=60, stale-if-error=300")]);
        world.get("/a").answers(200, "v1");
        let story =
            world.later(90).origin(three(|| failure.clone())).get("/a").answers(200, "v1").reports(error);
        let age = story.value("age").unwrap().parse::<u64>().unwrap();
        assert!((90..120).contains(&age), "{error}: {age}");
        story.header_has("cache-status", "fwd=stale").header_has("proxy-status", error);
    }
}

#[test]
fn a_stale_page_covers_the_origin_s_own_errors() {
    for status in [500, 502, 503, 504] {
        let world = world().origin([page("v1").cache_control("max-age=60, stale-if-error=300")]);
        world.get("/a");
        let story = world.later(90).origin(three(|| answers(status, "oops"))).get("/a").answers(200, "v1");
        story.header_has("proxy-status", &format!("received-status={status}"));
    }
}

#[test]
fn an_answer_that_says_nothing_is_served_stale_for_a_day() {
    let world = world().origin([page("v1")]);
    world.get("/a");
    let world = world.later(86_000).origin([]);
    world.get("/a").answers(200, "v1");
    world.later(1000).get("/a").status(502);
}

#[test]
fn nothing_is_served_stale_where_it_is_forbidden_and_the_report_says_by_what() {
    // RFC 9111 §4.2.4, §5.2.2.10
    for (directives, culprit) in [
        ("max-age=60, must-revalidate", "must-revalidate"),
        ("max-age=60, must-revalidate, stale-if-error=0", "stale-if-error=0"),
        ("no-cache, stale-while-revalidate=600", "no-cache"),
        ("s-maxage=60, stale-while-revalidate=20", "stale-if-error"), // for 30 s by now
        ("max-age=60, proxy-revalidate", "proxy-revalidate"),
        ("s-maxage=60", "s-maxage"),
        ("max-age=60, stale-if-error=0", "stale-if-error=0"),
        ("no-cache", "no-cache"),
    ] {
        let world = world().origin([page("v1").cache_control(directives).header("etag", "\"1\"")]);
        world.get("/a").answers(200, "v1");
        let story = world.later(90).origin([]).get("/a").status(502).reports("connection_terminated");
        assert_eq!(story.reports[0]["stale_forbidden"], culprit, "{directives}: {story:#?}");
    }
}

#[test]
fn a_stale_page_is_served_while_it_is_refreshed() {
    // RFC 5861 §3
    let world = world().origin([page("v1").cache_control("max-age=60, stale-while-revalidate=60")]);
    world.get("/a");
    let world = world.later(90).origin([page("v2").cache_control("max-age=60")]);
    world.get("/a").answers(200, "v1").attempts(1).header_has("cache-status", "hit");
    world.get("/a").answers(200, "v2").attempts(0);
}

#[test]
fn a_refresh_that_fails_is_reported_and_keeps_the_copy() {
    let world = world().origin([page("v1").cache_control("max-age=60, stale-while-revalidate=60")]);
    world.get("/a");
    let world = world.later(90).origin([]);
    let story = world.get("/a").answers(200, "v1").attempts(3);
    assert!(story.reports.iter().any(|report| report["outcome"] == "refresh_failed"), "{story:#?}");
    world.get("/a").answers(200, "v1");
}

#[test]
fn errors_are_never_stored_over_a_good_copy() {
    let world = world().origin([page("v1"), answers(404, "gone").cache_control("max-age=60")]);
    world.get("/a").answers(200, "v1");
    let world = world.origin([answers(500, "oops").cache_control("max-age=60")]);
    world.get("/a");
    world.origin([]).get("/a").answers(200, "v1");
}

#[test]
fn a_head_request_gets_the_head_of_the_stale_copy() {
    let world = world().origin([page("v1")]);
    world.get("/a");
    world.origin([]).send("HEAD", "/a", None).answers(200, "").header("content-type", "text/html");
}

#[test]
fn a_304_of_another_version_does_not_take_the_copy_away() {
    let stranger = answers(304, "").header("etag", "\"another\"");
    let world = world().origin([page("v1").cache_control("max-age=1").header("etag", "\"1\""), stranger]);
    world.get("/").answers(200, "v1");
    world.later(5).get("/").answers(200, "v1").reports("connection_terminated");
}

#[test]
fn a_window_beside_a_word_that_forbids_stale_use_is_the_more_precise_word() {
    // RFC 9111 §4.2.4, RFC 5861
    for directives in [
        "max-age=60, must-revalidate, stale-if-error=600",
        "max-age=60, proxy-revalidate, stale-if-error=600",
        "s-maxage=60, stale-if-error=600",
        "no-cache, stale-if-error=660",
        // As Next.js writes it: 13 and 14, then 15 and later.
        "s-maxage=60, stale-while-revalidate",
        "s-maxage=60, stale-while-revalidate=31535940",
    ] {
        let world = world().origin([page("v1").cache_control(directives)]);
        world.get("/a").answers(200, "v1");
        let world = world.later(600).origin([]);
        world.get("/a").answers(200, "v1");
        // A reload asks for the origin, and there is none.
        world
            .with("cache-control", "max-age=0")
            .get("/a")
            .answers(200, "v1")
            .reports("connection_terminated");
    }
}

#[test]
fn what_nextjs_sends_is_served_while_it_is_refreshed() {
    let world = world().origin([page("v1").cache_control("s-maxage=60, stale-while-revalidate")]);
    world.get("/a");
    let world = world.later(90).origin([page("v2").cache_control("s-maxage=60, stale-while-revalidate")]);
    world.get("/a").answers(200, "v1").attempts(1);
    world.get("/a").answers(200, "v2").attempts(0);
}

#[test]
fn a_copy_under_no_cache_never_answers_while_the_origin_is_well() {
    // RFC 9111 §5.2.2.4
    let text = "no-cache, max-age=600, stale-while-revalidate=600, stale-if-error=600";
    let slow = page("v3").after(Duration::from_secs(5));
    let world = world().set("timeouts.serve_stale_after", "1s").origin([
        page("v1").cache_control(text),
        page("v2").cache_control(text),
        slow.cache_control(text),
        answers(503, "busy"),
    ]);
    world.get("/a").answers(200, "v1");
    world.get("/a").answers(200, "v2").attempts(1);
    world.clone().with("cache-control", "max-stale").get("/a").answers(200, "v3").attempts(1);
    world.get("/a").answers(200, "v3").header_has("proxy-status", "connection_terminated");
}

#[test]
fn a_hard_reload_asks_the_origin_and_gets_the_copy_when_that_fails() {
    for (name, value) in
        [("cache-control", "no-cache"), ("pragma", "no-cache"), ("cache-control", "max-age=0")]
    {
        let world = world()
            .origin([page("v1").cache_control("max-age=600"), page("v2").cache_control("max-age=600")]);
        world.get("/a").answers(200, "v1");
        let reload = world.clone().with(name, value);
        reload.get("/a").answers(200, "v2").attempts(1);
        let story = reload.origin([]).get("/a").answers(200, "v2").reports("connection_terminated");
        assert_eq!(story.reports[0]["outcome"], "stale");
    }
    let world = world().origin([page("v1").cache_control("max-age=1")]);
    world.get("/a");
    let story = world.later(9).with("cache-control", "no-cache, stale-if-error=5").get("/a").status(502);
    assert_eq!(story.reports[0]["stale_forbidden"], "stale-if-error in the request");
}

#[test]
fn what_clients_direct_counts_for_nothing_where_the_operator_says_so() {
    let routes = serde_json::json!([{ "path": "/a*", "cache": { "client_directives": "ignore" } }]);
    let pages = || [page("v1").cache_control("max-age=60"), page("v2").cache_control("max-age=60")];
    for directives in ["no-cache", "max-age=0", "no-store", "min-fresh=90", "only-if-cached"] {
        let world = world().set("routes", routes.clone()).with("cache-control", directives).origin(pages());
        world.get("/a").answers(200, "v1").attempts(1);
        world.get("/a").answers(200, "v1").attempts(0);
        let obeyed = world.get("/b");
        assert_eq!(obeyed.status == 504, directives == "only-if-cached", "{directives}");
        assert_ne!(world.get("/b").seen.is_empty(), directives != "only-if-cached", "{directives}");
    }
    let world = world().set("routes", routes.clone()).origin(pages());
    world.get("/a").answers(200, "v1");
    let world = world.later(90);
    world.clone().with("cache-control", "max-stale").get("/a").answers(200, "v2").attempts(1);
    let world = world.later(90).with("cache-control", "stale-if-error=0").origin([]);
    world.get("/a").answers(200, "v2");
}

#[test]
fn for_which_statuses_a_copy_is_served_stale_is_a_setting() {
    let visited = |statuses: serde_json::Value| {
        let world = world().set("retry.attempts", 1).set("cache.stale_statuses", statuses);
        let world = world.origin([page("v1").cache_control("max-age=1").header("etag", "\"1\"")]);
        world.get("/a").answers(200, "v1");
        world.later(5)
    };
    let json = |status, text: &str| answers(status, text).header("content-type", "application/json");
    let limited = visited(serde_json::json!([429]));
    limited.clone().origin([json(429, "slow down")]).get("/a").answers(200, "v1");
    let story = limited.clone().origin([json(503, "busy")]).get("/a").answers(503, "busy");
    assert_eq!(story.reports[0]["stale_forbidden"], "cache.stale_statuses", "{story:#?}");
    // A failure is none of the origin's statuses.
    limited.clone().origin([refuses()]).get("/a").answers(200, "v1");
    limited.origin([answers(521, "")]).get("/a").answers(200, "v1");
    // As it came where there is no copy, and to everybody who waits.
    let without = visited(serde_json::json!([429]));
    for story in without.origin([json(429, "slow down"), json(429, "slow down")]).crowd(2, "/b") {
        story.answers(429, "slow down").attempts(2);
    }
    let plain = visited(serde_json::json!([500, 502, 503, 504]));
    plain.origin([json(429, "slow down")]).get("/a").answers(429, "slow down");
}

#[test]
fn errors_are_stored_by_setting_for_as_long_as_they_say_themselves() {
    let statuses = serde_json::json!([404, 451, 503]);
    let world = world().set("retry.attempts", 1).set("cache.error_statuses", statuses);
    let error = |status| answers(status, "no").header("content-type", "text/plain");
    for (path, status, directives, is_stored) in [
        ("/a", 404, "max-age=60", true),
        ("/b", 451, "max-age=60", true),
        ("/c", 503, "max-age=60", true),
        ("/d", 410, "max-age=60", false),
        ("/e", 500, "max-age=60", false),
        ("/f", 503, "public", false),
        ("/g", 503, "max-age=60, no-store", false),
    ] {
        let world = world.clone().origin([error(status).cache_control(directives), page("v1")]);
        world.get(path).answers(status, "no");
        let again = world.get(path);
        assert_eq!(
            (again.status == status, again.seen.is_empty()),
            (is_stored, is_stored),
            "{path} {again:#?}"
        );
    }
    // It answers while it is fresh, and is never served stale.
    let world = world.later(90).origin([]);
    world.get("/c").status(502);
    world.get("/b").status(502);
    world.get("/a").answers(404, "no");
}

#[test]
fn an_error_that_may_be_stored_takes_no_copy_away() {
    let statuses = serde_json::json!([403, 503]);
    for status in [403, 503] {
        for directives in ["max-age=600", "max-age=600, no-store", "max-age=600, private"] {
            let world = world().set("retry.attempts", 1).set("cache.error_statuses", statuses.clone());
            let error = answers(status, "no").header("content-type", "text/plain").cache_control(directives);
            let world = world.origin([page("v1").cache_control("max-age=1"), error]);
            world.get("/a").answers(200, "v1");
            let world = world.later(5);
            world.get("/a").status(if status == 403 { 403 } else { 200 });
            let another = world.from("192.0.2.2");
            another.get("/a").answers(200, "v1").reports("connection_terminated");
        }
    }
}
