//! The failure modes: the ways in which the demo's origin can answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faulty_origin::{Script, Seen, scripts};

use super::site::{Answer, Shop};

/// How long a slow origin takes: within the demo's limit of 2 s for an attempt.
const SLOW: Duration = Duration::from_millis(1500);

/// One way to answer, and its effect.
pub struct FailureMode {
    /// Its name in requests.
    pub word: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What the origin does.
    pub does: &'static str,
    /// What a visitor gets.
    pub expect: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Healthy,
    FirstFails,
    Down,
    Reset,
    Torn,
    Garbage,
    Hang,
    Slow,
    Busy,
}

/// All modes, the healthy one first.
pub const MODES: [FailureMode; 9] = [
    FailureMode {
        word: "back",
        title: "Healthy",
        does: "Answers as it should.",
        expect: "The page itself, and it is remembered as the last good copy.",
        kind: Kind::Healthy,
    },
    FailureMode {
        word: "flaky",
        title: "Flaky",
        does: "Resets the connection of every first attempt, answers every second one.",
        expect: "The page itself: the retry heals it, and the visitor notices nothing. Orders are not repeated: \
                 a POST gets a 502 page that says so.",
        kind: Kind::FirstFails,
    },
    FailureMode {
        word: "down",
        title: "Down",
        does: "Nothing listens on its port, so no attempt arrives below.",
        expect: "The last good copy where there is one, with its age; else a 502 page (connection_terminated).",
        kind: Kind::Down,
    },
    FailureMode {
        word: "reset",
        title: "Reset",
        does: "Takes the request, then resets the connection.",
        expect: "Three attempts, then the last good copy or a 502 page (connection_terminated). After an order, the \
                 page says that it may have been received.",
        kind: Kind::Reset,
    },
    FailureMode {
        word: "torn",
        title: "Torn body",
        does: "Promises a body and closes in the middle of it.",
        expect: "Never half a page: three attempts, then the last good copy or a 502 page \
                 (http_response_incomplete).",
        kind: Kind::Torn,
    },
    FailureMode {
        word: "garbage",
        title: "Garbage",
        does: "Sends something that is not HTTP.",
        expect: "Three attempts, then the last good copy or a 502 page (connection_terminated).",
        kind: Kind::Garbage,
    },
    FailureMode {
        word: "hang",
        title: "Hang",
        does: "Takes the request and says nothing, ever.",
        expect: "After 2 s an attempt and 7 s in all: the last good copy or a 504 page (http_response_timeout).",
        kind: Kind::Hang,
    },
    FailureMode {
        word: "slow",
        title: "Slow",
        does: "Answers after 1.5 s.",
        expect: "The page itself, late: slow is not failed.",
        kind: Kind::Slow,
    },
    FailureMode {
        word: "503",
        title: "503",
        does: "Answers 503 Service Unavailable with Retry-After: 1 and a page of its own.",
        expect: "Up to three attempts a second apart, then the last good copy; else a page in the shop's brand, still 503. \
                 The API's JSON error is handed on as it came.",
        kind: Kind::Busy,
    },
];

/// The mode in force.
#[derive(Default)]
pub struct CurrentMode(AtomicUsize);

impl CurrentMode {
    /// The mode in force.
    pub fn get(&self) -> &'static FailureMode {
        MODES.get(self.0.load(Ordering::SeqCst)).unwrap_or(&MODES[0])
    }

    /// Changes to the mode `word`. Returns whether there is one.
    pub fn change(&self, word: &str) -> bool {
        let found = MODES.iter().position(|mode| mode.word == word);
        if let Some(index) = found {
            self.0.store(index, Ordering::SeqCst);
        }
        found.is_some()
    }

    /// The origin's reaction to this request.
    ///
    /// It answers once on each connection. On a reused connection the platform itself repeats a request that is lost,
    /// and there would be more attempts than the settings allow.
    pub fn answer(&self, seen: &Seen, shop: &Shop) -> Script {
        let first = attempt(seen) == 1;
        scripts::closing(match self.get().kind {
            Kind::FirstFails if first => scripts::reset(),
            Kind::Healthy | Kind::FirstFails | Kind::Down => script(seen, shop.answer(seen)),
            Kind::Slow => scripts::late(SLOW, script(seen, shop.answer(seen))),
            Kind::Reset => scripts::reset(),
            Kind::Torn => torn(&shop.answer(seen)),
            Kind::Garbage => scripts::garbage(),
            Kind::Hang => scripts::hang(),
            Kind::Busy => script(seen, Shop::busy(seen)),
        })
    }
}

impl FailureMode {
    /// Whether nothing listens.
    pub fn refuses(&self) -> bool {
        self.kind == Kind::Down
    }
}

/// The number of this attempt, as the Worker marks it.
pub fn attempt(seen: &Seen) -> u32 {
    seen.header("Holdfast-Attempt").and_then(|number| number.parse().ok()).unwrap_or(1)
}

fn script(seen: &Seen, answer: Answer) -> Script {
    let headers: Vec<_> = answer.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match seen.method.as_str() {
        "HEAD" => scripts::head_only(answer.status, &headers, answer.body.len()),
        _ => scripts::answer(answer.status, &headers, answer.body),
    }
}

fn torn(answer: &Answer) -> Script {
    let headers: Vec<_> = answer.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (sent, missing) = answer.body.split_at(answer.body.len() / 2);
    scripts::cut_short_with(&headers, sent, missing.len().max(1))
}
