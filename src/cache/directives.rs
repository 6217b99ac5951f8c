//! Cache directives. What do client and origin say about storage and reuse (RFC 9111 §5.2, RFC 5861, RFC 9213)?
//!
//! Directives are parsed once. In doubt, the stricter reading wins: an unreadable or contradictory lifetime is zero
//! (RFC 9111 §4.2.1), and an unreadable stale window forbids stale use.

use std::time::Duration;

use http::header::{CACHE_CONTROL, HeaderMap, HeaderName, PRAGMA};
use sfv::{BareItem, Dictionary, ListEntry, Parser};

use crate::fields::joined;

/// The targeted fields that this cache obeys, in order of precedence (RFC 9213 §2.2).
pub const TARGETED: [HeaderName; 2] =
    [HeaderName::from_static("cloudflare-cdn-cache-control"), HeaderName::from_static("cdn-cache-control")];

/// The longest lifetime or window: 2^31 seconds. Longer values are capped (RFC 9111 §1.2.2).
pub const LONGEST: Duration = Duration::from_secs(1 << 31);

/// How long a response may be used after it became stale (RFC 5861).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The directive is absent; the settings decide.
    #[default]
    NotStated,
    /// No stale use: the value is 0 or unreadable.
    Forbidden,
    /// This long; always more than zero.
    Length(Duration),
}

impl Window {
    /// The stated length; zero if none is stated or stale use is forbidden.
    pub fn stated(self) -> Duration {
        match self {
            Self::Length(length) => length,
            Self::NotStated | Self::Forbidden => Duration::ZERO,
        }
    }
}

/// The window of a directive without a value. RFC 5861 does not define this form. Next.js 13 and 14 sent `s-maxage=…,
/// stale-while-revalidate` with every page; later versions state the year that they meant.
const WITHOUT_LENGTH: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The directives of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseDirectives {
    /// `no-store`, with or without `must-understand`.
    pub no_store: bool,
    /// `private`. The form with field names counts as the unqualified form, as RFC 9111 §5.2.2.7 allows.
    pub private: bool,
    /// `public`.
    pub public: bool,
    /// `no-cache`. The form with field names counts as the unqualified form, as RFC 9111 §5.2.2.4 allows.
    pub no_cache: bool,
    /// `must-revalidate`.
    pub must_revalidate: bool,
    /// `proxy-revalidate`.
    pub proxy_revalidate: bool,
    /// `must-understand`.
    pub must_understand: bool,
    /// `immutable` (RFC 8246).
    pub immutable: bool,
    /// `max-age`; zero if unreadable or contradictory.
    pub max_age: Option<Duration>,
    /// `s-maxage`; zero if unreadable or contradictory.
    pub s_maxage: Option<Duration>,
    /// `stale-while-revalidate`.
    pub stale_while_revalidate: Window,
    /// `stale-if-error`.
    pub stale_if_error: Window,
    /// Whether these directives come from a targeted field. `Expires` is then ignored (RFC 9213 §2.2).
    pub targeted: bool,
}

/// The directives of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestDirectives {
    /// `no-store`.
    pub no_store: bool,
    /// `no-cache`, or `Pragma: no-cache` without `Cache-Control` (RFC 9111 §5.4).
    pub no_cache: bool,
    /// `only-if-cached`.
    pub only_if_cached: bool,
    /// `max-age`; zero if unreadable or contradictory.
    pub max_age: Option<Duration>,
    /// `max-stale`; [`LONGEST`] without a value, the shortest if there are several.
    pub max_stale: Option<Duration>,
    /// `min-fresh`; [`LONGEST`] if unreadable.
    pub min_fresh: Option<Duration>,
    /// `stale-if-error` (RFC 5861 §4).
    pub stale_if_error: Window,
}

impl ResponseDirectives {
    /// Parses the first targeted field that is valid and not empty, else `Cache-Control`. A targeted field that is
    /// not a Dictionary is ignored (RFC 9213 §2.1).
    pub fn of(headers: &HeaderMap) -> Self {
        TARGETED.iter().find_map(|name| Self::of_targeted(headers, name)).unwrap_or_else(|| {
            let mut directives = Self::default();
            each(headers, |name, argument| directives.note(name, argument));
            directives
        })
    }

