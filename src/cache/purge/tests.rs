use super::super::entry::test::stored;
use super::*;
use PurgeState::{Absent, Stale, Unaffected};
use proptest::prelude::*;

const DAY: u64 = 24 * 60 * 60 * 1000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn target(url: &str) -> Target {
    Target::parse(url).unwrap()
}

fn url(url: &str) -> PurgeScope {
    PurgeScope::Url(UrlPrefix::of(&target(url)))
}

fn prefix(url: &str) -> PurgeScope {
    PurgeScope::Prefix(UrlPrefix::of(&target(url)))
}

impl PurgeRules {
    /// What a response without tags is.
    fn mean(&self, target: &Target, requested_at: Timestamp) -> PurgeState {
        self.on(target, &Stored { requested_at, ..stored(&[]) })
    }
}

/// The rules of orders that came one after the other.
fn rules(orders: &[(PurgeKind, PurgeScope, u64)]) -> PurgeRules {
    let mut rules = PurgeRules::default();
    for (kind, scope, time) in orders {
        rules.add(*kind, [scope.clone()], at(*time)).unwrap();
    }
    rules
}

#[test]
fn a_purge_concerns_what_it_names_and_nothing_else() {
    let page = || url("https://example.com/blog?a=1");
    let blog = || prefix("https://example.com/blog/");
    for (scope, stored, standing) in [
        (page(), "https://example.com/blog?a=1", Stale),
        (page(), "http://example.com/blog?a=1", Stale),
        (page(), "https://me@example.com/blog?a=1", Stale),
        (page(), "https://example.com/blog", Unaffected),
        (page(), "https://example.com/blog?a=12", Unaffected),
        (page(), "https://example.com:8443/blog?a=1", Unaffected),
        (page(), "https://www.example.com/blog?a=1", Unaffected),
        (page(), "https://example.co/m/blog?a=1", Unaffected),
        (blog(), "https://example.com/blog/", Stale),
        (blog(), "http://example.com/blog/2026?page=2", Stale),
        (blog(), "https://example.com/blog", Unaffected),
        (blog(), "https://example.com/blogroll", Unaffected),
        (blog(), "https://example.com.evil.example/blog/", Unaffected),
        (blog(), "https://evil.example/example.com/blog/", Unaffected),
        (prefix("https://example.com/blog"), "https://example.com/blogroll", Stale),
        (prefix("https://example.com/?q="), "https://example.com/?q=1", Stale),
        (prefix("https://example.com/"), "https://example.com/", Stale),
        (prefix("https://example.com/"), "https://example.com:8443/", Unaffected),
        (url("https://[::1]:8443/a"), "https://[::1]:8443/a", Stale),
        (PurgeScope::All, "https://other.example/", Stale),
    ] {
        let rules = rules(&[(PurgeKind::Soft, scope.clone(), 5)]);
        assert_eq!(rules.mean(&target(stored), at(5)), standing, "{scope:?} on {stored}");
    }
}

