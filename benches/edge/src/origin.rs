//! The origin of the site. It runs in this process, so that its time does not count as a worker's.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::pieces::Manner;
use crate::server::{self, Received};

/// An origin that can be taken down: then it answers 521, as Cloudflare does for an origin that refuses connections.
pub struct Origin {
    pub addr: SocketAddr,
    is_down: Arc<AtomicBool>,
}

impl Origin {
    pub fn start() -> Result<Self> {
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let refused = StatusCode::from_u16(521)?;
        let addr = server::serve(move || {
            let pages = pages();
            let refused = server::response(refused, &[], Bytes::new());
            let mut tried = HashSet::new();
            move |received: Received| {
                if down.load(Ordering::Relaxed) {
                    return refused.clone();
                }
                let path = received.target.path();
                let is_first = || tried.insert(received.target.query().unwrap_or_default().to_owned());
                let path = if path == "/second" && { is_first }() { "/unavailable" } else { path };
                pages.get(path).unwrap_or(&pages["/missing"]).clone()
            }
        })?;
        Ok(Self { addr, is_down })
    }

    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }
}

fn pages() -> HashMap<&'static str, Response<Bytes>> {
    let no_store = "no-store";
    let day = "max-age=86400, stale-if-error=86400";
    let tagged = |mut page: Response<Bytes>| {
        page.headers_mut().insert("etag", HeaderValue::from_static("\"one\""));
        page
    };
    let resumable = |mut page: Response<Bytes>| {
        page.headers_mut().insert("accept-ranges", HeaderValue::from_static("bytes"));
        tagged(page)
    };
    let in_pieces = |cache_control| {
        let mut page = page(StatusCode::OK, cache_control, 10_000_000);
        page.extensions_mut().insert(Manner::InPieces);
        page
    };
    let torn = |mut page: Response<Bytes>| {
        page.extensions_mut().insert(Manner::Torn);
        page
    };
    let mut stale = page(StatusCode::OK, "max-age=10, stale-if-error=86400", 1000);
    stale.headers_mut().insert("age", HeaderValue::from_static("60"));
    HashMap::from([
        ("/1k", page(StatusCode::OK, no_store, 1000)),
        ("/100k", page(StatusCode::OK, no_store, 100_000)),
        ("/10m", page(StatusCode::OK, no_store, 10_000_000)),
        ("/pieces", in_pieces(no_store)),
        ("/pieces/resumable", resumable(in_pieces(no_store))),
        ("/pieces/store", in_pieces(day)),
        ("/pieces/resumable/store", resumable(in_pieces(day))),
        ("/fields", with_many_fields(page(StatusCode::OK, no_store, 1000))),
        // The first attempt fails; later ones get the page.
        ("/second", page(StatusCode::OK, no_store, 1000)),
        ("/torn", torn(page(StatusCode::OK, no_store, 1000))),
        ("/unavailable", page(StatusCode::SERVICE_UNAVAILABLE, "", 100)),
        ("/fresh", tagged(page(StatusCode::OK, day, 1000))),
        ("/store", tagged(page(StatusCode::OK, day, 1000))),
        ("/stale", stale),
        ("/missing", page(StatusCode::NOT_FOUND, no_store, 100)),
    ])
}

/// A page with five fields: these three, and the date and the length, which hyper adds.
fn page(status: StatusCode, cache_control: &'static str, bytes: usize) -> Response<Bytes> {
    let fields =
        [("server", "bench"), ("content-type", "text/html; charset=utf-8"), ("cache-control", cache_control)];
    let fields = if cache_control.is_empty() { &fields[..2] } else { &fields };
    server::response(status, fields, text(bytes))
}

/// `page` with 40 fields.
fn with_many_fields(mut page: Response<Bytes>) -> Response<Bytes> {
    let fields = (1..=35).filter_map(|number| {
        let name = HeaderName::from_bytes(format!("x-field-{number}").as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(&format!("value number {number} of some length")).ok()?))
    });
    page.headers_mut().extend(fields);
    page
}

/// Text that does not repeat too soon.
fn text(bytes: usize) -> Bytes {
    let mut text = String::with_capacity(bytes + 16);
    let mut line = 0_u32;
    while text.len() < bytes {
        let _ = writeln!(text, "<p>{:08x}", line.wrapping_mul(0x9e37_79b9));
        line += 1;
    }
    text.truncate(bytes);
    text.into()
}
