//! May the store be asked, and may an answer be stored, and for how long (RFC 9111 §3, §3.5, §4.4)?

use std::time::Duration;

use http::header::{self, AUTHORIZATION, HeaderMap, HeaderName, SET_COOKIE, UPGRADE};
use http::{Method, StatusCode};

use super::directives::{RequestDirectives, ResponseDirectives};
use super::doubt::Doubt;
use super::entry::Stored;
use super::key::Vary;
use super::request_fields::{self, Bearing};
use super::{freshness, stale, validation};
use crate::config::{self, TrustVary};
use crate::fields::{connection_options, is_readable};
use crate::request::Request;
use crate::time::Timestamp;

/// How long a response with a validator is kept past its freshness where it may not be served stale: a 304
/// then saves the body.
const KEPT_FOR_VALIDATION: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest time for which anything is kept.
pub const LONGEST_RETENTION: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Why a request goes past the store: it is neither answered from it nor is its answer stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// The settings say so.
    Disabled,
    /// Neither GET nor HEAD.
    Method,
    /// It has a body, which is no part of the key.
    Body,
    /// It asks to change protocols.
    Upgrade,
    /// `Cache-Control: no-store` (RFC 9111 §5.2.1.5).
    RequestNoStore,
    /// `If-Match` or `If-Unmodified-Since`: they are for the origin to judge (RFC 9111 §4.3.2).
    Preconditions,
    /// A field has bytes that the platform could not read and replaced: two that differ would look alike.
    Unreadable,
    /// `Connection` takes fields off that this worker sees and the origin does not: its `Vary` would be
    /// compared with what it never got.
    ConnectionOptions,
}

impl Bypass {
    /// The word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Method => "method",
            Self::Body => "request_body",
            Self::Upgrade => "upgrade",
            Self::RequestNoStore => "request_no_store",
            Self::Preconditions => "preconditions",
            Self::Unreadable => "unreadable",
            Self::ConnectionOptions => "connection_options",
        }
    }
}

/// Whether the store may be asked for an answer to `request`, which has `asked` for this in its `Cache-Control`, and the
/// answer to it be stored.
///
/// `Authorization` is no obstacle here: what is stored was allowed to answer everybody (RFC 9111 §3.5).
pub fn may_look_up(
    request: &Request,
    asked: &RequestDirectives,
    settings: &config::Cache,
) -> Result<(), Bypass> {
    let headers = &request.headers;
    let preconditions = [header::IF_MATCH, header::IF_UNMODIFIED_SINCE];
    if !settings.enabled {
        Err(Bypass::Disabled)
    } else if request.method != Method::GET && request.method != Method::HEAD {
        Err(Bypass::Method)
    } else if headers.contains_key(UPGRADE) {
        Err(Bypass::Upgrade)
    } else if request.has_body {
        Err(Bypass::Body)
    } else if preconditions.iter().any(|name| headers.contains_key(name)) {
        Err(Bypass::Preconditions)
    } else if asked.no_store {
        Err(Bypass::RequestNoStore)
    } else if !is_readable(headers) {
        Err(Bypass::Unreadable)
    } else if !connection_options(headers).are_hop_by_hop() {
        Err(Bypass::ConnectionOptions)
    } else {
        Ok(())
    }
}

/// That an answer may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// For how long from now on: what is left of its freshness and the longest time past it for which it can be
    /// of use. More than zero, at most a year.
    pub retention: Duration,
    /// The request fields by which answers for the URL differ.
    pub vary: Vary,
}

/// Why an answer is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// The request goes past the store.
    Bypassed(Bypass),
    /// The answer to HEAD has no body to store.
    Head,
    /// An error, or another status that is not stored, or one that needs an explicit lifetime and has none.
    Status,
    /// 206, or an answer to `Range` that says by `Content-Range` that it is a part.
    Partial,
    /// `no-store`.
    NoStore,
    /// `private`.
    Private,
    /// `Set-Cookie`, and neither `public` nor `s-maxage`: it belongs to one visitor.
    SetCookie,
    /// `Vary: *`, or a `Vary` that cannot be read.
    VaryAny,
    /// The client chose a field that could have changed the answer, and `Vary` does not name it.
    UnkeyedHeader,
    /// A redirect for a URL with parameters that are not in the key: where it leads may depend on them.
    UnkeyedQuery,
    /// The request had `Authorization`, and the response does not allow to store it all the same.
    Authorization,
    /// The request had a cookie that could identify somebody, and the response is not explicitly for all.
    Identified,
    /// The body is larger than `cache.max_body`, or the header than an entry may be.
    TooLarge,
    /// A field has bytes that the platform could not read and replaced.
    Unreadable,
    /// It is a stream of events, which has no end.
    Endless,
    /// Its URL was invalidated while it was under way (RFC 9111 §4.4).
    Invalidated,
    /// It is neither fresh nor can it be used stale or be validated.
    NothingToGain,
    /// It may be the word of a broken site.
    Doubtful(Doubt),
}

