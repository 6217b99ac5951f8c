//! A plan, happening.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::plan::{Ask, What};
use crate::turns::Turn;
use crate::view::View;
use crate::world::{FIRST_CRON, FIRST_ORDER, World};
use crate::{blame, client, harm, judge};

/// More steps than any schedule needs: past it something turns in circles.
const MOST_STEPS: usize = 2_000_000;

impl World {
    /// Lets everything happen.
    pub fn run(self: &Rc<Self>) {
        let mut events: VecDeque<_> = self.plan.events.clone().into();
        for _ in 0..MOST_STEPS {
            let next = self.ready.borrow_mut().pop_front();
            if let Some(task) = next {
                self.poll(task);
                continue;
            }
            let alarm = self.timers.borrow().peek().map(|Reverse((at, ..))| *at);
            let event = events.front().map(|event| event.at);
            match (event, alarm) {
                (Some(event), alarm) if alarm.is_none_or(|alarm| event <= alarm) => {
                    self.time.set(self.time.get().max(event));
                    if let Some(event) = events.pop_front() {
                        self.happen(event.what);
                    }
                }
                (_, Some(_)) => {
                    let alarm = self.timers.borrow_mut().pop();
                    if let Some(Reverse((at, _, task))) = alarm {
                        // What waits for nobody does not move time on.
                        if self.tasks.borrow().contains_key(&task) {
                            self.time.set(self.time.get().max(at));
                            self.ready.borrow_mut().push_back(task);
                        }
                    }
                }
                (_, None) => break,
            }
        }
        judge::at_the_end(self);
        harm::at_the_end(self);
        blame::at_the_end(self);
        self.is_ending.set(true);
        let rest = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(rest);
        self.store.borrow_mut().clear();
        self.kept.borrow_mut().clear();
    }

    fn happen(self: &Rc<Self>, what: What) {
        self.note(|| format!("-- {what}"));
        let now = self.now();
        match what {
            What::Ask(ask) => self.begin(ask),
            What::Turn { page, whom, turn } => {
                self.count(turn.map_or("page is itself again", Turn::name));
                self.site.borrow_mut().turn(page, whom, turn);
            }
            What::Publish { page } => self.site.borrow_mut().publish(page, self.wall()),
            What::Trouble { scope, trouble } => {
                self.ledger.borrow_mut().faults.set(now, scope, trouble);
            }
            What::Well => {
                self.ledger.borrow_mut().faults.end(now);
                self.site.borrow_mut().turns.clear();
            }
            What::Cron { isolate } => {
                self.count("cron trigger");
                let number = FIRST_CRON + self.ledger.borrow().asks.len() as u64;
                let work = client::cron(self.view(number, isolate));
                self.start(number, isolate, true, work);
            }
            What::Replace { isolate } => {
                self.count("isolate replaced");
                self.renew_isolate(isolate);
            }
            What::Crash { isolate } => {
                self.count("isolate crashed");
                let old = self.renew_isolate(isolate);
                self.end_tasks(|task| task.incarnation == old);
            }
            What::Clock { by } => {
                self.count(if by > 0 { "clock put forward" } else { "clock put back" });
                self.moved.set(self.moved.get() + by);
                self.ledger.borrow_mut().moves.push((now, by));
            }
            What::Evict { page: None } => {
                self.count("cache emptied");
                self.store.borrow_mut().clear();
            }
            What::Evict { page: Some(page) } => {
                self.count("page evicted");
                let path = &self.plan.pages[page].path;
                self.store.borrow_mut().retain(|key, _| !key.ends_with(path.as_str()));
            }
            What::Purge { isolate, page, forget } => {
                self.count(if forget { "order to forget" } else { "order to purge" });
                let number = FIRST_ORDER + self.ledger.borrow().asks.len() as u64;
                let view = self.view(number, isolate);
                let work = client::order(view, page, forget);
                self.start(number, isolate, true, work);
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
        let view = self.view(number, isolate);
        self.start(number, isolate, true, client::live(view, ask));
        if let Some(span) = leaves_after {
            let world = Rc::clone(self);
            let alarm = self.wait(span);
            self.start(u64::MAX, isolate, false, async move {
                alarm.await;
                world.leave(number);
            });
        }
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
        let has_work_behind = self.tasks.borrow().values().any(|task| task.ask == number && !task.is_main);
        if has_work_behind {
            if let Some(asked) = self.ledger.borrow_mut().asks.get_mut(&number) {
                asked.is_excused = true;
            }
        } else {
            self.end_tasks(|task| task.ask == number);
        }
    }

    fn view(self: &Rc<Self>, ask: u64, isolate: usize) -> View {
        let (memory, incarnation) = self.isolates.borrow()[isolate].clone();
        View::new(Rc::clone(self), memory, incarnation, ask)
    }
}
