//! How is an error told to a person? One story for each kind of fault, shared by every form.
//!
//! A client learns which side is at fault, what became of the request and what to do now; what an operator
//! would want to know beyond that stands in the log.

use http::StatusCode;
use serde::Serialize;

use crate::origin::failure::ErrorType;
use crate::response::error_page::Cause;

/// A fault in words and as stops on the way.
pub(super) struct Story {
    pub(super) heading: &'static str,
    pub(super) lead: String,
    pub(super) edge: Hop,
    pub(super) origin: Hop,
}

impl Story {
    /// The story of `cause` at `site`.
    pub(super) fn of(cause: Cause, site: &str) -> Self {
        Fault::of(cause).story(site)
    }
}

/// One stop on the way from the client to the origin.
#[derive(Clone, Copy)]
pub(super) struct Hop {
    pub(super) state: State,
    pub(super) words: &'static str,
}

/// How a stop did.
#[derive(Clone, Copy)]
pub(super) enum State {
    Working,
    Failed,
    Late,
    Idle,
}

impl State {
    /// The class in the page's style.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Working => "ok",
            Self::Failed => "bad",
            Self::Late => "late",
            Self::Idle => "idle",
        }
    }
}

/// What became of a request with an unsafe method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    NotProcessed,
    Unknown,
}

impl Outcome {
    /// What to tell the client.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::NotProcessed => "Your request was not processed: nothing has been changed.",
            Self::Unknown => {
                "Your request may have been processed all the same. Please check before you send it again, \
                 or it could be done twice."
            }
        }
    }

    /// The class in the page's style.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::NotProcessed => State::Working.class(),
            Self::Unknown => State::Late.class(),
        }
    }
}

/// What to do now.
pub(super) fn advice(outcome: Option<Outcome>, retry_after: Option<u64>) -> String {
    let when = when(retry_after);
    match outcome {
        None if retry_after.is_some_and(|seconds| seconds <= 90) => {
            format!("Please try again {when}. Most faults of this kind are soon over.")
        }
        None => format!("Please try again {when}."),
        Some(Outcome::NotProcessed) => format!("You can safely send it again {when}."),
        Some(Outcome::Unknown) => format!("The site may be back {when}."),
    }
}

/// `seconds` from now in words, rounded up to what a person can use.
fn when(seconds: Option<u64>) -> String {
    match seconds {
        None => "in a few minutes".to_owned(),
        Some(0..=1) => "in a moment".to_owned(),
        Some(seconds @ 2..=90) => format!("in about {seconds} seconds"),
        Some(seconds @ 91..=5400) => format!("in about {} minutes", seconds.div_ceil(60)),
        Some(seconds @ 5401..=129_600) => format!("in about {} hours", seconds.div_ceil(3600)),
        Some(_) => "in a few days".to_owned(),
    }
}

/// The failures that a client can make sense of.
#[derive(Clone, Copy)]
enum Fault {
    NotReached,
    NotReachedInTime,
    BadAnswer,
    TookTooLong,
    OutOfService,
    OriginError,
    OriginBadAnswer,
    OriginTookTooLong,
    OriginUnavailable,
    Circle,
    EdgeSetUp,
    EdgeFailed,
}

