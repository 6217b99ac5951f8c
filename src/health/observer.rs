//! The observer of one isolate. What has it seen of each origin since its last flush?
//!
//! It keeps one part for each whole origin, and one for each place that the object asks about: a page or a section with an
//! incident of its own. What fails at such a place counts there and not for the whole origin, unless the failure is evidence
//! about the whole. A good answer counts for both.

use super::attempt_result::AttemptKind;
use super::observation::{Observation, Seen};
use crate::origin::breaker::evidence::Witness;
use crate::origin::{HealthSignal, Reach};
use crate::time::Timestamp;

/// How many places of open circuits one flush tells.
const MOST_PLACES: usize = 16;

/// How many failed clients are remembered at a part. More are certainly different ones.
const MOST_CLIENTS: usize = 4;

/// What one isolate sees.
#[derive(Debug, Default)]
pub struct Observer {
    parts: Vec<Part>,
    /// The places that the object asks about.
    watched: Vec<(usize, String)>,
    /// What visitors got.
    served: Option<Seen>,
}

/// A request, as the observer needs to know it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The origin that was asked.
    pub origin: usize,
    /// The names of the page and the section.
    pub places: &'a dyn Fn() -> [String; 2],
    /// Now.
    pub now: Timestamp,
}

/// A part of the site, and what is news about it.
#[derive(Debug)]
struct Part {
    origin: usize,
    place: String,
    news: Vec<Seen>,
    /// Clients whose requests failed since the last good answer.
    failed_clients: Vec<u32>,
    /// Whether the last attempt failed.
    is_failing: bool,
}

/// Observations on their way to the object.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Observations {
    parts: Vec<(usize, String, Seen)>,
    served: Option<Seen>,
}

impl Observer {
    /// Records how an attempt ended. Returns whether that is news: a failure, or the first good answer after one.
    pub fn attempt(&mut self, asked: Asked<'_>, kind: AttemptKind, by_probe: bool) -> bool {
        let now = asked.now;
        if kind.fault().is_some() {
            self.failing_at(asked, kind, |part, shared| {
                part.is_failing = true;
                // A probe that fails is a request that failed for good; whether a visitor's is, turns out later.
                let lost = u64::from(by_probe);
                part.add(Seen::Failed { kind, by_probe, n: 1, lost, shared, first: now, last: now });
            });
            return true;
        }
        if kind.health_signal() != HealthSignal::Healthy {
            return false;
        }
        let mut is_news = false;
        let answered = Seen::Answered { n: 1, first: now, last: now };
        let mut take = |part: &mut Part| {
            is_news |= std::mem::take(&mut part.is_failing);
            part.failed_clients.clear();
            part.add(answered);
        };
        self.at(asked.origin, "", &mut take);
        if let Some(place) = self.watched(asked) {
            self.at(asked.origin, &place, take);
        }
        is_news
    }

    /// Records that a request of `client` failed for good.
    pub fn lost(&mut self, asked: Asked<'_>, kind: AttemptKind, client: Witness) {
        let now = asked.now;
        self.failing_at(asked, kind, |part, _| {
            let is_new = part.is_new(kind, client);
            part.add(Seen::Failed {
                kind,
                by_probe: false,
                n: 0,
                lost: u64::from(is_new),
                shared: 0,
                first: now,
                last: now,
            });
        });
    }

    /// Records an answer to a visitor.
    pub fn served(&mut self, is_stale: bool, is_error: bool, now: Timestamp) {
        let [stale, errors] = [is_stale, is_error].map(u64::from);
        self.add_served(Seen::Served { n: 1, stale, errors, first: now, last: now });
    }

    fn add_served(&mut self, served: Seen) {
        match &mut self.served {
            Some(known) => _ = known.merge(served),
            none => *none = Some(served),
        }
    }

    /// Records that a circuit is open: for `place`, or for the whole origin if that is empty.
    pub fn open(&mut self, origin: usize, place: &str, open: Seen) {
        let is_full = self.parts.iter().filter(|part| !part.place.is_empty()).count() >= MOST_PLACES;
        let is_known = self.parts.iter().any(|part| (part.origin, &*part.place) == (origin, place));
        if place.is_empty() || is_known || !is_full {
            self.at(origin, place, |part| part.add(open));
        }
    }

    /// Records what became of a visitor's request that a failure touched; `seen` is of one request.
    pub fn visitor(&mut self, asked: Asked<'_>, seen: Seen) {
        let place = self.watched(asked).unwrap_or_default();
        self.at(asked.origin, &place, |part| part.add(seen));
    }

