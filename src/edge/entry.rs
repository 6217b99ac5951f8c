//! The entry points: a request, the cron trigger, and a request on which another instance died.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use worker::Env;

use super::handles::{BodyHandle, PendingRequest};
use super::origin::Upload;
use super::platform::{Platform, roll};
use super::{executor, settings, texts};
use crate::body::HELD_FIRST;
use crate::exchange;
use crate::head;
use crate::ports::{Answer, AnswerBody, Headers};
use crate::request::Request;

#[wasm_bindgen(raw_module = "./hold_rule.js")]
extern "C" {
    #[wasm_bindgen(js_name = setHoldRule)]
    fn set_hold_rule(from: u16, below: u16, bodiless: &[u16], may_stream: &str);
}

#[wasm_bindgen(raw_module = "./upload.js")]
extern "C" {
    #[wasm_bindgen(js_name = uploadOf)]
    fn upload_of(pending: &PendingRequest) -> Option<BodyHandle>;
}

#[wasm_bindgen(raw_module = "./respond.js")]
extern "C" {
    #[wasm_bindgen(js_name = respondEdited)]
    fn respond_edited(pending: &PendingRequest, handle: &BodyHandle, edits: &str);

    #[wasm_bindgen(js_name = respondOwn)]
    fn respond_own(
        pending: &PendingRequest,
        status: u16,
        common: &str,
        own: &str,
        handle: Option<&BodyHandle>,
        text: Option<&[u8]>,
    );
}

/// Prepares a new instance that answers requests.
pub fn start() {
    console_error_panic_hook::set_once();
    set_hold_rule(
        HELD_FIRST.statuses.start,
        HELD_FIRST.statuses.end,
        &HELD_FIRST.bodiless,
        HELD_FIRST.may_stream,
    );
    texts::start();
}

/// Answers the request `pending` of this number. Its `head` is a line with its method and URL, and then its header
/// fields. JavaScript enters at `now`.
pub fn fetch(now: f64, pending: PendingRequest, number: u32, head: String) {
    executor::enter(now, || {
        executor::is_for(number);
        let Some((platform, request)) = Platform::answering(pending, head) else { return };
        let config = match settings::config(|| platform.pending.env()) {
            Ok(config) => config,
            Err(mistakes) => {
                let answer = exchange::refuse_for_configuration(platform.clone(), request, mistakes);
                return platform.respond(answer);
            }
        };
        let upload = if request.has_body { upload_of(&platform.pending) } else { None };
        let upload = upload.map(Upload::Coming);
        executor::spawn(Box::pin(async move {
            let answer = exchange::exchange(platform.clone(), config, request, upload).await;
            platform.respond(answer);
        }));
    });
}

/// Answers a request on which another instance died.
pub fn internal_error(now: f64, pending: PendingRequest, number: u32, head: String) {
    executor::enter(now, || {
        executor::is_for(number);
        let Some((platform, request)) = Platform::answering(pending, head) else { return };
        let config = settings::config(|| platform.pending.env()).unwrap_or_default();
        platform.respond(exchange::internal_error(platform.clone(), config, request));
    });
}

/// Does what the cron trigger is for.
pub fn scheduled(now: f64, pending: PendingRequest, number: u32) {
    executor::enter(now, || {
        executor::is_for(number);
        executor::spawn(Box::pin(async move {
            let platform = Platform::new(pending);
            if let Ok(config) = settings::config(|| platform.pending.env()) {
                exchange::probe(platform.clone(), config).await;
            }
            platform.pending.finish();
        }));
    });
}

/// Reads the settings, ahead of the first request.
pub fn read_ahead(env: Env) {
    settings::read_ahead(&env);
}

/// Whether a request on which this worker fails should go to the zone's own origin.
pub fn passes_through(env: Env) -> bool {
    settings::config(|| env).is_ok_and(|config| config.origins.is_empty())
}

impl Platform {
    /// The ports of a request, and the request.
    fn answering(pending: PendingRequest, head: String) -> Option<(Self, Rc<Request>)> {
        match head::request(head, roll) {
            Ok((request, is_exact)) => {
                let request = Rc::new(request);
                let exact = is_exact.then(|| Rc::clone(&request));
                Some((Self { request: exact, ..Self::new(pending) }, request))
            }
            Err(why) => {
                pending.fail(why);
                None
            }
        }
    }

    fn respond(&self, answer: Answer<BodyHandle>) {
        let Answer { status, headers, body } = answer;
        let (handle, text) = match body {
            AnswerBody::Empty => (None, None),
            AnswerBody::Text(text) => (None, Some(text)),
            AnswerBody::Handle(handle) => (Some(handle), None),
        };
        match (headers, handle) {
            (Headers::Edited(edits), Some(handle)) => {
                respond_edited(&self.pending, &handle, &head::lines_of(&edits));
            }
            (Headers::Edited(_), None) => self.pending.fail("edits of no response"),
            (Headers::Own(headers), handle) => {
                let (common, own) = head::parted_fields_of(&headers);
                let text = text.as_deref().map(str::as_bytes);
                respond_own(&self.pending, status.as_u16(), &common, &own, handle.as_ref(), text);
            }
        }
    }
}
