//! The story of an error. Which sentences tell a person what happened?
//!
//! There is one story for each kind of fault, and every form tells it. A client learns which side is at fault, what
//! became of the request, and what to do now. What else an operator wants to know is in the log. The sentences are in
//! the catalogues of languages.

use http::StatusCode;

use super::error::{Cause, Outcome, State};
use crate::language::Message;
use crate::origin::failure::{ErrorType, Failure};

/// A fault in words, and as hops on the way.
#[derive(Clone, Copy)]
pub(super) struct Story {
    pub(super) heading: Message,
    /// Whether to say first that the client is not at fault.
    pub(super) clears_client: bool,
    pub(super) lead: Message,
    pub(super) edge: Hop,
    pub(super) origin: Hop,
}

/// One hop on the way from the client to the origin.
#[derive(Clone, Copy)]
pub(super) struct Hop {
    pub(super) state: State,
    pub(super) drawing: Drawing,
    /// `None` if nobody knows how the hop did.
    pub(super) words: Option<Message>,
}

/// What the picture of a hop shows. Each kind of fault has one of its own, so that pages differ at a glance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawing {
    /// What the client has.
    Screen,
    /// The network between the client and the origin.
    Globe,
    /// An origin of which nothing is to be shown.
    Server,
    /// A plug that is out of its socket: no connection.
    Plug,
    /// A page with a cross: a bad answer.
    Page,
    /// A clock: no answer in time.
    Clock,
    /// A sign on a door: out of service.
    Sign,
    /// A warning: an error.
    Warning,
    /// A wrench: maintenance.
    Wrench,
}

/// What to do now. Its placeholder takes [`when`].
pub(super) const fn advice(outcome: Option<Outcome>) -> Message {
    match outcome {
        None => Message::TryAgain,
        Some(Outcome::NotProcessed) => Message::SendAgain,
        Some(Outcome::Unknown) => Message::MayBeBack,
    }
}

/// `seconds` from now, in words. They never promise a much earlier time.
///
/// They contain no numbers, so that no language has to inflect one. `Retry-After` has the figure.
pub(super) const fn when(seconds: Option<u64>) -> Message {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    match seconds {
        None => Message::Minutes,
        Some(seconds) if seconds <= 15 => Message::Moment,
        Some(seconds) if seconds <= 90 => Message::Minute,
        Some(seconds) if seconds <= 15 * MINUTE => Message::Minutes,
        Some(seconds) if seconds <= 40 * MINUTE => Message::HalfHour,
        Some(seconds) if seconds <= 90 * MINUTE => Message::Hour,
        Some(seconds) if seconds <= 18 * HOUR => Message::Hours,
        Some(_) => Message::Days,
    }
}

impl Story {
    /// The story of `cause`.
    pub(super) const fn of(cause: Cause) -> Self {
        match cause {
            Cause::CircuitOpen(_) => Self { lead: Message::NotSentLead, ..Self::of(cause.shown()) },
            // A name that was not found, or a connection that could not be made safe.
            Cause::Failure(Failure::NotUnderstood) => LOST,
            Cause::Failure(failure) => match failure.error() {
                ErrorType::DnsError
                | ErrorType::DestinationIpUnroutable
                | ErrorType::ConnectionRefused
                | ErrorType::TlsProtocolError
                | ErrorType::TlsCertificateError => NOT_REACHED,
                // The platform says the same of a connection that was refused and of one that broke off.
                ErrorType::ConnectionTerminated | ErrorType::HttpResponseIncomplete => LOST,
                ErrorType::HttpResponseTransferCoding
                | ErrorType::HttpProtocolError
                | ErrorType::HttpUpgradeFailed => BAD_ANSWER,
                ErrorType::ConnectionTimeout
                | ErrorType::ConnectionReadTimeout
                | ErrorType::HttpResponseTimeout => TOO_LATE,
                ErrorType::DestinationUnavailable => UNAVAILABLE,
                ErrorType::ProxyLoopDetected => CIRCLE,
                ErrorType::ProxyConfigurationError => MISCONFIGURED,
                ErrorType::ProxyInternalError => EDGE_FAILED,
            },
            Cause::OriginStatus(StatusCode::GATEWAY_TIMEOUT) => TOO_LATE,
            Cause::OriginStatus(StatusCode::SERVICE_UNAVAILABLE) => UNAVAILABLE,
            Cause::OriginStatus(_) => FAILED,
            Cause::Maintenance => CLOSED,
        }
    }

