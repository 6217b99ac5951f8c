//! Retry delays: exponential backoff with full jitter. How long does a retry wait?
//!
//! Full jitter spreads the retries of many clients evenly, so that they do not return in step. A minimum keeps a
//! retry from being immediate.

use std::time::Duration;

use http::{HeaderMap, header};

use crate::config::Retry;
use crate::time::Timestamp;

/// The shortest delay, as a share of the full one.
const FLOOR: f64 = 0.1;

/// The delay before retry number `retry`, counted from 1. `roll` in 0..1 picks it evenly between a tenth of the full
/// delay and all of it. The full delay is `backoff`, doubled with each retry, at most `backoff_max`.
pub fn wait(settings: &Retry, retry: u32, roll: f64) -> Duration {
    let doublings = retry.saturating_sub(1).min(31);
    let full = settings.backoff.saturating_mul(1 << doublings).min(settings.backoff_max);
    full.mul_f64(FLOOR + (1.0 - FLOOR) * roll.clamp(0.0, 1.0))
}

/// The delay that `Retry-After` asks for from `now` on (RFC 9110 §10.2.3): seconds, or a date, which is zero if past.
/// `None` if it is absent or unreadable.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    Timestamp::parse_http_date(value).map(|at| at.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_wait_doubles_up_to_its_maximum() {
        let settings = Retry::default();
        let longest = |retry| wait(&settings, retry, 1.0).as_millis();
        assert_eq!(
            (longest(1), longest(2), longest(3), longest(5), longest(6), longest(u32::MAX)),
            (100, 200, 400, 1600, 2000, 2000)
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // RFC 9110 §10.2.3
        let now = Timestamp::parse_http_date("Fri, 31 Dec 1999 23:59:00 GMT").unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", Some(59)),
            ("Fri, 31 Dec 1999 23:00:00 GMT", Some(0)),
            ("99999999999999999999", Some(u64::from(u32::MAX))),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now).map(|span| span.as_secs()), seconds, "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    proptest! {
        #[test]
        fn no_retry_is_immediate_and_none_waits_too_long(retry in 1u32.., roll in 0.0f64..1.0) {
            let settings = Retry::default();
            let wait = wait(&settings, retry, roll);
            prop_assert!(wait >= settings.backoff.mul_f64(FLOOR) && wait <= settings.backoff_max);
        }

        #[test]
        fn any_retry_after_can_be_read_or_left(value in "[ -~]{0,40}") {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, Timestamp::from_millis(0));
        }
    }
}
