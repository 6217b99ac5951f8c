//! The cache's decisions. Does a stored response match this request, and how may it be used (RFC 9111, RFC 5861, RFC
//! 9213)?
//!
//! These modules decide and never fetch. The exchange queries the store and passes in the result.

pub mod directives;
pub mod doubt;
pub mod entry;
pub mod freshness;
pub mod key;
pub mod last_good;
pub mod purge;
pub mod range;
pub mod request_fields;
pub mod stale;
pub mod storable;
pub mod validation;

use crate::config;
use crate::time::Timestamp;
use directives::RequestDirectives;
use entry::Stored;

/// How a stored response that matches the request may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answers the request.
    Fresh,
    /// It answers the request and is refreshed in the background (RFC 5861 §3).
    StaleWhileRevalidate,
    /// It is stale and answers the request because the client accepts stale responses (RFC 9111 §5.2.1.2).
    StaleAccepted,
    /// It must be validated first. If the origin fails, [`stale::may_stand_in`] decides.
    Stale,
}

/// Decides how `stored` may be used for a request with the directives `request` (RFC 9111 §4).
///
/// The verdict is [`Verdict::Stale`], even within the freshness lifetime, if:
///
/// - the response or the request says `no-cache`
/// - the request's `max-age` or `min-fresh` is not met
/// - the response is marked as outdated
///
/// A fresh response with `immutable` meets every `max-age` of a request, because that is what browsers send on reload
/// (RFC 8246 §2.1).
pub fn judge(
    stored: &Stored,
    request: &RequestDirectives,
    settings: &config::Cache,
    now: Timestamp,
) -> Verdict {
    let directives = stored.headers.directives();
    if request.no_cache || directives.no_cache || stored.outdated {
        return Verdict::Stale;
    }
    let age = freshness::age(stored, now);
    let left = freshness::lifetime(stored, settings).saturating_sub(age);
    if left.is_zero() {
        return if stale::may_revalidate_behind(stored, request, settings, now) {
            Verdict::StaleWhileRevalidate
        } else if stale::is_accepted(stored, request, settings, now) {
            Verdict::StaleAccepted
        } else {
            Verdict::Stale
        };
    }
    let young_enough = directives.immutable || request.max_age.is_none_or(|max_age| age <= max_age);
    let fresh_enough = request.min_fresh.is_none_or(|min_fresh| left >= min_fresh);
    if young_enough && fresh_enough { Verdict::Fresh } else { Verdict::Stale }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entry::test::{seconds, stored};
    use http::HeaderMap;
    use http::header::CACHE_CONTROL;

    fn verdict(response: &str, request: &str, after: u64) -> Verdict {
        let mut headers = HeaderMap::new();
        headers.insert("cache-control", request.parse().unwrap());
        let settings = config::Cache::default();
        judge(
            &stored(&[("cache-control", response)]),
            &RequestDirectives::of(&headers),
            &settings,
            seconds(after),
        )
    }

    #[test]
    fn a_fresh_response_answers_unless_somebody_asks_for_validation() {
        use Verdict::{Fresh, Stale, StaleAccepted, StaleWhileRevalidate};
        for (response, request, after, expected) in [
            ("max-age=60", "", 59, Fresh),
            ("max-age=60", "", 60, Stale), // §4.2: fresh while lifetime > age
            ("max-age=60, must-revalidate", "", 59, Fresh), // §5.2.2.2: binds once stale
            ("max-age=60, no-cache", "", 1, Stale), // §5.2.2.4
            ("max-age=60, no-cache=\"set-cookie\"", "", 1, Stale), // taken as unqualified
            ("max-age=60", "no-cache", 1, Stale), // §5.2.1.4
            ("max-age=60", "max-age=10", 10, Fresh), // §5.2.1.1
            ("max-age=60", "max-age=10", 11, Stale),
            ("max-age=60", "max-age=0", 1, Stale),
            ("max-age=60", "max-age=soon", 1, Stale),
            ("max-age=60, stale-while-revalidate=30", "no-cache", 70, Stale),
            ("max-age=60", "min-fresh=20", 40, Fresh), // §5.2.1.3
            ("max-age=60", "min-fresh=20", 41, Stale),
            ("max-age=60", "max-stale", 6100, StaleAccepted), // §5.2.1.2
            ("max-age=60", "max-stale=10", 70, StaleAccepted),
            ("max-age=60", "max-stale=10", 71, Stale),
            ("max-age=60", "max-stale=10, max-stale=1000", 71, Stale),
            ("max-age=60", "max-stale=often", 61, Stale),
            ("max-age=60", "max-stale, max-age=60", 60, StaleAccepted), // §5.2.1.1
            ("max-age=60", "max-stale, max-age=60", 61, Stale),
            ("max-age=60", "max-stale, min-fresh=1", 61, Stale),
            ("max-age=60", "max-stale, no-cache", 61, Stale),
            ("max-age=60, must-revalidate", "max-stale", 61, Stale), // §5.2.2.2
            ("max-age=60, proxy-revalidate", "max-stale", 61, Stale), // §5.2.2.8
            ("max-age=60, no-cache", "max-stale", 61, Stale),        // §5.2.2.4
            ("s-maxage=60", "max-stale", 61, Stale),                 // §5.2.2.10
            ("max-age=60, immutable", "max-age=0", 10, Fresh),       // RFC 8246 §2.1
            ("max-age=60, immutable", "no-cache", 10, Stale),
            ("max-age=60, immutable", "max-age=0", 60, Stale),
            ("max-age=60, stale-while-revalidate=30", "", 60, StaleWhileRevalidate), // RFC 5861 §3
            ("max-age=60, stale-while-revalidate=30", "", 90, StaleWhileRevalidate),
            ("max-age=60, stale-while-revalidate=30", "", 91, Stale),
            ("max-age=60, stale-while-revalidate=30", "max-age=100", 70, Stale), // §5.2.1.1: no stale wanted
            // The window beside a word that forbids stale use is the more precise one.
            ("max-age=60, stale-while-revalidate=30, must-revalidate", "", 70, StaleWhileRevalidate),
            ("s-maxage=60, stale-while-revalidate=30", "", 90, StaleWhileRevalidate), // §5.2.2.10
            ("s-maxage=60, stale-while-revalidate=30", "", 91, Stale),
            ("s-maxage=60, stale-if-error=30", "", 70, Stale), // that is about failures
            ("s-maxage=60, stale-while-revalidate=30", "max-stale", 91, Stale), // nobody else widens it
            ("no-cache, stale-while-revalidate=30", "", 1, Stale),
            ("max-age=60, no-cache, stale-if-error=30", "", 1, Stale), // never while the origin is well
            ("", "", 0, Stale),
        ] {
            assert_eq!(verdict(response, request, after), expected, "{response} | {request} | {after}");
        }
    }

    #[test]
    fn an_outdated_response_is_stale_however_fresh_it_was() {
        let mut outdated = stored(&[("cache-control", "max-age=60, stale-while-revalidate=60")]);
        outdated.outdated = true;
        let (settings, now) = (config::Cache::default(), seconds(1));
        for asked in ["", "max-stale"] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, asked.parse().unwrap())]);
            let asked = RequestDirectives::of(&headers);
            assert_eq!(judge(&outdated, &asked, &settings, now), Verdict::Stale);
            assert_eq!(stale::may_stand_in(&outdated, &asked, &settings, now), Ok(()));
        }
        let settings = config::Cache { stale_if_error: std::time::Duration::ZERO, ..settings };
        outdated.headers = stored(&[("cache-control", "max-age=60")]).headers;
        let refused = stale::may_stand_in(&outdated, &RequestDirectives::default(), &settings, now);
        assert_eq!(refused, Err(stale::Forbidden::PastWindow));
        outdated.headers = stored(&[("cache-control", "max-age=60, must-revalidate")]).headers;
        let refused = stale::may_stand_in(&outdated, &RequestDirectives::default(), &settings, now);
        assert_eq!(refused, Err(stale::Forbidden::MustRevalidate));
    }
}
