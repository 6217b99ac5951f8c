//! The evidence about a part of the site. Is it up, is it down, and since when?
//!
//! [`Evidence`] keeps the last good answer, the first failure after it, and what came in the last minute, by the second.
//! From that follow two things, each by a table:
//!
//! - **Is it an incident?** ([`Evidence::is_incident`])
//!
//!   | what is known | an incident |
//!   | --- | --- |
//!   | a circuit is open | at once |
//!   | two requests of different clients failed, none was answered since the first, and at most one a second was before | at once |
//!   | `incident.minimum` failures in a minute, and `incident.share` of all requests | then |
//!
//! - **What is its state?** ([`Evidence::state`])
//!
//!   | the last thing known | an incident is open | otherwise |
//!   | --- | --- | --- |
//!   | a failure | down; failing in part, if something was answered seconds before | failing in part |
//!   | a good answer | recovering; failing in part, if failures came between good answers lately | up; unknown, once it is old |
//!   | nothing | unknown | unknown |
//!
//! Silence changes no state but "up". A failed attempt is evidence; a request that an open circuit refused is none about the
//! origin, but counts as a failure that visitors had.
//!
//! Times are milliseconds since the Unix epoch, 0 for never.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::window::{Touched, Window};
use crate::config::Incident as Settings;
use crate::time::{Timestamp, millis};

/// How many requests in a row are an incident, with no good answer in between.
const IN_A_ROW: u64 = 2;

/// The most good answers within a minute at which so few requests decide. On a busier site a page that fails has as many
/// failures in a row, before the good answers of others are known.
const QUIET: u64 = 60;

/// How long an open circuit counts.
const OPENED: u64 = 60_000;

/// How long a good answer counts as a sign that the origin is up.
pub const GOOD_FOR: Duration = Duration::from_secs(5 * 60);

/// How long ago failures are that show now.
const LATELY: u64 = 15;

/// How long ago a good answer is, in seconds, that came between failures. Isolates tell of a lasting failure each five
/// seconds.
const BETWEEN: u64 = 8;

/// How long nothing is answered until all of it counts as down.
const WHOLE_AFTER: u64 = 3000;

/// The evidence about a part of the site and a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The last good answer.
    pub ok_ms: u64,
    /// The first good answer after the last failure. 0 while the last thing known is a failure.
    pub up_ms: u64,
    /// The first failure after the last good answer. 0 while the last thing known is a good answer.
    pub since_ms: u64,
    /// The last failure.
    pub failed_ms: u64,
    /// The last request that an open circuit refused.
    pub refused_ms: u64,
    /// When a circuit was last seen to be open for all of it.
    pub opened_ms: u64,
    /// How the last attempt failed, in a word. Empty for never.
    pub kind: String,
    /// How the last probe failed, if no good answer came since. Empty for none.
    pub probe_kind: String,
    /// How many requests of different clients failed for good since the last good answer.
    pub lost: u64,
    /// The last minute.
    pub window: Window,
}

/// The state of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is known, or what is known is old.
    Unknown,
    /// The last thing known is a good answer.
    Up,
    /// Some requests fail.
    Failing,
    /// The last thing known is a failure.
    Down,
    /// It was down, and the last thing known is a good answer.
    Recovering,
}