    fn of_targeted(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let text = joined(headers, name)?;
        let dictionary =
            Parser::new(&text).parse::<Dictionary>().ok().filter(|members| !members.is_empty())?;
        let mut directives = Self { targeted: true, ..Self::default() };
        for (name, member) in &dictionary {
            let argument = match member {
                ListEntry::Item(item) => match &item.bare_item {
                    BareItem::Boolean(true) => Argument::Absent,
                    BareItem::Boolean(false) => continue,
                    BareItem::Integer(number) => u64::try_from(i64::from(*number))
                        .map_or(Argument::Other, |seconds| {
                            Argument::Seconds(Duration::from_secs(seconds).min(LONGEST))
                        }),
                    BareItem::Decimal(_)
                    | BareItem::String(_)
                    | BareItem::ByteSequence(_)
                    | BareItem::Token(_)
                    | BareItem::Date(_)
                    | BareItem::DisplayString(_) => Argument::Other,
                },
                ListEntry::InnerList(_) => Argument::Other,
            };
            directives.note(name.as_str().as_bytes(), argument);
        }
        Some(directives)
    }

    /// Adds one directive. A restriction counts with any argument; a permission counts only without one.
    fn note(&mut self, name: &[u8], argument: Argument) {
        match name {
            b"no-store" => self.no_store = true,
            b"private" => self.private = true,
            b"public" => self.public |= argument == Argument::Absent,
            b"no-cache" => self.no_cache = true,
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"must-understand" => self.must_understand |= argument == Argument::Absent,
            b"immutable" => self.immutable |= argument == Argument::Absent,
            b"max-age" => shorten(&mut self.max_age, argument),
            b"s-maxage" => shorten(&mut self.s_maxage, argument),
            b"stale-while-revalidate" => narrow(&mut self.stale_while_revalidate, argument),
            b"stale-if-error" => narrow(&mut self.stale_if_error, argument),
            _ => {}
        }
    }
}

impl RequestDirectives {
    /// Parses `Cache-Control`, or `Pragma` if `Cache-Control` is absent.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut directives = Self::default();
        if headers.contains_key(CACHE_CONTROL) {
            each(headers, |name, argument| directives.note(name, argument));
        } else {
            for line in headers.get_all(PRAGMA) {
                directives.no_cache |= Members::of(line.as_bytes())
                    .any(|member| member.trim_ascii().eq_ignore_ascii_case(b"no-cache"));
            }
        }
        directives
    }

    fn note(&mut self, name: &[u8], argument: Argument) {
        match name {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"max-age" => shorten(&mut self.max_age, argument),
            b"max-stale" => {
                let stated = match argument {
                    Argument::Absent => LONGEST,
                    Argument::Seconds(span) => span,
                    Argument::Other => Duration::ZERO,
                };
                self.max_stale = Some(self.max_stale.map_or(stated, |known| known.min(stated)));
            }
            b"min-fresh" => {
                let stated = argument.seconds().unwrap_or(LONGEST);
                self.min_fresh = self.min_fresh.max(Some(stated));
            }
            b"stale-if-error" => narrow(&mut self.stale_if_error, argument),
            _ => {}
        }
    }
}

/// Parses delta-seconds (RFC 9111 §1.2.2), capped at [`LONGEST`]; `None` unless the text is all digits.
pub(super) fn delta_seconds(text: &[u8]) -> Option<Duration> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds = text
        .iter()
        .fold(0_u64, |seconds, digit| seconds.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(Duration::from_secs(seconds).min(LONGEST))
}

/// The argument of a directive, after `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    Absent,
    Seconds(Duration),
    Other,
}

impl Argument {
    /// Parses a directive's argument, quoted or not. Senders should not quote; recipients accept both (RFC 9111
    /// §5.2).
    fn read(text: &[u8]) -> Self {
        let bare = text.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(text);
        delta_seconds(bare).map_or(Self::Other, Self::Seconds)
    }

    fn seconds(self) -> Option<Duration> {
        match self {
            Self::Seconds(span) => Some(span),
            Self::Absent | Self::Other => None,
        }
    }
}

