//! A plan, happening.

use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;

use testkit::executor::{Owner, Part};
use testkit::misuse::Misuse;

use crate::plan::{Ask, What};
use crate::ports::{SimPorts, ports};
use crate::turn::Turn;
use crate::world::{FIRST_CRON, FIRST_ORDER, World};
use crate::{blame, client, harm, invariants};

/// More steps than any schedule needs: past it something turns in circles.
const MOST_STEPS: usize = 2_000_000;

impl World {
    /// Lets everything happen.
    pub fn run(self: &Rc<Self>) {
        let mut events: VecDeque<_> = self.plan.events.clone().into();
        let platform = &self.platform;
        for _ in 0..MOST_STEPS {
            if platform.executor.step() {
                for Misuse { rule, detail } in platform.misuses.take() {
                    self.violated(rule, || detail);
                }
                continue;
            }
            let ring = platform.clock.next_ring();
            let event = events.pop_front_if(|event| ring.is_none_or(|ring| event.at <= ring));
            match event {
                Some(event) => {
                    platform.clock.pass_to(event.at);
                    self.happen(event.what);
                }
                None if platform.clock.ring() => {}
                None => break,
            }
        }
        invariants::at_the_end(self);
        harm::at_the_end(self);
        blame::at_the_end(self);
        platform.end(|_| true);
    }

    fn happen(self: &Rc<Self>, what: What) {
        self.note(|| format!("-- {what}"));
        let now = self.now();
        match what {
            What::Ask(ask) => self.begin(ask),
            What::Turn { page, whom, turn } => {
                self.count(turn.map_or("page is itself again", Turn::name));
                self.origin.borrow_mut().turn(page, whom, turn);
            }
            What::Publish { page } => self.origin.borrow_mut().publish(page, self.wall()),
            What::Trouble { scope, trouble } => {
                self.ledger.borrow_mut().faults.set(now, scope, trouble);
            }
            What::Well => {
                self.ledger.borrow_mut().faults.end(now);
                self.origin.borrow_mut().turns.clear();
            }
            What::Cron { isolate } => {
                self.count("cron trigger");
                let number = FIRST_CRON + self.ledger.borrow().asks.len() as u64;
                let ports = self.ports(number, isolate);
                self.start(ports.owner, client::cron(ports));
            }
            What::Replace { isolate } => {
                self.count("isolate replaced");
                self.renew_isolate(isolate);
            }
            What::Crash { isolate } => {
                self.count("isolate crashed");
                let old = self.renew_isolate(isolate);
                self.end_tasks(|owner| owner.isolate == old);
            }
            What::Clock { by } => {
                self.count(if by > 0 { "clock put forward" } else { "clock put back" });
                self.platform.clock.move_wall(by);
                self.ledger.borrow_mut().moves.push((now, by));
            }
            What::Evict { page: None } => {
                self.count("cache emptied");
                self.platform.store.clear();
            }
            What::Evict { page: Some(page) } => {
                self.count("page evicted");
                let path = &self.plan.pages[page].path;
                self.platform.store.retain(|key| !key.ends_with(path.as_str()));
            }
            What::Purge { isolate, page, forget } => {
                self.count(if forget { "order to forget" } else { "order to purge" });
                let number = FIRST_ORDER + self.ledger.borrow().asks.len() as u64;
                let ports = self.ports(number, isolate);
                self.start(ports.owner, client::order(ports, page, forget));
            }
            What::Namespace { fails } => {
                if fails {
                    self.count("namespace fails");
                }
                self.namespace_fails.set(fails);
                self.ledger.borrow_mut().namespace.push((now, fails));
            }
        }
    }

    fn begin(self: &Rc<Self>, ask: Ask) {
        let (number, isolate, leaves_after) = (ask.number, ask.isolate, ask.leaves_after);
        let ports = self.ports(number, isolate);
        let owner = ports.owner;
        self.start(owner, client::live(ports, ask));
        if let Some(span) = leaves_after {
            let (world, alarm) = (Rc::clone(self), self.platform.clock.wait(span));
            // It belongs to nobody who could be ended by force.
            let owner = Owner { request: u64::MAX, isolate: owner.isolate, part: Part::Attended };
            self.start(owner, async move {
                alarm.await;
                world.leave(number);
            });
        }
    }

    fn start(&self, owner: Owner, work: impl Future<Output = ()> + 'static) {
        self.platform.executor.spawn(owner, work);
    }

    /// The client of a request leaves. The platform ends the request, unless there is work behind it: then it goes on,
    /// and its answer is for nobody.
    fn leave(&self, number: u64) {
        let is_answered =
            self.ledger.borrow().asks.get(&number).is_none_or(|asked| asked.answered_at.is_some());
        if is_answered {
            return;
        }
        self.count("client left");
        self.note(|| format!("ask {number}: the client leaves"));
        let has_work_behind =
            self.platform.executor.has(|owner| owner.request == number && owner.part == Part::Background);
        if has_work_behind {
            if let Some(asked) = self.ledger.borrow_mut().asks.get_mut(&number) {
                asked.is_excused = true;
            }
        } else {
            self.end_tasks(|owner| owner.request == number);
        }
    }

    fn ports(self: &Rc<Self>, ask: u64, isolate: usize) -> SimPorts {
        let (memory, incarnation) = self.isolate(isolate);
        ports(self, memory, incarnation, ask)
    }
}
