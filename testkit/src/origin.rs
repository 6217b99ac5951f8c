//! The way to the origins, and what can be done with a body.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use holdfast::cache::range::Span;
use holdfast::origin::failure::Rejection;
use holdfast::origin::forward::Forward;
use holdfast::ports::{Ended, Fetched, Held, HeldUpload, HoldFirst, Origin, Relay, RelayEnd, Resume};
use http::{HeaderMap, StatusCode};

use crate::FrontEnd;
use crate::body::{Body, Content, Kind};
use crate::clock::millis;
use crate::front::Operation;
use crate::ports::TestPorts;
use crate::upload::{Fate, Upload};

impl<F: FrontEnd> Origin for TestPorts<F> {
    type Body = Body;
    type Upload = Upload;
    type Span = ();

    fn fetch(
        &self,
        forward: &Forward,
        upload: Option<Upload>,
        limit: Duration,
        idle: Duration,
        hold: Option<HoldFirst>,
        (): &(),
    ) -> impl Future<Output = Result<Fetched<Body>, Rejection>> {
        self.send(forward, upload, limit, idle, hold)
    }

    fn end_span(&self, (): (), _: &Ended<'_>) {}

    fn hold_upload(
        &self,
        upload: Upload,
        _: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> impl Future<Output = HeldUpload<Upload>> {
        self.upload_held(upload, limit, idle, within)
    }

    async fn upload_text(&self, upload: Upload, limit: u64) -> Option<String> {
        self.takes(Operation::Upload).await;
        (upload.fate == Fate::Whole && upload.text.len() as u64 <= limit).then(|| upload.text.to_string())
    }

    fn again(&self, held: &Upload) -> Upload {
        held.clone()
    }

    fn hold(
        &self,
        body: Body,
        _: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> impl Future<Output = Held<Body>> {
        self.held(body, limit, idle, within)
    }

    fn copy(&self, whole: &Body) -> Body {
        self.body(self.whole(whole), whole.kind())
    }

    fn with_head(&self, whole: &Body, _: StatusCode, headers: &HeaderMap) -> Body {
        let content = Content { headers: Rc::new(headers.clone()), ..(*self.whole(whole)).clone() };
        self.body(Rc::new(content), whole.kind())
    }

    fn relay(
        &self,
        body: Body,
        _: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        resume: Option<Resume<Body>>,
    ) -> Relay<Body, impl Future<Output = RelayEnd> + 'static> {
        self.relayed(body, idle, copy, resume)
    }

    fn slice(&self, body: Body, spans: &[Span], around: &[String]) -> Body {
        let (content, kind) = body.spend();
        let text = self.cut(&content.text, spans, around);
        self.body(Rc::new(Content { text: text.into(), ..(*content).clone() }), kind)
    }

    async fn peek(&self, body: Body, limit: u64, within: Duration) -> String {
        let (content, _) = body.spend();
        self.pause(content.ends_at.saturating_sub(self.now()).min(millis(within))).await;
        content.text.chars().take(limit as usize).collect()
    }

    async fn text(&self, whole: &Body, limit: u64) -> Option<String> {
        let content = self.whole(whole);
        (content.bytes() <= limit).then(|| content.text.to_string())
    }

    async fn contains(&self, whole: &Body, text: &str) -> Option<bool> {
        Some(self.whole(whole).text.contains(text))
    }

    fn cancel(&self, body: Body) {
        body.spend();
    }
}

impl<F: FrontEnd> TestPorts<F> {
    /// What is behind a body that is used as a whole one.
    pub(crate) fn whole(&self, body: &Body) -> Rc<Content> {
        if !matches!(body.kind(), Kind::Memory | Kind::Null) {
            self.platform.misuses.record("only a body that is whole is used as one", || format!("{body:?}"));
        }
        Rc::clone(body.content())
    }

    fn cut(&self, whole: &str, spans: &[Span], around: &[String]) -> String {
        let misuses = &self.platform.misuses;
        if !around.is_empty() && around.len() != spans.len() + 1 {
            misuses
                .record("one text stands before each part and one after the last", || format!("{around:?}"));
        }
        let mut text = String::new();
        for (at, span) in spans.iter().enumerate() {
            text.push_str(around.get(at).map_or("", String::as_str));
            let (start, end) = (span.start as usize, (span.start + span.length) as usize);
            match whole.get(start..end) {
                Some(part) => text.push_str(part),
                None => {
                    misuses.record("a part of a body lies inside it", || format!("{span:?} of {whole:?}"))
                }
            }
        }
        text.push_str(around.last().map_or("", String::as_str));
        text
    }
}
