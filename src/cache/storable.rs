//! Admission to the store. May a request be answered from the store, may its answer be stored, and for how long (RFC
//! 9111 §3, §3.5, §4.4)?

use std::time::Duration;

use http::header::{self, AUTHORIZATION, HeaderMap, SET_COOKIE, UPGRADE};
use http::{Method, StatusCode};

use super::directives::{RequestDirectives, ResponseDirectives};
use super::doubt::Doubt;
use super::entry::Stored;
use super::key::Vary;
use super::request_fields::{self, FieldClass, Unkeyed};
use super::{freshness, stale, validation};
use crate::config::{self, TrustVary};
use crate::fields::{connection_options, is_readable};
use crate::request::Request;
use crate::time::Timestamp;

/// How long a response with a validator is retained after its freshness even if it may not be served stale: a 304
/// saves the body.
const KEPT_FOR_VALIDATION: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest retention.
pub const LONGEST_RETENTION: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Why a request bypasses the store: it is not answered from the store, and its answer is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// The cache is switched off.
    Disabled,
    /// The method is neither GET nor HEAD.
    Method,
    /// The request has a body, which is not part of the key.
    Body,
    /// The request has `Upgrade`.
    Upgrade,
    /// `Cache-Control: no-store` (RFC 9111 §5.2.1.5).
    RequestNoStore,
    /// `If-Match` or `If-Unmodified-Since`, which only the origin can evaluate (RFC 9111 §4.3.2).
    Preconditions,
    /// A field has bytes that the platform replaced because it could not read them: two different values would look
    /// equal.
    Unreadable,
    /// `Connection` removes fields that this worker sees and the origin does not. `Vary` would be compared with
    /// fields that the origin never got.
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

/// Whether `request`, whose directives are `asked`, may be answered from the store and its answer stored.
///
/// `Authorization` is allowed here: a stored response was permitted to answer everybody (RFC 9111 §3.5).
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

/// Permission to store an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The remaining freshness plus the longest useful time after it. More than zero, at most a year.
    pub retention: Duration,
    /// The request fields that select the answer among those for the URL.
    pub vary: Vary,
    /// What the answer directs.
    pub directives: ResponseDirectives,
}

/// Why an answer is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// The request bypasses the store.
    Bypassed(Bypass),
    /// The answer to HEAD has no body to store.
    Head,
    /// The status is never stored, or needs a lifetime that the answer does not have.
    Status,
    /// A 206, or an answer to `Range` with `Content-Range`.
    Partial,
    /// `no-store`.
    NoStore,
    /// `private`.
    Private,
    /// `Set-Cookie` without `public` or `s-maxage`: the answer belongs to one visitor. Also with either, if the
    /// request identified its client.
    SetCookie,
    /// `Vary` is `*` or unreadable.
    VaryAny,
    /// The client sent a field that could have changed the answer, and `Vary` does not name it.
    UnkeyedHeader,
    /// A redirect for a URL with parameters that are not in the key: its target may depend on them.
    UnkeyedQuery,
    /// The request had `Authorization`, and the response does not explicitly permit storage.
    Authorization,
    /// The request had an identifying cookie, and the response is not explicitly shared.
    Identified,
    /// The body exceeds `cache.max_body`, or the head does not fit into an entry.
    TooLarge,
    /// A field has bytes that the platform replaced because it could not read them.
    Unreadable,
    /// An event stream, which has no end.
    Endless,
    /// The URL was invalidated while the answer was on its way (RFC 9111 §4.4).
    Invalidated,
    /// The answer is not fresh, may not be used stale and cannot be validated.
    NothingToGain,
    /// The answer may come from a broken site.
    Doubtful(Doubt),
}

impl NotStored {
    /// Whether later answers for the URL will probably not be stored either, judging by one with this `status`. A
    /// refusal or a 304 may be due to this one request.
    pub fn is_of_the_answer(self, status: StatusCode) -> bool {
        if status == StatusCode::NOT_MODIFIED || !(status.is_success() || status.is_redirection()) {
            return false;
        }
        !self.is_of_the_request() && !matches!(self, Self::Doubtful(_))
    }

