//! Whether a request is an operator's: by token or by session. Wrong tokens count as guesses.

use super::context::Context;
use crate::endpoint::reply::Reply;
use crate::endpoint::session;
use crate::endpoint::{self, Access};
use crate::ports::{Memory, Ports};

/// Whether a request to the site shows the operators' token. A wrong one is a guess, as it is at an endpoint.
pub(super) fn is_for_operator<P: Ports>(ctx: &Context<P>) -> bool {
    *ctx.is_for_operator.get_or_init(|| {
        let access = endpoint::site_access(&ctx.request.headers, ctx.config.token.as_ref());
        counted(ctx, access) == Ok(Access::Granted)
    })
}

/// Whether the browser that asks has an operator's session.
pub(super) fn is_in_session<P: Ports>(ctx: &Context<P>) -> bool {
    let (headers, now) = (&ctx.request.headers, ctx.now());
    ctx.config.token.as_ref().is_some_and(|token| session::is_under_way(headers, token, now))
}

/// `access`, unless too many wrong tokens came from this client; a wrong one is counted.
pub(super) fn counted<P: Ports>(ctx: &Context<P>, access: Access) -> Result<Access, Reply> {
    if !matches!(access, Access::Granted | Access::Wrong) {
        return Ok(access);
    }
    let (client, now) = (ctx.client(), ctx.now());
    let mut guesses = ctx.ports().isolate().guesses();
    if let Some(left) = guesses.barred(client, now) {
        return Err(Reply::TooManyGuesses(left));
    }
    if access == Access::Wrong {
        guesses.note(client, now);
    }
    Ok(access)
}
