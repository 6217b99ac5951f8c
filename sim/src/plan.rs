//! What is going to happen: settings, pages, visitors and events, made from a seed before anything runs.
//!
//! A plan is data. An event can be taken out of it and the rest stays what it was, so that a failing schedule can be
//! made small.

use std::fmt;

use serde_json::{Value, json};

use crate::chance::Chance;

/// The number of the first request after all is well again.
pub const FIRST_PROBE: u64 = 1_000;

/// A whole schedule.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was made from.
    pub seed: u64,
    /// What the operator set.
    pub settings: Settings,
    /// Whether a namespace for kept copies is bound.
    pub keeps: bool,
    /// What the site has.
    pub pages: Vec<Page>,
    /// Who asks.
    pub visitors: Vec<Visitor>,
    /// What happens, in the order of time.
    pub events: Vec<Event>,
    /// How often an operation of the edge cache fails, or loses the entry that it is about, in a hundred.
    pub cache_faults: u64,
    /// The longest delay of an operation that is not a fetch, in milliseconds.
    pub delay: u64,
}

/// What the operator set; spans are in milliseconds, sizes in bytes.
#[derive(Clone, Debug)]
pub struct Settings {
    pub origins: usize,
    pub first_byte: u64,
    pub idle: u64,
    pub total: u64,
    pub attempts: u64,
    pub idempotency_key: bool,
    pub backoff: u64,
    pub backoff_max: u64,
    pub replay_body: u64,
    /// Whether retries have a budget.
    pub budget: bool,
    /// Whether there is a breaker: after how many failures in a row it opens, and for how long.
    pub breaker: Option<(u64, u64)>,
    pub soft: Option<u64>,
    pub cache: bool,
    pub default_ttl: u64,
    pub stale_if_error: u64,
    pub stale_while_revalidate: u64,
    pub max_body: u64,
    pub hold: u64,
    pub keep_max_age: u64,
    pub keep_interval: u64,
}

impl Settings {
    fn any(chance: &mut Chance) -> Self {
        let total = chance.of([2_000, 8_000, 25_000]);
        let backoff_max = chance.of([50, 500, 2_000]);
        Self {
            origins: chance.of([1, 1, 2, 3]),
            first_byte: chance.of([500, 1_000, 2_000]).min(total),
            idle: chance.of([400, 3_000, 15_000]),
            total,
            attempts: chance.of([1, 2, 3, 3, 5]),
            idempotency_key: chance.percent(30),
            backoff: chance.of([10, 50]),
            backoff_max,
            replay_body: chance.of([0, 16, 64 * 1024]),
            budget: chance.percent(50),
            breaker: chance.of([None, None, Some((2, 1_000)), Some((3, 5_000)), Some((5, 5_000))]),
            soft: chance.of([None, None, Some(100)]),
            cache: chance.percent(98),
            default_ttl: chance.of([0, 0, 30_000, 300_000]),
            stale_if_error: chance.of([0, 60_000, 3_600_000, 86_400_000]),
            stale_while_revalidate: chance.of([0, 0, 60_000]),
            max_body: chance.of([256, 4096, 25 * 1024 * 1024, 25 * 1024 * 1024]),
            hold: chance.of([0, 64, 512, 4096]),
            keep_max_age: chance.of([3_600_000, 86_400_000, 30 * 86_400_000]),
            keep_interval: chance.of([60_000, 600_000]),
        }
    }

    /// The variable `HOLDFAST` that sets all this.
    pub fn to_value(&self, pages: &[Page]) -> Value {
        let ms = |span: u64| format!("{span}ms");
        let bytes = |size: u64| format!("{size}B");
        let origins: Vec<_> = (0..self.origins).map(|origin| format!("http://origin{origin}.test")).collect();
        let kept: Vec<_> = pages.iter().filter(|page| page.kept).map(|page| page.path.clone()).collect();
        json!({
            "origins": origins,
            "timeouts": {
                "first_byte": ms(self.first_byte), "idle": ms(self.idle), "total": ms(self.total),
                "soft": self.soft.map_or("off".to_owned(), ms),
            },
            "retry": {
                "attempts": self.attempts, "idempotency_key": self.idempotency_key, "backoff": ms(self.backoff),
                "backoff_max": ms(self.backoff_max), "replay_body": bytes(self.replay_body),
                "budget": if self.budget { json!(0.2) } else { json!("off") },
            },
            "breaker": match self.breaker {
                Some((consecutive, open)) => json!({ "consecutive": consecutive, "open": ms(open) }),
                None => json!({ "enabled": false }),
            },
            "cache": {
                "enabled": self.cache, "default_ttl": ms(self.default_ttl),
                "stale_if_error": ms(self.stale_if_error),
                "stale_while_revalidate": ms(self.stale_while_revalidate), "max_body": bytes(self.max_body),
            },
            "body": { "hold": bytes(self.hold) },
            "keep": {
                "paths": kept, "max_age": ms(self.keep_max_age), "interval": ms(self.keep_interval),
            },
        })
    }
}

