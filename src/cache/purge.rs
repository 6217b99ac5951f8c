//! Purge rules. Is a stored response still fresh, stale or absent after the operator's orders?
//!
//! A soft purge leaves responses in the store. They do not answer as fresh again, but still stand in when the origin fails, as
//! far as [`stale`](super::stale) allows. After a hard purge they read as absent.
//!
//! No store can be searched by prefix, and each data centre has a store of its own. So nothing is searched: each order adds a
//! rule with its time, all data centres read the same short list of rules, and each stored response is checked against the list
//! when it is found. A response that the origin has sent or confirmed (RFC 9111 §4.3.4) after the order is unaffected. A rule
//! applies to a path in every [spelling](crate::request::spelling), because all are the same to the origin.
//!
//! Clocks differ: a rule has the time of the data centre that took the order, a response that of the one that stored it. No
//! allowance is made. The platform's clocks agree to some milliseconds, which is less than an order takes to arrive after the
//! site was changed; and with an allowance, what is fetched right after an order would be stale at once.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

use super::entry::Stored;
use super::storable::LONGEST_RETENTION;
use crate::request::Target;
use crate::request::spelling::{Readings, folded};
use crate::time::Timestamp;

/// By what the origin lets its answers be purged together: names with commas between them. It is not for visitors.
pub const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

/// How long that field may be, in bytes: an entry has to hold it. A longer one is stored as [`ANY_TAG`].
const LONGEST_TAGS: usize = 4 * 1024;

/// What has this tag is purged by every one.
pub const ANY_TAG: &str = "*";

/// How many rules there may be.
pub const MOST_RULES: usize = 512;

/// The longest written form, in bytes: every data centre fetches it again and again.
pub const LONGEST: usize = 64 * 1024;

/// The number of the written form.
const FORM: u64 = 1;

/// The length of the written form without rules, in bytes.
const FRAME: usize = r#"{"v":1,"marks":[]}"#.len();

/// How long a rule can matter: for as long as anything is kept, which counts from when its body was whole,
/// and a large body may have been hours on its way.
const LONGEST_USE: Duration = LONGEST_RETENTION.saturating_add(Duration::from_secs(24 * 60 * 60));

/// What becomes of the responses that a rule concerns; the later is the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurgeKind {
    /// They are stale: one may still stand in for a failed origin.
    Soft,
    /// They read as absent.
    Hard,
}

/// What a stored response is after all rules; the later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurgeState {
    /// No rule concerns it.
    Unaffected,
    /// Out of date: to be validated before it answers, and of use should the origin fail.
    Stale,
    /// As if it were not there.
    Absent,
}

/// Which responses a rule concerns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those for one URL, with this very query, in all variants.
    Url(Place),
    /// Those for all URLs that begin like this, wherever it ends: `/blog` begins `/blogroll` too.
    Prefix(Place),
    /// Those that the origin gave this tag, which has small letters here: the case makes no difference.
    Tag(String),
    /// All.
    All,
}

/// A URL, or the beginning of one, without its scheme: a rule concerns `http` and `https` alike. Its path is
/// [folded].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Place(String);

impl Place {
    /// Where `target` is; a user's name in it makes no difference.
    pub fn of(target: &Target) -> Self {
        Self([authority(target), &folded(target.path()), query(target)].concat())
    }

    /// `<authority><path?query>`, with a path that begins with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Also of rules from before paths were folded.
    fn read(text: &str) -> Option<Self> {
        let target = Target::parse(&["https://", text].concat()).filter(|_| text.contains('/'))?;
        Some(Self::of(&target))
    }

    /// What is left of this after `authority`: from the path on if it is the same.
    fn after(&self, authority: &str) -> Option<&str> {
        self.0.strip_prefix(authority)
    }
}

fn authority(target: &Target) -> &str {
    target.authority().rsplit('@').next().unwrap_or_default()
}

/// The query with its `?`, where there is one.
fn query(target: &Target) -> &str {
    target.path_and_query().strip_prefix(target.path()).unwrap_or_default()
}

