use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::*;

fn origin(behave: impl Fn(&Seen) -> Script + Send + Sync + 'static) -> Origin {
    Origin::start(SocketAddr::from(([127, 0, 0, 1], 0)), behave).unwrap()
}

fn connect(origin: &Origin) -> TcpStream {
    let stream = TcpStream::connect(origin.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

/// Sends `request` and reads to the end of the connection.
fn exchange(origin: &Origin, request: &str) -> io::Result<String> {
    let mut stream = connect(origin);
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Polls until `done`; the origin's threads are not in step with the test.
fn eventually(done: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(5);
    while !done() {
        assert!(Instant::now() < until, "not in five seconds");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_request_is_noted_whole_with_its_body_however_framed() {
    let origin = origin(|_| scripts::raw("done"));
    let plain = "PUT /a?b=c HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello";
    let chunked =
        "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n";
    assert_eq!(exchange(&origin, plain).unwrap(), "done");
    assert_eq!(exchange(&origin, chunked).unwrap(), "done");
    let [first, second] = origin.seen().try_into().unwrap();
    assert_eq!((first.method.as_str(), first.target.as_str(), first.path()), ("PUT", "/a?b=c", "/a"));
    assert_eq!(first.header_lines("X-a").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!((first.header("host"), first.header("none")), (Some("h"), None));
    assert_eq!((first.body.as_slice(), second.body.as_slice()), (&b"hello"[..], &b"hello"[..]));
    assert!(first.whole && second.whole);
}

#[test]
fn a_body_is_seen_while_it_comes() {
    let origin = origin(|_| scripts::raw("done"));
    let mut stream = connect(&origin);
    stream.write_all(b"PUT / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab").unwrap();
    eventually(|| origin.seen().first().is_some_and(|seen| seen.body == b"ab" && !seen.whole));
    drop(stream);
    eventually(|| origin.abandoned() == 1);
}

#[test]
fn a_connection_carries_several_requests() {
    let origin = origin(|seen| if seen.target == "/2" { scripts::raw("bye") } else { scripts::ok("hi") });
    let answer = exchange(&origin, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhibye");
}

#[test]
fn a_closing_answer_says_so_and_is_the_last() {
    let late = scripts::late(Duration::from_millis(1), scripts::ok("hi"));
    let origin = origin(move |_| scripts::closing(late.clone()));
    let answer = exchange(&origin, "GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
    for script in [scripts::reset(), scripts::cut_short("x", 1), scripts::hang()] {
        assert_eq!(scripts::closing(script.clone()), script);
    }
    let hinted = scripts::closing(scripts::interim("103 Early Hints", scripts::ok("hi")));
    assert_eq!(hinted.last(), Some(&Step::Close));
}

#[test]
fn a_reset_is_a_reset_and_a_close_is_a_close() {
    let origin = origin(|seen| if seen.target == "/reset" { scripts::reset() } else { scripts::close() });
    assert_eq!(exchange(&origin, "GET /close HTTP/1.1\r\n\r\n").unwrap(), "");
    let error = exchange(&origin, "GET /reset HTTP/1.1\r\n\r\n").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_refusing_origin_can_come_back_at_the_same_port() {
    let origin = origin(|_| scripts::ok("hi"));
    let mut idle = connect(&origin);
    origin.refuse();
    origin.refuse();
    assert_eq!(
        TcpStream::connect(origin.addr()).map(drop).unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
    assert!(matches!(idle.read(&mut [0]), Ok(0) | Err(_)), "connections end with the listener");
    origin.listen().unwrap();
    origin.listen().unwrap();
    drop(connect(&origin));
}

#[test]
fn a_client_that_gives_up_is_noticed() {
    let origin = origin(|_| scripts::hang());
    let mut stream = connect(&origin);
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    eventually(|| origin.seen().len() == 1);
    assert_eq!(origin.abandoned(), 0);
    drop(stream);
    eventually(|| origin.abandoned() == 1);
    let seen = origin.seen().remove(0);
    assert!(seen.gone_at.is_some() && seen.answered_at.is_none());
}

#[test]
fn dropping_the_origin_ends_what_hangs() {
    let origin = origin(|_| vec![Step::Pause(Duration::from_secs(50)), Step::Hang]);
    let mut stream = connect(&origin);
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    eventually(|| origin.seen().len() == 1);
    let began = Instant::now();
    drop(origin);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_drip_is_the_same_answer_slower() {
    let script = scripts::drip(scripts::ok("hello"), Duration::from_micros(10));
    let sent: Vec<u8> = script
        .iter()
        .filter_map(|step| if let Step::Send(bytes) = step { Some(bytes[0]) } else { None })
        .collect();
    assert_eq!(sent, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(script.last(), Some(&Step::KeepAlive));
}

#[test]
fn websocket_messages_come_back() {
    // The frames are RFC 6455 §5.7's, and a close.
    let origin = origin(scripts::websocket_echo);
    let mut stream = connect(&origin);
    stream
        .write_all(
            b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .unwrap();
    stream.write_all(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).unwrap();
    stream.write_all(&[0x88, 0x80, 0, 0, 0, 0]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 101 "), "{text}");
    assert!(text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{text}");
    assert!(answer.ends_with(b"\r\n\r\n\x81\x05Hello\x88\x00"), "{answer:?}");
}
