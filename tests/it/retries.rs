//! What is tried again, and what is not.

use std::time::Duration;

use serde_json::Value;

use crate::world::{BROKEN_OFF, Ending, answers, hangs, page, refuses, talks_garbage, world};

#[test]
fn a_lost_connection_is_tried_again() {
    world().origin([refuses(), refuses(), page("v1")]).get("/").answers(200, "v1").attempts(3);
}

#[test]
fn a_failure_that_a_retry_got_past_is_reported() {
    // RFC 9209 §2: every answer that a failure touched.
    let story = world().origin([refuses(), page("v1")]).get("/").answers(200, "v1");
    story
        .header("proxy-status", "www.example.com;error=connection_terminated")
        .header_has("server-timing", "1: connection_terminated")
        .header_has("server-timing", "2: 200")
        .reports("connection_terminated");
}

#[test]
fn what_goes_smoothly_is_not_reported() {
    world()
        .origin([page("v1")])
        .get("/")
        .answers(200, "v1")
        .attempts(1)
        .reports_nothing()
        .no_header("proxy-status");
}

#[test]
fn what_is_not_http_is_tried_once_more() {
    world().origin([talks_garbage(), talks_garbage(), page("v1")]).get("/").status(502).attempts(2);
}

#[test]
fn a_small_torn_body_is_a_failed_attempt() {
    for (ending, status, attempts) in
        [(Ending::Torn, 502, 3), (Ending::BadlyFramed, 502, 3), (Ending::Silent, 504, 2)]
    {
        let torn = || page("half a pa").ends(ending);
        world().origin([torn(), page("a page")]).get("/").answers(200, "a page").attempts(2);
        world().origin([torn(), torn(), torn()]).get("/").status(status).attempts(attempts);
    }
}

#[test]
fn a_large_torn_body_breaks_off_and_is_reported() {
    let torn = page("0123456789").ends(Ending::Torn);
    let story = world().set("body.buffer", "5B").origin([torn]).get("/").status(200).attempts(1).breaks_off();
    assert_eq!(story.reports.len(), 1);
    assert_eq!(story.reports[0]["body"], "http_response_incomplete", "{story:#?}");
}

#[test]
fn an_event_stream_may_be_silent() {
    let stream = answers(200, "data: 1\n\n").header("content-type", "text/event-stream");
    world().origin([stream]).get("/").answers(200, "data: 1\n\n").reports_nothing();
}

#[test]
fn a_post_is_sent_once() {
    world().origin([refuses(), page("v1")]).send("POST", "/", Some("a=1")).status(502).attempts(1);
    world()
        .origin([answers(503, "busy"), page("v1")])
        .send("POST", "/", Some("a=1"))
        .answers(503, "busy")
        .attempts(1);
}

#[test]
fn a_key_counts_only_where_the_operator_vouches_for_the_origin() {
    let keyed = || world().with("idempotency-key", "\"1\"").origin([refuses(), page("v1")]);
    keyed().send("POST", "/", Some("a=1")).status(502).attempts(1);
    keyed().set("retry.idempotency_key", true).send("POST", "/", Some("a=1")).answers(200, "v1").attempts(2);
}

#[test]
fn a_small_body_is_sent_again_and_a_large_one_once() {
    let story = world().origin([refuses(), page("v1")]).send("PUT", "/", Some("a=1")).status(200);
    assert!(story.seen.iter().all(|seen| seen.upload.as_deref() == Some("a=1")), "{story:#?}");
    let large = "x".repeat(64 * 1024 + 1);
    world().origin([refuses(), page("v1")]).send("PUT", "/", Some(&large)).status(502).attempts(1);
}

#[test]
fn somebody_elses_retry_is_not_retried() {
    world().with("holdfast-attempt", "2").origin([refuses(), page("v1")]).get("/").status(502).attempts(1);
}

#[test]
fn a_retry_is_marked_towards_the_origin() {
    let story = world().origin([refuses(), refuses(), page("v1")]).get("/");
    let marks: Vec<_> = story.seen.iter().map(|seen| seen.headers.get("holdfast-attempt").cloned()).collect();
    assert_eq!(marks, [None, Some("2".parse().unwrap()), Some("3".parse().unwrap())]);
}

