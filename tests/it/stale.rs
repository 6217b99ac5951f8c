//! When the last good copy stands in.

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
fn an_answer_that_says_nothing_stands_in_for_a_day() {
    let world = world().origin([page("v1")]);
    world.get("/a");
    let world = world.later(86_000).origin([]);
    world.get("/a").answers(200, "v1");
    world.later(1000).get("/a").status(502);
}

#[test]
fn nothing_stands_in_where_it_is_forbidden_and_the_report_says_by_what() {
    // RFC 9111 §4.2.4, §5.2.2.10
    for (directives, culprit) in [
        ("max-age=60, must-revalidate, stale-if-error=600", "must-revalidate"),
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
