//! The end of every exchange.

use super::annotate::annotate;
use super::context::Context;
use super::counting::count;
use super::record::Record;
use super::report::report_behind;
use super::unfinished::UnfinishedResponse;
use crate::ports::{Answer, Ports};

/// Annotates the answer, counts the exchange, and has it reported once the answer has left.
pub(super) fn finish<P: Ports>(
    ctx: &Context<P>,
    response: UnfinishedResponse<P::Body>,
    record: Record,
) -> Answer<P::Body> {
    let UnfinishedResponse { mut answer, end, is_piped } = response;
    annotate(ctx, &mut answer, &record);
    count(ctx, &record, Some(answer.status));
    report_behind(ctx, record, answer.status, end, is_piped);
    answer
}
