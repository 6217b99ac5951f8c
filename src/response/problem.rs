//! How is an error told to a program?
//!
//! A problem document (RFC 9457), what a GraphQL client expects in its place, or the fields of gRPC.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Serialize, Serializer};

use super::error_page::{Cause, ErrorPage, View};
use super::stencil::Kind;
use super::words::Outcome;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

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
    detail: &'a str,
    /// The request's id rather than its URL, which does not tell two failures apart and can hold secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The error type in `Proxy-Status` (RFC 9209 §2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// Seconds, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Seconds<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// What GraphQL clients tell errors apart by, by custom.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What many of them look for in any JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[Message<'a>; 1]>,
}

/// A GraphQL response without `data`: a request error (GraphQL §7.1.2).
#[derive(Serialize)]
struct GraphQl<'a> {
    errors: [GraphQlError<'a>; 1],
}

/// §7.1.2; the problem document stands in `extensions`, where there is room for anything.
#[derive(Serialize)]
struct GraphQlError<'a> {
    message: &'a str,
    extensions: Problem<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

/// A number, in digits; what is none, a text.
struct Seconds<'a>(&'a str);

impl Serialize for Seconds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse() {
            Ok(number) => serializer.serialize_u64(number),
            Err(_) => serializer.serialize_str(self.0),
        }
    }
}

impl View<'_> {
    /// The problem document.
    pub(super) fn problem(&self) -> String {
        let detail = self.detail();
        let errors = self.kind.is_graphql.then_some([Message { message: &detail }]);
        let problem = Problem { errors, ..self.document(&detail) };
        serde_json::to_string(&problem).unwrap_or_default()
    }

    /// The same as a GraphQL response.
    pub(super) fn graphql(&self) -> String {
        let detail = self.detail();
        let cause = self.kind.cause;
        let code = match (word(cause), cause.status()) {
            (Some(kind), _) => kind,
            (None, StatusCode::INTERNAL_SERVER_ERROR) => "internal_server_error",
            (None, StatusCode::GATEWAY_TIMEOUT) => "gateway_timeout",
            (None, StatusCode::SERVICE_UNAVAILABLE) => "service_unavailable",
            (None, _) => "bad_gateway",
        };
        let extensions = Problem { code: Some(code.to_ascii_uppercase()), ..self.document(&detail) };
        let errors = [GraphQlError { message: &detail, extensions }];
        serde_json::to_string(&GraphQl { errors }).unwrap_or_default()
    }

    fn document<'a>(&'a self, detail: &'a str) -> Problem<'a> {
        let Kind { cause, outcome, .. } = *self.kind;
        let word = word(cause);
        Problem {
            kind: word.map_or("about:blank".to_owned(), |word| format!("urn:holdfast:problem:{word}")),
            title: match word {
                Some(_) => self.heading,
                None => cause.status().canonical_reason().unwrap_or(self.heading),
            },
            status: cause.status().as_u16(),
            detail,
            instance: self.kind.has_plain_id.then(|| format!("urn:holdfast:request:{}", self.id)),
            error: error(cause),
            retry_after: self.kind.says_when.then_some(Seconds(self.retry_after)),
            request_id: self.id,
            at: self.at,
            outcome,
            code: None,
            errors: None,
        }
    }
}

impl ErrorPage<'_> {
    /// The fields in which gRPC tells an error ("trailers only"). Their status for 502 and 503 is that of
    /// gRPC's own mapping of HTTP statuses. It would make UNKNOWN of a 500 and UNAVAILABLE of a 504, where we know more.
    pub(super) fn grpc(&self, view: &View<'_>) -> HeaderMap {
        const INTERNAL: u16 = 13;
        const DEADLINE_EXCEEDED: u16 = 4;
        const UNAVAILABLE: u16 = 14;
        let status = match self.cause.status() {
            StatusCode::INTERNAL_SERVER_ERROR => INTERNAL,
            StatusCode::GATEWAY_TIMEOUT => DEADLINE_EXCEEDED,
            _ => UNAVAILABLE,
        };
        let message = HeaderValue::try_from(grpc_encoded(&view.detail()));
        let mut fields = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(self.grpc_type())),
            (GRPC_STATUS, HeaderValue::from(status)),
        ]);
        fields.extend(message.ok().map(|text| (GRPC_MESSAGE, text)));
        fields
    }

    /// The variety of gRPC that was asked in; nothing of the request is repeated.
    fn grpc_type(&self) -> &'static str {
        const VARIETIES: [&str; 3] =
            ["application/grpc-web-text", "application/grpc-web", "application/grpc"];
        let asked = self.request.headers.get(header::CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
        let asked = asked.to_ascii_lowercase();
        let variety = VARIETIES.into_iter().find(|variety| asked.starts_with(variety.as_bytes()));
        variety.unwrap_or("application/grpc")
    }
}

fn error(cause: Cause) -> Option<&'static str> {
    match cause.shown() {
        Cause::Failure(failure) => Some(failure.error().token()),
        Cause::OriginStatus(_) | Cause::CircuitOpen(_) | Cause::Maintenance => None,
    }
}

