//! What does a dashboard show?

use serde::{Serialize, Serializer};

use super::attempt_result::{AttemptKind, Class};
use super::count_lines::{self, What, minute_of};
use super::ingest;
use super::origins::Origins;
use super::sql::{self, Sql, number};
use crate::time::Timestamp;

/// The number of the form of a [`Summary`] as JSON.
pub const FORM: u32 = 1;

/// How many incidents are shown.
const MOST_INCIDENTS: u64 = 50;

/// The spans: name, minutes of one bar, how many bars.
const SPANS: [(&str, u64, u64); 3] = [("hour", 1, 60), ("day", 15, 96), ("week", 120, 84)];

/// How the origins are and were.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// [`FORM`].
    pub v: u32,
    /// Now.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// The last hour, day and week.
    pub spans: Vec<Span>,
    /// Each origin that is known, by name.
    pub origins: Vec<OriginState>,
    /// The newest first, at most 50.
    pub incidents: Vec<Incident>,
    /// What was ever counted, by origin.
    pub totals: Vec<Total>,
}

/// What was counted in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Span {
    /// `hour`, `day` or `week`.
    pub name: &'static str,
    /// How long one bar is, in seconds.
    pub step_s: u64,
    /// When the first bar begins. Bars begin at whole multiples of `step_s`; the last one holds now.
    #[serde(serialize_with = "rfc3339")]
    pub began_at: Timestamp,
    /// The oldest first, empty ones included.
    pub bars: Vec<Bar>,
    /// What clients were answered, by outcome, the most frequent first; what never occurred is left out.
    pub answers: Vec<(String, u64)>,
    /// Attempts at origins, those of probes included.
    pub attempts: u64,
    /// Those of them that failed, in whatever class.
    pub failed_attempts: u64,
    /// Requests that a retry saved.
    pub retried: u64,
    /// Requests that a failure touched and that ended as an error all the same.
    pub not_saved_by_retry: u64,
    /// Requests that got a stale copy in place of an answer that failed or took too long.
    pub stale: u64,
}

/// What was counted in one bar of a span.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bar {
    /// Answers to clients.
    pub answers: u64,
    /// Stale copies among them, in place of an answer that failed or took too long.
    pub stale: u64,
    /// Answers among them that a retry brought.
    pub retried: u64,
    /// Those of status 500.
    pub s500: u64,
    /// Those of status 502.
    pub s502: u64,
    /// Those of status 503.
    pub s503: u64,
    /// Those of status 504.
    pub s504: u64,
    /// Attempts that failed as a 502, whether a client noticed or not.
    pub bad_gateway: u64,
    /// Attempts that failed as a 504.
    pub gateway_timeout: u64,
    /// Attempts that failed as a 503.
    pub unavailable: u64,
}

/// How one origin is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OriginState {
    /// Its host and port; `zone` in route mode.
    pub name: String,
    /// Whether it is down now.
    pub is_down: bool,
    /// How most attempts end, if it is down.
    pub end: Option<String>,
    /// Since when, if it is down.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub since: Option<Timestamp>,
    /// When it last answered.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub last_ok: Option<Timestamp>,
    /// When a probe last asked, and how that ended.
    #[serde(serialize_with = "rfc3339_with_end")]
    pub last_probe: Option<(Timestamp, String)>,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// Its id, which alerts carry too.
    pub id: String,
    /// At which origin.
    pub origin: String,
    /// A 502 apart from a 504.
    pub class: Class,
    /// How most of its attempts ended, in a word.
    pub kind: String,
    /// The same for people.
    pub what: &'static str,
    /// The minute in which it began.
    #[serde(serialize_with = "rfc3339")]
    pub began_at: Timestamp,
    /// Its last failure.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: Timestamp,
    /// Its last failure too, if it is over.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub ended_at: Option<Timestamp>,
    /// Attempts that failed.
    pub attempts: u64,
    /// Requests of clients that it touched.
    pub touched: u64,
    /// Those of them that got a stale copy.
    pub stale: u64,
}

/// How often something was ever counted at an origin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Total {
    /// The origin; empty for answers to clients.
    pub origin: String,
    /// `answer <outcome> <status>`, `try <end>`, `probe <end>` or `touched <end> <outcome>`.
    pub what: String,
    /// How often.
    pub n: u64,
}

/// What there is to show at `now`. Of an object that has heard of nothing it is empty.
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
                self.not_saved_by_retry += if matches!(outcome, "page" | "origin") { n } else { 0 };
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
    let folded = ingest::folded(sql);
    sql::rows(sql, TOTALS, &[number(folded)])
        .map(|mut row| Total { origin: row.text(), what: row.text(), n: row.number() })
        .collect()
}

// The signatures are serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

fn rfc3339_or_none<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::to_rfc3339).serialize(serializer)
}

/// An object of `at` and `end`.
fn rfc3339_with_end<S: Serializer>(
    probe: &Option<(Timestamp, String)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Probe<'a> {
        at: String,
        end: &'a str,
    }
    probe.as_ref().map(|(at, end)| Probe { at: at.to_rfc3339(), end }).serialize(serializer)
}
