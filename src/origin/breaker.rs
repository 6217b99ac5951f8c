//! Is the origin believed to be down?
//!
//! A [`Breaker`] is fed with attempts and says of each further one whether to make it. **Closed**, it lets all
//! through and watches; too many failures in a row, or too large a share of them, open it. **Open**, it refuses, so
//! that an origin that is down is left in peace and nobody waits for it. After `breaker.open` a single attempt goes
//! through as a **trial**: its success closes the breaker, its failure opens it for another period. After closing,
//! load **returns gently**: for a while the breaker asks to spare the origin where a copy can answer.
//!
//! What an attempt came to counts only in the period in which it was let through, by the [`Pass`] that it got then:
//! what was sent before an outage and times out after it neither opens the breaker again nor closes it.
//!
//! From the origin's recovery it takes the rest of the open period and one request to the first good answer. A
//! trial that is never heard of again, because the platform ended its request, costs at most [`LONGEST_TRIAL`]
//! more.

use std::collections::VecDeque;
use std::time::Duration;

use super::{End, Sign};
use crate::config::Breaker as Settings;
use crate::time::Timestamp;

/// How many parts the window has. It moves on by one at a time, so what counts is at most a tenth of it too little,
/// and never too old.
const PARTS: u32 = 10;

/// The longest `Retry-After` of an origin that keeps a breaker open.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// After this time there is another trial, whatever became of the one before. The platform ends a request without a
/// word after about as long, once its client has gone.
pub const LONGEST_TRIAL: Duration = Duration::from_secs(30);

/// The least time until a refused client is told to come back; `Retry-After` has whole seconds.
const LEAST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The longest time over which load returns.
const LONGEST_RETURN: Duration = Duration::from_secs(10);

/// The share of the load that returns at once.
const FIRST_SHARE: f64 = 0.1;

/// What is known of one origin.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    clock: Steady,
    state: State,
    /// When it opened last.
    opened_at: Option<Duration>,
    /// How often it has opened or closed: the number of the present period.
    period: u64,
    /// Failures since the last success.
    in_a_row: u32,
    /// What came of attempts in the present period, if it is a closed one; the newest part last, at most `PARTS`.
    window: VecDeque<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Since when, if it was ever open.
    Closed { since: Option<Duration> },
    /// Because of what, until when, and the trial that was let through after that.
    Open { because: End, until: Duration, trial: Option<Trial> },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { since: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Trial {
    began_at: Duration,
    lapses_at: Duration,
    /// Counted within the open period.
    number: u64,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    began_at: Duration,
    attempts: u32,
    failures: u32,
}

/// What an attempt that is let through gives back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    period: u64,
    trial: Option<u64>,
}

/// Whether to make an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Make it.
    Admit(Pass),
    /// Load is returning. Where a copy can answer, let it; else make the attempt.
    Spare(Pass),
    /// Make it: nobody else may, and on it depends whether the origin counts as up. What came of it has to be
    /// [recorded](Breaker::record), also if it is given up.
    Trial(Pass),
    /// Do not.
    Refuse(Refusal),
}

impl Verdict {
    /// The pass, if the attempt may be made.
    pub fn pass(self) -> Option<Pass> {
        match self {
            Self::Admit(pass) | Self::Spare(pass) | Self::Trial(pass) => Some(pass),
            Self::Refuse(_) => None,
        }
    }
}

/// Why the origin is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The failure that opened the breaker, or kept it open.
    pub because: End,
    /// Until the next trial, as far as is known; 1 s or more.
    pub retry_after: Duration,
}

/// The states of a breaker as logs and metrics name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// All attempts go through.
    Closed,
    /// All that have no copy to fall back on do.
    Returning,
    /// None does.
    Open,
    /// One does, or is under way.
    HalfOpen,
}

