//! A body that comes from afar: in pieces, at a steady pace.

use std::convert::Infallible;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{self, Instant, Sleep};

/// Marks a response whose body comes in pieces.
#[derive(Clone, Copy, Debug)]
pub struct InPieces;

/// What TLS puts into one record, and what the platform gives in one read.
const PIECE: usize = 16 * 1024;

/// 20 MB/s.
const INTERVAL: Duration = Duration::from_micros(819);

/// Gives a piece of `left` at each interval. A timer rings late, so it may give several that are due.
pub struct Pieces {
    left: Bytes,
    due: Pin<Box<Sleep>>,
}

impl Pieces {
    pub fn of(body: Bytes) -> Self {
        Self { left: body, due: Box::pin(time::sleep(Duration::ZERO)) }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if Instant::now() < self.due.deadline() && self.due.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let next = self.due.deadline() + INTERVAL;
        self.due.as_mut().reset(next);
        let piece = self.left.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
