//! What the exchange needs from outside, as traits.
//!
//! The edge implements them on the platform; the tests implement them on a virtual clock. Bodies are
//! opaque: the exchange moves them and asks for what it needs done, and never sees a byte, so that on the
//! edge a body stays a JavaScript stream.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::body::resumption::Digest;
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::cache::last_good::Name;
use crate::cache::range::Span;
use crate::fields::Edits;
use crate::health::{Bindings, View};
use crate::isolate::Isolate;
use crate::isolate::memory_cache::MemoryCache;
use crate::origin::AttemptResult;
use crate::origin::failure::{Lapse, Rejection};
use crate::origin::forward::Forward;
use crate::report::Report;
use crate::request::Target;
use crate::time::Timestamp;

/// Everything that the exchange needs from outside.
pub trait Ports: Runtime + Store + LastGood {}

impl<P> Ports for P where P: Runtime + Store + LastGood {}

/// The same without the stores.
pub trait Runtime:
    Origin + Health + Memory + Clock + Dice + Urls + Background + Reporter + Clone + 'static
{
}

impl<P> Runtime for P where
    P: Origin + Health + Memory + Clock + Dice + Urls + Background + Reporter + Clone + 'static
{
}

/// What an origin answered: its head, and a handle to the rest.
#[derive(Debug)]
pub struct Fetched<B> {
    /// The final status, as sent, in or out of range.
    pub status: u16,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body, not read yet or held already.
    pub body: B,
    /// When the head came.
    pub received_at: Timestamp,
    /// How many bytes the body has, if it was held first and is whole.
    pub whole: Option<u64>,
}

/// That a body is to be held before its head is given, if it is clear from the head that it would be held next; see
/// [`Origin::hold`].
#[derive(Clone, Copy, Debug)]
pub struct HoldFirst {
    /// The most bytes to hold.
    pub limit: u64,
    /// When holding ends, counted from when the request is sent.
    pub within: Duration,
}

/// What the span of an attempt says of it.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The request's id, as in its log line.
    pub id: &'a str,
    /// The number of the attempt, from 1.
    pub number: usize,
    /// The wait before it.
    pub waited: Duration,
    /// How it ended; `None` if the client failed to send its request.
    pub result: Option<AttemptResult>,
}

/// What became of a body that was to be held until whole.
#[derive(Debug)]
pub enum Held<B> {
    /// It is whole, and this many bytes long.
    Whole(B, u64),
    /// It is larger than the limit or did not end in time: what came so far, and the rest as it comes.
    Partial(B),
    /// It broke off.
    Torn(Rejection),
}

/// What became of a request body that was to be held.
#[derive(Debug)]
pub enum HeldUpload<U> {
    /// It is here, and can be sent as often as is wanted.
    Whole(U),
    /// It is larger than the limit, or takes longer: it can be sent once, as it comes.
    Larger(U),
    /// The client failed to send it.
    Spoilt(Lapse),
}

/// A body on its way to a client, watched.
pub struct Relay<B, E> {
    /// For the client. If the origin's body breaks off, so does this one, never with a clean end.
    pub client: B,
    /// A second copy for the store, where one was asked for. It breaks off likewise.
    pub copy: Option<B>,
    /// How it ended, once it has.
    pub end: E,
}

/// How a body on its way to a client goes on if it breaks off, as if nothing had been.
pub struct Resume<B> {
    /// Asks for the rest of it, from this byte on. Gives that and how long the whole is; `None` if it cannot be had.
    pub rest: Box<Rest<B>>,
    /// What the whole is held against once it has been put together of parts, before its end is handed on.
    pub digest: Option<Digest>,
}

/// See [`Resume::rest`].
pub type Rest<B> = dyn Fn(u64) -> Pin<Box<dyn Future<Output = Option<(B, u64)>>>>;

/// How a relayed body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayEnd {
    /// Whole, after this many bytes.
    Whole(u64),
    /// The origin broke off or fell silent.
    Torn(Rejection),
    /// It was put together of parts, and is not what its digest says: its end was not handed on.
    Mismatched,
    /// The client went away first.
    ClientGone,
}

/// The way to the origins, and what can be done with a body.
pub trait Origin {
    /// A response body, opaque.
    type Body: 'static;
    /// The client's request body, opaque.
    type Upload: 'static;
    /// The place for the span of an attempt, for whoever traces requests. It stays empty if the request is not traced.
    type Span: Default;

