//! Freshness. How old is a stored response, and how long is it fresh (RFC 9111 §4.2)?

use std::time::Duration;

use http::StatusCode;
use http::header::{AGE, DATE, EXPIRES, HeaderMap, LAST_MODIFIED};

use super::directives::{LONGEST, ResponseDirectives, delta_seconds};
use super::entry::Stored;
use crate::config;
use crate::fields::date;
use crate::time::Timestamp;

/// The age of `stored` at `now`, at most 2^31 seconds (RFC 9111 §4.2.3).
///
/// The age on arrival is the larger of two: the time since `Date`, or `Age` plus the time between request and
/// response. The time since arrival is added. A missing `Date` counts as the time of receipt (RFC 9110 §6.6.1), an
/// unreadable `Age` as zero (RFC 9111 §5.1).
pub fn age(stored: &Stored, now: Timestamp) -> Duration {
    let headers = &stored.headers;
    age_by(headers, headers.made_at(), stored.requested_at, stored.received_at, now)
}

/// The freshness lifetime of `stored`, from its creation at the origin, at most 2^31 seconds (RFC 9111 §4.2.1).
///
/// The first of these that exists: `s-maxage`, `max-age`, `Expires` minus `Date`, the heuristic (§4.2.2), the setting
/// `default_ttl`. An unreadable or contradictory value counts as zero.
pub fn lifetime(stored: &Stored, settings: &config::Cache) -> Duration {
    explicit_lifetime(stored.headers.directives(), &stored.headers, stored.received_at)
        .unwrap_or_else(|| implied_lifetime(stored.status, &stored.headers, stored.received_at, settings))
        .min(LONGEST)
}

/// Whether `stored` states its lifetime itself, zero included.
pub fn is_explicit(stored: &Stored) -> bool {
    explicit_lifetime(stored.headers.directives(), &stored.headers, stored.received_at).is_some()
}

/// How long `stored` has been stale at `now`; `None` while it is fresh (RFC 9111 §4.2). A response marked as outdated
/// is stale at once.
pub fn staleness(stored: &Stored, settings: &config::Cache, now: Timestamp) -> Option<Duration> {
    let past = age(stored, now).checked_sub(lifetime(stored, settings));
    past.or_else(|| stored.outdated.then_some(Duration::ZERO))
}

/// The lifetime of a response that states none.
pub(super) fn implied_lifetime(
    status: StatusCode,
    headers: &HeaderMap,
    received_at: Timestamp,
    settings: &config::Cache,
) -> Duration {
    // Other statuses without a lifetime are stored only to replace a page that is gone.
    let default =
        if matches!(status.as_u16(), 200 | 203 | 300 | 301) { settings.default_ttl } else { Duration::ZERO };
    heuristic(status, headers, received_at, settings).unwrap_or(default)
}

/// The heuristic lifetime (RFC 9111 §4.2.2): the configured share of the time between `Last-Modified` and `Date`, at
/// most `heuristic_max`. `None` if:
///
/// - the heuristic is switched off
/// - `Last-Modified` is missing
/// - the status is not cacheable by default (RFC 9110 §15.1)
pub(super) fn heuristic(
    status: StatusCode,
    headers: &HeaderMap,
    received_at: Timestamp,
    settings: &config::Cache,
) -> Option<Duration> {
    let is_cacheable_by_default =
        matches!(status.as_u16(), 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501);
    if settings.heuristic.is_zero() || !is_cacheable_by_default {
        return None;
    }
    let changed_at = date(headers, &LAST_MODIFIED)?;
    let made_at = date(headers, &DATE).unwrap_or(received_at);
    Some(settings.heuristic.of_duration(made_at.since(changed_at)).min(settings.heuristic_max))
}

/// The [`age`] of a response that is not stored yet.
pub(super) fn age_of(
    headers: &HeaderMap,
    requested_at: Timestamp,
    received_at: Timestamp,
    now: Timestamp,
) -> Duration {
    age_by(headers, date(headers, &DATE), requested_at, received_at, now)
}

/// The age, for callers that have parsed `Date` already.
fn age_by(
    headers: &HeaderMap,
    made_at: Option<Timestamp>,
    requested_at: Timestamp,
    received_at: Timestamp,
    now: Timestamp,
) -> Duration {
    let age_value = headers.get(AGE).and_then(|line| {
        let first = line.as_bytes().split(|byte| *byte == b',').next()?;
        delta_seconds(first.trim_ascii())
    });
    let corrected = age_value.unwrap_or_default().saturating_add(received_at.since(requested_at));
    let apparent = made_at.map_or(Duration::ZERO, |made_at| {
        // `Date` has whole seconds, so the difference is cut to whole seconds.
        Duration::from_secs(received_at.since(made_at).as_secs())
    });
    corrected.max(apparent).saturating_add(now.since(received_at)).min(LONGEST)
}

/// The lifetime that the response states; `None` if it states none.
pub(super) fn explicit_lifetime(
    directives: &ResponseDirectives,
    headers: &HeaderMap,
    received_at: Timestamp,
) -> Option<Duration> {
    directives.s_maxage.or(directives.max_age).or_else(|| {
        if directives.targeted || !headers.contains_key(EXPIRES) {
            return None;
        }
        // Anything but a date, such as "0", means expired (RFC 9111 §5.3).
        let Some(expires_at) = date(headers, &EXPIRES) else { return Some(Duration::ZERO) };
        let made_at = date(headers, &DATE).unwrap_or(received_at);
        Some(expires_at.since(made_at).min(LONGEST))
    })
}

