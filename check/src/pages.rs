//! The error pages that a site with these settings would show. Would each arrive in one round trip?

use anyhow::{Context, Result, ensure};
use holdfast::config::Page;
use holdfast::language::Language;
use holdfast::origin::failure::Failure;
use holdfast::request::{Request, Target};
use holdfast::response::error::{Cause, ErrorPage, Occasion};
use holdfast::response::error_page::PAGE_LIMIT;
use holdfast::response::form::Form;
use holdfast::time::Timestamp;
use http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE};
use http::{HeaderMap, Method, StatusCode};

/// An error that there are words of its own for.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is called in the name of a file.
    pub name: &'static str,
    cause: Cause,
    /// Whether the request may change something.
    pub is_unsafe: bool,
    unknown_outcome: bool,
}

impl Kind {
    /// A failure of the origin.
    pub const fn failure(name: &'static str, failure: Failure) -> Self {
        Self { name, cause: Cause::Failure(failure), is_unsafe: false, unknown_outcome: false }
    }

    const fn after_post(self, unknown_outcome: bool) -> Self {
        Self { is_unsafe: true, unknown_outcome, ..self }
    }
}

/// Every kind.
pub const KINDS: [Kind; 13] = [
    Kind::failure("502-lost", Failure::ConnectionLost),
    Kind::failure("504-too-late", Failure::NoHeaderInTime),
    Kind::failure("502-bad-answer", Failure::EdgeUnknownAnswer),
    Kind::failure("502-unreachable", Failure::EdgeRefused),
    Kind::failure("502-circle", Failure::Loop),
    Kind::failure("503-unavailable", Failure::CircuitOpen),
    Kind { cause: Cause::Maintenance, ..Kind::failure("503-maintenance", Failure::CircuitOpen) },
    Kind::failure("500-misconfigured", Failure::Configuration),
    Kind::failure("500-network", Failure::Internal),
    Kind {
        name: "500-origin",
        cause: Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR),
        is_unsafe: false,
        unknown_outcome: false,
    },
    Kind::failure("502-not-processed", Failure::EdgeRefused).after_post(false),
    Kind::failure("502-may-be-processed", Failure::ConnectionLost).after_post(true),
    Kind::failure("504-may-be-processed", Failure::NoHeaderInTime).after_post(true),
];

/// One answer, as a client would get it.
#[derive(Debug)]
pub struct Rendered {
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

/// What is wrong with pages that have these settings: one that is too large, if there is any.
pub fn too_large(page: &Page) -> Result<Option<String>> {
    let offered: Vec<_> = match &page.languages[..] {
        [] => Language::all().collect(),
        some => some.to_vec(),
    };
    // What escaping makes longest, and longer than is shown.
    let asked = Asked { url: format!("https://www.example.com/{}", "&".repeat(1000)), ..Asked::default() };
    let mut largest = (0, String::new());
    for language in offered {
        for kind in KINDS {
            let bytes = answer(kind, Form::Html, language, page, &asked)?.body.len();
            largest = largest.max((bytes, format!("{} in {}", kind.name, language.tag())));
        }
    }
    let (bytes, which) = largest;
    let rule = "a page has to arrive in the first round trip: shorten page.logo, page.texts or the links";
    Ok((bytes > PAGE_LIMIT)
        .then(|| format!("the page {which} would have {bytes} bytes, {PAGE_LIMIT} are accepted; {rule}")))
}

/// What somebody who reads `language` gets for `kind` in `form`, on a site with these settings.
pub fn rendered(kind: Kind, form: Form, language: Language, page: &Page) -> Result<Rendered> {
    answer(kind, form, language, page, &Asked::default())
}

/// What differs from one request to the next.
pub struct Asked {
    /// The URL.
    pub url: String,
    /// When the page is seen.
    pub occasion: Occasion,
    /// The id of the request.
    pub id: &'static str,
}

impl Asked {
    fn is_of_one_request(&self) -> bool {
        matches!(self.occasion, Occasion::At(_))
    }
}

impl Default for Asked {
    fn default() -> Self {
        let occasion = Occasion::At(Timestamp::from_millis(1_767_323_045_000));
        Self { url: "https://www.example.com/orders/2187".to_owned(), occasion, id: "8f2a7c31d09be4f6-LHR" }
    }
}

/// What somebody who reads `language` gets for `kind` in `form` when this is asked.
pub fn answer(kind: Kind, form: Form, language: Language, page: &Page, asked: &Asked) -> Result<Rendered> {
    let page = Page { languages: vec![language], ..page.clone() };
    let request = Request {
        method: if kind.is_unsafe { Method::POST } else { Method::GET },
        target: Target::parse(&asked.url).context("a URL")?,
        headers: HeaderMap::from_iter([(ACCEPT_LANGUAGE, language.tag().parse()?)]),
        has_body: kind.is_unsafe,
        id: asked.id.to_owned(),
    };
    let page = ErrorPage {
        cause: kind.cause,
        request: &request,
        page: &page,
        occasion: asked.occasion,
        retry_after: None,
        unknown_outcome: kind.unknown_outcome,
        // Two hours after the request.
        until: (kind.cause == Cause::Maintenance && asked.is_of_one_request())
            .then(|| Timestamp::from_millis(1_767_330_000_000)),
    };
    let (headers, body) = page.render(form);
    let sent = headers.get(CONTENT_LANGUAGE).map(|tag| tag.as_bytes());
    ensure!(
        sent == Some(language.tag().as_bytes()),
        "{} is in another language than {language:?}",
        kind.name
    );
    Ok(Rendered { headers, body: body.unwrap_or_default() })
}
