//! In which form can this client use an error?
//!
//! `Sec-Fetch-Dest` says what a browser wants the answer for (Fetch Metadata §2.1), `Accept` says what a
//! client can read (RFC 9110 §12.5.1). Neither is obeyed to the letter: an error in a form that was not
//! asked for is better than none, where somebody may read it (§12.4.1 leaves that to the server).

use http::{HeaderMap, HeaderName, header};

use crate::request::{Request, weight};

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The form of an answer made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A page for people.
    Html,
    /// `application/problem+json` for programs (RFC 9457).
    Problem,
    /// A GraphQL response (`application/graphql-response+json`).
    GraphQl,
    /// The fields of gRPC and no body.
    Grpc,
    /// A few lines for a terminal.
    Text,
    /// No body: nobody would see it.
    Empty,
}

impl Form {
    /// The form for whoever sent `request`.
    ///
    /// What gRPC or gRPC-Web sent (by `Content-Type`) is answered in its fields, and who reads GraphQL responses by
    /// their own type gets one, unless another form is preferred by weight.
    /// A navigation gets the page unless its `Accept` refuses HTML. What a page loads for itself (images,
    /// scripts, styles, …) gets an empty body. Everything else goes by `Accept`: the acceptable form with the
    /// highest weight among those it names, and where it names none of them but `*/*`, or is absent, a
    /// problem document for a script of a page (`Sec-Fetch-Dest: empty`) and for who sent JSON or asks at an address
    /// of GraphQL, and text for others. A form that is refused (`q=0`) gives way to one that is not.
    /// `text/event-stream` gets an empty body: `EventSource` shows no body to its script.
    /// Unreadable fields count as absent.
    pub fn of(request: &Request) -> Self {
        if is_grpc(&request.headers) {
            return Self::Grpc;
        }
        let accept = Accept::of(&request.headers);
        match Destination::of(&request.headers) {
            Destination::Page if accept.weight("text", "html") > 0 => Self::Html,
            Destination::Part => Self::Empty,
            Destination::Script => {
                accept.named_form([Self::GraphQl, Self::Problem, Self::Html, Self::Text], Self::Problem)
            }
            destination @ (Destination::Page | Destination::Unknown) => {
                let is_program = matches!(destination, Destination::Unknown)
                    && (sends_json(&request.headers) || is_graphql_address(request));
                let otherwise = if is_program { Self::Problem } else { Self::Text };
                accept.named_form([Self::Html, Self::GraphQl, Self::Problem, Self::Text], otherwise)
            }
        }
    }
}

/// Whether `request` is to an address that GraphQL is customarily served at.
pub(super) fn is_graphql_address(request: &Request) -> bool {
    request.target.path().rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case("graphql"))
}

/// Whether what was sent is JSON of any kind; who writes it reads it too.
fn sends_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    Range::parse(kind).is_some_and(|kind| kind.is_json())
}

/// Whether a client of gRPC or gRPC-Web is asking (`application/grpc`, `application/grpc-web+proto`, …).
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let rest =
        kind.get(.."application/grpc".len()).filter(|kind| kind.eq_ignore_ascii_case(b"application/grpc"));
    rest.is_some() && matches!(kind.get("application/grpc".len()), None | Some(b'+' | b'-' | b';' | b' '))
}

/// What a browser wants an answer for.
enum Destination {
    /// Something to show: a document or a frame.
    Page,
    /// Something that a page loads for itself; its body would not be read.
    Part,
    /// Data for a script: `fetch()`, `XMLHttpRequest`, `EventSource`.
    Script,
    /// Not a browser, or one that does not say.
    Unknown,
}

impl Destination {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(SEC_FETCH_DEST).and_then(|value| value.to_str().ok()) else {
            return Self::Unknown;
        };
        match value.trim().to_ascii_lowercase().as_str() {
            "document" | "iframe" | "frame" | "fencedframe" | "embed" | "object" => Self::Page,
            "image" | "script" | "style" | "font" | "audio" | "video" | "track" | "manifest" | "worker"
            | "sharedworker" | "serviceworker" | "audioworklet" | "paintworklet" | "xslt" | "json"
            | "text" | "report" | "speculationrules" | "dictionary" => Self::Part,
            "empty" | "webidentity" => Self::Script,
            _ => Self::Unknown,
        }
    }
}

/// How many media ranges are looked at, and how long they may be: no more than this has to be read, however long
/// the field is.
const MOST_RANGES: usize = 32;
const LONGEST_RANGE: usize = 128;

/// The media ranges of `Accept` in the order they came in; without any, everything goes.
struct Accept<'a>(Vec<Range<'a>>);

/// Its names mean the same in any case.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    has_parameters: bool,
    /// In thousandths, 0 to 1000.
    weight: u16,
}

