//! The retry budget. Can the origin take another attempt?
//!
//! A token bucket: each request deposits a share of a token, each retry withdraws one. In an outage of any length,
//! attempts per request therefore fall to 1 plus that share, and a broken origin gets hardly more load than a working
//! one. Quiet sites get two additions:
//!
//! - A **reserve**, so that the first failures have tokens. It is a loan: the next deposits pay it back before they
//!   earn anything. So it does not add to the share permanently. Within seconds, retries are no more than their share
//!   of the requests, counted from the first failure.
//! - **Time**: after half a minute without a request, there are tokens for all retries of one request.
//!
//! The arithmetic, with the defaults 0.2 for `retry.budget` and 3 for `retry.attempts`:
//!
//! - One request needs 2 tokens, so the reserve of 10 carries the 5 requests that a page view sends at once.
//! - At 50 requests/s the reserve is used up after 0.1 s and paid back after 1 s (50 × 0.2 = 10). From then on,
//!   attempts per request, counted from the first failure, are at most 1.2.
//! - At 1 request/s the reserve lasts 5 requests and takes 50 s to pay back, with no retries in between.
//! - Time brings 2 tokens in 30 s, and only in place of a smaller deposit: nothing if requests are less than 3 s
//!   apart, and never more than 4 retries a minute.

use std::time::Duration;

use crate::config::Retry;
use crate::time::{Timestamp, millis};

/// One token, in units that make a share a whole number. Time brings one unit per millisecond and retry.
const TOKEN: u64 = 30_000;

/// The initial and maximal content.
const FULL: u64 = 10 * TOKEN;

/// Half of the budget is reserved for pages that worked before. So a page that always fails, or invented URLs, cannot
/// use up the retries for a short failure elsewhere.
const KEPT: u64 = FULL / 2;

/// How long time alone needs to bring the tokens for all retries of one request. A request a minute has them even if
/// it comes early.
const REFILL: Duration = Duration::from_millis(TOKEN);

/// The retries that one isolate may send to one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Lent tokens; only whole ones.
    reserve: u64,
    /// Tokens that need not be paid back.
    earned: u64,
    /// Tokens taken from the reserve and not yet paid back.
    owed: u64,
    /// When the last request came.
    deposited_at: Option<Timestamp>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { reserve: FULL, earned: 0, owed: 0, deposited_at: None }
    }
}

impl Budget {
    /// Counts a request that may go to the origin, once, whatever its result.
    ///
    /// It deposits `settings.budget` of a token, or what the time since the last request brings if that is more. A
    /// clock that jumps back brings nothing; one that jumps forward brings at most one request's retries.
    pub fn deposit(&mut self, settings: &Retry, now: Timestamp) {
        let elapsed = self.deposited_at.replace(now).map(|before| now.since(before)).unwrap_or_default();
        let share = settings.budget.unwrap_or_default().of(TOKEN);
        let gift = self.brought_by_time(settings, elapsed);
        if gift > share {
            self.earned += gift;
            return;
        }
        let paid = share.min(self.owed);
        self.owed -= paid;
        self.earned += share - paid;
        // Savings from good times are lent like the first reserve.
        if self.reserve + self.earned >= FULL {
            (self.reserve, self.earned) = (FULL, 0);
        }
    }

    /// Whether there is a token for a retry. `was_well`: whether the page worked before it failed.
    pub fn may_retry(&self, was_well: bool) -> bool {
        let kept = if was_well { 0 } else { KEPT };
        self.earned.max(self.reserve) >= TOKEN && self.earned + self.reserve >= TOKEN + kept
    }

    /// Takes the token for a retry that is sent now. `false` if there is none: the retry must not be sent.
    pub fn withdraw(&mut self, was_well: bool) -> bool {
        if !self.may_retry(was_well) {
            return false;
        }
        if self.earned >= TOKEN {
            self.earned -= TOKEN;
        } else {
            self.reserve -= TOKEN;
            self.owed += TOKEN;
        }
        true
    }

