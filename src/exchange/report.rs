//! The report of an exchange: one, after the answer has left.

use http::StatusCode;

use super::apart::aside;
use super::context::Context;
use super::received::BodyEnd;
use super::record::Record;
use crate::origin::Attempt;
use crate::origin::failure::{self, Failure};
use crate::origin::retry::Stop;
use crate::ports::{self, Background, Dice, Ports, Reporter};
use crate::report::{AttemptReport, Facts, Report};
use crate::time::millis;

/// Reports the exchange, if there is anything to say or it is one of those that are reported anyway.
pub(super) fn report<P: Ports>(
    ctx: &Context<P>,
    record: &Record,
    status: Option<StatusCode>,
    end: Option<&ports::RelayEnd>,
    is_sampled: bool,
) {
    if is_sampled || ctx.drill.is_some() || !record.is_plain_sailing(status, end) {
        aside(|| ctx.ports().report(&line(ctx, record, status, end)));
    }
}

/// Reports the exchange behind the answer: once its body has ended, where that is observed, else at once. A piped body is
/// observed only as long as the client is there.
pub(super) fn report_behind<P: Ports>(
    ctx: &Context<P>,
    record: Record,
    status: StatusCode,
    end: Option<BodyEnd>,
    is_piped: bool,
) {
    let (status, is_sampled) = (Some(status), ctx.config.log.sample.is_drawn(|| ctx.ports().roll()));
    let Some(end) = end else { return report(ctx, &record, status, None, is_sampled) };
    let this = ctx.clone();
    let reporting = async move {
        let end = end.await;
        report(&this, &record, status, Some(&end), is_sampled);
    };
    if is_piped {
        ctx.ports().attend(reporting);
    } else {
        ctx.ports().spawn(reporting);
    }
}

fn line<P: Ports>(
    ctx: &Context<P>,
    record: &Record,
    status: Option<StatusCode>,
    end: Option<&ports::RelayEnd>,
) -> Report {
    let now = ctx.now();
    let body_failure = match end {
        Some(ports::RelayEnd::Torn(rejection)) => Some(failure::of_rejected_body(rejection)),
        Some(ports::RelayEnd::Mismatched) => Some(Failure::BodyCutShort),
        Some(ports::RelayEnd::Whole(_) | ports::RelayEnd::ClientGone) | None => None,
    };
    let touched = record.touched_by();
    Report::of(Facts {
        at: now,
        request: &ctx.request,
        route: ctx.policy.route,
        outcome: record.outcome,
        drill: ctx.drill.is_some(),
        status,
        cause: touched.map(|(cause, _)| cause),
        received_status: touched.and_then(|(_, received)| received),
        attempts: record.attempts.iter().map(|attempt| attempt_report(ctx, attempt)).collect(),
        stale_age: record.stale_age,
        stale_forbidden: record.stale_forbidden,
        last_good_refused: record.last_good_refused,
        not_stored: record.not_stored,
        body_failure,
        resumed: record.resumed(),
        digest_mismatch: end == Some(&ports::RelayEnd::Mismatched),
        stop: record.stop.and_then(Stop::word),
        opened_by: record.stop.and_then(Stop::open_circuit).map(|open| open.because.word()),
        total: now.since(ctx.began_at),
        mistakes: &record.mistakes,
    })
}

fn attempt_report<P: Ports>(ctx: &Context<P>, attempt: &Attempt) -> AttemptReport {
    AttemptReport {
        origin: ctx.config.origin_name(attempt.origin).to_owned(),
        ms: millis(attempt.took),
        waited_ms: millis(attempt.waited),
        status: attempt.end.received_status(),
        error: attempt.end.failure().map(|failure| failure.error().token()),
    }
}
