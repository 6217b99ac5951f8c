//! Several answers for one URL, side by side (RFC 9111 §4.1).
//!
//! The only answer for a URL has the URL's own key: most URLs have one answer, which takes one lookup. A second one that
//! differs moves both to keys of their own, and a list of them takes the URL's key.

use std::time::Duration;

use http::HeaderMap;

use super::context::Context;
use crate::cache::entry::{Entry, Stored, Variant};
use crate::cache::key::{Key, Vary};
use crate::cache::storable::{self, Admission, LONGEST_RETENTION};
use crate::isolate::AskedBefore;
use crate::ports::{Held, Origin, Ports};
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
    if let Some(for_all) = digests.iter().position(|(vary, _)| vary.is_empty()) {
        digests.get_mut(for_all..).unwrap_or_default().rotate_left(1);
    }
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
/// Who came first stays for as long as it can be of use. Past `most`, one that is asked for again takes the place of one that
/// nobody used, the youngest. If all are in use and two clients asked for it, it takes that of the one that was used longest
/// ago. So neither made-up values nor values that are met once push out what visitors ask for. An answer for all is never
/// pushed out.
fn add(
    variants: &mut Vec<Variant>,
    new: Variant,
    most: usize,
    asked_before: impl Fn() -> AskedBefore,
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
        let least = others.map(|(at, variant)| (at, used_at(variant))).min_by_key(|(_, used_at)| *used_at);
        let makes_room = |used_at: Option<Timestamp>| match asked_before() {
            AskedBefore::ByNobody => false,
            AskedBefore::BySame => used_at.is_none(),
            AskedBefore::ByAnother => true,
        };
        match least.filter(|(_, used_at)| is_for_all || makes_room(*used_at)) {
            Some((least, _)) => over.push(variants.remove(least)),
            None => {
                over.push(new);
                return over;
            }
        }
    }
    variants.push(new);
    over
}

/// Stores `entry`; `true` if the store took it. `has_variants` says whether answers that differ were found.
pub(super) async fn store<P: Ports>(
    ctx: &Context<P>,
    admission: &Admission,
    entry: &Entry,
    body: Option<P::Body>,
    has_variants: bool,
) -> bool {
    let (key, retention) = (ctx.key(), admission.retention);
    if admission.vary.is_empty() && !has_variants {
        return ctx.store().save(key, entry, body, retention).await;
    }
    let until = ctx.now().plus(retention);
    let (vary, digest) = (admission.vary.clone(), admission.vary.digest(ctx.presented_fields()));
    let own = Variant { vary, digest, until, outdated_at: None };
    match beside(ctx, &own).await {
        Some(variants) => store_beside(ctx, variants, own, entry, body, retention).await,
        None => ctx.store().save(key, entry, body, retention).await,
    }
}

/// The variants that `own` is to stand beside. A single answer that differs is moved to a key of its own first. `None` if
/// `own` takes the URL's own key.
async fn beside<P: Ports>(ctx: &Context<P>, own: &Variant) -> Option<Vec<Variant>> {
    let key = ctx.key();
    match ctx.store().load_now(key).await.unwrap_or_default()? {
        (Entry::Down { .. }, _) => None,
        (Entry::Variants(variants), nothing) => {
            ctx.ports().cancel(nothing);
            Some(variants)
        }
        (Entry::Response(other), other_body) => {
            let vary = Vary::of(&other.headers).unwrap_or_default();
            let digest = vary.digest_of(&other.selected_by);
            if takes_place(&own.vary, &vary, &digest, ctx.presented_fields()) {
                ctx.ports().cancel(other_body);
                return None;
            }
            let left = storable::retention_left(&other, &ctx.policy.settings.cache, ctx.now());
            let until = ctx.now().plus(left);
            let other_variant = Variant { until, vary, digest, outdated_at: None };
            let at = key.variant(&other_variant.digest);
            move_to(ctx, &at, other, other_body, left).await.then(|| vec![other_variant])
        }
    }
}

/// Stores `entry` as `own` beside `variants`, and writes the list of them under the URL's own key.
async fn store_beside<P: Ports>(
    ctx: &Context<P>,
    mut variants: Vec<Variant>,
    own: Variant,
    entry: &Entry,
    body: Option<P::Body>,
    retention: Duration,
) -> bool {
    let (key, headers, store) = (ctx.key(), ctx.presented_fields(), ctx.store());
    let ended: Vec<_> = variants
        .extract_if(.., |one| one.vary != own.vary && takes_place(&own.vary, &one.vary, &one.digest, headers))
        .collect();
    let at = key.variant(&own.digest);
    let most = usize::try_from(ctx.policy.settings.cache.max_variants).unwrap_or(usize::MAX);
    let (isolate, now) = (ctx.isolate(), ctx.now());
    let asked_before = || isolate.record_variant_request(&at, ctx.witness().mark, now);
    let used_at = |variant: &Variant| isolate.used_at(&key.variant(&variant.digest));
    let over = add(&mut variants, own.clone(), most, asked_before, used_at, now);
    if over.contains(&own) {
        // A copy that nobody reads would hold up the client's.
        if let Some(body) = body {
            ctx.ports().cancel(body);
        }
        return false;
    }
    if !over.is_empty() {
        // It was asked for twice, so it is in use.
        isolate.note_use(&at, now);
    }
    if !store.save(&at, entry, body, retention).await {
        return false;
    }
    // The list outlives every variant, each of which has a retention of its own.
    let listed = store.save(key, &Entry::Variants(variants), None, LONGEST_RETENTION).await;
    for variant in over.into_iter().chain(ended) {
        store.remove(&key.variant(&variant.digest)).await;
    }
    listed
}

