//! Isolates, shards and the object in virtual time: how often which is called, and what is written. The statements run on a
//! real SQLite.
#![allow(clippy::disallowed_methods, reason = "only what is measured is real time")]

use std::time::{Duration, Instant};

use holdfast::config::{Alert, Incident};
use holdfast::health::flush_reply::FlushReply;
use holdfast::health::{Cell, Param, Settings, Sql, ingest, merge};
use holdfast::time::Timestamp;
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

/// 2026-01-02T03:04:00Z, in seconds.
const START: u64 = 1_767_323_040;

/// Two minutes, so that the intervals have been set by what came within one.
const WELL_S: u64 = 120;

/// For so long failures are new, and told once a second; then each five seconds.
const NEW_S: u64 = 20;

const LASTING_S: u64 = 30;

/// The object takes what came when this is exceeded, and else once a second: see `src/edge/js/object.js`.
const AT_ONCE: usize = 32 * 1024;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub isolates: u64,
    pub shards: u64,
}

/// What came of it in a second of a phase, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Calls at each shard, if there are any.
    pub at_shard: u64,
    /// Calls at the object.
    pub at_object: u64,
    /// Rows that it wrote.
    pub rows: u64,
    /// For one report, in nanoseconds: of a shard, and of the object.
    pub shard_ns: u64,
    pub object_ns: u64,
}

