//! The part of the configuration that the object needs.

use crate::config;

/// When failures are an incident, and who learns of it.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// When failed attempts are an incident.
    pub incident: &'a config::Incident,
    /// Where alerts go, and in which form.
    pub alert: &'a config::Alert,
    /// The dashboard's URL, for alerts. An alarm does not know it. The last known URL is then used.
    pub dashboard: Option<&'a str>,
}
