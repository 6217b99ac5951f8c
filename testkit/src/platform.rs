//! What all requests of a world share: time, tasks, the edge cache, the namespace.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::clock::Clock;
use crate::executor::{Executor, Owner};
use crate::misuse::Misuses;
use crate::store::MemoryStore;

/// The platform.
#[derive(Default)]
pub struct Platform {
    /// Its time.
    pub clock: Rc<Clock>,
    /// What runs tasks.
    pub executor: Executor,
    /// The edge cache.
    pub store: MemoryStore,
    /// The namespace that all data centres share.
    pub namespace: Namespace,
    /// What was done to it that must not be done.
    pub misuses: Misuses,
}

/// The namespace: last good copies and purge rules.
#[derive(Debug, Default)]
pub struct Namespace {
    /// The copies.
    pub copies: MemoryStore,
    /// The purge rules as they were written, each with its time in milliseconds since the beginning.
    pub purge_rules: RefCell<Vec<(u64, String)>>,
    /// How many copies were read.
    pub reads: Cell<usize>,
    /// How often the rules were read.
    pub reads_of_purge_rules: Cell<usize>,
    /// How many copies were written.
    pub writes: Cell<usize>,
}

impl Platform {
    /// Ends all tasks of such owners by force, as a crash does; gives whose they were.
    pub fn end(&self, is_meant: impl Fn(Owner) -> bool) -> Vec<Owner> {
        let (owners, work): (Vec<_>, Vec<_>) = self.executor.take(is_meant).into_iter().unzip();
        self.misuses.without(work);
        owners
    }
}
