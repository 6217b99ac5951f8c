//! What is stored, called out of date: by unsafe requests (RFC 9111 §4.4), and by operators.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};

use super::Exchange;
use super::attempts::Received;
use super::recall;
use super::trail::Trail;
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::cache::purge::Marks;
use crate::cache::storable::{self, Asked, Effect, LONGEST_RETENTION, NotStored};
use crate::policy::Policy;
use crate::ports::Ports;
use crate::time::Timestamp;

/// Purge marks younger than this are used as they are; older ones are read again behind the answer.
const MARKS_ARE_NEW: Duration = Duration::from_secs(30);

/// Purge marks older than this are read again before they are used.
const MARKS_ARE_OLD: Duration = Duration::from_secs(60);

/// How long a client waits for purge marks.
const LONGEST_READ_OF_MARKS: Duration = Duration::from_secs(1);

/// What is noted at a stored response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// It is out of date: it may stand in for a failing origin, and no more.
    Outdated,
    /// A client was told that it is not for everybody any more. Where it has been said to another one before, it goes.
    Withdrawn {
        /// The client's mark.
        from: u32,
        /// Whether it is known who that is. Where not, the next one who is told the same counts as another.
        is_known: bool,
    },
}

impl<P: Ports> Exchange<P> {
    /// Calls out of date what stands at the target of an unsafe request that was not refused, and at what `Location` and
    /// `Content-Location` name at the same origin (RFC 9111 §4.4).
    pub(super) fn invalidate_behind(self: &Rc<Self>, policy: &Policy<'_>, received: &Received<P::Body>) {
        if !storable::invalidates(&self.request.method, received.status_code()) {
            return;
        }
        let target = &self.request.target;
        let named = |name: HeaderName, headers: &HeaderMap| {
            let reference = headers.get(name)?.to_str().ok()?;
            let named = self.ports.resolve(reference, target)?;
            let is_same_origin = (named.scheme(), named.authority()) == (target.scheme(), target.authority());
            (is_same_origin && named != *target).then(|| Key::of_target(&named))
        };
        let mut keys = vec![self.key().clone()];
        keys.extend(named(header::LOCATION, &received.headers));
        keys.extend(named(header::CONTENT_LOCATION, &received.headers));
        self.invalidate(policy, keys);
    }

    /// Does to the stored response what an answer says of it that is not stored for `reason`.
    pub(super) fn note_not_stored(
        self: &Rc<Self>,
        reason: NotStored,
        received: &Received<P::Body>,
        asked: &Asked<'_>,
        trail: &Trail<P::Signal>,
    ) {
        let Some(key) = trail.key.clone().filter(|_| trail.has_entry) else { return };
        // Not the URL's own key where this is one variant: who chooses it must not take others with it.
        let (keys, until) = (vec![key], received.requested_at);
        match reason.effect(received.status_code(), trail.is_fresh, asked) {
            Effect::Outdates if trail.is_outdated => {}
            Effect::None => {}
            Effect::Outdates => self.mark_behind(keys, Mark::Outdated, until),
            Effect::Withdraws => self.mark_behind(keys, self.withdrawn(), until),
        }
    }

    /// That this client was told that what is stored is not for everybody any more.
    pub(super) fn withdrawn(&self) -> Mark {
        let (from, is_known) = self.asker();
        Mark::Withdrawn { from, is_known }
    }

    /// Tells whoever asks from others, also later: by address, and where the platform gives none by what they send; and
    /// whether it gives one.
    pub(super) fn asker(&self) -> (u32, bool) {
        let witness = self.witness();
        if witness.is_known {
            return (witness.mark, true);
        }
        let mark = self.request.headers.iter().fold(0, |mark, field| {
            let mut hasher = DefaultHasher::new();
            field.hash(&mut hasher);
            mark ^ hasher.finish() as u32
        });
        (mark, false)
    }

    /// The same where the answer broke off behind its status: what was asked has been done.
    pub(super) fn invalidate_though_torn(self: &Rc<Self>, policy: &Policy<'_>, status: u16) {
        let invalidates = StatusCode::from_u16(status)
            .is_ok_and(|status| storable::invalidates(&self.request.method, status));
        if invalidates && self.drill.is_none() {
            self.invalidate(policy, vec![self.key().clone()]);
        }
    }

    fn invalidate(self: &Rc<Self>, policy: &Policy<'_>, keys: Vec<Key>) {
        let now = self.ports.now();
        keys.iter().for_each(|key| self.ports.isolate().invalidate(key, now));
        if policy.settings.cache.remove_invalidated {
            self.remove_behind(keys);
            self.unkeep_behind(policy);
        } else {
            self.mark_behind(keys, Mark::Outdated, now);
            self.keep_anew(policy);
        }
    }

    /// Whether the URL was invalidated since `requested_at`, as far as this isolate knows.
    pub(super) fn is_invalidated_since(&self, requested_at: Timestamp) -> bool {
        self.ports.isolate().is_invalidated_since(self.key(), requested_at)
    }