impl<'a> Accept<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let ranges = lines.flat_map(|line| split_unquoted(line, ',')).take(MOST_RANGES);
        Self(ranges.filter(|range| range.len() <= LONGEST_RANGE).filter_map(Range::parse).collect())
    }

    /// The weight of `kind/subtype` by the most specific range that covers it; 0 if none does.
    fn weight(&self, kind: &str, subtype: &str) -> u16 {
        let otherwise = if self.0.is_empty() { 1000 } else { 0 };
        self.stated_weight(kind, subtype).unwrap_or(otherwise)
    }

    /// The weight of `kind/subtype` by the most specific range that covers it, if one does.
    fn stated_weight(&self, kind: &str, subtype: &str) -> Option<u16> {
        let covering =
            self.0.iter().filter_map(|range| Some((range.specificity(kind, subtype)?, range.weight)));
        covering.max().map(|best| best.1)
    }

    /// The weight of `kind/subtype` if a range other than `*/*` decides it.
    fn named_weight(&self, kind: &str, subtype: &str) -> Option<u16> {
        let named =
            self.0.iter().any(|range| range.is_kind(kind) && range.specificity(kind, subtype).is_some());
        named.then(|| self.weight(kind, subtype))
    }

    /// The weight of `kind/subtype` if it is named itself.
    fn named_exactly(&self, kind: &str, subtype: &str) -> Option<u16> {
        self.0.iter().any(|range| range.is(kind, subtype)).then(|| self.weight(kind, subtype))
    }

    /// A problem document is for everybody who reads JSON, unless it is refused by its own name.
    fn named_json_weight(&self) -> Option<u16> {
        if let Some(weight) = self.named_exactly("application", "problem+json") {
            return Some(weight);
        }
        let by_name = self.0.iter().filter(|range| range.is_json()).map(|range| range.weight).max();
        by_name.or_else(|| self.named_weight("application", "json"))
    }

    /// The form that the ranges name with the highest weight, the earlier in `preference` where weights
    /// are equal; where none is named, what the rest of the ranges suggest, and `otherwise` for `*/*`.
    fn named_form(&self, preference: [Form; 4], otherwise: Form) -> Form {
        let weight = |form| match form {
            Form::Html => self.named_weight("text", "html"),
            Form::Problem => self.named_json_weight(),
            Form::GraphQl => self.named_exactly("application", "graphql-response+json"),
            Form::Text => self.named_weight("text", "plain"),
            Form::Grpc | Form::Empty => None,
        };
        let mut best = (0, None);
        for form in preference {
            let weight = weight(form).unwrap_or(0);
            if weight > best.0 {
                best = (weight, Some(form));
            }
        }
        best.1.unwrap_or_else(|| self.suggested_form(otherwise))
    }

    /// Whether `form` is refused, by its name or with everything else.
    fn refuses(&self, form: Form) -> bool {
        let weight = match form {
            Form::Html => self.stated_weight("text", "html"),
            Form::Problem => {
                self.named_json_weight().or_else(|| self.stated_weight("application", "problem+json"))
            }
            Form::GraphQl => self.stated_weight("application", "graphql-response+json"),
            Form::Text => self.stated_weight("text", "plain"),
            Form::Grpc | Form::Empty => None,
        };
        weight == Some(0)
    }

    /// The form for a client that names none of ours.
    fn suggested_form(&self, otherwise: Form) -> Form {
        let wanted = || self.0.iter().filter(|range| range.weight > 0);
        if self.0.is_empty() {
            return otherwise;
        }
        if wanted().any(Range::is_never_read) || wanted().next().is_none() {
            return Form::Empty;
        }
        let reads_data = wanted().any(|range| range.is_kind("application"));
        let first = if reads_data { Form::Problem } else { otherwise };
        let offered = [first, otherwise, Form::Text, Form::Problem, Form::Html];
        offered.into_iter().find(|form| !self.refuses(*form)).unwrap_or(Form::Empty)
    }
}

