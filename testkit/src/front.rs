//! What a front end adds to the platform: the origin, what fails, and a look at what happens.

use std::rc::Rc;
use std::time::Duration;

use holdfast::cache::entry::Entry;
use holdfast::cache::key::Key;
use holdfast::health::{Bindings, View};
use holdfast::origin::forward::Forward;
use holdfast::report::Report;
use http::HeaderMap;

use crate::body::{Content, Ending};
use crate::upload::Upload;

/// One request's view of a front end.
pub trait FrontEnd: Clone + 'static {
    /// What the front end knows of a fetch that is under way.
    type Fetch: 'static;

    /// A fetch is made.
    fn sends(&self, forward: &Forward, upload: Option<&Upload>) -> Self::Fetch;

    /// The request is at the origin; gives after how many milliseconds the head comes.
    fn arrives(&self, fetch: &mut Self::Fetch, forward: &Forward) -> u64;

    /// Half of that time is over: the origin does what it does, whether or not anybody waits for it.
    fn replies(&self, fetch: &mut Self::Fetch, forward: &Forward) -> Reply;

    /// The head of an answer is here. It may be changed.
    fn receives(&self, _fetch: &mut Self::Fetch, _forward: &Forward, _head: &mut Head) {}

    /// There is no answer.
    fn fails(&self, _fetch: &mut Self::Fetch, _how: Unanswered) {}

    /// How long an operation of the platform takes, in milliseconds; `None` if it is done at once, before anybody else
    /// does anything. Each asks once, when it begins.
    fn takes(&self, _operation: Operation) -> Option<u64> {
        None
    }

    /// Whether an operation on the edge cache's entry under `key` fails.
    fn cache_fails(&self, _key: &Key) -> bool {
        false
    }

    /// After how many milliseconds an operation of the namespace fails, if it does; `within` is what is waited at most.
    fn namespace_fails(&self, _within: u64) -> Option<u64> {
        None
    }

    /// How old the purge rules may be that the namespace shows, in milliseconds.
    fn lag(&self) -> u64 {
        0
    }

    /// Whether there is room to hold another body.
    fn has_room(&self) -> bool {
        true
    }

    /// A number from 0 to below 1.
    fn roll(&self) -> f64;

    /// What is bound.
    fn bindings(&self) -> Bindings;

    /// What is known of the origins, in the form `view`.
    fn health_view(&self, _view: View) -> Option<String> {
        None
    }

    /// Counts in their written form are told; gives what is answered.
    fn counts(&self, counts: &str, dashboard: &str) -> Option<String>;

    /// An exchange reports.
    fn reports(&self, report: &Report);

    /// Something happens that this front end may want to record.
    fn sees(&self, _event: Event<'_>) {}
}

/// What an origin does with a fetch.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Reply<A = Head> {
    /// The connection is refused or lost.
    Lost,
    /// What comes is not HTTP.
    Garbage,
    /// Nothing comes.
    Hangs,
    /// It answers.
    Answers(A),
}

impl<A> Reply<A> {
    /// The same with another form of the answer.
    pub fn map<B>(self, form: impl FnOnce(A) -> B) -> Reply<B> {
        match self {
            Self::Lost => Reply::Lost,
            Self::Garbage => Reply::Garbage,
            Self::Hangs => Reply::Hangs,
            Self::Answers(answer) => Reply::Answers(form(answer)),
        }
    }
}

/// An origin's answer, and what comes behind its head.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its status.
    pub status: u16,
    /// Its fields.
    pub headers: HeaderMap,
    /// What comes of the body.
    pub text: Rc<str>,
    /// How the body ends.
    pub ending: Ending,
    /// How long the body is on its way, in milliseconds.
    pub body_takes: u64,
    /// The numbers of the answer and the attempt, for front ends that count them.
    pub serial: Option<usize>,
    /// See `serial`.
    pub attempt: Option<usize>,
}

/// Why a fetch has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// None came in time.
    Late,
    /// The connection was lost.
    Lost,
    /// What came is not HTTP.
    Garbage,
    /// The client spoilt its upload.
    Spoilt,
}

/// What the platform does that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An entry of the edge cache is read, removed, or written without a body.
    Entry,
    /// An entry of the edge cache is written with its body.
    Body,
    /// The namespace is asked or told something.
    Namespace,
    /// What knows the origins is asked or told something.
    Health,
    /// The text of an upload is read.
    Upload,
}

/// What happens on the platform.
#[derive(Debug)]
pub enum Event<'a> {
    /// An attempt lasts until now, as its body was waited for.
    Lasts(usize),
    /// A body that was held broke off.
    Breaks(usize, Ending),
    /// A client spoils its upload.
    SpoilsUpload,
    /// There was no room to hold a body.
    HasNoRoom,
    /// A body that broke off is resumed.
    Resumes,
    /// The edge cache takes an entry.
    Stores {
        /// The key.
        key: &'a Key,
        /// The entry.
        entry: &'a Entry,
        /// Its body.
        content: Option<&'a Content>,
        /// For how long.
        retention: Duration,
    },
    /// The edge cache removes what is under a key.
    Removes {
        /// The key.
        key: &'a Key,
        /// What was there, if it had not expired.
        entry: Option<Entry>,
    },
    /// The namespace takes a copy.
    Keeps {
        /// Its name.
        name: &'a str,
        /// The entry.
        entry: &'a Entry,
        /// Its body.
        content: &'a Content,
    },
}
