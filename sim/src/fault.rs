//! What is wrong with the site, where, and since when.
//!
//! A fault has a scope: an origin as a whole, a group of pages, one page, or one client whom the origin turns away.
//! The history of all of them says how a request would have fared with nothing in front of the origin; `harm` asks it.

use std::collections::BTreeMap;

use testkit::chance::Chance;

/// Where a fault lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All of an origin, whoever asks for whatever.
    Origin(usize),
    /// All pages under one leading path segment, at each origin.
    Group(usize),
    /// One page, at each origin.
    Page(usize),
    /// One client, whatever it asks for: a firewall, or a limit on requests.
    Client(usize),
}

/// What is wrong.
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
    /// 429 with `Retry-After` in seconds.
    TooMany(u64),
    /// Slow headers and bodies.
    Overload,
    /// 304 that speaks of another version.
    WrongNotModified,
    /// A good answer or any trouble, fetch by fetch.
    Flaky,
}

impl Trouble {
    /// Any trouble that an origin can be in, but a mixture.
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

    /// What takes a whole origin down: no page of it is answered well.
    pub fn outage(chance: &mut Chance) -> Self {
        match chance.below(9) {
            0 | 1 => Self::Refuses,
            2 => Self::Garbage,
            3 => Self::Hangs,
            4 => Self::OwnError(chance.of([502, 503, 504])),
            5 => Self::Busy(chance.of([1, 30])),
            _ => Self::EdgeError(chance.of([521, 522, 523, 530, 1016, 1033])),
        }
    }

    /// What one page or group can have while the rest of its origin is well: nothing that is about the connection to
    /// the origin, as all pages share that.
    pub fn of_page(chance: &mut Chance) -> Self {
        match chance.below(12) {
            0 | 1 => Self::Refuses,
            2 | 3 => Self::Hangs,
            4 => Self::Garbage,
            5 | 6 => Self::OwnError(502),
            7 => Self::OwnError(chance.of([503, 504])),
            8 => Self::Busy(chance.of([1, 20, 120])),
            9 => Self::EdgeError(chance.of([520, 524])),
            10 => Self::TornBody,
            _ => Self::Flaky,
        }
    }

    /// How an origin turns one client away.
    pub fn of_client(chance: &mut Chance) -> Self {
        match chance.below(6) {
            0 | 1 => Self::Refuses,
            2 | 3 => Self::Busy(chance.of([1, 60])),
            4 => Self::TooMany(chance.of([1, 60])),
            _ => Self::OwnError(503),
        }
    }

    /// Whether a client with nothing in front of the origin gets an answer that is whole and no error of the server's.
    ///
    /// One that is slow counts as none: how long an origin is waited for is the operator's choice. So does a mixture.
    pub fn is_answered_well(self) -> bool {
        matches!(self, Self::None | Self::TooMany(_))
    }

    /// How long the origin asks to be left alone, in milliseconds.
    pub fn asks_for(self) -> u64 {
        if let Self::Busy(seconds) = self { seconds * 1000 } else { 0 }
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
            Self::TooMany(_) => "429 with Retry-After",
            Self::Overload => "slow header and body",
            Self::WrongNotModified => "304 of another version",
            Self::Flaky => "mixture",
        }
    }
}

/// Who asks whom for what, as far as faults go.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    pub origin: usize,
    pub group: usize,
    pub page: usize,
    /// The visitor, where the origin can tell.
    pub client: Option<usize>,
}

impl Path {
    /// The scopes that it lies in. An origin that is down is down for everybody, and a firewall stands before all pages.
    fn scopes(self) -> impl Iterator<Item = Scope> {
        let client = self.client.map(Scope::Client);
        let others = [Scope::Page(self.page), Scope::Group(self.group)];
        [Scope::Origin(self.origin)].into_iter().chain(client).chain(others)
    }
}

/// Every fault that there is and was.
#[derive(Clone, Debug, Default)]
pub struct History {
    now: BTreeMap<Scope, Trouble>,
    changes: Vec<(u64, Scope, Trouble)>,
}

impl History {
    /// Something gets into trouble at `at`, or out of it.
    pub fn set(&mut self, at: u64, scope: Scope, trouble: Trouble) {
        if trouble == Trouble::None {
            self.now.remove(&scope);
        } else {
            self.now.insert(scope, trouble);
        }
        self.changes.push((at, scope, trouble));
    }

    /// All trouble is over at `at`.
    pub fn end(&mut self, at: u64) {
        for scope in std::mem::take(&mut self.now).into_keys() {
            self.changes.push((at, scope, Trouble::None));
        }
    }

    /// What a fetch on `path` meets now, and where that fault lies.
    pub fn met(&self, path: Path, chance: &mut Chance) -> Option<(Scope, Trouble)> {
        path.scopes().find_map(|scope| {
            let trouble = *self.now.get(&scope)?;
            if trouble != Trouble::Flaky {
                return Some((scope, trouble));
            }
            (!chance.percent(40)).then(|| (scope, Trouble::any(chance)))
        })
    }

    /// Whether a fetch on `path` would have been answered well at each moment from `from` to `to`.
    pub fn is_answered_well(&self, path: Path, from: u64, to: u64) -> bool {
        path.scopes().all(|scope| self.troubles(scope, from, to).all(Trouble::is_answered_well))
    }

    /// What was wrong with `scope` at some moment from `from` to `to`.
    fn troubles(&self, scope: Scope, from: u64, to: u64) -> impl Iterator<Item = Trouble> {
        let of_scope = self.changes.iter().filter(move |(_, changed, _)| *changed == scope);
        let before = of_scope.clone().rev().find(|(at, ..)| *at < from);
        let during = of_scope.filter(move |(at, ..)| (from..=to).contains(at));
        before.into_iter().chain(during).map(|(.., trouble)| *trouble)
    }
}
