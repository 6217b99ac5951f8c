//! Holdfast on a machine of one's own: the program that `self-host` makes, and the store in it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, scripts};
use xtask::check::COMPATIBILITY_DATE;

use crate::{Home, Running, free_port, get, said};

pub const TOKEN: &str = "the-secret-of-the-operators";

const DOCKERFILE: &str = include_str!("../../deploy/self-hosted/Dockerfile");

/// The rest of the line on which `text` has `mark`.
fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).unwrap().1.lines().next().unwrap()
}

/// A running program, once it listens.
pub fn started(home: &Home, words: &[&str], port: u16) -> Running {
    let mut command = home.command(words);
    command.env("HOLDFAST_TOKEN", TOKEN);
    listening(command, port)
}

fn listening(mut command: Command, port: u16) -> Running {
    command.arg(format!("--socket-addr=http=127.0.0.1:{port}"));
    let running = Running::silently(command.stdout(Stdio::null()));
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "it does not listen");
        thread::sleep(Duration::from_millis(20));
    }
    running
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[test]
fn one_program_stands_before_a_site_and_what_it_stored_outlives_an_outage_and_a_restart() {
    let origin = Origin::start(([127, 0, 0, 1], 0).into(), |seen| match seen.path() {
        "/large" => scripts::with_headers(&[("Cache-Control", "max-age=1")], vec![b'x'; 3_000_000]),
        path => scripts::with_headers(
            &[("Content-Type", "text/html"), ("Cache-Control", "max-age=1")],
            format!("<!doctype html><p>hello from {path}</p>"),
        ),
    })
    .unwrap();
    let home = Home::with_package("self-hosted");
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", &origin.url()]);
    // The commands of the image.
    let run: Vec<_> = DOCKERFILE.lines().filter_map(|line| line.strip_prefix("RUN np")).collect();
    assert_eq!(run.len(), 2, "{run:?}");
    let mut said = String::new();
    for command in run {
        said = home.output_of(&["sh", "-c", &format!("np{command}")]);
    }
    assert!(said.contains("self-hosted/holdfast is made, for http://127.0.0.1:"), "{said}");
    assert!(said.contains("It listens on *:8787 and keeps its data in /data."), "{said}");
    // It needs nothing else: neither Node.js nor a file of the package.
    let program = home.folder.join("alone/holdfast");
    fs::create_dir_all(home.folder.join("alone/data")).unwrap();
    fs::rename(home.folder.join("self-hosted/holdfast"), &program).unwrap();
    for gone in ["node_modules", "self-hosted"] {
        fs::remove_dir_all(home.folder.join(gone)).unwrap();
    }
    let data = home.folder.join("alone/data");
    let port = free_port();
    let start = |command: &str| {
        let words: Vec<_> = command.split(' ').collect();
        let words = [&[program.to_str().unwrap()], &words[1..]].concat();
        started(&home, &words, port)
    };
    let entry: Vec<String> = serde_json::from_str(after(DOCKERFILE, "ENTRYPOINT ")).unwrap();
    let disk = format!("--directory-path disk={}", data.display());
    let address = format!("127.0.0.1:{port}");
    let running = start(&format!("{} {disk}", entry.join(" ")));
    let check: Vec<String> = serde_json::from_str(after(DOCKERFILE, " CMD ")).unwrap();
    let is_healthy = || {
        let check: Vec<_> = check.iter().map(|word| word.replace("8787", &port.to_string())).collect();
        home.run(&check.iter().map(String::as_str).collect::<Vec<_>>()).status.success()
    };
    assert!(is_healthy());
    let health = get(&address, "/.well-known/holdfast/health");
    assert!(health.starts_with("HTTP/1.1 200 "), "{health}");
    for bound in ["HOLDFAST_KEEP", "HOLDFAST_HEALTH", "HOLDFAST_VERSION", "HOLDFAST_TOKEN"] {
        assert!(health.contains(&format!("\"{bound}\":true")), "{health}");
    }
    for path in ["/a", "/robots.txt", "/large"] {
        let answer = get(&address, path);
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("fwd=uri-miss;stored"),
            "{path}: {}",
            head_of(&answer)
        );
    }
    drop(origin);
    thread::sleep(Duration::from_secs(2));
    let stale = get(&address, "/a");
    assert!(stale.starts_with("HTTP/1.1 200 ") && stale.contains("hello from /a"), "{stale}");
    assert!(stale.contains("fwd=stale"), "{stale}");
    drop(running);
    assert!(!is_healthy());

    // As the unit of systemd starts it.
    let unit = after(include_str!("../../deploy/self-hosted/holdfast.service"), "ExecStart=");
    assert!(unit.contains(" disk=/var/lib/holdfast"), "{unit}");
    let _running = start(&unit.replace("/var/lib/holdfast", &data.display().to_string()));
    let stale = get(&address, "/a");
    assert!(stale.starts_with("HTTP/1.1 200 ") && stale.contains("hello from /a"), "{stale}");
    let large = get(&address, "/large");
    assert!(large.contains("fwd=stale") && body_of(&large).len() == 3_000_000, "{}", head_of(&large));
    let page = get(&address, "/never-seen");
    assert!(page.starts_with("HTTP/1.1 502 ") && page.contains("<html"), "{page}");
    let began = Instant::now();
    loop {
        let status = signed_in(&address, "status");
        assert!(status.starts_with("HTTP/1.1 200 "), "{status}");
        if status.contains("connection_lost") && status.contains("v0.1.0") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{status}");
        thread::sleep(Duration::from_millis(300));
    }
}

