//! Virtual time. It passes only when everybody waits.
//!
//! There are two times: the virtual one only goes on, and is what waits and records go by; the one on the wall can be
//! moved, and is what the exchange reads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use holdfast::time::Timestamp;

/// 2026-01-02T03:04:05Z, when every world begins.
pub const EPOCH_MS: u64 = 1_767_323_045_000;

/// When a timer rings, and its number: of those that ring together, the oldest is first.
type Timer = (u64, u64);

/// A clock and its timers.
#[derive(Debug, Default)]
pub struct Clock {
    now: Cell<u64>,
    moved: Cell<i64>,
    timers: RefCell<BTreeMap<Timer, Waker>>,
    next_timer: Cell<u64>,
}

impl Clock {
    /// Virtual time since the beginning, in milliseconds.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// The time on the wall, in milliseconds since 1970.
    pub fn wall(&self) -> u64 {
        (EPOCH_MS + self.now()).saturating_add_signed(self.moved.get())
    }

    /// The time on the wall.
    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.wall())
    }

    /// Moves the time on the wall by milliseconds, forward or back.
    pub fn move_wall(&self, by: i64) {
        self.moved.set(self.moved.get() + by);
    }

    /// Lets time pass until `at`, in milliseconds since the beginning. It never goes back.
    pub fn pass_to(&self, at: u64) {
        self.now.set(self.now().max(at));
    }

    /// When the next timer rings.
    pub fn next_ring(&self) -> Option<u64> {
        self.timers.borrow().first_key_value().map(|((at, _), _)| *at)
    }

    /// Lets time pass until the next timer rings, and wakes who waits for it. `false` if there is none.
    pub fn ring(&self) -> bool {
        let Some(((at, _), waker)) = self.timers.borrow_mut().pop_first() else { return false };
        self.pass_to(at);
        waker.wake();
        true
    }

    /// Waits for `span` milliseconds, counted from when this is first polled. Like a timer of the platform's it yields
    /// even if there is nothing to wait for, and is stopped when it is dropped.
    pub fn wait(self: &Rc<Self>, span: u64) -> Wait {
        Wait { clock: Rc::clone(self), span, timer: None }
    }

    /// Waits until `at`, in milliseconds since the beginning.
    pub async fn wait_until(self: &Rc<Self>, at: u64) {
        self.wait(at.saturating_sub(self.now())).await;
    }
}

/// See [`Clock::wait`].
#[derive(Debug)]
pub struct Wait {
    clock: Rc<Clock>,
    span: u64,
    timer: Option<Timer>,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let now = self.clock.now();
        if self.timer.is_some_and(|(at, _)| at <= now) {
            return Poll::Ready(());
        }
        let timer = self.timer.unwrap_or_else(|| {
            let number = self.clock.next_timer.get();
            self.clock.next_timer.set(number + 1);
            (now.saturating_add(self.span), number)
        });
        self.timer = Some(timer);
        self.clock.timers.borrow_mut().insert(timer, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.clock.timers.borrow_mut().remove(&timer);
        }
    }
}

/// `span` in milliseconds as the edge sets its timers: rounded up.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
