//! What stands around a worker: the site's origin, and the platform's cache and key-value store, which workerd reaches
//! over HTTP. They run in this process, so that none of their time counts as a worker's.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use anyhow::Result;

use crate::server::{self, Reply, Seen};

/// The origin of the site, which can be made to break off every connection.
pub struct Origin {
    pub addr: SocketAddr,
    is_down: Arc<AtomicBool>,
}

impl Origin {
    pub fn start() -> Result<Self> {
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let addr = server::serve(move || {
            let pages = pages();
            let mut tried = HashSet::new();
            move |seen: Seen<'_>| {
                if down.load(Ordering::Relaxed) {
                    return Reply::Close;
                }
                let (path, query) = seen.target.split_once('?').unwrap_or((seen.target, ""));
                // The first attempt fails, whatever follows is answered.
                if path == "/second" && tried.insert(query.to_owned()) {
                    return Reply::Send(Rc::clone(&pages["/unavailable"]));
                }
                Reply::Send(Rc::clone(pages.get(path).unwrap_or(&pages["/missing"])))
            }
        })?;
        Ok(Self { addr, is_down })
    }

    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }
}

/// Text that is as long as is wanted and does not repeat too soon.
pub fn text(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    let mut line = 0_u32;
    while text.len() < bytes {
        let _ = writeln!(text, "<p>{:08x}", line.wrapping_mul(0x9e37_79b9));
        line += 1;
    }
    text.truncate(bytes);
    text
}

fn pages() -> HashMap<&'static str, Rc<[u8]>> {
    let not_cacheable = "Cache-Control: no-store\r\n";
    let tagged = "Cache-Control: max-age=86400, stale-if-error=86400\r\nETag: \"one\"\r\n";
    let date = httpdate::fmt_http_date(SystemTime::now());
    let mut many = not_cacheable.to_owned();
    // 40 with those that every page has.
    for number in 1..=35 {
        let _ = write!(many, "X-Field-{number}: value number {number} of some length\r\n");
    }
    let page = |status: &str, fields: &str, bytes: usize| -> Rc<[u8]> {
        let body = text(bytes);
        let head = format!(
            "HTTP/1.1 {status}\r\nDate: {date}\r\nServer: bench\r\n\
             Content-Type: text/html; charset=utf-8\r\nContent-Length: {bytes}\r\n{fields}\r\n"
        );
        [head.as_bytes(), body.as_bytes()].concat().into()
    };
    HashMap::from([
        ("/1k", page("200 OK", not_cacheable, 1000)),
        ("/100k", page("200 OK", not_cacheable, 100_000)),
        ("/10m", page("200 OK", not_cacheable, 10_000_000)),
        ("/fields", page("200 OK", &many, 1000)),
        ("/second", page("200 OK", not_cacheable, 1000)),
        ("/fresh", page("200 OK", tagged, 1000)),
        ("/store", page("200 OK", tagged, 1000)),
        ("/stale", page("200 OK", "Cache-Control: max-age=10, stale-if-error=86400\r\nAge: 60\r\n", 1000)),
        ("/unavailable", page("503 Service Unavailable", "", 100)),
        ("/missing", page("404 Not Found", not_cacheable, 100)),
    ])
}

/// The platform's cache as workerd speaks to it, and a key-value store with nothing in it.
pub fn start_cache() -> Result<SocketAddr> {
    const MISS: &[u8] = b"HTTP/1.1 504 Gateway Timeout\r\nCF-Cache-Status: MISS\r\nContent-Length: 0\r\n\r\n";
    const DONE: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
    const PURGED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const NOTHING: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    server::serve(|| {
        let mut stored = HashMap::<String, Rc<[u8]>>::new();
        move |seen: Seen<'_>| {
            let key = format!("{} {}{}", seen.namespace, seen.host, seen.target);
            let reply: Rc<[u8]> = match seen.method {
                // The cache asks for `only-if-cached`; the key-value store does not name a namespace.
                "GET" if seen.namespace.is_empty() && seen.target.contains("urlencoded") => NOTHING.into(),
                "GET" => stored.get(&key).map_or_else(|| MISS.into(), Rc::clone),
                "PUT" if seen.target.contains("urlencoded") => PURGED.into(),
                "PUT" => {
                    // Enough for what is measured, and bounded where each request stores something new.
                    if stored.len() > 10_000 {
                        stored.retain(|key, _| !key.contains("store"));
                    }
                    stored.insert(key, with_length(&seen.body));
                    DONE.into()
                }
                _ => {
                    stored.remove(&key);
                    PURGED.into()
                }
            };
            Reply::Send(reply)
        }
    })
}

/// A response as it was put, with its length and the mark of a hit.
fn with_length(response: &[u8]) -> Rc<[u8]> {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(response.len());
    let (head, body) = response.split_at(end);
    let body = body.get(4..).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if is_chunked { unchunked(body) } else { body.to_vec() };
    let lines = head.split("\r\n").filter(|line| {
        let line = line.to_ascii_lowercase();
        !line.starts_with("content-length:") && !line.starts_with("transfer-encoding:")
    });
    let head = lines.collect::<Vec<_>>().join("\r\n");
    let length = body.len();
    let head = format!("{head}\r\nContent-Length: {length}\r\nCF-Cache-Status: HIT\r\n\r\n");
    [head.as_bytes(), &body].concat().into()
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let (line, after) = rest.split_at(end);
        let digits = std::str::from_utf8(line).unwrap_or_default();
        let size = usize::from_str_radix(digits.trim(), 16).unwrap_or(0);
        let after = after.get(2..).unwrap_or_default();
        if size == 0 || after.len() < size + 2 {
            break;
        }
        let (chunk, after) = after.split_at(size);
        body.extend_from_slice(chunk);
        rest = after.get(2..).unwrap_or_default();
    }
    body
}
