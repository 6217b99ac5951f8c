//! What one isolate remembers, and how its requests wait for each other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdfast::isolate::Isolate;
use holdfast::isolate::memory_cache::MemoryCache;

use crate::body::Body;

/// What one isolate remembers.
#[derive(Debug, Default)]
pub struct Memories {
    pub isolate: Isolate<Signal>,
    pub recall: MemoryCache<Body>,
}

/// A light, and who waits for it.
#[derive(Clone, Default)]
pub struct Signal(pub(crate) Rc<(Cell<u64>, RefCell<Vec<u64>>)>);

impl std::fmt::Debug for Signal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Signal({})", self.0.0.get())
    }
}
