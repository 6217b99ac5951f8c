//! Purge rules. Is a stored response still fresh, stale or absent after the operator's orders?
//!
//! A soft purge makes responses stale. They may still answer if the origin fails, as far as [`stale`](super::stale)
//! allows. After a hard purge they read as absent.
//!
//! No store can be searched by prefix, and each data centre has a store of its own. So nothing is searched. Each
//! order adds a rule with its time, all data centres read the same short list, and each stored response is checked
//! against the list when it is found. A response that the origin sent or confirmed (RFC 9111 §4.3.4) after the order
//! is unaffected. A rule applies to a path in every [spelling](crate::request::spelling), because they are all the
//! same to the origin.
//!
//! Clocks differ: a rule has the time of the data centre that took the order, a response the time of the one that
//! stored it. There is no allowance. The platform's clocks agree to some milliseconds, which is less than the time
//! between a site's change and the order. With an allowance, a response fetched right after an order would be stale
//! at once.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

use super::entry::Stored;
use super::storable::LONGEST_RETENTION;
use crate::json;
use crate::request::spelling::{Readings, folded};
use crate::request::{Target, without_userinfo};
use crate::time::Timestamp;

/// The tags by which answers are purged together: names separated by commas. Not sent to visitors.
pub const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

/// The longest value of that field, in bytes: an entry must hold it. A longer one is stored as [`ANY_TAG`].
const LONGEST_TAGS: usize = 4 * 1024;

/// A response with this tag is purged by every tag.
pub const ANY_TAG: &str = "*";

/// How many rules there may be.
pub const MOST_RULES: usize = 512;

/// The longest encoding, in bytes: every data centre fetches it repeatedly.
pub const LONGEST: usize = 64 * 1024;

/// The version number of the encoding.
const FORM: u64 = 1;

/// The length of the encoding without rules, in bytes.
const FRAME: usize = r#"{"v":1,"marks":[]}"#.len();

/// How long a rule can matter: the longest retention, plus a day. Retention counts from when the body was whole, and
/// a large body may take hours.
const LONGEST_USE: Duration = LONGEST_RETENTION.saturating_add(Duration::from_secs(24 * 60 * 60));

/// The effect of a rule; the stronger last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurgeKind {
    /// The responses are stale; they may still answer if the origin fails.
    Soft,
    /// The responses read as absent.
    Hard,
}

/// The state of a stored response after all rules; the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurgeState {
    /// No rule applies.
    Unaffected,
    /// Out of date: it must be validated before it answers, and may answer if the origin fails.
    Stale,
    /// As if it were not stored.
    Absent,
}

/// The responses to which a rule applies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PurgeScope {
    /// One URL, with exactly this query, in all variants.
    Url(UrlPrefix),
    /// All URLs that begin like this, even in the middle of a segment: `/blog` also matches `/blogroll`.
    Prefix(UrlPrefix),
    /// All responses with this tag, in lower case; tags are compared without case.
    Tag(String),
    /// All responses.
    All,
}

/// A URL, or the beginning of one, without its scheme: a rule applies to `http` and `https` alike. Its path is
/// [folded].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct UrlPrefix(String);

impl UrlPrefix {
    /// The URL of `target` without scheme and user information.
    pub fn of(target: &Target) -> Self {
        Self([authority(target), &folded(target.path()), query(target)].concat())
    }

    /// `<authority><path?query>`, with a path that begins with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses a text, and folds its path: older rules have unfolded ones.
    fn read(text: &str) -> Option<Self> {
        let target = Target::parse(&["https://", text].concat()).filter(|_| text.contains('/'))?;
        Some(Self::of(&target))
    }

    /// The rest after `authority`; `None` if this has another authority.
    fn after(&self, authority: &str) -> Option<&str> {
        self.0.strip_prefix(authority)
    }
}

fn authority(target: &Target) -> &str {
    without_userinfo(target.authority())
}

/// The query with its `?`, or empty.
fn query(target: &Target) -> &str {
    target.path_and_query().strip_prefix(target.path()).unwrap_or_default()
}

