//! The browser, and the way to talk to it: the Chrome DevTools Protocol over a pair of pipes.
//!
//! Messages are JSON, each ended by a zero byte. There is no port that another process could reach, and the
//! browser ends when its pipe does: so it ends with the tests, also with those that panic or are killed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xtask::browser;

/// How long the browser may take to obey; it takes a second to start, and milliseconds afterwards.
const LIMIT: Duration = Duration::from_secs(30);

const FLAGS: [&str; 19] = [
    "--remote-debugging-pipe",
    "--headless",
    // It does not start as root with one, and shows no pages but ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    // Windows lie on each other; a tab counts as hidden when another one of its window is in front.
    "--disable-backgrounding-occluded-windows",
    // Both cost seconds, and nobody sees the one or needs the other.
    "--animation-duration-scale=0",
    "--disable-features=SpareRendererForSitePerProcess",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--lang=en",
    // Nothing leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Runs the browser with commands from standard input and answers to standard output, where the protocol
/// has file descriptors 3 and 4; removes its profile once it has ended, whoever is left to see that.
const LAUNCH: &str = r#"profile=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-browser-XXXXXX") || exit
"$@" --user-data-dir="$profile" 3<&0 4>&1 </dev/null >&2
rm -rf "$profile""#;

/// A running browser.
pub struct Chromium {
    commands: Mutex<ChildStdin>,
    next: AtomicU64,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    heard: Mutex<Heard>,
    changed: Condvar,
}

/// What the browser has said.
#[derive(Default)]
struct Heard {
    answers: HashMap<u64, Value>,
    events: HashMap<String, Vec<Value>>,
    noise: Vec<u8>,
    has_ended: bool,
}

/// The browser that the tests share; each of them has tabs of its own.
#[track_caller]
pub fn chromium() -> &'static Chromium {
    static CHROMIUM: OnceLock<Result<Chromium, String>> = OnceLock::new();
    match CHROMIUM.get_or_init(Chromium::start) {
        Ok(chromium) => chromium,
        Err(missing) => panic!("{missing}"),
    }
}

impl Chromium {
    fn start() -> Result<Self, String> {
        let mut command = Command::new("sh");
        command
            .args(["-c", LAUNCH, "sh"])
            .arg(browser::program().map_err(|error| error.to_string())?)
            .args(FLAGS);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Out of reach of a terminal's Ctrl-C, so that the profile is removed then too.
        let mut child = command.process_group(0).spawn().map_err(|error| format!("no sh: {error}"))?;
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut noise = child.stderr.take().unwrap();

        let shared = Arc::new(Shared::default());
        let listener = Arc::clone(&shared);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = noise.read(&mut buffer) {
                listener.lock().noise.extend_from_slice(&buffer[..length]);
            }
        });
        let listener = Arc::clone(&shared);
        thread::spawn(move || {
            let messages = BufReader::new(output).split(0).map_while(Result::ok);
            messages.for_each(|message| listener.hear(serde_json::from_slice(&message).unwrap()));
            listener.lock().has_ended = true;
            listener.changed.notify_all();
        });
        Ok(Self { commands: Mutex::new(input), next: AtomicU64::new(1), shared })
    }

    /// Gives an order, to a session if one is named, and waits for the answer.
    pub fn order(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, String> {
        let id = self.tell(session, method, params);
        let mut answer = self.wait(method, |heard| heard.answers.remove(&id))?;
        let error = &answer["error"];
        if error.is_null() { Ok(answer["result"].take()) } else { Err(format!("{method}: {error}")) }
    }

    /// Gives an order and waits for nothing; the number is that of the answer.
    pub fn tell(&self, session: Option<&str>, method: &str, params: Value) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let bytes = [message.to_string().as_bytes(), b"\0"].concat();
        // A browser that has gone is noticed by who waits for it.
        drop(self.commands.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes));
        id
    }

    /// Waits until `find` finds something in the events of `session`, in the order in which they came.
    #[track_caller]
    pub fn event<T>(&self, session: &str, what: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        let found = self.wait(what, |heard| heard.events.get(session)?.iter().find_map(&find));
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The events of `session` so far.
    pub fn events(&self, session: &str) -> Vec<Value> {
        self.shared.lock().events.get(session).cloned().unwrap_or_default()
    }

    fn wait<T>(&self, what: &str, mut find: impl FnMut(&mut Heard) -> Option<T>) -> Result<T, String> {
        let until = Instant::now() + LIMIT;
        let mut heard = self.shared.lock();
        loop {
            if let Some(found) = find(&mut heard) {
                return Ok(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if heard.has_ended || left.is_zero() {
                let why = if heard.has_ended { "it has ended" } else { "it takes too long" };
                let noise = String::from_utf8_lossy(&heard.noise);
                return Err(format!("the browser does not come to {what}: {why}\n{noise}"));
            }
            let waited = self.shared.changed.wait_timeout(heard, left);
            heard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, message: Value) {
        let mut heard = self.lock();
        if let Some(id) = message["id"].as_u64() {
            heard.answers.insert(id, message);
        } else if let Some(session) = message["sessionId"].as_str() {
            heard.events.entry(session.to_owned()).or_default().push(message);
        }
        self.changed.notify_all();
    }
}