/// A page of the site.
#[derive(Clone, Debug)]
pub struct Page {
    pub path: String,
    /// Whether it is in `keep.paths`.
    pub kept: bool,
    /// What its answers say about storing. Versions take turns.
    pub rules: Vec<Rules>,
    /// What somebody gets who is known to the site.
    pub personal: Personal,
    /// The request field by which it differs, and says so.
    pub vary: Option<&'static str>,
    /// Whether it is coded for those who accept that, without a word in `Vary`.
    pub coded: bool,
    pub validator: Validator,
    /// The length of its body in bytes; one that is not empty has at least a line.
    pub size: usize,
    /// Whether it has a `Content-Length`.
    pub announced: bool,
    /// Whether it asks not to be held.
    pub unbuffered: bool,
    /// How long its body is on its way, in milliseconds.
    pub body_takes: u64,
}

/// What an answer says about storing and reuse; spans are in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether it says so in `CDN-Cache-Control`, beside a `Cache-Control` that means browsers.
    pub targeted: bool,
    pub public: bool,
    pub private: bool,
    pub no_store: bool,
    pub no_cache: bool,
    pub must_revalidate: bool,
    pub proxy_revalidate: bool,
    pub max_age: Option<u64>,
    pub s_maxage: Option<u64>,
    pub swr: Option<u64>,
    pub sie: Option<u64>,
    /// `Expires`, counted from `Date`.
    pub expires: Option<u64>,
    /// The `Age` that it has on arrival.
    pub age: Option<u64>,
    pub set_cookie: bool,
    pub vary_star: bool,
}

impl Rules {
    fn any(chance: &mut Chance) -> Self {
        let span = |chance: &mut Chance| chance.of([0, 1, 10, 60, 600, 600, 86_400]);
        let mut rules = Self::default();
        match chance.below(18) {
            0 => rules.no_store = true,
            1 => rules.private = true,
            2 => rules.no_cache = true,
            3 | 4 => {}
            5 => rules.expires = Some(span(chance)),
            6 => rules.s_maxage = Some(span(chance)),
            _ => rules.max_age = Some(span(chance)),
        }
        rules.must_revalidate = chance.percent(12);
        rules.proxy_revalidate = chance.percent(6);
        rules.public = chance.percent(20);
        rules.targeted = chance.percent(15);
        rules.set_cookie = chance.percent(4);
        rules.vary_star = chance.percent(3);
        rules.age = chance.percent(10).then(|| span(chance));
        if chance.percent(35) {
            rules.swr = Some(span(chance));
        }
        if chance.percent(40) {
            rules.sie = Some(span(chance));
        }
        rules
    }

    /// What it says, as `Cache-Control` would.
    pub fn directives(&self) -> String {
        let mut said = Vec::new();
        for (is_said, word) in [
            (self.public, "public"),
            (self.private, "private"),
            (self.no_store, "no-store"),
            (self.no_cache, "no-cache"),
            (self.must_revalidate, "must-revalidate"),
            (self.proxy_revalidate, "proxy-revalidate"),
        ] {
            if is_said {
                said.push(word.to_owned());
            }
        }
        for (span, word) in [
            (self.max_age, "max-age"),
            (self.s_maxage, "s-maxage"),
            (self.swr, "stale-while-revalidate"),
            (self.sie, "stale-if-error"),
        ] {
            said.extend(span.map(|span| format!("{word}={span}")));
        }
        said.join(", ")
    }
}

