//! The ports as one request has them, and those that need no file of their own.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use holdfast::health::{Bindings, View};
use holdfast::ports::{Background, Clock, Dice, Health, Reporter, Urls};
use holdfast::report::Report;
use holdfast::request::Target;
use holdfast::time::Timestamp;

use crate::body::{Body, Content, Kind};
use crate::clock::{self, Wait, millis};
use crate::executor::{Owner, Part};
use crate::front::{FrontEnd, Operation};
use crate::isolate::IsolateMemory;
use crate::platform::Platform;

/// The ports of one request.
#[derive(Clone)]
pub struct TestPorts<F> {
    /// What all requests share.
    pub platform: Rc<Platform>,
    /// What its isolate remembers.
    pub memory: Rc<IsolateMemory>,
    /// Whose tasks these are.
    pub owner: Owner,
    /// What the front end has to say.
    pub front: F,
}

impl<F: FrontEnd> TestPorts<F> {
    pub(crate) fn clock(&self) -> &Rc<clock::Clock> {
        &self.platform.clock
    }

    pub(crate) fn now(&self) -> u64 {
        self.platform.clock.now()
    }

    pub(crate) fn pause(&self, span: u64) -> Wait {
        self.platform.clock.wait(span)
    }

    /// Takes the time of an operation.
    pub(crate) async fn takes(&self, operation: Operation) {
        if let Some(span) = self.front.takes(operation) {
            self.pause(span).await;
        }
    }

    pub(crate) fn body(&self, content: Rc<Content>, kind: Kind) -> Body {
        Body::new(&self.platform.misuses, content, kind)
    }
}

impl<F: FrontEnd> Clock for TestPorts<F> {
    fn now(&self) -> Timestamp {
        self.platform.clock.timestamp()
    }

    fn sleep(&self, span: Duration) -> impl Future<Output = ()> {
        self.pause(millis(span))
    }
}

impl<F: FrontEnd> Dice for TestPorts<F> {
    fn roll(&self) -> f64 {
        self.front.roll()
    }
}

impl<F: FrontEnd> Urls for TestPorts<F> {
    fn resolve(&self, reference: &str, base: &Target) -> Option<Target> {
        let base = url::Url::parse(base.as_str()).ok()?;
        Target::parse(base.join(reference).ok()?.as_str())
    }
}

impl<F: FrontEnd> Background for TestPorts<F> {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.platform.executor.spawn(Owner { part: Part::Background, ..self.owner }, work);
    }

    fn attend(&self, work: impl Future<Output = ()> + 'static) {
        self.platform.executor.spawn(Owner { part: Part::Attended, ..self.owner }, work);
    }
}

impl<F: FrontEnd> Health for TestPorts<F> {
    fn bindings(&self) -> Bindings {
        self.front.bindings()
    }

    fn version(&self) -> Option<(&str, &str)> {
        None
    }

    async fn health_view(&self, view: View) -> Option<String> {
        self.takes(Operation::Health).await;
        self.front.health_view(view)
    }

    async fn flush(&self, counts: &str, dashboard: &str) -> Option<String> {
        self.takes(Operation::Health).await;
        self.front.counts(counts, dashboard)
    }
}

impl<F: FrontEnd> Reporter for TestPorts<F> {
    fn report(&self, report: &Report) {
        self.front.reports(report);
    }
}
