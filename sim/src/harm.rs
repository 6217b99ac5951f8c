//! Harm. Which requests fared worse than with the origin alone?
//!
//! For each request the world knows what was wrong at the site while the request would have been there. A request that would
//! have met nothing wrong was harmed if it was refused, failed, or got a body that broke off. Everything is checked at the
//! end, when it is known how each attempt ended.
//!
//! Only what the contract of the breaker allows excuses harm: each excuse is a sentence of it.

use std::collections::BTreeSet;
use std::rc::Rc;

use holdfast::report::Outcome;

use crate::fault::{Path, Scope, Trouble};
use crate::ledger::{Asked, Attempt, Class, Ledger};
use crate::plan::Ask;
use crate::plan::Shape;
use crate::world::World;

/// The longest time until the site itself sends its header, in milliseconds.
const HEADER: u64 = 60;

/// The most operations of cache and namespace before an attempt.
const OPERATIONS: u64 = 12;

/// How long a request waits for another one before it asks the origin itself, and for purge rules, in milliseconds.
const PATIENCE: u64 = 1_000;

/// The longest `Retry-After` that keeps a breaker open, in milliseconds.
const LONGEST_RETRY_AFTER: u64 = 60_000;

/// Rounding error in milliseconds: `Retry-After` has whole seconds.
const ROUNDING: u64 = 1_000;

/// Checks every request.
pub fn at_the_end(world: &Rc<World>) {
    let mut findings = Vec::new();
    {
        let ledger = &mut *world.ledger.borrow_mut();
        *ledger.tally.shapes.entry(world.plan.shape.name()).or_default() += 1;
        let asks: Vec<&Ask> = world.plan.events.iter().filter_map(|event| event.what.ask()).collect();
        for ask in asks {
            let Some(asked) = ledger.asks.get(&ask.number) else { continue };
            if world.plan.shape == Shape::Rude && asked.is_refused {
                findings.push(("nothing that clients do opens a breaker", format!("ask {}", ask.number)));
            }
            let Some(answered_at) =
                asked.answered_at.filter(|_| is_answered_well_by_origin(world, ledger, ask, asked))
            else {
                continue;
            };
            let how = how(ledger, ask, asked);
            let is_stale =
                asked.reports.iter().any(|outcome| matches!(outcome, Outcome::Stale | Outcome::LastGood));
            let excuse = (how.is_some() || is_stale)
                .then(|| Lately { world, ledger, ask, asked, answered_at }.excuse())
                .flatten();
            let excuse = excuse.or_else(|| {
                let is_late = how.is_some_and(|how| matches!(how, Harm::SentLate | Harm::Torn));
                (is_late && waited_little(world, ledger, ask, asked)).then_some("it waited a second at most")
            });
            let is_excused = excuse.unwrap_or("not excused");
            ledger.tally.would_be_well += 1;
            if let Some(how) = how {
                *ledger.tally.harm.entry(format!("{}; {is_excused}", how.name())).or_default() += 1;
                if excuse.is_none() {
                    let detail = format!("ask {}: {}", ask.number, asked.status.unwrap_or_default());
                    findings.push((how.promise(), detail));
                }
            } else if is_stale {
                *ledger.tally.harm.entry(format!("(got a stale copy; {is_excused})")).or_default() += 1;
            }
        }
    }
    for (invariant, detail) in findings {
        world.violated(invariant, || detail);
    }
}

/// Whether the first origin alone would have answered this request well, at every moment at which the request could have
/// arrived. `false` also if its own client spoilt it, or wanted a stored answer only.
fn is_answered_well_by_origin(world: &World, ledger: &Ledger, ask: &Ask, asked: &Asked) -> bool {
    let page = &world.plan.pages[ask.page];
    let client = (!ask.is_probe).then_some(ask.visitor);
    let path = Path { origin: 0, group: page.group, page: ask.page, client };
    let takes = ask.upload_takes() + OPERATIONS * world.plan.delay + HEADER + page.body_takes;
    let is_own_affair = ask.is_spoilt() || ask.directives == Some("only-if-cached");
    !is_own_affair && ledger.faults.is_answered_well(path, asked.began_at, asked.began_at + takes)
}

/// How a request can be harmed.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// Nothing was tried.
    Refused,
    /// The request that it waited for failed.
    WithAnother,
    /// It failed where nothing was wrong.
    Failed,
    /// It was sent after something had gone wrong, or to another origin.
    SentLate,
    /// Its body broke off.
    Torn,
}