/// The tags of a response with these fields, of which some may be empty.
fn tags(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(CACHE_TAG).into_iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// Makes the tags in `headers` fit into an entry. Where they are too long, every one stands for them: too much is out of
/// date then, and never too little.
pub fn bound_tags(headers: &mut HeaderMap) {
    let length: usize = headers.get_all(CACHE_TAG).iter().map(HeaderValue::len).sum();
    if length > LONGEST_TAGS {
        headers.insert(CACHE_TAG, HeaderValue::from_static(ANY_TAG));
    }
}

/// A stored response as rules see it.
struct Response<'a> {
    authority: &'a str,
    /// What its path may be read as, with its query.
    paths: Vec<String>,
    may_be_any: bool,
    headers: &'a HeaderMap,
}

impl<'a> Response<'a> {
    fn of(target: &'a Target, headers: &'a HeaderMap) -> Self {
        let Readings { mut paths, may_be_any } = Readings::of(target.path());
        paths.iter_mut().for_each(|path| path.push_str(query(target)));
        Self { authority: authority(target), paths, may_be_any, headers }
    }

    /// Whether it is at `place`, going by a comparison of what follows the authority.
    fn is_at(&self, place: &Place, is_it: impl Fn(&str, &str) -> bool) -> bool {
        place
            .after(self.authority)
            .is_some_and(|path| self.may_be_any || self.paths.iter().any(|own| is_it(own, path)))
    }

    fn has(&self, tag: &str) -> bool {
        tags(self.headers).any(|own| own.eq_ignore_ascii_case(tag.as_bytes()) || own == ANY_TAG.as_bytes())
    }
}

impl Scope {
    fn concerns(&self, response: &Response<'_>) -> bool {
        match self {
            Self::Url(place) => response.is_at(place, |own, path| own == path),
            Self::Prefix(place) => response.is_at(place, |own, start| own.starts_with(start)),
            Self::Tag(tag) => response.has(tag),
            Self::All => true,
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value.as_str() == Some("all") {
            return Some(Self::All);
        }
        let mut keys = value.as_object()?.iter();
        let (kind, text) = keys.next()?;
        let text = text.as_str()?;
        match (kind.as_str(), keys.next()) {
            ("url", None) => Place::read(text).map(Self::Url),
            ("prefix", None) => Place::read(text).map(Self::Prefix),
            ("tag", None) => Some(Self::Tag(text.to_owned())),
            _ => None,
        }
    }

    /// Whether this concerns all that `other` does. A place has its whole authority, so that of texts where
    /// one begins with the other the authorities are the same.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Tag(own), Self::Tag(tag)) => own == tag,
            (_, Self::All | Self::Tag(_)) | (Self::Tag(_), _) | (Self::Url(_), Self::Prefix(_)) => false,
            (Self::Url(own), Self::Url(place)) => own == place,
            (Self::Prefix(start), Self::Url(place) | Self::Prefix(place)) => place.0.starts_with(&start.0),
        }
    }
}

/// One rule: what becomes of some responses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Written")]
pub struct PurgeRule {
    /// What is to become of them.
    pub kind: PurgeKind,
    /// Which.
    pub scope: Scope,
    /// Only those requested at or before this point.
    pub at: Timestamp,
}

impl PurgeRule {
    fn read(value: &Value) -> Option<Self> {
        let keys = value.as_object()?;
        let (kind, scope) = match (keys.get("purge"), keys.get("forget")) {
            (Some(scope), None) => (PurgeKind::Soft, scope),
            (None, Some(scope)) => (PurgeKind::Hard, scope),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let at = Timestamp::from_millis(keys.get("at")?.as_u64()?);
        let scope = Scope::read(scope)?;
        (keys.len() == 2).then_some(Self { kind, scope, at })
    }

    /// Whether `other` changes nothing beside this.
    fn covers(&self, other: &Self) -> bool {
        self.at >= other.at && self.kind >= other.kind && self.scope.covers(&other.scope)
    }
}

/// The rules of all orders that can still matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgeRules(Vec<PurgeRule>);

/// There is no room for more rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl PurgeRules {
    /// What `stored`, a response for `target`, is after these rules. The strongest that concerns it wins.
    pub fn on(&self, target: &Target, stored: &Stored) -> PurgeState {
        let mut later = self.0.iter().filter(|rule| stored.requested_at <= rule.at).peekable();
        if later.peek().is_none() {
            return PurgeState::Unaffected;
        }
        let response = Response::of(target, &stored.headers);
        match later.filter(|rule| rule.scope.concerns(&response)).map(|rule| rule.kind).max() {
            None => PurgeState::Unaffected,
            Some(PurgeKind::Soft) => PurgeState::Stale,
            Some(PurgeKind::Hard) => PurgeState::Absent,
        }
    }

