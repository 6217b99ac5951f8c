//! Every requirement of RFC 5861, by section; `docs/conformance.md` has the list. Where it meets a prohibition of RFC
//! 9111, the window is the more precise word: `rfc9111::s4_2_4_a_window_beside_the_directive_is_the_permission_of_the_origin`.

use std::time::Duration;

use faulty_origin::scripts;

use crate::harness::{Page, eventually, tight};
use crate::revisit::{
    COPY, NOTHING, ORIGIN, age, all_visited, ask, copy, fields, giver, revisit, revisit_asking_in_outage,
    revisit_in_outage, settle, settle_at, visited,
};

#[test]
fn s3_a_stale_answer_is_given_within_stale_while_revalidate_and_not_past_it() {
    revisit(&[
        ("Cache-Control: max-age=60, stale-while-revalidate=300\nAge: 100", COPY),
        ("Cache-Control: max-age=60, stale-while-revalidate=300\nAge: 300", COPY),
        ("Cache-Control: max-age=60, stale-while-revalidate=300\nAge: 361", ORIGIN),
        ("Cache-Control: max-age=60, stale-while-revalidate=300\nAge: 9999", ORIGIN),
        ("Cache-Control: max-age=60, stale-while-revalidate=0\nAge: 60", ORIGIN),
        ("Cache-Control: max-age=60, stale-while-revalidate\nAge: 60", COPY), // without a length, for a year
        ("Cache-Control: max-age=60, stale-while-revalidate=soon\nAge: 60", ORIGIN),
        ("Cache-Control: max-age=60, Stale-While-Revalidate=300\nAge: 100", COPY),
        ("Cache-Control: stale-while-revalidate=300, max-age=60\nAge: 30", COPY),
    ]);
}

#[test]
fn s3_the_validation_goes_on_behind_the_answer() {
    // Nobody waits for it, it carries the validator, and what it brings answers the next.
    let head = "Cache-Control: max-age=60, stale-while-revalidate=300\nAge: 100\nETag: \"v1\"";
    let page = visited(copy(head));
    settle();
    let fresh = scripts::with_headers(&fields("Cache-Control: max-age=600"), ORIGIN);
    page.now([scripts::late(Duration::from_millis(700), fresh)]);
    let answer = ask(&page, "");
    answer.is(200, COPY);
    assert!(age(&answer) >= 100);
    assert!(page.seen().iter().filter(|seen| seen.answered_at.is_some()).count() < 2, "it was waited for");
    eventually("the copy is refreshed", || ask(&page, "").text() == ORIGIN);
    assert_eq!(page.seen()[1].header("if-none-match"), Some("\"v1\""));
}

#[test]
fn s3_the_validation_behind_a_part_is_one_of_the_whole() {
    // Else a copy of which only parts are asked for is never refreshed.
    let page = visited(copy("Cache-Control: max-age=60, stale-while-revalidate=300\nAge: 100\nETag: \"v1\""));
    settle();
    page.now([scripts::with_headers(&fields("Cache-Control: max-age=600"), ORIGIN)]);
    ask(&page, "Range: bytes=0-1").is(206, "co");
    settle();
    ask(&page, "Range: bytes=0-1").is(206, "or");
    assert_eq!(page.seen()[1].header("range"), None);
}

#[test]
fn s3_a_304_behind_the_answer_makes_the_copy_fresh() {
    let head = "Cache-Control: max-age=60, stale-while-revalidate=300\nAge: 100\nETag: \"v1\"";
    let page = visited(copy(head));
    settle();
    page.now([scripts::not_modified(&fields("ETag: \"v1\"\nX-New: 1"))]);
    ask(&page, "").is(200, COPY);
    eventually("the copy is fresh", || ask(&page, "").header("x-new").is_some());
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let answer = ask(&page, "");
    answer.is(200, COPY);
    assert!(age(&answer) < 60, "{answer:?}");
}

