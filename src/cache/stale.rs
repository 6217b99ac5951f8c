//! Stale use. May a stale response be served (RFC 9111 §4.2.4, RFC 5861)?
//!
//! A directive that forbids stale use binds, unless the same field states a window beside it. The window is more
//! precise, so stale use is then allowed within that window only.

use std::time::Duration;

use http::StatusCode;

use super::directives::{RequestDirectives, ResponseDirectives, Window};
use super::entry::Stored;
use super::freshness;
use crate::config;
use crate::time::Timestamp;

/// Why a stored response may not answer in place of a failed origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// `no-cache`: it must be validated, fresh or stale (RFC 9111 §5.2.2.4).
    NoCache,
    /// `must-revalidate` (RFC 9111 §5.2.2.2).
    MustRevalidate,
    /// `proxy-revalidate` (RFC 9111 §5.2.2.8).
    ProxyRevalidate,
    /// `s-maxage`, which implies `proxy-revalidate` (RFC 9111 §5.2.2.10).
    SMaxage,
    /// `stale-if-error=0`, or an unreadable value.
    StaleIfErrorZero,
    /// It is older than the windows that it states, or than the configured one.
    PastWindow,
    /// It is older than the client's `stale-if-error`, which may narrow the window but not widen it.
    RequestStaleIfError,
    /// The origin withdrew the page from this client; see
    /// [`Stored::withdrawn_from`](super::entry::Stored::withdrawn_from).
    Withdrawn,
    /// The copy is an error. It answers while it is fresh, but never in place of another failure.
    ErrorStatus,
    /// The status that the origin sent is not in `cache.stale_statuses`.
    Setting,
}

impl Forbidden {
    /// The directive or setting that forbids it, for the log.
    pub fn directive(self) -> &'static str {
        match self {
            Self::NoCache => "no-cache",
            Self::MustRevalidate => "must-revalidate",
            Self::ProxyRevalidate => "proxy-revalidate",
            Self::SMaxage => "s-maxage",
            Self::StaleIfErrorZero => "stale-if-error=0",
            Self::PastWindow => "stale-if-error",
            Self::RequestStaleIfError => "stale-if-error in the request",
            Self::Withdrawn => "withdrawn",
            Self::ErrorStatus => "error status",
            Self::Setting => "cache.stale_statuses",
        }
    }

    /// Advice for the operator in one sentence: what to write instead, or why nothing needs to change.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoCache => {
                "Write `stale-if-error=86400` beside no-cache: all is still validated while the origin answers, and \
                 copies stand in for a day when it fails."
            }
            Self::MustRevalidate => {
                "Write `stale-if-error=86400` beside must-revalidate: copies then stand in for a day when the origin \
                 fails."
            }
            Self::ProxyRevalidate => {
                "Drop proxy-revalidate, or write `stale-if-error=86400` beside it: copies then stand in for a day \
                 when the origin fails."
            }
            Self::SMaxage => {
                "Write `stale-if-error=86400` beside s-maxage, which alone forbids stale copies: they then stand in \
                 for a day when the origin fails."
            }
            Self::StaleIfErrorZero => {
                "Write stale-if-error with the number of seconds for which a copy may stand in, or leave it out \
                 for the configured time."
            }
            Self::PastWindow => {
                "Raise or add stale-if-error in the answer's `CDN-Cache-Control` or `Cache-Control`, or raise \
                 cache.stale_if_error where the answer states no window."
            }
            Self::RequestStaleIfError => {
                "Nothing needs to change: this client asked not to get an older copy."
            }
            Self::Withdrawn => {
                "Nothing needs to change: before it failed, the origin refused this client the page, or sent it as one \
                 that is not for everybody."
            }
            Self::ErrorStatus => "Nothing needs to change: an error does not stand in for another.",
            Self::Setting => "Add the status to cache.stale_statuses for copies to stand in.",
        }
    }
}