impl<'a> Range<'a> {
    /// Reads `type/subtype;parameters`. An unreadable weight counts as 1, an unreadable range as absent.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = split_unquoted(text, ';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || (kind == "*" && subtype != "*") {
            return None;
        }
        let mut range = Self { kind, subtype, has_parameters: false, weight: 1000 };
        for part in parts {
            match part.split_once('=') {
                Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => {
                    range.weight = weight(value.trim()).unwrap_or(1000);
                    break;
                }
                Some(_) => range.has_parameters = true,
                None => {}
            }
        }
        Some(range)
    }

    fn is_kind(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    fn is(&self, kind: &str, subtype: &str) -> bool {
        self.is_kind(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    fn is_json(&self) -> bool {
        let syntax = self.subtype.rsplit('+').next().unwrap_or_default();
        self.is_kind("application") && syntax.eq_ignore_ascii_case("json")
    }

    /// How closely this range describes `kind/subtype`; `None` if it does not cover it. A range with
    /// parameters covers it too, since what is made here has just one variant of each type, but less
    /// closely than the same range without.
    fn specificity(&self, kind: &str, subtype: &str) -> Option<u8> {
        if self.is(kind, subtype) {
            Some(if self.has_parameters { 2 } else { 3 })
        } else if self.is(kind, "*") {
            Some(1)
        } else if self.is("*", "*") {
            Some(0)
        } else {
            None
        }
    }

    /// Whether whoever asks for this type throws the body of an error away.
    fn is_never_read(&self) -> bool {
        matches!(
            (&*self.kind.to_ascii_lowercase(), &*self.subtype.to_ascii_lowercase()),
            ("image" | "audio" | "video" | "font", _)
                | ("text", "css" | "javascript" | "event-stream" | "vtt")
                | ("application", "javascript" | "x-javascript" | "manifest+json")
        )
    }
}

/// The parts of `text` between separators that stand outside quoted strings (RFC 9110 §5.6.4).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match (quoted, escaped, c) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, _, '"') => quoted = !quoted,
            (false, _, _) | (true, false, _) => {}
        }
        !quoted && c == separator
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Target;
    use http::{HeaderValue, Method};
    use proptest::prelude::*;

    fn form(destination: &str, accept: &str) -> Form {
        let mut headers = HeaderMap::new();
        for (name, value) in [("sec-fetch-dest", destination), ("accept", accept)] {
            if !value.is_empty() {
                headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
        }
        Form::of(&Request {
            method: Method::GET,
            target: Target::parse("https://example.com/").unwrap(),
            headers,
            has_body: false,
            id: "id".to_owned(),
        })
    }

    const CHROME: &str =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    #[test]
    fn who_asks_decides_the_form() {
        for (destination, accept, expected) in [
            // A browser that shows something.
            ("document", CHROME, Form::Html),
            ("document", "*/*", Form::Html),
            ("document", "", Form::Html),
            ("iframe", CHROME, Form::Html),
            ("document", "text/html;q=0, */*", Form::Text),
            ("document", "application/json", Form::Problem),
            // A browser that loads parts of a page.
            ("image", "image/avif,image/webp,*/*;q=0.8", Form::Empty),
            ("script", "*/*", Form::Empty),
            ("style", "text/css,*/*;q=0.1", Form::Empty),
            ("font", "", Form::Empty),
            ("serviceworker", "*/*", Form::Empty),
            // A script of a page.
            ("empty", "*/*", Form::Problem),
            ("empty", "", Form::Problem),
            ("empty", "application/json, text/plain, */*", Form::Problem),
            ("empty", "text/html, application/xhtml+xml", Form::Html),
            ("empty", "text/vnd.turbo-stream.html, text/html", Form::Html),
            ("empty", "text/plain", Form::Text),
            ("empty", "text/event-stream", Form::Empty),
            ("empty", "application/json;q=0.5, text/html", Form::Html),
            ("empty", "application/vnd.api+json", Form::Problem),
            // Clients that say no more than what they accept.
            ("", CHROME, Form::Html),
            ("", "", Form::Text),
            ("", "*/*", Form::Text),
            ("", "application/json", Form::Problem),
            ("", "Application/Problem+JSON", Form::Problem),
            ("", "application/ld+json, application/json;q=0.9", Form::Problem),
            ("", "application/json, text/javascript, */*; q=0.01", Form::Problem),
            ("", "application/xml", Form::Problem),
            ("", "application/*", Form::Problem),
            ("", "text/*", Form::Html),
            ("", "text/csv", Form::Text),
            ("", "text/plain, text/html;q=0.9", Form::Text),
            ("", "text/event-stream", Form::Empty),
            ("", "image/webp,image/png,image/*;q=0.8,*/*;q=0.5", Form::Empty),
            ("", "*/*;q=0", Form::Empty),
            // A refusal by name is stronger than a permission by range (RFC 9110 §12.5.1).
            ("", "text/*, text/html;q=0", Form::Text),
            ("", "application/json, application/problem+json;q=0", Form::Text),
            ("", "application/*, application/problem+json;q=0.0", Form::Text),
            ("", "text/plain;q=0, */*", Form::Problem),
            ("", "text/plain;q=0, application/json;q=0, */*", Form::Html),
            ("", "text/*;q=0, application/*;q=0, */*", Form::Empty),
            ("", "text/csv, */*;q=0", Form::Empty),
            ("", "application/xml, */*;q=0", Form::Empty),
            ("", "application/xml, application/json;q=0", Form::Text),
            ("empty", "application/json;q=0, */*", Form::Text),
            ("empty", "application/problem+json;q=0, text/plain;q=0, */*", Form::Html),
            ("document", "text/html;q=0, text/plain;q=0, */*", Form::Problem),
            // Unreadable.
            ("", "json", Form::Text),
            ("", ",;,/,*/html", Form::Text),
            ("", "text/html;q=much", Form::Html),
            ("", "text/html;q=0.0000", Form::Html),
            ("nonsense", CHROME, Form::Html),
            ("nonsense", "*/*", Form::Text),
        ] {
            assert_eq!(form(destination, accept), expected, "{destination:?} {accept:?}");
        }
    }

    #[test]
    fn whoever_sends_json_or_asks_graphql_reads_json() {
        for (path, sent, fields, expected) in [
            ("/", "application/json", &[][..], Form::Problem),
            ("/", "Application/LD+JSON; charset=utf-8", &[("accept", "*/*")], Form::Problem),
            ("/api/graphql", "text/plain", &[], Form::Problem),
            ("/graphql?query=x", "", &[("accept", "*/*")], Form::Problem),
            ("/graphql", "", &[("accept", "text/html")], Form::Html),
            ("/graphql", "", &[("accept", "text/plain")], Form::Text),
            ("/graphql", "", &[("sec-fetch-dest", "document")], Form::Html),
            ("/graphql", "", &[("sec-fetch-dest", "document"), ("accept", "text/html;q=0, */*")], Form::Text),
            ("/", "application/x-www-form-urlencoded", &[], Form::Text),
            ("/", "json", &[], Form::Text),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields.iter().chain([&("content-type", sent)]) {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            let target = Target::parse(&format!("https://example.com{path}")).unwrap();
            let request =
                Request { method: Method::POST, target, headers, has_body: true, id: String::new() };
            assert_eq!(Form::of(&request), expected, "{path} {sent} {fields:?}");
        }
    }

    #[test]
    fn a_field_of_any_length_is_read_so_far() {
        let many = |count| "text/csv, ".repeat(count) + "application/json";
        assert_eq!((form("", &many(31)), form("", &many(32))), (Form::Problem, Form::Text));
        let long = format!("application/json;x={}, text/html;q=0.1", "a".repeat(200));
        assert_eq!(form("", &long), Form::Html);
    }

    #[test]
    fn graphql_is_answered_to_whoever_names_it() {
        for (destination, accept, expected) in [
            ("", "application/graphql-response+json", Form::GraphQl),
            ("empty", "application/graphql-response+json, application/json;q=0.9", Form::GraphQl),
            ("", "application/json, application/graphql-response+json;q=0.5", Form::Problem),
            ("", "application/graphql-response+json;q=0, application/json", Form::Problem),
            ("document", "application/graphql-response+json, text/html", Form::Html),
            ("", "application/*", Form::Problem),
        ] {
            assert_eq!(form(destination, accept), expected, "{destination:?} {accept:?}");
        }
    }

    #[test]
    fn grpc_is_known_by_what_was_sent() {
        for (sent, expected) in [
            ("application/grpc", Form::Grpc),
            ("application/grpc-web+proto", Form::Grpc),
            ("application/grpc-web-text", Form::Grpc),
            ("Application/GRPC+json", Form::Grpc),
            ("application/grpc; charset=utf-8", Form::Grpc),
            ("application/grpcish", Form::Text),
            ("text/plain", Form::Text),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(sent))]);
            let target = Target::parse("https://example.com/").unwrap();
            let request =
                Request { method: Method::POST, target, headers, has_body: true, id: String::new() };
            assert_eq!(Form::of(&request), expected, "{sent}");
        }
    }

    #[test]
    fn the_most_specific_range_weighs() {
        // The example of RFC 9110 §12.5.1, for types without parameters.
        let mut headers = HeaderMap::new();
        headers.append("accept", HeaderValue::from_static("text/*;q=0.3, text/plain;q=0.7"));
        headers.append(
            "accept",
            HeaderValue::from_static("text/plain;format=flowed,text/plain;x=\"a,b;q=0\";q=0.4, */*;q=0.5"),
        );
        let accept = Accept::of(&headers);
        assert_eq!(accept.weight("text", "plain"), 700);
        assert_eq!(accept.weight("text", "html"), 300);
        assert_eq!(accept.weight("image", "jpeg"), 500);
        assert_eq!(accept.0.len(), 5);
    }

    proptest! {
        #[test]
        fn any_accept_gets_some_form(destination in "[a-z]{0,8}", accept in "[ -~]{0,60}") {
            form(&destination, accept.trim());
        }

        #[test]
        fn a_navigation_that_accepts_html_gets_the_page(others in prop::collection::vec("(image|text|application)/[a-z]{1,4}(;q=0\\.[0-9])?", 0..4)) {
            prop_assert_eq!(form("document", &[others.join(","), "text/html".to_owned()].join(",")), Form::Html);
        }
    }
}
