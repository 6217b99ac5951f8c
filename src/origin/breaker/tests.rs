use super::super::failure::{Failure, TABLE};
use super::*;
use crate::config::Share;
use proptest::prelude::*;

const OK: AttemptResult = AttemptResult::Answered(200);
const LOST: AttemptResult = AttemptResult::Failed(Failure::ConnectionLost, None);
const REFUSED: AttemptResult = AttemptResult::Failed(Failure::EdgeRefused, Some(521));
const BUSY: AttemptResult = AttemptResult::Answered(503);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn known(mark: u32) -> Witness {
    Witness { mark, is_known: true }
}

/// Page `page` of section `section`.
fn page(section: u64, page: u64) -> Place {
    Place { page: 1000 * (section + 1) + page, section: section + 1 }
}

/// A breaker before a site, with a clock that can be set. Each request takes 10 ms.
struct Site {
    breaker: Breaker,
    settings: Settings,
    now: Timestamp,
    /// Requests that were refused.
    refused: u64,
    /// Attempts that were made.
    sent: u64,
}

fn site() -> Site {
    let now = Timestamp::from_millis(1_700_000_000_000);
    Site { breaker: Breaker::default(), settings: Settings::default(), now, refused: 0, sent: 0 }
}

impl Site {
    fn wait(&mut self, millis: u64) {
        self.now = self.now.plus(self::millis(millis));
    }

    fn admit(&mut self, place: Place) -> Decision {
        self.admit_of(place, self.sent as u32)
    }

    fn admit_of(&mut self, place: Place, client: u32) -> Decision {
        let foreseen = self.breaker.refusal(place, || known(client), &self.settings, self.now);
        let verdict = self.breaker.admit(place, || known(client), &self.settings, 0.0, self.now);
        let refusal = if let Decision::Refuse(refusal) = verdict { Some(refusal) } else { None };
        assert_eq!(refusal, foreseen);
        verdict
    }

    fn end(
        &mut self,
        place: Place,
        client: u32,
        permit: Permit,
        end: AttemptResult,
        retry_after: Option<Duration>,
    ) {
        let client = known(client);
        self.breaker.record(place, permit, Some(end), &self.settings, self.now);
        let failed = FailedRequest { place, client, end, permit, retry_after };
        self.breaker.record_failure(&failed, &self.settings, self.now);
    }

    /// A request that ends so if it is sent; whether it was.
    fn ask(&mut self, place: Place, client: u32, end: AttemptResult) -> bool {
        let Some(permit) = self.admit_of(place, client).permit() else {
            self.refused += 1;
            return false;
        };
        self.sent += 1;
        self.wait(10);
        self.end(place, client, permit, end, None);
        true
    }

    /// Witness 0 alone asks for a whole window, and fails.
    fn fail_for_a_window(&mut self, place: Place, end: AttemptResult) {
        for wait in [5000, 5000] {
            self.ask(place, 0, end);
            self.wait(wait);
        }
    }

    fn is_refused(&self, place: Place) -> bool {
        self.breaker.refusal(place, || known(u32::MAX), &self.settings, self.now).is_some()
    }
}

#[test]
fn a_page_that_fails_closes_itself_and_nothing_else() {
    for end in [LOST, BUSY, AttemptResult::Failed(Failure::NoHeaderInTime, None)] {
        let mut site = site();
        site.ask(page(0, 1), 1, OK);
        site.fail_for_a_window(page(0, 0), end);
        for client in 0..5 {
            assert!(!site.is_refused(page(0, 0)));
            site.ask(page(0, 0), client, end);
        }
        assert!(site.is_refused(page(0, 0)));
        assert!(!site.is_refused(page(0, 1)) && !site.is_refused(page(0, 2)) && !site.is_refused(page(1, 0)));
    }
}

#[test]
fn one_client_closes_nothing_however_often_it_asks() {
    let mut site = site();
    for request in 0..1000 {
        assert!(site.ask(page(request % 7, request % 11), 1, REFUSED));
    }
}

#[test]
fn three_attempts_of_one_request_are_one_failure() {
    let mut site = site();
    for _ in 0..100 {
        let permit = site.admit(page(0, 0)).permit().unwrap();
        site.breaker.record(page(0, 0), permit, Some(LOST), &site.settings, site.now);
    }
    assert!(!site.is_refused(page(0, 0)), "none of their requests has failed for good");
}

