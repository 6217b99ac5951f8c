//! What is tried again, when, where, and what never is.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, Seen, Step, scripts};

use crate::harness::{
    Edge, LARGE, PATIENT, Page, QUICK_TOTAL, any_port, edge_before, eventually, nobody, overlay, patient,
    quick, site, tight,
};

/// Bytes that anything which took them for text would change.
fn binary(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 % 256) as u8).collect()
}

/// The time between the first two requests.
fn gap(seen: &[Seen]) -> Duration {
    seen[1].at.duration_since(seen[0].at)
}

#[test]
fn a_torn_small_body_is_tried_again_and_the_visitor_gets_the_whole_one() {
    let page = Page::new([scripts::cut_short("hel", 2), scripts::ok("hello")]);
    let answer = quick().get(&page).send();
    answer.is(200, "hello");
    assert_eq!(page.attempts(), 2);
}

#[test]
fn a_failure_that_passes_is_not_noticed() {
    for failure in [
        scripts::reset(),
        scripts::garbage(),
        scripts::hang(),
        scripts::hang_in_body("x", 9),
        scripts::bad_chunk_size(),
        scripts::cloudflare(521),
        scripts::answer("502 Bad Gateway", &[], "inner"),
        scripts::answer("503 Service Unavailable", &[], "inner"),
        scripts::answer("504 Gateway Timeout", &[], "inner"),
    ] {
        let page = Page::new([failure.clone(), scripts::ok("hello")]);
        quick().get(&page).send().is(200, "hello");
        assert_eq!(page.attempts(), 2, "{failure:?}");
    }
}

#[test]
fn a_retry_is_marked_and_never_immediate() {
    let page = Page::new([scripts::reset(), scripts::reset(), scripts::ok("hello")]);
    patient().get(&page).send().is(200, "hello");
    let seen = page.seen();
    let marks: Vec<_> = seen.iter().map(|seen| seen.header("holdfast-attempt")).collect();
    assert_eq!(marks, [None, Some("2"), Some("3")]);
    for pair in seen.windows(2) {
        assert!(gap(pair) >= Duration::from_millis(20), "{:?}", gap(pair));
    }
}

#[test]
fn a_request_that_somebody_else_retries_is_not_retried_again() {
    let page = Page::new([scripts::reset(), scripts::ok("hello")]);
    let answer = quick().get(&page).with("Holdfast-Attempt", "2").send();
    assert_eq!((answer.status(), page.attempts()), (502, 1));
}

/// The platform sends a GET that is lost on a connection used before again, on the next idle one, until a fresh one fails:
/// neither attempts nor budget know of it, and nothing that a worker can say keeps it from that.
#[test]
fn what_is_lost_on_a_used_connection_is_repeated_by_the_platform_and_counted_once() {
    const IDLE: usize = 4;
    let origin = Origin::start(any_port(), |seen| match seen.path() {
        "/lost" => scripts::reset(),
        _ => scripts::late(
            Duration::from_millis(300),
            scripts::with_headers(&[("Cache-Control", "no-store")], ""),
        ),
    })
    .unwrap();
    let edge = Edge::start(&[origin.url()], &overlay(&[]));
    // How often each attempt comes to the origin.
    let comes = |method: &str| {
        thread::scope(|scope| {
            for number in 0..IDLE {
                let edge = &edge;
                scope.spawn(move || drop(edge.call("GET", &format!("/warm/{number}")).send()));
            }
        });
        let before = origin.seen().len();
        let answer = edge.call(method, "/lost").send();
        assert_eq!((answer.status(), answer.error().as_str()), (502, "connection_terminated"));
        let seen = origin.seen().split_off(before);
        let marked = |mark| seen.iter().filter(|seen| seen.header("holdfast-attempt") == mark).count();
        [None, Some("2"), Some("3")].map(marked)
    };
    assert_eq!(comes("GET"), [IDLE + 1, 1, 1]);
    assert_eq!(edge.log_of("/lost")["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(comes("DELETE"), [IDLE + 1, 1, 1]);
    assert_eq!(comes("POST"), [1, 0, 0]);
}

#[test]
fn an_origin_that_comes_back_in_time_is_found() {
    let origin = Origin::start(any_port(), |_| scripts::ok("back")).unwrap();
    let edge = Edge::start(&[origin.url()], &overlay(PATIENT));
    let before = origin.seen().len();
    origin.refuse();
    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| edge.call("GET", "/").send());
        thread::sleep(Duration::from_millis(100));
        origin.listen().unwrap();
        asked.join().unwrap()
    });
    answer.is(200, "back");
    assert_eq!(origin.seen().len(), before + 1);
}

#[test]
fn a_refused_connection_is_a_502() {
    let origin = Origin::start(any_port(), |_| scripts::ok("up")).unwrap();
    let edge = Edge::start(&[origin.url()], &overlay(&[]));
    origin.refuse();
    let answer = edge.call("GET", "/refused").send();
    assert_eq!((answer.status(), answer.error().as_str()), (502, "connection_terminated"));
    let line = edge.log_of("/refused");
    assert_eq!(line["attempts"].as_array().unwrap().len(), 3, "{line}");
}