impl Harm {
    /// Its name in the count.
    fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused, and nothing tried",
            Self::WithAnother => "failed as the request did that it waited for",
            Self::Failed => "failed where nothing was wrong",
            Self::SentLate => "sent late or elsewhere, and failed there",
            Self::Torn => "the body broke off",
        }
    }

    /// The invariant that is violated if there is no excuse.
    fn promise(self) -> &'static str {
        match self {
            Self::Refused => "nobody is refused whom the origin would have answered",
            Self::WithAnother => "nobody fails with another whom the origin would have answered",
            Self::Failed => "no request fails where nothing is wrong",
            Self::SentLate => "nobody waits until the origin that would have answered fails",
            Self::Torn => "no body breaks off that the origin would have delivered",
        }
    }
}

/// How a request was harmed, if it was. If its client left or its isolate ended, it was not answered at all.
fn how(ledger: &Ledger, ask: &Ask, asked: &Asked) -> Option<Harm> {
    let status = asked.status?;
    if asked.is_torn {
        return Some(Harm::Torn);
    }
    if status < if asked.is_made_here { 400 } else { 500 } {
        return None;
    }
    let last = ledger.attempts_of(ask.number).filter(|attempt| attempt.front).last();
    Some(match last {
        None if asked.is_refused => Harm::Refused,
        None => Harm::WithAnother,
        Some(Attempt { met: Some(_), .. }) => Harm::SentLate,
        Some(Attempt { met: None, .. }) => Harm::Failed,
    })
}

/// Whether a request was sent to the origin within the longest wait for another request, or for the namespace.
fn waited_little(world: &World, ledger: &Ledger, ask: &Ask, asked: &Asked) -> bool {
    let first = ledger.attempts_of(ask.number).find(|attempt| attempt.front);
    let at_most = PATIENCE + OPERATIONS * world.plan.delay;
    first.is_some_and(|first| first.met.is_some() && first.began_at <= asked.began_at + at_most)
}

/// What happened before a request was answered, and how long it has effects.
struct Lately<'a> {
    world: &'a World,
    ledger: &'a Ledger,
    ask: &'a Ask,
    asked: &'a Asked,
    answered_at: u64,
}

