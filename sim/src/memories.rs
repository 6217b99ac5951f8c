//! What one isolate remembers, and how its requests wait for each other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdfast::isolate::Isolate;
use holdfast::isolate::recall::Recall;

use crate::body::Body;

/// What one isolate remembers.
#[derive(Debug, Default)]
pub struct Memories {
    pub isolate: Isolate<Beacon>,
    pub recall: Recall<Body>,
}

/// A light, and who waits for it.
#[derive(Clone, Default)]
pub struct Beacon(pub(crate) Rc<(Cell<u64>, RefCell<Vec<u64>>)>);

impl std::fmt::Debug for Beacon {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Beacon({})", self.0.0.get())
    }
}
