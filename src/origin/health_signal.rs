//! What a result says about an origin's health, and about how much of its site.

/// How much of a site a failure is evidence about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The requested page. Others may be well.
    Page,
    /// The whole origin.
    Origin,
    /// Nothing of the origin's.
    Nothing,
}

/// What the result of an attempt says about the health of its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthSignal {
    /// It answers.
    Healthy,
    /// It fails to answer, or says itself that it cannot.
    Unhealthy,
    /// Nothing: something else than the origin ended the attempt.
    Neutral,
}
