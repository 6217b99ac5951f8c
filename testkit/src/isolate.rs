//! What one isolate remembers.

use holdfast::isolate::Isolate;
use holdfast::isolate::memory_cache::MemoryCache;

use crate::body::Body;
use crate::signal::Signal;

/// What one isolate remembers.
#[derive(Debug, Default)]
pub struct IsolateMemory {
    /// Between its requests.
    pub isolate: Isolate<Signal>,
    /// Of what was found in the stores.
    pub cache: MemoryCache<Body>,
}
