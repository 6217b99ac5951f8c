//! What is counted of an exchange.

use http::StatusCode;

use super::context::Context;
use super::flush;
use super::observing::{self, Touched};
use super::record::Record;
use crate::health::counters::{Counters, Event};
use crate::health::sample::TouchedRequest;
use crate::health::{AttemptKind, count_lines};
use crate::origin;
use crate::origin::retry::Stop;
use crate::origin::{Attempt, AttemptResult};
use crate::ports::{Dice, Health, Memory, Ports};
use crate::report::Outcome;
use crate::time::Timestamp;

/// Counts what the exchange came to; `status` is that of the answer, `None` if nobody waited for one.
///
/// If the counts are due to be flushed, that is done behind this answer: no request does it for itself alone.
pub(super) fn count<P: Ports>(ctx: &Context<P>, record: &Record, status: Option<StatusCode>) {
    let is_of_no_account =
        matches!(record.outcome, Outcome::Operator | Outcome::ClientGone | Outcome::ClientError);
    if !ctx.ports().bindings().count() || is_of_no_account || ctx.drill.is_some() {
        return;
    }
    let touched = touched(record, status);
    if let (Some(touched), Some(_)) = (touched, status) {
        observing::visitor(ctx, touched);
    }
    let now = ctx.now();
    ctx.ports().isolate().counters(|counters| {
        note(counters, record, status, touched, now);
        if let Some(status) = status.filter(|_| ctx.ports().bindings().health) {
            note_visitor(ctx, counters, record, status, touched, now);
        }
    });
    flush::if_due(ctx);
}

/// Counts that the circuit of an origin has opened, by what this isolate itself has seen of it.
pub(super) fn count_opened<P: Ports>(ctx: &Context<P>, origin: usize, because: origin::AttemptResult) {
    if ctx.ports().bindings().count() {
        let now = ctx.now();
        ctx.ports().isolate().counters(|counters| counters.count(Event::Opened(origin, because.into()), now));
    }
}

fn note(
    counters: &mut Counters,
    record: &Record,
    status: Option<StatusCode>,
    touched: Option<Touched>,
    now: Timestamp,
) {
    if let Some(status) = status {
        let status = if status.is_server_error() { status.as_u16() } else { 0 };
        counters.count(Event::Answer(record.outcome, status), now);
    }
    for attempt in record.attempts.iter().filter(|attempt| !attempt.is_cut_short) {
        counters.count(Event::Try(attempt.origin, attempt.end.into()), now);
    }
    if let Some(Touched { origin, because, outcome, .. }) = touched {
        counters.count(Event::Touched(origin, because.into(), outcome), now);
    }
}

/// What the object alone is told: how long the visitor and the attempts waited, what the visitor got, and perhaps who it
/// was.
fn note_visitor<P: Ports>(
    ctx: &Context<P>,
    counters: &mut Counters,
    record: &Record,
    status: StatusCode,
    touched: Option<Touched>,
    now: Timestamp,
) {
    let is_stale = count_lines::is_stale(record.outcome.word());
    counters.seen().served(is_stale, status.is_server_error(), now);
    counters.took(None, now.since(ctx.began_at), now);
    let answered = |attempt: &&Attempt| matches!(attempt.end, AttemptResult::Answered(_));
    for attempt in record.attempts.iter().filter(answered) {
        counters.took(Some(attempt.origin), attempt.took, now);
    }
    if let Some(Touched { origin, because, outcome, .. }) = touched {
        counters.sample().offer(
            || ctx.ports().roll(),
            || {
                let (names, country) = TouchedRequest::names(&ctx.request);
                let (kind, status) = (because.into(), status.as_u16());
                TouchedRequest { at: now, status, origin, kind, outcome, names, country }
            },
        );
    }
}

/// The failure that touched the request, if one did.
fn touched(record: &Record, status: Option<StatusCode>) -> Option<Touched> {
    let attempts = record.attempts.iter().filter(|attempt| !attempt.is_cut_short);
    let failed = attempts.rev().find(|attempt| AttemptKind::from(attempt.end) != AttemptKind::Ok);
    let (origin, because, refused_by) = match (failed, record.stop.and_then(Stop::open_circuit)) {
        (Some(attempt), _) => (attempt.origin, attempt.end, None),
        // Nothing was tried because of what was seen before, by default at the first origin.
        (None, Some(open)) => (0, open.because, Some(open)),
        // Another request tried for it.
        (None, None) => (0, record.shared_failure()?, None),
    };
    let is_error = status.is_some_and(|status| status.is_server_error());
    Some(Touched { origin, because, refused_by, outcome: record.outcome, is_error })
}
