//! One circuit. Is a page, section or origin refused, and which request may probe it?
//!
//! A [`Circuit`] is **closed** and admits everything, or **open** and refuses everything but one probe at a time
//! after each open period. There are three lanes of probes, by [`PageState`]: one for pages that worked before, one
//! that unknown pages may also use, one for all. So requests for a failing page never take all the probes, and a
//! failed probe delays only its own lane.
//!
//! A firewall may refuse one client only:
//!
//! - After a probe failed by its page, another client may probe at once (for another page, if the circuit covers
//!   several). Only a second failure starts a new period.
//! - While other clients wait, a client whose probe failed lets them go first.

use std::time::Duration;

use super::super::{AttemptResult, Reach};
use super::evidence::Witness;
use crate::config::Breaker as Settings;

/// The shortest time after which a probe without a result counts as lost and another may start; an open period, if
/// longer. The platform may end a request silently once its client has gone. A late success still counts.
const SHORTEST_PROBE: Duration = Duration::from_secs(1);

/// The longest ramp-up.
const LONGEST_RETURN: Duration = Duration::from_secs(10);

/// The share of the load that is admitted at once.
const FIRST_SHARE: f64 = 0.1;

/// Whether one part of the site is refused.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    state: State,
    /// How often the circuit has opened or closed: the number of the current period.
    period: u64,
    /// The clients of the last probes in this period, and whether another client was refused since.
    probers: Vec<Witness>,
    is_awaited: bool,
}

/// How many probers are remembered, and how long they let other clients go first. No longer: they may be the only
/// clients left.
const MOST_PROBERS: usize = 4;
const PRECEDENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
enum State {
    /// When the circuit closed; `None` if it was never open.
    Closed { since: Option<Duration> },
    /// The reason, the start, and a lane for each [`PageState`] and better ones.
    Open { because: AttemptResult, opened_at: Duration, lanes: Box<[Lane; LANES]> },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { since: None }
    }
}

#[derive(Clone, Copy, Debug)]
struct Lane {
    /// The earliest time of the next probe.
    until: Duration,
    /// The probe under way: when it counts as lost, its number, and its asker.
    probe: Option<(Duration, u64, Asker)>,
    /// How many probes the lane has had.
    probes: u64,
    /// The asker of the last failed probe, if the failure may concern that client alone: another client may probe at
    /// once.
    doubted: Option<Asker>,
}

impl Lane {
    fn new(until: Duration) -> Self {
        Self { until, probe: None, probes: 0, doubted: None }
    }

    fn is_free(&self, asker: Asker, extra: Duration, now: Duration) -> bool {
        let is_due = now >= self.until.saturating_add(extra);
        let is_second = extra.is_zero() && self.doubted.is_some_and(|other| asker.may_differ_from(other));
        (is_due || is_second) && self.probe.is_none_or(|(lapses_at, ..)| now >= lapses_at)
    }
}

const LANES: usize = 3;

/// A client and the page that it requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The client.
    pub client: Witness,
    /// The page, if the circuit covers several.
    pub page: Option<u64>,
}

impl Asker {
    /// Whether this asker may get an answer although `other` failed.
    fn may_differ_from(self, other: Self) -> bool {
        self.client != other.client && (self.page.is_none() || self.page != other.page)
    }
}

/// The state of the requested page; the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PageState {
    /// Its last request failed.
    Failing,
    /// Unknown.
    Unknown,
    /// Its last request was answered.
    Well,
}

/// A probe under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    period: u64,
    lane: usize,
    number: u64,
}

impl Circuit {
    /// Why a request for a page in `page_state` would be refused now, and for how long; `None` if it would be
    /// admitted.
    pub fn refusal(
        &self,
        page_state: PageState,
        asker: Asker,
        open_for: Duration,
        now: Duration,
    ) -> Option<(AttemptResult, Duration)> {
        let extra = self.extra_wait(asker.client);
        let State::Open { because, lanes, .. } = &self.state else { return None };
        let lanes = lanes.get(..=page_state as usize).unwrap_or_default();
        if lanes.iter().any(|lane| lane.is_free(asker, extra, now)) {
            return None;
        }
        // If the probe under way fails, the next one starts a period later.
        let left = |lane: &Lane| if now < lane.until { lane.until.saturating_sub(now) } else { open_for };
        Some((*because, lanes.iter().map(left).min().unwrap_or_default()))
    }