    /// Purges what was requested until `now`.
    ///
    /// No response ever gets a better standing by it. Rules that cannot matter any more, or that the new ones
    /// cover, are dropped. Where there is no room, the oldest purges become one purge of everything: too much
    /// is out of date then, never too little, and it still stands in for a failed origin. What is forgotten
    /// is lost, so that is never widened: if it alone leaves no room, the answer is [`Full`] and nothing
    /// changed.
    pub fn add(
        &mut self,
        kind: PurgeKind,
        scopes: impl IntoIterator<Item = Scope>,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.take(scopes.into_iter().map(|scope| PurgeRule { kind, scope, at: now }), now)
    }

    /// Adds the rules that only `others` has: what two data centres wrote without knowing of each other. In
    /// which order such lists are united makes no difference while there is room. As for [`add`](Self::add)
    /// otherwise.
    pub fn unite(&mut self, others: Self, now: Timestamp) -> Result<(), Full> {
        self.take(others.0, now)
    }

    fn take(&mut self, new: impl IntoIterator<Item = PurgeRule>, now: Timestamp) -> Result<(), Full> {
        let mut rules = self.0.clone();
        for rule in new {
            if !rules.iter().any(|other| other.covers(&rule)) {
                rules.retain(|other| !rule.covers(other));
                rules.push(rule);
            }
        }
        rules.retain(|rule| now.since(rule.at) <= LONGEST_USE);
        self.0 = within_bounds(rules)?;
        Ok(())
    }

    /// How many there are, at most [`MOST_RULES`].
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The written form: JSON, at most [`LONGEST`] bytes.
    pub fn encode(&self) -> String {
        serde_json::to_string(&Document { v: FORM, rules: self.0.clone() }).unwrap_or_default()
    }

    /// Reads a written form; `None` if its number is unknown, anything in it is damaged, or it is out of
    /// bounds. That is not the same as no rules: to write over it could make good again what an operator has
    /// purged.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        // From a `Value`, which the settings need anyway: what serde derives would bring as much code again, most
        // of it for errors that nobody sees.
        let document: Value = serde_json::from_str(text).ok()?;
        let keys = document.as_object()?;
        let (form, rules) = (keys.get("v")?.as_u64()?, keys.get("marks")?.as_array()?);
        if form != FORM || keys.len() != 2 || rules.len() > MOST_RULES {
            return None;
        }
        rules.iter().map(PurgeRule::read).collect::<Option<_>>().map(Self)
    }
}

/// `rules`, with as few of the oldest purges as possible made one purge of everything.
fn within_bounds(mut rules: Vec<PurgeRule>) -> Result<Vec<PurgeRule>, Full> {
    let lengths: Vec<usize> = rules.iter().map(written_length).collect();
    if fits(rules.len(), lengths.iter().sum()) {
        return Ok(rules);
    }
    let next = |rules: &[PurgeRule], last| {
        let purges = rules.iter().filter(|rule| rule.kind == PurgeKind::Soft && Some(rule.at) > last);
        purges.map(|rule| rule.at).min()
    };
    let mut last = None;
    while let Some(at) = next(&rules, last) {
        last = Some(at);
        let wide = PurgeRule { kind: PurgeKind::Soft, scope: Scope::All, at };
        let left = rules.iter().zip(&lengths).filter(|(rule, _)| !wide.covers(rule));
        let (count, bytes) =
            left.fold((1, written_length(&wide)), |(count, bytes), (_, length)| (count + 1, bytes + length));
        if fits(count, bytes) {
            rules.retain(|rule| !wide.covers(rule));
            rules.insert(0, wide);
            return Ok(rules);
        }
    }
    Err(Full)
}

