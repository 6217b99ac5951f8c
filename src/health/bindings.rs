//! The bindings of the deployment. What can it do, and what not?

use serde::Serialize;

/// Which bindings and secrets are set. They are named. Their content is never shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bindings {
    /// The KV namespace for kept copies and purge marks.
    #[serde(rename = "HOLDFAST_KEEP")]
    pub keep: bool,
    /// The Durable Object that gathers the counts.
    #[serde(rename = "HOLDFAST_HEALTH")]
    pub health: bool,
    /// The Analytics Engine data set.
    #[serde(rename = "HOLDFAST_ANALYTICS")]
    pub analytics: bool,
    /// The version metadata.
    #[serde(rename = "HOLDFAST_VERSION")]
    pub version: bool,
    /// The operators' secret.
    #[serde(rename = "HOLDFAST_TOKEN")]
    pub token: bool,
}

impl Bindings {
    /// Whether anything takes counts.
    pub const fn count(self) -> bool {
        self.health || self.analytics
    }

    /// Each binding: its name, whether it is bound, and what needs it.
    pub(super) fn all(&self) -> [(&'static str, bool, &'static str); 5] {
        [
            ("HOLDFAST_KEEP", self.keep, "kept copies, purging"),
            ("HOLDFAST_HEALTH", self.health, "this page, metrics, alerts"),
            ("HOLDFAST_ANALYTICS", self.analytics, "data points for each request"),
            ("HOLDFAST_VERSION", self.version, "versions on this page"),
            ("HOLDFAST_TOKEN", self.token, "operators' endpoints"),
        ]
    }
}
