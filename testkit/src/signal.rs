//! Signals between requests of one isolate.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::clock::Wait;

/// Wakes all who wait for it, any number of times.
#[derive(Clone, Default)]
pub struct Signal(Rc<Shared>);

#[derive(Default)]
struct Shared {
    times: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Signal {
    /// Wakes all who wait now.
    pub fn notify(&self) {
        self.0.times.update(|times| times + 1);
        self.0.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// Waits for the next notification after this is first polled, or until `late` is over.
    pub fn wait(&self, late: Wait) -> impl Future<Output = ()> + 'static {
        self.wait_for_more_than(None, late)
    }

    /// Waits until there was a first notification, or until `late` is over.
    pub fn first(&self, late: Wait) -> impl Future<Output = ()> + 'static {
        self.wait_for_more_than(Some(0), late)
    }

    fn wait_for_more_than(
        &self,
        mut before: Option<u64>,
        mut late: Wait,
    ) -> impl Future<Output = ()> + 'static {
        let shared = Rc::clone(&self.0);
        std::future::poll_fn(move |context| {
            if shared.times.get() > *before.get_or_insert_with(|| shared.times.get()) {
                return Poll::Ready(());
            }
            shared.waiting.borrow_mut().push(context.waker().clone());
            Pin::new(&mut late).poll(context)
        })
    }
}

impl std::fmt::Debug for Signal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Signal({})", self.0.times.get())
    }
}
