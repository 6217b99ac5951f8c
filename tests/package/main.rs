//! The npm package as people get it: from an empty folder to an answering Worker, without Rust.
//!
//! The packages that it depends on come from npm's cache, or from its registry the first time.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "all of this is a test"
)]

mod examples;
mod self_hosted;
mod workflow;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, Script, Seen, scripts};
use serde_json::json;
use xtask::check::COMPATIBILITY_DATE;
use xtask::node::node;
use xtask::package::{Packed, package};

/// From the first command to the first answer, at most.
const LIMIT: Duration = Duration::from_secs(60);

/// Packed once for all tests.
static PACKED: LazyLock<Packed> = LazyLock::new(|| package().unwrap());

/// The package, installed once in an empty folder, for all tests to which that folder is no matter. It is below `target/`, so
/// that the next run replaces it.
static INSTALLED: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = Home::new("installed");
    home.install();
    let folder = xtask::root().join("target/npm/installed");
    let _ = fs::remove_dir_all(&folder);
    home.output_of(&["cp", "-a", ".", folder.to_str().unwrap()]);
    folder
});

/// A folder of somebody who has the Node.js that wrangler needs, and no Rust. It is removed when this is dropped.
struct Home {
    folder: PathBuf,
    path: String,
}

impl Home {
    fn new(name: &str) -> Self {
        // Before anything else: Node.js comes with the packages that the build installs.
        LazyLock::force(&PACKED);
        let folder = std::env::temp_dir().join(format!("holdfast-package-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let has = |folder: &&str| ["cargo", "rustc"].iter().any(|name| Path::new(folder).join(name).exists());
        let path = std::env::var("PATH").unwrap();
        let program = node().unwrap().get_program().to_owned();
        let node = Path::new(&program).parent().unwrap().to_str().unwrap();
        let path: Vec<_> = [node].into_iter().chain(path.split(':').filter(|folder| !has(folder))).collect();
        Self { folder, path: path.join(":") }
    }

    /// A command of somebody who sits in this folder.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(&self.folder).stdin(Stdio::null());
        command.env_clear().env("PATH", &self.path).env("CI", "true").env("WRANGLER_SEND_METRICS", "false");
        command.envs(["HOME", "TMPDIR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What a command writes that succeeds.
    fn output_of(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let said = said(&output);
        assert!(output.status.success(), "{words:?}: {said}");
        said
    }

    /// The packed package, installed.
    fn with_package(name: &str) -> Self {
        let home = Self::new(name);
        home.copy_installed();
        home
    }

    /// A copy of what [`INSTALLED`] has.
    fn copy_installed(&self) {
        let from = format!("{}/.", INSTALLED.display());
        self.output_of(&["cp", "-a", &from, "."]);
    }

    fn install(&self) {
        let tarball = PACKED.tarball.to_str().unwrap();
        self.output_of(&["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball]);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A command that goes on. What it started ends with it.
struct Running(Child);

impl Running {
    /// Starts it.
    fn silently(command: &mut Command) -> Self {
        Self(command.process_group(0).spawn().unwrap())
    }

    /// Starts it, and waits for a line that `find` finds something in.
    fn until<T>(mut command: Command, find: impl Fn(&str) -> Option<T>) -> (Self, T) {
        let mut child = command.process_group(0).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let running = Self(child);
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it has ended: {seen}");
            seen += &line;
            if let Some(found) = find(&line) {
                // What it writes later is nobody's business, and must not block it.
                thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                return (running, found);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The whole group, as Ctrl-C in a terminal does.
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.0.wait();
    }
}

/// The answer to a GET of a browser, header and body.
fn get(address: &str, target: &str) -> String {
    get_with(address, target, "Accept: text/html\r\n")
}

/// The same with `fields`.
fn get_with(address: &str, target: &str, fields: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: www.shop.test\r\n{fields}Connection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let mut piece = vec![0; 65_536];
    // workerd leaves the connection open for some seconds.
    while !is_whole(&answer) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether an answer is there to its end, as far as it says where that is.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    match head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next()?.trim().parse::<usize>().ok())
    {
        Some(length) => answer.len() >= end + 4 + length,
        None => head.contains("transfer-encoding: chunked") && answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An origin on any free port.
fn start(script: impl Fn(&Seen) -> Script + Send + Sync + 'static) -> Origin {
    Origin::start(([127, 0, 0, 1], 0).into(), script).unwrap()
}

fn origin() -> Origin {
    start(|seen| match seen.path() {
        "/lost" => scripts::reset(),
        _ => scripts::with_headers(&[("Content-Type", "text/html")], "<p>hello from the origin</p>"),
    })
}

#[test]
fn three_commands_lead_from_an_empty_folder_to_an_answering_worker_without_rust() {
    let origin = origin();
    let packed = &*PACKED;
    let home = Home::new("three");
    assert!(home.command(&["cargo", "--version"]).output().is_err(), "there must be no Rust in PATH");

    let began = Instant::now();
    home.install();
    let installed = began.elapsed();
    let said =
        home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", &origin.url()]);
    assert!(said.contains("wrangler.jsonc: [vars.HOLDFAST] is valid, with 1 warning"), "{said}");
    assert!(said.contains("127.0.0.1, which Cloudflare cannot reach"), "{said}");
    let serve = home.command(&["npx", "holdfast", "serve", "--port", "0"]);
    let (running, address) =
        Running::until(serve, |line| Some(line.strip_prefix("http://")?.split(' ').next()?.to_owned()));
    let answer = get(&address, "/");
    let took = began.elapsed();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("hello from the origin"), "{answer}");
    assert!(answer.to_lowercase().contains("cache-status: holdfast;"), "{answer}");
    let failed = get(&address, "/lost");
    assert!(failed.starts_with("HTTP/1.1 502 ") && failed.contains("<html"), "{failed}");
    drop(running);
    println!(
        "npm install: {:.1} s; to the first answer: {:.1} s; tarball {} KB, {} KB unpacked",
        installed.as_secs_f64(),
        took.as_secs_f64(),
        packed.bytes / 1000,
        packed.unpacked / 1000
    );
    assert!(took < LIMIT, "{took:?}");

    // And with wrangler, by the same file.
    let said = home.output_of(&["npx", "wrangler", "deploy", "--dry-run"]);
    assert!(said.contains("env.HOLDFAST") && said.contains("--dry-run: exiting now"), "{said}");
    assert!(!said.contains("WARNING") && !said.contains("ERROR"), "{said}");
    is_typed(&home, "");
    let port = free_port().to_string();
    let dev =
        home.command(&["npx", "wrangler", "dev", "--port", &port, "--show-interactive-dev-session=false"]);
    let (_running, ()) = Running::until(dev, |line| line.contains("Ready on").then_some(()));
    let answer = get(&format!("127.0.0.1:{port}"), "/");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("hello from the origin"), "{answer}");
}

/// Has wrangler write the types of what is bound, and TypeScript check `source` with them, as `tsc --init` has it.
#[track_caller]
fn is_typed(home: &Home, source: &str) {
    let said = home.output_of(&["npx", "wrangler", "types"]);
    assert!(said.contains("HOLDFAST: {") && said.contains("Runtime types generated"), "{said}");
    fs::write(home.folder.join("source.ts"), source).unwrap();
    let options = json!({ "strict": true, "noEmit": true, "target": "esnext", "module": "esnext", "moduleResolution": "bundler",
        "lib": ["esnext"], "types": [], "skipLibCheck": true });
    let project = json!({ "compilerOptions": options, "files": ["source.ts", "worker-configuration.d.ts"] });
    fs::write(home.folder.join("tsconfig.json"), project.to_string()).unwrap();
    let tsc = concat!(env!("CARGO_MANIFEST_DIR"), "/node_modules/typescript/bin/tsc");
    home.output_of(&["node", tsc, "--project", "tsconfig.json"]);
}

/// How often wrangler has said that it runs the build.
fn builds_in(said: &str) -> usize {
    said.matches("Running: cargo xtask build").count()
}

#[test]
fn wrangler_takes_the_repository_s_own_file_and_builds_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wrangler = |words: &[&str]| {
        let mut command = node().unwrap();
        command.arg(root.join("node_modules/wrangler/bin/wrangler.js")).args(words).current_dir(root);
        command.stdin(Stdio::null()).env("CI", "true").env("WRANGLER_SEND_METRICS", "false");
        command
    };
    let output = |words: &[&str]| {
        let output = wrangler(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        said(&output)
    };
    let types = "target/worker-configuration.d.ts";
    let typed = output(&["types", types]);
    assert!(typed.contains("HOLDFAST: {"), "{typed}");
    assert!(fs::read_to_string(root.join(types)).unwrap().contains(&format!(" {COMPATIBILITY_DATE} ")));
    let deployed = output(&["deploy", "--dry-run", "--outdir", "target/dry-run"]);
    assert!(deployed.contains("env.HOLDFAST") && deployed.contains("--dry-run: exiting now"), "{deployed}");
    assert!(builds_in(&deployed) == 1 && !deployed.contains("WARNING"), "{deployed}");

    let port = free_port().to_string();
    let log = root.join("target/dev.log");
    let file = fs::File::create(&log).unwrap();
    let mut dev = wrangler(&["dev", "--port", &port, "--show-interactive-dev-session=false"]);
    let child = dev.process_group(0).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let _running = Running(child);
    let written = || fs::read_to_string(&log).unwrap();
    let began = Instant::now();
    while !written().contains("Ready on") {
        assert!(began.elapsed() < 2 * LIMIT, "{}", written());
        thread::sleep(Duration::from_millis(100));
    }
    let answer = get(&format!("127.0.0.1:{port}"), "/.well-known/holdfast/health");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // What the build writes is not what wrangler watches.
    thread::sleep(Duration::from_secs(5));
    assert_eq!(builds_in(&written()), 1, "{}", written());
    fs::remove_file(log).unwrap();
}

#[test]
fn the_command_line_says_what_the_rules_say_and_overwrites_nothing() {
    let home = Home::with_package("check");
    // An older Node.js is told of first.
    let older = "--import data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'22.11.0'}})";
    let output = home.command(&["npx", "holdfast", "init"]).env("NODE_OPTIONS", older).output().unwrap();
    let expected = "Node.js 22.12 or newer is needed, as wrangler needs it; this is 22.11.0\n";
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(1), expected));

    let check = |file: &[&str]| {
        let output = home.run(&[&["npx", "holdfast", "check"], file].concat());
        (output.status.code(), said(&output))
    };
    let write = |name: &str, text: &str| fs::write(home.folder.join(name), text).unwrap();
    assert!(check(&[]).1.contains("npx holdfast init writes one"), "{:?}", check(&[]));

    // Every kind of file, with the words of the native rules.
    let toml = "[vars.HOLDFAST]\norigins = [\"https://a.test\"]\ntimeouts.total = \"25 seconds\"\npage.theme = \"Calm\"\n";
    write("other.toml", toml);
    let expected = xtask::check::check_text("other.toml", toml).unwrap_err().to_string();
    assert_eq!(check(&["other.toml"]), (Some(1), expected.clone() + "\n"));
    assert!(expected.contains("did you mean \"25s\"?") && expected.contains("did you mean \"calm\"?"));
    let jsonc = "{ \"vars\": {\n \"HOLDFSAT\": {}, // a slip\n} }";
    write("wrangler.jsonc", jsonc);
    let expected = xtask::check::check_text("wrangler.jsonc", jsonc).unwrap().to_string();
    assert_eq!(check(&[]), (Some(0), expected.clone() + "\n"));
    assert!(expected.contains("wrangler.jsonc:2: warning: [vars] HOLDFSAT is not read"), "{expected}");
    // Pages are rendered there too: their texts come with the package.
    let large = format!(
        "{{ \"vars\": {{ \"HOLDFAST\": {{ \"page\": {{ \"texts\": {{ \"el\": {{ {} }} }}, \"logo\": \"data:image/png;base64,{}\" }} }} }} }}",
        ["way", "more-help", "returning", "connection-fine"]
            .map(|id| format!("\"{id}\": \"{}\"", "&".repeat(290)))
            .join(", "),
        "A".repeat(1500)
    );
    write("large.json", &large);
    let expected = xtask::check::check_text("large.json", &large).unwrap_err().to_string();
    assert_eq!(check(&["large.json"]), (Some(1), expected.clone() + "\n"));
    assert!(expected.contains("14336 are accepted"), "{expected}");

    // A file that wrangler leaves aside.
    write("wrangler.toml", "name = \"a\"\n");
    let (code, said) = check(&["wrangler.toml"]);
    assert!(code == Some(1) && said.contains("wrangler.jsonc and leaves this file aside"), "{said}");
    let init = home.run(&["npx", "holdfast", "init", "--yes", "--origin", "a.test"]);
    assert_eq!(init.status.code(), Some(1));
    assert_eq!(
        fs::read_to_string(home.folder.join("wrangler.jsonc")).unwrap(),
        jsonc,
        "nothing is overwritten"
    );
}

#[test]
fn what_init_writes_is_in_order_for_every_answer_and_with_every_binding() {
    let home = Home::with_package("init");
    let file = home.folder.join("wrangler.jsonc");
    for arguments in [
        &["--origin", "https://origin.shop.test"][..],
        &["--host", "www.shop.test"],
        &["--origin", "origin.shop.test/", "--host", "https://www.shop.test/"],
    ] {
        let said =
            home.output_of(&[&["npx", "holdfast", "init", "--yes", "--name", "shop"], arguments].concat());
        assert!(said.contains("is in order") && !said.contains("warning"), "{arguments:?}: {said}");
        let written = fs::read_to_string(&file).unwrap();
        assert_eq!(
            written.contains("\"routes\": [\"www.shop.test/*\"],"),
            arguments.contains(&"--host"),
            "{written}"
        );
        // Whatever the comments have ready can be uncommented.
        let uncommented: String = written
            .lines()
            .map(|line| {
                let is_setting =
                    line.trim_start().starts_with("// \"") || line.trim_start().starts_with("// {");
                if is_setting { line.replacen("// ", "", 1) + "\n" } else { format!("{line}\n") }
            })
            .collect();
        let whole =
            uncommented.replace('…', "0123456789abcdef0123456789abcdef").replace("example.com", "shop.test");
        // `origins` and the route are there twice then; the last of two counts.
        let summary = xtask::check::check_text("wrangler.jsonc", &whole).expect(&whole);
        let warnings: Vec<_> =
            summary.warnings().filter(|said| !said.contains("is a route of this worker")).collect();
        assert_eq!(warnings, [""; 0], "{whole}");
        assert!(summary.environments[0].config.probe.path.is_some(), "{whole}");
        fs::remove_file(&file).unwrap();
    }
    let refused = home.run(&["npx", "holdfast", "init", "--yes"]);
    assert!(refused.status.code() == Some(1) && !file.exists(), "{}", said(&refused));
}

/// Every file in `folder`, by its path in there.
fn files_in(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn add(folder: &Path, root: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, root, files);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    add(folder, folder, &mut files);
    files
}

/// `text` without the sizes that gzip makes, which no two programs compress to the same.
fn without_sizes(text: &str) -> String {
    let cut = |text: &str, word: &str| {
        let parts: Vec<_> =
            text.split(word).map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit())).collect();
        parts.join(word)
    };
    cut(&cut(text, " gzipped"), " compressed")
}

#[test]
fn the_pages_are_those_that_the_native_command_writes_and_nothing_else_is_removed() {
    let home = Home::with_package("pages");
    let write = |name: &str, text: &str| fs::write(home.folder.join(name), text).unwrap();
    write(
        "wrangler.jsonc",
        r#"{ "vars": { "HOLDFAST": { "page": { "brand": "Shop" } } }, // …
            "env": { "test": { "vars": { "HOLDFAST": { "page": { "brand": "Try" } } } } } }"#,
    );
    let pages = |more: &[&str]| home.run(&[&["npx", "holdfast", "pages"], more].concat());
    let native = home.folder.join("native");
    let settings = json!({ "page": { "brand": "Shop", "accent": "#802060" } });
    let expected = xtask::pages::pages(&settings, &native).unwrap();
    let output = pages(&["--set", "page.accent=#802060"]);
    let expected = expected.replace(native.to_str().unwrap(), "error-pages") + "\n";
    assert_eq!(without_sizes(&said(&output)), without_sizes(&expected));
    let [mut ours, mut theirs] = [home.folder.join("error-pages"), native].map(|folder| files_in(&folder));
    assert!(ours.len() > 3000 && ours.contains_key(Path::new("cloudflare/de/error-pages/5xx.html")));
    let index = [&mut ours, &mut theirs].map(|files| files.remove(Path::new("index.html")).unwrap());
    let [index, other] = index.map(|index| without_sizes(&String::from_utf8(index).unwrap()));
    assert_eq!(index, other);
    let differing = ours.keys().chain(theirs.keys()).find(|name| ours.get(*name) != theirs.get(*name));
    assert_eq!(differing, None);

    // The brand of an environment; a folder of somebody's own; a setting that the Worker would refuse.
    assert!(pages(&["--env", "test", "--out", "of/test"]).status.success());
    let page = fs::read_to_string(home.folder.join("of/test/calm/en/502-lost.html")).unwrap();
    assert!(page.contains("Try") && !page.contains("Shop"), "{page}");
    fs::create_dir(home.folder.join("mine")).unwrap();
    write("mine/index.html", "mine");
    let refused = pages(&["--out", "mine"]);
    let why = "mine holds something else; name a new folder\n";
    assert_eq!((refused.status.code(), said(&refused).as_str()), (Some(1), why));
    assert_eq!(files_in(&home.folder.join("mine")).len(), 1);
    let refused = pages(&["--set", "page.accent=nonsense"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said(&refused).starts_with("page.accent = \"nonsense\": a colour is accepted"),
        "{}",
        said(&refused)
    );
    let refused = pages(&["--env", "live"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).ends_with("wrangler.jsonc has no environment live\n"), "{}", said(&refused));
}

const TOKEN: &str = "a-token-of-the-operators";

#[test]
fn a_drill_that_is_ordered_without_rust_is_followed_and_a_mask_check_says_what_the_native_one_says() {
    let home = Home::with_package("drill");
    let origin = origin();
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", &origin.url()]);
    let serve = home.command(&[
        "npx",
        "holdfast",
        "serve",
        "--port",
        "0",
        "--token",
        TOKEN,
        "--set",
        "page.brand=Laid Over",
    ]);
    let (_running, worker) =
        Running::until(serve, |line| Some(line.strip_prefix("http://")?.split(' ').next()?.to_owned()));

    let mut drill =
        home.command(&["npx", "holdfast", "drill", "edge_connect_timeout", "https://www.shop.test/a"]);
    let field = drill.env("HOLDFAST_TOKEN", TOKEN).output().unwrap();
    let field = said(&field).trim_end().to_owned() + "\r\n";
    let drilled = get_with(&worker, "/", &format!("Accept: text/html\r\n{field}"));
    assert!(drilled.starts_with("HTTP/1.1 504 ") && drilled.contains("Laid Over"), "{field}{drilled}");
    assert!(get(&worker, "/").starts_with("HTTP/1.1 200 "));
    let refused = |words: &[&str]| {
        let output = home.run(&[&["npx", "holdfast", "drill"], words, &["--token", TOKEN]].concat());
        assert!(!output.status.success());
        said(&output).trim_end().to_owned()
    };
    for words in [&["refused", "www.shop.test"][..], &["loop", "ftp://a"]] {
        let native = xtask::drill::field(TOKEN, words[0], words[1], Duration::from_secs(300));
        assert_eq!(refused(words), native.unwrap_err().to_string());
    }
    assert!(refused(&["loop", "www.shop.test", "--for", "2h"]).contains("at most 3600s"));
    assert!(refused(&["loop"]).starts_with("write npx holdfast drill FAILURE SITE;"));

    let check = |url: &str, token: &str| {
        let mut check = home.command(&["npx", "holdfast", "mask-check", url]);
        let output = check.env("HOLDFAST_TOKEN", token).output().unwrap();
        (output.status.code(), said(&output))
    };
    let native = |url: &str, token: &str| xtask::mask_check::mask_check(url, token, &[]);
    let worker = format!("http://{worker}/");
    let masked = start(|seen| match seen.header("holdfast-drill") {
        Some(_) => scripts::answer("502 Bad Gateway", &[("Server", "nginx")], "<h1>502</h1>"),
        None => scripts::ok("hello"),
    });
    let of_cloudflare = start(|seen| match seen.header("holdfast-drill") {
        Some(_) => {
            scripts::answer("504 X", &[("Server", "cloudflare")], "<div id=\"cf-wrapper\">\u{e4}</div>")
        }
        None => scripts::with_headers(&[("Location", "/elsewhere")], [0xff, 0xfe]),
    });
    for (url, token, code, finding) in [
        (worker.as_str(), TOKEN, 0, "504 as JSON: our page arrives as it left"),
        (&worker, "another-token-of-theirs", 2, "this is not the Worker's token"),
        (&origin.url(), TOKEN, 2, "no Worker answers here"),
        (&masked.url(), TOKEN, 2, "is replaced (status 502 Bad Gateway) by another: Server: nginx"),
        (&of_cloudflare.url(), TOKEN, 2, "by an error page of Cloudflare's"),
    ] {
        let expected = native(url, token).unwrap().to_string();
        assert_eq!(check(url, token), (Some(code), expected.clone()), "{url}");
        assert!(expected.contains(finding), "{expected}");
    }

    // With further fields, every request has them.
    let asked = start(|_| scripts::ok("hello"));
    let field = "Cloudflare-Workers-Version-Overrides: shop=\"new\"";
    let with = |field: &str| {
        let words = ["npx", "holdfast", "mask-check", &asked.url(), "--token", TOKEN, "--header", field];
        home.run(&words)
    };
    assert_eq!(with(field).status.code(), Some(2));
    let by_npm = asked.seen().len();
    xtask::mask_check::mask_check(&asked.url(), TOKEN, &[field.to_owned()]).unwrap();
    let seen = asked.seen();
    assert!(by_npm > 0 && seen.len() == 2 * by_npm, "{by_npm} and {}", seen.len());
    assert!(seen.iter().all(|it| it.header("cloudflare-workers-version-overrides") == Some("shop=\"new\"")));
    let expected = xtask::mask_check::mask_check(&asked.url(), TOKEN, &["new".to_owned()]).unwrap_err();
    let refused = with("new");
    assert_eq!((refused.status.code(), said(&refused)), (Some(1), format!("{expected}\n")));

    // What gives no whole answer, and what is no question.
    let lost = start(|_| scripts::reset());
    let torn = start(|_| scripts::cut_short("half of ", 8));
    let endless = start(|_| scripts::ok(vec![b'x'; 2 * 1024 * 1024]));
    for url in [lost.url(), torn.url(), endless.url()] {
        let (code, said) = check(&url, TOKEN);
        assert!(code == Some(1) && said.starts_with(&format!("{url}/ gives no answer: ")), "{code:?} {said}");
        assert!(native(&url, TOKEN).is_err(), "{url}");
    }
    for (url, token) in [("ftp://a", TOKEN), ("http://a@b/", TOKEN), (&worker, "short")] {
        let expected = native(url, token).unwrap_err();
        assert_eq!(check(url, token), (Some(1), format!("{expected:#}\n")));
    }
}

#[test]
fn serve_says_in_one_line_what_it_needs_and_where_the_dashboard_is_and_ends_with_npx() {
    let home = Home::with_package("serve");
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", "http://127.0.0.1:1"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let is_in_use = format!("port {port} is in use; --port names another, 0 any that is free\n");
    let rule = "at least 16 characters of visible ASCII are accepted, without spaces";
    for (options, why) in [
        (&["--port", &port][..], is_in_use),
        (&["--port", "http"], "--port: http: a number from 0 to 65535 is accepted\n".to_owned()),
        (&["--port", "0", "--health"], format!("--health needs --token SECRET: {rule}\n")),
        (&["--port", "0", "--health", "--token", "fifteen-letters"], format!("--token: {rule}\n")),
    ] {
        let refused = home.run(&[&["npx", "holdfast", "serve"], options].concat());
        assert_eq!((refused.status.code(), said(&refused)), (Some(2), why), "{options:?}");
    }

    let serve = home.command(&["npx", "holdfast", "serve", "--port", "0"]);
    let how = |line: &str| line.contains("no dashboard: --health --token SECRET").then_some(());
    drop(Running::until(serve, how));

    let serve = home.command(&["npx", "holdfast", "serve", "--port", "0", "--health", "--token", TOKEN]);
    let (mut running, dashboard) = Running::until(serve, |line| {
        Some(line.strip_prefix("dashboard: http://")?.split(',').next()?.to_owned())
    });
    let (address, status) = dashboard.split_at(dashboard.find('/').unwrap());
    let answer =
        get_with(address, status, &format!("Accept: application/json\r\nAuthorization: Bearer {TOKEN}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("verdict"), "{answer}");
    // To npx alone, as a supervisor sends it.
    home.output_of(&["kill", "-TERM", &running.0.id().to_string()]);
    running.0.wait().unwrap();
    let began = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20), "the server goes on");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn init_says_what_it_adds_to_an_origin_and_refuses_a_host_that_no_zone_has() {
    let home = Home::with_package("init-says");
    let init = |options: &[&str]| home.run(&[&["npx", "holdfast", "init", "--yes"], options].concat());
    let file = home.folder.join("wrangler.jsonc");
    for host in ["y", "localhost", "www.shop.test:8080", "a b.test"] {
        let refused = init(&["--origin", "x", "--host", host]);
        let why = format!(
            "--host {host}: the host of a zone at Cloudflare is accepted; write e.g. www.example.com\n"
        );
        assert_eq!((refused.status.code(), said(&refused)), (Some(1), why));
        assert!(!file.exists());
    }
    let note = "https:// was put before it; write http:// if the origin has no TLS";
    for (origin, is_noted) in [("127.0.0.1:9100", true), ("http://127.0.0.1:9100", false)] {
        let said = said(&init(&["--origin", origin]));
        assert_eq!(said.contains(&format!("https://{origin}: {note}")), is_noted, "{said}");
        assert_eq!(said.contains(note), is_noted, "{said}");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_worker_that_somebody_has_gets_holdfast_before_it_by_one_import() {
    let home = Home::with_package("before");
    let write = |name: &str, text: &str| fs::write(home.folder.join(name), text).unwrap();
    write(
        "index.js",
        r#"import { before, OriginHealth } from "holdfast";
export { OriginHealth };
const worker = {
  fetch(request) {
    if (new URL(request.url).pathname === "/lost") throw new Error("a bug");
    return new Response("<p>hello from the worker</p>", { headers: { "Content-Type": "text/html" } });
  },
};
export default before(worker);
"#,
    );
    let configuration = r#"{
  "$schema": "node_modules/holdfast/wrangler.schema.json",
  "name": "shop",
  "main": "index.js",
  "compatibility_date": "DATE",
  "durable_objects": { "bindings": [{ "name": "HOLDFAST_HEALTH", "class_name": "OriginHealth" }] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["OriginHealth"] }],
  "vars": { "HOLDFAST": { "page": { "brand": "Shop" } } },
}"#;
    write("wrangler.jsonc", &configuration.replace("DATE", COMPATIBILITY_DATE));
    let said = home.output_of(&["npx", "holdfast", "check"]);
    assert!(said.contains("is in order") && !said.contains("warning"), "{said}");
    assert!(said.contains("before the Worker in main") && !said.contains("zone"), "{said}");
    for command in ["serve", "self-host"] {
        let refused = home.run(&["npx", "holdfast", command, "--origin", "http://127.0.0.1:1"]);
        let why = format!(
            "main is index.js, a Worker of yours, and npx holdfast {command} runs Holdfast alone; npx wrangler dev runs yours\n"
        );
        assert_eq!((refused.status.code(), crate::said(&refused)), (Some(2), why));
    }
    is_typed(
        &home,
        r#"import { before, OriginHealth } from "holdfast";
export { OriginHealth };
const worker: ExportedHandler<Env> = { fetch: async (_, env) => new Response(env.HOLDFAST.page.brand) };
export default before(worker);
"#,
    );
    let port = free_port().to_string();
    let dev =
        home.command(&["npx", "wrangler", "dev", "--port", &port, "--show-interactive-dev-session=false"]);
    let (_running, ()) = Running::until(dev, |line| line.contains("Ready on").then_some(()));
    let address = format!("127.0.0.1:{port}");
    let answer = get(&address, "/");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("hello from the worker"), "{answer}");
    assert!(answer.to_lowercase().contains("cache-status: holdfast;"), "{answer}");
    let failed = get(&address, "/lost");
    assert!(failed.starts_with("HTTP/1.1 502 ") && failed.contains("Shop"), "{failed}");
}
