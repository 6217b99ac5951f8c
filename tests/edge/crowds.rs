//! Many requests for one page at a time, and how many of them the origin sees.

use std::thread;
use std::time::Duration;

use faulty_origin::{Script, scripts};

use crate::client::Answer;
use crate::harness::{Edge, Page, QUICK_TOTAL, eventually, quick, settle};

const CROWD: usize = 50;
/// Less than the second after which another asks, also on a busy machine.
const SLOW: Duration = Duration::from_millis(400);

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

/// All of them get `text`; `most` requests at most reach the origin, and on a machine that is busy for seconds those that
/// come on their way.
#[track_caller]
fn serves(page: &Page, text: &str, most: usize) {
    let before = page.attempts();
    let answers = crowd(&quick(), page);
    let longest = answers.iter().map(|answer| answer.head_took).max().unwrap();
    for answer in answers {
        answer.is(200, text);
    }
    // What goes on behind the answers may be on its way yet.
    eventually("a request at the origin", || page.attempts() > before);
    let seen = page.attempts() - before;
    println!("{CROWD} requests at once for {}, {seen} of them reached the origin", page.path);
    // Another asks after 1, 2, 4, … seconds.
    let late = longest.as_secs().checked_ilog2().map_or(0, |doublings| doublings as usize + 1);
    assert!((1..=most + late).contains(&seen), "{seen} requests for {text} in {longest:?}");
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
fn in_an_outage_a_crowd_with_a_copy_costs_as_much_as_one_request() {
    let expired = [("Cache-Control", "max-age=60, stale-if-error=600"), ("Age", "61")];
    let page = Page::new([scripts::with_headers(&expired, "last good")]);
    quick().get(&page).send().is(200, "last good");
    settle();
    page.now([scripts::late(SLOW / 4, scripts::answer("503 Service Unavailable", &[], "busy"))]);
    // The page is known to be expired whenever it is fetched; one failure makes them ask together.
    quick().get(&page).send().is(200, "last good");
    serves(&page, "last good", 3);
}

#[test]
fn in_an_outage_a_crowd_without_a_copy_costs_as_much_as_a_few_requests() {
    let busy = scripts::late(SLOW / 4, scripts::answer("503 Service Unavailable", &[], "busy"));
    // Three requests with three attempts each; one each time that the wait doubles, and some that have just the time left
    // for an attempt of their own, sixteen in all, some of them twice.
    let (soon, at_most) = (Duration::from_secs(4), QUICK_TOTAL);
    for (script, status, most, within) in [(busy, 503, 9, soon), (scripts::hang(), 504, 32, at_most)] {
        let costs_little = || {
            let page = Page::new([script.clone()]);
            let all = crowd(&quick(), &page);
            let longest = all.iter().map(|answer| answer.head_took).max().unwrap();
            for answer in all {
                assert_eq!(answer.status(), status, "{answer:?}");
            }
            let seen = page.attempts();
            println!("{CROWD} requests at once that end with {status} in {longest:?}, {seen} at the origin");
            seen <= most && longest < within
        };
        // On a busy machine not all of a crowd come at once, and who comes later asks for itself.
        assert!((0..3).any(|_| costs_little()), "{status}: more than {most}, or later than {within:?}");
    }
}

#[test]
fn a_leader_whom_the_origin_treats_badly_takes_nobody_with_it() {
    const RUDE: &str = "192.0.2.1";
    let reset = scripts::late(SLOW / 2, scripts::reset());
    let busy = scripts::late(SLOW / 2, scripts::answer("503 Service Unavailable", &[], "not you"));
    for (treatment, within) in [(reset, 1500), (busy, 1500), (scripts::hang(), 1500)] {
        let page = Page::by(move |seen| match seen.header("cf-connecting-ip") {
            Some(RUDE) => treatment.clone(),
            _ => fresh("v1"),
        });
        let leader = quick().get(&page).with("CF-Connecting-IP", RUDE).open();
        eventually("the first request", || page.attempts() == 1);
        let answers: Vec<_> = thread::scope(|scope| {
            let visit = |n| {
                let call = quick().get(&page).with("CF-Connecting-IP", &format!("198.51.100.{n}"));
                scope.spawn(|| call.send())
            };
            let clients: Vec<_> = (0..CROWD).map(visit).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        // Its own failure, or the copy that the others brought in meanwhile.
        leader.answer();
        let others = page.seen().iter().filter(|seen| seen.header("cf-connecting-ip") != Some(RUDE)).count();
        for answer in answers {
            answer.is(200, "v1");
            assert!(answer.head_took < Duration::from_millis(within), "{:?}", answer.head_took);
        }
        println!("{CROWD} requests behind one that fails, {others} of them reached the origin");
        assert!(others <= 3, "{others}");
    }
}

#[test]
fn a_leader_who_reads_slowly_holds_up_nobody() {
    // More than sockets and streams on the way take in.
    let large = "x".repeat(16 * 1024 * 1024);
    let wait = || {
        let page = Page::new([fresh(&large)]);
        let mut leader = quick().get(&page).open();
        leader.head();
        let answer = quick().get(&page).send();
        assert_eq!((answer.status(), answer.text().len()), (200, large.len()));
        assert_eq!(page.attempts(), 2);
        answer.head_took
    };
    // A busy machine makes any of them later, and none sooner.
    let waits = [wait(), wait(), wait()];
    assert!(waits.iter().any(|wait| *wait < Duration::from_millis(600)), "{waits:?}");
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
