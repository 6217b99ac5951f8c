//! Reports by way of shards: what isolates tell them, and what the one object comes to know.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use faulty_origin::{Origin, scripts};
use serde_json::Value;
use xtask::serve::Options;

use crate::harness::{Edge, TOKEN, any_port, behind, eventually, overlay};

/// The worker in which the test can tell shards what isolates of its own have counted, and in which the one object fails
/// when it is to. `/.tell?shard=2` has a body; `/.object?does=fails` also `works` or `evicted`.
const ENTRY: &str = r#"import worker, { OriginHealth as Whole } from "./worker.js";

let fails = false;

export class OriginHealth extends Whole {
  report(...told) {
    if (fails) throw new Error("it is told to");
    return super.report(...told);
  }

  evict() {
    this.ctx.abort("evicted");
  }
}

export default {
  ...worker,
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    const object = (name) => env.HOLDFAST_HEALTH.get(env.HOLDFAST_HEALTH.idFromName(name));
    if (pathname === "/.tell") {
      const told = await object(`holdfast-shard-${searchParams.get("shard")}`).gather(await request.text(), "");
      return new Response(told);
    }
    if (pathname === "/.object") {
      fails = searchParams.get("does") === "fails";
      if (searchParams.get("does") === "evicted") await object("holdfast").evict().catch(() => {});
      return new Response("");
    }
    return worker.fetch(request, env, ctx);
  },
};
"#;

fn sharded(origin: &str) -> Edge {
    let settings = [
        ("incident.shards", "4"),
        ("retry.attempts", "1"),
        ("cache.enabled", "false"),
        ("breaker.enabled", "false"),
    ];
    let built = Some(behind("shards", ENTRY));
    let options = Options { health: true, built, ..Options::default() };
    Edge::with(&[origin.to_owned()], &overlay(&settings), options)
}

fn status(edge: &Edge) -> Value {
    let answer = edge.call("GET", "/.well-known/holdfast/status").with("Holdfast-Token", TOKEN).send();
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// The attempts at the origin of the last hour that ended so.
fn attempts(edge: &Edge, origin: &str, end: &str) -> u64 {
    let metrics =
        edge.call("GET", "/.well-known/holdfast/metrics").with("Holdfast-Token", TOKEN).send().text();
    let line = format!("holdfast_attempts_total{{origin=\"{origin}\",end=\"{end}\"}} ");
    metrics.lines().find_map(|text| text.strip_prefix(&*line)?.parse().ok()).unwrap_or(0)
}

fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()
}

/// Tells shard `shard` that an isolate has failed to reach `origin` so often.
fn tell(edge: &Edge, shard: usize, origin: &str, n: u64) -> String {
    let now = now();
    let text = format!(
        "holdfast 1\n{minute} try {origin} connection_lost {n}\nfailed {origin} connection_lost {n} {n} 0 {now} {now} \n\
         open {origin} connection_lost 0 0 0 {now} {now} \n",
        minute = now / 60_000,
    );
    let answer = edge.call("POST", &format!("/.tell?shard={shard}")).body(text).send();
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.text()
}

#[test]
fn with_shards_an_outage_is_found_and_counted_exactly() {
    let origin = Origin::start(any_port(), |_| scripts::reset()).unwrap();
    let edge = sharded(&origin.url());
    let name = origin.url().trim_start_matches("http://").to_owned();
    let began = Instant::now();
    // The worker's own visitors, and isolates at every shard.
    thread::scope(|scope| {
        for client in 0..4 {
            let edge = &edge;
            scope.spawn(move || {
                for visit in 0..5 {
                    let address = format!("10.0.{client}.{visit}");
                    assert_eq!(
                        edge.call("GET", "/a").with("CF-Connecting-IP", &address).send().status(),
                        502
                    );
                }
            });
        }
        for isolate in 0..20 {
            let (edge, name) = (&edge, &name);
            scope.spawn(move || tell(edge, isolate % 4, name, 3));
        }
    });
    let incident = |status: &Value| status["incidents"][0]["kind"] == "connection_lost";
    eventually("the outage is found", || incident(&status(&edge)));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    eventually("all is counted", || attempts(&edge, &name, "connection_lost") >= 20 + 20 * 3);
    // Nothing is told twice.
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(attempts(&edge, &name, "connection_lost"), 20 + 20 * 3);
    let reply = tell(&edge, 0, &name, 1);
    assert!(
        reply.starts_with("flush 10\n") && reply.contains(&format!("down {name} connection_lost ")),
        "{reply}"
    );
}

#[test]
fn what_the_object_does_not_take_a_shard_tells_later() {
    let edge = sharded("http://127.0.0.1:9");
    let object = |does: &str| {
        edge.call("GET", &format!("/.object?does={does}")).send();
    };
    tell(&edge, 1, "a", 1);
    eventually("the object knows of it", || attempts(&edge, "a", "connection_lost") == 1);
    object("fails");
    for isolate in 0..40 {
        tell(&edge, isolate % 4, "a", 2);
    }
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(attempts(&edge, "a", "connection_lost"), 1);
    tell(&edge, 0, "a", 2);
    object("evicted");
    eventually("all is counted", || attempts(&edge, "a", "connection_lost") > 41 * 2);
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(attempts(&edge, "a", "connection_lost"), 1 + 41 * 2);
}
