//! What does a client read when there is nothing better than an error?
//!
//! A page for people, a problem document (RFC 9457) for programs, a few lines for a terminal, or no body;
//! [`Form`] says which. They share their words, so that they cannot disagree. None of them carries
//! a cookie, a detail of the origin, or a character of the request that is not escaped.
//!
//! The page comes back by itself: a script asks for the head of the same address until it answers, since
//! nothing else says whether just this page is back. It asks with `Holdfast-Attempt`, so that the question is
//! not repeated at a failing origin; while the breaker is open it is answered without touching the origin.

use std::time::Duration;

use askama::Template;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::dress::Dress;
use super::rendered;
use crate::config;
use crate::language::{Language, Message, Words};
use crate::origin::AttemptResult;
use crate::origin::failure::Failure;
use crate::request::Request;
use crate::response::form::Form;
use crate::response::stencil::{self, Kind, LONGEST_NAME, Particulars};
use crate::response::words::{Hop, Outcome, State, Story, advice};
use crate::time::Timestamp;

/// When to come back if nobody said: a restart or a deploy, the shortest of outages, is over by then, and
/// whoever comes back this late asks less often than the retries before this page did.
pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// The most bytes that a page should have, not compressed: those of a new connection's first round trip (ten
/// segments, RFC 6928), less its header fields. With an operator's logo and texts it is for the check of the
/// configuration to see that it stays within.
pub const PAGE_LIMIT: usize = 14 * 1024;

/// What became of a request that was to change something: `not_processed` or `unknown`.
pub const OUTCOME: HeaderName = HeaderName::from_static("holdfast-outcome");

/// Why there is an error to tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A failure of the origin as a gateway sees it, or one of this worker's own.
    Failure(Failure),
    /// The origin answered with this error status of its own.
    OriginStatus(StatusCode),
    /// Nothing was sent: what the request needs is believed to be down, because others were failed like this.
    CircuitOpen(AttemptResult),
    /// The site is closed for maintenance: nothing has failed.
    Maintenance,
}

impl Cause {
    /// The status that a client gets for it.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Failure(failure) => failure.status(),
            Self::OriginStatus(status) => status,
            Self::CircuitOpen(_) => self.shown().status(),
            Self::Maintenance => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it is told as: an open circuit as the failure that opened it, which is the origin's own error where that was.
    pub const fn shown(self) -> Self {
        match self {
            Self::CircuitOpen(AttemptResult::Failed(failure, _)) => Self::Failure(failure),
            Self::CircuitOpen(AttemptResult::Answered(502)) => Self::OriginStatus(StatusCode::BAD_GATEWAY),
            Self::CircuitOpen(AttemptResult::Answered(504)) => {
                Self::OriginStatus(StatusCode::GATEWAY_TIMEOUT)
            }
            Self::CircuitOpen(AttemptResult::Answered(_)) => {
                Self::OriginStatus(StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::Failure(_) | Self::OriginStatus(_) | Self::Maintenance => self,
        }
    }
}

/// When a page is written, and so what it can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// For the one request that failed at this time.
    At(Timestamp),
    /// Beforehand, for any request that comes to this error: it shows neither a time nor an address.
    Later,
    /// Beforehand, for errors of several statuses, some of them refusals: nor does it show a status, or offer to
    /// come back, which would annoy whoever limits a visitor.
    AnyStatusLater,
}

/// All that an error is told from.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// Why.
    pub cause: Cause,
    /// The request that failed.
    pub request: &'a Request,
    /// The brand and its links.
    pub page: &'a config::Page,
    /// When, and of how many requests.
    pub occasion: Occasion,
    /// When to come back, if the origin or the exchange has a figure. Without one,
    /// [`DEFAULT_RETRY_AFTER`] stands in on 502, 503 and 504.
    pub retry_after: Option<Duration>,
    /// Whether a request with an unsafe method can have been processed all the same. It does not matter for
    /// a safe method; an error status of the origin's own always leaves it open, and so does a failure of this
    /// worker, which has lost what it knew of its attempts.
    pub unknown_outcome: bool,
}