#[test]
fn an_origin_that_refuses_connections_is_left_alone_whatever_pages_were_asked_for() {
    let mut site = site();
    for client in 0..5 {
        assert!(!site.is_refused(page(9, 9)));
        site.ask(page(u64::from(client), 0), client, REFUSED);
    }
    assert!(site.is_refused(page(9, 9)));
    // One answer anywhere is enough to keep it open to all.
    let mut site = self::site();
    for client in 0..40 {
        site.ask(page(u64::from(client), 0), client, REFUSED);
        site.ask(page(20, 0), 100, OK);
    }
    assert_eq!(site.refused, 0);
}

#[test]
fn a_section_is_left_alone_when_most_of_its_pages_fail_and_none_is_answered() {
    let mut site = site();
    for number in 0..3 {
        site.ask(page(0, number), 100, OK);
        site.ask(page(1, number), 100, OK);
    }
    site.fail_for_a_window(page(0, 0), LOST);
    for client in 0..5 {
        assert!(!site.is_refused(page(0, 50)));
        site.ask(page(0, u64::from(client)), client, LOST);
    }
    assert!(site.is_refused(page(0, 50)) && site.is_refused(page(0, 0)));
    assert!(!site.is_refused(page(1, 0)) && !site.is_refused(page(2, 0)));
}

#[test]
fn fewer_than_half_of_the_pages_and_fewer_than_four_say_nothing_of_the_others() {
    for (well, failing) in [(0, 3), (10, 9), (5, 4), (100, 15)] {
        let mut site = site();
        site.fail_for_a_window(page(0, 0), LOST);
        for number in 0..well {
            site.ask(page(0, 100 + number), 100, OK);
        }
        for client in 0..2000 {
            site.ask(page(0, u64::from(client) % failing), client, LOST);
            site.wait(10);
        }
        assert!(!site.is_refused(page(0, 100)), "{failing} beside {well}");
        assert!(!site.is_refused(page(0, 300)), "{failing} beside {well}");
    }
}

#[test]
fn an_origin_of_which_all_sections_fail_is_left_alone() {
    let mut site = site();
    for number in 0..6 {
        site.ask(page(number, 0), 100, OK);
    }
    site.fail_for_a_window(page(0, 0), LOST);
    for client in 0..6 {
        site.ask(page(u64::from(client), 0), client, LOST);
    }
    assert!(site.is_refused(page(50, 0)), "six sections failed in a row");
}

#[test]
fn what_fails_half_of_the_time_is_not_left_alone() {
    let mut site = site();
    let mut chance = 7_u64;
    for request in 0..20_000_u32 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let end = if chance >> 63 == 0 { LOST } else { OK };
        site.ask(page(u64::from(request) % 9, u64::from(request) % 5), request, end);
    }
    assert_eq!(site.refused, 0);
}

#[test]
fn many_clients_that_are_turned_away_close_nothing_that_others_are_answered() {
    for per_second in [5, 60] {
        let mut site = site();
        let pages = 5;
        for number in 0..pages {
            site.ask(page(number, 0), 1_000_000, OK);
        }
        for request in 0..60 * per_second {
            site.now = Timestamp::from_millis(1_700_000_001_000 + request * 1000 / per_second);
            site.ask(page(request % pages, 0), request as u32, LOST);
            if request % (per_second / 2).max(1) == 0 {
                assert!(site.ask(page(request / per_second % pages, 0), 1_000_000 + request as u32, OK));
            }
        }
    }
}

#[test]
fn many_clients_that_are_turned_away_close_nothing_before_a_window_has_passed() {
    // A new isolate, and one that has been idle for an hour.
    for idle in [None, Some(3_600_000)] {
        let mut site = site();
        if let Some(idle) = idle {
            site.ask(page(0, 0), 1_000_000, OK);
            site.wait(idle);
        }
        for client in 0..900 {
            assert!(site.ask(page(u64::from(client) % 5, 0), client, LOST));
        }
        assert!(site.ask(page(0, 0), 1_000_000, OK));
    }
}

#[test]
fn one_answer_closes_every_circuit_on_its_way() {
    let mut site = site();
    let late = site.admit(page(0, 0)).permit().unwrap();
    for client in 0..5 {
        site.ask(page(0, u64::from(client)), client, REFUSED);
    }
    assert!(site.is_refused(page(0, 0)) && site.is_refused(page(7, 0)));
    site.breaker.record(page(0, 0), late, Some(OK), &site.settings, site.now);
    assert!(!site.is_refused(page(0, 0)) && !site.is_refused(page(7, 0)));
}

