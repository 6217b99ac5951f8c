//! Ended copies. Is a copy still served after the origin has answered something else for its page (RFC 9111 §4.3.3)?
//!
//! Only what can be promised is checked: a plain GET, in an isolate that had looked the copy up and found it, on a platform
//! without faults.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::ledger::{Asked, Ledger};
use crate::page::{Personal, Scripts};
use crate::plan::{Ask, Plan, What};
use crate::record::{Record, text_of, visitor_of};
use crate::rules::{UNFAMILIAR, compact, is_plain, is_stale};
use crate::world::World;

/// The default of `cache.memory_ttl`, in milliseconds.
pub const MEMORY: u64 = 1_000;

/// How long an isolate skips lookups of a URL that cannot be stored, in milliseconds.
const HIT_FOR_MISS: u64 = 120_000;

/// How long it may take until a note about a copy is written and seen, in milliseconds.
const SETTLED: u64 = 5_000;

/// What an answer does to the stored copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The copy is outdated, and not served to the client that got the answer.
    Withdraws,
    /// It is outdated.
    Outdates,
}

/// The client of an address, for IPv6 its network; `None` without an address.
pub fn client_of(address: Option<&str>) -> Option<String> {
    let address = address?;
    let network = address.split_once("::").map_or(address, |(network, _)| network);
    let network: Vec<&str> = network.split(':').take(4).collect();
    Some(network.join(":"))
}

fn told(record: &Record) -> Option<String> {
    client_of(text_of(&record.seen, "cf-connecting-ip").as_deref())
}

/// The effect of `record`, a whole answer to a plain GET, on the copy. `was_stale` is whether that was stale at the request.
pub fn effect(record: &Record, was_stale: bool) -> Option<Effect> {
    let rules = &record.rules;
    let is_private = rules.no_store || rules.private || rules.vary_star;
    match record.status {
        301 | 302 | 303 | 307 | 308 | 404 | 410 => Some(Effect::Withdraws),
        200 | 304 if is_private => Some(Effect::Withdraws),
        401 | 403 | 451 if was_stale => Some(Effect::Withdraws),
        429 if was_stale => Some(Effect::Outdates),
        _ => None,
    }
}

/// Whether all answers of a page are stored under its URL's own key.
pub fn is_alone(plan: &Plan, page: usize) -> bool {
    let page = &plan.pages[page];
    let names_nobody = matches!(page.scripts, Scripts::Silent | Scripts::All);
    page.vary.is_none() && !page.coded && page.personal != Personal::Vary && names_nobody
}

/// Whether two requests for one page agree in every field by which its answers may differ, whether `Vary` names it or not.
/// Only then does one answer affect the other.
fn is_alike(plan: &Plan, one: &Record, other: &Record) -> bool {
    let page = &plan.pages[one.page];
    let names = [
        page.vary,
        page.coded.then_some("accept-encoding"),
        (page.personal == Personal::Vary).then_some("cookie"),
        (page.personal == Personal::Vary).then_some("authorization"),
        (!matches!(page.scripts, Scripts::Silent | Scripts::All)).then_some("origin"),
    ];
    let value = |record: &Record, name| text_of(&record.seen, name).as_deref().map(compact);
    names.into_iter().flatten().all(|name| value(one, name) == value(other, name))
}

/// The effect of `record` on `copy`, if the request certainly knew of the copy.
fn said(world: &World, ledger: &Ledger, copy: &Record, stored_at: u64, record: &Record) -> Option<Effect> {
    let plan = &world.plan;
    if record.page != copy.page || record.method != "GET" || record.ending != testkit::body::Ending::Whole {
        return None;
    }
    let (ask, asked) = (world.ask(record.ask)?, ledger.asks.get(&record.ask)?);
    let is_whole = ask.range.is_none() && ask.upload.is_none() && ask.method == "GET";
    let is_looked_up = stored_at + MEMORY < asked.began_at && ask.directives != Some("no-store");
    let is_over = asked.answered_at.is_some() && !asked.is_excused && !asked.was_hit;
    // A write in the meantime outdates both.
    let is_written = ledger.asks.iter().any(|(number, write)| {
        let is_write = world.ask(*number).is_some_and(|write| write.page == copy.page && !write.is_read());
        let ended_at = write.answered_at.unwrap_or(u64::MAX).saturating_add(MEMORY);
        is_write && write.began_at <= record.came_at && ended_at >= record.sent_at
    });
    // A request that found nothing before the copy was stored, and got an answer after that which is not stored, makes the
    // isolate skip the next lookups (hit-for-miss).
    let is_skipped = ledger.records.iter().any(|other| {
        let began_at = ledger.asks.get(&other.ask).map_or(0, |asked| asked.began_at);
        let is_late = began_at <= stored_at + MEMORY && other.came_at + HIT_FOR_MISS >= record.sent_at;
        other.page == copy.page && other.came_at >= stored_at && other.came_at < record.sent_at && is_late
    });
    let was_stale = is_stale(plan, copy, asked.wall_at);
    let is_selected = is_alike(plan, copy, record);
    (is_plain(record) && is_whole && is_looked_up && is_selected && is_over && !is_written && !is_skipped)
        .then(|| effect(record, was_stale))?
}

