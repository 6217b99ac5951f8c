//! Ingest. What does the object do with what an isolate tells, and what does it reply?

use super::alarm;
use super::count_lines;
use super::flush_reply;
use super::incident;
use super::latency;
use super::merge;
use super::observation;
use super::origins::{self, Origins};
use super::parts::Parts;
use super::place;
use super::recent;
use super::settings::Settings;
use super::sql::Sql;
use super::state::{self, State};
use super::times;
use crate::report::cut;
use crate::time::Timestamp;

/// The reply to a flush.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What the isolate gets: see [`flush_reply`].
    pub text: String,
    /// When [`alarm::wake`] is due if nothing else comes. The caller moves a later alarm here, and leaves an earlier one.
    pub wake_at: Option<Timestamp>,
}

/// Takes in what an isolate has counted and seen since its last flush.
///
/// A text that is neither adds nothing, and gets the same reply.
///
/// `reports` of isolates are in it, by which the object knows how many isolates there are; what a shard tells is none, as
/// the shard counts its isolates itself.
pub fn report(sql: &impl Sql, text: &str, reports: u64, now: Timestamp, settings: Settings<'_>) -> Reply {
    let state = State::open(sql, now).at(sql, now, settings.dashboard, reports);
    // Rows written are what it costs.
    let text = &merge::merged(cut(text, count_lines::MOST_BYTES), now).concat();
    let mut origins = Origins::load(sql);
    let mut lines = count_lines::read(text, now);
    lines.retain(|line| line.minute >= state.folded && origins.admits(line.origin));
    for line in &lines {
        state::count(sql, line.minute, line.origin, &line.what.to_string(), line.n);
    }
    for took in latency::read(text, now) {
        if took.minute >= state.folded && origins.admits(took.origin) {
            times::add(sql, &took);
        }
    }
    let mut observations = observation::read(text, now);
    observations.retain(|observation| origins.admits(observation.origin));
    origins.note(&lines, now);
    origins.save(sql, now);
    recent::take(sql, text, &observations, now);
    incident::end_quiet(sql, now);
    let mut parts = Parts::load(sql);
    parts.take(&observations);
    incident::update(sql, &parts, &observations, now, settings);
    place::judge(sql, &mut parts, &observations, now, settings);
    place::widen(sql, &mut parts, now, settings);
    let open = incident::open(sql);
    parts.save(sql, |key| open.iter().any(|open| open.key == *key));
    let text = flush_reply::flush(state.flush_s) + &origins::findings(sql, &origins, &parts, now);
    Reply { text, wake_at: alarm::next(sql) }
}
