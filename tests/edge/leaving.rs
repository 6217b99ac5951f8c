//! Clients who leave before they have what they came for: that they leave nothing behind, and say nothing of the origin.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, Script, Seen, Step, scripts};
use xtask::serve::Options;

use crate::client::{End, Open};
use crate::harness::{Edge, LARGE, any_port, behind, eventually, guarded, overlay, settle};

/// More than may be under way before the worker checks which requests are over.
const MANY: usize = 300;

/// Longer than from one check to the next.
const LOOKED: Duration = Duration::from_millis(2200);

/// The built module behind an entry that says how many bytes of memory it has.
const SAYS_ITS_MEMORY: &str = "import worker from \"./worker.js\";\n\
    import { initSync } from \"./requests.js\";\n\
    export * from \"./worker.js\";\n\
    export default {\n  ...worker,\n  fetch: (request, env, ctx) => request.url.endsWith(\"/.memory\")\n    \
    ? new Response(String(initSync().memory.buffer.byteLength)) : worker.fetch(request, env, ctx),\n};\n";

fn saying_its_memory() -> PathBuf {
    behind("memory", SAYS_ITS_MEMORY)
}

/// An origin that thinks for as long as its path says, in seconds, and a worker that waits for it.
fn before_a_thinker(built: Option<PathBuf>) -> (Origin, Edge) {
    let think = |seen: &Seen| {
        let seconds = seen.path().split('/').nth(1).and_then(|part| part.parse().ok());
        let fields = [("Cache-Control", "max-age=600")];
        scripts::late(Duration::from_secs(seconds.unwrap_or(0)), scripts::with_headers(&fields, "well"))
    };
    let origin = Origin::start(any_port(), think).unwrap();
    let patient = [("timeouts.first_byte", "60s"), ("timeouts.total", "60s"), ("timeouts.idle", "60s")];
    let edge = Edge::with(&[origin.url()], &overlay(&patient), Options { built, ..Options::default() });
    edge.call("GET", "/warm-up").send();
    (origin, edge)
}

/// A request whose answer is nobody else's, so that nobody waits with it.
fn ask(edge: &Edge, path: &str) -> Open {
    edge.call("GET", path).with("Authorization", "Basic eDp5").with("Large", &"x".repeat(8000)).open()
}

/// Many clients ask, and leave while the origin thinks.
fn many_leave(edge: &Edge) {
    let all: Vec<_> = (0..MANY).map(|number| ask(edge, &format!("/50/{number}"))).collect();
    thread::sleep(Duration::from_millis(300));
    all.into_iter().for_each(Open::reset);
    thread::sleep(LOOKED);
}

#[test]
fn clients_who_leave_while_the_origin_thinks_leave_nothing_behind() {
    let (_origin, edge) = before_a_thinker(Some(saying_its_memory()));
    let memory = || edge.call("GET", "/.memory").send().text().parse::<usize>().unwrap();
    let mut sizes = Vec::new();
    for _ in 0..6 {
        many_leave(&edge);
        sizes.push(memory());
    }
    println!("bytes after each {MANY} who left: {sizes:?}");
    // Who left last, and before that, is still there.
    assert!(sizes[5] * 10 < sizes[2] * 13, "{sizes:?}");
    edge.call("GET", "/visitor").send().is(200, "well");
}

#[test]
fn who_waits_while_many_leave_is_answered() {
    let (origin, edge) = before_a_thinker(None);
    let began = Instant::now();
    let thought_about = ask(&edge, "/9/page");
    let mut sent = edge.call("POST", "/0/upload").with("Content-Length", "5").open();
    // Others may come to wait for it, so it is fetched although its client leaves.
    let left = edge.call("GET", "/8/left").open();
    eventually("all at the origin", || origin.seen().len() >= 4);
    left.reset();
    for _ in 0..4 {
        many_leave(&edge);
        sent.write(b"x");
    }
    assert!(began.elapsed() > Duration::from_secs(9), "they were asked more than once");
    sent.write(b"x");
    sent.answer().is(200, "well");
    thought_about.answer().is(200, "well");
    let stored = edge.call("GET", "/8/left").send();
    stored.is(200, "well");
    assert!(stored.structured("cache-status").starts_with("Holdfast;hit"), "{stored:?}");
    assert!(!edge.raw_log().contains("holdfast:"), "{}", edge.raw_log());
}

