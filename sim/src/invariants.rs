//! Invariants: what must hold whatever happens. Each is a sentence.
//!
//! Nothing here asks the code under test. What an answer may be is derived independently, from the records of what the
//! origins really said and how each fetch ended.

use std::rc::Rc;

use holdfast::cache::entry::Entry;
use holdfast::cache::key::Key;
use holdfast::report::Outcome;
use http::HeaderMap;
use testkit::body::{Content, Ending};

use crate::ended::{MEMORY, client_of};
use crate::ledger::{Asked, Attempt, Class};
use crate::plan::{Ask, FIRST_PROBE, target};
use crate::record::{Record, serial_of, text_of};
use crate::rules::{
    by_its_window, is_foreign, is_selected, may_answer, may_stand_in, storable, window_on_error,
};
use crate::world::{FIRST_CRON, FIRST_ORDER, World};
use crate::{ended, orders, retries};

/// How long a client waits past its deadline for other things than the origin, in milliseconds: a last good copy (2 s),
/// purge rules (1 s, twice if the clock jumps), and a dozen operations of the cache.
const PAST_THE_DEADLINE: u64 = 5_000;

/// An answer as the client has it.
pub struct Given<'a> {
    pub ask: &'a Ask,
    pub status: u16,
    pub headers: &'a HeaderMap,
    pub content: Option<&'a Content>,
}

/// An exchange reports.
pub fn reported(world: &Rc<World>, ask: u64, outcome: Outcome, line: &str) {
    let (mut front, mut behind) = (0, 0);
    {
        let mut ledger = world.ledger.borrow_mut();
        let asked = ledger.asks.entry(ask).or_default();
        asked.is_refused |= line.contains("\"opened_by\"");
        asked.reports.push(outcome);
        for report in &asked.reports {
            if *report == Outcome::RefreshFailed { behind += 1 } else { front += 1 }
        }
    }
    if ask < FIRST_CRON && (front > 1 || behind > 1) {
        world.violated("one exchange gives one report at most", || {
            format!("ask {ask}: {front}, and {behind} behind")
        });
    }
}

/// The exchange has given its answer.
pub fn answered(world: &Rc<World>, given: &Given<'_>) {
    let Given { ask, status, headers, .. } = given;
    let now = world.now();
    let asked = {
        let mut ledger = world.ledger.borrow_mut();
        let asked = ledger.asks.entry(ask.number).or_default();
        let before = asked.clone();
        (asked.answered_at, asked.status) = (Some(now), Some(*status));
        before
    };
    if asked.answered_at.is_some() {
        world.violated("a request is answered once", || format!("ask {}", ask.number));
    }
    let bound = longest_wait(world, ask, asked.began_at, now);
    if now - asked.began_at > bound {
        world.violated("every request is answered by its deadline", || {
            format!("ask {}: after {} ms, at most {bound}", ask.number, now - asked.began_at)
        });
    }
    let head = serial_of(headers);
    let is_made_here = head.is_none();
    let kind = match (world.record(head), head) {
        (Some(head), _) => from_origin_or_store(world, given, &asked, &head),
        (None, Some(serial)) => {
            world.violated("an answer came from an origin", || format!("ask {}: {serial}", ask.number));
            "unknown".to_owned()
        }
        (None, None) => made_here(world, given, &asked),
    };
    // Of several at a time one is the probe, and the others are refused.
    let is_beside_trial = is_left_alone(world, *status);
    // Nor is it wrong to repeat for a while that a page has moved.
    let is_gone = world.record(head).is_some_and(|head| head.turn.is_some() && head.ask != ask.number);
    if ask.is_probe && !(200..300).contains(status) && !is_beside_trial && !is_gone {
        world.violated("once the origin is well again, so is the site", || {
            format!("ask {}: {status}", ask.number)
        });
    }
    let mut ledger = world.ledger.borrow_mut();
    if let Some(asked) = ledger.asks.get_mut(&ask.number) {
        (asked.kind, asked.is_made_here) = (kind.clone(), is_made_here);
    }
    *ledger.tally.answers.entry(kind).or_default() += 1;
}

