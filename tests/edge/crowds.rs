//! Many requests for one page at a time, and how many of them the origin sees.

use std::thread;
use std::time::Duration;

use faulty_origin::{Script, scripts};

use crate::client::Answer;
use crate::harness::{Edge, Page, eventually, quick, settle};

const CROWD: usize = 50;
const SLOW: Duration = Duration::from_millis(700);

fn fresh(text: &str) -> Script {
    scripts::with_headers(&[("Cache-Control", "max-age=600")], text)
}

/// What `CROWD` clients get who ask at once.
fn crowd(edge: &Edge, page: &Page) -> Vec<Answer> {
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CROWD).map(|_| scope.spawn(|| edge.get(page).send())).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// All of them get `text`; `most` requests at most reach the origin.
#[track_caller]
fn serves(page: &Page, text: &str, most: usize) {
    let before = page.attempts();
    for answer in crowd(&quick(), page) {
        answer.is(200, text);
    }
    let seen = page.attempts() - before;
    println!("{CROWD} requests at once for {}, {seen} of them reached the origin", page.path);
    assert!((1..=most).contains(&seen), "{seen} requests for {text}");
}

#[test]
fn a_page_that_nobody_has_is_fetched_once_for_all_who_ask() {
    // RFC 9111 §4
    let page = Page::new([scripts::late(SLOW, fresh("v1"))]);
    serves(&page, "v1", 1);
    let answers = crowd(&quick(), &page);
    assert!(answers.iter().all(|answer| answer.structured("cache-status").starts_with("Holdfast;hit")));
    assert_eq!(page.attempts(), 1);
}

#[test]
fn those_who_waited_say_so() {
    // RFC 9211 §2.6
    let page = Page::new([scripts::late(SLOW, fresh("v1"))]);
    let answers = crowd(&quick(), &page);
    let said =
        |part: &str| answers.iter().filter(|answer| answer.structured("cache-status").contains(part)).count();
    assert_eq!((said("fwd=uri-miss;collapsed"), said("stored")), (CROWD - 1, 1));
}

#[test]
fn a_page_that_has_expired_is_validated_once_for_all_who_ask() {
    let fields = [("Cache-Control", "max-age=60"), ("ETag", "\"v1\"")];
    let expiring = [&fields[..], &[("Age", "59")]].concat();
    let page = Page::new([
        scripts::with_headers(&expiring, "v1"),
        scripts::late(SLOW, scripts::not_modified(&fields)),
    ]);
    quick().get(&page).send().is(200, "v1");
    settle();
    settle();
    serves(&page, "v1", 1);
}

#[test]
fn in_an_outage_a_crowd_costs_as_much_as_one_request() {
    let expired = [("Cache-Control", "max-age=60, stale-if-error=600"), ("Age", "61")];
    let page = Page::new([scripts::with_headers(&expired, "last good")]);
    quick().get(&page).send().is(200, "last good");
    settle();
    page.now([scripts::hang()]);
    // The page is known to be expired whenever it is fetched; one failure makes them ask together.
    quick().get(&page).send().is(200, "last good");
    serves(&page, "last good", 3);
}

#[test]
fn a_failure_is_told_to_all_who_waited_for_it() {
    let page = Page::new([scripts::hang()]);
    for answer in crowd(&quick(), &page) {
        assert_eq!((answer.status(), answer.error().as_str()), (504, "http_response_timeout"));
    }
    assert!(page.attempts() <= 3, "{}", page.attempts());
}

#[test]
fn a_client_that_leaves_does_not_take_the_others_with_it() {
    let page = Page::new([scripts::late(SLOW, fresh("v1"))]);
    let leaver = quick().get(&page).open();
    eventually("the first request", || page.attempts() == 1);
    thread::scope(|scope| {
        let waits = scope.spawn(|| quick().get(&page).send());
        thread::sleep(SLOW / 4);
        drop(leaver);
        waits.join().unwrap().is(200, "v1");
    });
    assert_eq!(page.attempts(), 1);
}

#[test]
fn a_refresh_behind_the_answer_is_one_for_all() {
    // RFC 5861 §3
    let fields = [("Cache-Control", "max-age=60, stale-while-revalidate=600"), ("Age", "61")];
    let page = Page::new([scripts::with_headers(&fields, "v1"), scripts::late(SLOW, fresh("v2"))]);
    quick().get(&page).send().is(200, "v1");
    settle();
    serves(&page, "v1", 1);
    eventually("the refreshed page", || quick().get(&page).send().text() == "v2");
    assert_eq!(page.attempts(), 2);
}

#[test]
fn a_large_page_is_waited_for_until_it_is_stored() {
    let large = "x".repeat(64 * 1024);
    let page = Page::new([scripts::late(SLOW, fresh(&large))]);
    serves(&page, &large, 1);
}

#[test]
fn answers_for_one_visitor_alone_are_fetched_for_each() {
    let own = scripts::with_headers(&[("Cache-Control", "private")], "own");
    let page = Page::new([scripts::late(SLOW, own)]);
    for answer in crowd(&quick(), &page) {
        answer.is(200, "own");
    }
    assert_eq!(page.attempts(), CROWD);
}
