//! What does an endpoint answer?
//!
//! JSON; errors are problem documents (RFC 9457).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::order::Mistake;
use crate::cache::purge::Verb;
use crate::time::Timestamp;

/// After which time all data centres go by a new mark: the platform shows a write elsewhere after up to 60 s,
/// and a data centre goes by what it has read for up to 60 s more.
pub const IN_FORCE_WITHIN: Duration = Duration::from_secs(120);

/// When to try again after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The answer of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// There is no such endpoint, or no endpoint at all.
    NotFound,
    /// The token was not shown.
    Unauthorized,
    /// A page of another site is behind the request.
    CrossSite,
    /// Only POST is understood.
    MethodNotAllowed,
    /// Only JSON is understood.
    UnsupportedMediaType,
    /// The body is too long.
    TooLarge,
    /// What is wrong in the order.
    Mistaken(Vec<Mistake>),
    /// Nothing is bound that could hold the marks.
    NoStore,
    /// There is no room for more marks.
    Full,
    /// The marks could not be read or written.
    Failed,
    /// The marks are written.
    Marked {
        /// What the order was.
        verb: Verb,
        /// How many URLs, prefixes or everythings it named.
        scopes: usize,
        /// Responses requested until then are concerned.
        at: Timestamp,
        /// How many marks there are now.
        marks: usize,
    },
}

impl Reply {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.row().map_or(StatusCode::OK, |row| row.status)
    }

    /// The header fields: no answer is ever stored.
    pub fn headers(&self) -> HeaderMap {
        let is_problem = self.row().is_some();
        let fixed = [
            (header::CONTENT_TYPE, if is_problem { "application/problem+json" } else { "application/json" }),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (HeaderName::from_static("x-robots-tag"), "noindex"),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value)));
        fixed.chain(self.own_field()).collect()
    }

    /// The field that only this answer has.
    fn own_field(&self) -> Option<(HeaderName, HeaderValue)> {
        let fixed = HeaderValue::from_static;
        match self {
            // RFC 6750 §3: at least one parameter follows the scheme.
            Self::Unauthorized => Some((header::WWW_AUTHENTICATE, fixed("Bearer realm=\"holdfast\""))),
            Self::MethodNotAllowed => Some((header::ALLOW, fixed("POST"))), // RFC 9110 §15.5.6
            Self::UnsupportedMediaType => Some((header::ACCEPT, fixed("application/json"))), // §15.5.16
            Self::Failed => Some((header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_secs()))),
            Self::NotFound
            | Self::CrossSite
            | Self::TooLarge
            | Self::Mistaken(_)
            | Self::NoStore
            | Self::Full
            | Self::Marked { .. } => None,
        }
    }

    /// The body: one line of JSON.
    pub fn json(&self) -> String {
        let json = match self.row() {
            Some(row) => serde_json::to_string(&self.problem(&row)),
            None => serde_json::to_string(&self.receipt()),
        };
        json.unwrap_or_default()
    }

    fn problem(&self, row: &Row) -> Problem<'_> {
        let errors = if let Self::Mistaken(mistakes) = self { mistakes.as_slice() } else { &[] };
        Problem {
            kind: format!("urn:holdfast:problem:{}", row.word),
            title: row.title,
            status: row.status.as_u16(),
            detail: row.detail,
            errors,
        }
    }

    fn receipt(&self) -> Option<Receipt> {
        let Self::Marked { verb, scopes, at, marks } = self else { return None };
        let (purged, forgotten) = match verb {
            Verb::Purge => (*scopes, 0),
            Verb::Forget => (0, *scopes),
        };
        let in_force_within_s = IN_FORCE_WITHIN.as_secs();
        Some(Receipt { purged, forgotten, at: at.to_rfc3339(), marks: *marks, in_force_within_s })
    }

    /// `None` if nothing went wrong.
    fn row(&self) -> Option<Row> {
        let (status, word, title, detail) = match self {
            Self::Marked { .. } => return None,
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "endpoint_not_found",
                "There is no such endpoint",
                "Nothing answers at this address.",
            ),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "token_needed",
                "The token is needed",
                "Send the token as Authorization: Bearer, or in Holdfast-Token.",
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "cross_site",
                "Another site is behind this request",
                "Sec-Fetch-Site or Origin names another site; send orders from this one, or from no browser.",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "The method is not allowed",
                "Send the order with POST.",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "json_needed",
                "The order is not JSON",
                "Send the order with Content-Type: application/json.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "order_too_large",
                "The order is too large",
                "At most 64 KiB are accepted; send several orders, or name a prefix.",
            ),
            Self::Mistaken(_) => (
                StatusCode::BAD_REQUEST,
                "order_mistaken",
                "The order has mistakes",
                "Nothing was done; errors says where the order is mistaken and what is accepted there.",
            ),
            Self::NoStore => (
                StatusCode::NOT_IMPLEMENTED,
                "no_store",
                "There is no place for marks",
                "Bind a KV namespace as HOLDFAST_KEEP, where all data centres can read them.",
            ),
            Self::Full => (
                StatusCode::INSUFFICIENT_STORAGE,
                "marks_full",
                "There is no room for more marks",
                "Nothing was done. Forget a prefix, or everything, in place of the marks that it covers.",
            ),
            Self::Failed => (
                StatusCode::SERVICE_UNAVAILABLE,
                "marks_unavailable",
                "The marks could not be written",
                "Whether the order is in force is not known; send it again.",
            ),
        };
        Some(Row { status, word, title, detail })
    }
}

