//! A response on its way out that is not annotated yet.

use http::{HeaderMap, StatusCode};

use super::received::BodyEnd;
use crate::fields::Edits;
use crate::ports::{Answer, AnswerBody, Headers};

/// See the [module](self).
pub(super) struct UnfinishedResponse<B> {
    pub answer: Answer<B>,
    /// How its body will have ended, where that is observed.
    pub end: Option<BodyEnd>,
    /// Whether that is known only as long as the client is there.
    pub is_piped: bool,
}

impl<B> UnfinishedResponse<B> {
    /// A response with exactly these fields.
    pub fn own(status: StatusCode, headers: HeaderMap, body: AnswerBody<B>) -> Self {
        Self { answer: Answer { status, headers: Headers::Own(headers), body }, end: None, is_piped: false }
    }

    /// The response behind `body`, edited.
    pub fn edited(status: StatusCode, edits: Edits, body: B) -> Self {
        let body = AnswerBody::Handle(body);
        Self { answer: Answer { status, headers: Headers::Edited(edits), body }, end: None, is_piped: false }
    }
}