    /// Calls what was just written under `at` out of date if the URL was invalidated while the body came: the mark found
    /// nothing then. `true` if it was not.
    pub(super) async fn is_still_good(&self, policy: &Policy<'_>, at: &Key, entry: &Entry) -> bool {
        let is_good = match entry {
            Entry::Response(stored) => !self.is_invalidated_since(stored.requested_at),
            Entry::Variants(_) | Entry::Down { .. } => true,
        };
        if !is_good && policy.settings.cache.remove_invalidated {
            recall::remove(&self.ports, at).await;
        } else if !is_good {
            self.mark(policy, at, Mark::Outdated, self.ports.now()).await;
        }
        is_good
    }

    /// Marks, behind the answer, what is stored under `keys` and was asked for by `until`; with a URL's own key all of its
    /// variants.
    pub(super) fn mark_behind(self: &Rc<Self>, keys: Vec<Key>, mark: Mark, until: Timestamp) {
        if self.drill.is_some() {
            return;
        }
        let this = Rc::clone(self);
        self.ports.spawn(async move {
            let policy = Policy::of(&this.config, &this.request);
            for key in keys {
                this.mark(&policy, &key, mark, until).await;
            }
        });
    }

    async fn mark(&self, policy: &Policy<'_>, key: &Key, mark: Mark, until: Timestamp) {
        match self.ports.load(key).await {
            Ok(Some((Entry::Response(mut stored), body))) => {
                let told = stored.withdrawn_from;
                let changes = stored.requested_at <= until
                    && match mark {
                        Mark::Outdated => !stored.outdated,
                        Mark::Withdrawn { from, is_known } => told != Some(from) || !is_known,
                    };
                if !changes {
                    return self.ports.cancel(body);
                }
                if let (Mark::Withdrawn { .. }, Some(_)) = (mark, told) {
                    self.ports.cancel(body);
                    return recall::remove(&self.ports, key).await;
                }
                stored.outdated = true;
                if let Mark::Withdrawn { from, .. } = mark {
                    stored.withdrawn_from = Some(from);
                }
                let left = storable::retention_left(&stored, &policy.settings.cache, self.ports.now());
                self.move_to(policy, key, stored, body, left).await;
            }
            Ok(Some((Entry::Variants(mut variants), nothing))) => {
                self.ports.cancel(nothing);
                for variant in &mut variants {
                    variant.outdated_at = variant.outdated_at.max(Some(until));
                }
                recall::save(&self.ports, key, &Entry::Variants(variants), None, LONGEST_RETENTION).await;
            }
            Ok(Some((Entry::Down { .. }, nothing))) => self.ports.cancel(nothing),
            Ok(None) | Err(_) => {}
        }
    }

    /// Removes what is stored under `keys`, and with a URL's own key all of its variants.
    pub(super) fn remove_behind(&self, keys: Vec<Key>) {
        if self.drill.is_some() {
            return;
        }
        let ports = self.ports.clone();
        self.ports.spawn(async move {
            for key in keys {
                recall::remove(&ports, &key).await;
            }
        });
    }

    /// What the operator purged, as far as this isolate knows: what it has read within the last minute. Where it
    /// cannot be read, what was known before holds, for a while again.
    pub(super) async fn marks(&self) -> Rc<Marks> {
        if !self.ports.has_last_good() {
            return Rc::default();
        }
        let known = self.ports.isolate().marks();
        let now = self.ports.now();
        match known {
            Some((marks, at)) if now.since(at) < MARKS_ARE_NEW => marks,
            Some((marks, at)) if now.since(at) < MARKS_ARE_OLD => {
                // Counts as read, so that one request reads and not every one.
                self.ports.isolate().set_marks(Rc::clone(&marks), now);
                let ports = self.ports.clone();
                self.ports.spawn(async move {
                    read_marks(&ports).await;
                });
                marks
            }
            known => match read_marks(&self.ports).await {
                Some(marks) => marks,
                None => {
                    let marks = known.map(|(marks, _)| marks).unwrap_or_default();
                    self.ports.isolate().set_marks(Rc::clone(&marks), now);
                    marks
                }
            },
        }
    }
}

async fn read_marks<P: Ports>(ports: &P) -> Option<Rc<Marks>> {
    let text = ports.load_purge_rules(LONGEST_READ_OF_MARKS).await.ok()?;
    // One that cannot be read is as good as one that could not be fetched.
    let mut marks = text.map_or_else(|| Some(Marks::default()), |text| Marks::decode(&text))?;
    let now = ports.now();
    // An order that was taken here may not show yet in what is read. Where both find no room, what is read holds.
    if let Some((known, _)) = ports.isolate().marks() {
        let _ = marks.unite((*known).clone(), now);
    }
    let marks = Rc::new(marks);
    ports.isolate().set_marks(Rc::clone(&marks), now);
    Some(marks)
}
