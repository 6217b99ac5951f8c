//! Doubtful answers. Is a 200 proof that the page works?
//!
//! A broken site often answers 200: with an empty or truncated page, a maintenance page, or JSON in place of HTML.
//! The client gets such an answer, but it does not replace the last good copy. The copy is no longer served as fresh;
//! it may still answer if the origin fails.
//!
//! A shrunk or retyped answer is stored once a second client gets a similar one at least ten seconds later, so a
//! deliberate change is stored some seconds late. An error, or a page without the required text, never replaces the
//! copy.

use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::directives::RequestDirectives;
use super::entry::Stored;
use super::stale;
use crate::config;
use crate::config::Share;
use crate::request::Client;
use crate::time::Timestamp;

/// How long after its first sighting a doubtful answer is accepted when it is seen again. A server restart takes
/// less.
const BELIEVED_AFTER: Duration = Duration::from_secs(10);

/// Why an answer is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The body is empty, or shorter than the configured share of the last good one.
    Shrunk,
    /// The media type differs from the last good one's, or is missing.
    Retyped,
    /// The page lacks the text that `cache.must_contain` requires.
    Unmarked,
    /// The answer is a temporary error, and a copy can answer in its place.
    Error,
}

impl Doubt {
    /// All doubts.
    pub const ALL: [Self; 4] = [Self::Shrunk, Self::Retyped, Self::Unmarked, Self::Error];

    /// The word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shrunk => "body_shrank",
            Self::Retyped => "type_changed",
            Self::Unmarked => "marker_missing",
            Self::Error => "error_over_copy",
        }
    }
}

/// The properties by which two answers for one page are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likeness {
    status: u16,
    length: Option<u64>,
    types: u64,
    is_coded: bool,
    requested_at: Timestamp,
}

impl Likeness {
    /// The likeness of `stored`.
    pub fn of(stored: &Stored) -> Self {
        Self {
            status: stored.status.as_u16(),
            length: stored.length,
            types: types(&stored.headers),
            is_coded: stored.headers.contains_key(CONTENT_ENCODING),
            requested_at: stored.requested_at,
        }
    }

    /// The likeness of a copy that may answer any client when the origin fails; `None` for other copies, which need
    /// no protection.
    pub fn of_copy(stored: &Stored, settings: &config::Cache, now: Timestamp) -> Option<Self> {
        let anybody = RequestDirectives::default();
        stale::may_stand_in(stored, &anybody, settings, now).ok().map(|()| Self::of(stored))
    }

    /// Whether this 200 may come from a broken site, compared with the last good 200, `old`; `None` if either status
    /// is not 200.
    ///
    /// Lengths are those on the wire. A newly compressed body may be shorter than the old one without doubt.
    pub fn doubt(&self, old: &Self, shrink: Share) -> Option<Doubt> {
        if self.status != 200 || old.status != 200 {
            return None;
        }
        let has_shrunk = match (self.length, old.length) {
            (Some(0), Some(old)) => old > 0,
            (Some(length), Some(old_length)) => {
                length < shrink.of(old_length) && (old.is_coded || !self.is_coded)
            }
            (None, _) | (_, None) => false,
        };
        if !shrink.is_zero() && has_shrunk {
            Some(Doubt::Shrunk)
        } else if old.types != 0 && old.types != self.types {
            Some(Doubt::Retyped)
        } else {
            None
        }
    }

    /// Whether both have the same status and type and neither is much shorter than the other.
    fn is_near(&self, other: &Self, shrink: Share) -> bool {
        let are_near = match (self.length, other.length) {
            (Some(one), Some(other)) => one.min(other) >= shrink.of(one.max(other)),
            (None, _) | (_, None) => true,
        };
        (self.status, self.types) == (other.status, other.types) && are_near
    }
}

/// A doubtful answer, remembered until another client gets a similar one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    at: Timestamp,
    by: Client,
    of: Likeness,
}

/// A doubtful answer: it is forwarded and not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubted {
    /// The reason.
    pub doubt: Doubt,
    /// The sighting to remember.
    pub sighting: Sighting,
}

/// Whether `new`, which may be stored, replaces `old`, a copy that may answer when the origin fails.
///
/// `seen` is the last sighting under the same key, and `by` is the client that receives `new`. If the platform does
/// not identify clients, each request counts as another client.
pub fn weigh(
    new: Likeness,
    lacks_marker: bool,
    old: Option<Likeness>,
    seen: Option<Sighting>,
    by: Client,
    shrink: Share,
    now: Timestamp,
) -> Result<(), Doubted> {
    let mut sighting = Sighting { at: now, by, of: new };
    let doubt = if lacks_marker {
        Doubt::Unmarked
    } else if let Some(old) = old {
        let is_error = StatusCode::from_u16(new.status).is_ok_and(stale::is_passing_error);
        match new.doubt(&old, shrink) {
            _ if is_error => Doubt::Error,
            None => return Ok(()),
            Some(doubt) => {
                // A sighting from before `old` was requested has lost its meaning.
                let is_alike = |seen: &Sighting| seen.at > old.requested_at && seen.of.is_near(&new, shrink);
                if let Some(first) = seen.filter(is_alike) {
                    let is_another = !by.is_known() || by != first.by;
                    if is_another && now.since(first.at) >= BELIEVED_AFTER {
                        return Ok(());
                    }
                    sighting = first;
                }
                doubt
            }
        }
    } else {
        return Ok(());
    };
    Err(Doubted { doubt, sighting })
}