impl Phase {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Returning => "returning",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

impl Breaker {
    /// Decides on an attempt that would be made now and end, in whichever way, within `at_most`.
    ///
    /// `roll` in 0..1 says which attempts are spared while load returns. A trial is over after `at_most`, and after
    /// [`LONGEST_TRIAL`] in any case.
    pub fn admit(&mut self, settings: &Settings, at_most: Duration, roll: f64, now: Timestamp) -> Verdict {
        let elapsed = self.clock.advance(now);
        if let Some(refusal) = self.refusal(settings, now) {
            return Verdict::Refuse(refusal);
        }
        let pass = Pass { period: self.period, trial: None };
        match &mut self.state {
            State::Closed { since: Some(since) }
                if roll >= returned(elapsed.saturating_sub(*since), settings) =>
            {
                Verdict::Spare(pass)
            }
            State::Closed { .. } => Verdict::Admit(pass),
            // What was switched off since it opened is not watched, and not tried either.
            State::Open { .. } if !settings.enabled => Verdict::Admit(pass),
            State::Open { trial, .. } => {
                let number = trial.map_or(0, |trial| trial.number + 1);
                let lapses_at = elapsed.saturating_add(at_most.min(LONGEST_TRIAL));
                *trial = Some(Trial { began_at: elapsed, lapses_at, number });
                Verdict::Trial(Pass { trial: Some(number), ..pass })
            }
        }
    }

    /// Why an attempt would be refused now; `None` if it would be let through. Nothing changes by asking.
    pub fn refusal(&self, settings: &Settings, now: Timestamp) -> Option<Refusal> {
        let now = self.clock.read(now);
        let State::Open { because, until, trial } = self.state else { return None };
        let left = match trial {
            _ if !settings.enabled => return None,
            _ if now < until => until.saturating_sub(now),
            // If it fails, the next one comes a period after that.
            Some(trial) if now < trial.lapses_at => settings.open,
            Some(_) | None => return None,
        };
        Some(Refusal { because, retry_after: left.max(LEAST_RETRY_AFTER) })
    }

    /// Takes note of how an attempt ended that was let through with `pass`.
    ///
    /// `end` is `None` if it was given up before it came to anything, as when the client left. `retry_after` is what a
    /// 503 of the origin's own asked for; it lengthens the open period that this failure begins, up to 60 s.
    pub fn record(
        &mut self,
        pass: Pass,
        end: Option<End>,
        retry_after: Option<Duration>,
        settings: &Settings,
        now: Timestamp,
    ) {
        let now = self.clock.advance(now);
        if pass.period != self.period || !settings.enabled {
            return;
        }
        let failed = end.filter(|end| end.sign() == Sign::Down);
        let succeeded = end.is_some_and(|end| end.sign() == Sign::Up);
        match (&mut self.state, pass.trial) {
            (State::Closed { .. }, _) if failed.is_some() || succeeded => {
                self.count(failed.is_some(), settings, now);
                if let Some(because) = failed
                    && self.is_too_much(settings, now)
                {
                    self.open(because, retry_after, settings, now);
                }
            }
            // Also one that was given up for lost: the origin is only slow.
            (State::Open { .. }, Some(_)) if succeeded => self.close(now),
            (State::Open { trial, .. }, Some(number))
                if trial.is_some_and(|trial| trial.number == number) =>
            {
                match failed {
                    Some(because) => self.open(because, retry_after, settings, now),
                    // It says nothing: the next one may try.
                    None => *trial = trial.map(|trial| Trial { lapses_at: trial.began_at, ..trial }),
                }
            }
            (State::Closed { .. } | State::Open { .. }, _) => {}
        }
    }

    /// Takes a hint that others have found the origin down, `left` from now on and because of this; at most a minute.
    /// One that is open already, or switched off, stays as it is.
    pub fn heed(&mut self, because: End, left: Duration, settings: &Settings, now: Timestamp) {
        let now = self.clock.advance(now);
        if let State::Closed { .. } = self.state
            && settings.enabled
            && !left.is_zero()
        {
            let until = now.saturating_add(left.min(LONGEST_RETRY_AFTER));
            self.opened_at = Some(now);
            self.begin(State::Open { because, until, trial: None });
        }
    }

    /// Takes a hint that others have found the origin up at `at`: if it opened before that, the next attempt may try.
    pub fn relent(&mut self, at: Timestamp, now: Timestamp) {
        let ago = now.since(at);
        let now = self.clock.advance(now);
        if let State::Open { because, until, trial: None } = self.state
            && self.opened_at.is_some_and(|opened| now.saturating_sub(ago) >= opened)
        {
            self.state = State::Open { because, until: until.min(now), trial: None };
        }
    }

