//! Last good copies. May an answer be kept as one, and may the kept copy be served (RFC 9111 §4.2.4)?
//!
//! Copies for `last_good.paths` outlast the edge cache: a crawler that gets an error for `/robots.txt` stays away
//! from the whole site. By naming the path, the operator agrees to stale responses outside the protocol, as RFC 9111
//! §4.2.4 requires. The origin's prohibitions still hold.
//!
//! A URL has one copy, of the variant that was kept last. It does not answer requests for other variants.

use std::time::Duration;

use http::Method;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, LINK, SET_COOKIE,
    VARY,
};

use super::directives::{RequestDirectives, TARGETED, Window};
use super::doubt::{Doubt, Likeness};
use super::entry::Stored;
use super::freshness;
use super::key::{Digest, Vary};
use super::stale::{self, Forbidden};
use crate::config;
use crate::request::Request;
use crate::time::Timestamp;

/// The prefix of all names. Its number is the version of the layout in [`name`].
const BEFORE: &str = "kept/1/";

/// The longest name, in bytes: the limit of KV.
const LONGEST_NAME: usize = 512;

/// The name of a kept copy, at most 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short digest that identifies the name.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

/// The name of the copy for `request`, e.g. `kept/1/https/example.com/robots.txt`. `None` if:
///
/// - its path is not in `last_good.paths`
/// - the method is neither GET nor HEAD
/// - the name would be too long
/// - there is a query: clients choose queries and could fill the namespace
pub fn name(request: &Request, settings: &config::LastGood) -> Option<Name> {
    let target = &request.target;
    let is_read = request.method == Method::GET || request.method == Method::HEAD;
    let has_query = target.path() != target.path_and_query();
    if !is_read || has_query || !settings.paths.iter().any(|path| path.matches(target.path())) {
        return None;
    }
    let name = format!("{BEFORE}{}/{}{}", target.scheme(), target.authority(), target.path());
    (name.len() <= LONGEST_NAME).then_some(Name(name))
}

/// How long a copy is kept: after `last_good.max_age` it is useless. A minute or more.
pub fn retention(settings: &config::LastGood) -> Duration {
    settings.max_age
}

/// The effect of a new answer on the kept copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The answer replaces the copy, or is the first one.
    Write,
    /// The copy, if any, stays as it is.
    Leave(NotReplaced),
    /// The copy is no longer valid, and the answer itself may not be kept.
    Remove,
}

/// Why the copy stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReplaced {
    /// The copy is equal and younger than half of its maximal age.
    Unchanged,
    /// The copy was written less than `last_good.interval` ago.
    TooSoon,
    /// The answer may come from a broken site.
    Doubtful(Doubt),
    /// The answer is a redirect.
    Redirected,
    /// The answer is neither 200 nor 404 nor 410.
    NotGood,
    /// The answer is a 404 or 410, and there is no copy to replace.
    NothingToReplace,
    /// The answer forbids stale use, and so does the copy, if any.
    Forbids,
    /// The answer may not be shown to others, or not be stored.
    NotForAll,
    /// The length of the body is unknown.
    LengthUnknown,
}

impl NotReplaced {
    /// The word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::TooSoon => "too_soon",
            Self::Doubtful(doubt) => doubt.word(),
            Self::Redirected => "redirected",
            Self::NotGood => "not_good",
            Self::NothingToReplace => "nothing_to_replace",
            Self::Forbids => "forbids",
            Self::NotForAll => "not_for_all",
            Self::LengthUnknown => "length_unknown",
        }
    }
}

/// Decides the effect of the answer `new` on the copy `old` under its name. `same_body`: the bodies are equal, by
/// bytes or according to a 304.
///
/// Call it with whole answers from the origin:
///
/// - answers that [`admit`](super::storable::admit) permits to store
/// - a 404 or 410 that `admit` would permit with the status 200; otherwise it refuses most of them for their status
///   before it checks who asked
/// - answers that withdraw the stored copy ([`Effect::Withdraws`](super::storable::Effect::Withdraws)), which are
///   never written
///
/// The rules:
///
/// - A 404 or 410 replaces a copy but never creates one: with `*` in a path, clients could fill the namespace with
///   URLs that do not exist.
/// - A 200 that is suddenly short or of another type often comes from a broken site and is not accepted, whatever it
///   says: a maintenance page has `no-cache`. But nobody resolves the doubt, and a deliberate change is permanent. So
///   the answer is accepted once the copy is older than half of `last_good.max_age`. The other half is time to repair
///   a broken site.
/// - A copy is written at most once per `last_good.interval`. An answer that forbids what the copy allowed takes
///   effect at once, as a copy that may not be served. The interval then starts there, for an origin that keeps
///   changing its mind.
/// - An equal copy is rewritten once it is older than half of `last_good.max_age`, so that it does not expire while
///   the origin works.
pub fn decide(
    new: &Stored,
    same_body: bool,
    old: Option<&Stored>,
    settings: &config::LastGood,
    now: Timestamp,
) -> Decision {
    use Decision::{Leave as Stay, Remove, Write};
    let is_gone = match new.status.as_u16() {
        200 => false,
        404 | 410 => true,
        300..=399 => return Stay(NotReplaced::Redirected),
        _ => return Stay(NotReplaced::NotGood),
    };
    let (unfit, forbids) = (unfit(new), forbids(new));
    let Some(old) = old else {
        return match unfit {
            _ if is_gone => Stay(NotReplaced::NothingToReplace),
            Some(unfit) => Stay(unfit),
            None if forbids => Stay(NotReplaced::Forbids),
            None => Write,
        };
    };
    let age = now.since(old.received_at);
    let is_past_half = age > settings.max_age / 2;
    let old_forbids = bound(old).is_err();
    let doubt = Likeness::of(new)
        .doubt(&Likeness::of(old), settings.shrink)
        .filter(|_| !is_past_half && !old_forbids);
    match (doubt, unfit) {
        (Some(doubt), _) => Stay(NotReplaced::Doubtful(doubt)),
        (None, Some(unfit)) if !is_gone && !forbids => Stay(unfit),
        (None, _) if forbids && old_forbids => Stay(NotReplaced::Forbids),
        (None, _) if !forbids && !is_past_half && is_unchanged(new, same_body, old) => {
            Stay(NotReplaced::Unchanged)
        }
        (None, _) if !forbids && age < settings.interval => Stay(NotReplaced::TooSoon),
        (None, None) => Write,
        (None, Some(_)) => Remove,
    }
}