/// Whether `cache.must_contain` applies to an answer with this head: an HTML page with status 200.
pub fn is_page(status: u16, headers: &HeaderMap) -> bool {
    let html: [&[u8]; 2] = [b"text/html", b"application/xhtml+xml"];
    let is_html = |line| html.iter().any(|html| html.eq_ignore_ascii_case(essence(line)));
    status == 200 && headers.get(CONTENT_TYPE).is_some_and(is_html)
}

/// A hash of the media types in `Content-Type`, in lower case and without parameters (RFC 9110 §8.3.1). Each line
/// counts, although there should be one. Zero if there is no media type.
fn types(headers: &HeaderMap) -> u64 {
    // FNV-1a is short, and a collision between two types gains an attacker nothing.
    let lines = headers.get_all(CONTENT_TYPE).iter().map(essence).filter(|essence| !essence.is_empty());
    lines.flat_map(|essence| essence.iter().chain(b";")).fold(0, |number: u64, byte| {
        let seeded = if number == 0 { 0xcbf2_9ce4_8422_2325 } else { number };
        (seeded ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

fn essence(line: &HeaderValue) -> &[u8] {
    line.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::super::entry::test::{fields, seconds, stored};
    use super::*;

    const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");
    const JSON: (&str, &str) = ("content-type", "application/json");
    const GZIP: (&str, &str) = ("content-encoding", "gzip");

    fn answer(length: u64, headers: &[(&str, &str)]) -> Stored {
        Stored { length: Some(length), ..stored(headers) }
    }

    fn with_status(status: u16, stored: Stored) -> Stored {
        Stored { status: StatusCode::from_u16(status).unwrap(), ..stored }
    }

    fn client(address: &str) -> Client {
        Client::of(&fields(&[("cf-connecting-ip", address)]))
    }

    fn weighed(
        new: &Stored,
        old: &Stored,
        seen: Option<Sighting>,
        by: &str,
        after: u64,
    ) -> Result<(), Doubted> {
        let (settings, now) = (config::Cache::default(), seconds(after));
        let old = Likeness::of_copy(old, &settings, now);
        weigh(Likeness::of(new), false, old, seen, client(by), settings.shrink, now)
    }

    #[test]
    fn what_is_suddenly_short_or_of_another_type_is_doubted() {
        let shrink = Share::in_10_000(1000);
        for (new, old, expected) in [
            (answer(100, &[HTML]), answer(1000, &[HTML]), None),
            (answer(99, &[HTML]), answer(1000, &[HTML]), Some(Doubt::Shrunk)),
            (answer(0, &[HTML]), answer(1, &[HTML]), Some(Doubt::Shrunk)),
            (answer(0, &[HTML]), answer(0, &[HTML]), None),
            (answer(99, &[HTML, GZIP]), answer(1000, &[HTML, GZIP]), Some(Doubt::Shrunk)),
            (answer(99, &[HTML]), answer(1000, &[HTML, GZIP]), Some(Doubt::Shrunk)),
            // That a body is coded now makes it shorter by itself.
            (answer(99, &[HTML, GZIP]), answer(1000, &[HTML]), None),
            (answer(0, &[HTML, GZIP]), answer(1000, &[HTML]), Some(Doubt::Shrunk)),
            (answer(1000, &[JSON]), answer(1000, &[HTML]), Some(Doubt::Retyped)),
            (answer(1000, &[]), answer(1000, &[HTML]), Some(Doubt::Retyped)),
            (answer(1000, &[HTML]), answer(1000, &[]), None),
            (answer(1000, &[("content-type", "TEXT/HTML")]), answer(1000, &[HTML]), None),
            (Stored { length: None, ..stored(&[HTML]) }, answer(1000, &[HTML]), None),
            (with_status(404, answer(0, &[JSON])), answer(1000, &[HTML]), None),
            (answer(0, &[JSON]), with_status(404, answer(1000, &[HTML])), None),
        ] {
            let doubt = Likeness::of(&new).doubt(&Likeness::of(&old), shrink);
            assert_eq!(doubt, expected, "{new:?} {old:?}");
        }
        let (empty, old) = (Likeness::of(&answer(0, &[HTML])), Likeness::of(&answer(1000, &[HTML])));
        assert_eq!(empty.doubt(&old, Share::ZERO), None);
    }

    #[test]
    fn a_doubtful_answer_is_believed_when_somebody_else_is_told_the_same_some_seconds_later() {
        let (old, new) = (answer(1000, &[HTML]), answer(50, &[HTML]));
        let first = weighed(&new, &old, None, "192.0.2.1", 100).unwrap_err();
        assert_eq!(first.doubt, Doubt::Shrunk);
        for (new, by, after, is_believed) in [
            (answer(50, &[HTML]), "192.0.2.2", 110, true),
            (answer(400, &[HTML]), "192.0.2.2", 110, true), // no doubt at all
            (answer(60, &[HTML]), "192.0.2.2", 110, true),
            (answer(50, &[HTML]), "192.0.2.2", 109, false), // too soon
            (answer(50, &[HTML]), "192.0.2.1", 110, false), // the same client
            (answer(4, &[HTML]), "192.0.2.2", 110, false),  // another answer
            (answer(50, &[JSON]), "192.0.2.2", 110, false),
        ] {
            let verdict = weighed(&new, &old, Some(first.sighting), by, after);
            assert_eq!(verdict.is_ok(), is_believed, "{new:?} {by} {after}");
        }
        // Where nobody says who asks, each request is somebody else's.
        let first = weighed(&new, &old, None, "", 100).unwrap_err();
        assert_eq!(weighed(&new, &old, Some(first.sighting), "", 110), Ok(()));
        // However often one client asks, the time counts from the first.
        let again = weighed(&new, &old, Some(first.sighting), "192.0.2.1", 105).unwrap_err();
        assert_eq!(again.sighting, first.sighting);
    }

    #[test]
    fn a_good_answer_in_between_begins_anew() {
        let new = answer(50, &[HTML]);
        let first = weighed(&new, &answer(1000, &[HTML]), None, "192.0.2.1", 100).unwrap_err();
        let newer = Stored { requested_at: seconds(200), received_at: seconds(200), ..answer(1000, &[HTML]) };
        assert!(weighed(&new, &newer, Some(first.sighting), "192.0.2.2", 300).is_err());
    }

    #[test]
    fn only_a_copy_that_can_stand_in_is_held_up_against_an_answer() {
        let new = answer(0, &[JSON]);
        let cc = |text| ("cache-control", text);
        for (old, expected) in [
            (answer(1000, &[HTML]), Err(Doubt::Shrunk)),
            (answer(1000, &[HTML, cc("max-age=60, stale-if-error=10")]), Ok(())),
            (answer(1000, &[HTML, cc("max-age=60, must-revalidate")]), Ok(())),
            (answer(1000, &[HTML, cc("no-cache")]), Ok(())),
            (with_status(404, answer(1000, &[HTML])), Ok(())),
            // That it is out of date does not make the answer good.
            (Stored { outdated: true, ..answer(1000, &[HTML]) }, Err(Doubt::Shrunk)),
        ] {
            let verdict = weighed(&new, &old, None, "192.0.2.1", 100).map_err(|doubted| doubted.doubt);
            assert_eq!(verdict, expected, "{old:?}");
        }
        let shrink = config::Cache::default().shrink;
        let first = Likeness::of(&new);
        assert_eq!(weigh(first, false, None, None, client("192.0.2.1"), shrink, seconds(0)), Ok(()));
    }

    #[test]
    fn an_error_never_takes_the_place_of_a_copy_that_can_stand_in() {
        let old = answer(1000, &[HTML]);
        for status in [400, 403, 451, 500, 503] {
            let error = with_status(status, answer(1000, &[HTML]));
            let doubted = weighed(&error, &old, None, "192.0.2.1", 100).unwrap_err();
            assert_eq!(doubted.doubt, Doubt::Error);
            let another = with_status(500, old.clone());
            assert_eq!(weighed(&error, &another, None, "192.0.2.1", 100), Ok(()));
        }
        for status in [301, 404, 410] {
            let final_answer = with_status(status, answer(0, &[]));
            assert_eq!(weighed(&final_answer, &old, None, "192.0.2.1", 100), Ok(()), "{status}");
        }
    }

    #[test]
    fn what_lacks_the_marker_is_never_believed() {
        let (old, new) = (answer(1000, &[HTML]), answer(1000, &[HTML]));
        let (shrink, by) = (config::Cache::default().shrink, client("192.0.2.2"));
        let (old, new) = (Likeness::of(&old), Likeness::of(&new));
        let weigh = |old, seen, after| weigh(new, true, old, seen, by, shrink, seconds(after)).unwrap_err();
        let first = weigh(Some(old), None, 100);
        assert_eq!(first.doubt, Doubt::Unmarked);
        assert_eq!(weigh(Some(old), Some(first.sighting), 200).doubt, Doubt::Unmarked);
        assert_eq!(weigh(None, None, 100).doubt, Doubt::Unmarked);
    }

    #[test]
    fn a_marker_is_looked_for_in_pages() {
        for (status, headers, expected) in [
            (200, &[HTML][..], true),
            (200, &[("content-type", "application/xhtml+xml")], true),
            (200, &[JSON], false),
            (200, &[], false),
            (404, &[HTML], false),
        ] {
            assert_eq!(is_page(status, &fields(headers)), expected, "{status} {headers:?}");
        }
    }
}
