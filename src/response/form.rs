//! The form of an error. Which form can this client use?
//!
//! `Sec-Fetch-Dest` says what a browser uses the answer for (Fetch Metadata §2.1). `Accept` says what a client can read
//! (RFC 9110 §12.5.1). Neither is obeyed to the letter: if somebody may read it, an error in a form that was not asked
//! for is better than no body. §12.4.1 leaves that to the server.

use http::{HeaderMap, HeaderName, header};

use super::accept::{Accept, Range};
use crate::request::Request;

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
    /// The header fields of gRPC, and no body.
    Grpc,
    /// Markdown for agents (RFC 7763).
    Markdown,
    /// A few lines for a terminal.
    Text,
    /// No body, because nobody would see it.
    Empty,
}

impl Form {
    /// The form for the client that sent `request`. Unreadable fields count as absent.
    ///
    /// - gRPC and gRPC-Web, known by `Content-Type`, get their own header fields.
    /// - A navigation gets the page, unless `Accept` refuses HTML or prefers Markdown.
    /// - What a page loads for itself (images, scripts, styles, …) gets an empty body.
    /// - Everything else goes by `Accept`: the acceptable form with the highest weight among those that it names.
    ///
    /// If `Accept` names none of the forms except by `*/*`, or is absent, a program gets a problem document and others get
    /// text. A program is a script of a page (`Sec-Fetch-Dest: empty`), or a client that sent JSON or asks at an address of
    /// GraphQL. A refused form (`q=0`) gives way to one that is not refused. `text/event-stream` gets an empty body, because
    /// `EventSource` shows no body to its script.
    pub fn of(request: &Request) -> Self {
        if is_grpc(&request.headers) {
            return Self::Grpc;
        }
        let accept = Accept::of(&request.headers);
        let markdown = accept.named_exactly("text", "markdown");
        match Destination::of(&request.headers) {
            Destination::Page if accept.weight("text", "html") > markdown.unwrap_or(0) => Self::Html,
            Destination::Part => Self::Empty,
            Destination::Script => {
                let forms = [Self::GraphQl, Self::Problem, Self::Markdown, Self::Html, Self::Text];
                named_form(&accept, forms, Self::Problem)
            }
            destination @ (Destination::Page | Destination::Unknown) => {
                let is_program = matches!(destination, Destination::Unknown)
                    && (sends_json(&request.headers) || is_graphql_address(request));
                let otherwise = if is_program { Self::Problem } else { Self::Text };
                // No browser names Markdown. Agents name it before or with HTML, and rather read it.
                let forms = [Self::Markdown, Self::Html, Self::GraphQl, Self::Problem, Self::Text];
                named_form(&accept, forms, otherwise)
            }
        }
    }
}

/// Whether the client asks for plain text by its name, and for JSON less or not at all.
pub fn prefers_text(headers: &HeaderMap) -> bool {
    let accept = Accept::of(headers);
    let text = accept.named_exactly("text", "plain").unwrap_or(0);
    text > accept.named_json_weight().unwrap_or(0)
}

/// Whether `request` is to an address where GraphQL is usually served.
pub(super) fn is_graphql_address(request: &Request) -> bool {
    request.target.path().rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case("graphql"))
}

/// Whether the request's body is JSON of any kind. A client that writes JSON reads it too.
fn sends_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    Range::parse(kind).is_some_and(|kind| kind.is_json())
}

/// Whether the client speaks gRPC or gRPC-Web (`application/grpc`, `application/grpc-web+proto`, …).
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let rest =
        kind.get(.."application/grpc".len()).filter(|kind| kind.eq_ignore_ascii_case(b"application/grpc"));
    rest.is_some() && matches!(kind.get("application/grpc".len()), None | Some(b'+' | b'-' | b';' | b' '))
}