#[test]
fn s3_a_validation_that_fails_does_not_lengthen_the_window() {
    let within = "Cache-Control: max-age=60, stale-while-revalidate=300, stale-if-error=0\nAge: 100";
    let page = visited(copy(within));
    settle();
    page.now([scripts::reset()]);
    for _ in 0..2 {
        let answer = ask(&page, "");
        answer.is(200, COPY);
        assert!(age(&answer) >= 100);
        settle();
    }
    let past =
        "Cache-Control: max-age=60, stale-while-revalidate=300, stale-if-error=0\nAge: 400\nETag: \"v1\"";
    revisit_in_outage(&[(past, NOTHING)]);
}

#[test]
fn s4_an_error_is_what_would_be_a_500_502_503_or_504() {
    let head = "Cache-Control: max-age=60, stale-if-error=600\nAge: 100";
    let failures = [
        scripts::reset(),
        scripts::hang(),
        scripts::garbage(),
        scripts::cut_short("torn", 1),
        scripts::answer("500 Internal Server Error", &[], "error"),
        scripts::answer("502 Bad Gateway", &[], "error"),
        scripts::answer("503 Service Unavailable", &[], "error"),
        scripts::answer("504 Gateway Timeout", &[], "error"),
    ];
    // Short limits, as one of the failures is silence.
    let edge = tight();
    let pages = failures.map(|failure| {
        let page = Page::new([copy(head)]);
        edge.get(&page).send().is(200, COPY);
        (page, failure)
    });
    settle_at(&edge);
    for (page, failure) in pages {
        page.now([failure.clone()]);
        let answer = edge.get(&page).send();
        answer.is(200, COPY);
        assert!(age(&answer) >= 100, "{failure:?}");
    }
}

#[test]
fn s4_another_status_is_no_error() {
    let head = "Cache-Control: max-age=60, stale-if-error=600\nAge: 100";
    let statuses = ["400 Bad Request", "403 Forbidden", "404 Not Found", "410 Gone", "501 Not Implemented"];
    let pages = all_visited(&vec![head; statuses.len()]);
    for (page, status) in pages.iter().zip(statuses) {
        page.now([scripts::answer(status, &[], ORIGIN)]);
        let answer = ask(page, "");
        assert!(status.starts_with(&answer.status().to_string()), "{status}: {answer:?}");
        assert_eq!(giver(&answer), ORIGIN, "{status}");
    }
}

#[test]
fn s4_a_stale_answer_is_given_within_stale_if_error_and_not_past_it() {
    revisit_in_outage(&[
        ("Cache-Control: max-age=60, stale-if-error=300\nAge: 100", COPY),
        ("Cache-Control: max-age=60, stale-if-error=300\nAge: 300", COPY),
        ("Cache-Control: max-age=60, stale-if-error=300\nAge: 361\nETag: \"v1\"", NOTHING),
        ("Cache-Control: max-age=60, stale-if-error=0\nAge: 60\nETag: \"v1\"", NOTHING),
        ("Cache-Control: max-age=60, stale-if-error\nAge: 60\nETag: \"v1\"", COPY), // without a length, for a year
        ("Cache-Control: max-age=60, stale-if-error=soon\nAge: 60\nETag: \"v1\"", NOTHING),
        ("Cache-Control: max-age=0, STALE-IF-ERROR=300", COPY),
        ("Cache-Control: stale-if-error=300", COPY),
    ]);
}

#[test]
fn s4_in_a_request_it_holds_for_that_request() {
    // The narrower of what client and origin accept.
    let head = "Cache-Control: max-age=60, stale-if-error=300\nAge: 200";
    revisit_asking_in_outage(&[
        (head, "", "Cache-Control: stale-if-error=200", COPY),
        (head, "", "Cache-Control: stale-if-error=100", NOTHING),
        (head, "", "Cache-Control: stale-if-error=0", NOTHING),
        (head, "Cache-Control: stale-if-error=0", "", COPY), // that of another request
        (
            "Cache-Control: max-age=60, stale-if-error=100\nAge: 200",
            "",
            "Cache-Control: stale-if-error=900",
            NOTHING,
        ),
    ]);
}

#[test]
fn s4_it_does_not_matter_while_there_is_no_error() {
    revisit(&[("Cache-Control: max-age=60, stale-if-error=600\nAge: 100", ORIGIN)]);
}
