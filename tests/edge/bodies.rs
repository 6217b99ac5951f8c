//! Bodies arrive as the origin sent them: byte for byte, without delay, in both directions.

use std::thread;
use std::time::Duration;

use faulty_origin::{Gate, Script, Step, scripts};

use crate::client::{End, Framing, Piece};
use crate::harness::{Edge, LARGE, Page, QUICK_TOTAL, edge, eventually, overlay, quick, settle, site, tight};

/// "hello hello hello hello" in gzip, as `gzip -n9` writes it.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8,
    0x40, 0x27, 0x01, 0xe3, 0x51, 0x3d, 0x8d, 0x17, 0x00, 0x00, 0x00,
];

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn a_body_keeps_its_length_whether_held_or_streamed() {
    for length in [0, 1, 4096, 4097, LARGE, 1 << 20] {
        let body = pattern(length);
        let page = Page::new([scripts::with_headers(&[("Content-Type", "image/png")], &body)]);
        let answer = quick().get(&page).send();
        assert_eq!((answer.status(), &answer.end), (200, &End::Whole), "{length}");
        assert_eq!(answer.header("content-length"), Some(length.to_string().as_str()), "{length}");
        assert_eq!(answer.header("transfer-encoding"), None, "{length}");
        assert!(answer.body == body, "{length}");
    }
}

#[test]
fn a_body_of_unknown_length_arrives_whole() {
    for pieces in [&[&b"a"[..], b"b", b"c"][..], &[&[b'x'; LARGE], b"end"], &[]] {
        let page = Page::new([scripts::chunked(&[], pieces)]);
        let answer = quick().get(&page).send();
        assert_eq!((answer.status(), &answer.end), (200, &End::Whole));
        assert!(answer.body == pieces.concat());
    }
    for body in [b"until close".to_vec(), pattern(LARGE)] {
        let page = Page::new([scripts::close_delimited(&body)]);
        let answer = quick().get(&page).send();
        assert_eq!((answer.status(), &answer.end), (200, &End::Whole));
        assert!(answer.body == body);
    }
}

#[test]
fn a_compressed_body_is_not_touched() {
    for times in [1, 400] {
        let body = GZIP.repeat(times);
        let fields =
            [("Content-Encoding", "gzip"), ("Content-Type", "text/plain"), ("Vary", "Accept-Encoding")];
        let page = Page::new([scripts::with_headers(&fields, &body)]);
        for _ in 0..2 {
            let answer = quick().get(&page).with("Accept-Encoding", "gzip").send();
            assert_eq!(answer.header("content-encoding"), Some("gzip"));
            assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()));
            assert!(answer.body == body, "{} bytes became {}", body.len(), answer.body.len());
        }
    }
}

#[test]
fn a_visitor_who_cannot_unpack_gzip_gets_none() {
    let page = Page::by(|seen| {
        let unpacks = seen.header("accept-encoding").is_some_and(|codings| codings.contains("gzip"));
        let fields = [("Content-Type", "text/plain"), ("Vary", "Accept-Encoding")];
        if unpacks {
            scripts::with_headers(&[fields[0], fields[1], ("Content-Encoding", "gzip")], GZIP)
        } else {
            scripts::with_headers(&fields, "hello")
        }
    });
    quick().get(&page).with("Accept-Encoding", "identity").send().is(200, "hello");
    assert!(quick().get(&page).with("Accept-Encoding", "gzip, br").send().body == GZIP);
    quick().get(&page).send().is(200, "hello");
}

#[test]
fn a_slow_body_that_is_never_silent_for_long_arrives_whole() {
    let mut script = scripts::ok("x".repeat(20));
    let Some(Step::Send(bytes)) = script.first().cloned() else { unreachable!() };
    let (head, body) = bytes.split_at(bytes.len() - 20);
    let slow = scripts::drip(vec![Step::Send(body.to_vec())], Duration::from_millis(400));
    script.splice(0..1, [vec![Step::Send(head.to_vec())], slow].concat());
    let page = Page::new([script]);
    let answer = tight().get(&page).send();
    answer.is(200, &"x".repeat(20));
    assert_eq!(page.attempts(), 1);
    // 20 times 400 ms are longer than the deadline for the header and what a busy machine adds.
    assert!(answer.head_took < Duration::from_millis(1200 + 5000), "the header took {:?}", answer.head_took);
}

