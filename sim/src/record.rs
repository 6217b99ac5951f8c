//! The record of each answer, which is the truth that all else is held to.

use std::rc::Rc;

use http::{HeaderMap, HeaderName};
use testkit::body::Ending;

use crate::page::Rules;
use crate::turn::Turn;

/// The field by which an answer is known to the record.
pub const SERIAL: HeaderName = HeaderName::from_static("x-serial");

/// An origin's answer as it was.
#[derive(Clone, Debug)]
pub struct Record {
    /// The number of the request that it was an answer to.
    pub ask: u64,
    pub page: usize,
    pub method: String,
    pub status: u16,
    /// For whom alone it was.
    pub marker: Option<String>,
    pub rules: Rules,
    /// The request fields by which it was selected, stated or understood.
    pub vary: Vec<&'static str>,
    /// What the origin got.
    pub seen: HeaderMap,
    pub coded: bool,
    /// `Access-Control-Allow-Origin`.
    pub allows: Option<String>,
    /// What the page was just then.
    pub turn: Option<Turn>,
    /// The body that it has, whole.
    pub text: Rc<str>,
    /// When it was asked for and when it came, in milliseconds of the clock on the wall.
    pub requested_at: u64,
    pub received_at: u64,
    /// The same in virtual time.
    pub sent_at: u64,
    pub came_at: u64,
    pub ending: Ending,
}

/// Who asks, as far as the site can tell.
pub fn visitor_of(seen: &HeaderMap) -> Option<String> {
    let cookie = text_of(seen, "cookie").unwrap_or_default();
    let by_cookie = cookie.split("; ").find_map(|cookie| cookie.strip_prefix("sid=").map(str::to_owned));
    by_cookie.or_else(|| text_of(seen, "authorization")?.strip_prefix("Bearer ").map(str::to_owned))
}

/// The lines of a field, joined; `None` if there are none.
pub fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// The number of the answer that such fields are of.
pub fn serial_of(headers: &HeaderMap) -> Option<usize> {
    headers.get(SERIAL)?.to_str().ok()?.parse().ok()
}
