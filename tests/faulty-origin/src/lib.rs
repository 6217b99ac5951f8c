//! An HTTP/1.1 origin that misbehaves byte by byte.
//!
//! An [`Origin`] reads a request whole, asks its behaviour for a [`Script`], and plays it: these bytes,
//! this pause, then a reset. It knows what was asked of it, and which clients gave up waiting. Ready-made
//! misdeeds are in [`scripts`]. It is for tests and demonstrations; it trusts its clients.
#![allow(
    clippy::disallowed_methods,
    reason = "the origin stands outside the worker, in real time; the ban is for the stages"
)]

pub mod scripts;

mod connection;
mod request;
mod websocket;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What an origin does on a connection after it has read a request.
///
/// A script that ends without [`Step::KeepAlive`] ends the connection.
pub type Script = Vec<Step>;

/// One thing that an origin does on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Does nothing for a while.
    Pause(Duration),
    /// Does nothing until the gate is opened, for at most 60 s.
    Await(Gate),
    /// Does nothing until the client has gone or the origin is dropped, for at most 60 s.
    Hang,
    /// Ends the connection with RST.
    Reset,
    /// Ends the connection with FIN.
    Close,
    /// Reads the next request on this connection.
    KeepAlive,
    /// Echoes WebSocket messages until the client closes (RFC 6455); the handshake was sent before.
    EchoWebSocket,
}

/// Holds up the scripts that [await](Step::Await) it until a test opens it: for what must last as long as the test
/// needs, however slow the machine is.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Lets all go on that wait or will wait for it.
    pub fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_open(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl PartialEq for Gate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Gate {}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When its head had arrived.
    pub at: Instant,
    /// Its method.
    pub method: String,
    /// Its target, as sent.
    pub target: String,
    /// Its header fields in order, names as sent, one character a byte.
    pub headers: Vec<(String, String)>,
    /// As much of its body as has arrived, without chunk framing.
    pub body: Vec<u8>,
    /// Whether the body has arrived to its end.
    pub whole: bool,
    /// When the client was found to have closed the connection although the answer was not over.
    pub gone_at: Option<Instant>,
    /// When the script had been played to its end, or to the request after it.
    pub answered_at: Option<Instant>,
}

impl Seen {
    /// The value of the first header field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The values of all header fields of this name, in any case.
    pub fn header_lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// A listening origin. Dropping it ends its connections and threads.
pub struct Origin {
    addr: SocketAddr,
    shared: Arc<Shared>,
    listener: Mutex<Option<Listener>>,
}

type Behaviour = dyn Fn(&Seen) -> Script + Send + Sync;

/// What an origin says to a request of which it has read the head alone, if that is enough for it.
type Haste = dyn Fn(&Seen) -> Option<Script> + Send + Sync;

struct Shared {
    early: Box<Haste>,
    behave: Box<Behaviour>,
    seen: Mutex<Vec<Seen>>,
    open: Mutex<HashMap<u64, TcpStream>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    next_id: AtomicU64,
    dropped: AtomicBool,
}

struct Listener {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Origin {
    /// Listens at `addr` (port 0 for any free one) and answers each request with what `behave` says.
    pub fn start(
        addr: SocketAddr,
        behave: impl Fn(&Seen) -> Script + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::hasty(addr, |_| None, behave)
    }

    /// As [`start`](Self::start), but answers as soon as the head is there, and reads no body, where `early` says how.
    pub fn hasty(
        addr: SocketAddr,
        early: impl Fn(&Seen) -> Option<Script> + Send + Sync + 'static,
        behave: impl Fn(&Seen) -> Script + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            early: Box::new(early),
            behave: Box::new(behave),
            seen: Mutex::default(),
            open: Mutex::default(),
            threads: Mutex::default(),
            next_id: AtomicU64::new(0),
            dropped: AtomicBool::new(false),
        });
        let accepting = accept(listener, Arc::clone(&shared));
        Ok(Self { addr, shared, listener: Mutex::new(Some(accepting)) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it listens, as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every request so far, in the order in which their heads arrived.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// How many clients closed the connection before their answer was over.
    pub fn abandoned(&self) -> usize {
        lock(&self.shared.seen).iter().filter(|seen| seen.gone_at.is_some()).count()
    }

    /// Closes the listener and every connection, as if the process had died: from now on connections
    /// are refused.
    pub fn refuse(&self) {
        let Some(listener) = lock(&self.listener).take() else { return };
        listener.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits in accept().
        drop(TcpStream::connect(reachable(self.addr)));
        drop(listener.thread.join());
        self.shared.close_all();
    }

    /// Listens again at the same port; does nothing if it already does.
    pub fn listen(&self) -> io::Result<()> {
        let mut listener = lock(&self.listener);
        if listener.is_none() {
            *listener = Some(accept(TcpListener::bind(self.addr)?, Arc::clone(&self.shared)));
        }
        Ok(())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.dropped.store(true, Ordering::SeqCst);
        self.refuse();
        self.shared.close_all();
        let threads: Vec<_> = lock(&self.shared.threads).drain(..).collect();
        for thread in threads {
            drop(thread.join());
        }
    }
}

impl Shared {
    fn close_all(&self) {
        for stream in lock(&self.open).values() {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

fn accept(listener: TcpListener, shared: Arc<Shared>) -> Listener {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = thread::spawn(move || {
        for stream in listener.incoming() {
            if stopped.load(Ordering::SeqCst) {
                return;
            }
            if let Ok(stream) = stream {
                serve(stream, &shared);
            }
        }
    });
    Listener { stop, thread }
}

fn serve(stream: TcpStream, shared: &Arc<Shared>) {
    let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
    let Ok(handle) = stream.try_clone() else { return };
    lock(&shared.open).insert(id, handle);
    let shared_here = Arc::clone(shared);
    let thread = thread::spawn(move || connection::run(stream, id, &shared_here));
    let mut threads = lock(&shared.threads);
    threads.retain(|thread| !thread.is_finished());
    threads.push(thread);
}

/// An address at which a listener bound to `addr` can be reached from here.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => addr,
    }
}

/// Locks `mutex`, also after a panic in another thread: what it guards is valid between any two writes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