#[test]
fn events_arrive_one_by_one_as_they_are_sent() {
    let page = Page::new([scripts::events(&["one", "two", "three"], Duration::from_millis(2500))]);
    let mut open = quick().get(&page).with("Accept", "text/event-stream").open();
    let head = open.head();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    let mut framing = open.framing(&head);
    assert_eq!(open.piece(&mut framing), Piece::Data(b"data: one\n\n".to_vec()));
    assert!(page.seen()[0].answered_at.is_none(), "the first event came when the stream was over");
    assert_eq!(open.piece(&mut framing), Piece::Data(b"data: two\n\n".to_vec()));
    assert!(page.seen()[0].answered_at.is_none(), "the second event came when the stream was over");
    // The pauses are longer than `timeouts.idle`: silence is no fault of an event stream.
    assert_eq!(open.piece(&mut framing), Piece::Data(b"data: three\n\n".to_vec()));
    assert_eq!(open.piece(&mut framing), Piece::End(End::Whole));
}

/// An answer with these fields that says `one`, and after a pause `two`.
fn in_two_pieces(fields: &[(&str, &str)], pause: Duration) -> Script {
    let mut script = scripts::chunked(fields, &[b"one\n", b"two\n"]);
    script.insert(2, Step::Pause(pause));
    script
}

#[test]
fn what_is_written_as_it_comes_about_arrives_so_and_may_pause() {
    let kind = |kind| ("Content-Type", kind);
    let unbuffered = ("X-Accel-Buffering", "no");
    let streams = [
        vec![kind("text/event-stream;charset=UTF-8")],
        vec![kind("application/x-ndjson")],
        vec![kind("application/ndjson; charset=utf-8")],
        vec![kind("application/jsonl")],
        vec![kind("application/jsonlines")],
        vec![kind("application/stream+json")],
        vec![kind("application/json-seq")],
        vec![kind("application/geo+json-seq")],
        vec![kind("application/grpc")],
        vec![kind("application/grpc+proto")],
        vec![kind("application/grpc-web+proto")],
        vec![kind("multipart/x-mixed-replace; boundary=frame")],
        vec![kind("text/html"), unbuffered],
        // Also if it is stored, or could be resumed.
        vec![kind("application/x-ndjson"), ("Cache-Control", "max-age=60")],
        vec![kind("text/html"), unbuffered, ("Cache-Control", "max-age=60")],
        vec![kind("text/html"), unbuffered, ("ETag", "\"1\""), ("Accept-Ranges", "bytes")],
    ];
    thread::scope(|scope| {
        for fields in &streams {
            for method in ["GET", "POST"] {
                scope.spawn(move || {
                    // The pause is longer than `timeouts.idle`.
                    let page = Page::new([in_two_pieces(fields, Duration::from_millis(3500))]);
                    let mut open = quick().call(method, &page.path).with("Content-Length", "0").open();
                    let head = open.head();
                    let mut framing = open.framing(&head);
                    assert_eq!(open.piece(&mut framing), Piece::Data(b"one\n".into()), "{fields:?}");
                    assert!(
                        page.seen()[0].answered_at.is_none(),
                        "{method} {fields:?} came when all was sent"
                    );
                    assert_eq!(open.rest(framing), (b"two\n".into(), End::Whole), "{method} {fields:?}");
                });
            }
        }
    });
}

