//! What operators ask of Holdfast itself.

use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::access;
use super::context::Context;
use super::public;
use super::record::Record;
use super::unfinished::UnfinishedResponse;
use crate::cache::purge::PurgeRules;
use crate::endpoint::order::{LONGEST_ORDER, Order};
use crate::endpoint::reply::Reply;
use crate::endpoint::session::{self, LONGEST_FORM};
use crate::endpoint::{self, Access, Endpoint};
use crate::health::{Bindings, View};
use crate::ports::{AnswerBody, Health, Memory, Origin, Ports, Urls};
use crate::report::Outcome;
use crate::request::Request;
use crate::response::form::{self, Form};

/// How long an operator waits for the purge rules that there are.
const LONGEST_OPERATOR_READ: Duration = Duration::from_secs(10);

/// The answer of one of Holdfast's own endpoints.
pub(super) async fn operator_answer<P: Ports>(
    ctx: &Context<P>,
    endpoint: Endpoint,
    upload: Option<P::Upload>,
    record: &mut Record,
) -> UnfinishedResponse<P::Body> {
    if endpoint == Endpoint::Public && ctx.policy.settings.page.public_status {
        return public::answer(ctx, record).await;
    }
    record.outcome = Outcome::Operator;
    let is_seen = endpoint != Endpoint::Purge && Form::of(&ctx.request) == Form::Html;
    let reply = match admit(ctx, endpoint) {
        Ok(()) => carry_out(ctx, endpoint, upload, is_seen).await.unwrap_or_else(|refused| refused),
        Err(refused) => refused,
    };
    let (headers, text) = reply.render(is_seen);
    let body = match ctx.request.method {
        Method::HEAD => AnswerBody::Empty,
        _ => AnswerBody::Text(text),
    };
    UnfinishedResponse::own(reply.status(), headers, body)
}

fn admit<P: Ports>(ctx: &Context<P>, endpoint: Endpoint) -> Result<(), Reply> {
    let access = endpoint::access(&ctx.request.headers, ctx.config.token.as_ref(), ctx.now());
    // Where no token matters, none is guessed.
    let access = match endpoint {
        Endpoint::Status | Endpoint::Metrics | Endpoint::Purge => access::counted(ctx, access)?,
        Endpoint::Health | Endpoint::Login | Endpoint::Logout | Endpoint::Public | Endpoint::Unknown => {
            access
        }
    };
    endpoint.admit(&ctx.request, access)
}

async fn carry_out<P: Ports>(
    ctx: &Context<P>,
    endpoint: Endpoint,
    upload: Option<P::Upload>,
    is_seen: bool,
) -> Result<Reply, Reply> {
    match endpoint {
        Endpoint::Health => {
            let token = ctx.config.token.is_some();
            Ok(Reply::Alive(Bindings { token, ..ctx.ports().bindings() }))
        }
        Endpoint::Status => {
            let view = if is_seen {
                View::Html
            } else if form::prefers_text(&ctx.request.headers) {
                View::Text
            } else {
                View::Json
            };
            show(ctx, view).await
        }
        Endpoint::Metrics => show(ctx, View::Metrics).await,
        Endpoint::Login if ctx.request.method != Method::POST => Ok(Reply::SeeStatus(None)),
        Endpoint::Login => begin_session(ctx, upload).await,
        Endpoint::Logout => Ok(Reply::SeeStatus(Some(session::end()))),
        Endpoint::Purge => purge(ctx, upload).await,
        // Where it is not opened, it does not exist.
        Endpoint::Public | Endpoint::Unknown => Err(Reply::NotFound),
    }
}

async fn show<P: Ports>(ctx: &Context<P>, view: View) -> Result<Reply, Reply> {
    if !ctx.ports().bindings().health {
        return Err(Reply::NoHealth);
    }
    let text = ctx.ports().health_view(view).await.ok_or(Reply::HealthFailed)?;
    Ok(Reply::Shown(view, text))
}

async fn begin_session<P: Ports>(ctx: &Context<P>, upload: Option<P::Upload>) -> Result<Reply, Reply> {
    let form = match upload {
        Some(upload) => ctx.ports().upload_text(upload, LONGEST_FORM as u64).await.ok_or(Reply::TooLarge)?,
        None => String::new(),
    };
    let token = ctx.config.token.as_ref().ok_or(Reply::NotFound)?;
    let typed = session::token_in(&form).filter(|typed| !typed.is_empty()).ok_or(Reply::WrongToken)?;
    let is_right = token.is(typed.as_bytes());
    match access::counted(ctx, if is_right { Access::Granted } else { Access::Wrong })? {
        Access::Granted => Ok(Reply::SeeStatus(Some(session::begin(token, ctx.now())))),
        Access::Session | Access::Wrong | Access::Denied | Access::Absent => Err(Reply::WrongToken),
    }
}

async fn purge<P: Ports>(ctx: &Context<P>, upload: Option<P::Upload>) -> Result<Reply, Reply> {
    if !ctx.store().has_last_good() {
        return Err(Reply::NoStore);
    }
    let text = match upload {
        Some(upload) => ctx.ports().upload_text(upload, LONGEST_ORDER as u64).await.ok_or(Reply::TooLarge)?,
        None => String::new(),
    };
    let own = &ctx.request.target;
    let stored_at = |url: &str| {
        let target = ctx.ports().resolve(url, own)?;
        let request = Request { method: Method::GET, target, ..Request::clone(&ctx.request) };
        Some(ctx.other(request).target().clone())
    };
    let order = Order::read(&text, own, stored_at).map_err(Reply::Mistaken)?;
    let Order { kind, scopes } = order;
    let read = ctx.store().load_purge_rules(LONGEST_OPERATOR_READ).await.map_err(|_| Reply::Failed)?;
    let mut rules = match read {
        Some(text) => PurgeRules::decode(&text).ok_or(Reply::Failed)?,
        None => PurgeRules::default(),
    };
    let now = ctx.now();
    // What was written here a moment ago may not show yet in what is read.
    if let Some((known, _)) = ctx.ports().isolate().purge_rules() {
        rules.unite((*known).clone(), now).map_err(|_| Reply::Full)?;
    }
    let count = scopes.len();
    rules.add(kind, scopes, now).map_err(|_| Reply::Full)?;
    let rules = Rc::new(rules);
    // Before they are written: another order may be under way here.
    ctx.ports().isolate().set_purge_rules(Rc::clone(&rules), now);
    if !ctx.store().save_purge_rules(&rules.encode()).await {
        return Err(Reply::Failed);
    }
    Ok(Reply::Marked { kind, scopes: count, at: now, marks: rules.len() })
}
