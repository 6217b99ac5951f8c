//! The author of an error page that the origin sent. Did a person write it, or does a server send it to everybody?
//!
//! A stock page says nothing but stock sentences. So these are taken out of what the page shows, and if any word is left
//! over, somebody wrote the page. A page that quotes a stock sentence, names a server or looks like a stock page is
//! therefore kept. So is a page with pictures, links, a form, a script or a telephone number of its own, unless it is
//! recognised by a long sentence.
//!
//! Other numbers and words with digits do not count: they are statuses, versions, times and ids. Neither do case and
//! punctuation.

use std::sync::OnceLock;

use crate::texts::{self, Text};

/// Who wrote a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// A person: it says something that no stock page says.
    Person,
    /// The makers of a server, proxy or framework.
    Server,
    /// Nobody: there is nothing to read in it, or a single short word of ASCII letters.
    Nobody,
}

/// The longest page that is looked at, in bytes. The longest stock pages have some 8 KB, most of it style.
pub const LONGEST_STOCK_PAGE: u64 = 16 * 1024;

/// The longest word that says too little to be a page.
const SHORTEST_MESSAGE: usize = 5;

/// The shortest sentence, in bytes, by which a page with parts of its own is recognised.
const UNMISTAKABLE: usize = 60;

/// The most bytes that `*` stands for: a host, an address, a name and version.
const MOST_SKIPPED: usize = 200;

/// The sentences of stock pages, one a line, from author/stock.txt. They are in lower case, without punctuation and without
/// words that have digits. `* ` stands for any few words, and a final ` …` for the rest of the page.
///
/// WordPress's maintenance page is not among them, although it is a stock page: it says what no page of ours can know.
fn stock_sentences() -> &'static str {
    static READ: OnceLock<String> = OnceLock::new();
    READ.get_or_init(|| texts::read(Text::StockSentences))
}

impl Author {
    /// The author of `page`: HTML, or plain text.
    pub fn of(page: &str) -> Self {
        let Shown { words, has_own_parts } = Shown::of(page);
        let (mut rest, mut longest) = (words.as_str(), 0);
        while let Some(sentence) = sentence_at(rest) {
            longest = longest.max(sentence.length);
            rest = sentence.rest;
        }
        let says_nothing = longest == 0 && is_short(rest);
        match (has_own_parts, rest.is_empty() || says_nothing) {
            (_, false) => Self::Person,
            (true, true) if longest < UNMISTAKABLE => Self::Person,
            (_, true) if says_nothing => Self::Nobody,
            (_, true) => Self::Server,
        }
    }
}

/// Whether `words` are one short word of ASCII letters, or none. Other scripts say more in as few characters.
fn is_short(words: &str) -> bool {
    words.len() <= SHORTEST_MESSAGE + 1 && words.is_ascii() && words.matches(' ').count() <= 1
}

/// A stock sentence at the beginning of a text.
struct Sentence<'a> {
    /// Its length in author/stock.txt.
    length: usize,
    /// What follows it in the text.
    rest: &'a str,
}

/// The sentence of author/stock.txt that takes most of the beginning of `words`.
fn sentence_at(words: &str) -> Option<Sentence<'_>> {
    let fitting = stock_sentences()
        .lines()
        .filter_map(|line| Some(Sentence { length: line.len(), rest: after(line, words)? }));
    fitting.min_by_key(|sentence| sentence.rest.len())
}

/// What follows the sentence `line` in `words`, if they begin with it.
fn after<'a>(line: &str, words: &'a str) -> Option<&'a str> {
    let (line, takes_all) = line.strip_suffix(" …").map_or((line, false), |line| (line, true));
    let mut rest = words;
    for (number, part) in line.split("* ").enumerate() {
        let at = if number == 0 { 0 } else { rest.find(part).filter(|at| *at <= MOST_SKIPPED)? };
        rest = rest.get(at..)?.strip_prefix(part)?;
    }
    let rest = rest.strip_prefix(' ')?;
    Some(if takes_all { "" } else { rest })
}

/// What a page shows.
#[derive(Default)]
struct Shown {
    /// The words of its title and text, in lower case, each followed by a space. Those with digits are left out.
    words: String,
    /// Whether it has anything that may say more than its text: pictures, forms, scripts.
    has_own_parts: bool,
}

