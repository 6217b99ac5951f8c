//! A store in memory: entries in their written form, with bodies, until they expire.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use holdfast::cache::entry::Entry;

use crate::body::{Body, Content, Kind};
use crate::misuse::Misuses;

/// What is stored under a name.
#[derive(Clone, Debug)]
pub struct Filed {
    /// The entry as it is written.
    pub entry: String,
    /// The body behind it.
    pub content: Option<Rc<Content>>,
    /// When it was stored, in milliseconds since the beginning.
    pub filed_at: u64,
    /// When it expires.
    pub until: u64,
}

impl Filed {
    /// The entry, and a handle to the body, as one of `kind`. `None` if the entry cannot be read.
    pub(crate) fn opened(&self, misuses: &Misuses, kind: Kind) -> Option<(Entry, Body)> {
        let entry = Entry::decode(&self.entry)?;
        let body = match &self.content {
            Some(content) => Body::new(misuses, Rc::clone(content), kind),
            None => Body::new(misuses, Rc::new(Content::of("")), Kind::Null),
        };
        Some((entry, body))
    }
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RefCell<BTreeMap<String, Filed>>);

impl MemoryStore {
    /// What is stored under `name`, also what has expired.
    pub fn get(&self, name: &str) -> Option<Filed> {
        self.0.borrow().get(name).cloned()
    }

    /// What is stored under `name` and has not expired at `now`.
    pub fn get_at(&self, name: &str, now: u64) -> Option<Filed> {
        self.get(name).filter(|filed| filed.until > now)
    }

    /// Stores under `name` from `now` on, for `retention` in whole seconds, as the platform counts it.
    pub fn put(
        &self,
        name: &str,
        entry: String,
        content: Option<Rc<Content>>,
        now: u64,
        retention: Duration,
    ) {
        let seconds = retention.as_secs() + u64::from(retention.subsec_nanos() > 0);
        let until = now.saturating_add(seconds.saturating_mul(1000));
        let content = content.map(|content| Rc::new(Content { attempt: None, ..(*content).clone() }));
        self.0.borrow_mut().insert(name.to_owned(), Filed { entry, content, filed_at: now, until });
    }

    /// Removes what is stored under `name`; gives it.
    pub fn remove(&self, name: &str) -> Option<Filed> {
        self.0.borrow_mut().remove(name)
    }

    /// Keeps only names that `is_kept` accepts.
    pub fn retain(&self, is_kept: impl Fn(&str) -> bool) {
        self.0.borrow_mut().retain(|name, _| is_kept(name));
    }

    /// Loses everything.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
