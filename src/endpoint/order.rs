//! Orders. What is to be purged?
//!
//! An order is a JSON object:
//!
//! ```json
//! { "urls": ["https://example.com/a", "/b?c"], "prefixes": ["/blog/"], "tags": ["product-7"] }
//! { "all": true, "hard": true }
//! ```

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cache::purge::{ANY_TAG, PurgeKind, PurgeScope, UrlPrefix};
use crate::config::shortened;
use crate::json;
use crate::request::Target;

/// The longest body of an order, in bytes.
pub const LONGEST_ORDER: usize = 64 * 1024;

/// How many URLs, prefixes and tags an order may name.
pub const MOST_PLACES: usize = 100;

/// The longest URL or prefix, in bytes of its normal form without the scheme. All marks together may be
/// sixteen times as long.
pub const LONGEST_PLACE: usize = 4 * 1024;

/// The longest tag, in bytes.
const LONGEST_TAG: usize = 1024;

/// How many mistakes are told: one for every place, and some more.
const MOST_MISTAKES: usize = 128;

/// What an order as a whole is called where it is mistaken.
const WHOLE: &str = "order";

/// What an operator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What is to become of the responses.
    pub kind: PurgeKind,
    /// Which: at least one, each once, and [`PurgeScope::All`] alone.
    pub scopes: Vec<PurgeScope>,
}

/// What is wrong in an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Where: a key, with the position in its list from 0, as in `urls[2]`; `order` for the whole.
    pub key: String,
    /// What stands there, as JSON; at most 80 characters. It is for whoever sent it.
    pub value: String,
    /// What is accepted.
    pub rule: String,
}

impl Order {
    /// Reads the body of a request to `own`; all mistakes at once, at least one and at most 128.
    ///
    /// `resolve` gives an absolute URL in the normal form of the URL Standard, `None` if it is none. What
    /// begins with `/` is at the host of `own`. An unknown key is a mistake: it may stand for a limit that is
    /// not kept. Of a key that is there twice the last counts.
    pub fn read(
        body: &str,
        own: &Target,
        resolve: impl Fn(&str) -> Option<Target>,
    ) -> Result<Self, Vec<Mistake>> {
        let mistaken = |reason: &str| {
            vec![Mistake {
                key: WHOLE.to_owned(),
                value: shortened(body),
                rule: format!("a JSON object is accepted; {reason}"),
            }]
        };
        let keys = match json::read(body) {
            Ok(Value::Object(keys)) => keys,
            Ok(_) => return Err(mistaken("this is JSON of another kind")),
            Err(error) => return Err(mistaken(&error.to_string())),
        };
        let mut reader = Reader { keys, own, resolve, mistakes: Vec::new() };
        let order = reader.order();
        reader.mistakes.truncate(MOST_MISTAKES);
        if reader.mistakes.is_empty() { Ok(order) } else { Err(reader.mistakes) }
    }
}

/// An order in the reading. What is read is taken out of `keys`; what is left over is unknown.
struct Reader<'a, R> {
    keys: Map<String, Value>,
    own: &'a Target,
    resolve: R,
    mistakes: Vec<Mistake>,
}

