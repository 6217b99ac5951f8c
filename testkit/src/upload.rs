//! Request bodies, and what becomes of them by their client's doing.

use std::rc::Rc;

use holdfast::origin::failure::Lapse;

/// A request body.
#[derive(Clone, Debug)]
pub struct Upload {
    /// All of it.
    pub text: Rc<str>,
    /// How long it is on its way, in milliseconds.
    pub takes: u64,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a request body, by its client's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it comes.
    Whole,
    /// Its client leaves before its end.
    BreaksOff,
    /// Its client falls silent, and leaves after [`SILENCE`].
    Stalls,
    /// It does not end as it was framed.
    Misframed,
}

/// How long a client is silent that does not go on with its upload, in milliseconds: longer than any time limit.
pub const SILENCE: u64 = 60_000;

impl Fate {
    /// How the client fails, if it does.
    pub fn lapse(self) -> Option<Lapse> {
        match self {
            Self::Whole => None,
            Self::BreaksOff => Some(Lapse::Gone),
            Self::Misframed => Some(Lapse::Broken),
            Self::Stalls => Some(Lapse::Stalled),
        }
    }
}
