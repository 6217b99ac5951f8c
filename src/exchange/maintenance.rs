//! A site that is closed for maintenance, to all but its operators.

use std::time::Duration;

use http::Method;

use super::access;
use super::context::Context;
use super::made_here::maintenance_page;
use super::record::Record;
use super::unfinished::UnfinishedResponse;
use crate::ports::Ports;
use crate::report::Outcome;

/// When to come back if no end is set.
const RETRY_AFTER: Duration = Duration::from_secs(10 * 60);

/// A crawler that gets a 503 for it stops crawling the site, and comes back long after the maintenance.
const CRAWLERS_FILE: &str = "/robots.txt";

/// The page, if the site is closed to this request.
pub(super) fn closed<P: Ports>(ctx: &Context<P>, record: &mut Record) -> Option<UnfinishedResponse<P::Body>> {
    let now = ctx.now();
    let maintenance = ctx.policy.maintenance(now).filter(|_| !is_let_in(ctx))?;
    record.outcome = Outcome::Maintenance;
    let retry_after = maintenance.until.map_or(RETRY_AFTER, |until| until.since(now));
    Some(maintenance_page(ctx, retry_after, maintenance.until))
}

/// Operators are let in, by token, session or drill; and everybody to what crawlers go by.
fn is_let_in<P: Ports>(ctx: &Context<P>) -> bool {
    let is_for_crawlers = matches!(ctx.request.method, Method::GET | Method::HEAD)
        && ctx.request.target.path() == CRAWLERS_FILE;
    is_for_crawlers || ctx.drill.is_some() || access::is_for_operator(ctx) || access::is_in_session(ctx)
}