fn head_of(answer: &str) -> &str {
    answer.split("\r\n\r\n").next().unwrap()
}

fn signed_in(address: &str, endpoint: &str) -> String {
    crate::get_with(
        address,
        &format!("/.well-known/holdfast/{endpoint}"),
        &format!("Accept: application/json\r\nHoldfast-Token: {TOKEN}\r\n"),
    )
}

#[test]
fn an_origin_over_tls_is_asked_if_its_certificate_is_known_and_else_not() {
    let home = Home::with_package("tls");
    for (name, text) in [
        ("origin.mjs", include_str!("tls/origin.js")),
        ("ca.pem", include_str!("tls/ca.pem")),
        ("cert.pem", include_str!("tls/cert.pem")),
        ("key.pem", include_str!("tls/key.pem")),
    ] {
        fs::write(home.folder.join(name), text).unwrap();
    }
    let origin = home.command(&["node", "origin.mjs", "key.pem", "cert.pem"]);
    let (_origin, at) = Running::until(origin, |line| line.trim().parse::<u16>().ok());
    let url = format!("https://localhost:{at}");
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", &url]);
    home.output_of(&["npx", "holdfast", "self-host"]);
    for (authority, status) in [(None, "502"), (Some("ca.pem"), "200")] {
        let port = free_port();
        let mut command = home.command(&["self-hosted/holdfast", "--experimental"]);
        command.envs(authority.map(|file| ("SSL_CERT_FILE", file)));
        let _running = listening(command, port);
        let answer = get(&format!("127.0.0.1:{port}"), "/");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{authority:?}: {answer}");
        assert_eq!(answer.contains("hello over TLS"), status == "200", "{authority:?}: {answer}");
    }
}