#[test]
fn lines_are_stored_only_where_they_say_so_and_what_has_no_end_never() {
    let kind = |kind| ("Content-Type", kind);
    let stored = ("Cache-Control", "public, max-age=60");
    let modified = ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (fields, is_stored) in [
        (&[kind("application/x-ndjson"), stored][..], true),
        (&[kind("application/x-ndjson"), modified], false),
        (&[kind("text/event-stream"), stored], false),
        (&[kind("multipart/x-mixed-replace; boundary=frame"), stored], false),
        (&[kind("application/grpc-web"), stored], false),
        (&[kind("text/html"), ("X-Accel-Buffering", "no"), stored], true),
        (&[kind("text/plain"), modified], true),
    ] {
        let page = Page::new([scripts::with_headers(fields, "one\ntwo\n")]);
        for _ in 0..2 {
            quick().get(&page).send().is(200, "one\ntwo\n");
            settle();
        }
        let validators = page.seen().iter().filter(|seen| seen.header("if-modified-since").is_some()).count();
        assert_eq!(page.attempts() == 1 || validators > 0, is_stored, "{fields:?}");
    }
}

#[test]
fn a_large_body_is_not_held() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 2 * LARGE);
    let page = Page::new([vec![
        Step::Send(head.into_bytes()),
        Step::Send(pattern(LARGE)),
        Step::Pause(Duration::from_millis(300)),
        Step::Send(pattern(LARGE)),
        Step::KeepAlive,
    ]]);
    let mut open = quick().get(&page).open();
    let head = open.head();
    let mut framing = open.framing(&head);
    let mut first = 0;
    while first < LARGE {
        let Piece::Data(piece) = open.piece(&mut framing) else { panic!("ended after {first} bytes") };
        first += piece.len();
    }
    assert!(page.seen()[0].answered_at.is_none(), "the first half came when all had been sent");
    assert!(matches!(framing, Framing::Length(left) if left + first == 2 * LARGE));
    assert_eq!(open.rest(framing).1, End::Whole);
}

#[test]
fn a_large_body_that_comes_slowly_arrives_as_it_comes() {
    let resumable = [("ETag", "\"v1\""), ("Accept-Ranges", "bytes")];
    let stored = ("Cache-Control", "max-age=600");
    for fields in [&[][..], &[stored], &resumable, &[stored, resumable[0], resumable[1]]] {
        let body = pattern(LARGE);
        let (early, late) = body.split_at(20_000);
        let gate = Gate::default();
        let mut script = scripts::head_only("200 OK", fields, LARGE);
        script.truncate(1);
        for piece in early.chunks(1000) {
            script.extend([Step::Send(piece.to_vec()), Step::Pause(Duration::from_millis(150))]);
        }
        script.extend([Step::Await(gate.clone()), Step::Send(late.to_vec()), Step::KeepAlive]);
        let page = Page::new([script]);
        let mut open = quick().get(&page).open();
        let head = open.head();
        let mut framing = open.framing(&head);
        let mut came = Vec::new();
        while came.len() < early.len() {
            let Piece::Data(piece) = open.piece(&mut framing) else { panic!("{fields:?}: {}", came.len()) };
            came.extend(piece);
        }
        assert!(page.seen()[0].answered_at.is_none());
        gate.open();
        let (rest, end) = open.rest(framing);
        came.extend(rest);
        assert!(came == body && end == End::Whole, "{fields:?}");
    }
}

#[test]
fn a_large_upload_streams_through() {
    let page = Page::new([scripts::ok("thanks")]);
    let body = pattern(1 << 20);
    for method in ["POST", "PUT"] {
        let call = quick().call(method, &page.path).with("Content-Length", &body.len().to_string());
        let before = page.attempts();
        let mut open = call.open();
        let (first, second) = body.split_at(body.len() / 2);
        open.write(first);
        eventually("the origin has the first half of the upload", || {
            page.seen().get(before).is_some_and(|seen| seen.body.len() > LARGE && !seen.whole)
        });
        open.write(second);
        open.answer().is(200, "thanks");
        assert!(page.seen()[before].body == body, "{method}");
    }
}

#[test]
fn an_upload_of_unknown_length_arrives_whole() {
    let page = Page::new([scripts::reset(), scripts::ok("thanks")]);
    let mut open = quick().call("PUT", &page.path).with("Transfer-Encoding", "chunked").open();
    open.write(b"3\r\nhel\r\n");
    open.write(b"2\r\nlo\r\n0\r\n\r\n");
    open.answer().is(200, "thanks");
    assert!(page.seen().iter().all(|seen| seen.body == b"hello"));
}

