//! May a stale response be used (RFC 9111 §4.2.4, RFC 5861)?
//!
//! A prohibition wins over a permission, wherever in the field each stands.

use std::time::Duration;

use super::directives::{RequestDirectives, ResponseDirectives, Window};
use super::entry::Stored;
use super::freshness;
use crate::config;
use crate::time::Timestamp;

/// Why a stored response may not stand in for a failed origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// `no-cache`: not without validation, fresh or stale (RFC 9111 §5.2.2.4).
    NoCache,
    /// `must-revalidate` (RFC 9111 §5.2.2.2).
    MustRevalidate,
    /// `proxy-revalidate` (RFC 9111 §5.2.2.8).
    ProxyRevalidate,
    /// `s-maxage`, which implies `proxy-revalidate` (RFC 9111 §5.2.2.10).
    SMaxage,
    /// `stale-if-error=0`, or one that cannot be read.
    StaleIfErrorZero,
    /// It is too old for `stale-if-error`, the response's own or the configured one.
    PastWindow,
    /// The client asked for validation with `no-cache` (RFC 9111 §5.2.1.4).
    RequestNoCache,
    /// It is too old for the client's `stale-if-error`, which narrows the window and never widens it.
    RequestStaleIfError,
    /// The origin told this client that it is not for everybody any more; see
    /// [`Stored::withdrawn_from`](super::entry::Stored::withdrawn_from).
    Withdrawn,
}

impl Forbidden {
    /// The directive that forbade it, for the log.
    pub fn directive(self) -> &'static str {
        match self {
            Self::NoCache => "no-cache",
            Self::MustRevalidate => "must-revalidate",
            Self::ProxyRevalidate => "proxy-revalidate",
            Self::SMaxage => "s-maxage",
            Self::StaleIfErrorZero => "stale-if-error=0",
            Self::PastWindow => "stale-if-error",
            Self::RequestNoCache => "no-cache in the request",
            Self::RequestStaleIfError => "stale-if-error in the request",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// What to write instead, or why nothing can be written: one sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoCache => {
                "Write `CDN-Cache-Control: max-age=0, stale-if-error=86400` beside it: browsers still obey no-cache, \
                 and a copy may stand in here."
            }
            Self::MustRevalidate => {
                "Write `CDN-Cache-Control` with max-age and stale-if-error, and without must-revalidate, beside it: \
                 browsers still obey must-revalidate, and a copy may stand in here."
            }
            Self::ProxyRevalidate => {
                "Drop proxy-revalidate, or write `CDN-Cache-Control` with max-age and stale-if-error beside it."
            }
            Self::SMaxage => {
                "Write `CDN-Cache-Control` with max-age and stale-if-error in place of s-maxage, which forbids \
                 stale copies."
            }
            Self::StaleIfErrorZero => {
                "Write stale-if-error with the number of seconds for which a copy may stand in, or leave it out \
                 for the configured time."
            }
            Self::PastWindow => {
                "Raise stale-if-error in the answer's `CDN-Cache-Control` or `Cache-Control`, or \
                 cache.stale_if_error where the answer does not have it."
            }
            Self::RequestNoCache | Self::RequestStaleIfError => {
                "Nothing needs to change: this client asked not to get an older copy."
            }
            Self::Withdrawn => {
                "Nothing needs to change: before it failed, the origin refused this client the page, or sent it as one \
                 that is not for everybody."
            }
        }
    }
}

/// Whether `stored` may answer the request although the origin failed to (RFC 5861 §4).
///
/// A response that is still fresh may, unless it or the client insists on validation; a stale one within
/// `stale-if-error`, which is the response's own or else the configured one. A `max-age` of the request does
/// not forbid it: it is a wish about freshness, which the permission sets aside, and browsers send one with every
/// reload.
pub fn may_stand_in(
    stored: &Stored,
    request: &RequestDirectives,
    settings: &config::Cache,
    now: Timestamp,
) -> Result<(), Forbidden> {
    let directives = stored.headers.directives();
    let forbidden = prohibition(directives);
    let staleness = freshness::staleness(stored, settings, now);
    match (forbidden, staleness) {
        (Some(forbidden), Some(_)) => return Err(forbidden),
        // The others bind once the response is stale.
        (Some(Forbidden::NoCache), None) => return Err(Forbidden::NoCache),
        (Some(_) | None, _) => {}
    }
    if request.no_cache {
        return Err(Forbidden::RequestNoCache);
    }
    let Some(staleness) = staleness else { return Ok(()) };
    if directives.stale_if_error == Window::Forbidden {
        return Err(Forbidden::StaleIfErrorZero);
    }
    if !is_within(staleness, span(directives.stale_if_error, settings.stale_if_error)) {
        return Err(Forbidden::PastWindow);
    }
    match request.stale_if_error {
        Window::Forbidden => Err(Forbidden::RequestStaleIfError),
        Window::Length(length) if !is_within(staleness, length) => Err(Forbidden::RequestStaleIfError),
        Window::Length(_) | Window::NotStated => Ok(()),
    }
}

