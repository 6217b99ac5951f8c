//! Several answers for one URL, side by side (RFC 9111 §4.1).
//!
//! An answer stands under its URL's own key as long as it is the only one there: most URLs have one, and are found with
//! one look. A second one that differs moves both to keys of their own, and a list of them takes that place.

use std::time::Duration;

use http::HeaderMap;

use super::Exchange;
use super::recall;
use crate::cache::admission::{self, Admission, LONGEST_RETENTION};
use crate::cache::entry::{Entry, Stored, Variant};
use crate::cache::key::{Key, Vary};
use crate::policy::Policy;
use crate::ports::{Held, Ports};
use crate::time::Timestamp;

/// By how many different lists of fields the answers for one URL may differ: each costs a digest at every look.
const MOST_LISTS: usize = 4;

/// The digest of the variant that a request with these fields selects, and whether it is among `variants`.
///
/// Of several that fit, the one that was stored last, but one that differs by something before one that is for all:
/// many origins leave `Vary` out of what they send by default (RFC 9111 §4.1).
pub(super) fn choose(variants: &[Variant], headers: &HeaderMap) -> (String, bool) {
    let mut digests: Vec<(&Vary, String)> = Vec::new();
    for Variant { vary, .. } in variants.iter().rev() {
        if !digests.iter().any(|(known, _)| *known == vary) {
            digests.push((vary, vary.digest(headers)));
        }
    }
    digests.sort_by_key(|(vary, _)| vary.is_empty());
    let is_stored = |(vary, digest): &&(&Vary, String)| {
        variants.iter().any(|variant| variant.vary == **vary && variant.digest == *digest)
    };
    let chosen = digests.iter().find(is_stored);
    let is_stored = chosen.is_some();
    let digest = chosen.or(digests.first()).map(|(_, digest)| digest.clone());
    (digest.unwrap_or_else(|| Vary::default().digest(headers)), is_stored)
}

