//! The kind of an error: everything that decides its text except the configuration and the slots.

use super::error::{Cause, ErrorPage, Occasion, Outcome};
use super::form::{Form, is_graphql_address};
use super::sanitise::is_plain_id;
use super::slots::SlotValues;
use super::words::when;
use crate::language::{Language, Message};

/// Two errors of one kind, under one configuration, differ in their slots only.
///
/// A request chooses among the values here. It cannot write text into them, so a page may be cached by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) form: Form,
    pub(super) cause: Cause,
    pub(super) language: Language,
    pub(super) outcome: Option<Outcome>,
    /// When to come back, in words.
    pub(super) when: Message,
    /// Whether the answer has a `Retry-After`.
    pub(super) has_retry_after: bool,
    /// Whether the page is for one status.
    pub(super) has_one_status: bool,
    /// Whether the page is for one request.
    pub(super) is_of_one_request: bool,
    /// Whether a reload repeats the request.
    pub(super) can_reload: bool,
    pub(super) is_retryable: bool,
    pub(super) has_id: bool,
    /// Whether the id can end a URN.
    pub(super) has_plain_id: bool,
    /// Whether the end of a maintenance is known.
    pub(super) has_end: bool,
    pub(super) is_graphql: bool,
}

impl Kind {
    pub(super) fn of(error: &ErrorPage<'_>, form: Form, values: &SlotValues) -> Self {
        let seconds = error.retry_after_seconds();
        Self {
            form,
            cause: error.cause,
            language: Language::lookup(&error.request.headers, &error.page.languages),
            outcome: error.outcome(),
            when: when(seconds),
            has_retry_after: seconds.is_some(),
            has_one_status: error.occasion != Occasion::AnyStatusLater,
            is_of_one_request: matches!(error.occasion, Occasion::At(_)),
            can_reload: error.can_reload(),
            is_retryable: error.is_retryable(),
            has_id: !values.id.is_empty(),
            has_end: !values.until.is_empty(),
            has_plain_id: is_plain_id(&values.id),
            is_graphql: is_graphql_address(error.request),
        }
    }
}
