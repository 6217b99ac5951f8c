//! One connection: request, script, and perhaps the next request.

use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::request::{Head, Incoming};
use crate::{Script, Seen, Shared, Step, lock, websocket};

/// How long [`Step::Hang`] hangs at most.
const HANG_LIMIT: Duration = Duration::from_secs(60);
/// How often a wait checks whether the origin was dropped.
const LOOK_UP: Duration = Duration::from_millis(20);

/// What comes after a script.
enum Next {
    Request,
    Fin,
    Rst,
    /// The client went first.
    Gone,
}

/// Serves requests until the connection is to end, and ends it.
pub fn run(stream: TcpStream, id: u64, shared: &Shared) {
    drop(stream.set_nodelay(true));
    let next = serve_all(&stream, shared).unwrap_or(Next::Gone);
    // A connection is only reset, or closed at all, when its last handle is.
    drop(lock(&shared.open).remove(&id));
    match next {
        Next::Rst => drop(SockRef::from(&stream).set_linger(Some(Duration::ZERO))),
        Next::Request | Next::Fin | Next::Gone => drop(stream.shutdown(Shutdown::Both)),
    }
}

fn serve_all(stream: &TcpStream, shared: &Shared) -> io::Result<Next> {
    let mut incoming = Incoming::new(stream);
    loop {
        let Some(head) = incoming.head()? else { return Ok(Next::Gone) };
        let (number, script) = read_request(stream, &mut incoming, head, shared)?;
        let next = play(script, stream, &mut incoming, shared);
        let gone = matches!(next, Ok(Next::Gone) | Err(_));
        if let Some(seen) = lock(&shared.seen).get_mut(number) {
            let stamp = if gone { &mut seen.gone_at } else { &mut seen.answered_at };
            *stamp = Some(Instant::now());
        }
        match next? {
            Next::Request => {}
            end @ (Next::Fin | Next::Rst | Next::Gone) => return Ok(end),
        }
    }
}

/// Notes the request as soon as its head is there, and its body as it comes; says what is done with it.
fn read_request(
    mut stream: &TcpStream,
    incoming: &mut Incoming<&TcpStream>,
    head: Head,
    shared: &Shared,
) -> io::Result<(usize, Script)> {
    let mut seen = Seen {
        at: Instant::now(),
        method: head.method.clone(),
        target: head.target.clone(),
        headers: head.headers.clone(),
        body: Vec::new(),
        whole: false,
        gone_at: None,
        answered_at: None,
    };
    let number = {
        let mut all = lock(&shared.seen);
        all.push(seen.clone());
        all.len() - 1
    };
    if let Some(script) = (shared.early)(&seen) {
        return Ok((number, script));
    }
    if head.expects_continue() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let result = incoming.body(&head, |piece| {
        seen.body.extend_from_slice(piece);
        if let Some(noted) = lock(&shared.seen).get_mut(number) {
            noted.body.extend_from_slice(piece);
        }
    });
    if let Some(noted) = lock(&shared.seen).get_mut(number) {
        noted.whole = result.is_ok();
        noted.gone_at = result.is_err().then(Instant::now);
    }
    seen.whole = true;
    result.map(|()| (number, (shared.behave)(&seen)))
}

fn play(
    script: Script,
    mut stream: &TcpStream,
    incoming: &mut Incoming<&TcpStream>,
    shared: &Shared,
) -> io::Result<Next> {
    for step in script {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes)?,
            Step::Pause(span) => {
                if client_leaves_within(span, stream, shared, || false)? {
                    return Ok(Next::Gone);
                }
            }
            Step::Await(gate) => {
                if client_leaves_within(HANG_LIMIT, stream, shared, || gate.is_open())? {
                    return Ok(Next::Gone);
                }
            }
            Step::Hang => {
                let gone = client_leaves_within(HANG_LIMIT, stream, shared, || false)?;
                return Ok(if gone { Next::Gone } else { Next::Fin });
            }
            Step::Reset => return Ok(Next::Rst),
            Step::Close => return Ok(Next::Fin),
            Step::KeepAlive => return Ok(Next::Request),
            Step::EchoWebSocket => {
                websocket::echo(incoming, stream)?;
                return Ok(Next::Fin);
            }
        }
    }
    Ok(Next::Fin)
}

/// Waits for `span`, or until the client has closed the connection, the origin is dropped or `enough`, and says whether
/// the client has.
fn client_leaves_within(
    span: Duration,
    stream: &TcpStream,
    shared: &Shared,
    enough: impl Fn() -> bool,
) -> io::Result<bool> {
    let until = Instant::now() + span;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || enough() || shared.dropped.load(Ordering::SeqCst) {
            stream.set_read_timeout(None)?;
            return Ok(false);
        }
        stream.set_read_timeout(Some(left.min(LOOK_UP)))?;
        match stream.peek(&mut [0]) {
            Ok(0) => return Ok(true),
            // More bytes wait, so that a close behind them cannot be seen.
            Ok(_) => thread::sleep(left.min(LOOK_UP)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Ok(true),
        }
    }
}