/// What somebody gets who is known to the site, by a cookie or credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// What everybody gets.
    Nothing,
    /// A page of their own that says `private`.
    Private,
    /// One that says `no-store`.
    NoStore,
    /// One that sets a cookie.
    SetCookie,
    /// One that says nothing at all about storing: that the request had a cookie or credentials has to do.
    Silent,
    /// One that has `Vary: cookie, authorization`.
    Vary,
}

/// What tells versions of a page apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validator {
    None,
    Strong,
    Weak,
    Date,
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Their mark, in what is meant for them alone.
    pub name: &'static str,
    pub cookie: bool,
    pub authorization: bool,
    /// Cookies that identify nobody.
    pub harmless_cookie: bool,
    pub language: Option<&'static str>,
    pub coding: Option<&'static str>,
    /// A field that the site alone knows.
    pub flag: Option<&'static str>,
    pub wants_html: bool,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, in milliseconds from the beginning.
    pub at: u64,
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum What {
    /// Somebody asks for a page.
    Ask(Ask),
    /// A page has a new version.
    Publish { page: usize },
    /// An origin gets into this trouble, or out of it.
    Trouble { origin: usize, trouble: Trouble },
    /// New requests meet a new isolate; what is under way goes on.
    Replace { isolate: usize },
    /// An isolate ends without a word, and so does all that is under way in it.
    Crash { isolate: usize },
    /// The clock is put forward, or back, by milliseconds.
    Clock { by: i64 },
    /// The edge cache loses everything, or all that is stored for a page.
    Evict { page: Option<usize> },
    /// The operator purges a page or everything, or has it forgotten.
    Purge { isolate: usize, page: Option<usize>, forget: bool },
    /// The namespace fails from now on, or works.
    Namespace { fails: bool },
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its number in the schedule, from which all that is random about it comes.
    pub number: u64,
    pub visitor: usize,
    pub page: usize,
    pub method: &'static str,
    pub isolate: usize,
    pub upload: Option<Upload>,
    /// The request's `Cache-Control`.
    pub directives: Option<&'static str>,
    pub idempotency_key: bool,
    /// Marked as the retry of a proxy before this one.
    pub is_retry: bool,
    /// `Range: bytes=…`
    pub range: Option<(u64, u64)>,
    /// `If-None-Match` with the current version's tag.
    pub conditional: bool,
    /// After how many milliseconds the client leaves, should it have no answer by then.
    pub leaves_after: Option<u64>,
    /// Sent when all trouble is over: it has to be answered well.
    pub is_probe: bool,
}

/// A request body on its way.
#[derive(Clone, Debug)]
pub struct Upload {
    pub bytes: usize,
    /// How long it is on its way, in milliseconds.
    pub takes: u64,
    pub breaks_off: bool,
}

/// What is wrong with an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    None,
    Refuses,
    Garbage,
    Hangs,
    SlowHeader,
    TornBody,
    SilentBody,
    BadFraming,
    /// An error status of its own: 500, 502, 503 or 504.
    OwnError(u16),
    /// One that the platform gives in its place, or a status that is none.
    EdgeError(u16),
    /// 503 with `Retry-After` in seconds.
    Busy(u64),
    /// Slow headers and bodies.
    Overload,
    /// 304 that speaks of another version.
    WrongNotModified,
    /// A good answer or any trouble, fetch by fetch.
    Flaky,
}

impl Trouble {
    /// Any trouble but a mixture.
    pub fn any(chance: &mut Chance) -> Self {
        match chance.below(13) {
            0 => Self::Refuses,
            1 => Self::Garbage,
            2 => Self::Hangs,
            3 => Self::SlowHeader,
            4 | 5 => Self::TornBody,
            6 => Self::SilentBody,
            7 => Self::BadFraming,
            8 => Self::OwnError(chance.of([500, 502, 503, 504])),
            9 => Self::EdgeError(
                chance.of([520, 521, 522, 523, 524, 525, 526, 527, 530, 1016, 1033, 103, 999]),
            ),
            10 => Self::Busy(chance.of([0, 1, 120])),
            11 => Self::Overload,
            _ => Self::WrongNotModified,
        }
    }

