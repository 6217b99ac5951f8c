//! Handing a body on, to the client and to the store, and going on with it where it breaks off.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use holdfast::ports::{Background, Relay, RelayEnd, Resume};

use crate::FrontEnd;
use crate::body::{Body, Content, Ending, Kind};
use crate::clock::millis;
use crate::front::Event;
use crate::later::Later;
use crate::ports::TestPorts;
use crate::rejection::broken;

/// When somebody gives up on a silent body that nobody watches, in milliseconds: the platform never does.
const UNWATCHED_SILENCE: u64 = 600_000;

impl<F: FrontEnd> TestPorts<F> {
    pub(crate) fn relayed(
        &self,
        body: Body,
        idle: Option<Duration>,
        copy: Option<u64>,
        resume: Option<Resume<Body>>,
    ) -> Relay<Body, impl Future<Output = RelayEnd> + 'static> {
        let (content, _) = body.spend();
        let silence =
            if content.ending == Ending::Silent { idle.map_or(UNWATCHED_SILENCE, millis) } else { 0 };
        let ends_at = content.ends_at.max(self.now()).saturating_add(silence);
        let sink = |outcome: &Later<Rc<Content>>| {
            let content = Content {
                ends_at,
                stands_alone: false,
                outcome: Some(outcome.clone()),
                ..(*content).clone()
            };
            self.body(Rc::new(content), Kind::Relayed)
        };
        let pump = Pump {
            ports: self.clone(),
            whole: Content { ends_at, stands_alone: false, ..(*content).clone() },
            copy_limit: copy.unwrap_or_default(),
            for_client: Later::default(),
            for_store: Later::default(),
            end: Later::default(),
        };
        let relay_end = pump.end.clone();
        let relay = Relay {
            client: sink(&pump.for_client),
            copy: copy.map(|_| sink(&pump.for_store)),
            end: async move { relay_end.settled().await },
        };
        self.attend(pump.run(resume));
        relay
    }
}

/// A body on its way. Nobody has to wait for it.
struct Pump<F> {
    ports: TestPorts<F>,
    /// What has come so far.
    whole: Content,
    copy_limit: u64,
    for_client: Later<Rc<Content>>,
    for_store: Later<Rc<Content>>,
    end: Later<RelayEnd>,
}

impl<F: FrontEnd> Pump<F> {
    async fn run(mut self, resume: Option<Resume<Body>>) {
        self.ports.clock().wait_until(self.whole.ends_at).await;
        if self.whole.ending != Ending::Whole {
            self.ports.lasts(&self.whole);
            if let Some(resume) = resume {
                self.resume(&resume).await;
            }
        }
        self.whole.ends_at = self.ports.now();
        let end = match self.whole.ending {
            Ending::Whole => RelayEnd::Whole(self.whole.bytes()),
            torn @ (Ending::Torn | Ending::BadlyFramed | Ending::Silent) => RelayEnd::Torn(broken(torn)),
        };
        let is_too_large = self.whole.bytes() > self.copy_limit;
        let ending = if is_too_large { Ending::Torn } else { self.whole.ending };
        self.for_store.settle(Rc::new(Content { ending, ..self.whole.clone() }));
        self.for_client.settle(Rc::new(self.whole));
        self.end.settle(end);
    }

    /// Goes on with a body that broke off, as often as its rest can be had.
    async fn resume(&mut self, resume: &Resume<Body>) {
        while self.whole.ending != Ending::Whole {
            let Some((rest, length)) = (resume.rest)(self.whole.bytes()).await else { return };
            let (rest, _) = rest.spend();
            self.ports.front.sees(Event::Resumes);
            self.ports.clock().wait_until(rest.ends_at).await;
            self.whole.text = format!("{}{}", self.whole.text, rest.text).into();
            // A part may end before the whole does, and no longer one is handed on.
            let is_whole = rest.ending == Ending::Whole && self.whole.bytes() == length;
            self.whole.ending = if is_whole { Ending::Whole } else { Ending::Torn };
            self.whole.is_joined = true;
        }
    }
}
