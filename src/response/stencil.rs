//! How is a page made that was made before?
//!
//! Errors of one [`Kind`] differ in a few [`Place`]s only: the request's id, the time, an address. A [`Stencil`] is such
//! an error with these places open, made once in an isolate; a request's own is filled in, escaped as it is when the
//! whole is written. What a stencil is made from has nothing of a request in it.

use std::cell::RefCell;
use std::rc::Rc;

use askama::filters::{self, Escaper};
use http::HeaderMap;

use super::error_page::{Cause, ErrorPage, Occasion, shown, without_userinfo};
use super::form::{Form, is_graphql_address};
use super::problem::is_plain_id;
use super::words::{Outcome, when};
use crate::config::Page;
use crate::language::{Language, Message};

/// How many stencils an isolate keeps, the last used: some 13 KB each. Clients choose the form, the language and the
/// method, so that one of them can have others forgotten; what is forgotten is made again.
const MOST: usize = 32;

/// All that an error is written from but its [`Particulars`] and the configuration: a few words of our own, which a
/// request may choose and never write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) form: Form,
    pub(super) cause: Cause,
    pub(super) language: Language,
    pub(super) outcome: Option<Outcome>,
    /// In how long to come back, in words; and whether `Retry-After` says so too.
    pub(super) when: Message,
    pub(super) says_when: bool,
    /// Whether one status is told of, and whether one request is.
    pub(super) has_one_status: bool,
    pub(super) is_of_one_request: bool,
    /// Whether the method can be used to come back.
    pub(super) is_read: bool,
    /// Whether there is an id, and whether it can stand in a URN.
    pub(super) has_id: bool,
    pub(super) has_plain_id: bool,
    pub(super) is_graphql: bool,
}

impl Kind {
    pub(super) fn of(error: &ErrorPage<'_>, form: Form, particulars: &Particulars) -> Self {
        let seconds = error.retry_after_seconds();
        Self {
            form,
            cause: error.cause,
            language: Language::lookup(&error.request.headers, &error.page.languages),
            outcome: error.outcome(),
            when: when(seconds),
            says_when: seconds.is_some(),
            has_one_status: error.occasion != Occasion::AnyStatusLater,
            is_of_one_request: matches!(error.occasion, Occasion::At(_)),
            is_read: matches!(error.request.method, http::Method::GET | http::Method::HEAD),
            has_id: !particulars.id.is_empty(),
            has_plain_id: is_plain_id(&particulars.id),
            is_graphql: is_graphql_address(error.request),
        }
    }
}

/// What is another's on each page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Host,
    After,
    At,
    Time,
    Id,
    Address,
}

impl Place {
    const ALL: [Self; 6] = [Self::Host, Self::After, Self::At, Self::Time, Self::Id, Self::Address];

    /// What stands for it until it is cut out: characters that are none (Unicode §23.7), which no escaping changes.
    const fn mark(self) -> char {
        match self {
            Self::Host => '\u{fdd0}',
            Self::After => '\u{fdd1}',
            Self::At => '\u{fdd2}',
            Self::Time => '\u{fdd3}',
            Self::Id => '\u{fdd4}',
            Self::Address => '\u{fdd5}',
        }
    }
}

/// What is filled in: without control characters, and not escaped yet.
pub(super) struct Particulars {
    /// Of the request, where there is no brand.
    pub(super) host: String,
    /// Seconds, in digits.
    pub(super) after: String,
    pub(super) at: String,
    /// The same for people to read.
    pub(super) time: String,
    pub(super) id: String,
    pub(super) address: String,
}

/// How long a name and an address may be where they are shown, in characters.
pub(super) const LONGEST_NAME: usize = 80;
const LONGEST_ADDRESS: usize = 160;

impl Particulars {
    pub(super) fn of(error: &ErrorPage<'_>) -> Self {
        let target = &error.request.target;
        let at = match error.occasion {
            Occasion::At(at) => at.to_rfc3339(),
            Occasion::Later | Occasion::AnyStatusLater => String::new(),
        };
        let host = || shown(without_userinfo(target.host()), LONGEST_NAME);
        let address = [without_userinfo(target.authority()), target.path()].concat();
        let after = error.retry_after_seconds().unwrap_or(super::error_page::DEFAULT_RETRY_AFTER.as_secs());
        Self {
            host: if error.page.brand.is_none() { host() } else { String::new() },
            after: after.to_string(),
            time: at.replace('T', " ").replace('Z', " UTC"),
            at,
            id: shown(&error.request.id, LONGEST_NAME),
            address: shown(&address, LONGEST_ADDRESS),
        }
    }

