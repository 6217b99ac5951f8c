//! A reader for one table of settings. Which values are accepted, and which mistakes are there?
//!
//! Reading a key declares it: keys that are never read are unknown. A rejected value leaves the previous one in
//! place, so one mistake does not cause another.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::error::ConfigError;
use super::renamed::old_name;
use crate::json;

/// The path to a value: at each level, the index in its table or list.
type Position = Vec<usize>;

/// All mistakes found so far.
#[derive(Default)]
pub(super) struct Mistakes(Vec<Mistake>);

struct Mistake {
    position: Position,
    /// The whole key by its new names; the error shows it as written.
    canonical: String,
    error: ConfigError,
}

impl Mistakes {
    /// Adds a mistake about the whole value.
    pub fn add(&mut self, error: ConfigError) {
        self.insert(Mistake { position: Position::new(), canonical: WHOLE.to_owned(), error });
    }

    /// The mistakes in the order of the document.
    pub fn into_errors(self) -> Vec<ConfigError> {
        self.0.into_iter().map(|mistake| mistake.error).collect()
    }

    fn note(&mut self, position: Position, key: Key, value: &Value, rule: String) {
        let error = ConfigError { key: key.written, value: as_written(value), rule };
        self.insert(Mistake { position, canonical: key.canonical, error });
    }

    fn insert(&mut self, mistake: Mistake) {
        let at = self.0.partition_point(|other| other.position <= mistake.position);
        self.0.insert(at, mistake);
    }
}

/// The rules for a list.
pub(super) struct Items {
    /// The permitted number of entries.
    pub count: RangeInclusive<usize>,
    /// Advice on what to write instead of an empty list, if that is rejected.
    pub if_empty: &'static str,
    /// The kind of entries, with an example.
    pub of: &'static str,
}

/// A whole key, such as `routes[0].body.buffer`.
#[derive(Clone, Default)]
struct Key {
    /// As written, possibly by an old name.
    written: String,
    /// By its new names.
    canonical: String,
}

impl Key {
    fn entry(&self, index: usize) -> Self {
        let Self { written, canonical } = self;
        Self { written: format!("{written}[{index}]"), canonical: format!("{canonical}[{index}]") }
    }
}

/// One table and the state of reading it.
pub(super) struct Table<'v, 'm> {
    fields: &'v Map<String, Value>,
    /// Its key; empty for the outermost table.
    path: Key,
    position: Position,
    known: Vec<&'static str>,
    mistakes: &'m mut Mistakes,
}

/// Reads the outermost table with `read`, then reports unknown keys; `None` if `value` is not a table.
pub(super) fn read_whole<T>(
    value: &Value,
    mistakes: &mut Mistakes,
    read: impl FnOnce(&mut Table<'_, '_>) -> T,
) -> Option<T> {
    let Value::Object(fields) = value else {
        let key = Key { written: WHOLE.to_owned(), canonical: WHOLE.to_owned() };
        mistakes.note(Position::new(), key, value, "a table of settings is accepted".to_owned());
        return None;
    };
    let mut table =
        Table { fields, path: Key::default(), position: Position::new(), known: Vec::new(), mistakes };
    let read = read(&mut table);
    table.finish();
    Some(read)
}

/// The name of the variable, which errors show for the outermost table.
pub(super) const WHOLE: &str = "HOLDFAST";

