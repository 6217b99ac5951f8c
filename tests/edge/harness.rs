//! The worker under test, the site before which it stands, and pages on that site.
//!
//! Workers are started once for each distinct setting and shared; so is the site. Every test has pages of
//! its own, with paths that no other test uses.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, Script, Seen, scripts};
use serde_json::Value;
use xtask::build;
use xtask::counting::counting;
use xtask::serve::{Options, Worker};

use crate::client::Call;

/// Settings as given to the launcher.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// Short limits. Two seconds are long enough for a busy machine and short enough for a table of hangs.
pub const QUICK: Settings<'_> = &[
    ("timeouts.first_byte", "2s"),
    ("timeouts.idle", "2s"),
    ("timeouts.total", "8s"),
    ("retry.backoff", "10ms"),
    ("retry.backoff_max", "50ms"),
    ("retry.replay_body", "1KiB"),
    // Tests share workers, and an outage in one must not be felt in another.
    ("retry.budget", "off"),
    ("breaker.enabled", "false"),
    ("body.buffer", "4KiB"),
    ("page.brand", "Example & Sons"),
];

/// Waits long enough between attempts for something to change; vouches for the origin; stores little.
pub const PATIENT: Settings<'_> = &[
    ("timeouts.total", "10s"),
    ("timeouts.idle", "60s"),
    ("retry.attempts", "6"),
    ("retry.backoff", "200ms"),
    ("retry.backoff_max", "2s"),
    ("retry.idempotency_key", "true"),
    ("cache.max_body", "32KiB"),
];

/// Many attempts in little time; copies are fresh for long, and stale never served.
pub const TIGHT: Settings<'_> = &[
    ("timeouts.first_byte", "500ms"),
    ("timeouts.total", "1200ms"),
    ("retry.attempts", "10"),
    ("cache.default_ttl", "10m"),
    ("cache.stale_if_error", "0s"),
];

/// A name of its own, and routes that differ.
pub const ROUTED: Settings<'_> = &[
    ("name", "edge.example"),
    (
        "routes",
        r#"[
            { path = "/uncached/*", cache = { enabled = false } },
            { path = "/once/*", methods = ["GET"], retry = { attempts = 1 } },
            { host = "other.*", page = { brand = "Other" } },
            { path = "/closed/*", maintenance = { enabled = true } },
        ]"#,
    ),
];

/// With a key in which the parameters of campaigns are not.
pub const ALWAYS: Settings<'_> = &[("cache.ignore_query_always", "true")];

/// The operators' secret of every worker.
pub const TOKEN: &str = "the-token-of-the-tests";