/// The phases: all is well (the last minute of it), the beginning of an outage, and what follows.
pub fn run(scene: Scene) -> [(&'static str, Figures); 3] {
    let mut site = Site::new(scene);
    site.pass(WELL_S - 60, false);
    let well = site.phase(60, false);
    let begins = site.phase(NEW_S, true);
    let lasts = site.phase(LASTING_S, true);
    [("all is well", well), ("an outage begins", begins), ("an outage lasts", lasts)]
}

struct Site {
    scene: Scene,
    now_s: u64,
    failing_since: Option<u64>,
    /// When each isolate reports next, and when it did last.
    isolates: Vec<(u64, u64)>,
    shards: Vec<Shard>,
    object: Object,
    shard_calls: u64,
    shard_ns: u64,
}

#[derive(Default)]
struct Shard {
    told: String,
    reports: u64,
    flush_s: u64,
}

struct Object {
    sql: Database,
    pending: String,
    reports: u64,
    reply: String,
    calls: u64,
    ns: u64,
}

impl Site {
    fn new(scene: Scene) -> Self {
        let isolates = (0..scene.isolates).map(|number| (START + number % 10, START)).collect();
        let shards = if scene.shards > 1 { scene.shards } else { 0 };
        Self {
            scene,
            now_s: START,
            failing_since: None,
            isolates,
            shards: (0..shards).map(|_| Shard { flush_s: 10, ..Shard::default() }).collect(),
            object: Object {
                sql: Database(Connection::open_in_memory().unwrap()),
                pending: String::new(),
                reports: 0,
                reply: String::new(),
                calls: 0,
                ns: 0,
            },
            shard_calls: 0,
            shard_ns: 0,
        }
    }

    fn phase(&mut self, seconds: u64, fails: bool) -> Figures {
        let (rows, calls, shard_calls) =
            (self.object.sql.rows_written(), self.object.calls, self.shard_calls);
        let (ns, shard_ns) = (self.object.ns, self.shard_ns);
        self.pass(seconds, fails);
        let a_second = |n: u64| n.div_ceil(seconds);
        let (calls, shard_calls) = (self.object.calls - calls, self.shard_calls - shard_calls);
        Figures {
            at_shard: a_second(shard_calls / self.scene.shards.max(1)),
            at_object: a_second(calls),
            rows: a_second(self.object.sql.rows_written() - rows),
            shard_ns: (self.shard_ns - shard_ns) / shard_calls.max(1),
            object_ns: (self.object.ns - ns) / calls.max(1),
        }
    }

    fn pass(&mut self, seconds: u64, fails: bool) {
        if fails && self.failing_since.is_none() {
            self.failing_since = Some(self.now_s);
            // Each isolate has met the failure within a second.
            self.isolates.iter_mut().for_each(|(next, _)| *next = self.now_s);
        }
        for _ in 0..seconds {
            self.second();
            self.now_s += 1;
        }
    }

    fn second(&mut self) {
        let now = Timestamp::from_millis(self.now_s * 1000 + 500);
        if self.now_s.is_multiple_of(60) {
            for shard in &mut self.shards {
                shard.flush_s = merge::flush_s(std::mem::take(&mut shard.reports), shard.flush_s);
            }
        }
        for number in 0..self.isolates.len() {
            let (next, last) = self.isolates[number];
            if next > self.now_s {
                continue;
            }
            let text = self.report(last);
            let reply = match self.shards.len() {
                0 => self.object.take(&text, 1, now),
                shards => {
                    let shard = &mut self.shards[number / 10 % shards];
                    let began = Instant::now();
                    shard.told += &text;
                    shard.reports += 1;
                    let reply = merge::reply(&self.object.reply, shard.flush_s);
                    self.shard_ns += nanos(began.elapsed());
                    self.shard_calls += 1;
                    reply
                }
            };
            let gathers_s = FlushReply::read(&reply).gather_for.map_or(10, |span| span.as_secs().min(25));
            let interval = match self.failing_since {
                None => gathers_s,
                Some(since) if self.now_s - since < NEW_S => 1,
                Some(_) => 5,
            };
            self.isolates[number] = (self.now_s + interval, self.now_s);
        }
        for shard in &mut self.shards {
            let began = Instant::now();
            let texts = merge::merged(&std::mem::take(&mut shard.told), now);
            self.shard_ns += nanos(began.elapsed());
            for text in texts {
                self.object.take(&text, 0, now);
            }
        }
        self.object.write(now);
    }

    /// What an isolate with a request a second has to tell of the time since `last`.
    fn report(&self, last: u64) -> String {
        let (minute, from, to) = (self.now_s / 60, last * 1000 + 1, self.now_s * 1000);
        let n = (self.now_s - last).max(1);
        if self.failing_since.is_none() {
            return format!(
                "holdfast 1\n{minute} answer origin 0 {n}\n{minute} try a ok {n}\nok a ok {n} 0 0 {from} {to} \n"
            );
        }
        let tries = 3 * n;
        format!(
            "holdfast 1\n{minute} answer error_page 502 {n}\n{minute} try a connection_lost {tries}\n\
             {minute} touched a connection_lost error_page {n}\n\
             failed a connection_lost {tries} 1 0 {from} {to} \nopen a connection_lost 0 0 0 {from} {to} \n\
             visitors a connection_lost {n} 0 0 {n} {to} \n"
        )
    }
}

impl Object {
    fn take(&mut self, text: &str, reports: u64, now: Timestamp) -> String {
        let began = Instant::now();
        let text = if self.pending.is_empty() { text } else { text.split_once('\n').unwrap().1 };
        self.pending += text;
        self.reports += reports;
        self.calls += 1;
        self.ns += nanos(began.elapsed());
        if self.pending.len() > AT_ONCE {
            self.write(now);
        }
        self.reply.clone()
    }

    fn write(&mut self, now: Timestamp) {
        if self.pending.is_empty() {
            return;
        }
        let (incident, alert) = (Incident::default(), Alert::default());
        let settings = Settings { incident: &incident, alert: &alert, dashboard: None };
        let (pending, reports) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.reports));
        let began = Instant::now();
        self.reply = ingest::report(&self.sql, &pending, reports, now, settings).text;
        self.ns += nanos(began.elapsed());
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap()
}

struct Database(Connection);

impl Database {
    fn rows_written(&self) -> u64 {
        self.0.total_changes()
    }

    fn rows(&self, statement: &str, params: &[Param<'_>]) -> rusqlite::Result<Vec<Vec<Cell>>> {
        let mut statement = self.0.prepare_cached(statement)?;
        let columns = statement.column_count();
        let params = params.iter().map(|param| match param {
            Param::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Param::Number(number) => ToSqlOutput::Owned(Value::Real(*number as f64)),
            Param::Null => ToSqlOutput::Owned(Value::Null),
        });
        let read = |value: ValueRef<'_>| match value {
            ValueRef::Integer(number) => Cell::Number(number),
            ValueRef::Text(text) => Cell::Text(String::from_utf8(text.to_vec()).unwrap()),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Null,
        };
        statement
            .query_map(rusqlite::params_from_iter(params), |row| {
                (0..columns).map(|column| Ok(read(row.get_ref(column)?))).collect()
            })?
            .collect()
    }
}

impl Sql for Database {
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Vec<Vec<Cell>> {
        self.rows(statement, params).unwrap_or_default()
    }
}
