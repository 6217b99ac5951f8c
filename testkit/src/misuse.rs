//! Use of the ports that their contract forbids. The edge would leak, fail or lose a body.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Something that the exchange must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse {
    /// The sentence that does not hold.
    pub rule: &'static str,
    /// What was seen instead.
    pub detail: String,
}

/// All misuse that was seen.
#[derive(Clone, Debug, Default)]
pub struct Misuses(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    seen: RefCell<Vec<Misuse>>,
    is_ending: Cell<bool>,
}

impl Misuses {
    /// Records one.
    pub fn record(&self, rule: &'static str, detail: impl FnOnce() -> String) {
        if !self.0.is_ending.get() {
            self.0.seen.borrow_mut().push(Misuse { rule, detail: detail() });
        }
    }

    /// What was recorded since this was last called.
    pub fn take(&self) -> Vec<Misuse> {
        self.0.seen.take()
    }

    /// Drops something that the platform ends by force: what it loses is lost by nobody's fault.
    pub fn without<T>(&self, ended: T) {
        self.0.is_ending.set(true);
        drop(ended);
        self.0.is_ending.set(false);
    }
}
