//! The facts of an error for programs: whose side, which kind, and where that is documented.

use http::StatusCode;

use super::error::Cause;
use crate::origin::failure::{ErrorType, Failure};

/// See the [module](self).
pub(super) struct Facts {
    /// The error type in `Proxy-Status` (RFC 9209 §2.3).
    pub(super) error: Option<&'static str>,
    /// The kind, by the words of the log: a failure, `origin_status` or `maintenance`.
    pub(super) cause: &'static str,
    /// Whose fault it is: `origin`, `gateway` (this worker and what is configured) or `site` (closed on purpose).
    pub(super) side: &'static str,
    /// The section of the RFC that defines the error type, or the status. It is public and does not change.
    pub(super) documentation: String,
}

impl Facts {
    /// The facts of `cause`.
    pub(super) fn of(cause: Cause) -> Self {
        let shown = cause.shown();
        let (error, rfc, section) = match shown {
            Cause::Failure(failure) => {
                (Some(failure.error().token()), "rfc9209#section-2.3.", failure.error().section())
            }
            Cause::OriginStatus(_) | Cause::CircuitOpen(_) | Cause::Maintenance => {
                (None, "rfc9110#section-15.6.", section_of(shown.status()))
            }
        };
        Self {
            error,
            cause: word(cause),
            side: side(shown),
            documentation: format!("https://www.rfc-editor.org/rfc/{rfc}{section}"),
        }
    }
}

fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Failure(failure) => failure.row().word,
        Cause::OriginStatus(_) => "origin_status",
        Cause::CircuitOpen(_) => Failure::CircuitOpen.row().word,
        Cause::Maintenance => "maintenance",
    }
}

const fn side(shown: Cause) -> &'static str {
    match shown {
        Cause::Failure(failure) => match failure.error() {
            ErrorType::ProxyInternalError
            | ErrorType::ProxyConfigurationError
            | ErrorType::ProxyLoopDetected => "gateway",
            ErrorType::DnsError
            | ErrorType::DestinationUnavailable
            | ErrorType::DestinationIpUnroutable
            | ErrorType::ConnectionRefused
            | ErrorType::ConnectionTerminated
            | ErrorType::ConnectionTimeout
            | ErrorType::ConnectionReadTimeout
            | ErrorType::TlsProtocolError
            | ErrorType::TlsCertificateError
            | ErrorType::HttpResponseIncomplete
            | ErrorType::HttpResponseTransferCoding
            | ErrorType::HttpResponseTimeout
            | ErrorType::HttpProtocolError
            | ErrorType::HttpUpgradeFailed => "origin",
        },
        Cause::OriginStatus(_) | Cause::CircuitOpen(_) => "origin",
        Cause::Maintenance => "site",
    }
}

/// The number of the status in RFC 9110 §15.6.
const fn section_of(status: StatusCode) -> u8 {
    match status {
        StatusCode::BAD_GATEWAY => 3,
        StatusCode::SERVICE_UNAVAILABLE => 4,
        StatusCode::GATEWAY_TIMEOUT => 5,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::AttemptResult;
    use crate::origin::failure::TABLE;

    #[test]
    fn each_error_names_its_side_and_its_definition() {
        let late = AttemptResult::Failed(Failure::NoHeaderInTime, None);
        for (cause, error, word, side, documentation) in [
            (
                Cause::Failure(Failure::EdgeRefused),
                Some("connection_refused"),
                "edge_refused",
                "origin",
                "9209#section-2.3.7",
            ),
            (
                Cause::Failure(Failure::Loop),
                Some("proxy_loop_detected"),
                "loop",
                "gateway",
                "9209#section-2.3.32",
            ),
            (
                Cause::Failure(Failure::Internal),
                Some("proxy_internal_error"),
                "internal",
                "gateway",
                "9209#section-2.3.30",
            ),
            (
                Cause::CircuitOpen(late),
                Some("http_response_timeout"),
                "circuit_open",
                "origin",
                "9209#section-2.3.26",
            ),
            (
                Cause::OriginStatus(StatusCode::BAD_GATEWAY),
                None,
                "origin_status",
                "origin",
                "9110#section-15.6.3",
            ),
            (
                Cause::OriginStatus(StatusCode::INTERNAL_SERVER_ERROR),
                None,
                "origin_status",
                "origin",
                "9110#section-15.6.1",
            ),
            (Cause::Maintenance, None, "maintenance", "site", "9110#section-15.6.4"),
        ] {
            let facts = Facts::of(cause);
            assert_eq!((facts.error, facts.cause, facts.side), (error, word, side), "{cause:?}");
            assert_eq!(facts.documentation, format!("https://www.rfc-editor.org/rfc/rfc{documentation}"));
        }
    }

    #[test]
    fn the_sections_are_those_that_the_error_types_name() {
        let source = include_str!("../origin/failure.rs");
        for row in &TABLE {
            let variant = format!("    {:?},", row.error);
            let before = source.split_once(&variant).unwrap().0.trim_end();
            let section = before.rsplit_once("(§2.3.").unwrap().1.split_once(')').unwrap().0;
            assert_eq!(row.error.section().to_string(), section, "{:?}", row.error);
        }
    }
}
