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
mod tests;
