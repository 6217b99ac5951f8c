//! A value that is there later.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A value that is there later, and who waits for it.
#[derive(Debug)]
pub struct Later<T>(Rc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    value: RefCell<Option<T>>,
    waiting: RefCell<Vec<Waker>>,
}

impl<T> Clone for Later<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self(Rc::new(Shared { value: RefCell::new(None), waiting: RefCell::default() }))
    }
}

impl<T: Clone> Later<T> {
    /// The value is there.
    pub fn settle(&self, value: T) {
        self.0.value.replace(Some(value));
        self.0.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// Waits for the value.
    pub async fn settled(&self) -> T {
        std::future::poll_fn(|context| match &*self.0.value.borrow() {
            Some(value) => Poll::Ready(value.clone()),
            None => {
                self.0.waiting.borrow_mut().push(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}
