//! Failures of an attempt. What went wrong between this worker and the origin, in the words of RFC 9209 §2.3?
//!
//! Each [`Failure`] has one row in one table: its error type, the status that a client gets, whether another attempt may
//! succeed, and the words for people. Nothing else decides these, so that status, page, header fields, log and
//! documentation cannot disagree.

use http::StatusCode;

use super::health_signal::{HealthSignal, Reach};

/// The error types of RFC 9209 §2.3 that this worker can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// The origin's name could not be resolved (§2.3.2).
    DnsError,
    /// The origin is known to be out of service (§2.3.4).
    DestinationUnavailable,
    /// There is no route to the origin's address (§2.3.6).
    DestinationIpUnroutable,
    /// The origin refused the connection (§2.3.7).
    ConnectionRefused,
    /// The connection ended before an answer began (§2.3.8).
    ConnectionTerminated,
    /// The connection was not made in time (§2.3.9).
    ConnectionTimeout,
    /// The connection fell silent (§2.3.10).
    ConnectionReadTimeout,
    /// The TLS handshake failed (§2.3.13).
    TlsProtocolError,
    /// The origin's certificate is not acceptable (§2.3.14).
    TlsCertificateError,
    /// The answer ended before its body was whole (§2.3.18).
    HttpResponseIncomplete,
    /// The body's framing made no sense (§2.3.24).
    HttpResponseTransferCoding,
    /// No answer in time (§2.3.26).
    HttpResponseTimeout,
    /// The answer is not HTTP, or breaks its rules (§2.3.28).
    HttpProtocolError,
    /// The change of protocols failed (§2.3.27).
    HttpUpgradeFailed,
    /// This worker failed (§2.3.30).
    ProxyInternalError,
    /// This worker's configuration is invalid (§2.3.31).
    ProxyConfigurationError,
    /// The request came through this worker before (§2.3.32).
    ProxyLoopDetected,
}

impl ErrorType {
    /// The registered token, as it stands in `Proxy-Status`, in logs and in problem documents.
    pub const fn token(self) -> &'static str {
        match self {
            Self::DnsError => "dns_error",
            Self::DestinationUnavailable => "destination_unavailable",
            Self::DestinationIpUnroutable => "destination_ip_unroutable",
            Self::ConnectionRefused => "connection_refused",
            Self::ConnectionTerminated => "connection_terminated",
            Self::ConnectionTimeout => "connection_timeout",
            Self::ConnectionReadTimeout => "connection_read_timeout",
            Self::TlsProtocolError => "tls_protocol_error",
            Self::TlsCertificateError => "tls_certificate_error",
            Self::HttpResponseIncomplete => "http_response_incomplete",
            Self::HttpResponseTransferCoding => "http_response_transfer_coding",
            Self::HttpResponseTimeout => "http_response_timeout",
            Self::HttpProtocolError => "http_protocol_error",
            Self::HttpUpgradeFailed => "http_upgrade_failed",
            Self::ProxyInternalError => "proxy_internal_error",
            Self::ProxyConfigurationError => "proxy_configuration_error",
            Self::ProxyLoopDetected => "proxy_loop_detected",
        }
    }

    /// The number of its section in RFC 9209 §2.3.
    pub const fn section(self) -> u8 {
        match self {
            Self::DnsError => 2,
            Self::DestinationUnavailable => 4,
            Self::DestinationIpUnroutable => 6,
            Self::ConnectionRefused => 7,
            Self::ConnectionTerminated => 8,
            Self::ConnectionTimeout => 9,
            Self::ConnectionReadTimeout => 10,
            Self::TlsProtocolError => 13,
            Self::TlsCertificateError => 14,
            Self::HttpResponseIncomplete => 18,
            Self::HttpResponseTransferCoding => 24,
            Self::HttpResponseTimeout => 26,
            Self::HttpUpgradeFailed => 27,
            Self::HttpProtocolError => 28,
            Self::ProxyInternalError => 30,
            Self::ProxyConfigurationError => 31,
            Self::ProxyLoopDetected => 32,
        }
    }
}

/// Whether another attempt at the same origin may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// It may, each time.
    Again,
    /// A second attempt may, a third is not worth it.
    Once,
    /// It would fail the same way, or cost too much time.
    Never,
}

