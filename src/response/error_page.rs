//! What does a client read when there is nothing better than an error?
//!
//! A page for people, a problem document (RFC 9457) for programs, a few lines for a terminal, or no body;
//! [`Form`] says which. They share their words, so that they cannot disagree. None of them carries
//! a cookie, a detail of the origin, or a character of the request that is not escaped.

use std::sync::OnceLock;
use std::time::Duration;

use askama::Template;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::config;
use crate::origin::failure::Failure;
use crate::request::Request;
use crate::response::form::Form;
use crate::response::integrity;
use crate::response::words::{Hop, Outcome, State, Story, advice};
use crate::time::Timestamp;

/// When to come back if nobody said: a restart or a deploy, the shortest of outages, is over by then, and
/// whoever comes back this late asks less often than the retries before this page did.
pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why there is an error to tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A failure of the origin as a gateway sees it, or one of this worker's own.
    Failure(Failure),
    /// The origin answered with this error status of its own.
    OriginStatus(StatusCode),
}

/// All that an error is told from.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// The status that the client gets.
    pub status: StatusCode,
    /// Why.
    pub cause: Cause,
    /// The request that failed.
    pub request: &'a Request,
    /// The brand and its links.
    pub page: &'a config::Page,
    /// Now.
    pub at: Timestamp,
    /// When to come back, if the origin or the exchange has a figure. Without one,
    /// [`DEFAULT_RETRY_AFTER`] stands in on 502, 503 and 504.
    pub retry_after: Option<Duration>,
    /// Whether a request with an unsafe method can have been processed all the same. It does not matter for
    /// a safe method; an error status of the origin's own always leaves it open.
    pub unknown_outcome: bool,
}

impl ErrorPage<'_> {
    /// The header fields and the body in `form`. HEAD gets the same fields and no body (RFC 9110 §9.3.2).
    pub fn render(&self, form: Form) -> (HeaderMap, Option<String>) {
        let mut headers = self.common_headers();
        let view = View::of(self);
        let (media_type, body) = match form {
            Form::Html => {
                headers.insert(header::CONTENT_SECURITY_POLICY, content_security_policy());
                ("text/html; charset=utf-8", Html { view: &view }.render().unwrap_or_default())
            }
            Form::Problem => ("application/problem+json", self.problem(&view)),
            Form::Text => {
                ("text/plain; charset=utf-8", Text { view: &view }.render().unwrap_or_default() + "\n")
            }
            Form::Empty => return (headers, None),
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        (headers, (self.request.method != Method::HEAD).then_some(body))
    }

    fn common_headers(&self) -> HeaderMap {
        let fixed = [
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "Accept, Sec-Fetch-Dest"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (http::HeaderName::from_static("x-robots-tag"), "noindex"),
        ];
        let mut headers: HeaderMap =
            fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers
    }

    /// Whole seconds, rounded up so that nobody comes too early.
    fn retry_after_seconds(&self) -> Option<u64> {
        let default = matches!(self.status.as_u16(), 502..=504).then_some(DEFAULT_RETRY_AFTER);
        let span = self.retry_after.or(default)?;
        Some(span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)))
    }

    /// What became of a request that was to change something; `None` for a safe one.
    fn outcome(&self) -> Option<Outcome> {
        let unknown = self.unknown_outcome || matches!(self.cause, Cause::OriginStatus(_));
        let outcome = if unknown { Outcome::Unknown } else { Outcome::NotProcessed };
        (!self.request.is_safe()).then_some(outcome)
    }

    fn problem(&self, view: &View<'_>) -> String {
        let error = match self.cause {
            Cause::Failure(failure) => Some(failure.error().token()),
            Cause::OriginStatus(_) => None,
        };
        let plain = self.status.canonical_reason().unwrap_or(view.heading);
        let sentences = [Some(view.lead.as_str()), view.outcome, Some(view.advice.as_str())];
        let problem = Problem {
            kind: error.map_or("about:blank".to_owned(), |error| format!("urn:holdfast:problem:{error}")),
            title: if error.is_some() { view.heading } else { plain },
            status: self.status.as_u16(),
            detail: sentences.into_iter().flatten().collect::<Vec<_>>().join(" "),
            instance: is_plain_id(&view.id).then(|| format!("urn:holdfast:request:{}", view.id)),
            error,
            retry_after: self.retry_after_seconds(),
            request_id: &view.id,
            at: &view.at,
            outcome: self.outcome(),
        };
        serde_json::to_string(&problem).unwrap_or_default()
    }
}

