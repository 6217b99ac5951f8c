//! A tab: where it goes, what is pressed in it, and what it asked for and complained of meanwhile.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use xtask::browser::Family;

use crate::chromium::chromium;
use crate::harness::eventually;

/// A tab with cookies and storage of its own. When it is dropped it must not have complained of anything.
pub struct Tab {
    context: String,
    target: String,
    session: String,
    is_guest: bool,
    forgiven: Cell<usize>,
}

/// A request that a tab made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    pub url: String,
    pub is_document: bool,
}

impl Tab {
    /// A tab in a window of its own.
    pub fn new() -> Self {
        let context = json!({ "disposeOnDetach": true });
        let context = chromium().order(None, "Target.createBrowserContext", context).unwrap();
        Self::in_context(context["browserContextId"].as_str().unwrap(), false)
    }

    /// Another tab in the same window, and now in front of this one.
    pub fn beside(&self) -> Self {
        Self::in_context(&self.context, true)
    }

    fn in_context(context: &str, is_guest: bool) -> Self {
        let order = |method: &str, params: Value| chromium().order(None, method, params).unwrap();
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = order("Target.createTarget", target)["targetId"].as_str().unwrap().to_owned();
        let session = order("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        let session = session["sessionId"].as_str().unwrap().to_owned();
        let tab = Self { context: context.to_owned(), target, session, is_guest, forgiven: Cell::new(0) };
        for domain in ["Page", "Runtime", "Network", "Log", "Audits", "DOM", "CSS"] {
            tab.order(&format!("{domain}.enable"), json!({}));
        }
        tab.order("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        tab.prefer("light", "reduce");
        tab
    }

    #[track_caller]
    fn order(&self, method: &str, params: Value) -> Value {
        chromium().order(Some(&self.session), method, params).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Puts this tab in front of the others of its window.
    pub fn come_to_front(&self) {
        chromium().order(None, "Target.activateTarget", json!({ "targetId": self.target })).unwrap();
    }

    /// Loads `url` to its end.
    #[track_caller]
    pub fn go(&self, url: &str) {
        let began = self.order("Page.navigate", json!({ "url": url }));
        assert_eq!(began.get("errorText"), None, "{url}");
        let (frame, loader) = (&began["frameId"], &began["loaderId"]);
        chromium().event(&self.session, &format!("the load of {url}"), |event| {
            let (name, params) = (&event["params"]["name"], &event["params"]);
            let is_it = name == "load" && params["frameId"] == *frame && params["loaderId"] == *loader;
            is_it.then_some(())
        });
    }

    /// What `script` comes to in the page; a promise is awaited.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.try_run(script).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same as text.
    #[track_caller]
    pub fn text(&self, script: &str) -> String {
        let value = self.run(script);
        value.as_str().unwrap_or_else(|| panic!("{script} comes to {value}")).to_owned()
    }

    fn try_run(&self, script: &str) -> Result<Value, String> {
        let params = json!({
            "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let mut answer = chromium().order(Some(&self.session), "Runtime.evaluate", params)?;
        match answer.get("exceptionDetails") {
            None => Ok(answer["result"]["value"].take()),
            Some(thrown) => Err(format!("{thrown}")),
        }
    }

    /// Waits until `script` comes to true, also across loads.
    #[track_caller]
    pub fn until(&self, script: &str) {
        eventually(script, || self.try_run(script) == Ok(Value::Bool(true)));
    }

    /// Waits until the document's title is `title`.
    #[track_caller]
    pub fn until_titled(&self, title: &str) {
        self.until(&format!("document.readyState === 'complete' && document.title === {}", json!(title)));
    }

    /// Every request so far that left the page, in order.
    pub fn asked(&self) -> Vec<Asked> {
        let requests = self.events_of("Network.requestWillBeSent");
        let asked = requests.iter().map(|params| Asked {
            method: params["request"]["method"].as_str().unwrap().to_owned(),
            url: params["request"]["url"].as_str().unwrap().to_owned(),
            is_document: params["type"] == "Document",
        });
        asked.filter(|asked| !asked.url.starts_with("data:")).collect()
    }

    /// How often the page has asked whether it is back.
    pub fn questions(&self) -> usize {
        self.asked().iter().filter(|asked| asked.method == "HEAD").count()
    }

    /// Errors and warnings in the console, exceptions, and what the content security policy has stopped.
    pub fn complaints(&self) -> Vec<String> {
        // That a document or a question was answered by an error is not the page's fault, but the topic.
        let is_topic = |params: &Value| params["entry"]["source"] == "network";
        let is_mild = |params: &Value| {
            let level = params["entry"]["level"].as_str().or(params["type"].as_str());
            !matches!(level, Some("error" | "warning" | "assert"))
        };
        let complaints = ["Log.entryAdded", "Runtime.consoleAPICalled"].into_iter();
        let complaints = complaints.flat_map(|method| self.events_of(method));
        let complaints = complaints.filter(|params| !is_topic(params) && !is_mild(params));
        let thrown = self.events_of("Runtime.exceptionThrown");
        let issues = self.events_of("Audits.issueAdded");
        complaints.chain(thrown).chain(issues).map(|params| params.to_string()).collect()
    }

    /// Takes the complaints so far for what the test itself has provoked.
    pub fn forgive(&self) {
        self.forgiven.set(self.complaints().len());
    }

    fn events_of(&self, method: &str) -> Vec<Value> {
        let events = chromium().events(&self.session).into_iter();
        events.filter(|event| event["method"] == method).map(|mut event| event["params"].take()).collect()
    }

    /// Presses a key and lets it go.
    pub fn press(&self, key: Key) {
        let (name, code, text) = match key {
            Key::Tab => ("Tab", 9, ""),
            Key::Enter => ("Enter", 13, "\r"),
        };
        // Without text a key only moves; with it, links and buttons are pressed too.
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let text = if kind == "keyUp" { "" } else { text };
            let params = json!({
                "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code, "text": text,
            });
            self.order("Input.dispatchKeyEvent", params);
        }
    }

    /// Clicks in the middle of the first element that `selector` selects.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let middle = self.run(&format!(
            "(() => {{ const element = document.querySelector({}); element.scrollIntoView({{ block: 'center' }});
               const box = element.getBoundingClientRect();
               return [box.left + box.width / 2, box.top + box.height / 2]; }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({
                "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1,
            });
            self.order("Input.dispatchMouseEvent", params);
        }
    }

    /// Has the page believe that its window is the one that the keyboard goes to.
    pub fn focus(&self) {
        self.order("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
    }

    /// Lets the page write to the clipboard and read from it.
    pub fn allow_clipboard(&self) {
        let permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        let params = json!({ "permissions": permissions, "browserContextId": self.context });
        chromium().order(None, "Browser.grantPermissions", params).unwrap();
    }

    /// Sends `Accept-Language: tag` from now on.
    pub fn speak(&self, tag: &str) {
        self.order("Network.setExtraHTTPHeaders", json!({ "headers": { "Accept-Language": tag } }));
    }

    /// Is in this time zone from now on.
    pub fn be_in(&self, zone: &str) {
        self.order("Emulation.setTimezoneOverride", json!({ "timezoneId": zone }));
    }

    /// Switches the scripts of pages off.
    pub fn without_scripts(&self) {
        self.order("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    }

    /// Prefers a page that is `light` or `dark`, and that stands still (`reduce`) or moves (`no-preference`).
    ///
    /// By default a light one that stands still: what moves is drawn again and again.
    pub fn prefer(&self, scheme: &str, motion: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.order("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Makes the page this large, in CSS pixels of `scale` device pixels.
    pub fn resize(&self, width: u32, height: u32, scale: u32) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.order("Emulation.setDeviceMetricsOverride", params);
    }

    /// Makes text as large as a visitor who sets it to `percent` in the browser.
    pub fn enlarge_text(&self, percent: u32) {
        let sizes = json!({ "standard": 16 * percent / 100, "fixed": 13 * percent / 100 });
        self.order("Page.setFontSizes", json!({ "fontSizes": sizes }));
    }

    /// Sets the page's text in the typefaces of `family`, without hyphens of the browser's: not every browser knows where
    /// a language has them.
    ///
    /// Good until the next page. Fails if they are not installed.
    #[track_caller]
    pub fn typeset(&self, family: &Family) {
        let face = self.text(&format!(
            "(({{ style }}) => {{
               const isSerif = !getComputedStyle(document.documentElement).getPropertyValue('--face').includes('Sans');
               const names = {{ sans: {:?}, mono: {:?}, face: isSerif ? {:?} : {:?} }};
               for (const [name, family] of Object.entries(names)) style.setProperty(`--${{name}}`, `'${{family}}'`);
               document.body.style.setProperty('hyphens', 'manual', 'important');
               // Not before the fonts are in use can it be asked which ones are.
               document.body.offsetHeight;
               return names.face;
             }})(document.documentElement)",
            family.sans, family.mono, family.serif, family.sans,
        ));
        let root = self.order("DOM.getDocument", json!({ "depth": 0 }));
        // Digits and Latin letters, in any language.
        let status = json!({ "nodeId": root["root"]["nodeId"], "selector": ".status" });
        let status = self.order("DOM.querySelector", status);
        let used = self.order("CSS.getPlatformFontsForNode", json!({ "nodeId": status["nodeId"] }));
        let used: Vec<_> = used["fonts"].as_array().unwrap().iter().map(|font| &font["familyName"]).collect();
        assert_eq!(used, [&face], "the tests need the fonts of the package {}", family.package);
    }

    /// Lets time run `factor` times as fast for the scripts of pages that are loaded from now on.
    ///
    /// The clock of all these pages is one: it is right now, and ahead ever after.
    pub fn hasten(&self, factor: u32) {
        let script = format!("({HASTE})({factor}, {})", self.run("Date.now()"));
        self.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Sets the clock right, as a system does when it wakes up, behind pages that are loaded from now on: their
    /// time origin is an hour off.
    pub fn skew_time_origin(&self) {
        let script = "const origin = performance.timeOrigin;
            Object.defineProperty(performance, 'timeOrigin', { get: () => origin - 3600e3 });";
        self.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": format!("{{{script}}}") }));
    }

    /// Refuses storage to pages that are loaded from now on, as a visitor can who blocks cookies.
    pub fn without_storage(&self) {
        let script = "Object.defineProperty(globalThis, 'sessionStorage', {
            get() { throw new DOMException('refused', 'SecurityError'); },
        });";
        self.order("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Writes a picture of the whole page where `HOLDFAST_SCREENSHOTS` says, if it says so.
    pub fn photograph(&self, name: &str) {
        let Some(folder) = env::var_os("HOLDFAST_SCREENSHOTS") else { return };
        // As tall as the page for once; the browser's own way to do that loses the size of letters.
        let size = self
            .run("[innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight), innerHeight]");
        let [width, height, before] = [0, 1, 2].map(|at| u32::try_from(size[at].as_u64().unwrap()).unwrap());
        let scale = u32::try_from(self.run("Math.round(devicePixelRatio)").as_u64().unwrap()).unwrap();
        self.resize(width, height, scale);
        let picture = self.order("Page.captureScreenshot", json!({}));
        self.resize(width, before, scale);
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        let complaints = self.complaints();
        // Not waited for: a tab that is just loading something can take its time to close.
        chromium().tell(None, "Target.closeTarget", json!({ "targetId": self.target }));
        if !self.is_guest {
            let context = json!({ "browserContextId": self.context });
            chromium().tell(None, "Target.disposeBrowserContext", context);
        }
        let is_calm = complaints.len() <= self.forgiven.get();
        assert!(is_calm || thread::panicking(), "the page complains: {complaints:#?}");
    }
}

/// A key that is pressed.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    Tab,
    Enter,
}

/// Lets timers end sooner and clocks go faster.
const HASTE: &str = "(factor, begin) => {
  const now = Date.now, elapsed = performance.now.bind(performance);
  const hastened = (real) => begin + (real - begin) * factor;
  Date.now = () => Math.round(hastened(now()));
  globalThis.Date = new Proxy(Date, {
    construct: (Real, given, as) => Reflect.construct(Real, given.length ? given : [Date.now()], as),
  });
  performance.now = () => elapsed() * factor;
  for (const name of ['setTimeout', 'setInterval']) {
    const real = globalThis[name];
    globalThis[name] = (work, pause, ...rest) => real(work, pause / factor, ...rest);
  }
}";

/// Watches for `span` that `steady` stays true.
#[track_caller]
pub fn for_a_while(span: Duration, what: &str, mut steady: impl FnMut() -> bool) {
    let until = Instant::now() + span;
    while Instant::now() < until {
        assert!(steady(), "not for {span:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
