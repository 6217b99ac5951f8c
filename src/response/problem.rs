//! Errors as JSON: problem documents (RFC 9457) and GraphQL responses.

use http::StatusCode;
use serde::{Serialize, Serializer};

use super::error::{Cause, Outcome};
use super::facts::Facts;
use super::kind::Kind;
use super::view::View;

/// A problem document (RFC 9457 §3.1) with extension members (§3.2).
///
/// `type` is a URN because clients only compare it. It is the same in every deployment, invites nobody to fetch it, and
/// needs no domain that could be lost. For an origin's own status it is `about:blank`, which means that the status says
/// it all (§4.2.1).
#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// The request's id. Its URL would not tell two failures apart, and can hold secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The error type in `Proxy-Status` (RFC 9209 §2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    cause: &'static str,
    side: &'static str,
    retryable: bool,
    /// Seconds, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Seconds<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    documentation: String,
    /// What GraphQL clients conventionally tell errors apart by.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What many GraphQL clients look for in any JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[Message<'a>; 1]>,
}

/// A GraphQL response without `data`: a request error (GraphQL §7.1.2).
#[derive(Serialize)]
struct GraphQl<'a> {
    errors: [GraphQlError<'a>; 1],
}

/// A GraphQL error (§7.1.2). The problem document is in `extensions`, which has room for anything.
#[derive(Serialize)]
struct GraphQlError<'a> {
    message: &'a str,
    extensions: Problem<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

/// A number in digits. The mark of a slot is not a number, and is written as a string.
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

    /// The GraphQL response.
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
        let Kind { cause, outcome, is_retryable, .. } = *self.kind;
        let word = word(cause);
        let Facts { error, cause: precise, side, documentation } = Facts::of(cause);
        Problem {
            kind: word.map_or("about:blank".to_owned(), |word| format!("urn:holdfast:problem:{word}")),
            title: match word {
                Some(_) => self.heading,
                None => cause.status().canonical_reason().unwrap_or(self.heading),
            },
            status: cause.status().as_u16(),
            detail,
            instance: self.kind.has_plain_id.then(|| format!("urn:holdfast:request:{}", self.id)),
            error,
            cause: precise,
            side,
            retryable: is_retryable,
            retry_after: self.kind.has_retry_after.then_some(Seconds(self.retry_after)),
            request_id: self.id,
            at: self.at,
            outcome,
            documentation,
            code: None,
            errors: None,
        }
    }
}

/// The word that tells this problem from others. `None` if the status says it all.
fn word(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Failure(_) | Cause::OriginStatus(_) | Cause::CircuitOpen(_) => Facts::of(cause).error,
        Cause::Maintenance => Some("maintenance"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::samples::{LATE, post, rendered};
    use http::header;
    use serde_json::{Value, json};

    #[test]
    fn a_graphql_client_gets_an_error_that_it_can_parse() {
        let request = post(
            "https://a.example/api",
            header::ACCEPT,
            "application/graphql-response+json, application/json;q=0.9",
        );
        let (headers, body) = rendered(&request, LATE);
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
        let body: Value = serde_json::from_str(&rendered(&request, own).1.unwrap()).unwrap();
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
            let (headers, body) = rendered(&post(url, header::ACCEPT, "application/json"), LATE);
            assert_eq!(headers["content-type"], "application/problem+json");
            let body: Value = serde_json::from_str(&body.unwrap()).unwrap();
            assert_eq!(body["errors"][0]["message"] == body["detail"], has_errors, "{url}: {body}");
            assert_eq!(body.get("code"), None);
        }
    }
}