#[test]
fn the_next_attempt_goes_to_the_next_origin() {
    let origins = [nobody(), site().url()];
    let edge = edge_before(&origins, &overlay(&[]));
    let page = Page::new([scripts::ok("from the second")]);
    edge.get(&page).send().is(200, "from the second");
    let failing = Page::new([scripts::cloudflare(526)]);
    let answer = edge.get(&failing).send();
    assert_eq!((answer.status(), answer.error().as_str()), (502, "connection_terminated"));
    assert_eq!(failing.attempts(), 1, "a bad certificate stays bad");
}

#[test]
fn the_origins_retry_after_is_a_minimum() {
    let asked = [("Retry-After", "1")];
    let page = Page::new([scripts::answer("503 Service Unavailable", &asked, ""), scripts::ok("hello")]);
    patient().get(&page).send().is(200, "hello");
    assert!(gap(&page.seen()) >= Duration::from_millis(990), "{:?}", gap(&page.seen()));
}

#[test]
fn a_retry_after_beyond_the_limit_is_not_waited_for_and_reaches_the_visitor() {
    let asked = [("Retry-After", "37"), ("Content-Type", "text/html")];
    let page = Page::new([scripts::answer("503 Service Unavailable", &asked, "busy"), scripts::ok("hello")]);
    let answer = quick().get(&page).browsing().send();
    assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("37")));
    assert_eq!(page.attempts(), 1);
}

#[test]
fn cloudflares_retry_after_does_not_keep_from_retrying() {
    let page = Page::new([scripts::cloudflare(521), scripts::ok("hello")]);
    quick().get(&page).send().is(200, "hello");
}

#[test]
fn a_final_status_is_final() {
    for status in
        ["500 Internal Server Error", "501 Not Implemented", "404 Not Found", "429 Too Many Requests"]
    {
        let page = Page::new([scripts::answer(status, &[("Content-Type", "text/plain")], "no")]);
        let answer = quick().get(&page).send();
        answer.is(status[..3].parse().unwrap(), "no");
        assert_eq!(page.attempts(), 1, "{status}");
    }
}

#[test]
fn an_unsafe_request_is_sent_once() {
    for method in ["POST", "PATCH"] {
        for failure in
            [scripts::reset(), scripts::cut_short("x", 1), scripts::cloudflare(520), scripts::hang()]
        {
            let page = Page::new([failure.clone(), scripts::ok("twice")]);
            let answer = quick().call(method, &page.path).body("pay 10").send();
            assert!([502, 504].contains(&answer.status()), "{method} {failure:?}: {}", answer.status());
            let seen = page.seen();
            assert_eq!((seen.len(), seen[0].body.as_slice()), (1, &b"pay 10"[..]), "{method} {failure:?}");
        }
    }
}

#[test]
fn a_503_to_an_unsafe_request_is_passed_on_unchanged() {
    let html = [("Content-Type", "text/html"), ("Retry-After", "9"), ("X-Own", "1")];
    let page = Page::new([
        scripts::answer("503 Service Unavailable", &html, "<p>We are busy today"),
        scripts::ok("twice"),
    ]);
    let answer = quick().call("POST", &page.path).browsing().body("pay 10").send();
    answer.is(503, "<p>We are busy today");
    assert_eq!((answer.header("retry-after"), answer.header("x-own")), (Some("9"), Some("1")));
    assert_eq!(page.attempts(), 1);
}

#[test]
fn a_small_body_of_a_put_is_replayed_byte_for_byte() {
    let page = Page::new([scripts::reset(), scripts::cut_short("x", 1), scripts::ok("stored")]);
    let body = binary(1024);
    quick().call("PUT", &page.path).with("Content-Type", "image/png").body(&body).send().is(200, "stored");
    let seen = page.seen();
    assert_eq!(seen.len(), 3);
    for seen in seen {
        assert_eq!((seen.method.as_str(), &seen.body), ("PUT", &body));
        assert_eq!(seen.header("content-type"), Some("image/png"));
        assert_eq!(seen.header("content-length"), Some("1024"));
    }
}

#[test]
fn a_large_body_of_a_put_is_sent_once() {
    let page = Page::new([scripts::reset(), scripts::ok("twice")]);
    let body = binary(LARGE);
    let answer = quick().call("PUT", &page.path).body(&body).send();
    assert_eq!((answer.status(), answer.error().as_str()), (502, "connection_terminated"));
    let seen = page.seen();
    assert_eq!((seen.len(), &seen[0].body), (1, &body));
}

#[test]
fn a_delete_is_tried_again() {
    let page = Page::new([scripts::reset(), scripts::answer("204 No Content", &[], "")]);
    assert_eq!(quick().call("DELETE", &page.path).send().status(), 204);
    assert_eq!(page.seen().iter().filter(|seen| seen.method == "DELETE").count(), 2);
}

