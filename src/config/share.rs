//! Shares. What part of a time, a size or a number is meant?

use std::time::Duration;

/// A number from 0 to 1 in steps of 1/10,000, so that comparisons are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

impl Share {
    /// The steps in 1.
    const WHOLE: u16 = 10_000;

    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// This many steps of 1/10,000; more count as 1.
    pub const fn in_10_000(parts: u16) -> Self {
        Self(if parts < Self::WHOLE { parts } else { Self::WHOLE })
    }

    /// The share `number`; `None` if it is below 0, above 1, or between two steps.
    pub(super) fn of_number(number: f64) -> Option<Self> {
        let parts = number * f64::from(Self::WHOLE);
        let nearest = parts.round();
        // 0.0007 × 10,000 is 7.000000000000001: steps are not exact in binary.
        let is_step = (parts - nearest).abs() < 1e-9;
        // The value is between 0 and 10,000, so the cast is exact.
        ((0.0..=1.0).contains(&number) && is_step).then_some(Self(nearest as u16))
    }

    /// Whether it is 0.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This share of `span`, rounded down to the nanosecond.
    pub fn of_duration(self, span: Duration) -> Duration {
        const SECOND: u128 = 1_000_000_000;
        // 2^64 s are 1.9e28 ns, and u128 ends at 3.4e38. A share of a span is no longer than the span.
        let nanos = span.as_nanos() * u128::from(self.0) / u128::from(Self::WHOLE);
        let seconds = u64::try_from(nanos / SECOND).unwrap_or(u64::MAX);
        Duration::new(seconds, u32::try_from(nanos % SECOND).unwrap_or_default())
    }

    /// Whether `part` is at least this share of `whole`.
    pub fn is_reached_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(Self::WHOLE) >= u128::from(whole) * u128::from(self.0)
    }

    /// Draws whether one of many belongs to this share; `roll` returns a number in 0..1 and is not called for a share
    /// of zero.
    pub fn is_drawn(self, roll: impl FnOnce() -> f64) -> bool {
        !self.is_zero() && roll() * f64::from(Self::WHOLE) < f64::from(self.0)
    }

    /// This share of `amount`, rounded down.
    pub fn of(self, amount: u64) -> u64 {
        let (share, whole) = (u64::from(self.0), u64::from(Self::WHOLE));
        // In two parts to avoid overflow: a share is at most the whole.
        amount / whole * share + amount % whole * share / whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_is_rounded_down() {
        let tenth = Share::in_10_000(1000);
        for (amount, share) in [(0, 0), (9, 0), (10, 1), (19, 1), (u64::MAX, u64::MAX / 10)] {
            assert_eq!(tenth.of(amount), share, "{amount}");
        }
        for (span, share) in [
            (Duration::ZERO, Duration::ZERO),
            (Duration::from_secs(86_400), Duration::from_secs(8_640)),
            (Duration::from_millis(1), Duration::from_micros(100)),
            (Duration::from_nanos(9), Duration::ZERO),
            (Duration::MAX, Duration::new(u64::MAX / 10, 599_999_999)),
        ] {
            assert_eq!(tenth.of_duration(span), share, "{span:?}");
        }
    }

    #[test]
    fn a_share_is_reached_exactly() {
        let third = Share::in_10_000(3333);
        for (part, whole, reached) in
            [(0, 0, true), (0, 1, false), (1, 3, true), (3333, 10_000, true), (3332, 10_000, false)]
        {
            assert_eq!(third.is_reached_by(part, whole), reached, "{part} of {whole}");
        }
        assert!(Share::in_10_000(10_000).is_reached_by(u64::MAX, u64::MAX));
        assert!(!Share::in_10_000(10_000).is_reached_by(u64::MAX - 1, u64::MAX));
    }

    proptest! {
        #[test]
        fn a_share_is_never_more_than_the_whole(parts in any::<u16>(), amount in any::<u64>(), nanos in 0..1_000_000_000_u32) {
            let (share, span) = (Share::in_10_000(parts), Duration::new(amount, nanos));
            prop_assert!(share.of(amount) <= amount);
            prop_assert!(share.of_duration(span) <= span);
            let (nothing, whole) = (Share::ZERO, Share::in_10_000(u16::MAX));
            prop_assert_eq!((nothing.of(amount), whole.of(amount)), (0, amount));
            prop_assert_eq!((nothing.of_duration(span), whole.of_duration(span)), (Duration::ZERO, span));
        }

        #[test]
        fn every_step_can_be_stated(parts in 0..=10_000_u16) {
            prop_assert_eq!(Share::of_number(f64::from(parts) / 10_000.0), Some(Share::in_10_000(parts)));
            let written: f64 = format!("0.{parts:0>4}").parse().unwrap();
            prop_assert!(parts == 10_000 || Share::of_number(written) == Some(Share::in_10_000(parts)));
        }
    }
}