    /// Why it is open and for how long it will be at least, if it is.
    pub fn outlook(&self, settings: &Settings, now: Timestamp) -> Option<(End, Duration)> {
        let now = self.clock.read(now);
        match self.state {
            State::Open { because, until, .. } if settings.enabled && now < until => {
                Some((because, until.saturating_sub(now)))
            }
            State::Open { .. } | State::Closed { .. } => None,
        }
    }

    /// The state at `now`.
    pub fn phase(&self, settings: &Settings, now: Timestamp) -> Phase {
        let now = self.clock.read(now);
        match self.state {
            State::Open { until, .. } if settings.enabled && now < until => Phase::Open,
            State::Open { .. } if settings.enabled => Phase::HalfOpen,
            State::Closed { since: Some(since) } if returned(now.saturating_sub(since), settings) < 1.0 => {
                Phase::Returning
            }
            State::Open { .. } | State::Closed { .. } => Phase::Closed,
        }
    }

    fn open(&mut self, because: End, retry_after: Option<Duration>, settings: &Settings, now: Duration) {
        let asked = retry_after.filter(|_| because == End::Answered(503)).unwrap_or_default();
        let until = now.saturating_add(settings.open.max(asked.min(LONGEST_RETRY_AFTER)));
        self.opened_at = Some(now);
        self.begin(State::Open { because, until, trial: None });
    }

    fn close(&mut self, now: Duration) {
        self.begin(State::Closed { since: Some(now) });
    }

    /// Begins a period: nothing of the one before counts in it.
    fn begin(&mut self, state: State) {
        self.state = state;
        self.period = self.period.wrapping_add(1);
        self.in_a_row = 0;
        self.window.clear();
    }

    fn count(&mut self, failed: bool, settings: &Settings, now: Duration) {
        self.in_a_row = if failed { self.in_a_row.saturating_add(1) } else { 0 };
        let span = settings.window / PARTS;
        let is_current = |part: &Part| now < part.began_at.saturating_add(span);
        if !self.window.back().is_some_and(is_current) {
            // Where routes have windows of their own the shortest decides how far back all of them look.
            if self.window.len() >= PARTS as usize {
                self.window.pop_front();
            }
            self.window.push_back(Part { began_at: now, attempts: 0, failures: 0 });
        }
        if let Some(part) = self.window.back_mut() {
            part.attempts = part.attempts.saturating_add(1);
            part.failures = part.failures.saturating_add(u32::from(failed));
        }
    }

    fn is_too_much(&self, settings: &Settings, now: Duration) -> bool {
        let counts = |part: &&Part| now < part.began_at.saturating_add(settings.window);
        let (attempts, failures) =
            self.window.iter().filter(counts).fold((0, 0), |sum, part| {
                (sum.0 + u64::from(part.attempts), sum.1 + u64::from(part.failures))
            });
        self.in_a_row >= settings.consecutive
            || attempts >= u64::from(settings.minimum) && settings.failures.is_reached_by(failures, attempts)
    }
}

/// The share of the load that is let back `since` the breaker closed: it grows evenly up to all of it, over as long as
/// the open period, at most 10 s.
fn returned(since: Duration, settings: &Settings) -> f64 {
    let over = settings.open.min(LONGEST_RETURN);
    if since >= over {
        return 1.0;
    }
    FIRST_SHARE + (1.0 - FIRST_SHARE) * since.as_secs_f64() / over.as_secs_f64()
}

/// Time since the first look at the clock, which does not go back when the clock does: it stands still then, and goes
/// on from there. So no span is longer for it, by more than the time since the last look.
#[derive(Clone, Copy, Debug, Default)]
struct Steady {
    elapsed: Duration,
    read_at: Option<Timestamp>,
}

impl Steady {
    fn read(self, now: Timestamp) -> Duration {
        let since = self.read_at.map(|before| now.since(before)).unwrap_or_default();
        self.elapsed.saturating_add(since)
    }