/// Whether an attempt at another origin may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// It may.
    Again,
    /// It may, but this origin may still be processing the request. Only for safe methods (RFC 9110 §9.2.1).
    SafeMethods,
    /// The origin is not at fault.
    Never,
}

/// How an attempt, or the request before any attempt, failed. Exactly one applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The connection was lost before any header, or what came is not HTTP or has too large a header section: the
    /// platform does not tell these apart.
    ConnectionLost,
    /// The name was not found, or the TLS handshake failed: the platform does not tell these apart. Before
    /// 2026-10-15 workerd rejected what is not HTTP in this way.
    NotUnderstood,
    /// No header by the attempt's limit or the deadline.
    NoHeaderInTime,
    /// The body ended before it was whole, or its framing is broken: the platform does not tell these apart.
    BodyCutShort,
    /// The body's framing is broken, where the platform says so: workerd did until 2026-10-15.
    BodyBadlyFramed,
    /// The body fell silent for longer than the idle limit.
    BodySilent,
    /// The final status is below 200 or above 599.
    StatusOutOfRange,
    /// Cloudflare 520: the origin's answer was empty or not understood.
    EdgeUnknownAnswer,
    /// Cloudflare 521: the origin refused the connection.
    EdgeRefused,
    /// Cloudflare 522: no connection in time.
    EdgeConnectTimeout,
    /// Cloudflare 523: no route to the origin.
    EdgeUnreachable,
    /// Cloudflare 524: connected, but no answer in time.
    EdgeAnswerTimeout,
    /// Cloudflare 525: the TLS handshake failed.
    EdgeTlsHandshake,
    /// Cloudflare 526: the certificate is not acceptable.
    EdgeCertificate,
    /// Cloudflare 527: the connection between Cloudflare and its listener was interrupted.
    EdgeListener,
    /// Cloudflare 530 with code 1016: the origin's name does not resolve.
    EdgeNameNotFound,
    /// Cloudflare 530 with code 1033: the tunnel to the origin is not connected.
    EdgeTunnelDown,
    /// Cloudflare 530 with code 1042: the origin is a Worker of the same zone.
    EdgeWorkerOfZone,
    /// Cloudflare 530 with another code or none.
    EdgeOther,
    /// Nothing was tried: the origin is believed to be down.
    CircuitOpen,
    /// The request has been through this worker before.
    Loop,
    /// An upgrade was asked for and the origin answered as if it had not been.
    UpgradeRefused,
    /// This worker's own fault.
    Internal,
    /// The configuration is invalid.
    Configuration,
}

/// What one [`Failure`] means for the code.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The failure that this row describes.
    pub failure: Failure,
    /// Its own word, for logs: finer than the error type.
    pub word: &'static str,
    /// Its error type in RFC 9209.
    pub error: ErrorType,
    /// The status that a client gets: 500, 502, 503 or 504.
    pub status: StatusCode,
    /// Whether another attempt at the same origin may succeed.
    pub here: Here,
    /// Whether an attempt at another origin may succeed.
    pub elsewhere: Elsewhere,
    /// What it is evidence about.
    pub reach: Reach,
    /// Whether the origin may have processed the request.
    pub outcome_unknown: bool,
}

/// What one [`Failure`] means for an operator.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// What happened. It continues "the origin …", or stands alone.
    pub what: &'static str,
    /// What to check first.
    pub check: &'static str,
}

/// One row for each [`Failure`], in the order of its variants.
// The compiler evaluates it, and would find an index out of bounds.
#[allow(clippy::indexing_slicing)]
pub static TABLE: [Row; FAILURES.len()] = {
    let mut table = [FAILURES[0].0; FAILURES.len()];
    let mut index = 0;
    while index < table.len() {
        table[index] = FAILURES[index].0;
        index += 1;
    }
    table
};

/// The words for each [`Failure`], in a table of their own: the module that answers requests has no use for them.
#[allow(clippy::indexing_slicing)]
static WORDS: [Words; FAILURES.len()] = {
    let mut words = [FAILURES[0].1; FAILURES.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = FAILURES[index].1;
        index += 1;
    }
    words
};

