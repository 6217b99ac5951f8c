//! What the object that gathers counts makes of them, on a SQLite of its own.

use std::cell::{Cell as Flag, RefCell};
use std::time::Duration;

use holdfast::config::{Alert, AlertForm, Config, Incident, RoutingKey, Webhook};
use holdfast::health::alert::{Delivery, WAITS};
use holdfast::health::ingest::{self, Reply};
use holdfast::health::summary::{self, Summary};
use holdfast::health::verdict::Verdict;
use holdfast::health::{Bindings, Cell, Class, Param, Settings, Sql, View};
use holdfast::health::{alarm, query};
use holdfast::time::Timestamp;
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use serde_json::json;

/// Half a minute past 2026-01-02T03:04:00Z.
const START: u64 = 1_767_323_070_000;

/// A database as the object has it.
struct Database {
    connection: Connection,
    /// How many statements have begun with `DELETE FROM counts`.
    prunings: Flag<u32>,
}

impl Sql for Database {
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Vec<Vec<Cell>> {
        if statement.starts_with("DELETE FROM counts WHERE minute < ?") && params.len() == 1 {
            self.prunings.set(self.prunings.get() + 1);
        }
        match self.rows(statement, params) {
            Ok(rows) => rows,
            // Only an object that is new has no tables.
            Err(error) if error.to_string().contains("no such table") => Vec::new(),
            Err(error) => panic!("{error}: {statement}"),
        }
    }
}

impl Database {
    fn rows(&self, statement: &str, params: &[Param<'_>]) -> rusqlite::Result<Vec<Vec<Cell>>> {
        let mut statement = self.connection.prepare(statement)?;
        let columns = statement.column_count();
        let params = params.iter().map(|param| match param {
            Param::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            // As the platform has them: JavaScript knows no other numbers.
            Param::Number(number) => ToSqlOutput::Owned(Value::Real(*number as f64)),
            Param::Null => ToSqlOutput::Owned(Value::Null),
        });
        let params: Vec<_> = params.collect();
        let read = |value: ValueRef<'_>| match value {
            ValueRef::Integer(number) => Cell::Number(number),
            ValueRef::Text(text) => Cell::Text(String::from_utf8(text.to_vec()).unwrap()),
            ValueRef::Null => Cell::Null,
            ValueRef::Real(_) | ValueRef::Blob(_) => panic!("neither real numbers nor bytes are asked for"),
        };
        statement
            .query_map(rusqlite::params_from_iter(params), |row| {
                (0..columns).map(|column| Ok(read(row.get_ref(column)?))).collect()
            })?
            .collect()
    }
}

/// Statements fail, all of them.
struct Broken;

impl Sql for Broken {
    fn exec(&self, _: &str, _: &[Param<'_>]) -> Vec<Vec<Cell>> {
        Vec::new()
    }
}

/// The object, its clock, and everything that has left it.
struct Object {
    sql: Database,
    now: u64,
    incident: Incident,
    alert: Alert,
    config: Config,
    sent: RefCell<Vec<String>>,
}

/// An object that nothing was ever reported to, with a webhook.
fn object() -> Object {
    Object {
        sql: Database { connection: Connection::open_in_memory().unwrap(), prunings: Flag::new(0) },
        now: START,
        incident: Incident::default(),
        alert: Alert { webhook: Webhook::new("https://hooks.example/alerts"), ..Alert::default() },
        config: Config::from_value(&json!({ "origins": ["http://a", "https://b:8443"] })).unwrap(),
        sent: RefCell::default(),
    }
}

impl Object {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn settings(&self) -> Settings<'_> {
        let dashboard = Some("https://www.example/.well-known/holdfast/status");
        Settings { incident: &self.incident, alert: &self.alert, dashboard }
    }

    /// Lets so many seconds pass.
    fn pass(&mut self, seconds: u64) -> &mut Self {
        self.now += seconds * 1000;
        self
    }

    /// Takes a report of now with these lines, and with what an isolate has seen where it counts them.
    fn report(&self, lines: &[&str]) -> Reply {
        let minute = self.now / 60_000;
        let counts: String = lines.iter().map(|line| format!("{minute} {line}\n")).collect();
        let seen: String = lines.iter().filter_map(|line| self.seen(line)).collect();
        self.take(&format!("holdfast 1\n{counts}{seen}"))
    }

    /// What is seen of what `line` counts.
    fn seen(&self, line: &str) -> Option<String> {
        let now = self.now;
        Some(match line.split(' ').collect::<Vec<_>>()[..] {
            ["try" | "probe", origin, "ok", n] => format!("ok {origin} ok {n} 0 0 {now} {now} \n"),
            ["try", origin, kind, n] => format!("failed {origin} {kind} {n} 0 0 {now} {now} \n"),
            ["probe", origin, kind, n] => format!("probe-failed {origin} {kind} {n} {n} 0 {now} {now} \n"),
            ["opened", origin, kind, _] => format!("open {origin} {kind} 0 0 0 {now} {now} \n"),
            ["touched", origin, kind, outcome, n] => {
                let is_stale = matches!(outcome, "stale" | "last_good" | "stale_while_revalidate");
                let of = |is: bool| if is { n } else { "0" };
                let (stale, errors) = (of(is_stale), of(outcome == "error_page"));
                format!("visitors {origin} {kind} {n} 0 {stale} {errors} {now} \n")
            }
            _ => return None,
        })
    }

    /// Takes what an isolate has seen, line by line; `NOW` stands for now.
    fn sees(&self, lines: &[&str]) -> Reply {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.take(&format!("holdfast 1\n{}", text.replace("NOW", &self.now.to_string())))
    }

    /// The state of the first origin, and since when, in seconds from the start.
    fn state(&self) -> (&'static str, Option<u64>) {
        let origin = self.summary().origins.remove(0);
        (origin.state.word(), origin.since.map(|at| (at.as_millis() - START) / 1000))
    }

    fn take(&self, text: &str) -> Reply {
        ingest::report(&self.sql, text, 1, self.now(), self.settings())
    }

    fn wake(&self) -> (Vec<Delivery>, Option<Timestamp>) {
        alarm::wake(&self.sql, self.now(), self.settings())
    }

    /// Rings the alarm; the webhook takes everything.
    fn ring(&self) -> &Self {
        for delivery in self.wake().0 {
            alarm::delivered(&self.sql, &delivery.id, true, self.now());
            self.sent.borrow_mut().push(delivery.id);
        }
        self
    }

    fn summary(&self) -> Summary {
        query::summary(&self.sql, self.now(), &self.config)
    }

    /// The incidents, the oldest first: class, kind, and whether it is over.
    fn incidents(&self) -> Vec<(Class, String, bool)> {
        let incidents = self.summary().incidents.into_iter().rev();
        incidents.map(|one| (one.class, one.kind, one.ended_at.is_some())).collect()
    }

