//! Tables of answers that are asked for twice: what is the second visitor given?
//!
//! A head is written as a text, one field a line: `"Cache-Control: max-age=60\nAge: 10"`. All rows of a table are
//! visited before any of them is judged, so that a table waits but once for what happens behind the answers.

use std::thread;
use std::time::{Duration, SystemTime};

use faulty_origin::{Script, scripts};

use crate::client::{Answer, Call};
use crate::harness::{Edge, Page, eventually, quick};

/// The body of the answer that may be stored.
pub const COPY: &str = "copy";
/// The body of everything that the origin says later.
pub const ORIGIN: &str = "origin";
/// Neither of the two: an error.
pub const NOTHING: &str = "an error";

/// The fields of a head.
pub fn fields(head: &str) -> Vec<(&str, &str)> {
    head.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim())).collect()
}

/// A 200 with this head and the body that may be stored.
pub fn copy(head: &str) -> Script {
    scripts::with_headers(&fields(head), COPY)
}

/// A GET of `page` with the fields of `head`.
pub fn call(edge: &Edge, page: &Page, head: &str) -> Call {
    fields(head).into_iter().fold(edge.get(page), |call, (name, value)| call.with(name, value))
}

/// The answer to a GET of `page` with the fields of `head`.
pub fn ask(page: &Page, head: &str) -> Answer {
    call(&quick(), page, head).send()
}

/// A page that was asked for once, with the fields of `head`.
pub fn visited_with(script: Script, head: &str) -> Page {
    let page = Page::new([script]);
    ask(&page, head);
    page
}

/// A page that was asked for once.
pub fn visited(script: Script) -> Page {
    visited_with(script, "")
}

/// The pages for these heads, each asked for once, all of them settled.
pub fn all_visited(heads: &[&str]) -> Vec<Page> {
    let pages = heads.iter().map(|head| visited(copy(head))).collect();
    settle();
    pages
}

/// Gives what goes on behind earlier answers the time to be done.
///
/// A page that is asked for now is stored after all that, and later still where the machine is busy; so this is
/// shorter than a fixed time that is always long enough.
pub fn settle() {
    settle_at(&quick());
}

/// The same for another worker than the usual one.
pub fn settle_at(edge: &Edge) {
    let last = Page::new([copy("Cache-Control: max-age=600")]);
    eventually("the page that was asked for last is stored", || {
        edge.get(&last).send().header("cache-status").is_some_and(|status| status.contains("hit"))
    });
    thread::sleep(Duration::from_millis(100));
}

/// Whose answer this is.
pub fn giver(answer: &Answer) -> &'static str {
    match answer.text().as_str() {
        COPY => COPY,
        ORIGIN => ORIGIN,
        _ => NOTHING,
    }
}

/// Checks each (head of the stored answer, who answers the second visitor) while the origin is well.
#[track_caller]
pub fn revisit(rows: &[(&str, &str)]) {
    let rows: Vec<_> = rows.iter().map(|&(stored, from)| (stored, "", "", from)).collect();
    revisit_asking(&rows);
}

/// Checks each (head of the stored answer, who answers the second visitor) while the origin is down.
#[track_caller]
pub fn revisit_in_outage(rows: &[(&str, &str)]) {
    let rows: Vec<_> = rows.iter().map(|&(stored, from)| (stored, "", "", from)).collect();
    revisit_asking_in_outage(&rows);
}

/// Checks each (head of the stored answer, head of the first request, head of the second, who answers it) while
/// the origin is well.
#[track_caller]
pub fn revisit_asking(rows: &[(&str, &str, &str, &str)]) {
    visit_twice(rows, &scripts::ok(ORIGIN));
}

/// The same while the origin is down.
#[track_caller]
pub fn revisit_asking_in_outage(rows: &[(&str, &str, &str, &str)]) {
    visit_twice(rows, &scripts::reset());
}

#[track_caller]
fn visit_twice(rows: &[(&str, &str, &str, &str)], later: &Script) {
    let pages: Vec<_> = rows.iter().map(|(stored, first, ..)| visited_with(copy(stored), first)).collect();
    settle();
    let mut wrong = Vec::new();
    for (page, row) in pages.iter().zip(rows) {
        page.now([later.clone()]);
        let answer = ask(page, row.2);
        if giver(&answer) != row.3 {
            wrong.push(format!("{row:?}, but {} {:?}", answer.status(), answer.text()));
        }
    }
    assert!(wrong.is_empty(), "(stored, first request, second request, from):\n{}", wrong.join("\n"));
}

/// An HTTP date this many seconds from now.
pub fn date(seconds: i64) -> String {
    let span = Duration::from_secs(seconds.unsigned_abs());
    let now = SystemTime::now();
    httpdate::fmt_http_date(if seconds < 0 { now - span } else { now + span })
}

/// The age that an answer states, in seconds.
#[track_caller]
pub fn age(answer: &Answer) -> u64 {
    let lines = answer.head.lines("age");
    assert_eq!(lines.len(), 1, "one Age: {answer:?}");
    assert!(lines[0].bytes().all(|byte| byte.is_ascii_digit()), "a non-negative integer: {answer:?}");
    lines[0].parse().unwrap()
}