/// Adds `new` to `variants`, and gives what has to make room for it, which may be itself.
///
/// Who came first stays for as long as it can be of use: a client that asks for many variants in a row pushes out its
/// own. An answer for all is never pushed out.
fn add(variants: &mut Vec<Variant>, new: Variant, most: usize, now: Timestamp) -> Vec<Variant> {
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
    variants.push(new);
    let mut over = Vec::new();
    if variants.len() > most {
        over.extend(variants.extract_if(.., |variant| variant.until <= now));
    }
    while variants.len() > most {
        let last = variants.len() - 1;
        let Some(youngest) = variants.iter().take(last).rposition(|variant| !variant.vary.is_empty()) else {
            break;
        };
        over.push(variants.remove(youngest));
    }
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
        let mut variants = match beside {
            None | Some((Entry::Down { .. }, _)) => {
                return recall::save(&self.ports, &key, entry, body, retention).await;
            }
            Some((Entry::Response(other), other_body)) => {
                let vary = Vary::of(&other.headers).unwrap_or_default();
                let digest = vary.digest_of(&other.selected_by);
                if (&vary, &digest) == (&own.vary, &own.digest) {
                    self.ports.cancel(other_body);
                    return recall::save(&self.ports, &key, entry, body, retention).await;
                }
                let left = admission::retention_left(&other, &policy.settings.cache, self.ports.now());
                let other_variant = Variant { until: self.ports.now().plus(left), vary, digest };
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
        let at = key.variant(&own.digest);
        let most = usize::try_from(policy.settings.cache.max_variants).unwrap_or(usize::MAX);
        let over = add(&mut variants, own.clone(), most, self.ports.now());
        if over.contains(&own) {
            // A copy that nobody reads would hold up the client's.
            if let Some(body) = body {
                self.ports.cancel(body);
            }
            return false;
        }
        if !recall::save(&self.ports, &at, entry, body, retention).await {
            return false;
        }
        // It outlives every variant, each of which has a retention of its own.
        let listed =
            recall::save(&self.ports, &key, &Entry::Variants(variants), None, LONGEST_RETENTION).await;
        for variant in over {
            recall::remove(&self.ports, &key.variant(&variant.digest)).await;
        }
        listed
    }

    fn variant(&self, policy: &Policy<'_>, vary: &Vary, retention: Duration) -> Variant {
        let until = self.ports.now().plus(retention);
        Variant { vary: vary.clone(), digest: vary.digest(&self.presented(policy).headers), until }
    }

    /// Writes a stored response anew under another key; `true` if the store took it.
    async fn move_to(
        &self,
        policy: &Policy<'_>,
        at: &Key,
        stored: Stored,
        body: P::Body,
        retention: Duration,
    ) -> bool {
        let (settings, idle) = (policy.settings, policy.settings.timeouts.idle);
        let (length, entry) = (stored.length, Entry::Response(stored));
        if retention.is_zero() {
            self.ports.cancel(body);
            return false;
        }
        if recall::renew(&self.ports, at, &entry, &body, retention).await {
            self.ports.cancel(body);
            return true;
        }
        match self.ports.hold(body, length, settings.body.hold, idle, idle).await {
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
        Variant { vary, digest, until: Timestamp::from_millis(until) }
    }

    #[test]
    fn of_several_that_fit_the_newest_that_differs_by_something_is_chosen() {
        // RFC 9111 §4.1
        let (german, beta) = (fields(&[("accept-language", "de")]), fields(&[("x-beta", "1")]));
        let both = fields(&[("accept-language", "de"), ("x-beta", "1")]);
        let variants =
            [variant("accept-language", &german, 9), variant("x-beta", &beta, 9), variant("", &german, 9)];
        let digest = |at: usize| variants[at].digest.clone();
        assert_eq!(choose(&variants, &german), (digest(0), true));
        assert_eq!(choose(&variants, &both), (digest(1), true));
        assert_eq!(choose(&variants, &HeaderMap::new()), (digest(2), true));
        let (_, is_stored) = choose(&variants[..2], &HeaderMap::new());
        assert!(!is_stored);
        assert!(!choose(&[], &german).1);
    }

    #[test]
    fn who_came_first_stays_as_long_as_it_can_be_of_use() {
        let languages = ["de", "en", "fr", "it", "pt"].map(|one| fields(&[("accept-language", one)]));
        let mut variants = Vec::new();
        let now = Timestamp::from_millis(5);
        let until = [9, 4, 9, 9, 9];
        let new = |at: usize| variant("accept-language", &languages[at], until[at]);
        for at in 0..3 {
            assert!(add(&mut variants, new(at), 3, now).is_empty());
        }
        assert!(
            add(&mut variants, variant("", &languages[0], 9), 4, now).is_empty(),
            "there is room for four"
        );
        let over = add(&mut variants, new(3), 4, now);
        assert_eq!(over, [new(1)], "its time was up");
        let over = add(&mut variants, new(4), 4, now);
        assert_eq!(over, [new(3)], "the youngest but the new one, and not the one that is for all");
        assert_eq!(variants[0], new(0));
        assert!(
            add(&mut variants, Variant { until: Timestamp::from_millis(99), ..new(0) }, 4, now).is_empty()
        );
        assert_eq!((variants[0].until.as_millis(), variants.len()), (99, 4));
    }

    #[test]
    fn answers_may_differ_by_a_few_lists_of_fields() {
        let mut variants = Vec::new();
        let nobody = HeaderMap::new();
        for names in ["a", "b", "c", "d"] {
            assert!(add(&mut variants, variant(names, &nobody, 9), 32, Timestamp::from_millis(0)).is_empty());
        }
        let fifth = variant("e", &nobody, 9);
        assert_eq!(add(&mut variants, fifth.clone(), 32, Timestamp::from_millis(0)), [fifth]);
    }

    #[test]
    fn a_list_counts_once_however_often_it_comes_back() {
        let mut variants = Vec::new();
        let now = Timestamp::from_millis(0);
        for (names, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2"), ("c", "1"), ("", "")] {
            let nobody = fields(&[("a", value), ("b", value), ("c", value)]);
            assert!(add(&mut variants, variant(names, &nobody, 9), 32, now).is_empty(), "{names} {value}");
        }
    }
}