    /// The number in the first row.
    fn number(&self, question: &str) -> i64 {
        self.sql.connection.query_row(question, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn refusals_that_turn_into_timeouts_are_one_incident_that_keeps_its_beginning_and_its_kinds() {
    let mut object = object();
    for (end, rounds) in [("edge_refused", 12), ("edge_connect_timeout", 12)] {
        for _ in 0..rounds {
            for _isolate in 0..50 {
                object.report(&[&format!("try a.example {end} 4"), "answer error_page 502 4"]);
                object.ring();
                object.ring();
            }
            object.pass(10);
        }
    }
    assert_eq!(object.incidents(), [(Class::GatewayTimeout, "edge_connect_timeout".to_owned(), false)]);
    assert_eq!(object.state(), ("down", Some(0)));
    for _ in 0..90 {
        object.report(&["try a.example ok 20"]);
        object.ring().ring();
        object.pass(10);
    }
    assert_eq!(*object.sent.borrow(), ["20260102T0304-1-begin", "20260102T0304-1-end"]);
    let summary = object.summary();
    let [incident] = &summary.incidents[..] else { panic!("{summary:?}") };
    assert_eq!(incident.attempts, 2 * 12 * 50 * 4);
    let at = |seconds: u64| Timestamp::from_millis(START + seconds * 1000);
    assert_eq!((incident.began_at, incident.last_at, incident.ended_at), (at(0), at(230), Some(at(240))));
    let kinds: Vec<_> =
        incident.kinds.iter().map(|kind| (&*kind.kind, kind.n, kind.first_at, kind.last_at)).collect();
    let n = 12 * 50 * 4;
    assert_eq!(
        kinds,
        [("edge_refused", n, at(0), at(110)), ("edge_connect_timeout", n, at(120), at(230))],
        "{incident:?}"
    );
}

#[test]
fn flapping_pages_once() {
    let mut object = object();
    for _ in 0..20 {
        object.report(&["try a own_502 10", "try a connection_lost 5"]);
        object.ring();
        object.pass(120).report(&["try a ok 100"]);
        object.ring();
        object.pass(120);
    }
    assert_eq!(object.incidents(), [(Class::BadGateway, "connection_lost".to_owned(), false)]);
    assert_eq!(object.sent.borrow().len(), 1);
}

#[test]
fn an_incident_is_over_after_a_good_answer_and_quiet() {
    let mut object = object();
    let reply = object.report(&["try a edge_refused 10"]);
    assert_eq!(reply.wake_at, Some(object.now()), "the beginning is due at once");
    object.ring();
    assert_eq!(object.wake(), (Vec::new(), None), "silence ends nothing, so there is nothing to wait for");
    let reply = object.pass(60).report(&["try a ok 1"]);
    assert_eq!(reply.wake_at, Some(Timestamp::from_millis(START + 360_000)));
    assert_eq!(object.state(), ("recovering", Some(60)));
    object.pass(299).ring();
    assert!(!object.incidents()[0].2);
    object.pass(1).ring();
    assert!(object.incidents()[0].2);
    assert_eq!(object.summary().incidents[0].ended_at, Some(Timestamp::from_millis(START + 60_000)));
    assert_eq!(object.wake(), (Vec::new(), None), "there is nothing left to do");
    // What comes later is another one.
    object.pass(60).report(&["try a edge_refused 10"]);
    object.ring();
    assert_eq!(object.incidents().len(), 2);
    assert_eq!(object.sent.borrow().len(), 3);
}

#[test]
fn silence_never_ends_an_incident_and_is_no_sign_that_the_origin_is_up() {
    let mut object = object();
    object.alert.quiet = Duration::from_secs(30);
    object.report(&["try a ok 100"]);
    object.pass(1).report(&["try a own_503 20"]);
    object.ring();
    for _ in 0..5 * 24 {
        object.pass(3600).ring();
        assert_eq!(object.state(), ("down", Some(1)));
    }
    assert_eq!(object.incidents(), [(Class::Unavailable, "own_503".to_owned(), false)]);
    assert_eq!(*object.sent.borrow(), ["20260102T0304-1-begin"]);
    // Nobody is asked for a week: then it is closed, and nobody says that it is well.
    object.pass(3 * 24 * 3600).ring();
    let incident = object.summary().incidents.remove(0);
    assert_eq!((incident.answered_at, incident.ended_at), (None, Some(incident.last_at)));
}

#[test]
fn while_visitors_are_refused_nothing_is_over() {
    let mut object = object();
    object.alert.quiet = Duration::from_secs(30);
    object.report(&["try a own_503 20", "opened a own_503 1"]);
    object.ring();
    // The breaker is open: nothing is tried for minutes, and each visitor gets 503.
    for _ in 0..60 {
        object.pass(5).sees(&["open a own_503 0 0 0 NOW NOW ", "visitors a own_503 50 50 0 50 NOW "]);
        object.ring();
        assert_eq!(object.state(), ("down", Some(0)));
    }
    // One is answered, others are still refused: it recovers, and the quiet begins with the last who was refused.
    object.pass(1).sees(&["ok a ok 1 0 0 NOW NOW "]);
    object.pass(4).sees(&["visitors a own_503 50 50 0 50 NOW "]);
    object.ring();
    assert_eq!(object.state(), ("recovering", Some(301)));
    object.pass(29).ring();
    assert!(!object.incidents()[0].2);
    object.pass(1).ring();
    let incident = object.summary().incidents.remove(0);
    let (answered, ended) = (START + 301_000, START + 305_000);
    assert_eq!(incident.answered_at, Some(Timestamp::from_millis(answered)));
    assert_eq!(incident.ended_at, Some(Timestamp::from_millis(ended)), "until then visitors were refused");
    assert_eq!((incident.touched, incident.errors, incident.attempts), (61 * 50, 61 * 50, 20));
}

#[test]
fn two_requests_of_different_clients_that_fail_with_nothing_answered_since_are_an_incident() {
    for (lines, is_incident) in [
        (&["failed a connection_lost 3 1 0 NOW NOW "][..], false),
        (&["failed a connection_lost 3 1 0 NOW NOW ", "failed a connection_lost 3 0 0 NOW NOW "], false),
        (&["failed a connection_lost 3 1 0 NOW NOW ", "failed a no_header_in_time 1 1 0 NOW NOW "], true),
        (
            &[
                "failed a connection_lost 3 1 0 NOW NOW ",
                "ok a ok 1 0 0 NOW NOW ",
                "failed a connection_lost 3 1 0 NOW NOW ",
            ],
            false,
        ),
        (&["probe-failed a edge_refused 1 1 0 NOW NOW ", "probe-failed a edge_refused 1 1 0 NOW NOW "], true),
    ] {
        let mut object = object();
        object.incident.minimum = 100;
        for line in lines {
            object.pass(600).sees(&[line]);
        }
        assert_eq!(!object.incidents().is_empty(), is_incident, "{lines:?}");
    }
}

#[test]
fn a_page_whose_circuit_is_open_has_an_incident_of_its_own() {
    let mut object = object();
    let page = "www.example/shop/1";
    for _ in 0..10 {
        object.pass(1).sees(&["ok a ok 30 0 0 NOW NOW ", "failed a connection_lost 2 1 0 NOW NOW "]);
    }
    assert_eq!(object.incidents(), []);
    let since = object.now - 10_000;
    let reply =
        object.sees(&[&format!("open a connection_lost 0 0 0 {since} NOW {page}"), "ok a ok 1 0 0 NOW NOW "]);
    assert!(reply.text.ends_with(&format!("watch a {page}\n")), "{reply:?}");
    let summary = object.summary();
    let [incident] = &summary.incidents[..] else { panic!("{summary:?}") };
    assert_eq!((incident.place.as_str(), incident.began_at.as_millis()), (page, since));
    assert_eq!(object.state().0, "failing", "of the origin, this page fails");
    // What others are answered does not end it; what it is answered itself does.
    for _ in 0..40 {
        object.pass(10).sees(&[
            "ok a ok 300 0 0 NOW NOW ",
            &format!("failed a connection_lost 2 0 0 NOW NOW {page}"),
            &format!("visitors a connection_lost 9 7 0 9 NOW {page}"),
        ]);
        object.ring();
    }
    assert_eq!(object.incidents(), [(Class::BadGateway, "connection_lost".to_owned(), false)]);
    assert_eq!(object.state().0, "up");
    object.pass(1).sees(&["ok a ok 30 0 0 NOW NOW ", &format!("ok a ok 1 0 0 NOW NOW {page}")]);
    object.pass(301).ring();
    let incident = object.summary().incidents.remove(0);
    assert_eq!((incident.touched, incident.errors, incident.ended_at.is_some()), (360, 360, true));
    assert_eq!(object.sent.borrow().len(), 2);
    assert_eq!(object.number("SELECT count(*) FROM evidence WHERE place <> ''"), 0);
    assert!(!object.sees(&[]).text.contains("watch"));
}

#[test]
fn an_incident_learns_that_it_is_only_a_page() {
    let object = &mut object();
    // Most requests are for the page that fails.
    let page = "request NOW 9 502 a connection_lost error_page GET - id www.example /a";
    let other = "request NOW 1 502 a connection_lost error_page GET - id www.example /b";
    for _ in 0..8 {
        let failed = ["failed a connection_lost 20 9 0 NOW NOW ", "ok a ok 2 0 0 NOW NOW "];
        object.pass(1).sees(&[&failed[..], &[page, other]].concat());
    }
    assert_eq!(object.summary().incidents[0].place, "");
    object.pass(1).sees(&["ok a ok 1 0 0 NOW NOW ", "open a connection_lost 0 0 0 NOW NOW www.example/a"]);
    object.pass(1).sees(&["ok a ok 20 0 0 NOW NOW ", "failed a connection_lost 2 0 0 NOW NOW www.example/a"]);
    let summary = object.summary();
    let [incident] = &summary.incidents[..] else { panic!("{summary:?}") };
    assert_eq!((incident.place.as_str(), incident.answered_at), ("www.example/a", None));
}

#[test]
fn an_outage_whose_first_circuit_is_a_page_s_becomes_the_whole_origin_s() {
    let object = &mut object();
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    object.pass(1).sees(&["failed a connection_lost 3 1 0 NOW NOW "]);
    let since = object.now;
    for page in ["www.example/a", "www.example/b"] {
        object.sees(&[&format!("open a connection_lost 0 0 0 {since} NOW {page}")]);
        object.ring();
    }
    object
        .pass(1)
        .sees(&["failed a connection_lost 9 3 0 NOW NOW ", "open a connection_lost 0 0 0 NOW NOW "]);
    object.ring().ring();
    let summary = object.summary();
    let [other, incident] = &summary.incidents[..] else { panic!("{summary:?}") };
    assert_eq!((incident.place.as_str(), incident.ended_at), ("", None));
    assert_eq!((other.place.as_str(), other.ended_at), ("www.example/b", Some(object.now())));
    assert_eq!(object.state(), ("down", Some(1)));
    let sent: Vec<_> =
        object.sent.borrow().iter().map(|id| id.split_once("-").unwrap().1.to_owned()).collect();
    assert_eq!(sent, ["1-begin", "2-begin", "1-wider", "2-end"]);
    // Circuits of pages say nothing new while the whole origin is down.
    object.pass(1).sees(&["open a connection_lost 0 0 0 NOW NOW www.example/c"]);
    assert_eq!(object.summary().incidents.len(), 2);
}

#[test]
fn the_kind_of_an_incident_is_that_of_the_latest_failure_and_a_probe_knows_it_precisely() {
    let mut object = object();
    let kind = |object: &Object| object.incidents()[0].1.clone();
    object.report(&["try a no_header_in_time 50"]);
    assert_eq!(kind(&object), "no_header_in_time");
    object.pass(30).report(&["probe a edge_connect_timeout 1"]);
    object.pass(1).report(&["try a no_header_in_time 50"]);
    assert_eq!(kind(&object), "edge_connect_timeout", "both are no answer in time");
    assert_eq!(object.summary().origins[0].end.as_deref(), Some("edge_connect_timeout"));
    object.pass(1).report(&["try a connection_lost 1"]);
    assert_eq!(kind(&object), "connection_lost", "that is not");
    object.pass(1).report(&["try a own_503 1"]);
    assert_eq!(kind(&object), "own_503", "what the origin says itself is shown as that");
    let words: Vec<_> = object.summary().incidents[0].kinds.iter().map(|kind| kind.kind.clone()).collect();
    assert_eq!(words, ["no_header_in_time", "edge_connect_timeout", "connection_lost", "own_503"]);
}

#[test]
fn an_incident_of_everything_is_not_called_after_a_page() {
    let object = &mut object();
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    // Everything fails for two seconds, and is answered for two, in turns; each page opens its circuit now and then.
    for second in 0..40 {
        object.pass(1);
        if second % 4 < 2 {
            let requests = |page: usize| {
                format!("request NOW 2 502 a connection_lost error_page GET - id www.example /p/{page}")
            };
            let open = format!("open a connection_lost 3 0 0 NOW NOW www.example/p/{}", second % 14);
            let mut lines = vec!["failed a connection_lost 20 9 0 NOW NOW ".to_owned(), open];
            lines.extend((0..14).map(requests));
            object.sees(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        } else {
            object.sees(&["ok a ok 20 0 0 NOW NOW "]);
        }
        object.ring();
    }
    let summary = object.summary();
    let shown: Vec<_> = summary.incidents.iter().map(|one| (&*one.place, one.attempts)).collect();
    assert_eq!(shown, [("", 400)]);
    assert_eq!(object.sent.borrow().len(), 1);
}

#[test]
fn pages_of_a_section_that_fails_are_part_of_its_incident() {
    let object = &mut object();
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    for place in ["www.example/shop/1", "POST www.example/shop/2", "www.example/shop/*", "www.example/shop/3"]
    {
        object
            .pass(1)
            .sees(&["ok a ok 30 0 0 NOW NOW ", &format!("open a connection_lost 3 0 0 NOW NOW {place}")]);
        object.ring();
    }
    object
        .pass(1)
        .sees(&["ok a ok 30 0 0 NOW NOW ", "open a connection_lost 3 0 0 NOW NOW www.example/about"]);
    let summary = object.summary();
    let open: Vec<_> =
        summary.incidents.iter().filter(|one| one.ended_at.is_none()).map(|one| &*one.place).collect();
    assert_eq!(open, ["www.example/about", "www.example/shop/*"]);
    assert_eq!(summary.incidents.len(), 3, "each of the pages that came first had one");
}

#[test]
fn where_nothing_else_is_asked_the_incident_of_a_section_is_the_whole_origin_s() {
    let object = &mut object();
    for _ in 0..60 {
        object.pass(1).sees(&["ok a ok 30 0 0 NOW NOW "]);
    }
    // The traffic falls, and all of it is below one path: too few fail for a share of the minute.
    object.pass(1).sees(&["open a connection_lost 3 0 0 NOW NOW www.example/p/*"]);
    let began = object.summary().incidents[0].began_at;
    for _ in 0..35 {
        object.pass(1).sees(&[
            "failed a connection_lost 2 2 0 NOW NOW www.example/p/*",
            "visitors a connection_lost 2 0 0 2 NOW www.example/p/*",
        ]);
        object.ring();
    }
    let summary = object.summary();
    let [incident] = &summary.incidents[..] else { panic!("{summary:?}") };
    assert_eq!((&*incident.place, incident.began_at), ("", began));
    assert_eq!(summary.origins[0].state.word(), "down");
    assert_eq!((incident.attempts, incident.errors), (3 + 2 * 35, 2 * 35));
    assert!(object.sent.borrow().iter().any(|id| id.ends_with("-wider")), "{:?}", object.sent.borrow());
}

#[test]
fn two_probes_that_fail_are_an_incident_where_nobody_visits() {
    let object = &mut object();
    object.sees(&["ok a ok 1 0 0 NOW NOW "]);
    for expected in [false, true] {
        object.pass(60).sees(&["probe-failed a edge_refused 1 1 0 NOW NOW "]);
        assert_eq!(!object.incidents().is_empty(), expected);
    }
    assert_eq!(object.state().0, "down");
}

#[test]
fn half_of_the_requests_fail_for_minutes_and_the_alerts_of_it_agree() {
    let mut object = object();
    object.alert.quiet = Duration::from_secs(30);
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    let began = object.now + 1000;
    for second in 0..100 {
        // Good answers and failures in turns: sometimes one comes last, sometimes the other.
        object
            .pass(1)
            .sees(&["failed a connection_lost 2 1 0 NOW NOW ", "visitors a connection_lost 2 0 0 2 NOW "]);
        if second % 3 > 0 {
            object.now += 300;
            object.sees(&["ok a ok 2 0 0 NOW NOW "]);
            object.now -= 300;
        }
        object.ring();
        let summary = object.summary();
        assert_eq!(summary.incidents.first().map_or(began, |one| one.began_at.as_millis()), began);
        if second >= 15 {
            assert_eq!(summary.origins[0].state.word(), "failing", "second {second}");
            assert!(!Verdict::of(&summary).headline.contains("answers"), "second {second}");
        }
    }
    object.pass(1).sees(&["ok a ok 9 0 0 NOW NOW "]);
    object.pass(31).ring();
    let summary = object.summary();
    let [incident] = &summary.incidents[..] else { panic!("{summary:?}") };
    assert_eq!((incident.attempts, incident.touched, incident.errors), (200, 200, 200));
    assert_eq!(incident.ended_at.unwrap().since(incident.began_at).as_secs(), 100);
    assert_eq!(object.sent.borrow().len(), 2);
}

#[test]
fn an_origin_whose_every_answer_is_an_error_is_not_up() {
    let mut object = object();
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    let good = object.now();
    for _ in 0..30 {
        object.pass(1).sees(&["failed a own_500 9 5 0 NOW NOW ", "served  ok 9 0 9 NOW NOW "]);
    }
    let summary = object.summary();
    let origin = &summary.origins[0];
    assert_eq!((origin.state.word(), origin.is_reached, origin.last_ok), ("down", true, Some(good)));
    assert_eq!(
        (origin.end.as_deref(), origin.since),
        (Some("own_500"), Some(good.plus(Duration::from_secs(1))))
    );
    let verdict = Verdict::of(&summary);
    assert_eq!(verdict.headline, "The origin answers with errors only");
    assert!(verdict.visitors.contains("135 (100 %) got an error"), "{}", verdict.visitors);
    let metrics = View::Metrics.of(&summary, &Bindings::default());
    assert!(metrics.contains("holdfast_origin_up{origin=\"a\"} 0"), "{metrics}");
    assert!(!object.sees(&[]).text.contains("down a"), "it is asked, as it answers");
    object.pass(1).sees(&["ok a ok 30 0 0 NOW NOW "]);
    assert_eq!(object.state().0, "recovering");
    object.pass(600).ring();
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    assert_eq!(object.state().0, "up");
    assert_eq!(object.summary().origins[0].last_ok, Some(object.now()));
}

#[test]
fn a_failure_counts_in_one_incident() {
    let object = &mut object();
    let page = "www.example/shop/*";
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    // The section fails first, with an incident of its own that begins with what opened its circuit.
    object.pass(1).sees(&["ok a ok 30 0 0 NOW NOW ", &format!("open a edge_refused 3 0 0 NOW NOW {page}")]);
    assert_eq!(object.summary().incidents[0].attempts, 3);
    object.pass(1).sees(&["ok a ok 30 0 0 NOW NOW ", &format!("failed a edge_refused 4 1 4 NOW NOW {page}")]);
    assert_eq!(object.summary().incidents[0].attempts, 7);
    // Then everything does. What fails there is told of both.
    for _ in 0..20 {
        object.pass(1).sees(&[
            "failed a edge_refused 10 5 0 NOW NOW ",
            &format!("failed a edge_refused 4 2 4 NOW NOW {page}"),
            "visitors a edge_refused 6 0 0 6 NOW ",
            &format!("visitors a edge_refused 4 0 0 4 NOW {page}"),
        ]);
    }
    let sum = |of: fn(&summary::Incident) -> u64| object.summary().incidents.iter().map(of).sum::<u64>();
    assert_eq!((sum(|one| one.attempts), sum(|one| one.errors)), (7 + 200, 200));
}

#[test]
fn an_incident_has_what_was_touched_before_it_began() {
    let object = &mut object();
    object.sees(&["ok a ok 30 0 0 NOW NOW "]);
    object.pass(1).sees(&["failed a edge_refused 3 1 0 NOW NOW ", "visitors a edge_refused 1 0 1 0 NOW "]);
    object.pass(1).sees(&["visitors a edge_refused 2 0 0 2 NOW "]);
    object
        .pass(1)
        .sees(&["failed a connection_lost 3 1 0 NOW NOW ", "visitors a connection_lost 1 0 0 1 NOW "]);
    let incident = object.summary().incidents.remove(0);
    assert_eq!((incident.attempts, incident.touched, incident.stale, incident.errors), (6, 4, 1, 3));
}

#[test]
fn what_visitors_got_is_known_of_the_last_quarter_of_a_minute_or_of_the_last_minute() {
    let object = &mut object();
    let start = object.now;
    object.pass(40).sees(&[&format!("served  ok 410 41 0 {start} NOW ")]);
    let visitors = |object: &Object| {
        let of = object.summary().visitors;
        (of.span_s, of.answers, of.stale, of.errors)
    };
    assert_eq!(visitors(object), (15, 150, 15, 0));
    // An isolate tells late what it saw: what it told last counts as the latest.
    assert_eq!(visitors(object.pass(10)), (15, 150, 15, 0));
    object.pass(1).sees(&["served  ok 60 0 60 NOW NOW "]);
    let (span, answers, _, errors) = visitors(object);
    assert_eq!((span, errors), (15, 60));
    assert!((90..=110).contains(&answers), "{answers}");
    // With fewer there is nothing to speak of shares.
    let (span, answers, ..) = visitors(object.pass(20));
    assert!(span == 60 && answers > 300, "{answers}");
    assert_eq!(visitors(object.pass(60)), (60, 0, 0, 0));
    assert_eq!(object.summary().origins.len(), 0, "the site is no origin");
}

#[test]
fn times_are_added_up_over_isolates_quarters_of_an_hour_and_in_total() {
    let mut object = object();
    let line = |object: &Object, origin: &str| {
        let minute = object.now / 60_000;
        format!("took {minute} {origin} 1000 0,0,0,9,0,0,0,1,0,0,0,0,0")
    };
    for _ in 0..30 {
        for origin in ["", "a", "a"] {
            object.sees(&[&line(&object, origin)]);
        }
        object.pass(60);
    }
    let known = |object: &Object| {
        let summary = object.summary();
        let day = &summary.spans[2].latency;
        let total = |what: &str| summary.totals.iter().filter(|t| t.what == what).map(|t| t.n).sum::<u64>();
        let day: Vec<_> =
            day.iter().map(|(name, latency)| (name.clone(), latency.count(), latency.sum_ms)).collect();
        let bars = summary.spans[2].bars.iter().map(|bar| bar.latency.count()).sum::<u64>();
        (day, bars, total("took 3"), total("took_ms"))
    };
    let all = (vec![(String::new(), 300, 30_000), ("a".to_owned(), 600, 60_000)], 300, 810, 90_000);
    assert_eq!(known(&object), all);
    object.pass(4 * 60 * 60);
    object.sees(&[&line(&object, "a")]);
    let folded = (vec![(String::new(), 300, 30_000), ("a".to_owned(), 610, 61_000)], 300, 819, 91_000);
    assert_eq!(known(&object), folded);
    assert!(object.number("SELECT count(*) FROM latency") <= 7, "a row for each quarter of an hour");
    let summary = object.summary();
    let (_, latency) = &summary.spans[2].latency[1];
    assert_eq!((latency.percentile(50), latency.percentile(95)), (Some(38), Some(754)));
    let metrics = View::Metrics.of(&summary, &Bindings::default());
    for sample in [
        "holdfast_attempt_seconds_bucket{origin=\"a\",le=\"0.05\"} 549",
        "holdfast_attempt_seconds_bucket{origin=\"a\",le=\"+Inf\"} 610",
        "holdfast_attempt_seconds_sum{origin=\"a\"} 61\n",
        "holdfast_answer_seconds_bucket{le=\"1\"} 300",
        "holdfast_answer_seconds_count 300",
    ] {
        assert!(metrics.contains(sample), "{sample} is not in {metrics}");
    }
    object.pass(8 * 24 * 60 * 60).report(&["try a ok 1"]);
    assert_eq!(object.number("SELECT count(*) FROM latency"), 0);
}

#[test]
fn who_is_touched_is_known_for_an_hour_and_bounded() {
    let mut object = object();
    for number in 0..500 {
        let line = format!(
            "request NOW 3 502 a edge_refused error_page GET DE id{number} www.example /shop/{number}"
        );
        object.now += 10;
        object.sees(&[&line, "open a edge_refused 0 0 0 NOW NOW www.example/shop/*"]);
    }
    let summary = object.summary();
    assert_eq!((summary.touched.len(), summary.touched[0].id.as_str()), (100, "id499"));
    assert_eq!(
        Verdict::of(&summary).who.unwrap(),
        "Most touched: www.example/shop/* (100 % of the latest 300); from DE (100 %)."
    );
    let [circuit] = &summary.circuits[..] else { panic!("{:?}", summary.circuits) };
    assert_eq!((circuit.place.as_str(), circuit.at), ("www.example/shop/*", object.now()));
    object.pass(61);
    assert_eq!((object.summary().circuits, object.summary().touched.len()), (vec![], 100));
    object.pass(3600);
    assert_eq!(object.summary().touched, []);
}

#[test]
fn versions_are_known_by_when_they_answered() {
    let mut object = object();
    object.sees(&["version NOW 1f-2b v1.4.0"]);
    let first = object.now();
    for _ in 0..100 {
        object.pass(1).sees(&["version NOW 1f-2b v1.4.0"]);
    }
    object.sees(&["version NOW 77-aa ", "version x y z", "version NOW  tag", "version NOW"]);
    let versions = object.summary().versions;
    let shown: Vec<_> = versions.iter().map(|one| (&*one.id, &*one.tag, one.first_at, one.last_at)).collect();
    let minute = first.plus(Duration::from_secs(60));
    assert_eq!(shown, [("77-aa", "", object.now(), object.now()), ("1f-2b", "v1.4.0", first, minute)]);
}

#[test]
fn a_database_of_form_2_is_read_and_goes_on() {
    let object = object();
    object.report(&["try a ok 7"]);
    for statement in ["DROP TABLE latency", "DROP TABLE recent", "UPDATE state SET form = 2"] {
        object.sql.connection.execute(statement, []).unwrap();
    }
    object.sees(&["version NOW 1f-2b ", "ok a ok 1 0 0 NOW NOW "]);
    let summary = object.summary();
    assert_eq!((summary.versions.len(), summary.spans[1].attempts), (1, 7));
}

#[test]
fn a_database_of_before_is_read_and_goes_on() {
    const FORM_1: [&str; 9] = [
        "CREATE TABLE counts (minute INTEGER NOT NULL, origin TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL, \
         PRIMARY KEY (minute, origin, what)) WITHOUT ROWID",
        "CREATE TABLE totals (origin TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (origin, what)) \
         WITHOUT ROWID",
        "CREATE TABLE origins (name TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL, ok_ms INTEGER NOT NULL, \
         failed_ms INTEGER NOT NULL, up_ms INTEGER NOT NULL, probe_ms INTEGER NOT NULL, probe_end TEXT NOT NULL) \
         WITHOUT ROWID",
        "CREATE TABLE incidents (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, origin TEXT NOT NULL, class TEXT NOT NULL, \
         kind TEXT NOT NULL, began_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, over_ms INTEGER NOT NULL, \
         ended_ms INTEGER, attempts INTEGER NOT NULL, touched INTEGER NOT NULL, stale INTEGER NOT NULL)",
        "CREATE UNIQUE INDEX open_incidents ON incidents (origin, class) WHERE ended_ms IS NULL",
        "CREATE TABLE ends (incident INTEGER NOT NULL, word TEXT NOT NULL, n INTEGER NOT NULL, \
         PRIMARY KEY (incident, word)) WITHOUT ROWID",
        "CREATE TABLE alerts (incident INTEGER NOT NULL, moment TEXT NOT NULL, id TEXT NOT NULL, tries INTEGER NOT NULL, \
         due_ms INTEGER, sent INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (incident, moment)) WITHOUT ROWID",
        "CREATE TABLE state (one INTEGER PRIMARY KEY, form INTEGER NOT NULL, minute INTEGER NOT NULL, \
         reports INTEGER NOT NULL, flush_s INTEGER NOT NULL, folded INTEGER NOT NULL, dashboard TEXT NOT NULL)",
        "INSERT INTO alerts (incident, moment, id, tries, due_ms, sent) VALUES (2, 'begin', '2-begin', 1, NULL, 1), \
         (3, 'begin', '3-begin', 1, NULL, 1)",
    ];
    let mut object = object();
    for statement in FORM_1 {
        object.sql.exec(statement, &[]);
    }
    let minute = START / 60_000;
    let insert = |text: String| object.sql.connection.execute(&text, []).unwrap();
    let folded = minute - 120;
    insert(format!(
        "INSERT INTO state VALUES (1, 1, {minute}, 3, 10, {}, 'https://d.example/')",
        folded - folded % 15
    ));
    insert(format!(
        "INSERT INTO counts VALUES ({minute}, 'a', 'try edge_refused', 7), ({minute}, 'a', 'try ok', 9)"
    ));
    insert("INSERT INTO totals VALUES ('a', 'try ok', 1000)".to_owned());
    let (began, last, ok) = (START - 90_000, START - 1000, START - 95_000);
    insert(format!("INSERT INTO origins VALUES ('a', {START}, {ok}, {last}, 0, {last}, 'edge_refused')"));
    for (seq, class, kind, ended) in [
        (1, "unavailable", "own_503", format!("{}", START - 5_000_000)),
        (2, "bad_gateway", "edge_refused", "NULL".to_owned()),
        (3, "gateway_timeout", "edge_connect_timeout", "NULL".to_owned()),
        (4, "error", "own_500", "NULL".to_owned()),
    ] {
        insert(format!(
            "INSERT INTO incidents VALUES ({seq}, '{seq}', 'a', '{class}', '{kind}', {began}, {last}, {}, {ended}, 5, 4, 3)",
            last + 300_000
        ));
        insert(format!("INSERT INTO ends VALUES ({seq}, '{kind}', 5)"));
    }
    object.report(&["try a edge_connect_timeout 2"]);
    object.ring().ring();
    let summary = object.summary();
    let shown: Vec<_> =
        summary.incidents.iter().map(|one| (&*one.id, one.attempts, one.ended_at.is_some())).collect();
    assert_eq!(shown, [("4", 5, false), ("3", 7, false), ("2", 5, true), ("1", 5, true)]);
    assert_eq!(summary.incidents[1].kinds[0].n, 7);
    assert_eq!(object.sent.borrow().clone(), ["2-end"], "what turned into another kind is one incident now");
    let origin = &summary.origins[0];
    assert_eq!((origin.state.word(), origin.since), ("down", Some(Timestamp::from_millis(began))));
    let ok = summary.totals.iter().find(|total| total.what == "try ok").unwrap();
    assert_eq!(ok.n, 1009);
    // And they end as those of today do.
    object.pass(1).report(&["try a ok 1"]);
    object.pass(300).ring();
    assert!(object.summary().incidents.iter().all(|one| one.ended_at.is_some()));
    assert_eq!(object.sent.borrow().clone(), ["2-end", "3-end"]);
}

#[test]
fn failures_of_an_incident_that_is_over_begin_no_other() {
    let mut object = object();
    object.alert.quiet = Duration::from_secs(60);
    object.report(&["try a edge_refused 100"]);
    object.ring();
    object.pass(1).report(&["try a ok 1"]);
    object.pass(61).ring();
    assert!(object.incidents()[0].2);
    object.report(&["try a edge_refused 1"]);
    assert_eq!(object.incidents().len(), 1);
    object.report(&["try a edge_refused 4"]);
    assert_eq!(object.incidents().len(), 2);
}

#[test]
fn an_outage_that_no_visitor_noticed_is_an_incident() {
    let object = object();
    object.report(&[
        "try a no_header_in_time 8",
        "answer stale 0 3",
        "answer last_good 0 1",
        "touched a no_header_in_time stale 3",
        "touched a no_header_in_time last_good 1",
    ]);
    object.ring();
    object.report(&[
        "try a no_header_in_time 4",
        "touched a no_header_in_time stale_while_revalidate 2",
        "touched a no_header_in_time refresh_failed 1",
        "touched a circuit_open stale 5",
        "touched a circuit_open error_page 1",
    ]);
    let summary = object.summary();
    let [incident] = &summary.incidents[..] else { panic!("{summary:?}") };
    assert_eq!((incident.attempts, incident.touched, incident.stale), (12, 7, 6));
    assert_eq!(incident.what, "sent no header in time");
    assert_eq!(object.sent.borrow().len(), 1);
    let hour = &summary.spans[0];
    assert_eq!((hour.stale, hour.failed_attempts, hour.not_saved_by_retry), (4, 12, 1));
}

#[test]
fn what_was_counted_in_words_of_log_schema_1_is_added_to_the_words_of_today() {
    let object = object();
    object.report(&[
        "answer last_good 0 1",
        "answer error_page 502 2",
        "touched a circuit_open error_page 4",
    ]);
    for what in ["answer kept 0", "answer page 502", "touched believed_down page"] {
        let origin = if what.starts_with("answer") { "" } else { "a" };
        for table in [
            "counts (minute, origin, what, n) VALUES (?, ?, ?, 10)",
            "totals (origin, what, n) VALUES (?, ?, 100)",
        ] {
            let minute = Param::Number(i64::try_from(object.now / 60_000).unwrap());
            let params = [minute, Param::Text(origin), Param::Text(what)];
            let params = if table.starts_with("counts") { &params[..] } else { &params[1..] };
            object.sql.exec(&format!("INSERT INTO {table}"), params);
        }
    }
    let summary = object.summary();
    assert_eq!(summary.spans[0].answers, [("error_page".to_owned(), 12), ("last_good".to_owned(), 11)]);
    assert_eq!((summary.spans[0].stale, summary.spans[0].not_saved_by_retry), (11, 14));
    let totals: Vec<_> = summary.totals.iter().map(|total| (&*total.origin, &*total.what, total.n)).collect();
    let expected = [
        ("", "answer error_page 502", 112),
        ("", "answer last_good 0", 111),
        ("a", "touched circuit_open error_page", 114),
    ];
    assert_eq!(totals, expected, "each once: Prometheus refuses a metric that is there twice");
}

#[test]
fn an_incident_begins_when_enough_fails_and_a_tenth_of_all() {
    for (before, now, class) in [
        (&[][..], &["try a edge_refused 5"][..], Some(Class::BadGateway)),
        (&[], &["try a edge_refused 4"], None),
        (&[], &["try a edge_refused 4", "probe a connection_lost 1"], Some(Class::BadGateway)),
        (&["try a edge_refused 4"], &["try a edge_refused 1"], Some(Class::BadGateway)),
        (&[], &["try a ok 45", "try a edge_refused 5"], Some(Class::BadGateway)),
        (&[], &["try a ok 46", "try a edge_refused 5"], None),
        (&["try a ok 46"], &["try a edge_refused 5"], None),
        (&[], &["try a edge_refused 2", "try a edge_answer_timeout 2"], None),
        (&[], &["try a edge_refused 4", "try a edge_answer_timeout 4"], Some(Class::GatewayTimeout)),
        (&[], &["try a edge_refused 4", "try b edge_refused 4"], None),
        (&[], &["try a own_504 9"], Some(Class::GatewayTimeout)),
        (&[], &["try a edge_tunnel_down 9"], Some(Class::Unavailable)),
        (&[], &["try a own_500 9"], Some(Class::Error)),
        (&[], &["try a internal 9"], Some(Class::Internal)),
        // A client alone can bring these about, or nothing was tried.
        (&[], &["try a loop 9", "try a upgrade_refused 9", "try a circuit_open 9"], None),
        (&[], &["touched a edge_refused error_page 9"], None),
    ] {
        let mut object = object();
        object.report(before);
        object.pass(59).report(now);
        assert_eq!(object.summary().incidents.first().map(|one| one.class), class, "{before:?} {now:?}");
    }
    let mut slow = object();
    slow.report(&["try a edge_refused 4"]);
    slow.pass(60).report(&["try a edge_refused 4"]);
    assert_eq!(slow.incidents(), [], "what is a minute old has passed");
}

#[test]
fn counts_go_after_a_week_and_totals_stay() {
    let mut object = object();
    let total = |object: &Object| {
        let totals = object.summary().totals;
        totals.iter().filter(|total| total.what == "try ok").map(|total| total.n).sum::<u64>()
    };
    let (day, week) = (
        |object: &Object| object.summary().spans[2].attempts,
        |object: &Object| object.summary().spans[3].attempts,
    );
    // An hour of it, by the minute.
    for _ in 0..60 {
        object.report(&["try a ok 2", "answer origin 0 2", "answer error_page 502 1"]);
        object.pass(60);
    }
    let before = object.summary().spans.remove(2);
    assert_eq!((before.attempts, before.bars.iter().map(|bar| bar.s502).sum::<u64>()), (120, 60));
    object.pass(3 * 60 * 60).report(&["try a ok 1"]);
    let after = object.summary().spans.remove(2);
    assert_eq!(after.attempts, 121);
    assert_eq!(after.bars[..80], before.bars[before.bars.len() - 80 - 4..][..80].to_vec()[..], "bars stay");
    assert!(
        object.number("SELECT count(*) FROM counts") < 20,
        "a quarter of an hour has one row of each kind"
    );
    object.pass(24 * 60 * 60).report(&["try a ok 1"]);
    assert_eq!((day(&object), week(&object), total(&object)), (1, 122, 122));
    object.pass(6 * 24 * 60 * 60 + 60 * 60).report(&["try a ok 1"]);
    assert_eq!((week(&object), total(&object)), (2, 123));
    object.pass(7 * 24 * 60 * 60).report(&["try a ok 1"]);
    assert_eq!(object.number("SELECT count(*) FROM counts"), 1);
    object.pass(8 * 24 * 60 * 60).report(&["answer hit 0 1"]);
    assert_eq!(object.number("SELECT count(*) FROM origins"), 0);
    assert_eq!(total(&object), 0, "nor is there anything left of an origin that is no more");
}

#[test]
fn a_new_object_shows_nothing() {
    let object = object();
    let summary = object.summary();
    let shape: Vec<_> = summary.spans.iter().map(|span| (span.name, span.step_s, span.bars.len())).collect();
    assert_eq!(shape, [("quarter", 60, 15), ("hour", 60, 60), ("day", 900, 96), ("week", 7200, 84)]);
    assert!(summary.spans.iter().flat_map(|span| &span.bars).all(|bar| *bar == summary::Bar::default()));
    assert_eq!((summary.origins.len(), summary.incidents.len(), summary.totals.len()), (0, 0, 0));
    assert_eq!(object.wake(), (Vec::new(), None));
    assert_eq!(object.take(""), Reply { text: "flush 10\n".to_owned(), wake_at: None });
}

#[test]
fn a_summary_is_json_with_times_that_people_can_read() {
    let object = object();
    object.report(&[
        "probe a edge_refused 9",
        "answer error_page 502 2",
        "answer retried 0 3",
        "answer retried 503 1",
    ]);
    let json = serde_json::to_value(object.summary()).unwrap();
    assert_eq!((&json["v"], &json["at"]), (&json!(4), &json!("2026-01-02T03:04:30Z")));
    assert_eq!(json["spans"][2]["began_at"], "2026-01-01T03:15:00Z");
    assert_eq!(json["spans"][0]["answers"], json!([["retried", 4], ["error_page", 2]]));
    let bar = json["spans"][3]["bars"].as_array().unwrap().last().unwrap();
    assert_eq!(
        *bar,
        json!({
            "answers": 6, "stale": 0, "retried": 3, "s500": 0, "s502": 2, "s503": 1, "s504": 0,
            "bad_gateway": 9, "gateway_timeout": 0, "unavailable": 0,
            "latency": { "n": 0, "median_ms": null, "p95_ms": null },
        })
    );
    assert_eq!(
        json["origins"],
        json!([{
            "name": "a", "url": "http://a", "state": "down", "is_down": true, "is_reached": false, "end": "edge_refused", "since": "2026-01-02T03:04:30Z",
            "asked_at": "2026-01-02T03:04:30Z", "last_ok": null, "last_probe": { "at": "2026-01-02T03:04:30Z", "end": "edge_refused" },
        }])
    );
    let incident = &json["incidents"][0];
    assert_eq!((&incident["class"], &incident["ended_at"]), (&json!("bad_gateway"), &json!(null)));
    assert_eq!(json["totals"][0], json!({ "origin": "", "what": "answer error_page 502", "n": 2 }));
}

#[test]
fn a_database_that_fails_takes_nothing_down() {
    let object = object();
    let text = format!("holdfast 1\n{} try a edge_refused 100\n", START / 60_000);
    let reply = ingest::report(&Broken, &text, 1, object.now(), object.settings());
    assert_eq!(reply, Reply { text: "flush 10\n".to_owned(), wake_at: None });
    assert_eq!(alarm::wake(&Broken, object.now(), object.settings()), (Vec::new(), None));
    assert_eq!(alarm::delivered(&Broken, "1-begin", false, object.now()), None);
    assert_eq!(query::summary(&Broken, object.now(), &object.config), object.summary());
}

#[test]
fn a_webhook_that_fails_is_asked_again_later_and_later_and_then_no_more() {
    let mut object = object();
    object.alert.quiet = Duration::from_secs(24 * 60 * 60);
    object.report(&["try a edge_refused 10"]);
    let mut waits = Vec::new();
    loop {
        let (deliveries, _) = object.wake();
        let [delivery] = &deliveries[..] else { panic!("{deliveries:?}") };
        assert_eq!(delivery.id, "20260102T0304-1-begin");
        // While it is on its way.
        assert_eq!(object.wake().0, []);
        object.pass(2).report(&["try a edge_refused 1"]);
        let next = alarm::delivered(&object.sql, &delivery.id, false, object.now());
        let Some(next) = next else { break };
        let wait = next.since(object.now());
        waits.push(wait);
        object.pass(wait.as_secs());
    }
    assert_eq!(waits, WAITS);
    // Its end is sent all the same.
    object.pass(1).report(&["try a ok 1"]);
    object.pass(24 * 60 * 60).ring();
    assert_eq!(*object.sent.borrow(), ["20260102T0304-1-end"]);
}

#[test]
fn an_alert_that_nothing_is_heard_of_is_sent_again_under_its_id() {
    let mut object = object();
    object.report(&["try a edge_refused 10"]);
    let (first, next) = object.wake();
    assert_eq!(next, Some(object.now().plus(WAITS[0])));
    object.pass(9);
    assert_eq!(object.wake().0, []);
    object.pass(1);
    let (second, _) = object.wake();
    assert_eq!(first.iter().map(|one| &one.id).collect::<Vec<_>>(), [&second[0].id]);
    // Each time, and never again; then its end, in the same way.
    object.pass(1).report(&["try a ok 1"]);
    let mut times = 2;
    for _ in 0..2000 {
        times += object.pass(5).wake().0.len();
    }
    assert_eq!(times, 2 * (WAITS.len() + 1));
}

#[test]
fn the_end_waits_for_the_beginning() {
    let mut object = object();
    object.report(&["try a edge_refused 10"]);
    let begin = object.wake().0.remove(0);
    object.pass(5);
    alarm::delivered(&object.sql, &begin.id, false, object.now());
    object.report(&["try a ok 1"]);
    object.pass(400);
    let (again, next) = object.wake();
    assert_eq!(again.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [begin.id.as_str()]);
    assert!(next > Some(object.now()), "it does not ring for an end that cannot be told yet");
    assert_eq!(alarm::delivered(&object.sql, &begin.id, true, object.now()), Some(object.now()));
    object.ring();
    assert_eq!(*object.sent.borrow(), ["20260102T0304-1-end"]);
}

#[test]
fn without_a_webhook_no_alert_is_sent_now_or_later() {
    let mut object = object();
    let webhook = object.alert.webhook.take();
    object.report(&["try a edge_refused 10"]);
    object.ring();
    object.alert.webhook = webhook;
    object.pass(1).report(&["try a ok 1"]);
    object.pass(300).ring();
    assert_eq!(*object.sent.borrow(), [""; 0], "an end without a beginning says nothing");
    assert!(object.incidents()[0].2);

    object.report(&["try a edge_refused 10"]);
    object.alert.webhook = None;
    object.ring();
    object.alert.webhook = Webhook::new("https://hooks.example/alerts");
    object.ring();
    assert_eq!(*object.sent.borrow(), [""; 0]);
}

#[test]
fn many_alerts_leave_a_few_at_a_time() {
    let object = object();
    let lines: Vec<_> = (0..12).map(|n| format!("try {n}.example edge_refused 9")).collect();
    object.report(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let (first, next) = object.wake();
    assert_eq!((first.len(), next), (8, Some(object.now())));
    let (second, next) = object.wake();
    assert_eq!((second.len(), next), (4, Some(object.now().plus(WAITS[0]))));
}

/// The alerts for the beginning and the end of an incident.
fn alerts(form: AlertForm, origin: &str) -> [(Delivery, serde_json::Value); 2] {
    let mut object = object();
    object.alert.form = form;
    object.alert.key = RoutingKey::new("R0123456789");
    let read = |object: &Object, delivery: Delivery| {
        let body = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!(delivery.content_type, "application/json");
        alarm::delivered(&object.sql, &delivery.id, true, Timestamp::from_millis(START));
        (delivery, body)
    };
    object.report(&[
        &format!("try {origin} edge_refused 10"),
        &format!("touched {origin} edge_refused stale 2"),
    ]);
    let begin = read(&object, object.wake().0.remove(0));
    object.pass(60).report(&[&format!("try {origin} ok 1")]);
    let later = Timestamp::from_millis(START + 360_000);
    // As in an alarm: nobody says where the dashboard is.
    let settings = Settings { dashboard: None, ..object.settings() };
    let end = read(&object, alarm::wake(&object.sql, later, settings).0.remove(0));
    [begin, end]
}

#[test]
fn our_own_form_has_every_fact() {
    let [(delivery, begin), (_, end)] = alerts(AlertForm::Json, "a.example:81");
    assert_eq!(delivery.url, "https://hooks.example/alerts");
    assert_eq!(
        begin,
        json!({
            "v": 1,
            "id": "20260102T0304-1-begin",
            "event": "begin",
            "text": "502, bad or no answer, at a.example:81 since 2026-01-02T03:04:30Z: refused the connection (521). \
                     2 requests touched: 2 got a stale copy, 0 an error",
            "incident": "20260102T0304-1",
            "origin": "a.example:81",
            "place": null,
            "class": "bad_gateway",
            "status": 502,
            "kind": "edge_refused",
            "what": "refused the connection (521)",
            "check": "Is the server running? Does its firewall let Cloudflare's addresses in?",
            "began_at": "2026-01-02T03:04:30Z",
            "last_at": "2026-01-02T03:04:30Z",
            "ended_at": null,
            "lasted_s": null,
            "attempts": 10,
            "touched": 2,
            "stale": 2,
            "errors": 0,
            "dashboard": "https://www.example/.well-known/holdfast/status",
        })
    );
    assert_eq!((&end["event"], &end["ended_at"]), (&json!("end"), &json!("2026-01-02T03:05:30Z")));
    assert_eq!(
        end["text"],
        "Over after 1 min: 502, bad or no answer, at a.example:81 from 2026-01-02T03:04:30Z to 2026-01-02T03:05:30Z: \
         refused the connection (521). 2 requests touched: 2 got a stale copy, 0 an error"
    );
    assert_eq!(end["lasted_s"], 60);
    assert_eq!(end["dashboard"], begin["dashboard"]);
    let document = include_str!("../../docs/operations.md");
    for field in begin.as_object().unwrap().keys() {
        assert!(document.contains(&format!("| `{field}` |")), "docs/operations.md says nothing of `{field}`");
    }
}

#[test]
fn what_no_isolate_has_told_of_yet_is_not_said_to_be_none() {
    let object = &mut object();
    object.sees(&["ok a ok 30 0 0 NOW NOW ", "open a connection_lost 3 0 0 NOW NOW www.example/shop/*"]);
    let deliveries = object.wake().0;
    let begin: serde_json::Value = serde_json::from_str(&deliveries[0].body).unwrap();
    assert_eq!(
        (&begin["attempts"], &begin["touched"], &begin["errors"]),
        (&json!(3), &json!(null), &json!(null))
    );
}

#[test]
fn slack_gets_text_that_cannot_become_markup() {
    let [(_, begin), (_, end)] = alerts(AlertForm::Slack, "<!channel>&.example");
    let text = begin["text"].as_str().unwrap();
    assert!(text.starts_with("502, bad or no answer, at &lt;!channel&gt;&amp;.example since "), "{text}");
    assert!(end["text"].as_str().unwrap().starts_with("Over after 1 min: 502, bad or no answer, at "));
    for block in begin["blocks"].as_array().unwrap() {
        assert!(!block.to_string().contains("<!"), "{block}");
    }
    let whole = begin["blocks"].to_string();
    for part in
        ["`edge_refused`", "Is the server running?", "2: 2 got a stale copy, 0 an error", "bad_gateway"]
    {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    assert!(whole.contains("<https://www.example/.well-known/holdfast/status|Dashboard>"));
}

#[test]
fn discord_gets_text_that_mentions_nobody_and_cannot_become_markup() {
    let [(delivery, begin), (_, end)] = alerts(AlertForm::Discord, "@everyone_**a**.example");
    assert_eq!(delivery.url, "https://hooks.example/alerts");
    assert_eq!(begin["allowed_mentions"], json!({ "parse": [] }));
    let embed = &begin["embeds"][0];
    let text = embed["description"].as_str().unwrap();
    assert!(text.starts_with(r"502, bad or no answer, at @everyone\_\*\*a\*\*.example since "), "{text}");
    assert_eq!(embed["url"], "https://www.example/.well-known/holdfast/status");
    assert!(embed["fields"].to_string().contains("Is the server running?"), "{embed}");
    assert_ne!(embed["color"], end["embeds"][0]["color"], "it is seen at a glance that it is over");
    assert!(end["embeds"][0]["description"].as_str().unwrap().starts_with("Over after 1 min"));
}

#[test]
fn teams_gets_a_card_whose_text_is_no_markup() {
    let [(_, begin), (_, end)] = alerts(AlertForm::Teams, "[a](https://evil.example).example");
    let card = |message: &serde_json::Value| message["attachments"][0]["content"].clone();
    let (begin, end) = (card(&begin), card(&end));
    assert_eq!((&begin["type"], &begin["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    // A text run shows every character as it is; a text block would read Markdown.
    let headline = &begin["body"][0];
    assert_eq!(headline["type"], "RichTextBlock");
    let text = headline["inlines"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("502, bad or no answer, at [a](https://evil.example).example since "), "{text}");
    assert_eq!(begin["actions"][0]["url"], "https://www.example/.well-known/holdfast/status");
    assert!(begin["body"][1]["facts"].to_string().contains("edge_refused"), "{begin}");
    assert!(end["body"][0]["inlines"][0]["text"].as_str().unwrap().starts_with("Over after 1 min"));
}

#[test]
fn pagerduty_resolves_what_it_was_alerted_to() {
    let long = format!("{}.example", "a".repeat(250));
    for origin in ["a.example", long.as_str()] {
        let [(_, begin), (_, end)] = alerts(AlertForm::PagerDuty, origin);
        assert_eq!((&begin["event_action"], &end["event_action"]), (&json!("trigger"), &json!("resolve")));
        assert_eq!(begin["dedup_key"], end["dedup_key"]);
        assert!(begin["dedup_key"].as_str().unwrap().chars().count() <= 255);
        assert_eq!(begin["routing_key"], "R0123456789");
        let payload = &begin["payload"];
        assert_eq!((&payload["severity"], &payload["class"]), (&json!("critical"), &json!("bad_gateway")));
        assert_eq!(payload["source"].as_str(), Some(&origin[..origin.len().min(260)]));
        assert!(payload["summary"].as_str().unwrap().len() < 1024);
        assert_eq!(payload["custom_details"]["status"], 502);
        assert_eq!(begin["links"][0]["text"], "Dashboard");
    }
}

#[test]
fn pagerduty_needs_a_key_and_no_webhook() {
    for (webhook, key, url) in [
        (None, Some("R1"), Some("https://events.pagerduty.com/v2/enqueue")),
        (
            Some("https://events.eu.pagerduty.com/v2/enqueue"),
            Some("R1"),
            Some("https://events.eu.pagerduty.com/v2/enqueue"),
        ),
        (Some("https://hooks.example/"), None, None),
        (None, None, None),
    ] {
        let mut object = object();
        object.alert.form = AlertForm::PagerDuty;
        object.alert.webhook = webhook.and_then(Webhook::new);
        object.alert.key = key.and_then(RoutingKey::new);
        object.report(&["try a edge_refused 10"]);
        assert_eq!(object.wake().0.first().map(|one| one.url.as_str()), url);
    }
}

#[test]
fn isolates_learn_which_origins_are_down_and_which_are_up_again() {
    let mut object = object();
    let news = |reply: Reply| reply.text.split_once('\n').unwrap().1.to_owned();
    let began = START;
    let down = format!("down a edge_refused {began}\n");
    assert_eq!(news(object.report(&["try a edge_refused 4", "try b ok 9"])), "", "no incident yet");
    assert_eq!(news(object.report(&["try a edge_refused 6"])), "", "some of its pages may have failed");
    assert_eq!(news(object.report(&["opened a edge_refused 1"])), down);
    assert_eq!(news(object.pass(29).report(&["try b ok 9"])), down);
    assert!(object.summary().origins[0].is_down && !object.summary().origins[1].is_down);
    assert_eq!(news(object.pass(1).report(&[])), "", "half a minute without a failure says nothing any more");
    assert_eq!(news(object.report(&["try a edge_refused 1"])), down);
    // An answer in the same report does not outweigh the failures; one after them does.
    let down = format!("down a edge_refused {}\n", object.now + 1000);
    assert_eq!(news(object.pass(1).report(&["probe a ok 1", "try a edge_refused 1"])), down);
    assert_eq!(news(object.pass(1).report(&["probe a ok 1"])), format!("up a {}\n", object.now));
    let up = format!("up a {}\n", object.now);
    let state = object.summary().origins.remove(0);
    assert_eq!((state.is_down, state.last_ok), (false, Some(object.now())));
    assert_eq!(state.last_probe, Some((object.now(), "ok".to_owned())));
    assert_eq!(news(object.pass(180).report(&["try a ok 9"])), up);
    assert_eq!(news(object.pass(1).report(&["try a ok 9"])), "", "that is no news any more");
}

#[test]
fn an_origin_that_answers_half_of_its_requests_is_not_down() {
    for (lines, is_down) in [
        (["try a edge_refused 10", "try a ok 11"], false),
        (["try a edge_refused 10", "try a ok 10"], true),
        (["try a edge_refused 6", "try a no_header_in_time 6"], true),
        (["try a own_500 50", "try a ok 1"], false),
        (["try a internal 50", "try a ok 1"], false),
    ] {
        let object = object();
        let reply = object.report(&[&lines[..], &["opened a edge_refused 1"]].concat());
        assert_eq!(reply.text.contains("\ndown a "), is_down, "{lines:?}");
        assert!(!object.incidents().is_empty());
    }
}

#[test]
fn the_more_isolates_report_the_less_often_each_does() {
    for (isolates, least, most) in [(1, 10, 10), (10, 10, 10), (50, 45, 55), (200, 60, 60)] {
        let mut object = object();
        let flush = |reply: Reply| -> u64 {
            reply.text.lines().next().unwrap().strip_prefix("flush ").unwrap().parse().unwrap()
        };
        let mut next: Vec<u64> = (0..isolates).map(|n| n % 10).collect();
        let mut gap = 0;
        for second in 0..360 {
            for next in next.iter_mut().filter(|next| **next <= second) {
                gap = flush(object.report(&[]));
                *next = second + gap;
            }
            object.pass(1);
        }
        assert!((least..=most).contains(&gap), "{isolates} isolates: every {gap} s");
    }
}

#[test]
fn no_text_gets_out_of_its_place_or_makes_rows_without_end() {
    let object = object();
    let minute = START / 60_000;
    let mut text = "holdfast 1\n".to_owned();
    text += &format!("{minute} try a');DROP--TABLE--counts;-- edge_refused 9\n");
    text += &format!("{minute} try a edge_refused');-- 9\n{minute} answer ');-- 0 9\n");
    for n in 0..1500 {
        text += &format!("{minute} try {n}.example ok 1\n{minute} answer x{n} 0 1\n");
    }
    object.take(&text);
    object.take(&text);
    let summary = object.summary();
    assert_eq!(summary.origins.len(), 16);
    assert_eq!(summary.origins.last().map(|one| one.name.as_str()), Some("a');DROP--TABLE--counts;--"));
    assert_eq!(object.number("SELECT count(*) FROM counts"), 16);
    let long = "x".repeat(1000);
    let other = self::object();
    other.report(&[&format!("try {long} edge_refused 9")]);
    assert_eq!(other.summary().origins[0].name, long[..260]);
    assert!(
        other.take(&format!("holdfast 1\n{}", "é\u{0}\u{2028}".repeat(100_000))).text.starts_with("flush")
    );
}

#[test]
fn old_rows_are_searched_for_once_a_minute() {
    let mut object = object();
    for _ in 0..36 {
        object.report(&["try a ok 1"]);
        object.pass(5);
    }
    assert_eq!(object.sql.prunings.get(), 4, "03:04 to 03:07");
}

#[test]
fn a_thousand_incidents_are_remembered() {
    let mut object = object();
    object.alert.quiet = Duration::from_secs(60);
    for _ in 0..1010 {
        object.report(&["try a edge_refused 10"]);
        object.pass(60).report(&["try a ok 1"]);
        object.pass(120);
    }
    object.ring();
    assert_eq!(object.number("SELECT count(*) FROM incidents"), 1000);
    assert_eq!(object.number("SELECT count(*) FROM ends"), 1000);
    let alerts = object.number("SELECT count(*) FROM alerts");
    assert!(alerts <= 2 * 1000 + 2, "{alerts}");
    assert_eq!(object.summary().incidents.len(), 50);
}

#[test]
fn a_second_of_an_outage_writes_some_twenty_rows() {
    let mut object = object();
    object.report(&["try a ok 1000", "answer origin 0 1000"]);
    object.pass(1);
    let before = object.number("SELECT total_changes()");
    for _ in 0..300 {
        // The object takes in what all isolates tell within a second at once.
        object.report(&[
            "answer error_page 502 700",
            "answer stale 0 300",
            "try a edge_refused 20",
            "touched a edge_refused error_page 700",
            "touched a edge_refused stale 300",
            "opened a edge_refused 1",
        ]);
        let minute = object.now / 60_000;
        object.sees(&[
            &format!("took {minute}  90000 0,900,90,10,0,0,0,0,0,0,0,0,0"),
            &format!("took {minute} a 9000 0,0,0,0,0,0,0,0,20,0,0,0,0"),
            "request NOW 250 502 a edge_refused error_page GET DE 8f2a www.example /shop/1",
            "served  ok 1000 300 700 NOW NOW ",
            "version NOW 1f-2b v1.4.0",
        ]);
        object.pass(1);
    }
    let rows = (object.number("SELECT total_changes()") - before) / 300;
    println!("{rows} rows a second");
    assert!(rows <= 22, "{rows} rows a second");
}
