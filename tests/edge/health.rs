//! The operators' part, whole: what isolates count, the object that gathers it, incidents, alerts, the dashboard.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faulty_origin::{Origin, scripts};
use serde_json::Value;
use xtask::build;
use xtask::serve::Options;

use crate::client::{Answer, Call};
use crate::harness::{Edge, Settings, TOKEN, any_port, eventually, overlay};

/// One attempt each, so that what is counted is plain.
const PLAIN: Settings<'_> =
    &[("retry.attempts", "1"), ("timeouts.first_byte", "1s"), ("cache.enabled", "false")];

fn view(edge: &Edge, path: &str) -> Answer {
    edge.call("GET", &format!("/.well-known/holdfast/{path}")).with("Holdfast-Token", TOKEN).send()
}

/// The dashboard's figures, as JSON.
fn status(edge: &Edge) -> Value {
    let answer = view(edge, "status");
    assert_eq!(answer.status(), 200, "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap()
}

/// The sum of a bar's field over the last hour.
fn last_hour(status: &Value, field: &str) -> u64 {
    status["spans"][0]["bars"].as_array().unwrap().iter().map(|bar| bar[field].as_u64().unwrap()).sum()
}

fn open_incidents(status: &Value) -> Vec<(String, bool)> {
    let incidents = status["incidents"].as_array().unwrap().iter();
    incidents
        .map(|incident| (incident["class"].as_str().unwrap().to_owned(), incident["ended_at"].is_null()))
        .collect()
}

#[test]
fn an_outage_that_turns_from_refusals_into_timeouts_is_one_incident_and_two_alerts() {
    let hook = Origin::start(any_port(), |_| scripts::ok("")).unwrap();
    let origin = Origin::start(any_port(), |seen| match seen.path() {
        "/hangs" => scripts::hang(),
        "/refuses" => scripts::reset(),
        _ => scripts::ok("fine"),
    })
    .unwrap();
    let webhook = format!("{}/hook", hook.url());
    let edge = Edge::gathering(
        &[origin.url()],
        &overlay(&[PLAIN, &[("alert.webhook", webhook.as_str()), ("alert.quiet", "10s")]].concat()),
        None,
    );
    let alerts = || -> Vec<Value> {
        hook.seen()
            .iter()
            .filter(|seen| seen.whole)
            .filter_map(|seen| serde_json::from_slice(&seen.body).ok())
            .collect()
    };

    for _ in 0..8 {
        assert_eq!(edge.call("GET", "/refuses").send().status(), 502);
    }
    eventually("the first alert", || alerts().len() == 1);
    for _ in 0..8 {
        assert_eq!(edge.call("GET", "/hangs").send().status(), 504);
    }
    eventually("all are counted", || last_hour(&status(&edge), "s504") == 8);
    let told = status(&edge);
    assert_eq!(last_hour(&told, "s502"), 8);
    assert_eq!(told["origins"][0]["is_down"], true, "{}", told["origins"]);
    assert_eq!(open_incidents(&told), [("gateway_timeout".to_owned(), true)]);
    let kinds = told["incidents"][0]["kinds"].as_array().unwrap();
    let kinds: Vec<_> = kinds.iter().map(|kind| (kind["kind"].as_str().unwrap(), &kind["n"])).collect();
    assert_eq!(kinds, [("connection_lost", &8.into()), ("no_header_in_time", &8.into())]);
    for (path, error) in [("/refuses", "connection_terminated"), ("/hangs", "http_response_timeout")] {
        let lines = edge.logged(path);
        assert_eq!(lines.len(), 8, "{lines:?}");
        assert!(
            lines.iter().all(|line| line["error"] == error && line["outcome"] == "error_page"),
            "{lines:?}"
        );
    }
    let html =
        edge.call("GET", "/.well-known/holdfast/status").with("Holdfast-Token", TOKEN).browsing().send();
    assert_eq!(html.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(html.text().contains("no_header_in_time") || html.text().contains("in time"), "{}", html.text());
    if let Some(folder) = std::env::var_os("HOLDFAST_SCREENSHOTS") {
        fs::write(PathBuf::from(folder).join("status.html"), &html.body).unwrap();
    }

    assert_eq!(edge.call("GET", "/fine").send().status(), 200);
    let until = Instant::now() + Duration::from_secs(40);
    while alerts().len() < 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(200));
    }
    let alerts = alerts();
    let told: Vec<_> =
        alerts.iter().map(|alert| (alert["class"].as_str(), alert["event"].as_str())).collect();
    let expected = [(Some("bad_gateway"), Some("begin")), (Some("gateway_timeout"), Some("end"))];
    assert_eq!(told, expected, "{alerts:#?}");
    assert!(open_incidents(&status(&edge)).iter().all(|(_, is_open)| !is_open));

    let metrics = view(&edge, "metrics").text();
    let name = origin.addr();
    for line in [
        "holdfast_answers_total{outcome=\"error_page\",status=\"502\"} 8".to_owned(),
        "holdfast_answers_total{outcome=\"error_page\",status=\"504\"} 8".to_owned(),
        format!("holdfast_attempts_total{{origin=\"{name}\",end=\"no_header_in_time\"}} 8"),
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} in\n{metrics}");
    }
}

