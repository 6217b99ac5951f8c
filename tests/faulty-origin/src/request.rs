//! Reading a request from a connection (RFC 9112), as leniently as a fault can bear.

use std::io::{self, Read};

/// The longest head that is read, in bytes.
const MAX_HEAD: usize = 1 << 20;

/// The head of a request.
pub struct Head {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
}

impl Head {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let text = latin1(bytes);
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next()) else {
            return Err(malformed());
        };
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers = fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        Ok(Self { method: method.to_owned(), target: target.to_owned(), headers })
    }

    fn has(&self, name: &str, part: &str) -> bool {
        let mut named = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.any(|(_, value)| value.to_ascii_lowercase().contains(part))
    }

    /// Whether the client waits for `100 Continue` (RFC 9110 §10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.has("expect", "100-continue")
    }

    fn length(&self) -> u64 {
        let mut named = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("content-length"));
        named.find_map(|(_, value)| value.parse().ok()).unwrap_or(0)
    }
}

/// What comes from a client, with the bytes that were read too far.
pub struct Incoming<R> {
    inner: R,
    buffer: Vec<u8>,
}

impl<R: Read> Incoming<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, buffer: Vec::new() }
    }

    /// The next request's head; `None` if the client closes instead.
    pub fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = self.take(end);
                self.take(4);
                return Head::parse(&head).map(Some);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(malformed());
            }
            if self.fill()? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(cut_short()) };
            }
        }
    }

    /// Reads the body that `head` announces, and gives each piece to `piece` as it comes.
    pub fn body(&mut self, head: &Head, mut piece: impl FnMut(&[u8])) -> io::Result<()> {
        if !head.has("transfer-encoding", "chunked") {
            return self.exactly(head.length(), &mut piece);
        }
        loop {
            let line = self.line()?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(digits, 16).map_err(|_| malformed())?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(());
            }
            self.exactly(size, &mut piece)?;
            self.line()?;
        }
    }

    fn exactly(&mut self, mut left: u64, piece: &mut impl FnMut(&[u8])) -> io::Result<()> {
        while left > 0 {
            if self.buffer.is_empty() && self.fill()? == 0 {
                return Err(cut_short());
            }
            let here = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
            piece(&self.take(here));
            left -= here as u64;
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = latin1(&self.take(end));
                self.take(2);
                return Ok(line);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(malformed());
            }
            if self.fill()? == 0 {
                return Err(cut_short());
            }
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length.min(self.buffer.len()));
        std::mem::replace(&mut self.buffer, rest)
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut piece = [0; 16 * 1024];
        let length = self.inner.read(&mut piece)?;
        self.buffer.extend(piece.iter().take(length));
        Ok(length)
    }
}

/// Reads on behind the last request, for a protocol that took over the connection.
impl<R: Read> Read for Incoming<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            return self.inner.read(into);
        }
        let taken = self.take(into.len());
        let mut taken = taken.as_slice();
        taken.read(into)
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a request")
}

fn cut_short() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
