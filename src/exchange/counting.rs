//! What is counted of an exchange, and how the counts get to where all isolates' are gathered.

use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;

use super::context::Context;
use super::record::Record;
use crate::config::Config;
use crate::endpoint::HERE;
use crate::health::AttemptKind;
use crate::health::counters::{Counters, Event};
use crate::health::flush_reply::FlushReply;
use crate::origin::breaker::OpenCircuit;
use crate::origin::retry::Stop;
use crate::origin::{self, HealthSignal};
use crate::ports::{Background, Health, Memory, Ports, Runtime};
use crate::report::Outcome;
use crate::request::Target;
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
    let now = ctx.now();
    let due = ctx.ports().isolate().counters(|counters| {
        note(counters, record, status, now);
        counters.claim_flush(now)
    });
    if let Some(wait) = due {
        let (ports, config) = (ctx.ports().clone(), Rc::clone(&ctx.config));
        let dashboard = dashboard_at(&ctx.request.target);
        ctx.ports().spawn(async move { flush(&ports, &config, &dashboard, wait).await });
    }
}

/// Counts that the circuit of an origin has opened, by what this isolate itself has seen of it.
pub(super) fn count_opened<P: Ports>(ctx: &Context<P>, origin: usize, because: origin::AttemptResult) {
    if ctx.ports().bindings().count() {
        let now = ctx.now();
        ctx.ports().isolate().counters(|counters| counters.count(Event::Opened(origin, because.into()), now));
    }
}

fn note(counters: &mut Counters, record: &Record, status: Option<StatusCode>, now: Timestamp) {
    if let Some(status) = status {
        let status = if status.is_server_error() { status.as_u16() } else { 0 };
        counters.count(Event::Answer(record.outcome, status), now);
    }
    let attempts = || record.attempts.iter().filter(|attempt| !attempt.is_cut_short);
    for attempt in attempts() {
        counters.count(Event::Try(attempt.origin, attempt.end.into()), now);
    }
    let failed = attempts().rev().find(|attempt| AttemptKind::from(attempt.end) != AttemptKind::Ok);
    let touched = match (failed, record.stop.and_then(Stop::open_circuit)) {
        (Some(attempt), _) => Some((attempt.origin, attempt.end)),
        // Nothing was tried because of what was seen before, by default at the first origin.
        (None, Some(OpenCircuit { because, .. })) => Some((0, because)),
        (None, None) => None,
    };
    if let Some((origin, end)) = touched {
        counters.count(Event::Touched(origin, end.into(), record.outcome), now);
    }
}

/// Where operators see more, at the host of `target`.
pub(super) fn dashboard_at(target: &Target) -> String {
    format!("{}://{}{HERE}/status", target.scheme(), target.authority())
}

/// Flushes the counts after `wait`, and takes in what others have found out.
pub(super) async fn flush<P: Runtime>(ports: &P, config: &Config, dashboard: &str, wait: Duration) {
    ports.sleep(wait).await;
    let counts = ports.isolate().counters(Counters::take);
    if counts.is_empty() {
        return;
    }
    let name = |origin: usize| config.origin_name(origin).to_owned();
    let Some(reply) = ports.flush(&counts.written(name), dashboard).await else {
        return ports.isolate().counters(|counters| counters.put_back(counts));
    };
    let reply = FlushReply::read(&reply);
    let (now, settings) = (ports.now(), &config.defaults.breaker);
    if let Some(span) = reply.gather_for {
        ports.isolate().counters(|counters| counters.gather_for(span));
    }
    for origin in 0..config.origin_count() {
        let is_this = |name: &str| name == config.origin_name(origin);
        let down =
            reply.down.iter().find(|(name, _)| is_this(name)).and_then(|(_, end)| AttemptKind::of_word(end));
        let down = down.filter(|end| end.health_signal() == HealthSignal::Unhealthy);
        let up = reply.up.iter().find(|(name, _)| is_this(name));
        ports.isolate().origin_state(origin, |state| match (down, up) {
            (Some(end), _) => {
                state.breaker.open_whole_on_hint(end.attempt(), settings.open_for, settings, now)
            }
            (None, Some((_, at))) => state.breaker.try_early(*at, now),
            (None, None) => {}
        });
    }
}