/// What an operator learns of a request that was not followed.
struct Row {
    status: StatusCode,
    /// For programs.
    word: &'static str,
    title: &'static str,
    /// What to do about it.
    detail: &'static str,
}

/// A problem document (RFC 9457 §3.1), and a member of our own (§3.2).
#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Mistake],
}

/// What was done.
#[derive(Serialize)]
struct Receipt {
    purged: usize,
    forgotten: usize,
    at: String,
    marks: usize,
    in_force_within_s: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn all() -> [Reply; 11] {
        let mistake = |key: &str| Mistake {
            key: key.to_owned(),
            value: "\"<b>\"".to_owned(),
            rule: "true or false is accepted".to_owned(),
        };
        [
            Reply::NotFound,
            Reply::Unauthorized,
            Reply::CrossSite,
            Reply::MethodNotAllowed,
            Reply::UnsupportedMediaType,
            Reply::TooLarge,
            Reply::Mistaken(vec![mistake("all"), mistake("forget")]),
            Reply::NoStore,
            Reply::Full,
            Reply::Failed,
            Reply::Marked { verb: Verb::Purge, scopes: 3, at: Timestamp::from_millis(999), marks: 7 },
        ]
    }

    fn body(reply: &Reply) -> Value {
        serde_json::from_str(&reply.json()).unwrap()
    }

    #[test]
    fn each_refusal_has_its_status_and_says_what_to_do() {
        let statuses = all().map(|reply| reply.status().as_u16());
        assert_eq!(statuses, [404, 401, 403, 405, 415, 413, 400, 501, 507, 503, 200]);
        let mut kinds = Vec::new();
        for reply in all().iter().filter(|reply| reply.status() != 200) {
            let body = body(reply);
            assert_eq!(reply.headers()["content-type"], "application/problem+json");
            assert_eq!(body["status"], reply.status().as_u16(), "{reply:?}"); // RFC 9457 §3.1.3
            assert!(body["title"].as_str().unwrap().len() > 10, "{reply:?}");
            assert!(body["detail"].as_str().unwrap().ends_with('.'), "{reply:?}");
            kinds.push(body["type"].as_str().unwrap().to_owned());
        }
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), 10);
        assert!(kinds.iter().all(|kind| kind.starts_with("urn:holdfast:problem:")));
    }

    #[test]
    fn no_answer_of_an_endpoint_is_stored_or_found_by_a_search_engine() {
        for reply in all() {
            assert_eq!(reply.headers()["cache-control"], "no-store", "{reply:?}");
            assert_eq!(reply.headers()["x-robots-tag"], "noindex", "{reply:?}");
        }
    }

    #[test]
    fn a_refusal_carries_the_field_that_belongs_to_its_status() {
        for (reply, name, value) in [
            (Reply::Unauthorized, "www-authenticate", "Bearer realm=\"holdfast\""), // RFC 9110 §11.6.1
            (Reply::MethodNotAllowed, "allow", "POST"),
            (Reply::UnsupportedMediaType, "accept", "application/json"),
            (Reply::Failed, "retry-after", "10"),
        ] {
            assert_eq!(reply.headers()[name], value);
            let others = all().into_iter().filter(|other| *other != reply);
            assert!(others.into_iter().all(|other| !other.headers().contains_key(name)), "{name}");
        }
    }

    #[test]
    fn every_mistake_reaches_the_operator() {
        let [.., mistaken, _, _, _, _] = all();
        let expected = ["all", "forget"]
            .map(|key| json!({ "key": key, "value": "\"<b>\"", "rule": "true or false is accepted" }));
        assert_eq!(body(&mistaken)["errors"], json!(expected));
        assert_eq!(body(&Reply::NotFound).get("errors"), None);
    }

    #[test]
    fn an_operator_learns_what_was_marked_and_when_it_is_in_force() {
        let marked = |verb| Reply::Marked { verb, scopes: 3, at: Timestamp::from_millis(999), marks: 7 };
        for (verb, purged, forgotten) in [(Verb::Purge, 3, 0), (Verb::Forget, 0, 3)] {
            let reply = marked(verb);
            assert_eq!(reply.status(), 200);
            assert_eq!(reply.headers()["content-type"], "application/json");
            let expected = json!({
                "purged": purged, "forgotten": forgotten, "at": "1970-01-01T00:00:00Z", "marks": 7,
                "in_force_within_s": 120,
            });
            assert_eq!(body(&reply), expected);
        }
    }
}
