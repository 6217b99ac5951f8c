//! The memory shared by the requests of one isolate. What do earlier requests know that a later one can use?
//!
//! - who fetches a key, so that other requests wait for that fetch (request collapsing, RFC 9111 §4): see [`flight`]
//! - each origin's breaker and retry budget ([`OriginState`])
//! - keys whose lookup would find nothing (hit-for-miss), and recent lookup results ([`memory_cache`])
//! - invalidated keys, and the purge rules that were read last
//! - doubtful answers, variants in use, and last good copies that were written
//! - what scripts of other sites may read ([`grants`])
//! - counters and wrong tokens
//! - what everybody may know of the site ([`public`])
//!
//! Everything is bounded and may vanish at any time, with the isolate or for lack of room. More requests are then
//! sent than necessary. Keys are stored as hashes, because clients choose their length, but for those that requests which are
//! under way have anyway.

pub mod flight;
pub mod grants;
pub mod memory_cache;
pub mod public;

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use crate::by_number::ByNumber;
use crate::cache::doubt::Sighting;
use crate::cache::key::{Digest, Key};
use crate::cache::last_good::Name;
use crate::cache::purge::PurgeRules;
use crate::endpoint::guesses::Guesses;
use crate::health::counters::Counters;
use crate::origin::breaker::Breaker;
use crate::origin::retry_budget::Budget;
use crate::request::Client;
use crate::time::Timestamp;
use flight::{Flight, FlightResult};
use grants::Grants;
use public::PublicView;

/// How many flights may exist at once. Beyond that, each request fetches for itself.
const MOST_FLIGHTS: usize = 1024;

/// How many keys are remembered for which waiting does not pay off.
const MOST_APART: usize = 1024;

/// For how many keys lookups are skipped, and for how long.
const MOST_MISSES: usize = 1024;
const MISSES: Duration = Duration::from_secs(120);

/// How many last good copies are remembered as checked.
const MOST_KEPT: usize = 1024;

/// How long nobody waits for a key after waiting did not pay off.
const APART: Duration = Duration::from_secs(120);

/// How many invalidated keys are remembered, and how long: as long as an answer requested before may be on its way.
const MOST_INVALIDATED: usize = 1024;
const UNDER_WAY: Duration = Duration::from_secs(300);

/// How many variants are remembered that answered a request, and how many that were requested but not stored; and how
/// long.
const MOST_USED: usize = 1024;
const MOST_SIGHTED: usize = 4096;
const SIGHTINGS: Duration = Duration::from_secs(60 * 60);
/// How many doubtful answers are remembered. Few enough for a linear search.
const MOST_DOUBTS: usize = 512;

/// When a last good copy is checked again after a check without result.
const SOON: Duration = Duration::from_secs(60);

/// The memory. `B` is the signal for requests that wait for a flight; see [`Memory`](crate::ports::Memory).
#[derive(Debug)]
pub struct Isolate<B> {
    flights: RefCell<HashMap<Key, Rc<Flight<B>>>>,
    apart: RefCell<ByHash<Timestamp>>,
    misses: RefCell<ByHash<HitForMiss>>,
    invalidated: RefCell<ByHash<Timestamp>>,
    told: RefCell<HashMap<Digest, (u32, Timestamp)>>,
    used: RefCell<ByHash<Timestamp>>,
    sighted: RefCell<ByHash<(Timestamp, u32)>>,
    doubts: RefCell<Vec<(u64, Sighting)>>,
    purge_rules: RefCell<Option<(Rc<PurgeRules>, Timestamp)>>,
    kept: RefCell<HashMap<Digest, LookedAfter>>,
    origins: RefCell<Vec<OriginState>>,
    counters: RefCell<Counters>,
    guesses: RefCell<Guesses>,
    grants: RefCell<Grants>,
    public: RefCell<[PublicView; 2]>,
}

/// What this isolate knows about one origin.
#[derive(Debug, Default)]
pub struct OriginState {
    /// The retries that it may get.
    pub budget: Budget,
    /// The circuit breaker.
    pub breaker: Breaker,
}

impl<B> Default for Isolate<B> {
    fn default() -> Self {
        Self {
            flights: RefCell::default(),
            apart: RefCell::default(),
            misses: RefCell::default(),
            invalidated: RefCell::default(),
            told: RefCell::default(),
            used: RefCell::default(),
            sighted: RefCell::default(),
            doubts: RefCell::default(),
            purge_rules: RefCell::default(),
            kept: RefCell::default(),
            origins: RefCell::default(),
            counters: RefCell::default(),
            guesses: RefCell::default(),
            grants: RefCell::default(),
            public: RefCell::default(),
        }
    }
}