/// Why a copy may not be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The response or the request forbids it.
    Forbidden(Forbidden),
    /// The copy is older than `last_good.max_age`.
    TooOld,
    /// The copy is for other requests, by its `Vary` (RFC 9111 §4.1).
    OtherVariant,
}

impl Refused {
    /// The reason's word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.directive(),
            Self::TooOld => "last_good.max_age",
            Self::OtherVariant => "vary",
        }
    }

    /// Advice for the operator in one sentence: what to write instead, or why nothing needs to change.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.advice(),
            Self::TooOld => "Raise last_good.max_age for copies that may get older.",
            Self::OtherVariant => {
                "Leave `Vary` out of answers for last_good.paths: only one variant of them is kept."
            }
        }
    }
}

/// Whether the copy `kept` may answer when the origin failed and the edge cache has nothing usable; otherwise the
/// reason.
///
/// - The age counts from receipt.
/// - A directive that forbids stale use refuses even a fresh copy, because this copy can no longer be validated. A
///   window beside it applies.
/// - Otherwise the response's own `stale-if-error` length does not matter: the operator agreed to
///   `last_good.max_age`.
/// - The request's `stale-if-error` narrows the window, as in [`stale::may_stand_in`].
pub fn may_stand_in(
    kept: &Stored,
    request_headers: &HeaderMap,
    asked: &RequestDirectives,
    settings: &config::LastGood,
    now: Timestamp,
) -> Result<(), Refused> {
    let own = match bound(kept) {
        Ok(window) => window.map_or(Window::NotStated, Window::Length),
        Err(forbidden) => return Err(Refused::Forbidden(forbidden)),
    };
    if now.since(kept.received_at) > settings.max_age {
        Err(Refused::TooOld)
    } else if is_too_stale(kept, own, now) {
        Err(Refused::Forbidden(Forbidden::PastWindow))
    } else if is_too_stale(kept, asked.stale_if_error, now) {
        Err(Refused::Forbidden(Forbidden::RequestStaleIfError))
    } else if !kept.matches(request_headers) {
        Err(Refused::OtherVariant)
    } else {
        Ok(())
    }
}

/// Whether `kept` has been stale for longer than `window` (RFC 5861 §4).
fn is_too_stale(kept: &Stored, window: Window, now: Timestamp) -> bool {
    let lifetime = freshness::explicit_lifetime(kept.headers.directives(), &kept.headers, kept.received_at);
    let staleness = freshness::age(kept, now).checked_sub(lifetime.unwrap_or_default());
    staleness.is_some_and(|staleness| match window {
        Window::NotStated => false,
        Window::Forbidden => true,
        Window::Length(length) => staleness > length,
    })
}

/// The response's own window for use as a kept copy, if any; or the directive that forbids that use.
fn bound(response: &Stored) -> Result<Option<Duration>, Forbidden> {
    stale::bound(response.status, response.headers.directives())
}

/// Whether `new` revokes the permission to serve the kept copy: by a prohibition, or because nothing for its URL may
/// be stored any more (as in [`Effect::Withdraws`](super::storable::Effect::Withdraws)). This takes effect at once.
pub fn forbids(new: &Stored) -> bool {
    bound(new).is_err() || is_withdrawn(new)
}

fn is_withdrawn(new: &Stored) -> bool {
    let directives = new.headers.directives();
    // The three statuses are understood, so `must-understand` overrides `no-store` (RFC 9111 §5.2.2.3).
    directives.no_store && !directives.must_understand
        || directives.private
        || Vary::of(&new.headers).is_none()
}

/// Why `new` may not be kept, whatever it would replace. Without a length, a later shrunken answer could not be
/// detected.
fn unfit(new: &Stored) -> Option<NotReplaced> {
    if is_withdrawn(new) || new.headers.contains_key(SET_COOKIE) {
        Some(NotReplaced::NotForAll)
    } else if new.length.is_none() {
        Some(NotReplaced::LengthUnknown)
    } else {
        None
    }
}

/// Whether a client would get the same from both.
fn is_unchanged(new: &Stored, same_body: bool, old: &Stored) -> bool {
    same_body
        && new.status == old.status
        && new.selected_by == old.selected_by
        && DECIDING.iter().chain(&TARGETED).all(|name| new.headers.get_all(name) == old.headers.get_all(name))
}

/// With [`TARGETED`], the fields that change the meaning or permitted use of a body. Dates and validators are not
/// among them: they change with every answer, and a copy is not validated.
const DECIDING: [HeaderName; 6] =
    [CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, LINK, VARY];

#[cfg(test)]
mod tests;
