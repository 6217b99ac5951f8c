//! What becomes of pages for a while: deleted, moved, forbidden or withdrawn, for everybody or for one visitor alone; and
//! what else schedules have beside the traffic and its trouble.
//!
//! All of it comes from chance of its own, so that the rest of a schedule is what it would be without.

use crate::fault::{Scope, Trouble};
use crate::page::{Page, Ranges, Scripts, Validator};
use crate::plan::{Ask, Event, Plan, Shape, What};
use crate::turn::{SCRIPT, Turn};
use crate::visitor::Visitor;
use testkit::chance::Chance;

/// How long all is as usual before the end, in milliseconds, at least.
const CALM: u64 = 40_000;

/// Adds all this to a schedule; to some nothing.
pub fn add(plan: &mut Plan, chance: &mut Chance) {
    if chance.percent(40) {
        return;
    }
    plan.settings.trust_vary =
        chance.of(["permitted", "permitted", "permitted", "permitted", "never", "always"]);
    plan.settings.removes = chance.percent(15);
    plan.crowded = chance.of([0, 0, 0, 10]);
    for page in &mut plan.pages {
        page.scripts = chance.of([
            Scripts::Silent,
            Scripts::Silent,
            Scripts::Silent,
            Scripts::All,
            Scripts::Asker,
            Scripts::AskerSilently,
            Scripts::One,
        ]);
    }
    for visitor in &mut plan.visitors {
        visitor.origin = chance
            .percent(20)
            .then(|| chance.of([SCRIPT, SCRIPT, "https://two.example", "https://www.example.com"]));
    }
    for page in plan.pages.iter_mut().filter(|page| page.validator == Validator::Strong) {
        page.ranges = chance.of([Ranges::Silent, Ranges::Careful, Ranges::Careful, Ranges::Careless]);
    }
    if chance.percent(30) && plan.shape != Shape::Rude {
        for _ in 0..chance.between(1, 3) {
            tears(plan, chance);
        }
    }
    if chance.percent(70) {
        for _ in 0..chance.between(2, 6) {
            turn(plan, chance);
        }
    }
    let is_of_end =
        |event: &Event| matches!(event.what, What::Well) || event.what.ask().is_some_and(|ask| ask.is_probe);
    let of_end = || plan.events.iter().filter(|event| is_of_end(event)).map(|event| event.at);
    let last = plan.events.iter().filter(|event| !is_of_end(event)).map(|event| event.at).max();
    let later = of_end().min().zip(last).map_or(0, |(well, last)| (last + CALM).saturating_sub(well));
    plan.events.iter_mut().filter(|event| is_of_end(event)).for_each(|event| event.at += later);
    plan.events.sort_by_key(|event| event.at);
}

/// Resumable bodies of a page break off for a while, and there may be another version by then.
fn tears(plan: &mut Plan, chance: &mut Chance) {
    let is_resumable = |page: &Page| page.ranges != Ranges::Silent && page.size > plan.settings.hold as usize;
    let pages: Vec<usize> = (0..plan.pages.len()).filter(|page| is_resumable(&plan.pages[*page])).collect();
    let Some(page) = pages.get(chance.below(pages.len() as u64) as usize).copied() else { return };
    let asks = || plan.events.iter().filter_map(|event| Some((event.at, event.what.ask()?)));
    let asks: Vec<(u64, &Ask)> = asks().filter(|(_, ask)| !ask.is_probe).collect();
    let Some((at, model)) = asks.get(chance.below(asks.len() as u64) as usize).cloned() else { return };
    let last = asks.iter().map(|(_, ask)| ask.number).max().unwrap_or_default();
    let mut model = Ask { page, method: "GET", upload: None, directives: None, ..model.clone() };
    (model.range, model.conditional, model.leaves_after) = (None, false, None);
    let scope = Scope::Page(page);
    let lasts = chance.of([20, 200, 2_000, 5_000]);
    let trouble = chance.of([Trouble::TornBody, Trouble::TornBody, Trouble::BadFraming]);
    plan.events.push(Event { at, what: What::Trouble { scope, trouble } });
    plan.events.push(Event { at: at + lasts, what: What::Trouble { scope, trouble: Trouble::None } });
    for number in last + 1..=last + chance.between(1, 4) {
        let visitor = chance.below(plan.visitors.len() as u64) as usize;
        let at = at + chance.below(lasts);
        plan.events.push(Event { at, what: What::Ask(Ask { number, visitor, ..model.clone() }) });
        if chance.percent(40) {
            let at = at + chance.below(3_000);
            plan.events.push(Event { at, what: What::Publish { page } });
        }
    }
}