impl NotStored {
    /// Whether the next answer for the same URL can be expected not to be stored either, to go by one with this
    /// status. A refusal, or a 304, may be owed to what this one request asked for.
    pub fn is_of_the_answer(self, status: StatusCode) -> bool {
        if status == StatusCode::NOT_MODIFIED || !(status.is_success() || status.is_redirection()) {
            return false;
        }
        !self.is_of_the_request() && !matches!(self, Self::Doubtful(_))
    }

    /// Whether it is owed to this one request, or to what became of it, and says nothing of what is stored.
    fn is_of_the_request(self) -> bool {
        match self {
            Self::Bypassed(_)
            | Self::Head
            | Self::Partial
            | Self::UnkeyedHeader
            | Self::UnkeyedQuery
            | Self::Authorization
            | Self::Identified
            | Self::Unreadable
            | Self::Invalidated => true,
            Self::Status
            | Self::NoStore
            | Self::Private
            | Self::SetCookie
            | Self::VaryAny
            | Self::TooLarge
            | Self::Endless
            | Self::NothingToGain
            | Self::Doubtful(_) => false,
        }
    }

    /// The word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bypassed(bypass) => bypass.word(),
            Self::Head => "head",
            Self::Status => "status",
            Self::Partial => "partial",
            Self::NoStore => "no_store",
            Self::Private => "private",
            Self::SetCookie => "set_cookie",
            Self::VaryAny => "vary_any",
            Self::UnkeyedHeader => "unkeyed_header",
            Self::UnkeyedQuery => "unkeyed_query",
            Self::Authorization => "authorization",
            Self::Identified => "identified",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::Endless => "endless",
            Self::Invalidated => "invalidated",
            Self::NothingToGain => "nothing_to_gain",
            Self::Doubtful(doubt) => doubt.word(),
        }
    }

    /// What an answer with `status` that is not stored for this reason says of the one that is. `is_fresh` is whether
    /// that one was fresh when it was asked for.
    ///
    /// A full answer ends the old one (RFC 9111 §4.3.3), but not everybody gets the same: one who sends credentials,
    /// or fields that others do not, says nothing of what others would get.
    pub fn effect(self, status: StatusCode, is_fresh: bool, asked: &Asked<'_>) -> Effect {
        let (code, is_gone) = (status.as_u16(), is_gone(status));
        if self.is_of_the_request() || !asked.is_anybody(&Vary::default()) {
            return Effect::None;
        }
        let is_doubted = matches!(self, Self::Doubtful(Doubt::Shrunk | Doubt::Retyped | Doubt::Unmarked));
        let is_for_nobody_else = code < 400 && matches!(self, Self::NoStore | Self::Private | Self::VaryAny);
        if is_doubted {
            // Whether the page has changed or the site is broken: what was fresh is no longer.
            Effect::Outdates
        } else if is_gone || is_for_nobody_else {
            Effect::Withdraws
        } else if is_fresh || status.is_server_error() || code == 304 {
            // What one visitor may not see, others may: it only is not fresh for longer than it was.
            Effect::None
        } else if matches!(code, 401 | 403 | 451) {
            Effect::Withdraws
        } else {
            Effect::Outdates
        }
    }
}

/// What an answer that is not stored says of the one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// It is out of date: it may stand in for a failing origin, and no more.
    Outdates,
    /// The same, and it does not stand in for this client. It goes when a second one is told so: one alone may have
    /// brought it about.
    Withdraws,
}

/// What was asked, as far as it decides whether the answer may be shown to others.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The client's request.
    pub request: &'a Request,
    /// What [`may_look_up`] says of it.
    pub lookup: Result<(), Bypass>,
    /// Fields sent to the origin that are not known to be harmless, and so could have changed the answer where its
    /// `Vary` does not name them.
    pub unkeyed: &'a [(HeaderName, Bearing)],
    /// Whether a cookie that could identify somebody was sent.
    pub identified: bool,
    /// What is stored already that the answer would take the place of.
    pub copy: Copy,
}

