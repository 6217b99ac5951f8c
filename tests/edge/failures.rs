//! Each failure of an origin: its status, its word, and how often it is tried.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use faulty_origin::{Script, Step, scripts};

use crate::client::{Answer, End};
use crate::harness::{LARGE, Page, QUICK_TOTAL, any_port, edge_before, eventually, overlay, quick, settle};

/// One row of the table of failures in the contract.
struct Row {
    what: &'static str,
    script: Script,
    error: &'static str,
    status: u16,
    /// Of at most three.
    attempts: usize,
    received: Option<u16>,
}

const fn row(
    what: &'static str,
    script: Script,
    error: &'static str,
    status: u16,
    attempts: usize,
    received: Option<u16>,
) -> Row {
    Row { what, script, error, status, attempts, received }
}

fn check(rows: Vec<Row>) {
    let differences: Vec<String> = thread::scope(|scope| {
        let checks: Vec<_> = rows.iter().map(|row| scope.spawn(|| differences(row))).collect();
        checks.into_iter().flat_map(|check| check.join().unwrap()).collect()
    });
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

/// How the worker's answer to `row` differs from what the row says.
fn differences(row: &Row) -> Vec<String> {
    let page = Page::new([row.script.clone()]);
    let answer = quick().get(&page).browsing().send();
    // `cargo test --test edge failures -- --nocapture` shows the table as it was measured.
    let shown = answer.header("proxy-status").unwrap_or_default();
    println!(
        "| {} | {} | `{shown}` | {} | {} ms |",
        row.what,
        answer.status(),
        page.attempts(),
        answer.took.as_millis()
    );
    let received: Option<u16> = answer.proxy_status("received-status").and_then(|status| status.parse().ok());
    let mut differences = Vec::new();
    let mut compare = |field: &str, expected: String, found: String| {
        if expected != found {
            differences.push(format!("{}: {field} is {found}, not {expected}", row.what));
        }
    };
    compare("status", row.status.to_string(), answer.status().to_string());
    compare("error", row.error.to_owned(), answer.error());
    compare("received-status", format!("{:?}", row.received), format!("{received:?}"));
    compare("number of attempts", row.attempts.to_string(), page.attempts().to_string());
    compare("end of the body", "Whole".to_owned(), format!("{:?}", answer.end));
    compare("within its time", "true".to_owned(), (answer.took < QUICK_TOTAL).to_string());
    compare("leak", "[]".to_owned(), format!("{:?}", leaks(&answer)));
    differences
}

/// Words that only somebody inside should read.
fn leaks(answer: &Answer) -> Vec<&'static str> {
    let everything = format!("{:?} {}", answer.head, answer.text()).to_ascii_lowercase();
    let inside = ["internal error; reference", "network connection lost", "workerd", "wasm", "127.0.0.1"];
    inside.into_iter().filter(|word| everything.contains(word)).collect()
}

#[test]
fn a_lost_connection_is_a_502_and_tried_again() {
    let lost = |what, script| row(what, script, "connection_terminated", 502, 3, None);
    check(vec![
        lost("reset at once", scripts::reset()),
        lost("closed at once", scripts::close()),
        lost("closed in the status line", scripts::half_status_line()),
        lost("closed in the headers", scripts::half_header()),
        lost("reset in the headers", scripts::reset_in_header()),
        lost("an HTTP/0.9 body", scripts::http_09("<html>hello")),
    ]);
}

#[test]
fn an_answer_that_is_not_http_is_a_502() {
    // The platform does not distinguish it from a lost connection.
    let odd = |what, script| row(what, script, "connection_terminated", 502, 3, None);
    let conflicting = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok";
    check(vec![
        odd("garbage", scripts::garbage()),
        odd("1.5 MB of headers", scripts::large_headers(1_500_000)),
        odd("a status that is no number", scripts::raw("HTTP/1.1 abc Oh\r\n\r\n")),
        odd("two lengths", scripts::raw(conflicting)),
        odd("a length that is none", scripts::raw("HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok")),
    ]);
}

/// Browsers read such a body until the connection closes, and so does the platform.
#[test]
fn an_unknown_transfer_coding_is_read_as_a_browser_would() {
    let page = Page::new([scripts::unknown_transfer_coding()]);
    let answer = quick().get(&page).send();
    answer.is(200, "coo");
    assert_eq!(answer.header("transfer-encoding").filter(|coding| *coding != "chunked"), None);
}