    /// Marks in the place of each.
    fn marks() -> Self {
        let mark = |place: Place| place.mark().to_string();
        Self {
            host: mark(Place::Host),
            after: mark(Place::After),
            at: mark(Place::At),
            time: mark(Place::Time),
            id: mark(Place::Id),
            address: mark(Place::Address),
        }
    }

    fn get(&self, place: Place) -> &str {
        match place {
            Place::Host => &self.host,
            Place::After => &self.after,
            Place::At => &self.at,
            Place::Time => &self.time,
            Place::Id => &self.id,
            Place::Address => &self.address,
        }
    }
}

/// An error as it is kept.
struct Stencil {
    kind: Kind,
    page: Page,
    headers: HeaderMap,
    /// All but what is filled in, and before which of its bytes that goes.
    text: String,
    holes: Vec<(usize, Place)>,
}

thread_local! {
    /// Those kept, the last used first.
    static KEPT: RefCell<Vec<Rc<Stencil>>> = const { RefCell::new(Vec::new()) };
}

/// The header fields and the text of an error of this `kind` with these `particulars`, by a stencil or as `write` does.
pub(super) fn filled(
    kind: &Kind,
    page: &Page,
    particulars: &Particulars,
    write: impl Fn(&Particulars) -> (HeaderMap, String),
) -> (HeaderMap, String) {
    if let Some(stencil) = kept(kind, page) {
        return (stencil.headers.clone(), stencil.fill(particulars));
    }
    let (headers, text) = write(particulars);
    let stencil = Stencil::cut(*kind, page, &headers, &write(&Particulars::marks()).1);
    // It would not be the same if an operator's text had marks in it.
    if stencil.fill(particulars) == text {
        keep(stencil);
    }
    (headers, text)
}

fn kept(kind: &Kind, page: &Page) -> Option<Rc<Stencil>> {
    KEPT.with_borrow_mut(|kept| {
        let at = kept.iter().position(|stencil| stencil.kind == *kind && stencil.page == *page)?;
        kept.get_mut(..=at)?.rotate_right(1);
        kept.first().cloned()
    })
}

fn keep(stencil: Stencil) {
    KEPT.with_borrow_mut(|kept| {
        kept.truncate(MOST - 1);
        kept.insert(0, Rc::new(stencil));
    });
}

impl Stencil {
    fn cut(kind: Kind, page: &Page, headers: &HeaderMap, marked: &str) -> Self {
        // JSON has the seconds as a number, which a mark cannot be.
        let after = Place::After.mark();
        let unquoted =
            is_json(kind.form).then(|| marked.replace(&format!("\"{after}\""), &after.to_string()));
        let marked = unquoted.as_deref().unwrap_or(marked);
        let (mut text, mut holes) = (String::with_capacity(marked.len()), Vec::new());
        for c in marked.chars() {
            match Place::ALL.into_iter().find(|place| place.mark() == c) {
                Some(place) => holes.push((text.len(), place)),
                None => text.push(c),
            }
        }
        Self { kind, page: page.clone(), headers: headers.clone(), text, holes }
    }

    fn fill(&self, particulars: &Particulars) -> String {
        /// What escaping may add; more of it only makes the text grow.
        const SPARE: usize = 64;
        let filled: usize = self.holes.iter().map(|(_, place)| particulars.get(*place).len()).sum();
        let mut text = String::with_capacity(self.text.len() + filled + SPARE);
        let mut from = 0;
        for &(to, place) in &self.holes {
            text.push_str(self.text.get(from..to).unwrap_or_default());
            escape(&mut text, particulars.get(place), self.kind.form);
            from = to;
        }
        text.push_str(self.text.get(from..).unwrap_or_default());
        text
    }
}

const fn is_json(form: Form) -> bool {
    matches!(form, Form::Problem | Form::GraphQl)
}

