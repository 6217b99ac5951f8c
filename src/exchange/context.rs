//! The context of a request: what it asks for, which policy holds, and the way to the outside.
//!
//! It is made once for each request and does not change on the way. Every step gets it by reference; what goes on behind
//! the answer takes a clone, which costs one count.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use http::{HeaderMap, HeaderName, Method};

use super::drill::Drill;
use super::remembered_store::RememberedStore;
use crate::cache::key::{self, Key, Vary};
use crate::config::Config;
use crate::isolate::Isolate;
use crate::origin::breaker::evidence::Witness;
use crate::origin::breaker::place::Place;
use crate::origin::forward::{self, Forward};
use crate::policy::Policy;
use crate::ports::{Clock, Memory, Ports, Runtime};
use crate::request::{Client, Request, Target};
use crate::time::Timestamp;

/// See the [module](self).
pub(super) struct Context<P: Ports>(Rc<Shared<P>>);

/// What the clones of a [`Context`] share.
pub(super) struct Shared<P: Ports> {
    /// Owns the ports, so that no lookup and no write goes around its memory.
    store: RememberedStore<P>,
    pub config: Rc<Config>,
    pub request: Rc<Request>,
    pub policy: Policy,
    pub began_at: Timestamp,
    /// The failure that an operator forces.
    pub drill: Option<Drill<P::Signal>>,
    /// Whether the request shows the operators' token. It is asked once, as a wrong token counts.
    pub is_for_operator: OnceCell<bool>,
    keyed: OnceCell<Option<Target>>,
    key: OnceCell<Key>,
    place: OnceCell<Place>,
    client: OnceCell<Client>,
    presented: OnceCell<Forward>,
    presented_fields: OnceCell<HeaderMap>,
}

impl<P: Ports> Clone for Context<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<P: Ports> Deref for Context<P> {
    type Target = Shared<P>;

    fn deref(&self) -> &Shared<P> {
        &self.0
    }
}

impl<P: Ports> Context<P> {
    pub fn new(ports: P, config: Rc<Config>, request: Rc<Request>) -> Self {
        let policy = Policy::of(&config, &request);
        Self::with(RememberedStore::new(ports), config, request, policy)
    }

    /// The context of another request, sent by Holdfast itself, under its own policy.
    pub fn other(&self, request: Request) -> Self {
        let policy = Policy::of(&self.config, &request);
        Self::with(self.store.clone(), Rc::clone(&self.config), Rc::new(request), policy)
    }

    /// The same request for another target under the same policy, as a GET.
    pub fn elsewhere(&self, target: Target) -> Self {
        let request = Request { method: Method::GET, target, ..Request::clone(&self.request) };
        let policy = self.policy.clone();
        Self::with(self.store.clone(), Rc::clone(&self.config), Rc::new(request), policy)
    }

    /// The same request under another policy.
    pub fn under(&self, policy: Policy) -> Self {
        Self::with(self.store.clone(), Rc::clone(&self.config), Rc::clone(&self.request), policy)
    }

    #[inline(never)]
    fn with(store: RememberedStore<P>, config: Rc<Config>, request: Rc<Request>, policy: Policy) -> Self {
        let began_at = store.runtime().now();
        let drill = Drill::ordered(&config, &request, began_at);
        Self(Rc::new(Shared {
            store,
            config,
            request,
            policy,
            began_at,
            drill,
            is_for_operator: OnceCell::new(),
            keyed: OnceCell::new(),
            key: OnceCell::new(),
            place: OnceCell::new(),
            client: OnceCell::new(),
            presented: OnceCell::new(),
            presented_fields: OnceCell::new(),
        }))
    }
}

impl<P: Ports> Shared<P> {
    /// All ports but the stores.
    pub fn ports(
        &self,
    ) -> &impl Runtime<Body = P::Body, Upload = P::Upload, Signal = P::Signal, Span = P::Span> {
        self.store.runtime()
    }

    /// The stores.
    pub fn store(&self) -> &RememberedStore<P> {
        &self.store
    }

    pub fn now(&self) -> Timestamp {
        self.store.runtime().now()
    }

    /// What requests of this isolate share about origins and fetches. A drill has a memory of its own.
    pub fn isolate(&self) -> &Isolate<P::Signal> {
        match &self.drill {
            Some(drill) => drill.isolate(),
            None => self.store.runtime().isolate(),
        }
    }

    /// The target under which the store has what is asked for: less the parameters that no key has.
    pub fn target(&self) -> &Target {
        let keyed = self.keyed.get_or_init(|| {
            let target = &self.request.target;
            let may_differ = target.as_str().contains('?') && self.policy.settings.cache.ignore_query_always;
            if may_differ { key::keyed(target, &self.policy.settings.cache) } else { None }
        });
        keyed.as_ref().unwrap_or(&self.request.target)
    }

    /// The key of that target, whatever its variants.
    pub fn key(&self) -> &Key {
        self.key.get_or_init(|| Key::of_target(self.target()))
    }

    /// The head that the origin gets where the answer may be stored. It selects a stored response and decides for whom an
    /// answer may be stored (RFC 9111 §4.1).
    pub fn presented(&self) -> &Forward {
        let settings = &self.policy.settings.cache;
        self.presented.get_or_init(|| forward::forward(&self.request, None, Some(settings)))
    }

    /// The fields of that head.
    pub fn presented_fields(&self) -> &HeaderMap {
        self.presented_fields.get_or_init(|| self.presented().headers())
    }

    /// What the request has for the fields `vary`.
    pub fn selected_by(&self, vary: &Vary) -> Vec<(HeaderName, String)> {
        if vary.is_empty() { Vec::new() } else { vary.values(self.presented_fields()) }
    }

    /// The part of the site that the request needs.
    pub fn place(&self) -> Place {
        *self.place.get_or_init(|| Place::of(&self.request))
    }

    /// What this worker calls itself.
    pub fn name(&self) -> &str {
        self.config.name.as_deref().unwrap_or(self.request.target.host())
    }

    /// Where the request comes from.
    pub fn client(&self) -> Client {
        *self.client.get_or_init(|| Client::of(&self.request.headers))
    }

    /// Who witnesses what becomes of the request.
    pub fn witness(&self) -> Witness {
        Witness::of(self.client(), &self.request.id)
    }

    /// Whether this isolate knows the URL to have been invalidated since `requested_at`.
    pub fn is_invalidated_since(&self, requested_at: Timestamp) -> bool {
        self.ports().isolate().is_invalidated_since(self.key(), requested_at)
    }
}