/// The longest that a request may take, in milliseconds: the deadline, which counts from when an upload has arrived; one
/// silence, for a stored body that is rewritten or an error body that is read; and what comes past the deadline. A clock
/// that is put back postpones the deadline.
fn longest_wait(world: &World, ask: &Ask, from: u64, to: u64) -> u64 {
    let settings = &world.plan.settings;
    let upload = ask.upload_takes();
    let put_back: u64 = {
        let ledger = world.ledger.borrow();
        let moves = ledger.moves.iter().filter(|(at, by)| (from..=to).contains(at) && *by < 0);
        moves.map(|(_, by)| by.unsigned_abs()).sum()
    };
    settings.total + settings.idle + upload + put_back + PAST_THE_DEADLINE
}

/// An answer that an origin gave, now or earlier.
fn from_origin_or_store(world: &Rc<World>, given: &Given<'_>, asked: &Asked, head: &Record) -> String {
    let Given { ask, status, headers, content, .. } = given;
    let body = world.record(content.and_then(|content| content.serial));
    let records: Vec<&Record> = [Some(head), body.as_deref()].into_iter().flatten().collect();
    let whom = world.plan.name_of(ask);
    for record in &records {
        if record.marker.as_deref().is_some_and(|marker| Some(marker) != whom) {
            world.violated("nobody gets what is somebody else's", || {
                format!("ask {}: {record:?}", ask.number)
            });
        }
        if record.page != ask.page {
            world.violated("an answer is for the page that was asked for", || {
                format!("ask {}: {record:?}", ask.number)
            });
        }
        if record.ask != ask.number {
            if let Err(why) = storable(&world.plan, record) {
                world.violated("nobody gets what an origin does not give to all", || {
                    format!("ask {}: {why}: {record:?}", ask.number)
                });
            }
            if !is_selected(&world.plan, ask, record) {
                world.violated("variants never mix", || format!("ask {}: {record:?}", ask.number));
            }
        }
    }
    if head.ask != ask.number {
        is_for_all(world, given, head);
    }
    let is_of_status = |record: &Record| {
        record.status == *status || matches!((record.status, *status), (200 | 304, 200 | 206 | 304 | 416))
    };
    if !is_of_status(head) || body.as_ref().is_some_and(|body| head.status == 304 && !is_of_status(body)) {
        world.violated("an origin's status reaches the client", || {
            format!("ask {}: {status} of {head:?} and {body:?}", ask.number)
        });
    }
    if head.ask == ask.number {
        let is_confirmed =
            body.as_ref().is_some_and(|body| body.ask != ask.number) || head.status == 304 && *status != 304;
        return match (is_confirmed, *status) {
            (true, _) => "a copy that the origin confirmed".to_owned(),
            (false, 500..) => "the origin's own error".to_owned(),
            (false, _) => "the origin's answer".to_owned(),
        };
    }
    let (is_own_failure, failed) = has_failed(world, ask, asked);
    let now = world.now();
    let at = world.walls(asked.began_at, now).0;
    let as_fresh = if is_own_failure { Err(String::new()) } else { may_answer(world, ask, asked, head, at) };
    match (as_fresh, failed) {
        (Ok(()), _) => {}
        (Err(_), true) => {
            let from = now.saturating_sub(PAST_THE_DEADLINE).max(asked.began_at);
            let at = world.walls(from, now).0;
            if let Err(why) = may_stand_in(world, ask, head, at) {
                world.violated("no copy stands in where it is forbidden", || {
                    format!("ask {}: {why}, at {at}: {head:?}", ask.number)
                });
            }
        }
        (Err(why), false) => {
            world.violated("nothing is served as fresh that is not", || {
                format!("ask {}: {why}, at {at}: {head:?}", ask.number)
            });
        }
    }
    orders::ordered(world, ask, asked, head, failed);
    orders::written(world, ask, asked, head, failed);
    if let Some(serial) = serial_of(headers) {
        ended::served(world, ask, asked, serial, head, failed);
    }
    if failed { "a copy in the origin's place".to_owned() } else { "a stored copy".to_owned() }
}

