//! The page cache: errors rendered before, with slots for what differs. How is one used again?
//!
//! Errors of one [`Kind`] under one configuration differ in a few [`Slot`]s only. Each isolate renders such an error once
//! and keeps it with its slots open. For a request it fills the slots in, and escapes the values as the whole rendering
//! would. A cached page is rendered from marks, so it contains nothing of a request.

use std::cell::RefCell;
use std::rc::Rc;

use askama::filters::{self, Escaper};
use http::HeaderMap;

use super::form::Form;
use super::kind::Kind;
use super::slots::{Slot, SlotValues};
use crate::config::Page;
use crate::markdown;

/// How many pages an isolate keeps, the last used, each of some 13 KB.
///
/// Clients choose form, language and method. So one client can make an isolate drop the pages of others; they are
/// rendered again.
const MOST_PAGES: usize = 32;

/// An error with its slots open.
struct CachedPage {
    kind: Kind,
    page: Page,
    headers: HeaderMap,
    /// The text between the slots.
    text: String,
    /// Each slot, and the byte of `text` before which it is filled in.
    slots: Vec<(usize, Slot)>,
}

thread_local! {
    /// The last used first.
    static PAGES: RefCell<Vec<Rc<CachedPage>>> = const { RefCell::new(Vec::new()) };
}

/// The header fields and the text of an error of this `kind` with these `values`: from the cache, or as `write` renders
/// them.
pub(super) fn rendered(
    kind: &Kind,
    page: &Page,
    values: &SlotValues,
    write: impl Fn(&SlotValues) -> (HeaderMap, String),
) -> (HeaderMap, String) {
    if let Some(cached) = load(kind, page) {
        return (cached.headers.clone(), cached.fill(values));
    }
    let (headers, text) = write(values);
    let cached = CachedPage::cut(*kind, page, &headers, &write(&SlotValues::marks()).1);
    // The texts differ if the operator's settings contain a mark.
    if cached.fill(values) == text {
        store(cached);
    }
    (headers, text)
}

fn load(kind: &Kind, page: &Page) -> Option<Rc<CachedPage>> {
    PAGES.with_borrow_mut(|pages| {
        let at = pages.iter().position(|cached| cached.kind == *kind && cached.page == *page)?;
        pages.get_mut(..=at)?.rotate_right(1);
        pages.first().cloned()
    })
}

fn store(cached: CachedPage) {
    PAGES.with_borrow_mut(|pages| {
        pages.truncate(MOST_PAGES - 1);
        pages.insert(0, Rc::new(cached));
    });
}

impl CachedPage {
    /// Cuts the slots out of `marked`, a text that was rendered from marks.
    fn cut(kind: Kind, page: &Page, headers: &HeaderMap, marked: &str) -> Self {
        // JSON has the seconds as a number. Their mark is no number, and was written as a string.
        let seconds = Slot::RetryAfter.mark();
        let unquoted =
            is_json(kind.form).then(|| marked.replace(&format!("\"{seconds}\""), &seconds.to_string()));
        let marked = unquoted.as_deref().unwrap_or(marked);
        let (mut text, mut slots) = (String::with_capacity(marked.len()), Vec::new());
        for c in marked.chars() {
            match Slot::ALL.into_iter().find(|slot| slot.mark() == c) {
                Some(slot) => slots.push((text.len(), slot)),
                None => text.push(c),
            }
        }
        Self { kind, page: page.clone(), headers: headers.clone(), text, slots }
    }

    fn fill(&self, values: &SlotValues) -> String {
        /// Room for what escaping adds. If it adds more, the text grows.
        const SPARE: usize = 64;
        let filled: usize = self.slots.iter().map(|(_, slot)| values.get(*slot).len()).sum();
        let mut text = String::with_capacity(self.text.len() + filled + SPARE);
        let mut from = 0;
        for &(to, slot) in &self.slots {
            text.push_str(self.text.get(from..to).unwrap_or_default());
            escape(&mut text, values.get(slot), self.kind.form, slot);
            from = to;
        }
        text.push_str(self.text.get(from..).unwrap_or_default());
        text
    }
}

const fn is_json(form: Form) -> bool {
    matches!(form, Form::Problem | Form::GraphQl)
}

/// Appends `value`, escaped as the rendering of a whole `form` escapes it. In Markdown the address is code, in which
/// nothing is escaped and no URL becomes a link.
fn escape(text: &mut String, value: &str, form: Form, slot: Slot) {
    if form == Form::Markdown && slot != Slot::Address {
        return text.push_str(&markdown::escaped(value));
    }
    let is_special = |byte: u8| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\'' | b'\\' | 0..b' ' | 127);
    if !value.bytes().any(is_special) {
        return text.push_str(value);
    }
    match form {
        Form::Html => {
            // Writing to a `String` does not fail.
            let _ = filters::Html.write_escaped_str(text, value);
        }
        Form::Problem | Form::GraphQl => {
            let quoted = serde_json::to_string(value).unwrap_or_default();
            text.push_str(
                quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default(),
            );
        }
        Form::Text | Form::Markdown | Form::Grpc | Form::Empty => text.push_str(value),
    }
}

#[cfg(test)]
mod tests;