impl<R: Fn(&str) -> Option<Target>> Reader<'_, R> {
    fn order(&mut self) -> Order {
        // `forget` is the old name of `hard`.
        let is_hard = ["hard", "forget"].map(|key| self.switch(key)).contains(&true);
        let kind = if is_hard { PurgeKind::Hard } else { PurgeKind::Soft };
        let all = self.switch("all");
        let (urls, prefixes, tags) = (self.list("urls"), self.list("prefixes"), self.list("tags"));
        let mut scopes = if all { vec![PurgeScope::All] } else { Vec::new() };
        let count = urls.len() + prefixes.len() + tags.len();
        if kind == PurgeKind::Hard && !tags.is_empty() {
            let rule = "a tag is purged softly only; purge URLs or prefixes hard".to_owned();
            self.note("tags".to_owned(), &Value::from(tags), rule);
        } else if count > MOST_PLACES {
            let rule = format!(
                "at most {MOST_PLACES} URLs, prefixes and tags are accepted in one order, these are {count}"
            );
            self.note(WHOLE.to_owned(), &Value::from(count), rule);
        } else {
            let mut named = self.scopes("urls", &urls, |this, text| this.url(text).map(PurgeScope::Url));
            named.extend(
                self.scopes("prefixes", &prefixes, |this, text| this.prefix(text).map(PurgeScope::Prefix)),
            );
            named.extend(self.scopes("tags", &tags, |_, text| tag(text).map(PurgeScope::Tag)));
            for scope in named {
                if !all && !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
        }
        for (key, value) in std::mem::take(&mut self.keys) {
            let rule = "unknown key; an order has urls, prefixes, tags, all and hard".to_owned();
            self.note(shortened(&key), &value, rule);
        }
        if scopes.is_empty() && self.mistakes.is_empty() {
            let rule =
                "say what: at least one of urls, prefixes, tags and \"all\": true is needed".to_owned();
            self.note(WHOLE.to_owned(), &Value::Null, rule);
        }
        Order { kind, scopes }
    }

    fn switch(&mut self, key: &str) -> bool {
        match self.keys.shift_remove(key) {
            None => false,
            Some(Value::Bool(on)) => on,
            Some(value) => {
                self.note(key.to_owned(), &value, "true or false is accepted, without quotes".to_owned());
                false
            }
        }
    }

    fn list(&mut self, key: &str) -> Vec<Value> {
        match self.keys.shift_remove(key) {
            None => Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(value) => {
                let rule = format!("a list is accepted; write e.g. \"{key}\": [\"/a\"]");
                self.note(key.to_owned(), &value, rule);
                Vec::new()
            }
        }
    }

    /// What `accept` makes of the entries of the list under `key`.
    fn scopes(
        &mut self,
        key: &str,
        entries: &[Value],
        accept: fn(&Self, &str) -> Result<PurgeScope, String>,
    ) -> Vec<PurgeScope> {
        let mut scopes = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let text = entry.as_str().ok_or_else(|| "a text is accepted, in quotes".to_owned());
            match text.and_then(|text| accept(self, text)) {
                Ok(scope) => scopes.push(scope),
                Err(rule) => self.note(format!("{key}[{index}]"), entry, rule),
            }
        }
        scopes
    }

    fn url(&self, text: &str) -> Result<UrlPrefix, String> {
        let place = self.resolve(text).ok_or_else(|| {
            r#"an absolute http or https URL without a user is accepted, or what follows its host, from "/" on; write e.g. "https://example.com/a" or "/a""#.to_owned()
        });
        place.and_then(within_bounds)
    }

    /// Accepts a prefix if whatever goes on from it as written goes on from it in its normal form too. So
    /// `https://example.com` is none, as `https://example.community/` begins like that, and `/a/..` is none,
    /// which would concern everything, and what ends in the middle of an escape is none.
    fn prefix(&self, text: &str) -> Result<UrlPrefix, String> {
        let longer = self.resolve(&format!("{text}x"));
        let goes_on = |place: &UrlPrefix| {
            longer.is_some_and(|longer| longer.as_str().strip_prefix(place.as_str()) == Some("x"))
        };
        let is_cut = text.bytes().rev().take(2).any(|byte| byte == b'%');
        let place = self.resolve(text).filter(|place| !is_cut && goes_on(place)).ok_or_else(|| {
            r#"the beginning of a URL is accepted that has all of the host and the "/" after it, or what follows the host, without a user, a fragment, or a dot segment, space or part of an escape at its end; write e.g. "https://example.com/blog/" or "/blog/""#.to_owned()
        });
        place.and_then(within_bounds)
    }

    fn resolve(&self, text: &str) -> Option<UrlPrefix> {
        let absolute = if text.starts_with('/') {
            let authority = self.own.authority();
            (self.resolve)(&format!("{}://{authority}{text}", self.own.scheme()))
        } else {
            // The platform would take any other text for a path beside this endpoint's.
            let is_absolute = text.split_once("://").is_some_and(|(scheme, _)| {
                ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            });
            (self.resolve)(text).filter(|target| is_absolute && !target.authority().contains('@'))
        };
        absolute.as_ref().map(UrlPrefix::of)
    }

    fn note(&mut self, key: String, value: &Value, rule: String) {
        self.mistakes.push(Mistake { key, value: shortened(&json::written(value)), rule });
    }
}

