//! Rendered errors. What does a client read when there is nothing better to answer?
//!
//! - a page for people
//! - a problem document (RFC 9457) or a GraphQL response for programs
//! - header fields for gRPC
//! - Markdown for agents
//! - a few lines for a terminal
//! - no body
//!
//! [`Form`] says which. All of them are made from one `View`. None contains a cookie, a detail of the origin, or an
//! unescaped character of the request.
//!
//! The page reloads itself. Its script asks for the head of the same address until that answers, because only this
//! address can tell whether this page is back. The script sends `Holdfast-Attempt`, so that the request is not retried
//! at a failing origin. While the circuit breaker is open, such a request does not reach the origin.

use askama::Template;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::assets::Assets;
use super::error::{ErrorPage, OUTCOME, Outcome};
use super::facts::Facts;
use super::form::Form;
use super::kind::Kind;
use super::slots::SlotValues;
use super::template::rendered;
use super::view::View;
use super::words::Drawing;
use super::{grpc, page_cache};
use crate::config::Page;
use crate::language::Message;
use crate::markdown::escaped;

/// The largest page, in bytes and not compressed.
///
/// This is what a new connection carries in its first round trip (ten segments, RFC 6928), less the header fields. The
/// check of the configuration holds an operator's logo and texts to it.
pub const PAGE_LIMIT: usize = 14 * 1024;

impl ErrorPage<'_> {
    /// The header fields and the body in `form`. HEAD gets the same fields and no body (RFC 9110 §9.3.2).
    pub fn render(&self, form: Form) -> (HeaderMap, Option<String>) {
        let (mut headers, text) = match form {
            Form::Html | Form::Problem | Form::GraphQl | Form::Markdown | Form::Text => {
                let values = SlotValues::of(self);
                let kind = Kind::of(self, form, &values);
                let write = |values: &SlotValues| self::write(&kind, self.page, values);
                let (headers, text) = page_cache::rendered(&kind, self.page, &values, write);
                (headers, (self.request.method != Method::HEAD).then_some(text))
            }
            Form::Grpc => {
                let values = SlotValues::of(self);
                let kind = Kind::of(self, form, &values);
                let detail = View::of(&kind, self.page, &values).detail();
                let mut headers = common_headers(kind.outcome);
                headers.extend(grpc::fields(self.request, self.cause.status(), &detail));
                (headers, None)
            }
            Form::Empty => (common_headers(self.outcome()), None),
        };
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        (headers, text)
    }
}

/// The header fields that every form has, except `Retry-After`.
fn common_headers(outcome: Option<Outcome>) -> HeaderMap {
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept, Accept-Language, Sec-Fetch-Dest"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    let outcome = outcome.map(|outcome| (OUTCOME, outcome.word()));
    let all = fixed.into_iter().chain(outcome);
    all.map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

/// The header fields, except `Retry-After`, and the text of a form that has a body.
fn write(kind: &Kind, page: &Page, values: &SlotValues) -> (HeaderMap, String) {
    let mut headers = common_headers(kind.outcome);
    let view = View::of(kind, page, values);
    let (media_type, text) = match kind.form {
        Form::Html => {
            let assets = Assets::of(page);
            headers.insert(header::CONTENT_SECURITY_POLICY, assets.policy(view.returns));
            let Assets { style, script, .. } = &assets;
            ("text/html; charset=utf-8", rendered(&Html { view: &view, style, script }))
        }
        Form::Problem => ("application/problem+json", view.problem()),
        Form::GraphQl => ("application/graphql-response+json", view.graphql()),
        Form::Markdown => {
            let page = Markdown {
                facts: &Facts::of(kind.cause),
                site: escaped(&view.site),
                id: escaped(view.id),
                address: view.address,
                view: &view,
            };
            ("text/markdown; charset=utf-8", rendered(&page) + "\n")
        }
        Form::Text | Form::Grpc | Form::Empty => {
            ("text/plain; charset=utf-8", rendered(&Text { view: &view }) + "\n")
        }
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(kind.language.tag()));
    (headers, text)
}

/// The page for people. Its type makes askama escape the text.
#[derive(Template)]
#[template(path = "error.html")]
struct Html<'a> {
    view: &'a View<'a>,
    style: &'a str,
    script: &'a str,
}

/// The lines for a terminal. There is nothing to escape, because a [`View`] has no control characters.
#[derive(Template)]
#[template(path = "error.txt")]
struct Text<'a> {
    view: &'a View<'a>,
}

/// The page for agents. The template escapes nothing, so what comes from outside is [`escaped`] before.
#[derive(Template)]
#[template(path = "error.md")]
struct Markdown<'a> {
    view: &'a View<'a>,
    facts: &'a Facts,
    site: String,
    id: String,
    address: Option<&'a str>,
}

#[cfg(test)]
mod tests;