impl<'v> Table<'v, '_> {
    /// Whether this table has `key`, accepted or not.
    pub fn has(&self, key: &str) -> bool {
        self.fields.contains_key(self.written(key))
    }

    /// Sets `into` to the value of `key`, if `accept` accepts it; `accept` returns a mistake's rule.
    pub fn read<T>(&mut self, key: &'static str, into: &mut T, accept: impl Fn(&Value) -> Result<T, String>) {
        let Some((value, position)) = self.known(key) else { return };
        match accept(value) {
            Ok(read) => *into = read,
            Err(rule) => self.mistakes.note(position, self.key(key), value, rule),
        }
    }

    /// Sets `into` to the list under `key`, if every entry is accepted; `accept` also gets the earlier entries.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        into: &mut Vec<T>,
        items: &Items,
        accept: impl Fn(&Value, &[T]) -> Result<T, String>,
    ) {
        let Some((entries, position)) = self.entries(key, items) else { return };
        let mut read = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            match accept(entry, &read) {
                Ok(entry) => read.push(entry),
                Err(rule) => self.reject_entry(key, &position, index, entry, rule),
            }
        }
        if read.len() == entries.len() {
            *into = read;
        }
    }

    /// The entries of the list under `key` and its position. Not generic, so that this code exists once.
    fn entries(&mut self, key: &'static str, items: &Items) -> Option<(&'v [Value], Position)> {
        let (value, position) = self.known(key)?;
        let path = self.key(key);
        let Value::Array(entries) = value else {
            self.mistakes.note(position, path, value, format!("a list of {} is accepted", items.of));
            return None;
        };
        if entries.is_empty() && !items.count.contains(&0) {
            self.mistakes.note(position, path, value, items.if_empty.to_owned());
            return None;
        }
        if !items.count.contains(&entries.len()) {
            let rule =
                format!("at most {} entries are accepted, these are {}", items.count.end(), entries.len());
            self.mistakes.note(position.clone(), path, value, rule);
        }
        Some((entries, position))
    }

    fn reject_entry(&mut self, key: &str, position: &Position, index: usize, entry: &Value, rule: String) {
        let path = self.key(key);
        self.mistakes.note(inside(position, index), path.entry(index), entry, rule);
    }

    /// Reads the table under `key`, if there is one.
    pub fn table(&mut self, key: &'static str, read: impl FnOnce(&mut Table<'_, '_>)) {
        let Some((value, position)) = self.known(key) else { return };
        let path = self.key(key);
        self.enter(value, path, position, read);
    }

    /// Reads each table of the list under `key`, in order.
    pub fn tables(&mut self, key: &'static str, mut read: impl FnMut(&mut Table<'_, '_>)) {
        let Some((value, position)) = self.known(key) else { return };
        let path = self.key(key);
        let Value::Array(entries) = value else {
            let rule = format!("a list of tables is accepted; begin each with [[vars.{WHOLE}.{key}]]");
            return self.mistakes.note(position, path, value, rule);
        };
        for (index, entry) in entries.iter().enumerate() {
            self.enter(entry, path.entry(index), inside(&position, index), &mut read);
        }
    }

    /// Adds a mistake about this table as a whole.
    pub fn reject(&mut self, rule: String) {
        let whole = Value::Object(self.fields.clone());
        self.mistakes.note(self.position.clone(), self.path.clone(), &whole, rule);
    }

    /// Adds a mistake with both keys and values if `low` is above `high`. None if this table sets neither, or if one
    /// of them was rejected.
    pub fn in_order<T: Copy + PartialOrd>(
        &mut self,
        (low_key, low): (&'static str, T),
        (high_key, high): (&'static str, T),
        write: fn(T) -> String,
    ) {
        if low <= high || self.is_mistaken(low_key) || self.is_mistaken(high_key) {
            return;
        }
        let (key, must_not_be, other_key, other) = if self.has(low_key) {
            (low_key, "must not be more than", high_key, high)
        } else {
            (high_key, "must not be less than", low_key, low)
        };
        let Some((value, position)) = self.known(key) else { return };
        let other = write(other);
        let rule = match (self.has(other_key), self.is_in_list()) {
            (true, _) => format!("{must_not_be} {}, which is \"{other}\"", self.key(other_key).written),
            (false, true) => {
                let outer = self.outer_key(other_key);
                format!("{must_not_be} {outer}, which is \"{other}\" unless this route sets it too")
            }
            (false, false) => {
                let key = self.key(other_key).written;
                format!("{must_not_be} {key}, which is \"{other}\" by default")
            }
        };
        self.mistakes.note(position, self.key(key), value, rule);
    }

    /// Declares `key` and returns its value and position, if present.
    fn known(&mut self, key: &'static str) -> Option<(&'v Value, Position)> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let written = self.written(key);
        let value = self.fields.get(written)?;
        Some((value, self.position_of(written)?))
    }

    /// The name that `key` has in this table: its old name only if the new one is absent.
    fn written<'k>(&self, key: &'k str) -> &'k str {
        match self.old_name(key) {
            Some(old) if self.fields.contains_key(old) && !self.fields.contains_key(key) => old,
            Some(_) | None => key,
        }
    }

    fn old_name(&self, key: &str) -> Option<&'static str> {
        let path = self.path.canonical.as_str();
        let table = path.rsplit_once("].").map_or(path, |(_, table)| table);
        old_name(if path.ends_with(']') { "" } else { table }, key)
    }

    fn position_of(&self, written: &str) -> Option<Position> {
        let index = self.fields.keys().position(|other| other == written)?;
        Some(inside(&self.position, index))
    }

    fn enter(&mut self, value: &Value, path: Key, position: Position, read: impl FnOnce(&mut Table<'_, '_>)) {
        let Value::Object(fields) = value else {
            let rule = "a table is accepted, as in { key = value }".to_owned();
            return self.mistakes.note(position, path, value, rule);
        };
        let mut table = Table { fields, path, position, known: Vec::new(), mistakes: self.mistakes };
        read(&mut table);
        table.finish();
    }

    /// Reports every key that was never read, and every old name whose new name is also set.
    fn finish(self) {
        for (index, (key, value)) in self.fields.iter().enumerate() {
            if self.known.contains(&key.as_str()) {
                continue;
            }
            let new = self.known.iter().find(|known| self.old_name(known) == Some(key));
            let rule = match new {
                Some(new) if !self.fields.contains_key(*new) => continue,
                Some(new) => {
                    format!(
                        "the old name of {}, which is set too; take the old one out",
                        self.key(new).written
                    )
                }
                None => self.unknown(key),
            };
            self.mistakes.note(inside(&self.position, index), self.key(key), value, rule);
        }
    }

    fn unknown(&self, key: &str) -> String {
        let name = if self.path.written.is_empty() { WHOLE } else { &self.path.written };
        let meant = nearest(key, &self.known).map(|near| format!("did you mean {near}? "));
        format!("unknown key; {}{name} has {}", meant.unwrap_or_default(), listed(&self.known))
    }

    /// The whole key of `key`, a new name or an unknown one, in this table.
    fn key(&self, key: &str) -> Key {
        let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let whole = |path: &str, key: &str| {
            let key = match key.bytes().all(is_bare) && !key.is_empty() {
                true => key.to_owned(),
                false => as_written(&Value::from(key)),
            };
            if path.is_empty() { key } else { format!("{path}.{key}") }
        };
        Key {
            written: whole(&self.path.written, self.written(key)),
            canonical: whole(&self.path.canonical, key),
        }
    }

    /// The key, by its new names, that applies to `key` if the list entry around this table does not set it.
    fn outer_key(&self, key: &str) -> String {
        let path = self.path.canonical.as_str();
        let table = path.rsplit_once("].").map_or(path, |(_, table)| table);
        format!("{table}.{key}")
    }

    fn is_in_list(&self) -> bool {
        self.path.canonical.contains("].")
    }

    /// Whether `key` or an entry of it was rejected, here or in the table from which it is inherited.
    pub fn is_mistaken(&self, key: &str) -> bool {
        let (own, outer) = (self.key(key).canonical, self.outer_key(key));
        let is_of = |mistake: &Mistake, key: &str| {
            mistake.canonical.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        self.mistakes.0.iter().any(|mistake| is_of(mistake, &own) || is_of(mistake, &outer))
    }
}