impl Shown {
    fn of(page: &str) -> Self {
        /// Elements that may say something without a word, or something else later.
        const PARTS: &str = " a audio button canvas embed form frame iframe image img input link object picture script svg video ";
        /// Attributes that say or do something.
        const SPEAKING: [&str; 5] = [" alt=", " aria-label=", " background=", " onload=", " title="];
        /// What in a style sheet shows more than a plain colour.
        const SHOWING: [&str; 4] = ["url(", "@import", "gradient(", "content:"];
        /// What the content of is not shown as text.
        const HIDDEN: [&str; 3] = ["script", "style", "svg"];
        let page = page.to_ascii_lowercase();
        // Varnish's pages have a long number of their own.
        let has_number = has_telephone_number(&page) && !page.contains("guru medi");
        let has_own_parts = has_number || SHOWING.iter().any(|part| page.contains(part));
        let mut shown = Self { has_own_parts, ..Self::default() };
        let mut rest = page.as_str();
        while let Some((before, after)) = rest.split_once('<') {
            shown.push(before);
            let is_comment = after.starts_with("!--");
            let (tag, after) = match after.split_once(if is_comment { "-->" } else { ">" }) {
                Some(parts) => parts,
                None if is_comment => return shown,
                // It is no tag.
                None => ("", after),
            };
            rest = after;
            let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            if name.is_empty() {
                shown.push(if tag.starts_with(['/', '!', '?']) { "" } else { tag });
                continue;
            }
            let is_part = PARTS.contains(&[" ", name, " "].concat())
                || name == "meta" && tag.contains("refresh")
                || SPEAKING.iter().any(|attribute| tag.contains(attribute));
            shown.has_own_parts |= is_part && !is_of_stock_page(tag);
            if HIDDEN.contains(&name) {
                rest = rest.split_once(&["</", name].concat()).map_or("", |(_, after)| after);
                rest = rest.split_once('>').map_or("", |(_, after)| after);
            }
        }
        shown.push(rest);
        shown
    }

    /// Adds the words of `text`.
    fn push(&mut self, text: &str) {
        let text = without_references(text);
        let words = text.split(|c| !is_letter(c)).filter(|word| !word.is_empty());
        for word in words.filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit())) {
            self.words.push_str(word);
            self.words.push(' ');
        }
    }
}

/// Whether `c` is part of a word. A character that could not be decoded is. Among those that are not ASCII, only
/// punctuation is not.
const fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c > '\u{bf}' && !matches!(c, '\u{2000}'..='\u{206f}')
}

/// Whether `tag` loads or links to what belongs to a stock page: the files of Next.js, the page of Heroku, the sites of
/// Jetty and WordPress.
fn is_of_stock_page(tag: &str) -> bool {
    const KNOWN: [&str; 6] = [
        "/_next/static/",
        "__next_data__",
        "herokucdn.com/error-pages/",
        "eclipse.org/jetty",
        "jetty.org",
        "wordpress.org/",
    ];
    KNOWN.iter().any(|part| tag.contains(part))
}

/// Whether `page` has at least seven digits with nothing but spaces and `()+-./` between them, and no letter before.
fn has_telephone_number(page: &str) -> bool {
    const LEAST_DIGITS: u32 = 7;
    let (mut digits, mut before) = (0, ' ');
    for c in page.chars() {
        digits = match c {
            '0'..='9' if digits > 0 || !is_of_word(before) => digits + 1,
            ' ' | '(' | ')' | '+' | '-' | '.' | '/' => digits,
            _ => 0,
        };
        if digits >= LEAST_DIGITS {
            return true;
        }
        before = c;
    }
    false
}

/// Whether `c` belongs to a word, that is, is a letter or a digit. Beyond ASCII this is judged by its block, which saves
/// the tables of all letters: blocks of punctuation, symbols and pictures have none.
fn is_of_word(c: char) -> bool {
    match c {
        '\0'..='\u{7F}' => c.is_ascii_alphanumeric(),
        '\u{80}'..='\u{BF}' | '\u{2000}'..='\u{206F}' | '\u{20A0}'..='\u{2BFF}' => false,
        '\u{3000}'..='\u{303F}' | '\u{FE10}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF0F}' => false,
        '\u{FF1A}'..='\u{FF20}' | '\u{FFF0}'..='\u{FFFF}' | '\u{1F000}'..='\u{1FAFF}' => false,
        _ => true,
    }
}

/// `text` with a space for each character reference to punctuation of stock pages, and an undecoded character for any
/// other.
fn without_references(text: &str) -> String {
    const PUNCTUATION: &str = " amp apos copy gt hellip laquo lt mdash middot nbsp ndash quot rsaquo rsquo #34 #39 #x27 #160 #8211 #8217 ";
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (reference, rest) = piece.split_once(';').unwrap_or(("amp", piece));
        plain.push(if PUNCTUATION.contains(&[" ", reference, " "].concat()) {
            ' '
        } else {
            char::REPLACEMENT_CHARACTER
        });
        plain.push_str(rest);
    }
    plain
}

#[cfg(test)]
mod tests;