impl State {
    /// Its word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Failing => "failing",
            Self::Down => "down",
            Self::Recovering => "recovering",
        }
    }

    /// How bad it is: the higher, the worse.
    pub const fn badness(self) -> u8 {
        match self {
            Self::Unknown | Self::Up => 0,
            Self::Recovering => 1,
            Self::Failing => 2,
            Self::Down => 3,
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Evidence {
    /// Takes in `n` good answers.
    pub fn answered(&mut self, n: u64, first: Timestamp, last: Timestamp) {
        let (first, last) = (first.as_millis(), last.as_millis());
        self.window.answered(last, n);
        self.ok_ms = self.ok_ms.max(last);
        if self.since_ms > 0 && self.since_ms < self.ok_ms {
            self.since_ms = self.window.first_failure_from(self.ok_ms);
            if self.since_ms == 0 && self.failed_ms >= self.ok_ms {
                self.since_ms = self.failed_ms;
            }
        }
        if self.since_ms > 0 {
            self.up_ms = 0;
            return;
        }
        (self.lost, self.probe_kind) = (0, String::new());
        if self.failed_ms > 0 {
            // What was answered before the failure is not the first after it.
            let up = if first > self.failed_ms { first } else { last };
            self.up_ms = if self.up_ms == 0 { up } else { self.up_ms.min(up.max(self.failed_ms)) };
        }
    }

    /// Takes in `n` attempts that failed as `kind`, and `lost` requests.
    pub fn failed(
        &mut self,
        kind: &str,
        by_probe: bool,
        n: u64,
        lost: u64,
        first: Timestamp,
        last: Timestamp,
    ) {
        let (first, last) = (first.as_millis(), last.as_millis());
        self.window.failed(first, last, n);
        if last >= self.failed_ms {
            self.failed_ms = last;
            kind.clone_into(&mut self.kind);
        }
        if last < self.ok_ms {
            return;
        }
        let since = if first >= self.ok_ms {
            first
        } else {
            self.window.first_failure_from(self.ok_ms).max(self.ok_ms)
        };
        self.since_ms = if self.since_ms == 0 { since } else { self.since_ms.min(since) };
        self.up_ms = 0;
        self.lost += lost;
        if by_probe {
            kind.clone_into(&mut self.probe_kind);
        }
    }

    /// Takes in requests of visitors that its failures touched, of which an open circuit `refused` some.
    pub fn touched(&mut self, touched: Touched, refused: u64, at: Timestamp) {
        let at = at.as_millis();
        self.window.visitors(at, at, touched);
        if refused > 0 {
            self.window.refused(at, refused);
            self.refused_ms = self.refused_ms.max(at);
        }
    }

    /// Takes in that a circuit is open for all of it, because of `kind`.
    pub fn opened(&mut self, kind: &str, at: Timestamp) {
        self.opened_ms = self.opened_ms.max(at.as_millis());
        if self.kind.is_empty() {
            kind.clone_into(&mut self.kind);
        }
    }

    /// Whether the last thing known is a failure.
    pub fn is_failing(&self) -> bool {
        self.since_ms > 0
    }

    /// Whether nothing of it has been answered for a while, or a circuit is open for all of it.
    pub fn is_whole(&self) -> bool {
        self.is_failing()
            && (self.failed_ms >= self.since_ms + WHOLE_AFTER || self.opened_ms >= self.since_ms)
    }

    /// Whether this begins an incident. `all` are the requests of the last minute.
    pub fn is_incident(&self, all: u64, settings: &Settings, now: Timestamp) -> bool {
        let now = now.as_millis();
        let is_open = self.opened_ms >= self.since_ms && self.opened_ms + OPENED > now;
        let in_a_row = IN_A_ROW.min(u64::from(settings.minimum));
        let is_row = self.lost >= in_a_row && self.window.good(now) <= QUIET;
        let failed = self.window.bad(now);
        let is_share = failed >= u64::from(settings.minimum) && settings.share.is_reached_by(failed, all);
        self.is_failing() && (is_open || is_row) || is_share
    }

    /// The state at `now`. `began` is when the open incident began, if one is open.
    pub fn state(&self, began: Option<Timestamp>, now: Timestamp) -> State {
        let (now_ms, good_for) = (now.as_millis(), millis(GOOD_FOR));
        match (self.is_failing(), began) {
            (true, Some(_)) if self.is_whole() || self.window.good_lately(now_ms, BETWEEN) == 0 => {
                State::Down
            }
            (true, _) => State::Failing,
            (false, _) if self.ok_ms == 0 => State::Unknown,
            (false, Some(began)) if self.window.is_mixed(began.as_millis(), now_ms, LATELY) => State::Failing,
            (false, Some(_)) => State::Recovering,
            (false, None) if self.ok_ms + good_for < now_ms => State::Unknown,
            (false, None) => State::Up,
        }
    }

    /// Whether the last thing known is a failure, and at least half of the last minute and of its end failed.
    pub fn mostly_fails(&self, now: Timestamp) -> bool {
        let now = now.as_millis();
        self.is_failing()
            && self.window.mostly_fails(now, 60)
            && (self.is_whole() || self.window.mostly_fails(now, LATELY))
    }

    /// The last time that anything was learnt of it; `None` for never.
    pub fn asked_at(&self) -> Option<Timestamp> {
        Some(self.ok_ms.max(self.failed_ms)).filter(|ms| *ms > 0).map(Timestamp::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Incident;
    use proptest::prelude::*;

    /// A minute with 9 good answers a second, until 60 s.
    const RATE: u64 = 9;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000_000 + ms)
    }

    fn well(rate: u64) -> Evidence {
        let mut evidence = Evidence::default();
        for second in 0..60 {
            evidence.answered(rate, at(second * 1000), at(second * 1000 + 900));
        }
        evidence
    }

    fn fails(evidence: &mut Evidence, n: u64, lost: u64, ms: u64) {
        evidence.failed("edge_refused", false, n, lost, at(ms), at(ms));
    }

    fn is_incident(evidence: &Evidence, ms: u64) -> bool {
        let all = evidence.window.good(at(ms).as_millis()) + evidence.window.bad(at(ms).as_millis());
        evidence.is_incident(all, &Incident::default(), at(ms))
    }

    #[test]
    fn an_outage_is_found_within_fifteen_seconds_at_any_rate_and_within_two_requests_below_one_a_second() {
        for (rate, requests) in [(1, 2), (5, 150), (30, 15 * 30), (1000, 15 * 1000), (100_000, 15 * 100_000)]
        {
            let mut evidence = well(rate);
            let found = (1..=requests).find(|number| {
                let ms = 60_000 + number * 1000 / rate;
                fails(&mut evidence, 1, 1, ms);
                is_incident(&evidence, ms)
            });
            let seconds = found.unwrap_or_else(|| panic!("not at {rate} a second")) / rate;
            assert!(seconds <= 15, "{seconds} s at {rate} a second");
        }
        for pause in [2, 60, 3600] {
            let mut evidence = Evidence::default();
            evidence.answered(1, at(0), at(0));
            fails(&mut evidence, 3, 1, pause * 1000);
            assert!(!is_incident(&evidence, pause * 1000), "three attempts are one request");
            fails(&mut evidence, 3, 1, 2 * pause * 1000);
            assert!(is_incident(&evidence, 2 * pause * 1000));
        }
    }

    #[test]
    fn a_blip_on_a_busy_site_is_no_incident() {
        let mut evidence = well(RATE);
        fails(&mut evidence, 20, 20, 60_000);
        assert!(!is_incident(&evidence, 60_000));
        assert_eq!(evidence.state(None, at(60_000)), State::Failing);
        evidence.answered(RATE, at(60_100), at(60_900));
        assert!(!is_incident(&evidence, 61_000));
        assert_eq!(evidence.state(None, at(61_000)), State::Up);
    }

    #[test]
    fn an_open_circuit_is_an_incident_at_once_while_nothing_is_answered() {
        let mut evidence = well(RATE);
        fails(&mut evidence, 1, 1, 60_000);
        evidence.opened("edge_refused", at(60_001));
        assert!(is_incident(&evidence, 60_001));
        evidence.answered(1, at(60_500), at(60_500));
        assert!(!is_incident(&evidence, 60_600));
    }

    #[test]
    fn since_is_the_first_failure_after_the_last_good_answer_whatever_comes_late() {
        let mut evidence = Evidence::default();
        evidence.answered(1, at(0), at(90_000));
        // A blip, and then the outage; another isolate tells ten seconds late of a good answer in between.
        fails(&mut evidence, 1, 1, 95_000);
        for second in 101..110 {
            evidence.failed("edge_refused", false, 5, 1, at(second * 1000 + 200), at(second * 1000 + 900));
        }
        assert_eq!(evidence.since_ms, at(95_000).as_millis());
        evidence.answered(4, at(96_000), at(100_000));
        assert_eq!(evidence.since_ms, at(101_200).as_millis());
        // Another kind, and a failure that was earlier and is told later.
        evidence.failed("no_header_in_time", false, 1, 1, at(120_000), at(120_000));
        evidence.failed("edge_refused", false, 1, 1, at(100_900), at(100_900));
        assert_eq!(
            (evidence.since_ms, evidence.kind.as_str()),
            (at(100_900).as_millis(), "no_header_in_time")
        );
        // Failures from before a good answer change nothing.
        evidence.answered(1, at(130_000), at(130_000));
        fails(&mut evidence, 1, 1, 129_999);
        assert!(!evidence.is_failing());
        assert_eq!(evidence.up_ms, at(130_000).as_millis());
    }

    #[test]
    fn each_state_is_by_the_last_thing_known() {
        let began = Some(at(60_000));
        let state = |evidence: &Evidence, began, ms| evidence.state(began, at(ms)).word();
        let mut evidence = Evidence::default();
        assert_eq!(state(&evidence, None, 0), "unknown");
        evidence = well(RATE);
        assert_eq!([state(&evidence, None, 60_000), state(&evidence, None, 360_000)], ["up", "unknown"]);
        for second in 60..90 {
            fails(&mut evidence, RATE, 1, second * 1000);
        }
        assert_eq!(state(&evidence, began, 90_000), "down");
        assert_eq!(state(&evidence, began, 90_000 + 86_400_000), "down", "silence is no answer");
        evidence.touched(Touched::default(), 50, at(95_000));
        evidence.answered(1, at(96_000), at(96_000));
        evidence.touched(Touched::default(), 50, at(97_000));
        assert_eq!(state(&evidence, began, 98_000), "recovering", "a refusal says nothing of the origin");
        assert_eq!(state(&evidence, None, 98_000), "up");
        for second in 100..140 {
            evidence.answered(8, at(second * 1000), at(second * 1000 + 999));
            fails(&mut evidence, 2, 1, second * 1000 + 500);
        }
        assert_eq!(state(&evidence, began, 140_000), "failing");
        fails(&mut evidence, 2, 1, 140_000);
        assert_eq!(state(&evidence, began, 140_000), "failing", "most is answered");
    }

    proptest! {
        #[test]
        fn since_does_not_depend_on_the_order_of_reports(
            times in proptest::collection::vec((any::<bool>(), 0..50_000_u64), 1..30),
            seed in any::<u64>(),
        ) {
            let take = |events: &[(bool, u64)]| {
                let mut evidence = Evidence::default();
                for (is_good, ms) in events {
                    if *is_good {
                        evidence.answered(1, at(*ms), at(*ms));
                    } else {
                        fails(&mut evidence, 1, 1, *ms);
                    }
                }
                evidence.since_ms
            };
            let last_good = times.iter().filter(|(is_good, _)| *is_good).map(|(_, ms)| *ms).max();
            let failures = times.iter().filter(|(is_good, ms)| !is_good && Some(*ms) >= last_good);
            let first = failures.map(|(_, ms)| at(*ms).as_millis()).min().unwrap_or(0);
            let mut shuffled = times.clone();
            shuffled.sort_by_key(|(_, ms)| (ms ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            for order in [&times, &shuffled] {
                let since = take(order);
                // A second keeps its first failure.
                prop_assert_eq!(since / 1000, first / 1000);
            }
        }
    }
}