    /// Whether the reason lies in this one request or its fate, and says nothing about the stored copy.
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

    /// The effect on the stored copy of an answer with `status` that is not stored for this reason. `is_fresh`:
    /// whether the copy was fresh at the time of the request.
    ///
    /// A full answer replaces the old one (RFC 9111 §4.3.3). But clients get different answers: one that sends
    /// credentials or unusual fields says nothing about other clients' answers.
    pub fn effect(self, status: StatusCode, is_fresh: bool, asked: &Asked<'_>) -> Effect {
        let (code, is_gone) = (status.as_u16(), is_gone(status));
        if self.is_of_the_request() || !asked.is_anybody(&Vary::default()) {
            return Effect::None;
        }
        let is_doubted = matches!(self, Self::Doubtful(Doubt::Shrunk | Doubt::Retyped | Doubt::Unmarked));
        let is_for_nobody_else = code < 400 && matches!(self, Self::NoStore | Self::Private | Self::VaryAny);
        if is_doubted {
            // The page has changed or the site is broken. In both cases the copy is no longer fresh.
            Effect::Outdates
        } else if is_gone || is_for_nobody_else {
            Effect::Withdraws
        } else if is_fresh || status.is_server_error() || code == 304 {
            // Other clients may see what this one may not. The copy stays fresh until its lifetime ends.
            Effect::None
        } else if matches!(code, 401 | 403 | 451) {
            Effect::Withdraws
        } else {
            Effect::Outdates
        }
    }
}

/// The effect on the stored copy of an answer that is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// None.
    None,
    /// The copy is out of date: it may answer only if the origin fails.
    Outdates,
    /// As [`Outdates`](Self::Outdates), and the copy does not answer for this client. A second client's answer of
    /// this kind removes it; one client alone could have provoked it.
    Withdraws,
}

/// The facts about a request that decide whether other clients may get its answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The client's request.
    pub request: &'a Request,
    /// The result of [`may_look_up`].
    pub lookup: Result<(), Bypass>,
    /// Fields sent to the origin that are not known to be harmless. They may have changed the answer if its `Vary`
    /// does not name them.
    pub unkeyed: &'a Unkeyed,
    /// Whether an identifying cookie was sent.
    pub identified: bool,
    /// The stored copy that the answer would replace.
    pub existing: Existing,
}

/// The kind of copy that is already stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// None, or one that itself reports that the page is gone.
    #[default]
    None,
    /// A page.
    Page,
    /// A page that another client's answer has [withdrawn](Effect::Withdraws).
    Withdrawn,
}

impl Asked<'_> {
    /// Whether the request accepts HTML or anything. Otherwise a 404 may concern only the requested format.
    fn is_ordinary(&self) -> bool {
        let mut accepted = self.request.headers.get_all(header::ACCEPT).iter().peekable();
        accepted.peek().is_none()
            || accepted.any(|line| {
                line.to_str().is_ok_and(|line| line.contains("*/*") || line.contains("text/html"))
            })
    }

    /// Whether any client's request would get this answer, apart from the fields in `vary`.
    pub fn is_anybody(&self, vary: &Vary) -> bool {
        !self.identified
            && self.unkeyed.iter().all(|(name, _)| vary.covers(name))
            && !self.request.headers.contains_key(AUTHORIZATION)
    }
}