/// A worker of its own that holds bodies and uploads of up to 8 MiB, of the 32 that it holds together.
fn holding() -> Edge {
    let settings = [
        ("body.buffer", "8MiB"),
        ("retry.replay_body", "8MiB"),
        ("timeouts.idle", "60s"),
        ("timeouts.total", "60s"),
    ];
    Edge::start(&[site().url()], &overlay(&settings))
}

/// Whether a torn body is a failed attempt, as it is where it was held.
fn holds(edge: &Edge) -> bool {
    let page = Page::new([scripts::cut_short("half", 4), scripts::ok("better")]);
    let answer = edge.get(&page).send();
    assert_eq!(answer.status(), 200);
    (answer.text().as_str(), &answer.end) == ("better", &End::Whole)
}

#[test]
fn what_is_held_of_all_bodies_together_is_bounded_and_bodies_stream_past_it() {
    const MIB: usize = 1 << 20;
    let edge = holding();
    let mut slow = scripts::hang_in_body(vec![b'x'; 7 * MIB], MIB);
    slow.pop();
    let gate = Gate::default();
    slow.extend([Step::Await(gate.clone()), Step::Send(vec![b'x'; MIB]), Step::KeepAlive]);
    let mut open = Vec::new();
    // Four fill it to the last byte, unless one of them was sent on because just then `holds` held a few bytes.
    while holds(&edge) {
        assert!(open.len() < 20, "there is always room for another");
        open.push(edge.get(&Page::new([slow.clone()])).open());
        settle();
    }
    // What is not held any more is sent as it comes, and nothing fails.
    let whole = Page::new([scripts::ok(pattern(MIB))]);
    assert!(edge.get(&whole).send().body == pattern(MIB));
    let upload = Page::new([scripts::ok("thanks")]);
    edge.call("PUT", &upload.path).body(pattern(MIB)).send().is(200, "thanks");
    assert!(upload.seen()[0].body == pattern(MIB));
    gate.open();
    for open in open {
        let answer = open.answer();
        assert_eq!((answer.status(), &answer.end, answer.body.len()), (200, &End::Whole, 8 * MIB));
    }
    assert!(holds(&edge), "there is room again");
}

#[test]
fn what_was_held_is_not_counted_for_good() {
    const MIB: usize = 1 << 20;
    let edge = holding();
    let whole = scripts::with_headers(&[("Cache-Control", "no-store")], pattern(MIB));
    let torn = scripts::cut_short(pattern(MIB), 10);
    let chunked = scripts::chunked(&[], &[&pattern(MIB)]);
    let torn_chunked = scripts::torn_chunked(&[&pattern(MIB)]);
    // Each would fill it by itself.
    for script in [whole.clone(), torn, chunked, torn_chunked] {
        for _ in 0..if script == whole { 40 } else { 14 } {
            edge.get(&Page::new([script.clone()])).send();
        }
        assert!(holds(&edge));
    }
    for answer in
        [scripts::ok("thanks"), scripts::answer("503 Service Unavailable", &[], "no"), scripts::reset()]
    {
        let page = Page::new([answer]);
        for _ in 0..40 {
            edge.call("PUT", &page.path).body(pattern(MIB)).send();
        }
        assert!(holds(&edge));
    }
}

#[test]
fn a_length_takes_room_as_it_comes_and_not_when_it_is_announced() {
    let edge = Edge::start(&[site().url()], &overlay(&[("body.buffer", "1MiB"), ("timeouts.idle", "30s")]));
    let page = Page::new([scripts::hang_in_body("0123456789", (1 << 20) - 10)]);
    let open: Vec<_> = (0..60).map(|_| edge.get(&page).with("Authorization", "Basic eDp5").open()).collect();
    eventually("all are under way", || page.attempts() == open.len());
    settle();
    assert!(holds(&edge), "60 MiB were announced, and 600 bytes came");
}

