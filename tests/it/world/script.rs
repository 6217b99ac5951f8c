//! What a test has scripted, and what has been seen: the front end to the simulated platform.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use holdfast::cache::key::Key;
use holdfast::health::summary::Summary;
use holdfast::health::{Bindings, View};
use holdfast::origin::forward::Forward;
use holdfast::report::Report;
use holdfast::request::Target;
use holdfast::time::Timestamp;
use http::HeaderMap;
use serde_json::Value;
use testkit::chance::Chance;
use testkit::clock::millis;
use testkit::front::{Head, Operation, Reply};
use testkit::upload::Upload;
use testkit::{FrontEnd, Platform};

use super::behaviour::{Behaviour, Kind, refuses};

pub const CLIENT_ADDRESS: &str = "cf-connecting-ip";

/// How long the namespace and the object take.
const FAR_AWAY: Duration = Duration::from_millis(20);

/// What the origin saw of one fetch.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Timestamp,
    pub url: String,
    pub headers: HeaderMap,
    pub upload: Option<String>,
}

/// What all views of a world share.
pub struct Script {
    pub platform: Rc<Platform>,
    pub behaviours: RefCell<VecDeque<Behaviour>>,
    pub origins: RefCell<HashMap<String, Behaviour>>,
    /// What certain clients meet, by their address.
    pub treatments: RefCell<HashMap<String, Behaviour>>,
    pub seen: RefCell<Vec<Seen>>,
    pub reports: RefCell<Vec<Value>>,
    pub chance: RefCell<Chance>,
    pub store_fails: Cell<bool>,
    /// How long it takes until a body is stored.
    pub store_takes: Cell<Duration>,
    pub namespace_fails: Cell<bool>,
    /// How many requests there were; each is somebody else's.
    pub asked: Cell<u64>,
    /// How many operations that the platform counts as subrequests were made.
    pub subrequests: Cell<usize>,
    /// Whether the object is bound in which counts are gathered.
    pub gathers: Cell<bool>,
    /// What the object answers to counts; none if it cannot be reached.
    pub news: RefCell<Option<String>>,
    /// What was flushed to it.
    pub told: RefCell<Vec<String>>,
}

impl Script {
    pub fn new() -> Self {
        Self {
            platform: Rc::default(),
            behaviours: RefCell::default(),
            origins: RefCell::default(),
            treatments: RefCell::default(),
            seen: RefCell::default(),
            reports: RefCell::default(),
            chance: RefCell::new(Chance::new(1, 0)),
            store_fails: Cell::default(),
            store_takes: Cell::default(),
            namespace_fails: Cell::default(),
            asked: Cell::default(),
            subrequests: Cell::default(),
            gathers: Cell::default(),
            news: RefCell::default(),
            told: RefCell::default(),
        }
    }

    fn count(&self) {
        self.subrequests.update(|count| count + 1);
    }

    /// What the client meets who sends this, what the origin does that is asked, or what is next in the script.
    fn next(&self, forward: &Forward) -> Behaviour {
        let headers = forward.headers();
        let client = headers.get(CLIENT_ADDRESS).and_then(|value| value.to_str().ok());
        let treatment = client.and_then(|client| self.treatments.borrow().get(client).cloned());
        let own = Target::parse(&forward.url)
            .and_then(|target| self.origins.borrow().get(target.authority()).cloned());
        let scripted = || self.behaviours.borrow_mut().pop_front();
        treatment.or(own).or_else(scripted).unwrap_or_else(refuses)
    }
}

/// The script as one request sees it.
#[derive(Clone)]
pub struct Front {
    pub script: Rc<Script>,
    pub bindings: Bindings,
    /// What is known of the origins, if anything is bound that could know, and answers.
    pub health: Option<Option<Rc<Summary>>>,
}

impl FrontEnd for Front {
    type Fetch = Behaviour;

    fn sends(&self, forward: &Forward, upload: Option<&Upload>) -> Behaviour {
        self.script.count();
        self.script.seen.borrow_mut().push(Seen {
            at: self.script.platform.clock.timestamp(),
            url: forward.url.clone(),
            headers: forward.headers(),
            upload: upload.map(|upload| upload.text.to_string()),
        });
        self.script.next(forward)
    }

    fn arrives(&self, does: &mut Behaviour, _: &Forward) -> u64 {
        millis(does.after)
    }

    fn replies(&self, does: &mut Behaviour, forward: &Forward) -> Reply {
        match does.kind.clone() {
            Kind::Lost => Reply::Lost,
            Kind::Garbage => Reply::Garbage,
            Kind::Hangs => Reply::Hangs,
            Kind::Answers { status, headers, body, ending } => {
                let has_body = forward.method != "HEAD" && !matches!(status, 204 | 205 | 304);
                let text = if has_body { body.into() } else { "".into() };
                let ending = if has_body { ending } else { testkit::body::Ending::Whole };
                Reply::Answers(Head {
                    status,
                    headers,
                    text,
                    ending,
                    body_takes: 0,
                    serial: None,
                    attempt: None,
                })
            }
        }
    }

    fn takes(&self, operation: Operation) -> Option<u64> {
        if operation != Operation::Upload {
            self.script.count();
        }
        let takes = match operation {
            // Who is sent first fetches first, as a script goes by the order of fetches.
            Operation::Upload | Operation::Entry => return None,
            Operation::Body => self.script.store_takes.get(),
            Operation::Namespace | Operation::Health => FAR_AWAY,
        };
        Some(millis(takes))
    }

    fn cache_fails(&self, _: &Key) -> bool {
        self.script.store_fails.get()
    }

    fn namespace_fails(&self, within: u64) -> Option<u64> {
        self.script.namespace_fails.get().then_some(within)
    }

    fn roll(&self) -> f64 {
        self.script.chance.borrow_mut().unit()
    }

    fn bindings(&self) -> Bindings {
        self.bindings
    }

    fn health_view(&self, view: View) -> Option<String> {
        self.health.as_ref()?.as_ref().map(|summary| view.of(summary, &self.bindings))
    }

    fn counts(&self, counts: &str, dashboard: &str) -> Option<String> {
        assert_eq!(dashboard, "https://www.example.com/.well-known/holdfast/status");
        let answer = self.script.news.borrow().clone()?;
        self.script.told.borrow_mut().push(counts.to_owned());
        Some(answer)
    }

    fn reports(&self, report: &Report) {
        let line = report.to_line();
        assert!(!line.contains('\n'), "a report is one line");
        let line: Value = serde_json::from_str(&line).expect("a report is JSON");
        crate::schema::check(&line);
        self.script.reports.borrow_mut().push(line);
    }
}
