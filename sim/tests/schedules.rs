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
fn an_isolate_remembers_no_more_than_it_may() {
    use holdfast::cache::key::Key;
    use holdfast::isolate::{Isolate, Turn};
    use holdfast::request::Target;
    use holdfast::time::Timestamp;
    let isolate: Isolate<()> = Isolate::default();
    let nobody = holdfast::endpoint::guesses::Client::of(&http::HeaderMap::new());
    let now = Timestamp::from_millis(0);
    for number in 0..5_000 {
        let key = Key::of_target(&Target::parse(&format!("https://www.example.com/{number}")).unwrap());
        isolate.keep_apart(&key, now);
        isolate.invalidate(&key, now);
        let other =
            Key::of_target(&Target::parse(&format!("https://www.example.com/other/{number}")).unwrap());
        let turn = isolate.turn(&other, true, nobody, Duration::from_secs(30), now, || ());
        assert!(matches!(turn, Turn::Lead(_)) == (number < 1024));
    }
    let remembered = format!("{isolate:?}").matches("Key(").count();
    assert!(remembered <= 3 * 1024, "{remembered} keys");
}