/// What is stored where an answer would be.
#[derive(Clone, core::marker::Copy, Debug, Default, PartialEq, Eq)]
pub enum Copy {
    /// Nothing, or what tells of an end itself.
    #[default]
    None,
    /// A page.
    Page,
    /// A page of which another client was told before that it has come to its end.
    Ending,
}

impl Asked<'_> {
    /// Whether a page of the usual kind was asked for, so that it is not its form that there is none of.
    fn is_ordinary(&self) -> bool {
        let mut accepted = self.request.headers.get_all(header::ACCEPT).iter().peekable();
        accepted.peek().is_none()
            || accepted.any(|line| {
                line.to_str().is_ok_and(|line| line.contains("*/*") || line.contains("text/html"))
            })
    }

    /// Whether nothing in the request makes its answer somebody's in particular, apart from what `vary` names.
    pub fn is_anybody(&self, vary: &Vary) -> bool {
        !self.identified
            && self.unkeyed.iter().all(|(name, _)| vary.covers(name))
            && !self.request.headers.contains_key(AUTHORIZATION)
    }
}

/// Decides whether an answer may be stored, for how long and by which fields it was selected (RFC 9111 §3).
///
/// `headers` are as received, hop-by-hop fields included; `length` is that of the body, where it is known;
/// `now` is when its header came. The body must turn out whole besides, and no larger than `cache.max_body`.
/// After a 304 the merged response is to be given, and the time at which the validating request was sent.
///
/// A targeted field decides in place of `Cache-Control` (RFC 9213 §2.2); the rules about cookies and
/// `Authorization` hold whoever speaks. Stricter than RFC 9111 in that a lifetime of zero neither makes an
/// answer to an identified visitor storable nor counts as an explicit one for the statuses that need it.
pub fn admit(
    asked: &Asked<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    length: Option<u64>,
    settings: &config::Cache,
    requested_at: Timestamp,
    now: Timestamp,
) -> Result<Admission, NotStored> {
    asked.lookup.map_err(NotStored::Bypassed)?;
    if asked.request.method != Method::GET {
        return Err(NotStored::Head);
    }
    let directives = ResponseDirectives::of(headers);
    let explicit = freshness::explicit_lifetime(&directives, headers, now);
    let has_lifetime = explicit.is_some_and(|lifetime| !lifetime.is_zero());
    let ends_a_page = asked.copy != Copy::None && is_gone(status);
    let takes_place = ends_a_page
        && asked.copy == Copy::Ending
        && asked.is_ordinary()
        && asked.is_anybody(&Vary::default());
    // What one client is told may be owed to that client.
    if ends_a_page && !takes_place {
        return Err(NotStored::Status);
    }
    // An operator who has set a heuristic wants it for all statuses that it is for (RFC 9111 §4.2.2).
    let heuristic = || freshness::heuristic(status, headers, now, settings);
    let can_be_fresh = has_lifetime || explicit.is_none() && heuristic().is_some_and(|span| !span.is_zero());
    fits_status(status, can_be_fresh, takes_place, settings)?;
    if headers.contains_key(header::CONTENT_RANGE) && asked.request.headers.contains_key(header::RANGE) {
        return Err(NotStored::Partial);
    }
    if directives.must_understand && status.canonical_reason().is_none() {
        return Err(NotStored::Status);
    }
    // Of an error that may pass, what it says about storing is said of itself alone: it withdraws nothing.
    if stale::is_passing_error(status) && (directives.no_store || directives.private) {
        return Err(NotStored::Status);
    }
    // What gets this far with it is understood, so `must-understand` lifts `no-store` (§5.2.2.3).
    if directives.no_store && !directives.must_understand {
        return Err(NotStored::NoStore);
    }
    if directives.private {
        return Err(NotStored::Private);
    }
    let vary = Vary::of(headers).ok_or(NotStored::VaryAny)?;
    let trusts_vary = match settings.trust_vary {
        TrustVary::Always => true,
        // What says `no-cache` may be stored, and answers nobody without the origin's word.
        TrustVary::Permitted => directives.public || has_lifetime || directives.no_cache,
        TrustVary::Never => false,
    };
    is_for_all(asked, headers, &directives, &vary, trusts_vary)?;
    if length.is_some_and(|length| length > settings.max_body) {
        return Err(NotStored::TooLarge);
    }
    if !is_readable(headers) {
        return Err(NotStored::Unreadable);
    }
    let age = freshness::age_of(headers, requested_at, now, now);
    let lifetime = explicit.unwrap_or_else(|| freshness::implied_lifetime(status, headers, now, settings));
    let has_validator = validation::names_a_version(headers);
    let retention = retention(status, &directives, has_validator, lifetime, age, settings);
    if retention.is_zero() {
        return Err(NotStored::NothingToGain);
    }
    Ok(Admission { retention, vary })
}

