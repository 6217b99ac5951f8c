//! What must hold holds in every schedule, and a seed tells one story.

use std::time::Duration;

use simulator::{minimised, play, run, run_quietly};

/// Enough to meet every kind of fault many times, within seconds.
const SCHEDULES: u64 = 1_000;

#[test]
fn what_must_hold_holds_whatever_happens() {
    let run = |remainder| {
        move || {
            let seeds = (0..SCHEDULES).filter(|seed| seed % 2 == remainder);
            seeds.filter_map(|seed| Some((seed, run_quietly(seed).findings.into_iter().next()?))).next()
        }
    };
    let halves = [0, 1].map(|remainder| std::thread::spawn(run(remainder)));
    if let Some((seed, finding)) =
        halves.into_iter().filter_map(|half| half.join().unwrap()).min_by_key(|found| found.0)
    {
        let trace = play(&minimised(seed, finding.invariant), true).trace;
        panic!("{}\n{trace}\nagain: cargo xtask simulate --seeds 1 --from {seed}", finding.invariant);
    }
}

#[test]
fn a_seed_tells_the_same_story_to_the_byte() {
    for seed in 0..50 {
        let (one, other) = (run(seed), run(seed));
        assert!(!one.trace.is_empty());
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert_eq!(one.findings, other.findings);
        assert_eq!(one.tally.answers, run_quietly(seed).tally.answers, "telling changes nothing");
    }
}

#[test]
fn every_kind_of_world_and_of_fault_is_met() {
    use simulator::fault::{Scope, Trouble};
    use simulator::plan::{Plan, What};
    use testkit::upload::Fate;
    let mut met = std::collections::BTreeSet::new();
    for seed in 0..400 {
        let plan = Plan::of(seed);
        met.insert(plan.shape.name().to_owned());
        met.extend(plan.settings.route_mode.then(|| "route mode".to_owned()));
        for event in &plan.events {
            match &event.what {
                What::Trouble { trouble: Trouble::None, .. } => {}
                What::Trouble { scope: Scope::Origin(_), trouble } => {
                    met.insert(format!("origin: {}", trouble.name()));
                }
                What::Trouble { scope: Scope::Page(_) | Scope::Group(_), trouble } => {
                    met.insert(format!("page: {}", trouble.name()));
                }
                What::Trouble { scope: Scope::Client(_), trouble } => {
                    met.insert(format!("client: {}", trouble.name()));
                }
                What::Cron { .. } => {
                    met.insert("probe".to_owned());
                }
                What::Ask(ask) => {
                    met.extend(ask.range.map(|_| "range".to_owned()));
                    let fate = ask.upload.as_ref().map(|upload| upload.fate);
                    met.extend(fate.filter(|fate| *fate != Fate::Whole).map(|fate| format!("{fate:?}")));
                    met.extend(plan.visitors[ask.visitor].address.map(|address| {
                        if address.contains(':') { "IPv6".to_owned() } else { "IPv4".to_owned() }
                    }));
                }
                What::Turn { turn, .. } => met.extend(turn.map(|turn| turn.name().to_owned())),
                What::Publish { .. }
                | What::Well
                | What::Replace { .. }
                | What::Crash { .. }
                | What::Clock { .. }
                | What::Evict { .. }
                | What::Purge { .. }
                | What::Namespace { .. } => {}
            }
        }
    }
    let met: Vec<&str> = met.iter().map(String::as_str).collect();
    for expected in [
        "quiet",
        "site",
        "outage",
        "rude clients",
        "route mode",
        "probe",
        "range",
        "IPv4",
        "IPv6",
        "BreaksOff",
        "Stalls",
        "Misframed",
        "origin: no header",
        "origin: error status in the origin's place",
        "page: connection refused or lost",
        "page: no header",
        "page: not HTTP",
        "page: error status of the origin's",
        "page: 503 with Retry-After",
        "page: mixture",
        "client: connection refused or lost",
        "client: 503 with Retry-After",
        "client: 429 with Retry-After",
        "page is deleted",
        "page is moved",
        "page is forbidden",
        "page is withdrawn",
        "client is to be slower",
    ] {
        assert!(met.contains(&expected), "{expected} is not among {met:?}");
    }
}

#[test]
fn an_isolate_remembers_no_more_than_it_may() {
    use holdfast::cache::key::Key;
    use holdfast::isolate::{Isolate, Role};
    use holdfast::request::Target;
    use holdfast::time::Timestamp;
    let isolate: Isolate<()> = Isolate::default();
    let nobody = holdfast::request::Client::of(&http::HeaderMap::new());
    let now = Timestamp::from_millis(0);
    for number in 0..5_000 {
        let key = Key::of_target(&Target::parse(&format!("https://www.example.com/{number}")).unwrap());
        isolate.keep_apart(&key, now);
        isolate.invalidate(&key, now);
        let other =
            Key::of_target(&Target::parse(&format!("https://www.example.com/other/{number}")).unwrap());
        let turn = isolate.role(&other, true, nobody, Duration::from_secs(30), now, || ());
        assert!(matches!(turn, Role::Leader(_)) == (number < 1024));
    }
    let remembered = format!("{isolate:?}").matches("Key(").count();
    assert!(remembered <= 3 * 1024, "{remembered} keys");
}
