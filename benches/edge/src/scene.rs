//! What is measured.

use crate::load::Ask;

/// Which workers a scene is played with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// The origin is well.
    Up,
    /// The same, and bodies that are not held are not watched.
    Unwatched,
    /// The origin is well, and each request looks into the store.
    Forgetful,
    /// The origin breaks off every connection, and the breaker is open.
    Down,
    /// The origin fails each first attempt; nothing is held against it.
    Flaky,
}

impl Setting {
    pub const ALL: [Self; 5] = [Self::Up, Self::Unwatched, Self::Forgetful, Self::Down, Self::Flaky];
}

/// A kind of request.
pub struct Scene {
    pub name: &'static str,
    pub setting: Setting,
    pub ask: Ask,
    /// What the bare worker is asked meanwhile.
    pub bare: Ask,
    pub connections: usize,
    /// What the first answer of Holdfast must say of itself, so that nothing else is measured by mistake.
    pub sign: &'static str,
    /// The least ratio that is aimed at: to the bare worker, and to the handwritten one.
    pub aims: (Option<f64>, Option<f64>),
}

/// A page of 1 KB that is not to be stored.
pub const PAGE: Ask = Ask { path: "/1k", is_new: false, fields: "", status: 200, length: Some(1000) };

/// One that looks at nothing and aims at nothing.
pub fn plain() -> Scene {
    Scene {
        name: "",
        setting: Setting::Up,
        ask: PAGE,
        bare: PAGE,
        connections: 16,
        sign: "",
        aims: (None, None),
    }
}

/// All of them.
pub fn all() -> Vec<Scene> {
    let scene = |name, ask: Ask, sign| Scene { name, bare: ask.clone(), ask, sign, ..plain() };
    let down = |name, ask: Ask, sign, aims| Scene {
        setting: Setting::Down,
        bare: PAGE,
        aims,
        ..scene(name, ask, sign)
    };
    vec![
        Scene { aims: (Some(0.85), Some(1.15)), ..scene("pass-through, 1 KB", PAGE, "fwd=") },
        scene("pass-through, 1 KB, a new URL each", Ask { is_new: true, ..PAGE }, "fwd=uri-miss"),
        scene("pass-through, 100 KB", Ask { path: "/100k", length: Some(100_000), ..PAGE }, "fwd="),
        Scene {
            connections: 4,
            aims: (Some(0.97), None),
            ..scene("pass-through, 10 MB", Ask { path: "/10m", length: Some(10_000_000), ..PAGE }, "fwd=")
        },
        Scene {
            setting: Setting::Unwatched,
            connections: 4,
            aims: (Some(0.97), None),
            ..scene(
                "pass-through, 10 MB, `body.monitor` off",
                Ask { path: "/10m", length: Some(10_000_000), ..PAGE },
                "fwd=",
            )
        },
        scene("pass-through, 40 header fields", Ask { path: "/fields", ..PAGE }, "fwd="),
        Scene {
            bare: PAGE,
            aims: (None, Some(1.4)),
            ..scene("fresh hit", Ask { path: "/fresh", ..PAGE }, ";hit")
        },
        Scene {
            setting: Setting::Forgetful,
            bare: PAGE,
            ..scene("fresh hit, `cache.memory_ttl` off", Ask { path: "/fresh", ..PAGE }, ";hit")
        },
        Scene {
            bare: PAGE,
            ..scene(
                "304 to the visitor",
                Ask {
                    path: "/fresh",
                    fields: "If-None-Match: \"one\"\r\n",
                    status: 304,
                    length: Some(0),
                    ..PAGE
                },
                ";hit",
            )
        },
        Scene {
            bare: PAGE,
            ..scene("miss and store", Ask { path: "/store", is_new: true, ..PAGE }, "stored")
        },
        down("stale, breaker open", Ask { path: "/stale", ..PAGE }, "ttl=-", (Some(1.3), None)),
        down(
            "error page, breaker open",
            Ask { path: "/nothing", status: 503, length: None, ..PAGE },
            "503",
            (Some(1.3), None),
        ),
        Scene {
            setting: Setting::Flaky,
            bare: PAGE,
            ..scene("failed once, then well", Ask { path: "/second", is_new: true, ..PAGE }, "proxy-status")
        },
    ]
}