/// Whether `stored` is stale and may answer all the same while it is refreshed behind the answer (RFC 5861 §3).
///
/// Not if the client asked for validation or for a fresh answer (RFC 9111 §5.2.1).
pub fn may_revalidate_behind(
    stored: &Stored,
    request: &RequestDirectives,
    settings: &config::Cache,
    now: Timestamp,
) -> bool {
    if stored.outdated || request.no_cache || request.max_age.is_some() || request.min_fresh.is_some() {
        return false;
    }
    let directives = stored.headers.directives();
    let window = span(directives.stale_while_revalidate, settings.stale_while_revalidate);
    prohibition(directives).is_none()
        && freshness::staleness(stored, settings, now).is_some_and(|staleness| is_within(staleness, window))
}

/// Whether `stored` is stale and answers all the same because the client takes it so: it is no staler than the
/// request's `max-stale` (RFC 9111 §5.2.1.2), no older than its `max-age`, and no prohibition stands against it.
pub fn is_accepted(
    stored: &Stored,
    request: &RequestDirectives,
    settings: &config::Cache,
    now: Timestamp,
) -> bool {
    let Some(at_most) = request.max_stale.filter(|_| !request.no_cache && request.min_fresh.is_none()) else {
        return false;
    };
    !stored.outdated
        && prohibition(stored.headers.directives()).is_none()
        && request.max_age.is_none_or(|max_age| freshness::age(stored, now) <= max_age)
        && freshness::staleness(stored, settings, now).is_some_and(|staleness| staleness <= at_most)
}

/// The directive of a response that forbids its use while stale, if it has one.
pub(super) fn prohibition(directives: &ResponseDirectives) -> Option<Forbidden> {
    if directives.no_cache {
        Some(Forbidden::NoCache)
    } else if directives.must_revalidate {
        Some(Forbidden::MustRevalidate)
    } else if directives.proxy_revalidate {
        Some(Forbidden::ProxyRevalidate)
    } else if directives.s_maxage.is_some() {
        Some(Forbidden::SMaxage)
    } else {
        None
    }
}

/// How long `window` is where `default` holds for a response that says nothing.
pub(super) fn span(window: Window, default: Duration) -> Duration {
    match window {
        Window::NotStated => default,
        Window::Forbidden => Duration::ZERO,
        Window::Length(length) => length,
    }
}

/// A window of no length has nothing within it.
fn is_within(staleness: Duration, window: Duration) -> bool {
    !window.is_zero() && staleness <= window
}

#[cfg(test)]
mod tests {
    use super::super::entry::test::{fields, seconds, stored};
    use super::*;

    fn stand_in(response: &[(&str, &str)], request: &str, after: u64) -> Result<(), Forbidden> {
        let request = RequestDirectives::of(&fields(&[("cache-control", request)]));
        let stale_if_error = Duration::from_secs(100);
        let settings = config::Cache { stale_if_error, ..config::Cache::default() };
        may_stand_in(&stored(response), &request, &settings, seconds(after))
    }

    #[test]
    fn a_stale_copy_stands_in_within_its_window() {
        // RFC 5861 §4
        for (response, after, expected) in [
            ("", 100, Ok(())),
            ("", 101, Err(Forbidden::PastWindow)),
            ("max-age=60", 160, Ok(())),
            ("max-age=60", 161, Err(Forbidden::PastWindow)),
            ("max-age=60, stale-if-error=500", 560, Ok(())),
            ("max-age=60, stale-if-error=500", 561, Err(Forbidden::PastWindow)),
            ("max-age=60, stale-if-error=5", 66, Err(Forbidden::PastWindow)),
            ("max-age=60, stale-if-error=0", 59, Ok(())),
            ("max-age=60, stale-if-error=0", 60, Err(Forbidden::StaleIfErrorZero)),
            ("max-age=60, stale-if-error=x", 60, Err(Forbidden::StaleIfErrorZero)),
        ] {
            assert_eq!(stand_in(&[("cache-control", response)], "", after), expected, "{response} {after}");
        }
    }