    fn advance(&mut self, now: Timestamp) -> Duration {
        *self = Self { elapsed: self.read(now), read_at: Some(now) };
        self.elapsed
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::Failure;
    use super::*;
    use crate::config::Share;
    use proptest::prelude::*;

    const OK: End = End::Answered(200);
    const BAD: End = End::Failed(Failure::ConnectionLost, None);
    const BUSY: End = End::Answered(503);

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A breaker, its settings, a clock that can be set, and passes in hand.
    struct Bench {
        breaker: Breaker,
        settings: Settings,
        now: Timestamp,
        passes: Vec<Pass>,
    }

    fn bench(settings: Settings) -> Bench {
        let now = Timestamp::from_millis(1_700_000_000_000);
        Bench { breaker: Breaker::default(), settings, now, passes: Vec::new() }
    }

    impl Bench {
        fn admit(&mut self, roll: f64) -> Verdict {
            let (before, foreseen) = (self.phase(), self.breaker.refusal(&self.settings, self.now));
            let verdict = self.breaker.admit(&self.settings, millis(20_000), roll, self.now);
            let refusal = if let Verdict::Refuse(refusal) = verdict { Some(refusal) } else { None };
            assert_eq!(refusal, foreseen, "{:?}", self.breaker);
            assert_eq!((verdict.pass().is_none(), self.phase()), (refusal.is_some(), before));
            verdict
        }

        fn record(&mut self, pass: Pass, end: Option<End>, retry_after_s: Option<u64>) {
            let retry_after = retry_after_s.map(Duration::from_secs);
            self.breaker.record(pass, end, retry_after, &self.settings, self.now);
        }

        /// Lets it see the clock, by a report that does not concern it.
        fn looks(&mut self) {
            self.record(Pass { period: u64::MAX, trial: None }, None, None);
        }

        fn phase(&self) -> Phase {
            self.breaker.phase(&self.settings, self.now)
        }

        fn refused_for(&mut self) -> u64 {
            let Verdict::Refuse(refusal) = self.admit(0.0) else { panic!("{:?}", self.breaker) };
            refusal.retry_after.as_millis().try_into().unwrap()
        }

        /// Plays `script`: `ok`, `bad`, `500` and `gone` are attempts that are let through and end so at once; `send`
        /// and `try` are one that is let through, the latter as a trial, and ends later, in order: `.ok`, `.bad`,
        /// `.gone`. `no` is one that is refused. `+5s` and `-5s` move the clock, `x3` repeats what stands before,
        /// and the word of a phase checks it.
        fn plays(&mut self, script: &str) {
            let mut last = "";
            for (at, step) in script.split_whitespace().enumerate() {
                let times = step.strip_prefix('x').map_or(1, |times| times.parse::<u32>().unwrap() - 1);
                last = if step.starts_with('x') { last } else { step };
                for _ in 0..times {
                    self.step(last, &format!("step {at} ({last}) of {script}"));
                }
            }
        }

        fn step(&mut self, step: &str, place: &str) {
            let end_of = |word: &str| match word {
                "ok" => Some(OK),
                "bad" => Some(BAD),
                "500" => Some(End::Answered(500)),
                _ => None,
            };
            let span = |text: &str| match text.strip_suffix("ms") {
                Some(amount) => millis(amount.parse().unwrap()),
                None => millis(1000 * text.strip_suffix('s').unwrap().parse::<u64>().unwrap()),
            };
            if let Some(text) = step.strip_prefix('+') {
                self.now = self.now.plus(span(text));
            } else if let Some(text) = step.strip_prefix('-') {
                self.now = self.now.minus(span(text));
            } else if let Some(word) = step.strip_prefix('.') {
                let pass = self.passes.remove(0);
                self.record(pass, end_of(word), None);
            } else if step == "no" {
                let verdict = self.admit(0.0);
                assert!(matches!(verdict, Verdict::Refuse(_)), "{verdict:?} at {place}");
            } else if step == "try" {
                let Verdict::Trial(pass) = self.admit(0.0) else { panic!("no trial at {place}") };
                self.passes.push(pass);
            } else if ["ok", "bad", "500", "gone", "send"].contains(&step) {
                let Verdict::Admit(pass) = self.admit(0.0) else { panic!("not let through at {place}") };
                if step == "send" { self.passes.push(pass) } else { self.record(pass, end_of(step), None) }
            } else {
                assert_eq!(self.phase().word(), step, "{place}");
            }
        }
    }

    #[test]
    fn it_opens_tries_and_closes_as_the_story_goes() {
        for script in [
            // In a row, over any time.
            "closed bad x4 closed bad open no",
            "bad +3600s bad +3600s bad +3600s bad +3600s closed bad open no",
            "bad x4 ok bad x4 closed ok bad x4 closed bad open",
            "bad x4 500 bad x4 closed",
            "bad x4 gone bad open",
            // By share, half of 20 or more.
            "ok bad x4 ok bad x4 ok x10 closed bad x2 ok bad x2 closed",
            "ok x2 bad x4 ok x2 bad x4 ok x7 bad closed bad closed bad open",
            // A trial, and what comes of it.
            "bad x5 no +4999ms no open +1ms half_open try half_open no no .ok returning ok",
            "bad x5 +5s try .bad open no +4999ms no +1ms try .ok returning ok",
            "bad x5 +5s try .gone half_open try .ok returning",
            "bad x5 +3600s half_open try .ok returning +5s closed ok",
            // After closing everything is counted afresh.
            "bad x4 ok bad x5 +5s try .ok bad x4 returning bad open",
            "bad x5 +5s try .ok +4999ms returning +1ms closed bad x4 closed",
            // A trial that is not heard of lapses.
            "bad x5 +5s try +19999ms no +1ms try no .bad no .bad open",
            "bad x5 +5s try +20s try .ok returning .bad returning",
            "bad x5 +5s try +20s half_open .bad open +5s try .ok returning",
            "bad x5 +5s try +20s try +20s try .bad .bad half_open .ok returning",
            "bad x5 +5s try +20s try .gone no .gone try",
            // What was sent in another period does not count.
            "send x9 bad x5 open .ok x2 .bad x2 open +5s try",
            "send x4 bad x5 +5s half_open .ok .bad half_open try .ok half_open .bad half_open .ok returning",
            // The clock goes back, and forth.
            "bad x5 -3600s no open +4999ms no +1ms try .ok",
            "bad x5 +2s no -3600s no +2999ms no +1ms try .bad open",
            "bad x5 +5s try -3600s no +19999ms no +1ms try",
            "bad x5 +5s try .ok returning -3600s returning ok +4999ms returning +1ms closed",
            "bad x4 -3600s bad open",
        ] {
            bench(Settings::default()).plays(script);
        }
    }

    #[test]
    fn attempts_count_for_as_long_as_the_window() {
        let nine_of_eighteen = "ok bad ".repeat(9);
        for rest in ["closed ok closed bad open", "+9999ms ok bad open", "+10s ok bad closed"] {
            bench(Settings::default()).plays(&format!("{nine_of_eighteen} {rest}"));
        }
    }

    #[test]
    fn a_trial_says_nothing_about_the_period_after_the_next_failure() {
        let mut bench = bench(Settings::default());
        bench.plays("bad x5 +5s try +20s try");
        bench.passes.swap(0, 1);
        bench.plays(".bad open .ok open +5s try");
    }

    #[test]
    fn switched_off_it_lets_everything_through() {
        let off = Settings { enabled: false, ..Settings::default() };
        bench(off.clone()).plays("bad x100 closed ok");
        // A route may switch it off while another one's attempts have opened it.
        let mut bench = bench(Settings::default());
        bench.plays("bad x5 open");
        bench.settings = off;
        bench.plays("closed send .ok +5s closed send .ok bad x9");
        bench.settings = Settings::default();
        bench.plays("half_open try .ok returning");
        bench.settings.enabled = false;
        bench.plays("bad x9");
        bench.settings.enabled = true;
        bench.plays("returning");
    }

    #[test]
    fn who_is_refused_learns_why_and_when_to_come_back() {
        let mut bench = bench(Settings::default());
        bench.plays("bad x4");
        let Verdict::Admit(pass) = bench.admit(0.0) else { panic!() };
        let refused = End::Failed(Failure::EdgeRefused, Some(521));
        bench.record(pass, Some(refused), None);
        let refusal = bench.breaker.refusal(&bench.settings, bench.now).unwrap();
        assert_eq!(refusal, Refusal { because: refused, retry_after: millis(5000) });
        for (step, left) in [("+1s", 4000), ("+2500ms", 1500), ("+700ms", 1000), ("+799ms", 1000)] {
            bench.plays(step);
            assert_eq!(bench.refused_for(), left, "{step}");
        }
        // A trial that fails keeps it open, and is then the reason.
        bench.plays("+1ms try");
        assert_eq!(bench.refused_for(), 5000, "if the trial fails");
        bench.plays(".bad");
        assert_eq!(bench.breaker.refusal(&bench.settings, bench.now).unwrap().because, BAD);
    }

    #[test]
    fn the_origin_may_ask_for_a_longer_pause_up_to_a_minute() {
        let other = End::Answered(502);
        for (end, asked_s, millis) in [
            (BUSY, None, 5000),
            (BUSY, Some(0), 5000),
            (BUSY, Some(4), 5000),
            (BUSY, Some(30), 30_000),
            (BUSY, Some(60), 60_000),
            (BUSY, Some(61), 60_000),
            (BUSY, Some(u64::MAX), 60_000),
            // Only with a 503 is it about the origin's being there (RFC 9110 §15.6.4).
            (other, Some(30), 5000),
            (BAD, Some(30), 5000),
        ] {
            let mut bench = bench(Settings::default());
            bench.plays("bad x4");
            for opening in ["send", "+60s try"] {
                bench.plays(opening);
                let pass = bench.passes.remove(0);
                bench.record(pass, Some(end), asked_s);
                assert_eq!(bench.refused_for(), millis, "{end:?} {asked_s:?} {opening}");
            }
        }
        let mut patient = bench(Settings { open: millis(300_000), ..Settings::default() });
        patient.plays("bad x4 send");
        let pass = patient.passes.remove(0);
        patient.record(pass, Some(BUSY), Some(30));
        assert_eq!(patient.refused_for(), 300_000);
    }

    #[test]
    fn load_returns_gently_for_those_who_can_do_without() {
        for (open_ms, after_ms, least_spared) in [
            (5000, 0, 0.1),
            (5000, 2500, 0.55),
            (5000, 4900, 0.982),
            (5000, 5000, 1.0),
            (100, 50, 0.55),
            (100, 100, 1.0),
            (300_000, 0, 0.1),
            (300_000, 5000, 0.55),
            (300_000, 10_000, 1.0),
        ] {
            let mut bench = bench(Settings { open: millis(open_ms), ..Settings::default() });
            bench.plays(&format!("bad x5 +{open_ms}ms try .ok +{after_ms}ms"));
            for roll in [0.0, 0.05, 0.0999, 0.1, 0.3, 0.5499, 0.55, 0.9, 0.9819, 0.9821, 0.9999] {
                match bench.admit(roll) {
                    Verdict::Admit(_) => assert!(roll < least_spared, "{open_ms} {after_ms} {roll}"),
                    Verdict::Spare(_) => assert!(roll >= least_spared, "{open_ms} {after_ms} {roll}"),
                    verdict @ (Verdict::Trial(_) | Verdict::Refuse(_)) => panic!("{verdict:?}"),
                }
            }
            assert_eq!(bench.phase() == Phase::Returning, least_spared < 1.0);
        }
        // A breaker that was never open spares nobody.
        assert!(matches!(bench(Settings::default()).admit(0.9999), Verdict::Admit(_)));
    }

    #[test]
    fn what_is_spared_and_sent_all_the_same_counts() {
        let mut bench = bench(Settings::default());
        bench.plays("bad x5 +5s try .ok");
        for _ in 0..5 {
            let Verdict::Spare(pass) = bench.admit(0.5) else { panic!() };
            bench.record(pass, Some(BAD), None);
        }
        assert_eq!(bench.phase(), Phase::Open);
    }

    #[test]
    fn a_trial_is_not_waited_for_beyond_its_limit_nor_half_a_minute() {
        for (at_most_s, lapses_s) in [(3, 3), (30, 30), (300, 30)] {
            let mut bench = bench(Settings::default());
            bench.plays("bad x5 +5s");
            let verdict =
                bench.breaker.admit(&bench.settings, Duration::from_secs(at_most_s), 0.0, bench.now);
            assert!(matches!(verdict, Verdict::Trial(_)));
            bench.plays(&format!("+{}ms no +1ms try", lapses_s * 1000 - 1));
        }
    }

    #[test]
    fn every_sign_of_the_table_of_failures_is_heeded() {
        for row in &super::super::failure::TABLE {
            let mut bench = bench(Settings::default());
            for _ in 0..5 {
                bench.plays("send");
                let pass = bench.passes.remove(0);
                bench.record(pass, Some(End::Failed(row.failure, None)), None);
            }
            let expected = if row.failure.sign() == Sign::Down { Phase::Open } else { Phase::Closed };
            assert_eq!(bench.phase(), expected, "{row:?}");
        }
    }

    #[test]
    fn a_part_of_the_window_ends_after_a_tenth_of_it() {
        let mut bench = bench(Settings { consecutive: 1000, minimum: 1000, ..Settings::default() });
        bench.plays("bad +999ms bad +1ms bad +1ms bad");
        let parts = |bench: &Bench| -> Vec<_> {
            bench.breaker.window.iter().map(|part| (part.attempts, part.failures)).collect()
        };
        assert_eq!(parts(&bench), [(2, 2), (2, 2)]);
        bench.plays("+1s ok +1s x2 ok +1s x2 ok +1s x2 ok");
        assert_eq!(parts(&bench).last(), Some(&(1, 0)));
        bench.plays("ok +1s ok +1s ok +1s ok +1s ok +1s ok +1s ok +1s ok +1s ok +1s ok +1s ok +1s");
        assert_eq!(bench.breaker.window.len(), PARTS as usize);
    }

    #[test]
    fn an_outage_costs_an_origin_a_trial_a_period_and_ends_one_period_after_it_at_most() {
        // A failed attempt takes 10 ms here, and the requests come evenly.
        for (per_second, outage_s) in [(1, 600), (50, 600), (1000, 60)] {
            let mut bench = bench(Settings::default());
            let began_at = bench.now;
            let (mut attempts, mut answered_at) = (0, None);
            for request in 0..(outage_s + 10) * per_second {
                let at = millis(request * 1000 / per_second);
                bench.now = began_at.plus(at);
                let is_down = at < Duration::from_secs(outage_s);
                for _ in 0..3 {
                    let Some(pass) = bench.admit(0.0).pass() else { break };
                    bench.record(pass, Some(if is_down { BAD } else { OK }), None);
                    attempts += u64::from(is_down);
                    if !is_down {
                        answered_at = answered_at.or(Some(at));
                        break;
                    }
                    bench.now = bench.now.plus(millis(10));
                }
            }
            assert!(attempts <= 5 + outage_s / 5, "{per_second}/s: {attempts}");
            let late = answered_at.unwrap() - Duration::from_secs(outage_s);
            assert!(late <= millis(5000 + 1000 / per_second), "{per_second}/s: {late:?}");
        }
    }

    /// What may happen to a breaker.
    #[derive(Clone, Debug)]
    enum Event {
        Ask(f64),
        /// The pass in hand of this number, modulo how many there are.
        Report(usize, Option<End>, Option<u64>),
        Forward(u64),
        Back(u64),
    }

    fn event() -> impl Strategy<Value = Event> {
        let end = prop::sample::select(vec![
            Some(OK),
            Some(BAD),
            Some(BAD),
            Some(BAD),
            Some(BUSY),
            Some(End::Failed(Failure::Internal, None)),
            None,
        ]);
        prop_oneof![
            4 => (0.0f64..1.0).prop_map(Event::Ask),
            4 => (any::<usize>(), end, prop::option::of(0u64..100))
                .prop_map(|(which, end, asked)| Event::Report(which, end, asked)),
            2 => (0u64..3000).prop_map(Event::Forward),
            1 => (0u64..100_000).prop_map(Event::Forward),
            1 => (0u64..100_000).prop_map(Event::Back),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn it_is_never_stuck_and_lets_one_trial_through_at_a_time(
            events in prop::collection::vec(event(), 1..200), open_ms in 100u64..10_000,
        ) {
            let settings = Settings { open: millis(open_ms), consecutive: 2, ..Settings::default() };
            let mut bench = bench(settings);
            // Time as it passes; the clock may say otherwise.
            let (mut passed, mut opened_at, mut trial) = (0, 0, None);
            let longest = open_ms.max(60_000);
            for event in events {
                let before = bench.breaker.period;
                match event {
                    Event::Forward(span) => {
                        bench.now = bench.now.plus(millis(span));
                        bench.looks();
                        passed += span;
                        trial = trial.filter(|(_, lapses)| passed < *lapses);
                    }
                    Event::Back(span) => {
                        bench.now = bench.now.minus(millis(span));
                        bench.looks();
                    }
                    Event::Ask(roll) => match bench.admit(roll) {
                        Verdict::Admit(pass) | Verdict::Spare(pass) => {
                            prop_assert!(matches!(bench.phase(), Phase::Closed | Phase::Returning));
                            bench.passes.push(pass);
                        }
                        Verdict::Trial(pass) => {
                            prop_assert!(trial.is_none(), "two trials at a time");
                            prop_assert_eq!(bench.phase(), Phase::HalfOpen);
                            trial = Some((pass, passed + 20_000));
                            bench.passes.push(pass);
                        }
                        Verdict::Refuse(refusal) => {
                            prop_assert!(passed < opened_at + longest || trial.is_some(), "open for too long");
                            prop_assert!(refusal.retry_after >= LEAST_RETRY_AFTER);
                            prop_assert!(refusal.retry_after <= millis(longest));
                            prop_assert_eq!(refusal.because.sign(), Sign::Down);
                        }
                    },
                    Event::Report(which, end, asked) if !bench.passes.is_empty() => {
                        let pass = bench.passes.remove(which % bench.passes.len());
                        bench.record(pass, end, asked);
                        if trial.is_some_and(|(of, _)| of == pass) {
                            trial = None;
                        }
                    }
                    Event::Report(..) => {}
                }
                if bench.breaker.period != before {
                    (opened_at, trial) = (passed, None);
                }
                prop_assert!(bench.breaker.window.len() <= PARTS as usize);
            }
        }

        #[test]
        fn it_opens_when_a_threshold_is_reached_and_not_before(
            attempts in prop::collection::vec((0u64..2000, any::<bool>()), 1..200),
            (minimum, consecutive, percent) in (1u32..30, 1u32..20, 1u16..=100), window_s in 1u64..20,
        ) {
            let (window, share) = (1000 * window_s, Share::in_10_000(percent * 100));
            let mut bench = bench(Settings {
                minimum,
                consecutive,
                failures: share,
                window: millis(window),
                ..Settings::default()
            });
            let (mut now, mut seen, mut in_a_row) = (0, Vec::new(), 0);
            for (gap, fails) in attempts {
                now += gap;
                bench.now = bench.now.plus(millis(gap));
                let Verdict::Admit(pass) = bench.admit(0.9) else {
                    return Err(TestCaseError::fail("refused below the thresholds"));
                };
                bench.record(pass, Some(if fails { BAD } else { OK }), None);
                seen.push((now, fails));
                in_a_row = if fails { in_a_row + 1 } else { 0 };
                // The window has a length between nine and ten tenths.
                let reached: Vec<bool> = (0..seen.len())
                    .filter(|first| seen[*first].0 + window > now)
                    .filter(|first| *first == 0 || seen[*first - 1].0 + window - window / 10 < now)
                    .map(|first| {
                        let failures = seen[first..].iter().filter(|(_, fails)| *fails).count() as u64;
                        let all = (seen.len() - first) as u64;
                        all >= u64::from(minimum) && failures * 100 >= u64::from(percent) * all
                    })
                    .collect();
                let (some, all) = (reached.contains(&true), !reached.contains(&false));
                if bench.phase() == Phase::Open {
                    prop_assert!(fails && (in_a_row >= consecutive || some), "too soon");
                    return Ok(());
                }
                prop_assert!(!fails || (in_a_row < consecutive && !all), "too late");
            }
        }
    }
}
