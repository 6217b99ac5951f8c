//! Alerts. When is each sent, and when again if that fails?
//!
//! An incident has one alert for its beginning and one for its end. An alert is due until it is accepted or has failed too
//! often. Its next attempt is stored before it is sent, so that it is sent again if the object dies meanwhile. So an alert
//! arrives at least once, always with the same id. The end waits for the beginning.

use std::time::Duration;

use super::attempt_result::AttemptKind;
use super::class::Class;
use super::message::{Moment, Told};
use super::settings::Settings;
use super::sql::{self, Param, Sql, number};
use super::state;
use crate::config::{Alert, AlertForm};
use crate::time::Timestamp;

/// The wait after each failure. After one more failure the alert is given up. The first wait is also the time limit of
/// sending; after it the alert is sent again.
pub const WAITS: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
];

/// How many alerts are sent at a time, because the platform limits what one event may send. The rest stay due.
const MOST_AT_A_TIME: u64 = 8;

/// The alerts that are due, with their incidents.
const DUE: &str = "SELECT a.id, a.moment, a.tries, i.id, i.origin, i.place, i.class, i.kind, i.began_ms, i.last_ms, \
     i.ok_ms, i.ended_ms, i.attempts, i.touched, i.stale, i.errors \
     FROM alerts a JOIN incidents i ON i.seq = a.incident \
     WHERE a.due_ms <= ? AND (a.moment = 'begin' OR NOT EXISTS (SELECT 1 FROM alerts b \
     WHERE b.incident = a.incident AND b.moment = 'begin' AND b.due_ms IS NOT NULL)) \
     ORDER BY a.due_ms, a.incident, a.moment LIMIT ?";

/// PagerDuty's endpoint for events.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// One alert, to send by POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same at each attempt.
    pub id: String,
    /// Where to. Not for the log: see [`Webhook`](crate::config::Webhook).
    pub url: String,
    /// The type of `body`.
    pub content_type: &'static str,
    /// The body of the request.
    pub body: String,
}

/// Where alerts go. `None` if there are none. PagerDuty has one URL for all events, and accepts none without a key.
pub(super) fn target(alert: &Alert) -> Option<&str> {
    let url = alert.webhook.as_ref().map(|webhook| webhook.as_str());
    match alert.form {
        AlertForm::Json | AlertForm::Slack | AlertForm::Discord | AlertForm::Teams => url,
        AlertForm::PagerDuty => alert.key.as_ref().map(|_| url.unwrap_or(PAGERDUTY)),
    }
}

/// Adds the alert for the beginning of this incident.
pub(super) fn begin(sql: &impl Sql, incident: Param<'_>, now: Timestamp) {
    const BEGIN: &str = "INSERT OR IGNORE INTO alerts (id, incident, moment, tries, due_ms) \
         SELECT id || '-begin', seq, 'begin', 0, ? FROM incidents WHERE seq = ?";
    sql.exec(BEGIN, &[number(now.as_millis()), incident]);
}

/// Adds the alert that this incident is the whole origin's now, if there is one for its beginning.
pub(super) fn wider(sql: &impl Sql, incident: Param<'_>, now: Timestamp) {
    add_later(sql, incident, "wider", now);
}

/// Adds the alert for its end, if there is one for its beginning.
pub(super) fn end(sql: &impl Sql, incident: Param<'_>, now: Timestamp) {
    add_later(sql, incident, "end", now);
}

fn add_later(sql: &impl Sql, incident: Param<'_>, moment: &str, now: Timestamp) {
    const ADD: &str = "INSERT OR IGNORE INTO alerts (id, incident, moment, tries, due_ms) \
         SELECT i.id || '-' || ?, i.seq, ?, 0, ? FROM incidents i \
         JOIN alerts b ON b.incident = i.seq AND b.moment = 'begin' WHERE i.seq = ?";
    let moment = Param::Text(moment);
    sql.exec(ADD, &[moment, moment, number(now.as_millis()), incident]);
}

