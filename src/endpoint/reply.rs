//! The answers of endpoints: JSON, problem documents for errors (RFC 9457), and pages for browsers.

use std::time::Duration;

use askama::Template;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::order::Mistake;
use crate::cache::purge::PurgeKind;
use crate::health::assets::Assets;
use crate::health::{Bindings, View};
use crate::response::template::rendered;
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
    Unauthorized {
        /// Whether a browser is to ask once more at once, now that it comes from this site.
        goes_on: bool,
    },
    /// What was typed is not the token.
    WrongToken,
    /// Too many wrong tokens came from there; after this time one is heard again.
    TooManyGuesses(Duration),
    /// Nothing is bound that knows how the origins are.
    NoHealth,
    /// It did not answer.
    HealthFailed,
    /// This worker is alive, and has these bindings.
    Alive(Bindings),
    /// How the origins are.
    Shown(View, String),
    /// To the dashboard, with a cookie where a session begins or ends.
    SeeStatus(Option<HeaderValue>),
    /// A page of another site is behind the request.
    CrossSite,
    /// Only these methods are understood.
    MethodNotAllowed(&'static str),
    /// Only this type is understood.
    UnsupportedMediaType(&'static str),
    /// The body is too long.
    TooLarge,
    /// What is wrong in the order.
    Mistaken(Vec<Mistake>),
    /// Nothing is bound that could hold the purge rules.
    NoStore,
    /// There is no room for more purge rules.
    Full,
    /// The purge rules could not be read or written.
    Failed,
    /// The purge rules are written.
    Marked {
        /// What the order was.
        kind: PurgeKind,
        /// How many URLs, prefixes or everythings it named.
        scopes: usize,
        /// Responses requested until then are concerned.
        at: Timestamp,
        /// How many purge rules there are now.
        marks: usize,
    },
}

impl Reply {
    /// The status.
    pub fn status(&self) -> StatusCode {
        let well = if matches!(self, Self::SeeStatus(_)) { StatusCode::SEE_OTHER } else { StatusCode::OK };
        self.row().map_or(well, |row| row.status)
    }

    /// The header fields and the body, for somebody in front of a browser or for a program: no answer is ever stored.
    pub fn render(&self, for_people: bool) -> (HeaderMap, String) {
        let page = if for_people { self.page() } else { None };
        let content_type = match (self, &page) {
            (Self::Shown(view, _), _) => view.content_type(),
            (_, Some(_)) => View::Html.content_type(),
            (Self::SeeStatus(_), None) => "text/plain",
            (_, None) if self.row().is_some() => "application/problem+json",
            (_, None) => "application/json",
        };
        let fixed = [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (HeaderName::from_static("x-robots-tag"), "noindex"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value)));
        let mut headers: HeaderMap = fixed.chain(self.own_field()).collect();
        if page.is_some() || matches!(self, Self::Shown(View::Html, _)) {
            headers.extend(Assets::get().fields().clone());
        }
        if let Self::SeeStatus(cookie) = self {
            headers.insert(header::LOCATION, HeaderValue::from_static("status"));
            headers.extend(cookie.clone().map(|cookie| (header::SET_COOKIE, cookie)));
        }
        (headers, page.unwrap_or_else(|| self.text()))
    }

    /// The field that only this answer has.
    fn own_field(&self) -> Option<(HeaderName, HeaderValue)> {
        let fixed = HeaderValue::from_static;
        let later = |span: Duration| Some((header::RETRY_AFTER, HeaderValue::from(span.as_secs().max(1))));
        match self {
            // RFC 6750 §3: at least one parameter follows the scheme.
            Self::Unauthorized { .. } | Self::WrongToken => {
                Some((header::WWW_AUTHENTICATE, fixed("Bearer realm=\"holdfast\"")))
            }
            Self::MethodNotAllowed(allow) => Some((header::ALLOW, fixed(allow))), // RFC 9110 §15.5.6
            Self::UnsupportedMediaType(kind) => Some((header::ACCEPT, fixed(kind))), // §15.5.16
            Self::TooManyGuesses(left) => later(*left),                           // RFC 6585 §4
            Self::Failed | Self::HealthFailed => later(RETRY_AFTER),
            Self::NotFound
            | Self::CrossSite
            | Self::TooLarge
            | Self::Mistaken(_)
            | Self::NoStore
            | Self::NoHealth
            | Self::Full
            | Self::Alive(_)
            | Self::Shown(..)
            | Self::SeeStatus(_)
            | Self::Marked { .. } => None,
        }
    }

    /// What a program reads: one line of JSON, or what is shown.
    fn text(&self) -> String {
        let json = match (self, self.row()) {
            (Self::Shown(_, text), _) => return text.clone(),
            (Self::SeeStatus(_), _) => return String::new(),
            (Self::Alive(bindings), _) => serde_json::to_string(&Alive { status: "ok", bindings }),
            (_, Some(row)) => serde_json::to_string(&self.problem(&row)),
            (_, None) => serde_json::to_string(&self.receipt()),
        };
        json.unwrap_or_default()
    }

    /// The form to sign in, or why there is nothing to see.
    fn page(&self) -> Option<String> {
        let row = self.row()?;
        let has_form = matches!(self, Self::Unauthorized { .. } | Self::WrongToken);
        let why = if let Self::TooManyGuesses(left) = self {
            Some(format!("Try again in {} min.", left.as_secs().div_ceil(60)))
        } else if matches!(self, Self::Unauthorized { .. }) {
            None
        } else if has_form {
            Some("That is not the token.".to_owned())
        } else {
            Some(row.detail.to_owned())
        };
        let heading = if has_form { "Sign in" } else { row.title };
        let goes_on = matches!(self, Self::Unauthorized { goes_on: true });
        Some(rendered(&Page { assets: Assets::get(), heading, why, has_form, goes_on }))
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
        let Self::Marked { kind, scopes, at, marks } = self else { return None };
        let (purged, forgotten) = match kind {
            PurgeKind::Soft => (*scopes, 0),
            PurgeKind::Hard => (0, *scopes),
        };
        let in_force_within_s = IN_FORCE_WITHIN.as_secs();
        Some(Receipt { purged, forgotten, at: at.to_rfc3339(), marks: *marks, in_force_within_s })
    }

    /// `None` if nothing went wrong.
    fn row(&self) -> Option<Row> {
        let (status, word, title, detail) = match self {
            Self::Marked { .. } | Self::Alive(_) | Self::Shown(..) | Self::SeeStatus(_) => return None,
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "endpoint_not_found",
                "There is no such endpoint",
                "Nothing answers at this address.",
            ),
            Self::Unauthorized { .. } => (
                StatusCode::UNAUTHORIZED,
                "token_needed",
                "The token is needed",
                "Send the token as Authorization: Bearer, or in Holdfast-Token.",
            ),
            Self::WrongToken => (
                StatusCode::UNAUTHORIZED,
                "token_wrong",
                "That is not the token",
                "Send the value of the secret HOLDFAST_TOKEN.",
            ),
            Self::TooManyGuesses(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_guesses",
                "Too many wrong tokens",
                "They came from this address; Retry-After says when one is heard again, right or wrong.",
            ),
            Self::NoHealth => (
                StatusCode::SERVICE_UNAVAILABLE,
                "health_not_bound",
                "Nothing knows how the origins are",
                "HOLDFAST_HEALTH is not bound. Bind the Durable Object OriginHealth as HOLDFAST_HEALTH.",
            ),
            Self::HealthFailed => (
                StatusCode::SERVICE_UNAVAILABLE,
                "health_unavailable",
                "What knows the origins does not answer",
                "HOLDFAST_HEALTH is bound and did not answer; try again in a moment.",
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "cross_site",
                "Another site is behind this request",
                "Sec-Fetch-Site or Origin names another site; send orders from this one, or from no browser.",
            ),
            Self::MethodNotAllowed(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "The method is not allowed",
                "Allow names the methods that are.",
            ),
            Self::UnsupportedMediaType(_) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type_not_accepted",
                "The type is not accepted",
                "Accept names the Content-Type to send.",
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
                "There is no place for purge rules",
                "Bind a KV namespace as HOLDFAST_KEEP, where all data centres can read them.",
            ),
            Self::Full => (
                StatusCode::INSUFFICIENT_STORAGE,
                "marks_full",
                "There is no room for more purge rules",
                "Nothing was done. Purge a prefix hard, or everything, in place of the rules that it covers.",
            ),
            Self::Failed => (
                StatusCode::SERVICE_UNAVAILABLE,
                "marks_unavailable",
                "The purge rules could not be written",
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

/// templates/login.html
#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    assets: &'static Assets,
    heading: &'static str,
    why: Option<String>,
    has_form: bool,
    goes_on: bool,
}

/// That this worker is alive.
#[derive(Serialize)]
struct Alive<'a> {
    status: &'static str,
    bindings: &'a Bindings,
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

    fn all() -> [Reply; 15] {
        let mistake = |key: &str| Mistake {
            key: key.to_owned(),
            value: "\"<b>\"".to_owned(),
            rule: "true or false is accepted".to_owned(),
        };
        [
            Reply::NotFound,
            Reply::Unauthorized { goes_on: false },
            Reply::WrongToken,
            Reply::TooManyGuesses(Duration::from_secs(590)),
            Reply::NoHealth,
            Reply::HealthFailed,
            Reply::CrossSite,
            Reply::MethodNotAllowed("POST"),
            Reply::UnsupportedMediaType("application/json"),
            Reply::TooLarge,
            Reply::Mistaken(vec![mistake("all"), mistake("forget")]),
            Reply::NoStore,
            Reply::Full,
            Reply::Failed,
            Reply::Marked { kind: PurgeKind::Soft, scopes: 3, at: Timestamp::from_millis(999), marks: 7 },
        ]
    }

    fn body(reply: &Reply) -> Value {
        serde_json::from_str(&reply.render(false).1).unwrap()
    }

    fn headers(reply: &Reply) -> HeaderMap {
        reply.render(false).0
    }

    #[test]
    fn each_refusal_has_its_status_and_says_what_to_do() {
        let statuses = all().map(|reply| reply.status().as_u16());
        assert_eq!(statuses, [404, 401, 401, 429, 503, 503, 403, 405, 415, 413, 400, 501, 507, 503, 200]);
        let mut kinds = Vec::new();
        for reply in all().iter().filter(|reply| reply.status() != 200) {
            let body = body(reply);
            assert_eq!(headers(reply)["content-type"], "application/problem+json");
            assert_eq!(body["status"], reply.status().as_u16(), "{reply:?}"); // RFC 9457 §3.1.3
            assert!(body["title"].as_str().unwrap().len() > 10, "{reply:?}");
            assert!(body["detail"].as_str().unwrap().ends_with('.'), "{reply:?}");
            kinds.push(body["type"].as_str().unwrap().to_owned());
        }
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), 14);
        assert!(kinds.iter().all(|kind| kind.starts_with("urn:holdfast:problem:")));
    }

    #[test]
    fn no_answer_of_an_endpoint_is_stored_or_found_by_a_search_engine() {
        for reply in all().into_iter().chain([Reply::Alive(Bindings::default()), Reply::SeeStatus(None)]) {
            assert_eq!(headers(&reply)["cache-control"], "no-store", "{reply:?}");
            assert_eq!(headers(&reply)["x-robots-tag"], "noindex", "{reply:?}");
        }
    }

    #[test]
    fn a_refusal_carries_the_field_that_belongs_to_its_status() {
        for (reply, name, value) in [
            (Reply::Unauthorized { goes_on: false }, "www-authenticate", "Bearer realm=\"holdfast\""), // RFC 9110 §11.6.1
            (Reply::WrongToken, "www-authenticate", "Bearer realm=\"holdfast\""),
            (Reply::MethodNotAllowed("GET, HEAD"), "allow", "GET, HEAD"),
            (Reply::UnsupportedMediaType("application/json"), "accept", "application/json"),
            (Reply::Failed, "retry-after", "10"),
            (Reply::HealthFailed, "retry-after", "10"),
            (Reply::TooManyGuesses(Duration::from_secs(590)), "retry-after", "590"),
            (Reply::TooManyGuesses(Duration::from_millis(10)), "retry-after", "1"),
        ] {
            assert_eq!(headers(&reply)[name], value);
            let others = all().into_iter().filter(|other| other.status() != reply.status());
            assert!(
                others.into_iter().all(|other| !headers(&other).contains_key(name) || name == "retry-after"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_page_is_for_people_and_says_the_same() {
        for (reply, says, has_form) in [
            (Reply::Unauthorized { goes_on: false }, "<h1>Sign in</h1>", true),
            (Reply::WrongToken, "That is not the token.", true),
            (Reply::TooManyGuesses(Duration::from_secs(590)), "Try again in 10 min.", false),
            (Reply::NoHealth, "HOLDFAST_HEALTH is not bound", false),
            (Reply::HealthFailed, "did not answer", false),
        ] {
            let (headers, page) = reply.render(true);
            assert_eq!(headers["content-type"], "text/html; charset=utf-8", "{reply:?}");
            assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
            assert!(page.contains(says), "{reply:?} {page}");
            assert_eq!(page.contains("<form method=\"post\" action=\"login\">"), has_form, "{reply:?}");
            assert!(!page.contains("http-equiv"), "{reply:?}");
        }
        let (_, page) = Reply::Unauthorized { goes_on: true }.render(true);
        assert!(page.contains("<meta http-equiv=\"refresh\" content=\"0\">"));
    }

    #[test]
    fn health_names_bindings_and_nothing_that_is_in_them() {
        let bindings = Bindings { keep: true, ..Bindings::default() };
        let expected = json!({"status": "ok", "bindings": {
            "HOLDFAST_KEEP": true, "HOLDFAST_HEALTH": false, "HOLDFAST_ANALYTICS": false, "HOLDFAST_VERSION": false,
            "HOLDFAST_TOKEN": false,
        }});
        assert_eq!(body(&Reply::Alive(bindings)), expected);
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
        let marked = |kind| Reply::Marked { kind, scopes: 3, at: Timestamp::from_millis(999), marks: 7 };
        for (kind, purged, forgotten) in [(PurgeKind::Soft, 3, 0), (PurgeKind::Hard, 0, 3)] {
            let reply = marked(kind);
            assert_eq!(reply.status(), 200);
            assert_eq!(headers(&reply)["content-type"], "application/json");
            let expected = json!({
                "purged": purged, "forgotten": forgotten, "at": "1970-01-01T00:00:00Z", "marks": 7,
                "in_force_within_s": 120,
            });
            assert_eq!(body(&reply), expected);
        }
    }
}
