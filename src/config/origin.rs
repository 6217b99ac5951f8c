//! One origin of `origins`. Where do requests go?

use crate::request::Target;

/// An origin: scheme, host and port; the path of a request is appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its URL with `/` as path.
    pub url: Target,
}
