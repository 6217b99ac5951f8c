//! Evidence about an origin. Does an attempt show that the origin works, and how much of it?

/// How much a failure affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The requested page; others may work.
    Page,
    /// The whole origin.
    Origin,
    /// Nothing of the origin's.
    Nothing,
}

/// What an attempt says about its origin's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthSignal {
    /// The origin answers.
    Healthy,
    /// The origin fails to answer, or says that it cannot.
    Unhealthy,
    /// No evidence: something other than the origin ended the attempt.
    Neutral,
}