#[test]
fn whoever_asks_for_what_fails_never_gets_all_the_probes() {
    let mut site = site();
    site.ask(page(0, 0), 100, OK);
    for client in 0..5 {
        site.ask(page(1, 0), client, REFUSED);
    }
    assert!(site.is_refused(page(0, 0)));
    // Somebody asks for the failing page ten times a second; others come every now and then, when the origin is back.
    let mut answered = false;
    for request in 0..100 {
        site.wait(90);
        site.ask(page(1, 0), 200 + request, REFUSED);
        if request % 10 == 9 && !answered {
            answered = site.ask(page(0, 0), 100, OK);
            assert!(answered || request < 55, "{request}");
        }
    }
    assert!(answered && !site.is_refused(page(0, 0)));
}

#[test]
fn what_a_503_asks_for_keeps_its_page_closed_up_to_a_minute_and_not_the_origin() {
    for (end, asked_s, millis) in [
        (BUSY, None, 5000),
        (BUSY, Some(0), 5000),
        (BUSY, Some(30), 30_000),
        (BUSY, Some(u64::MAX), 60_000),
        // Only with a 503 is it about being there (RFC 9110 §15.6.4).
        (AttemptResult::Answered(502), Some(30), 5000),
        (LOST, Some(30), 5000),
    ] {
        let mut site = site();
        site.fail_for_a_window(page(0, 0), end);
        for client in 0..5 {
            let permit = site.admit(page(0, 0)).permit().unwrap();
            site.wait(10);
            site.end(page(0, 0), client, permit, end, asked_s.map(Duration::from_secs));
        }
        let refusal = site.breaker.refusal(page(0, 0), || known(u32::MAX), &site.settings, site.now).unwrap();
        let expected = OpenCircuit { because: end, retry_after: self::millis(millis), scope: Scope::Page };
        assert_eq!(refusal, expected);
        assert!(!site.is_refused(page(0, 1)) && !site.is_refused(page(1, 0)));
    }
}

#[test]
fn what_a_rate_limiter_asks_of_one_client_holds_for_nobody_else() {
    let mut site = site();
    site.fail_for_a_window(page(0, 0), BUSY);
    for (client, asked_s) in [(0, None), (1, None), (2, None), (3, None), (4, Some(60)), (5, None)] {
        assert!(!site.is_refused(page(0, 0)));
        let permit = site.admit(page(0, 0)).permit().unwrap();
        site.wait(10);
        site.end(page(0, 0), client, permit, BUSY, asked_s.map(Duration::from_secs));
    }
    let refusal = site.breaker.refusal(page(0, 0), || known(u32::MAX), &site.settings, site.now).unwrap();
    assert_eq!(refusal.retry_after, site.settings.open_for);
}

#[test]
fn one_client_that_goes_from_section_to_section_does_not_speak_for_all_of_them() {
    let mut site = site();
    site.settings.consecutive = 2;
    for number in 0..20 {
        site.ask(page(number, 0), 1, LOST);
    }
    site.ask(page(20, 0), 2, LOST);
    assert!(!site.is_refused(page(30, 0)));
}

#[test]
fn who_is_refused_learns_why_of_the_narrowest_and_when_to_come_back() {
    let mut site = site();
    site.fail_for_a_window(page(0, 0), LOST);
    for client in 0..5 {
        site.ask(page(0, 0), client, LOST);
    }
    site.wait(2000);
    for client in 0..5 {
        site.ask(page(u64::from(client) + 1, 0), client, REFUSED);
    }
    let refusal = |site: &Site, place| {
        site.breaker.refusal(place, || known(u32::MAX), &site.settings, site.now).unwrap()
    };
    let open = |because, ms, scope| OpenCircuit { because, retry_after: millis(ms), scope };
    assert_eq!(refusal(&site, page(0, 0)), open(LOST, 5000, Scope::Origin));
    site.wait(4500);
    assert_eq!(refusal(&site, page(8, 0)), open(REFUSED, 1000, Scope::Origin));
}

#[test]
fn every_row_of_the_table_of_failures_reaches_as_far_as_it_says() {
    for row in &TABLE {
        let mut site = site();
        site.fail_for_a_window(page(0, 0), AttemptResult::Failed(row.failure, None));
        for client in 0..5 {
            site.ask(page(0, 0), client, AttemptResult::Failed(row.failure, None));
        }
        let refused = (site.is_refused(page(0, 0)), site.is_refused(page(1, 0)));
        let expected = match row.reach {
            Reach::Page => (true, false),
            Reach::Origin => (true, true),
            Reach::Nothing => (false, false),
        };
        assert_eq!(refused, expected, "{row:?}");
    }
}