/// An answer with nothing from any origin.
fn made_here(world: &Rc<World>, given: &Given<'_>, asked: &Asked) -> String {
    let Given { ask, status, .. } = given;
    let kind = format!("a page or an empty answer, {status}");
    // Bad Request and Request Timeout (RFC 9110 §15.5.1, §15.5.9).
    if ask.is_spoilt() && matches!(*status, 400 | 408) {
        return kind;
    }
    let (own, others) = attempts_for(world, ask, asked);
    if *status == 504 && ask.directives == Some("only-if-cached") && own.is_empty() {
        return kind;
    }
    let says = |attempt: &Attempt| match attempt.class {
        Class::Failed(status) | Class::Answered(status) => Some(status),
        Class::Pending | Class::Abandoned | Class::Spoilt => None,
    };
    let is_true = match own.last() {
        Some(last) if last.class == Class::Answered(304) => is_left_alone(world, *status),
        Some(last) => says(last) == Some(*status) && *status >= 500,
        None => {
            let by_leader = others.iter().any(|attempt| *status >= 500 && says(attempt) == Some(*status));
            by_leader || *status == 504 && is_out_of_time(world, asked) || is_left_alone(world, *status)
        }
    };
    if !is_true {
        world.violated("the status says what the origin did", || {
            format!("ask {}: {status} after {own:?}, beside {others:?}", ask.number)
        });
    }
    stands_in_where_it_may(world, given, asked, own.is_empty());
    kind
}

/// No error is served while the store has a copy, has had it all the time, and nothing forbids it. If there was no attempt,
/// this isolate may not know for `cache.memory_ttl` what another one has stored.
fn stands_in_where_it_may(world: &Rc<World>, given: &Given<'_>, asked: &Asked, is_untried: bool) {
    let ask = given.ask;
    let page = &world.plan.pages[ask.page];
    let is_plain = ended::is_alone(&world.plan, ask.page);
    let was_hit = world.ledger.borrow().asks.get(&ask.number).is_none_or(|asked| asked.was_hit);
    if ask.method != "GET" || ask.directives.is_some() || ask.upload.is_some() || was_hit || !is_plain {
        return;
    }
    let Some(target) = target(&page.path).filter(|_| world.plan.settings.cache) else { return };
    let filed = world.platform.store.get(Key::of_target(&target).as_str());
    let Some(filed) = filed else { return };
    let Some(Entry::Response(stored)) = Entry::decode(&filed.entry) else { return };
    let Some(head) = world.record(serial_of(&stored.headers)) else { return };
    let at = world.walls(asked.began_at, world.now()).1;
    // A purge applies from when it is ordered, which is before it is in force everywhere.
    let is_ordered = world.ledger.borrow().orders_under_way > 0;
    let is_hard_purged = is_ordered || world.ledger.borrow().orders.iter().any(|order| order.forget);
    // What is purged softly is stale, which some directives forbid at once.
    let is_purged = is_ordered
        || world.ledger.borrow().orders.iter().any(|order| order.page.is_none_or(|page| page == ask.page));
    // So is what was written to, and what the origin has withdrawn; what it withdrew from this client is not for it.
    let said = |says: &dyn Fn(&Record) -> bool| {
        let ledger = world.ledger.borrow();
        ledger.records.iter().any(|record| {
            let told_at =
                ledger.asks.get(&record.ask).and_then(|asked| asked.answered_at).unwrap_or(u64::MAX);
            let is_later = told_at.max(record.came_at) >= head.sent_at && record.ask != head.ask;
            record.page == ask.page && is_later && record.ask != ask.number && says(record)
        })
    };
    let is_over = |record: &Record| record.turn.is_some() || ended::effect(record, true).is_some();
    let is_purged =
        is_purged || said(&|record| is_over(record) || !matches!(&*record.method, "GET" | "HEAD"));
    let me = client_of(text_of_visitor(world, ask));
    let is_withdrawn = said(&|record| {
        is_over(record) && client_of(text_of(&record.seen, "cf-connecting-ip").as_deref()) == me
    });
    if is_withdrawn || !is_readable(world, ask, &head) {
        return;
    }
    let has_window = window_on_error(&world.plan, &head.rules).is_ok_and(|window| window > 0);
    let is_held_back = is_hard_purged || is_purged && !has_window;
    let unknown_for = if is_untried { MEMORY } else { 0 };
    let was_there = filed.filed_at + unknown_for < asked.began_at && filed.until > world.now();
    if was_there && !is_held_back && by_its_window(&world.plan, ask, &head, at + 1_000).is_ok() {
        world.violated("a copy stands in where it may", || {
            format!("ask {}: {}: {head:?}", ask.number, given.status)
        });
    }
}