/// The tags in these fields; some may be empty.
fn tags(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(CACHE_TAG).into_iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// Makes the tags in `headers` fit into an entry. If they are too long, [`ANY_TAG`] replaces them: too much is purged
/// then, never too little.
pub fn bound_tags(headers: &mut HeaderMap) {
    let length: usize = headers.get_all(CACHE_TAG).iter().map(HeaderValue::len).sum();
    if length > LONGEST_TAGS {
        headers.insert(CACHE_TAG, HeaderValue::from_static(ANY_TAG));
    }
}

/// A stored response as rules see it.
struct Response<'a> {
    authority: &'a str,
    /// The readings of its path, each with its query.
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

    /// Whether it is at `place`; `is_it` compares a reading with the rest of `place` after the authority.
    fn is_at(&self, place: &UrlPrefix, is_it: impl Fn(&str, &str) -> bool) -> bool {
        place
            .after(self.authority)
            .is_some_and(|path| self.may_be_any || self.paths.iter().any(|own| is_it(own, path)))
    }

    fn has(&self, tag: &str) -> bool {
        tags(self.headers).any(|own| own.eq_ignore_ascii_case(tag.as_bytes()) || own == ANY_TAG.as_bytes())
    }
}

impl PurgeScope {
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
            ("url", None) => UrlPrefix::read(text).map(Self::Url),
            ("prefix", None) => UrlPrefix::read(text).map(Self::Prefix),
            ("tag", None) => Some(Self::Tag(text.to_owned())),
            _ => None,
        }
    }

    /// Whether this includes everything in `other`. Texts contain a whole authority, so a common beginning implies
    /// the same authority.
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

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Written")]
pub struct PurgeRule {
    /// The effect.
    pub kind: PurgeKind,
    /// The responses that are affected.
    pub scope: PurgeScope,
    /// Only responses requested at or before this time are affected.
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
        let scope = PurgeScope::read(scope)?;
        (keys.len() == 2).then_some(Self { kind, scope, at })
    }

    /// Whether `other` has no effect beside this rule.
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
    /// The state of `stored`, a response for `target`, after these rules. The strongest applicable rule wins.
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

    /// Purges responses requested until `now`.
    ///
    /// No response improves its state. Rules that are expired, or covered by the new ones, are dropped. If there is
    /// no room, the oldest soft purges become one soft purge of everything: too much is stale then, never too little,
    /// and it may still answer if the origin fails. Hard purges are never widened. If they alone leave no room, the
    /// result is [`Full`] and nothing changes.
    pub fn add(
        &mut self,
        kind: PurgeKind,
        scopes: impl IntoIterator<Item = PurgeScope>,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.take(scopes.into_iter().map(|scope| PurgeRule { kind, scope, at: now }), now)
    }

    /// Adds the rules that only `others` has, when two data centres wrote without knowing of each other. The order of
    /// merges does not matter while there is room. Otherwise as [`add`](Self::add).
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

    /// The number of rules, at most [`MOST_RULES`].
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Encodes the rules as JSON, at most [`LONGEST`] bytes.
    pub fn encode(&self) -> String {
        serde_json::to_string(&Document { v: FORM, rules: self.0.clone() }).unwrap_or_default()
    }

    /// Decodes rules; `None` if the version is unknown, any part is damaged, or a limit is exceeded. This differs
    /// from no rules: overwriting it could revive responses that an operator purged.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let document = json::read(text).ok()?;
        let keys = document.as_object()?;
        let (form, rules) = (keys.get("v")?.as_u64()?, keys.get("marks")?.as_array()?);
        if form != FORM || keys.len() != 2 || rules.len() > MOST_RULES {
            return None;
        }
        rules.iter().map(PurgeRule::read).collect::<Option<_>>().map(Self)
    }
}

/// `rules`, with as few of the oldest soft purges as possible merged into one of everything.
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
        let wide = PurgeRule { kind: PurgeKind::Soft, scope: PurgeScope::All, at };
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

/// Whether `count` rules of `bytes` bytes in total are within the limits; commas separate them.
fn fits(count: usize, bytes: usize) -> bool {
    count <= MOST_RULES && FRAME + bytes + count.saturating_sub(1) <= LONGEST
}

fn written_length(rule: &PurgeRule) -> usize {
    serde_json::to_string(rule).map_or(LONGEST, |text| text.len())
}

/// The encoding of all rules.
#[derive(Serialize)]
struct Document {
    v: u64,
    /// The key of the first version.
    #[serde(rename = "marks")]
    rules: Vec<PurgeRule>,
}

/// The encoding of one rule: the scope under its kind.
#[derive(Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    purge: Option<PurgeScope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forget: Option<PurgeScope>,
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
