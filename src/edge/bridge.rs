//! The calls into `bridge.js`, and the form in which header fields cross.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::cache::admission::UNREADABLE;
use crate::ports::Resume;
use crate::request::{Request, Target};

#[wasm_bindgen(raw_module = "./bridge.js")]
extern "C" {
    /// A body and all that came with it; see `bridge.js`.
    #[derive(Clone, Debug)]
    pub type Handle;

    pub type FetchedParts;
    #[wasm_bindgen(method, getter, structural)]
    pub fn status(this: &FetchedParts) -> u16;
    #[wasm_bindgen(method, getter, structural)]
    pub fn fields(this: &FetchedParts) -> String;
    #[wasm_bindgen(method, getter, structural)]
    pub fn handle(this: &FetchedParts) -> Handle;

    pub type HeldUpload;
    #[wasm_bindgen(method, getter, structural)]
    pub fn held(this: &HeldUpload) -> Option<JsValue>;
    #[wasm_bindgen(method, getter, structural)]
    pub fn streamed(this: &HeldUpload) -> Option<JsValue>;

    pub type HeldBody;
    #[wasm_bindgen(method, getter, structural)]
    pub fn whole(this: &HeldBody) -> Option<f64>;

    pub type RelayParts;
    #[wasm_bindgen(method, getter, structural)]
    pub fn client(this: &RelayParts) -> Handle;
    #[wasm_bindgen(method, getter, structural)]
    pub fn copy(this: &RelayParts) -> Option<Handle>;
    #[wasm_bindgen(method, getter, structural)]
    pub fn end(this: &RelayParts) -> Promise;

    pub type BodyEnd;
    #[wasm_bindgen(method, getter, structural)]
    pub fn whole(this: &BodyEnd) -> Option<f64>;
    #[wasm_bindgen(method, getter, structural)]
    pub fn torn(this: &BodyEnd) -> Option<JsValue>;

    pub type Loaded;
    #[wasm_bindgen(method, getter, structural)]
    pub fn entry(this: &Loaded) -> String;
    #[wasm_bindgen(method, getter, structural)]
    pub fn handle(this: &Loaded) -> Handle;

    pub type Thrown;
    #[wasm_bindgen(method, getter, structural)]
    pub fn message(this: &Thrown) -> Option<String>;
    #[wasm_bindgen(method, getter, structural)]
    pub fn retryable(this: &Thrown) -> Option<bool>;
    #[wasm_bindgen(method, getter, structural, js_name = timedOut)]
    pub fn timed_out(this: &Thrown) -> Option<bool>;

    pub fn bound(env: &JsValue) -> String;

    #[wasm_bindgen(catch, js_name = healthView)]
    pub async fn health_view(env: &JsValue, view: &str) -> Result<JsValue, JsValue>;

    pub fn sql(storage: &JsValue, statement: &str, parameters: &str) -> String;

    #[wasm_bindgen(js_name = secretText)]
    pub fn secret_text(env: &JsValue, name: &str) -> Option<String>;

    #[wasm_bindgen(catch)]
    pub async fn tell(env: &JsValue, counts: &str, dashboard: &str) -> Result<JsString, JsValue>;

    #[wasm_bindgen(js_name = requestHead)]
    fn request_head(request: &web_sys::Request) -> String;

    #[wasm_bindgen(catch, js_name = fetchOrigin)]
    pub async fn fetch_origin(
        url: &str,
        method: &str,
        fields: &str,
        upload: Option<JsValue>,
        upload_length: f64,
        limit_ms: f64,
    ) -> Result<FetchedParts, JsValue>;

    #[wasm_bindgen(catch, js_name = holdUpload)]
    pub async fn hold_upload(stream: &JsValue, limit: f64) -> Result<HeldUpload, JsValue>;

    #[wasm_bindgen(catch)]
    pub async fn hold(
        handle: &Handle,
        length: f64,
        limit: f64,
        idle_ms: f64,
        within_ms: f64,
    ) -> Result<HeldBody, JsValue>;

    #[wasm_bindgen(js_name = uploadText)]
    pub async fn upload_text(stream: &JsValue, limit: f64) -> JsValue;

    #[wasm_bindgen(js_name = copyOf)]
    pub fn copy_of(handle: &Handle) -> Handle;

    #[wasm_bindgen(catch)]
    pub fn relay(
        handle: &Handle,
        length: f64,
        idle_ms: f64,
        copy_limit: f64,
        resume: Option<JsValue>,
    ) -> Result<RelayParts, JsValue>;

    pub fn slice(handle: &Handle, spans: Vec<f64>, around: Vec<String>) -> Handle;

    #[wasm_bindgen(catch)]
    pub async fn peek(handle: &Handle, limit: f64, within_ms: f64) -> Result<JsString, JsValue>;

    pub fn cancel(handle: &Handle);

    #[wasm_bindgen(catch, js_name = respondEdited)]
    pub fn respond_edited(
        status: u16,
        handle: &Handle,
        remove: &str,
        set: &str,
        append: &str,
    ) -> Result<web_sys::Response, JsValue>;

    #[wasm_bindgen(catch, js_name = respondOwn)]
    pub fn respond_own(
        status: u16,
        fields: &str,
        handle: Option<&Handle>,
        text: Option<String>,
    ) -> Result<web_sys::Response, JsValue>;

    #[wasm_bindgen(catch)]
    pub async fn load(url: &str) -> Result<Option<Loaded>, JsValue>;

    #[wasm_bindgen(catch)]
    pub async fn save(
        url: &str,
        entry: &str,
        handle: Option<&Handle>,
        seconds: f64,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub async fn renew(url: &str, entry: &str, handle: &Handle, seconds: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub async fn remove(url: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_name = loadKept)]
    pub async fn load_kept(kept: &JsValue, name: &str, within_ms: f64) -> Result<Option<Loaded>, JsValue>;

    #[wasm_bindgen(catch, js_name = saveKept)]
    pub async fn save_kept(
        kept: &JsValue,
        name: &str,
        entry: &str,
        handle: &Handle,
        seconds: f64,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_name = removeKept)]
    pub async fn remove_kept(kept: &JsValue, name: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_name = loadMarks)]
    pub async fn load_marks(kept: &JsValue, within_ms: f64) -> Result<Option<JsString>, JsValue>;

    #[wasm_bindgen(catch, js_name = saveMarks)]
    pub async fn save_marks(kept: &JsValue, text: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(js_name = areEqual)]
    pub fn are_equal(one: &Handle, other: &Handle) -> bool;

    /// A promise and what resolves it.
    #[derive(Clone, Debug)]
    pub type Beacon;

    pub fn beacon() -> Beacon;

    pub fn light(beacon: &Beacon);

    pub async fn see(beacon: &Beacon, within_ms: f64);

    pub type Timer;
    #[wasm_bindgen(method, getter, structural)]
    pub fn rings(this: &Timer) -> Promise;
    #[wasm_bindgen(method)]
    pub fn stop(this: &Timer);

    pub fn timer(ms: f64) -> Timer;

    #[wasm_bindgen(js_name = resolveUrl)]
    pub fn resolve_url(reference: &str, base: &str) -> Option<String>;

    #[wasm_bindgen(js_name = keptNamespace)]
    pub fn kept_namespace(env: &JsValue) -> Option<JsValue>;

    #[wasm_bindgen(js_name = tokenText)]
    pub fn token_text(env: &JsValue) -> Option<String>;

    #[wasm_bindgen(js_name = settingsText)]
    pub fn settings_text(env: &JsValue) -> Option<String>;
}

