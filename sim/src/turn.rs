//! What a page is for a while: deleted, moved, forbidden or withdrawn.

use testkit::chance::Chance;

use crate::page::Rules;

/// The site whose script may read what names one.
pub const SCRIPT: &str = "https://one.example";

/// What a page is for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// 200 is the page itself, with a word that it is not for all.
    pub status: u16,
    pub word: Word,
}

/// What such an answer says of storing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Nothing,
    NoStore,
    Private,
    /// A cookie is set.
    Cookie,
    /// A lifetime in seconds.
    Fresh(u64),
}

impl Turn {
    /// As for all: the page is deleted, moved, forbidden or withdrawn.
    pub fn of_page(chance: &mut Chance) -> Self {
        let status = chance.of([404, 404, 410, 301, 302, 307, 308, 200, 200, 403, 451]);
        let private = chance.of([Word::NoStore, Word::Private]);
        let word = match status {
            200 => private,
            401..=403 | 451 => chance.of([Word::Nothing, private]),
            _ => chance.of([
                Word::Nothing,
                Word::Nothing,
                Word::Nothing,
                private,
                Word::Cookie,
                Word::Fresh(5),
                Word::Fresh(60),
            ]),
        };
        Self { status, word }
    }

    /// As for one: a bot check or a limit, which are nobody else's affair.
    pub fn of_client(chance: &mut Chance) -> Self {
        let status = chance.of([200, 200, 302, 403, 403, 429, 401, 404]);
        let word = match status {
            403 | 429 | 401 => chance.of([Word::Nothing, Word::NoStore]),
            200 => chance.of([Word::NoStore, Word::Private]),
            _ => chance.of([Word::NoStore, Word::Private, Word::Cookie]),
        };
        Self { status, word }
    }

    /// What it says of storing and reuse.
    pub fn rules(self) -> Rules {
        let mut rules = Rules::default();
        match self.word {
            Word::Nothing => {}
            Word::NoStore => rules.no_store = true,
            Word::Private => rules.private = true,
            Word::Cookie => rules.set_cookie = true,
            Word::Fresh(span) => rules.max_age = Some(span),
        }
        rules
    }

    /// Whether it leads elsewhere.
    pub fn is_elsewhere(self) -> bool {
        (300..400).contains(&self.status)
    }

    /// Its name in the table of faults, and the body of such an answer.
    pub fn name(self) -> &'static str {
        match self.status {
            200 => "page is withdrawn",
            300..400 => "page is moved",
            404 | 410 => "page is deleted",
            429 => "client is to be slower",
            _ => "page is forbidden",
        }
    }
}