/// How long lookups are skipped, and for whose requests.
#[derive(Clone, Copy, Debug)]
struct HitForMiss {
    until: Timestamp,
    whose: Whose,
}

/// The requests whose lookups are skipped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Whose {
    /// All requests.
    Everybody,
    /// Requests that may get a personal answer, which says nothing about other clients' answers.
    Personal,
}

/// How long a last good copy needs no check, and whether the last answer forbade its use.
#[derive(Clone, Copy, Debug)]
struct LookedAfter {
    until: Timestamp,
    forbids: bool,
}

/// The role of a request in the fetch of a key.
#[derive(Debug)]
pub enum Role<B> {
    /// It fetches and reports the result to the followers.
    Leader(Rc<Flight<B>>),
    /// It waits for this flight.
    Follower(Rc<Flight<B>>),
    /// It fetches for itself only.
    Alone,
}

impl<B> Isolate<B> {
    /// The clients that recently sent wrong tokens.
    pub fn guesses(&self) -> std::cell::RefMut<'_, Guesses> {
        self.guesses.borrow_mut()
    }

    /// What everybody may know of the site, which is open or closed for maintenance.
    pub fn public(&self, is_closed: bool) -> std::cell::RefMut<'_, PublicView> {
        std::cell::RefMut::map(
            self.public.borrow_mut(),
            |[open, closed]| if is_closed { closed } else { open },
        )
    }

    /// Assigns the role of a request for `key`. A leader must [`settle`](Self::settle) within `at_most`; after that,
    /// the next request leads. A request that may not lead, because its answer is probably personal, may still
    /// follow.
    pub fn role(
        &self,
        key: &Key,
        may_lead: bool,
        client: Client,
        at_most: Duration,
        now: Timestamp,
        signal: impl FnOnce() -> B,
    ) -> Role<B> {
        if self.apart.borrow().get(&hash(key)).is_some_and(|until| *until > now) {
            return Role::Alone;
        }
        let mut flights = self.flights.borrow_mut();
        if let Some(flight) = flights.get(key).filter(|flight| flight.until > now) {
            return if flight.is_stored_slowly(now) {
                Role::Alone
            } else {
                Role::Follower(Rc::clone(flight))
            };
        }
        if flights.len() >= MOST_FLIGHTS {
            flights.retain(|_, flight| flight.until > now);
        }
        if !may_lead || flights.len() >= MOST_FLIGHTS {
            return Role::Alone;
        }
        let flight = Rc::new(Flight::new(client, signal(), at_most, now));
        flights.insert(key.clone(), Rc::clone(&flight));
        Role::Leader(flight)
    }

    /// Records the result of `client`'s request in `flight`, sent at `asked_at`. The caller then notifies the
    /// flight's signal. Later requests do not join this flight, because an earlier failure is no evidence for them.
    pub fn settle(
        &self,
        key: &Key,
        flight: &Rc<Flight<B>>,
        client: Client,
        asked_at: Timestamp,
        result: FlightResult,
    ) {
        flight.note(client, asked_at, result);
        let mut flights = self.flights.borrow_mut();
        if flights.get(key).is_some_and(|current| Rc::ptr_eq(current, flight)) {
            flights.remove(key);
        }
    }

    /// Records that answers for `key` cannot be shared: nobody waits for it for two minutes.
    pub fn keep_apart(&self, key: &Key, now: Timestamp) {
        remember(&mut self.apart.borrow_mut(), hash(key), now.plus(APART), MOST_APART, |until| *until > now);
    }

    /// Records that the origin failed `key`: one request can again ask for all.
    pub fn bring_together(&self, key: &Key) {
        let mut apart = self.apart.borrow_mut();
        if !apart.is_empty() {
            apart.remove(&hash(key));
        }
    }

    /// Records that nothing is stored under `key` and the origin's answer cannot be stored. Lookups are skipped for
    /// two minutes (hit-for-miss).
    pub fn expect_misses(&self, key: &Key, whose: Whose, now: Timestamp) {
        let miss = HitForMiss { until: now.plus(MISSES), whose };
        remember(&mut self.misses.borrow_mut(), hash(key), miss, MOST_MISSES, |miss| miss.until > now);
    }

    /// Whether a lookup of `key` can be skipped (hit-for-miss).
    pub fn expects_miss(&self, key: &Key, is_personal: impl FnOnce() -> bool, now: Timestamp) -> bool {
        let misses = self.misses.borrow();
        if misses.is_empty() {
            return false;
        }
        let expected = misses.get(&hash(key)).filter(|miss| miss.until > now);
        expected.is_some_and(|miss| miss.whose == Whose::Everybody || is_personal())
    }

    /// Records that `key` may be stored from now on.
    pub fn expect_hits(&self, key: &Key) {
        let mut misses = self.misses.borrow_mut();
        if !misses.is_empty() {
            misses.remove(&hash(key));
        }
    }

    /// Records that `key` was invalidated.
    pub fn invalidate(&self, key: &Key, now: Timestamp) {
        let is_of_use = |at: &Timestamp| now.since(*at) < UNDER_WAY;
        remember(&mut self.invalidated.borrow_mut(), hash(key), now, MOST_INVALIDATED, is_of_use);
    }

    /// Whether `key` was invalidated at or after `requested_at`. An answer requested then may be out of date.
    pub fn is_invalidated_since(&self, key: &Key, requested_at: Timestamp) -> bool {
        let invalidated = self.invalidated.borrow();
        !invalidated.is_empty() && invalidated.get(&hash(key)).is_some_and(|at| *at >= requested_at)
    }

    /// Remembers a doubtful answer for `key`. Replaces the oldest one if there are too many.
    pub fn remember_doubt(&self, key: &Key, sighting: Sighting) {
        let (key, mut doubts) = (hash(key), self.doubts.borrow_mut());
        doubts.retain(|(other, _)| *other != key);
        if doubts.len() >= MOST_DOUBTS {
            doubts.remove(0);
        }
        doubts.push((key, sighting));
    }

    /// The last doubtful answer for `key`.
    pub fn doubt(&self, key: &Key) -> Option<Sighting> {
        let (key, doubts) = (hash(key), self.doubts.borrow());
        doubts.iter().find(|(other, _)| *other == key).map(|(_, sighting)| *sighting)
    }

    /// What good answers allowed to scripts of other sites.
    pub fn grants(&self) -> std::cell::RefMut<'_, Grants> {
        self.grants.borrow_mut()
    }

    /// The purge rules and when they were read.
    pub fn purge_rules(&self) -> Option<(Rc<PurgeRules>, Timestamp)> {
        self.purge_rules.borrow().clone()
    }

    /// Replaces the purge rules.
    pub fn set_purge_rules(&self, rules: Rc<PurgeRules>, now: Timestamp) {
        *self.purge_rules.borrow_mut() = Some((rules, now));
    }

    /// Runs `act` on the state of origin number `origin`. There are as many as the configuration has.
    pub fn origin_state<T>(&self, origin: usize, act: impl FnOnce(&mut OriginState) -> T) -> T {
        let mut origins = self.origins.borrow_mut();
        while origins.len() <= origin {
            origins.push(OriginState::default());
        }
        match origins.get_mut(origin) {
            Some(state) => act(state),
            None => act(&mut OriginState::default()),
        }
    }

    /// Runs `act` on the counters.
    pub fn counters<T>(&self, act: impl FnOnce(&mut Counters) -> T) -> T {
        act(&mut self.counters.borrow_mut())
    }

    /// Claims the check of the last good copy under `name`; `true` once per `interval`, and at once if an answer
    /// `forbids` the copy and the last one did not.
    pub fn claim_last_good_check(
        &self,
        name: &Name,
        forbids: bool,
        interval: Duration,
        now: Timestamp,
    ) -> bool {
        let (digest, mut kept) = (name.digest(), self.kept.borrow_mut());
        if kept.get(&digest).is_some_and(|last| last.until > now && (last.forbids || !forbids)) {
            return false;
        }
        let looked_after = LookedAfter { until: now.plus(interval), forbids };
        remember(&mut kept, digest, looked_after, MOST_KEPT, |last| last.until > now);
        true
    }

    /// Records that an answer to `client` withdrew the copy under `name`. Returns whether another client's answer did
    /// so within the last hour. An unknown client counts as another one.
    pub fn record_withdrawal(&self, name: &Name, client: u32, is_known: bool, now: Timestamp) -> bool {
        let (digest, mut told) = (name.digest(), self.told.borrow_mut());
        let is_of_use = |(_, at): &(u32, Timestamp)| now.since(*at) < SIGHTINGS;
        let before = told.get(&digest).filter(|told| is_of_use(told)).map(|(before, _)| *before);
        if before.is_some_and(|before| before != client || !is_known) {
            return true;
        }
        remember(&mut told, digest, (client, now), MOST_KEPT, is_of_use);
        false
    }

    /// Makes the check of the last good copy under `name` due now: the copy is out of date.
    pub fn expire_last_good_check(&self, name: &Name) {
        self.kept.borrow_mut().remove(&name.digest());
    }

    /// Records that the variant under `key` answered a request.
    pub fn note_use(&self, key: &Key, now: Timestamp) {
        let is_of_use = |at: &Timestamp| now.since(*at) < SIGHTINGS;
        remember(&mut self.used.borrow_mut(), hash(key), now, MOST_USED, is_of_use);
    }

    /// When the variant under `key` last answered a request, if within the last hour.
    pub fn used_at(&self, key: &Key) -> Option<Timestamp> {
        self.used.borrow().get(&hash(key)).copied()
    }

    /// Records a request of `client` for the variant under `key`. Returns who was the first to ask for it within the last
    /// hour.
    pub fn record_variant_request(&self, key: &Key, client: u32, now: Timestamp) -> AskedBefore {
        let (key, mut sighted) = (hash(key), self.sighted.borrow_mut());
        let is_of_use = |(at, _): &(Timestamp, u32)| now.since(*at) < SIGHTINGS;
        let first = sighted.get(&key).filter(|sighting| is_of_use(sighting)).map(|(_, first)| *first);
        remember(&mut sighted, key, (now, first.unwrap_or(client)), MOST_SIGHTED, is_of_use);
        match first {
            None => AskedBefore::ByNobody,
            Some(first) if first == client => AskedBefore::BySame,
            Some(_) => AskedBefore::ByAnother,
        }
    }

    /// Makes the check of the last good copy under `name` due in a minute: the last check had no result.
    pub fn postpone_last_good_check(&self, name: &Name, now: Timestamp) {
        let looked_after = LookedAfter { until: now.plus(SOON), forbids: false };
        remember(&mut self.kept.borrow_mut(), name.digest(), looked_after, MOST_KEPT, |last| {
            last.until > now
        });
    }
}

