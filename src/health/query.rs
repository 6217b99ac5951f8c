//! Queries. How does the object's database become a summary?

use super::attempt_result::AttemptKind;
use super::class::Class;
use super::count_lines::{self, What, minute_of};
use super::origins::Origins;
use super::sql::{self, Sql, number};
use super::state;
use super::summary::{Bar, FORM, Incident, OriginState, Span, Summary, Total};
use crate::time::Timestamp;

/// How many incidents are shown.
const MOST_INCIDENTS: u64 = 50;

/// The spans: name, minutes of one bar, how many bars.
const SPANS: [(&str, u64, u64); 3] = [("hour", 1, 60), ("day", 15, 96), ("week", 120, 84)];

/// The summary at `now`. In a new object it is empty.
pub fn summary(sql: &impl Sql, now: Timestamp) -> Summary {
    Summary {
        v: FORM,
        at: now,
        spans: SPANS.iter().map(|&(name, minutes, count)| span(sql, now, name, minutes, count)).collect(),
        origins: origins(sql, now),
        incidents: incidents(sql),
        totals: totals(sql),
    }
}

fn span(sql: &impl Sql, now: Timestamp, name: &'static str, minutes: u64, count: u64) -> Span {
    // Numbers come from JavaScript, where 15 is 15.0, and dividing by that leaves a fraction.
    const SUMS: &str = "SELECT minute / CAST(? AS INTEGER), what, sum(n) FROM counts \
         WHERE minute >= ? AND minute <= ? GROUP BY 1, 2";
    let last = minute_of(now) / minutes;
    let first = last.saturating_sub(count - 1);
    let bars = (first..=last).map(|_| Bar::default()).collect();
    let began_at = Timestamp::from_millis(first * minutes * 60_000);
    let mut span = Span { name, step_s: minutes * 60, began_at, bars, ..Span::default() };
    for mut row in sql::rows(sql, SUMS, &[number(minutes), number(first * minutes), number(minute_of(now))]) {
        let (bar, what, n) = (row.number(), row.text(), row.number());
        let Some(what) = What::read(&what) else { continue };
        span.add(what, n);
        let bar = usize::try_from(bar.saturating_sub(first)).ok().and_then(|bar| span.bars.get_mut(bar));
        if let Some(bar) = bar {
            bar.add(what, n);
        }
    }
    span.answers.sort_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
    span
}

impl Span {
    fn add(&mut self, what: What, n: u64) {
        match what {
            What::Answer(outcome, status) => {
                match self.answers.iter_mut().find(|(known, _)| known == outcome) {
                    Some((_, sum)) => *sum += n,
                    None => self.answers.push((outcome.to_owned(), n)),
                }
                self.stale += if count_lines::is_stale(outcome) { n } else { 0 };
                match (outcome, status) {
                    ("retried", 0) => self.retried += n,
                    // The origin's own error, again.
                    ("retried", _) => self.not_saved_by_retry += n,
                    _ => {}
                }
            }
            What::Touched(_, outcome) => {
                self.not_saved_by_retry += if matches!(outcome, "error_page" | "origin") { n } else { 0 };
            }
            What::Try(end) | What::Probe(end) => {
                self.attempts += n;
                self.failed_attempts += if end == AttemptKind::Ok { 0 } else { n };
            }
            What::Opened(_) => {}
        }
    }
}

impl Bar {
    fn add(&mut self, what: What, n: u64) {
        match what {
            What::Answer(outcome, status) => {
                self.answers += n;
                self.stale += if count_lines::is_stale(outcome) { n } else { 0 };
                self.retried += if outcome == "retried" && status == 0 { n } else { 0 };
                match status {
                    500 => self.s500 += n,
                    502 => self.s502 += n,
                    503 => self.s503 += n,
                    504 => self.s504 += n,
                    _ => {}
                }
            }
            What::Try(end) | What::Probe(end) => match end.class() {
                Some(Class::BadGateway) => self.bad_gateway += n,
                Some(Class::GatewayTimeout) => self.gateway_timeout += n,
                Some(Class::Unavailable) => self.unavailable += n,
                Some(Class::Error | Class::Internal) | None => {}
            },
            What::Opened(_) | What::Touched(..) => {}
        }
    }
}

fn origins(sql: &impl Sql, now: Timestamp) -> Vec<OriginState> {
    let time = |ms: u64| (ms > 0).then(|| Timestamp::from_millis(ms));
    let mut states = Vec::new();
    for known in Origins::load(sql).0 {
        let down = known.down(sql, now);
        states.push(OriginState {
            is_down: down.is_some(),
            since: down.as_ref().map(|down| down.since),
            end: down.map(|down| down.end),
            last_ok: time(known.ok_ms),
            last_probe: time(known.probe_ms).map(|at| (at, known.probe_end)),
            name: known.name,
        });
    }
    states
}

fn incidents(sql: &impl Sql) -> Vec<Incident> {
    const NEWEST: &str = "SELECT id, origin, class, kind, began_ms, last_ms, ended_ms, attempts, touched, stale \
         FROM incidents ORDER BY seq DESC LIMIT ?";
    let read = |mut row: sql::Row| {
        let (id, origin) = (row.text(), row.text());
        let (class, kind) = (Class::of_word(&row.text())?, row.text());
        let mut time = || row.number_or_none().map(Timestamp::from_millis);
        let (began_at, last_at, ended_at) = (time()?, time()?, time());
        let what = AttemptKind::of_word(&kind).map_or("", AttemptKind::what);
        let (attempts, touched, stale) = (row.number(), row.number(), row.number());
        Some(Incident {
            id,
            origin,
            class,
            kind,
            what,
            began_at,
            last_at,
            ended_at,
            attempts,
            touched,
            stale,
        })
    };
    sql::rows(sql, NEWEST, &[number(MOST_INCIDENTS)]).filter_map(read).collect()
}

/// What was added up, and what is still to be.
fn totals(sql: &impl Sql) -> Vec<Total> {
    const TOTALS: &str = "SELECT origin, what, sum(n) FROM (SELECT origin, what, n FROM totals UNION ALL \
         SELECT origin, what, n FROM counts WHERE minute >= ?) GROUP BY 1, 2 ORDER BY 1, 2";
    let folded = state::folded(sql);
    let mut totals: Vec<Total> = Vec::new();
    for mut row in sql::rows(sql, TOTALS, &[number(folded)]) {
        let (origin, stored, n) = (row.text(), row.text(), row.number());
        // What was stored in words of log schema 1 is added to the same thing in today's words.
        let what = What::read(&stored).map_or(stored, |what| what.to_string());
        match totals.iter_mut().find(|total| (&total.origin, &total.what) == (&origin, &what)) {
            Some(total) => total.n += n,
            None => totals.push(Total { origin, what, n }),
        }
    }
    totals.sort_by(|a, b| (&a.origin, &a.what).cmp(&(&b.origin, &b.what)));
    totals
}
