//! The check for harm finds harm, and excuses what the breaker's contract allows and nothing else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a plan has what was put into it")]

use std::rc::Rc;

use simulator::fault::{Scope, Trouble};
use simulator::ledger::{Asked, Attempt, Class};
use simulator::plan::Shape;
use simulator::plan::{Event, Plan, Upload, What};
use simulator::settings::Breaker;
use simulator::world::World;
use simulator::{harm, play};
use testkit::upload::Fate;

/// The open period, in milliseconds.
const OPEN: u64 = 5_000;

/// One origin, four groups of a page each, nothing that takes time, and eight requests: the first four for a page each,
/// the others for the home page; the first is one visitor's, the others another's.
fn plan(shape: Shape) -> Plan {
    let is_fit = |plan: &Plan| plan.shape == shape && plan.pages.last().is_some_and(|page| page.group == 3);
    let mut plan = (0..).map(Plan::of).find(is_fit).unwrap();
    plan.pages.dedup_by_key(|page| page.group);
    plan.pages.iter_mut().for_each(|page| page.body_takes = 0);
    plan.settings.probe = None;
    plan.settings.origins = 1;
    plan.settings.breaker =
        Some(Breaker { consecutive: 3, failures: 50, minimum: 20, window: 10_000, open: OPEN });
    plan.delay = 0;
    let mut asks: Vec<_> = plan.events.iter().filter_map(|event| event.what.ask().cloned()).collect();
    asks.truncate(8);
    plan.events.clear();
    for (number, ask) in asks.iter_mut().enumerate() {
        (ask.upload, ask.directives, ask.leaves_after, ask.is_probe) = (None, None, None, false);
        (ask.page, ask.visitor) = (if number < 4 { number } else { 0 }, usize::from(number == 0));
    }
    plan.events.extend(asks.into_iter().map(|ask| Event { at: 0, what: What::Ask(ask) }));
    plan
}

/// What has happened in a world, written by hand.
struct Told(Rc<World>);

impl Told {
    fn of(shape: Shape) -> Self {
        Self::in_plan(&plan(shape))
    }

    fn in_plan(plan: &Plan) -> Self {
        Self(World::new(plan, false).unwrap())
    }

    fn wrong(self, at: u64, scope: Scope, trouble: Trouble) -> Self {
        self.0.ledger.borrow_mut().faults.set(at, scope, trouble);
        self
    }

    /// A request for a page, which is answered well, or fails by what it met.
    fn sent(self, number: usize, page: usize, began_at: u64, met: Option<(Scope, Trouble)>) -> Self {
        let ask = self.number(number);
        let class = if met.is_some() { Class::Failed(502) } else { Class::Answered(200) };
        let ended_at = Some(began_at + 10);
        let attempt = Attempt {
            ask,
            page,
            origin: 0,
            incarnation: 0,
            front: true,
            began_at,
            wall_at: 0,
            ended_at,
            class,
            met,
        };
        {
            let mut ledger = self.0.ledger.borrow_mut();
            ledger.attempts.push(attempt);
            let attempts = vec![ledger.attempts.len() - 1];
            let status = Some(if met.is_some() { 502 } else { 200 });
            let asked = Asked { began_at, answered_at: ended_at, status, attempts, ..Asked::default() };
            ledger.asks.insert(ask, asked);
        }
        self
    }

    /// A request that is refused without an attempt.
    fn refused(self, number: usize, began_at: u64) -> Self {
        let asked = Asked {
            began_at,
            answered_at: Some(began_at),
            status: Some(503),
            is_made_here: true,
            is_refused: true,
            ..Asked::default()
        };
        self.0.ledger.borrow_mut().asks.insert(self.number(number), asked);
        self
    }

    fn number(&self, number: usize) -> u64 {
        self.0.plan.events[number].what.ask().unwrap().number
    }

    /// What the check finds, and the harm that it counts.
    fn judged(self) -> (Vec<&'static str>, Vec<String>) {
        harm::at_the_end(&self.0);
        let ledger = self.0.ledger.borrow();
        let found = ledger.findings.iter().map(|finding| finding.invariant).collect();
        (found, ledger.tally.harm.keys().cloned().collect())
    }
}

