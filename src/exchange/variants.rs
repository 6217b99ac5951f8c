//! Several answers for one URL, side by side (RFC 9111 §4.1).
//!
//! An answer stands under its URL's own key as long as it is the only one there: most URLs have one, and are found with
//! one look. A second one that differs moves both to keys of their own, and a list of them takes that place.

use std::time::Duration;

use http::HeaderMap;

use super::Exchange;
use super::recall;
use crate::cache::entry::{Entry, Stored, Variant};
use crate::cache::key::{Key, Vary};
use crate::cache::storable::{self, Admission, LONGEST_RETENTION};
use crate::policy::Policy;
use crate::ports::{Held, Ports};
use crate::time::Timestamp;

/// By how many different lists of fields the answers for one URL may differ: each costs a digest at every look.
const MOST_LISTS: usize = 4;

/// The digest of the variant that a request with these fields selects, and the one of `variants` that it is, if any.
///
/// Of several that fit, the one that was stored last, but one that differs by something before one that is for all:
/// many origins leave `Vary` out of what they send by default (RFC 9111 §4.1).
pub(super) fn choose<'a>(variants: &'a [Variant], headers: &HeaderMap) -> (String, Option<&'a Variant>) {
    let mut digests: Vec<(&Vary, String)> = Vec::new();
    for Variant { vary, .. } in variants.iter().rev() {
        if !digests.iter().any(|(known, _)| *known == vary) {
            digests.push((vary, vary.digest(headers)));
        }
    }
    digests.sort_by_key(|(vary, _)| vary.is_empty());
    let stored = |(vary, digest): &(&Vary, String)| {
        variants.iter().find(|variant| variant.vary == **vary && variant.digest == *digest)
    };
    let chosen = digests.iter().find_map(stored);
    let digest = chosen.map(|variant| &variant.digest).or(digests.first().map(|(_, digest)| digest)).cloned();
    (digest.unwrap_or_else(|| Vary::default().digest(headers)), chosen)
}

/// Whether an answer to a request with these fields, which differs by `new`, takes the place of one that differs by `old` and
/// has this digest: the request selects that one, and so does each that selects the new one and is like it by the rest of
/// `old`. Else an answer that has become the same for all, or says so where it is an error, would leave the old one there
/// (RFC 9111 §4.3.3).
fn takes_place(new: &Vary, old: &Vary, digest: &str, headers: &HeaderMap) -> bool {
    new.names().iter().all(|name| old.covers(name)) && digest == old.digest(headers)
}

/// Adds `new` to `variants`, and gives what has to make room for it, which may be itself.
///
/// Who came first stays for as long as it can be of use. Past `most`, one that is asked for again (`is_again`) takes the
/// place of one that nobody used, the youngest, and if all are in use of the one that was used longest ago: so neither
/// made-up values nor values that are met once push out what visitors ask for. An answer for all is never pushed out.
fn add(
    variants: &mut Vec<Variant>,
    new: Variant,
    most: usize,
    is_again: impl Fn() -> bool,
    used_at: impl Fn(&Variant) -> Option<Timestamp>,
    now: Timestamp,
) -> Vec<Variant> {
    if let Some(known) = variants.iter_mut().find(|one| one.vary == new.vary && one.digest == new.digest) {
        known.until = known.until.max(new.until);
        return Vec::new();
    }
    let mut lists: Vec<&Vary> = Vec::new();
    for Variant { vary, .. } in variants.iter() {
        if !lists.contains(&vary) {
            lists.push(vary);
        }
    }
    if lists.len() >= MOST_LISTS && !lists.contains(&&new.vary) {
        return vec![new];
    }
    let mut over = Vec::new();
    if variants.len() >= most {
        over.extend(variants.extract_if(.., |variant| variant.until <= now));
    }
    let is_for_all = new.vary.is_empty();
    while variants.len() >= most {
        let others = variants.iter().enumerate().rev().filter(|(_, variant)| !variant.vary.is_empty());
        // Of several that are as good the first is taken, so the youngest.
        let least = others.min_by_key(|(_, variant)| used_at(variant)).map(|(at, _)| at);
        match least.filter(|_| is_for_all || is_again()) {
            Some(least) => over.push(variants.remove(least)),
            None => {
                over.push(new);
                return over;
            }
        }
    }
    variants.push(new);
    over
}

