//! No header costs more than its length, whoever chooses what is in it.
#![expect(clippy::disallowed_methods, reason = "what is measured here is real time")]

use std::time::{Duration, Instant};

use crate::world::{Behaviour, World, answers, page, world};

type Lines = Vec<(String, String)>;

/// What a request has, and what the answer to it, with `n` of whatever it is.
type Heads = fn(usize) -> (Lines, Lines);

fn list(n: usize, member: impl Fn(usize) -> String, separator: &str) -> String {
    (0..n).map(member).collect::<Vec<_>>().join(separator)
}

fn name(n: usize) -> String {
    format!("x-{n}")
}

fn line(name: &str, value: String) -> Lines {
    vec![(name.to_owned(), value)]
}

/// Fields named as [`name`] has it, from number `from` on.
fn fields(from: usize, n: usize) -> Lines {
    (from..from + n).map(|n| (name(n), "1".to_owned())).collect()
}

fn repeated(name: &str, value: &str, n: usize) -> Lines {
    std::iter::repeat_n((name.to_owned(), value.to_owned()), n).collect()
}

/// The heads that are dear where one count is multiplied by another.
const TABLE: [(&str, Heads); 21] = [
    ("Connection and other fields", |n| {
        ([line("connection", list(n, name, ",")), fields(n, n)].concat(), Vec::new())
    }),
    ("Connection and the fields that it names", |n| {
        ([line("connection", list(n, name, ",")), fields(0, n)].concat(), Vec::new())
    }),
    ("lines of Connection", |n| ([repeated("connection", "close", n), fields(0, n)].concat(), Vec::new())),
    ("Connection of the answer", |n| {
        (Vec::new(), [line("connection", list(n, name, ",")), fields(n, n)].concat())
    }),
    ("Connection of the answer and the fields that it names", |n| {
        (Vec::new(), [line("connection", list(n, name, ",")), fields(0, n)].concat())
    }),
    ("Vary and fields that it does not name", |n| (fields(n, n), line("vary", list(n, name, ",")))),
    ("Vary and the fields that it names", |n| (fields(0, n), line("vary", list(n, name, ",")))),
    ("lines of Vary", |n| (fields(0, n), (0..n).map(|n| ("vary".to_owned(), name(n))).collect())),
    ("lines of Accept-Language", |n| (repeated("accept-language", "de", n), Vec::new())),
    ("lines of Accept-Encoding", |n| (repeated("accept-encoding", "br", n), Vec::new())),
    ("lines of Cache-Control", |n| (repeated("cache-control", "max-age=1", n), Vec::new())),
    ("Accept", |n| (line("accept", list(n, |n| format!("text/x{n};q=0.{}", n % 10), ",")), Vec::new())),
    ("Accept-Language", |n| {
        (line("accept-language", list(n, |n| format!("x{n}-y-z;q=0.{}", n % 10), ",")), Vec::new())
    }),
    ("Cookie", |n| (line("cookie", list(n, |n| format!("_ga_{n}=1"), "; ")), Vec::new())),
    ("Range", |n| (line("range", format!("bytes={}", list(n, |n| format!("{n}-{n}"), ","))), Vec::new())),
    ("If-None-Match", |n| {
        (line("if-none-match", list(n, |n| format!("\"{n}\""), ", ")), line("etag", "\"v1\"".to_owned()))
    }),
    ("Via, CDN-Loop and a trace", |n| {
        let members = |name| line(name, list(n, |n| format!("1.1 a{n}"), ", "));
        ([members("via"), members("cdn-loop"), members("holdfast-hop")].concat(), Vec::new())
    }),
    ("Cache-Control", |n| {
        let directives = || line("cache-control", list(n, |n| format!("x{n}=\"a,b\""), ", "));
        (directives(), directives())
    }),
    ("quotes that are never closed", |n| {
        let quotes = || list(n, |n| format!("a{n}=\""), ",");
        ([line("accept", quotes()), line("pragma", quotes())].concat(), line("cache-control", quotes()))
    }),
    ("CDN-Cache-Control", |n| (Vec::new(), line("cdn-cache-control", list(n, |n| format!("x{n}=1"), ", ")))),
    ("lines of Set-Cookie", |n| (Vec::new(), repeated("set-cookie", "a=b", n))),
];

/// How long it takes until such a request has been answered by the origin, from the store, after validation, and by a
/// page: the less of two times.
fn time(heads: Heads, n: usize) -> Duration {
    let (asked, answered) = heads(n);
    let with = |behaviour: Behaviour| {
        answered.iter().fold(behaviour, |behaviour, (name, value)| behaviour.header(name, value))
    };
    let seen = |world: &World| {
        let began = Instant::now();
        world.get("/");
        world.get("/");
        world.clone().later(90_000).get("/");
        world.get("/never-seen");
        began.elapsed()
    };
    let once = || {
        let world = world().origin([with(page("v1")), with(page("v2")), with(answers(304, ""))]);
        seen(&asked.iter().fold(world, |world, (name, value)| world.with(name, value)))
    };
    (0..2).map(|_| once()).min().unwrap()
}

#[test]
fn four_times_the_header_costs_about_four_times_the_time() {
    // A product of two counts costs sixteen times as much. The rest is what a busy machine may add.
    const MOST: u32 = 9;
    let slack = Duration::from_millis(20);
    let (short, long) = (500, 4 * 500);
    let is_dear = |heads| {
        let (short, long) = (time(heads, short), time(heads, long));
        long > MOST * short + slack
    };
    // What is so is so three times in a row.
    let dear = TABLE.iter().filter(|(_, heads)| (0..3).all(|_| is_dear(*heads)));
    let dear: Vec<_> = dear.map(|(what, _)| what).collect();
    assert!(dear.is_empty(), "{dear:?}");
}
