//! Which stored responses did the operator call out of date, and which are to be forgotten?
//!
//! A purge leaves what it marks in the store: it does not answer as fresh again, but still stands in when the
//! origin fails, as far as [`stale`](super::stale) allows. What is forgotten reads as absent.
//!
//! No store can be searched by prefix, and the one at hand is another in every data centre. So nothing is
//! searched: each order leaves a mark with its time, all data centres read the same short list of marks, and
//! each stored response is held against it when it is found. A response that the origin has sent or confirmed
//! (RFC 9111 §4.3.4) after the order is good. A mark concerns a path in every [spelling](crate::request::spelling): what
//! clients have had stored under others is the same to the origin.
//!
//! Clocks differ: the time of a mark is that of the data centre that took the order, the time of a response
//! that of the one that stored it. No allowance is made. The platform's clocks agree to some milliseconds,
//! which is less than an order takes from where the site was changed to here; and with an allowance, what is
//! fetched right after an order would be out of date at once.

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

/// How many marks there may be.
pub const MOST_MARKS: usize = 512;

/// The longest written form, in bytes: every data centre fetches it again and again.
pub const LONGEST: usize = 64 * 1024;

/// The number of the written form.
const FORM: u64 = 1;

/// The length of the written form without marks, in bytes.
const FRAME: usize = r#"{"v":1,"marks":[]}"#.len();

/// How long a mark can matter: for as long as anything is kept, which counts from when its body was whole,
/// and a large body may have been hours on its way.
const LONGEST_USE: Duration = LONGEST_RETENTION.saturating_add(Duration::from_secs(24 * 60 * 60));

/// What is to become of the responses that a mark concerns; the later is the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// They are out of date.
    Purge,
    /// They are no more.
    Forget,
}

/// What a stored response is after all marks; the later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// No mark concerns it.
    Good,
    /// Out of date: to be validated before it answers, and of use should the origin fail.
    Purged,
    /// As if it were not there.
    Forgotten,
}

/// Which responses a mark concerns.
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

/// A URL, or the beginning of one, without its scheme: a mark concerns `http` and `https` alike. Its path is
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

    /// Also of marks from before paths were folded.
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

/// A stored response as marks see it.
struct Marked<'a> {
    authority: &'a str,
    /// What its path may be read as, with its query.
    paths: Vec<String>,
    may_be_any: bool,
    headers: &'a HeaderMap,
}

