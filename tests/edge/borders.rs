//! How often a request crosses the border between WebAssembly and JavaScript. Every call costs time.
//!
//! From the request's arrival until all work behind its answer is done. The figures are exact, so that none creeps:
//! whoever changes one on purpose puts the new one here. Without bindings nothing in them varies. With a namespace bound,
//! one request in thirty seconds reads purge marks behind its answer; with the object, one in ten seconds tells it the
//! counts: neither is in the figures. A closure that JavaScript holds for good, as for a body that can be taken up again,
//! is freed when it likes: no scene has one.

use std::collections::BTreeMap;

use faulty_origin::scripts;
use serde_json::Value;

use crate::client::Call;
use crate::harness::{Edge, LARGE, Page, eventually, overlay, site};

const SHARED: &[(&str, &str)] = &[("Cache-Control", "max-age=600"), ("ETag", "\"v1\"")];
const PRIVATE: &[(&str, &str)] = &[("Cache-Control", "private")];
const STALE: &[(&str, &str)] = &[("Cache-Control", "max-age=60, stale-if-error=600"), ("Age", "61")];

/// Each scene, with its calls into JavaScript and into WebAssembly.
const SCENES: &[(&str, u64, u64, Scene)] = &[
    ("a page that is not to be shared", 65, 23, |edges| (edges.calm.get(&page(PRIVATE, 1000)), 200)),
    ("the same once more", 51, 17, |edges| {
        let page = page(PRIVATE, 1000);
        edges.calm.get(&page).send();
        (edges.calm.get(&page), 200)
    }),
    ("a large one", 73, 25, |edges| (edges.calm.get(&page(PRIVATE, LARGE)), 200)),
    ("a page that is stored", 79, 29, |edges| (edges.calm.get(&page(SHARED, 1000)), 200)),
    ("a large one that is stored", 85, 31, |edges| (edges.calm.get(&page(SHARED, LARGE)), 200)),
    ("from the store", 24, 10, |edges| (stored(&edges.calm), 200)),
    ("not modified, from the store", 25, 10, |edges| {
        (stored(&edges.calm).with("If-None-Match", "\"v1\""), 304)
    }),
    ("after a retry", 98, 34, |edges| {
        let answers = [scripts::reset(), scripts::with_headers(PRIVATE, "x")];
        (edges.calm.get(&Page::new(answers)), 200)
    }),
    ("stale, after three attempts", 118, 41, |edges| (stale(&edges.calm), 200)),
    ("an error page, after three attempts", 113, 40, |edges| {
        (edges.calm.get(&Page::new([scripts::reset()])).browsing(), 502)
    }),
    ("stale, while the breaker is open", 46, 17, |edges| (edges.stale_when_down.clone(), 200)),
    ("an error page, while the breaker is open", 41, 16, |edges| {
        (edges.down.get(&Page::new([])).browsing(), 503)
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
}

impl Edges {
    fn start() -> Self {
        let calm = Edge::counting(&[site().url()], &overlay(&[]), false);
        calm.call("GET", "/warm-up").send();
        let down = [("breaker.enabled", "true"), ("breaker.open", "5m")];
        let down = Edge::counting(&[site().url()], &overlay(&down), false);
        let stale_when_down = stale(&down);
        let failing = Page::new([scripts::reset()]);
        while down.get(&failing).send().status() == 502 {}
        Self { calm, down, stale_when_down }
    }
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

#[test]
fn a_request_crosses_the_border_as_often_as_is_known() {
    let edges = Edges::start();
    let mut changed = String::new();
    // A second time, so that a figure that varies does not get in.
    for (name, into_js, into_wasm, scene) in SCENES.iter().chain(SCENES) {
        let (call, status) = scene(&edges);
        let edge = if call.is_to(edges.down.addr) { &edges.down } else { &edges.calm };
        let counts = Counts::of(edge, call, status, 0);
        let sums = counts.sums();
        if sums != (*into_js, *into_wasm) {
            changed += &format!("{name}: {sums:?}, not {:?}\n{}", (into_js, into_wasm), counts.list());
        }
    }
    assert!(changed.is_empty(), "\n{changed}");
}

#[test]
fn with_everything_bound_a_stored_page_costs_next_to_nothing_more() {
    let edge = Edge::counting(&[site().url()], &overlay(&[]), true);
    // The telling of counts that the first request begins goes on for ten seconds beside the others, and the first of
    // those reads purge marks. A machine may be so busy that this has to be done again meanwhile.
    let page = page(SHARED, 1000);
    edge.get(&page).send();
    let is_quiet =
        |counts: &Counts| !["tell", "loadMarks"].iter().any(|name| counts.into_js.contains_key(*name));
    let mut counts = (0..5).map(|_| Counts::of(&edge, edge.get(&page), 200, 1));
    let quiet = counts.find(is_quiet).expect("a quiet moment");
    assert_eq!(quiet.sums(), (26, 11), "\n{}", quiet.list());
}
