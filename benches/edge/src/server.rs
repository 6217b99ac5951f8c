//! A small HTTP/1.1 server for trusted peers: one thread, connections kept alive, answers ready-made where they can be.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

/// A request.
pub struct Seen<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub host: &'a str,
    pub namespace: &'a str,
    pub body: Vec<u8>,
}

/// What to do about it: send these bytes, or close the connection without a word.
pub enum Reply {
    Send(Rc<[u8]>),
    Close,
}

/// Serves on a thread of its own until the process ends, at any free port of 127.0.0.1.
///
/// `prepare` makes, on that thread, what answers requests.
pub fn serve<A>(prepare: impl FnOnce() -> A + Send + 'static) -> Result<SocketAddr>
where
    A: FnMut(Seen<'_>) -> Reply + 'static,
{
    let (has_bound, bound) = mpsc::channel();
    thread::spawn(move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        LocalSet::new().block_on(&runtime, async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            has_bound.send(listener.local_addr()?)?;
            let answer = Rc::new(std::cell::RefCell::new(prepare()));
            loop {
                let (stream, _) = listener.accept().await?;
                let answer = Rc::clone(&answer);
                tokio::task::spawn_local(async move {
                    // The peer may go away at any time.
                    let _ = converse(stream, |seen| (answer.borrow_mut())(seen)).await;
                });
            }
        })
    });
    bound.recv().context("the server did not start")
}

async fn converse(mut stream: TcpStream, mut answer: impl FnMut(Seen<'_>) -> Reply) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head: Vec<u8> = buffer.drain(..end).collect();
        let mut fields = [httparse::EMPTY_HEADER; 128];
        let mut parsed = httparse::Request::new(&mut fields);
        parsed.parse(&head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let field = |name: &str| {
            let found = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            found.and_then(|field| std::str::from_utf8(field.value).ok())
        };
        let body = if field("transfer-encoding").is_some() {
            chunked(&mut stream, &mut buffer).await?
        } else {
            let length = field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            exactly(&mut stream, &mut buffer, length).await?
        };
        let seen = Seen {
            method: parsed.method.unwrap_or_default(),
            target: parsed.path.unwrap_or_default(),
            host: field("host").unwrap_or_default(),
            namespace: field("cf-cache-namespace").unwrap_or_default(),
            body,
        };
        match answer(seen) {
            Reply::Send(bytes) => stream.write_all(&bytes).await?,
            Reply::Close => return Ok(()),
        }
    }
}

async fn exactly(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.drain(..length).collect())
}

async fn chunked(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let line = exactly(stream, buffer, end + 2).await?;
        let size =
            std::str::from_utf8(&line).ok().and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
        let size = size.ok_or(io::ErrorKind::InvalidData)?;
        let mut chunk = exactly(stream, buffer, size + 2).await?;
        chunk.truncate(size);
        if size == 0 {
            return Ok(body);
        }
        body.append(&mut chunk);
    }
}
