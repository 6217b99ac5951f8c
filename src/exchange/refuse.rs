//! Requests that are refused because this worker cannot serve them.

use std::rc::Rc;

use super::context::Context;
use super::finish::finish;
use super::made_here::error_page;
use super::record::Record;
use crate::config::Config;
use crate::origin::failure::Failure;
use crate::ports::{Answer, Ports};
use crate::request::Request;
use crate::response::error::Cause;

/// The answer to a request that cannot be served because the configuration is invalid; `mistakes` go to the
/// report.
pub fn refuse_for_configuration<P: Ports>(
    ports: P,
    request: Rc<Request>,
    mistakes: Vec<String>,
) -> Answer<P::Body> {
    refuse(ports, Rc::default(), request, Failure::Configuration, mistakes)
}

/// The answer to a request on which this worker failed, after the fact.
pub fn internal_error<P: Ports>(ports: P, config: Rc<Config>, request: Rc<Request>) -> Answer<P::Body> {
    refuse(ports, config, request, Failure::Internal, Vec::new())
}

fn refuse<P: Ports>(
    ports: P,
    config: Rc<Config>,
    request: Rc<Request>,
    failure: Failure,
    mistakes: Vec<String>,
) -> Answer<P::Body> {
    let ctx = Context::new(ports, config, request);
    let mut record = Record { mistakes, ..Record::default() };
    let response = error_page(&ctx, Cause::Failure(failure), None, false, &mut record);
    finish(&ctx, response, record)
}
