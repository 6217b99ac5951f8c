//! Queries. How does the object's database become a summary?

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use super::attempt_result::AttemptKind;
use super::class::{Class, Fault};
use super::count_lines::{self, What, minute_of};
use super::evidence::{Evidence, State};
use super::incident;
use super::origins::Origins;
use super::parts::{Key, Parts};
use super::recent;
use super::sql::{self, Sql, number};
use super::state;
use super::summary::{Bar, FORM, Incident, KindSpan, OriginState, Span, Summary, Total, Visitors};
use super::times;
use super::window::Touched;
use crate::config::Config;
use crate::time::Timestamp;

/// How many incidents are shown.
const MOST_INCIDENTS: u64 = 50;

/// The spans: name, minutes of one bar, how many bars.
const SPANS: [(&str, u64, u64); 4] =
    [("quarter", 1, 15), ("hour", 1, 60), ("day", 15, 96), ("week", 120, 84)];

/// The summary at `now`, with what `config` says of the origins. In a new object it is empty.
pub fn summary(sql: &impl Sql, now: Timestamp, config: &Config) -> Summary {
    let parts = Parts::load(sql);
    Summary {
        v: FORM,
        at: now,
        visitors: visitors(&parts, now),
        spans: SPANS.iter().map(|&(name, minutes, count)| span(sql, now, name, minutes, count)).collect(),
        service: config.incident.service.clone(),
        origins: origins(sql, &parts, now, config),
        incidents: incidents(sql),
        touched: recent::touched(sql, now),
        circuits: recent::circuits(sql, now),
        versions: recent::versions(sql, now),
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
    for times::Row { minute, origin, latency } in times::load(sql, first * minutes, minute_of(now)) {
        let bar = usize::try_from((minute / minutes).saturating_sub(first)).ok();
        if let Some(bar) = bar.filter(|_| origin.is_empty()).and_then(|bar| span.bars.get_mut(bar)) {
            bar.latency.merge(&latency);
        }
        match span.latency.last_mut().filter(|(known, _)| *known == origin) {
            Some((_, sum)) => sum.merge(&latency),
            None => span.latency.push((origin, latency)),
        }
    }
    span.answers.sort_unstable_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
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

/// What visitors got just now: in the last quarter of a minute of which isolates have told, if that is enough to speak of
/// shares, else in the last minute.
fn visitors(parts: &Parts, now: Timestamp) -> Visitors {
    const LATELY_S: u64 = 15;
    const MINUTE_S: u64 = 60;
    const ENOUGH: u64 = 10;
    let Some(window) = parts.get(&Key::site()).map(|evidence| &evidence.window) else {
        return Visitors { span_s: MINUTE_S, ..Visitors::default() };
    };
    let before = |at: Timestamp, seconds| at.minus(Duration::from_secs(seconds)).as_millis();
    let told = now.min(Timestamp::from_millis(window.newest()));
    let lately = window.touched_since(before(told, LATELY_S - 1));
    let is_enough = lately.all >= ENOUGH && now.since(told).as_secs() < LATELY_S;
    let minute = window.touched_since(before(now, MINUTE_S - 1));
    let (span_s, Touched { all, stale, errors }) =
        if is_enough { (LATELY_S, lately) } else { (MINUTE_S, minute) };
    let now = window.touched_since(before(now, LATELY_S - 1));
    Visitors { span_s, answers: all, stale, errors, answers_lately: now.all, errors_lately: now.errors }
}

fn origins(sql: &impl Sql, parts: &Parts, now: Timestamp, config: &Config) -> Vec<OriginState> {
    let time = |ms: u64| (ms > 0).then(|| Timestamp::from_millis(ms));
    let mut states = Vec::new();
    let open = incident::open(sql);
    for known in Origins::load(sql).0 {
        let seen = Seen::of(&known.name, parts, &open, now);
        let Seen { evidence, began, state, is_reached } = seen;
        let is_failing = matches!(state, State::Down | State::Failing);
        let configured = config.origins.iter().map(|origin| &origin.url);
        let url = configured.clone().find(|url| url.authority() == known.name);
        states.push(OriginState {
            url: url.map(|url| [url.scheme(), "://", url.authority()].concat()),
            state,
            is_down: state == State::Down,
            is_reached,
            since: match state {
                State::Down => time(evidence.since_ms),
                State::Failing => began.or(time(evidence.since_ms)),
                State::Recovering => time(evidence.up_ms),
                State::Up | State::Unknown => None,
            },
            end: incident::called(evidence).filter(|_| is_failing).map(|kind| kind.word().to_owned()),
            asked_at: evidence.asked_at(),
            last_ok: time(parts.last_ok(&known.name, "")),
            last_probe: time(known.probe_ms).map(|at| (at, known.probe_end)),
            name: known.name,
        });
    }
    states
}

/// What is seen of an origin, by that one of its faults which is worse.
struct Seen<'a> {
    evidence: &'a Evidence,
    /// When its incident began, if one is open.
    began: Option<Timestamp>,
    state: State,
    /// Whether the origin answers, if only with errors.
    is_reached: bool,
}

impl<'a> Seen<'a> {
    fn of(origin: &str, parts: &'a Parts, open: &[incident::Open], now: Timestamp) -> Self {
        static NOTHING: LazyLock<Evidence> = LazyLock::new(Evidence::default);
        let of = |fault| {
            let key = Key::of(origin, fault, "");
            let evidence = parts.get(&key)?;
            let incident = open.iter().find(|open| open.key == key);
            let began = incident.map(|incident| Timestamp::from_millis(incident.began_ms));
            let state = evidence.state(began, now);
            Some(Self { evidence, began, state, is_reached: fault == Fault::Error })
        };
        let nothing = Self { evidence: &NOTHING, began: None, state: State::Unknown, is_reached: false };
        let (reached, down) = (of(Fault::Error), of(Fault::Down).unwrap_or(nothing));
        // An error of one page is seen between good answers. What counts is whether it is an incident.
        let reached =
            reached.filter(|seen| seen.began.is_some() && seen.state.badness() > down.state.badness());
        reached.unwrap_or(down)
    }
}

fn incidents(sql: &impl Sql) -> Vec<Incident> {
    const NEWEST: &str = "SELECT seq, id, origin, place, class, kind, began_ms, last_ms, ok_ms, ended_ms, attempts, \
         touched, stale, errors FROM incidents ORDER BY seq DESC LIMIT ?";
    let mut kinds = kinds(sql);
    let read = |mut row: sql::Row| {
        let seq = row.number();
        let (id, origin, place) = (row.text(), row.text(), row.text());
        let (class, kind) = (Class::of_word(&row.text())?, row.text());
        let mut time = || row.number_or_none().map(Timestamp::from_millis);
        let (began_at, last_at, answered_at, ended_at) = (time()?, time()?, time(), time());
        let what = AttemptKind::of_word(&kind).map_or("", AttemptKind::what);
        let (attempts, touched, stale, errors) = (row.number(), row.number(), row.number(), row.number());
        Some(Incident {
            id,
            origin,
            place,
            class,
            kind,
            what,
            began_at,
            last_at,
            answered_at,
            ended_at,
            attempts,
            touched,
            stale,
            errors,
            kinds: kinds.remove(&seq).unwrap_or_default(),
        })
    };
    sql::rows(sql, NEWEST, &[number(MOST_INCIDENTS)]).filter_map(read).collect()
}

/// The kinds that the newest incidents had, by the number of the incident.
fn kinds(sql: &impl Sql) -> BTreeMap<u64, Vec<KindSpan>> {
    const KINDS: &str = "SELECT incident, word, n, first_ms, last_ms FROM ends \
         WHERE incident IN (SELECT seq FROM incidents ORDER BY seq DESC LIMIT ?) ORDER BY first_ms, word";
    let mut kinds: BTreeMap<u64, Vec<KindSpan>> = BTreeMap::new();
    for mut row in sql::rows(sql, KINDS, &[number(MOST_INCIDENTS)]) {
        let (seq, kind, n) = (row.number(), row.text(), row.number());
        let what = AttemptKind::of_word(&kind).map_or("", AttemptKind::what);
        let [first_at, last_at] = [row.number(), row.number()].map(Timestamp::from_millis);
        kinds.entry(seq).or_default().push(KindSpan { kind, what, n, first_at, last_at });
    }
    kinds
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
        add_total(&mut totals, &origin, what, n);
    }
    for times::Row { origin, latency, .. } in times::load(sql, folded, u64::from(u32::MAX)) {
        for (what, n) in times::in_totals(&latency) {
            add_total(&mut totals, &origin, what, n);
        }
    }
    totals.sort_unstable_by(|a, b| (&a.origin, &a.what).cmp(&(&b.origin, &b.what)));
    totals
}

fn add_total(totals: &mut Vec<Total>, origin: &str, what: String, n: u64) {
    match totals.iter_mut().find(|total| (&*total.origin, &total.what) == (origin, &what)) {
        Some(total) => total.n += n,
        None => totals.push(Total { origin: origin.to_owned(), what, n }),
    }
}