/// Has last good copies of some paths, and none in the edge cache that may be served stale.
pub const KEEPING: Settings<'_> =
    &[("last_good.paths", r#"["/kept/*"]"#), ("last_good.interval", "1m"), ("cache.stale_if_error", "0s")];

/// Budget and breaker as they are where nothing is set, with a shorter open period.
pub const GUARDED: Settings<'_> = &[
    ("retry.budget", "0.2"),
    ("breaker.enabled", "true"),
    ("breaker.open_for", "2s"),
    ("breaker.window", "1s"),
    ("timeouts.first_byte", "1s"),
];

/// Whose pages are purged all at once: nobody else's.
pub const PURGED: Settings<'_> = &[("name", "purged.example")];

/// The limit that [`QUICK`] sets to the response header, and what a busy machine may add.
pub const QUICK_TOTAL: Duration = Duration::from_secs(8 + 5);

/// More than any test holds before it is sent on.
pub const LARGE: usize = 64 * 1024;

/// A worker that runs.
pub struct Edge {
    worker: Worker,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Edge {
    /// Starts a worker before `origins` with `settings`.
    pub fn start(origins: &[String], settings: Settings<'_>) -> Self {
        let edge = Self::with(origins, settings, Options { keep: true, ..Options::default() });
        // The first request compiles; limits of half a second are not for that.
        edge.call("GET", "/warm-up").send();
        edge
    }

    /// The same with the object that gathers what isolates count, whose storage is in `storage` if it is to outlive
    /// the worker.
    pub fn gathering(origins: &[String], settings: Settings<'_>, storage: Option<PathBuf>) -> Self {
        let options = Options { keep: true, health: true, storage, ..Options::default() };
        let edge = Self::with(origins, settings, options);
        edge.call("GET", "/.well-known/holdfast/health").send();
        edge
    }

    /// Starts a worker on a route before the zone's own origin, which is at `zone`.
    pub fn on_route(zone: SocketAddr, settings: Settings<'_>) -> Self {
        let options = Options { keep: true, zone: Some(zone.to_string()), ..Options::default() };
        let edge = Self::with(&[], settings, options);
        edge.call("GET", "/warm-up").send();
        edge
    }

    /// Starts a worker of which the calls between WebAssembly and JavaScript are counted, with a kept namespace and the
    /// object or with neither. Nothing has been asked of it yet.
    pub fn counting(origins: &[String], settings: Settings<'_>, is_bound: bool) -> Self {
        Self::watched(origins, settings, Options { keep: is_bound, health: is_bound, ..Options::default() })
    }

    /// The same before `origins`, with what else `options` say.
    pub fn watched(origins: &[String], settings: Settings<'_>, options: Options) -> Self {
        static MODULE: LazyLock<PathBuf> = LazyLock::new(|| {
            let built = build::ensure().expect("the module is built");
            counting(&built).expect("the copy is written")
        });
        Self::with(origins, settings, Options { built: Some(MODULE.clone()), ..options })
    }

    /// Starts a worker before `origins` with `settings` and with what else `options` say.
    pub fn with(origins: &[String], settings: Settings<'_>, options: Options) -> Self {
        let set = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let holdfast = Some(Value::Object(serde_json::Map::new()));
        let options =
            Options { origins: origins.to_vec(), set, holdfast, token: Some(TOKEN.to_owned()), ..options };
        let worker = Worker::start(&options).expect("the worker starts");
        let addr = worker.url().trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        Self { worker, addr }
    }

    /// Lets the cron trigger go off, and waits until what it does is done.
    pub fn probe(&self) {
        self.worker.trigger().expect("the trigger goes off");
    }

    /// Where the worker listens.
    pub fn url(&self) -> &str {
        self.worker.url()
    }

    /// A request to `target`. A worker that has died on an earlier one fails the test: no request may do that.
    #[track_caller]
    pub fn call(&self, method: &str, target: &str) -> Call {
        assert!(!self.worker.has_logged("replaces one that died"), "{}", self.raw_log());
        Call::new(self.addr, method, target)
    }

    /// A GET of `page`.
    pub fn get(&self, page: &Page) -> Call {
        self.call("GET", &page.path)
    }

    /// Every line that the worker has logged about `path`, as JSON.
    pub fn logged(&self, path: &str) -> Vec<Value> {
        let lines = self.worker.logs();
        let objects = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.filter(|line| line["path"] == path).collect()
    }

    /// The first line about `path`, once it is there.
    #[track_caller]
    pub fn log_of(&self, path: &str) -> Value {
        eventually(&format!("a log line about {path}"), || !self.logged(path).is_empty());
        self.logged(path).remove(0)
    }

    /// All that the worker has written.
    pub fn raw_log(&self) -> String {
        self.worker.logs().join("\n")
    }
}

/// The worker with `settings` before the site; started once.
pub fn edge(settings: Settings<'_>) -> Arc<Edge> {
    edge_before(&[site().url()], settings)
}

/// The worker with [`QUICK`] limits before the site.
pub fn quick() -> Arc<Edge> {
    edge(QUICK)
}

/// The worker with [`PATIENT`] limits before the site.
pub fn patient() -> Arc<Edge> {
    edge(&overlay(PATIENT))
}

/// The worker with [`TIGHT`] limits before the site.
pub fn tight() -> Arc<Edge> {
    edge(&overlay(TIGHT))
}

/// The worker with [`ROUTED`] paths before the site.
pub fn routed() -> Arc<Edge> {
    edge(&overlay(ROUTED))
}

/// The worker with [`KEEPING`] settings before the site.
pub fn keeping() -> Arc<Edge> {
    edge(&overlay(KEEPING))
}

/// The worker with [`PURGED`] settings before the site.
pub fn purged() -> Arc<Edge> {
    edge(&overlay(PURGED))
}

/// A worker of its own with [`GUARDED`] settings before `origins`: what it learns of them is nobody else's.
pub fn guarded(origins: &[String]) -> Edge {
    Edge::start(origins, &overlay(GUARDED))
}

/// The settings of [`QUICK`] with `more` laid over them.
pub fn overlay<'a>(more: Settings<'a>) -> Vec<(&'a str, &'a str)> {
    let changed = |key: &str| more.iter().any(|(other, _)| *other == key);
    let kept = QUICK.iter().copied().filter(|(key, _)| !changed(key));
    kept.chain(more.iter().copied()).collect()
}

/// The worker with `settings` before `origins`; started once.
pub fn edge_before(origins: &[String], settings: Settings<'_>) -> Arc<Edge> {
    type Slot = Arc<OnceLock<Arc<Edge>>>;
    static EDGES: Mutex<BTreeMap<String, Slot>> = Mutex::new(BTreeMap::new());
    let slot = Arc::clone(lock(&EDGES).entry(format!("{origins:?} {settings:?}")).or_default());
    Arc::clone(slot.get_or_init(|| Arc::new(Edge::start(origins, settings))))
}

/// The origin that the tests share. It answers once on each connection: the platform sends again by itself what is lost
/// on one that was used before, and what reaches the origin would not be what the worker sent.
pub fn site() -> &'static Origin {
    static SITE: LazyLock<Origin> = LazyLock::new(|| {
        Origin::start(any_port(), |seen| {
            let (behave, asked) = match lock(&PAGES).get_mut(seen.path()) {
                Some(page) => {
                    page.asked += 1;
                    (Arc::clone(&page.behave), page.asked)
                }
                None => return scripts::closing(scripts::answer("404 Not Found", &[], "no such page")),
            };
            scripts::closing(behave(seen, asked))
        })
        .unwrap()
    });
    &SITE
}