    /// Starts a probe; `None` if the circuit is closed. Call [`refusal`](Self::refusal) first.
    pub fn begin_probe(
        &mut self,
        page_state: PageState,
        asker: Asker,
        open_for: Duration,
        now: Duration,
    ) -> Option<Probe> {
        let (period, extra) = (self.period, self.extra_wait(asker.client));
        let State::Open { lanes, .. } = &mut self.state else { return None };
        let last = page_state as usize;
        let free = lanes.iter_mut().enumerate().rev().filter(|(index, _)| *index <= last);
        let (lane, free) = free.into_iter().find(|(_, lane)| lane.is_free(asker, extra, now))?;
        let number = free.probes;
        free.probes += 1;
        free.probe = Some((now.saturating_add(open_for.max(SHORTEST_PROBE)), number, asker));
        self.is_awaited = false;
        self.probers.retain(|prober| *prober != asker.client);
        if self.probers.len() >= MOST_PROBERS {
            self.probers.remove(0);
        }
        self.probers.push(asker.client);
        Some(Probe { period, lane, number })
    }

    /// Records that `client` was refused.
    pub fn record_refusal(&mut self, client: Witness) {
        self.is_awaited |= self.is_open() && !self.probers.contains(&client);
    }

    /// How much longer `client` waits than others.
    fn extra_wait(&self, client: Witness) -> Duration {
        let lets_others_go_first = self.is_awaited && self.probers.contains(&client);
        if lets_others_go_first { PRECEDENCE } else { Duration::ZERO }
    }

    /// Ends a probe that did not succeed. `failed` is `None` if the result is unknown; the next request may then
    /// probe. A page's failure says nothing about an unreachable origin, and counts as unknown for it.
    pub fn end_probe(
        &mut self,
        probe: Probe,
        failed: Option<AttemptResult>,
        open_for: Duration,
        now: Duration,
    ) {
        if probe.period != self.period {
            return;
        }
        let State::Open { because, lanes, .. } = &mut self.state else { return };
        let Some(lane) = lanes.get_mut(probe.lane) else { return };
        let Some((.., asker)) = lane.probe.take_if(|(_, number, _)| *number == probe.number) else { return };
        let says_something =
            |failed: &AttemptResult| because.reach() == Reach::Page || failed.reach() == Reach::Origin;
        if let Some(failed) = failed.filter(says_something) {
            *because = failed;
            lane.until = now.saturating_add(open_for);
            // A firewall or a rate limiter may refuse one client only. An unreachable origin is so for all.
            let may_be_own = failed.reach() == Reach::Page && lane.doubted.is_none();
            lane.doubted = may_be_own.then_some(asker);
        }
    }

    /// Opens the circuit for `left`, or keeps it open.
    pub fn open(&mut self, because: AttemptResult, left: Duration, now: Duration) {
        let until = now.saturating_add(left);
        self.begin(State::Open { because, opened_at: now, lanes: [Lane::new(until); LANES].into() });
    }

    /// Lets the next request for a page that worked before probe at once: the evidence came from other pages.
    pub fn let_well_try(&mut self, now: Duration) {
        if let State::Open { lanes, .. } = &mut self.state
            && let Some(lane) = lanes.get_mut(PageState::Well as usize)
        {
            lane.until = now;
        }
    }

    /// Closes the circuit if it is open.
    pub fn close(&mut self, now: Duration) {
        if self.is_open() {
            self.begin(State::Closed { since: Some(now) });
        }
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.period = self.period.wrapping_add(1);
        self.probers.clear();
        self.is_awaited = false;
    }

    /// Lets the next request probe if the circuit opened at or before `at`.
    pub fn try_early(&mut self, at: Duration, now: Duration) {
        if let State::Open { opened_at, lanes, .. } = &mut self.state
            && *opened_at <= at
        {
            for lane in lanes.iter_mut() {
                lane.until = lane.until.min(now);
            }
        }
    }

