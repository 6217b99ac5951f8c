//! Ingest. What does the object do with the counts of an isolate, and what does it reply?

use super::alarm;
use super::count_lines::{self, CountLine};
use super::flush_reply;
use super::incident;
use super::origins::Origins;
use super::settings::Settings;
use super::sql::{Param, Sql, number};
use super::state::State;
use crate::time::Timestamp;

/// The reply to a flush.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What the isolate gets: see [`flush_reply`].
    pub text: String,
    /// When [`alarm::wake`] is due if nothing else comes. The caller moves a later alarm here, and leaves an earlier one.
    pub wake_at: Option<Timestamp>,
}

/// Takes in what an isolate has counted since its last flush.
///
/// A text that is no count adds nothing, and gets the same reply.
pub fn report(sql: &impl Sql, text: &str, now: Timestamp, settings: Settings<'_>) -> Reply {
    let state = State::open(sql, now).at(sql, now, settings.dashboard);
    let mut origins = Origins::load(sql);
    let mut lines = count_lines::read(text, now);
    lines.retain(|line| line.minute >= state.folded && origins.admits(line.origin));
    for line in &lines {
        count(sql, line);
    }
    origins.note(&lines, now);
    origins.save(sql, now);
    incident::end_quiet(sql, now);
    incident::update(sql, &lines, now, settings);
    let text = flush_reply::flush(state.flush_s) + &findings(sql, &origins, now);
    Reply { text, wake_at: alarm::next(sql) }
}

/// Adds a line to its bucket.
fn count(sql: &impl Sql, line: &CountLine<'_>) {
    const COUNT: &str = "INSERT INTO counts (minute, origin, what, n) VALUES (?, ?, ?, ?) \
         ON CONFLICT (minute, origin, what) DO UPDATE SET n = n + excluded.n";
    let what = line.what.to_string();
    sql.exec(COUNT, &[number(line.minute), Param::Text(line.origin), Param::Text(&what), number(line.n)]);
}

/// The origins that are down as a whole, and those that have recovered.
fn findings(sql: &impl Sql, origins: &Origins, now: Timestamp) -> String {
    let mut text = String::new();
    for known in &origins.0 {
        if let Some(down) = known.down(sql, now).filter(|_| known.was_opened(sql, now)) {
            text += &flush_reply::down(&known.name, &down.end, down.since);
        } else if let Some(since) = known.up(sql, now) {
            text += &flush_reply::up(&known.name, since);
        }
    }
    text
}