    /// Sends `forward`, follows no redirect, and gives the response head, or says how none came within
    /// `limit`. The limit does not touch the body. `upload` is the body to send, where there is one; while it
    /// is on its way, the limit counts from when the origin was last given a piece, and a client that has none to give
    /// for longer than `idle` has failed, as has one that breaks off: the origin is not told that such an upload is whole.
    /// A body that was held first, as `hold` says, and did not become whole is what [`hold`](Self::hold) gives at once;
    /// an implementation may leave it at the head. Begins a span in `span`, which is empty.
    fn fetch(
        &self,
        forward: &Forward,
        upload: Option<Self::Upload>,
        limit: Duration,
        idle: Duration,
        hold: Option<HoldFirst>,
        span: &Self::Span,
    ) -> impl Future<Output = Result<Fetched<Self::Body>, Rejection>>;

    /// Ends `span`, if one was begun.
    fn end_span(&self, span: Self::Span, ended: &Ended<'_>);

    /// Reads the request body, up to `limit` bytes, so that it can be sent more than once. `length` is what it announces.
    /// What is still moving when `within` has passed is [larger](HeldUpload::Larger), too.
    fn hold_upload(
        &self,
        upload: Self::Upload,
        length: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> impl Future<Output = HeldUpload<Self::Upload>>;

    /// The request body as text; `None` if it is longer than `limit` bytes, is not UTF-8, or breaks off.
    fn upload_text(&self, upload: Self::Upload, limit: u64) -> impl Future<Output = Option<String>>;

    /// Another handle to an upload that is held.
    fn again(&self, held: &Self::Upload) -> Self::Upload;

    /// Reads `body` until it ends, exceeds `limit` bytes or what may be held at all, or `within` has passed. Silence longer than `idle`
    /// is a torn body, and so is one that has been silent for half of that when `within` has passed: it is
    /// more likely dead than slow. `length` is its `Content-Length`, where it has one.
    fn hold(
        &self,
        body: Self::Body,
        length: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> impl Future<Output = Held<Self::Body>>;

    /// Another handle to a body that is whole, which may outlive the request and be copied for others.
    fn copy(&self, whole: &Self::Body) -> Self::Body;

    /// As [`copy`](Self::copy), as the body of a response with this status and these fields: an answer can be made of it
    /// by [edits](Headers::Edited) alone.
    fn with_head(&self, whole: &Self::Body, status: StatusCode, headers: &HeaderMap) -> Self::Body;

    /// Hands `body` on, with a second copy for the store if `copy`, given up if the body exceeds that many bytes. One that
    /// breaks off, or is silent for longer than `idle` where that is given, goes on with what `resume` gives, as often as
    /// it gives anything and the next byte comes within another `idle`; what comes then is as long as that says, or broke
    /// off. If its digest cannot be computed, there is no copy of it. Where there is neither, the body is the platform's to hand on: nobody watches it for silence or
    /// counts its bytes, and how it ended is heard only if the client is still there: see [`Background::attend`].
    fn relay(
        &self,
        body: Self::Body,
        length: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        resume: Option<Resume<Self::Body>>,
    ) -> Relay<Self::Body, impl Future<Output = RelayEnd> + 'static>;

    /// Those `spans` of a stored `body`, in its order, each inside it, with the texts `around` them: one before
    /// each and one after the last, or none at all.
    fn slice(&self, body: Self::Body, spans: &[Span], around: &[String]) -> Self::Body;

    /// The beginning of `body` as text, at most `limit` bytes, for telling failures apart.
    fn peek(&self, body: Self::Body, limit: u64, within: Duration) -> impl Future<Output = String>;

    /// A body that is whole as text, its coding undone, with U+FFFD for what is not UTF-8; `None` if it is longer than
    /// `limit` bytes, or its coding cannot be undone.
    fn text(&self, whole: &Self::Body, limit: u64) -> impl Future<Output = Option<String>>;

    /// Whether a body that is whole contains `text` in UTF-8, its coding undone; `None` if that cannot be told.
    fn contains(&self, whole: &Self::Body, text: &str) -> impl Future<Output = Option<bool>>;

    /// Gives up `body`, so that its connection is free.
    fn cancel(&self, body: Self::Body);
}

/// That a store could not be read, or not in time, or does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// What is found in a store: an entry, if there is one, and the body behind it.
pub type Lookup<B> = Result<Option<(Entry, B)>, Unavailable>;

/// The edge cache, as a store of entries. A failing cache never fails a request.
pub trait Store: Origin {
    /// What is stored under `key`.
    fn load(&self, key: &Key) -> impl Future<Output = Lookup<Self::Body>>;

    /// Stores `entry` and its whole `body` under `key` for `retention`; `true` if the store took it. A body
    /// that breaks off is not stored, and one that is not taken is cancelled.
    fn save(
        &self,
        key: &Key,
        entry: &Entry,
        body: Option<Self::Body>,
        retention: Duration,
    ) -> impl Future<Output = bool>;

    /// Stores `entry` under `key` before the very body that `loaded` was loaded with, which need not be read;
    /// `false` if that body does not stand by itself, or is gone.
    fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &Self::Body,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static;

    /// Removes what is stored under `key`.
    fn remove(&self, key: &Key) -> impl Future<Output = ()>;
}

/// The kept copies and the purge rules: a namespace that all data centres share. Where none is bound, nothing is
/// found and nothing is taken.
pub trait LastGood: Origin {
    /// Whether there is one.
    fn has_last_good(&self) -> bool;

    /// What is kept under `name`, its body whole.
    fn load_last_good(&self, name: &Name, within: Duration) -> impl Future<Output = Lookup<Self::Body>>;

    /// Keeps `entry` and its whole `body` under `name` for `retention`; `true` if it was taken.
    fn save_last_good(
        &self,
        name: &Name,
        entry: &Entry,
        body: &Self::Body,
        retention: Duration,
    ) -> impl Future<Output = bool>;

    /// Removes what is kept under `name`; `true` if that was done.
    fn remove_last_good(&self, name: &Name) -> impl Future<Output = bool>;

    /// Whether two whole bodies have the same bytes.
    fn are_equal(&self, one: &Self::Body, other: &Self::Body) -> bool;

    /// The purge rules in their written form; `None` if there are none yet.
    fn load_purge_rules(&self, within: Duration)
    -> impl Future<Output = Result<Option<String>, Unavailable>>;

    /// Writes them; `true` if they were taken.
    fn save_purge_rules(&self, text: &str) -> impl Future<Output = bool>;
}

/// What is known of the origins, in a place that all data centres share.
pub trait Health {
    /// What is bound. The token is of no concern here.
    fn bindings(&self) -> Bindings;

    /// The version of the Worker, as id and tag; `None` unless version metadata is bound.
    fn version(&self) -> Option<(&str, &str)>;

    /// What is known, in the form `view`; `None` if nothing is bound that could know, or it does not answer.
    fn health_view(&self, view: View) -> impl Future<Output = Option<String>>;

    /// Tells counts in their written form to what is bound, and where operators can see more; gives what is answered,
    /// `None` if they were not taken.
    fn flush(&self, counts: &str, dashboard: &str) -> impl Future<Output = Option<String>>;
}

/// What one isolate remembers between requests, and how its requests wait for each other.
pub trait Memory: Origin {
    /// A light that requests light, any number of times, and others wait to see.
    type Signal: Clone + 'static;

    /// The memory.
    fn isolate(&self) -> &Isolate<Self::Signal>;

    /// The memory of what was found in the stores.
    fn memory_cache(&self) -> &MemoryCache<Self::Body>;

    /// A new signal, dark. This request is kept going until it is lit, should its client leave while others wait.
    fn signal(&self) -> Self::Signal;

    /// Lights it for all who wait to see it now.
    fn notify(&self, signal: &Self::Signal);

    /// Waits until it is lit, for at most `within`.
    fn wait(&self, signal: &Self::Signal, within: Duration) -> impl Future<Output = ()> + 'static;
}

/// The URL Standard, as the platform has it: the URLs of requests come in its normal form, and so must what is to
/// be compared with them.
pub trait Urls {
    /// What `reference` names when it is read at `base`; `None` if that is no `http` or `https` URL.
    fn resolve(&self, reference: &str, base: &Target) -> Option<Target>;
}

/// The time.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()>;
}

/// Chance.
pub trait Dice {
    /// A number from 0 to below 1, evenly spread.
    fn roll(&self) -> f64;
}

/// Work that goes on behind the answer.
pub trait Background {
    /// Runs `work` to its end, after the answer has left too.
    fn spawn(&self, work: impl Future<Output = ()> + 'static);

    /// Runs `work` for as long as the client is there. If it leaves, the rest is not done.
    fn attend(&self, work: impl Future<Output = ()> + 'static);
}

/// Where reports go.
pub trait Reporter {
    /// Takes one report.
    fn report(&self, report: &Report);
}

/// A response head and what belongs behind it, as the exchange hands it to the edge.
#[derive(Debug)]
pub struct Answer<B> {
    /// 200 to 599, or 101 with a body handle that carries the WebSocket.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: Headers,
    /// Its body.
    pub body: AnswerBody<B>,
}

/// The header fields of an [`Answer`].
#[derive(Debug)]
pub enum Headers {
    /// Those of the response behind the body handle, changed in places: an origin's answer that is handed
    /// on need not be taken apart and put together again.
    Edited(Edits),
    /// Exactly these.
    Own(HeaderMap),
}

/// The body of an [`Answer`].
#[derive(Debug)]
pub enum AnswerBody<B> {
    /// None at all.
    Empty,
    /// Text made here.
    Text(String),
    /// A handle.
    Handle(B),
}
