//! A raw HTTP/1.1 client. Ordinary clients hide what is tested: the header lines as they were sent, and
//! whether a body reached its end or the connection broke.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::SockRef;

/// The public host of every request that names no other.
pub const HOST: &str = "www.example.test";

/// How long an answer may be silent before the test fails.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A request about to be sent.
#[derive(Clone, Debug)]
pub struct Call {
    to: SocketAddr,
    method: String,
    target: String,
    host: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    pub fn new(to: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            to,
            method: method.to_owned(),
            target: target.to_owned(),
            host: HOST.to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks as a browser does for a page.
    pub fn browsing(self) -> Self {
        self.with("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
            .with("Accept-Language", "en")
            .with("Sec-Fetch-Dest", "document")
            .with("Sec-Fetch-Mode", "navigate")
    }

    pub fn host(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    /// Sends `body` with its length.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        let length = self.body.len().to_string();
        self.with("Content-Length", &length)
    }

    /// Whether it goes to this address.
    pub fn is_to(&self, addr: SocketAddr) -> bool {
        self.to == addr
    }

    /// Sends the request and reads the answer to its end.
    pub fn send(self) -> Answer {
        self.open().answer()
    }

    /// Sends the request and leaves the rest to the caller.
    pub fn open(self) -> Open {
        let stream = TcpStream::connect(self.to).expect("the worker accepts connections");
        stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        let fields: String = self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.method, self.target, self.host);
        let mut open = Open {
            stream,
            buffer: Vec::new(),
            began: Instant::now(),
            is_head: self.method == "HEAD",
            what: format!("{} {}", self.method, self.target),
        };
        open.write(head.as_bytes());
        open.write(&self.body);
        open
    }
}

/// A connection on which a request was sent.
pub struct Open {
    stream: TcpStream,
    buffer: Vec<u8>,
    began: Instant,
    is_head: bool,
    what: String,
}

impl Open {
    /// Sends more. A worker that has hung up already is found out when its answer is read.
    pub fn write(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    /// Another hold on the same connection, to write while somebody else reads.
    pub fn again(&self) -> Self {
        Self {
            stream: self.stream.try_clone().unwrap(),
            buffer: Vec::new(),
            began: self.began,
            is_head: self.is_head,
            what: self.what.clone(),
        }
    }

    /// Closes this side alone.
    pub fn close_side(&mut self) {
        drop(self.stream.shutdown(Shutdown::Write));
    }

    /// Ends the connection with RST.
    pub fn reset(self) {
        drop(SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)));
    }

    /// Reads the head of the final answer.
    pub fn head(&mut self) -> Head {
        loop {
            let Some(end) = find(&self.buffer, b"\r\n\r\n") else {
                let read = self.fill();
                assert_eq!(read, Ok(true), "no answer to {}: {:?}", self.what, self.buffer);
                continue;
            };
            let text: String = self.take(end + 4)[..end].iter().copied().map(char::from).collect();
            let head = Head::parse(&text);
            if !(100..200).contains(&head.status) || head.status == 101 {
                return head;
            }
        }
    }

    /// Reads on until the answer ends or breaks off.
    pub fn answer(mut self) -> Answer {
        let head = self.head();
        let head_took = self.began.elapsed();
        let framing = self.framing(&head);
        let began = self.began;
        let (body, end) = self.rest(framing);
        Answer { head, body, end, head_took, took: began.elapsed() }
    }

    /// Reads what is left of a body, and how it ends.
    pub fn rest(mut self, mut framing: Framing) -> (Vec<u8>, End) {
        let mut body = Vec::new();
        loop {
            match self.piece(&mut framing) {
                Piece::Data(bytes) => body.extend(bytes),
                Piece::End(end) => return (body, end),
            }
        }
    }