const FAILURES: [(Row, Words); 24] = {
    use Elsewhere as E;
    use ErrorType as T;
    use Failure as F;
    use Here as H;
    use Reach as R;
    const BAD: StatusCode = StatusCode::BAD_GATEWAY;
    const LATE: StatusCode = StatusCode::GATEWAY_TIMEOUT;
    const KNOWN: bool = false;
    const UNKNOWN: bool = true;
    #[allow(clippy::too_many_arguments)]
    const fn row(
        failure: Failure,
        word: &'static str,
        error: ErrorType,
        status: StatusCode,
        here: Here,
        elsewhere: Elsewhere,
        reach: Reach,
        outcome_unknown: bool,
        what: &'static str,
        check: &'static str,
    ) -> (Row, Words) {
        let row = Row { failure, word, error, status, here, elsewhere, reach, outcome_unknown };
        (row, Words { what, check })
    }
    [
        row(
            F::ConnectionLost,
            "connection_lost",
            T::ConnectionTerminated,
            BAD,
            H::Again,
            E::Again,
            R::Page,
            UNKNOWN,
            "closed or refused the connection before any header, or sent something that is not HTTP",
            "Is the server running, and is this its HTTP port? Did it crash, or close idle connections early?",
        ),
        row(
            F::NotUnderstood,
            "not_understood",
            T::HttpProtocolError,
            BAD,
            H::Once,
            E::Again,
            R::Page,
            UNKNOWN,
            "was not found by its name, or failed the TLS handshake",
            "Does the name resolve? Does it speak TLS on this port, with a valid certificate for this name?",
        ),
        row(
            F::NoHeaderInTime,
            "no_header_in_time",
            T::HttpResponseTimeout,
            LATE,
            H::Again,
            E::Again,
            R::Page,
            UNKNOWN,
            "sent no header in time",
            "Is it overloaded, or waiting for a database? Compare `timeouts.first_byte` with its slowest page.",
        ),
        row(
            F::BodyCutShort,
            "body_cut_short",
            T::HttpResponseIncomplete,
            BAD,
            H::Again,
            E::Again,
            R::Page,
            UNKNOWN,
            "closed the connection before the body was whole",
            "Do its workers crash or get killed in mid-answer? Is Content-Length right?",
        ),
        row(
            F::BodyBadlyFramed,
            "body_badly_framed",
            T::HttpResponseTransferCoding,
            BAD,
            H::Again,
            E::Again,
            R::Page,
            UNKNOWN,
            "framed the body wrongly",
            "What writes Transfer-Encoding: chunked, and does a middleware write to the socket beside it?",
        ),
        row(
            F::BodySilent,
            "body_silent",
            T::ConnectionReadTimeout,
            LATE,
            H::Again,
            E::Again,
            R::Page,
            UNKNOWN,
            "fell silent in the middle of the body",
            "What does it wait for while it writes? Compare `timeouts.idle` with its longest pause.",
        ),
        row(
            F::StatusOutOfRange,
            "status_out_of_range",
            T::HttpProtocolError,
            BAD,
            H::Never,
            E::Again,
            R::Page,
            UNKNOWN,
            "answered with a status below 200 or above 599",
            "Which application or module sets this status?",
        ),
        row(
            F::EdgeUnknownAnswer,
            "edge_unknown_answer",
            T::HttpProtocolError,
            BAD,
            H::Again,
            E::Again,
            R::Page,
            UNKNOWN,
            "answered with nothing, or with something that is not understood (520)",
            "Does it crash on this request? Are its response headers too large? Does a firewall reset connections?",
        ),
        row(
            F::EdgeRefused,
            "edge_refused",
            T::ConnectionRefused,
            BAD,
            H::Again,
            E::Again,
            R::Origin,
            KNOWN,
            "refused the connection (521)",
            "Is the server running? Does its firewall let Cloudflare's addresses in?",
        ),
        row(
            F::EdgeConnectTimeout,
            "edge_connect_timeout",
            T::ConnectionTimeout,
            LATE,
            H::Never,
            E::Again,
            R::Origin,
            KNOWN,
            "did not accept the connection in time (522)",
            "Is the machine up and its address right? Does a firewall drop Cloudflare's packets?",
        ),
        row(
            F::EdgeUnreachable,
            "edge_unreachable",
            T::DestinationIpUnroutable,
            BAD,
            H::Once,
            E::Again,
            R::Origin,
            KNOWN,
            "cannot be reached over the network (523)",
            "Is the address in the DNS record right? Does its network announce a route?",
        ),
        row(
            F::EdgeAnswerTimeout,
            "edge_answer_timeout",
            T::HttpResponseTimeout,
            LATE,
            H::Never,
            E::SafeMethods,
            R::Page,
            UNKNOWN,
            "accepted the request and did not answer in time (524)",
            "Which request takes this long? Move long work out of the request.",
        ),
        row(
            F::EdgeTlsHandshake,
            "edge_tls_handshake",
            T::TlsProtocolError,
            BAD,
            H::Never,
            E::Again,
            R::Origin,
            KNOWN,
            "failed the TLS handshake (525)",
            "Does it speak TLS on this port, with a certificate for this name and a common cipher?",
        ),
        row(
            F::EdgeCertificate,
            "edge_certificate",
            T::TlsCertificateError,
            BAD,
            H::Never,
            E::Again,
            R::Origin,
            KNOWN,
            "showed a certificate that is not acceptable (526)",
            "Has the certificate expired? Does it name this host? Is its chain complete?",
        ),
        row(
            F::EdgeListener,
            "edge_listener",
            T::ConnectionTerminated,
            BAD,
            H::Again,
            E::Again,
            R::Page,
            UNKNOWN,
            "lost its connection to Cloudflare (527)",
            "Does a firewall or a listener on the way drop long connections?",
        ),
        row(
            F::EdgeNameNotFound,
            "edge_name_not_found",
            T::DnsError,
            BAD,
            H::Once,
            E::Again,
            R::Origin,
            KNOWN,
            "has a name that does not resolve (530, 1016)",
            "Does the record of the origin's name exist, and does its CNAME lead anywhere?",
        ),
        row(
            F::EdgeTunnelDown,
            "edge_tunnel_down",
            T::DestinationUnavailable,
            StatusCode::SERVICE_UNAVAILABLE,
            H::Once,
            E::Again,
            R::Origin,
            KNOWN,
            "is behind a tunnel that is not connected (530, 1033)",
            "Is cloudflared running beside the origin, and connected?",
        ),
        row(
            F::EdgeWorkerOfZone,
            "edge_worker_of_zone",
            T::ProxyConfigurationError,
            StatusCode::INTERNAL_SERVER_ERROR,
            H::Once,
            E::Again,
            R::Origin,
            KNOWN,
            "is another Worker of the same zone, which cannot be fetched by its address (530, 1042)",
            "Bind that Worker as a service, or name an origin that is none.",
        ),
        row(
            F::EdgeOther,
            "edge_other",
            T::HttpProtocolError,
            BAD,
            H::Once,
            E::Again,
            R::Origin,
            KNOWN,
            "could not be used by Cloudflare (530)",
            "Look up the 1xxx code in the body of the answer.",
        ),
        row(
            F::CircuitOpen,
            "circuit_open",
            T::DestinationUnavailable,
            StatusCode::SERVICE_UNAVAILABLE,
            H::Never,
            E::Again,
            R::Nothing,
            KNOWN,
            "has failed lately and is left alone for a moment; nothing was sent (breaker open)",
            "`opened_by` in the log names the failure that opened the breaker: look there.",
        ),
        row(
            F::Loop,
            "loop",
            T::ProxyLoopDetected,
            BAD,
            H::Never,
            E::Never,
            R::Nothing,
            KNOWN,
            "the request has been through this worker before",
            "Does `origins` name the public host, or does the origin redirect to it?",
        ),
        row(
            F::UpgradeRefused,
            "upgrade_refused",
            T::HttpUpgradeFailed,
            BAD,
            H::Never,
            E::Again,
            R::Nothing,
            KNOWN,
            "did not change protocols as asked",
            "Does this path serve WebSockets? Does a proxy before the origin pass Upgrade on?",
        ),
        row(
            F::Internal,
            "internal",
            T::ProxyInternalError,
            StatusCode::INTERNAL_SERVER_ERROR,
            H::Never,
            E::Never,
            R::Nothing,
            UNKNOWN,
            "this worker failed",
            "Please report it with the log line of this request.",
        ),
        row(
            F::Configuration,
            "configuration",
            T::ProxyConfigurationError,
            StatusCode::INTERNAL_SERVER_ERROR,
            H::Never,
            E::Never,
            R::Nothing,
            KNOWN,
            "the configuration is invalid",
            "The log names the key, the value and what is accepted; the command `check` finds it before a deploy.",
        ),
    ]
};