const RESUMABLE: [(&str, &str); 3] =
    [("Cache-Control", "private"), ("ETag", "\"v\""), ("Accept-Ranges", "bytes")];

/// A body that comes in four pieces, in a second and a half.
fn unhurried(fields: &[(&str, &str)]) -> Script {
    let mut script = scripts::head_only("200 OK", fields, 4 * LARGE);
    for _ in 0..3 {
        script.splice(1..1, [Step::Send(vec![b'x'; LARGE]), Step::Pause(Duration::from_millis(500))]);
    }
    script.splice(1..1, [Step::Send(vec![b'x'; LARGE])]);
    script
}

/// What a client does to a connection that it has no more use for.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    Closing,
    Resetting,
}

const WAYS: [Leaves; 2] = [Leaves::Closing, Leaves::Resetting];

impl Leaves {
    fn leave(self, open: Open) {
        match self {
            Self::Closing => drop(open),
            Self::Resetting => open.reset(),
        }
    }
}

/// Nothing has been logged of the origin, and nothing counts against it.
#[track_caller]
fn says_nothing_of_the_origin(edge: &Edge) {
    let log = edge.raw_log();
    for word in ["failure", "opened_by", "\"body\"", "\"error\"", "holdfast:"] {
        assert!(!log.contains(word), "{word}: {log}");
    }
}

#[test]
fn who_leaves_in_the_middle_of_a_body_says_nothing_of_the_origin() {
    let origin = Origin::start(any_port(), |seen| match seen.path() {
        "/piped" => unhurried(&[("Cache-Control", "private")]),
        "/stored" => unhurried(&[("Cache-Control", "max-age=600")]),
        "/resumable" => unhurried(&RESUMABLE),
        _ => scripts::ok("fine"),
    })
    .unwrap();
    let edge = guarded(&[origin.url()]);
    for path in ["/piped", "/stored", "/resumable"] {
        // More clients than open a breaker; each asks for itself.
        thread::scope(|scope| {
            for number in 0..12 {
                let edge = &edge;
                scope.spawn(move || {
                    let call = edge.call("GET", path).with("Authorization", "Basic eDp5");
                    let mut open = call.with("CF-Connecting-IP", &format!("192.0.2.{number}")).open();
                    let head = open.head();
                    assert_eq!(head.status, 200, "{path}");
                    let mut framing = open.framing(&head);
                    open.piece(&mut framing);
                    WAYS[number % 2].leave(open);
                });
            }
        });
        settle();
        edge.call("GET", "/visitor").send().is(200, "fine");
        let next = edge.call("GET", path).send();
        assert_eq!((next.status(), next.body.len(), &next.end), (200, 4 * LARGE, &End::Whole), "{path}");
        assert_eq!(next.header("proxy-status"), None, "{path}");
    }
    settle();
    says_nothing_of_the_origin(&edge);
}

/// A masked text frame (RFC 6455 §5.2); the mask is zero.
const HELLO: &[u8] = b"\x81\x85\0\0\0\0hello";

#[test]
fn a_websocket_that_its_client_drops_says_nothing_of_the_origin() {
    let origin = Origin::start(any_port(), |seen| match seen.path() {
        "/socket" => scripts::websocket_echo(seen),
        _ => scripts::ok("fine"),
    })
    .unwrap();
    let edge = guarded(&[origin.url()]);
    let greeted = |number: usize| {
        let call = edge.call("GET", "/socket").with("CF-Connecting-IP", &format!("192.0.2.{number}"));
        let call = call.with("Upgrade", "websocket").with("Connection", "Upgrade");
        let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        let mut open = call.with("Sec-WebSocket-Version", "13").with(key.0, key.1).open();
        assert_eq!(open.head().status, 101);
        open.write(HELLO);
        assert_eq!(open.exactly(7), b"\x81\x05hello");
        open
    };
    for number in 0..12 {
        let mut open = greeted(number);
        // In the middle of a frame, too.
        if number % 3 == 0 {
            open.write(&HELLO[..8]);
        }
        WAYS[number % 2].leave(open);
    }
    let ended =
        || origin.seen().iter().filter(|seen| seen.gone_at.is_some() || seen.answered_at.is_some()).count();
    eventually("the origin hears of it", || ended() >= 12);
    edge.call("GET", "/visitor").send().is(200, "fine");
    drop(greeted(20));
    settle();
    says_nothing_of_the_origin(&edge);
}
