//! The origin: requests to it, and what is done with bodies.

use std::cell::OnceCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::executor::{self, Call, Given, Response};
use super::handles::{BodyHandle, PendingRequest};
use super::platform::Platform;
use super::units::{bytes, length_of, millis};
use crate::body;
use crate::body::resumption::Digest;
use crate::cache::range::Span;
use crate::head;
use crate::origin::AttemptResult;
use crate::origin::failure::{Lapse, Rejection};
use crate::origin::forward::Forward;
use crate::ports::{Ended, Fetched, Held, HeldUpload, HoldFirst, Origin, Relay, RelayEnd, Rest, Resume};

#[wasm_bindgen(raw_module = "./fetch.js")]
extern "C" {
    #[wasm_bindgen(js_name = fetchOrigin)]
    fn fetch_origin(
        call: u32,
        pending: &PendingRequest,
        is_exact: bool,
        order: &str,
        upload: Option<&BodyHandle>,
        upload_length: f64,
        limit_ms: f64,
        idle_ms: f64,
        hold_limit: f64,
        within_ms: f64,
    ) -> Option<AttemptSpan>;

}

#[wasm_bindgen(raw_module = "./span.js")]
extern "C" {
    /// The span of an attempt in a request that is traced.
    pub(super) type AttemptSpan;

    #[wasm_bindgen(js_name = endSpan)]
    fn end_span(span: &AttemptSpan, id: &str, resends: f64, waited_ms: f64, status: u16, failure: &str);
}

#[wasm_bindgen(raw_module = "./hold.js")]
extern "C" {
    fn hold(call: u32, handle: &BodyHandle, length: f64, limit: f64, idle_ms: f64, within_ms: f64);
}

#[wasm_bindgen(raw_module = "./upload.js")]
extern "C" {
    #[wasm_bindgen(js_name = uploadText)]
    fn upload_text(call: u32, upload: &BodyHandle, limit: f64);

    #[wasm_bindgen(js_name = releaseUpload)]
    fn release_upload(upload: &BodyHandle);
}

#[wasm_bindgen(raw_module = "./handle.js")]
extern "C" {
    #[wasm_bindgen(js_name = copyOf)]
    fn copy_of(handle: &BodyHandle) -> BodyHandle;

    #[wasm_bindgen(js_name = withHead)]
    fn with_head(handle: &BodyHandle, status: u16, fields: &str) -> BodyHandle;

    pub(super) fn cancel(handle: &BodyHandle);
}

#[wasm_bindgen(raw_module = "./relay.js")]
extern "C" {
    fn relay(
        call: u32,
        pending: &PendingRequest,
        handle: &BodyHandle,
        length: f64,
        idle_ms: f64,
        copy_limit: f64,
        resume: Option<JsValue>,
        digest: Option<String>,
    ) -> RelayParts;

    type RelayParts;
    #[wasm_bindgen(method, getter, structural)]
    fn client(this: &RelayParts) -> BodyHandle;
    #[wasm_bindgen(method, getter, structural)]
    fn copy(this: &RelayParts) -> Option<BodyHandle>;
}

#[wasm_bindgen(raw_module = "./slice.js")]
extern "C" {
    fn slice(handle: &BodyHandle, spans: Vec<f64>, around: Vec<String>) -> BodyHandle;
}

#[wasm_bindgen(raw_module = "./text.js")]
extern "C" {
    fn peek(call: u32, handle: &BodyHandle, limit: f64, within_ms: f64);

    fn text(call: u32, handle: &BodyHandle, limit: f64);

    fn contains(call: u32, handle: &BodyHandle, text: &str);
}

/// A request body.
#[derive(Clone)]
pub(super) enum Upload {
    /// Still coming.
    Coming(BodyHandle),
    /// Here, and counted as held until this is dropped.
    Held(Rc<HeldHere>),
}

pub(super) struct HeldHere(BodyHandle);

