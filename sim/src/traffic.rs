//! Kinds of schedules. Which requests and events does each have?

use crate::fault::{Scope, Trouble};
use crate::page::{GROUPS, Page, page};
use crate::plan::{Ask, Event, FIRST_PROBE, Plan, Shape, Upload, What};
use crate::settings::Settings;
use crate::visitor::visitors;
use testkit::chance::Chance;
use testkit::upload::Fate;

/// The pause between the end of all trouble and the last requests, in milliseconds: nothing that was recorded about the
/// origin during the trouble may outlast it.
const CALM: u64 = 90_000;

/// The longest that trouble lasts after the last request, in milliseconds.
const TROUBLE_LASTS: u64 = 40_000;

/// The schedule of `seed`.
pub fn plan(seed: u64, chance: &mut Chance) -> Plan {
    let shape = match chance.below(10) {
        0..=4 => Shape::Quiet,
        5..=6 => Shape::Site,
        7..=8 => Shape::Outage,
        _ => Shape::Rude,
    };
    let settings = Settings::any(chance);
    let (pages, count) = match shape {
        Shape::Quiet => (few_pages(&settings, chance), chance.between(2, 5)),
        Shape::Site | Shape::Outage | Shape::Rude => (many_pages(&settings, chance), chance.between(5, 12)),
    };
    let visitors = visitors(count, chance);
    let (keeps, cache_faults, delay) = (chance.percent(70), chance.of([0, 0, 2, 20]), chance.of([0, 3, 40]));
    let counts = chance.percent(50);
    let mut plan = Plan {
        seed,
        shape,
        settings,
        keeps,
        counts,
        pages,
        visitors,
        events: Vec::new(),
        cache_faults,
        crowded: 0,
        delay,
    };
    plan.settings.probe = chance.percent(40).then(|| any(&plan.pages, chance));
    let isolates = chance.of([1, 1, 2]);
    let traffic = Traffic { plan, isolates, asked: 0, chance };
    match shape {
        Shape::Quiet => traffic.quiet(),
        Shape::Site | Shape::Outage | Shape::Rude => traffic.busy(),
    }
}

fn few_pages(settings: &Settings, chance: &mut Chance) -> Vec<Page> {
    let count = chance.of([2, 2, 3, 4, 6]);
    let home = chance.below(count);
    let mut group = |number| if number == home { 0 } else { chance.between(1, 3) as usize };
    let groups: Vec<usize> = (0..count).map(&mut group).collect();
    (0..).zip(groups).map(|(number, group)| page(number, group, settings.hold, chance)).collect()
}

/// One to three pages in each of several groups.
fn many_pages(settings: &Settings, chance: &mut Chance) -> Vec<Page> {
    let mut pages = Vec::new();
    for group in 0..chance.between(3, GROUPS.len() as u64) as usize {
        for _ in 0..if group == 0 { 1 } else { chance.of([1, 1, 2, 3]) } {
            pages.push(page(pages.len() as u64, group, settings.hold, chance));
        }
    }
    pages
}

fn any<T>(all: &[T], chance: &mut Chance) -> usize {
    chance.below(all.len() as u64) as usize
}

struct Traffic<'a> {
    plan: Plan,
    isolates: u64,
    /// How many requests there are so far.
    asked: u64,
    chance: &'a mut Chance,
}

