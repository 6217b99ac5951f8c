//! The calls into `bridge.js`, and the form in which header fields cross.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::task;
use crate::cache::admission::UNREADABLE;
use crate::ports::{Edits, Resume};
use crate::request::{Request, Target};

#[wasm_bindgen(raw_module = "./bridge.js")]
extern "C" {
    /// A body and all that came with it; see `bridge.js`.
    #[derive(Clone, Debug)]
    pub type Handle;

    /// A request that is being answered, or another occasion; see `entry.js`.
    #[derive(Clone, Debug)]
    pub type Visit;

    pub fn bound(env: &JsValue) -> String;

    #[wasm_bindgen(js_name = secretText)]
    pub fn secret_text(env: &JsValue, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = settingsText)]
    pub fn settings_text(env: &JsValue) -> Option<String>;

    #[wasm_bindgen(js_name = passThroughOnException)]
    pub fn pass_through_on_exception(visit: &Visit);

    /// The visit's `env`.
    #[wasm_bindgen(js_name = envOf)]
    pub fn env_of(visit: &Visit) -> JsValue;

    /// The body of the visit's request.
    #[wasm_bindgen(js_name = uploadOf)]
    pub fn upload_of(visit: &Visit) -> Option<JsValue>;

    #[wasm_bindgen(js_name = respondEdited)]
    pub fn respond_edited(visit: &Visit, handle: &Handle, edits: &str);

    #[wasm_bindgen(js_name = respondOwn)]
    pub fn respond_own(visit: &Visit, status: u16, fields: &str, handle: Option<&Handle>, text: Option<&str>);

    /// Fails the visit: it is answered as if this instance had died.
    pub fn fail(visit: &Visit, why: &str);

    /// Ends a visit that nobody waits to be answered.
    pub fn finish(visit: &Visit);

    /// Has the platform wait until what is given back is handed to [`let_go`].
    #[wasm_bindgen(js_name = keepAlive)]
    pub fn keep_alive(visit: &Visit) -> JsValue;

    #[wasm_bindgen(js_name = letGo)]
    pub fn let_go(kept_alive: &JsValue);

    #[wasm_bindgen(js_name = fetchOrigin)]
    pub fn fetch_origin(
        call: u32,
        order: &str,
        upload: Option<JsValue>,
        upload_length: f64,
        limit_ms: f64,
        hold_limit: f64,
        idle_ms: f64,
        within_ms: f64,
    );

    #[wasm_bindgen(js_name = holdUpload)]
    pub fn hold_upload(call: u32, stream: &JsValue, limit: f64);

    #[wasm_bindgen(js_name = isStream)]
    pub fn is_stream(upload: &JsValue) -> bool;

    #[wasm_bindgen(js_name = uploadText)]
    pub fn upload_text(call: u32, stream: &JsValue, limit: f64);

    pub fn hold(call: u32, handle: &Handle, length: f64, limit: f64, idle_ms: f64, within_ms: f64);

    #[wasm_bindgen(js_name = copyOf)]
    pub fn copy_of(handle: &Handle) -> Handle;

    pub fn relay(
        call: u32,
        handle: &Handle,
        length: f64,
        idle_ms: f64,
        copy_limit: f64,
        resume: Option<JsValue>,
    ) -> RelayParts;

    pub type RelayParts;
    #[wasm_bindgen(method, getter, structural)]
    pub fn client(this: &RelayParts) -> Handle;
    #[wasm_bindgen(method, getter, structural)]
    pub fn copy(this: &RelayParts) -> Option<Handle>;

    pub fn slice(handle: &Handle, spans: Vec<f64>, around: Vec<String>) -> Handle;

    pub fn peek(call: u32, handle: &Handle, limit: f64, within_ms: f64);

    pub fn cancel(handle: &Handle);

    pub fn load(call: u32, url: &str);

    pub fn save(call: u32, url: &str, entry: &str, handle: Option<&Handle>, seconds: f64);

    pub fn renew(call: u32, url: &str, entry: &str, handle: &Handle, seconds: f64);

    pub fn remove(call: u32, url: &str);

    #[wasm_bindgen(js_name = loadKept)]
    pub fn load_kept(call: u32, visit: &Visit, name: &str, within_ms: f64);

    #[wasm_bindgen(js_name = saveKept)]
    pub fn save_kept(call: u32, visit: &Visit, name: &str, entry: &str, handle: &Handle, seconds: f64);

    #[wasm_bindgen(js_name = removeKept)]
    pub fn remove_kept(call: u32, visit: &Visit, name: &str);

    #[wasm_bindgen(js_name = loadMarks)]
    pub fn load_marks(call: u32, visit: &Visit, within_ms: f64);

    #[wasm_bindgen(js_name = saveMarks)]
    pub fn save_marks(call: u32, visit: &Visit, text: &str);

    #[wasm_bindgen(js_name = areEqual)]
    pub fn are_equal(one: &Handle, other: &Handle) -> bool;

    #[wasm_bindgen(js_name = healthView)]
    pub fn health_view(call: u32, visit: &Visit, view: &str);

    pub fn tell(call: u32, visit: &Visit, counts: &str, dashboard: &str);

    pub fn sql(storage: &JsValue, statement: &str, parameters: &str) -> String;

    /// A promise and what resolves it.
    #[derive(Clone, Debug)]
    pub type Beacon;

    /// The visit is kept going until it is lit.
    pub fn beacon(visit: &Visit) -> Beacon;

    pub fn light(beacon: &Beacon);

    pub fn see(call: u32, beacon: &Beacon, within_ms: f64);

    /// Gives the timer's number.
    pub fn sleep(call: u32, ms: f64) -> f64;

    #[wasm_bindgen(js_name = stopTimer)]
    pub fn stop_timer(timer: f64);

    #[wasm_bindgen(js_name = resolveUrl)]
    pub fn resolve_url(reference: &str, base: &str) -> Option<String>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    pub fn console_log(line: &str);
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub fn console_error(line: &str);
}

