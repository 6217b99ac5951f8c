//! The scenarios: which request, before which origin, with which settings.

use crate::request::{NOTHING, PAGE, Request};

/// The state of the origin, and the settings that a scenario needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// The origin answers.
    Healthy,
    /// It answers, and streamed bodies are not monitored.
    Unmonitored,
    /// It answers, and every hit comes from the platform's cache.
    NoMemory,
    /// The platform says of it that it refuses connections, and the breaker is open.
    Down,
    /// It fails each first attempt. Breaker and retry budget are off.
    Flaky,
}

impl Setting {
    pub const ALL: [Self; 5] = [Self::Healthy, Self::Unmonitored, Self::NoMemory, Self::Down, Self::Flaky];
}

/// A request that is measured, and what it is compared with.
pub struct Scenario {
    pub name: &'static str,
    pub setting: Setting,
    pub request: Request,
    /// The bare worker's request.
    pub bare: Request,
    pub connections: usize,
    /// Text in the head of Holdfast's answer that proves that it is the scenario of this name.
    pub marker: &'static str,
    /// Target ratios: to the bare worker, and to the handwritten one.
    pub targets: (Option<f64>, Option<f64>),
}

/// A scenario without a marker or targets.
pub fn plain() -> Scenario {
    Scenario {
        name: "",
        setting: Setting::Healthy,
        request: PAGE,
        bare: PAGE,
        connections: 16,
        marker: "",
        targets: (None, None),
    }
}

/// All scenarios, in the order of the table. Those with an origin that is down come last but one.
pub fn all() -> Vec<Scenario> {
    let scenario =
        |name, request: Request, marker| Scenario { name, bare: request.clone(), request, marker, ..plain() };
    let down = |name, request: Request, marker, targets| Scenario {
        setting: Setting::Down,
        bare: PAGE,
        targets,
        ..scenario(name, request, marker)
    };
    let pieces = |name, path, marker| {
        let request = Request { path, length: Some(10_000_000), is_unique: marker == "stored", ..PAGE };
        Scenario { connections: 4, ..scenario(name, request, marker) }
    };
    vec![
        Scenario { targets: (Some(0.85), Some(1.15)), ..scenario("pass-through, 1 KB", PAGE, "fwd=") },
        scenario("pass-through, 1 KB, a new URL each", Request { is_unique: true, ..PAGE }, "fwd=uri-miss"),
        scenario("pass-through, 100 KB", Request { path: "/100k", length: Some(100_000), ..PAGE }, "fwd="),
        Scenario {
            connections: 4,
            targets: (Some(0.97), None),
            ..scenario(
                "pass-through, 10 MB",
                Request { path: "/10m", length: Some(10_000_000), ..PAGE },
                "fwd=",
            )
        },
        Scenario {
            setting: Setting::Unmonitored,
            connections: 4,
            targets: (Some(0.97), None),
            ..scenario(
                "pass-through, 10 MB, `body.monitor` off",
                Request { path: "/10m", length: Some(10_000_000), ..PAGE },
                "fwd=",
            )
        },
        pieces("10 MB in pieces, passed on", "/pieces", "fwd="),
        pieces("10 MB in pieces, resumable", "/pieces/resumable", "fwd="),
        pieces("10 MB in pieces, stored", "/pieces/store", "stored"),
        pieces("10 MB in pieces, resumable and stored", "/pieces/resumable/store", "stored"),
        scenario("pass-through, 40 header fields", Request { path: "/fields", ..PAGE }, "fwd="),
        Scenario {
            bare: PAGE,
            targets: (None, Some(1.4)),
            ..scenario("fresh hit", Request { path: "/fresh", ..PAGE }, ";hit")
        },
        Scenario {
            setting: Setting::NoMemory,
            bare: PAGE,
            ..scenario("fresh hit, `cache.memory_ttl` off", Request { path: "/fresh", ..PAGE }, ";hit")
        },
        Scenario {
            bare: PAGE,
            ..scenario(
                "304 to the visitor",
                Request {
                    path: "/fresh",
                    fields: vec![("if-none-match", "\"one\"".to_owned())],
                    statuses: &[304],
                    length: Some(0),
                    ..PAGE
                },
                ";hit",
            )
        },
        Scenario {
            bare: PAGE,
            ..scenario("miss and store", Request { path: "/store", is_unique: true, ..PAGE }, "stored")
        },
        down("stale, breaker open", Request { path: "/stale", ..PAGE }, "ttl=-", (Some(1.3), None)),
        down("error page, breaker open", NOTHING, "error=destination_unavailable", (Some(1.3), None)),
        Scenario {
            setting: Setting::Flaky,
            bare: PAGE,
            ..scenario(
                "failed once, then well",
                Request { path: "/second", is_unique: true, ..PAGE },
                "proxy-status",
            )
        },
    ]
}
