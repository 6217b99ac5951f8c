//! Languages and their catalogues. In which language does a visitor read an error?
//!
//! `Accept-Language` selects it by lookup (RFC 9110 §12.5.4, RFC 4647 §3.4). Each catalogue is a file in
//! templates/languages/. The build reads them all, and fails if a message is missing.
//!
//! A catalogue is read when the first page needs it: see [`texts`].

use std::fmt;
use std::sync::OnceLock;

use http::{HeaderMap, header};

use crate::request::weight;
use crate::texts::{self, Text};

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// A language with a catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language(u8);

/// Tags that select a catalogue with another tag: deprecated codes (RFC 5646 §2.2.1), languages that share a catalogue,
/// and the likely script of Chinese (Unicode's likely subtags).
const ALIASES: [(&str, &str); 12] = [
    ("zh", "zh-Hans"),
    ("cmn", "zh-Hans"),
    ("yue", "zh-Hant"),
    ("zh-yue", "zh-Hant"),
    ("zh-tw", "zh-Hant"),
    ("zh-hk", "zh-Hant"),
    ("zh-mo", "zh-Hant"),
    ("no", "nb"),
    ("nn", "nb"),
    ("iw", "he"),
    ("in", "id"),
    ("mo", "ro"),
];

/// How many ranges of `Accept-Language` are read, and the longest in bytes (RFC 5646 §4.4.1). They bound the work on a
/// field of any length.
const MOST_RANGES: usize = 32;
const LONGEST_RANGE: usize = 35;

impl Language {
    /// English, the model of every other catalogue.
    pub const ENGLISH: Self = Self(0);

    /// Every language, English first and the others by their tags.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self).take(TAGS.len())
    }

    /// The language with this tag, in any case.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::all().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// The language among `offered` that suits `Accept-Language` best, or the first of them. If `offered` is empty, all
    /// languages are offered.
    ///
    /// Ranges with a higher weight come first. Each is shortened from its end until it is the tag of a catalogue (RFC 4647
    /// §3.4). `*` and unreadable ranges select nothing. A refused language (weight 0) is never selected by a shortened
    /// range.
    pub fn lookup(headers: &HeaderMap, offered: &[Self]) -> Self {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let mut ranges: Vec<(&str, u16)> = Vec::new();
        let mut refused = Vec::new();
        for (range, weight) in lines.flat_map(|line| line.split(',')).take(MOST_RANGES).filter_map(range) {
            if weight == 0 {
                refused.extend(Self::called(range));
            } else {
                let at = ranges.partition_point(|(_, other)| *other >= weight);
                ranges.insert(at, (range, weight));
            }
        }
        let is_offered = |language: &Self| {
            (offered.is_empty() || offered.contains(language)) && !refused.contains(language)
        };
        let found = ranges.into_iter().find_map(|(range, _)| Self::of_range(range, is_offered));
        found.or(offered.first().copied()).unwrap_or(Self::ENGLISH)
    }

    fn of_range(range: &str, is_offered: impl Fn(&Self) -> bool) -> Option<Self> {
        let mut range = range;
        loop {
            let found = Self::called(range).filter(&is_offered);
            if found.is_some() {
                return found;
            }
            (range, _) = range.rsplit_once('-')?;
            // A single letter only introduces what followed it, so it goes too.
            if let Some((shorter, last)) = range.rsplit_once('-')
                && last.len() == 1
            {
                range = shorter;
            }
        }
    }

    /// The language with this tag or alias.
    fn called(tag: &str) -> Option<Self> {
        let alias = ALIASES.iter().find(|(from, _)| tag.eq_ignore_ascii_case(from));
        Self::of_tag(alias.map_or(tag, |(_, to)| to))
    }

    /// Its tag (RFC 5646), such as `de` or `zh-Hant`.
    pub fn tag(self) -> &'static str {
        TAGS.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// Its words.
    pub fn words<'a>(self) -> Words<'a> {
        Words(self.catalogue().split('\n').collect())
    }

    /// Its texts, one line for each message.
    ///
    /// An isolate keeps those that it has read: at most thirty times 6 KB.
    fn catalogue(self) -> &'static str {
        static READ: [OnceLock<String>; TAGS.len()] = [const { OnceLock::new() }; TAGS.len()];
        let kept = READ.get(usize::from(self.0));
        kept.map_or("", |kept| kept.get_or_init(|| texts::read(Text::Catalogue(self.0))))
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.tag())
    }
}

