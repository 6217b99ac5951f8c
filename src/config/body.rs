//! The `body` table. How are bodies passed on?

/// `body`: how bodies are handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Bodies up to this many bytes are complete before the client sees any of them.
    pub buffer: u64,
    /// Whether a larger one that breaks off is continued by range, where the origin allows that.
    pub resume: bool,
    /// Whether a body that is not held is watched on its way: for breaking off, and for silence where it can be continued.
    /// One that is stored always is, and so is one of unknown length.
    pub monitor: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self { buffer: 256 * 1024, resume: true, monitor: true }
    }
}