    /// How the body behind `head` is framed (RFC 9112 §6.3).
    pub fn framing(&self, head: &Head) -> Framing {
        if self.is_head || matches!(head.status, 101 | 204 | 304) {
            Framing::None
        } else if head
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            Framing::Chunked
        } else if let Some(length) = head.header("content-length") {
            Framing::Length(length.parse().expect("one number"))
        } else {
            Framing::UntilClose
        }
    }

    /// The next piece of a body, as it comes.
    pub fn piece(&mut self, framing: &mut Framing) -> Piece {
        match self.try_piece(framing) {
            Ok(piece) => piece,
            Err(broken) => Piece::End(End::Broken(broken)),
        }
    }

    fn try_piece(&mut self, framing: &mut Framing) -> Result<Piece, String> {
        match framing {
            Framing::None | Framing::Length(0) => Ok(Piece::End(End::Whole)),
            Framing::Length(left) => {
                self.need(1)?;
                let piece = self.take(self.buffer.len().min(*left));
                *left -= piece.len();
                Ok(Piece::Data(piece))
            }
            Framing::UntilClose => {
                if self.buffer.is_empty() && !self.fill()? {
                    return Ok(Piece::End(End::Whole));
                }
                Ok(Piece::Data(self.take(self.buffer.len())))
            }
            Framing::Chunked => {
                let size = self.line()?;
                let digits = size.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(digits, 16).map_err(|_| format!("chunk size {size:?}"))?;
                if size == 0 {
                    while !self.line()?.is_empty() {}
                    return Ok(Piece::End(End::Whole));
                }
                self.need(size + 2)?;
                let piece = self.take(size);
                self.take(2);
                Ok(Piece::Data(piece))
            }
        }
    }

    /// Exactly this many bytes of whatever protocol took over.
    pub fn exactly(&mut self, length: usize) -> Vec<u8> {
        self.need(length).unwrap();
        self.take(length)
    }

    fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = self.take(end + 2);
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            self.need(self.buffer.len() + 1)?;
        }
    }

    fn need(&mut self, length: usize) -> Result<(), String> {
        while self.buffer.len() < length {
            if !self.fill()? {
                return Err("closed".to_owned());
            }
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<bool, String> {
        let mut piece = [0; 16 * 1024];
        let length = self.stream.read(&mut piece).map_err(|error| error.kind().to_string())?;
        self.buffer.extend_from_slice(&piece[..length]);
        Ok(length > 0)
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// How much of a body is still to come.
pub enum Framing {
    None,
    Length(usize),
    Chunked,
    UntilClose,
}

/// A piece of a body, or its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    Data(Vec<u8>),
    End(End),
}

/// How a body ended: as its framing says, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Whole,
    Broken(String),
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    pub status: u16,
    pub fields: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> Self {
        let mut lines = text.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a header line: {line:?}"));
            (name.to_owned(), value.trim().to_owned())
        });
        Self {
            status: status.unwrap_or_else(|| panic!("not a status line: {status_line:?}")),
            fields: fields.collect(),
        }
    }

    /// The value of the first line of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.lines(name).first().copied()
    }

    /// The values of all lines of this name.
    pub fn lines(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
    pub end: End,
    /// From sending the request to the end of the head.
    pub head_took: Duration,
    /// From sending the request to the end.
    pub took: Duration,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// All lines of a structured field as one, without the spaces that a writer may or may not put.
    pub fn structured(&self, name: &str) -> String {
        self.head.lines(name).join(",").replace(' ', "")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts status and whole body.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) -> &Self {
        assert_eq!((self.status(), self.text().as_str(), &self.end), (status, body, &End::Whole), "{self:?}");
        self
    }

    /// A parameter of the last member of `Proxy-Status` (RFC 9209), such as `error`.
    pub fn proxy_status(&self, parameter: &str) -> Option<String> {
        let last = self.head.lines("proxy-status").pop()?.rsplit(',').next()?;
        let mut parameters = last.split(';').skip(1).filter_map(|text| text.trim().split_once('='));
        parameters.find(|(name, _)| *name == parameter).map(|(_, value)| value.to_owned())
    }

    /// The error type in `Proxy-Status`, or nothing.
    pub fn error(&self) -> String {
        self.proxy_status("error").unwrap_or_default()
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