/// Adds a lifetime. An unreadable one, or two that differ, make it zero (RFC 9111 §4.2.1).
fn shorten(lifetime: &mut Option<Duration>, argument: Argument) {
    let stated = argument.seconds().unwrap_or_default();
    *lifetime = Some(if lifetime.is_none_or(|known| known == stated) { stated } else { Duration::ZERO });
}

/// Adds a window. The shortest of several wins; zero or an unreadable value forbids stale use.
fn narrow(window: &mut Window, argument: Argument) {
    let stated = if argument == Argument::Absent { Some(WITHOUT_LENGTH) } else { argument.seconds() };
    *window = match (*window, stated.filter(|span| !span.is_zero())) {
        (Window::Forbidden, _) | (_, None) => Window::Forbidden,
        (Window::NotStated, Some(stated)) => Window::Length(stated),
        (Window::Length(known), Some(stated)) => Window::Length(known.min(stated)),
    };
}

/// Restrictions that need no argument.
const RESTRICTIONS: [&[u8]; 5] =
    [b"no-store", b"no-cache", b"private", b"must-revalidate", b"proxy-revalidate"];

/// Calls `note` for each directive of `Cache-Control`, with its name in lower case.
fn each(headers: &HeaderMap, mut note: impl FnMut(&[u8], Argument)) {
    for line in headers.get_all(CACHE_CONTROL) {
        for member in Members::of(line.as_bytes()) {
            let mut halves = member.splitn(2, |byte| *byte == b'=');
            let written = halves.next().unwrap_or_default();
            let name = written.trim_ascii_end();
            // Some origins write `;` or nothing between directives. Restrictions count all the same.
            if member.iter().any(|byte| b"; \t".contains(byte)) && !member.contains(&b'"') {
                for word in member.split(|byte| b"; \t".contains(byte)) {
                    if let Some(word) = RESTRICTIONS.iter().find(|known| word.eq_ignore_ascii_case(known)) {
                        note(word, Argument::Absent);
                    }
                }
            }
            let argument = match halves.next() {
                None => Argument::Absent,
                // A space before `=` is not allowed: the name is clear, the value is in doubt.
                Some(_) if name.len() < written.len() => Argument::Other,
                Some(text) => Argument::read(text),
            };
            if name.iter().any(u8::is_ascii_uppercase) {
                note(&name.to_ascii_lowercase(), argument);
            } else {
                note(name, argument);
            }
        }
    }
}

/// The trimmed members of one line of a comma-separated list. Commas in quoted strings do not separate.
///
/// An unclosed quote is an ordinary character, and so are all characters after it: the directives behind it must not
/// be missed.
struct Members<'a> {
    rest: Option<&'a [u8]>,
    quotes_count: bool,
}

impl<'a> Members<'a> {
    fn of(line: &'a [u8]) -> Self {
        Self { rest: Some(line), quotes_count: true }
    }

