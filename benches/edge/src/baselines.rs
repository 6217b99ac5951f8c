//! The baselines: small JavaScript workers that decide nothing.
//!
//! Each does what the one before it does and one thing more. Their cost is the floor under Holdfast's figures.

/// A worker that does part of what is needed.
pub struct Baseline {
    /// Its file in `workers/`.
    pub file: &'static str,
    /// The value of its variable `LEVEL`.
    pub level: u8,
    pub does: &'static str,
}

/// From the least work to the most, for each of the two files.
pub const BASELINES: [Baseline; 11] = [
    passing(0, "passes the request through (bare)"),
    passing(1, "… with fields of its own, and follows no redirect"),
    passing(2, "… past the platform's cache, bodies as they came"),
    passing(3, "… with a time limit"),
    passing(4, "… and reads the whole body before it answers"),
    passing(5, "… and reads the fields of both heads"),
    passing(6, "… and reports what it did in the response"),
    answering(1, "answers 1 KB from a constant, with two fields of its own"),
    answering(2, "… and reads the request's fields"),
    answering(3, "… and writes a log line"),
    answering(4, "… with an error page of 12 KB"),
];

const fn passing(level: u8, does: &'static str) -> Baseline {
    Baseline { file: "passing.js", level, does }
}

const fn answering(level: u8, does: &'static str) -> Baseline {
    Baseline { file: "answering.js", level, does }
}