/// The position of index `index` inside `position`.
fn inside(position: &[usize], index: usize) -> Position {
    position.iter().copied().chain([index]).collect()
}

/// `value` as an error shows it: at most 80 characters, without the user and password of a URL, which must not be
/// logged.
pub(super) fn as_written(value: &Value) -> String {
    let text = json::written(value);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("//") {
        let authority = after.find(['/', '?', '#', '"']).and_then(|end| after.get(..end)).unwrap_or(after);
        let secret = authority.rfind('@').unwrap_or(0);
        shown.push_str(before);
        shown.push_str(if secret > 0 { "//…" } else { "//" });
        rest = after.get(secret..).unwrap_or_default();
    }
    shown.push_str(rest);
    shortened(&shown)
}

/// The first 80 characters of `text`, ending in `…` if something was left out.
pub fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    if text.chars().nth(MOST).is_none() {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}

/// The key among `known` that `key` probably means: at most two edits away, and fewer than half its letters. Case,
/// `-` and `_` are ignored.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 40;
    if key.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| -> Vec<char> {
        text.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
    };
    let written = plain(key);
    known
        .iter()
        .map(|known| (strsim::generic_levenshtein(&written, &plain(known)), *known))
        .filter(|(distance, known)| *distance <= 2 && distance * 2 < known.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => "no keys".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_slip_of_the_keyboard_is_recognised() {
        let known = ["first_byte", "idle", "total", "hold"];
        for (written, meant) in [
            ("first_bytes", Some("first_byte")),
            ("firstByte", Some("first_byte")),
            ("FIRST-BYTE", Some("first_byte")),
            ("totla", Some("total")),
            ("idel", None),
            ("hld", Some("hold")),
            ("soft", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &known), meant, "{written}");
        }
    }

    #[test]
    fn an_error_shows_no_password_and_no_novel() {
        let shown = |text: &str| as_written(&Value::from(text));
        assert_eq!(shown("https://me:secret@a.example/x"), r#""https://…@a.example/x""#);
        assert_eq!(shown("https://a.example/@x"), r#""https://a.example/@x""#);
        assert_eq!(shown("https://me:se@cret@a"), r#""https://…@a""#);
        assert_eq!(shown("//@a"), r#""//@a""#);
        assert_eq!(shown(&"é".repeat(200)).chars().count(), 80);
    }

    proptest! {
        #[test]
        fn what_an_error_shows_is_short(text in ".{0,200}") {
            prop_assert!(as_written(&Value::from(&*text)).chars().count() <= 80);
        }
    }
}
