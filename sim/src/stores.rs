//! The edge cache and the namespace, as one request sees them.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use holdfast::cache::entry::Entry;
use holdfast::cache::key::Key;
use holdfast::cache::last_good::Name;
use holdfast::ports::{LastGood, Lookup, Store, Unavailable};

use crate::body::{Body, Content, Ending, Kind};
use crate::ledger::Filed;
use crate::taken;
use crate::view::{View, millis};
use crate::world::World;

/// How old what is read from the namespace may be, in milliseconds: the platform's word for it is a minute.
const OLDEST_READ: u64 = 60_000;

impl Store for View {
    async fn load(&self, key: &Key) -> Lookup<Body> {
        self.pause().await;
        if self.cache_fails(key) {
            return Err(Unavailable);
        }
        let store = self.world.store.borrow();
        let filed = store.get(key.as_str()).filter(|filed| filed.until > self.now());
        Ok(filed.and_then(|filed| self.opened(filed, Kind::Stream)))
    }

    async fn save(&self, key: &Key, entry: &Entry, body: Option<Body>, retention: Duration) -> bool {
        let content = body.map(Body::spend).map(|(content, kind)| {
            Rc::new(Content { stands_alone: kind != Kind::Memory, ..(*content).clone() })
        });
        self.pause().await;
        let ends_at = content.as_ref().map_or(0, |content| content.ends_at);
        self.world.wait(ends_at.saturating_sub(self.now())).await;
        let content = match content {
            Some(content) => Some(settled(&self.world, content).await),
            None => None,
        };
        let whole = content.as_ref().is_none_or(|content| content.ending == Ending::Whole);
        let Some(text) = entry.encode().filter(|_| whole) else { return false };
        if self.cache_fails(key) {
            return false;
        }
        taken::stored(&self.world, self.ask, entry, content.as_deref());
        self.file(key, text, content, retention);
        true
    }

    fn renew(
        &self,
        key: &Key,
        entry: &Entry,
        loaded: &Body,
        retention: Duration,
    ) -> impl Future<Output = bool> + 'static {
        let (view, key, entry) = (self.clone(), key.clone(), entry.clone());
        let content = Rc::clone(loaded.content());
        let stands_alone = loaded.kind() != Kind::Memory && content.stands_alone;
        let content = (loaded.kind() != Kind::Null).then_some(content);
        async move {
            view.pause().await;
            let Some(text) = entry.encode().filter(|_| stands_alone) else { return false };
            if view.cache_fails(&key) {
                return false;
            }
            taken::stored(&view.world, view.ask, &entry, content.as_deref());
            view.file(&key, text, content, retention);
            true
        }
    }

    async fn remove(&self, key: &Key) {
        self.pause().await;
        if !self.cache_fails(key) {
            self.world.note(|| format!("ask {}: removes {}", self.ask, key.as_str()));
            let removed = self.world.store.borrow_mut().remove(key.as_str());
            let removed = removed.filter(|filed| filed.until > self.now());
            if let Some(Entry::Response(stored)) = removed.and_then(|filed| Entry::decode(&filed.entry)) {
                taken::removed(&self.world, self.ask, &stored);
            }
        }
    }
}

impl View {
    /// Whether an operation of the edge cache fails. What it is about may vanish instead.
    fn cache_fails(&self, key: &Key) -> bool {
        let percent = self.world.plan.cache_faults;
        let (fails, evicts) = {
            let mut chance = self.chance.borrow_mut();
            (chance.percent(percent), chance.percent(percent))
        };
        if evicts && self.world.store.borrow_mut().remove(key.as_str()).is_some() {
            self.world.hit(self.ask, "entry evicted in between");
        }
        if fails {
            self.world.hit(self.ask, "operation of the cache failed");
        }
        fails
    }

