//! The page gives way to the site by itself once it is back, and is no burden to it until then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use faulty_origin::{Script, Seen, scripts};

use crate::harness::{Page, eventually, settle};
use crate::pages::{Told, answer_to, own_error, real, url};
use crate::tab::{Tab, for_a_while};

/// The script of an origin that is out of service for a second, it says.
fn away() -> Script {
    own_error("503 Service Unavailable", Some(1))
}

fn methods(page: &Page) -> Vec<String> {
    page.seen().into_iter().map(|seen| seen.method).collect()
}

fn count(page: &Page, method: &str) -> usize {
    methods(page).iter().filter(|other| *other == method).count()
}

/// The time between one request for `page` and the next.
fn pauses(seen: &[Seen]) -> Vec<Duration> {
    seen.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[test]
fn the_page_gives_way_to_the_site_once_it_is_back() {
    let is_back = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_back);
    let page = Page::by(move |seen| {
        answer_to(seen, if mended.load(Ordering::SeqCst) { real("The site") } else { away() })
    });
    let tab = Tab::new();
    tab.prefer("light", "no-preference");
    tab.go(&url(&page));
    eventually("two questions", || count(&page, "HEAD") == 2);
    is_back.store(true, Ordering::SeqCst);
    tab.until_titled("The site");
    settle();

    assert_eq!(methods(&page), ["GET", "HEAD", "HEAD", "HEAD", "GET"], "cheap questions, then the page once");
    let asked = tab.asked();
    assert_eq!(asked.len(), 5, "each of them is one request at the origin: {asked:?}");
    let seen = page.seen();
    let busy = Duration::from_millis(1500);
    // At least what the origin wants, at most half as much more, and longer each time.
    for (pause, least) in pauses(&seen).into_iter().zip([1000, 1500, 2250].map(Duration::from_millis)) {
        assert!((least..least.mul_f64(1.5) + busy).contains(&pause), "{pause:?} after {least:?}");
    }
}

#[test]
fn a_visitor_sees_when_the_page_asks_again_and_that_the_site_is_back() {
    let is_back = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_back);
    let page = Page::by(move |seen| {
        answer_to(seen, if mended.load(Ordering::SeqCst) { real("The site") } else { away() })
    });
    let tab = Tab::new();
    for (motion, easing) in [("reduce", "steps(4)"), ("no-preference", "linear")] {
        tab.prefer("light", motion);
        tab.go(&url(&page));
        tab.until("document.getElementById('wait').getAnimations().length === 1");
        let bar = "document.getElementById('wait').getAnimations()[0].effect.getTiming()";
        assert_eq!(tab.text(&format!("{bar}.easing")), easing, "{motion}");
    }
    is_back.store(true, Ordering::SeqCst);
    tab.until("document.title === 'The site is back. Opening it now.'");
    tab.until_titled("The site");
}

#[test]
fn a_question_costs_the_origin_one_request() {
    let page = Page::new([scripts::reset()]);
    let tab = Tab::new();
    tab.hasten(10);
    tab.go(&url(&page));
    eventually("two questions and the answer to the first", || count(&page, "HEAD") == 2);
    settle();
    assert_eq!(methods(&page), ["GET", "GET", "GET", "HEAD", "HEAD"], "only the page is worth retries");
}

#[test]
fn any_answer_that_is_no_failure_of_a_server_brings_the_page_back() {
    Page::at("/elsewhere", |_| real("Elsewhere"));
    let rows = [
        ("200 OK", true),
        ("302 Found", true),
        ("404 Not Found", true),
        ("405 Method Not Allowed", true),
        ("501 Not Implemented", true),
        ("500 Internal Server Error", false),
        ("502 Bad Gateway", false),
        ("503 Service Unavailable", false),
        ("504 Gateway Timeout", false),
    ];
    let tab = Tab::new();
    tab.hasten(10);
    for (status, is_back) in rows {
        let head = scripts::answer(status, &[("Location", "/elsewhere"), ("Retry-After", "1")], "");
        let was_loaded = AtomicBool::new(false);
        let page = Page::by(move |seen| match seen.method.as_str() {
            "HEAD" => answer_to(seen, head.clone()),
            _ if was_loaded.swap(true, Ordering::SeqCst) => real("The site"),
            _ => away(),
        });
        tab.go(&url(&page));
        if is_back {
            tab.until_titled("The site");
            assert_eq!(methods(&page), ["GET", "HEAD", "GET"], "{status}");
        } else {
            eventually(status, || count(&page, "HEAD") >= 2);
            assert_eq!(count(&page, "GET"), 1, "{status}");
        }
    }
    let elsewhere = Page { path: "/elsewhere".to_owned() };
    assert_eq!(elsewhere.attempts(), 0, "a redirect is not followed to find out");
}

