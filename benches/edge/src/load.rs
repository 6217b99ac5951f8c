//! The load: requests over kept-alive connections, one after another on each, for a time or for a number of answers.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::{self, LocalSet};

use crate::request::{BROWSER, Request};

/// When the load ends.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    Elapsed(Duration),
    Answers(u64),
}

/// The head of an answer.
#[derive(Debug)]
pub struct Head {
    status: StatusCode,
    fields: HeaderMap,
}

impl Head {
    /// Whether the status line or a field contains `text`.
    pub fn says(&self, text: &str) -> bool {
        format!("{} {:?}", self.status, self.fields).to_ascii_lowercase().contains(text)
    }
}

/// Sends `requests` in turn on `connections` connections. Returns the number of answers, and the time that they took.
///
/// The query of each request counts up from `first`, if it is unique.
///
/// # Errors
/// If an answer is not the one that a request expects.
pub fn run(
    to: SocketAddr,
    requests: &[Request],
    connections: usize,
    until: Until,
    first: u64,
) -> Result<(u64, Duration)> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, async {
        let began = Instant::now();
        let sent = Rc::new(Cell::new(0_u64));
        let answered = Rc::new(Cell::new(0_u64));
        let mut clients = Vec::new();
        for _ in 0..connections {
            let (sent, answered) = (Rc::clone(&sent), Rc::clone(&answered));
            let mut client = Client::connect(to, requests).await?;
            clients.push(task::spawn_local(async move {
                loop {
                    let is_over = match until {
                        Until::Elapsed(span) => began.elapsed() >= span,
                        Until::Answers(most) => sent.get() >= most,
                    };
                    if is_over {
                        return Ok::<_, anyhow::Error>(());
                    }
                    sent.set(sent.get() + 1);
                    client.send(first + sent.get()).await?;
                    answered.set(answered.get() + 1);
                }
            }));
        }
        for client in clients {
            client.await??;
        }
        Ok((answered.get(), began.elapsed()))
    })
}

/// Sends one request and returns the head of the answer.
pub fn once(to: SocketAddr, request: &Request, number: u64) -> Result<Head> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new()
        .block_on(&runtime, async { Client::connect(to, slice::from_ref(request)).await?.send(number).await })
}

/// One connection.
struct Client {
    sender: SendRequest<Empty<Bytes>>,
    /// With their fields.
    requests: Vec<(Request, HeaderMap)>,
}

impl Client {
    async fn connect(to: SocketAddr, requests: &[Request]) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // If it breaks, the next request fails.
        task::spawn_local(connection);
        let with_fields = |request: &Request| {
            let mut fields = HeaderMap::new();
            for (name, value) in BROWSER {
                fields.insert(name, HeaderValue::from_static(value));
            }
            for (name, value) in &request.fields {
                fields.insert(*name, value.parse()?);
            }
            Ok((request.clone(), fields))
        };
        Ok(Self { sender, requests: requests.iter().map(with_fields).collect::<Result<_>>()? })
    }

    async fn send(&mut self, number: u64) -> Result<Head> {
        let (request, fields) = &self.requests[number as usize % self.requests.len()];
        let &Request { path, is_unique, statuses, length, .. } = request;
        let target = if is_unique { format!("{path}?{number}") } else { path.to_owned() };
        let mut request = hyper::Request::new(Empty::new());
        *request.uri_mut() = target.parse()?;
        request.headers_mut().clone_from(fields);
        self.sender.ready().await.context("the worker closed the connection")?;
        let response = self.sender.send_request(request).await.context("the worker does not answer")?;
        let (head, body) = response.into_parts();
        let head = Head { status: head.status, fields: head.headers };
        ensure!(statuses.contains(&head.status.as_u16()), "{target}: {head:?}");
        let received = drained(body).await?;
        if let Some(expected) = length {
            ensure!(received == expected, "{target}: {received} bytes in place of {expected}");
        }
        Ok(head)
    }
}

/// Reads `body` to its end and returns its length in bytes.
async fn drained(mut body: Incoming) -> Result<u64> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(length)
}