    /// Its name in the table of faults.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Refuses => "connection refused or lost",
            Self::Garbage => "not HTTP",
            Self::Hangs => "no header",
            Self::SlowHeader => "slow header",
            Self::TornBody => "torn body",
            Self::SilentBody => "silent body",
            Self::BadFraming => "wrong framing",
            Self::OwnError(_) => "error status of the origin's",
            Self::EdgeError(_) => "error status in the origin's place",
            Self::Busy(_) => "503 with Retry-After",
            Self::Overload => "slow header and body",
            Self::WrongNotModified => "304 of another version",
            Self::Flaky => "mixture",
        }
    }
}

impl What {
    /// The request, if it is one.
    pub fn ask(&self) -> Option<&Ask> {
        if let Self::Ask(ask) = self { Some(ask) } else { None }
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(ask) => write!(formatter, "ask {}", ask.number),
            Self::Publish { page } => write!(formatter, "page {page} is published anew"),
            Self::Trouble { origin, trouble } => write!(formatter, "origin {origin}: {trouble:?}"),
            Self::Replace { isolate } => write!(formatter, "isolate {isolate} is replaced"),
            Self::Crash { isolate } => write!(formatter, "isolate {isolate} crashes"),
            Self::Clock { by } => write!(formatter, "the clock is moved by {by} ms"),
            Self::Evict { page } => write!(formatter, "eviction, page {page:?}"),
            Self::Purge { isolate, page, forget } => {
                write!(formatter, "purge at isolate {isolate}, page {page:?}, forget: {forget}")
            }
            Self::Namespace { fails } => write!(formatter, "the namespace fails: {fails}"),
        }
    }
}

const NAMES: [&str; 5] = ["ann", "bob", "cid", "dan", "eve"];

/// The pause after all trouble is over and before the probes, in milliseconds: nothing that was noted about the
/// origin in its bad time may outlast it.
const CALM: u64 = 90_000;

impl Plan {
    /// The schedule of `seed`.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 0);
        let settings = Settings::any(&mut chance);
        let pages: Vec<_> =
            (0..chance.of([2, 2, 3, 4, 6])).map(|number| page(number, &settings, &mut chance)).collect();
        let visitors: Vec<_> =
            NAMES.iter().take(chance.between(2, 5) as usize).map(|name| visitor(name, &mut chance)).collect();
        let mut plan = Self {
            seed,
            settings,
            keeps: chance.percent(70),
            pages,
            visitors,
            events: Vec::new(),
            cache_faults: chance.of([0, 0, 2, 20]),
            delay: chance.of([0, 3, 40]),
        };
        plan.fill(&mut chance);
        plan
    }

    fn fill(&mut self, chance: &mut Chance) {
        let isolates = chance.of([1, 1, 2]);
        let mut at = 0;
        let count = chance.between(6, 28);
        for number in 0..count {
            at +=
                chance.of([0, 0, 1, 5, 50, 500, 500, 2_000, 2_000, 11_000, 11_000, 61_000, 130_000, 700_000]);
            if chance.percent(2) {
                at += 86_400_000;
            }
            if chance.percent(30) {
                let what = self.interruption(isolates, chance);
                self.events.push(Event { at, what });
            }
            let ask = self.ask(number, isolates, chance);
            // Crowds ask for the same at the same time.
            let crowd = if chance.percent(15) { chance.between(2, 4) } else { 0 };
            for one in 0..crowd {
                let mut beside = ask.clone();
                beside.number = count + number * 8 + one;
                if chance.percent(50) {
                    beside.visitor = chance.below(self.visitors.len() as u64) as usize;
                }
                self.events.push(Event { at: at + chance.below(30), what: What::Ask(beside) });
            }
            self.events.push(Event { at, what: What::Ask(ask) });
        }
        at += 40_000;
        for origin in 0..self.settings.origins {
            self.events.push(Event { at, what: What::Trouble { origin, trouble: Trouble::None } });
        }
        self.events.push(Event { at, what: What::Namespace { fails: false } });
        at += CALM;
        for page in 0..self.pages.len() {
            let ask = Ask { number: FIRST_PROBE + page as u64, page, is_probe: true, ..plain_ask() };
            self.events.push(Event { at, what: What::Ask(ask) });
        }
        self.events.sort_by_key(|event| event.at);
    }

    fn interruption(&self, isolates: u64, chance: &mut Chance) -> What {
        let any_page = |chance: &mut Chance| chance.below(self.pages.len() as u64) as usize;
        let isolate = chance.below(isolates) as usize;
        match chance.below(24) {
            0..=3 => What::Publish { page: any_page(chance) },
            4..=10 => {
                let origin = chance.below(self.settings.origins as u64) as usize;
                let trouble = if chance.percent(25) { Trouble::Flaky } else { Trouble::any(chance) };
                What::Trouble { origin, trouble }
            }
            11..=13 => {
                let origin = chance.below(self.settings.origins as u64) as usize;
                What::Trouble { origin, trouble: Trouble::None }
            }
            14 => What::Replace { isolate },
            15 => What::Crash { isolate },
            16 => What::Clock { by: chance.of([200, 5_000, 90_000, 3_600_000]) },
            17 => What::Clock { by: -chance.of([1, 500, 70_000]) },
            18 | 19 => What::Evict { page: chance.percent(70).then(|| any_page(chance)) },
            20 | 21 => What::Purge {
                isolate,
                page: chance.percent(60).then(|| any_page(chance)),
                forget: chance.percent(25),
            },
            _ => What::Namespace { fails: chance.percent(60) },
        }
    }

    fn ask(&self, number: u64, isolates: u64, chance: &mut Chance) -> Ask {
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
            breaks_off: chance.percent(8),
        });
        let is_read = matches!(method, "GET" | "HEAD");
        Ask {
            number,
            visitor: chance.below(self.visitors.len() as u64) as usize,
            // Most ask for the same few pages, or nothing would ever be shared.
            page: (0..3).map(|_| chance.below(self.pages.len() as u64)).min().unwrap_or_default() as usize,
            method,
            isolate: chance.below(isolates) as usize,
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
            range: (method == "GET" && chance.percent(4)).then(|| (chance.below(10), 10 + chance.below(80))),
            conditional: is_read && chance.percent(6),
            leaves_after: chance.percent(4).then(|| chance.of([0, 3, 100, 1_500])),
            is_probe: false,
        }
    }
}

