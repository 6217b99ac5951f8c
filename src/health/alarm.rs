//! The object's alarm. What is due when it rings, and when does it ring next?

use super::alert::{self, Delivery};
use super::incident;
use super::settings::Settings;
use super::sql::Sql;
use super::state::State;
use crate::time::Timestamp;

/// The alerts to send when the alarm rings, and the time of the next alarm.
///
/// Sending an alert may take at most the first of [`alert::WAITS`]. The caller reports the result to [`delivered`].
pub fn wake(sql: &impl Sql, now: Timestamp, settings: Settings<'_>) -> (Vec<Delivery>, Option<Timestamp>) {
    State::open(sql, now);
    incident::end_quiet(sql, now);
    let deliveries = alert::due(sql, now, settings);
    (deliveries, next(sql))
}

/// Records whether the alert of this id was accepted (2xx). Returns the time of the next alarm.
pub fn delivered(sql: &impl Sql, id: &str, ok: bool, now: Timestamp) -> Option<Timestamp> {
    alert::settle(sql, id, ok, now);
    next(sql)
}

/// The time of the next alarm: the next end of an incident, or the next alert.
pub(super) fn next(sql: &impl Sql) -> Option<Timestamp> {
    incident::next_end(sql).into_iter().chain(alert::next(sql)).min()
}