/// Whether `stored` may answer the request when the origin fails (RFC 5861 §4); otherwise the reason.
///
/// - A fresh response may, unless it says `no-cache` without a window beside it or is an error.
/// - A stale response may within the windows that it states, or else within the configured one.
///
/// In the request, only `stale-if-error` can forbid it. `no-cache` and `max-age` cannot: no cache has to honour such
/// wishes (RFC 9111 §5.2.1), browsers send them on every reload, and the alternative is an error.
pub fn may_stand_in(
    stored: &Stored,
    request: &RequestDirectives,
    settings: &config::Cache,
    now: Timestamp,
) -> Result<(), Forbidden> {
    let directives = stored.headers.directives();
    let bound = bound(stored.status, directives);
    let Some(staleness) = freshness::staleness(stored, settings, now) else {
        return match bound {
            Err(Forbidden::ErrorStatus) => Err(Forbidden::ErrorStatus),
            Err(forbidden) if directives.no_cache => Err(forbidden),
            // The other directives bind once the response is stale.
            Ok(_) | Err(_) => Ok(()),
        };
    };
    let window = bound?.unwrap_or_else(|| on_error(directives, settings));
    if !is_within(staleness, window) {
        return Err(Forbidden::PastWindow);
    }
    match request.stale_if_error {
        Window::Forbidden => Err(Forbidden::RequestStaleIfError),
        Window::Length(length) if !is_within(staleness, length) => Err(Forbidden::RequestStaleIfError),
        Window::Length(_) | Window::NotStated => Ok(()),
    }
}

/// Whether `stored` may answer although the origin works: it is slow, or is being ramped up after a failure.
///
/// The rules are those for a failure, with two differences. The client's `no-cache` forbids it. A stale response that
/// forbids stale use needs a `stale-while-revalidate`, the only window that is about a working origin.
pub fn may_bridge(
    stored: &Stored,
    request: &RequestDirectives,
    settings: &config::Cache,
    now: Timestamp,
) -> bool {
    let directives = stored.headers.directives();
    let is_free = || match word(directives) {
        None => true,
        Some(Forbidden::NoCache) => false,
        Some(_) => freshness::staleness(stored, settings, now)
            .is_none_or(|staleness| is_within(staleness, directives.stale_while_revalidate.stated())),
    };
    !request.no_cache && is_free() && may_stand_in(stored, request, settings, now).is_ok()
}

/// Whether `stored` is stale and may answer while it is refreshed in the background (RFC 5861 §3).
///
/// Never if the client asked for validation or for a fresh answer (RFC 9111 §5.2.1), or if the response is marked as
/// outdated.
pub fn may_revalidate_behind(
    stored: &Stored,
    request: &RequestDirectives,
    settings: &config::Cache,
    now: Timestamp,
) -> bool {
    if stored.outdated || request.no_cache || request.max_age.is_some() || request.min_fresh.is_some() {
        return false;
    }
    let window = behind(stored.status, stored.headers.directives(), settings);
    freshness::staleness(stored, settings, now).is_some_and(|staleness| is_within(staleness, window))
}

/// Whether `stored` is stale and may answer because the request's `max-stale` accepts it (RFC 9111 §5.2.1.2). It must
/// also meet the request's `max-age`, and no directive may forbid stale use. A window beside such a directive does
/// not count here.
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
        && !is_passing_error(stored.status)
        && word(stored.headers.directives()).is_none()
        && request.max_age.is_none_or(|max_age| freshness::age(stored, now) <= max_age)
        && freshness::staleness(stored, settings, now).is_some_and(|staleness| staleness <= at_most)
}

/// Whether a status is an error that may be temporary: 400 or above, except 404 and 410. Such a response is stored
/// only by setting and is useless once stale.
pub fn is_passing_error(status: StatusCode) -> bool {
    status.as_u16() >= 400 && !matches!(status.as_u16(), 404 | 410)
}

/// The window within which a response may be used stale if the origin fails: its own beside a directive that forbids
/// stale use; `None` if nothing forbids it; the reason if nothing allows it.
pub(super) fn bound(
    status: StatusCode,
    directives: &ResponseDirectives,
) -> Result<Option<Duration>, Forbidden> {
    if is_passing_error(status) {
        return Err(Forbidden::ErrorStatus);
    }
    if directives.stale_if_error == Window::Forbidden {
        return Err(Forbidden::StaleIfErrorZero);
    }
    let Some(word) = word(directives) else { return Ok(None) };
    let behind = directives.stale_while_revalidate.stated();
    // `no-cache` requires validation while the origin works, so `stale-while-revalidate` gives it no window.
    let behind = if word == Forbidden::NoCache { Duration::ZERO } else { behind };
    let window = directives.stale_if_error.stated().max(behind);
    if window.is_zero() { Err(word) } else { Ok(Some(window)) }
}

