//! Bodies: what there is to read, when it comes, and how it ends.
//!
//! A handle is used once, which the compiler sees to, and never forgotten, which is seen to here: a stream that nobody
//! reads or cancels keeps its connection.

use std::rc::Rc;

use http::HeaderMap;

use crate::clock::Clock;
use crate::later::Later;
use crate::misuse::Misuses;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of it came.
    Whole,
    /// The connection is lost.
    Torn,
    /// It does not end as it was framed.
    BadlyFramed,
    /// Nothing comes any more, and no end.
    Silent,
}

/// What is behind a handle. Its bytes come evenly between two points of virtual time.
#[derive(Clone, Debug)]
pub struct Content {
    /// The number of the origin's answer that it came with, as the front end counts.
    pub serial: Option<usize>,
    /// The attempt that it came of, as the front end counts; none once it has been stored.
    pub attempt: Option<usize>,
    /// The fields of the response that it is the body of.
    pub headers: Rc<HeaderMap>,
    /// What comes, which is all there is only if the ending is `Whole`.
    pub text: Rc<str>,
    /// When its first byte comes, in milliseconds since the beginning.
    pub starts_at: u64,
    /// When its last byte comes.
    pub ends_at: u64,
    /// How it ends.
    pub ending: Ending,
    /// Whether it is stored under an address of its own.
    pub stands_alone: bool,
    /// What it has become in the end, where that is not known before: it is being relayed.
    pub outcome: Option<Later<Rc<Content>>>,
    /// Whether it was put together of parts.
    pub is_joined: bool,
}

impl Content {
    /// A whole body that is there at once and came from nowhere.
    pub fn of(text: &str) -> Self {
        Self {
            serial: None,
            attempt: None,
            headers: Rc::default(),
            text: text.into(),
            starts_at: 0,
            ends_at: 0,
            ending: Ending::Whole,
            stands_alone: false,
            outcome: None,
            is_joined: false,
        }
    }

    /// How many bytes come.
    pub fn bytes(&self) -> u64 {
        self.text.len() as u64
    }
}

/// Reads a body to its end; gives what came.
pub async fn read(content: Rc<Content>, clock: &Rc<Clock>) -> Rc<Content> {
    clock.wait_until(content.ends_at).await;
    match &content.outcome {
        Some(outcome) => outcome.settled().await,
        None => content,
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

/// What holding a body has come to that did not become whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheld {
    /// It was too large or too slow.
    Partial,
    /// It broke off.
    Torn,
}

/// A handle.
pub struct Body {
    /// Who is to know if it is lost; nobody where there is nothing to lose.
    misuses: Option<Misuses>,
    content: Rc<Content>,
    kind: Kind,
    /// What became of it if it was held before its head was given.
    unheld: Option<Unheld>,
}

impl Body {
    /// A handle to `content`.
    pub fn new(misuses: &Misuses, content: Rc<Content>, kind: Kind) -> Self {
        let misuses = match kind {
            Kind::Null | Kind::Memory => None,
            Kind::Stream | Kind::Begun | Kind::Relayed => Some(misuses.clone()),
        };
        Self { misuses, content, kind, unheld: None }
    }

    /// Notes what became of it when it was held before its head was given.
    pub fn tried(mut self, how: Unheld) -> Self {
        self.unheld = Some(how);
        self
    }

    /// What became of it if it was held before its head was given, and is not whole.
    pub fn unheld(&self) -> Option<Unheld> {
        self.unheld
    }

    /// Uses the handle up.
    pub fn spend(mut self) -> (Rc<Content>, Kind) {
        self.misuses = None;
        (Rc::clone(&self.content), self.kind)
    }

    /// What is behind it.
    pub fn content(&self) -> &Rc<Content> {
        &self.content
    }

    /// What it can be used for.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(misuses) = &self.misuses {
            misuses.record("every body is used or cancelled", || format!("{self:?} was dropped"));
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} body of answer {:?}", self.kind, self.content.serial)
    }
}