impl Drop for HeldHere {
    fn drop(&mut self) {
        release_upload(&self.0);
    }
}

impl Upload {
    fn handle(&self) -> &BodyHandle {
        match self {
            Self::Coming(handle) => handle,
            Self::Held(held) => &held.0,
        }
    }
}

impl Origin for Platform {
    type Body = BodyHandle;
    type Upload = Upload;
    type Span = OnceCell<AttemptSpan>;

    async fn fetch(
        &self,
        forward: &Forward,
        upload: Option<Upload>,
        limit: Duration,
        idle: Duration,
        hold: Option<HoldFirst>,
        span: &OnceCell<AttemptSpan>,
    ) -> Result<Fetched<BodyHandle>, Rejection> {
        let mut order = [forward.method.as_str(), " ", &forward.url, "\n"].concat();
        let is_exact = self.request.as_ref().is_some_and(|request| Rc::ptr_eq(request, &forward.client));
        if is_exact {
            head::write_edits(&mut order, &forward.edits);
        } else {
            head::write_added(&mut order, forward.headers().iter());
        }
        let pending = &self.pending;
        let length = if upload.is_some() { body::content_length(&forward.client.headers) } else { None };
        let (upload, length) = (upload.as_ref().map(Upload::handle), length_of(length));
        let (limit, idle) = (millis(limit), millis(idle));
        let (most, within) =
            hold.map_or((-1.0, 0.0), |HoldFirst { limit, within }| (bytes(limit), millis(within)));
        let call = |call| {
            let begun =
                fetch_origin(call, pending, is_exact, &order, upload, length, limit, idle, most, within);
            if let Some(begun) = begun {
                let _ = span.set(begun);
            }
        };
        let given = Call::new(call).await?.response();
        let Response { status, fields, body, received_at, whole } = given.ok_or_else(Rejection::default)?;
        Ok(Fetched { status, headers: head::fields_from(fields, 0), body, received_at, whole })
    }

    fn end_span(&self, span: OnceCell<AttemptSpan>, ended: &Ended<'_>) {
        if let Some(span) = span.into_inner() {
            let Ended { id, number, waited, result } = *ended;
            let status = result.and_then(AttemptResult::received_status).unwrap_or(0);
            let failure = result.and_then(AttemptResult::failure).map_or("", |failure| failure.row().word);
            end_span(&span, id, (number - 1) as f64, waited.as_millis() as f64, status, failure);
        }
    }