/// Whether the runtime takes it in a target; a `"` it takes in a path, and a backtick in a query.
pub fn is_in_a_uri(char: char) -> bool {
    !" \"<>`".contains(char)
}

/// `target` as the runtime lets it through to the worker: it answers what is no URI with 400.
pub fn sendable(target: &str) -> String {
    let encoded = |char: char| if is_in_a_uri(char) { char.to_string() } else { percent_encoded(char) };
    target.chars().map(encoded).collect()
}

fn percent_encoded(char: char) -> String {
    let mut bytes = [0; 4];
    char.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Any free port of this machine.
pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The URL of a port at which nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind(any_port()).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

type Behaviour = Arc<dyn Fn(&Seen, usize) -> Script + Send + Sync>;

struct Registered {
    behave: Behaviour,
    asked: usize,
}

static PAGES: LazyLock<Mutex<HashMap<String, Registered>>> = LazyLock::new(Mutex::default);

/// A page of the site, known by a path of its own.
pub struct Page {
    pub path: String,
}

impl Page {
    /// A page that answers its first request with the first script, and so on; the last one repeats.
    pub fn new(answers: impl Into<Vec<Script>>) -> Self {
        Self::under("/", answers)
    }

    /// The same, with a path that begins with `prefix`.
    pub fn under(prefix: &str, answers: impl Into<Vec<Script>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let page = Self { path: format!("{prefix}page-{}", NEXT.fetch_add(1, Ordering::Relaxed)) };
        page.now(answers);
        page
    }

    /// A page that answers by what it is asked.
    pub fn by(behave: impl Fn(&Seen) -> Script + Send + Sync + 'static) -> Self {
        let page = Self::new([]);
        page.behaves(move |seen, _| behave(seen));
        page
    }

    /// A page with this very path, as the origin is asked for it.
    pub fn at(path: impl Into<String>, behave: impl Fn(&Seen) -> Script + Send + Sync + 'static) -> Self {
        let page = Self { path: path.into() };
        page.behaves(move |seen, _| behave(seen));
        page
    }

    /// Changes what the page does from now on.
    pub fn now(&self, answers: impl Into<Vec<Script>>) {
        let answers = answers.into();
        self.behaves(move |_, asked| {
            answers.get(asked - 1).or(answers.last()).cloned().unwrap_or_else(scripts::close)
        });
    }

    fn behaves(&self, behave: impl Fn(&Seen, usize) -> Script + Send + Sync + 'static) {
        let registered = Registered { behave: Arc::new(behave), asked: 0 };
        lock(&PAGES).insert(self.path.clone(), registered);
    }

    /// The requests for this page that have reached the site.
    pub fn seen(&self) -> Vec<Seen> {
        site().seen().into_iter().filter(|seen| seen.path() == self.path).collect()
    }

    /// How many requests for this page have reached the site.
    pub fn attempts(&self) -> usize {
        self.seen().len()
    }
}

/// A copy of the built module, in a folder of this name, behind the entry `index`, which imports `worker.js`.
pub fn behind(name: &str, index: &str) -> PathBuf {
    let built = build::ensure().expect("the module is built");
    let folder = built.folder.with_file_name("target").join(name);
    fs::create_dir_all(&folder).unwrap();
    for file in fs::read_dir(&built.folder).unwrap().map(Result::unwrap) {
        if file.path().is_file() {
            let name = if file.file_name() == "index.js" { "worker.js".into() } else { file.file_name() };
            fs::copy(file.path(), folder.join(name)).unwrap();
        }
    }
    fs::write(folder.join("index.js"), index).unwrap();
    folder
}

/// Waits until `done`, for at most twenty seconds.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "not in twenty seconds: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Gives work behind an answer the time to be done, where a test asserts that it was *not* done.
pub fn settle() {
    thread::sleep(Duration::from_millis(600));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