    fn end_of_next(&mut self, rest: &[u8]) -> usize {
        let (mut quoted, mut escaped) = (false, false);
        if self.quotes_count {
            for (at, byte) in rest.iter().enumerate() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    b',' if !quoted => return at,
                    _ => {}
                }
            }
            self.quotes_count = !quoted;
        }
        if self.quotes_count {
            return rest.len();
        }
        rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len())
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let end = self.end_of_next(rest);
        self.rest = rest.get(end + 1..);
        rest.get(..end).map(<[u8]>::trim_ascii)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn fields(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    fn response(text: &str) -> ResponseDirectives {
        ResponseDirectives::of(&fields(&[("cache-control", text)]))
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_lifetime_in_doubt_is_zero() {
        for (text, max_age) in [
            ("max-age=60", Some(s(60))),
            ("MAX-Age=60", Some(s(60))),
            (" , max-age=60 ,, ", Some(s(60))),
            ("max-age=\"60\"", Some(s(60))), // §5.2: both forms are to be read
            ("max-age=060", Some(s(60))),
            ("max-age=0", Some(s(0))),
            ("max-age=60, max-age=60", Some(s(60))),
            ("max-age=60, max-age=70", Some(s(0))), // §4.2.1
            ("max-age=60, max-age=x", Some(s(0))),
            ("max-age", Some(s(0))),
            ("max-age=", Some(s(0))),
            ("max-age=-1", Some(s(0))),
            ("max-age=+1", Some(s(0))),
            ("max-age=1.5", Some(s(0))),
            ("max-age='60'", Some(s(0))),
            ("max-age=60 s", Some(s(0))),
            ("max-age =60", Some(s(0))),
            ("max-age= 60", Some(s(0))),
            ("max-age=\"60", Some(s(0))),
            ("max-age=6\"0\"", Some(s(0))),
            ("max-age=2147483649", Some(LONGEST)), // §1.2.2
            ("max-age=99999999999999999999999999", Some(LONGEST)),
            ("x-max-age=60", None),
            ("x=\"max-age=60\"", None),
            ("x=\"a\\\", max-age=60\"", None),
            ("x=\"\\\\\", max-age=60", Some(s(60))),
            ("", None),
        ] {
            assert_eq!(response(text).max_age, max_age, "{text}");
        }
    }

    #[test]
    fn what_restricts_is_seen_in_every_spelling() {
        assert!(response("No-Store").no_store);
        assert!(response("max-age=60,no-store").no_store);
        assert!(response("no-store=1").no_store);
        assert!(response("x=\"unclosed, no-store").no_store);
        assert!(!response("x=\"closed, no-store\"").no_store);
        assert!(response("private=\"x-a, x-b\", max-age=5").private);
        assert!(response("no-cache=\"set-cookie\"").no_cache);
        assert!(response("no-cache=x").no_cache);
        assert!(response("must-revalidate").must_revalidate);
        assert!(response("Proxy-Revalidate").proxy_revalidate);
        assert!(response("private; max-age=60").private);
        assert!(response("max-age=60 private").private);
        assert!(response("no-store; no-cache; must-revalidate").no_store);
        assert!(response("no-cache;No-Store").no_store);
        assert!(!response("x=\"a; private\", max-age=60").private);
        assert!(response("must-understand, no-store").must_understand);
        assert!(response("public").public);
        assert!(!response("public=x").public);
        let two_lines = fields(&[("cache-control", "public"), ("cache-control", "no-store")]);
        assert!(ResponseDirectives::of(&two_lines).no_store);
    }

    #[test]
    fn a_stale_window_is_not_stated_forbidden_or_a_length() {
        // RFC 5861 §3, §4
        for (text, window) in [
            ("max-age=1", Window::NotStated),
            ("stale-if-error=30", Window::Length(s(30))),
            ("stale-if-error=0", Window::Forbidden),
            ("stale-if-error", Window::Length(WITHOUT_LENGTH)), // as Next.js 13 and 14 write the other one
            ("stale-if-error=", Window::Forbidden),
            ("stale-if-error, stale-if-error=30", Window::Length(s(30))),
            ("stale-if-error=long", Window::Forbidden),
            ("stale-if-error=30, stale-if-error=20", Window::Length(s(20))),
            ("stale-if-error=30, stale-if-error=0", Window::Forbidden),
            ("stale-if-error=0, stale-if-error=30", Window::Forbidden),
        ] {
            assert_eq!(response(text).stale_if_error, window, "{text}");
            let other = text.replace("if-error", "while-revalidate");
            assert_eq!(response(&other).stale_while_revalidate, window, "{other}");
        }
    }

    #[test]
    fn the_most_precisely_targeted_field_decides_alone() {
        // RFC 9213 §2.2
        let (cloudflare, cdn, general) =
            ("cloudflare-cdn-cache-control", "cdn-cache-control", "cache-control");
        let max_age = |headers: &[(&str, &str)]| ResponseDirectives::of(&fields(headers)).max_age;
        assert_eq!(
            max_age(&[(general, "max-age=1"), (cdn, "max-age=2"), (cloudflare, "max-age=3")]),
            Some(s(3))
        );
        assert_eq!(max_age(&[(general, "max-age=1"), (cdn, "max-age=2")]), Some(s(2)));
        assert_eq!(max_age(&[(general, "max-age=1"), (cdn, "public")]), None);
        let allowed = ResponseDirectives::of(&fields(&[(general, "no-store, private"), (cdn, "max-age=2")]));
        assert!(!allowed.no_store && !allowed.private && allowed.targeted);
        let lines = fields(&[(cdn, "max-age=2"), (cdn, "stale-if-error=5")]);
        assert_eq!(ResponseDirectives::of(&lines).stale_if_error, Window::Length(s(5)));
        for passed_over in ["", "  ", "max-age=", "max-age=2,", "Max-Age=2", "max-age = 2", "!", "é"] {
            let headers = fields(&[(general, "max-age=1"), (cdn, passed_over)]);
            let directives = ResponseDirectives::of(&headers);
            assert_eq!((directives.max_age, directives.targeted), (Some(s(1)), false), "{passed_over}");
        }
    }

    #[test]
    fn a_targeted_value_of_the_wrong_type_is_in_doubt() {
        let targeted = |text: &str| ResponseDirectives::of(&fields(&[("cdn-cache-control", text)]));
        for text in ["max-age", "max-age=\"60\"", "max-age=60.5", "max-age=-1", "max-age=(60)", "max-age=x"] {
            assert_eq!(targeted(text).max_age, Some(s(0)), "{text}");
        }
        assert_eq!(targeted("max-age=60;x=y").max_age, Some(s(60)));
        assert_eq!(targeted("max-age=999999999999999").max_age, Some(LONGEST));
        assert!(targeted("no-cache=(\"a\" \"b\")").no_cache);
        assert!(targeted("private=\"a\"").private);
        assert!(!targeted("no-store=?0").no_store);
    }

    #[test]
    fn pragma_counts_only_without_cache_control() {
        // RFC 9111 §5.4
        let no_cache = |headers: &[(&str, &str)]| RequestDirectives::of(&fields(headers)).no_cache;
        assert!(no_cache(&[("pragma", "No-Cache")]));
        assert!(no_cache(&[("pragma", "x, no-cache")]));
        assert!(!no_cache(&[("pragma", "no-cache"), ("cache-control", "max-age=60")]));
        assert!(!no_cache(&[("pragma", "no-cache-please")]));
    }

    #[test]
    fn a_request_is_read_like_a_response() {
        let text = "No-Store, only-if-cached, max-age=0, min-fresh=5, min-fresh=9, stale-if-error=0";
        let directives = RequestDirectives::of(&fields(&[("cache-control", text)]));
        assert!(directives.no_store && directives.only_if_cached && !directives.no_cache);
        assert_eq!((directives.max_age, directives.min_fresh), (Some(s(0)), Some(s(9))));
        assert_eq!(directives.stale_if_error, Window::Forbidden);
        let doubtful = RequestDirectives::of(&fields(&[("cache-control", "min-fresh=x")]));
        assert_eq!(doubtful.min_fresh, Some(LONGEST));
    }

    #[test]
    fn a_hostile_line_is_read_in_linear_time() {
        let line = "\"a,\\".repeat(200_000);
        assert!(!response(&line).no_store);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..80), name in 0..4_usize) {
            let names = ["cache-control", "cdn-cache-control", "cloudflare-cdn-cache-control", "pragma"];
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let mut headers = HeaderMap::new();
                headers.insert(names[name], value);
                ResponseDirectives::of(&headers);
                RequestDirectives::of(&headers);
            }
        }

        #[test]
        fn case_does_not_matter(
            parts in prop::collection::vec("(no-store|private|public|no-cache|max-age|s-maxage|stale-if-error|x)(=\"?[0-9]{0,3}\"?)?", 0..5),
        ) {
            let text = parts.join(",");
            let upper = text.to_ascii_uppercase();
            prop_assert_eq!(response(&text), response(&upper));
            let fields_of = |text: &str| RequestDirectives::of(&fields(&[("cache-control", text)]));
            prop_assert_eq!(fields_of(&text), fields_of(&upper));
        }

        #[test]
        fn adding_a_directive_never_lifts_a_restriction(before in "[ -~]{0,40}", after in "[ -~]{0,40}") {
            let text = format!("{before},no-store,{after}");
            let quotes = before.bytes().filter(|byte| *byte == b'"').count();
            prop_assume!(quotes == 0);
            prop_assert!(response(&text).no_store, "{}", text);
        }
    }
}