#[test]
fn a_key_repeats_a_post_only_where_the_operator_vouches_for_the_origin() {
    let key = ("Idempotency-Key", "\"8e03978e\"");
    for (vouched, keyed, status, attempts) in
        [(false, true, 502, 1), (true, false, 502, 1), (true, true, 200, 2)]
    {
        let page = Page::new([scripts::reset(), scripts::ok("done")]);
        let edge = if vouched { patient() } else { quick() };
        let mut call = edge.call("POST", &page.path).body("pay 10");
        if keyed {
            call = call.with(key.0, key.1);
        }
        let status_and_attempts = (call.send().status(), page.attempts());
        assert_eq!(status_and_attempts, (status, attempts), "vouched: {vouched}, keyed: {keyed}");
    }
}

#[test]
fn a_key_that_says_nothing_or_does_not_reach_the_origin_repeats_nothing() {
    for fields in [
        &[("Idempotency-Key", "")][..],
        &[("Idempotency-Key", "\"\"")],
        &[("Idempotency-Key", "one"), ("Idempotency-Key", "two")],
        &[("Idempotency-Key", "one"), ("Connection", "Idempotency-Key")],
        &[("Idempotency-Key", &"k".repeat(300))],
    ] {
        let page = Page::new([scripts::reset(), scripts::ok("done")]);
        let call = patient().call("POST", &page.path).body("pay 10");
        let call = fields.iter().fold(call, |call, (name, value)| call.with(name, value));
        assert_eq!((call.send().status(), page.attempts()), (502, 1), "{fields:?}");
    }
}

#[test]
fn the_deadline_is_for_all_attempts_together() {
    let page = Page::new([scripts::hang()]);
    let answer = tight().get(&page).send();
    assert_eq!((answer.status(), answer.error().as_str()), (504, "http_response_timeout"));
    assert!(answer.took >= Duration::from_millis(1000), "{:?}", answer.took);
    assert!(answer.took < Duration::from_millis(1200 + 5000), "{:?}", answer.took);
    assert!((2..=3).contains(&page.attempts()), "{}", page.attempts());
}

#[test]
fn an_attempt_that_was_given_up_is_cancelled() {
    let page = Page::new([scripts::hang(), scripts::hang_in_body("x", 9), scripts::ok("hello")]);
    let began = Instant::now();
    quick().get(&page).send().is(200, "hello");
    assert!(began.elapsed() < QUICK_TOTAL);
    eventually("the origin sees both connections closed", || {
        page.seen().iter().filter(|seen| seen.gone_at.is_some()).count() == 2
    });
}

/// An isolate whose origin has let no limit pass yet.
fn trusting() -> Edge {
    let settings = [("timeouts.first_byte", "300ms"), ("timeouts.total", "10s"), ("retry.attempts", "5")];
    Edge::start(&[site().url()], &overlay(&settings))
}

#[test]
fn an_origin_that_lets_limits_pass_for_the_first_time_keeps_one_connection_open_at_most() {
    let (edge, hang) = (trusting(), scripts::hang);
    let page = Page::new([hang(), hang(), hang(), hang(), scripts::ok("hello")]);
    let answer = edge.get(&page).send();
    answer.is(200, "hello");
    // The first is left alone, the others are cancelled one by one.
    let open = |seen: &Vec<Seen>| seen.iter().filter(|seen| seen.gone_at.is_none()).count();
    assert!(open(&page.seen()) <= 2, "{:?}", page.seen());
    eventually("the origin sees all of them closed", || open(&page.seen()) <= 1);
}

#[test]
fn an_answer_that_comes_after_the_limit_is_not_read() {
    let edge = trusting();
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n".to_vec();
    let body = (0..200).map(|_| Step::Send(vec![b'x'; 250_000]));
    let endless = [Step::Send(head)].into_iter().chain(body).collect();
    let late = scripts::late(Duration::from_millis(600), endless);
    let page = Page::new([late, scripts::hang(), scripts::hang(), scripts::hang(), scripts::ok("hello")]);
    edge.get(&page).send().is(200, "hello");
    eventually("the origin is not left to send it all", || page.seen()[0].gone_at.is_some());
}

#[test]
fn the_rest_of_an_answer_that_failed_is_not_waited_for() {
    let head = b"HTTP/1.1 521 Web server is down\r\nContent-Length: 9999\r\n\r\n<html>";
    let page = Page::new([vec![Step::Send(head.to_vec()), Step::Hang], scripts::ok("hello")]);
    quick().get(&page).send().is(200, "hello");
    eventually("the origin sees the connection closed", || page.seen()[0].gone_at.is_some());
}

#[test]
fn an_origin_is_reached_at_its_own_name() {
    let addr: SocketAddr = site().addr();
    let page = Page::new([scripts::ok("hello")]);
    quick().get(&page).send().is(200, "hello");
    assert_eq!(page.seen()[0].header("host"), Some(addr.to_string().as_str()));
}
