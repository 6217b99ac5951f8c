//! Bodies as they come from afar: in pieces, at a steady pace, or torn.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{self, Instant, Sleep};

/// Marks a response whose body does not come at once.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// In pieces, at a steady pace.
    InPieces,
    /// Half of it, and then the connection is lost.
    Torn,
}

/// What TLS puts into one record, and what the platform gives in one read.
const PIECE: usize = 16 * 1024;

/// 20 MB/s.
const INTERVAL: Duration = Duration::from_micros(819);

/// Gives a piece of `left` at each interval. A timer rings late, so it may give several that are due.
pub struct Pieces {
    left: Bytes,
    due: Pin<Box<Sleep>>,
    /// What is left when it tears.
    tears_at: Option<usize>,
}

impl Pieces {
    pub fn of(body: Bytes, manner: Manner) -> Self {
        let tears_at = match manner {
            Manner::InPieces => None,
            Manner::Torn => Some(body.len() / 2),
        };
        Self { left: body, due: Box::pin(time::sleep(Duration::ZERO)), tears_at }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let most = match self.tears_at {
            Some(end) if self.left.len() <= end => return Poll::Ready(Some(Err(io::Error::other("torn")))),
            Some(end) => self.left.len() - end,
            None => self.left.len(),
        };
        if Instant::now() < self.due.deadline() && self.due.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let next = self.due.deadline() + INTERVAL;
        self.due.as_mut().reset(next);
        let piece = most.min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
