//! Uploads that do not complete, and origins that do not wait for them: whose fault it is, and who gets which answer.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, Script, Seen, Step, scripts};

use crate::client::{Call, End, Open};
use crate::harness::{Edge, LARGE, any_port, eventually, guarded, settle};

/// An origin that is well, and whose pages differ in how early they answer. Breaker and budget are as they are by
/// default: what a client does must not be felt by others.
struct World {
    origin: Origin,
    edge: Edge,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let early = |seen: &Seen| -> Option<Script> {
        let answer = |status, end| {
            let [send, ..] = &scripts::answer(status, &[("Connection", "close")], "early")[..] else {
                unreachable!()
            };
            Some(vec![send.clone(), Step::Pause(Duration::from_millis(300)), end])
        };
        match seen.path().split('/').nth(1) {
            Some("closes") => answer("413 Content Too Large", Step::Close),
            Some("resets") => answer("413 Content Too Large", Step::Reset),
            Some("keeps") => answer("401 Unauthorized", Step::Hang),
            Some("hangs") => Some(scripts::hang()),
            Some("tears") => Some(scripts::reset()),
            _ => None,
        }
    };
    let late = |seen: &Seen| {
        let pause = if seen.path().starts_with("/thinks") { 600 } else { 0 };
        scripts::late(Duration::from_millis(pause), scripts::ok("fine"))
    };
    let origin = Origin::hasty(any_port(), early, late).unwrap();
    let edge = guarded(&[origin.url()]);
    World { origin, edge }
});

impl World {
    fn seen(&self, path: &str) -> Vec<Seen> {
        self.origin.seen().into_iter().filter(|seen| seen.path() == path).collect()
    }

    /// The next visitor is served, at the first attempt.
    #[track_caller]
    fn serves(&self) {
        let answer = self.edge.call("GET", "/visitor").send();
        answer.is(200, "fine");
        assert_eq!(answer.header("proxy-status"), None);
    }
}

/// How a client fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fails {
    ClosingItsSide,
    Resetting,
    FramingWrongly,
    FallingSilent,
}

/// How an upload is sent on.
#[derive(Clone, Copy, Debug)]
struct Sort {
    method: &'static str,
    chunked: bool,
    /// How much comes, of twice that.
    bytes: usize,
    reaches_origin: bool,
}

const SORTS: [Sort; 5] = [
    Sort { method: "POST", chunked: true, bytes: 100, reaches_origin: true },
    Sort { method: "POST", chunked: false, bytes: 100_000, reaches_origin: true },
    // These are held, so that they could be sent again, if they are small.
    Sort { method: "PUT", chunked: true, bytes: 100, reaches_origin: false },
    Sort { method: "PUT", chunked: false, bytes: 100, reaches_origin: false },
    Sort { method: "PUT", chunked: true, bytes: 100_000, reaches_origin: true },
];

fn half_of_an_upload(sort: Sort, path: &str) -> Open {
    let call = WORLD.edge.call(sort.method, path);
    let piece = "x".repeat(sort.bytes);
    if sort.chunked {
        let mut open = call.with("Transfer-Encoding", "chunked").open();
        open.write(format!("{:x}\r\n{piece}\r\n", sort.bytes).as_bytes());
        return open;
    }
    let mut open = call.with("Content-Length", &(2 * sort.bytes).to_string()).open();
    open.write(piece.as_bytes());
    open
}

fn is_the_clients(fails: Fails, status: u16, outcome: &str) {
    thread::scope(|scope| {
        for (number, sort) in SORTS.into_iter().enumerate() {
            let is_possible = sort.chunked || fails != Fails::FramingWrongly;
            // More than open a breaker.
            for round in 0..if is_possible { 6 } else { 0 } {
                scope.spawn(move || {
                    spoils(sort, fails, &format!("/{fails:?}/{number}/{round}"), status, outcome)
                });
            }
        }
    });
    WORLD.serves();
    assert!(!WORLD.edge.raw_log().contains("opened_by"), "{}", WORLD.edge.raw_log());
}

