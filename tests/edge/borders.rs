//! How often a request crosses the border between WebAssembly and JavaScript. Every call costs time.
//!
//! Calls are counted from the request's arrival until all work behind its answer is done. `borders.txt` has the figures:
//! calls into JavaScript, calls into WebAssembly, and the scenario. They are exact, so that they do not creep up. Whoever
//! changes one on purpose renews the file with `RENEW=1 cargo test --test edge -- borders`, and reviews the difference.
//!
//! Every request looks its URL up in the store, unless the scenario says that it is from memory. No error page is the first
//! of its instance, which reads the texts. Without bindings nothing varies. With a namespace bound, one request in thirty
//! seconds reads the purge rules behind its answer; with the object, one in ten seconds flushes the counts. Neither is in
//! the figures. JavaScript frees a closure that it holds, as for a body that can be resumed, when it likes: no scenario has
//! one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use faulty_origin::scripts;
use serde_json::Value;

use crate::client::Call;
use crate::harness::{Edge, LARGE, Page, eventually, overlay, site};

const SHARED: &[(&str, &str)] = &[("Cache-Control", "max-age=600"), ("ETag", "\"v1\"")];
const PRIVATE: &[(&str, &str)] = &[("Cache-Control", "private")];
const STALE: &[(&str, &str)] = &[("Cache-Control", "max-age=60, stale-if-error=600"), ("Age", "61")];

const SCENES: &[(&str, Scene)] = &[
    ("a page that is not to be shared", |edges| (edges.calm.get(&page(PRIVATE, 1000)), 200)),
    ("the same once more", |edges| {
        let page = page(PRIVATE, 1000);
        edges.calm.get(&page).send();
        (edges.calm.get(&page), 200)
    }),
    ("a large one", |edges| (edges.calm.get(&page(PRIVATE, LARGE)), 200)),
    ("a page that is stored", |edges| (edges.calm.get(&page(SHARED, 1000)), 200)),
    ("a large one that is stored", |edges| (edges.calm.get(&page(SHARED, LARGE)), 200)),
    ("from the store", |edges| (stored(&edges.calm), 200)),
    ("not modified, from the store", |edges| (stored(&edges.calm).with("If-None-Match", "\"v1\""), 304)),
    ("after a retry", |edges| {
        let answers = [scripts::reset(), scripts::with_headers(PRIVATE, "x")];
        (edges.calm.get(&Page::new(answers)), 200)
    }),
    ("stale, after three attempts", |edges| (stale(&edges.calm), 200)),
    ("an error page, after three attempts", |edges| {
        (edges.calm.get(&Page::new([scripts::reset()])).browsing(), 502)
    }),
    ("stale, while the breaker is open", |edges| (edges.stale_when_down.clone(), 200)),
    ("an error page, while the breaker is open", |edges| (edges.down.get(&Page::new([])).browsing(), 502)),
    ("from memory", |edges| (from_memory(&edges.down_recalling, &edges.fresh), 200)),
    ("stale, from memory, while the breaker is open", |edges| {
        (from_memory(&edges.down_recalling, &edges.stale), 200)
    }),
    ("an error page, known from memory, while the breaker is open", |edges| {
        let nothing = edges.down_recalling.get(&Page::new([])).browsing();
        (from_memory(&edges.down_recalling, &nothing), 502)
    }),
];

type Scene = fn(&Edges) -> (Call, u16);

struct Edges {
    /// Before an origin that is never given up.
    calm: Edge,
    /// Before one that is left alone.
    down: Edge,
    /// For a page of which `down` has a copy.
    stale_when_down: Call,
    /// As `down`, with a memory; it has copies of two pages.
    down_recalling: Edge,
    fresh: Call,
    stale: Call,
}

const WITHOUT_MEMORY: (&str, &str) = ("cache.memory_ttl", "0s");

impl Edges {
    fn start() -> Self {
        let calm = Edge::counting(&[site().url()], &overlay(&[WITHOUT_MEMORY]), false);
        calm.get(&Page::new([scripts::reset()])).browsing().send();
        let starts = |memory| {
            let settings = [("breaker.enabled", "true"), ("breaker.open_for", "5m"), memory];
            Edge::counting(&[site().url()], &overlay(&settings), false)
        };
        let fails = |edge: &Edge| {
            // That it refuses connections is evidence about the origin, by clients of different addresses.
            let failing = Page::new([scripts::answer("521 Refused", &[], "")]);
            let asks = |client: u8| {
                let call =
                    edge.get(&failing).browsing().with("CF-Connecting-IP", &format!("10.0.0.{client}"));
                call.send().error() == "destination_unavailable"
            };
            assert!((0..20).any(asks), "the breaker opens");
        };
        let down = starts(WITHOUT_MEMORY);
        let stale_when_down = stale(&down);
        fails(&down);
        let down_recalling = starts(("cache.memory_ttl", "10s"));
        let (fresh, stale) = (stored(&down_recalling), stale(&down_recalling));
        fails(&down_recalling);
        Self { calm, down, stale_when_down, down_recalling, fresh, stale }
    }
}

