//! What must hold of attempts beyond the first.

use std::rc::Rc;

use holdfast::origin::forward::Forward;

use crate::ledger::{Attempt, Class};
use crate::world::{FIRST_CRON, World};

/// The retries that the budget of one origin in one isolate lends.
const LENT: u64 = 10;

/// The largest body that is taken with GET or HEAD, in bytes.
const LARGEST_WITH_GET: u64 = 1024 * 1024;

/// A fetch is about to be made.
pub fn sent(world: &Rc<World>, ask: u64, forward: &Forward) {
    // What a cron trigger looks after are requests of their own, and the rest of a body is asked for as often as it takes.
    if ask >= FIRST_CRON || forward.headers().contains_key("if-range") {
        return;
    }
    let (front, earlier) = {
        let ledger = world.ledger.borrow();
        let own: Vec<Attempt> = ledger.attempts_of(ask).cloned().collect();
        let front = own.last().is_some_and(|attempt| attempt.front);
        (front, own.into_iter().filter(|attempt| attempt.front == front).collect::<Vec<_>>())
    };
    let (made, settings) = (earlier.len(), &world.plan.settings);
    // A 304 that speaks of something else has to be asked for anew, without a condition (RFC 9111 §4.3.3).
    let again = earlier.iter().any(|attempt| attempt.class == Class::Answered(304));
    if made as u64 > settings.attempts * if again { 2 } else { 1 } {
        world.violated("a request is sent at most retry.attempts times", || {
            format!("ask {ask}: {made} times")
        });
    }
    if let Some(last) = earlier.iter().rev().nth(1)
        && last.class != Class::Answered(304)
        && let Some(ended_at) = last.ended_at
    {
        let least = settings.backoff.min(settings.backoff_max) / 10;
        if world.now() - ended_at < least.max(1) {
            world.violated("no retry is immediate", || {
                format!("ask {ask}: after {} ms, at least {least}", world.now() - ended_at)
            });
        }
    }
    if made > 1 && front && !again && !may_be_repeated(world, ask, forward) {
        world.violated("what must not be repeated is sent once", || {
            format!("ask {ask}: {} {made} times", forward.method)
        });
    }
}

fn may_be_repeated(world: &World, ask: u64, forward: &Forward) -> bool {
    let Some(ask) = world.ask(ask) else { return true };
    let settings = &world.plan.settings;
    // What comes with a method that has none as a rule is held in any case: the platform sends it only whole.
    let limit = if ask.is_read() { settings.replay_body.max(LARGEST_WITH_GET) } else { settings.replay_body };
    let fits = ask.upload.as_ref().is_none_or(|upload| upload.bytes as u64 <= limit);
    let keyed = settings.idempotency_key && ask.idempotency_key;
    fits && !ask.is_retry && (keyed || forward.method != "POST")
}

/// What an origin got beside the first attempt of each request was lent, brought by requests, or brought by time: four
/// a minute at most.
pub fn within_budget(world: &Rc<World>) {
    if !world.plan.settings.budget {
        return;
    }
    let (retries, firsts) = {
        let ledger = world.ledger.borrow();
        let mut firsts = std::collections::HashSet::new();
        let mut anew = 0;
        let again = ledger.attempts.iter().filter(|attempt| {
            // A 304 that speaks of something else has to be asked for anew: that is no retry.
            anew += u64::from(attempt.class == Class::Answered(304));
            !firsts.insert((attempt.ask, attempt.front, attempt.origin))
        });
        let again = again.count() as u64;
        (again.saturating_sub(anew), firsts.len() as u64)
    };
    let origins = world.lives() * world.plan.settings.origins as u64;
    let at_most = firsts / 5 + LENT * origins + 4 * origins * (world.now() / 60_000 + 1);
    if retries > at_most {
        world.violated("retries stay within their budget", || format!("{retries}, at most {at_most}"));
    }
}
