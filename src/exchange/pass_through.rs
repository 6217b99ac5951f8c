//! An origin's answer on its way to the client.

use http::StatusCode;

use super::context::Context;
use super::received::{BodyEnd, Guarded, Received};
use super::record::Record;
use super::unfinished::UnfinishedResponse;
use crate::cache::purge::CACHE_TAG;
use crate::cache::validation;
use crate::fields::{Edits, hop_by_hop};
use crate::ports::{AnswerBody, Origin, Ports, Relay};

/// The answer as it came, less what concerns only the connection to the origin.
pub(super) fn pass_through<P: Ports>(
    ctx: &Context<P>,
    received: Received<P::Body>,
    record: &mut Record,
) -> UnfinishedResponse<P::Body> {
    let status = received.status_code();
    let mut edits = Edits::default();
    if received.status != 101 {
        edits.remove = hop_by_hop(&received.headers);
        edits.remove.extend(received.headers.contains_key(CACHE_TAG).then_some(CACHE_TAG));
    }
    let Received { body, rewritten, resumed, .. } = received;
    record.resumed = resumed;
    edits.set = rewritten;
    let mut is_piped = false;
    let (body, end) = match body {
        Guarded::Bare(body) | Guarded::Whole(body, _) => (body, None),
        // Its length tells the client whether it is whole.
        Guarded::Stream { body, length: length @ Some(_), begun, .. }
            if !ctx.policy.settings.body.monitor =>
        {
            let relay = |body| ctx.ports().relay(body, length, None, None, None).client;
            (if begun { relay(body) } else { body }, None)
        }
        Guarded::Stream { body, length, idle, resume, .. } => {
            is_piped = resume.is_none();
            let Relay { client, end, .. } = ctx.ports().relay(body, length, idle, None, resume);
            (client, Some(Box::pin(end) as BodyEnd))
        }
        Guarded::Relayed { client, end } => (client, Some(end)),
    };
    UnfinishedResponse { end, is_piped, ..UnfinishedResponse::edited(status, edits, body) }
}

/// The same for an answer to a request with conditions of ours: the client's own conditions decide whether it gets a 304.
pub(super) fn under_conditions<P: Ports>(
    ctx: &Context<P>,
    received: Received<P::Body>,
    record: &mut Record,
) -> UnfinishedResponse<P::Body> {
    let (request, status) = (&ctx.request, received.status_code());
    if !validation::not_modified(&request.method, &request.headers, status, &received.headers) {
        return pass_through(ctx, received, record);
    }
    let headers = validation::not_modified_headers(&received.headers_to_store());
    let mut response = UnfinishedResponse::own(StatusCode::NOT_MODIFIED, headers, AnswerBody::Empty);
    match received.body {
        Guarded::Relayed { client, end } => {
            ctx.ports().cancel(client);
            response.end = Some(end);
        }
        Guarded::Bare(body) | Guarded::Whole(body, _) | Guarded::Stream { body, .. } => {
            ctx.ports().cancel(body);
        }
    }
    response
}
