//! Fire drills. Which failure does this request simulate on an operator's order?
//!
//! A fire drill forces one row of the failure table on every attempt of one request. The order is a header field,
//! [`DRILL`]: the row's word, the expiry in seconds since the Unix epoch, and a signature under the operators' token
//! over both and the host. An operator can therefore hand out an order without the token; it is useless at another
//! site or after its expiry.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::AttemptResult;
use super::failure::{self, Failure, Fault, Rejection};
use crate::config::Token;
use crate::time::Timestamp;

/// The order in a request; in its answer, the row's word.
pub const DRILL: HeaderName = HeaderName::from_static("holdfast-drill");

/// The longest validity of an order.
pub const LONGEST_VALIDITY: Duration = Duration::from_secs(60 * 60);

/// The purpose of the signature; see [`Token::sign`].
const PURPOSE: &str = "drill";

/// The value of [`DRILL`] that forces `failure` at `host`, a name without port, until `expires_at`.
pub fn order(token: &Token, failure: Failure, host: &str, expires_at: Timestamp) -> String {
    let what = format!("{} {}", failure.row().word, expires_at.as_millis() / 1000);
    let signature = token.sign(PURPOSE, &signed(&what, host));
    format!("{what} {signature}")
}

/// The failure that `headers` force at `host` now. `None` if there is no order or more than one, or if it is invalid:
///
/// - the word is unknown
/// - the signature is wrong or for another host
/// - the order is expired, or valid for longer than [`LONGEST_VALIDITY`]
pub fn ordered(headers: &HeaderMap, token: Option<&Token>, host: &str, now: Timestamp) -> Option<Failure> {
    let mut lines = headers.get_all(&DRILL).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let (what, signature) = line.to_str().ok()?.rsplit_once(' ')?;
    if !token?.is_signed(PURPOSE, &signed(what, host), signature) {
        return None;
    }
    let (word, expiry) = what.split_once(' ')?;
    let expires_at = Timestamp::from_millis(expiry.parse::<u64>().ok()?.checked_mul(1000)?);
    let holds = expires_at > now && expires_at <= now.plus(LONGEST_VALIDITY);
    failure::of_word(word).filter(|_| holds)
}

fn signed(what: &str, host: &str) -> String {
    format!("{what} {}", host.to_ascii_lowercase())
}

/// The value of [`DRILL`] in the answer to a request on which `failure` was forced.
pub fn mark(failure: Failure) -> HeaderValue {
    HeaderValue::from_static(failure.row().word)
}

/// The simulated form of a failure, before it is classified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No answer: the platform's fetch is rejected like this.
    Rejected(Rejection),
    /// An answer with this status and a body that begins like this.
    Status(u16, &'static str),
    /// A 200 whose body is rejected like this.
    Torn(Rejection),
}

impl Shape {
    /// The form of `failure`; `None` for failures that do not come from an attempt.
    pub fn of(failure: Failure) -> Option<Self> {
        const LOST: &str = "Network connection lost.";
        const INTERNAL: &str = "internal error";
        let rejection = |message: &str, retryable, timed_out| Rejection {
            message: message.to_owned(),
            retryable,
            timed_out,
            fault: Fault::Origin,
        };
        Some(match failure {
            Failure::ConnectionLost => Self::Rejected(rejection(LOST, true, false)),
            Failure::NotUnderstood => Self::Rejected(rejection(INTERNAL, false, false)),
            Failure::NoHeaderInTime => Self::Rejected(rejection("", false, true)),
            Failure::BodyCutShort => Self::Torn(rejection(LOST, true, false)),
            Failure::BodyBadlyFramed => Self::Torn(rejection(INTERNAL, false, false)),
            Failure::BodySilent => Self::Torn(rejection("", false, true)),
            Failure::StatusOutOfRange => Self::Status(999, ""),
            Failure::EdgeUnknownAnswer => Self::Status(520, ""),
            Failure::EdgeRefused => Self::Status(521, ""),
            Failure::EdgeConnectTimeout => Self::Status(522, ""),
            Failure::EdgeUnreachable => Self::Status(523, ""),
            Failure::EdgeAnswerTimeout => Self::Status(524, ""),
            Failure::EdgeTlsHandshake => Self::Status(525, ""),
            Failure::EdgeCertificate => Self::Status(526, ""),
            Failure::EdgeListener => Self::Status(527, ""),
            Failure::EdgeNameNotFound => Self::Status(530, "error code: 1016"),
            Failure::EdgeTunnelDown => Self::Status(530, "error code: 1033"),
            Failure::EdgeWorkerOfZone => Self::Status(530, "error code: 1042"),
            Failure::EdgeOther => Self::Status(530, "error code: 1000"),
            Failure::CircuitOpen
            | Failure::Loop
            | Failure::UpgradeRefused
            | Failure::Internal
            | Failure::Configuration => return None,
        })
    }

