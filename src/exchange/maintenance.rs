//! A site that is closed for maintenance, to all but its operators.

use std::time::Duration;

use http::Method;

use super::Exchange;
use super::answer::Draft;
use super::trail::Trail;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::report::Outcome;
use crate::response::error::Cause;

/// When to come back if no end is set.
const RETRY_AFTER: Duration = Duration::from_secs(10 * 60);

/// A crawler that gets a 503 for it stops crawling the site, and comes back long after the maintenance.
const CRAWLERS_FILE: &str = "/robots.txt";

impl<P: Ports> Exchange<P> {
    /// The page, if the site is closed to this request.
    pub(super) fn closed(&self, policy: &Policy<'_>, trail: &mut Trail<P::Signal>) -> Option<Draft<P::Body>> {
        let now = self.ports.now();
        let maintenance = policy.maintenance(now).filter(|_| !self.is_let_in())?;
        trail.outcome = Outcome::Maintenance;
        let retry_after = maintenance.until.map_or(RETRY_AFTER, |until| until.since(now));
        Some(self.rendered(policy, Cause::Maintenance, Some(retry_after), trail))
    }

    /// Whoever shows the token, or drills with what was signed by it; and everybody to what crawlers go by.
    fn is_let_in(&self) -> bool {
        let is_for_crawlers = matches!(self.request.method, Method::GET | Method::HEAD)
            && self.request.target.path() == CRAWLERS_FILE;
        is_for_crawlers || self.drill.is_some() || self.is_for_operator() || self.is_in_session()
    }
}