fn plain_ask() -> Ask {
    Ask {
        number: 0,
        visitor: 0,
        page: 0,
        method: "GET",
        isolate: 0,
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

fn page(number: u64, settings: &Settings, chance: &mut Chance) -> Page {
    let kept = chance.percent(25);
    let hold = settings.hold as usize;
    let query = if !kept && chance.percent(20) { "?q=1" } else { "" };
    Page {
        path: format!("/page{number}{query}"),
        kept,
        rules: rules_of_versions(chance),
        personal: if chance.percent(70) {
            Personal::Nothing
        } else {
            chance.of([
                Personal::Private,
                Personal::NoStore,
                Personal::SetCookie,
                Personal::Silent,
                Personal::Vary,
            ])
        },
        vary: chance.percent(25).then(|| chance.of(["accept-language", "accept-encoding", "x-flag"])),
        coded: chance.percent(10),
        validator: chance.of([
            Validator::None,
            Validator::None,
            Validator::Strong,
            Validator::Weak,
            Validator::Date,
        ]),
        size: chance.of([0, 1, hold / 2, hold, hold + 1, hold * 3, 300]),
        announced: chance.percent(60),
        unbuffered: chance.percent(6),
        body_takes: chance.of([0, 0, 0, 10, 300, 2_500]),
    }
}

/// What the versions of a page say. All say it in the same field: what a later answer leaves out stays as it is stored
/// (RFC 9111 §3.2), and the model of what holds then is made for one field.
fn rules_of_versions(chance: &mut Chance) -> Vec<Rules> {
    let mut rules: Vec<Rules> = (0..chance.of([1, 1, 1, 2, 3])).map(|_| Rules::any(chance)).collect();
    let targeted = rules[0].targeted;
    rules.iter_mut().for_each(|rules| rules.targeted = targeted);
    rules
}

fn visitor(name: &'static str, chance: &mut Chance) -> Visitor {
    Visitor {
        name,
        cookie: chance.percent(35),
        authorization: chance.percent(20),
        harmless_cookie: chance.percent(30),
        language: chance.of([None, Some("de"), Some("DE"), Some("en, de;q=0.5"), Some("en,de; q=0.5")]),
        coding: chance.of([None, Some("br"), Some("gzip, br"), Some("gzip,br")]),
        flag: chance.percent(8).then(|| chance.of(["1", "2"])),
        wants_html: chance.percent(50),
    }
}