/// What a browser uses an answer for.
enum Destination {
    /// A document or a frame, to be shown.
    Page,
    /// A part that a page loads for itself. Nobody would read an error in its place.
    Part,
    /// Data for a script: `fetch()`, `XMLHttpRequest`, `EventSource`.
    Script,
    /// The client is no browser, or a browser that does not say.
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

/// The form that `accept` names with the highest weight. If weights are equal, the earlier in `preference` wins. If no
/// form is named, the rest of the ranges suggest one, and `*/*` means `otherwise`.
fn named_form(accept: &Accept<'_>, preference: [Form; 5], otherwise: Form) -> Form {
    let weight = |form| match form {
        Form::Html => accept.named_weight("text", "html"),
        Form::Problem => accept.named_json_weight(),
        Form::GraphQl => accept.named_exactly("application", "graphql-response+json"),
        Form::Markdown => accept.named_exactly("text", "markdown"),
        Form::Text => accept.named_weight("text", "plain"),
        Form::Grpc | Form::Empty => None,
    };
    let mut best = (0, None);
    for form in preference {
        let weight = weight(form).unwrap_or(0);
        if weight > best.0 {
            best = (weight, Some(form));
        }
    }
    best.1.unwrap_or_else(|| suggested_form(accept, otherwise))
}

/// Whether `form` is refused by its name, or together with everything else.
fn refuses(accept: &Accept<'_>, form: Form) -> bool {
    let weight = match form {
        Form::Html => accept.stated_weight("text", "html"),
        Form::Problem => {
            accept.named_json_weight().or_else(|| accept.stated_weight("application", "problem+json"))
        }
        Form::GraphQl => accept.stated_weight("application", "graphql-response+json"),
        Form::Markdown => accept.stated_weight("text", "markdown"),
        Form::Text => accept.stated_weight("text", "plain"),
        Form::Grpc | Form::Empty => None,
    };
    weight == Some(0)
}

/// The form for a client that names none of these forms.
fn suggested_form(accept: &Accept<'_>, otherwise: Form) -> Form {
    let wanted = || accept.0.iter().filter(|range| range.weight > 0);
    if accept.0.is_empty() {
        return otherwise;
    }
    if wanted().any(Range::is_never_read) || wanted().next().is_none() {
        return Form::Empty;
    }
    let reads_data = wanted().any(|range| range.is_kind("application"));
    let first = if reads_data { Form::Problem } else { otherwise };
    let offered = [first, otherwise, Form::Text, Form::Problem, Form::Html];
    offered.into_iter().find(|form| !refuses(accept, *form)).unwrap_or(Form::Empty)
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
        Form::of(&Request { headers, ..Request::bare("GET", "https://example.com/") })
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
    fn markdown_is_for_whoever_names_it_and_likes_it_no_less_than_another_form() {
        for (destination, accept, expected) in [
            ("", "text/markdown", Form::Markdown),
            ("", "text/markdown, text/html;q=0.8", Form::Markdown),
            ("", "text/markdown, text/html, */*", Form::Markdown),
            ("", "text/html, text/markdown", Form::Markdown),
            (
                "",
                "text/markdown;q=1.0, text/x-markdown;q=0.9, text/plain;q=0.8, text/html;q=0.7, */*;q=0.1",
                Form::Markdown,
            ),
            ("", "Text/Markdown; variant=CommonMark, */*;q=0.1", Form::Markdown),
            ("", "text/html, text/markdown;q=0.8", Form::Html),
            ("", "application/json, text/markdown;q=0.9", Form::Problem),
            ("", "text/markdown;q=0, */*", Form::Text),
            ("", "text/*", Form::Html),
            ("empty", "text/markdown", Form::Markdown),
            ("empty", "application/json, text/markdown", Form::Problem),
            ("document", "text/markdown, text/html;q=0.8", Form::Markdown),
            ("document", "text/html, text/markdown;q=0.8", Form::Html),
            ("document", "text/markdown;q=0, */*", Form::Html),
            ("image", "text/markdown", Form::Empty),
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
