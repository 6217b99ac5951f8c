//! Bodies: what there is to read, when it comes, and how it ends.
//!
//! A handle is used once, which the compiler sees to, and never forgotten, which is seen to here: a stream that nobody
//! reads or cancels keeps its connection.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

use http::HeaderMap;

use crate::world::World;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// The connection is lost.
    Torn,
    BadlyFramed,
    /// Nothing comes any more, and no end.
    Silent,
}

/// What is behind a handle. Its bytes come evenly between two points of virtual time.
#[derive(Clone, Debug)]
pub struct Content {
    /// The number of the origin's answer that it came with.
    pub serial: Option<usize>,
    /// The attempt that it came of, where it has not been stored since.
    pub attempt: Option<usize>,
    /// The fields of the response that it is the body of.
    pub headers: Rc<HeaderMap>,
    /// What comes, which is all there is only if the ending is `Whole`.
    pub text: Rc<str>,
    pub starts_at: u64,
    pub ends_at: u64,
    pub ending: Ending,
    /// Whether it is stored under an address of its own.
    pub stands_alone: bool,
    /// What follows where it breaks off, should that be had; it is not known before.
    pub rest: Option<Rest>,
    /// Whether it was put together of parts.
    pub is_joined: bool,
}

/// The rest of a body that broke off, and who waits for it.
#[derive(Clone, Debug, Default)]
pub struct Rest(Rc<Awaited>);

#[derive(Debug, Default)]
struct Awaited {
    whole: RefCell<Option<Rc<Content>>>,
    tasks: RefCell<Vec<u64>>,
}

impl Rest {
    /// What the body has become: it comes no more.
    pub fn settle(&self, world: &World, whole: Rc<Content>) {
        self.0.whole.replace(Some(whole));
        for task in self.0.tasks.take() {
            world.wake(task);
        }
    }

    /// Waits for that.
    pub async fn settled(&self, world: &World) -> Rc<Content> {
        std::future::poll_fn(|_| match &*self.0.whole.borrow() {
            Some(whole) => Poll::Ready(Rc::clone(whole)),
            None => {
                self.0.tasks.borrow_mut().push(world.task());
                Poll::Pending
            }
        })
        .await
    }
}

/// What a handle can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There is nothing to read, and nothing to lose.
    Null,
    /// Not read yet.
    Stream,
    /// Read in part: it has to be relayed.
    Begun,
    /// On its way to whoever reads it.
    Relayed,
    /// Whole and in memory.
    Memory,
}

/// A handle.
pub struct Body {
    /// Who is to know if it is lost; nobody where there is nothing to lose, as the world itself may remember that one.
    world: Option<Rc<World>>,
    content: Rc<Content>,
    kind: Kind,
    spent: bool,
}

impl Body {
    pub fn new(world: &Rc<World>, content: Rc<Content>, kind: Kind) -> Self {
        let world = match kind {
            Kind::Null | Kind::Memory => None,
            Kind::Stream | Kind::Begun | Kind::Relayed => Some(Rc::clone(world)),
        };
        Self { world, content, kind, spent: false }
    }

    /// Uses the handle up.
    pub fn spend(mut self) -> (Rc<Content>, Kind) {
        self.spent = true;
        (Rc::clone(&self.content), self.kind)
    }

    pub fn content(&self) -> &Rc<Content> {
        &self.content
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(world) = self.world.as_ref().filter(|_| !self.spent) {
            world.body_was_lost(&self.content, self.kind);
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} of answer {:?}", self.kind, self.content.serial)
    }
}