impl Lately<'_> {
    fn excuse(&self) -> Option<&'static str> {
        let group = self.world.plan.group(self.ask.page);
        let is_of_group = |attempt: &Attempt| self.world.plan.group(attempt.page) == group;
        let origins = 0..self.world.plan.settings.origins;
        let was_down = |origin: usize| {
            self.is_felt(|attempt| attempt.origin == origin, |scope| scope == Scope::Origin(origin))
        };
        let group_failed = |origin: usize| {
            // Reads and writes count apart.
            let is_alike = |other: &Ask| {
                other.method == self.ask.method || [other, self.ask].iter().all(|ask| ask.is_read())
            };
            let is_of_page = |attempt: &Attempt| {
                attempt.page == self.ask.page && self.world.ask(attempt.ask).is_none_or(is_alike)
            };
            self.is_felt(|attempt| attempt.origin == origin && is_of_group(attempt), is_of_site)
                || self.is_felt(|attempt| attempt.origin == origin && is_of_page(attempt), is_of_site)
        };
        // A clock that jumps ends deadlines early, and one that is put back lengthens open periods.
        if self.is_clock_moved() {
            Some("the clock was moved")
        // The origin counts as down: "at most the open period and one request".
        } else if origins.clone().all(was_down) {
            Some("every origin was down lately")
        // Its page group or its page counts as down: by a fault of its own, or as the rest of an outage.
        } else if origins.clone().all(|origin| was_down(origin) || group_failed(origin)) {
            Some("its own group failed lately")
        // Enough in a row, or a share, within the breaker's window.
        } else if self.is_share_failing() {
            Some("enough of its requests failed lately")
        // "Failures of several groups with no success anywhere": bounded by half of them.
        } else if self.is_half_failing() {
            Some("half of the groups fail")
        } else {
            None
        }
    }

    /// How long the result of an attempt keeps a breaker open after its end, in milliseconds.
    fn opens_for(&self, attempt: &Attempt) -> u64 {
        let asks_for = attempt.met.map_or(0, |(_, trouble)| trouble.asks_for());
        let breaker = self.world.plan.settings.breaker;
        breaker.map_or(0, |breaker| breaker.open.max(asks_for.min(LONGEST_RETRY_AFTER)) + ROUNDING)
    }

    /// Until when an attempt may have effects, through the breaker that it opened.
    fn is_felt_until(&self, attempt: &Attempt) -> u64 {
        // The body says which 530 it is. It may come late, but no later than the request is answered.
        let is_told_by_body =
            matches!(attempt.met, Some((_, Trouble::EdgeError(code))) if code == 530 || code >= 1000);
        let answered_at = self.ledger.asks.get(&attempt.ask).and_then(|asked| asked.answered_at);
        let known_at =
            attempt.ended_at.map(|at| at.max(answered_at.filter(|_| is_told_by_body).unwrap_or_default()));
        known_at.map_or(u64::MAX, |at| at + self.opens_for(attempt))
    }

    /// Whether failed attempts in this domain, by faults in `scope`, may have effects: the open period is not over, or the
    /// probe is under way.
    fn is_felt(&self, is_in: impl Fn(&Attempt) -> bool, scope: impl Fn(Scope) -> bool) -> bool {
        let attempts = || self.ledger.attempts.iter().filter(|attempt| is_in(attempt));
        let fails =
            |attempt: &&Attempt| attempt.met.is_some_and(|(met, _)| scope(met)) && has_failed(attempt);
        let before = |attempt: &&Attempt| attempt.began_at <= self.answered_at;
        if attempts()
            .filter(before)
            .filter(fails)
            .any(|failed| self.asked.began_at <= self.is_felt_until(failed))
        {
            return true;
        }
        let here = || attempts().filter(|attempt| attempt.incarnation == self.asked.incarnation);
        let Some(failed_at) = here().filter(before).filter(fails).filter_map(|failed| failed.ended_at).max()
        else {
            return false;
        };
        // An attempt that was sent before the last failure and succeeds after it says nothing new.
        let is_good_since = |attempt: &Attempt| {
            matches!(attempt.class, Class::Answered(_))
                && !has_failed(attempt)
                && attempt.began_at >= failed_at
                && attempt.ended_at.is_some_and(|at| at < self.asked.began_at)
        };
        let is_under_way = |attempt: &Attempt| {
            attempt.began_at <= self.answered_at
                && attempt.ended_at.is_none_or(|at| at >= self.asked.began_at)
        };
        !here().any(is_good_since) && here().any(is_under_way)
    }

    /// Whether half of the groups or more have failed within the breaker's window.
    fn is_half_failing(&self) -> bool {
        let Some(breaker) = self.world.plan.settings.breaker else { return false };
        let is_felt = |attempt: &&Attempt| {
            attempt.began_at <= self.answered_at
                && self.asked.began_at <= self.is_felt_until(attempt).saturating_add(breaker.window)
        };
        let failed =
            self.ledger.attempts.iter().filter(is_felt).filter(|attempt| {
                has_failed(attempt) && attempt.met.is_some_and(|(scope, _)| is_of_site(scope))
            });
        let failing: BTreeSet<usize> = failed.map(|attempt| self.world.plan.group(attempt.page)).collect();
        let groups: BTreeSet<usize> = self.world.plan.pages.iter().map(|page| page.group).collect();
        failing.len() * 2 >= groups.len()
    }

    /// Whether all requests for the page, or the configured share of them, failed within the breaker's window before it
    /// opened, some of them through a fault of the site.
    fn is_share_failing(&self) -> bool {
        let Some(breaker) = self.world.plan.settings.breaker else { return false };
        let from = self.asked.began_at.saturating_sub(2 * breaker.window + breaker.open + ROUNDING);
        let of_page = |attempt: &&Attempt| {
            attempt.front
                && attempt.page == self.ask.page
                && attempt.incarnation == self.asked.incarnation
                && (from..=self.answered_at).contains(&attempt.began_at)
        };
        let (mut asked, mut failed, mut by_site) = (BTreeSet::new(), BTreeSet::new(), false);
        for attempt in self.ledger.attempts.iter().filter(of_page) {
            asked.insert(attempt.ask);
            if has_failed(attempt) {
                failed.insert(attempt.ask);
                by_site |= attempt.met.is_some_and(|(scope, _)| is_of_site(scope));
            }
        }
        let (asked, failed) = (asked.len() as u64, failed.len() as u64);
        let is_share = asked >= breaker.minimum && failed * 100 >= asked * breaker.failures;
        by_site && (is_share || failed >= breaker.consecutive && failed == asked)
    }

    fn is_clock_moved(&self) -> bool {
        let opens_for = self.world.plan.settings.breaker.map_or(0, |breaker| breaker.open);
        let from = self.asked.began_at.saturating_sub(opens_for.max(LONGEST_RETRY_AFTER) + ROUNDING);
        self.ledger.moves.iter().any(|(at, _)| (from..=self.answered_at).contains(at))
    }
}

/// Whether a fault is the site's, and not a client's.
fn is_of_site(scope: Scope) -> bool {
    !matches!(scope, Scope::Client(_))
}

/// Whether an attempt failed through a fault of the site: with a status, with an incomplete body, or without an end that
/// anybody saw.
fn has_failed(attempt: &Attempt) -> bool {
    let Some((_, trouble)) = attempt.met else { return false };
    let has_torn = matches!(trouble, Trouble::TornBody | Trouble::SilentBody | Trouble::BadFraming);
    let is_open = matches!(attempt.class, Class::Pending | Class::Abandoned);
    has_torn || is_open || attempt.failed_with().is_some()
}