    /// Whether the circuit is open, even while it is probed.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The share of the load admitted at `now`, from 0.1 to 1. It grows evenly over the length of the open period, at
    /// most 10 s.
    pub fn returned(&self, settings: &Settings, now: Duration) -> f64 {
        let State::Closed { since: Some(since) } = self.state else { return 1.0 };
        let (since, over) = (now.saturating_sub(since), settings.open_for.min(LONGEST_RETURN));
        if since >= over {
            return 1.0;
        }
        FIRST_SHARE + (1.0 - FIRST_SHARE) * since.as_secs_f64() / over.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::Failure;

    const BAD: AttemptResult = AttemptResult::Failed(Failure::ConnectionLost, None);
    const FAILING: PageState = PageState::Failing;
    const WELL: PageState = PageState::Well;
    const OPEN: Duration = Duration::from_secs(5);
    fn client(mark: u32) -> Witness {
        Witness { mark, is_known: true }
    }

    fn asker(mark: u32) -> Asker {
        Asker { client: client(mark), page: None }
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn opened() -> Circuit {
        let mut circuit = Circuit::default();
        circuit.open(BAD, OPEN, at(0));
        circuit
    }

    fn refused_for(circuit: &Circuit, page_state: PageState, now: u64) -> Option<u64> {
        circuit.refusal(page_state, asker(now as u32), OPEN, at(now)).map(|(_, left)| left.as_millis() as u64)
    }

    #[test]
    fn an_open_circuit_refuses_until_its_time_is_up_and_then_lets_one_probe_through() {
        let mut circuit = opened();
        assert_eq!(refused_for(&circuit, FAILING, 0), Some(5000));
        assert_eq!(refused_for(&circuit, WELL, 4999), Some(1));
        assert_eq!(refused_for(&circuit, FAILING, 5000), None);
        let probe = circuit.begin_probe(FAILING, asker(5000), OPEN, at(5000)).unwrap();
        assert_eq!(refused_for(&circuit, FAILING, 5001), Some(5000), "if the probe fails");
        circuit.end_probe(probe, Some(BAD), OPEN, at(5500));
        assert_eq!(refused_for(&circuit, FAILING, 5501), None, "another client may fare better");
        let another = circuit.begin_probe(FAILING, asker(5501), OPEN, at(5501)).unwrap();
        circuit.end_probe(another, Some(BAD), OPEN, at(6000));
        assert_eq!(refused_for(&circuit, FAILING, 6000), Some(5000));
        let probe = circuit.begin_probe(FAILING, asker(11_000), OPEN, at(11_000)).unwrap();
        circuit.end_probe(probe, None, OPEN, at(11_001));
        assert_eq!(refused_for(&circuit, FAILING, 11_001), None, "it said nothing");
    }

    #[test]
    fn what_was_well_before_has_probes_of_its_own() {
        let mut circuit = opened();
        let of_others = circuit.begin_probe(FAILING, asker(5000), OPEN, at(5000)).unwrap();
        assert_eq!(refused_for(&circuit, WELL, 5001), None);
        circuit.end_probe(of_others, Some(BAD), OPEN, at(5002));
        let of_another = circuit.begin_probe(FAILING, asker(5001), OPEN, at(5002)).unwrap();
        circuit.end_probe(of_another, Some(BAD), OPEN, at(5002));
        assert_eq!(refused_for(&circuit, FAILING, 5003), Some(4999));
        assert_eq!(refused_for(&circuit, WELL, 5003), None, "the probe of others lengthened their own wait");
        let own = circuit.begin_probe(WELL, asker(5003), OPEN, at(5003)).unwrap();
        assert_eq!(own.lane, 2);
        circuit.end_probe(own, Some(BAD), OPEN, at(5004));
        let anothers = circuit.begin_probe(WELL, asker(5004), OPEN, at(5004)).unwrap();
        circuit.end_probe(anothers, Some(BAD), OPEN, at(5004));
        assert_eq!(refused_for(&circuit, WELL, 5005), None, "what is not known has not tried");
        assert!(circuit.begin_probe(WELL, asker(5005), OPEN, at(5005)).is_some());
        assert!(refused_for(&circuit, WELL, 5006).is_some());
        assert_eq!(refused_for(&circuit, WELL, 10_002), None, "all lanes are open to it");
    }

    #[test]
    fn a_probe_that_is_never_heard_of_again_is_waited_for_as_long_as_an_open_period_and_a_second() {
        for (open_ms, lapses_ms) in [(100, 1000), (1000, 1000), (5000, 5000), (300_000, 300_000)] {
            let mut circuit = opened();
            assert!(circuit.begin_probe(FAILING, asker(5000), at(open_ms), at(5000)).is_some());
            assert!(refused_for(&circuit, FAILING, 5000 + lapses_ms - 1).is_some());
            assert_eq!(refused_for(&circuit, FAILING, 5000 + lapses_ms), None);
        }
    }

    #[test]
    fn a_page_that_fails_says_nothing_of_an_origin_that_could_not_be_reached() {
        let refused = AttemptResult::Failed(Failure::EdgeRefused, Some(521));
        for (opened_by, probe, is_lengthened) in
            [(refused, BAD, false), (refused, refused, true), (BAD, BAD, true), (BAD, refused, true)]
        {
            let mut circuit = Circuit::default();
            circuit.open(opened_by, OPEN, at(0));
            let first = circuit.begin_probe(FAILING, asker(5000), OPEN, at(5000)).unwrap();
            circuit.end_probe(first, Some(probe), OPEN, at(5001));
            let refused = circuit.refusal(FAILING, asker(5000), OPEN, at(5001));
            assert_eq!(refused.is_some(), is_lengthened);
        }
    }

    #[test]
    fn where_others_wait_a_client_whose_probe_failed_lets_them_go_first() {
        let mut circuit = opened();
        let probes = |circuit: &mut Circuit, mark: u32, now: u64| {
            let probe = circuit.begin_probe(FAILING, asker(mark), OPEN, at(now));
            probe.inspect(|probe| circuit.end_probe(*probe, Some(BAD), OPEN, at(now))).is_some()
        };
        assert!(probes(&mut circuit, 1, 5000));
        assert!(probes(&mut circuit, 1, 10_000), "nobody else has come");
        circuit.record_refusal(client(2));
        assert!(!probes(&mut circuit, 1, 15_000));
        assert!(probes(&mut circuit, 2, 15_001));
        circuit.record_refusal(client(3));
        assert!(!probes(&mut circuit, 1, 20_001) && !probes(&mut circuit, 2, 20_001));
        assert!(probes(&mut circuit, 1, 21_001), "who waited has not come back");
    }

    #[test]
    fn a_client_that_is_turned_away_does_not_keep_a_page_from_others() {
        let turned_away = |end| {
            let mut circuit = opened();
            let probe = circuit.begin_probe(FAILING, asker(1), OPEN, at(5000)).unwrap();
            circuit.end_probe(probe, Some(end), OPEN, at(5001));
            circuit
        };
        let refused_to =
            |circuit: &Circuit, mark| circuit.refusal(FAILING, asker(mark), OPEN, at(5002)).is_some();
        let circuit = turned_away(BAD);
        assert!(refused_to(&circuit, 1) && !refused_to(&circuit, 2));
        // Nobody is turned away by an origin that nobody reaches.
        let circuit = turned_away(AttemptResult::Failed(Failure::EdgeRefused, Some(521)));
        assert!(refused_to(&circuit, 1) && refused_to(&circuit, 2));
    }

    #[test]
    fn a_page_that_fails_does_not_keep_others_from_an_origin_that_is_well_again() {
        let mut circuit = opened();
        let of = |mark, page| Asker { client: client(mark), page: Some(page) };
        let probe = circuit.begin_probe(FAILING, of(1, 7), OPEN, at(5000)).unwrap();
        circuit.end_probe(probe, Some(BAD), OPEN, at(5001));
        let refused_to = |asker| circuit.refusal(FAILING, asker, OPEN, at(5002)).is_some();
        assert!(refused_to(of(2, 7)) && refused_to(of(1, 8)));
        assert!(!refused_to(of(2, 8)));
    }

    #[test]
    fn a_probe_of_an_earlier_period_says_nothing() {
        let mut circuit = opened();
        let probe = circuit.begin_probe(FAILING, asker(5000), OPEN, at(5000)).unwrap();
        circuit.close(at(5001));
        circuit.open(BAD, OPEN, at(5002));
        circuit.end_probe(probe, None, OPEN, at(5003));
        assert_eq!(refused_for(&circuit, FAILING, 5003), Some(4999));
    }

    #[test]
    fn load_returns_gently() {
        let settings = |open_ms| Settings { open_for: at(open_ms), ..Settings::default() };
        for (open_ms, after_ms, share) in
            [(5000, 0, 0.1), (5000, 2500, 0.55), (5000, 5000, 1.0), (100, 50, 0.55), (300_000, 5000, 0.55)]
        {
            let mut circuit = opened();
            circuit.close(at(7000));
            let returned = circuit.returned(&settings(open_ms), at(7000 + after_ms));
            assert!((returned - share).abs() < 1e-9, "{open_ms} {after_ms} {returned}");
        }
        assert!((Circuit::default().returned(&settings(5000), at(0)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_word_that_it_is_up_again_lets_the_next_one_try_but_not_a_word_from_before() {
        let mut circuit = opened();
        circuit.open(BAD, OPEN, at(1000));
        circuit.try_early(at(999), at(1500));
        assert!(refused_for(&circuit, FAILING, 1500).is_some());
        circuit.try_early(at(1000), at(1500));
        assert_eq!(refused_for(&circuit, FAILING, 1500), None);
    }
}