/// Whether `count` rules of `bytes` bytes in all are within the bounds; a comma stands between two.
fn fits(count: usize, bytes: usize) -> bool {
    count <= MOST_RULES && FRAME + bytes + count.saturating_sub(1) <= LONGEST
}

fn written_length(rule: &PurgeRule) -> usize {
    serde_json::to_string(rule).map_or(LONGEST, |text| text.len())
}

/// The written form of all rules.
#[derive(Serialize)]
struct Document {
    v: u64,
    /// Under the key that its first form has.
    #[serde(rename = "marks")]
    rules: Vec<PurgeRule>,
}

/// The written form of one rule: its scope stands under its kind.
#[derive(Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    purge: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forget: Option<Scope>,
    at: u64,
}

impl From<PurgeRule> for Written {
    fn from(PurgeRule { kind, scope, at }: PurgeRule) -> Self {
        let at = at.as_millis();
        match kind {
            PurgeKind::Soft => Self { purge: Some(scope), forget: None, at },
            PurgeKind::Hard => Self { purge: None, forget: Some(scope), at },
        }
    }
}

#[cfg(test)]
mod tests {
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

    fn url(url: &str) -> Scope {
        Scope::Url(Place::of(&target(url)))
    }

    fn prefix(url: &str) -> Scope {
        Scope::Prefix(Place::of(&target(url)))
    }

    impl PurgeRules {
        /// What a response without tags is.
        fn mean(&self, target: &Target, requested_at: Timestamp) -> PurgeState {
            self.on(target, &Stored { requested_at, ..stored(&[]) })
        }
    }

    /// The rules of orders that came one after the other.
    fn rules(orders: &[(PurgeKind, Scope, u64)]) -> PurgeRules {
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
            (Scope::All, "https://other.example/", Stale),
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
            let rules = rules(&[(PurgeKind::Soft, Scope::Tag("product-7".to_owned()), 5)]);
            assert_eq!(rules.on(&target("https://a/"), &stored), standing, "{lines:?}");
            assert_eq!(PurgeRules::decode(&rules.encode()), Some(rules));
        }
    }

    #[test]
    fn what_was_fetched_after_the_order_is_good() {
        for (kind, standing) in [(PurgeKind::Soft, Stale), (PurgeKind::Hard, Absent)] {
            let rules = rules(&[(kind, Scope::All, 1000)]);
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
        let tag = |tag: &str| Scope::Tag(tag.to_owned());
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
            ((Soft, blog(), 1), (Hard, Scope::All, 2), 1),
            ((Hard, blog(), 1), (Soft, Scope::All, 2), 2),
            ((Soft, Scope::All, 1), (Soft, blog(), 2), 2),
            ((Soft, url("https://b/b/c"), 1), (Soft, blog(), 2), 2),
            ((Soft, tag("a"), 1), (Soft, tag("a"), 2), 1),
            ((Soft, tag("a"), 1), (Soft, tag("b"), 2), 2),
            ((Soft, tag("a"), 1), (Soft, Scope::All, 2), 1),
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
            rules
                .add(PurgeKind::Hard, [url("https://a/"), url("https://b/"), url("https://c/")], at(1))
                .unwrap();
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
            (PurgeKind::Hard, Scope::All, 1),
            (PurgeKind::Soft, prefix("https://a/b"), 2),
            (PurgeKind::Soft, url("https://a:1/\"?c"), 3),
            (PurgeKind::Soft, Scope::Tag("d".to_owned()), 4),
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
    fn scopes() -> impl Strategy<Value = Vec<Scope>> {
        let scope = prop_oneof![
            4 => some_target().prop_map(|target| Scope::Url(Place::of(&target))),
            4 => some_target().prop_map(|target| Scope::Prefix(Place::of(&target))),
            1 => Just(Scope::All),
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
            let orders = [(PurgeKind::Hard, prefix("https://a/b"), 2), (PurgeKind::Soft, Scope::All, 3)];
            let written = rules(&orders).encode();
            let (head, tail) = written.split_at(cut.min(written.len()));
            if let Some(read) = PurgeRules::decode(&format!("{head}{put}{tail}")) {
                prop_assert_eq!(PurgeRules::decode(&read.encode()), Some(read));
            }
        }
    }
}