/// Decides whether an answer may be stored, for how long and under which fields (RFC 9111 §3).
///
/// - `headers`: as received, with hop-by-hop fields
/// - `length`: that of the body in bytes, if known
/// - `now`: when the header arrived
///
/// The body must also turn out to be whole and no larger than `cache.max_body`. After a 304, pass the merged response
/// and the time of the validating request.
///
/// A targeted field replaces `Cache-Control` (RFC 9213 §2.2), but not the rules about cookies and `Authorization`.
/// Stricter than RFC 9111: a lifetime of zero does not count as explicit, neither for an identified visitor's answer
/// nor for a status that needs a lifetime.
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
    let ends_a_page = asked.existing != Existing::None && is_gone(status);
    let takes_place = ends_a_page
        && asked.existing == Existing::Withdrawn
        && asked.is_ordinary()
        && asked.is_anybody(&Vary::default());
    // One client's answer may concern that client alone.
    if ends_a_page && !takes_place {
        return Err(NotStored::Status);
    }
    // An operator who sets a heuristic wants it for every status that RFC 9111 §4.2.2 allows.
    let heuristic = || freshness::heuristic(status, headers, now, settings);
    let can_be_fresh = has_lifetime || explicit.is_none() && heuristic().is_some_and(|span| !span.is_zero());
    fits_status(status, can_be_fresh, takes_place, settings)?;
    if headers.contains_key(header::CONTENT_RANGE) && asked.request.headers.contains_key(header::RANGE) {
        return Err(NotStored::Partial);
    }
    if directives.must_understand && status.canonical_reason().is_none() {
        return Err(NotStored::Status);
    }
    // The directives of a temporary error concern only itself: they do not withdraw the copy.
    if stale::is_passing_error(status) && (directives.no_store || directives.private) {
        return Err(NotStored::Status);
    }
    // The status is understood here, so `must-understand` overrides `no-store` (§5.2.2.3).
    if directives.no_store && !directives.must_understand {
        return Err(NotStored::NoStore);
    }
    if directives.private {
        return Err(NotStored::Private);
    }
    let vary = Vary::of(headers).ok_or(NotStored::VaryAny)?;
    let trusts_vary = match settings.trust_vary {
        TrustVary::Always => true,
        // `no-cache` permits storage, but never an answer without validation.
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
    Ok(Admission { retention, vary, directives })
}

/// Whether a response with this status to this method invalidates the stored responses for the URL: an unsafe or
/// unknown method that succeeded or redirected (RFC 9111 §4.4).
pub fn invalidates(method: &Method, status: StatusCode) -> bool {
    !method.is_safe() && (status.is_success() || status.is_redirection())
}

/// Whether a cookie with this name cannot identify a client, by `cache.harmless_cookies`.
pub fn is_harmless_cookie(name: &str, settings: &config::Cache) -> bool {
    settings.harmless_cookies.iter().any(|pattern| pattern.matches(name))
}

/// Whether the status says that the page is gone or has moved.
fn is_gone(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308 | 404 | 410)
}

/// Whether a response with this status may be stored. Temporary statuses, and those that the request itself may have
/// provoked, need a lifetime above zero; for errors, a setting lists them. A status that ends a stored page needs
/// none: a deleted or moved page must not return from the store.
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

/// Whether other clients may get the answer. `trusts_vary`: whether the absence of unfamiliar fields from `Vary` is
/// trusted.
fn is_for_all(
    asked: &Asked<'_>,
    headers: &HeaderMap,
    directives: &ResponseDirectives,
    vary: &Vary,
    trusts_vary: bool,
) -> Result<(), NotStored> {
    let unkeyed = asked.unkeyed.iter().filter(|(name, _)| !vary.covers(name)).map(|(_, class)| *class);
    if unkeyed.max().is_some_and(|worst| worst == FieldClass::Suspect || !trusts_vary) {
        return Err(NotStored::UnkeyedHeader);
    }
    if !request_fields::is_readable(asked.request, headers) {
        return Err(NotStored::UnkeyedHeader);
    }
    // A zero may stand for an unreadable value, which permits nothing.
    let states = |lifetime: Option<Duration>| lifetime.is_some_and(|lifetime| !lifetime.is_zero());
    let shared = directives.public || states(directives.s_maxage);
    let has_credentials = asked.request.headers.contains_key(AUTHORIZATION);
    // An identified client may get a cookie with a page of its own.
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

/// How long from `now` on a stored response can be useful, at most a year.
pub fn retention_left(stored: &Stored, settings: &config::Cache, now: Timestamp) -> Duration {
    let has_validator = validation::has_validator(stored);
    let (lifetime, age) = (freshness::lifetime(stored, settings), freshness::age(stored, now));
    retention(stored.status, stored.headers.directives(), has_validator, lifetime, age, settings)
}

/// How long a response of this age can be useful.
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
mod tests;
