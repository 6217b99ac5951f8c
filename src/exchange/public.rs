//! The page that tells visitors how the site is, where the operator has opened it.
//!
//! Everybody may ask for it, and must not load the object: an isolate asks it once in
//! [ten seconds](crate::isolate::public::KNOWN_FOR), whoever and however many want to know.

use std::rc::Rc;
use std::time::Duration;

use http::{Method, StatusCode};

use super::context::Context;
use super::record::Record;
use super::unfinished::UnfinishedResponse;
use crate::endpoint::reply::Reply;
use crate::health::View;
use crate::health::public::BETWEEN;
use crate::isolate::public::Known;
use crate::ports::{AnswerBody, Clock, Health, Memory, Ports};
use crate::report::Outcome;
use crate::response::form::Form;
use crate::response::public_page;

/// How often, and how many times, a request looks whether another has an answer.
const PAUSE: Duration = Duration::from_millis(100);
const MOST_PAUSES: u32 = 30;

/// The answer.
pub(super) async fn answer<P: Ports>(ctx: &Context<P>, record: &mut Record) -> UnfinishedResponse<P::Body> {
    record.outcome = Outcome::Operator;
    let is_seen = Form::of(&ctx.request) == Form::Html;
    if !matches!(ctx.request.method, Method::GET | Method::HEAD) {
        let reply = Reply::MethodNotAllowed("GET, HEAD");
        let (headers, text) = reply.render(is_seen);
        return UnfinishedResponse::own(reply.status(), headers, AnswerBody::Text(text));
    }
    let known = known(ctx).await;
    let known = known.as_deref().and_then(|text| text.split_once(BETWEEN));
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let host = ctx.request.target.authority();
    let (headers, text) =
        public_page::render(&ctx.policy.settings.page, host, known.map(<[&str; 2]>::from), is_seen);
    let body = match ctx.request.method {
        Method::HEAD => AnswerBody::Empty,
        _ => AnswerBody::Text(text),
    };
    UnfinishedResponse::own(status, headers, body)
}

/// What the object says of the site, or said within the last seconds. `None` if it does not answer.
async fn known<P: Ports>(ctx: &Context<P>) -> Option<Rc<str>> {
    let is_closed = ctx.policy.maintenance(ctx.now()).is_some();
    let view = if is_closed { View::PublicClosed } else { View::Public };
    if !ctx.ports().bindings().health {
        return None;
    }
    for _ in 0..MOST_PAUSES {
        let known = ctx.ports().isolate().public(is_closed).look(ctx.now());
        match known {
            Known::Is(text) => return text,
            Known::Ask => {
                let text: Option<Rc<str>> = ctx.ports().health_view(view).await.map(Rc::from);
                ctx.ports().isolate().public(is_closed).set(text.clone());
                return text;
            }
            Known::Soon => ctx.ports().sleep(PAUSE).await,
        }
    }
    None
}