/// How long after its freshness a response can be useful without validation, beyond its use while fresh; `None` if it
/// must always be validated.
pub(super) fn use_past_freshness(
    status: StatusCode,
    directives: &ResponseDirectives,
    settings: &config::Cache,
) -> Option<Duration> {
    let behind = behind(status, directives, settings);
    match bound(status, directives) {
        Ok(window) => Some(window.unwrap_or_else(|| on_error(directives, settings)).max(behind)),
        Err(_) if directives.no_cache => None,
        Err(_) => Some(behind),
    }
}

/// How long after its freshness an unrestricted response may answer when the origin fails: `stale-if-error` or the
/// setting, and at least as long as its `stale-while-revalidate`.
fn on_error(directives: &ResponseDirectives, settings: &config::Cache) -> Duration {
    let window = match directives.stale_if_error {
        Window::NotStated => settings.stale_if_error,
        stated @ (Window::Length(_) | Window::Forbidden) => stated.stated(),
    };
    window.max(directives.stale_while_revalidate.stated())
}

/// How long after its freshness a response may be served while it is refreshed.
fn behind(status: StatusCode, directives: &ResponseDirectives, settings: &config::Cache) -> Duration {
    match (word(directives), directives.stale_while_revalidate) {
        _ if is_passing_error(status) => Duration::ZERO,
        (Some(Forbidden::NoCache), _) => Duration::ZERO,
        (None, Window::NotStated) => settings.stale_while_revalidate,
        (_, window) => window.stated(),
    }
}

