//! The edge cache and the namespace, as ports.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use holdfast::cache::entry::Entry;
use holdfast::cache::key::Key;
use holdfast::cache::last_good::Name;
use holdfast::ports::{Health, LastGood, Lookup, Store, Unavailable};

use crate::FrontEnd;
use crate::body::{Body, Content, Ending, Kind, read};
use crate::clock::millis;
use crate::front::{Event, Operation};
use crate::ports::TestPorts;

/// How long a write to the namespace is waited for, in milliseconds.
const WRITE: u64 = 1_000;

/// The shortest time for which the namespace keeps anything.
const LEAST_KEPT: Duration = Duration::from_secs(60);

impl<F: FrontEnd> Store for TestPorts<F> {
    async fn load(&self, key: &Key) -> Lookup<Body> {
        self.takes(Operation::Entry).await;
        if self.front.cache_fails(key) {
            return Err(Unavailable);
        }
        let filed = self.platform.store.get_at(key.as_str(), self.now());
        Ok(filed.and_then(|filed| filed.opened(&self.platform.misuses, Kind::Stream)))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<Body>, retention: Duration) -> bool {
        let content = body.map(|body| self.to_be_stored(body));
        self.takes(if content.is_some() { Operation::Body } else { Operation::Entry }).await;
        let content = match content {
            Some(content) => {
                let stands_alone = content.stands_alone;
                let content = read(content, self.clock()).await;
                Some(Rc::new(Content { stands_alone, outcome: None, ..(*content).clone() }))
            }
            None => None,
        };
        let is_whole = content.as_ref().is_none_or(|content| content.ending == Ending::Whole);
        is_whole && !self.front.cache_fails(key) && self.file(key, entry, content, retention)
    }

    fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &Body,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static {
        let (ports, key, entry) = (self.clone(), key.clone(), entry.clone());
        let content = Rc::clone(loaded.content());
        async move {
            ports.takes(Operation::Entry).await;
            content.stands_alone
                && !ports.front.cache_fails(&key)
                && ports.file(&key, &entry, Some(content), retention)
        }
    }

    async fn remove(&self, key: &Key) {
        self.takes(Operation::Entry).await;
        if !self.front.cache_fails(key) {
            let removed = self.platform.store.remove(key.as_str()).filter(|filed| filed.until > self.now());
            let entry = removed.and_then(|filed| Entry::decode(&filed.entry));
            self.front.sees(Event::Removes { key, entry });
        }
    }
}

impl<F: FrontEnd> TestPorts<F> {
    /// Takes a body for the edge cache. What is in memory is stored in the entry itself, what is being relayed under an
    /// address of its own.
    fn to_be_stored(&self, body: Body) -> Rc<Content> {
        let (content, kind) = body.spend();
        if matches!(kind, Kind::Stream | Kind::Begun) {
            self.platform
                .misuses
                .record("what is stored is held or relayed", || format!("a {kind:?} body: {content:?}"));
        }
        Rc::new(Content { stands_alone: kind == Kind::Relayed, ..(*content).clone() })
    }

    fn file(&self, key: &Key, entry: &Entry, content: Option<Rc<Content>>, retention: Duration) -> bool {
        let Some(text) = entry.encode() else { return false };
        self.front.sees(Event::Stores { key, entry, content: content.as_deref(), retention });
        self.platform.store.put(key.as_str(), text, content, self.now(), retention);
        true
    }

    /// Asks the namespace, which may be slow or fail.
    async fn ask_namespace(&self, within: u64) -> Result<(), Unavailable> {
        if !self.has_last_good() {
            return Err(Unavailable);
        }
        let takes = self.front.takes(Operation::Namespace);
        if let Some(after) = self.front.namespace_fails(within) {
            self.pause(after).await;
            return Err(Unavailable);
        }
        if let Some(span) = takes {
            self.pause(span).await;
        }
        Ok(())
    }
}

impl<F: FrontEnd> LastGood for TestPorts<F> {
    fn has_last_good(&self) -> bool {
        self.bindings().keep
    }

    async fn load_last_good(&self, name: &Name, within: Duration) -> Lookup<Body> {
        self.ask_namespace(millis(within)).await?;
        let namespace = &self.platform.namespace;
        namespace.reads.update(|reads| reads + 1);
        let filed = namespace.copies.get_at(name.as_str(), self.now());
        Ok(filed.and_then(|filed| filed.opened(&self.platform.misuses, Kind::Memory)))
    }

    async fn save_last_good(&self, name: &Name, entry: &Entry, body: &Body, retention: Duration) -> bool {
        let content = self.whole(body);
        if self.ask_namespace(WRITE).await.is_err() {
            return false;
        }
        let Some(text) = entry.encode() else { return false };
        self.front.sees(Event::Keeps { name: name.as_str(), entry, content: &content });
        let namespace = &self.platform.namespace;
        namespace.writes.update(|writes| writes + 1);
        namespace.copies.put(name.as_str(), text, Some(content), self.now(), retention.max(LEAST_KEPT));
        true
    }

    async fn remove_last_good(&self, name: &Name) -> bool {
        let is_there = self.ask_namespace(WRITE).await.is_ok();
        if is_there {
            self.platform.namespace.copies.remove(name.as_str());
        }
        is_there
    }

    fn are_equal(&self, one: &Body, other: &Body) -> bool {
        self.whole(one).text == self.whole(other).text
    }

    async fn load_purge_rules(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        self.ask_namespace(millis(within)).await?;
        let namespace = &self.platform.namespace;
        namespace.reads_of_purge_rules.update(|reads| reads + 1);
        // What was written lately may not show here yet.
        let shown_until = self.now().saturating_sub(self.front.lag());
        let rules = namespace.purge_rules.borrow();
        Ok(rules.iter().rev().find(|(at, _)| *at <= shown_until).map(|(_, text)| text.clone()))
    }

    async fn save_purge_rules(&self, text: &str) -> bool {
        let is_taken = self.ask_namespace(WRITE).await.is_ok();
        if is_taken {
            self.platform.namespace.purge_rules.borrow_mut().push((self.now(), text.to_owned()));
        }
        is_taken
    }
}
