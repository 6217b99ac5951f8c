//! What is going to happen: settings, pages, visitors and events, made from a seed before anything runs.
//!
//! A plan is data. An event can be taken out of it and the rest stays what it was, so that a failing schedule can be
//! made small.

use std::fmt;

use holdfast::request::Target;
use testkit::upload::{Fate, SILENCE};

use crate::fault::{Scope, Trouble};
use crate::page::Page;
use crate::settings::{HOST, Settings};
use crate::turn::Turn;
use crate::visitor::Visitor;

/// The number of the first request after all is well again.
pub const FIRST_PROBE: u64 = 100_000;

/// What kind of schedule it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Few requests, far apart, and every kind of fault between them: days go by.
    Quiet,
    /// Traffic that goes on, and fewer than half of the groups, or a client, in trouble.
    Site,
    /// The same, and all origins down for a while.
    Outage,
    /// The origins are well all the time: all trouble is the clients'.
    Rude,
}

impl Shape {
    /// Its name in the count of schedules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Site => "site",
            Self::Outage => "outage",
            Self::Rude => "rude clients",
        }
    }
}

/// A whole schedule.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was made from.
    pub seed: u64,
    /// What kind of schedule it is.
    pub shape: Shape,
    /// What the operator set.
    pub settings: Settings,
    /// Whether a namespace for last good copies is bound.
    pub keeps: bool,
    /// Whether what is counted is told to anybody.
    pub counts: bool,
    /// What the site has.
    pub pages: Vec<Page>,
    /// Who asks.
    pub visitors: Vec<Visitor>,
    /// What happens, in the order of time.
    pub events: Vec<Event>,
    /// How often an operation of the edge cache fails, or loses the entry that it is about, in a hundred.
    pub cache_faults: u64,
    /// How often an isolate has no room for another body, in a hundred.
    pub crowded: u64,
    /// The longest delay of an operation that is not a fetch, in milliseconds.
    pub delay: u64,
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
    /// A page is something else than it was, for everybody or for one visitor; or is itself again.
    Turn { page: usize, whom: Option<usize>, turn: Option<Turn> },
    /// A page has a new version.
    Publish { page: usize },
    /// Something gets into this trouble, or out of it.
    Trouble { scope: Scope, trouble: Trouble },
    /// All trouble is over.
    Well,
    /// The cron trigger fires.
    Cron { isolate: usize },
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
    pub fate: Fate,
}

impl Ask {
    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }

    /// Whether its client spoils it by what it does with the upload.
    pub fn is_spoilt(&self) -> bool {
        self.upload.as_ref().is_some_and(|upload| upload.fate != Fate::Whole)
    }

    /// How long its upload is on its way at most, in milliseconds.
    pub fn upload_takes(&self) -> u64 {
        self.upload
            .as_ref()
            .map_or(0, |upload| upload.takes + if upload.fate == Fate::Stalls { SILENCE } else { 0 })
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
            Self::Turn { page, whom, turn } => {
                write!(formatter, "page {page} is {turn:?} for {whom:?}")
            }
            Self::Publish { page } => write!(formatter, "page {page} is published anew"),
            Self::Trouble { scope, trouble } => write!(formatter, "{scope:?}: {trouble:?}"),
            Self::Well => write!(formatter, "all trouble is over"),
            Self::Cron { isolate } => write!(formatter, "the cron trigger fires at isolate {isolate}"),
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

/// The target of a page.
pub fn target(path: &str) -> Option<Target> {
    Target::parse(&format!("https://{HOST}{path}"))
}

impl Plan {
    /// The number of the group of a page.
    pub fn group(&self, page: usize) -> usize {
        self.pages[page].group
    }

    /// Somebody's name.
    pub fn name_of(&self, ask: &Ask) -> Option<&'static str> {
        (!ask.is_probe).then(|| self.visitors[ask.visitor].name)
    }
}