#[cfg(test)]
mod tests {
    use super::super::entry::test::{fields, seconds, stored};
    use super::*;
    use proptest::prelude::*;

    const MADE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const MINUTE_LATER: &str = "Sun, 06 Nov 1994 08:50:37 GMT";
    const MINUTE_BEFORE: &str = "Sun, 06 Nov 1994 08:48:37 GMT";

    fn lifetime_s(headers: &[(&str, &str)], default_ttl: u64) -> u64 {
        let default_ttl = Duration::from_secs(default_ttl);
        lifetime(&stored(headers), &config::Cache { default_ttl, ..config::Cache::default() }).as_secs()
    }

    #[test]
    fn a_lifetime_comes_from_the_first_that_states_one() {
        // RFC 9111 §4.2.1
        let (date, expires) = (("date", MADE), ("expires", MINUTE_LATER));
        for (headers, expected) in [
            (&[("cache-control", "s-maxage=1, max-age=2"), date, expires][..], 1),
            (&[("cache-control", "max-age=2"), date, expires], 2),
            (&[("cache-control", "public"), date, expires], 60),
            (&[date, expires], 60),
            (&[expires], 60),
            (&[("date", MINUTE_BEFORE), expires], 120),
            (&[date, ("expires", MINUTE_BEFORE)], 0),
            (&[date, ("expires", "0")], 0), // §5.3
            (&[date, ("expires", "")], 0),
            (&[date, expires, expires], 60),
            (&[date, expires, ("expires", MINUTE_BEFORE)], 0),
            (&[("cache-control", "max-age=x"), date, expires], 0),
            (&[("cdn-cache-control", "public"), ("cache-control", "max-age=2"), date, expires], 7), // RFC 9213 §2.2
            (&[("cdn-cache-control", "max-age=3"), ("cache-control", "s-maxage=2")], 3),
            (&[date], 7),
            (&[], 7),
        ] {
            assert_eq!(lifetime_s(headers, 7), expected, "{headers:?}");
        }
    }

    #[test]
    fn age_is_the_larger_of_what_date_and_age_say() {
        // RFC 9111 §4.2.3
        for (headers, expected) in [
            (&[][..], 5),
            (&[("age", "10")], 15),
            (&[("date", MINUTE_BEFORE)], 65),
            (&[("date", MINUTE_BEFORE), ("age", "10")], 65),
            (&[("date", MINUTE_BEFORE), ("age", "100")], 105),
            (&[("date", MINUTE_LATER)], 5), // a clock ahead of ours
            (&[("date", "yesterday")], 5),
            (&[("age", "10, 20")], 15), // §5.1: the first member
            (&[("age", "10"), ("age", "20")], 15),
            (&[("age", "ten")], 5),
            (&[("age", "-10")], 5),
            (&[("age", "1.5")], 5),
            (&[("age", "\"10\"")], 5),
            (&[("age", "")], 5),
        ] {
            assert_eq!(age(&stored(headers), seconds(5)).as_secs(), expected, "{headers:?}");
        }
        assert_eq!(age(&stored(&[("age", "18446744073709551615")]), seconds(5)), LONGEST);
        assert_eq!(age(&stored(&[]), seconds(0).minus(Duration::from_secs(9))), Duration::ZERO);
    }

    #[test]
    fn the_time_that_an_answer_took_is_added_to_its_age() {
        let slow = Stored { received_at: seconds(3), ..stored(&[("age", "10")]) };
        assert_eq!(age(&slow, seconds(3)).as_secs(), 13);
    }

    #[test]
    fn a_response_turns_stale_when_its_age_reaches_its_lifetime() {
        let settings = config::Cache::default();
        let response = stored(&[("cache-control", "max-age=60")]);
        assert_eq!(staleness(&response, &settings, seconds(59)), None);
        assert_eq!(staleness(&response, &settings, seconds(60)), Some(Duration::ZERO));
        assert_eq!(staleness(&response, &settings, seconds(70)), Some(Duration::from_secs(10)));
    }

    proptest! {
        #[test]
        fn age_is_never_below_the_age_field_and_never_shrinks(
            stated in 0..u64::from(u32::MAX),
            at in prop::array::uniform4(0..4_000_000_000_000_u64),
            with_date in any::<bool>(),
        ) {
            let [made, requested, received, now] = at.map(Timestamp::from_millis);
            let mut headers = fields(&[("age", &stated.to_string())]);
            if with_date {
                headers.insert(DATE, made.to_http_date().parse().unwrap());
            }
            let age = |now| age_of(&headers, requested, received, now);
            prop_assert!(age(now) >= Duration::from_secs(stated).min(LONGEST));
            prop_assert!(age(now) <= LONGEST);
            prop_assert!(age(now.plus(Duration::from_secs(1))) >= age(now));
        }

        #[test]
        fn any_fields_can_be_judged(values in prop::array::uniform4("\\PC{0,20}"), at in any::<u64>()) {
            let names = ["age", "date", "expires", "cache-control"];
            let lines: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
            staleness(&stored(&lines), &config::Cache::default(), Timestamp::from_millis(at));
        }
    }
}