/// Whether a response with this status to this method means that what is stored for the URL is out of date: an
/// unsafe or unknown method that was not refused (RFC 9111 §4.4).
pub fn invalidates(method: &Method, status: StatusCode) -> bool {
    !method.is_safe() && (status.is_success() || status.is_redirection())
}

/// Whether a cookie of this name cannot identify anybody, by `cache.harmless_cookies`.
pub fn is_harmless_cookie(name: &str, settings: &config::Cache) -> bool {
    settings.harmless_cookies.iter().any(|pattern| pattern.matches(name))
}

/// Whether a status says that what was there is there no more.
fn is_gone(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308 | 404 | 410)
}

/// Which statuses are stored. Those that tell of a passing state, or that the request itself may have provoked, need a
/// lifetime of more than zero, and which errors do then is a setting; or they have to tell that something else is there no
/// more: what was deleted or moved does not come back from the store.
fn fits_status(
    status: StatusCode,
    has_lifetime: bool,
    takes_place: bool,
    settings: &config::Cache,
) -> Result<(), NotStored> {
    match status.as_u16() {
        200 | 203 | 300 | 301 => Ok(()),
        206 => Err(NotStored::Partial),
        201..=299 if has_lifetime => Ok(()),
        302 | 303 | 307 | 308 if has_lifetime || takes_place => Ok(()),
        404 | 410 if takes_place => Ok(()),
        error if has_lifetime && settings.error_statuses.contains(&error) => Ok(()),
        _ => Err(NotStored::Status),
    }
}

/// Whether the answer may be shown to somebody else. `trusts_vary` is whether `Vary` is believed about
/// fields of which nothing is known.
fn is_for_all(
    asked: &Asked<'_>,
    headers: &HeaderMap,
    directives: &ResponseDirectives,
    vary: &Vary,
    trusts_vary: bool,
) -> Result<(), NotStored> {
    let unkeyed = asked.unkeyed.iter().filter(|(name, _)| !vary.covers(name)).map(|(_, bearing)| *bearing);
    if unkeyed.max().is_some_and(|worst| worst == Bearing::Suspect || !trusts_vary) {
        return Err(NotStored::UnkeyedHeader);
    }
    if !request_fields::is_readable(asked.request, headers) {
        return Err(NotStored::UnkeyedHeader);
    }
    // A zero may stand for a value that could not be read, which permits nothing.
    let states = |lifetime: Option<Duration>| lifetime.is_some_and(|lifetime| !lifetime.is_zero());
    let shared = directives.public || states(directives.s_maxage);
    let has_credentials = asked.request.headers.contains_key(AUTHORIZATION);
    // One who is known gets cookies with pages of their own.
    if headers.contains_key(SET_COOKIE) && (!shared || asked.identified || has_credentials) {
        return Err(NotStored::SetCookie);
    }
    if has_credentials && !shared && !directives.must_revalidate {
        return Err(NotStored::Authorization);
    }
    if asked.identified && !shared && !states(directives.max_age) {
        return Err(NotStored::Identified);
    }
    Ok(())
}

/// For how long from `now` on a stored response can still be of use, at most a year.
pub fn retention_left(stored: &Stored, settings: &config::Cache, now: Timestamp) -> Duration {
    let has_validator = validation::has_validator(stored);
    let (lifetime, age) = (freshness::lifetime(stored, settings), freshness::age(stored, now));
    retention(stored.status, stored.headers.directives(), has_validator, lifetime, age, settings)
}

/// For how long a response of this age can be of use.
fn retention(
    status: StatusCode,
    directives: &ResponseDirectives,
    has_validator: bool,
    lifetime: Duration,
    age: Duration,
    settings: &config::Cache,
) -> Duration {
    let fresh = lifetime.saturating_sub(age);
    let for_validation = if has_validator && !stale::is_passing_error(status) {
        fresh.saturating_add(KEPT_FOR_VALIDATION)
    } else {
        Duration::ZERO
    };
    let as_it_is = stale::use_past_freshness(status, directives, settings)
        .map_or(Duration::ZERO, |past| lifetime.saturating_add(past).saturating_sub(age));
    as_it_is.max(for_validation).min(LONGEST_RETENTION)
}

