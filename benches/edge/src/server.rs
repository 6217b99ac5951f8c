//! An HTTP/1.1 server on a thread of its own, for the origin and for the platform's cache.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service;
use hyper::{HeaderMap, Method, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::task::{self, LocalSet};

use crate::pieces::{Manner, Pieces};

/// A request with its whole body.
pub struct Received {
    pub method: Method,
    pub target: Uri,
    pub fields: HeaderMap,
    pub body: Bytes,
}

impl Received {
    /// A field's value; empty if there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Serves on any free port of 127.0.0.1 until the process ends.
///
/// `prepare` runs on the server's thread and returns what answers the requests.
pub fn serve<A>(prepare: impl FnOnce() -> A + Send + 'static) -> Result<SocketAddr>
where
    A: FnMut(Received) -> Response<Bytes> + 'static,
{
    let (has_bound, bound) = mpsc::channel();
    thread::spawn(move || -> Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            has_bound.send(listener.local_addr()?)?;
            let answer = Rc::new(RefCell::new(prepare()));
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let answer = Rc::clone(&answer);
                let answers = service::service_fn(move |request: hyper::Request<Incoming>| {
                    let answer = Rc::clone(&answer);
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        let received =
                            Received { method: head.method, target: head.uri, fields: head.headers, body };
                        let response = (answer.borrow_mut())(received);
                        let manner = response.extensions().get::<Manner>().copied();
                        Ok::<_, hyper::Error>(response.map(|body| match manner {
                            Some(manner) => Either::Left(Pieces::of(body, manner)),
                            None => Either::Right(Full::new(body)),
                        }))
                    }
                });
                // The peer may go away at any time.
                task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), answers));
            }
        })
    });
    bound.recv().context("the server did not start")
}

/// A response with these header fields; hyper adds the length.
pub fn response(status: StatusCode, fields: &[(&'static str, &'static str)], body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().extend(
        fields.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
    );
    response
}
