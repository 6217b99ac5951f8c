//! Promises that hold whatever the origin does, tried on many random stories.

use std::time::Duration;

use proptest::prelude::*;

use serde_json::json;

use crate::world::{Behaviour, Ending, answers, hangs, page, refuses, talks_garbage, world};

fn any_behaviour() -> impl Strategy<Value = Behaviour> {
    let ending =
        prop_oneof![Just(Ending::Whole), Just(Ending::Torn), Just(Ending::BadlyFramed), Just(Ending::Silent)];
    let directives = prop_oneof![
        Just(""),
        Just("max-age=60"),
        Just("max-age=60, stale-while-revalidate=600"),
        Just("no-store"),
        Just("must-revalidate"),
    ];
    let status = prop_oneof![
        4 => Just(200u16),
        1 => prop_oneof![Just(304), Just(404), Just(500), Just(103), Just(999)],
        2 => 502u16..=504,
        2 => 520u16..=530,
    ];
    let answer = (status, "[a-z]{0,12}", ending, directives, 0u64..12_000).prop_map(
        |(status, body, ending, directives, ms)| {
            let answer = answers(status, &body).ends(ending).after(Duration::from_millis(ms));
            if directives.is_empty() { answer } else { answer.cache_control(directives) }
        },
    );
    prop_oneof![1 => Just(refuses()), 1 => Just(talks_garbage()), 1 => Just(hangs()), 5 => answer]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_exchange_ends_in_time_with_one_answer_and_one_report(
        script in prop::collection::vec(any_behaviour(), 0..12),
        steps in prop::collection::vec((prop_oneof![Just("GET"), Just("HEAD"), Just("POST"), Just("PUT")], 0u64..200), 1..4),
        (hold, guarded) in (prop_oneof![Just("4B"), Just("256KiB")], any::<bool>()),
        seed in 1u64..,
    ) {
        let mut world = world().seed(seed).set("body.buffer", hold).keeping().origin(script);
        if guarded {
            world = world.guarded();
        }
        for (method, pause) in steps {
            world = world.later(pause);
            let upload = matches!(method, "POST" | "PUT").then_some("a=1");
            let before = world.subrequests();
            let story = world.send(method, "/", upload);
            prop_assert!(world.subrequests() - before <= 50, "the platform's smallest plan: {story:#?}");
            // The deadline is for the header; a held body may take one silence more.
            prop_assert!(story.took <= Duration::from_secs(25 + 15), "{story:#?}");
            prop_assert!((200..600).contains(&story.status), "{story:#?}");
            prop_assert!(story.seen.len() <= 3, "{story:#?}");
            prop_assert!(method != "POST" || story.seen.len() <= 1, "{story:#?}");
            let fronts = story.reports.iter().filter(|report| report["outcome"] != "refresh_failed").count();
            prop_assert!(fronts <= 1, "{story:#?}");
            for pair in story.seen.windows(2) {
                prop_assert!(pair[1].at > pair[0].at, "no retry is immediate: {story:#?}");
            }
        }
    }

    #[test]
    fn a_page_that_was_seen_outlives_any_outage(
        outage in prop::collection::vec(prop_oneof![Just(refuses()), Just(talks_garbage()), Just(hangs()), Just(answers(503, "busy")), Just(answers(522, ""))], 0..9),
        pauses in prop::collection::vec(1u64..3600, 1..4),
        seed in 1u64..,
    ) {
        let world = world().seed(seed).origin([page("v1")]);
        world.get("/").answers(200, "v1");
        let mut world = world.origin(outage);
        for pause in pauses {
            world = world.later(pause);
            world.get("/").answers(200, "v1");
        }
        world.origin([page("v2")]).get("/").answers(200, "v2").attempts(1);
    }

    #[test]
    fn no_text_in_the_header_makes_a_forbidden_answer_somebody_elses(
        lines in prop::collection::vec((
            prop_oneof![
                Just("cache-control"), Just("expires"), Just("age"), Just("date"), Just("vary"), Just("pragma"),
                Just("etag"), Just("last-modified"), Just("connection"), Just("content-type"), Just("x-any"),
            ],
            prop_oneof![
                "[ -~]{0,24}",
                "((public|max-age=60|s-maxage=60|must-revalidate|stale-if-error=600|immutable|x=\"a\\\\b\")[ ,;]{0,2}){0,4}",
                "(cache-control|vary|close|x-any|[a-z]{1,4})(, [a-z-]{1,9}){0,2}",
            ],
        ), 0..6),
        forbidding in prop_oneof![
            Just(("cache-control", "private")), Just(("Cache-Control", "max-age=60,PRIVATE=\"x\"")),
            Just(("cache-control", "no-store")), Just(("cache-control", "max-age=600, No-Store ,public")),
            Just(("vary", "*")), Just(("vary", "accept, *")),
        ],
        at in 0..6usize,
        (cookie, token) in any::<(bool, bool)>(),
    ) {
        // A well-formed targeted field would decide in place of Cache-Control, so there is none here, and
        // `must-understand` would lift `no-store`.
        let mut mine = page("mine");
        let at = at.min(lines.len());
        for (name, value) in &lines[..at] {
            mine = mine.header(name, value);
        }
        mine = mine.header(forbidding.0, forbidding.1);
        for (name, value) in &lines[at..] {
            mine = mine.header(name, value);
        }
        let world = world().keeping().set("last_good.paths", json!(["*"])).origin([mine]);
        let mut owner = world.clone();
        if cookie {
            owner = owner.with("cookie", "sid=1");
        }
        if token {
            owner = owner.with("authorization", "Bearer x");
        }
        owner.get("/").answers(200, "mine");
        let stranger = world.get("/");
        prop_assert!(!stranger.body.text.contains("mine"), "{stranger:#?}");
        prop_assert_eq!(stranger.status, 502);
    }

    #[test]
    fn nothing_that_happens_in_an_outage_takes_the_safety_net_away(
        steps in prop::collection::vec(0..5u8, 1..8),
        seed in 1u64..,
    ) {
        const TOKEN: &str = "a-token-of-the-operators";
        let mut world = world().keeping().token(TOKEN).seed(seed).origin([page("v1"), page("robots")]);
        world.get("/").answers(200, "v1");
        world.get("/robots.txt").answers(200, "robots");
        let mut is_evicted = false;
        for step in steps {
            world = world.later(600);
            match step {
                0 => world = world.new_isolate(),
                1 => {
                    is_evicted = true;
                    world = world.evicted();
                }
                2 | 3 => {
                    let order = if step == 2 { json!({"all": true}) } else { json!({"urls": ["/", "/robots.txt"]}) };
                    let operator = world.clone().with("holdfast-token", TOKEN).with("content-type", "application/json");
                    operator.send("POST", "/.well-known/holdfast/purge", Some(&order.to_string())).status(200);
                }
                _ => world = world.set("cache.default_ttl", "5m"),
            }
            world.get("/robots.txt").answers(200, "robots");
            let page = world.get("/");
            prop_assert_eq!(page.status, if is_evicted { 502 } else { 200 });
        }
        world.origin([page("v2")]).get("/").answers(200, "v2").attempts(1);
    }
}