#[wasm_bindgen]
extern "C" {
    /// The platform's side of a request.
    #[derive(Clone)]
    pub type Context;
    #[wasm_bindgen(method, catch, js_name = waitUntil)]
    pub(crate) fn wait_until(this: &Context, promise: &Promise) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = passThroughOnException)]
    pub(crate) fn pass_through_on_exception(this: &Context) -> Result<(), JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    pub fn console_log(line: &str);
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub fn console_error(line: &str);
}

/// `resume` as a function of JavaScript's, which gives a promise of a handle or of nothing. It is freed with the body
/// that may call it.
pub fn resume_function(resume: Resume<Handle>) -> JsValue {
    let call = move |at: f64| {
        let rest = resume(at as u64);
        future_to_promise(async move { Ok(rest.await.map_or(JsValue::UNDEFINED, JsValue::from)) })
    };
    Closure::<dyn Fn(f64) -> Promise>::new(call).into_js_value()
}

/// The client's request without its body. `roll` gives numbers from 0 to below 1, for an id where the
/// platform gave none.
///
/// # Errors
/// If its method or URL is none, which the platform rules out.
pub fn request(request: &web_sys::Request, roll: impl Fn() -> f64) -> Result<Request, JsValue> {
    let head = request_head(request);
    let mut lines = head.splitn(3, '\n');
    let (method, url, fields) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| "the method is no token")?;
    let target = Target::parse(url).ok_or("the URL is not absolute")?;
    let headers = fields_from(fields);
    let has_body = !matches!(method, Method::GET | Method::HEAD);
    let id = id(&headers, roll);
    Ok(Request { method, target, headers, has_body, id })
}

/// The platform's id of the request, if it is fit to be printed, else a random one.
fn id(headers: &HeaderMap, roll: impl Fn() -> f64) -> String {
    let is_safe = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match headers.get("cf-ray").and_then(|value| value.to_str().ok()).filter(is_safe) {
        Some(id) => id.to_owned(),
        None => {
            let part = || (roll() * f64::from(u32::MAX)) as u32;
            format!("{:08x}{:08x}", part(), part())
        }
    }
}

/// Header fields as one string: `name:value\n` for each line. The platform reads and writes values as UTF-8.
pub fn fields_of(headers: &HeaderMap) -> String {
    lines(headers.iter())
}

/// As [`fields_of`], for a list.
pub fn lines_of(fields: &[(HeaderName, HeaderValue)]) -> String {
    lines(fields.iter().map(|(name, value)| (name, value)))
}

fn lines<'a>(fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(name.as_str());
        text.push(':');
        text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        text.push('\n');
    }
    text
}

/// Reads what [`fields_of`] writes. A line that is no field is left out.
pub fn fields_from(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split_terminator('\n') {
        let Some((name, value)) = line.split_once(':') else { continue };
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        // What cannot be read must not go unseen: it may be a prohibition. The mark keeps it out of the store.
        let value = HeaderValue::from_bytes(value.as_bytes())
            .or_else(|_| HeaderValue::from_bytes(UNREADABLE.as_bytes()));
        if let Ok(value) = value {
            headers.append(name, value);
        }
    }
    headers
}