    async fn hold_upload(
        &self,
        upload: Upload,
        length: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> HeldUpload<Upload> {
        let handle = upload.handle();
        match self.hold(handle.clone(), length, limit, idle, within).await {
            Held::Whole(handle, _) => HeldUpload::Whole(Upload::Held(Rc::new(HeldHere(handle)))),
            Held::Partial(handle) => HeldUpload::Larger(Upload::Coming(handle)),
            Held::Torn(rejection) => HeldUpload::Spoilt(rejection.lapse().unwrap_or(Lapse::Broken)),
        }
    }

    async fn upload_text(&self, upload: Upload, limit: u64) -> Option<String> {
        Call::new(|call| upload_text(call, upload.handle(), bytes(limit))).await.ok()?.text()
    }

    fn again(&self, held: &Upload) -> Upload {
        held.clone()
    }

    async fn hold(
        &self,
        body: BodyHandle,
        length: Option<u64>,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> Held<BodyHandle> {
        let (limit, idle, within) = (bytes(limit), millis(idle), millis(within));
        let call = |call| hold(call, &body, length_of(length), limit, idle, within);
        match Call::new(call).await.map(Given::number) {
            Ok(Some(whole)) => Held::Whole(body, whole as u64),
            Ok(None) => Held::Partial(body),
            Err(rejection) => Held::Torn(rejection),
        }
    }

    fn copy(&self, whole: &BodyHandle) -> BodyHandle {
        copy_of(whole)
    }

    fn with_head(&self, whole: &BodyHandle, status: StatusCode, headers: &HeaderMap) -> BodyHandle {
        with_head(whole, status.as_u16(), &head::fields_of(headers))
    }

    fn relay(
        &self,
        body: BodyHandle,
        length: Option<u64>,
        idle: Option<Duration>,
        copy: Option<u64>,
        resume: Option<Resume<BodyHandle>>,
    ) -> Relay<BodyHandle, impl Future<Output = RelayEnd> + 'static> {
        let idle = idle.map_or(0.0, millis);
        let copy_limit = copy.map_or(-1.0, bytes);
        let number = executor::pending();
        let (rest, digest) = resume.map(|Resume { rest, digest }| (rest, digest)).unzip();
        let rest = rest.map(|rest| rest_function(number, rest));
        let digest = digest.flatten().map(|digest| match digest {
            Digest::Known(algorithm, value) => [algorithm, " ", &value].concat(),
            Digest::Unknown => String::new(),
        });
        let mut parts = None;
        let call = Call::new(|call| {
            let length = length_of(length);
            parts = Some(relay(call, &self.pending, &body, length, idle, copy_limit, rest, digest));
        });
        let end = async move {
            match call.await.map(Given::number) {
                Ok(Some(whole)) if whole < 0.0 => RelayEnd::Mismatched,
                Ok(Some(whole)) => RelayEnd::Whole(whole as u64),
                Ok(None) => RelayEnd::ClientGone,
                // It sent an upload beside, and failed to end it.
                Err(rejection) if rejection.lapse().is_some() => RelayEnd::ClientGone,
                Err(rejection) => RelayEnd::Torn(rejection),
            }
        };
        match parts {
            Some(parts) => {
                Relay { client: parts.client(), copy: if copy.is_some() { parts.copy() } else { None }, end }
            }
            None => Relay { client: body, copy: None, end },
        }
    }

    fn slice(&self, body: BodyHandle, spans: &[Span], around: &[String]) -> BodyHandle {
        let spans = spans.iter().flat_map(|span| [bytes(span.start), bytes(span.length)]).collect();
        slice(&body, spans, around.to_vec())
    }

    async fn peek(&self, body: BodyHandle, limit: u64, within: Duration) -> String {
        let call = |call| peek(call, &body, bytes(limit), millis(within));
        Call::new(call).await.ok().and_then(Given::text).unwrap_or_default()
    }

    async fn text(&self, whole: &BodyHandle, limit: u64) -> Option<String> {
        Call::new(|call| text(call, whole, bytes(limit))).await.ok().and_then(Given::text)
    }

    async fn contains(&self, whole: &BodyHandle, text: &str) -> Option<bool> {
        let given = Call::new(|call| contains(call, whole, text)).await.ok()?;
        given.number().map(|number| number > 0.0)
    }

    fn cancel(&self, body: BodyHandle) {
        cancel(&body);
    }
}

/// `rest`, which works for this request, as a function of JavaScript's. It is called with the place to go on from, and
/// with a function that takes the handle and the length of the whole, or nothing. It is freed with the body that may
/// call it.
fn rest_function(pending: u32, rest: Box<Rest<BodyHandle>>) -> JsValue {
    let call = move |now: f64, at: f64, give: Function| {
        executor::enter(now, || {
            executor::is_for(pending);
            let rest = rest(at as u64);
            executor::spawn(Box::pin(async move {
                let (rest, whole) = match rest.await {
                    Some((rest, whole)) => (JsValue::from(rest), JsValue::from(whole as f64)),
                    None => (JsValue::UNDEFINED, JsValue::UNDEFINED),
                };
                // It is ours, and throws nothing.
                let _ = give.call2(&JsValue::UNDEFINED, &rest, &whole);
            }));
        });
    };
    Closure::<dyn Fn(f64, f64, Function)>::new(call).into_js_value()
}