#[test]
fn clean_requests_are_counted_and_logged_by_nobody() {
    let origin = Origin::start(any_port(), |_| scripts::ok("fine")).unwrap();
    let edge = Edge::gathering(&[origin.url()], &overlay(PLAIN), None);
    for _ in 0..1000 {
        edge.call("GET", "/clean").send().is(200, "fine");
    }
    eventually("all are counted", || last_hour(&status(&edge), "answers") >= 1000);
    assert_eq!(edge.logged("/clean"), Vec::<Value>::new());
    assert!(!edge.raw_log().contains("holdfast: "), "nor is anything amiss: {}", edge.raw_log());
}

#[test]
fn what_was_gathered_outlives_the_worker() {
    let folder = std::env::temp_dir().join(format!("holdfast-storage-{}", std::process::id()));
    let origin = Origin::start(any_port(), |_| scripts::reset()).unwrap();
    let before = {
        let edge = Edge::gathering(&[origin.url()], &overlay(PLAIN), Some(folder.clone()));
        for _ in 0..20 {
            edge.call("GET", "/lost").send();
        }
        eventually("trouble is told", || last_hour(&status(&edge), "s502") == 20);
        for _ in 0..7 {
            edge.call("GET", "/in-flight").send();
        }
        // It ends in the middle of a flush: what was counted since is lost with it.
        last_hour(&status(&edge), "s502")
    };
    let edge = Edge::gathering(&[origin.url()], &overlay(PLAIN), Some(folder.clone()));
    let after = status(&edge);
    let kept = last_hour(&after, "s502");
    println!("of 27 answers {kept} are known after the restart, {before} were before");
    assert!((20..=27).contains(&kept) && kept >= before, "{kept} {before}");
    assert_eq!(open_incidents(&after), [("bad_gateway".to_owned(), true)]);
    drop(edge);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_probe_finds_an_outage_that_nobody_visits() {
    let origin = Origin::start(any_port(), |seen| match seen.path() {
        "/healthz" => scripts::cloudflare(522),
        _ => scripts::ok("fine"),
    })
    .unwrap();
    let edge =
        Edge::gathering(&[origin.url()], &overlay(&[PLAIN, &[("probe.path", "/healthz")]].concat()), None);
    for _ in 0..6 {
        edge.probe();
    }
    let told = status(&edge);
    assert_eq!(told["origins"][0]["last_probe"]["end"], "edge_connect_timeout", "{}", told["origins"]);
    assert_eq!(open_incidents(&told), [("gateway_timeout".to_owned(), true)]);
    assert_eq!(last_hour(&told, "answers"), 0, "nobody was there");
}

/// Makes a trap of the function `export` of the module in `wasm`.
fn break_module(wasm: &Path, export: &str) {
    const SCRIPT: &str = r#"
        import { readFileSync, writeFileSync } from "node:fs";
        import binaryen from "binaryen";
        const [wasm, name] = process.argv.slice(1);
        const module = binaryen.readBinary(readFileSync(wasm));
        const { value } = binaryen.getExportInfo(module.getExport(name));
        binaryen.Function.setBody(module.getFunction(value), module.unreachable());
        writeFileSync(wasm, module.emitBinary());
    "#;
    let mut node = xtask::node::node().unwrap();
    node.args(["--input-type=module", "--eval", SCRIPT]).arg(wasm).arg(export);
    assert!(node.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
}

#[test]
fn who_answers_requests_outlives_the_death_of_the_object_s_code() {
    let built = build::ensure().unwrap().folder;
    let folder = std::env::temp_dir().join(format!("holdfast-broken-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for file in fs::read_dir(built).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    break_module(&folder.join("health_bg.wasm"), "report");
    let origin = Origin::start(any_port(), |_| scripts::ok("fine")).unwrap();
    let options = Options { keep: true, health: true, built: Some(folder.clone()), ..Options::default() };
    let edge = Edge::with(&[origin.url()], &overlay(PLAIN), options);
    let ask = |path: &str| Call::new(edge.addr, "GET", path).with("Holdfast-Token", TOKEN).send();

    ask("/before").is(200, "fine");
    eventually("the object's code dies", || {
        edge.raw_log().contains("an instance of the object's module replaces one that died")
    });
    ask("/after").is(200, "fine");
    assert_eq!(ask("/.well-known/holdfast/metrics").status(), 200, "by its new instance");
    assert!(!edge.raw_log().contains("of the module replaces"), "{}", edge.raw_log());
    drop(edge);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn without_the_object_nothing_is_gathered_and_health_says_so() {
    let answer = crate::harness::quick().call("GET", "/.well-known/holdfast/health").send();
    let health: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status(), &health["status"]), (200, &"ok".into()));
    assert_eq!(health["bindings"]["HOLDFAST_HEALTH"], false);
    assert_eq!(health["bindings"]["HOLDFAST_KEEP"], true);
    assert_eq!(view(&crate::harness::quick(), "status").status(), 503);
}
