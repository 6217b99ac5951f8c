//! The npm package as people get it: from an empty folder to an answering Worker, without Rust.
//!
//! The packages that it depends on come from npm's cache, or from its registry the first time.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "all of this is a test"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, scripts};
use xtask::package::{Packed, package};

/// From the first command to the first answer, at most.
const LIMIT: Duration = Duration::from_secs(60);

/// Packed once for all tests.
static PACKED: LazyLock<Packed> = LazyLock::new(|| package().unwrap());

/// A folder of somebody who has Node.js, and no Rust. It is removed when this is dropped.
struct Home {
    folder: PathBuf,
    path: String,
}

impl Home {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("holdfast-package-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let has = |folder: &&str| ["cargo", "rustc"].iter().any(|name| Path::new(folder).join(name).exists());
        let path = std::env::var("PATH").unwrap();
        let path: Vec<_> = path.split(':').filter(|folder| !has(folder)).collect();
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
        home.install();
        home
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
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: www.shop.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn origin() -> Origin {
    Origin::start(([127, 0, 0, 1], 0).into(), |seen| match seen.path() {
        "/lost" => scripts::reset(),
        _ => scripts::with_headers(&[("Content-Type", "text/html")], "<p>hello from the origin</p>"),
    })
    .unwrap()
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
    assert!(said.contains("wrangler.jsonc: [vars.HOLDFAST] is in order"), "{said}");
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
    let port = free_port().to_string();
    let dev =
        home.command(&["npx", "wrangler", "dev", "--port", &port, "--show-interactive-dev-session=false"]);
    let (_running, ()) = Running::until(dev, |line| line.contains("Ready on").then_some(()));
    let answer = get(&format!("127.0.0.1:{port}"), "/");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("hello from the origin"), "{answer}");
}

#[test]
fn the_command_line_says_what_the_rules_say_and_overwrites_nothing() {
    let home = Home::with_package("check");
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
    write(
        "wrangler.jsonc",
        r#"{
  "$schema": "node_modules/holdfast/wrangler.schema.json",
  "name": "shop",
  "main": "index.js",
  "compatibility_date": "2026-04-01",
  "durable_objects": { "bindings": [{ "name": "HOLDFAST_HEALTH", "class_name": "OriginHealth" }] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["OriginHealth"] }],
  "vars": { "HOLDFAST": { "page": { "brand": "Shop" } } },
}"#,
    );
    let said = home.output_of(&["npx", "holdfast", "check"]);
    assert!(said.contains("is in order") && !said.contains("warning"), "{said}");
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