impl ErrorPage<'_> {
    /// The header fields and the body in `form`. HEAD gets the same fields and no body (RFC 9110 §9.3.2).
    pub fn render(&self, form: Form) -> (HeaderMap, Option<String>) {
        let (mut headers, text) = match form {
            Form::Html | Form::Problem | Form::GraphQl | Form::Text => {
                let particulars = Particulars::of(self);
                let kind = Kind::of(self, form, &particulars);
                let write = |particulars: &Particulars| self::write(&kind, self.page, particulars);
                let (headers, text) = stencil::filled(&kind, self.page, &particulars, write);
                (headers, (self.request.method != Method::HEAD).then_some(text))
            }
            Form::Grpc => {
                let particulars = Particulars::of(self);
                let kind = Kind::of(self, form, &particulars);
                let mut headers = common_headers(kind.outcome);
                headers.extend(self.grpc(&View::of(&kind, self.page, &particulars)));
                (headers, None)
            }
            Form::Empty => (common_headers(self.outcome()), None),
        };
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        (headers, text)
    }

    /// Whole seconds, rounded up so that nobody comes too early.
    pub(super) fn retry_after_seconds(&self) -> Option<u64> {
        let default = matches!(self.cause.status().as_u16(), 502..=504).then_some(DEFAULT_RETRY_AFTER);
        let span = self.retry_after.or(default)?;
        Some(span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)))
    }

    /// What became of a request that was to change something; `None` for a safe one.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let unknown = self.unknown_outcome
            || matches!(self.cause, Cause::OriginStatus(_) | Cause::Failure(Failure::Internal));
        let outcome = if unknown { Outcome::Unknown } else { Outcome::NotProcessed };
        (!self.request.is_safe()).then_some(outcome)
    }
}

/// The header fields of every form but `Retry-After`.
fn common_headers(outcome: Option<Outcome>) -> HeaderMap {
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept, Accept-Language, Sec-Fetch-Dest"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    let outcome = outcome.map(|outcome| (OUTCOME, outcome.word()));
    let all = fixed.into_iter().chain(outcome);
    all.map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

/// The header fields, but for `Retry-After`, and the text of a form that has one.
fn write(kind: &Kind, page: &config::Page, particulars: &Particulars) -> (HeaderMap, String) {
    let mut headers = common_headers(kind.outcome);
    let view = View::of(kind, page, particulars);
    let (media_type, text) = match kind.form {
        Form::Html => {
            let dress = Dress::of(page);
            headers.insert(header::CONTENT_SECURITY_POLICY, dress.policy(view.returns));
            let Dress { style, script, .. } = &dress;
            ("text/html; charset=utf-8", rendered(&Html { view: &view, style, script }))
        }
        Form::Problem => ("application/problem+json", view.problem()),
        Form::GraphQl => ("application/graphql-response+json", view.graphql()),
        Form::Text | Form::Grpc | Form::Empty => {
            ("text/plain; charset=utf-8", rendered(&Text { view: &view }) + "\n")
        }
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(kind.language.tag()));
    (headers, text)
}

/// The page for people; its text is escaped by its type.
#[derive(Template)]
#[template(path = "error.html")]
struct Html<'a> {
    view: &'a View<'a>,
    style: &'a str,
    script: &'a str,
}

/// The lines for a terminal; nothing to escape, since a [`View`] has no control characters.
#[derive(Template)]
#[template(path = "error.txt")]
struct Text<'a> {
    view: &'a View<'a>,
}

/// What the templates may show. Text from outside is without control characters, and not escaped yet.
pub(super) struct View<'a> {
    pub(super) kind: &'a Kind,
    words: Words<'a>,
    language: &'static str,
    direction: &'a str,
    site: String,
    logo: Option<&'a str>,
    /// Not on a page that is for several.
    status: Option<String>,
    pub(super) heading: &'a str,
    /// The lead, cut where the site's name stands in it, so that a name in another direction of writing does
    /// not mix up the sentence.
    lead_before: String,
    names_site: bool,
    lead_after: &'a str,
    edge: Stop<'a>,
    origin: Stop<'a>,
    outcome: Option<&'a str>,
    outcome_class: &'static str,
    advice: String,
    /// Whether the page comes back by itself, and offers a link to try again.
    returns: bool,
    /// Seconds.
    pub(super) retry_after: &'a str,
    support_url: Option<&'a str>,
    status_url: Option<&'a str>,
    /// Not on a page that is for several, and neither is the time.
    address: Option<&'a str>,
    pub(super) at: Option<&'a str>,
    /// The same for people to read.
    time: &'a str,
    pub(super) id: &'a str,
}