#[test]
fn a_purge_concerns_a_path_in_every_spelling() {
    let page = || url("https://example.com/a/b?c");
    for (scope, stored, standing) in [
        (page(), "https://example.com//a/b?c", Stale),
        (page(), "https://example.com/a%2fb?c", Stale),
        (page(), "https://example.com/%61/b?c", Stale),
        (page(), "https://example.com/a/b;x=1?c", Stale),
        (page(), "https://example.com/x/..%2fa/b?d", Stale),
        (page(), "https://example.com/a%2fb?%63", Unaffected),
        (page(), "https://example.com/a%2fb%3fc", Unaffected),
        (page(), "https://other.example/x/..%2fa/b?c", Unaffected),
        (url("https://example.com//%61%2Fb?c"), "https://example.com/a/b?c", Stale),
        (prefix("https://example.com/a/"), "https://example.com//a%2Fx?y", Stale),
        (prefix("https://example.com/a/"), "https://example.com/%61;x/y", Stale),
        (prefix("https://example.com/%61%2f"), "https://example.com/a/", Stale),
        (prefix("https://example.com/a/"), "https://example.com//ab", Unaffected),
    ] {
        let rules = rules(&[(PurgeKind::Soft, scope.clone(), 5)]);
        assert_eq!(rules.mean(&target(stored), at(5)), standing, "{scope:?} on {stored}");
    }
    // Written before paths were folded.
    let old =
        PurgeRules::decode(r#"{"v":1,"marks":[{"forget":{"url":"a//%61%2fb?//%61"},"at":5}]}"#).unwrap();
    assert_eq!(old.mean(&target("https://a/a/b?//%61"), at(5)), Absent);
}

#[test]
fn a_purge_by_tag_concerns_what_has_it() {
    let long = ["tag-of-12-bytes"; 300].join(",");
    for (lines, standing) in [
        (vec!["product-7"], Stale),
        (vec!["a, Product-7 ,b"], Stale),
        (vec!["a", "product-7"], Stale),
        (vec!["product-77"], Unaffected),
        (vec!["product"], Unaffected),
        (vec!["product-7 b"], Unaffected),
        (vec![], Unaffected),
        (vec![", ,"], Unaffected),
        (vec!["*"], Stale),
        (vec![long.as_str()], Stale),
    ] {
        let mut headers = HeaderMap::new();
        for line in &lines {
            headers.append(CACHE_TAG, line.parse().unwrap());
        }
        bound_tags(&mut headers);
        let stored = Stored { requested_at: at(5), headers: headers.into(), ..stored(&[]) };
        let rules = rules(&[(PurgeKind::Soft, PurgeScope::Tag("product-7".to_owned()), 5)]);
        assert_eq!(rules.on(&target("https://a/"), &stored), standing, "{lines:?}");
        assert_eq!(PurgeRules::decode(&rules.encode()), Some(rules));
    }
}

#[test]
fn what_was_fetched_after_the_order_is_good() {
    for (kind, standing) in [(PurgeKind::Soft, Stale), (PurgeKind::Hard, Absent)] {
        let rules = rules(&[(kind, PurgeScope::All, 1000)]);
        for (requested_at, expected) in [(0, standing), (1000, standing), (1001, Unaffected)] {
            assert_eq!(rules.mean(&target("https://a/"), at(requested_at)), expected, "{requested_at}");
        }
    }
}

#[test]
fn the_strongest_mark_wins() {
    let (page, blog) = ("https://a/b/c", "https://a/b/");
    let orders = [(PurgeKind::Hard, url(page), 1000), (PurgeKind::Soft, prefix(blog), 2000)];
    let rules = rules(&orders);
    for (requested_at, expected) in [(1000, Absent), (1001, Stale), (2000, Stale), (2001, Unaffected)] {
        assert_eq!(rules.mean(&target(page), at(requested_at)), expected, "{requested_at}");
    }
    assert_eq!(rules.mean(&target("https://a/b/d"), at(1000)), Stale);
}

#[test]
fn only_marks_that_still_matter_are_kept() {
    use PurgeKind::{Hard, Soft};
    let (page, blog) = (|| url("https://a/b/c"), || prefix("https://a/b/"));
    let tag = |tag: &str| PurgeScope::Tag(tag.to_owned());
    for (first, second, left) in [
        ((Soft, page(), 1), (Soft, page(), 2), 1),
        ((Soft, page(), 2), (Soft, page(), 1), 1), // a clock that goes after
        ((Soft, page(), 1), (Hard, page(), 2), 1),
        ((Hard, page(), 1), (Soft, page(), 2), 2),
        ((Soft, page(), 1), (Soft, blog(), 2), 1),
        ((Soft, blog(), 2), (Soft, page(), 2), 1),
        ((Soft, blog(), 1), (Soft, page(), 2), 2),
        ((Soft, prefix("https://a/b/c"), 1), (Soft, page(), 2), 2),
        ((Soft, blog(), 1), (Soft, prefix("https://a/b"), 2), 1),
        ((Soft, blog(), 1), (Hard, PurgeScope::All, 2), 1),
        ((Hard, blog(), 1), (Soft, PurgeScope::All, 2), 2),
        ((Soft, PurgeScope::All, 1), (Soft, blog(), 2), 2),
        ((Soft, url("https://b/b/c"), 1), (Soft, blog(), 2), 2),
        ((Soft, tag("a"), 1), (Soft, tag("a"), 2), 1),
        ((Soft, tag("a"), 1), (Soft, tag("b"), 2), 2),
        ((Soft, tag("a"), 1), (Soft, PurgeScope::All, 2), 1),
        ((Soft, prefix("https://a/"), 1), (Soft, tag("a"), 1), 2),
        ((Soft, tag("a"), 1), (Soft, prefix("https://a/"), 1), 2),
        ((Soft, page(), 1), (Soft, url("https://b/"), 366 * DAY + 1), 2),
        ((Soft, page(), 1), (Soft, url("https://b/"), 366 * DAY + 2), 1), // nothing is kept that long
    ] {
        let rules = rules(&[first.clone(), second.clone()]);
        assert_eq!(rules.len(), left, "{first:?}, then {second:?}");
    }
}

#[test]
fn where_there_is_no_room_old_purges_widen_and_recent_ones_stay_as_they_are() {
    let page = |number: u64| format!("https://a/{number}");
    let most = u64::try_from(MOST_RULES).unwrap();
    let mut rules = PurgeRules::default();
    for number in 1..=most {
        rules.add(PurgeKind::Soft, [url(&page(number))], at(number)).unwrap();
    }
    assert_eq!(rules.mean(&target("https://b/"), at(0)), Unaffected);
    rules.add(PurgeKind::Soft, [url(&page(0))], at(most + 1)).unwrap();
    assert_eq!(rules.len(), MOST_RULES);
    // The two oldest have become one.
    assert_eq!(rules.mean(&target("https://b/"), at(2)), Stale);
    assert_eq!(rules.mean(&target("https://b/"), at(3)), Unaffected);
    assert_eq!(rules.mean(&target(&page(3)), at(3)), Stale);
    assert_eq!(rules.mean(&target(&page(0)), at(most + 1)), Stale);
}

#[test]
fn the_oldest_purges_widen_in_whatever_order_they_came() {
    let most = u64::try_from(MOST_RULES).unwrap();
    let mut rules = PurgeRules::default();
    for time in (0..=most).rev() {
        rules.add(PurgeKind::Soft, [url(&format!("https://a/{time}"))], at(time)).unwrap();
    }
    assert_eq!(rules.len(), MOST_RULES);
    assert_eq!(rules.mean(&target("https://b/"), at(1)), Stale);
    assert_eq!(rules.mean(&target("https://b/"), at(2)), Unaffected);
}

#[test]
fn there_is_room_up_to_the_last_byte() {
    for (too_much, fits) in [(0, true), (1, false)] {
        let mut rules = PurgeRules::default();
        rules.add(PurgeKind::Hard, [url("https://a/"), url("https://b/"), url("https://c/")], at(1)).unwrap();
        let rest = LONGEST + too_much - rules.encode().len();
        let last = rules.clone().0.pop().unwrap();
        let filler = "d".repeat(rest - written_length(&last) - ",".len() + "c".len());
        assert_eq!(rules.add(PurgeKind::Hard, [url(&format!("https://{filler}/"))], at(1)).is_ok(), fits);
        assert_eq!(rules.encode().len() == LONGEST, fits);
    }
}

#[test]
fn what_is_forgotten_is_never_more_than_was_said() {
    let pages = |count: usize| (0..count).map(|number| url(&format!("https://a/{number}")));
    let mut rules = PurgeRules::default();
    rules.add(PurgeKind::Soft, [url("https://b/")], at(1)).unwrap();
    rules.add(PurgeKind::Hard, pages(MOST_RULES - 1), at(2)).unwrap();
    assert_eq!(rules.len(), MOST_RULES);
    let before = rules.clone();
    assert_eq!(rules.add(PurgeKind::Hard, [url("https://b/")], at(0)), Err(Full));
    assert_eq!(rules, before);
    // A purge finds room among the purges, and one that covers others makes some.
    rules.add(PurgeKind::Soft, [url("https://c/")], at(3)).unwrap();
    assert_eq!(rules.mean(&target("https://other/"), at(3)), Stale);
    assert_eq!(rules.mean(&target("https://other/"), at(4)), Unaffected);
    rules.add(PurgeKind::Hard, [prefix("https://a/")], at(4)).unwrap();
    assert_eq!(rules.len(), 2);

    let long = |name: char| url(&format!("https://a/{}", name.to_string().repeat(LONGEST / 2)));
    let mut rules = PurgeRules::default();
    rules.add(PurgeKind::Hard, [long('a')], at(1)).unwrap();
    assert_eq!(rules.add(PurgeKind::Hard, [long('b')], at(1)), Err(Full));
    rules.add(PurgeKind::Soft, [long('b')], at(1)).unwrap();
    assert_eq!(rules.mean(&target("https://other/"), at(1)), Stale);
}

#[test]
fn lists_that_were_written_apart_can_be_united() {
    let one = rules(&[(PurgeKind::Soft, url("https://a/"), 1), (PurgeKind::Hard, url("https://b/"), 2)]);
    let other = rules(&[(PurgeKind::Soft, url("https://a/"), 3)]);
    for (mut first, second) in [(one.clone(), other.clone()), (other, one)] {
        first.unite(second, at(4)).unwrap();
        assert_eq!(first.len(), 2);
        assert_eq!(first.mean(&target("https://a/"), at(3)), Stale);
        assert_eq!(first.mean(&target("https://b/"), at(2)), Absent);
    }
}

#[test]
fn the_written_form_stays_readable() {
    // PurgeRules outlive a deploy: a change here needs a new number.
    let rules = rules(&[
        (PurgeKind::Hard, PurgeScope::All, 1),
        (PurgeKind::Soft, prefix("https://a/b"), 2),
        (PurgeKind::Soft, url("https://a:1/\"?c"), 3),
        (PurgeKind::Soft, PurgeScope::Tag("d".to_owned()), 4),
    ]);
    let text = concat!(
        r#"{"v":1,"marks":[{"forget":"all","at":1},{"purge":{"prefix":"a/b"},"at":2},"#,
        r#"{"purge":{"url":"a:1/\"?c"},"at":3},{"purge":{"tag":"d"},"at":4}]}"#
    );
    assert_eq!(rules.encode(), text);
    assert_eq!(PurgeRules::decode(text), Some(rules));
    assert_eq!(PurgeRules::default().encode(), r#"{"v":1,"marks":[]}"#);
}

#[test]
fn damaged_marks_are_not_taken_for_none() {
    let many = |count: usize| {
        format!(r#"{{"v":1,"marks":[{}]}}"#, vec![r#"{"purge":"all","at":1}"#; count].join(","))
    };
    assert!(PurgeRules::decode(&many(MOST_RULES)).is_some());
    for text in [
        "",
        "{}",
        "[]",
        r#"{"v":2,"marks":[]}"#,
        r#"{"v":1}"#,
        r#"{"v":1,"marks":[],"more":1}"#,
        r#"{"v":1,"marks":[]"#,
        r#"{"v":1,"marks":[{}]}"#,
        r#"{"v":1,"marks":[{"at":1}]}"#,
        r#"{"v":1,"marks":[{"purge":"all"}]}"#,
        r#"{"v":1,"marks":[{"purge":"all","forget":"all","at":1}]}"#,
        r#"{"v":1,"marks":[{"purge":"all","at":-1}]}"#,
        r#"{"v":1,"marks":[{"purge":"some","at":1}]}"#,
        r#"{"v":1,"marks":[{"purge":{"url":"example.com"},"at":1}]}"#,
        r#"{"v":1,"marks":[{"purge":{"prefix":"/a"},"at":1}]}"#,
        r#"{"v":1,"marks":[{"purge":{"prefix":""},"at":1}]}"#,
        r#"{"v":1,"marks":[{"purge":{"tag":1},"at":1}]}"#,
        r#"{"v":1,"marks":[{"purge":{"host":"a"},"at":1}]}"#,
        &many(MOST_RULES + 1),
        &format!("{}{}", many(1), " ".repeat(LONGEST)),
    ] {
        assert_eq!(PurgeRules::decode(text), None, "{text}");
    }
}

fn kind() -> impl Strategy<Value = PurgeKind> {
    prop_oneof![3 => Just(PurgeKind::Soft), 1 => Just(PurgeKind::Hard)]
}

fn some_target() -> impl Strategy<Value = Target> {
    "https?://[ab]{1,2}/([ab/?;.%]|%2f){0,3}".prop_map(|url| target(&url))
}

/// A few scopes that meet, or many that fill the list.
fn scopes() -> impl Strategy<Value = Vec<PurgeScope>> {
    let scope = prop_oneof![
        4 => some_target().prop_map(|target| PurgeScope::Url(UrlPrefix::of(&target))),
        4 => some_target().prop_map(|target| PurgeScope::Prefix(UrlPrefix::of(&target))),
        1 => Just(PurgeScope::All),
    ];
    let many = (0..1000, 1..100, 0..600usize).prop_map(|(first, count, length)| {
        let rest = "\"".repeat(length);
        (first..first + count).map(|number| url(&format!("https://a/{number}{rest}"))).collect()
    });
    prop_oneof![prop::collection::vec(scope, 1..4), many]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_was_once_marked_never_gets_better(
        orders in prop::collection::vec((kind(), scopes(), 0..60 * DAY), 1..16),
        targets in prop::collection::vec(some_target(), 1..8),
    ) {
        let (mut rules, mut said, mut now) = (PurgeRules::default(), Vec::new(), at(400 * DAY));
        let mut times = Vec::new();
        for (kind, scopes, later) in orders {
            // One order in ten comes by a clock that is behind.
            now = at(if later % 10 == 0 { now.as_millis() - 1000 } else { now.as_millis() + later });
            let before = rules.clone();
            match rules.add(kind, scopes.clone(), now) {
                Ok(()) => said.extend(scopes.into_iter().map(|scope| PurgeRule { kind, scope, at: now })),
                Err(Full) => prop_assert_eq!(&rules, &before),
            }
            let written = rules.encode();
            prop_assert!(rules.len() <= MOST_RULES && written.len() <= LONGEST);
            let length: usize = rules.0.iter().map(written_length).sum();
            prop_assert_eq!(written.len(), FRAME + length + rules.len().saturating_sub(1));
            prop_assert_eq!(PurgeRules::decode(&written), Some(rules.clone()));
            times.extend([now, at(now.as_millis() + 1)]);
            let all = PurgeRules(said.clone());
            for target in &targets {
                let times = times.iter().copied();
                for time in times.filter(|time| now.since(*time) <= LONGEST_RETENTION) {
                    let (standing, least) = (rules.mean(target, time), all.mean(target, time));
                    prop_assert!(standing >= least);
                    // Nor is more lost than was said to be.
                    prop_assert!(standing < Absent || least == Absent);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn damage_is_survived(text in "\\PC*", cut in 0..120usize, put in "\\PC{0,3}") {
        let _ = PurgeRules::decode(&text);
        let orders = [(PurgeKind::Hard, prefix("https://a/b"), 2), (PurgeKind::Soft, PurgeScope::All, 3)];
        let written = rules(&orders).encode();
        let (head, tail) = written.split_at(cut.min(written.len()));
        if let Some(read) = PurgeRules::decode(&format!("{head}{put}{tail}")) {
            prop_assert_eq!(PurgeRules::decode(&read.encode()), Some(read));
        }
    }
}