/// A problem document (RFC 9457 §3.1), and members of our own (§3.2).
///
/// `type` is a URN because it only has to be compared: it is the same wherever this worker is deployed,
/// invites nobody to fetch it, and needs no domain that might be lost. An origin's own status has
/// `about:blank`, which says that there is no more to it than the status (§4.2.1).
#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: String,
    /// The request's id rather than its URL, which does not tell two failures apart and can hold secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The error type in `Proxy-Status` (RFC 9209 §2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// Seconds, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
}

/// The page for people; its text is escaped by its type.
#[derive(Template)]
#[template(path = "error.html")]
struct Html<'a> {
    view: &'a View<'a>,
}

/// The lines for a terminal; nothing to escape, since a [`View`] has no control characters.
#[derive(Template)]
#[template(path = "error.txt")]
struct Text<'a> {
    view: &'a View<'a>,
}

/// What the templates may show. Text from outside is without control characters, and not escaped yet.
struct View<'a> {
    site: String,
    status: String,
    heading: &'static str,
    lead: String,
    edge: Hop,
    origin: Hop,
    outcome: Option<&'static str>,
    outcome_class: &'static str,
    advice: String,
    may_retry: bool,
    support_url: Option<&'a str>,
    status_url: Option<&'a str>,
    address: String,
    at: String,
    time: String,
    id: String,
}

impl<'a> View<'a> {
    fn of(error: &ErrorPage<'a>) -> Self {
        const LONGEST_NAME: usize = 120;
        const LONGEST_ADDRESS: usize = 240;
        let target = &error.request.target;
        let (host, authority) = (without_userinfo(target.host()), without_userinfo(target.authority()));
        let site = shown(error.page.brand.as_deref().unwrap_or(host), LONGEST_NAME);
        let story = Story::of(error.cause, &site);
        let reason = error.status.canonical_reason().unwrap_or_default();
        let at = error.at.to_rfc3339();
        Self {
            status: format!("{} {reason}", error.status.as_u16()).trim_end().to_owned(),
            heading: story.heading,
            lead: story.lead,
            edge: story.edge,
            origin: story.origin,
            outcome: error.outcome().map(Outcome::sentence),
            outcome_class: error.outcome().map_or("", Outcome::class),
            advice: advice(error.outcome(), error.retry_after_seconds()),
            may_retry: error.request.method == Method::GET,
            support_url: error.page.support_url.as_deref().filter(|url| is_link(url)),
            status_url: error.page.status_url.as_deref().filter(|url| is_link(url)),
            address: shown(&format!("{authority}{}", target.path()), LONGEST_ADDRESS),
            time: at.replace('T', " ").replace('Z', " UTC"),
            at,
            id: shown(&error.request.id, LONGEST_NAME),
            site,
        }
    }
}

/// `text` fit to be shown: without control characters and those that turn the direction of writing, which
/// could make it read as something else, and cut to `longest` characters.
fn shown(text: &str, longest: usize) -> String {
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown: String = text.chars().filter(is_shown).take(longest + 1).collect();
    if let Some((end, _)) = shown.char_indices().nth(longest) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// `authority` without a user name and password.
fn without_userinfo(authority: &str) -> &str {
    authority.rsplit('@').next().unwrap_or_default()
}

/// Whether `url` may stand in a link. The configuration is checked for it; a script in a link would be too
/// dear a mistake to rely on that.
fn is_link(url: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|start| url.starts_with(start))
        && !url.chars().any(char::is_control)
}