fn within_bounds(place: UrlPrefix) -> Result<UrlPrefix, String> {
    let rule = || format!("at most {LONGEST_PLACE} bytes are accepted; name a shorter prefix");
    if place.as_str().len() <= LONGEST_PLACE { Ok(place) } else { Err(rule()) }
}

fn tag(text: &str) -> Result<String, String> {
    let is_tag = (1..=LONGEST_TAG).contains(&text.len())
        && text != ANY_TAG
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    let rule = || {
        format!(
            r#"a tag of 1 to {LONGEST_TAG} visible ASCII characters without a comma is accepted, as in Cache-Tag; write e.g. "product-7""#
        )
    };
    if is_tag { Ok(text.to_ascii_lowercase()) } else { Err(rule()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As much of the URL Standard as is needed here.
    fn resolve(text: &str) -> Option<Target> {
        let text = text.trim_matches(' ').replace('\\', "/");
        let (scheme, rest) = text.split_once("://")?;
        let rest = rest.split('#').next()?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut segments = Vec::new();
        let mut parts = path.split('/').skip(1).peekable();
        while let Some(part) = parts.next() {
            match part {
                ".." => drop(segments.pop()),
                "." => {}
                part => segments.push(part),
            }
            if parts.peek().is_none() && matches!(part, "." | "..") {
                segments.push("");
            }
        }
        let path = segments.join("/").replace(' ', "%20");
        Target::parse(&format!("{}://{}/{path}", scheme.to_lowercase(), host.to_lowercase()))
    }

    fn read(body: &str) -> Result<Order, Vec<Mistake>> {
        let own = Target::parse("https://example.com:8443/.well-known/holdfast/purge").unwrap();
        Order::read(body, &own, resolve)
    }

    /// The kind, and each scope as it would be written.
    fn understood(body: &str) -> (PurgeKind, Vec<String>) {
        let order = read(body).unwrap_or_else(|mistakes| panic!("{body}: {mistakes:?}"));
        let written = |scope: &PurgeScope| match scope {
            PurgeScope::Url(place) => format!("= {}", place.as_str()),
            PurgeScope::Prefix(place) => format!("^ {}", place.as_str()),
            PurgeScope::Tag(tag) => format!("# {tag}"),
            PurgeScope::All => "all".to_owned(),
        };
        (order.kind, order.scopes.iter().map(written).collect())
    }

    #[test]
    fn an_order_names_urls_prefixes_or_everything() {
        use PurgeKind::{Hard, Soft};
        for (body, kind, scopes) in [
            (r#"{"urls": ["https://example.com/a?b"]}"#, Soft, vec!["= example.com/a?b"]),
            (r#"{"urls": ["HTTP://Example.com"]}"#, Soft, vec!["= example.com/"]),
            (r#"{"urls": ["/b/../c d", "/c%20d"]}"#, Soft, vec!["= example.com:8443/c d"]),
            (r#"{"urls": ["//evil.example/a"]}"#, Soft, vec!["= example.com:8443/evil.example/a"]),
            (
                r#"{"urls": ["//a%2F%61", "/a/a", "/a/a?b=%61"]}"#,
                Soft,
                vec!["= example.com:8443/a/a", "= example.com:8443/a/a?b=%61"],
            ),
            (r#"{"prefixes": ["/caf%C3"]}"#, Soft, vec!["^ example.com:8443/caf%C3"]),
            (r##"{"tags": ["Product-7", "product-7", "a:b/c#d"]}"##, Soft, vec!["# product-7", "# a:b/c#d"]),
            (r#"{"tags": ["a"], "urls": ["/a"]}"#, Soft, vec!["= example.com:8443/a", "# a"]),
            (r#"{"urls": ["/a#b"]}"#, Soft, vec!["= example.com:8443/a"]),
            (r#"{"prefixes": ["/blog/"]}"#, Soft, vec!["^ example.com:8443/blog/"]),
            (r#"{"prefixes": ["/"]}"#, Soft, vec!["^ example.com:8443/"]),
            (r#"{"prefixes": ["https://a.example/b?c="]}"#, Soft, vec!["^ a.example/b?c="]),
            (
                r#"{"prefixes": ["/b"], "urls": ["/b"]}"#,
                Soft,
                vec!["= example.com:8443/b", "^ example.com:8443/b"],
            ),
            (r#"{"all": true}"#, Soft, vec!["all"]),
            (r#"{"all": true, "urls": ["/a"], "hard": true}"#, Hard, vec!["all"]),
            (r#"{"all": true, "forget": true}"#, Hard, vec!["all"]),
            (r#"{"all": true, "hard": false, "forget": true}"#, Hard, vec!["all"]),
            (
                r#"{"all": false, "urls": ["/a"], "prefixes": [], "forget": false}"#,
                Soft,
                vec!["= example.com:8443/a"],
            ),
        ] {
            let scopes = scopes.into_iter().map(str::to_owned).collect();
            assert_eq!(understood(body), (kind, scopes), "{body}");
        }
    }

    #[test]
    fn an_order_that_is_not_understood_is_not_followed() {
        for (body, key, value, rule) in [
            ("", "order", "", "a JSON object"),
            ("urls", "order", "urls", "a JSON object"),
            ("[]", "order", "[]", "a JSON object"),
            ("{}", "order", "null", "at least one of"),
            (r#"{"forget": true}"#, "order", "null", "at least one of"),
            (r#"{"urls": [], "all": false}"#, "order", "null", "at least one of"),
            (r#"{"all": "true"}"#, "all", "\"true\"", "true or false"),
            (r#"{"all": true, "hard": 1}"#, "hard", "1", "true or false"),
            (r#"{"all": true, "forget": 1}"#, "forget", "1", "true or false"),
            (r#"{"all": true, "host": "a"}"#, "host", "\"a\"", "unknown key"),
            (r#"{"all": true, "URLs": ["/a"]}"#, "URLs", "[\"/a\"]", "unknown key"),
            (r#"{"urls": "/a"}"#, "urls", "\"/a\"", "a list"),
            (r#"{"urls": ["/a", 7]}"#, "urls[1]", "7", "in quotes"),
            (r#"{"urls": [""]}"#, "urls[0]", "\"\"", "absolute"),
            (r#"{"urls": ["a"]}"#, "urls[0]", "\"a\"", "absolute"),
            (r#"{"urls": ["ftp://a/"]}"#, "urls[0]", "\"ftp://a/\"", "absolute"),
            (r#"{"urls": ["https://me@a/"]}"#, "urls[0]", "\"https://me@a/\"", "absolute"),
            (r#"{"prefixes": ["https://a.example"]}"#, "prefixes[0]", "\"https://a.example\"", "beginning"),
            (r#"{"prefixes": ["blog/"]}"#, "prefixes[0]", "\"blog/\"", "beginning"),
            (r#"{"prefixes": [""]}"#, "prefixes[0]", "\"\"", "beginning"),
            (r#"{"prefixes": ["/blog/.."]}"#, "prefixes[0]", "\"/blog/..\"", "beginning"),
            (r#"{"prefixes": ["/blog/."]}"#, "prefixes[0]", "\"/blog/.\"", "beginning"),
            (r#"{"prefixes": ["/blog "]}"#, "prefixes[0]", "\"/blog \"", "beginning"),
            (r#"{"prefixes": ["/blog#a"]}"#, "prefixes[0]", "\"/blog#a\"", "beginning"),
            (r#"{"prefixes": ["https://me@a/"]}"#, "prefixes[0]", "\"https://me@a/\"", "beginning"),
            (r#"{"prefixes": ["/blog%2"]}"#, "prefixes[0]", "\"/blog%2\"", "escape"),
            (r#"{"prefixes": ["/blog%"]}"#, "prefixes[0]", "\"/blog%\"", "escape"),
            (r#"{"tags": "a"}"#, "tags", "\"a\"", "a list"),
            (r#"{"tags": [""]}"#, "tags[0]", "\"\"", "a tag"),
            (r#"{"tags": ["*"]}"#, "tags[0]", "\"*\"", "a tag"),
            (r#"{"tags": ["a,b"]}"#, "tags[0]", "\"a,b\"", "a tag"),
            (r#"{"tags": ["a b"]}"#, "tags[0]", "\"a b\"", "a tag"),
            (r#"{"tags": ["a"], "forget": true}"#, "tags", "[\"a\"]", "softly only"),
        ] {
            let mistakes = read(body).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{body}: {mistakes:?}");
            assert_eq!((mistakes[0].key.as_str(), mistakes[0].value.as_str()), (key, value), "{body}");
            assert!(mistakes[0].rule.contains(rule), "{body}: {}", mistakes[0].rule);
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mistakes =
            read(r#"{"everything": 1, "urls": ["/a", "b", 3], "prefixes": {}, "all": 0}"#).unwrap_err();
        let keys: Vec<_> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
        assert_eq!(keys, ["all", "prefixes", "urls[1]", "urls[2]", "everything"]);
    }

    #[test]
    fn an_order_and_what_is_said_of_it_have_bounds() {
        let list = |count: usize, entry: &str| vec![format!("\"{entry}\""); count].join(",");
        let (most, more) = (list(MOST_PLACES, "/a"), list(MOST_PLACES + 1, "a"));
        assert_eq!(understood(&format!("{{\"urls\": [{most}]}}")).1.len(), 1);
        for body in
            [format!("{{\"urls\": [{more}]}}"), format!("{{\"urls\": [{most}], \"prefixes\": [\"/\"]}}")]
        {
            let mistakes = read(&body).unwrap_err();
            assert_eq!((mistakes.len(), mistakes[0].value.as_str()), (1, "101"), "{mistakes:?}");
        }
        let longest = "a".repeat(LONGEST_PLACE - "example.com:8443/".len());
        assert!(read(&format!("{{\"urls\": [\"/{longest}\"]}}")).is_ok());
        let mistakes = read(&format!("{{\"urls\": [\"/a{longest}\"]}}")).unwrap_err();
        assert!(mistakes[0].rule.contains("at most 4096 bytes"), "{mistakes:?}");
        assert_eq!(mistakes[0].value.chars().count(), 80);
        let many: Vec<_> = (0..5000).map(|key| format!("\"{key}\":1")).collect();
        assert_eq!(read(&format!("{{{}}}", many.join(","))).unwrap_err().len(), MOST_MISTAKES);
    }

    proptest! {
        #[test]
        fn any_body_is_followed_or_explained(
            text in "\\PC{0,40}",
            keys in prop::collection::vec(
                ("urls|prefixes|tags|all|hard|forget|\\PC{0,3}", "\\[\"[/.ab]{0,4}\"\\]|true|1"),
                0..4,
            ),
        ) {
            let key = |(key, value): &(String, String)| format!("{}:{value}", Value::from(key.as_str()));
            let keys: Vec<_> = keys.iter().map(key).collect();
            for body in [text, format!("{{{}}}", keys.join(","))] {
                match read(&body) {
                    Ok(order) => prop_assert!(!order.scopes.is_empty()),
                    Err(mistakes) => prop_assert!(!mistakes.is_empty()),
                }
            }
        }
    }
}