#[test]
fn a_failed_tls_handshake_is_a_502() {
    let listener = TcpListener::bind(any_port()).unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(drop));
    let edge = edge_before(&[origin], &overlay(&[]));
    let answer = edge.call("GET", "/handshake").browsing().send();
    // Or its name was not found: the platform does not distinguish these.
    assert_eq!((answer.status(), answer.error().as_str()), (502, "http_protocol_error"));
    assert_eq!(edge.log_of("/handshake")["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(leaks(&answer), Vec::<&str>::new());
}

#[test]
fn silence_before_the_header_is_a_504_wherever_it_begins() {
    let silent = |what, script| row(what, script, "http_response_timeout", 504, 3, None);
    check(vec![
        silent("silence", scripts::hang()),
        silent("silence in the status line", scripts::hang_in_status_line()),
        silent("silence in the headers", scripts::hang_in_headers()),
        silent("a drip", scripts::drip(scripts::ok("late"), Duration::from_millis(100))),
    ]);
}

#[test]
fn a_small_body_that_tears_is_a_502_and_never_a_torn_200() {
    let torn = |what, script| row(what, script, "http_response_incomplete", 502, 3, Some(200));
    check(vec![
        torn("a body shorter than its length", scripts::cut_short("half", 4)),
        torn("a body reset before its length", scripts::reset_in_body("half", 4)),
        torn("chunks without the last", scripts::torn_chunked(&[b"half"])),
        torn("no chunk at all", scripts::torn_chunked(&[])),
        torn("a body until close, reset", scripts::torn_close_delimited("half")),
    ]);
}

#[test]
fn a_badly_framed_body_is_a_502() {
    // The platform does not distinguish it from a torn one.
    let error = "http_response_incomplete";
    check(vec![row("a bad chunk size", scripts::bad_chunk_size(), error, 502, 3, Some(200))]);
}

#[test]
fn a_small_body_that_falls_silent_is_a_504() {
    let silent = |what, script| row(what, script, "connection_read_timeout", 504, 3, Some(200));
    check(vec![
        silent("silence in the body", scripts::hang_in_body("half", 4)),
        silent("silence before the body", scripts::hang_in_body("", 4)),
    ]);
}

#[test]
fn a_status_that_cannot_be_is_a_502_and_not_tried_again() {
    let odd = |what, script, status| row(what, script, "http_protocol_error", 502, 1, Some(status));
    check(vec![
        odd("101 that nobody asked for", scripts::switches_unasked(), 101),
        odd("status 999", scripts::status_999(), 999),
    ]);
}

#[test]
fn a_hint_is_not_the_answer_and_nothing_behind_it_is_a_failure() {
    let hinted = Page::new([scripts::interim("103 Early Hints", scripts::ok("hello"))]);
    let alone = scripts::early_hints_alone();
    let then_silence = vec![Step::Send(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec()), Step::Hang];
    quick().get(&hinted).send().is(200, "hello");
    check(vec![
        row("103 alone", alone, "connection_terminated", 502, 3, None),
        row("103 and silence", then_silence, "http_response_timeout", 504, 3, None),
    ]);
}

#[test]
fn cloudflares_own_statuses_are_told_apart() {
    let edge = |code: u16, error, status, attempts| {
        let what = Box::leak(format!("Cloudflare's {code}").into_boxed_str());
        row(what, scripts::cloudflare(code), error, status, attempts, Some(code))
    };
    check(vec![
        edge(520, "http_protocol_error", 502, 3),
        edge(521, "connection_refused", 502, 3),
        edge(522, "connection_timeout", 504, 1),
        edge(523, "destination_ip_unroutable", 502, 2),
        edge(524, "http_response_timeout", 504, 1),
        edge(525, "tls_protocol_error", 502, 1),
        edge(526, "tls_certificate_error", 502, 1),
        edge(527, "connection_terminated", 502, 3),
    ]);
}

#[test]
fn cloudflares_530_is_told_apart_by_its_code() {
    let edge =
        |what, code, error, status| row(what, scripts::cloudflare_530(code), error, status, 2, Some(530));
    let no_code = scripts::answer("530 Origin DNS Error", &[], "");
    check(vec![
        edge("530 with code 1016", 1016, "dns_error", 502),
        edge("530 with code 1033", 1033, "destination_unavailable", 503),
        edge("530 with code 1000", 1000, "http_protocol_error", 502),
        row("530 without a code", no_code, "http_protocol_error", 502, 2, Some(530)),
    ]);
}

#[test]
fn a_large_body_that_tears_ends_the_connection_in_error() {
    for script in [
        scripts::cut_short(vec![b'x'; LARGE], LARGE),
        scripts::reset_in_body(vec![b'x'; LARGE], LARGE),
        scripts::cut_short(vec![b'x'; LARGE], 1),
    ] {
        let page = Page::new([script]);
        let answer = quick().get(&page).send();
        assert_eq!(answer.status(), 200);
        assert!(matches!(answer.end, End::Broken(_)), "a torn body ended as if whole");
        assert!(answer.body.iter().all(|&byte| byte == b'x') && answer.body.len() <= LARGE);
        assert_eq!(page.attempts(), 1);
        let line = quick().log_of(&page.path);
        assert_eq!(line["body"], "http_response_incomplete", "{line}");
    }
}

/// workerd writes the last chunk whenever a chunked body ends, for whatever reason: where the origin gave no
/// length, a client cannot be shown that a body it has begun to read is torn. The operator still is, and no
/// copy is kept.
#[test]
fn a_large_body_of_unknown_length_that_tears_is_reported_and_not_stored() {
    for script in [
        scripts::torn_chunked(&[&[b'x'; LARGE]]),
        scripts::torn_close_delimited(vec![b'x'; LARGE]),
        scripts::bad_chunk_size_after(&[b'x'; LARGE]),
    ] {
        let page = Page::new([script]);
        let answer = quick().get(&page).send();
        assert_eq!(answer.status(), 200);
        assert!(answer.body.iter().all(|&byte| byte == b'x') && answer.body.len() <= LARGE);
        let line = quick().log_of(&page.path);
        assert!(line["body"].is_string(), "{line}");
        settle();
        page.now([scripts::reset()]);
        assert_eq!(quick().get(&page).send().status(), 502, "a torn body was kept");
    }
}

#[test]
fn a_large_body_that_falls_silent_ends_the_connection_in_error() {
    let page = Page::new([scripts::hang_in_body(vec![b'x'; LARGE], LARGE)]);
    let answer = quick().get(&page).send();
    assert_eq!(answer.status(), 200);
    assert!(matches!(answer.end, End::Broken(_)), "{:?}", answer.end);
    assert!(answer.took < QUICK_TOTAL, "the client waited {:?}", answer.took);
    assert_eq!(quick().log_of(&page.path)["body"], "connection_read_timeout");
    eventually("the silent connection is given up", || page.seen()[0].gone_at.is_some());
}
