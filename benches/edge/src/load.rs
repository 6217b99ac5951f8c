//! Requests over kept connections, one after another on each, for a while or for a number.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// What is asked for, and what has to come.
#[derive(Clone, Debug)]
pub struct Ask {
    pub path: &'static str,
    /// Whether each request has a query of its own.
    pub is_new: bool,
    pub fields: &'static str,
    pub status: u16,
    /// Bytes of the body; `None` where they are not the same for all workers.
    pub length: Option<u64>,
}

/// For how long.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    Elapsed(Duration),
    Answers(u64),
}

/// What a browser sends with each request for a page.
const FIELDS: &str = "Host: www.example.test\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n\
    Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n";

/// The head of an answer, as far as it is of interest.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub text: String,
    length: Length,
}

#[derive(Clone, Copy, Debug)]
enum Length {
    Known(u64),
    Chunked,
}

/// Sends requests on `connections` connections and gives how many were answered, and in what time.
///
/// # Errors
/// If an answer is not the one that is wanted.
pub fn run(
    to: SocketAddr,
    ask: &Ask,
    connections: usize,
    until: Until,
    first: u64,
) -> Result<(u64, Duration)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, async {
        let began = Instant::now();
        let begun = Rc::new(Cell::new(0_u64));
        let answered = Rc::new(Cell::new(0_u64));
        let mut clients = Vec::new();
        for _ in 0..connections {
            let (ask, begun, answered) = (ask.clone(), Rc::clone(&begun), Rc::clone(&answered));
            clients.push(tokio::task::spawn_local(async move {
                let mut client = Client::connect(to).await?;
                loop {
                    let is_over = match until {
                        Until::Elapsed(span) => began.elapsed() >= span,
                        Until::Answers(most) => begun.get() >= most,
                    };
                    if is_over {
                        return Ok::<_, anyhow::Error>(());
                    }
                    begun.set(begun.get() + 1);
                    client.ask(&ask, first + begun.get()).await?;
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

/// Sends one request and gives the head of the answer.
pub fn once(to: SocketAddr, ask: &Ask, number: u64) -> Result<Head> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async { Client::connect(to).await?.ask(ask, number).await })
}

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(256 * 1024) })
    }

    async fn ask(&mut self, ask: &Ask, number: u64) -> Result<Head> {
        let query = if ask.is_new { format!("?{number}") } else { String::new() };
        let request = format!("GET {}{query} HTTP/1.1\r\n{FIELDS}{}\r\n", ask.path, ask.fields);
        self.stream.write_all(request.as_bytes()).await?;
        let head = self.head().await?;
        ensure!(head.status == ask.status, "{}{query}: {}", ask.path, head.text);
        let length = match head.length {
            Length::Known(_) if head.status == 304 => 0,
            Length::Known(length) => self.skip(length).await?,
            Length::Chunked => self.skip_chunks().await?,
        };
        if let Some(expected) = ask.length {
            ensure!(length == expected, "{}{query}: {length} bytes in place of {expected}", ask.path);
        }
        Ok(head)
    }

    async fn head(&mut self) -> Result<Head> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return read_head(&head);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => bail!("the worker closed the connection"),
            Ok(_) => Ok(()),
            Err(error) => Err(error).context("the connection to the worker broke"),
        }
    }

    async fn skip(&mut self, length: u64) -> Result<u64> {
        let mut left = length;
        loop {
            let here = left.min(self.buffer.len() as u64);
            self.buffer.drain(..usize::try_from(here)?);
            left -= here;
            if left == 0 {
                return Ok(length);
            }
            self.fill().await?;
        }
    }

    async fn skip_chunks(&mut self) -> Result<u64> {
        let mut length = 0;
        loop {
            let end = loop {
                match self.buffer.windows(2).position(|two| two == b"\r\n") {
                    Some(end) => break end,
                    None => self.fill().await?,
                }
            };
            let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let size = u64::from_str_radix(std::str::from_utf8(&line)?.trim(), 16)?;
            self.skip(size + 2).await?;
            length += size;
            if size == 0 {
                return Ok(length);
            }
        }
    }
}

fn read_head(bytes: &[u8]) -> Result<Head> {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Response::new(&mut fields);
    parsed.parse(bytes)?;
    let field = |name: &str| {
        let found = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.and_then(|field| std::str::from_utf8(field.value).ok())
    };
    let length = match (field("content-length"), field("transfer-encoding")) {
        (Some(length), _) => Length::Known(length.parse()?),
        (None, Some(_)) => Length::Chunked,
        (None, None) => Length::Known(0),
    };
    let status = parsed.code.context("an answer without a status")?;
    Ok(Head { status, text: String::from_utf8_lossy(bytes).into_owned(), length })
}
