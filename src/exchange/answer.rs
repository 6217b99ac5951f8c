//! Answers on their way out: from the store, from an origin or made here, annotated and reported.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::Exchange;
use super::attempts::{Guarded, Received};
use super::select_origin::word_of;
use super::store::Found;
use super::trail::Trail;
use crate::cache::key::Key;
use crate::cache::purge::CACHE_TAG;
use crate::cache::range::{self, Multipart, Selection};
use crate::cache::storable::NotStored;
use crate::cache::{freshness, validation};
use crate::fields::hop_by_hop;
use crate::origin::drill::DRILL;
use crate::origin::failure::{self, Failure, Lapse};
use crate::origin::retry::Stop;
use crate::origin::{Attempt, AttemptResult};
use crate::policy::Policy;
use crate::ports::{self, Answer, AnswerBody, Edits, Headers, Ports, Relay};
use crate::report::{AttemptReport, Facts, Outcome, Report};
use crate::response::error::{Cause, ErrorPage, Occasion};
use crate::response::fields::{self, CACHE_STATUS, CacheStatus, CacheVerdict, PROXY_STATUS, SERVER_TIMING};
use crate::response::form::Form;
use crate::time::millis;

/// How a body that is being handed on will have ended.
pub(super) type BodyEnd = Pin<Box<dyn Future<Output = ports::RelayEnd>>>;

/// An answer that is not annotated yet.
pub(super) struct Draft<B> {
    answer: Answer<B>,
    end: Option<BodyEnd>,
    /// Whether that is heard only as long as the client is there.
    is_piped: bool,
}

impl<B> Draft<B> {
    pub fn own(status: StatusCode, headers: HeaderMap, body: AnswerBody<B>) -> Self {
        Self { answer: Answer { status, headers: Headers::Own(headers), body }, end: None, is_piped: false }
    }

    /// The response behind `body`, edited.
    fn edited(status: StatusCode, edits: Edits, body: B) -> Self {
        let body = AnswerBody::Handle(body);
        Self { answer: Answer { status, headers: Headers::Edited(edits), body }, end: None, is_piped: false }
    }
}

/// What the attempts came to when they did not succeed.
pub(super) struct Failed<B> {
    /// The origin's own error, if that was the end of it.
    pub last: Option<Received<B>>,
    pub cause: Cause,
    pub stop: Stop,
    pub retry_after: Option<Duration>,
}