impl Failure {
    /// What this failure means for the code.
    pub const fn row(self) -> &'static Row {
        // In bounds: the table has a row for each variant, in order, which a test checks.
        #[allow(clippy::indexing_slicing)]
        &TABLE[self as usize]
    }

    /// What this failure means for an operator.
    pub const fn words(self) -> &'static Words {
        // In bounds, as above.
        #[allow(clippy::indexing_slicing)]
        &WORDS[self as usize]
    }

    /// Its error type (RFC 9209 §2.3).
    pub const fn error(self) -> ErrorType {
        self.row().error
    }

    /// The status that a client gets for it.
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// Whether the origin may have processed the request. With an unsafe method, the client must learn that.
    pub const fn outcome_unknown(self) -> bool {
        self.row().outcome_unknown
    }

    /// What it says about whether the origin is up. One that refuses an upgrade has answered.
    pub const fn health_signal(self) -> HealthSignal {
        match self.row().reach {
            Reach::Page | Reach::Origin => HealthSignal::Unhealthy,
            Reach::Nothing if matches!(self, Self::UpgradeRefused) => HealthSignal::Healthy,
            Reach::Nothing => HealthSignal::Neutral,
        }
    }
}

/// The failure with this word in the log.
pub fn of_word(word: &str) -> Option<Failure> {
    // The word of log schema 1, which the health object has stored.
    let word = if word == "believed_down" { "circuit_open" } else { word };
    TABLE.iter().find(|row| row.word == word).map(|row| row.failure)
}

