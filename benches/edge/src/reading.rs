//! The measured values: which worker, how fast, and how much CPU time.

use std::collections::HashMap;

/// A contestant, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Worker {
    Bare,
    Handwritten,
    Holdfast,
    /// One of the workers that `--against` names.
    Other(usize),
    /// One of the [`BASELINES`](crate::baselines::BASELINES).
    Baseline(usize),
}

/// What one worker did in one scenario of one round.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub per_second: f64,
    pub cpu_micros: f64,
}

/// All readings of a scenario, one for each round.
pub type Readings = HashMap<Worker, Vec<Reading>>;

/// How long a worker takes to start, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// From the start of workerd until it listens.
    pub ready: f64,
    /// From then until its first answer has come.
    pub first: f64,
    /// From then until the second has come, on another connection.
    pub second: f64,
}

/// WebAssembly that V8 has compiled, function by function as they are called.
#[derive(Clone, Copy, Debug)]
pub struct Compiled {
    pub functions: usize,
    /// Bytes of machine code.
    pub bytes: usize,
}
