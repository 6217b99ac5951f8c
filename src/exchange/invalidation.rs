//! What is stored, called out of date: by unsafe requests (RFC 9111 §4.4), and by operators.

use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};

use super::Exchange;
use super::attempts::Received;
use super::recall;
use super::trail::Trail;
use crate::cache::admission;
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::cache::purge::Marks;
use crate::origin::forward;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::time::Timestamp;

/// Purge marks younger than this are used as they are; older ones are read again behind the answer.
const MARKS_ARE_NEW: Duration = Duration::from_secs(30);

/// Purge marks older than this are read again before they are used.
const MARKS_ARE_OLD: Duration = Duration::from_secs(60);

/// How long a client waits for purge marks.
const LONGEST_READ_OF_MARKS: Duration = Duration::from_secs(1);

impl<P: Ports> Exchange<P> {
    /// Removes what stands at the target of an unsafe request that was not refused, and at what `Location` and
    /// `Content-Location` name at the same origin (RFC 9111 §4.4).
    pub(super) fn invalidate_behind(
        self: &Rc<Self>,
        policy: &Policy<'_>,
        received: &Received<P::Body>,
        trail: &Trail<P::Beacon>,
    ) {
        if !admission::invalidates(&self.request.method, received.status_code()) {
            return;
        }
        let target = &self.request.target;
        let origin = trail.attempts.last().and_then(|attempt| self.config.origins.get(attempt.origin));
        let named = |name: HeaderName, headers: &HeaderMap| {
            let reference = headers.get(name)?.to_str().ok()?;
            let public = origin.and_then(|origin| forward::public_location(reference, origin, &self.request));
            let named = self.ports.resolve(public.as_deref().unwrap_or(reference), target)?;
            let is_same_origin = (named.scheme(), named.authority()) == (target.scheme(), target.authority());
            (is_same_origin && named != *target).then(|| Key::of_target(&named))
        };
        let mut keys = vec![self.key().clone()];
        keys.extend(named(header::LOCATION, &received.headers));
        keys.extend(named(header::CONTENT_LOCATION, &received.headers));
        self.invalidate(policy, keys);
    }

    /// The same where the answer broke off behind its status: what was asked has been done.
    pub(super) fn invalidate_though_torn(self: &Rc<Self>, policy: &Policy<'_>, status: u16) {
        let invalidates = StatusCode::from_u16(status)
            .is_ok_and(|status| admission::invalidates(&self.request.method, status));
        if invalidates && self.drill.is_none() {
            self.invalidate(policy, vec![self.key().clone()]);
        }
    }

    fn invalidate(&self, policy: &Policy<'_>, keys: Vec<Key>) {
        let now = self.ports.now();
        keys.iter().for_each(|key| self.ports.isolate().invalidate(key, now));
        self.remove_behind(keys);
        self.unkeep_behind(policy);
    }

    /// Whether the URL was invalidated since `requested_at`, as far as this isolate knows.
    pub(super) fn is_invalidated_since(&self, requested_at: Timestamp) -> bool {
        self.ports.isolate().is_invalidated_since(self.key(), requested_at)
    }

    /// Takes what was just written under `at` out again if the URL was invalidated while the body came: the removal
    /// found nothing then.
    pub(super) async fn is_still_good(&self, at: &Key, entry: &Entry) -> bool {
        let is_good = match entry {
            Entry::Response(stored) => !self.is_invalidated_since(stored.requested_at),
            Entry::Variants(_) | Entry::Down { .. } => true,
        };
        if !is_good {
            recall::remove(&self.ports, at).await;
        }
        is_good
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
        if !self.ports.keeps() {
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
    let text = ports.load_marks(LONGEST_READ_OF_MARKS).await.ok()?;
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