#[test]
fn a_hint_is_taken_for_no_more_than_it_says_and_not_against_what_is_known_better() {
    let hint = |scope, is_answered: bool| {
        let mut site = site();
        if is_answered {
            site.ask(page(0, 0), 1, OK);
        }
        site.ask(page(0, 0), 1, LOST);
        site.breaker.open_on_hint(page(0, 0), scope, LOST, millis(9000), &site.settings, site.now);
        [page(0, 0), page(0, 1), page(1, 0)].map(|place| site.is_refused(place))
    };
    assert_eq!(hint(Scope::Page, false), [true, false, false]);
    assert_eq!(hint(Scope::Section, false), [true, true, false]);
    assert_eq!(hint(Scope::Origin, false), [true, true, true]);
    for scope in Scope::ALL {
        assert_eq!(hint(scope, true), [false; 3], "it was answered a moment ago");
    }
    let mut site = site();
    site.breaker.open_whole_on_hint(LOST, Duration::from_secs(600), &site.settings, site.now);
    site.wait(59_999);
    assert!(site.is_refused(page(0, 0)));
    site.wait(1);
    assert!(!site.is_refused(page(0, 0)));
}

#[test]
fn a_word_that_the_origin_is_up_lets_the_next_one_try() {
    let mut site = site();
    site.breaker.open_whole_on_hint(LOST, millis(5000), &site.settings, site.now);
    site.wait(100);
    site.breaker.try_early(site.now, site.now);
    // One in the lane of what is not known, one in that of all.
    for number in 0..2 {
        let Decision::Admit(permit) = site.admit(page(0, number)) else { panic!() };
        assert!(permit.is_probe());
    }
    assert!(site.is_refused(page(0, 2)));
}

#[test]
fn switched_off_it_lets_everything_through() {
    let mut site = site();
    for client in 0..5 {
        site.ask(page(0, 0), client, REFUSED);
    }
    // A route may switch it off while another one's attempts have opened it.
    site.settings.enabled = false;
    for client in 0..100 {
        assert!(site.ask(page(0, 0), client, REFUSED));
    }
    site.settings.enabled = true;
    assert!(site.is_refused(page(0, 0)));
}

#[test]
fn load_returns_gently_for_those_who_can_do_without() {
    let mut site = site();
    for client in 0..5 {
        site.ask(page(0, 0), client, REFUSED);
    }
    site.wait(5000);
    assert!(site.ask(page(0, 0), 1, OK));
    site.wait(2500);
    for (roll, is_spared) in [(0.0, false), (0.54, false), (0.56, true), (0.99, true)] {
        for place in [page(0, 0), page(3, 3)] {
            let verdict = site.breaker.admit(place, || known(7), &site.settings, roll, site.now);
            assert_eq!(matches!(verdict, Decision::RampUp(_)), is_spared, "{roll}");
        }
    }
    assert!(
        matches!(self::site().admit(page(0, 0)), Decision::Admit(_)),
        "one that never was open spares nobody"
    );
}

#[test]
fn an_outage_costs_an_origin_a_probe_in_each_lane_a_period_and_ends_one_period_after_it_at_most() {
    // The requests come evenly, over forty pages in eight sections.
    for (end, per_second, outage_s) in [
        (REFUSED, 1, 600),
        (REFUSED, 50, 600),
        (REFUSED, 1000, 60),
        (LOST, 1, 600),
        (LOST, 50, 600),
        (LOST, 1000, 60),
    ] {
        let mut site = site();
        let began_at = site.now;
        let (mut answered_at, mut first_second) = (None, 0);
        for request in 0..(outage_s + 60) * per_second {
            let at = millis(request * 1000 / per_second);
            site.now = began_at.plus(at);
            // It was well for a while before.
            let is_down = (Duration::from_secs(30)..Duration::from_secs(30 + outage_s)).contains(&at);
            let place = page(request * 7 % 8, request * 7 % 40);
            if is_down && site.sent == 0 {
                first_second = request;
            }
            let before = site.sent;
            if site.ask(place, request as u32, if is_down { end } else { OK }) && !is_down {
                site.sent = before;
                if at >= Duration::from_secs(30 + outage_s) {
                    answered_at = answered_at.or(Some(at));
                }
            }
        }
        let late = answered_at.unwrap() - Duration::from_secs(30 + outage_s);
        assert!(late <= millis(5000 + 1000 / per_second), "{end:?} {per_second}/s: {late:?}");
        // Until it opens, where pages fail after a window without an answer, and then three in five seconds at most.
        let window = if end == LOST { 10 * per_second } else { 0 };
        let most = 120 + window + 3 * (outage_s / 5 + 1);
        assert!(site.sent <= most, "{end:?} {per_second}/s: {} after {first_second}", site.sent);
    }
}