#[cfg(test)]
mod tests {
    use super::super::entry::test::{fields, seconds};
    use super::*;
    use crate::config::{Cache, Pattern, Share};
    use crate::request::Target;
    use proptest::prelude::*;

    const DAY: u64 = 24 * 60 * 60;

    fn request(method: &str, headers: &[(&str, &str)]) -> Request {
        Request {
            method: method.parse().unwrap(),
            target: Target::parse("https://example.com/").unwrap(),
            headers: fields(headers),
            has_body: false,
            id: "1".to_owned(),
        }
    }

    fn looked_up(request: &Request, settings: &Cache) -> Result<(), Bypass> {
        may_look_up(request, &RequestDirectives::of(&request.headers), settings)
    }

    /// The verdict on an answer that came at once, with the retention in seconds.
    fn admitted(
        request: &Request,
        identified: bool,
        status: u16,
        headers: &[(&str, &str)],
    ) -> Result<u64, NotStored> {
        let asked = Asked {
            request,
            lookup: looked_up(request, &Cache::default()),
            unkeyed: &[],
            identified,
            copy: Copy::None,
        };
        let status = StatusCode::from_u16(status).unwrap();
        let (settings, now) = (Cache::default(), seconds(0));
        admit(&asked, status, &fields(headers), Some(10), &settings, now, now)
            .map(|admission| admission.retention.as_secs())
    }

    #[test]
    fn only_plain_get_and_head_ask_the_store() {
        let settings = Cache::default();
        for (method, headers, expected) in [
            ("GET", &[][..], Ok(())),
            ("HEAD", &[], Ok(())),
            ("GET", &[("authorization", "x"), ("cookie", "a=b")], Ok(())),
            ("GET", &[("if-none-match", "*"), ("cache-control", "no-cache")], Ok(())),
            ("GET", &[("connection", "close, te"), ("te", "trailers")], Ok(())),
            ("POST", &[], Err(Bypass::Method)),
            ("OPTIONS", &[], Err(Bypass::Method)),
            ("get", &[], Err(Bypass::Method)), // methods are case-sensitive, RFC 9110 §9.1
            ("GET", &[("range", "bytes=0-1"), ("if-range", "\"a\"")], Ok(())),
            ("GET", &[("upgrade", "websocket")], Err(Bypass::Upgrade)),
            ("GET", &[("cache-control", "No-Store")], Err(Bypass::RequestNoStore)),
            ("GET", &[("if-match", "\"a\"")], Err(Bypass::Preconditions)),
            ("GET", &[("if-unmodified-since", "x")], Err(Bypass::Preconditions)),
            (
                "GET",
                &[("connection", "Accept-Language"), ("accept-language", "de")],
                Err(Bypass::ConnectionOptions),
            ),
        ] {
            assert_eq!(looked_up(&request(method, headers), &settings), expected, "{method} {headers:?}");
        }
        let with_body = Request { has_body: true, ..request("GET", &[]) };
        assert_eq!(looked_up(&with_body, &settings), Err(Bypass::Body));
        let disabled = Cache { enabled: false, ..settings };
        assert_eq!(looked_up(&request("GET", &[]), &disabled), Err(Bypass::Disabled));
    }

