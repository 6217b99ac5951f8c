//! The platform's cache as workerd speaks to it over HTTP, and an empty key-value store.
//!
//! It runs in this process, so that its time does not count as a worker's. An entry is a whole HTTP response in the body
//! of a PUT. Of the two, only the key-value store is asked for `?urlencoded=true`.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Method, Response, StatusCode};

use crate::server::{self, Received};

/// Entries: enough for what is measured, and bounded where each request stores a page of its own.
const MOST: usize = 10_000;

/// Larger ones are accepted and not kept: nobody asks for them again.
const LARGEST: usize = 1 << 20;

/// Starts a cache with nothing in it.
pub fn start() -> Result<SocketAddr> {
    server::serve(|| {
        let mut stored = HashMap::<String, Response<Bytes>>::new();
        move |received: Received| answer(&mut stored, &received)
    })
}

fn answer(stored: &mut HashMap<String, Response<Bytes>>, received: &Received) -> Response<Bytes> {
    let empty = |status, fields| server::response(status, fields, Bytes::new());
    let is_key_value = received.target.query().is_some_and(|query| query.contains("urlencoded"));
    let key =
        format!("{} {}{}", received.field("cf-cache-namespace"), received.field("host"), received.target);
    match received.method {
        Method::GET if is_key_value => empty(StatusCode::NOT_FOUND, &[]),
        Method::GET => stored
            .get(&key)
            .cloned()
            .unwrap_or_else(|| empty(StatusCode::GATEWAY_TIMEOUT, &[("cf-cache-status", "MISS")])),
        Method::PUT if is_key_value => empty(StatusCode::OK, &[]),
        Method::PUT if received.body.len() > LARGEST => empty(StatusCode::NO_CONTENT, &[]),
        Method::PUT => {
            if stored.len() > MOST {
                stored.retain(|key, _| !key.contains("store"));
            }
            match entry(&received.body) {
                Ok(entry) => {
                    stored.insert(key, entry);
                    empty(StatusCode::NO_CONTENT, &[])
                }
                Err(_) => empty(StatusCode::BAD_REQUEST, &[]),
            }
        }
        _ => {
            stored.remove(&key);
            empty(StatusCode::OK, &[])
        }
    }
}

/// The stored response, as it is served on a hit.
fn entry(written: &[u8]) -> Result<Response<Bytes>> {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(end) = head.parse(written)? else { bail!("half a head") };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(head.code.context("no status")?)?;
    for field in head.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes())?;
        response.headers_mut().append(name, HeaderValue::from_bytes(field.value)?);
    }
    let is_chunked = response.headers_mut().remove(TRANSFER_ENCODING).is_some();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert("cf-cache-status", HeaderValue::from_static("HIT"));
    let body = written.get(end..).unwrap_or_default();
    *response.body_mut() = if is_chunked { unchunked(body)? } else { body.to_vec() }.into();
    Ok(response)
}

fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = httparse::parse_chunk_size(rest).ok().context("no chunk")?;
        let httparse::Status::Complete((start, size)) = size else { bail!("half a chunk") };
        let end = start + usize::try_from(size)?;
        body.extend(rest.get(start..end).context("half a chunk")?);
        if size == 0 {
            return Ok(body);
        }
        rest = rest.get(end + 2..).context("half a chunk")?;
    }
}
