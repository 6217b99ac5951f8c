//! How the requests of one isolate wait for each other.

use std::future::Future;
use std::time::Duration;

use holdfast::isolate::Isolate;
use holdfast::isolate::memory_cache::MemoryCache;
use holdfast::ports::{Background, Memory};

use crate::FrontEnd;
use crate::body::Body;
use crate::clock::millis;
use crate::ports::TestPorts;
use crate::signal::Signal;

/// The platform ends what goes on behind an answer after this long.
const LONGEST_WORK_BEHIND: Duration = Duration::from_secs(30);

impl<F: FrontEnd> Memory for TestPorts<F> {
    type Signal = Signal;

    fn isolate(&self) -> &Isolate<Signal> {
        &self.memory.isolate
    }

    fn memory_cache(&self) -> &MemoryCache<Body> {
        &self.memory.cache
    }

    fn signal(&self) -> Signal {
        let signal = Signal::default();
        self.spawn(signal.first(self.clock().wait(millis(LONGEST_WORK_BEHIND))));
        signal
    }

    fn notify(&self, signal: &Signal) {
        signal.notify();
    }

    fn wait(&self, signal: &Signal, within: Duration) -> impl Future<Output = ()> + 'static {
        signal.wait(self.clock().wait(millis(within)))
    }
}
