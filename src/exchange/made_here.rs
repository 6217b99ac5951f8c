//! Answers that are made here: pages, and what a client gets without anything stored or left to send.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::context::Context;
use super::cors;
use super::record::Record;
use super::unfinished::UnfinishedResponse;
use crate::origin::failure::Lapse;
use crate::ports::{AnswerBody, Ports};
use crate::report::Outcome;
use crate::response::error::{Cause, ErrorPage, Occasion};
use crate::response::fields::{self, PROXY_STATUS};
use crate::response::form::Form;
use crate::time::Timestamp;

/// The error page for `cause`, in a form that the client can use.
pub(super) fn error_page<P: Ports>(
    ctx: &Context<P>,
    cause: Cause,
    retry_after: Option<Duration>,
    may_have_acted: bool,
    record: &mut Record,
) -> UnfinishedResponse<P::Body> {
    page_instead(ctx, cause, retry_after, may_have_acted, HeaderMap::new(), record)
}

/// The error page for `cause` in place of the origin's own, of which these fields are `kept`.
pub(super) fn page_instead<P: Ports>(
    ctx: &Context<P>,
    cause: Cause,
    retry_after: Option<Duration>,
    may_have_acted: bool,
    kept: HeaderMap,
    record: &mut Record,
) -> UnfinishedResponse<P::Body> {
    record.outcome = Outcome::ErrorPage;
    record.cause = Some(cause);
    let error = ErrorPage {
        retry_after,
        unknown_outcome: may_have_acted && !ctx.request.is_safe(),
        ..error(ctx, cause)
    };
    page(ctx, &error, kept)
}

/// The error `cause` of this request, as far as nothing else is known.
fn error<P: Ports>(ctx: &Context<P>, cause: Cause) -> ErrorPage<'_> {
    ErrorPage {
        cause,
        request: &ctx.request,
        page: &ctx.policy.settings.page,
        occasion: Occasion::At(ctx.now()),
        retry_after: None,
        unknown_outcome: false,
        until: None,
    }
}

/// The page of a site that is closed until a time, if that is known.
pub(super) fn maintenance_page<P: Ports>(
    ctx: &Context<P>,
    retry_after: Duration,
    until: Option<Timestamp>,
) -> UnfinishedResponse<P::Body> {
    let error = ErrorPage { retry_after: Some(retry_after), until, ..error(ctx, Cause::Maintenance) };
    page(ctx, &error, HeaderMap::new())
}

/// The page alone, whatever it counts as, with the fields that are `kept`.
fn page<P: Ports>(ctx: &Context<P>, error: &ErrorPage<'_>, kept: HeaderMap) -> UnfinishedResponse<P::Body> {
    let (mut headers, text) = error.render(Form::of(error.request));
    // `Vary` has more than one line.
    for (name, value) in &cors::fields(ctx) {
        headers.append(name, value.clone());
    }
    headers.extend(kept);
    UnfinishedResponse::own(error.cause.status(), headers, text.map_or(AnswerBody::Empty, AnswerBody::Text))
}

/// What a client gets that wants a stored response or none (RFC 9111 §5.2.1.7).
pub(super) fn nothing_stored<B>(record: &mut Record) -> UnfinishedResponse<B> {
    record.outcome = Outcome::OnlyIfCached;
    let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]);
    UnfinishedResponse::own(StatusCode::GATEWAY_TIMEOUT, headers, AnswerBody::Empty)
}

/// The end of an exchange whose client did not send its request completely, or in a way in which it cannot be sent on. The
/// client may listen all the same.
pub(super) fn client_gone<P: Ports>(
    ctx: &Context<P>,
    lapse: Lapse,
    record: &mut Record,
) -> UnfinishedResponse<P::Body> {
    record.outcome = match lapse {
        Lapse::Gone => Outcome::ClientGone,
        Lapse::Broken | Lapse::Stalled | Lapse::Unmeasured | Lapse::TooLarge => Outcome::ClientError,
    };
    let mut headers = HeaderMap::from_iter([
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
    ]);
    headers.extend(fields::request_error(ctx.name()).map(|value| (PROXY_STATUS, value)));
    UnfinishedResponse::own(lapse.status(), headers, AnswerBody::Text(lapse.what().to_owned()))
}
