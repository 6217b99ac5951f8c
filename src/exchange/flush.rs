//! How what was counted and seen gets to the object in which all isolates' is gathered, and what comes back.

use std::rc::Rc;

use super::apart::apart;
use super::context::Context;
use crate::config::Config;
use crate::endpoint::HERE;
use crate::health::AttemptKind;
use crate::health::counters::Counters;
use crate::health::flush_reply::FlushReply;
use crate::health::version_line;
use crate::origin::HealthSignal;
use crate::ports::{Background, Clock, Memory, Ports, Runtime};
use crate::request::Target;

/// Flushes behind the answer what was counted, if nobody does and it is due.
pub(super) fn if_due<P: Ports>(ctx: &Context<P>) {
    let now = ctx.now();
    if let Some(wait) = ctx.ports().isolate().counters(|counters| counters.claim_flush(now)) {
        let (ports, config) = (ctx.ports().clone(), Rc::clone(&ctx.config));
        let dashboard = dashboard_at(&ctx.request.target);
        ctx.ports().spawn(async move {
            ports.sleep(wait).await;
            apart(flush(&ports, &config, &dashboard)).await;
        });
    }
}

/// Where operators see more, at the host of `target`.
pub(super) fn dashboard_at(target: &Target) -> String {
    format!("{}://{}{HERE}/status", target.scheme(), target.authority())
}

/// Flushes the counts, and takes in what others have found out.
pub(super) async fn flush<P: Runtime>(ports: &P, config: &Config, dashboard: &str) {
    let counts = ports.isolate().counters(Counters::take);
    if counts.is_empty() {
        return;
    }
    let name = |origin: usize| config.origin_name(origin).to_owned();
    let mut text = counts.written(name);
    if let Some((id, tag)) = ports.version() {
        text += &version_line(id, tag, ports.now());
    }
    let Some(reply) = ports.flush(&text, dashboard).await else {
        return ports.isolate().counters(|counters| counters.put_back(counts));
    };
    let reply = FlushReply::read(&reply);
    let (now, settings) = (ports.now(), &config.defaults.breaker);
    let origin_of =
        |name: &str| (0..config.origin_count()).find(|origin| config.origin_name(*origin) == name);
    let watched = reply.watch.into_iter().filter_map(|(name, place)| Some((origin_of(&name)?, place)));
    ports.isolate().counters(|counters| counters.seen().watch(watched.collect()));
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