const REFUSED: &str = "nobody is refused whom the origin would have answered";
const DOWN: (Scope, Trouble) = (Scope::Origin(0), Trouble::Refuses);

#[test]
fn a_refusal_is_harm_where_the_origin_is_well() {
    let (found, counted) = Told::of(Shape::Site).refused(0, 1_000).judged();
    assert_eq!(found, [REFUSED]);
    assert_eq!(counted, ["refused, and nothing tried; not excused"]);
}

#[test]
fn a_refusal_is_no_harm_where_the_origin_would_have_failed_too() {
    for (scope, trouble) in
        [DOWN, (Scope::Page(0), Trouble::OwnError(502)), (Scope::Group(0), Trouble::Hangs)]
    {
        let (found, counted) = Told::of(Shape::Site).wrong(500, scope, trouble).refused(0, 1_000).judged();
        assert_eq!((found, counted), (vec![], vec![]), "{scope:?}");
    }
}

#[test]
fn an_outage_excuses_refusals_for_the_open_period_and_one_request() {
    let after = |span| {
        let told = Told::of(Shape::Site).wrong(0, DOWN.0, DOWN.1).sent(0, 0, 1_000, Some(DOWN));
        told.wrong(1_100, DOWN.0, Trouble::None).refused(1, 1_010 + span).judged()
    };
    assert_eq!(after(OPEN).0, Vec::<&str>::new());
    assert_eq!(after(OPEN).1, ["refused, and nothing tried; every origin was down lately"]);
    assert_eq!(after(OPEN + 2_000).0, [REFUSED], "nobody finds out");
    let beside = |sent_at: u64| {
        let told = Told::of(Shape::Site).wrong(0, DOWN.0, DOWN.1).sent(0, 0, 1_000, Some(DOWN));
        let told = told.wrong(1_100, DOWN.0, Trouble::None).sent(1, 1, sent_at, None);
        told.refused(2, 60_000).judged().0
    };
    assert_eq!(beside(59_995), Vec::<&str>::new(), "one finds out at this moment");
    assert_eq!(beside(59_000), [REFUSED], "one has found out");
}

#[test]
fn a_page_that_fails_excuses_nothing_outside_its_group() {
    let failing = |page: usize, others: &[usize]| {
        let told = Told::of(Shape::Site);
        let bad = |page| (Scope::Page(page), Trouble::Refuses);
        let told = told.wrong(0, bad(page).0, bad(page).1).sent(page, page, 1_000, Some(bad(page)));
        let told = others.iter().fold(told, |told, other| {
            told.wrong(0, bad(*other).0, bad(*other).1).sent(*other, *other, 1_000, Some(bad(*other)))
        });
        told.wrong(1_050, Scope::Page(0), Trouble::None).refused(7, 1_100).judged()
    };
    assert_eq!(failing(1, &[]).0, [REFUSED]);
    assert_eq!(failing(0, &[]).1, ["refused, and nothing tried; its own group failed lately"]);
    assert_eq!(failing(1, &[2]).1, ["refused, and nothing tried; half of the groups fail"]);
}

#[test]
fn what_a_client_does_excuses_nothing() {
    let turned_away = (Scope::Client(1), Trouble::Busy(60));
    let told = Told::of(Shape::Rude).wrong(0, turned_away.0, turned_away.1);
    let (found, _) = told.sent(0, 0, 1_000, Some(turned_away)).refused(1, 1_100).judged();
    assert_eq!(found, ["nothing that clients do opens a breaker", REFUSED]);
}

#[test]
fn what_a_client_spoils_is_no_harm() {
    let mut plan = plan(Shape::Site);
    for event in &mut plan.events {
        let What::Ask(ask) = &mut event.what else { continue };
        (ask.method, ask.upload) = ("POST", Some(Upload { bytes: 8, takes: 0, fate: Fate::BreaksOff }));
    }
    let (found, counted) = Told::in_plan(&plan).refused(0, 1_000).judged();
    assert_eq!((found, counted), (vec![], vec![]));
}

#[test]
fn where_all_is_well_nobody_is_harmed() {
    let tally = play(&plan(Shape::Site), false).tally;
    assert!(tally.would_be_well > 0);
    assert_eq!(tally.harm.len(), 0);
}
