//! Errors in gRPC's own header fields ("trailers only").

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::request::Request;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The fields that tell a gRPC client of an error with this HTTP `status`.
///
/// For 502 and 503 they follow gRPC's mapping of HTTP statuses. The mapping would make UNKNOWN of a 500 and UNAVAILABLE
/// of a 504; we know more about these.
pub(super) fn fields(request: &Request, status: StatusCode, detail: &str) -> HeaderMap {
    const INTERNAL: u16 = 13;
    const DEADLINE_EXCEEDED: u16 = 4;
    const UNAVAILABLE: u16 = 14;
    let code = match status {
        StatusCode::INTERNAL_SERVER_ERROR => INTERNAL,
        StatusCode::GATEWAY_TIMEOUT => DEADLINE_EXCEEDED,
        _ => UNAVAILABLE,
    };
    let message = HeaderValue::try_from(encoded(detail));
    let mut fields = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(request))),
        (GRPC_STATUS, HeaderValue::from(code)),
    ]);
    fields.extend(message.ok().map(|text| (GRPC_MESSAGE, text)));
    fields
}

/// The variety of gRPC that the request used. Nothing of the request is repeated.
fn content_type(request: &Request) -> &'static str {
    const VARIETIES: [&str; 3] = ["application/grpc-web-text", "application/grpc-web", "application/grpc"];
    let sent = request.headers.get(header::CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    let sent = sent.to_ascii_lowercase();
    let variety = VARIETIES.into_iter().find(|variety| sent.starts_with(variety.as_bytes()));
    variety.unwrap_or("application/grpc")
}

/// `text` as gRPC writes it in a field: UTF-8, percent-encoded except for printable ASCII.
fn encoded(text: &str) -> String {
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
    use crate::origin::failure::Failure;
    use crate::response::error::Cause;
    use crate::response::samples::{LATE, post, rendered};

    #[test]
    fn a_grpc_client_gets_a_status_in_its_own_fields() {
        for (sent, answered_in) in [
            ("application/grpc-web+proto", "application/grpc-web"),
            ("application/grpc-web-text", "application/grpc-web-text"),
            ("Application/gRPC", "application/grpc"),
            ("application/grpc+json; charset=utf-8", "application/grpc"),
        ] {
            let request = post("https://a.example/shop.Orders/Get", header::CONTENT_TYPE, sent);
            let (headers, body) = rendered(&request, LATE);
            assert_eq!(
                (&headers["content-type"], body),
                (&HeaderValue::from_static(answered_in), None),
                "{sent}"
            );
            assert_eq!(headers["grpc-status"], "4");
            let message = headers["grpc-message"].to_str().unwrap();
            assert!(message.starts_with("We asked the server of Example"), "{message}");
        }
        let request = post("https://a.example/", header::CONTENT_TYPE, "application/grpc");
        for (failure, status) in
            [(Failure::ConnectionLost, "14"), (Failure::CircuitOpen, "14"), (Failure::Internal, "13")]
        {
            assert_eq!(rendered(&request, Cause::Failure(failure)).0["grpc-status"], status, "{failure:?}");
        }
    }

    #[test]
    fn a_message_of_grpc_is_ascii() {
        assert_eq!(encoded("100% größer\r\nX: y"), "100%25 gr%C3%B6%C3%9Fer%0D%0AX: y");
    }
}