    const fn of_origin(
        heading: Message,
        lead: Message,
        state: State,
        drawing: Drawing,
        words: Message,
    ) -> Self {
        let edge = Hop { state: State::Working, drawing: Drawing::Globe, words: Some(Message::Working) };
        Self { heading, clears_client: true, lead, edge, origin: Hop { state, drawing, words: Some(words) } }
    }

    const fn of_edge(heading: Message, lead: Message, words: Message, origin: Option<Message>) -> Self {
        let edge = Hop { state: State::Failed, drawing: Drawing::Warning, words: Some(words) };
        let origin = Hop { state: State::Idle, drawing: Drawing::Server, words: origin };
        Self { heading, clears_client: true, lead, edge, origin }
    }
}

const NOT_REACHED: Story = Story::of_origin(
    Message::UnreachableHeading,
    Message::UnreachableLead,
    State::Failed,
    Drawing::Plug,
    Message::Unreachable,
);
const LOST: Story =
    Story::of_origin(Message::LostHeading, Message::LostLead, State::Failed, Drawing::Plug, Message::Lost);
const BAD_ANSWER: Story = Story::of_origin(
    Message::BadAnswerHeading,
    Message::BadAnswerLead,
    State::Failed,
    Drawing::Page,
    Message::BadAnswer,
);
const TOO_LATE: Story = Story::of_origin(
    Message::TooLateHeading,
    Message::TooLateLead,
    State::Late,
    Drawing::Clock,
    Message::TooLate,
);
const UNAVAILABLE: Story = Story::of_origin(
    Message::UnavailableHeading,
    Message::UnavailableLead,
    State::Failed,
    Drawing::Sign,
    Message::Unavailable,
);
const FAILED: Story = Story::of_origin(
    Message::FailedHeading,
    Message::FailedLead,
    State::Failed,
    Drawing::Warning,
    Message::Failed,
);
/// Nothing has failed, and nothing was asked.
const CLOSED: Story = Story {
    clears_client: false,
    ..Story::of_origin(
        Message::MaintenanceHeading,
        Message::MaintenanceLead,
        State::Idle,
        Drawing::Wrench,
        Message::Maintenance,
    )
};
const CIRCLE: Story =
    Story::of_edge(Message::CircleHeading, Message::CircleLead, Message::Circle, Some(Message::NotAsked));
const MISCONFIGURED: Story = Story::of_edge(
    Message::NetworkHeading,
    Message::MisconfiguredLead,
    Message::Misconfigured,
    Some(Message::NotAsked),
);
/// Nobody knows any more whether the origin was asked.
const EDGE_FAILED: Story =
    Story::of_edge(Message::NetworkHeading, Message::NetworkLead, Message::Failed, None);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_words_that_do_not_promise_too_much() {
        for (seconds, words) in [
            (None, Message::Minutes),
            (Some(0), Message::Moment),
            (Some(10), Message::Moment),
            (Some(60), Message::Minute),
            (Some(600), Message::Minutes),
            (Some(1800), Message::HalfHour),
            (Some(3600), Message::Hour),
            (Some(7200), Message::Hours),
            (Some(100_000), Message::Days),
            (Some(u64::MAX), Message::Days),
        ] {
            assert_eq!(when(seconds), words, "{seconds:?}");
        }
    }
}
