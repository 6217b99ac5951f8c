//! The `body` table. How are bodies forwarded?

/// `body`: how bodies are forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Bodies up to this many bytes are buffered: complete before the client gets any of them.
    pub buffer: u64,
    /// Whether a larger body that breaks off is resumed by range request, if the origin allows that.
    pub resume: bool,
    /// Whether a body that is not buffered is monitored for breaking off, and for silence if it can be resumed. A
    /// body that is stored, or of unknown length, always is.
    pub monitor: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self { buffer: 256 * 1024, resume: true, monitor: true }
    }
}
