//! An error as data: why a client gets one, and what the answer may say about it.
//!
//! [`ErrorPage`] is the input of every form of an error. [`error_page`](super::error_page) renders it.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use serde::Serialize;

use crate::config;
use crate::language::Message;
use crate::origin::AttemptResult;
use crate::origin::failure::Failure;
use crate::request::Request;
use crate::time::Timestamp;

/// The `Retry-After` of an error for which nobody knows a better one. The shortest outages, a restart or a deploy, are
/// over by then, and a client that waits this long asks less often than the retries before this page did.
pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// The header field that says what became of a request with an unsafe method: `not_processed` or `unknown`.
pub const OUTCOME: HeaderName = HeaderName::from_static("holdfast-outcome");

/// Why a client gets an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A failure of the origin as a gateway sees it, or a failure of this worker.
    Failure(Failure),
    /// The origin answered with this error status.
    OriginStatus(StatusCode),
    /// Nothing was sent because the circuit breaker is open. This is the result that opened it.
    CircuitOpen(AttemptResult),
    /// The site is closed for maintenance. Nothing has failed.
    Maintenance,
}

impl Cause {
    /// The status that a client gets.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Failure(failure) => failure.status(),
            Self::OriginStatus(status) => status,
            Self::CircuitOpen(_) => self.shown().status(),
            Self::Maintenance => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The cause that the answer names. An open circuit is shown as the failure that opened it.
    pub const fn shown(self) -> Self {
        match self {
            Self::CircuitOpen(AttemptResult::Failed(failure, _)) => Self::Failure(failure),
            Self::CircuitOpen(AttemptResult::Answered(502)) => Self::OriginStatus(StatusCode::BAD_GATEWAY),
            Self::CircuitOpen(AttemptResult::Answered(504)) => {
                Self::OriginStatus(StatusCode::GATEWAY_TIMEOUT)
            }
            Self::CircuitOpen(AttemptResult::Answered(_)) => {
                Self::OriginStatus(StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::Failure(_) | Self::OriginStatus(_) | Self::Maintenance => self,
        }
    }
}

/// When a page is rendered, and so what it can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// For one request, which failed at this time.
    At(Timestamp),
    /// In advance, for any request that meets this error. The page shows neither a time nor an address.
    Later,
    /// In advance, for errors of several statuses. The page shows no status either. It does not reload itself, because
    /// some of these errors are refusals, and whoever limits a visitor does not want the page to try again.
    AnyStatusLater,
}

/// What became of a request with an unsafe method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    NotProcessed,
    Unknown,
}

impl Outcome {
    /// The word in `Holdfast-Outcome` and in problem documents.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::NotProcessed => "not_processed",
            Self::Unknown => "unknown",
        }
    }

    /// The sentence on the page.
    pub(super) const fn sentence(self) -> Message {
        match self {
            Self::NotProcessed => Message::NotProcessed,
            Self::Unknown => Message::MayBeProcessed,
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

/// How one hop on the way from the client to the origin did.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// Everything that an error is rendered from.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// Why there is an error.
    pub cause: Cause,
    /// The request that failed.
    pub request: &'a Request,
    /// The operator's settings for pages: brand, links, theme, texts.
    pub page: &'a config::Page,
    /// When the page is rendered, and for which requests.
    pub occasion: Occasion,
    /// The `Retry-After` of the origin or of the exchange. If there is none, [`DEFAULT_RETRY_AFTER`] applies to 502, 503
    /// and 504.
    pub retry_after: Option<Duration>,
    /// Whether the origin may have processed a request with an unsafe method.
    ///
    /// Safe methods ignore it. Two causes are always unknown: an error status of the origin, and a failure of this
    /// worker, which has lost what it knew of its attempts.
    pub unknown_outcome: bool,
    /// When the maintenance ends, if that is the cause and the operator has said so.
    pub until: Option<Timestamp>,
}

impl ErrorPage<'_> {
    /// `Retry-After` in whole seconds, rounded up so that nobody comes too early.
    pub(super) fn retry_after_seconds(&self) -> Option<u64> {
        let default = matches!(self.cause.status().as_u16(), 502..=504).then_some(DEFAULT_RETRY_AFTER);
        let span = self.retry_after.or(default)?;
        Some(span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)))
    }

    /// What became of a request with an unsafe method. `None` for a safe one.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let unknown = self.unknown_outcome
            || matches!(self.cause, Cause::OriginStatus(_) | Cause::Failure(Failure::Internal));
        let outcome = if unknown { Outcome::Unknown } else { Outcome::NotProcessed };
        (!self.request.is_safe()).then_some(outcome)
    }

    /// Whether the same request may succeed later and can be sent again without harm: what fails may pass, and the request
    /// is idempotent (RFC 9110 §9.2.2) or certainly had no effect.
    pub(super) fn is_retryable(&self) -> bool {
        let stays = matches!(self.cause, Cause::Failure(Failure::Loop | Failure::UpgradeRefused));
        let may_pass = matches!(self.cause.status().as_u16(), 502..=504) && !stays;
        may_pass && (self.request.method.is_idempotent() || self.outcome() == Some(Outcome::NotProcessed))
    }

    /// Whether the client can repeat the request by reloading the page.
    pub(super) fn can_reload(&self) -> bool {
        matches!(self.request.method, Method::GET | Method::HEAD)
    }
}
