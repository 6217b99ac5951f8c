//! What runs tasks: one at a time, in the order in which they were woken.
//!
//! Each task belongs to a request of an isolate, so that it can end with them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// Whom a task belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The number of the request.
    pub request: u64,
    /// The number of the isolate.
    pub isolate: u64,
    /// What the task is to the request.
    pub part: Part,
}

/// What a task is to its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// The request itself.
    #[default]
    Main,
    /// Work behind the answer, which keeps the request alive.
    Background,
    /// Work that ends when the client leaves.
    Attended,
}

/// What a task does.
pub type Work = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    work: Work,
    waker: Waker,
    owner: Owner,
}

/// Numbers of tasks to be polled. A waker has to be sendable, whoever uses it.
type Ready = Arc<Mutex<VecDeque<u64>>>;

struct Wakes {
    task: u64,
    ready: Ready,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.task);
    }
}

/// All tasks.
#[derive(Default)]
pub struct Executor {
    tasks: RefCell<BTreeMap<u64, Task>>,
    ready: Ready,
    current: Cell<Owner>,
    next_task: Cell<u64>,
}

impl Executor {
    /// Takes a task on, which begins at one of the next [steps](Self::step).
    pub fn spawn(&self, owner: Owner, work: impl Future<Output = ()> + 'static) {
        let task = self.next_task.get();
        self.next_task.set(task + 1);
        let waker = Waker::from(Arc::new(Wakes { task, ready: Arc::clone(&self.ready) }));
        waker.wake_by_ref();
        self.tasks.borrow_mut().insert(task, Task { work: Box::pin(work), waker, owner });
    }

    /// Polls the task that was woken first; `false` if there is none.
    pub fn step(&self) -> bool {
        let next = self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(number) = next else { return false };
        // Woken twice, or ended.
        let Some(mut task) = self.tasks.borrow_mut().remove(&number) else { return true };
        self.current.set(task.owner);
        if task.work.as_mut().poll(&mut Context::from_waker(&task.waker)).is_pending() {
            self.tasks.borrow_mut().insert(number, task);
        }
        true
    }

    /// Whom the task belongs to that is polled just now, or was last.
    pub fn current(&self) -> Owner {
        self.current.get()
    }

    /// How many tasks are not done.
    pub fn unfinished(&self) -> usize {
        self.tasks.borrow().len()
    }

    /// Whether a task of such an owner is not done.
    pub fn has(&self, is_meant: impl Fn(Owner) -> bool) -> bool {
        self.tasks.borrow().values().any(|task| is_meant(task.owner))
    }

    /// Takes all tasks of such owners away.
    pub fn take(&self, is_meant: impl Fn(Owner) -> bool) -> Vec<(Owner, Work)> {
        let taken =
            self.tasks.borrow_mut().extract_if(.., |_, task| is_meant(task.owner)).collect::<Vec<_>>();
        taken.into_iter().map(|(_, task)| (task.owner, task.work)).collect()
    }
}