fn spoils(sort: Sort, fails: Fails, path: &str, status: u16, outcome: &str) {
    let mut open = half_of_an_upload(sort, path);
    if sort.reaches_origin {
        eventually("the origin has some of it", || WORLD.seen(path).iter().any(|seen| !seen.body.is_empty()));
    } else {
        settle();
    }
    match fails {
        Fails::ClosingItsSide => open.close_side(),
        Fails::FramingWrongly => open.write(b"zz\r\nwhat\r\n"),
        Fails::FallingSilent => {}
        Fails::Resetting => {}
    }
    if fails == Fails::Resetting {
        open.reset();
    } else {
        let answer = open.answer();
        assert_eq!((answer.status(), answer.error()), (status, "http_request_error".to_owned()), "{sort:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // The platform may end a request that holds nothing but an upload before anything can be said of it.
    if sort.reaches_origin || fails != Fails::Resetting {
        let line = WORLD.edge.log_of(path);
        assert_eq!(
            (&line["outcome"], &line["attempts"]),
            (&outcome.into(), &serde_json::Value::Null),
            "{line}"
        );
    }
    let seen = WORLD.seen(path);
    assert_eq!(seen.len(), usize::from(sort.reaches_origin), "{sort:?}");
    eventually("the origin sees it broken off", || {
        WORLD.seen(path).iter().all(|seen| seen.gone_at.is_some())
    });
    assert!(
        WORLD.seen(path).iter().all(|seen| !seen.whole),
        "the origin takes half an upload for a whole one"
    );
}

#[test]
fn an_upload_whose_client_closes_its_side_is_no_fault_of_the_origin() {
    is_the_clients(Fails::ClosingItsSide, 400, "client_error");
}

#[test]
fn an_upload_whose_client_resets_is_no_fault_of_the_origin() {
    is_the_clients(Fails::Resetting, 0, "client_gone");
}

#[test]
fn an_upload_that_is_framed_wrongly_is_no_fault_of_the_origin() {
    is_the_clients(Fails::FramingWrongly, 400, "client_error");
}

#[test]
fn an_upload_whose_client_falls_silent_is_no_fault_of_the_origin() {
    is_the_clients(Fails::FallingSilent, 408, "client_error");
}

#[test]
fn a_slow_upload_is_not_held_for_longer_than_an_origin_may_take() {
    // `timeouts.first_byte` is one second.
    let path = "/slow";
    let began = Instant::now();
    let mut open = WORLD.edge.call("PUT", path).with("Content-Length", "40").open();
    let mut first_seen = None;
    for _ in 0..40 {
        thread::sleep(Duration::from_millis(100));
        open.write(b"x");
        first_seen = first_seen.or_else(|| WORLD.seen(path).first().map(|seen| seen.at));
    }
    open.answer().is(200, "fine");
    let held_for = first_seen.expect("sent on while it was coming") - began;
    assert!(held_for > Duration::from_millis(900), "held for {held_for:?}");
    let seen = WORLD.seen(path);
    assert_eq!((seen.len(), seen[0].body.len(), seen[0].whole), (1, 40, true));
    assert!(WORLD.edge.logged(path).is_empty(), "nothing to tell of");
}

#[test]
fn an_origin_that_does_not_take_an_upload_is_late() {
    for path in ["/hangs/small", "/hangs/large"] {
        let length = if path.ends_with("large") { 20_000_000 } else { 10 };
        let call = WORLD.edge.call("POST", path).with("Content-Length", &length.to_string());
        let answer = thread::scope(|scope| {
            let mut open = call.open();
            let mut writer = open.again();
            scope.spawn(move || writer.write(&vec![b'x'; length]));
            let answer = open.head();
            drop(open);
            answer
        });
        assert_eq!(answer.status, 504, "{path}");
        assert_eq!(WORLD.edge.log_of(path)["failure"], "no_header_in_time", "{path}");
    }
    WORLD.serves();
}

#[test]
fn the_time_to_think_about_an_upload_counts_from_its_last_piece() {
    let mut open = WORLD.edge.call("POST", "/thinks").with("Content-Length", "3").open();
    for piece in [b"a", b"b", b"c"] {
        thread::sleep(Duration::from_millis(700));
        open.write(piece);
    }
    open.answer().is(200, "fine");
}

#[test]
fn an_upload_of_no_bytes_is_sent_like_any_other() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        for field in [("Content-Length", "0"), ("Transfer-Encoding", "chunked")] {
            let path = format!("/empty/{method}/{}", field.0);
            let mut open = WORLD.edge.call(method, &path).with(field.0, field.1).open();
            if field.1 == "chunked" {
                open.write(b"0\r\n\r\n");
            }
            assert_eq!(open.head().status, 200, "{path}");
            let seen = WORLD.seen(&path);
            assert_eq!((seen.len(), seen[0].body.len(), seen[0].whole), (1, 0, true), "{path}");
        }
    }
}