    /// What is stored under a key or name, as a stream or in memory.
    fn opened(&self, filed: &Filed, kind: Kind) -> Option<(Entry, Body)> {
        let entry = Entry::decode(&filed.entry)?;
        let nothing = || {
            Rc::new(Content {
                serial: None,
                attempt: None,
                headers: Rc::default(),
                text: "".into(),
                starts_at: 0,
                ends_at: 0,
                ending: Ending::Whole,
                stands_alone: false,
                rest: None,
                is_joined: false,
            })
        };
        Some((
            entry,
            match &filed.content {
                Some(content) => Body::new(&self.world, Rc::clone(content), kind),
                None => Body::new(&self.world, nothing(), Kind::Null),
            },
        ))
    }

    fn file(&self, key: &Key, entry: String, content: Option<Rc<Content>>, retention: Duration) {
        self.world
            .note(|| format!("ask {}: stores {} for {} s", self.ask, key.as_str(), retention.as_secs()));
        let now = self.now();
        let content = content.map(|content| Rc::new(Content { attempt: None, ..(*content).clone() }));
        let filed = Filed { entry, content, until: now.saturating_add(millis(retention)), filed_at: now };
        self.world.store.borrow_mut().insert(key.as_str().to_owned(), filed);
    }

    /// Asks the namespace, which may be slow or fail.
    async fn ask_namespace(&self, within: u64) -> Result<(), Unavailable> {
        if !self.world.plan.keeps {
            return Err(Unavailable);
        }
        if self.world.namespace_fails.get() {
            self.world.hit(self.ask, "operation of the namespace failed");
            let is_slow = self.chance.borrow_mut().percent(50);
            self.world.wait(if is_slow { within } else { 5 }).await;
            return Err(Unavailable);
        }
        self.pause().await;
        Ok(())
    }
}

/// What a body has become that is still coming.
async fn settled(world: &World, content: Rc<Content>) -> Rc<Content> {
    let Some(rest) = &content.rest else { return content };
    let whole = rest.settled(world).await;
    Rc::new(Content { stands_alone: content.stands_alone, rest: None, ..(*whole).clone() })
}

impl LastGood for View {
    fn has_last_good(&self) -> bool {
        self.world.plan.keeps
    }

    async fn load_last_good(&self, name: &Name, within: Duration) -> Lookup<Body> {
        self.ask_namespace(millis(within)).await?;
        let kept = self.world.kept.borrow();
        let found = kept.get(name.as_str()).filter(|filed| filed.until > self.now());
        Ok(found.and_then(|filed| self.opened(filed, Kind::Memory)))
    }

    async fn save_last_good(&self, name: &Name, entry: &Entry, body: &Body, retention: Duration) -> bool {
        let content = Rc::clone(body.content());
        if self.ask_namespace(1_000).await.is_err() {
            return false;
        }
        let Some(text) = entry.encode() else { return false };
        taken::kept(&self.world, self.ask, entry, &content);
        self.world.note(|| format!("ask {}: keeps {}", self.ask, name.as_str()));
        let now = self.now();
        let filed = Filed {
            entry: text,
            content: Some(content),
            until: now.saturating_add(millis(retention)),
            filed_at: now,
        };
        self.world.kept.borrow_mut().insert(name.as_str().to_owned(), filed);
        true
    }

    async fn remove_last_good(&self, name: &Name) -> bool {
        let is_there = self.ask_namespace(1_000).await.is_ok();
        if is_there {
            self.world.kept.borrow_mut().remove(name.as_str());
        }
        is_there
    }

    fn are_equal(&self, one: &Body, other: &Body) -> bool {
        one.content().text == other.content().text
    }

    async fn load_purge_rules(&self, within: Duration) -> Result<Option<String>, Unavailable> {
        self.ask_namespace(millis(within)).await?;
        // What was written lately may not show here yet.
        let lag = {
            let mut chance = self.chance.borrow_mut();
            if chance.percent(50) { 0 } else { chance.below(OLDEST_READ) }
        };
        let shown_until = self.now().saturating_sub(lag);
        let marks = self.world.marks.borrow();
        Ok(marks.iter().rev().find(|(at, _)| *at <= shown_until).map(|(_, text)| text.clone()))
    }

    async fn save_purge_rules(&self, text: &str) -> bool {
        let taken = self.ask_namespace(1_000).await.is_ok();
        if taken {
            self.world.marks.borrow_mut().push((self.now(), text.to_owned()));
        }
        taken
    }
}