/// A language range and its weight in thousandths.
fn range(text: &str) -> Option<(&str, u16)> {
    let (range, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = match parameters.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => weight(value.trim())?,
        Some(_) | None => 1000,
    };
    Some((range.trim(), weight)).filter(|(range, _)| range.len() <= LONGEST_RANGE)
}

/// The messages of one language. Some may be an operator's own texts.
pub struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    /// Replaces the text of `message`.
    pub fn replace(&mut self, message: Message, text: &'a str) {
        if let Some(place) = self.0.get_mut(message as usize) {
            *place = text;
        }
    }

    /// The text of `message`, with its placeholder.
    pub fn get(&self, message: Message) -> &'a str {
        self.0.get(message as usize).copied().unwrap_or_default()
    }

    /// The text of `message`, with `value` for its placeholder.
    pub fn fill(&self, message: Message, value: &str) -> String {
        let text = self.get(message);
        match message.placeholder() {
            Some(placeholder) => text.replace(placeholder, value),
            None => text.to_owned(),
        }
    }

    /// The text of `message` before its placeholder, and after it if it has one.
    pub fn around(&self, message: Message) -> (&'a str, Option<&'a str>) {
        let text = self.get(message);
        let cut = message.placeholder().and_then(|placeholder| text.split_once(placeholder));
        cut.map_or((text, None), |(before, after)| (before, Some(after)))
    }
}