#[test]
fn the_origin_s_retry_after_is_a_minimum() {
    let busy = |seconds| answers(503, "busy").header("retry-after", seconds);
    let story = world().origin([busy("2"), page("v1")]).get("/").answers(200, "v1").attempts(2);
    assert!(story.seen[1].at.since(story.seen[0].at) >= Duration::from_secs(2));
    let story =
        world().with("accept", "text/html").origin([busy("60"), page("v1")]).get("/").status(503).attempts(1);
    story.header("retry-after", "60");
}

#[test]
fn the_platform_s_retry_after_is_ignored() {
    let refused = answers(521, "").header("retry-after", "120");
    world().origin([refused, page("v1")]).get("/").answers(200, "v1").attempts(2);
}

#[test]
fn the_deadline_is_for_everything() {
    let total = Duration::from_secs(25);
    let story = world().origin([hangs(), hangs(), hangs()]).get("/").status(504).within(total);
    story.attempts(3).reports("http_response_timeout");
    world()
        .set("timeouts.total", "12s")
        .origin([hangs(), hangs(), page("late")])
        .get("/")
        .status(504)
        .attempts(2)
        .within(Duration::from_secs(12));
}

#[test]
fn the_next_attempt_goes_to_the_next_origin() {
    let two = || world().set("origins", serde_json::json!(["http://one.test", "http://two.test"]));
    let story = two().origin([refuses(), page("v1")]).get("/a?b").answers(200, "v1");
    let urls: Vec<_> = story.seen.iter().map(|seen| seen.url.as_str()).collect();
    assert_eq!(urls, ["http://one.test/a?b", "http://two.test/a?b"]);
    two().origin([answers(525, ""), page("v1")]).get("/").answers(200, "v1").attempts(2);
    two().origin([answers(524, ""), page("v1")]).send("PUT", "/", None).status(504).attempts(1);
}

#[test]
fn an_origin_s_500_is_final() {
    world().origin([answers(500, "oops"), page("v1")]).get("/").answers(500, "oops").attempts(1);
}

#[test]
fn an_upgrade_that_is_ignored_is_refused() {
    let socket = || world().with("upgrade", "websocket").with("connection", "upgrade");
    socket().origin([page("not a socket")]).get("/").status(502).reports("http_upgrade_failed");
    socket().origin([answers(403, "no")]).get("/").answers(403, "no");
    socket().origin([answers(101, "")]).get("/").status(101);
}

#[test]
fn an_upload_that_the_client_breaks_off_is_no_failure_of_the_origin() {
    let world = world().guarded().gathering(None).origin(vec![page("v1"); 11]);
    // Held first, or sent as it comes; more often than a breaker bears, were they the origin's.
    for (method, seen) in [("PUT", 0), ("POST", 1)].repeat(10) {
        let story = world.send(method, "/", Some(BROKEN_OFF)).attempts(seen).status(400);
        let story =
            story.header_has("proxy-status", "http_request_error").header("cache-control", "no-store");
        let [line] = &story.reports[..] else { panic!("{story:?}") };
        assert_eq!((&line["outcome"], &line["attempts"]), (&"client_error".into(), &Value::Null));
    }
    world.get("/").answers(200, "v1").attempts(1).no_header("proxy-status");
    let (told, _) = world.gathered();
    assert!(!told.iter().any(|counts| counts.contains("connection_lost")), "{told:?}");
}

#[test]
fn which_statuses_are_tried_again_is_a_setting() {
    let world = || world().set("retry.statuses", serde_json::json!([429, 500]));
    world().origin([answers(500, "oops"), page("v1")]).get("/").answers(200, "v1").attempts(2);
    world().origin([answers(503, "busy"), page("v1")]).get("/").status(503).attempts(1);
    // Its Retry-After is obeyed as that of a 503 is.
    let limited = |seconds| answers(429, "slow down").header("retry-after", seconds);
    let story = world().origin([limited("2"), page("v1")]).get("/").answers(200, "v1").attempts(2);
    assert!(story.took >= Duration::from_secs(2), "{story:#?}");
    world().origin([limited("60"), page("v1")]).get("/").answers(429, "slow down").attempts(1);
    let never = world().set("retry.statuses", serde_json::json!([]));
    never.origin([answers(502, "oops"), page("v1")]).get("/").status(502).attempts(1);
}