#[test]
fn probes_go_on_after_a_restart_without_a_visitor() {
    let origin = Origin::start(([127, 0, 0, 1], 0).into(), |_| scripts::ok("hello")).unwrap();
    let home = Home::with_package("probes");
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", &origin.url()]);
    let file = home.folder.join("wrangler.jsonc");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("// \"triggers\"", "\"triggers\"").replace("// \"probe\"", "\"probe\"");
    fs::write(&file, text.replace("\"path\": \"/\"", "\"path\": \"/probed\"")).unwrap();
    home.output_of(&["npx", "holdfast", "self-host"]);
    let port = free_port();
    let running = started(&home, &["self-hosted/holdfast", "--experimental"], port);
    // The first visitor after the first start sets the timer.
    get(&format!("127.0.0.1:{port}"), "/");
    thread::sleep(Duration::from_millis(500));
    drop(running);
    let seen = || origin.seen().iter().filter(|seen| seen.path() == "/probed").count();
    let before = seen();
    // Without a secret, operators' endpoints are not there, and all else is as before.
    let _running = listening(home.command(&["self-hosted/holdfast", "--experimental"]), port);
    let status = signed_in(&format!("127.0.0.1:{port}"), "status");
    assert!(status.starts_with("HTTP/1.1 404 "), "{status}");
    let began = Instant::now();
    while seen() == before {
        assert!(began.elapsed() < Duration::from_secs(90), "there was no probe");
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn self_host_says_what_it_does_not_take() {
    let home = Home::with_package("self-host-refuses");
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--host", "www.shop.test"]);
    let refused = |arguments: &[&str]| {
        let output = home.run(&[&["npx", "holdfast", "self-host"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    assert!(refused(&[]).contains("origins: no zone is behind this machine"), "{}", refused(&[]));
    let said = refused(&["--origin", "http://127.0.0.1:1", "--cache", "1 GB", "--memory", "0MiB"]);
    assert!(said.contains("--cache: a size such as") && said.contains("--memory: a size such as"), "{said}");
    let said = refused(&["--origin", "not a URL"]);
    assert!(said.contains("origins"), "{said}");
    let file = home.folder.join("wrangler.jsonc");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("// \"triggers\"", "\"triggers\"").replace("* * * * *", "0 0 L * *"))
        .unwrap();
    let said = refused(&["--origin", "http://127.0.0.1:1"]);
    assert!(said.contains("triggers.crons: 0 0 L * *: here numbers"), "{said}");
    assert!(!home.folder.join("self-hosted").exists(), "nothing is written");
}

/// The store alone, behind a Worker that asks of it what a test says.
struct Store<'a> {
    home: &'a Home,
    address: String,
    port: u16,
    running: Option<Running>,
}

impl<'a> Store<'a> {
    fn new(home: &'a Home) -> Self {
        let folder = home.folder.join("store");
        fs::create_dir_all(folder.join("data")).unwrap();
        fs::write(folder.join("probe.js"), include_str!("probe.js")).unwrap();
        let shop = fs::read_to_string(home.folder.join("self-hosted/holdfast.capnp")).unwrap();
        // What is shipped, but for the Worker before the store.
        let (services, rest) = shop.split_once("const holdfast :Workerd.Worker").unwrap();
        let store = &rest[rest.find("const store :Workerd.Worker").unwrap()..];
        let store = store.replace("embed \"store/", "embed \"../self-hosted/store/");
        let probe = r#"const holdfast :Workerd.Worker = (
  modules = [(name = "probe.js", esModule = embed "probe.js")],
  compatibilityDate = "DATE",
  cacheApiOutbound = "store",
  bindings = [(name = "KEPT", kvNamespace = (name = "store", entrypoint = "Kept"))],
);
"#;
        let probe = probe.replace("DATE", COMPATIBILITY_DATE);
        fs::write(folder.join("store.capnp"), format!("{services}{probe}{store}")).unwrap();
        let port = free_port();
        let mut store = Self { home, address: format!("127.0.0.1:{port}"), port, running: None };
        store.restart();
        store
    }

    fn restart(&mut self) {
        self.running = None;
        let words = [
            "npx",
            "workerd",
            "serve",
            "--experimental",
            "store/store.capnp",
            "--directory-path=disk=store/data",
        ];
        self.running = Some(started(self.home, &words, self.port));
    }

    fn ask(&self, order: &str) -> String {
        body_of(&get(&self.address, order)).to_owned()
    }

    /// What the store takes on disk, in bytes.
    fn on_disk(&self) -> u64 {
        fn bytes(folder: &Path) -> u64 {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
            entries
                .map(|it| if it.path().is_dir() { bytes(&it.path()) } else { it.metadata().unwrap().size() })
                .sum()
        }
        bytes(&self.home.folder.join("store/data/cache"))
    }
}

#[test]
fn the_store_keeps_what_is_whole_within_its_bounds_and_across_restarts() {
    let home = Home::with_package("store");
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", "http://127.0.0.1:1"]);
    home.output_of(&["npx", "holdfast", "self-host", "--cache", "16MiB", "--memory", "1MiB"]);
    let mut store = Store::new(&home);
    let expect = |store: &Store<'_>, steps: &[(&str, &str)]| {
        for (place, (order, expected)) in steps.iter().enumerate() {
            let answer = store.ask(order);
            // Whether there was anything to delete depends on the platform.
            assert!(answer == *expected || expected.is_empty(), "{place}: {order}: {answer}, not {expected}");
        }
    };
    expect(
        &store,
        &[
            ("/match/a", "miss"),
            ("/put/a?size=1000&fill=7", "undefined"),
            ("/match/a", "entry of a: 1000 of 7"),
            // From memory, and in place of the old entry.
            ("/match/a", "entry of a: 1000 of 7"),
            ("/put/a?size=500&fill=8", "undefined"),
            ("/match/a", "entry of a: 500 of 8"),
            ("/put/empty?size=0&fill=0", "undefined"),
            ("/match/empty", "entry of empty: 0 of "),
            // In pieces, with and without a length.
            ("/put/large?size=2500000&fill=9", "undefined"),
            ("/match/large", "entry of large: 2500000 of 9"),
            ("/stream/streamed?size=2097152&fill=3", "undefined"),
            ("/match/streamed", "entry of streamed: 2097152 of 3"),
            ("/stream/small?size=65536&fill=4", "undefined"),
            ("/match/small", "entry of small: 65536 of 4"),
            ("/stream/middle?size=65537&fill=5", "undefined"),
            ("/match/middle", "entry of middle: 65537 of 5"),
            // Of one that breaks off, nothing is left after what Holdfast does then.
            ("/torn/broken?size=2000000&fill=1", "failed: torn"),
            ("/delete/broken", ""),
            ("/match/broken", "miss"),
            // One that is removed while it is read does not look whole.
            ("/put/slow?size=3500000&fill=2", "undefined"),
            ("/match/slow", "entry of slow: 3500000 of 2"),
            ("/delete/a", "true"),
            ("/delete/a", "false"),
            ("/match/a", "miss"),
            ("/put/short?size=10&fill=1&age=1", "undefined"),
            ("/match/short", "entry of short: 10 of 1"),
            ("/keep/page?size=1000000&fill=6&age", "undefined"),
            ("/kept/page", "1000000 of 6"),
            ("/keep/b%20%C3%A4?size=10&fill=6", "undefined"),
            ("/kept/b%20%C3%A4", "10 of 6"),
            ("/kept/none", "none"),
            ("/forget/page", "undefined"),
            ("/kept/page", "none"),
        ],
    );
    let slowly = store.ask("/slowly/slow");
    assert!(slowly.starts_with("failed: "), "{slowly}");
    thread::sleep(Duration::from_millis(1_100));
    expect(&store, &[("/match/short", "miss")]);
    store.restart();
    expect(
        &store,
        &[
            ("/match/streamed", "entry of streamed: 2097152 of 3"),
            ("/match/small", "entry of small: 65536 of 4"),
            ("/match/short", "miss"),
            ("/match/a", "miss"),
            ("/kept/b%20%C3%A4", "10 of 6"),
        ],
    );
    // More than a quarter of the limit is no entry.
    let refused = store.ask("/put/huge?size=5000000&fill=1");
    assert_eq!((store.ask("/match/huge").as_str(), refused.as_str()), ("miss", "undefined"));
    // Six times the limit: what was used last is there, and the disk is not full.
    for number in 0..100 {
        store.ask(&format!("/put/page{number}?size=1000000&fill={number}"));
    }
    assert_eq!(store.ask("/match/page99"), "entry of page99: 1000000 of 99");
    assert_eq!(store.ask("/match/page0"), "miss");
    let taken = store.on_disk();
    assert!(taken < 32 << 20, "{taken} bytes");
}
