//! A stored response on its way to the client: with its age, and as a 304, a part or a head where the client asked so.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::context::Context;
use super::lookup::Found;
use super::record::Record;
use super::unfinished::UnfinishedResponse;
use crate::cache::entry::Stored;
use crate::cache::range::{self, Multipart, Selection};
use crate::cache::{freshness, validation};
use crate::fields::Edits;
use crate::ports::{AnswerBody, Dice, Origin, Ports};

pub(super) fn stored_answer<P: Ports>(
    ctx: &Context<P>,
    found: Found<P::Body>,
    record: &mut Record,
) -> UnfinishedResponse<P::Body> {
    let Found { stored, body, has_head, .. } = found;
    let age = age(ctx, &stored, record);
    let request = &ctx.request;
    if validation::not_modified(&request.method, &request.headers, stored.status, &stored.headers) {
        ctx.ports().cancel(body);
        let mut headers = validation::not_modified_headers(&stored.headers);
        headers.insert(header::AGE, age);
        return UnfinishedResponse::own(StatusCode::NOT_MODIFIED, headers, AnswerBody::Empty);
    }
    let selection = range::select(&request.method, &request.headers, &stored);
    let has_body = request.method != Method::HEAD && stored.length != Some(0);
    if has_head && has_body && matches!(selection, Selection::Whole) {
        let edits = Edits { set: vec![(header::AGE, age)], ..Edits::default() };
        return UnfinishedResponse::edited(stored.status, edits, body);
    }
    let mut headers = HeaderMap::clone(&stored.headers);
    headers.insert(header::AGE, age);
    let (status, body) = select(ctx, selection, stored.status, &mut headers, body);
    match body {
        Some(body) if has_body => UnfinishedResponse::own(status, headers, AnswerBody::Handle(body)),
        Some(body) => {
            ctx.ports().cancel(body);
            UnfinishedResponse::own(status, headers, AnswerBody::Empty)
        }
        None => UnfinishedResponse::own(status, headers, AnswerBody::Empty),
    }
}

/// The value of `Age`. Records the age of a stale response, and the freshness left.
fn age<P: Ports>(ctx: &Context<P>, stored: &Stored, record: &mut Record) -> HeaderValue {
    let (age, lifetime) =
        (freshness::age(stored, ctx.now()), freshness::lifetime(stored, &ctx.policy.settings.cache));
    record.ttl = Some(seconds(lifetime).saturating_sub(seconds(age)));
    if age >= lifetime {
        record.stale_age = Some(age);
    }
    HeaderValue::from(age.as_secs())
}

/// Status and body for the selected range, with its fields put into `headers`.
fn select<P: Ports>(
    ctx: &Context<P>,
    selection: Selection,
    status: StatusCode,
    headers: &mut HeaderMap,
    body: P::Body,
) -> (StatusCode, Option<P::Body>) {
    headers.extend(selection.content_range().map(|value| (header::CONTENT_RANGE, value)));
    match selection {
        Selection::Whole => (status, Some(body)),
        Selection::Part { span, .. } => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(span.length));
            (StatusCode::PARTIAL_CONTENT, Some(ctx.ports().slice(body, &[span], &[])))
        }
        Selection::Parts { spans, total } => {
            let kind = headers.get(header::CONTENT_TYPE);
            let Some(multipart) = Multipart::new(&spans, total, kind, &boundary(ctx)) else {
                return (status, Some(body));
            };
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(multipart.length(&spans)));
            headers.insert(header::CONTENT_TYPE, multipart.content_type);
            let body = ctx.ports().slice(body, &spans, &multipart.around);
            (StatusCode::PARTIAL_CONTENT, Some(body))
        }
        Selection::Unsatisfiable { .. } => {
            ctx.ports().cancel(body);
            headers.remove(header::CONTENT_LENGTH);
            (StatusCode::RANGE_NOT_SATISFIABLE, None)
        }
    }
}

/// What stands between the parts of a body and in none of them: by chance alone, as nobody reads the body.
fn boundary<P: Ports>(ctx: &Context<P>) -> String {
    let part = || (ctx.ports().roll() * f64::from(u32::MAX)) as u32;
    format!("{:08x}{:08x}{:08x}{:08x}", part(), part(), part(), part())
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}