impl Traffic<'_> {
    fn quiet(mut self) -> Plan {
        let mut at = 0;
        for _ in 0..self.chance.between(6, 28) {
            at += self
                .chance
                .of([0, 0, 1, 5, 50, 500, 500, 2_000, 2_000, 11_000, 11_000, 61_000, 130_000, 700_000]);
            if self.chance.percent(2) {
                at += 86_400_000;
            }
            if self.chance.percent(30) {
                let what = self.interruption();
                self.happens(at, what);
            }
            let ask = self.ask();
            // A crowd requests the same page at the same time.
            let crowd = if self.chance.percent(15) { self.chance.between(2, 4) } else { 0 };
            for _ in 0..crowd {
                let mut beside = Ask { number: self.number(), ..ask.clone() };
                if self.chance.percent(50) {
                    beside.visitor = any(&self.plan.visitors, self.chance);
                }
                let at = at + self.chance.below(30);
                self.happens(at, What::Ask(beside));
            }
            self.happens(at, What::Ask(ask));
        }
        self.ended(at)
    }

    /// Continuous traffic, with trouble in the middle of it.
    fn busy(mut self) -> Plan {
        let rate = self.chance.of([1, 3, 10, 30]);
        let count = self.chance.between(30, 90);
        let lasts = count * 1_000 / rate;
        let mut at = 0;
        while at < lasts {
            at += self.chance.between(500, 1_500) / rate;
            if self.chance.percent(2) {
                let what = self.busy_interruption();
                self.happens(at, what);
            }
            let crowd = if self.chance.percent(4) { self.chance.between(2, 8) } else { 1 };
            for _ in 0..crowd {
                let ask = self.ask();
                let at = at + self.chance.below(10 * crowd);
                self.happens(at, What::Ask(ask));
            }
        }
        match self.plan.shape {
            Shape::Quiet => {}
            Shape::Site => self.pages_fail(lasts),
            Shape::Outage => {
                self.all_is_down(lasts);
                if self.chance.percent(25) {
                    self.pages_fail(lasts);
                }
            }
            Shape::Rude => {}
        }
        let rude = if self.plan.shape == Shape::Rude { 3 } else { self.chance.of([0, 1, 2]) };
        for _ in 0..rude {
            self.somebody_is_rude(lasts);
        }
        self.ended(lasts)
    }

    /// A part of the time until `lasts` that leaves time before and after it.
    fn span(&mut self, lasts: u64) -> (u64, u64) {
        (lasts * self.chance.between(5, 40) / 100, lasts * self.chance.between(50, 90) / 100)
    }

    fn trouble(&mut self, scope: Scope, trouble: Trouble, (from, to): (u64, u64)) {
        self.happens(from, What::Trouble { scope, trouble });
        self.happens(to, What::Trouble { scope, trouble: Trouble::None });
    }

    /// Trouble in some groups, fewer than half, or in a page of each.
    fn pages_fail(&mut self, lasts: u64) {
        let groups = self.plan.pages.last().map_or(0, |page| page.group + 1);
        let most = (groups - 1) / 2;
        let first = any(&GROUPS[..groups], self.chance);
        for number in 0..self.chance.between(1, most as u64) as usize {
            let group = (first + number) % groups;
            let of_group: Vec<usize> =
                (0..self.plan.pages.len()).filter(|page| self.plan.pages[*page].group == group).collect();
            let page = of_group[any(&of_group, self.chance)];
            let scope = if self.chance.percent(50) { Scope::Page(page) } else { Scope::Group(group) };
            let (trouble, span) = (Trouble::of_page(self.chance), self.span(lasts));
            self.trouble(scope, trouble, span);
            if self.chance.percent(50) {
                self.polls(page, span);
            }
        }
    }

    /// A script or an impatient visitor requests one page again and again.
    fn polls(&mut self, page: usize, (from, to): (u64, u64)) {
        let visitor = any(&self.plan.visitors, self.chance);
        let gap = ((to - from) / 25).max(self.chance.of([50, 200, 1_000]));
        let mut at = from;
        while at < to {
            let ask = Ask { visitor, page, ..self.plain() };
            self.happens(at, What::Ask(ask));
            at += gap;
        }
    }

    /// The first origin is down for a while, and most others.
    fn all_is_down(&mut self, lasts: u64) {
        let span = self.span(lasts);
        let trouble = Trouble::outage(self.chance);
        for origin in 0..self.plan.settings.origins {
            let trouble = if self.chance.percent(70) { trouble } else { Trouble::outage(self.chance) };
            if origin == 0 || self.chance.percent(85) {
                self.trouble(Scope::Origin(origin), trouble, span);
            }
        }
    }

    fn somebody_is_rude(&mut self, lasts: u64) {
        let visitor = any(&self.plan.visitors, self.chance);
        let (from, to) = self.span(lasts);
        match self.chance.below(5) {
            0 => {
                let page = any(&self.plan.pages, self.chance);
                self.polls(page, (from, to));
            }
            1 => self.uploads_break(visitor, (from, to)),
            2 => self.leaves(visitor, (from, to)),
            _ => {
                // One client only, because two are two witnesses; and one that the origin can distinguish from others.
                let visitor = 0;
                let trouble = Trouble::of_client(self.chance);
                self.trouble(Scope::Client(visitor), trouble, (from, to));
                self.scans(visitor, (from, to));
            }
        }
    }

    /// A client requests pages without a pause, until the firewall steps in.
    fn scans(&mut self, visitor: usize, (from, to): (u64, u64)) {
        let (gap, mut at) = (self.chance.of([20, 100, 500]), from);
        for _ in 0..self.chance.between(5, 25) {
            let page = any(&self.plan.pages, self.chance);
            let ask = Ask { visitor, page, ..self.plain() };
            self.happens(at.min(to), What::Ask(ask));
            at += gap;
        }
    }

    fn uploads_break(&mut self, visitor: usize, (from, to): (u64, u64)) {
        let (gap, page) = ((to - from) / 12, any(&self.plan.pages, self.chance));
        for number in 0..12 {
            let fate = self.chance.of([Fate::BreaksOff, Fate::BreaksOff, Fate::Stalls, Fate::Misframed]);
            let (bytes, takes) = (self.chance.of([8, 40, 100_000]), self.chance.of([0, 20, 400]));
            let upload = Some(Upload { bytes, takes, fate });
            let method = self.chance.of(["POST", "PUT"]);
            let ask = Ask { visitor, page, method, upload, ..self.plain() };
            self.happens(from + gap * number, What::Ask(ask));
        }
    }

    fn leaves(&mut self, visitor: usize, (from, to): (u64, u64)) {
        let gap = (to - from) / 12;
        for number in 0..12 {
            let page = any(&self.plan.pages, self.chance);
            let leaves_after = Some(self.chance.of([0, 3, 30, 100, 1_500]));
            let ask = Ask { visitor, page, leaves_after, ..self.plain() };
            self.happens(from + gap * number, What::Ask(ask));
        }
    }

    fn happens(&mut self, at: u64, what: What) {
        self.plan.events.push(Event { at, what });
    }

    /// All is well again, and each page is requested once more.
    fn ended(mut self, at: u64) -> Plan {
        let at = at + TROUBLE_LASTS;
        self.happens(at, What::Well);
        for page in 0..self.plan.pages.len() {
            let number = FIRST_PROBE + page as u64;
            let ask = Ask { number, page, isolate: 0, is_probe: true, ..self.plain() };
            self.happens(at + CALM, What::Ask(ask));
        }
        self.plan.events.sort_by_key(|event| event.at);
        self.plan
    }

    fn interruption(&mut self) -> What {
        let isolate = self.chance.below(self.isolates) as usize;
        let page = any(&self.plan.pages, self.chance);
        match self.chance.below(26) {
            0..=3 => What::Publish { page },
            4..=10 => {
                let origin = self.chance.below(self.plan.settings.origins as u64) as usize;
                let trouble =
                    if self.chance.percent(25) { Trouble::Flaky } else { Trouble::any(self.chance) };
                What::Trouble { scope: Scope::Origin(origin), trouble }
            }
            11..=13 => {
                let origin = self.chance.below(self.plan.settings.origins as u64) as usize;
                What::Trouble { scope: Scope::Origin(origin), trouble: Trouble::None }
            }
            14 => What::Replace { isolate },
            15 => What::Crash { isolate },
            16 => What::Clock { by: self.chance.of([200, 5_000, 90_000, 3_600_000]) },
            17 => What::Clock { by: -self.chance.of([1, 500, 70_000]) },
            18 | 19 => What::Evict { page: self.chance.percent(70).then_some(page) },
            20 | 21 => What::Purge {
                isolate,
                page: self.chance.percent(60).then_some(page),
                forget: self.chance.percent(25),
            },
            22 => What::Cron { isolate },
            23 => {
                let of_page = [Scope::Page(page), Scope::Group(self.plan.pages[page].group)];
                What::Trouble { scope: self.chance.of(of_page), trouble: Trouble::of_page(self.chance) }
            }
            _ => What::Namespace { fails: self.chance.percent(60) },
        }
    }

    /// An event in the middle of traffic, never trouble at an origin. Where only clients make trouble, also nothing of the
    /// platform's that could end a request.
    fn busy_interruption(&mut self) -> What {
        let isolate = self.chance.below(self.isolates) as usize;
        let page = any(&self.plan.pages, self.chance);
        match self.chance.below(if self.plan.shape == Shape::Rude { 8 } else { 11 }) {
            0 | 1 => What::Publish { page },
            2 => What::Evict { page: self.chance.percent(50).then_some(page) },
            3 | 4 => What::Cron { isolate },
            5 => What::Replace { isolate },
            6 => What::Purge { isolate, page: Some(page), forget: self.chance.percent(25) },
            7 => What::Namespace { fails: self.chance.percent(60) },
            8 | 9 => What::Crash { isolate },
            _ => What::Clock { by: self.chance.of([5_000, -500]) },
        }
    }

    fn number(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// A plain request for the first page.
    fn plain(&mut self) -> Ask {
        Ask {
            number: self.number(),
            visitor: 0,
            page: 0,
            method: "GET",
            isolate: self.chance.below(self.isolates) as usize,
            upload: None,
            directives: None,
            idempotency_key: false,
            is_retry: false,
            range: None,
            conditional: false,
            leaves_after: None,
            is_probe: false,
        }
    }

    /// Any request by any visitor.
    fn ask(&mut self) -> Ask {
        let plain = self.plain();
        let chance = &mut *self.chance;
        let method = chance.of([
            "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET",
            "HEAD", "HEAD", "POST", "PUT", "DELETE",
        ]);
        let has_upload = match method {
            "POST" | "PUT" => true,
            "GET" => chance.percent(1),
            _ => false,
        };
        let upload = has_upload.then(|| Upload {
            bytes: chance.of([0, 8, 40, 100_000]),
            takes: chance.of([0, 20, 4_000]),
            fate: match chance.below(100) {
                0..=7 => Fate::BreaksOff,
                8..=9 => Fate::Stalls,
                10..=11 => Fate::Misframed,
                _ => Fate::Whole,
            },
        });
        let is_read = matches!(method, "GET" | "HEAD");
        // On a quiet site most requests are for the same few pages, or nothing would ever be shared.
        let picks = if self.plan.shape == Shape::Quiet { 3 } else { 1 };
        let pages = self.plan.pages.len() as u64;
        Ask {
            visitor: any(&self.plan.visitors, chance),
            page: (0..picks).map(|_| chance.below(pages)).min().unwrap_or_default() as usize,
            method,
            upload,
            directives: (is_read && chance.percent(12)).then(|| {
                chance.of([
                    "no-cache",
                    "max-age=0",
                    "max-stale",
                    "max-stale=30",
                    "only-if-cached",
                    "no-store",
                    "max-age=5",
                    "min-fresh=20",
                    "stale-if-error=0",
                    "stale-if-error=100",
                ])
            }),
            idempotency_key: !is_read && chance.percent(25),
            is_retry: chance.percent(2),
            range: (method == "GET" && chance.percent(5)).then(|| (chance.below(10), 10 + chance.below(80))),
            conditional: is_read && chance.percent(6),
            leaves_after: chance.percent(4).then(|| chance.of([0, 3, 100, 1_500])),
            ..plain
        }
    }
}
