//! What must hold after a write and after an operator's order.

use std::rc::Rc;

use holdfast::cache::key::Key;

use crate::ledger::{Asked, Order};
use crate::plan::{Ask, target};
use crate::record::Record;
use crate::world::World;

/// How long an isolate may go without what the operator ordered: a minute until the namespace shows it everywhere,
/// one more until it is read again; in milliseconds, with a little for the way.
const ORDER_IS_EVERYWHERE: u64 = 123_000;

/// How long it may take until what a write made out of date is gone, in milliseconds.
const REMOVED_WITHIN: u64 = 1_000;

/// Whether what a write has made out of date is served as fresh by the isolate that handed the write on.
pub fn written(world: &Rc<World>, ask: &Ask, asked: &Asked, record: &Record, failed: bool) {
    // Isolates do not know of each other's writes, and one may put back what another removes.
    let asks = world.plan.events.iter().filter_map(|event| event.what.ask());
    let is_one_isolate =
        asks.filter(|other| other.page == ask.page).all(|other| other.isolate == ask.isolate);
    if failed || !is_one_isolate {
        return;
    }
    let offence = {
        let ledger = world.ledger.borrow();
        let writes = world.plan.events.iter().filter_map(|event| event.what.ask());
        let mut writes = writes.filter(|other| {
            matches!(other.method, "POST" | "PUT" | "DELETE")
                && other.page == ask.page
                && other.isolate == ask.isolate
        });
        let is_past = |other: &&Ask| {
            ledger.asks.get(&other.number).is_some_and(|write| {
                let is_done =
                    write.status.is_some_and(|status| (200..400).contains(&status)) && !write.was_hit;
                let done_at = write.answered_at.unwrap_or(u64::MAX);
                is_done && record.sent_at < done_at && asked.began_at > done_at + REMOVED_WITHIN
            })
        };
        writes.find(is_past).map(|other| other.number)
    };
    // It is a matter of one isolate's memory and clock, and of a cache that does what it is told.
    let is_put_back = world.ledger.borrow().moves.iter().any(|(_, by)| *by < 0);
    let is_promised =
        world.plan.cache_faults == 0 && world.plan.crowded == 0 && !world.has_lost_memory() && !is_put_back;
    // What was stored too late is gone in a moment, or is already.
    let has_settled = target(&world.plan.pages[ask.page].path).is_some_and(|target| {
        let filed = world.platform.store.get(Key::of_target(&target).as_str());
        filed.is_some_and(|filed| filed.filed_at + REMOVED_WITHIN < asked.began_at)
    });
    if let Some(write) = offence.filter(|_| is_promised && has_settled) {
        world.violated("what a write has made out of date is not served as fresh", || {
            format!("ask {}, after ask {write}: {record:?}", ask.number)
        });
    }
}

/// Whether what the operator ordered is obeyed.
pub fn ordered(world: &Rc<World>, ask: &Ask, asked: &Asked, record: &Record, failed: bool) {
    let offence = {
        let ledger = world.ledger.borrow();
        let is_put_back = ledger.moves.iter().any(|(_, by)| *by < 0);
        let concerns = |order: &&Order| {
            order.page.is_none_or(|page| page == ask.page)
                && record.requested_at <= order.wall_at
                && asked.began_at > order.done_at + ORDER_IS_EVERYWHERE
        };
        // Two orders that do not see each other overwrite each other: KV has no way to write under a condition.
        let is_alone = |order: &&Order| {
            let near = ledger.orders.iter().filter(|other| {
                other.began_at <= order.done_at + ORDER_IS_EVERYWHERE
                    && other.done_at + ORDER_IS_EVERYWHERE >= order.began_at
            });
            near.count() == 1
        };
        let is_readable =
            |order: &&Order| !ledger.namespace.iter().any(|(at, fails)| *fails && *at >= order.began_at);
        let mut orders = ledger.orders.iter().filter(concerns).filter(is_alone).filter(is_readable);
        orders.find(|order| order.forget || !failed).filter(|_| !is_put_back).cloned()
    };
    if let Some(order) = offence {
        world.violated("what was purged is not served as fresh, and what was forgotten not at all", || {
            format!("ask {}: {order:?}: {record:?}", ask.number)
        });
    }
}
