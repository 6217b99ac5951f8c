//! The calls into `bridge.js` and `catalogues.js`.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::task;
use crate::ports::Rest;

#[wasm_bindgen(raw_module = "./catalogues.js")]
extern "C" {
    /// The texts of one language; see `catalogues.js`.
    pub fn catalogue(index: u32) -> String;
}

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

    /// The visit's `env`.
    #[wasm_bindgen(js_name = envOf)]
    pub fn env_of(visit: &Visit) -> JsValue;

    /// The body of the visit's request.
    #[wasm_bindgen(js_name = uploadOf)]
    pub fn upload_of(visit: &Visit) -> Option<Handle>;

    #[wasm_bindgen(js_name = respondEdited)]
    pub fn respond_edited(visit: &Visit, handle: &Handle, edits: &str);

    #[wasm_bindgen(js_name = respondOwn)]
    pub fn respond_own(
        visit: &Visit,
        status: u16,
        common: &str,
        own: &str,
        handle: Option<&Handle>,
        text: Option<&[u8]>,
    );

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
        client: Option<&Visit>,
        order: &str,
        upload: Option<&Handle>,
        upload_length: f64,
        limit_ms: f64,
        idle_ms: f64,
        hold_limit: f64,
        within_ms: f64,
    );

    #[wasm_bindgen(js_name = uploadText)]
    pub fn upload_text(call: u32, upload: &Handle, limit: f64);

    pub fn release(upload: &Handle);

    pub fn hold(call: u32, handle: &Handle, length: f64, limit: f64, idle_ms: f64, within_ms: f64);

    #[wasm_bindgen(js_name = copyOf)]
    pub fn copy_of(handle: &Handle) -> Handle;

    pub fn dressed(handle: &Handle, status: u16, fields: &str) -> Handle;

    pub fn relay(
        call: u32,
        visit: &Visit,
        handle: &Handle,
        length: f64,
        idle_ms: f64,
        copy_limit: f64,
        resume: Option<JsValue>,
        digest: Option<String>,
    ) -> RelayParts;

    pub type RelayParts;
    #[wasm_bindgen(method, getter, structural)]
    pub fn client(this: &RelayParts) -> Handle;
    #[wasm_bindgen(method, getter, structural)]
    pub fn copy(this: &RelayParts) -> Option<Handle>;

    pub fn slice(handle: &Handle, spans: Vec<f64>, around: Vec<String>) -> Handle;

    pub fn peek(call: u32, handle: &Handle, limit: f64, within_ms: f64);

    pub fn contains(call: u32, handle: &Handle, text: &str);

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

/// `rest`, which works for this visit, as a function of JavaScript's: it is called with the place to go on from and with what takes the handle and the
/// length of the whole, or nothing. It is freed with the body that may call it.
pub fn rest_function(visit: u32, rest: Box<Rest<Handle>>) -> JsValue {
    let call = move |now: f64, at: f64, give: Function| {
        task::enter(now);
        task::is_for(visit);
        let rest = rest(at as u64);
        task::spawn(Box::pin(async move {
            let (rest, whole) = match rest.await {
                Some((rest, whole)) => (JsValue::from(rest), JsValue::from(whole as f64)),
                None => (JsValue::UNDEFINED, JsValue::UNDEFINED),
            };
            // It is ours, and throws nothing.
            let _ = give.call2(&JsValue::UNDEFINED, &rest, &whole);
        }));
        task::run();
    };
    Closure::<dyn Fn(f64, f64, Function)>::new(call).into_js_value()
}