    /// The tokens that time brings: at most those that one request can use, less the current ones.
    fn brought_by_time(&self, settings: &Retry, elapsed: Duration) -> u64 {
        let retries = u64::from(settings.attempts.saturating_sub(1));
        let millis = millis(elapsed.min(REFILL));
        let wanted = (retries * TOKEN).min(FULL).saturating_sub(self.reserve + self.earned);
        wanted.min(retries * millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Share;
    use proptest::prelude::*;

    fn retry(budget: f64, attempts: u32) -> Retry {
        Retry { budget: Some(Share::in_10_000((budget * 10_000.0) as u16)), attempts, ..Retry::default() }
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    /// How many retries a request that fails each time gets.
    fn retries(budget: &mut Budget, settings: &Retry, now: Timestamp) -> u64 {
        budget.deposit(settings, now);
        let wanted = settings.attempts - 1;
        let taken = (0..wanted).take_while(|_| budget.may_retry(true) && budget.withdraw(true)).count();
        assert_eq!(budget.may_retry(true), budget.clone().withdraw(true));
        taken as u64
    }

    /// A budget that has seen many requests, and no failure.
    fn full() -> Budget {
        let mut budget = Budget::default();
        (0..1000).for_each(|second| {
            budget.deposit(&retry(0.2, 3), at(0).minus(Duration::from_secs(1000 - second)))
        });
        budget
    }

    #[test]
    fn in_an_outage_attempts_per_request_fall_to_the_share_within_seconds() {
        let settings = retry(0.2, 3);
        for (per_second, paid_back_s) in [(1, 50), (50, 1), (1000, 1)] {
            for mut budget in [Budget::default(), full()] {
                let (mut sent, mut sent_after_10_s) = (0, 0);
                for request in 1..=600 * per_second {
                    let second = request / per_second;
                    let again = retries(&mut budget, &settings, at(request * 1000 / per_second));
                    sent += again;
                    let after_10_s = request.saturating_sub(10 * per_second);
                    sent_after_10_s += if after_10_s > 0 { again } else { 0 };
                    // 4: a token may have been there but for its last fifth.
                    assert!(5 * sent_after_10_s <= after_10_s + 4, "{per_second}/s, {second} s");
                    assert!(
                        second < paid_back_s || 5 * sent <= request,
                        "{per_second}/s, {second} s: {sent}"
                    );
                }
                // The first deposit finds the bucket full.
                assert_eq!(sent, 120 * per_second - 1, "what the share allows is used");
            }
        }
    }

    #[test]
    fn a_lone_request_always_has_its_retries() {
        for (attempts, every_s) in [(3, 60), (3, 30), (10, 60), (10, 3600), (2, 60)] {
            for budget in [0.0, 0.2] {
                let (settings, mut budget) = (retry(budget, attempts), Budget::default());
                for minute in 0..1000 {
                    let again = retries(&mut budget, &settings, at(minute * every_s * 1000));
                    assert_eq!(again, u64::from(attempts - 1), "{attempts} attempts, request {minute}");
                }
            }
        }
    }

    #[test]
    fn time_alone_sustains_no_storm() {
        for per_second in [1, 10, 50, 1000] {
            let (settings, mut budget) = (retry(0.0, 3), Budget::default());
            let sent: u64 = (0..60 * per_second)
                .map(|request| retries(&mut budget, &settings, at(request * 1000 / per_second)))
                .sum();
            assert!((13..=14).contains(&sent), "the reserve and 2 in 30 s: {sent}");
        }
        // Where deposits are more, time adds nothing to them: 3 s apart is when it brings the same.
        let (settings, mut budget) = (retry(0.2, 3), Budget::default());
        let sent: u64 = (1..=1000).map(|request| retries(&mut budget, &settings, at(request * 3000))).sum();
        assert_eq!(sent, 199);
    }

    #[test]
    fn the_reserve_carries_ten_retries_and_is_paid_back_before_anything_else() {
        let (settings, mut budget) = (retry(0.2, 3), Budget::default());
        assert_eq!((0..100).filter(|_| budget.withdraw(true)).count(), 10);
        for request in 1..=50 {
            budget.deposit(&settings, at(request));
            assert!(!budget.may_retry(true), "request {request} pays back");
        }
        for request in 51..=60 {
            budget.deposit(&settings, at(request));
            assert_eq!(budget.withdraw(true), request % 5 == 0, "request {request}");
        }
        // Ten tokens are saved up in 50 requests, and then lent again.
        (61..=109).for_each(|request| budget.deposit(&settings, at(request)));
        assert_eq!((budget.reserve, budget.owed), (0, 0));
        budget.deposit(&settings, at(110));
        assert_eq!((budget.reserve, budget.earned), (FULL, 0));
        assert_eq!((0..100).filter(|_| budget.withdraw(true)).count(), 10);
        assert_eq!(budget.owed, FULL);
    }

    #[test]
    fn while_few_requests_fail_all_of_them_are_tried_again() {
        let (settings, mut budget) = (retry(0.2, 3), Budget::default());
        for request in 0..10_000 {
            budget.deposit(&settings, at(request * 20));
            assert!(request % 10 != 0 || budget.withdraw(true), "request {request}");
        }
    }

    #[test]
    fn a_clock_that_jumps_changes_little() {
        let settings = retry(0.2, 3);
        let mut budget = Budget::default();
        budget.deposit(&settings, at(1_000_000));
        while budget.withdraw(true) {}
        budget.deposit(&settings, at(0));
        assert!(!budget.may_retry(true), "back");
        budget.deposit(&settings, at(10_000_000_000));
        assert_eq!((0..100).filter(|_| budget.withdraw(true)).count(), 2, "forward");
        budget.deposit(&settings, Timestamp::from_millis(u64::MAX));
        budget.deposit(&settings, Timestamp::from_millis(0));
        assert_eq!((0..100).filter(|_| budget.withdraw(true)).count(), 2, "to the ends");
    }

    proptest! {
        #[test]
        fn what_was_sent_was_deposited_brought_by_time_or_is_owed(
            steps in prop::collection::vec((0u64..5000, 0u32..4, 0.0f64..1.0, 1u32..=10), 1..300),
        ) {
            let (mut budget, mut now, mut sent, mut allowed) = (Budget::default(), 0, 0.0, 0.0);
            for (gap, wanted, share, attempts) in steps {
                now += gap;
                budget.deposit(&retry(share, attempts), at(now));
                let by_time = gap as f64 / 30_000.0 * f64::from(attempts - 1);
                allowed += share.max(by_time);
                for _ in 0..wanted {
                    sent += if budget.withdraw(true) { 1.0 } else { 0.0 };
                }
                let owed = budget.owed as f64 / TOKEN as f64;
                prop_assert!(sent <= allowed + owed + 1e-6, "{sent} of {allowed}, {owed} owed");
                prop_assert!(budget.reserve + budget.earned <= FULL && budget.owed <= FULL);
                prop_assert_eq!(budget.reserve % TOKEN, 0);
            }
        }
    }
}