impl Fault {
    fn of(cause: Cause) -> Self {
        match cause {
            Cause::Failure(failure) => match failure.error() {
                ErrorType::DnsError
                | ErrorType::DestinationIpUnroutable
                | ErrorType::ConnectionRefused
                | ErrorType::TlsProtocolError
                | ErrorType::TlsCertificateError => Self::NotReached,
                ErrorType::ConnectionTimeout => Self::NotReachedInTime,
                ErrorType::ConnectionTerminated
                | ErrorType::HttpResponseIncomplete
                | ErrorType::HttpResponseTransferCoding
                | ErrorType::HttpProtocolError
                | ErrorType::HttpUpgradeFailed => Self::BadAnswer,
                ErrorType::ConnectionReadTimeout | ErrorType::HttpResponseTimeout => Self::TookTooLong,
                ErrorType::DestinationUnavailable => Self::OutOfService,
                ErrorType::ProxyLoopDetected => Self::Circle,
                ErrorType::ProxyConfigurationError => Self::EdgeSetUp,
                ErrorType::ProxyInternalError => Self::EdgeFailed,
            },
            Cause::OriginStatus(StatusCode::BAD_GATEWAY) => Self::OriginBadAnswer,
            Cause::OriginStatus(StatusCode::GATEWAY_TIMEOUT) => Self::OriginTookTooLong,
            Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE) => Self::OriginUnavailable,
            Cause::OriginStatus(_) => Self::OriginError,
        }
    }

    fn story(self, site: &str) -> Story {
        use State::{Failed, Idle, Late, Working};
        const BAD: &str = "The server gave a bad answer";
        const LATE: &str = "The server took too long";
        const AWAY: &str = "The server is unavailable";
        const FINE: Hop = Hop { state: Working, words: "Working" };
        let (heading, lead, edge, origin) = match self {
            Self::NotReached => (
                BAD,
                format!(
                    "Your connection is fine. We could not reach the server behind {site}, so there is no proper answer to show you."
                ),
                FINE,
                (Failed, "Could not be reached"),
            ),
            Self::NotReachedInTime => (
                LATE,
                format!(
                    "Your connection is fine. We tried to reach the server behind {site}, and it did not respond in time."
                ),
                FINE,
                (Late, "Took too long"),
            ),
            Self::BadAnswer => (
                BAD,
                format!(
                    "Your connection is fine. The server behind {site} broke off, or sent something that could not be used."
                ),
                FINE,
                (Failed, "Gave a bad answer"),
            ),
            Self::TookTooLong => (
                LATE,
                format!(
                    "Your connection is fine. We asked the server behind {site} and waited, but a whole answer did not come in time."
                ),
                FINE,
                (Late, "Took too long"),
            ),
            Self::OutOfService => (
                AWAY,
                format!("Your connection is fine. The server behind {site} is out of service at the moment."),
                FINE,
                (Failed, "Unavailable"),
            ),
            Self::OriginError => (
                "The server ran into an error",
                format!(
                    "Your connection is fine. The server behind {site} failed while it worked on your request."
                ),
                FINE,
                (Failed, "Ran into an error"),
            ),
            Self::OriginBadAnswer => (
                BAD,
                format!(
                    "Your connection is fine. The server behind {site} depends on another system, which did not give it a usable answer."
                ),
                FINE,
                (Failed, "Gave a bad answer"),
            ),
            Self::OriginTookTooLong => (
                LATE,
                format!(
                    "Your connection is fine. The server behind {site} waited for another system, which did not answer in time."
                ),
                FINE,
                (Late, "Took too long"),
            ),
            Self::OriginUnavailable => (
                AWAY,
                format!(
                    "Your connection is fine. The server behind {site} is not taking requests at the moment: it may be very busy, or down for maintenance."
                ),
                FINE,
                (Failed, "Unavailable"),
            ),
            Self::Circle => (
                "The request went in a circle",
                format!(
                    "Your connection is fine. Your request to {site} came back to where it had been before, so we stopped it."
                ),
                Hop { state: Failed, words: "Went in a circle" },
                (Idle, "Not reached"),
            ),
            Self::EdgeSetUp => (
                "Something is wrong on our side",
                format!(
                    "Your connection is fine. The service in front of {site} is not set up correctly and could not pass your request on."
                ),
                Hop { state: Failed, words: "Not set up correctly" },
                (Idle, "Not asked"),
            ),
            Self::EdgeFailed => (
                "Something went wrong on our side",
                format!(
                    "Your connection is fine. The service in front of {site} failed while it worked on your request."
                ),
                Hop { state: Failed, words: "Failed" },
                (Idle, "Not at fault"),
            ),
        };
        Story { heading, lead, edge, origin: Hop { state: origin.0, words: origin.1 } }
    }
}