    #[test]
    fn a_prohibition_wins_over_a_permission() {
        // RFC 9111 §4.2.4, §5.2.2.10
        for (directive, forbidden) in [
            ("no-cache", Forbidden::NoCache),
            ("No-Cache=\"x\"", Forbidden::NoCache),
            ("must-revalidate", Forbidden::MustRevalidate),
            ("proxy-revalidate", Forbidden::ProxyRevalidate),
            ("s-maxage=60", Forbidden::SMaxage),
        ] {
            for text in [
                format!("{directive}, max-age=60, stale-if-error=500"),
                format!("stale-if-error=500, max-age=60, {directive}"),
            ] {
                assert_eq!(stand_in(&[("cache-control", &text)], "", 61), Err(forbidden), "{text}");
            }
        }
    }

    #[test]
    fn a_fresh_copy_stands_in_unless_validation_is_insisted_on() {
        // RFC 9111 §5.2.2.2 binds "once the response has become stale", §5.2.2.4 always
        for (response, request, expected) in [
            ("max-age=60, must-revalidate", "", Ok(())),
            ("s-maxage=60", "max-age=0", Ok(())),
            ("max-age=60, no-cache", "", Err(Forbidden::NoCache)),
            ("max-age=60", "no-cache", Err(Forbidden::RequestNoCache)),
        ] {
            assert_eq!(stand_in(&[("cache-control", response)], request, 10), expected, "{response}");
        }
    }

    #[test]
    fn a_client_can_narrow_the_window_but_not_widen_it() {
        for (request, after, expected) in [
            ("stale-if-error=10", 10, Ok(())),
            ("stale-if-error=10", 11, Err(Forbidden::RequestStaleIfError)),
            ("stale-if-error=0", 1, Err(Forbidden::RequestStaleIfError)),
            ("stale-if-error=1000", 101, Err(Forbidden::PastWindow)),
            ("max-age=0", 50, Ok(())),
            ("no-cache", 1, Err(Forbidden::RequestNoCache)),
        ] {
            assert_eq!(stand_in(&[], request, after), expected, "{request} {after}");
        }
    }

    #[test]
    fn the_targeted_field_alone_decides_whether_a_copy_stands_in() {
        // RFC 9213 §2.2; this is what the log advises.
        let both = [
            ("cache-control", "no-cache, must-revalidate, s-maxage=0"),
            ("cdn-cache-control", "max-age=0, stale-if-error=500"),
        ];
        assert_eq!(stand_in(&both, "", 400), Ok(()));
        let forbidding = [("cache-control", "stale-if-error=500"), ("cdn-cache-control", "must-revalidate")];
        assert_eq!(stand_in(&forbidding, "", 1), Err(Forbidden::MustRevalidate));
    }

    #[test]
    fn nothing_stands_in_where_it_is_switched_off() {
        let settings = config::Cache { stale_if_error: Duration::ZERO, ..config::Cache::default() };
        let asked = RequestDirectives::default();
        assert_eq!(may_stand_in(&stored(&[]), &asked, &settings, seconds(0)), Err(Forbidden::PastWindow));
        let explicit = stored(&[("cache-control", "stale-if-error=5")]);
        assert_eq!(may_stand_in(&explicit, &asked, &settings, seconds(5)), Ok(()));
    }

    #[test]
    fn the_configured_window_for_refreshing_behind_holds_where_the_answer_is_silent() {
        // RFC 5861 §3
        let window = Duration::from_secs(10);
        let settings = config::Cache { stale_while_revalidate: window, ..config::Cache::default() };
        let asked = RequestDirectives::default();
        for (response, after, expected) in [
            ("max-age=60", 59, false),
            ("max-age=60", 70, true),
            ("max-age=60", 71, false),
            ("max-age=60, stale-while-revalidate=0", 61, false),
            ("max-age=60, stale-while-revalidate=20", 80, true),
            ("max-age=60, no-cache, stale-while-revalidate=20", 61, false),
        ] {
            let response = stored(&[("cache-control", response)]);
            assert_eq!(may_revalidate_behind(&response, &asked, &settings, seconds(after)), expected);
        }
    }
}