#[test]
fn an_unmonitored_body_is_passed_on_as_it_comes() {
    let unwatched = edge(&overlay(&[("body.monitor", "false")]));
    let whole = Page::new([scripts::with_headers(&[("Cache-Control", "no-store")], pattern(LARGE))]);
    let answer = unwatched.get(&whole).send();
    assert_eq!((answer.body, answer.end), (pattern(LARGE), End::Whole));

    let torn = Page::new([scripts::cut_short_with(&[("Cache-Control", "no-store")], pattern(LARGE), 1000)]);
    let answer = unwatched.get(&torn).send();
    assert!(matches!(answer.end, End::Broken(_)), "a torn body looks whole");
    settle();
    assert_eq!(unwatched.logged(&torn.path), Vec::<serde_json::Value>::new());

    // Also what was to be held, and takes too long.
    let mut late = scripts::hang_in_body("half", 4);
    late.pop();
    let pause = || Step::Pause(Duration::from_millis(1500));
    for piece in ["w", "h", "o"] {
        late.extend([pause(), pause(), Step::Send(piece.into())]);
    }
    late.push(Step::Close);
    let slow = edge(&overlay(&[("body.monitor", "false"), ("timeouts.idle", "6s")]));
    let answer = slow.get(&Page::new([late])).send();
    assert_eq!((answer.status(), answer.end), (200, End::Broken("closed".to_owned())));

    // What is held is guarded as ever.
    let small = Page::new([scripts::cut_short("half", 4), scripts::ok("better")]);
    unwatched.get(&small).send().is(200, "better");
}

#[test]
fn a_visitor_who_leaves_frees_the_origin() {
    let silent = scripts::hang_in_body(vec![b'x'; LARGE], LARGE);
    let endless = scripts::events(&["tick"; 1000], Duration::from_millis(50));
    for script in [silent, endless] {
        let page = Page::new([script]);
        let mut open = quick().get(&page).open();
        assert_eq!(open.head().status, 200);
        drop(open);
        eventually("the origin sees the connection closed", || page.seen()[0].gone_at.is_some());
    }
}

#[test]
fn a_head_request_gets_no_body() {
    let page = Page::by(|seen| {
        let fields = [("Content-Type", "text/plain")];
        if seen.method == "HEAD" {
            scripts::head_only("200 OK", &fields, 5)
        } else {
            scripts::with_headers(&fields, "hello")
        }
    });
    let answer = quick().call("HEAD", &page.path).send();
    answer.is(200, "");
    assert_eq!(answer.header("content-length"), Some("5"));
    assert!(answer.took < QUICK_TOTAL);
    assert_eq!(page.seen()[0].method, "HEAD");
}

#[test]
fn an_upload_that_takes_longer_than_the_first_byte_is_not_the_origins_fault() {
    let page = Page::new([scripts::ok("thanks")]);
    for method in ["POST", "PUT"] {
        let mut open = quick().call(method, &page.path).with("Content-Length", "6").open();
        for piece in ["he", "ll", "o!"] {
            thread::sleep(Duration::from_millis(800));
            open.write(piece.as_bytes());
        }
        open.answer().is(200, "thanks");
    }
    assert!(page.seen().iter().all(|seen| seen.body == b"hello!"));
}

#[test]
fn a_body_arrives_whole_even_if_the_store_cannot_take_it() {
    let long = "x".repeat(17 * 1024);
    let fields = [("Cache-Control", "max-age=60"), ("Link", long.as_str())];
    let page = Page::new([scripts::with_headers(&fields, pattern(1 << 20))]);
    let answer = quick().get(&page).send();
    assert_eq!((answer.status(), &answer.end), (200, &End::Whole));
    assert!(answer.body == pattern(1 << 20));
}

#[test]
fn an_absurd_length_harms_nobody_else() {
    let other = Page::new([scripts::late(Duration::from_millis(300), scripts::ok("fine"))]);
    let page = Page::new([scripts::raw(
        "HTTP/1.1 200 OK\r\nContent-Length: 9007199254740993\r\nConnection: close\r\n\r\nhello",
    )]);
    thread::scope(|scope| {
        let slow = scope.spawn(|| quick().get(&other).send());
        for _ in 0..3 {
            quick().get(&page).send();
        }
        slow.join().unwrap().is(200, "fine");
    });
}