/// `call`, sent so often that `edge` remembers what it found.
fn from_memory(edge: &Edge, call: &Call) -> Call {
    for _ in 0..3 {
        call.clone().send();
        Counts::taken(edge, 0);
    }
    call.clone()
}

fn page(fields: &[(&str, &str)], length: usize) -> Page {
    Page::new([scripts::with_headers(fields, "x".repeat(length))])
}

fn stored(edge: &Edge) -> Call {
    let page = page(SHARED, 1000);
    edge.get(&page).send();
    Counts::taken(edge, 0);
    edge.get(&page)
}

fn stale(edge: &Edge) -> Call {
    let page = Page::new([scripts::with_headers(STALE, "x"), scripts::reset()]);
    edge.get(&page).send();
    Counts::taken(edge, 0);
    edge.get(&page)
}

/// Calls by name.
struct Counts {
    into_js: BTreeMap<String, u64>,
    into_wasm: BTreeMap<String, u64>,
}

impl Counts {
    /// What was counted since this was last asked, once nothing is under way but `beside` pieces of work.
    fn taken(edge: &Edge, beside: usize) -> Self {
        let mut counts = Value::Null;
        eventually("all work done", || {
            let answer = edge.call("GET", &format!("/.counts?beside={beside}")).send();
            counts = serde_json::from_slice(&answer.body).expect("counts are JSON");
            !counts.is_null()
        });
        let read = |direction: &str| serde_json::from_value(counts[direction].clone()).unwrap();
        Self { into_js: read("into_js"), into_wasm: read("into_wasm") }
    }

    /// What `call`, sent to `edge`, comes to.
    fn of(edge: &Edge, call: Call, status: u16, beside: usize) -> Self {
        Self::taken(edge, beside);
        let answer = call.send();
        assert_eq!(answer.status(), status, "{answer:?}");
        Self::taken(edge, beside)
    }

    fn sums(&self) -> (u64, u64) {
        (self.into_js.values().sum(), self.into_wasm.values().sum())
    }

    fn list(&self) -> String {
        let lines = |counts: &BTreeMap<String, u64>| -> String {
            counts.iter().map(|(name, count)| format!("    {count:3} {name}\n")).collect()
        };
        format!("  into JavaScript\n{}  into WebAssembly\n{}", lines(&self.into_js), lines(&self.into_wasm))
    }
}

/// Holds `counted` against the figures, or puts it in their place if they are to be renewed.
#[track_caller]
fn is_known(counted: &[(&str, Counts)]) {
    static FILE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edge/borders.txt");
    let mut known: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    let mut changed = String::new();
    for (name, counts) in counted {
        let (into_js, into_wasm) = counts.sums();
        let line = format!("{into_js:3} {into_wasm:3}  {name}");
        let of_scene = |known: &String| known.get(9..) == Some(*name);
        let place = known.iter().position(of_scene);
        if place.is_some_and(|place| known[place] == line) {
            continue;
        }
        let was = place.map_or("nothing", |place| known[place].trim_start());
        changed += &format!("{}, was {was}\n{}", line.trim_start(), counts.list());
        match place {
            Some(place) => known[place] = line,
            None => known.push(line),
        }
    }
    if env::var_os("RENEW").is_some() {
        fs::write(path, known.join("\n") + "\n").unwrap();
    } else {
        assert!(changed.is_empty(), "\n{changed}");
    }
}

#[test]
fn a_request_crosses_the_border_as_often_as_is_known() {
    let edges = Edges::start();
    let counted = || -> Vec<_> {
        let count = |(name, scene): &(&'static str, Scene)| {
            let (call, status) = scene(&edges);
            let edge = [&edges.down, &edges.down_recalling]
                .into_iter()
                .find(|edge| call.is_to(edge.addr))
                .unwrap_or(&edges.calm);
            (*name, Counts::of(edge, call, status, 0))
        };
        SCENES.iter().map(count).collect()
    };
    let once = counted();
    // A second time, so that a figure that varies does not get in.
    for ((name, first), (_, second)) in once.iter().zip(counted()) {
        assert_eq!(first.sums(), second.sums(), "{name}\n{}{}", first.list(), second.list());
    }
    is_known(&once);
}

#[test]
fn with_everything_bound_a_stored_page_costs_next_to_nothing_more() {
    let edge = Edge::counting(&[site().url()], &overlay(&[WITHOUT_MEMORY]), true);
    // The first request begins to flush the counts, which goes on for ten seconds beside the others, and the first of those
    // reads the purge rules. On a busy machine this may have to be repeated.
    let page = page(SHARED, 1000);
    edge.get(&page).send();
    // Both wait for promises, which nothing else does.
    let is_quiet = |counts: &Counts| !counts.into_js.contains_key("then");
    let mut counts = (0..5).map(|_| Counts::of(&edge, edge.get(&page), 200, 1));
    let quiet = counts.find(is_quiet).expect("a quiet moment");
    is_known(&[("from the store, with everything bound", quiet)]);
}