impl<P: Ports> Exchange<P> {
    /// The stored response, with its age; 304, a part or no body where the client asked so.
    pub(super) fn stored_answer(
        &self,
        policy: &Policy<'_>,
        found: Found<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let Found { stored, body, is_dressed, .. } = found;
        let now = self.ports.now();
        let settings = &policy.settings.cache;
        let (age, lifetime) = (freshness::age(&stored, now), freshness::lifetime(&stored, settings));
        trail.ttl = Some(seconds(lifetime).saturating_sub(seconds(age)));
        if age >= lifetime {
            trail.stale_age = Some(age);
        }
        let age = HeaderValue::from(age.as_secs());
        let method = &self.request.method;
        if validation::not_modified(method, &self.request.headers, stored.status, &stored.headers) {
            self.ports.cancel(body);
            let mut headers = validation::not_modified_headers(&stored.headers);
            headers.insert(header::AGE, age);
            return Draft::own(StatusCode::NOT_MODIFIED, headers, AnswerBody::Empty);
        }
        let selection = range::select(method, &self.request.headers, &stored);
        let has_body = *method != Method::HEAD && stored.length != Some(0);
        if is_dressed && has_body && matches!(selection, Selection::Whole) {
            let edits = Edits { set: vec![(header::AGE, age)], ..Edits::default() };
            return Draft::edited(stored.status, edits, body);
        }
        let mut headers = HeaderMap::clone(&stored.headers);
        headers.insert(header::AGE, age);
        headers.extend(selection.content_range().map(|value| (header::CONTENT_RANGE, value)));
        let (status, body) = match selection {
            Selection::Whole => (stored.status, body),
            Selection::Part { span, .. } => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(span.length));
                (StatusCode::PARTIAL_CONTENT, self.ports.slice(body, &[span], &[]))
            }
            Selection::Parts { spans, total } => {
                let kind = headers.get(header::CONTENT_TYPE);
                match Multipart::new(&spans, total, kind, &self.boundary()) {
                    Some(multipart) => {
                        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(multipart.length(&spans)));
                        headers.insert(header::CONTENT_TYPE, multipart.content_type);
                        let body = self.ports.slice(body, &spans, &multipart.around);
                        (StatusCode::PARTIAL_CONTENT, body)
                    }
                    None => (stored.status, body),
                }
            }
            Selection::Unsatisfiable { .. } => {
                self.ports.cancel(body);
                headers.remove(header::CONTENT_LENGTH);
                return Draft::own(StatusCode::RANGE_NOT_SATISFIABLE, headers, AnswerBody::Empty);
            }
        };
        if !has_body {
            self.ports.cancel(body);
            return Draft::own(status, headers, AnswerBody::Empty);
        }
        Draft::own(status, headers, AnswerBody::Handle(body))
    }

    /// What stands between the parts of a body and in none of them: by chance alone, as nobody reads the body.
    fn boundary(&self) -> String {
        let part = || (self.ports.roll() * f64::from(u32::MAX)) as u32;
        format!("{:08x}{:08x}{:08x}{:08x}", part(), part(), part(), part())
    }

    /// An origin's answer as it came, less what concerns only the connection to it.
    pub(super) fn handed_on(
        &self,
        policy: &Policy<'_>,
        received: Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let status = received.status_code();
        let mut edits = Edits::default();
        if received.status != 101 {
            edits.remove = hop_by_hop(&received.headers);
            edits.remove.extend(received.headers.contains_key(CACHE_TAG).then_some(CACHE_TAG));
        }
        trail.resumed = received.resumed;
        edits.set = received.rewritten;
        let mut is_piped = false;
        let (body, end) = match received.body {
            Guarded::Bare(body) | Guarded::Whole(body, _) => (body, None),
            // Its length tells the client whether it is whole.
            Guarded::Stream { body, length: length @ Some(_), begun, .. }
                if !policy.settings.body.monitor =>
            {
                let relay = |body| self.ports.relay(body, length, None, None, None).client;
                (if begun { relay(body) } else { body }, None)
            }
            Guarded::Stream { body, length, idle, resume, .. } => {
                is_piped = resume.is_none();
                let Relay { client, end, .. } = self.ports.relay(body, length, idle, None, resume);
                (client, Some(Box::pin(end) as BodyEnd))
            }
            Guarded::Relayed { client, end } => (client, Some(end)),
        };
        Draft { end, is_piped, ..Draft::edited(status, edits, body) }
    }

    /// An answer that was fetched on a condition of ours, or none, under the client's own conditions.
    pub(super) fn as_the_client_asked(
        &self,
        policy: &Policy<'_>,
        received: Received<P::Body>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let (method, status) = (&self.request.method, received.status_code());
        if !validation::not_modified(method, &self.request.headers, status, &received.headers) {
            return self.handed_on(policy, received, trail);
        }
        let headers = validation::not_modified_headers(&received.headers_to_store());
        let mut draft = Draft::own(StatusCode::NOT_MODIFIED, headers, AnswerBody::Empty);
        match received.body {
            Guarded::Relayed { client, end } => {
                self.ports.cancel(client);
                draft.end = Some(end);
            }
            Guarded::Bare(body) | Guarded::Whole(body, _) | Guarded::Stream { body, .. } => {
                self.ports.cancel(body);
            }
        }
        draft
    }

    /// Whether the branded page says more to this client than the origin's own error answer does. What was
    /// not repeated because it must not be, and what is not a page, is handed on as it came.
    pub(super) fn deserves_page(&self, received: &Received<P::Body>, stop: Stop) -> bool {
        let is_page = match received.headers.get(header::CONTENT_TYPE) {
            Some(kind) => kind.as_bytes().to_ascii_lowercase().starts_with(b"text/html"),
            None => true,
        };
        let must_not_be_repeated = matches!(stop, Stop::NotRepeatable(_)) || !self.request.is_safe();
        is_page && !must_not_be_repeated && matches!(Form::of(&self.request), Form::Html)
    }

    /// What a client gets that wants a stored response or none (RFC 9111 §5.2.1.7).
    pub(super) fn nothing_stored(&self, trail: &mut Trail<P::Signal>) -> Draft<P::Body> {
        trail.outcome = Outcome::OnlyIfCached;
        let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]);
        Draft::own(StatusCode::GATEWAY_TIMEOUT, headers, AnswerBody::Empty)
    }

    /// The end of an exchange whose client failed to send its request to the end, or in a way in which it can be sent on. It
    /// may listen all the same.
    pub(super) fn nobody(&self, lapse: Lapse, trail: &mut Trail<P::Signal>) -> Draft<P::Body> {
        trail.outcome = match lapse {
            Lapse::Gone => Outcome::ClientGone,
            Lapse::Broken | Lapse::Stalled | Lapse::Unmeasured | Lapse::TooLarge => Outcome::ClientError,
        };
        let mut headers = HeaderMap::from_iter([
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        ]);
        headers.extend(fields::request_error(self.name()).map(|value| (PROXY_STATUS, value)));
        Draft::own(lapse.status(), headers, AnswerBody::Text(lapse.what().to_owned()))
    }

    /// What this worker calls itself.
    fn name(&self) -> &str {
        self.config.name.as_deref().unwrap_or(self.request.target.host())
    }

    /// The page for `cause`, in the form that the client can use.
    pub(super) fn page(
        &self,
        policy: &Policy<'_>,
        cause: Cause,
        retry_after: Option<Duration>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        trail.outcome = Outcome::ErrorPage;
        trail.cause = Some(cause);
        self.rendered(policy, cause, retry_after, trail)
    }

    /// The page alone, whatever it counts as.
    pub(super) fn rendered(
        &self,
        policy: &Policy<'_>,
        cause: Cause,
        retry_after: Option<Duration>,
        trail: &Trail<P::Signal>,
    ) -> Draft<P::Body> {
        let may_have_acted = trail.attempts.iter().any(|attempt| match attempt.end {
            AttemptResult::Failed(failure, _) => failure.outcome_unknown(),
            AttemptResult::Answered(_) => true,
        });
        let page = ErrorPage {
            cause,
            request: &self.request,
            page: &policy.settings.page,
            occasion: Occasion::At(self.ports.now()),
            retry_after,
            unknown_outcome: may_have_acted && !self.request.is_safe(),
        };
        let (headers, text) = page.render(Form::of(&self.request));
        Draft::own(cause.status(), headers, text.map_or(AnswerBody::Empty, AnswerBody::Text))
    }

    /// Annotates the answer and has the exchange reported once the answer has left.
    pub(super) fn finish(
        self: &Rc<Self>,
        draft: Draft<P::Body>,
        mut trail: Trail<P::Signal>,
    ) -> Answer<P::Body> {
        let Draft { mut answer, end, is_piped } = draft;
        self.settle_rest(&mut trail);
        self.annotate(&mut answer, &trail);
        let status = answer.status;
        self.count(&trail, Some(status));
        let is_sampled = self.config.log.sample.is_drawn(|| self.ports.roll());
        match end {
            Some(end) => {
                let this = Rc::clone(self);
                let report = async move {
                    let end = end.await;
                    this.report(&trail, Some(status), Some(&end), is_sampled);
                };
                if is_piped {
                    self.ports.attend(report);
                } else {
                    self.ports.spawn(report);
                }
            }
            None => self.report(&trail, Some(status), None, is_sampled),
        }
        answer
    }

    fn annotate(&self, answer: &mut Answer<P::Body>, trail: &Trail<P::Signal>) {
        let touched = trail.touched_by();
        let mut append = Vec::new();
        if trail.outcome != Outcome::ErrorPage
            && let Some(status) = self.cache_status(trail)
        {
            append.push((CACHE_STATUS, status.to_value()));
        }
        if let Some((cause, received)) = touched {
            let value = fields::proxy_status(self.name(), &cause, received);
            append.extend(value.map(|value| (PROXY_STATUS, value)));
        }
        append.extend(self.drill.as_ref().map(|drill| (DRILL, drill.mark())));
        if let Some(timing) = fields::server_timing(&trail.attempts, self.config.origins.len()) {
            append.push((SERVER_TIMING, timing));
        }
        match &mut answer.headers {
            Headers::Edited(edits) => edits.append.extend(append),
            Headers::Own(headers) => {
                headers.remove(CACHE_TAG);
                for (name, value) in append {
                    headers.append(name, value);
                }
            }
        }
    }

    fn cache_status<'a>(&self, trail: &'a Trail<P::Signal>) -> Option<CacheStatus<'a>> {
        let verdict = match trail.outcome {
            Outcome::Hit | Outcome::StaleWhileRevalidate => CacheVerdict::Hit,
            Outcome::Origin
            | Outcome::Retried
            | Outcome::Revalidated
            | Outcome::Stale
            | Outcome::StaleWhileSlow
            | Outcome::LastGood
            | Outcome::Collapsed
            | Outcome::RefreshFailed
            | Outcome::OnlyIfCached
            | Outcome::ClientGone
            | Outcome::ClientError
            | Outcome::Operator
            | Outcome::Maintenance
            | Outcome::ErrorPage => CacheVerdict::Forward(match trail.bypass {
                Some(bypass) => bypass.into(),
                None => trail.forwarded?,
            }),
        };
        let received = trail.attempts.last().and_then(|attempt| attempt.end.received_status());
        let mut status = CacheStatus::new(verdict);
        status.fwd_status = received.filter(|_| trail.outcome != Outcome::Origin);
        status.stored = trail.stored;
        status.collapsed = trail.waits > 0 && trail.attempts.is_empty();
        status.ttl = trail.ttl;
        let is_kept = trail.outcome == Outcome::LastGood;
        let is_other = trail.ignored_query.then_some("ignore_query");
        status.detail = is_kept.then_some("last_good").or(is_other).or(trail.not_stored.map(NotStored::word));
        status.key = trail.key.as_ref().filter(|_| self.is_for_operator()).map(Key::as_str);
        Some(status)
    }

    /// Reports the exchange, if there is anything to say or it is one of those that are reported anyway.
    pub(super) fn report(
        &self,
        trail: &Trail<P::Signal>,
        status: Option<StatusCode>,
        end: Option<&ports::RelayEnd>,
        is_sampled: bool,
    ) {
        if is_sampled || self.drill.is_some() || !trail.is_plain_sailing(status, end) {
            self.ports.report(&self.line(trail, status, end));
        }
    }

    fn line(
        &self,
        trail: &Trail<P::Signal>,
        status: Option<StatusCode>,
        end: Option<&ports::RelayEnd>,
    ) -> Report {
        let now = self.ports.now();
        let body_failure = match end {
            Some(ports::RelayEnd::Torn(rejection)) => Some(failure::of_rejected_body(rejection)),
            Some(ports::RelayEnd::Mismatched) => Some(Failure::BodyCutShort),
            Some(ports::RelayEnd::Whole(_) | ports::RelayEnd::ClientGone) | None => None,
        };
        let touched = trail.touched_by();
        Report::of(Facts {
            at: now,
            request: &self.request,
            route: trail.route,
            outcome: trail.outcome,
            drill: self.drill.is_some(),
            status,
            cause: touched.map(|(cause, _)| cause),
            received_status: touched.and_then(|(_, received)| received),
            attempts: trail.attempts.iter().map(|attempt| self.attempt_report(attempt)).collect(),
            stale_age: trail.stale_age,
            stale_forbidden: trail.stale_forbidden,
            last_good_refused: trail.last_good_refused,
            not_stored: trail.not_stored,
            body_failure,
            resumed: trail.resumed(),
            digest_mismatch: end == Some(&ports::RelayEnd::Mismatched),
            stop: trail.stop.and_then(Stop::word),
            opened_by: trail.stop.and_then(Stop::open_circuit).map(|open| word_of(open.because)),
            total: now.since(self.began_at),
            mistakes: &trail.mistakes,
        })
    }

    fn attempt_report(&self, attempt: &Attempt) -> AttemptReport {
        AttemptReport {
            origin: self.origin_name(attempt.origin),
            ms: millis(attempt.took),
            waited_ms: millis(attempt.waited),
            status: attempt.end.received_status(),
            error: attempt.end.failure().map(|failure| failure.error().token()),
        }
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}
