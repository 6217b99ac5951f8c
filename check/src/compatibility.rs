//! What of the platform the Worker is made for: docs/compatibility.md.

/// The compatibility date with which the Worker is built, tested and measured.
pub const COMPATIBILITY_DATE: &str = "2026-11-17";

/// The flags that go with it: nothing in the Worker uses the API of Node.js.
pub const COMPATIBILITY_FLAGS: [&str; 2] = ["no_nodejs_compat", "no_nodejs_compat_v2"];