/// What tells this problem from others; `None` where there is no more to it than the status.
fn word(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Failure(_) | Cause::OriginStatus(_) | Cause::CircuitOpen(_) => error(cause),
        Cause::Maintenance => Some("maintenance"),
    }
}

/// Whether `id` can be the end of a URN as it stands (RFC 8141 §2).
pub(super) fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `text` as gRPC writes it in a field: percent-encoded UTF-8 but for printable ASCII.
fn grpc_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Page;
    use crate::origin::failure::Failure;
    use crate::request::{Request, Target};
    use crate::response::error_page::Occasion;
    use crate::response::form::Form;
    use crate::time::Timestamp;
    use http::Method;
    use serde_json::{Value, json};

    fn asked(url: &str, field: (HeaderName, &'static str)) -> Request {
        Request {
            method: Method::POST,
            target: Target::parse(url).unwrap(),
            headers: HeaderMap::from_iter([(field.0, HeaderValue::from_static(field.1))]),
            has_body: true,
            id: "8f2a-LHR".to_owned(),
        }
    }

    fn answered(request: &Request, cause: Cause) -> (HeaderMap, Option<String>) {
        let page = Page { brand: Some("Example".to_owned()), ..Page::default() };
        let occasion = Occasion::At(Timestamp::from_millis(1_767_323_045_678));
        let page =
            ErrorPage { cause, request, page: &page, occasion, retry_after: None, unknown_outcome: false };
        page.render(Form::of(request))
    }

    const LATE: Cause = Cause::Failure(Failure::NoHeaderInTime);

    #[test]
    fn a_graphql_client_gets_an_error_that_it_can_parse() {
        let request = asked(
            "https://a.example/api",
            (header::ACCEPT, "application/graphql-response+json, application/json;q=0.9"),
        );
        let (headers, body) = answered(&request, LATE);
        assert_eq!(headers["content-type"], "application/graphql-response+json");
        let body: Value = serde_json::from_str(&body.unwrap()).unwrap();
        assert_eq!(body.as_object().unwrap().len(), 1, "a request error has no data: {body}");
        let error = &body["errors"][0];
        assert!(error["message"].as_str().unwrap().contains("did not come in time"), "{error}");
        let extensions = &error["extensions"];
        assert_eq!(extensions["code"], "HTTP_RESPONSE_TIMEOUT");
        assert_eq!(extensions["type"], "urn:holdfast:problem:http_response_timeout");
        for (member, value) in [
            ("status", json!(504)),
            ("retry_after", json!(10)),
            ("request_id", json!("8f2a-LHR")),
            ("outcome", json!("not_processed")),
        ] {
            assert_eq!(extensions[member], value, "{member}");
        }
        let own = Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE);
        let body: Value = serde_json::from_str(&answered(&request, own).1.unwrap()).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "SERVICE_UNAVAILABLE");
    }

    #[test]
    fn at_the_address_of_graphql_a_problem_document_has_errors_too() {
        for (url, has_errors) in [
            ("https://a.example/graphql", true),
            ("https://a.example/v1/GraphQL?query=x", true),
            ("https://a.example/graphql/x", false),
            ("https://a.example/", false),
        ] {
            let (headers, body) = answered(&asked(url, (header::ACCEPT, "application/json")), LATE);
            assert_eq!(headers["content-type"], "application/problem+json");
            let body: Value = serde_json::from_str(&body.unwrap()).unwrap();
            assert_eq!(body["errors"][0]["message"] == body["detail"], has_errors, "{url}: {body}");
            assert_eq!(body.get("code"), None);
        }
    }

    #[test]
    fn a_grpc_client_gets_a_status_in_its_own_fields() {
        for (sent, answered_in) in [
            ("application/grpc-web+proto", "application/grpc-web"),
            ("application/grpc-web-text", "application/grpc-web-text"),
            ("Application/gRPC", "application/grpc"),
            ("application/grpc+json; charset=utf-8", "application/grpc"),
        ] {
            let request = asked("https://a.example/shop.Orders/Get", (header::CONTENT_TYPE, sent));
            let (headers, body) = answered(&request, LATE);
            assert_eq!(
                (&headers["content-type"], body),
                (&HeaderValue::from_static(answered_in), None),
                "{sent}"
            );
            assert_eq!(headers["grpc-status"], "4");
            let message = headers["grpc-message"].to_str().unwrap();
            assert!(message.starts_with("Your connection is fine."), "{message}");
        }
        let request = asked("https://a.example/", (header::CONTENT_TYPE, "application/grpc"));
        for (failure, status) in
            [(Failure::ConnectionLost, "14"), (Failure::CircuitOpen, "14"), (Failure::Internal, "13")]
        {
            assert_eq!(answered(&request, Cause::Failure(failure)).0["grpc-status"], status, "{failure:?}");
        }
    }

    #[test]
    fn a_message_of_grpc_is_ascii() {
        assert_eq!(grpc_encoded("100% größer\r\nX: y"), "100%25 gr%C3%B6%C3%9Fer%0D%0AX: y");
    }
}