impl Message {
    /// Its id in the catalogues, such as `too-late-heading`.
    pub fn id(self) -> &'static str {
        IDS.get(self as usize).copied().unwrap_or_default()
    }

    /// Its placeholder: `{site}`, `{when}` or none.
    pub fn placeholder(self) -> Option<&'static str> {
        OPEN.get(self as usize).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn lookup_among(offered: &[&str], accept: &str) -> &'static str {
        let offered: Vec<_> = offered.iter().map(|tag| Language::of_tag(tag).unwrap()).collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_bytes(accept.as_bytes()).unwrap());
        Language::lookup(&headers, &offered).tag()
    }

    #[test]
    fn the_nearest_catalogue_answers() {
        // RFC 4647 §3.4
        for (accept, tag) in [
            ("de", "de"),
            ("DE-at", "de"),
            ("de-CH-1996", "de"),
            ("fr;q=0.5, de;q=0.8", "de"),
            ("fr, de", "fr"),
            ("tlh, fr;q=0.1", "fr"),
            ("fr;q=0, de;q=0.1", "de"),
            ("zh", "zh-Hans"),
            ("zh-CN", "zh-Hans"),
            ("zh-SG, en;q=0.9", "zh-Hans"),
            ("zh-TW", "zh-Hant"),
            ("zh-Hant-HK", "zh-Hant"),
            ("zh-HK, zh;q=0.9", "zh-Hant"),
            ("zh-Hant-CN-x-private1-private2", "zh-Hant"),
            ("de-x-y", "de"),
            ("pt-BR, pt;q=0.9, en;q=0.8", "pt"),
            ("no", "nb"),
            ("nn-NO", "nb"),
            ("iw-IL", "he"),
            ("in", "id"),
            ("cmn-CN", "zh-Hans"),
            ("yue", "zh-Hant"),
            ("zh-yue-HK", "zh-Hant"),
            ("mo-MD", "ro"),
            // What is refused is not reached by another way.
            ("de-AT, de;q=0, fr;q=0.1", "fr"),
            ("de-AT, DE;q=0", "en"),
            ("zh-TW, zh;q=0", "zh-Hant"),
            ("zh-CN, zh;q=0, fr;q=0.1", "fr"),
            ("de, de-CH;q=0", "de"),
            // Nothing that there is, or that can be read.
            ("tlh", "en"),
            ("*", "en"),
            ("*, de;q=0.1", "de"),
            ("", "en"),
            (";;,-,--,q=1", "en"),
            ("de;q=2, fr;q=0.1", "fr"),
            ("d\u{e9}", "en"),
        ] {
            assert_eq!(lookup_among(&[], accept), tag, "{accept:?}");
        }
        assert_eq!(Language::lookup(&HeaderMap::new(), &[]), Language::ENGLISH);
    }

    #[test]
    fn a_field_of_any_length_is_read_so_far() {
        let many = |count| "tlh, ".repeat(count) + "de";
        assert_eq!((lookup_among(&[], &many(31)), lookup_among(&[], &many(32))), ("de", "en"));
        assert_eq!(lookup_among(&[], &format!("de-x{}, fr", "-abcdefgh".repeat(4))), "fr");
    }

    #[test]
    fn only_what_is_offered_is_chosen_and_its_first_stands_in() {
        for (offered, accept, tag) in [
            (&["fr", "de"][..], "en, de;q=0.5", "de"),
            (&["fr", "de"], "en", "fr"),
            (&["fr", "de"], "", "fr"),
            (&["zh-Hant", "en"], "zh-CN", "zh-Hant"),
            (&["en", "zh-Hant"], "zh-CN", "en"),
        ] {
            assert_eq!(lookup_among(offered, accept), tag, "{offered:?} {accept:?}");
        }
    }

    #[test]
    fn lines_of_the_field_count_as_one_list() {
        let mut headers = HeaderMap::new();
        for line in ["fr;q=0.1", "de"] {
            headers.append(header::ACCEPT_LANGUAGE, HeaderValue::from_static(line));
        }
        assert_eq!(Language::lookup(&headers, &[]).tag(), "de");
    }

    #[test]
    fn every_catalogue_has_every_message_and_its_placeholder() {
        assert!(Language::all().count() >= 20);
        assert!(Language::all().any(|language| language.words().get(Message::Direction) == "rtl"));
        for language in Language::all() {
            let words = language.words();
            for message in Message::ALL {
                let text = words.get(message);
                assert!(!text.is_empty(), "{language:?} {message:?}");
                assert_eq!(message.placeholder().is_some(), text.contains('{'), "{language:?} {message:?}");
                assert!(!words.fill(message, "X").contains('{'));
                assert_eq!(message.placeholder().is_some(), words.fill(message, "\u{1}").contains('\u{1}'));
            }
            // What tells one kind of fault from another differs in every language.
            for pair in [
                (Message::BadAnswerHeading, Message::TooLateHeading),
                (Message::BadAnswerLead, Message::TooLateLead),
                (Message::BadAnswer, Message::TooLate),
                (Message::NotProcessed, Message::MayBeProcessed),
            ] {
                assert_ne!(words.get(pair.0), words.get(pair.1), "{language:?}");
            }
        }
    }

    #[test]
    fn every_alias_leads_to_a_catalogue() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/languages");
        for (from, to) in ALIASES {
            let has_file = std::path::Path::new(folder).join(format!("{to}.ftl")).is_file();
            let found = Language::of_tag(to).map(Language::tag);
            assert_eq!(found, has_file.then_some(to), "{from} {to}: a catalogue can be taken out");
            assert_eq!(Language::of_tag(from), None, "{from} would hide its own catalogue");
        }
    }

    proptest! {
        #[test]
        fn any_field_gets_some_language(accept in "[ -~]{0,80}") {
            lookup_among(&[], accept.trim());
            prop_assert!(["fr", "de"].contains(&lookup_among(&["fr", "de"], accept.trim())));
        }
    }
}
