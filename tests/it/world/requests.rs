//! Sending requests into a world, and running it until nobody has anything left to do.

use std::cell::RefCell;
use std::future::Future;
use std::net::Ipv4Addr;
use std::rc::Rc;

use holdfast::config::{Config, Token};
use holdfast::exchange::{exchange, internal_error};
use holdfast::health::Bindings;
use holdfast::ports::Answer;
use holdfast::request::{Request, Target};
use holdfast::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use testkit::TestPorts;
use testkit::answer::{Given, given};
use testkit::body::{Body, Ending, read};
use testkit::executor::Owner;
use testkit::upload::{Fate, Upload};

use super::script::{CLIENT_ADDRESS, Front};
use super::story::{Delivered, Story};
use super::{BROKEN_OFF, World};

/// More steps than any test needs: past it something turns in circles.
const MOST_STEPS: usize = 1_000_000;

/// What a client got, and when it was answered.
type Answered = (Given, Delivered, Timestamp);

impl World {
    /// The cron trigger goes off.
    pub fn probes(&self) {
        let config = Rc::new(Config::from_value(&self.settings).unwrap());
        self.run(vec![holdfast::exchange::probe(self.ports(), config)]);
    }

    pub fn get(&self, path: &str) -> Story {
        self.send("GET", path, None)
    }

    /// Sends a request and runs the world until nobody has anything left to do.
    pub fn send(&self, method: &str, path: &str, upload: Option<&str>) -> Story {
        let mut stories = self.together([(self, method, path, upload)]);
        stories.pop().unwrap()
    }

    /// Sends the same GET `count` times at once.
    pub fn crowd(&self, count: usize, path: &str) -> Vec<Story> {
        self.together((0..count).map(|_| (self, "GET", path, None)))
    }

    /// Sends requests at once, each with the fields and settings of its own view of this world. What the origin saw,
    /// and the reports, are those of all of them.
    pub fn together<'a>(
        &self,
        requests: impl IntoIterator<Item = (&'a Self, &'a str, &'a str, Option<&'a str>)>,
    ) -> Vec<Story> {
        let before = self.before();
        let exchanges = requests.into_iter().map(|(view, method, path, upload)| {
            assert!(Rc::ptr_eq(&view.script, &self.script), "requests of one world");
            let (request, config) = view.asked(method, path, upload);
            let upload = upload.map(|text| Upload {
                text: text.into(),
                takes: 0,
                fate: if text == BROKEN_OFF { Fate::Misframed } else { Fate::Whole },
            });
            view.delivered(exchange(view.ports(), config, Rc::new(request), upload))
        });
        let answers = self.run(exchanges.collect());
        self.told(answers, before)
    }

    /// The answer to a request on which the worker failed, nobody knows how far it had come.
    pub fn fails_inside(&self, method: &str, path: &str, upload: Option<&str>) -> Story {
        let before = self.before();
        let (request, config) = self.asked(method, path, upload);
        let answer = internal_error(self.ports(), config, Rc::new(request));
        let answers = self.run(vec![self.delivered(std::future::ready(answer))]);
        self.told(answers, before).pop().unwrap()
    }

    /// The time, and how many fetches and reports there were so far.
    fn before(&self) -> (Timestamp, usize, usize) {
        (self.now(), self.script.seen.borrow().len(), self.script.reports.borrow().len())
    }

    fn told(&self, answers: Vec<Answered>, before: (Timestamp, usize, usize)) -> Vec<Story> {
        let (began_at, attempts, reports) = before;
        let seen = self.script.seen.borrow()[attempts..].to_vec();
        let reports = self.script.reports.borrow()[reports..].to_vec();
        let story = |(given, body, answered_at): Answered| Story {
            status: given.status,
            headers: given.headers,
            body,
            took: answered_at.since(began_at),
            seen: seen.clone(),
            reports: reports.clone(),
        };
        answers.into_iter().map(story).collect()
    }

    fn ports(&self) -> TestPorts<Front> {
        let health = self.health.is_some() || self.script.gathers.get();
        let bindings = Bindings { keep: self.keeps, health, ..Bindings::default() };
        TestPorts {
            platform: Rc::clone(&self.script.platform),
            memory: Rc::clone(&self.memory),
            owner: Owner::default(),
            front: Front { script: Rc::clone(&self.script), bindings, health: self.health.clone() },
        }
    }

    /// Waits for an answer, and reads its body to the end.
    fn delivered(
        &self,
        answer: impl Future<Output = Answer<Body>> + 'static,
    ) -> impl Future<Output = Answered> + 'static {
        let platform = Rc::clone(&self.script.platform);
        async move {
            let mut given = given(answer.await, &platform.misuses);
            let answered_at = platform.clock.timestamp();
            let body = match given.content.take() {
                Some(content) => {
                    let read = read(content, &platform.clock).await;
                    Delivered { text: read.text.to_string(), ending: read.ending }
                }
                None => Delivered { text: given.text.take().unwrap_or_default(), ending: Ending::Whole },
            };
            (given, body, answered_at)
        }
    }

    fn asked(&self, method: &str, path: &str, upload: Option<&str>) -> (Request, Rc<Config>) {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            headers.append(HeaderName::try_from(&**name).unwrap(), HeaderValue::try_from(&**value).unwrap());
        }
        let number = self.script.asked.replace(self.script.asked.get() + 1);
        if self.has_addresses {
            let address = Ipv4Addr::from_bits(0x0a00_0000 + number as u32).to_string();
            headers.entry(CLIENT_ADDRESS).or_insert(address.parse().unwrap());
        }
        let request = Request {
            method: method.parse().unwrap(),
            target: Target::parse(&format!("https://{}{path}", self.host)).unwrap(),
            headers,
            has_body: upload.is_some(),
            id: format!("test-{number}"),
        };
        let mut config = Config::from_value(&self.settings).unwrap();
        config.token = self.token.as_deref().map(|token| Token::new(token).unwrap());
        (request, Rc::new(config))
    }

    /// Runs `mains` and everything behind them to their ends; gives what each came to.
    fn run<T: 'static>(&self, mains: Vec<impl Future<Output = T> + 'static>) -> Vec<T> {
        let platform = &self.script.platform;
        let done: Vec<Rc<RefCell<Option<T>>>> = mains
            .into_iter()
            .map(|main| {
                let done = Rc::new(RefCell::new(None));
                let slot = Rc::clone(&done);
                platform.executor.spawn(Owner::default(), async move {
                    let value = main.await;
                    slot.replace(Some(value));
                });
                done
            })
            .collect();
        for _ in 0..MOST_STEPS {
            let goes_on =
                platform.executor.step() || platform.executor.unfinished() > 0 && platform.clock.ring();
            if !goes_on {
                break;
            }
        }
        assert_eq!(platform.misuses.take(), [], "what the ports forbid");
        let done = done.into_iter().map(|done| done.take().expect("the exchange never answers")).collect();
        assert_eq!(platform.executor.unfinished(), 0, "work behind the answer never ends");
        done
    }
}
