//! May this answer be the last good copy that is kept for long, and may the kept one be served?
//!
//! Copies for `last_good.paths` outlast the edge cache: a crawler that gets an error for `/robots.txt` leaves the
//! whole site alone. That the operator named the path is the agreement outside of the protocol by which a
//! stale response may be served (RFC 9111 §4.2.4). What the origin forbids stays forbidden.
//!
//! There is one copy for a URL, of the variant that was kept last; requests that select another one do not
//! get it.

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

/// What names begin with; its number is that of the layout that [`name`] shows.
const BEFORE: &str = "kept/1/";

/// The longest name, in bytes: KV takes no longer one.
const LONGEST_NAME: usize = 512;

/// The name under which a copy is kept, at most 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What tells it from all other names, in little space.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

/// The name under which a copy for `request` is kept, e.g. `kept/1/https/example.com/robots.txt`.
///
/// `None` if its path is not in `last_good.paths`, the method is neither GET nor HEAD, the name would be too long,
/// or there is a query: clients choose queries, and could fill the namespace with them.
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

/// For how long a copy has to be kept: past `last_good.max_age` it is of no use. A minute or more.
pub fn retention(settings: &config::LastGood) -> Duration {
    settings.max_age
}

/// What a new answer means for the kept copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It takes the place of the kept copy, or is the first one.
    Write,
    /// The kept copy, if there is one, stays as it is.
    Leave(NotReplaced),
    /// The kept copy is no longer the truth, and the answer itself may not be kept.
    Remove,
}

/// Why the kept copy stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReplaced {
    /// It says the same already, and is not half as old as it may get.
    Unchanged,
    /// It was written less than `last_good.interval` ago.
    TooSoon,
    /// The answer may be the word of a broken site.
    Doubtful(Doubt),
    /// The answer leads elsewhere.
    Redirected,
    /// The answer is neither 200 nor 404 nor 410.
    NotGood,
    /// 404 or 410, and there is no copy that it could replace.
    NothingToReplace,
    /// The answer forbids its use while stale, as the kept copy does if there is one.
    Forbids,
    /// The answer may not be shown to others, or not be stored.
    NotForAll,
    /// The length of the body is not known.
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

/// Decides what the answer `new` means for the copy `old` that is kept under its name; `same_body` says
/// whether their bodies are equal, byte by byte or because a 304 said so.
///
/// To be asked about whole answers from the origin that [`admit`](super::storable::admit) allowed to be
/// stored, and about a 404 or 410: for these, admission is to be asked as if the status were 200, since it
/// refuses most of them for their status before it looks at who asked. Their header fields are looked at here
/// once more. An answer that admission found to withdraw what is stored
/// ([`Effect::Withdraws`](super::storable::Effect::Withdraws)) may be given too; it is never written.
///
/// - A 404 or 410 replaces a copy and never makes one: with `*` in a path, clients could otherwise fill the
///   namespace with addresses that do not exist.
/// - A 200 that is suddenly short or of another type is often a broken site, and is not believed, whatever
///   else it says: the page for "we are working on it" comes with `no-cache`. But nobody is there to settle
///   the doubt, and a page that was changed on purpose stays changed. So once the copy is older than half of
///   `last_good.max_age`, the answer is believed; in the other half, a broken site is mended.
/// - A copy is written at most once in `last_good.interval`. Except that an answer that forbids what the copy
///   allowed takes hold at once: as a copy that may not be served, so that the interval counts from there for
///   an origin that says now this, now that.
/// - A copy that says the same is written anew once it is older than half of `last_good.max_age`, so that it does
///   not run out while all is well.
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

/// Why a kept copy may not be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The response or the request forbids it.
    Forbidden(Forbidden),
    /// It is older than `last_good.max_age`.
    TooOld,
    /// It is for other requests, by its `Vary` (RFC 9111 §4.1).
    OtherVariant,
}

impl Refused {
    /// What refused it, for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.directive(),
            Self::TooOld => "last_good.max_age",
            Self::OtherVariant => "vary",
        }
    }

    /// What to write instead, or why nothing can be written: one sentence.
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

/// Whether the copy `kept` may answer although the origin failed to. To be asked when the edge cache has
/// nothing that may stand in.
///
/// Its age counts from its receipt. However fresh it is, a directive that forbids stale use refuses it: the
/// copy is not from a cache that could still validate it. Where a window stands beside such a directive, that holds.
/// Else how long the response's own `stale-if-error` is does not matter, as `last_good.max_age` is what the operator agreed
/// to; that of the request narrows, as it does for [`stale::may_stand_in`].
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

/// Whether `kept` is stale by more than `window` (RFC 5861 §4).
fn is_too_stale(kept: &Stored, window: Window, now: Timestamp) -> bool {
    let lifetime = freshness::explicit_lifetime(kept.headers.directives(), &kept.headers, kept.received_at);
    let staleness = freshness::age(kept, now).checked_sub(lifetime.unwrap_or_default());
    staleness.is_some_and(|staleness| match window {
        Window::NotStated => false,
        Window::Forbidden => true,
        Window::Length(length) => staleness > length,
    })
}

/// The window within which `response` may be served as a kept copy, if it has one of its own, or what in it forbids that.
fn bound(response: &Stored) -> Result<Option<Duration>, Forbidden> {
    stale::bound(response.status, response.headers.directives())
}

/// Whether `new` takes back the leave to serve what is kept: by a prohibition, or since nothing for its URL
/// may be stored any more (as in [`Effect::Withdraws`](super::storable::Effect::Withdraws)). That has to take hold at
/// once.
pub fn forbids(new: &Stored) -> bool {
    bound(new).is_err() || is_withdrawn(new)
}

fn is_withdrawn(new: &Stored) -> bool {
    let directives = new.headers.directives();
    // The three statuses are understood, so `must-understand` lifts `no-store` (RFC 9111 §5.2.2.3).
    directives.no_store && !directives.must_understand
        || directives.private
        || Vary::of(&new.headers).is_none()
}

/// Why `new` may not be kept, whatever it would replace. Without a length nobody could tell later that an
/// answer has shrunk.
fn unfit(new: &Stored) -> Option<NotReplaced> {
    if is_withdrawn(new) || new.headers.contains_key(SET_COOKIE) {
        Some(NotReplaced::NotForAll)
    } else if new.length.is_none() {
        Some(NotReplaced::LengthUnknown)
    } else {
        None
    }
}

/// Whether a client would be served the same by either.
fn is_unchanged(new: &Stored, same_body: bool, old: &Stored) -> bool {
    same_body
        && new.status == old.status
        && new.selected_by == old.selected_by
        && DECIDING.iter().chain(&TARGETED).all(|name| new.headers.get_all(name) == old.headers.get_all(name))
}

/// With [`TARGETED`], the fields without which a body means something else or may be used otherwise. Not
/// those that change with every answer, as dates and validators do: a copy is not validated.
const DECIDING: [HeaderName; 6] =
    [CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, LINK, VARY];

#[cfg(test)]
mod tests;
