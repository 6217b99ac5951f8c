//! Who is touched: a sample of the requests that a failure touched, and what they have in common.

use super::moment::Moment;
use crate::health::summary::{Summary, Touched};
use crate::health::verdict::{Group, groups, section};
use crate::health::words::{meaning, share, thousands};

/// How many groups of a kind are shown.
const MOST_GROUPS: usize = 6;

/// How many requests are shown.
const MOST_REQUESTS: usize = 20;

/// The sample.
pub(super) struct Sample<'a> {
    /// How many requests are in it, and for how many they stand.
    pub noted: String,
    pub stand_for: String,
    pub kinds: [Grouped; 3],
    pub requests: Vec<RequestRow<'a>>,
}

/// The sample by something that requests have in common.
pub(super) struct Grouped {
    pub title: &'static str,
    pub rows: Vec<GroupRow>,
    /// How many groups are not shown.
    pub others: usize,
}

pub(super) struct GroupRow {
    pub name: String,
    pub share: String,
    /// In per cent.
    pub width: u64,
}

pub(super) struct RequestRow<'a> {
    pub at: Moment,
    pub touched: &'a Touched,
    pub meaning: &'static str,
}

impl<'a> Sample<'a> {
    /// `None` if no failure touched a request lately.
    pub(super) fn of(summary: &'a Summary) -> Option<Self> {
        let touched = summary.touched.as_slice();
        let sum = touched.iter().fold(0_u64, |sum, one| sum.saturating_add(one.weight));
        let grouped =
            |title, name: &dyn Fn(&Touched) -> String| Grouped::of(title, groups(touched, name), sum);
        (!touched.is_empty()).then(|| Self {
            noted: thousands(touched.len() as u64),
            stand_for: thousands(sum),
            kinds: [
                grouped("Pages and sections", &section),
                grouped("Hosts", &|one| one.host.clone()),
                grouped("Countries", &|one| one.country.clone()),
            ],
            requests: touched.iter().take(MOST_REQUESTS).map(|one| RequestRow::of(one, summary)).collect(),
        })
    }
}

impl Grouped {
    fn of(title: &'static str, groups: Vec<Group>, sum: u64) -> Self {
        let others = groups.len().saturating_sub(MOST_GROUPS);
        let row = |(name, n): Group| GroupRow {
            name,
            share: share(n, sum),
            width: u64::try_from(u128::from(n) * 100 / u128::from(sum.max(1))).unwrap_or(100),
        };
        Self { title, rows: groups.into_iter().take(MOST_GROUPS).map(row).collect(), others }
    }
}

impl<'a> RequestRow<'a> {
    fn of(touched: &'a Touched, summary: &Summary) -> Self {
        Self { at: Moment::of(touched.at, summary.at), touched, meaning: meaning(&touched.outcome) }
    }
}