    #[test]
    fn what_must_not_be_shown_to_others_is_not_stored() {
        use NotStored::{Authorization, Identified, NoStore, Partial, Private, SetCookie, Status, VaryAny};
        let anonymous = request("GET", &[]);
        let cc = |text| ("cache-control", text);
        for (status, headers, expected) in [
            (200, &[][..], Ok(DAY)),
            (200, &[cc("max-age=60")], Ok(60 + DAY)),
            (200, &[cc("max-age=60, No-Store")], Err(NoStore)), // §3
            (200, &[cc("max-age=60, no-store, must-understand")], Ok(60 + DAY)), // §5.2.2.3
            (200, &[cc("max-age=60, private")], Err(Private)),
            (200, &[cc("max-age=60, private=\"x-user\"")], Err(Private)),
            (200, &[cc("max-age=60"), ("set-cookie", "a=b")], Err(SetCookie)),
            (200, &[cc("public, max-age=60"), ("set-cookie", "a=b")], Ok(60 + DAY)),
            (200, &[cc("s-maxage=60"), ("set-cookie", "a=b")], Ok(60)),
            (200, &[("cdn-cache-control", "max-age=60"), ("set-cookie", "a=b")], Err(SetCookie)),
            (200, &[("cdn-cache-control", "max-age=60"), cc("no-store, private")], Ok(60 + DAY)), // RFC 9213
            (200, &[("cdn-cache-control", "no-store"), cc("max-age=60")], Err(NoStore)),
            (200, &[("vary", "*")], Err(VaryAny)),
            (206, &[cc("max-age=60")], Err(Partial)),
            (200, &[cc("max-age=60"), ("content-range", "bytes 0-0/4")], Ok(60 + DAY)),
            (299, &[cc("max-age=60")], Ok(60 + DAY)),
            (299, &[cc("max-age=60, must-understand")], Err(Status)),
            (201, &[cc("max-age=60, must-understand, no-store")], Ok(60 + DAY)),
            (204, &[], Err(Status)),
            (204, &[cc("max-age=60")], Ok(60 + DAY)),
            (301, &[], Ok(DAY)),
            (302, &[], Err(Status)),
            (302, &[cc("max-age=60")], Ok(60 + DAY)),
            (302, &[cc("max-age=0")], Err(Status)),
            (304, &[cc("max-age=60")], Err(Status)),
            (404, &[], Err(Status)),
            (404, &[cc("max-age=60")], Ok(60 + DAY)),
            (404, &[cc("public")], Err(Status)),
            (410, &[cc("s-maxage=60")], Ok(60)),
            (303, &[cc("max-age=60")], Ok(60 + DAY)),
            (405, &[cc("max-age=60")], Err(Status)),
            (400, &[cc("max-age=60")], Err(Status)),
            (403, &[cc("max-age=60")], Err(Status)),
            (414, &[cc("max-age=60")], Err(Status)),
            (500, &[cc("max-age=60, public")], Err(Status)),
            (503, &[cc("max-age=60, public")], Err(Status)),
            (101, &[cc("max-age=60")], Err(Status)),
        ] {
            assert_eq!(admitted(&anonymous, false, status, headers), expected, "{status} {headers:?}");
        }
        let authorized = request("GET", &[("authorization", "Bearer x")]);
        for (directives, by_authorization, by_cookie) in [
            ("", Err(Authorization), Err(Identified)),
            ("max-age=60", Err(Authorization), Ok(60 + DAY)), // §3.5
            ("max-age=0", Err(Authorization), Err(Identified)),
            ("max-age=x", Err(Authorization), Err(Identified)),
            ("public", Ok(DAY), Ok(DAY)),
            ("s-maxage=60", Ok(60), Ok(60)),
            ("s-maxage=x", Err(Authorization), Err(Identified)),
            ("must-revalidate, max-age=60", Ok(60), Ok(60)),
            ("stale-if-error=60", Err(Authorization), Err(Identified)),
        ] {
            let headers = [cc(directives)];
            assert_eq!(admitted(&authorized, false, 200, &headers), by_authorization, "{directives}");
            assert_eq!(admitted(&anonymous, true, 200, &headers), by_cookie, "{directives}");
        }
        let expires = ("expires", "Sun, 06 Nov 1994 08:50:37 GMT");
        assert_eq!(admitted(&anonymous, true, 200, &[expires]), Err(Identified));
    }

