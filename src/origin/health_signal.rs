//! Evidence about an origin. Does an attempt say that it is well, and about how much of it?

/// What a failure is evidence about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The page that was asked for: others may be well.
    Page,
    /// The whole origin.
    Origin,
    /// Nothing that is the origin's.
    Nothing,
}

/// What an attempt says about whether its origin is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthSignal {
    /// It answers.
    Healthy,
    /// It fails to answer, or says itself that it cannot.
    Unhealthy,
    /// Nothing: something else than the origin ended the attempt.
    Neutral,
}
