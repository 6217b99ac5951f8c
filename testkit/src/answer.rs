//! An answer as the client has it.

use std::rc::Rc;

use holdfast::ports::{Answer, AnswerBody, Headers};
use http::HeaderMap;

use crate::body::{Body, Content, Kind};
use crate::misuse::Misuses;

/// An answer as the client has it.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its status.
    pub status: u16,
    /// Its fields: its own, or those of the response behind its body, edited.
    pub headers: HeaderMap,
    /// Its body, if it has one that did not come to be here.
    pub content: Option<Rc<Content>>,
    /// The text that was made here, if any.
    pub text: Option<String>,
}

/// Takes an answer as the platform does.
pub fn given(answer: Answer<Body>, misuses: &Misuses) -> Given {
    let Answer { status, headers, body } = answer;
    let (content, kind, text) = match body {
        AnswerBody::Empty => (None, Kind::Null, None),
        AnswerBody::Text(text) => (None, Kind::Null, Some(text)),
        AnswerBody::Handle(body) => {
            let (content, kind) = body.spend();
            (Some(content), kind, None)
        }
    };
    if kind == Kind::Begun {
        misuses.record("a body that was read in part is relayed", || format!("{content:?}"));
    }
    let headers = match headers {
        Headers::Own(headers) => headers,
        Headers::Edited(edits) => {
            if content.is_none() {
                misuses
                    .record("edited fields come with the response that they are of", || format!("{edits:?}"));
            }
            let headers = content.as_ref().map(|content| Rc::clone(&content.headers)).unwrap_or_default();
            edits.applied(&headers)
        }
    };
    Given { status: status.as_u16(), headers, content, text }
}