/// A map by the [`hash`] of keys.
type ByHash<T> = ByNumber<u64, T>;

/// Who asked for a variant before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBefore {
    /// Nobody.
    ByNobody,
    /// The client that asks now, and nobody before it.
    BySame,
    /// Another client.
    ByAnother,
}

/// A cheap hash of `key`. A collision is harmless: a lookup is skipped, one more request is sent, or an answer is not
/// stored.
fn hash(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Inserts `key` into `map`. A full map first drops what is no longer useful; if nothing is, everything.
fn remember<K: Eq + Hash, V, S: BuildHasher>(
    map: &mut HashMap<K, V, S>,
    key: K,
    value: V,
    most: usize,
    is_of_use: impl Fn(&V) -> bool,
) {
    if map.len() >= most && !map.contains_key(&key) {
        map.retain(|_, value| is_of_use(value));
        if map.len() >= most {
            map.clear();
        }
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests {
    use super::flight::Step;
    use super::*;
    use crate::request::Target;

    const AT_MOST: Duration = Duration::from_secs(30);

    fn key(path: &str) -> Key {
        Key::of_target(&Target::parse(&format!("https://example.com{path}")).unwrap())
    }

    fn second(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn turn(isolate: &Isolate<()>, path: &str, at: u64) -> Role<()> {
        isolate.role(&key(path), true, nobody(), AT_MOST, second(at), || ())
    }

    fn nobody() -> Client {
        Client::of(&http::HeaderMap::new())
    }

    #[test]
    fn one_leads_and_the_others_wait_until_it_has_settled() {
        let isolate = Isolate::default();
        let Role::Leader(led) = turn(&isolate, "/a", 0) else { panic!("nobody else is there") };
        let Role::Follower(seen) = turn(&isolate, "/a", 1) else { panic!("somebody fetches") };
        assert!(Rc::ptr_eq(&led, &seen));
        assert!(matches!(seen.next(nobody(), second(0), false, true, second(0)), Step::Wait(_)));
        assert!(matches!(turn(&isolate, "/b", 1), Role::Leader(_)));
        isolate.settle(&key("/a"), &led, nobody(), second(0), FlightResult::Stored);
        assert_eq!(seen.next(nobody(), second(0), false, true, second(1)), Step::End(FlightResult::Stored));
        assert!(matches!(turn(&isolate, "/a", 1), Role::Leader(_)));
    }

    #[test]
    fn a_fetch_that_never_settles_is_waited_for_only_so_long() {
        let isolate = Isolate::default();
        let Role::Leader(lost) = turn(&isolate, "/a", 0) else { panic!("nobody else is there") };
        assert!(matches!(turn(&isolate, "/a", 29), Role::Follower(_)));
        assert!(matches!(turn(&isolate, "/a", 30), Role::Leader(_)));
        isolate.settle(&key("/a"), &lost, nobody(), second(0), FlightResult::NotShared);
        assert!(matches!(turn(&isolate, "/a", 31), Role::Follower(_)), "the later one goes on");
    }

    #[test]
    fn nobody_waits_where_answers_are_not_shared() {
        let isolate: Isolate<()> = Isolate::default();
        isolate.keep_apart(&key("/a"), second(0));
        assert!(matches!(turn(&isolate, "/a", 119), Role::Alone));
        assert!(matches!(turn(&isolate, "/a", 120), Role::Leader(_)));
        isolate.keep_apart(&key("/a"), second(200));
        isolate.bring_together(&key("/a"));
        assert!(matches!(turn(&isolate, "/a", 201), Role::Leader(_)));
        let own = isolate.role(&key("/b"), false, nobody(), AT_MOST, second(0), || ());
        assert!(matches!(own, Role::Alone));
    }

    #[test]
    fn a_miss_is_expected_for_two_minutes_or_until_something_is_stored() {
        let isolate: Isolate<()> = Isolate::default();
        let expects =
            |path, is_personal: bool, at| isolate.expects_miss(&key(path), || is_personal, second(at));
        assert!(!expects("/a", true, 0));
        isolate.expect_misses(&key("/a"), Whose::Everybody, second(0));
        assert!(expects("/a", false, 119) && expects("/a", true, 119));
        assert!(!expects("/a", false, 120) && !expects("/a", true, 120) && !expects("/b", true, 0));
        isolate.expect_misses(&key("/b"), Whose::Personal, second(0));
        assert!(expects("/b", true, 119) && !expects("/b", false, 119) && !expects("/b", true, 120));
        isolate.expect_hits(&key("/a"));
        assert!(!expects("/a", false, 1) && expects("/b", true, 1));
    }

    #[test]
    fn a_kept_copy_is_looked_after_once_in_its_interval_or_when_it_is_forbidden() {
        let isolate: Isolate<()> = Isolate::default();
        let request = crate::request::Request::bare("GET", "https://example.com/robots.txt");
        let name = crate::cache::last_good::name(&request, &crate::config::LastGood::default()).unwrap();
        let hour = Duration::from_secs(3600);
        for (at, forbids, due) in [
            (0, false, true),
            (3599, false, false),
            (3599, true, true),
            (3600, true, false),
            (3600, false, false),
            (7199, false, true),
        ] {
            assert_eq!(
                isolate.claim_last_good_check(&name, forbids, hour, second(at)),
                due,
                "{at} {forbids}"
            );
        }
        isolate.postpone_last_good_check(&name, second(7200));
        assert!(!isolate.claim_last_good_check(&name, false, hour, second(7259)));
        assert!(isolate.claim_last_good_check(&name, false, hour, second(7260)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let isolate = Isolate::default();
        for number in 0..2 * MOST_FLIGHTS {
            let leads = matches!(turn(&isolate, &format!("/{number}"), 0), Role::Leader(_));
            assert_eq!(leads, number < MOST_FLIGHTS, "{number}");
            isolate.keep_apart(&key(&format!("/apart/{number}")), second(0));
            isolate.invalidate(&key(&format!("/invalidated/{number}")), second(0));
            isolate.expect_misses(&key(&format!("/miss/{number}")), Whose::Everybody, second(0));
        }
        assert!(isolate.apart.borrow().len() <= MOST_APART);
        assert!(isolate.invalidated.borrow().len() <= MOST_INVALIDATED);
        assert!(isolate.misses.borrow().len() <= MOST_MISSES);
        assert!(matches!(turn(&isolate, "/late", 31), Role::Leader(_)), "lost ones make room");
    }
}