/// Writes `value` as what writes the whole of a `form` does.
fn escape(text: &mut String, value: &str, form: Form) {
    let means_something =
        |byte: u8| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\'' | b'\\' | 0..b' ' | 127);
    if !value.bytes().any(means_something) {
        return text.push_str(value);
    }
    match form {
        Form::Html => {
            // Writing to a `String` does not fail.
            let _ = filters::Html.write_escaped_str(text, value);
        }
        Form::Problem | Form::GraphQl => {
            let quoted = serde_json::to_string(value).unwrap_or_default();
            text.push_str(
                quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default(),
            );
        }
        Form::Text | Form::Grpc | Form::Empty => text.push_str(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OwnText;
    use crate::origin::failure::{Failure, TABLE};
    use crate::request::{Request, Target};
    use crate::time::Timestamp;
    use http::{HeaderValue, Method, StatusCode};
    use proptest::prelude::*;
    use std::time::Duration;

    const FORMS: [Form; 6] = [Form::Html, Form::Problem, Form::GraphQl, Form::Text, Form::Grpc, Form::Empty];
    const DOWN: Cause = Cause::Failure(Failure::CircuitOpen);

    fn causes() -> impl Iterator<Item = Cause> {
        let own =
            [500, 502, 503, 504].map(|status| Cause::OriginStatus(StatusCode::from_u16(status).unwrap()));
        TABLE.iter().map(|row| Cause::Failure(row.failure)).chain(own).chain([Cause::Maintenance])
    }

    fn request(method: Method, url: &str, id: &str, language: &str) -> Request {
        let language = HeaderValue::from_bytes(language.as_bytes());
        let headers = HeaderMap::from_iter(language.map(|value| (http::header::ACCEPT_LANGUAGE, value)));
        Request { method, target: Target::parse(url).unwrap(), headers, has_body: false, id: id.to_owned() }
    }

    /// Requests that one stencil will do for, of which no two have a byte in common where they can choose.
    fn alike(method: Method, language: &str) -> [Request; 4] {
        let hostile = "<script>alert(1)</script>\"'>&amp;\\u0000\r\nA: b\u{1b}\u{202e}\0\u{fdd0}{site}";
        let long = "ü%".repeat(200);
        [
            request(method.clone(), "https://a.example/", "1/1", language),
            request(
                method.clone(),
                &format!("https://{hostile}/{hostile}"),
                hostile,
                &format!("{language}, <i>"),
            ),
            request(method.clone(), &format!("https://{long}/{long}"), &long, &format!("{language};q=0.9")),
            request(method, "https://me:secret@b.example:81/\u{fdd4}/'", "\u{fdd5}'\\", language),
        ]
    }

    fn error<'a>(cause: Cause, request: &'a Request, page: &'a Page, number: u64) -> ErrorPage<'a> {
        ErrorPage {
            cause,
            request,
            page,
            occasion: Occasion::At(Timestamp::from_millis(1_767_323_045_678 + number * 1_234_567_890)),
            retry_after: Some(Duration::from_secs(2 + number)),
            unknown_outcome: false,
        }
    }

    fn forget() {
        KEPT.with_borrow_mut(Vec::clear);
    }

    fn count() -> usize {
        KEPT.with_borrow(Vec::len)
    }

    /// `error` as it is without a stencil.
    fn fresh(error: ErrorPage<'_>, form: Form) -> (HeaderMap, Option<String>) {
        forget();
        error.render(form)
    }

    fn pages() -> [Page; 3] {
        let own = OwnText {
            language: Language::ENGLISH,
            message: Message::TooLateLead,
            text: "<b>{site}</b> & \"co\" is slow.".to_owned(),
        };
        [
            Page::default(),
            Page {
                brand: Some("Ex & \"Sons\" <b>".to_owned()),
                support_url: Some("https://example.com/?a=1&b='2'".to_owned()),
                ..Page::default()
            },
            Page {
                logo: Some("data:image/svg+xml,%3Csvg/>".to_owned()),
                texts: vec![own],
                ..Page::default()
            },
        ]
    }

    /// Whether the second and all further errors come from the stencil of the first, and are what they would be
    /// without it.
    fn come_out_the_same(requests: &[Request], cause: Cause, page: &Page, form: Form) {
        let errors = || (0..).zip(requests).map(|(number, request)| error(cause, request, page, number));
        let without: Vec<_> = errors().map(|error| fresh(error, form)).collect();
        forget();
        let with: Vec<_> = errors().map(|error| error.render(form)).collect();
        assert_eq!(count(), usize::from(!matches!(form, Form::Grpc | Form::Empty)), "{cause:?} {form:?}");
        assert_eq!(with, without, "{cause:?} {form:?}");
    }

    #[test]
    fn what_is_filled_in_comes_out_as_if_it_were_written_anew() {
        for page in pages() {
            for form in FORMS {
                for cause in causes() {
                    for method in [Method::GET, Method::POST] {
                        come_out_the_same(&alike(method, "en"), cause, &page, form);
                    }
                }
                for language in Language::all() {
                    come_out_the_same(&alike(Method::GET, language.tag()), DOWN, &page, form);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_has_nothing_of_a_request() {
        for form in FORMS {
            forget();
            let url = "https://TRACE.example/TRACE";
            let request = request(Method::GET, url, "TRACE", "en, x-TRACE");
            let page = Page::default();
            for number in 0..2 {
                error(DOWN, &request, &page, number).render(form);
            }
            KEPT.with_borrow(|kept| {
                for stencil in kept {
                    let seen = format!("{}{:?}{:?}", stencil.text, stencil.headers, stencil.kind);
                    for trace in ["TRACE", "trace", "2026", "retry-after"] {
                        assert!(!seen.contains(trace), "{form:?} {trace}");
                    }
                }
            });
        }
    }

    #[test]
    fn what_differs_in_more_than_places_has_a_stencil_of_its_own() {
        let page = Page::default();
        let requests = [
            request(Method::GET, "https://a/", "1", "en"),
            request(Method::HEAD, "https://a/", "1", "en"),
            request(Method::POST, "https://a/", "1", "en"),
            request(Method::OPTIONS, "https://a/", "", "de"),
            request(Method::GET, "https://a/graphql", "/", "de"),
        ];
        let mut all = Vec::new();
        for request in &requests {
            for cause in [DOWN, Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR)] {
                for unknown_outcome in [false, true] {
                    for occasion in
                        [Occasion::At(Timestamp::from_millis(0)), Occasion::Later, Occasion::AnyStatusLater]
                    {
                        for retry_after in [None, Some(Duration::ZERO), Some(Duration::from_secs(3600))] {
                            let page = &page;
                            all.push(ErrorPage {
                                cause,
                                request,
                                page,
                                occasion,
                                retry_after,
                                unknown_outcome,
                            });
                        }
                    }
                }
            }
        }
        for form in FORMS {
            let without: Vec<_> = all.iter().map(|error| fresh(*error, form)).collect();
            // Twice: no more are kept than there is room for, and what stayed has to do for the second time.
            for round in 0..2 {
                for (error, without) in all.iter().zip(&without) {
                    assert_eq!(&error.render(form), without, "{form:?} {round} {error:?}");
                    assert!(count() <= MOST);
                }
            }
        }
    }

    #[test]
    fn a_setting_that_changes_the_page_changes_what_is_filled_in() {
        let request = request(Method::GET, "https://a/", "1", "en");
        for form in FORMS {
            let without = pages().map(|page| fresh(error(DOWN, &request, &page, 0), form));
            forget();
            for _ in 0..2 {
                assert_eq!(pages().map(|page| error(DOWN, &request, &page, 0).render(form)), without);
            }
        }
    }

    #[test]
    fn a_text_with_marks_in_it_is_written_each_time() {
        let page = Page { brand: Some("\u{fdd4}".to_owned()), ..Page::default() };
        let request = request(Method::GET, "https://a/", "1", "en");
        for form in FORMS {
            forget();
            let (_, text) = error(DOWN, &request, &page, 0).render(form);
            assert_eq!(count(), 0, "{form:?}");
            assert_eq!(
                text.is_some_and(|text| text.contains('\u{fdd4}')),
                !matches!(form, Form::Grpc | Form::Empty)
            );
        }
    }

    #[test]
    fn what_was_used_last_is_kept() {
        forget();
        let (page, [first, ..]) = (Page::default(), alike(Method::GET, "en"));
        let languages = Language::all().flat_map(|language| {
            [Form::Html, Form::Text]
                .map(|form| (request(Method::GET, "https://a/", "1", language.tag()), form))
        });
        for (other, form) in languages {
            error(DOWN, &first, &page, 0).render(Form::Problem);
            error(DOWN, &other, &page, 0).render(form);
        }
        assert_eq!(count(), MOST);
        assert!(KEPT.with_borrow(|kept| kept.iter().any(|stencil| stencil.kind.form == Form::Problem)));
    }

    proptest! {
        #[test]
        fn no_request_shows_that_there_was_one_before(
            hosts in ["[^/?#]{1,20}", "[^/?#]{1,20}"], path in ".{0,40}", ids in [".{0,20}", ".{0,20}"], form in 0..FORMS.len(),
        ) {
            let page = Page::default();
            let requests: Vec<_> = hosts
                .iter()
                .zip(&ids)
                .map(|(host, id)| request(Method::GET, &format!("https://{host}/{path}"), id, "en"))
                .collect();
            let errors = || (0..).zip(&requests).map(|(number, request)| error(DOWN, request, &page, number));
            let without: Vec<_> = errors().map(|error| fresh(error, FORMS[form])).collect();
            forget();
            let with: Vec<_> = errors().map(|error| error.render(FORMS[form])).collect();
            prop_assert_eq!(with, without);
        }
    }
}