/// A rejection of the platform's `fetch`, or of a read of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejection {
    /// The message of the exception.
    pub message: String,
    /// Whether it carried `retryable: true`, as lost connections do.
    pub retryable: bool,
    /// Whether a limit of this worker ended the wait.
    pub timed_out: bool,
    /// Whose fault it is, as far as the code that caught it knows.
    pub fault: Fault,
}

impl Rejection {
    /// How the client failed, if it was the client.
    pub fn lapse(&self) -> Option<Lapse> {
        (self.fault == Fault::Client).then(|| match self {
            Self { timed_out: true, .. } => Lapse::Stalled,
            // The platform's message if the connection is closed in both directions.
            Self { message, .. } if message.contains("client disconnected") => Lapse::Gone,
            Self { .. } => Lapse::Broken,
        })
    }

    /// Whether the origin is not at fault: the code that caught the rejection says so, or the platform's message names one
    /// of its own limits (subrequests, connections, memory).
    fn is_internal(&self) -> bool {
        const LIMITS: [&str; 4] = ["subrequests", "connection limit", "emory limit", "allocation failed"];
        self.fault != Fault::Origin || LIMITS.iter().any(|limit| self.message.contains(limit))
    }
}

/// Whose fault a rejection is. Only the origin's counts against the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// The origin's, unless the platform's message says that it is the platform's.
    #[default]
    Origin,
    /// The client's, who failed to send its request.
    Client,
    /// This worker's.
    Platform,
}

/// How a client failed to send its request to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// It has closed the connection.
    Gone,
    /// It closed its side of the connection, framed the body wrongly, or sent less than it announced.
    Broken,
    /// It sent nothing for too long.
    Stalled,
    /// It did not state the body's length, with a method whose body must be complete before it is sent on.
    Unmeasured,
    /// Such a body is too large.
    TooLarge,
}

impl Lapse {
    /// The status of the answer, if the client still listens (RFC 9110 §15.5.1, §15.5.9, §15.5.12, §15.5.14).
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Gone | Self::Broken => StatusCode::BAD_REQUEST,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::Unmeasured => StatusCode::LENGTH_REQUIRED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    /// The body of that answer.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Gone | Self::Broken => "The request broke off before it was complete.\n",
            Self::Stalled => "The rest of the request did not come in time.\n",
            Self::Unmeasured => "A GET or HEAD request can have a body here only with a Content-Length.\n",
            Self::TooLarge => "The body of this GET or HEAD request is too large to be passed on.\n",
        }
    }
}

