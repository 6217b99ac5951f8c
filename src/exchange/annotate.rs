//! The fields that say what was done: `Cache-Status`, `Proxy-Status`, `Server-Timing`.

use super::access;
use super::context::Context;
use super::record::Record;
use crate::cache::key::Key;
use crate::cache::purge::CACHE_TAG;
use crate::cache::storable::NotStored;
use crate::origin::drill::DRILL;
use crate::ports::{Answer, Headers, Ports};
use crate::report::Outcome;
use crate::response::fields::{self, CACHE_STATUS, CacheStatus, CacheVerdict, PROXY_STATUS, SERVER_TIMING};

/// Adds the fields of RFC 9211 and RFC 9209, the timing and the mark of a drill.
pub(super) fn annotate<P: Ports>(ctx: &Context<P>, answer: &mut Answer<P::Body>, record: &Record) {
    let touched = record.touched_by();
    let mut append = Vec::new();
    if record.outcome != Outcome::ErrorPage
        && let Some(status) = cache_status(ctx, record)
    {
        append.push((CACHE_STATUS, status.to_value()));
    }
    if let Some((cause, received)) = touched {
        let value = fields::proxy_status(ctx.name(), &cause, received);
        append.extend(value.map(|value| (PROXY_STATUS, value)));
    }
    append.extend(ctx.drill.as_ref().map(|drill| (DRILL, drill.mark())));
    if let Some(timing) = fields::server_timing(&record.attempts, ctx.config.origins.len()) {
        append.push((SERVER_TIMING, timing));
    }
    match &mut answer.headers {
        Headers::Edited(edits) => edits.append.extend(append),
        Headers::Own(headers) => {
            headers.remove(CACHE_TAG);
            for (name, value) in append {
                headers.append(name, value);
            }
        }
    }
}

fn cache_status<'a, P: Ports>(ctx: &Context<P>, record: &'a Record) -> Option<CacheStatus<'a>> {
    let verdict = match record.outcome {
        Outcome::Hit | Outcome::StaleWhileRevalidate => CacheVerdict::Hit,
        Outcome::Origin
        | Outcome::Retried
        | Outcome::Revalidated
        | Outcome::Stale
        | Outcome::StaleWhileSlow
        | Outcome::LastGood
        | Outcome::Collapsed
        | Outcome::RefreshFailed
        | Outcome::OnlyIfCached
        | Outcome::ClientGone
        | Outcome::ClientError
        | Outcome::Operator
        | Outcome::Maintenance
        | Outcome::ErrorPage => CacheVerdict::Forward(match record.bypass {
            Some(bypass) => bypass.into(),
            None => record.forwarded?,
        }),
    };
    let received = record.attempts.last().and_then(|attempt| attempt.end.received_status());
    let mut status = CacheStatus::new(verdict);
    status.fwd_status = received.filter(|_| record.outcome != Outcome::Origin);
    status.stored = record.stored;
    status.collapsed = record.has_waited && record.attempts.is_empty();
    status.ttl = record.ttl;
    let is_last_good = record.outcome == Outcome::LastGood;
    let is_other = record.ignored_query.then_some("ignore_query");
    status.detail =
        is_last_good.then_some("last_good").or(is_other).or(record.not_stored.map(NotStored::word));
    status.key = record.key.as_ref().filter(|_| access::is_for_operator(ctx)).map(Key::as_str);
    Some(status)
}