/// `resume` as a function of JavaScript's: it is called with the place to go on from and with what takes the handle, or
/// nothing. It is freed with the body that may call it.
pub fn resume_function(resume: Resume<Handle>) -> JsValue {
    let call = move |now: f64, at: f64, give: Function| {
        task::enter(now);
        let rest = resume(at as u64);
        task::spawn(Box::pin(async move {
            let rest = rest.await.map_or(JsValue::UNDEFINED, JsValue::from);
            // It is ours, and throws nothing.
            let _ = give.call1(&JsValue::UNDEFINED, &rest);
        }));
        task::run();
    };
    Closure::<dyn Fn(f64, f64, Function)>::new(call).into_js_value()
}

/// The client's request without its body: a line with its method, a space and its URL, and its fields behind it. `roll`
/// gives numbers from 0 to below 1, for an id where the platform gave none.
///
/// # Errors
/// If its method or URL is none, which the platform rules out.
pub fn request(head: String, roll: impl Fn() -> f64) -> Result<Request, &'static str> {
    let (line, _) = head.split_once('\n').unwrap_or_default();
    let (method, url) = line.split_once(' ').unwrap_or_default();
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| "the method is no token")?;
    let target = Target::parse(url).ok_or("the URL is not absolute")?;
    let fields_at = line.len() + 1;
    let headers = fields_from(head, fields_at);
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
    let mut text = String::new();
    write_fields(&mut text, headers);
    text
}

/// As [`fields_of`], at the end of `text`.
pub fn write_fields(text: &mut String, headers: &HeaderMap) {
    for (name, value) in headers {
        write_field(text, name, value);
    }
}

/// Edits, a line each: `-name` takes off, `=name:value` sets, `+name:value` appends.
pub fn lines_of(edits: &Edits) -> String {
    let mut text = String::new();
    for name in &edits.remove {
        text.push('-');
        text.push_str(name.as_str());
        text.push('\n');
    }
    for (name, value) in &edits.set {
        text.push('=');
        write_field(&mut text, name, value);
    }
    for (name, value) in &edits.append {
        text.push('+');
        write_field(&mut text, name, value);
    }
    text
}

fn write_field(text: &mut String, name: &HeaderName, value: &HeaderValue) {
    text.push_str(name.as_str());
    text.push(':');
    text.push_str(&String::from_utf8_lossy(value.as_bytes()));
    text.push('\n');
}

/// Reads what [`fields_of`] writes, from byte `from` of `text` on. A line that is no field is left out.
///
/// All values are parts of `text`, which is not copied.
pub fn fields_from(text: String, mut from: usize) -> HeaderMap {
    let text = Bytes::from(text);
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let mut headers = HeaderMap::with_capacity(lines);
    while let Some(line) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let end = line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
        let line = line.get(..end).unwrap_or_default();
        let next = from + end + 1;
        let colon = line.iter().position(|byte| *byte == b':');
        if let Some(colon) = colon
            && let Ok(name) = HeaderName::from_bytes(line.get(..colon).unwrap_or_default())
        {
            // What cannot be read must not go unseen: it may be a prohibition. The mark keeps it out of the store.
            let value = HeaderValue::from_maybe_shared(text.slice(from + colon + 1..from + end))
                .or_else(|_| HeaderValue::from_bytes(UNREADABLE.as_bytes()));
            if let Ok(value) = value {
                headers.append(name, value);
            }
        }
        from = next;
    }
    headers
}