/// A stop on the way.
struct Stop<'a> {
    state: State,
    /// Nothing where it is not known how the stop did.
    words: Option<&'a str>,
}

impl<'a> View<'a> {
    /// Nothing of a request gets here but by its `particulars`.
    fn of(kind: &'a Kind, page: &'a config::Page, particulars: &'a Particulars) -> Self {
        let words = words(kind.language, page);
        let story = Story::of(kind.cause);
        let (before, after) = words.around(story.lead);
        let lead_before = if story.clears_client {
            with_space(words.get(Message::ConnectionFine)) + before
        } else {
            before.to_owned()
        };
        let stop = |hop: Hop| Stop { state: hop.state, words: hop.words.map(|message| words.get(message)) };
        let status = kind.cause.status();
        let reason = status.canonical_reason().unwrap_or_default();
        let status = || format!("{} {reason}", status.as_u16()).trim_end().to_owned();
        Self {
            kind,
            language: kind.language.tag(),
            direction: words.get(Message::Direction),
            site: page
                .brand
                .as_deref()
                .map_or_else(|| particulars.host.clone(), |brand| shown(brand, LONGEST_NAME)),
            logo: page.logo.as_deref().filter(|url| url.starts_with("data:image/")),
            status: kind.has_one_status.then(status),
            heading: words.get(story.heading),
            lead_before,
            lead_after: after.unwrap_or_default(),
            names_site: after.is_some(),
            edge: stop(story.edge),
            origin: stop(story.origin),
            outcome: kind.outcome.map(|outcome| words.get(outcome.sentence())),
            outcome_class: kind.outcome.map_or("", Outcome::class),
            advice: words.fill(advice(kind.outcome), words.get(kind.when)),
            returns: kind.has_one_status && kind.is_read,
            retry_after: &particulars.after,
            support_url: page.support_url.as_deref().filter(|url| is_link(url)),
            status_url: page.status_url.as_deref().filter(|url| is_link(url)),
            address: kind.is_of_one_request.then_some(&particulars.address),
            at: kind.is_of_one_request.then_some(&particulars.at),
            time: &particulars.time,
            id: if kind.has_id { &particulars.id } else { "" },
            words,
        }
    }

    /// What `message` says.
    fn say(&self, message: Message) -> &'a str {
        self.words.get(message)
    }

    /// What happened, in one piece.
    fn lead(&self) -> String {
        let site = if self.names_site { self.site.as_str() } else { "" };
        [&self.lead_before, site, self.lead_after].concat()
    }

    /// Everything that there is to say, in one piece.
    pub(super) fn detail(&self) -> String {
        let sentences = [&self.lead(), self.outcome.unwrap_or_default(), &self.advice];
        joined(sentences)
    }
}

/// The words of `language`, some of them in the operator's place.
fn words<'a>(language: Language, page: &'a config::Page) -> Words<'a> {
    let mut words = language.words();
    for own in page.texts.iter().filter(|own| own.language == language) {
        words.replace(own.message, &own.text);
    }
    words
}

/// A sentence and the space after it, if there is one: after a full-width mark there is none.
fn with_space(sentence: &str) -> String {
    let space = if sentence.ends_with(['。', '！', '？']) { "" } else { " " };
    [sentence, space].concat()
}

/// Sentences as one text.
fn joined<const N: usize>(sentences: [&str; N]) -> String {
    let said = sentences.into_iter().filter(|sentence| !sentence.is_empty());
    let text: String = said.map(with_space).collect();
    text.trim_end().to_owned()
}

