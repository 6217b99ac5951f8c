//! A request of the load, and the answer that it must get.

/// What is sent, and what must come back.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: &'static str,
    /// Whether each request has a query of its own.
    pub is_unique: bool,
    /// Fields beside those of [`BROWSER`].
    pub fields: Vec<(&'static str, String)>,
    /// The status codes that are right.
    pub statuses: &'static [u16],
    /// Bytes of the body; `None` if workers differ in it.
    pub length: Option<u64>,
}

/// A page of 1 KB that may not be stored.
pub const PAGE: Request =
    Request { path: "/1k", is_unique: false, fields: Vec::new(), statuses: &[200], length: Some(1000) };

/// A page that no worker has stored.
///
/// While its breaker is open Holdfast answers with the status of the failure that opened it, the handwritten worker with 503.
pub const NOTHING: Request =
    Request { path: "/nothing", is_unique: false, fields: Vec::new(), statuses: &[502, 503], length: None };

/// The fields that a browser sends with each request for a page.
pub const BROWSER: [(&str, &str); 8] = [
    ("host", "www.example.test"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "none"),
];