impl<P: Ports> Exchange<P> {
    /// Stores `entry`; `true` if the store took it. `has_variants` says whether answers that differ were found.
    pub(super) async fn store(
        &self,
        policy: &Policy<'_>,
        admission: &Admission,
        entry: &Entry,
        body: Option<P::Body>,
        has_variants: bool,
    ) -> bool {
        let (key, retention) = (self.key().clone(), admission.retention);
        let own = self.variant(policy, &admission.vary, retention);
        let is_alone = own.vary.is_empty() && !has_variants;
        let beside = if is_alone { None } else { self.ports.load(&key).await.unwrap_or_default() };
        let headers = &self.presented(policy).headers;
        let mut variants = match beside {
            None | Some((Entry::Down { .. }, _)) => {
                return recall::save(&self.ports, &key, entry, body, retention).await;
            }
            Some((Entry::Response(other), other_body)) => {
                let vary = Vary::of(&other.headers).unwrap_or_default();
                let digest = vary.digest_of(&other.selected_by);
                if takes_place(&own.vary, &vary, &digest, headers) {
                    self.ports.cancel(other_body);
                    return recall::save(&self.ports, &key, entry, body, retention).await;
                }
                let left = storable::retention_left(&other, &policy.settings.cache, self.ports.now());
                let other_variant =
                    Variant { until: self.ports.now().plus(left), vary, digest, outdated_at: None };
                let at = key.variant(&other_variant.digest);
                if !self.move_to(policy, &at, other, other_body, left).await {
                    return recall::save(&self.ports, &key, entry, body, retention).await;
                }
                vec![other_variant]
            }
            Some((Entry::Variants(variants), nothing)) => {
                self.ports.cancel(nothing);
                variants
            }
        };
        let ended: Vec<_> = variants
            .extract_if(.., |one| {
                one.vary != own.vary && takes_place(&own.vary, &one.vary, &one.digest, headers)
            })
            .collect();
        let at = key.variant(&own.digest);
        let most = usize::try_from(policy.settings.cache.max_variants).unwrap_or(usize::MAX);
        let (isolate, now) = (self.isolate(), self.ports.now());
        let is_again = || isolate.is_asked_for_again(&at, now);
        let used_at = |variant: &Variant| isolate.used_at(&key.variant(&variant.digest));
        let over = add(&mut variants, own.clone(), most, is_again, used_at, now);
        if over.contains(&own) {
            // A copy that nobody reads would hold up the client's.
            if let Some(body) = body {
                self.ports.cancel(body);
            }
            return false;
        }
        if !over.is_empty() {
            // It was asked for twice, so it is in use.
            isolate.note_use(&at, now);
        }
        if !recall::save(&self.ports, &at, entry, body, retention).await {
            return false;
        }
        // It outlives every variant, each of which has a retention of its own.
        let listed =
            recall::save(&self.ports, &key, &Entry::Variants(variants), None, LONGEST_RETENTION).await;
        for variant in over.into_iter().chain(ended) {
            recall::remove(&self.ports, &key.variant(&variant.digest)).await;
        }
        listed
    }

    fn variant(&self, policy: &Policy<'_>, vary: &Vary, retention: Duration) -> Variant {
        let until = self.ports.now().plus(retention);
        let digest = vary.digest(&self.presented(policy).headers);
        Variant { vary: vary.clone(), digest, until, outdated_at: None }
    }