#[test]
fn a_failure_from_before_a_recovery_opens_nothing() {
    let mut site = site();
    let permits: Vec<_> = (0..20).map(|_| site.admit(page(0, 0)).permit().unwrap()).collect();
    site.wait(9000);
    site.ask(page(0, 0), 100, OK);
    for (client, permit) in permits.into_iter().enumerate() {
        site.end(
            page(0, 0),
            client as u32,
            permit,
            AttemptResult::Failed(Failure::NoHeaderInTime, None),
            None,
        );
    }
    assert!(!site.is_refused(page(0, 0)));
}

#[test]
fn what_is_remembered_is_bounded_and_an_open_page_stays_remembered_among_others() {
    let mut site = site();
    for client in 0..100_000 {
        site.ask(page(u64::from(client) % 97, u64::from(client)), client % 4, LOST);
    }
    assert!(site.breaker.troubled.len() <= MOST_TROUBLED);
}

/// What may happen.
#[derive(Clone, Debug)]
enum Event {
    Ask(u64, f64),
    /// The permit in hand of this number, modulo how many there are; of which client.
    Report(usize, Option<AttemptResult>, u32, Option<u64>),
    Forward(u64),
    Back(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let end = prop::sample::select(vec![
        Some(OK),
        Some(LOST),
        Some(LOST),
        Some(REFUSED),
        Some(BUSY),
        Some(AttemptResult::Failed(Failure::Internal, None)),
        None,
    ]);
    prop_oneof![
        4 => (0u64..12, 0.0f64..1.0).prop_map(|(page, roll)| Event::Ask(page, roll)),
        4 => (any::<usize>(), end, 0u32..9, prop::option::of(0u64..100))
            .prop_map(|(which, end, client, asked)| Event::Report(which, end, client, asked)),
        2 => (0u64..3000).prop_map(Event::Forward),
        1 => (0u64..100_000).prop_map(Event::Forward),
        1 => (0u64..100_000).prop_map(Event::Back),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_is_never_stuck_and_refuses_nobody_for_longer_than_a_minute_and_a_probe(
        events in prop::collection::vec(event(), 1..200), open_ms in 100u64..10_000, share in 1u16..=10_000,
    ) {
        let mut site = site();
        site.settings = Settings {
            open_for: millis(open_ms), consecutive: 2, failures: Share::in_10_000(share), ..Settings::default()
        };
        let mut permits: Vec<(Place, Permit)> = Vec::new();
        for event in events {
            match event {
                Event::Forward(span) => site.wait(span),
                Event::Back(span) => site.now = site.now.minus(millis(span)),
                Event::Ask(number, roll) => {
                    let place = page(number % 4, number);
                    match site.breaker.admit(place, || known(7), &site.settings, roll, site.now) {
                        Decision::Admit(permit) | Decision::RampUp(permit) => permits.push((place, permit)),
                        Decision::Refuse(refusal) => {
                            prop_assert!(refusal.retry_after >= LEAST_RETRY_AFTER);
                            prop_assert!(refusal.retry_after <= millis(open_ms).max(LONGEST_OPEN));
                            prop_assert_eq!(refusal.because.health_signal(), HealthSignal::Unhealthy);
                        }
                    }
                }
                Event::Report(which, end, client, asked) if !permits.is_empty() => {
                    let (place, permit) = permits.remove(which % permits.len());
                    site.breaker.record(place, permit, end, &site.settings, site.now);
                    if let Some(end) = end {
                        let retry_after = asked.map(Duration::from_secs);
                        let client = Witness { mark: client, is_known: client % 2 == 0 };
                        let failed = FailedRequest { place, client, end, permit, retry_after };
                        site.breaker.record_failure(&failed, &site.settings, site.now);
                    }
                }
                Event::Report(..) => {}
            }
        }
        site.breaker.clock.advance(site.now);
        site.wait(60_000 + 30_000);
        for number in 0..12 {
            prop_assert!(!site.is_refused(page(number % 4, number)), "after the longest wait");
        }
    }
}