#[test]
fn an_origin_may_answer_before_it_has_read_the_upload() {
    for (path, status) in [("/closes", 413), ("/resets", 413), ("/keeps", 401)] {
        for length in [10, 3_000_000] {
            let path = format!("{path}/{length}");
            let mut open = WORLD.edge.call("POST", &path).with("Content-Length", &length.to_string()).open();
            let mut writer = open.again();
            let answer = thread::scope(|scope| {
                scope.spawn(move || writer.write(&vec![b'x'; length]));
                let head = open.head();
                let framing = open.framing(&head);
                let (body, end) = open.rest(framing);
                (head.status, body, end)
            });
            assert_eq!(answer, (status, b"early".to_vec(), End::Whole), "{path}");
            settle();
            assert!(WORLD.edge.logged(&path).is_empty(), "{path}: {}", WORLD.edge.raw_log());
        }
    }
    WORLD.serves();
}

#[test]
fn a_visitor_who_leaves_while_the_origin_thinks_says_nothing_of_it() {
    for round in 0..6 {
        let path = format!("/thinks/{round}");
        let open = WORLD.edge.call("GET", &path).with("Authorization", "Basic eDp5").open();
        eventually("the origin has it", || !WORLD.seen(&path).is_empty());
        open.reset();
    }
    settle();
    WORLD.serves();
    assert!(!WORLD.edge.raw_log().contains("/thinks/"), "{}", WORLD.edge.raw_log());
}

#[test]
fn a_visitor_who_leaves_in_the_middle_of_a_download_says_nothing_of_the_origin() {
    let mut silent =
        scripts::head_only("200 OK", &[("Cache-Control", "private"), ("Content-Type", "a/b")], 2 * LARGE);
    silent.splice(1.., [Step::Send(vec![b'x'; LARGE]), Step::Hang]);
    let endless = scripts::events(&["tick"; 1000], Duration::from_millis(50));
    let origin = Origin::start(any_port(), move |seen| match seen.path() {
        path if path.starts_with("/silent") => silent.clone(),
        path if path.starts_with("/endless") => endless.clone(),
        _ => scripts::ok("fine"),
    })
    .unwrap();
    let edge = guarded(&[origin.url()]);
    for round in 0..6 {
        for kind in ["silent", "endless"] {
            let path = format!("/{kind}/{round}");
            let mut open = edge.call("GET", &path).open();
            assert_eq!(open.head().status, 200);
            open.reset();
            let left = || origin.seen().iter().any(|seen| seen.path() == path && seen.gone_at.is_some());
            eventually("the connection to the origin is let go", left);
        }
    }
    settle();
    edge.call("GET", "/visitor").send().is(200, "fine");
    let log = edge.raw_log();
    assert!(!log.contains("/silent/") && !log.contains("/endless/"), "{log}");
}

#[test]
fn what_breaks_behind_an_early_answer_is_not_taken_for_the_origins_failure() {
    // It answers at once and goes on reading; its client breaks off while the answer is on its way.
    let origin = Origin::hasty(
        any_port(),
        |seen| {
            (seen.path() == "/both").then(|| {
                let script = scripts::hang_in_body(vec![b'x'; LARGE], LARGE);
                let Some(Step::Send(_)) = script.first() else { unreachable!() };
                script
            })
        },
        |_| scripts::ok("fine"),
    )
    .unwrap();
    let edge = guarded(&[origin.url()]);
    let mut open = edge.call("POST", "/both").with("Content-Length", "100").open();
    open.write(b"half");
    assert_eq!(open.head().status, 200);
    open.close_side();
    settle();
    assert!(edge.logged("/both").iter().all(|line| line["body"].is_null()), "{}", edge.raw_log());
    edge.call("GET", "/visitor").send().is(200, "fine");
}

#[test]
fn an_origin_that_resets_an_upload_has_failed() {
    let call: Call = WORLD.edge.call("POST", "/tears").body("hello");
    let answer = call.send();
    assert_eq!((answer.status(), answer.error().as_str()), (502, "connection_terminated"));
    assert_eq!(WORLD.edge.log_of("/tears")["failure"], "connection_lost");
    WORLD.serves();
}