impl<'a> Marked<'a> {
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
    fn concerns(&self, response: &Marked<'_>) -> bool {
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

/// What an operator said of some responses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Written")]
pub struct Mark {
    /// What is to become of them.
    pub verb: Verb,
    /// Which.
    pub scope: Scope,
    /// Only those requested at or before this point.
    pub at: Timestamp,
}

impl Mark {
    fn read(value: &Value) -> Option<Self> {
        let keys = value.as_object()?;
        let (verb, scope) = match (keys.get("purge"), keys.get("forget")) {
            (Some(scope), None) => (Verb::Purge, scope),
            (None, Some(scope)) => (Verb::Forget, scope),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let at = Timestamp::from_millis(keys.get("at")?.as_u64()?);
        let scope = Scope::read(scope)?;
        (keys.len() == 2).then_some(Self { verb, scope, at })
    }

    /// Whether `other` changes nothing beside this.
    fn covers(&self, other: &Self) -> bool {
        self.at >= other.at && self.verb >= other.verb && self.scope.covers(&other.scope)
    }
}

/// The marks of all orders that can still matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Vec<Mark>);

/// There is no room for more marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Marks {
    /// What `stored`, a response for `target`, is after these marks. The strongest that concerns it wins.
    pub fn on(&self, target: &Target, stored: &Stored) -> Standing {
        let mut later = self.0.iter().filter(|mark| stored.requested_at <= mark.at).peekable();
        if later.peek().is_none() {
            return Standing::Good;
        }
        let response = Marked::of(target, &stored.headers);
        match later.filter(|mark| mark.scope.concerns(&response)).map(|mark| mark.verb).max() {
            None => Standing::Good,
            Some(Verb::Purge) => Standing::Purged,
            Some(Verb::Forget) => Standing::Forgotten,
        }
    }

    /// Marks what was requested until `now`.
    ///
    /// No response ever gets a better standing by it. Marks that cannot matter any more, or that the new ones
    /// cover, are dropped. Where there is no room, the oldest purges become one purge of everything: too much
    /// is out of date then, never too little, and it still stands in for a failed origin. What is forgotten
    /// is lost, so that is never widened: if it alone leaves no room, the answer is [`Full`] and nothing
    /// changed.
    pub fn add(
        &mut self,
        verb: Verb,
        scopes: impl IntoIterator<Item = Scope>,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.take(scopes.into_iter().map(|scope| Mark { verb, scope, at: now }), now)
    }

    /// Adds the marks that only `others` has: what two data centres wrote without knowing of each other. In
    /// which order such lists are united makes no difference while there is room. As for [`add`](Self::add)
    /// otherwise.
    pub fn unite(&mut self, others: Self, now: Timestamp) -> Result<(), Full> {
        self.take(others.0, now)
    }

    fn take(&mut self, new: impl IntoIterator<Item = Mark>, now: Timestamp) -> Result<(), Full> {
        let mut marks = self.0.clone();
        for mark in new {
            if !marks.iter().any(|other| other.covers(&mark)) {
                marks.retain(|other| !mark.covers(other));
                marks.push(mark);
            }
        }
        marks.retain(|mark| now.since(mark.at) <= LONGEST_USE);
        self.0 = within_bounds(marks)?;
        Ok(())
    }

    /// How many there are, at most [`MOST_MARKS`].
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The written form: JSON, at most [`LONGEST`] bytes.
    pub fn encode(&self) -> String {
        serde_json::to_string(&Document { v: FORM, marks: self.0.clone() }).unwrap_or_default()
    }

    /// Reads a written form; `None` if its number is unknown, anything in it is damaged, or it is out of
    /// bounds. That is not the same as no marks: to write over it could make good again what an operator has
    /// purged.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        // From a `Value`, which the settings need anyway: what serde derives would bring as much code again, most
        // of it for errors that nobody sees.
        let document: Value = serde_json::from_str(text).ok()?;
        let keys = document.as_object()?;
        let (form, marks) = (keys.get("v")?.as_u64()?, keys.get("marks")?.as_array()?);
        if form != FORM || keys.len() != 2 || marks.len() > MOST_MARKS {
            return None;
        }
        marks.iter().map(Mark::read).collect::<Option<_>>().map(Self)
    }
}

/// `marks`, with as few of the oldest purges as possible made one purge of everything.
fn within_bounds(mut marks: Vec<Mark>) -> Result<Vec<Mark>, Full> {
    let lengths: Vec<usize> = marks.iter().map(written_length).collect();
    if fits(marks.len(), lengths.iter().sum()) {
        return Ok(marks);
    }
    let next = |marks: &[Mark], last| {
        let purges = marks.iter().filter(|mark| mark.verb == Verb::Purge && Some(mark.at) > last);
        purges.map(|mark| mark.at).min()
    };
    let mut last = None;
    while let Some(at) = next(&marks, last) {
        last = Some(at);
        let wide = Mark { verb: Verb::Purge, scope: Scope::All, at };
        let left = marks.iter().zip(&lengths).filter(|(mark, _)| !wide.covers(mark));
        let (count, bytes) =
            left.fold((1, written_length(&wide)), |(count, bytes), (_, length)| (count + 1, bytes + length));
        if fits(count, bytes) {
            marks.retain(|mark| !wide.covers(mark));
            marks.insert(0, wide);
            return Ok(marks);
        }
    }
    Err(Full)
}

/// Whether `count` marks of `bytes` bytes in all are within the bounds; a comma stands between two.
fn fits(count: usize, bytes: usize) -> bool {
    count <= MOST_MARKS && FRAME + bytes + count.saturating_sub(1) <= LONGEST
}

fn written_length(mark: &Mark) -> usize {
    serde_json::to_string(mark).map_or(LONGEST, |text| text.len())
}

/// The written form of all marks.
#[derive(Serialize)]
struct Document {
    v: u64,
    marks: Vec<Mark>,
}

/// The written form of one mark: its scope stands under its verb.
#[derive(Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    purge: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forget: Option<Scope>,
    at: u64,
}