/// The failure behind a `fetch` that was rejected.
pub fn of_rejected_fetch(rejection: &Rejection) -> Failure {
    if rejection.is_internal() {
        Failure::Internal
    } else if rejection.timed_out {
        Failure::NoHeaderInTime
    } else if is_lost_connection(rejection) {
        Failure::ConnectionLost
    } else {
        Failure::NotUnderstood
    }
}

/// The failure behind a body that could not be read to its end.
pub fn of_rejected_body(rejection: &Rejection) -> Failure {
    if rejection.is_internal() {
        Failure::Internal
    } else if rejection.timed_out {
        Failure::BodySilent
    } else if is_lost_connection(rejection) {
        Failure::BodyCutShort
    } else {
        Failure::BodyBadlyFramed
    }
}

fn is_lost_connection(rejection: &Rejection) -> bool {
    rejection.retryable || rejection.message.starts_with("Network connection lost")
}

/// The failure that a status means if the platform chose it. `None` if the status is the origin's own.
///
/// `body` is the beginning of the body of a 530, which contains a 1xxx code. It is not read for other statuses.
pub fn of_status(status: u16, body: Option<&str>) -> Option<Failure> {
    Some(match status {
        520 => Failure::EdgeUnknownAnswer,
        521 => Failure::EdgeRefused,
        522 => Failure::EdgeConnectTimeout,
        523 => Failure::EdgeUnreachable,
        524 => Failure::EdgeAnswerTimeout,
        525 => Failure::EdgeTlsHandshake,
        526 => Failure::EdgeCertificate,
        527 => Failure::EdgeListener,
        530 => match body.and_then(cloudflare_code) {
            Some(1016) => Failure::EdgeNameNotFound,
            Some(1033) => Failure::EdgeTunnelDown,
            Some(1042) => Failure::EdgeWorkerOfZone,
            Some(_) | None => Failure::EdgeOther,
        },
        200..=599 => return None,
        0..200 | 600.. => Failure::StatusOutOfRange,
    })
}