/// Whether the platform has no faults, and one isolate has seen all requests for this page.
fn is_promised(world: &World, ledger: &Ledger, page: usize) -> bool {
    let plan = &world.plan;
    let asks = plan.events.iter().filter_map(|event| event.what.ask());
    let isolates: BTreeSet<usize> = asks.filter(|ask| ask.page == page).map(|ask| ask.isolate).collect();
    let crashes = plan.events.iter().any(|event| matches!(event.what, What::Crash { .. }));
    let is_put_back = ledger.moves.iter().any(|(_, by)| *by < 0);
    plan.cache_faults == 0 && plan.crowded == 0 && isolates.len() == 1 && !crashes && !is_put_back
}

/// A copy, known by `serial`, is served: it must not have ended.
pub fn served(world: &Rc<World>, ask: &Ask, asked: &Asked, serial: usize, copy: &Record, failed: bool) {
    let found = {
        let ledger = world.ledger.borrow();
        let Some(stored_at) = ledger.stored_at.get(&serial) else { return };
        if !is_promised(world, &ledger, copy.page) {
            return;
        }
        // An overloaded origin takes four times as long.
        let body_takes = world.plan.pages[copy.page].body_takes * 4 + 1_000;
        let later = ledger.records.iter().filter(|record| {
            record.sent_at > copy.came_at.max(*stored_at)
                && record.came_at + SETTLED + body_takes < asked.began_at
        });
        let said: Vec<(&Record, Effect)> = later
            .filter_map(|record| Some((&**record, said(world, &ledger, copy, *stored_at, record)?)))
            .collect();
        sentence(world, ask, &said, failed)
    };
    if let Some((sentence, record)) = found {
        world.violated(sentence, || format!("ask {}: {copy:?} after {record}", ask.number));
    }
}

fn sentence(
    world: &World,
    ask: &Ask,
    said: &[(&Record, Effect)],
    failed: bool,
) -> Option<(&'static str, String)> {
    let last = |record: &Record| format!("{record:?}");
    let page = &world.plan.pages[ask.page];
    // A last good copy has rules of its own.
    let is_kept = page.kept && world.plan.keeps && failed;
    if let Some((record, _)) = said.first().filter(|_| !failed) {
        return Some(("a final answer ends the time in which the old one is served", last(record)));
    }
    if is_kept {
        return None;
    }
    let withdrawals =
        || said.iter().filter(|(_, effect)| *effect == Effect::Withdraws).map(|(record, _)| record);
    let visitor = (!ask.is_probe).then(|| &world.plan.visitors[ask.visitor]);
    let me = client_of(visitor.and_then(|visitor| visitor.address));
    if let Some(record) = withdrawals().next_back().filter(|record| me.is_some() && told(record) == me) {
        return Some(("what was taken back from a client does not come back for it", last(record)));
    }
    // The second got its answer after the note about the first had been written.
    let mut others = withdrawals();
    let first = others.next()?;
    let second = others.find(|second| {
        told(second).is_some() && told(second) != told(first) && second.sent_at > first.came_at + SETTLED
    })?;
    Some(("what was taken back from two clients is gone", last(second)))
}

/// A request removes the copy under a key: the reason must be one that a single client cannot cause.
pub fn removed(world: &Rc<World>, ask: u64, serial: usize, copy: &Record) {
    let is_taken = {
        let ledger = world.ledger.borrow();
        let plan = &world.plan;
        if !ledger.stored_at.contains_key(&serial) {
            return;
        }
        let is_write = |(number, _): (&u64, &Asked)| {
            world.ask(*number).is_some_and(|ask| ask.page == copy.page && !ask.is_read())
        };
        let is_hard_purged = ledger.orders_under_way > 0 || ledger.orders.iter().any(|order| order.forget);
        let is_written = plan.settings.removes && ledger.asks.iter().any(is_write);
        let later = || {
            ledger.records.iter().filter(|record| {
                record.page == copy.page
                    && record.sent_at >= copy.sent_at
                    && matches!(&*record.method, "GET" | "HEAD")
            })
        };
        let mut clients = BTreeSet::new();
        let mut unknown = 0;
        // A script of another site counts like others if the copy is for it too.
        let is_anybody = |record: &&Rc<Record>| {
            let seen = &record.seen;
            visitor_of(seen).is_none() && !UNFAMILIAR.iter().any(|name| seen.contains_key(*name))
        };
        for record in later().filter(is_anybody) {
            if effect(record, true) == Some(Effect::Withdraws) {
                match told(record) {
                    Some(client) => drop(clients.insert(client)),
                    None => unknown += 1,
                }
            }
        }
        copy.status != 404
            && copy.turn.is_none()
            && is_alone(plan, copy.page)
            && !is_hard_purged
            && !is_written
            && clients.len() + unknown < 2
    };
    if is_taken {
        world.violated("one client takes nobody's copy away by asking", || format!("ask {ask}: {copy:?}"));
    }
}