impl From<Mark> for Written {
    fn from(Mark { verb, scope, at }: Mark) -> Self {
        let at = at.as_millis();
        match verb {
            Verb::Purge => Self { purge: Some(scope), forget: None, at },
            Verb::Forget => Self { purge: None, forget: Some(scope), at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::test::stored;
    use super::*;
    use Standing::{Forgotten, Good, Purged};
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

    impl Marks {
        /// What a response without tags is.
        fn mean(&self, target: &Target, requested_at: Timestamp) -> Standing {
            self.on(target, &Stored { requested_at, ..stored(&[]) })
        }
    }

    /// The marks of orders that came one after the other.
    fn marks(orders: &[(Verb, Scope, u64)]) -> Marks {
        let mut marks = Marks::default();
        for (verb, scope, time) in orders {
            marks.add(*verb, [scope.clone()], at(*time)).unwrap();
        }
        marks
    }

    #[test]
    fn a_purge_concerns_what_it_names_and_nothing_else() {
        let page = || url("https://example.com/blog?a=1");
        let blog = || prefix("https://example.com/blog/");
        for (scope, stored, standing) in [
            (page(), "https://example.com/blog?a=1", Purged),
            (page(), "http://example.com/blog?a=1", Purged),
            (page(), "https://me@example.com/blog?a=1", Purged),
            (page(), "https://example.com/blog", Good),
            (page(), "https://example.com/blog?a=12", Good),
            (page(), "https://example.com:8443/blog?a=1", Good),
            (page(), "https://www.example.com/blog?a=1", Good),
            (page(), "https://example.co/m/blog?a=1", Good),
            (blog(), "https://example.com/blog/", Purged),
            (blog(), "http://example.com/blog/2026?page=2", Purged),
            (blog(), "https://example.com/blog", Good),
            (blog(), "https://example.com/blogroll", Good),
            (blog(), "https://example.com.evil.example/blog/", Good),
            (blog(), "https://evil.example/example.com/blog/", Good),
            (prefix("https://example.com/blog"), "https://example.com/blogroll", Purged),
            (prefix("https://example.com/?q="), "https://example.com/?q=1", Purged),
            (prefix("https://example.com/"), "https://example.com/", Purged),
            (prefix("https://example.com/"), "https://example.com:8443/", Good),
            (url("https://[::1]:8443/a"), "https://[::1]:8443/a", Purged),
            (Scope::All, "https://other.example/", Purged),
        ] {
            let marks = marks(&[(Verb::Purge, scope.clone(), 5)]);
            assert_eq!(marks.mean(&target(stored), at(5)), standing, "{scope:?} on {stored}");
        }
    }

    #[test]
    fn a_purge_concerns_a_path_in_every_spelling() {
        let page = || url("https://example.com/a/b?c");
        for (scope, stored, standing) in [
            (page(), "https://example.com//a/b?c", Purged),
            (page(), "https://example.com/a%2fb?c", Purged),
            (page(), "https://example.com/%61/b?c", Purged),
            (page(), "https://example.com/a/b;x=1?c", Purged),
            (page(), "https://example.com/x/..%2fa/b?d", Purged),
            (page(), "https://example.com/a%2fb?%63", Good),
            (page(), "https://example.com/a%2fb%3fc", Good),
            (page(), "https://other.example/x/..%2fa/b?c", Good),
            (url("https://example.com//%61%2Fb?c"), "https://example.com/a/b?c", Purged),
            (prefix("https://example.com/a/"), "https://example.com//a%2Fx?y", Purged),
            (prefix("https://example.com/a/"), "https://example.com/%61;x/y", Purged),
            (prefix("https://example.com/%61%2f"), "https://example.com/a/", Purged),
            (prefix("https://example.com/a/"), "https://example.com//ab", Good),
        ] {
            let marks = marks(&[(Verb::Purge, scope.clone(), 5)]);
            assert_eq!(marks.mean(&target(stored), at(5)), standing, "{scope:?} on {stored}");
        }
        // Written before paths were folded.
        let old = Marks::decode(r#"{"v":1,"marks":[{"forget":{"url":"a//%61%2fb?//%61"},"at":5}]}"#).unwrap();
        assert_eq!(old.mean(&target("https://a/a/b?//%61"), at(5)), Forgotten);
    }

    #[test]
    fn a_purge_by_tag_concerns_what_has_it() {
        let long = ["tag-of-12-bytes"; 300].join(",");
        for (lines, standing) in [
            (vec!["product-7"], Purged),
            (vec!["a, Product-7 ,b"], Purged),
            (vec!["a", "product-7"], Purged),
            (vec!["product-77"], Good),
            (vec!["product"], Good),
            (vec!["product-7 b"], Good),
            (vec![], Good),
            (vec![", ,"], Good),
            (vec!["*"], Purged),
            (vec![long.as_str()], Purged),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(CACHE_TAG, line.parse().unwrap());
            }
            bound_tags(&mut headers);
            let stored = Stored { requested_at: at(5), headers: headers.into(), ..stored(&[]) };
            let marks = marks(&[(Verb::Purge, Scope::Tag("product-7".to_owned()), 5)]);
            assert_eq!(marks.on(&target("https://a/"), &stored), standing, "{lines:?}");
            assert_eq!(Marks::decode(&marks.encode()), Some(marks));
        }
    }

    #[test]
    fn what_was_fetched_after_the_order_is_good() {
        for (verb, standing) in [(Verb::Purge, Purged), (Verb::Forget, Forgotten)] {
            let marks = marks(&[(verb, Scope::All, 1000)]);
            for (requested_at, expected) in [(0, standing), (1000, standing), (1001, Good)] {
                assert_eq!(marks.mean(&target("https://a/"), at(requested_at)), expected, "{requested_at}");
            }
        }
    }

    #[test]
    fn the_strongest_mark_wins() {
        let (page, blog) = ("https://a/b/c", "https://a/b/");
        let orders = [(Verb::Forget, url(page), 1000), (Verb::Purge, prefix(blog), 2000)];
        let marks = marks(&orders);
        for (requested_at, expected) in [(1000, Forgotten), (1001, Purged), (2000, Purged), (2001, Good)] {
            assert_eq!(marks.mean(&target(page), at(requested_at)), expected, "{requested_at}");
        }
        assert_eq!(marks.mean(&target("https://a/b/d"), at(1000)), Purged);
    }

    #[test]
    fn only_marks_that_still_matter_are_kept() {
        use Verb::{Forget, Purge};
        let (page, blog) = (|| url("https://a/b/c"), || prefix("https://a/b/"));
        let tag = |tag: &str| Scope::Tag(tag.to_owned());
        for (first, second, left) in [
            ((Purge, page(), 1), (Purge, page(), 2), 1),
            ((Purge, page(), 2), (Purge, page(), 1), 1), // a clock that goes after
            ((Purge, page(), 1), (Forget, page(), 2), 1),
            ((Forget, page(), 1), (Purge, page(), 2), 2),
            ((Purge, page(), 1), (Purge, blog(), 2), 1),
            ((Purge, blog(), 2), (Purge, page(), 2), 1),
            ((Purge, blog(), 1), (Purge, page(), 2), 2),
            ((Purge, prefix("https://a/b/c"), 1), (Purge, page(), 2), 2),
            ((Purge, blog(), 1), (Purge, prefix("https://a/b"), 2), 1),
            ((Purge, blog(), 1), (Forget, Scope::All, 2), 1),
            ((Forget, blog(), 1), (Purge, Scope::All, 2), 2),
            ((Purge, Scope::All, 1), (Purge, blog(), 2), 2),
            ((Purge, url("https://b/b/c"), 1), (Purge, blog(), 2), 2),
            ((Purge, tag("a"), 1), (Purge, tag("a"), 2), 1),
            ((Purge, tag("a"), 1), (Purge, tag("b"), 2), 2),
            ((Purge, tag("a"), 1), (Purge, Scope::All, 2), 1),
            ((Purge, prefix("https://a/"), 1), (Purge, tag("a"), 1), 2),
            ((Purge, tag("a"), 1), (Purge, prefix("https://a/"), 1), 2),
            ((Purge, page(), 1), (Purge, url("https://b/"), 366 * DAY + 1), 2),
            ((Purge, page(), 1), (Purge, url("https://b/"), 366 * DAY + 2), 1), // nothing is kept that long
        ] {
            let marks = marks(&[first.clone(), second.clone()]);
            assert_eq!(marks.len(), left, "{first:?}, then {second:?}");
        }
    }

    #[test]
    fn where_there_is_no_room_old_purges_widen_and_recent_ones_stay_as_they_are() {
        let page = |number: u64| format!("https://a/{number}");
        let most = u64::try_from(MOST_MARKS).unwrap();
        let mut marks = Marks::default();
        for number in 1..=most {
            marks.add(Verb::Purge, [url(&page(number))], at(number)).unwrap();
        }
        assert_eq!(marks.mean(&target("https://b/"), at(0)), Good);
        marks.add(Verb::Purge, [url(&page(0))], at(most + 1)).unwrap();
        assert_eq!(marks.len(), MOST_MARKS);
        // The two oldest have become one.
        assert_eq!(marks.mean(&target("https://b/"), at(2)), Purged);
        assert_eq!(marks.mean(&target("https://b/"), at(3)), Good);
        assert_eq!(marks.mean(&target(&page(3)), at(3)), Purged);
        assert_eq!(marks.mean(&target(&page(0)), at(most + 1)), Purged);
    }

    #[test]
    fn the_oldest_purges_widen_in_whatever_order_they_came() {
        let most = u64::try_from(MOST_MARKS).unwrap();
        let mut marks = Marks::default();
        for time in (0..=most).rev() {
            marks.add(Verb::Purge, [url(&format!("https://a/{time}"))], at(time)).unwrap();
        }
        assert_eq!(marks.len(), MOST_MARKS);
        assert_eq!(marks.mean(&target("https://b/"), at(1)), Purged);
        assert_eq!(marks.mean(&target("https://b/"), at(2)), Good);
    }

    #[test]
    fn there_is_room_up_to_the_last_byte() {
        for (too_much, fits) in [(0, true), (1, false)] {
            let mut marks = Marks::default();
            marks
                .add(Verb::Forget, [url("https://a/"), url("https://b/"), url("https://c/")], at(1))
                .unwrap();
            let rest = LONGEST + too_much - marks.encode().len();
            let last = marks.clone().0.pop().unwrap();
            let filler = "d".repeat(rest - written_length(&last) - ",".len() + "c".len());
            assert_eq!(marks.add(Verb::Forget, [url(&format!("https://{filler}/"))], at(1)).is_ok(), fits);
            assert_eq!(marks.encode().len() == LONGEST, fits);
        }
    }

    #[test]
    fn what_is_forgotten_is_never_more_than_was_said() {
        let pages = |count: usize| (0..count).map(|number| url(&format!("https://a/{number}")));
        let mut marks = Marks::default();
        marks.add(Verb::Purge, [url("https://b/")], at(1)).unwrap();
        marks.add(Verb::Forget, pages(MOST_MARKS - 1), at(2)).unwrap();
        assert_eq!(marks.len(), MOST_MARKS);
        let before = marks.clone();
        assert_eq!(marks.add(Verb::Forget, [url("https://b/")], at(0)), Err(Full));
        assert_eq!(marks, before);
        // A purge finds room among the purges, and one that covers others makes some.
        marks.add(Verb::Purge, [url("https://c/")], at(3)).unwrap();
        assert_eq!(marks.mean(&target("https://other/"), at(3)), Purged);
        assert_eq!(marks.mean(&target("https://other/"), at(4)), Good);
        marks.add(Verb::Forget, [prefix("https://a/")], at(4)).unwrap();
        assert_eq!(marks.len(), 2);

        let long = |name: char| url(&format!("https://a/{}", name.to_string().repeat(LONGEST / 2)));
        let mut marks = Marks::default();
        marks.add(Verb::Forget, [long('a')], at(1)).unwrap();
        assert_eq!(marks.add(Verb::Forget, [long('b')], at(1)), Err(Full));
        marks.add(Verb::Purge, [long('b')], at(1)).unwrap();
        assert_eq!(marks.mean(&target("https://other/"), at(1)), Purged);
    }

    #[test]
    fn lists_that_were_written_apart_can_be_united() {
        let one = marks(&[(Verb::Purge, url("https://a/"), 1), (Verb::Forget, url("https://b/"), 2)]);
        let other = marks(&[(Verb::Purge, url("https://a/"), 3)]);
        for (mut first, second) in [(one.clone(), other.clone()), (other, one)] {
            first.unite(second, at(4)).unwrap();
            assert_eq!(first.len(), 2);
            assert_eq!(first.mean(&target("https://a/"), at(3)), Purged);
            assert_eq!(first.mean(&target("https://b/"), at(2)), Forgotten);
        }
    }

    #[test]
    fn the_written_form_stays_readable() {
        // Marks outlive a deploy: a change here needs a new number.
        let marks = marks(&[
            (Verb::Forget, Scope::All, 1),
            (Verb::Purge, prefix("https://a/b"), 2),
            (Verb::Purge, url("https://a:1/\"?c"), 3),
            (Verb::Purge, Scope::Tag("d".to_owned()), 4),
        ]);
        let text = concat!(
            r#"{"v":1,"marks":[{"forget":"all","at":1},{"purge":{"prefix":"a/b"},"at":2},"#,
            r#"{"purge":{"url":"a:1/\"?c"},"at":3},{"purge":{"tag":"d"},"at":4}]}"#
        );
        assert_eq!(marks.encode(), text);
        assert_eq!(Marks::decode(text), Some(marks));
        assert_eq!(Marks::default().encode(), r#"{"v":1,"marks":[]}"#);
    }

    #[test]
    fn damaged_marks_are_not_taken_for_none() {
        let many = |count: usize| {
            format!(r#"{{"v":1,"marks":[{}]}}"#, vec![r#"{"purge":"all","at":1}"#; count].join(","))
        };
        assert!(Marks::decode(&many(MOST_MARKS)).is_some());
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
            &many(MOST_MARKS + 1),
            &format!("{}{}", many(1), " ".repeat(LONGEST)),
        ] {
            assert_eq!(Marks::decode(text), None, "{text}");
        }
    }

    fn verb() -> impl Strategy<Value = Verb> {
        prop_oneof![3 => Just(Verb::Purge), 1 => Just(Verb::Forget)]
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
            orders in prop::collection::vec((verb(), scopes(), 0..60 * DAY), 1..16),
            targets in prop::collection::vec(some_target(), 1..8),
        ) {
            let (mut marks, mut said, mut now) = (Marks::default(), Vec::new(), at(400 * DAY));
            let mut times = Vec::new();
            for (verb, scopes, later) in orders {
                // One order in ten comes by a clock that is behind.
                now = at(if later % 10 == 0 { now.as_millis() - 1000 } else { now.as_millis() + later });
                let before = marks.clone();
                match marks.add(verb, scopes.clone(), now) {
                    Ok(()) => said.extend(scopes.into_iter().map(|scope| Mark { verb, scope, at: now })),
                    Err(Full) => prop_assert_eq!(&marks, &before),
                }
                let written = marks.encode();
                prop_assert!(marks.len() <= MOST_MARKS && written.len() <= LONGEST);
                let length: usize = marks.0.iter().map(written_length).sum();
                prop_assert_eq!(written.len(), FRAME + length + marks.len().saturating_sub(1));
                prop_assert_eq!(Marks::decode(&written), Some(marks.clone()));
                times.extend([now, at(now.as_millis() + 1)]);
                let all = Marks(said.clone());
                for target in &targets {
                    let times = times.iter().copied();
                    for time in times.filter(|time| now.since(*time) <= LONGEST_RETENTION) {
                        let (standing, least) = (marks.mean(target, time), all.mean(target, time));
                        prop_assert!(standing >= least);
                        // Nor is more lost than was said to be.
                        prop_assert!(standing < Forgotten || least == Forgotten);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn damage_is_survived(text in "\\PC*", cut in 0..120usize, put in "\\PC{0,3}") {
            let _ = Marks::decode(&text);
            let orders = [(Verb::Forget, prefix("https://a/b"), 2), (Verb::Purge, Scope::All, 3)];
            let written = marks(&orders).encode();
            let (head, tail) = written.split_at(cut.min(written.len()));
            if let Some(read) = Marks::decode(&format!("{head}{put}{tail}")) {
                prop_assert_eq!(Marks::decode(&read.encode()), Some(read));
            }
        }
    }
}