/// A stored answer is one that this client may have, whoever got it first.
fn is_for_all(world: &Rc<World>, given: &Given<'_>, head: &Record) {
    let ask = given.ask;
    if given.headers.contains_key("set-cookie") {
        world.violated("a cookie is for who got it", || format!("ask {}: {head:?}", ask.number));
    }
    if !is_readable(world, ask, head) {
        world.violated("a copy answers no script that could not read it", || {
            format!("ask {}: {head:?}", ask.number)
        });
    }
}

/// Whether a script of another site, if one asks, could read the answer, or could not read its own answer either.
fn is_readable(world: &World, ask: &Ask, head: &Record) -> bool {
    let visitor = world.plan.visitors.get(ask.visitor).filter(|_| !ask.is_probe);
    let origin = visitor.and_then(|visitor| visitor.origin);
    let says = head.allows.as_deref();
    !is_foreign(origin) || says == Some("*") || says == origin || head.vary.contains(&"origin")
}

fn text_of_visitor<'a>(world: &'a World, ask: &Ask) -> Option<&'a str> {
    world.plan.visitors.get(ask.visitor).filter(|_| !ask.is_probe)?.address
}

/// The client has got all of the body that it will get.
pub fn delivered(world: &Rc<World>, given: &Given<'_>) {
    let Given { ask, status, headers, content: Some(content), .. } = given else { return };
    let Some(record) = world.record(content.serial) else { return };
    if content.ending != Ending::Whole {
        world.count("body broke off before the client");
        if let Some(asked) = world.ledger.borrow_mut().asks.get_mut(&ask.number) {
            asked.is_torn = true;
        }
        if record.ending == Ending::Whole {
            world.violated("a whole body does not break off", || format!("ask {}: {record:?}", ask.number));
        }
        return;
    }
    let text: &str = &content.text;
    let length = text_of(headers, "content-length");
    if ask.method != "HEAD" && *status != 304 && length.is_some_and(|length| length != text.len().to_string())
    {
        world.violated("a body is as long as it was announced", || {
            format!("ask {}: {headers:?} {text:?}", ask.number)
        });
    }
    let expected = match (ask.method, *status) {
        ("HEAD", _) | (_, 304) => "",
        (_, 206) => {
            let range = text_of(headers, "content-range").unwrap_or_default();
            let span =
                range.strip_prefix("bytes ").and_then(|range| range.split('/').next()?.split_once('-'));
            let span = span.and_then(|(start, end)| Some((start.parse().ok()?, end.parse::<usize>().ok()?)));
            span.and_then(|(start, end): (usize, usize)| record.text.get(start..=end)).unwrap_or("?")
        }
        _ => &record.text,
    };
    if content.is_joined {
        world.count("body of parts delivered");
    }
    if text != expected && content.is_joined {
        world.violated("no body is joined of what does not belong together", || {
            format!("ask {}: {text:?} is not {expected:?}, {record:?}", ask.number)
        });
    } else if text != expected {
        world.violated("no torn or short body is delivered as whole", || {
            format!("ask {}: {text:?} is not {expected:?}, {record:?}", ask.number)
        });
    }
}

/// Checks when nothing is going on any more.
pub fn at_the_end(world: &Rc<World>) {
    let unfinished = world.unfinished();
    if unfinished > 0 {
        world.violated("all work comes to an end", || format!("{unfinished} tasks"));
    }
    let (unanswered, is_anybody_excused) = {
        let ledger = world.ledger.borrow();
        let unanswered: Vec<u64> = ledger
            .asks
            .iter()
            .filter(|(_, asked)| asked.answered_at.is_none() && !asked.is_excused)
            .map(|(number, _)| *number)
            .collect();
        let excused = ledger.asks.values().any(|asked| asked.is_excused);
        (unanswered, excused)
    };
    if !unanswered.is_empty() {
        world.violated("every request is answered", || format!("{unanswered:?}"));
    }
    retries::within_budget(world);
    let probes: Vec<u16> = {
        let ledger = world.ledger.borrow();
        let probes = ledger.asks.range(FIRST_PROBE..FIRST_ORDER);
        probes.filter_map(|(_, asked)| asked.status).collect()
    };
    if !probes.is_empty() && probes.iter().all(|status| *status >= 500) {
        world.violated("a trial finds out that the origin is well again", || format!("{probes:?}"));
    }
    for memory in world.isolates().iter().filter(|_| !is_anybody_excused) {
        let text = format!("{:?}", memory.isolate);
        if !text.contains("flights: RefCell { value: {} }") {
            world.violated("nobody is waited for once all is done", || text);
        }
    }
}