/// The directive that forbids stale use, if any, whatever window is beside it.
fn word(directives: &ResponseDirectives) -> Option<Forbidden> {
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

/// False for every staleness if the window is zero.
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
    fn a_word_that_forbids_stale_use_holds_unless_a_window_stands_beside_it() {
        // RFC 9111 §4.2.4, §5.2.2.10; RFC 5861
        let (day, year) = (24 * 60 * 60, 365 * 24 * 60 * 60);
        for (directive, forbidden) in [
            ("no-cache", Forbidden::NoCache),
            ("No-Cache=\"x\"", Forbidden::NoCache),
            ("must-revalidate", Forbidden::MustRevalidate),
            ("proxy-revalidate", Forbidden::ProxyRevalidate),
            ("s-maxage=60", Forbidden::SMaxage),
        ] {
            let by_window = |window| if forbidden == Forbidden::NoCache { Err(forbidden) } else { window };
            for (beside, staleness, expected) in [
                ("", 1, Err(forbidden)),
                ("stale-if-error=500", 500, Ok(())),
                ("stale-if-error=500", 501, Err(Forbidden::PastWindow)),
                ("stale-if-error=50", 51, Err(Forbidden::PastWindow)), // the configured 100 s are for others
                ("stale-if-error=0", 1, Err(Forbidden::StaleIfErrorZero)),
                ("stale-if-error=soon", 1, Err(Forbidden::StaleIfErrorZero)),
                ("stale-while-revalidate=500", 500, by_window(Ok(()))),
                ("stale-while-revalidate=500", 501, by_window(Err(Forbidden::PastWindow))),
                ("stale-while-revalidate=0", 1, Err(forbidden)),
                ("stale-while-revalidate=500, stale-if-error=0", 1, Err(Forbidden::StaleIfErrorZero)),
                // As Next.js writes it: 13 and 14, then 15 and later.
                ("stale-while-revalidate", year, by_window(Ok(()))),
                ("stale-while-revalidate=31535940", 30 * day, by_window(Ok(()))),
            ] {
                for text in [
                    format!("{directive}, max-age=60, {beside}"),
                    format!("{beside}, max-age=60, {directive}"),
                ] {
                    let response = [("cache-control", text.as_str())];
                    assert_eq!(stand_in(&response, "", 60 + staleness), expected, "{text} {staleness}");
                }
            }
        }
    }

    #[test]
    fn the_longer_of_two_windows_holds_when_the_origin_fails() {
        for (text, staleness, expected) in [
            ("s-maxage=60, stale-while-revalidate=30, stale-if-error=50", 50, Ok(())),
            ("s-maxage=60, stale-while-revalidate=50, stale-if-error=30", 50, Ok(())),
            ("s-maxage=60, stale-while-revalidate=50, stale-if-error=30", 51, Err(Forbidden::PastWindow)),
            ("max-age=60, stale-while-revalidate=500", 500, Ok(())),
            ("max-age=60, stale-while-revalidate=5", 100, Ok(())), // the configured one
            ("max-age=60, stale-while-revalidate=500, stale-if-error=0", 1, Err(Forbidden::StaleIfErrorZero)),
        ] {
            assert_eq!(stand_in(&[("cache-control", text)], "", 60 + staleness), expected, "{text}");
        }
    }

    #[test]
    fn a_fresh_copy_stands_in_unless_it_insists_on_validation() {
        // RFC 9111 §5.2.2.2 binds "once the response has become stale", §5.2.2.4 always
        for (response, request, expected) in [
            ("max-age=60, must-revalidate", "", Ok(())),
            ("s-maxage=60", "max-age=0", Ok(())),
            ("max-age=60, no-cache", "", Err(Forbidden::NoCache)),
            ("max-age=60, no-cache, stale-if-error=0", "", Err(Forbidden::StaleIfErrorZero)),
            ("max-age=60, no-cache, stale-if-error=5", "", Ok(())),
            ("max-age=60", "no-cache", Ok(())),
        ] {
            assert_eq!(stand_in(&[("cache-control", response)], request, 10), expected, "{response}");
        }
    }

    #[test]
    fn an_origin_that_is_slow_or_returning_has_not_failed() {
        let settings = config::Cache { stale_if_error: Duration::from_secs(100), ..config::Cache::default() };
        for (response, request, after, expected) in [
            ("max-age=60", "", 160, true),
            ("max-age=60", "", 161, false),
            ("max-age=60", "max-age=0", 10, true),
            ("max-age=60", "no-cache", 10, false), // RFC 9111 §5.2.1.4
            ("max-age=60, stale-if-error=0", "", 61, false),
            ("max-age=60, must-revalidate", "", 10, true),
            ("max-age=60, must-revalidate", "", 61, false),
            ("max-age=60, must-revalidate, stale-if-error=500", "", 61, false),
            ("s-maxage=60, stale-while-revalidate=30", "", 90, true),
            ("s-maxage=60, stale-while-revalidate=30, stale-if-error=500", "", 91, false),
            ("max-age=60, no-cache, stale-if-error=500", "", 10, false),
            ("no-cache, stale-while-revalidate=500, stale-if-error=500", "", 10, false),
        ] {
            let asked = RequestDirectives::of(&fields(&[("cache-control", request)]));
            let copy = stored(&[("cache-control", response)]);
            let may = may_bridge(&copy, &asked, &settings, seconds(after));
            assert_eq!(may, expected, "{response} | {request} | {after}");
        }
    }

    #[test]
    fn an_error_answers_while_it_is_fresh_and_stands_in_for_nothing() {
        let settings = config::Cache { stale_while_revalidate: Duration::from_secs(9), ..Default::default() };
        let asked = RequestDirectives::of(&fields(&[("cache-control", "max-stale")]));
        let text = "max-age=60, stale-if-error=600, stale-while-revalidate=600";
        for (status, is_of_use) in [(200, true), (404, true), (410, true), (451, false), (503, false)] {
            let status = StatusCode::from_u16(status).unwrap();
            let copy = Stored { status, ..stored(&[("cache-control", text)]) };
            let plain = RequestDirectives::default();
            for after in [10, 70] {
                let verdict = may_stand_in(&copy, &plain, &settings, seconds(after));
                let expected = if is_of_use { Ok(()) } else { Err(Forbidden::ErrorStatus) };
                assert_eq!(verdict, expected, "{status} {after}");
            }
            assert_eq!(may_revalidate_behind(&copy, &plain, &settings, seconds(70)), is_of_use, "{status}");
            assert_eq!(is_accepted(&copy, &asked, &settings, seconds(70)), is_of_use, "{status}");
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
            ("stale-if-error", 100, Ok(())),
            // Wishes about freshness, which a reload sends: without the copy there is an error.
            ("no-cache", 50, Ok(())),
            ("no-cache, max-age=0", 50, Ok(())),
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
            ("max-age=60, no-cache, stale-while-revalidate=20, stale-if-error=20", 61, false),
            ("max-age=60, must-revalidate", 61, false), // not by configuration
            ("max-age=60, must-revalidate, stale-if-error=20", 61, false), // that is about failures
            ("max-age=60, must-revalidate, stale-while-revalidate=20", 80, true),
            ("s-maxage=60, stale-while-revalidate=20", 80, true),
            ("s-maxage=60, stale-while-revalidate=20", 81, false),
            ("s-maxage=60, stale-while-revalidate", 86_400, true),
            ("s-maxage=60, stale-while-revalidate=20, stale-if-error=0", 80, true),
        ] {
            let response = stored(&[("cache-control", response)]);
            assert_eq!(may_revalidate_behind(&response, &asked, &settings, seconds(after)), expected);
        }
    }
}