    #[test]
    fn a_heuristic_is_for_the_statuses_that_may_have_one_and_are_stored() {
        // RFC 9111 §4.2.2
        let (request, now) = (request("GET", &[]), seconds(100_000));
        let asked =
            Asked { request: &request, lookup: Ok(()), unkeyed: &[], identified: false, copy: Copy::None };
        let headers = fields(&[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        for (status, is_set, expected) in [
            (404, true, true),
            (404, false, false),
            (204, true, true),
            (405, true, false),
            (302, true, false),
            (200, false, true),
        ] {
            let heuristic = if is_set { Share::in_10_000(1000) } else { Share::ZERO };
            let settings = Cache { heuristic, ..Cache::default() };
            let status = StatusCode::from_u16(status).unwrap();
            let verdict = admit(&asked, status, &headers, None, &settings, now, now);
            assert_eq!(verdict.is_ok(), expected, "{status} {is_set}");
        }
    }

    #[test]
    fn a_field_outside_the_key_must_be_named_by_vary() {
        use Bearing::{Suspect, Unfamiliar};
        use TrustVary::{Always, Never, Permitted};
        let (request, now) = (request("GET", &[]), seconds(0));
        let refused = Err(NotStored::UnkeyedHeader);
        for (bearing, cache_control, vary, trust_vary, expected) in [
            // Nothing says that it may be stored.
            (Unfamiliar, "", "x-theme", Permitted, refused),
            (Unfamiliar, "", "X-Theme, x-size", Permitted, Ok(())),
            (Unfamiliar, "stale-if-error=60", "accept", Permitted, refused),
            (Unfamiliar, "max-age=0", "accept", Permitted, refused),
            // It says so itself, and `Vary` is believed.
            (Unfamiliar, "max-age=60", "x-theme", Permitted, Ok(())),
            (Unfamiliar, "public", "accept", Permitted, Ok(())),
            (Unfamiliar, "max-age=60", "x-theme", Never, refused),
            (Unfamiliar, "max-age=60", "x-theme, x-size", Never, Ok(())),
            (Suspect, "public, max-age=60", "x-theme", Permitted, refused),
            (Suspect, "public, max-age=60", "x-size, x-theme", Permitted, Ok(())),
            (Unfamiliar, "", "", Always, Ok(())),
            (Suspect, "", "", Always, refused),
            (Unfamiliar, "no-cache, stale-if-error=9", "", Permitted, Ok(())),
        ] {
            let unkeyed = ["x-theme", "x-size"].map(|name| (HeaderName::from_static(name), bearing));
            let asked = Asked {
                request: &request,
                lookup: Ok(()),
                unkeyed: &unkeyed,
                identified: false,
                copy: Copy::None,
            };
            let settings = Cache { trust_vary, ..Cache::default() };
            let headers = fields(&[("vary", vary), ("cache-control", cache_control)]);
            let verdict = admit(&asked, StatusCode::OK, &headers, None, &settings, now, now);
            assert_eq!(verdict.map(|_| ()), expected, "{bearing:?} {cache_control} {vary} {trust_vary:?}");
        }
    }

    #[test]
    fn what_a_script_of_another_site_asks_for_is_stored_if_it_says_who_may_read_it() {
        let (now, settings) = (seconds(0), Cache::default());
        for (origin, headers, expected) in [
            ("https://a.example", &[][..], Err(NotStored::UnkeyedHeader)),
            ("https://a.example", &[("access-control-allow-origin", "*")], Ok(vec![])),
            (
                "https://a.example",
                &[("access-control-allow-origin", "https://a.example")],
                Ok(vec!["origin"]),
            ),
            ("https://a.example", &[("vary", "Origin")], Ok(vec!["origin"])),
            ("https://example.com", &[], Ok(vec![])),
        ] {
            let request = request("GET", &[("origin", origin)]);
            let asked = Asked {
                request: &request,
                lookup: Ok(()),
                unkeyed: &[],
                identified: false,
                copy: Copy::None,
            };
            let headers = fields(&[&[("cache-control", "max-age=60")], headers].concat());
            let verdict = admit(&asked, StatusCode::OK, &headers, None, &settings, now, now);
            let names = |admission: Admission| {
                admission.vary.names().iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(
                verdict.map(names),
                expected.map(|names| names.into_iter().map(str::to_owned).collect()),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn a_copy_is_kept_for_as_long_as_it_can_be_of_use() {
        let anonymous = request("GET", &[]);
        let tag = ("etag", "\"a\"");
        let cc = |text| ("cache-control", text);
        let nothing = Err(NotStored::NothingToGain);
        for (headers, expected) in [
            (&[cc("max-age=60, stale-if-error=30")][..], Ok(90)),
            (&[cc("max-age=60, stale-if-error=30, stale-while-revalidate=50")], Ok(110)),
            (&[cc("max-age=60, stale-if-error=0")], Ok(60)),
            (&[cc("max-age=60, stale-if-error=30"), ("age", "70")], Ok(20)),
            (&[cc("max-age=60, stale-if-error=30"), ("age", "90")], nothing),
            (&[cc("max-age=60, must-revalidate, stale-if-error=30")], Ok(90)),
            (&[cc("s-maxage=60, stale-while-revalidate=30")], Ok(90)),
            (&[cc("s-maxage=60, stale-while-revalidate=30, stale-if-error=0")], Ok(90)),
            (&[cc("s-maxage=60, stale-while-revalidate")], Ok(365 * DAY)),
            (&[cc("no-cache, stale-if-error=30")], Ok(30)),
            (&[cc("no-cache, stale-while-revalidate=30")], nothing),
            (&[cc("max-age=60, must-revalidate"), tag], Ok(60 + DAY)),
            (&[cc("max-age=60, must-revalidate"), ("age", "50")], Ok(10)),
            (&[cc("max-age=60, stale-if-error=30"), tag], Ok(60 + DAY)),
            (&[cc("max-age=60, stale-if-error=172800"), tag], Ok(60 + 2 * DAY)),
            (&[cc("max-age=60, no-cache")], nothing),
            (&[cc("max-age=60, no-cache"), tag], Ok(60 + DAY)),
            (&[cc("no-cache"), tag], Ok(DAY)),
            (&[cc("s-maxage=0")], nothing),
            (&[cc("max-age=2147483648")], Ok(365 * DAY)),
        ] {
            assert_eq!(admitted(&anonymous, false, 200, headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn large_bodies_and_answers_to_head_are_not_stored() {
        let (now, settings) = (seconds(0), Cache { max_body: 9, ..Cache::default() });
        let get = request("GET", &[]);
        let asked =
            Asked { request: &get, lookup: Ok(()), unkeyed: &[], identified: false, copy: Copy::None };
        let of_length = |length| {
            admit(&asked, StatusCode::OK, &HeaderMap::new(), length, &settings, now, now).map(|_| ())
        };
        assert_eq!(of_length(Some(10)), Err(NotStored::TooLarge));
        assert_eq!(of_length(Some(9)), Ok(()));
        assert_eq!(of_length(None), Ok(()));
        assert_eq!(admitted(&request("HEAD", &[]), false, 200, &[]), Err(NotStored::Head));
        let post = admitted(&request("POST", &[]), false, 200, &[("cache-control", "max-age=60")]);
        assert_eq!(post, Err(NotStored::Bypassed(Bypass::Method)));
    }

    #[test]
    fn unsafe_methods_that_succeed_invalidate() {
        // RFC 9111 §4.4
        for (method, status, expected) in [
            ("POST", 200, true),
            ("PUT", 204, true),
            ("DELETE", 303, true),
            ("PURGE", 200, true),
            ("POST", 404, false),
            ("POST", 500, false),
            ("GET", 200, false),
            ("HEAD", 200, false),
            ("OPTIONS", 200, false),
        ] {
            let (method, status) = (method.parse().unwrap(), StatusCode::from_u16(status).unwrap());
            assert_eq!(invalidates(&method, status), expected, "{method} {status}");
        }
    }

    #[test]
    fn harmless_cookies_are_named_by_the_settings() {
        let settings = Cache::default();
        for (name, harmless) in
            [("_ga", true), ("_ga_ABC", true), ("_gid", true), ("_gids", false), ("_GA", false), ("", false)]
        {
            assert_eq!(is_harmless_cookie(name, &settings), harmless, "{name}");
        }
        let none = Cache { harmless_cookies: Vec::new(), ..settings.clone() };
        assert!(!is_harmless_cookie("_ga", &none));
        let all = Cache { harmless_cookies: vec![Pattern::new("*")], ..settings };
        assert!(is_harmless_cookie("session", &all));
    }

    fn directive() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "max-age=60",
            "max-age=0",
            "s-maxage=60",
            "public",
            "no-cache",
            "must-revalidate",
            "stale-if-error=60",
            "stale-if-error=0",
            "stale-while-revalidate=30",
            "must-understand",
            "x=y",
            "max-age=x",
        ])
        .prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn nothing_is_stored_over_a_prohibition(
            directives in prop::collection::vec(directive(), 0..5),
            prohibition in 0..4_usize,
            status in 200..600_u16,
            (authorized, identified) in any::<(bool, bool)>(),
        ) {
            let text = directives.join(", ");
            let forbidding = [("cache-control", "private"), ("set-cookie", "a"), ("vary", "*"), ("cache-control", "no-store")];
            prop_assume!(prohibition != 3 || !text.contains("must-understand"));
            let is_for_all = text.contains("public") || text.contains("s-maxage");
            prop_assume!(prohibition != 1 || identified || !is_for_all);
            let request = request("GET", if authorized { &[("authorization", "x")] } else { &[] });
            let headers = [("cache-control", text.as_str()), forbidding[prohibition]];
            prop_assert!(admitted(&request, identified, status, &headers).is_err());
        }

        #[test]
        fn a_kept_copy_is_of_use_and_not_for_ever(
            directives in prop::collection::vec(directive(), 0..5),
            age in 0..1_000_000_u64,
            tag in any::<bool>(),
        ) {
            let (text, age) = (directives.join(", "), age.to_string());
            let mut headers = vec![("cache-control", text.as_str()), ("age", age.as_str())];
            headers.extend(tag.then_some(("etag", "\"a\"")));
            match admitted(&request("GET", &[]), false, 200, &headers) {
                Ok(retention) => prop_assert!((1..=365 * DAY).contains(&retention)),
                Err(reason) => prop_assert_eq!(reason, NotStored::NothingToGain),
            }
        }
    }
}