/// The request's own attempts that its client waited for, and all others for the same page that ended meanwhile.
fn attempts_for(world: &World, ask: &Ask, asked: &Asked) -> (Vec<Attempt>, Vec<Attempt>) {
    let ledger = world.ledger.borrow();
    let of_page = ledger.attempts.iter().filter(|attempt| attempt.page == ask.page);
    let is_own = |attempt: &Attempt| attempt.ask == ask.number && attempt.front;
    // A follower gets its result once the leader is answered, or the work behind an answer ends.
    let longest = world.plan.settings.total + world.plan.settings.idle;
    let ended_meanwhile = |attempt: &Attempt| {
        let answered_at = ledger.asks.get(&attempt.ask).and_then(|asked| asked.answered_at);
        let told_at = |ended_at: u64| {
            // Past the soft deadline the fetch continues behind the answer.
            let is_over = attempt.front && world.plan.settings.soft.is_none();
            if is_over { answered_at.unwrap_or(u64::MAX).max(ended_at) } else { ended_at + longest }
        };
        attempt.ended_at.is_some_and(|at| told_at(at) >= asked.began_at)
    };
    let (own, others): (Vec<_>, Vec<_>) =
        of_page.filter(|attempt| is_own(attempt) || ended_meanwhile(attempt)).cloned().partition(is_own);
    (own, others)
}

/// Whether the origin failed this request itself; and whether it did, or failed one that this may have waited for.
fn has_failed(world: &World, ask: &Ask, asked: &Asked) -> (bool, bool) {
    let (own, others) = attempts_for(world, ask, asked);
    let is_failure = |attempt: &Attempt| match attempt.class {
        Class::Failed(_) | Class::Answered(500 | 502..=504) | Class::Spoilt => true,
        Class::Answered(_) | Class::Pending | Class::Abandoned => false,
    };
    // Past the soft deadline a stale copy is served as after a failure.
    let wall = world.walls(asked.began_at, world.now()).1;
    let is_slow = world
        .plan
        .settings
        .soft
        .is_some_and(|soft| world.now() >= asked.began_at + soft || wall >= asked.wall_at + soft);
    match own.last() {
        // The unconditional request did not happen, because the breaker is open.
        Some(last) if last.class == Class::Answered(304) && has_failed_before(world) => (false, true),
        Some(last) => (is_failure(last), is_failure(last) || is_slow),
        None => (
            false,
            others.iter().any(is_failure)
                || is_out_of_time(world, asked)
                || has_failed_before(world)
                || is_slow,
        ),
    }
}

/// Whether a breaker may be open: an origin has failed before. It stays open until a probe succeeds, and there may have been
/// no request since.
fn has_failed_before(world: &World) -> bool {
    let breaker = world.plan.settings.breaker;
    breaker.is_some() && world.ledger.borrow().attempts.iter().any(|attempt| attempt.failed_with().is_some())
}

/// The same, if it may have failed with this status, or the status says that nothing was tried.
fn is_left_alone(world: &World, status: u16) -> bool {
    let breaker = world.plan.settings.breaker;
    let says = |attempt: &Attempt| attempt.failed_with().is_some_and(|with| with == status || status == 503);
    breaker.is_some() && world.ledger.borrow().attempts.iter().any(says)
}

/// Whether the request has waited as long as it may, in real time or by its own clock.
fn is_out_of_time(world: &World, asked: &Asked) -> bool {
    world.now() - asked.began_at >= world.plan.settings.total
        || world.walls(asked.began_at, world.now()).1 >= asked.wall_at + world.plan.settings.total
}