/// The alerts to send now. Each counts as tried, and is due again if no result is reported.
pub(super) fn due(sql: &impl Sql, now: Timestamp, settings: Settings<'_>) -> Vec<Delivery> {
    const GIVE_UP_ALL: &str = "UPDATE alerts SET due_ms = NULL WHERE due_ms IS NOT NULL";
    const GIVE_UP: &str = "UPDATE alerts SET due_ms = NULL WHERE due_ms <= ? AND tries > ?";
    const TRY: &str = "UPDATE alerts SET tries = tries + 1, due_ms = ? WHERE id = ?";
    let Some(url) = target(settings.alert) else {
        sql.exec(GIVE_UP_ALL, &[]);
        return Vec::new();
    };
    let at = number(now.as_millis());
    sql.exec(GIVE_UP, &[at, number(WAITS.len() as u64)]);
    let stored = settings.dashboard.map_or_else(|| state::dashboard(sql), str::to_owned);
    let mut deliveries = Vec::new();
    for mut row in sql::rows(sql, DUE, &[at, number(MOST_AT_A_TIME)]) {
        let (id, moment, tries) = (row.text(), row.text(), row.number());
        let Some(told) = Told::read(&mut row, &moment, &stored) else { continue };
        let again = number(now.plus(wait(tries)).as_millis());
        sql.exec(TRY, &[again, Param::Text(&id)]);
        let body = told.write(&id, settings.alert);
        deliveries.push(Delivery { id, url: url.to_owned(), content_type: "application/json", body });
    }
    deliveries
}

/// Records the result of an alert: accepted, due again later, or given up.
pub(super) fn settle(sql: &impl Sql, id: &str, ok: bool, now: Timestamp) {
    const TRIES: &str = "SELECT tries FROM alerts WHERE id = ? AND due_ms IS NOT NULL";
    const TAKEN: &str = "UPDATE alerts SET due_ms = NULL, sent = 1 WHERE id = ?";
    const GIVE_UP: &str = "UPDATE alerts SET due_ms = NULL WHERE id = ?";
    const AGAIN: &str = "UPDATE alerts SET due_ms = ? WHERE id = ?";
    let id = Param::Text(id);
    if ok {
        sql.exec(TAKEN, &[id]);
        return;
    }
    let Some(tries) = sql::row(sql, TRIES, &[id]).map(|mut row| row.number()) else { return };
    if tries > WAITS.len() as u64 {
        sql.exec(GIVE_UP, &[id]);
    } else {
        sql.exec(AGAIN, &[number(now.plus(wait(tries.saturating_sub(1))).as_millis()), id]);
    }
}

/// When the next alert is due. An end that waits for its beginning does not count.
pub(super) fn next(sql: &impl Sql) -> Option<Timestamp> {
    const NEXT: &str = "SELECT min(a.due_ms) FROM alerts a WHERE a.due_ms IS NOT NULL AND (a.moment = 'begin' OR \
         NOT EXISTS (SELECT 1 FROM alerts b WHERE b.incident = a.incident AND b.moment = 'begin' \
         AND b.due_ms IS NOT NULL))";
    sql::row(sql, NEXT, &[])?.number_or_none().map(Timestamp::from_millis)
}

/// The wait after `tries` failures before it.
fn wait(tries: u64) -> Duration {
    let [first, ..] = WAITS;
    // If the last attempt never reports a result, the alert is given up after the first wait.
    usize::try_from(tries).ok().and_then(|tries| WAITS.get(tries)).copied().unwrap_or(first)
}

impl<'a> Told<'a> {
    /// Reads a row of [`DUE`] from its fourth column on.
    fn read(row: &mut sql::Row, moment: &str, dashboard: &'a str) -> Option<Self> {
        let (incident, origin, place) = (row.text(), row.text(), row.text());
        let (class, kind) = (Class::of_word(&row.text())?, row.text());
        let mut time = || row.number_or_none().map(Timestamp::from_millis);
        let (began_at, last_at, ok_at, ended_at) = (time()?, time()?, time(), time());
        let moment = match (moment, ended_at) {
            ("end", Some(ended_at)) => Moment::End { ended_at, is_known: ok_at.is_some() },
            ("wider", _) => Moment::Wider,
            _ => Moment::Begin,
        };
        let end = AttemptKind::of_word(&kind);
        Some(Self {
            moment,
            incident,
            origin,
            place,
            class,
            what: end.map_or("", AttemptKind::what),
            check: end.map_or("", AttemptKind::check),
            kind,
            began_at,
            last_at,
            attempts: row.number(),
            touched: row.number(),
            stale: row.number(),
            errors: row.number(),
            dashboard,
        })
    }
}