/// The 1xxx code of a Cloudflare error page, which says `error code: 1016` in its plain form and
/// `Error 1016` in its HTML form.
fn cloudflare_code(body: &str) -> Option<u16> {
    let body = body.to_ascii_lowercase();
    body.match_indices("error").find_map(|(at, word)| {
        let rest = body.get(at + word.len()..)?;
        let rest = rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_whitespace());
        let rest = rest.strip_prefix("code").unwrap_or(rest);
        let rest = rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_whitespace());
        let digits = rest.get(..4)?;
        digits.parse().ok().filter(|code| (1000..2000).contains(code))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_failure_has_its_row_and_a_gateway_status() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.failure as usize, index, "{row:?}");
            assert!([500, 502, 503, 504].contains(&row.status.as_u16()), "{row:?}");
            let words = row.failure.words();
            assert!(!words.what.is_empty() && !words.check.is_empty(), "{row:?}");
        }
    }

    #[test]
    fn every_failure_has_a_word_of_its_own() {
        let mut words: Vec<_> = TABLE.iter().map(|row| row.word).collect();
        assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), TABLE.len());
    }

    #[test]
    fn a_timeout_is_a_504_and_a_bad_answer_is_a_502() {
        // RFC 9209 §2.3 recommends a status for each type.
        for row in &TABLE {
            let recommended = match row.error.token() {
                "destination_unavailable" => 503,
                "connection_timeout" | "connection_read_timeout" | "http_response_timeout" => 504,
                "proxy_internal_error" | "proxy_configuration_error" => 500,
                _ => 502,
            };
            assert_eq!(row.status, recommended, "{row:?}");
        }
    }

    #[test]
    fn every_failure_is_known_by_its_word_and_says_what_may_have_been_done() {
        for row in &TABLE {
            assert_eq!(of_word(row.word), Some(row.failure));
            assert_eq!(row.failure.outcome_unknown(), row.outcome_unknown);
        }
        assert_eq!((of_word("503"), of_word("")), (None, None));
        assert!(Failure::NoHeaderInTime.outcome_unknown() && !Failure::CircuitOpen.outcome_unknown());
    }

    #[test]
    fn every_failure_of_the_origin_says_that_it_is_down() {
        for row in &TABLE {
            let sign = match row.word {
                "circuit_open" | "loop" | "internal" | "configuration" => HealthSignal::Neutral,
                "upgrade_refused" => HealthSignal::Healthy,
                _ => HealthSignal::Unhealthy,
            };
            assert_eq!(row.failure.health_signal(), sign, "{row:?}");
        }
    }

    #[test]
    fn rejections_are_told_apart() {
        let rejection = |message: &str, retryable, timed_out| Rejection {
            message: message.to_owned(),
            retryable,
            timed_out,
            fault: Fault::Origin,
        };
        let lost = rejection("Network connection lost.", true, false);
        let unmarked = rejection("Network connection lost.", false, false);
        let internal = rejection("internal error; reference = abc", false, false);
        let late = rejection("The operation was aborted", false, true);
        assert_eq!(of_rejected_fetch(&lost), Failure::ConnectionLost);
        assert_eq!(of_rejected_fetch(&unmarked), Failure::ConnectionLost);
        assert_eq!(of_rejected_fetch(&internal), Failure::NotUnderstood);
        assert_eq!(of_rejected_fetch(&late), Failure::NoHeaderInTime);
        assert_eq!(of_rejected_body(&lost), Failure::BodyCutShort);
        assert_eq!(of_rejected_body(&internal), Failure::BodyBadlyFramed);
        assert_eq!(of_rejected_body(&late), Failure::BodySilent);
    }

    #[test]
    fn what_is_not_the_origins_fault_is_no_failure_of_the_origins() {
        let rejection = |message: &str, fault| Rejection {
            message: message.to_owned(),
            retryable: true,
            timed_out: false,
            fault,
        };
        for rejected in [
            rejection("Too many subrequests.", Fault::Origin),
            rejection("Response closed due to connection limit", Fault::Origin),
            rejection("Memory limit would be exceeded before EOF.", Fault::Origin),
            rejection("Array buffer allocation failed", Fault::Origin),
            rejection("Invalid URL", Fault::Platform),
            rejection("Network connection lost.", Fault::Client),
        ] {
            assert_eq!(of_rejected_fetch(&rejected), Failure::Internal, "{rejected:?}");
            assert_eq!(of_rejected_body(&rejected), Failure::Internal, "{rejected:?}");
            assert_eq!(rejected.lapse().is_some(), rejected.fault == Fault::Client, "{rejected:?}");
        }
        assert_eq!(Failure::Internal.health_signal(), HealthSignal::Neutral);
    }

    #[test]
    fn how_a_client_failed_says_what_it_is_answered() {
        for (message, timed_out, lapse, status) in [
            ("Network connection lost.", false, Lapse::Broken, 400),
            ("Can't read from request stream because client disconnected.", false, Lapse::Gone, 400),
            ("silent", true, Lapse::Stalled, 408),
        ] {
            let rejection =
                Rejection { message: message.to_owned(), retryable: true, timed_out, fault: Fault::Client };
            assert_eq!(rejection.lapse(), Some(lapse));
            assert_eq!(lapse.status(), status);
            assert!(lapse.what().ends_with(".\n"));
        }
    }

    #[test]
    fn a_530_is_told_apart_by_its_code() {
        for (body, failure) in [
            ("error code: 1016", Failure::EdgeNameNotFound),
            ("<title>Origin DNS error</title> <span>Error</span> Error 1016 Ray", Failure::EdgeNameNotFound),
            ("error code: 1033\n", Failure::EdgeTunnelDown),
            ("error code: 1042", Failure::EdgeWorkerOfZone),
            ("error code: 1000", Failure::EdgeOther),
            ("error code: 10", Failure::EdgeOther),
            ("1016", Failure::EdgeOther),
            ("", Failure::EdgeOther),
        ] {
            assert_eq!(of_status(530, Some(body)), Some(failure), "{body:?}");
        }
        assert_eq!(of_status(530, None), Some(Failure::EdgeOther));
    }

    proptest! {
        #[test]
        fn every_status_is_an_answer_or_one_failure(status in any::<u16>(), body in ".*") {
            let answer = (200..600).contains(&status) && !(520..=527).contains(&status) && status != 530;
            prop_assert_eq!(of_status(status, Some(&body)).is_none(), answer);
        }
    }
}
