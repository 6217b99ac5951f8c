//! What good answers allow to scripts of other sites, remembered for errors.

use http::{HeaderMap, header};

use super::context::Context;
use super::received::Received;
use crate::config::Cors;
use crate::ports::Ports;
use crate::response::cors::{self, Grant};

/// Remembers what `received`, a good answer, allows to the script that asked.
pub(super) fn learn<P: Ports>(ctx: &Context<P>, received: &Received<P::Body>) {
    if received.status < 400
        && ctx.policy.settings.page.cors == Cors::Site
        && let Some(origin) = ctx.request.headers.get(header::ORIGIN)
    {
        let grant = Grant::of(&received.headers, origin);
        ctx.isolate().grants().remember(ctx.place().section, origin, grant);
    }
}

/// The CORS fields of an answer made here.
pub(super) fn fields<P: Ports>(ctx: &Context<P>) -> HeaderMap {
    let Some(origin) = ctx.request.headers.get(header::ORIGIN) else { return HeaderMap::new() };
    let learned = ctx.isolate().grants().get(ctx.place().section, origin);
    cors::fields(&ctx.policy.settings.page.cors, origin, learned)
}