/// A page whose HEAD works and whose GET never does.
fn never_loads() -> Page {
    Page::by(|seen| {
        if seen.method == "HEAD" {
            scripts::head_only("200 OK", &[], 2)
        } else {
            own_error("502 Bad Gateway", Some(1))
        }
    })
}

#[test]
fn a_page_that_fails_whenever_it_is_loaded_is_left_to_the_visitor_in_the_end() {
    const HASTE: u32 = 5;
    let (tab, page) = (Tab::new(), never_loads());
    tab.hasten(HASTE);
    tab.go(&url(&page));
    eventually("five reloads", || count(&page, "GET") == 6);
    for_a_while(Duration::from_secs(3), "the origin is left alone", || count(&page, "GET") == 6);
    tab.until("document.readyState === 'complete'");
    assert_eq!(tab.questions(), 5);
    let is_shown =
        |selector: &str| tab.run(&format!("document.querySelector('{selector}').checkVisibility()"));
    assert_eq!(
        (is_shown("#return"), is_shown("a.button")),
        (false.into(), true.into()),
        "and no promise made"
    );

    // What each page waited before it asked.
    let waited = pauses(&page.seen()).into_iter().step_by(2);
    let mut least = Duration::from_secs(1) / HASTE;
    for (load, pause) in waited.enumerate() {
        assert!(pause >= least, "load {load}: {pause:?} is less than {least:?}");
        least = least.mul_f64(1.5);
    }

    let other = never_loads();
    tab.go(&url(&other));
    eventually("another page has a count of its own", || count(&other, "GET") == 2);
}

#[test]
fn a_clock_that_was_set_does_not_make_the_page_load_for_ever() {
    let (tab, page) = (Tab::new(), never_loads());
    tab.hasten(5);
    tab.skew_time_origin();
    tab.go(&url(&page));
    eventually("five reloads", || count(&page, "GET") == 6);
    for_a_while(Duration::from_secs(2), "the origin is left alone", || count(&page, "GET") == 6);
}

#[test]
fn storage_that_fills_up_leaves_the_page_to_the_visitor() {
    let (tab, page) = (Tab::new(), never_loads());
    tab.hasten(5);
    tab.go(&url(&page));
    tab.run("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };0");
    eventually("a question", || count(&page, "HEAD") == 1);
    tab.until("!document.getElementById('return').checkVisibility()");
    let said = tab.text("document.getElementById('return').textContent");
    assert!(said.starts_with("This page keeps checking"), "it does not say that it loads: {said}");
    for_a_while(Duration::from_secs(1), "it does not load", || count(&page, "GET") == 1);
}

#[test]
fn a_date_to_come_back_at_is_kept() {
    let much_later =
        scripts::answer("503 Service Unavailable", &[("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT")], "");
    let page = Page::by(move |seen| match seen.method.as_str() {
        "HEAD" => answer_to(seen, much_later.clone()),
        _ => own_error("503 Service Unavailable", Some(1)),
    });
    let tab = Tab::new();
    tab.hasten(10);
    tab.go(&url(&page));
    eventually("a question", || count(&page, "HEAD") == 1);
    for_a_while(Duration::from_secs(2), "no other", || count(&page, "HEAD") == 1);
}

#[test]
fn a_page_whose_details_are_marked_or_that_nobody_sees_is_not_taken_away() {
    let page = Page::by(|seen| match seen.method.as_str() {
        "HEAD" => scripts::late(Duration::from_millis(1000), scripts::head_only("200 OK", &[], 2)),
        _ => own_error("503 Service Unavailable", Some(1)),
    });
    let tab = Tab::new();
    tab.hasten(5);
    tab.go(&url(&page));
    tab.run("getSelection().selectAllChildren(document.getElementById('details'))");
    eventually("a question", || count(&page, "HEAD") == 1);
    for_a_while(Duration::from_secs(3), "it stays", || count(&page, "GET") == 1);
    tab.run("getSelection().empty()");
    eventually("it is loaded", || count(&page, "GET") == 2);
    eventually("another question", || count(&page, "HEAD") == 2);
    let front = tab.beside();
    tab.until("document.visibilityState === 'hidden'");
    for_a_while(Duration::from_secs(3), "it stays", || count(&page, "GET") == 2);
    tab.come_to_front();
    eventually("it is loaded", || count(&page, "GET") == 3);
    drop(front);
}

#[test]
fn without_storage_the_page_is_left_to_the_visitor_at_once() {
    let (tab, page) = (Tab::new(), never_loads());
    tab.hasten(5);
    tab.without_storage();
    tab.go(&url(&page));
    for_a_while(Duration::from_secs(1), "nothing is asked", || tab.asked().len() == 1);
    assert_eq!(tab.run("document.getElementById('return').checkVisibility()"), false, "no promise is made");
}