/// `text` fit to be shown: without control characters and those that turn the direction of writing, which
/// could make it read as something else, and cut to `longest` characters.
pub(super) fn shown(text: &str, longest: usize) -> String {
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown: String = text.chars().filter(is_shown).take(longest + 1).collect();
    if let Some((end, _)) = shown.char_indices().nth(longest) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// `authority` without a user name and password.
pub(super) fn without_userinfo(authority: &str) -> &str {
    authority.rsplit('@').next().unwrap_or_default()
}

/// Whether `url` may stand in a link. The configuration is checked for it; a script in a link would be too
/// dear a mistake to rely on that.
fn is_link(url: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|start| url.starts_with(start))
        && !url.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::TABLE;
    use crate::request::Target;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

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
            ..config::Page::default()
        }
    }

    fn page<'a>(cause: Cause, request: &'a Request, page: &'a config::Page) -> ErrorPage<'a> {
        ErrorPage {
            cause,
            request,
            page,
            occasion: Occasion::At(AT),
            retry_after: None,
            unknown_outcome: false,
        }
    }

    fn causes() -> impl Iterator<Item = Cause> {
        let own =
            [500, 502, 503, 504].map(|status| Cause::OriginStatus(StatusCode::from_u16(status).unwrap()));
        TABLE.iter().map(|row| Cause::Failure(row.failure)).chain(own).chain([Cause::Maintenance])
    }

    const FORMS: [Form; 6] = [Form::Html, Form::Problem, Form::GraphQl, Form::Text, Form::Grpc, Form::Empty];
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
                assert_eq!(headers["vary"], "Accept, Accept-Language, Sec-Fetch-Dest");
                assert!(!headers.contains_key("set-cookie"));
                let retry_after = headers.get("retry-after").map(|value| value.to_str().unwrap());
                assert_eq!(retry_after, (error.cause.status() != 500).then_some("10"), "{cause:?}");
                let has_body = !matches!(form, Form::Grpc | Form::Empty);
                assert_eq!(body.is_some(), has_body);
                assert_eq!(headers.contains_key("content-type"), form != Form::Empty);
                assert_eq!(headers.contains_key("content-language"), has_body);
            }
        }
    }

    #[test]
    fn the_figure_of_the_origin_is_passed_on_in_whole_seconds() {
        let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
        for (cause, millis, seconds, words) in [
            (LATE, 2_000, "2", "in a moment"),
            (LATE, 20_001, "21", "in about a minute"),
            (LATE, 0, "0", "in a moment"),
            (LATE, 600_000, "600", "in a few minutes"),
            (LATE, 7_200_000, "7200", "in a few hours"),
            (LATE, u64::MAX, "18446744073709552", "in a few days"),
            (Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR), 60_000, "60", "in about a minute"),
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
                let is_bad = text.contains("gave a bad answer") || text.contains("could not be reached");
                assert_eq!(is_bad, error.cause.status() == 502 && !looped, "{cause:?}");
                assert_eq!(text.contains("took too long"), error.cause.status() == 504, "{cause:?}");
                let is_closed = cause == Cause::Maintenance;
                assert_eq!(
                    text.contains("is unavailable"),
                    error.cause.status() == 503 && !is_closed,
                    "{cause:?}"
                );
                assert_eq!(text.contains("Down for maintenance"), is_closed, "{cause:?}");
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
            (Cause::Maintenance, ("ok", "Working"), ("idle", "Under maintenance")),
            (Cause::Failure(Failure::Loop), ("bad", "Request went in a circle"), ("idle", "Not asked")),
            (Cause::Failure(Failure::Configuration), ("bad", "Not set up correctly"), ("idle", "Not asked")),
            (Cause::Failure(Failure::Internal), ("bad", "Ran into an error"), ("idle", "")),
        ] {
            let html = body(page(cause, &get, &brand), Form::Html);
            let hops: Vec<_> = html.split("<li class=\"").skip(1).collect();
            assert_eq!(hops.len(), 3);
            assert!(hops[0].starts_with("ok\"") && hops[0].contains("Working"));
            for (hop, (class, words)) in [(hops[1], edge), (hops[2], origin)] {
                assert!(hop.starts_with(&format!("{class}\"")) && hop.contains(words), "{cause:?}");
                assert_eq!(hop.contains("class=\"state\""), !words.is_empty(), "{cause:?}");
            }
        }
    }

    #[test]
    fn the_page_fits_in_the_first_round_trip_and_asks_for_nothing() {
        // What escaping makes longest, as long as it is shown; a brand and an accent, and half a KiB of logo.
        let url = format!("https://example.com/{}", "&".repeat(5000));
        let settings = serde_json::json!({ "page": {
            "brand": "Example", "logo": format!("data:image/png;base64,{}", "A".repeat(490)), "accent": "#802060",
            "support_url": "https://example.com/support", "status_url": "https://status.example.com/",
        }});
        let own = config::Config::from_value(&settings).unwrap().defaults.page;
        for (language, look) in
            Language::all().flat_map(|language| config::Look::ALL.map(|look| (language, look)))
        {
            let dressed = config::Page { look, ..own.clone() };
            // One of each story.
            let own = Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE);
            let stories =
                [Failure::ConnectionLost, Failure::EdgeRefused, Failure::Loop, Failure::NoHeaderInTime];
            for cause in stories.map(Cause::Failure).into_iter().chain([own]) {
                for method in [Method::GET, Method::POST] {
                    let asked = in_language(request(method, &url, &"f".repeat(5000)), language.tag());
                    let html = body(
                        ErrorPage { unknown_outcome: true, ..page(cause, &asked, &dressed) },
                        Form::Html,
                    );
                    assert!(html.len() <= PAGE_LIMIT, "{language:?} {look:?} {cause:?}: {}", html.len());
                    for loading in [" src=\"h", "@import", "url(", " style=", " onclick"] {
                        assert!(!html.contains(loading), "{loading}");
                    }
                    assert!(html.matches("<h1>").count() == 1 && html.contains("<main>"));
                }
            }
        }
    }

    fn in_language(mut request: Request, accept: &str) -> Request {
        request.headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_bytes(accept.as_bytes()).unwrap());
        request
    }

    #[test]
    fn every_form_speaks_the_visitors_language() {
        let brand = brand();
        for (accept, tag, direction, late) in [
            ("de-AT, en;q=0.5", "de", "ltr", "zu lange"),
            ("ar", "ar", "rtl", "الخادم"),
            ("zh-TW", "zh-Hant", "ltr", "伺服器"),
            ("tlh", "en", "ltr", "took too long"),
        ] {
            let get = in_language(request(Method::GET, "https://example.com/", "1"), accept);
            for form in [Form::Html, Form::Problem, Form::GraphQl, Form::Text] {
                let (headers, text) = page(LATE, &get, &brand).render(form);
                assert_eq!(headers["content-language"], tag);
                let words = if form == Form::GraphQl { "Example" } else { late };
                assert!(text.unwrap().contains(words), "{tag} {form:?}");
            }
            let html = body(page(LATE, &get, &brand), Form::Html);
            assert!(html.contains(&format!("<html lang=\"{tag}\" dir=\"{direction}\">")), "{tag}");
        }
    }

    #[test]
    fn the_lead_is_the_same_whether_the_sites_name_comes_first_or_not() {
        for language in Language::all() {
            let get = in_language(request(Method::GET, "https://example.com/", "1"), language.tag());
            let text = body(page(BAD, &get, &brand()), Form::Text);
            let words = language.words();
            let sentences =
                [words.get(Message::ConnectionFine), &words.fill(Message::BadAnswerLead, "Example")];
            assert!(text.contains(&joined(sentences)), "{language:?}: {text}");
        }
    }

    #[test]
    fn sentences_are_joined_as_the_language_does() {
        let brand = brand();
        let detail = |tag| {
            let get = in_language(request(Method::GET, "https://example.com/", "1"), tag);
            let problem: serde_json::Value =
                serde_json::from_str(&body(page(LATE, &get, &brand), Form::Problem)).unwrap();
            problem["detail"].as_str().unwrap().to_owned()
        };
        assert!(detail("en").starts_with("Your connection is fine. We asked"));
        assert!(!detail("ja").contains("。 ") && detail("ja").matches('。').count() > 1);
        assert!(!detail("zh").contains("。 ") && detail("zh").matches('。').count() > 1);
    }

    #[test]
    fn the_operators_own_words_logo_and_languages_are_used() {
        let settings = serde_json::json!({ "page": {
            "brand": "Example", "logo": "data:image/png;base64,AAAA", "languages": ["de", "en"],
            "texts": {
                "de": { "support": "Rufen Sie uns an: 0800 1234", "too-late-lead": "{site} ist <heute> langsam." },
                "en": { "support": "Call us" },
            },
            "support_url": "https://example.com/support",
        }});
        let own = config::Config::from_value(&settings).unwrap().defaults.page;
        let get = in_language(request(Method::GET, "https://example.com/", "1"), "fr");
        let html = body(page(LATE, &get, &own), Form::Html);
        assert!(html.contains("<html lang=\"de\"") && html.contains("Rufen Sie uns an: 0800 1234"));
        assert!(
            html.contains("<bdi>Example</bdi> ist &#60;heute&#62; langsam.") && !html.contains("Call us")
        );
        assert!(html.contains("<img src=\"data:image/png;base64,AAAA\" alt=\"Example\">"));
        let get = in_language(get, "en-GB");
        assert!(body(page(LATE, &get, &own), Form::Html).contains("Call us"));
    }

    #[test]
    fn a_site_name_does_not_turn_a_sentence_around() {
        let get = in_language(request(Method::GET, "https://example.com/", "1"), "ar");
        let html = body(page(LATE, &get, &brand()), Form::Html);
        let lead = html.split_once("<p class=\"lead\">").unwrap().1.split_once("</p>").unwrap().0;
        assert!(lead.contains("<bdi>Example</bdi>"), "{lead}");
    }

    #[test]
    fn a_page_written_beforehand_shows_nothing_that_it_cannot_know() {
        let (get, brand) = (request(Method::GET, "https://www.other.example/", "::RAY_ID::"), brand());
        for (occasion, has_status) in [(Occasion::Later, true), (Occasion::AnyStatusLater, false)] {
            let error = ErrorPage { occasion, ..page(LATE, &get, &brand) };
            let (html, text) = (body(error, Form::Html), body(error, Form::Text));
            assert!(!html.contains("<time") && html.contains("::RAY_ID::"));
            for text in [&html, &text] {
                assert!(!text.contains("Time:") && !text.contains("other.example"), "{text}");
                assert_eq!(text.contains("504"), has_status, "{text}");
            }
            assert_eq!(html.contains("id=\"return\"") && html.contains("href=\"\""), has_status);
            assert!(!body(error, Form::Problem).contains("\"at\""));
        }
    }

    #[test]
    fn what_the_page_has_inline_is_what_its_policy_allows() {
        let (get, brand) = (request(Method::GET, "https://example.com/", "1"), brand());
        let (headers, body) = page(LATE, &get, &brand).render(Form::Html);
        let (html, policy) = (body.unwrap(), headers["content-security-policy"].to_str().unwrap());
        for kind in ["style", "script"] {
            let (_, inside) = html.split_once(&format!("<{kind}>")).unwrap();
            let (inside, rest) = inside.split_once(&format!("</{kind}>")).unwrap();
            let hash = STANDARD.encode(Sha256::digest(inside));
            assert!(policy.contains(&format!("{kind}-src 'sha256-{hash}';")), "{policy}");
            assert!(!rest.contains(&format!("<{kind}")), "one is enough");
        }
    }

    #[test]
    fn only_a_get_is_offered_again() {
        let brand = brand();
        for (method, offered) in [("GET", true), ("POST", false), ("OPTIONS", false), ("PUT", false)] {
            let request = request(method.parse().unwrap(), "https://example.com/", "1");
            let html = body(page(LATE, &request, &brand), Form::Html);
            assert_eq!(html.contains("<a class=\"button\" href=\"\">Try again</a>"), offered, "{method}");
            assert_eq!(html.contains("id=\"return\""), offered, "{method}");
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
            ("POST", Cause::Maintenance, false, Some("not_processed"), "was not processed"),
            ("DELETE", refused, false, Some("not_processed"), "was not processed"),
            ("POST", own, false, Some("unknown"), "may have been processed"),
            ("POST", Cause::Failure(Failure::Internal), false, Some("unknown"), "may have been processed"),
            ("GET", Cause::Failure(Failure::Internal), false, None, "processed"),
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
            for form in FORMS {
                let field = error.render(form).0.get(OUTCOME).cloned();
                assert_eq!(field.as_ref().map(|word| word.to_str().unwrap()), word, "{method} {form:?}");
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

        let closed = page(Cause::Maintenance, &post, &brand);
        let problem: serde_json::Value = serde_json::from_str(&self::body(closed, Form::Problem)).unwrap();
        assert_eq!(problem["type"], "urn:holdfast:problem:maintenance");
        assert_eq!(problem["title"], "Down for maintenance");
        assert_eq!((&problem["status"], problem.get("error")), (&503.into(), None));
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
             Please try again in a moment.\n\
             \n\
             Get help: https://example.com/support\n\
             Service status: https://status.example.com/\n\
             Request: 8f2a-LHR\n\
             Time: 2026-01-02 03:04:05 UTC\n\
             Address: example.com/a\n"
        );
        let plain = body(page(LATE, &get, &config::Page::default()), Form::Text);
        assert!(
            plain.contains("behind example.com and")
                && !plain.contains("help:")
                && !plain.contains("status:")
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
                // The name of a request field, the same in every deployment, is all that the script tells.
                let text = text.replace("\"Holdfast-Attempt\"", "");
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
            logo: Some("javascript:alert(1)".to_owned()),
            support_url: Some("javascript:alert(1)".to_owned()),
            status_url: Some("https://a/\"><script>alert(1)</script>".to_owned()),
            ..config::Page::default()
        };
        let html = body(page(LATE, &get, &hostile), Form::Html);
        assert!(!html.contains("javascript:") && !html.contains("<script>alert"));
        assert!(html.contains("href=\"https://a/&#34;&#62;&#60;script"));
    }

    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{7*7}}\r\nSet-Cookie: a=b\u{1b}[31m\u{202e}\0";

    /// A request that is hostile wherever it can be.
    fn hostile() -> Request {
        let url = format!("https://{HOSTILE}/{HOSTILE}?{HOSTILE}");
        let mut hostile = request(Method::GET, &url, HOSTILE);
        let value = HeaderValue::from_bytes(b"\"><script>alert(1)</script>, de\xff\t;q=1, */*").unwrap();
        for name in [
            "accept-language",
            "accept",
            "user-agent",
            "referer",
            "x-forwarded-host",
            "content-type",
            "cookie",
        ] {
            hostile.headers.insert(HeaderName::from_static(name), value.clone());
        }
        hostile
    }

    fn calm() -> Request {
        request(Method::GET, "https://example.com/", "1")
    }

    fn hostile_page() -> config::Page {
        config::Page { brand: Some(HOSTILE.to_owned()), ..config::Page::default() }
    }

    #[test]
    fn nothing_that_came_breaks_out_of_html_or_an_attribute() {
        let html = body(page(LATE, &hostile(), &hostile_page()), Form::Html);
        let calm = body(page(LATE, &calm(), &config::Page::default()), Form::Html);
        for mark in ['<', '>', '"'] {
            assert_eq!(html.matches(mark).count(), calm.matches(mark).count(), "{mark}");
        }
        assert!(!html.contains("alert(1)</script>") && !html.contains("onerror=alert(1)>"));
        assert!(html.chars().all(|c| !c.is_control() || c == '\n') && !html.contains('\u{202e}'));
    }

    #[test]
    fn nothing_that_came_gets_into_the_script_or_the_style() {
        let inside = |html: &str, kind: &str| {
            let (_, rest) = html.split_once(&format!("<{kind}>")).unwrap();
            rest.split_once(&format!("</{kind}>")).unwrap().0.to_owned()
        };
        let html = body(page(LATE, &hostile(), &hostile_page()), Form::Html);
        let calm = body(page(LATE, &calm(), &config::Page::default()), Form::Html);
        for kind in ["script", "style"] {
            assert_eq!(inside(&html, kind), inside(&calm, kind));
        }
    }

    #[test]
    fn nothing_that_came_breaks_json() {
        for form in [Form::Problem, Form::GraphQl] {
            let json = body(page(LATE, &hostile(), &hostile_page()), form);
            assert!(json.chars().all(|c| !c.is_control()) && !json.contains('\u{202e}'), "{json}");
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            let problem = if form == Form::Problem { &read } else { &read["errors"][0]["extensions"] };
            assert_eq!((problem.get("instance"), &problem["status"]), (None, &504.into()));
        }
    }

    #[test]
    fn nothing_that_came_breaks_a_terminal() {
        let text = body(page(LATE, &hostile(), &hostile_page()), Form::Text);
        assert!(text.chars().all(|c| !c.is_control() || c == '\n') && !text.contains('\u{202e}'));
        assert!(!text.contains("\nSet-Cookie") && text.lines().count() <= 8, "{text}");
    }

    #[test]
    fn nothing_that_came_gets_into_a_header_field() {
        for form in FORMS {
            let (headers, _) = page(LATE, &hostile(), &config::Page::default()).render(form);
            let (calm, _) = page(LATE, &calm(), &config::Page::default()).render(form);
            let names = |headers: &HeaderMap| headers.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&headers), names(&calm), "{form:?}");
            for (name, value) in &headers {
                let value = value.to_str().unwrap();
                // The message of gRPC names the host that was asked for, in printable ASCII.
                let is_message = name == "grpc-message";
                assert!(is_message || !value.contains("alert"), "{name}: {value}");
                assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {value}");
            }
        }
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