/// Writes a stored response again, perhaps under another key; `true` if the store took it.
pub(super) async fn move_to<P: Ports>(
    ctx: &Context<P>,
    at: &Key,
    stored: Stored,
    body: P::Body,
    retention: Duration,
) -> bool {
    let (settings, store) = (&ctx.policy.settings, ctx.store());
    let idle = settings.timeouts.idle;
    let (length, entry) = (stored.length, Entry::Response(stored));
    if retention.is_zero() {
        ctx.ports().cancel(body);
        return false;
    }
    if store.renew(at, &entry, &body, retention).await {
        ctx.ports().cancel(body);
        return true;
    }
    match ctx.ports().hold(body, length, settings.body.buffer, idle, idle).await {
        Held::Whole(body, _) => store.save(at, &entry, Some(body), retention).await,
        Held::Partial(body) => {
            ctx.ports().cancel(body);
            false
        }
        Held::Torn(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::AskedBefore::{ByAnother, ByNobody, BySame};
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

    /// Adds it as one that was asked for before or not, where those with the digests in `used` were used at these times.
    fn added(
        variants: &mut Vec<Variant>,
        new: Variant,
        asked_before: AskedBefore,
        used: &[(Variant, u64)],
    ) -> Vec<Variant> {
        let used_at = |variant: &Variant| {
            let at = used.iter().find(|(used, _)| used.digest == variant.digest)?.1;
            Some(Timestamp::from_millis(at))
        };
        add(variants, new, 4, || asked_before, used_at, Timestamp::from_millis(5))
    }

    #[test]
    fn a_newcomer_is_asked_for_twice_before_another_makes_room() {
        let languages = ["de", "en", "fr", "it", "pt", "pl"].map(|one| fields(&[("accept-language", one)]));
        let new = |at: usize, until: u64| variant("accept-language", &languages[at], until);
        let mut variants = Vec::new();
        assert!(added(&mut variants, new(0, 9), ByNobody, &[]).is_empty());
        assert!(added(&mut variants, new(1, 4), ByNobody, &[]).is_empty());
        assert!(added(&mut variants, new(2, 9), ByNobody, &[]).is_empty());
        let for_all = variant("", &languages[0], 9);
        assert!(added(&mut variants, for_all.clone(), ByNobody, &[]).is_empty(), "there is room for four");
        assert_eq!(added(&mut variants, new(3, 9), ByNobody, &[]), [new(1, 4)], "its time was up");
        assert_eq!(
            added(&mut variants, new(4, 9), ByNobody, &[]),
            [new(4, 9)],
            "it is asked for the first time"
        );
        assert_eq!(added(&mut variants, new(4, 9), BySame, &[(new(3, 9), 1)]), [new(2, 9)], "nobody used it");
        let used = [(new(0, 9), 3), (new(3, 9), 2), (new(4, 9), 4)];
        assert_eq!(
            added(&mut variants, new(5, 9), BySame, &used),
            [new(5, 9)],
            "one client pushes out none that is used"
        );
        assert_eq!(added(&mut variants, new(5, 9), ByAnother, &used), [new(3, 9)], "it was used longest ago");
        assert!(variants.contains(&new(0, 9)) && variants.contains(&for_all));
        assert!(added(&mut variants, new(0, 99), ByNobody, &used).is_empty());
        assert_eq!((variants[0].until.as_millis(), variants.len()), (99, 4));
    }

    #[test]
    fn answers_may_differ_by_a_few_lists_of_fields() {
        let mut variants = Vec::new();
        let nobody = HeaderMap::new();
        for names in ["a", "b", "c", "d"] {
            assert!(added(&mut variants, variant(names, &nobody, 9), ByNobody, &[]).is_empty());
        }
        let fifth = variant("e", &nobody, 9);
        assert_eq!(added(&mut variants, fifth.clone(), ByAnother, &[]), [fifth]);
    }

    #[test]
    fn a_list_counts_once_however_often_it_comes_back() {
        let mut variants = Vec::new();
        let now = Timestamp::from_millis(0);
        for (names, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2"), ("c", "1"), ("", "")] {
            let nobody = fields(&[("a", value), ("b", value), ("c", value)]);
            assert!(
                add(&mut variants, variant(names, &nobody, 9), 32, || ByNobody, |_| None, now).is_empty(),
                "{names} {value}"
            );
        }
    }
}