#[test]
fn the_longest_pause_is_five_minutes_or_what_the_origin_wants() {
    const HASTE: u32 = 600;
    let minutes = |minutes: u32| Duration::from_secs(60) * minutes / HASTE;
    let rows = [(100, 5..8, minutes(5)), (1200, 0..1, minutes(20))];
    let tabs = rows.map(|(retry_after, late, longest)| {
        let unavailable = own_error("503 Service Unavailable", Some(retry_after));
        let page = Page::by(move |seen| answer_to(seen, unavailable.clone()));
        let tab = Tab::new();
        tab.hasten(HASTE);
        tab.go(&url(&page));
        (tab, page, late, longest)
    });
    for (_tab, page, late, longest) in tabs {
        eventually("questions enough", || count(&page, "HEAD") >= late.end);
        let pauses = pauses(&page.seen());
        // Not all of them are held up by a busy machine, and without a limit they would be much longer.
        let shortest = pauses[late].iter().min().unwrap();
        let jitter = longest.mul_f64(1.5) + Duration::from_millis(400);
        assert!((longest..jitter).contains(shortest), "{longest:?} in {pauses:?}");
    }
}

#[test]
fn the_page_after_a_form_never_asks_by_itself() {
    let tab = Tab::new();
    tab.hasten(10);
    for told in [Told::NotProcessed, Told::MayBeProcessed] {
        let page = told.show(&tab, "calm");
        assert_eq!(tab.run("document.getElementById('return')"), serde_json::Value::Null);
        for_a_while(Duration::from_secs(2), "nothing is asked", || tab.questions() == 0);
        assert_eq!(methods(&page), ["GET", "POST"]);
        let asked =
            tab.text("fetch(location.href, { method: 'HEAD' }).then(() => 'could', () => 'could not')");
        assert_eq!(asked, "could not", "its policy allows no connection");
        tab.forgive();
    }
}

#[test]
fn a_page_that_nobody_sees_does_not_ask() {
    let page = Page::by(|seen| answer_to(seen, away()));
    let tab = Tab::new();
    tab.hasten(5);
    tab.go(&url(&page));
    let front = tab.beside();
    tab.until("document.visibilityState === 'hidden'");
    settle();
    let before = tab.questions();
    for_a_while(Duration::from_secs(2), "nothing is asked", || tab.questions() == before);
    tab.come_to_front();
    eventually("it goes on", || tab.questions() > before);
    drop(front);
}

#[test]
fn a_page_that_was_opened_behind_another_waits_until_it_is_seen() {
    let page = Page::by(|seen| answer_to(seen, away()));
    let tab = Tab::new();
    tab.hasten(5);
    let front = tab.beside();
    tab.until("document.visibilityState === 'hidden'");
    tab.go(&url(&page));
    for_a_while(Duration::from_secs(2), "nothing is asked", || tab.questions() == 0);
    tab.come_to_front();
    eventually("it begins", || tab.questions() > 0);
    drop(front);
}

#[test]
fn who_looks_away_and_back_does_not_make_the_page_ask_twice() {
    let page = Page::by(|seen| {
        let pause = Duration::from_millis(if seen.method == "HEAD" { 1500 } else { 0 });
        scripts::late(pause, answer_to(seen, away()))
    });
    let tab = Tab::new();
    tab.go(&url(&page));
    eventually("a question", || count(&page, "HEAD") == 1);
    let front = tab.beside();
    tab.until("document.visibilityState === 'hidden'");
    tab.come_to_front();
    tab.until("document.visibilityState === 'visible'");
    thread::sleep(Duration::from_millis(700));
    // The worker would make one of two at the origin.
    assert_eq!(tab.questions(), 1, "the first one is not answered yet");
    drop(front);
}

#[test]
fn an_event_source_closes_at_an_error_and_what_the_docs_say_opens_it_again() {
    let (docs, stream) = (include_str!("../../docs/pages.md"), Page::new([away()]));
    let snippet = docs.split_once("```js\n").unwrap().1.split_once("```").unwrap().0;
    assert!(snippet.contains("new EventSource(\"/events\")"), "{snippet}");
    let snippet = snippet.replace("/events", &stream.path).replace("wait = 1000", "wait = 100");
    let (tab, site) = (Tab::new(), Page::new([real("The site")]));
    tab.go(&url(&site));
    tab.run(&format!(
        "{snippet};
         const Real = EventSource;
         window.opened = [];
         window.heard = [];
         EventSource = class extends Real {{
           constructor(url) {{
             super(url);
             opened.push(this);
             this.onmessage = (message) => heard.push(message.data);
           }}
         }};
         listen();
         null"
    ));
    tab.until("opened.length > 2");
    assert_eq!(tab.run("opened[0].readyState"), 2, "it has closed for good");
    assert!(tab.asked().len() >= 3, "one question for each");
    let fields = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")];
    stream.now([scripts::with_headers(&fields, "data: hello\n\n")]);
    tab.until("heard.includes('hello')");
}