/// A page is something else for a while, and is asked for meanwhile and afterwards.
fn turn(plan: &mut Plan, chance: &mut Chance) {
    let asks: Vec<(u64, &Ask)> = plan
        .events
        .iter()
        .filter_map(|event| Some((event.at, event.what.ask()?)))
        .filter(|(_, ask)| !ask.is_probe)
        .collect();
    let Some((at, model)) = asks.get(chance.below(asks.len() as u64) as usize).cloned() else { return };
    let lasts = asks.last().map_or(at, |(last, _)| *last);
    let (page, mut model) = (model.page, model.clone());
    let mut number = asks.iter().map(|(_, ask)| ask.number).max().unwrap_or_default();
    (model.method, model.upload, model.directives) = ("GET", None, None);
    (model.range, model.conditional, model.leaves_after) = (None, false, None);
    // One in eight has a field of which nothing is known.
    model.idempotency_key &= chance.percent(25);
    let is_for_one = chance.percent(40);
    let whom = is_for_one.then(|| chance.below(plan.visitors.len() as u64) as usize);
    let turn = if is_for_one { Turn::of_client(chance) } else { Turn::of_page(chance) };
    let gap = match plan.shape {
        Shape::Quiet => chance.of([1_000, 11_000, 61_000, 700_000]),
        Shape::Site | Shape::Outage | Shape::Rude => chance.of([100, 1_000, 7_000, 11_000]),
    };
    // Some before it, some while it lasts, some behind it.
    let (before, meanwhile, behind) = (chance.below(3), chance.between(1, 4), chance.below(3));
    let from = at + before * gap;
    let to = from + meanwhile * gap + gap / 2;
    plan.events.push(Event { at: from + gap / 2, what: What::Turn { page, whom, turn: Some(turn) } });
    plan.events.push(Event { at: to, what: What::Turn { page, whom, turn: None } });
    // Most of those who ask are nobody in particular: what they are told is meant for all.
    let is_anybody = |visitor: &Visitor| {
        !visitor.cookie && !visitor.authorization && visitor.flag.is_none() && visitor.origin.is_none()
    };
    let anybody: Vec<usize> =
        (0..plan.visitors.len()).filter(|visitor| is_anybody(&plan.visitors[*visitor])).collect();
    let mut asks = |plan: &mut Plan, at: u64, told: u64, chance: &mut Chance| {
        number += 1;
        let one = chance.below(plan.visitors.len() as u64) as usize;
        let plain = anybody.get(chance.below(anybody.len() as u64) as usize).copied();
        let one = plain.filter(|_| chance.percent(70)).unwrap_or(one);
        let visitor = whom.filter(|_| chance.percent(told)).unwrap_or(one);
        let ask = Ask { number, visitor, page, conditional: chance.percent(10), ..model.clone() };
        plan.events.push(Event { at, what: What::Ask(ask) });
    };
    for ask in 0..=before + meanwhile + behind {
        asks(plan, (at + ask * gap + 1).min(lasts.max(to) + 2 * gap), 60, chance);
    }
    // Then it fails, and only copies are left.
    if chance.percent(60) && plan.shape != Shape::Rude {
        let fails_at = from + chance.between(meanwhile.max(2), meanwhile + behind) * gap + 2 * gap / 3;
        let scope = Scope::Page(page);
        plan.events.push(Event { at: fails_at, what: What::Trouble { scope, trouble: Trouble::Refuses } });
        for ask in 0..3 {
            asks(plan, fails_at + 1 + ask * gap / 4, 40, chance);
        }
        let well = What::Trouble { scope, trouble: Trouble::None };
        plan.events.push(Event { at: fails_at + gap, what: well });
    }
}