    /// Sets the places that the object asks about.
    pub fn watch(&mut self, places: Vec<(usize, String)>) {
        self.watched = places;
    }

    /// Whether there is anything to tell.
    pub fn has_news(&self) -> bool {
        self.served.is_some() || self.parts.iter().any(|part| !part.news.is_empty())
    }

    /// Takes the news, to flush them.
    pub fn take(&mut self) -> Observations {
        let mut taken = Vec::new();
        for Part { origin, place, news, .. } in &mut self.parts {
            taken.extend(std::mem::take(news).into_iter().map(|seen| (*origin, place.clone(), seen)));
        }
        let watched = &self.watched;
        self.parts.retain(|part| {
            part.place.is_empty()
                || watched.iter().any(|(of, place)| (*of, place) == (part.origin, &part.place))
        });
        Observations { parts: taken, served: self.served.take() }
    }

    /// Takes back what could not be flushed.
    pub fn put_back(&mut self, observations: Observations) {
        if let Some(served) = observations.served {
            self.add_served(served);
        }
        for (origin, place, seen) in observations.parts {
            if place.is_empty() || self.parts.len() <= 2 * MOST_PLACES {
                self.at(origin, &place, |part| part.add(seen));
            }
        }
    }

    /// Lets `act` at the part at which `kind` is evidence. If that is a watched place and the whole origin, `act` learns at
    /// the place that the failure is shared by both.
    fn failing_at(&mut self, asked: Asked<'_>, kind: AttemptKind, act: impl Fn(&mut Part, u64)) {
        let place = self.watched(asked);
        let is_of_origin = kind.attempt().reach() == Reach::Origin;
        if place.is_none() || is_of_origin {
            self.at(asked.origin, "", |part| act(part, 0));
        }
        if let Some(place) = place {
            self.at(asked.origin, &place, |part| act(part, u64::from(is_of_origin)));
        }
    }

    /// The place of the request that the object asks about, if it does.
    fn watched(&self, asked: Asked<'_>) -> Option<String> {
        if self.watched.is_empty() {
            return None;
        }
        (asked.places)()
            .into_iter()
            .find(|name| self.watched.iter().any(|(origin, place)| (*origin, place) == (asked.origin, name)))
    }

    /// Lets `act` at a part. Makes it if there is none.
    fn at(&mut self, origin: usize, place: &str, act: impl FnOnce(&mut Part)) {
        let known = self.parts.iter_mut().find(|part| (part.origin, &*part.place) == (origin, place));
        if let Some(part) = known {
            return act(part);
        }
        let mut part = Part {
            origin,
            place: place.to_owned(),
            news: Vec::new(),
            failed_clients: Vec::new(),
            is_failing: false,
        };
        act(&mut part);
        self.parts.push(part);
    }
}

impl Part {
    fn add(&mut self, seen: Seen) {
        if !self.news.iter_mut().any(|known| known.merge(seen)) {
            self.news.push(seen);
        }
    }

    /// Whether a failure for `client` is further evidence. A page may fail for one client alone; an unreachable origin fails
    /// for all.
    fn is_new(&mut self, kind: AttemptKind, client: Witness) -> bool {
        if kind.attempt().reach() == Reach::Origin {
            return true;
        }
        let is_new = !self.failed_clients.contains(&client.mark);
        if is_new && self.failed_clients.len() < MOST_CLIENTS {
            self.failed_clients.push(client.mark);
        }
        is_new
    }
}

