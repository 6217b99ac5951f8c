//! Code that most requests never reach.
//!
//! WebAssembly is compiled when it is first called, a function at a time and as a whole, while the first visitor of an isolate
//! waits: 80 µs for each kilobyte of it. The compilers make one function of all futures that await each other, and of a
//! function and its only caller. So what only an outage, an operator or a crowd needs stands apart.

use std::pin::Pin;

/// `future`, compiled on its own. It costs an allocation where it is needed.
pub(super) fn apart<'a, F: Future + 'a>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + 'a>> {
    Box::pin(future)
}

/// What `work` gives, compiled on its own: wasm-opt knows it by this name, and puts it into no other function.
#[inline(never)]
pub(super) fn aside<T>(work: impl FnOnce() -> T) -> T {
    work()
}