    /// Writes a stored response anew, perhaps under another key; `true` if the store took it.
    pub(super) async fn move_to(
        &self,
        policy: &Policy<'_>,
        at: &Key,
        stored: Stored,
        body: P::Body,
        retention: Duration,
    ) -> bool {
        let (settings, idle) = (&policy.settings, policy.settings.timeouts.idle);
        let (length, entry) = (stored.length, Entry::Response(stored));
        if retention.is_zero() {
            self.ports.cancel(body);
            return false;
        }
        if recall::renew(&self.ports, at, &entry, &body, retention).await {
            self.ports.cancel(body);
            return true;
        }
        match self.ports.hold(body, length, settings.body.buffer, idle, idle).await {
            Held::Whole(body, _) => recall::save(&self.ports, at, &entry, Some(body), retention).await,
            Held::Partial(body) => {
                self.ports.cancel(body);
                false
            }
            Held::Torn(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::HeaderName;

    fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let field = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        fields.iter().map(field).collect()
    }

    fn variant(names: &'static str, headers: &HeaderMap, until: u64) -> Variant {
        let vary = Vary::of(&fields(&[("vary", names)])).unwrap();
        let digest = vary.digest(headers);
        Variant { vary, digest, until: Timestamp::from_millis(until), outdated_at: None }
    }

    #[test]
    fn of_several_that_fit_the_newest_that_differs_by_something_is_chosen() {
        // RFC 9111 §4.1
        let (german, beta) = (fields(&[("accept-language", "de")]), fields(&[("x-beta", "1")]));
        let both = fields(&[("accept-language", "de"), ("x-beta", "1")]);
        let variants =
            [variant("accept-language", &german, 9), variant("x-beta", &beta, 9), variant("", &german, 9)];
        let chosen = |at: usize| (variants[at].digest.clone(), Some(&variants[at]));
        assert_eq!(choose(&variants, &german), chosen(0));
        assert_eq!(choose(&variants, &both), chosen(1));
        assert_eq!(choose(&variants, &HeaderMap::new()), chosen(2));
        assert_eq!(choose(&variants[..2], &HeaderMap::new()).1, None);
        assert_eq!(choose(&[], &german).1, None);
    }

    /// Adds it as one that is asked for again or not, where those with the digests in `used` were used at these times.
    fn added(
        variants: &mut Vec<Variant>,
        new: Variant,
        is_again: bool,
        used: &[(Variant, u64)],
    ) -> Vec<Variant> {
        let used_at = |variant: &Variant| {
            let at = used.iter().find(|(used, _)| used.digest == variant.digest)?.1;
            Some(Timestamp::from_millis(at))
        };
        add(variants, new, 4, || is_again, used_at, Timestamp::from_millis(5))
    }

    #[test]
    fn a_newcomer_is_asked_for_twice_before_another_makes_room() {
        let languages = ["de", "en", "fr", "it", "pt", "pl"].map(|one| fields(&[("accept-language", one)]));
        let new = |at: usize, until: u64| variant("accept-language", &languages[at], until);
        let mut variants = Vec::new();
        assert!(added(&mut variants, new(0, 9), false, &[]).is_empty());
        assert!(added(&mut variants, new(1, 4), false, &[]).is_empty());
        assert!(added(&mut variants, new(2, 9), false, &[]).is_empty());
        let for_all = variant("", &languages[0], 9);
        assert!(added(&mut variants, for_all.clone(), false, &[]).is_empty(), "there is room for four");
        assert_eq!(added(&mut variants, new(3, 9), false, &[]), [new(1, 4)], "its time was up");
        assert_eq!(
            added(&mut variants, new(4, 9), false, &[]),
            [new(4, 9)],
            "it is asked for the first time"
        );
        assert_eq!(added(&mut variants, new(4, 9), true, &[(new(3, 9), 1)]), [new(2, 9)], "nobody used it");
        let used = [(new(0, 9), 3), (new(3, 9), 2), (new(4, 9), 4)];
        assert_eq!(added(&mut variants, new(5, 9), true, &used), [new(3, 9)], "it was used longest ago");
        assert!(variants.contains(&new(0, 9)) && variants.contains(&for_all));
        assert!(added(&mut variants, new(0, 99), false, &used).is_empty());
        assert_eq!((variants[0].until.as_millis(), variants.len()), (99, 4));
    }

    #[test]
    fn answers_may_differ_by_a_few_lists_of_fields() {
        let mut variants = Vec::new();
        let nobody = HeaderMap::new();
        for names in ["a", "b", "c", "d"] {
            assert!(added(&mut variants, variant(names, &nobody, 9), false, &[]).is_empty());
        }
        let fifth = variant("e", &nobody, 9);
        assert_eq!(added(&mut variants, fifth.clone(), true, &[]), [fifth]);
    }

    #[test]
    fn a_list_counts_once_however_often_it_comes_back() {
        let mut variants = Vec::new();
        let now = Timestamp::from_millis(0);
        for (names, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2"), ("c", "1"), ("", "")] {
            let nobody = fields(&[("a", value), ("b", value), ("c", value)]);
            assert!(
                add(&mut variants, variant(names, &nobody, 9), 32, || false, |_| None, now).is_empty(),
                "{names} {value}"
            );
        }
    }
}