impl Observations {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.served.is_none()
    }

    /// The observations as text.
    pub fn written(&self, origin_name: impl Fn(usize) -> String) -> String {
        let line = |(origin, place, seen): &(usize, String, Seen)| {
            let origin = origin_name(*origin);
            format!("{}\n", Observation { origin: &origin, place, what: *seen })
        };
        let site = |seen: Seen| format!("{}\n", Observation { origin: "", place: "", what: seen });
        self.parts.iter().map(line).chain(self.served.map(site)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::Failure;

    const LOST: AttemptKind = AttemptKind::Failed(Failure::ConnectionLost);
    const REFUSED: AttemptKind = AttemptKind::Failed(Failure::EdgeRefused);

    fn asked(page: &'static str, at: u64) -> Asked<'static> {
        let places: &'static dyn Fn() -> [String; 2] = match page {
            "/shop/1" => &|| ["a.example/shop/1".to_owned(), "a.example/shop/*".to_owned()],
            _ => &|| ["a.example/".to_owned(), "a.example/".to_owned()],
        };
        Asked { origin: 0, places, now: Timestamp::from_millis(at) }
    }

    fn client(mark: u32) -> Witness {
        Witness { mark, is_known: true }
    }

    fn told(observer: &mut Observer) -> Vec<String> {
        observer.take().written(|_| "o".to_owned()).lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_failure_and_the_first_answer_after_it_are_news() {
        let mut observer = Observer::default();
        assert!(!observer.attempt(asked("/", 1), AttemptKind::Ok, false));
        assert!(observer.attempt(asked("/", 2), LOST, false));
        assert!(observer.attempt(asked("/", 3), AttemptKind::Ok, false));
        assert!(!observer.attempt(asked("/", 4), AttemptKind::Ok, false));
        assert_eq!(told(&mut observer), ["ok o ok 3 0 0 1 4 ", "failed o connection_lost 1 0 0 2 2 "]);
        assert!(!observer.has_news());
    }

    #[test]
    fn a_probe_that_fails_is_a_request_that_failed_for_good() {
        let mut observer = Observer::default();
        observer.attempt(asked("/", 1), LOST, true);
        observer.attempt(asked("/", 2), LOST, false);
        let expected = ["probe-failed o connection_lost 1 1 0 1 1 ", "failed o connection_lost 1 0 0 2 2 "];
        assert_eq!(told(&mut observer), expected);
    }

    #[test]
    fn one_client_is_one_witness_until_somebody_is_answered() {
        let mut observer = Observer::default();
        let lost = |observer: &mut Observer, kind, mark| {
            observer.lost(asked("/", 1), kind, client(mark));
            told(observer)[0].split(' ').nth(4).unwrap().to_owned()
        };
        let mut fails = |kind, mark| lost(&mut observer, kind, mark);
        assert_eq!([fails(LOST, 7), fails(LOST, 7), fails(LOST, 8)], ["1", "0", "1"]);
        assert_eq!([fails(REFUSED, 7), fails(REFUSED, 7)], ["1", "1"], "nobody reaches it");
        observer.attempt(asked("/", 2), AttemptKind::Ok, false);
        told(&mut observer);
        assert_eq!(lost(&mut observer, LOST, 7), "1");
    }

    #[test]
    fn what_fails_at_a_watched_place_counts_there() {
        let mut observer = Observer::default();
        observer.watch(vec![(0, "a.example/shop/*".to_owned())]);
        observer.attempt(asked("/shop/1", 1), LOST, false);
        observer.attempt(asked("/shop/1", 2), REFUSED, false);
        observer.attempt(asked("/", 3), LOST, false);
        observer.attempt(asked("/shop/1", 4), AttemptKind::Ok, false);
        assert_eq!(
            told(&mut observer),
            [
                "failed o connection_lost 1 0 0 1 1 a.example/shop/*",
                "failed o edge_refused 1 0 1 2 2 a.example/shop/*",
                "ok o ok 1 0 0 4 4 a.example/shop/*",
                "failed o edge_refused 1 0 0 2 2 ",
                "failed o connection_lost 1 0 0 3 3 ",
                "ok o ok 1 0 0 4 4 ",
            ]
        );
    }

    #[test]
    fn what_could_not_be_flushed_is_told_with_what_came_since() {
        let mut observer = Observer::default();
        observer.attempt(asked("/", 1), LOST, false);
        let taken = observer.take();
        observer.attempt(asked("/", 5), LOST, false);
        observer.put_back(taken);
        assert_eq!(told(&mut observer), ["failed o connection_lost 2 0 0 1 5 "]);
    }

    #[test]
    fn what_visitors_got_is_told_of_the_whole_site() {
        let mut observer = Observer::default();
        let at = Timestamp::from_millis;
        observer.served(false, false, at(1));
        let taken = observer.take();
        observer.served(true, false, at(2));
        observer.put_back(taken);
        observer.served(false, true, at(3));
        assert_eq!(told(&mut observer), ["served  ok 3 1 1 1 3 "]);
        assert!(!observer.has_news());
    }

    #[test]
    fn places_are_bounded() {
        let mut observer = Observer::default();
        for number in 0..1000 {
            let at = Timestamp::from_millis(1);
            observer.open(0, &format!("a.example/{number}"), Seen::Open { kind: LOST, n: 1, since: at, at });
        }
        assert_eq!(told(&mut observer).len(), MOST_PLACES);
        assert!(observer.parts.is_empty(), "no place is watched");
    }
}
