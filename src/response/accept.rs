//! `Accept`, read. With which weight does a client accept a media type (RFC 9110 §12.5.1)?

use http::{HeaderMap, header};

use crate::request::weight;

/// How many media ranges are read, and the longest in bytes. They bound the work on a field of any length.
const MOST_RANGES: usize = 32;
const LONGEST_RANGE: usize = 128;

/// The media ranges of `Accept`, in order. Without any, everything is acceptable.
pub(super) struct Accept<'a>(pub(super) Vec<Range<'a>>);

/// One media range. Its names are case-insensitive.
pub(super) struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    has_parameters: bool,
    /// In thousandths, 0 to 1000.
    pub(super) weight: u16,
}

impl<'a> Accept<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let ranges = lines.flat_map(|line| split_unquoted(line, ',')).take(MOST_RANGES);
        Self(ranges.filter(|range| range.len() <= LONGEST_RANGE).filter_map(Range::parse).collect())
    }

    /// The weight of `kind/subtype` by the most specific range that covers it. 0 if none does.
    pub(super) fn weight(&self, kind: &str, subtype: &str) -> u16 {
        let otherwise = if self.0.is_empty() { 1000 } else { 0 };
        self.stated_weight(kind, subtype).unwrap_or(otherwise)
    }

    /// The weight of `kind/subtype` by the most specific range that covers it, if one does.
    pub(super) fn stated_weight(&self, kind: &str, subtype: &str) -> Option<u16> {
        let covering =
            self.0.iter().filter_map(|range| Some((range.specificity(kind, subtype)?, range.weight)));
        covering.max().map(|best| best.1)
    }

    /// The weight of `kind/subtype` if a range other than `*/*` decides it.
    pub(super) fn named_weight(&self, kind: &str, subtype: &str) -> Option<u16> {
        let named =
            self.0.iter().any(|range| range.is_kind(kind) && range.specificity(kind, subtype).is_some());
        named.then(|| self.weight(kind, subtype))
    }

    /// The weight of `kind/subtype` if it is named itself.
    pub(super) fn named_exactly(&self, kind: &str, subtype: &str) -> Option<u16> {
        self.0.iter().any(|range| range.is(kind, subtype)).then(|| self.weight(kind, subtype))
    }

    /// The weight of a problem document. Whoever reads JSON reads it, unless it is refused by its own name.
    pub(super) fn named_json_weight(&self) -> Option<u16> {
        if let Some(weight) = self.named_exactly("application", "problem+json") {
            return Some(weight);
        }
        let by_name = self.0.iter().filter(|range| range.is_json()).map(|range| range.weight).max();
        by_name.or_else(|| self.named_weight("application", "json"))
    }
}

impl<'a> Range<'a> {
    /// Reads `type/subtype;parameters`. An unreadable weight counts as 1. `None` for an unreadable range.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = split_unquoted(text, ';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || (kind == "*" && subtype != "*") {
            return None;
        }
        let mut range = Self { kind, subtype, has_parameters: false, weight: 1000 };
        for part in parts {
            match part.split_once('=') {
                Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => {
                    range.weight = weight(value.trim()).unwrap_or(1000);
                    break;
                }
                Some(_) => range.has_parameters = true,
                None => {}
            }
        }
        Some(range)
    }

    pub(super) fn is_kind(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    fn is(&self, kind: &str, subtype: &str) -> bool {
        self.is_kind(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    pub(super) fn is_json(&self) -> bool {
        let syntax = self.subtype.rsplit('+').next().unwrap_or_default();
        self.is_kind("application") && syntax.eq_ignore_ascii_case("json")
    }

    /// How closely this range describes `kind/subtype`. `None` if it does not cover it.
    ///
    /// A range with parameters covers it too, because there is only one variant of each type here. It is less specific
    /// than the same range without parameters.
    fn specificity(&self, kind: &str, subtype: &str) -> Option<u8> {
        if self.is(kind, subtype) {
            Some(if self.has_parameters { 2 } else { 3 })
        } else if self.is(kind, "*") {
            Some(1)
        } else if self.is("*", "*") {
            Some(0)
        } else {
            None
        }
    }

    /// Whether clients that ask for this type discard the body of an error.
    pub(super) fn is_never_read(&self) -> bool {
        matches!(
            (&*self.kind.to_ascii_lowercase(), &*self.subtype.to_ascii_lowercase()),
            ("image" | "audio" | "video" | "font", _)
                | ("text", "css" | "javascript" | "event-stream" | "vtt")
                | ("application", "javascript" | "x-javascript" | "manifest+json")
        )
    }
}

/// The parts of `text` between those separators that are outside quoted strings (RFC 9110 §5.6.4).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match (quoted, escaped, c) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, _, '"') => quoted = !quoted,
            (false, _, _) | (true, false, _) => {}
        }
        !quoted && c == separator
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_most_specific_range_weighs() {
        // The example of RFC 9110 §12.5.1, for types without parameters.
        let mut headers = HeaderMap::new();
        headers.append("accept", HeaderValue::from_static("text/*;q=0.3, text/plain;q=0.7"));
        headers.append(
            "accept",
            HeaderValue::from_static("text/plain;format=flowed,text/plain;x=\"a,b;q=0\";q=0.4, */*;q=0.5"),
        );
        let accept = Accept::of(&headers);
        assert_eq!(accept.weight("text", "plain"), 700);
        assert_eq!(accept.weight("text", "html"), 300);
        assert_eq!(accept.weight("image", "jpeg"), 500);
        assert_eq!(accept.0.len(), 5);
    }
}
