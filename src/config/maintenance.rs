//! The `maintenance` table. Is the site closed to all but its operators?

use crate::time::Timestamp;

/// `maintenance`: whether the site is closed to all but its operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Whether the site is closed; with a window, whether the window applies. `None` if unset: a window then applies,
    /// and without one the site is open.
    pub enabled: Option<bool>,
    /// When the window begins; `None` if it already has.
    pub from: Option<Timestamp>,
    /// When the window ends, after it begins; `None` until it is ended by hand.
    pub until: Option<Timestamp>,
}

impl Maintenance {
    /// Whether the site is closed at `now`.
    pub fn is_on(&self, now: Timestamp) -> bool {
        let has_window = self.from.is_some() || self.until.is_some();
        self.enabled.unwrap_or(has_window)
            && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_closed_until_it_is_opened_or_within_a_window() {
        let moments = [1, 2, 3, 4].map(Timestamp::from_millis);
        let (from, until) = (Some(moments[1]), Some(moments[3]));
        for (enabled, from, until, is_on) in [
            (None, None, None, [false; 4]),
            (Some(false), None, None, [false; 4]),
            (Some(true), None, None, [true; 4]),
            (None, from, until, [false, true, true, false]),
            (Some(true), from, until, [false, true, true, false]),
            (Some(false), from, until, [false; 4]),
            (None, from, None, [false, true, true, true]),
            (None, None, until, [true, true, true, false]),
        ] {
            let settings = Maintenance { enabled, from, until };
            assert_eq!(moments.map(|now| settings.is_on(now)), is_on, "{settings:?}");
        }
    }
}