/// Whether `id` can be the end of a URN as it stands (RFC 8141 §2).
fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Nothing may be loaded or run, and the only style is the template's own. Frames are not restricted: where
/// the site allows to be framed, its error should show.
fn content_security_policy() -> HeaderValue {
    static POLICY: OnceLock<HeaderValue> = OnceLock::new();
    let policy = || {
        let style = integrity::style_of(include_str!("../../templates/error.html"));
        let hash = integrity::sha256_base64(style);
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'"
        );
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    };
    POLICY.get_or_init(policy).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::TABLE;
    use crate::request::Target;
    use proptest::prelude::*;

    const AT: Timestamp = Timestamp::from_millis(1_767_323_045_678);

    fn request(method: Method, url: &str, id: &str) -> Request {
        Request {
            method,
            target: Target::parse(url).unwrap(),
            headers: HeaderMap::new(),
            has_body: false,
            id: id.to_owned(),
        }
    }

    fn brand() -> config::Page {
        config::Page {
            brand: Some("Example".to_owned()),
            support_url: Some("https://example.com/support".to_owned()),
            status_url: Some("https://status.example.com/".to_owned()),
        }
    }

    fn page<'a>(cause: Cause, request: &'a Request, page: &'a config::Page) -> ErrorPage<'a> {
        let status = match cause {
            Cause::Failure(failure) => failure.status(),
            Cause::OriginStatus(status) => status,
        };
        ErrorPage { status, cause, request, page, at: AT, retry_after: None, unknown_outcome: false }
    }

    fn causes() -> impl Iterator<Item = Cause> {
        let own =
            [500, 502, 503, 504].map(|status| Cause::OriginStatus(StatusCode::from_u16(status).unwrap()));
        TABLE.iter().map(|row| Cause::Failure(row.failure)).chain(own)
    }

    const FORMS: [Form; 4] = [Form::Html, Form::Problem, Form::Text, Form::Empty];
    const LATE: Cause = Cause::Failure(Failure::NoHeaderInTime);
    const BAD: Cause = Cause::Failure(Failure::ConnectionLost);

    fn body(error: ErrorPage<'_>, form: Form) -> String {
        error.render(form).1.unwrap()
    }

    #[test]
    fn every_error_says_when_to_come_back_and_is_kept_by_nobody() {
        let (get, brand) = (request(Method::GET, "https://example.com/a?b=c", "8f2a-LHR"), brand());
        for cause in causes() {
            for form in FORMS {
                let error = page(cause, &get, &brand);
                let (headers, body) = error.render(form);
                assert_eq!(headers["cache-control"], "no-store");
                assert_eq!(headers["x-robots-tag"], "noindex");
                assert_eq!(headers["x-content-type-options"], "nosniff");
                assert_eq!(headers["vary"], "Accept, Sec-Fetch-Dest");
                assert!(!headers.contains_key("set-cookie"));
                let retry_after = headers.get("retry-after").map(|value| value.to_str().unwrap());
                assert_eq!(retry_after, (error.status != 500).then_some("10"), "{cause:?}");
                assert_eq!(body.is_none(), form == Form::Empty);
                assert_eq!(headers.contains_key("content-type"), form != Form::Empty);
                assert_eq!(headers.contains_key("content-language"), form != Form::Empty);
            }
        }
    }

    #[test]
    fn the_figure_of_the_origin_is_passed_on_in_whole_seconds() {
        let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
        for (cause, millis, seconds, words) in [
            (LATE, 2_000, "2", "in about 2 seconds"),
            (LATE, 2_001, "3", "in about 3 seconds"),
            (LATE, 0, "0", "in a moment"),
            (LATE, 600_000, "600", "in about 10 minutes"),
            (LATE, 7_200_000, "7200", "in about 2 hours"),
            (LATE, u64::MAX, "18446744073709552", "in a few days"),
            (Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR), 60_000, "60", "in about 60 seconds"),
        ] {
            let error =
                ErrorPage { retry_after: Some(Duration::from_millis(millis)), ..page(cause, &get, &brand) };
            let (headers, body) = error.render(Form::Html);
            assert_eq!(headers["retry-after"], seconds);
            assert!(body.unwrap().contains(words), "{words}");
        }
    }

    #[test]
    fn head_gets_the_fields_of_get_and_no_body() {
        // RFC 9110 §9.3.2
        let (get, head) =
            ["GET", "HEAD"].map(|method| request(method.parse().unwrap(), "https://a/", "1")).into();
        let brand = brand();
        for form in FORMS {
            let (fields, body) = page(LATE, &head, &brand).render(form);
            assert_eq!(fields, page(LATE, &get, &brand).render(form).0);
            assert_eq!(body, None);
        }
    }

    #[test]
    fn a_bad_answer_and_a_late_one_read_differently() {
        let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
        for form in [Form::Html, Form::Text] {
            for cause in causes() {
                let error = page(cause, &get, &brand);
                let text = body(error, form);
                let looped = cause == Cause::Failure(Failure::Loop);
                assert_eq!(text.contains("gave a bad answer"), error.status == 502 && !looped, "{cause:?}");
                assert_eq!(text.contains("took too long"), error.status == 504, "{cause:?}");
                assert_eq!(text.contains("is unavailable"), error.status == 503, "{cause:?}");
            }
        }
    }

    #[test]
    fn the_page_shows_which_hop_failed() {
        let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
        for (cause, edge, origin) in [
            (BAD, ("ok", "Working"), ("bad", "Gave a bad answer")),
            (LATE, ("ok", "Working"), ("late", "Took too long")),
            (Cause::Failure(Failure::EdgeRefused), ("ok", "Working"), ("bad", "Could not be reached")),
            (Cause::Failure(Failure::Loop), ("bad", "Went in a circle"), ("idle", "Not reached")),
            (Cause::Failure(Failure::Configuration), ("bad", "Not set up correctly"), ("idle", "Not asked")),
        ] {
            let html = body(page(cause, &get, &brand), Form::Html);
            let hops: Vec<_> = html.split("<li class=\"").skip(1).collect();
            assert_eq!(hops.len(), 3);
            assert!(hops[0].starts_with("ok\"") && hops[0].contains("Working"));
            for (hop, (class, words)) in [(hops[1], edge), (hops[2], origin)] {
                assert!(hop.starts_with(&format!("{class}\"")) && hop.contains(words), "{cause:?}");
            }
        }
    }

    #[test]
    fn the_page_fits_in_the_first_round_trip_and_asks_for_nothing() {
        let url = format!("https://example.com/{}", "a".repeat(5000));
        let (get, brand) = (request(Method::POST, &url, &"f".repeat(5000)), brand());
        for cause in causes() {
            let html = body(ErrorPage { unknown_outcome: true, ..page(cause, &get, &brand) }, Form::Html);
            assert!(html.len() < 14 * 1024, "{}", html.len());
            for loading in ["src=", "<script", "@import", "url(", " style=", "onclick"] {
                assert!(!html.contains(loading), "{loading}");
            }
            assert!(
                html.contains("<html lang=\"en\"")
                    && html.matches("<h1>").count() == 1
                    && html.contains("<main>")
            );
        }
    }

    #[test]
    fn the_style_of_the_page_is_the_one_that_its_policy_allows() {
        let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
        let (headers, body) = page(LATE, &get, &brand).render(Form::Html);
        let hash = integrity::sha256_base64(integrity::style_of(&body.unwrap()));
        let allowed = format!("style-src 'sha256-{hash}';");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';") && policy.contains(&allowed), "{policy}");
    }

    #[test]
    fn only_a_get_is_offered_again() {
        let brand = brand();
        for (method, offered) in [("GET", true), ("POST", false), ("OPTIONS", false), ("PUT", false)] {
            let request = request(method.parse().unwrap(), "https://example.com/", "1");
            let html = body(page(LATE, &request, &brand), Form::Html);
            assert_eq!(html.contains("<a class=\"button\" href=\"\">Try again</a>"), offered, "{method}");
        }
    }

    #[test]
    fn after_an_unsafe_method_the_outcome_is_told() {
        let brand = brand();
        let own = Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE);
        let refused = Cause::Failure(Failure::EdgeRefused);
        for (method, cause, unknown_outcome, word, sentence) in [
            ("POST", LATE, true, Some("unknown"), "may have been processed"),
            ("POST", refused, false, Some("not_processed"), "was not processed"),
            ("DELETE", refused, false, Some("not_processed"), "was not processed"),
            ("POST", own, false, Some("unknown"), "may have been processed"),
            ("GET", LATE, true, None, "processed"),
            ("HACK", LATE, true, Some("unknown"), "may have been processed"),
        ] {
            let request = request(method.parse().unwrap(), "https://example.com/", "1");
            let error = ErrorPage { unknown_outcome, ..page(cause, &request, &brand) };
            let problem: serde_json::Value = serde_json::from_str(&body(error, Form::Problem)).unwrap();
            assert_eq!(problem["outcome"].as_str(), word, "{method} {cause:?}");
            for form in [Form::Html, Form::Problem, Form::Text] {
                assert_eq!(body(error, form).contains(sentence), word.is_some(), "{method} {cause:?}");
            }
        }
    }

    #[test]
    fn a_program_gets_a_problem_document() {
        // RFC 9457 §3.1
        let (post, brand) =
            (request(Method::POST, "https://example.com/a?token=secret", "8f2a-LHR"), brand());
        let error = ErrorPage { unknown_outcome: true, ..page(LATE, &post, &brand) };
        let (headers, body) = error.render(Form::Problem);
        assert_eq!(headers["content-type"], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_str(&body.unwrap()).unwrap();
        assert_eq!(problem["type"], "urn:holdfast:problem:http_response_timeout");
        assert_eq!(problem["title"], "The server took too long");
        assert_eq!(problem["status"], 504);
        assert_eq!(problem["instance"], "urn:holdfast:request:8f2a-LHR");
        assert_eq!(problem["error"], "http_response_timeout");
        assert_eq!(problem["retry_after"], 10);
        assert_eq!(problem["request_id"], "8f2a-LHR");
        assert_eq!(problem["at"], "2026-01-02T03:04:05Z");

        let own = page(Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE), &post, &brand);
        let problem: serde_json::Value = serde_json::from_str(&self::body(own, Form::Problem)).unwrap();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["title"], "Service Unavailable");
        assert_eq!(problem.get("error"), None);
    }

    #[test]
    fn a_terminal_gets_a_few_lines() {
        let (get, brand) = (request(Method::GET, "https://example.com/a?b", "8f2a-LHR"), brand());
        let text = body(page(LATE, &get, &brand), Form::Text);
        assert_eq!(
            text,
            "504 Gateway Timeout: The server took too long\n\
             \n\
             Your connection is fine. We asked the server behind Example and waited, but a whole answer did not come in time.\n\
             Please try again in about 10 seconds. Most faults of this kind are soon over.\n\
             \n\
             Help:    https://example.com/support\n\
             Status:  https://status.example.com/\n\
             Request: 8f2a-LHR\n\
             Time:    2026-01-02 03:04:05 UTC\n\
             Address: example.com/a\n"
        );
        let plain = body(page(LATE, &get, &config::Page::default()), Form::Text);
        assert!(
            plain.contains("behind example.com and")
                && !plain.contains("Help:")
                && !plain.contains("Status:")
        );
    }

    #[test]
    fn queries_passwords_and_internals_stay_out() {
        let (get, brand) = (
            request(Method::GET, "https://me:secret@example.com/a?token=secret", "1"),
            config::Page::default(),
        );
        for cause in causes() {
            for form in [Form::Html, Form::Problem, Form::Text] {
                let text = body(page(cause, &get, &brand), form);
                for internal in ["secret", "token", "Holdfast", "workerd", "origin.example"] {
                    assert!(!text.contains(internal), "{internal} {form:?}");
                }
            }
        }
    }

    #[test]
    fn a_link_is_never_a_script() {
        let get = request(Method::GET, "https://example.com/", "1");
        let hostile = config::Page {
            brand: None,
            support_url: Some("javascript:alert(1)".to_owned()),
            status_url: Some("https://a/\"><script>alert(1)</script>".to_owned()),
        };
        let html = body(page(LATE, &get, &hostile), Form::Html);
        assert!(!html.contains("javascript:") && !html.contains("<script"));
        assert!(html.contains("href=\"https://a/&#34;&#62;&#60;script"));
    }

    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{7*7}}\r\nSet-Cookie: a=b\u{1b}[31m\u{202e}\0";

    #[test]
    fn what_came_with_the_request_is_escaped_in_every_form() {
        let get = request(Method::GET, &format!("https://{HOSTILE}/{HOSTILE}?{HOSTILE}"), HOSTILE);
        let page_with = config::Page { brand: Some(HOSTILE.to_owned()), ..config::Page::default() };
        let tags = |html: &str| html.matches('<').count();
        let plain = request(Method::GET, "https://example.com/", "1");
        let calm = config::Page::default();
        let html = body(page(LATE, &get, &page_with), Form::Html);
        assert_eq!(tags(&html), tags(&body(page(LATE, &plain, &calm), Form::Html)));
        assert_eq!(
            html.matches('"').count(),
            body(page(LATE, &plain, &calm), Form::Html).matches('"').count()
        );
        for form in [Form::Html, Form::Problem, Form::Text] {
            let text = body(page(LATE, &get, &page_with), form);
            assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{form:?}");
            assert!(!text.contains('\u{202e}') && !text.contains("\nSet-Cookie"));
        }
        let problem = body(page(LATE, &get, &page_with), Form::Problem);
        let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
        assert_eq!(problem.get("instance"), None);
    }

    proptest! {
        #[test]
        fn no_request_breaks_a_form(host in "[^/?#]{1,20}", path in ".{0,40}", id in ".{0,20}", brand in ".{0,20}") {
            let get = request(Method::GET, &format!("https://{host}/{path}"), &id);
            let page_with = config::Page { brand: Some(brand), ..config::Page::default() };
            let error = page(BAD, &get, &page_with);
            let html = body(error, Form::Html);
            let calm = request(Method::GET, "https://a/", "1");
            let calm = body(page(BAD, &calm, &config::Page::default()), Form::Html);
            // Without an id its line is left out: two tags each for the line, its name and the id.
            let left_out = if shown(&id, 1).is_empty() { 6 } else { 0 };
            prop_assert_eq!(html.matches('<').count() + left_out, calm.matches('<').count());
            prop_assert!(serde_json::from_str::<serde_json::Value>(&body(error, Form::Problem)).is_ok());
            let text = body(error, Form::Text);
            prop_assert!(text.chars().all(|c| !c.is_control() || c == '\n'));
            prop_assert!(text.lines().count() <= 8);
        }
    }
}