    /// The result of such an attempt, by the rules for real ones.
    pub fn end(&self) -> AttemptResult {
        match self {
            Self::Rejected(rejection) => AttemptResult::Failed(failure::of_rejected_fetch(rejection), None),
            Self::Status(status, body) => match failure::of_status(*status, Some(body)) {
                Some(failure) => AttemptResult::Failed(failure, Some(*status)),
                None => AttemptResult::Answered(*status),
            },
            Self::Torn(rejection) => AttemptResult::Failed(failure::of_rejected_body(rejection), Some(200)),
        }
    }

    /// How long such an attempt takes, where `header` is the time limit of the header and `idle` that of a silent
    /// body. A timeout takes its whole limit, every other failure no time.
    pub fn takes(&self, header: Duration, idle: Duration) -> Duration {
        match self {
            Self::Rejected(rejection) if rejection.timed_out => header,
            Self::Torn(rejection) if rejection.timed_out => idle,
            Self::Rejected(_) | Self::Status(..) | Self::Torn(_) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::TABLE;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_678);
    const HOST: &str = "www.example.com";

    fn token() -> Token {
        Token::new("a-token-of-the-operators").unwrap()
    }

    fn fields(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (DRILL, HeaderValue::try_from(*value).unwrap())).collect()
    }

    fn until(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn any_row_can_be_ordered_and_is_met_in_its_own_shape() {
        for row in &TABLE {
            let headers = fields(&[&order(&token(), row.failure, HOST, until(300))]);
            assert_eq!(ordered(&headers, Some(&token()), HOST, NOW), Some(row.failure), "{row:?}");
            let is_found_without_an_attempt =
                ["circuit_open", "loop", "upgrade_refused", "internal", "configuration"].contains(&row.word);
            match Shape::of(row.failure) {
                Some(shape) => assert_eq!(shape.end().failure(), Some(row.failure), "{shape:?}"),
                None => assert!(is_found_without_an_attempt, "{row:?}"),
            }
        }
    }

    #[test]
    fn an_order_holds_at_one_host_and_for_an_hour_at_most() {
        let made = |seconds| order(&token(), Failure::EdgeRefused, HOST, until(seconds));
        let good = made(300);
        let (what, signature) = good.rsplit_once(' ').unwrap();
        let other_word = format!("{} {signature}", what.replace("refused", "certificate"));
        let later = format!("edge_refused {} {signature}", until(301).as_millis() / 1000);
        let other =
            order(&Token::new("another-token-of-theirs").unwrap(), Failure::EdgeRefused, HOST, until(300));
        let signed_by_us =
            |what: &str| format!("{what} {}", token().sign(PURPOSE, &format!("{what} {HOST}")));
        for (values, host, holds) in [
            (&[good.as_str()][..], HOST, true),
            (&[&good], "WWW.example.com", true),
            (&[&made(1)], HOST, true),
            (&[&made(3600)], HOST, true),
            (&[&made(3601)], HOST, false),
            (&[&made(0)], HOST, false),
            (&[&good], "example.com", false),
            (&[&good, &good], HOST, false),
            (&[&other_word], HOST, false),
            (&[&later], HOST, false),
            (&[&other], HOST, false),
            (&[what], HOST, false),
            (&[signature], HOST, false),
            (&[""], HOST, false),
            (&[&signed_by_us("no_such_row 1767323345")], HOST, false),
            (&[&signed_by_us("edge_refused 99999999999999999999")], HOST, false),
            (&[&signed_by_us("edge_refused")], HOST, false),
            (&[], HOST, false),
        ] {
            let found = ordered(&fields(values), Some(&token()), host, NOW);
            assert_eq!(found, holds.then_some(Failure::EdgeRefused), "{values:?} {host}");
        }
        assert_eq!(ordered(&fields(&[&good]), None, HOST, NOW), None);
    }

    #[test]
    fn a_drill_waits_only_where_a_limit_of_ours_would_end_the_wait() {
        let (header, idle) = (Duration::from_secs(10), Duration::from_secs(15));
        for row in &TABLE {
            let Some(shape) = Shape::of(row.failure) else { continue };
            let expected = match row.word {
                "no_header_in_time" => header,
                "body_silent" => idle,
                _ => Duration::ZERO,
            };
            assert_eq!(shape.takes(header, idle), expected, "{row:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_an_order_forces_a_failure(value in "[ -~]{0,120}|edge_refused [0-9]{1,22} [0-9a-f]{0,64}") {
            prop_assert_eq!(ordered(&fields(&[&value]), Some(&token()), HOST, NOW), None);
        }
    }
}
